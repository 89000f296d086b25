//! What only the embedded store has to do: own its directory, refuse what it does not know, show
//! what cannot be read, keep its log short, and survive a full disk.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::{Command, run_batch};
use ledger::document::Kind;
use ledger::{Key, ReadSet, Scope};
use rusqlite::Connection;
use store::{OpenError, Options, SqliteStore, Store, StoreError};

use crate::commands::{
    NOW, account, authorize, by_card, company, credential, document, seller, world,
};
use crate::subject::{Subject, TempDir, dump, put, small};

fn open(dir: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(dir, small())
}

/// Changes a stored database behind the store's back.
fn tamper(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join("kassa.db")).unwrap();
    connection.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Makes the table of changes unreadable.
fn damage_changes(dir: &Path) {
    let file = dir.join("kassa.db");
    let root: i64 = Connection::open(&file)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'change'", (), |row| row.get(0))
        .unwrap();
    let mut bytes = fs::read(&file).unwrap();
    // 0xff is no type of a page.
    let start = usize::try_from(root - 1).unwrap() * 4096;
    bytes[start] = 0xff;
    fs::write(&file, bytes).unwrap();
}

fn run(store: &mut SqliteStore, commands: &[Command]) {
    for reply in run_batch(store, commands, NOW).unwrap() {
        reply.unwrap();
    }
}

#[test]
fn a_directory_has_one_writer() {
    let dir = TempDir::new();
    let store = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::Locked)));
    assert!(SqliteStore::open_read_only(dir.path()).is_ok(), "readers are welcome");
    drop(store);
    assert!(open(dir.path()).is_ok(), "the lock went with the store");
}

/// Also in a directory that others may look into.
#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = TempDir::new();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut store = open(dir.path()).unwrap();
    run(&mut store, &[company("100")]);
    SqliteStore::back_up(dir.path(), &dir.path().join("copy")).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["copy", "kassa.db", "kassa.db-shm", "kassa.db-wal", "lock"]);
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    run(&mut store, &[company("100")]);
    drop(store);
    damage_changes(dir.path());
    let copy = dir.path().join("copy");
    SqliteStore::back_up(dir.path(), &copy).unwrap_err();
    assert!(!copy.exists(), "the next backup finds its place free");
}

#[test]
fn a_running_and_a_stopped_store_can_be_read() {
    let dir = TempDir::new();
    let mut store = open(&dir.path().join("made/on the way")).unwrap();
    let dir = dir.path().join("made/on the way");
    run(&mut store, &[company("100")]);
    let running = dump(SqliteStore::open_read_only(&dir).unwrap().open().unwrap().as_mut());
    assert_eq!(running.rows().len(), 1);
    drop(store);
    let stopped = dump(SqliteStore::open_read_only(&dir).unwrap().open().unwrap().as_mut());
    assert_eq!(stopped, running);
}

#[test]
fn what_is_not_a_store_is_refused() {
    let dir = TempDir::new();
    let missing = SqliteStore::open_read_only(dir.path());
    assert!(matches!(missing.err(), Some(OpenError::Missing(_))));
    fs::write(dir.path().join("kassa.db"), "a letter to a friend. ".repeat(100)).unwrap();
    assert!(matches!(open(dir.path()).err(), Some(OpenError::NotAStore)));
    let reader = SqliteStore::open_read_only(dir.path());
    assert!(matches!(reader.err(), Some(OpenError::NotAStore)));
    fs::remove_file(dir.path().join("kassa.db")).unwrap();
    tamper(dir.path(), "CREATE TABLE recipe (name TEXT)");
    assert!(matches!(open(dir.path()).err(), Some(OpenError::NotAStore)));
}

#[test]
fn a_schema_of_another_program_is_refused() {
    let dir = TempDir::new();
    drop(open(dir.path()).unwrap());
    tamper(dir.path(), "INSERT INTO migration VALUES (4, 'later', zeroblob(32))");
    let newer = open(dir.path()).err();
    assert!(matches!(newer, Some(OpenError::NewerSchema { found: 4, known: 3 })), "{newer:?}");
    assert!(SqliteStore::open_read_only(dir.path()).is_err());
    tamper(dir.path(), "DELETE FROM migration WHERE number = 4");
    assert!(open(dir.path()).is_ok());
    tamper(dir.path(), "UPDATE migration SET checksum = zeroblob(32)");
    let changed = open(dir.path()).err();
    assert!(matches!(changed, Some(OpenError::MigrationChanged(_))), "{changed:?}");
    tamper(dir.path(), "DELETE FROM migration");
    let older = SqliteStore::open_read_only(dir.path()).err();
    assert!(matches!(older, Some(OpenError::OlderSchema { found: 0, known: 3 })), "{older:?}");
}

/// Method: a store that has the first migration and no other.
#[test]
fn an_older_store_is_brought_up_to_date() {
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    run(&mut store, &[company("100")]);
    let issued = credential(Scope::Installation, 1, None);
    run(&mut store, std::slice::from_ref(&issued));
    let directory = store.directory();
    drop(store);
    tamper(
        dir.path(),
        "DROP TABLE document; DROP TABLE document_name; DROP TABLE document_list; \
         DROP INDEX credential_login; ALTER TABLE credential DROP COLUMN login; \
         ALTER TABLE credential DROP COLUMN customer; DROP INDEX account_house; \
         ALTER TABLE account DROP COLUMN house; DELETE FROM migration WHERE number > 1",
    );
    let older = SqliteStore::open_read_only(dir.path()).err();
    assert!(matches!(older, Some(OpenError::OlderSchema { found: 1, known: 3 })), "{older:?}");
    let mut store = open(dir.path()).unwrap();
    assert_eq!(store.directory(), directory);
    put(&mut store, &[document(Kind::Customer.id(1), "", &["n"], &["l"])]).unwrap();
    drop(store);
    let store = open(dir.path()).unwrap();
    assert!(store.directory().document_named("n").is_some());
    assert_eq!(store.directory().credentials().count(), 1);
}

/// What cannot be read is named, and is not shown: it may be about people.
#[test]
fn an_unreadable_document_is_named_and_not_shown() {
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    let documents =
        [1, 2, 3].map(|number| document(Kind::Request.id(number), "a person", &[], &[]));
    put(&mut store, &documents).unwrap();
    drop(store);
    tamper(dir.path(), "UPDATE document SET fields = 'a person' WHERE number = 2");
    let found = dump(SqliteStore::open_read_only(dir.path()).unwrap().open().unwrap().as_mut());
    assert_eq!(found.documents.len(), 2, "the rest is shown");
    let [what] = &found.unreadable[..] else { panic!("{found:?}") };
    assert!(what.starts_with("document 2/2") && !what.contains("person"), "{what}");
}

#[test]
fn an_unreadable_row_is_reported_and_the_rest_is_shown() {
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    run(&mut store, &[company("100"), seller("100", "1"), account("1.00")]);
    drop(store);
    let source = SqliteStore::open_read_only(dir.path()).unwrap();
    let whole = dump(source.open().unwrap().as_mut());
    tamper(
        dir.path(),
        "UPDATE change SET kind = 77 WHERE id = 2;
         UPDATE change SET fields = 'no JSON' WHERE id = 3;
         UPDATE account SET currency = 'XXX' WHERE id = 5;
         UPDATE seal SET hash = x'00'",
    );
    let mut reader = source.open().unwrap();
    let rest = dump(reader.as_mut());
    assert_eq!(rest.rows().len(), whole.rows().len() - 2);
    assert_eq!(rest.accounts.len(), whole.accounts.len() - 1);
    let starts = ["change 2: ", "change 3: ", "seal 5: ", "account 5: "];
    assert_eq!(rest.unreadable.len(), starts.len());
    for (what, start) in rest.unreadable.iter().zip(starts) {
        assert!(what.starts_with(start), "{what}");
    }
    assert!(reader.row(ledger::RowId(2)).is_err());
    assert!(reader.row(ledger::RowId(1)).is_ok(), "a reader goes on after a failure");
}

#[test]
fn a_damaged_page_is_reported() {
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    run(&mut store, &[company("100"), seller("100", "1")]);
    for _ in 0..60 {
        run(&mut store, &[account("1.00")]);
    }
    drop(store);
    damage_changes(dir.path());
    let mut reader = SqliteStore::open_read_only(dir.path()).unwrap().open().unwrap();
    let rest = dump(reader.as_mut());
    assert_eq!(rest.rows(), []);
    assert!(!rest.seals().is_empty() && !rest.accounts.is_empty());
    assert_eq!(rest.unreadable, ["change after 0: database disk image is malformed"]);
}

#[test]
fn a_failed_batch_leaves_no_trace_in_the_caches() {
    let mut subject = Subject::sqlite();
    let world = world(&mut subject, 2);
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    drop(subject);
    run(&mut store, &[company("100"), seller("100", "1")]);
    run(&mut store, &[account("1000.00")]);
    let holder = ledger::AccountId(store_newest(&mut store));
    run(&mut store, &[crate::commands::card(holder, &world.tokens[0])]);
    let command = authorize("a", by_card(&world.tokens[0]), "900.00");
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON seal BEGIN SELECT RAISE(ABORT, 'no'); END";
    tamper(dir.path(), trigger);
    for _ in 0..3 {
        assert_eq!(run_batch(&mut store, [&command], NOW), Err(StoreError::NotCommitted));
        let added = company("200");
        assert_eq!(run_batch(&mut store, [&added], NOW), Err(StoreError::NotCommitted));
    }
    assert!(store.directory().company("200").is_none());
    tamper(dir.path(), "DROP TRIGGER no");
    let before = dump(store.source().open().unwrap().as_mut());
    run(&mut store, std::slice::from_ref(&command));
    let after = dump(store.source().open().unwrap().as_mut());
    assert_eq!(after.rows().len(), before.rows().len() + 1);
    let reserved: i64 = after.accounts.iter().map(|account| account.balance.reserved).sum();
    assert_eq!(reserved, 90_000, "reserved once");
}

fn store_newest(store: &mut SqliteStore) -> i64 {
    store.source().open().unwrap().load(&ReadSet::default()).unwrap().newest().0
}

#[test]
fn the_log_is_allocated_once_and_stays_short() {
    let dir = TempDir::new();
    let wal_bytes = 2 * 1024 * 1024;
    let mut store = SqliteStore::open(dir.path(), Options { wal_bytes, ..small() }).unwrap();
    let allocated = wal_length(dir.path());
    assert!((wal_bytes..wal_bytes * 3 / 2).contains(&allocated), "{allocated}");
    run(&mut store, &[company("100"), seller("100", "1")]);
    let mut reader = store.source().open().unwrap();
    // Each batch writes some ten pages, and so all of them the log's length many times over.
    for batch in 0..600 {
        run(&mut store, &[account("1.00"), account("2.00")]);
        store.maintain();
        if batch % 7 == 0 {
            reader.rows_before(ledger::RowId(i64::MAX), 5).unwrap();
        }
    }
    let later = wal_length(dir.path());
    assert!(later <= allocated * 2, "{later}, of {allocated}: it is overwritten");
}

#[test]
fn what_a_start_left_that_was_cut_off_is_cleared_away() {
    let dir = TempDir::new();
    drop(open(dir.path()).unwrap());
    let filler = "CREATE TABLE wal_filler (filler BLOB); INSERT INTO wal_filler VALUES (1)";
    tamper(dir.path(), filler);
    // Also where the log has its length and needs no filling.
    fs::write(dir.path().join("kassa.db-wal"), vec![0; 1 << 20]).unwrap();
    drop(open(dir.path()).unwrap());
    tamper(dir.path(), filler);
}

#[test]
fn a_long_reader_only_delays_the_log() {
    let dir = TempDir::new();
    let wal_bytes = 256 * 1024;
    let mut store = SqliteStore::open(dir.path(), Options { wal_bytes, ..small() }).unwrap();
    run(&mut store, &[company("100"), seller("100", "1")]);
    let reader = Connection::open(dir.path().join("kassa.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM change").unwrap();
    let fill = |store: &mut SqliteStore| {
        for _ in 0..100 {
            run(store, &[account("1.00")]);
            store.maintain();
        }
    };
    fill(&mut store);
    let grown = wal_length(dir.path());
    assert!(grown > wal_bytes * 2, "{grown}: the reader was in the way");
    reader.execute_batch("COMMIT").unwrap();
    for _ in 0..5 {
        fill(&mut store);
    }
    let later = wal_length(dir.path());
    assert!(later < grown * 2, "{later}, of {grown}: once it is gone the log starts again");
}

fn wal_length(dir: &Path) -> u64 {
    fs::metadata(dir.join("kassa.db-wal")).unwrap().len()
}

#[test]
fn a_backup_of_a_running_store_is_a_store() {
    let (dir, other) = (TempDir::new(), TempDir::new());
    let mut store = open(dir.path()).unwrap();
    run(&mut store, &[company("100"), seller("100", "1")]);
    for _ in 0..50 {
        run(&mut store, &[account("1.00")]);
    }
    let before = dump(store.source().open().unwrap().as_mut());
    let copy = other.path().join("kassa.db");
    SqliteStore::back_up(dir.path(), &copy).unwrap();
    run(&mut store, &[account("2.00")]);
    let again = SqliteStore::back_up(dir.path(), &copy);
    assert!(matches!(again, Err(OpenError::Io(_))), "{again:?}: an older copy stays");
    let mut restored = open(other.path()).unwrap();
    assert_eq!(dump(restored.source().open().unwrap().as_mut()), before);
    run(&mut restored, &[account("3.00")]);
}

#[test]
fn used_bytes_are_those_of_rows() {
    let dir = TempDir::new();
    let mut store = open(dir.path()).unwrap();
    let empty = SqliteStore::used_bytes(dir.path()).unwrap();
    assert!(empty < small().wal_bytes, "{empty}: what filled the log is free");
    run(&mut store, &[company("100")]);
    let accounts: Vec<Command> = (0..2_000).map(|_| account("1.00")).collect();
    run(&mut store, &accounts);
    let full = SqliteStore::used_bytes(dir.path()).unwrap();
    assert!((200_000..1_000_000).contains(&(full - empty)), "{full} {empty}");
}

#[test]
fn readers_find_every_acknowledged_key_while_it_moves() {
    let mut subject = Subject::sqlite();
    let world = world(&mut subject, 2);
    let source = subject.store().source();
    let acknowledged = Mutex::new(Vec::new());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers = (0..2).map(|_| {
            scope.spawn(|| {
                let mut reader = source.open().unwrap();
                let mut found = 0;
                while !is_over.load(Ordering::Acquire) {
                    let keys: Vec<Key> = acknowledged.lock().unwrap().clone();
                    let reads = ReadSet { keys: keys.clone(), ..ReadSet::default() };
                    let books = reader.load(&reads).unwrap();
                    assert_eq!(books.keys.len(), keys.len(), "each is somewhere");
                    assert_eq!(books.authorizations.len(), keys.len(), "with its row");
                    found += keys.len();
                }
                found
            })
        });
        let readers: Vec<_> = readers.collect();
        for batch in 0..300 {
            let command = authorize(&format!("{batch}"), by_card(&world.tokens[0]), "0.01");
            let mut reads = ReadSet::default();
            command.read(&mut reads);
            subject.grant(command);
            let mut acknowledged = acknowledged.lock().unwrap();
            acknowledged.extend(reads.keys);
            let surplus = acknowledged.len().saturating_sub(100);
            acknowledged.drain(..surplus);
        }
        is_over.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}

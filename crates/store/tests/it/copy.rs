//! A copy is equal to its source and goes on where it was cut off; nobody opens half a copy; and
//! what is not equal, or not in order, is found before it ends.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, run_batch};
use ledger::document::Kind;
use ledger::{Account, AccountId, Authorize, Card, CardId, Directory, OpenAccount, ReadSet};
use rusqlite::Connection;
use store::{
    CopyError, CopyProgress, CopyStage, OpenError, Postgres, PostgresError, PostgresOptions,
    PostgresStore, Source, SqliteStore, Store, StoreAddress, StoreCopy,
};

use crate::commands::{
    NOW, account, authorize, by_account, by_card, capture, company, document, idempotency,
    plain_authorize, seller, token,
};
use crate::conformance::write_everything;
use crate::subject::{Dump, Subject, TempDir, dump, once_free, open_free, small};

/// Few, so that every kind of record has several parcels.
const PARCEL: usize = 7;

/// All that readers see of a store.
#[derive(Debug, PartialEq)]
struct Content {
    dump: Dump,
    directory: Arc<Directory>,
    cards: Vec<Card>,
}

impl Content {
    fn of(source: &Arc<dyn Source>) -> Content {
        let mut reader = source.open().unwrap();
        let dump = dump(reader.as_mut());
        let directory = reader.load(&ReadSet::default()).unwrap().directory;
        let cards_of =
            |account: &Account| reader.cards_of(account.id, CardId(i64::MAX), usize::MAX).unwrap();
        let cards = dump.accounts.iter().flat_map(cards_of).collect();
        Content { dump, directory, cards }
    }

    fn in_dir(dir: &Path) -> Content {
        Content::of(&SqliteStore::open_read_only(dir).unwrap())
    }
}

/// A store with everything in it. Of its keys, some are merged and some are not.
fn populated(dir: &Path) -> Content {
    let mut subject = Subject::sqlite_in(dir);
    write_everything(&mut subject);
    for number in 0..70 {
        let row = subject.grant(authorize(&format!("a{number}"), by_card(&token("full")), "1.00"));
        if number % 3 == 0 {
            subject.grant(capture(row, &format!("c{number}"), "0.50"));
        }
        if number % 10 == 0 {
            others(&mut subject, &format!("9{number}"));
        }
    }
    drop(subject);
    let content = Content::in_dir(dir);
    assert_eq!(content.dump.unreadable, Vec::<String>::new());
    content
}

/// Another company, with as little as there may be.
fn others(subject: &mut Subject, number: &str) {
    subject.grant(company(number));
    subject.grant(seller(number, "1"));
    let Command::OpenAccount(opening) = account("10.00") else { unreachable!() };
    let key = (number == "90").then(|| idempotency(200));
    let opening = OpenAccount { company: number.to_owned(), idempotency: key, ..opening };
    let holder = AccountId(subject.grant(Command::OpenAccount(opening)).0);
    let first = plain_authorize("a1", by_account(holder), "1.00");
    subject.grant(Command::Authorize(Authorize { company: number.to_owned(), ..first }));
}

fn at(dir: &TempDir) -> StoreAddress {
    StoreAddress::Directory(dir.path().to_owned())
}

fn open(from: &TempDir, to: &TempDir) -> Result<StoreCopy, CopyError> {
    StoreCopy::open(&at(from), &at(to), PARCEL)
}

/// As [`open`], where nobody works on either.
fn open_both(from: &TempDir, to: &TempDir) -> Result<StoreCopy, CopyError> {
    let is_held =
        |error: &CopyError| matches!(error, CopyError::SourceInUse | CopyError::TargetInUse);
    once_free(|| open(from, to), is_held)
}

/// Runs a copy to its end. Returns the steps that it took.
fn finish(mut copy: StoreCopy) -> Result<usize, CopyError> {
    let mut steps = 0;
    while copy.progress().is_some() {
        copy.step()?;
        steps += 1;
    }
    copy.step()?;
    Ok(steps)
}

fn copy(from: &TempDir, to: &TempDir) -> Result<usize, CopyError> {
    finish(open_both(from, to)?)
}

/// Changes a stored database behind the store's back.
fn tamper(dir: &TempDir, sql: &str) {
    let connection = Connection::open(dir.path().join("kassa.db")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_copy_is_equal_and_goes_on() {
    let (from, to) = (TempDir::new(), TempDir::new());
    let expected = populated(from.path());
    assert!(copy(&from, &to).unwrap() > 20);
    assert_eq!(Content::in_dir(to.path()), expected);
    let (mut left, mut right) = (Subject::sqlite_in(from.path()), Subject::sqlite_in(to.path()));
    for source in ["a1", "new"] {
        let command = [authorize(source, by_card(&token("full")), "1.00")];
        assert_eq!(left.run(&command), right.run(&command));
    }
    assert_eq!(left.dump(), right.dump());
}

#[test]
fn an_empty_store_can_be_copied() {
    let (from, to) = (TempDir::new(), TempDir::new());
    drop(SqliteStore::open(from.path(), small()).unwrap());
    copy(&from, &to).unwrap();
    assert_eq!(Content::in_dir(to.path()), Content::in_dir(from.path()));
}

#[test]
fn a_copy_of_a_copy_in_parcels_of_any_size_is_equal() {
    let dirs: Vec<TempDir> = (0..4).map(|_| TempDir::new()).collect();
    let expected = populated(dirs[0].path());
    for (pair, parcel) in dirs.windows(2).zip([1, 100, 100_000]) {
        let copy = StoreCopy::open(&at(&pair[0]), &at(&pair[1]), parcel).unwrap();
        finish(copy).unwrap();
        assert_eq!(Content::in_dir(pair[1].path()), expected);
    }
}

#[test]
fn a_copy_that_is_cut_off_after_each_parcel_comes_to_its_end() {
    let (from, to) = (TempDir::new(), TempDir::new());
    let expected = populated(from.path());
    let mut before = 0;
    loop {
        let mut copy = open_both(&from, &to).unwrap();
        let CopyProgress { stage, done, total } = copy.progress().unwrap();
        if stage == CopyStage::Checking {
            assert_eq!(done, 0);
            break;
        }
        assert!(done >= before && done <= total, "{done} of {total}, after {before}");
        before = done;
        copy.step().unwrap();
        drop(copy);
        // Half a copy is nobody's store.
        let writer = open_free(to.path()).err();
        assert!(matches!(writer, Some(OpenError::CopyUnfinished)), "{writer:?}");
        let reader = SqliteStore::open_read_only(to.path()).err();
        assert!(matches!(reader, Some(OpenError::CopyUnfinished)), "{reader:?}");
        let again = open_both(&to, &TempDir::new()).err();
        assert!(matches!(again, Some(CopyError::Source(_))), "{again:?}");
    }
    let mut half_checked = open_both(&from, &to).unwrap();
    half_checked.step().unwrap();
    drop(half_checked);
    copy(&from, &to).unwrap();
    assert_eq!(Content::in_dir(to.path()), expected);
    let again = open_both(&from, &to).err();
    assert!(matches!(again, Some(CopyError::TargetNotEmpty)), "{again:?}");
}

#[test]
fn a_source_that_is_in_use_is_refused() {
    let (from, to) = (TempDir::new(), TempDir::new());
    let store = SqliteStore::open(from.path(), small()).unwrap();
    assert!(matches!(open(&from, &to), Err(CopyError::SourceInUse)));
    drop(store);
    let copy = open_both(&from, &to).unwrap();
    assert!(matches!(SqliteStore::open(from.path(), small()), Err(OpenError::Locked)));
    assert!(matches!(open(&from, &to), Err(CopyError::SourceInUse)));
    drop(copy);
    assert!(open_free(from.path()).is_ok());
}

#[test]
fn a_target_that_is_in_use_or_not_empty_is_refused() {
    let (from, to) = (TempDir::new(), TempDir::new());
    populated(from.path());
    let mut other = Subject::sqlite_in(to.path());
    assert!(matches!(open(&from, &to), Err(CopyError::TargetInUse)));
    other.grant(company("900"));
    let before = other.dump();
    drop(other);
    assert!(matches!(open(&from, &to), Err(CopyError::TargetNotEmpty)));
    assert_eq!(Subject::sqlite_in(to.path()).dump(), before, "it is left as it was");
    let itself = open(&from, &from).err();
    assert!(matches!(itself, Some(CopyError::TargetInUse)), "{itself:?}");
}

#[test]
fn a_source_that_is_none_is_not_made() {
    let (from, to) = (TempDir::new(), TempDir::new());
    let missing = StoreAddress::Directory(from.path().join("none"));
    let error = StoreCopy::open(&missing, &at(&to), PARCEL).unwrap_err();
    assert!(matches!(error, CopyError::Source(_)), "{error:?}");
    assert!(!from.path().join("none").exists());
    assert!(SqliteStore::open(to.path(), small()).is_ok(), "nothing was begun");
}

#[test]
fn a_source_that_changes_is_noticed() {
    let (from, to) = (TempDir::new(), TempDir::new());
    populated(from.path());
    let mut copy = open(&from, &to).unwrap();
    for _ in 0..5 {
        copy.step().unwrap();
    }
    drop(copy);
    Subject::sqlite_in(from.path()).grant(company("900"));
    assert!(matches!(open(&from, &to), Err(CopyError::OtherSource)));
    let to = TempDir::new();
    let copy = open(&from, &to).unwrap();
    // What ignores the lock.
    tamper(&from, "UPDATE meta SET value = value + 1 WHERE name = 'directory_version'");
    assert!(matches!(finish(copy), Err(CopyError::SourceChanged)));
}

#[test]
fn what_is_not_equal_is_found_and_named() {
    let from = TempDir::new();
    populated(from.path());
    for (sql, expected) in [
        ("UPDATE authorization_ SET taken = 1 WHERE taken = 0 AND state = 0", "row "),
        ("DELETE FROM transaction_ WHERE id = (SELECT max(id) FROM transaction_)", "row "),
        ("UPDATE change SET actor = 'nobody' WHERE id = 1", "row 1"),
        ("UPDATE seal SET hash = zeroblob(32) WHERE last = 1", "the seal of row 1"),
        ("UPDATE account SET debt = debt + 1 WHERE seller IS NULL", "account "),
        ("UPDATE used_key SET row = 1", "a key of row "),
        ("DELETE FROM used_key", "a key of row "),
        ("INSERT INTO fresh_key_0 VALUES (1, zeroblob(16), 1)", "a key of row "),
        ("UPDATE card SET status = 1 - status WHERE id = (SELECT max(id) FROM card)", "card "),
        ("UPDATE company SET name = 'x'", "companies, sellers or credentials"),
        ("DELETE FROM payable", "companies, sellers or credentials"),
        ("UPDATE credential SET login = 'x' WHERE login IS NOT NULL", "companies, sellers or "),
        ("UPDATE credential SET customer = NULL", "companies, sellers or credentials"),
        ("UPDATE document SET fields = '{}' WHERE kind = 3", "terminal 4"),
        ("UPDATE document SET fields = '{}' WHERE kind = 1", "customer 2"),
        ("DELETE FROM document WHERE kind = 7 AND number > 100", "tally 108"),
        ("INSERT INTO document VALUES (31, 200, '{}', '[]', '[]')", "payment_message 200"),
        ("DELETE FROM document_name WHERE kind = 3", "terminal 4 is not found"),
        ("UPDATE document_list SET number = 108 WHERE kind = 7", "the names and lists of tally"),
        ("INSERT INTO document_name VALUES ('x', 5, 6)", "update 6 is found by what"),
    ] {
        let to = TempDir::new();
        let mut copy = open(&from, &to).unwrap();
        while copy.progress().unwrap().stage == CopyStage::Copying {
            copy.step().unwrap();
        }
        drop(copy);
        tamper(&to, sql);
        let found = finish(open(&from, &to).unwrap());
        let Err(CopyError::Differs(what)) = found else { panic!("{sql}: {found:?}") };
        assert!(what.starts_with(expected), "{sql}: {what}");
        let reader = SqliteStore::open_read_only(to.path()).err();
        assert!(matches!(reader, Some(OpenError::CopyUnfinished)), "{reader:?}");
    }
}

#[test]
fn a_source_that_is_not_in_order_is_not_moved() {
    let (from, to) = (TempDir::new(), TempDir::new());
    populated(from.path());
    tamper(&from, "UPDATE account SET debt = debt + 1 WHERE seller IS NULL");
    let broken = copy(&from, &to);
    let Err(CopyError::Broken(what)) = broken else { panic!("{broken:?}") };
    assert!(what.starts_with("balances-equal-entries, account "), "{what}");
    let (from, to) = (TempDir::new(), TempDir::new());
    populated(from.path());
    tamper(&from, "UPDATE account SET currency = 'XXX'");
    assert!(matches!(copy(&from, &to), Err(CopyError::Source(_))));
}

/// A database of a cluster.
struct Database<'c> {
    cluster: &'c Cluster,
    options: PostgresOptions,
}

impl Database<'_> {
    fn new(cluster: &Cluster, isolation: Isolation) -> Database<'_> {
        let url = cluster.create_database_with(isolation);
        Database { cluster, options: PostgresOptions { url, ca_file: None } }
    }

    fn address(&self) -> StoreAddress {
        StoreAddress::Database(self.options.clone())
    }

    fn content(&self) -> Content {
        Content::of(&Postgres::open_read_only(&self.options).unwrap())
    }

    fn writers<const N: usize>(&self) -> [PostgresStore; N] {
        let database = Postgres::open(&self.options).unwrap();
        [(); N].map(|()| database.writer())
    }

    fn tamper(&self, sql: &str) {
        self.cluster.psql(&self.options.url, sql);
    }
}

fn move_all(from: &StoreAddress, to: &StoreAddress) -> Result<usize, CopyError> {
    finish(StoreCopy::open(from, to, PARCEL)?)
}

fn run(store: &mut dyn Store, command: Command) {
    run_batch(store, &[command], NOW).unwrap().remove(0).unwrap();
}

/// Method: what goes there and back is what it was; what two writers add in the database is moved
/// back too, and goes on in each.
#[test]
fn a_store_moves_to_a_database_and_back() {
    let cluster = Cluster::start(Durability::Fast);
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let (from, back, again) = (TempDir::new(), TempDir::new(), TempDir::new());
        let expected = populated(from.path());
        let database = Database::new(&cluster, isolation);
        move_all(&at(&from), &database.address()).unwrap();
        assert_eq!(database.content(), expected);
        move_all(&database.address(), &at(&back)).unwrap();
        assert_eq!(Content::in_dir(back.path()), expected);
        let [mut one, mut two] = database.writers();
        let mut old = Subject::sqlite_in(from.path());
        for number in 0..20 {
            let command = authorize(&format!("b{number}"), by_card(&token("full")), "0.10");
            old.grant(command.clone());
            run(if number % 3 == 0 { &mut one } else { &mut two }, command);
        }
        run(&mut one, seller("100", "2"));
        let known = authorize("a1", by_card(&token("full")), "1.00");
        assert_eq!(run_batch(&mut two, [&known], NOW).unwrap(), old.run(&[known]));
        drop((one, two));
        let moved = database.content();
        let lanes: BTreeSet<_> = moved.dump.seals().iter().map(|seal| seal.lane).collect();
        assert_eq!(lanes.len(), 2);
        move_all(&database.address(), &at(&again)).unwrap();
        assert_eq!(Content::in_dir(again.path()), moved);
        Subject::sqlite_in(again.path()).grant(company("900"));
        let other = Database::new(&cluster, isolation);
        move_all(&at(&again), &other.address()).unwrap();
        assert_eq!(other.content(), Content::in_dir(again.path()));
        let [mut writer] = other.writers();
        run(&mut writer, company("901"));
    }
}

/// Goal: what is held in memory does not grow with the size of documents. Method: two that fill a
/// parcel, and one more, wherever they are.
#[test]
fn large_documents_are_moved_a_few_at_a_time() {
    let cluster = Cluster::start(Durability::Fast);
    let (from, back) = (TempDir::new(), TempDir::new());
    let mut subject = Subject::sqlite_in(from.path());
    let half = "å\"".repeat(1_400_000);
    for (number, says) in (1..).zip([&half, &half, ""]) {
        subject.put(&[document(Kind::FileRows.id(number), says, &[], &["all"])]);
    }
    drop(subject);
    let database = Database::new(&cluster, Isolation::ReadCommitted);
    let copy = |from: &StoreAddress, to: &StoreAddress| {
        finish(StoreCopy::open(from, to, store::PARCEL_RECORDS).unwrap()).unwrap()
    };
    // Rows, accounts, keys, cards, documents twice and the directory; and all of it again.
    assert_eq!(copy(&at(&from), &database.address()), 14);
    let expected = Content::in_dir(from.path());
    assert!(database.content() == expected, "they are not shown: they are long");
    assert_eq!(copy(&database.address(), &at(&back)), 14);
    assert!(Content::in_dir(back.path()) == expected);
}

#[test]
fn a_copy_into_a_database_that_is_cut_off_comes_to_its_end() {
    let cluster = Cluster::start(Durability::Fast);
    let database = Database::new(&cluster, Isolation::ReadCommitted);
    let from = TempDir::new();
    let expected = populated(from.path());
    loop {
        let mut copy = StoreCopy::open(&at(&from), &database.address(), PARCEL).unwrap();
        if copy.progress().unwrap().stage == CopyStage::Checking {
            break;
        }
        copy.step().unwrap();
        drop(copy);
        let writer = Postgres::open(&database.options).err();
        assert!(matches!(writer, Some(PostgresError::CopyUnfinished)), "{writer:?}");
        let reader = Postgres::open_read_only(&database.options).err();
        assert!(matches!(reader, Some(PostgresError::CopyUnfinished)), "{reader:?}");
    }
    move_all(&at(&from), &database.address()).unwrap();
    assert_eq!(database.content(), expected);
}

/// Also where the database had not yet written what it acknowledged.
#[test]
fn a_copy_outlives_its_database() {
    let mut cluster = Cluster::start(Durability::Safe);
    let from = TempDir::new();
    let expected = populated(from.path());
    let url = cluster.create_database();
    let options = PostgresOptions { url, ca_file: None };
    let to = StoreAddress::Database(options.clone());
    for steps in [1, 8, 20] {
        let mut copy = StoreCopy::open(&at(&from), &to, PARCEL).unwrap();
        for _ in 0..steps {
            copy.step().unwrap();
        }
        cluster.kill();
        assert!(matches!(copy.step(), Err(CopyError::Target(_))));
        cluster.restart();
    }
    move_all(&at(&from), &to).unwrap();
    assert_eq!(Content::of(&Postgres::open_read_only(&options).unwrap()), expected);
}

#[test]
fn a_database_that_is_in_use_or_not_empty_is_refused() {
    let cluster = Cluster::start(Durability::Fast);
    let (used, other) = (
        Database::new(&cluster, Isolation::ReadCommitted),
        Database::new(&cluster, Isolation::ReadCommitted),
    );
    let dir = TempDir::new();
    let missing = StoreCopy::open(&used.address(), &at(&dir), PARCEL);
    assert!(matches!(missing, Err(CopyError::Source(_))), "{missing:?}");
    let [mut writer] = used.writers();
    run(&mut writer, company("100"));
    let source = StoreCopy::open(&used.address(), &at(&dir), PARCEL);
    assert!(matches!(source, Err(CopyError::SourceInUse)), "{source:?}");
    let target = StoreCopy::open(&other.address(), &used.address(), PARCEL);
    assert!(matches!(target, Err(CopyError::Source(_))), "{target:?}");
    let full = TempDir::new();
    populated(full.path());
    let target = StoreCopy::open(&at(&full), &used.address(), PARCEL);
    assert!(matches!(target, Err(CopyError::TargetInUse)), "{target:?}");
    drop(writer);
    let target = StoreCopy::open(&at(&full), &used.address(), PARCEL);
    assert!(matches!(target, Err(CopyError::TargetNotEmpty)), "{target:?}");
    let mut copy = StoreCopy::open(&used.address(), &other.address(), PARCEL).unwrap();
    let mut twin = StoreCopy::open(&used.address(), &other.address(), PARCEL).unwrap();
    copy.step().unwrap();
    assert!(matches!(twin.step(), Err(CopyError::Target(_))), "one at a time");
    finish(copy).unwrap();
    assert_eq!(other.content(), used.content());
}

#[test]
fn what_is_not_equal_in_a_database_is_found_and_named() {
    let cluster = Cluster::start(Durability::Fast);
    let from = TempDir::new();
    populated(from.path());
    for (sql, expected) in [
        ("UPDATE change SET actor = 'nobody' WHERE id = 1", "Differs(\"row 1\")"),
        ("DELETE FROM seal WHERE last = 1", "Differs(\"the seal of row 1\")"),
        ("UPDATE account SET debt = debt + 1 WHERE seller IS NULL", "Differs(\"account "),
        ("DELETE FROM used_key", "Differs(\"a key of row "),
        ("UPDATE card SET status = 1 - status", "Differs(\"card "),
        ("DELETE FROM credential", "Differs(\"companies, sellers or credentials\")"),
        ("UPDATE document SET names = '[]' WHERE kind = 2", "Differs(\"request 3\")"),
        ("DELETE FROM document_list WHERE kind = 2", "Differs(\"the names and lists of request"),
        ("DELETE FROM document_name WHERE kind = 2", "Differs(\"request 3 is not found"),
        ("UPDATE used_key SET company = 0", "not where their company's are"),
        ("UPDATE change SET company = 0", "not where their company's are"),
    ] {
        let to = Database::new(&cluster, Isolation::ReadCommitted);
        let mut copy = StoreCopy::open(&at(&from), &to.address(), 1_000).unwrap();
        while copy.progress().unwrap().stage == CopyStage::Copying {
            copy.step().unwrap();
        }
        to.tamper(sql);
        let found = format!("{:?}", finish(copy).unwrap_err());
        assert!(found.contains(expected), "{sql}: {found}");
        assert!(matches!(Postgres::open(&to.options), Err(PostgresError::CopyUnfinished)));
    }
    let to = TempDir::new();
    let source = Database::new(&cluster, Isolation::ReadCommitted);
    move_all(&at(&from), &source.address()).unwrap();
    let mut copy = StoreCopy::open(&source.address(), &at(&to), PARCEL).unwrap();
    copy.step().unwrap();
    let [mut writer] = source.writers();
    run(&mut writer, company("900"));
    assert!(matches!(finish(copy), Err(CopyError::SourceChanged)));
}

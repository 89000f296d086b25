//! A copy is equal to its source and goes on where it was cut off; nobody opens half a copy; and
//! what is not equal, or not in order, is found before it ends.

use std::path::Path;
use std::sync::Arc;

use ledger::{Account, Card, CardId, Directory, ReadSet};
use rusqlite::Connection;
use store::{
    CopyError, CopyProgress, CopyStage, OpenError, Source, SqliteStore, StoreAddress, StoreCopy,
};

use crate::commands::{authorize, by_card, capture, company, token};
use crate::conformance::write_everything;
use crate::subject::{Dump, Subject, TempDir, dump, small};

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
    }
    drop(subject);
    let content = Content::in_dir(dir);
    assert_eq!(content.dump.unreadable, Vec::<String>::new());
    content
}

fn at(dir: &TempDir) -> StoreAddress {
    StoreAddress::Directory(dir.path().to_owned())
}

fn open(from: &TempDir, to: &TempDir) -> Result<StoreCopy, CopyError> {
    StoreCopy::open(&at(from), &at(to), PARCEL)
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
    finish(open(from, to)?)
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
        let mut copy = open(&from, &to).unwrap();
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
        let writer = SqliteStore::open(to.path(), small()).err();
        assert!(matches!(writer, Some(OpenError::CopyUnfinished)), "{writer:?}");
        let reader = SqliteStore::open_read_only(to.path()).err();
        assert!(matches!(reader, Some(OpenError::CopyUnfinished)), "{reader:?}");
        let again = open(&to, &TempDir::new()).err();
        assert!(matches!(again, Some(CopyError::Source(_))), "{again:?}");
    }
    let mut half_checked = open(&from, &to).unwrap();
    half_checked.step().unwrap();
    drop(half_checked);
    copy(&from, &to).unwrap();
    assert_eq!(Content::in_dir(to.path()), expected);
    let again = open(&from, &to).err();
    assert!(matches!(again, Some(CopyError::TargetNotEmpty)), "{again:?}");
}

#[test]
fn a_source_that_is_in_use_is_refused() {
    let (from, to) = (TempDir::new(), TempDir::new());
    let store = SqliteStore::open(from.path(), small()).unwrap();
    assert!(matches!(open(&from, &to), Err(CopyError::SourceInUse)));
    drop(store);
    let copy = open(&from, &to).unwrap();
    assert!(matches!(SqliteStore::open(from.path(), small()), Err(OpenError::Locked)));
    assert!(matches!(open(&from, &to), Err(CopyError::SourceInUse)));
    drop(copy);
    assert!(SqliteStore::open(from.path(), small()).is_ok());
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
        (
            "UPDATE authorization_ SET taken = taken + 1 WHERE id = (SELECT min(id) FROM authorization_)",
            "row ",
        ),
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

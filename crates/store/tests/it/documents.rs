//! What every store must do with documents. Each test runs on each store.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ledger::document::Kind;
use ledger::{Document, DocumentId, ReadSet};
use store::Part;

use crate::commands::{NOW, company, document};
use crate::subject::{Dump, Subject, subjects};

/// Of a kind that is loaded, and of one that is part of the directory.
const KINDS: [Kind; 2] = [Kind::Terminal, Kind::Customer];

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn by_id(id: DocumentId) -> ReadSet {
    ReadSet { documents: vec![id], ..ReadSet::default() }
}

fn by_names(names: &[&str]) -> ReadSet {
    ReadSet { names: texts(names), ..ReadSet::default() }
}

fn by_lists(lists: &[&str]) -> ReadSet {
    ReadSet { lists: texts(lists), ..ReadSet::default() }
}

/// What a batch finds, wherever it is kept.
fn find<T>(subject: &mut Subject, reads: &ReadSet, find: impl Fn(&ledger::Books) -> T) -> T {
    // Compares what a reader finds.
    subject.load(reads);
    let mut found = None;
    let decide = &mut |books: ledger::Books| {
        found = Some(find(&books));
        books.close(NOW)
    };
    subject.store().transact(reads, decide).unwrap();
    found.unwrap()
}

/// The documents that a batch finds by a name, as what they say.
fn says(subject: &mut Subject, name: &str) -> Option<String> {
    find(subject, &by_names(&[name]), |books| {
        Some(books.named(name)?.fields.text("says")?.to_owned())
    })
}

/// The numbers of the documents on a list, as a batch finds them.
fn on(subject: &mut Subject, list: &str) -> Vec<i64> {
    find(subject, &by_lists(&[list]), |books| {
        let loaded = books.listed(list).map(|found| found.id.number);
        loaded.chain(books.directory.documents_on(list).map(|found| found.id.number)).collect()
    })
}

/// What leads to documents is what they say.
fn check_leads(dump: &Dump) {
    let (mut names, mut lists) = (Vec::new(), Vec::new());
    for Document { id, names: own_names, lists: own_lists, .. } in &dump.documents {
        names.extend(own_names.iter().map(|name| (name.clone(), *id)));
        lists.extend(own_lists.iter().map(|list| (list.clone(), *id)));
    }
    names.sort_unstable();
    lists.sort_unstable();
    assert_eq!((&dump.names, &dump.lists), (&names, &lists));
    assert!(dump.documents.windows(2).all(|two| two[0].id < two[1].id), "ascending");
}

#[test]
fn a_document_is_written_changed_and_found() {
    for mut subject in subjects() {
        for kind in KINDS {
            let (id, name) = (kind.id(1), kind.as_str());
            let (old, new) = (format!("{name} old \u{e5}"), format!("{name} new \u{1f98a}"));
            let (here, there) = (format!("{name} here"), format!("{name} there"));
            subject.put(&[document(id, "first", &[&old, name], &[&here])]);
            assert_eq!(says(&mut subject, &old).as_deref(), Some("first"));
            assert_eq!(on(&mut subject, &here), [1]);
            let second = document(id, "second", &[&new, name], &[&there]);
            subject.put(std::slice::from_ref(&second));
            for _ in 0..2 {
                let found = find(&mut subject, &by_id(id), |books| books.document(id).cloned());
                assert_eq!(found.as_ref(), Some(&second), "{}", subject.name);
                assert_eq!(says(&mut subject, &old), None, "{}: renamed", subject.name);
                assert_eq!(says(&mut subject, &new).as_deref(), Some("second"));
                assert_eq!(says(&mut subject, name).as_deref(), Some("second"));
                assert_eq!(on(&mut subject, &here), [0_i64; 0], "{}: moved", subject.name);
                assert_eq!(on(&mut subject, &there), [1]);
                let unknown = find(&mut subject, &by_id(kind.id(2)), |books| {
                    books.document(kind.id(2)).cloned()
                });
                assert_eq!(unknown, None);
                subject.reopen();
            }
        }
        check_leads(&subject.dump());
    }
}

#[test]
fn resident_documents_are_in_the_directory_and_others_are_not() {
    for mut subject in subjects() {
        let before = subject.store().directory();
        subject.put(&[document(Kind::Terminal.id(1), "", &["terminal"], &["both"])]);
        assert_eq!(subject.store().directory(), before, "{}", subject.name);
        subject.put(&[document(Kind::Package.id(1), "", &["package"], &["both"])]);
        let directory = subject.store().directory();
        assert_ne!(directory.version(), before.version());
        assert!(directory.document_named("package").is_some());
        assert!(directory.document_named("terminal").is_none());
        let mut reads = by_lists(&["both"]);
        reads.names = texts(&["package", "terminal"]);
        reads.documents = vec![Kind::Package.id(1)];
        let loaded = subject.load(&reads);
        let ids: Vec<DocumentId> = loaded.documents.iter().map(|found| found.id).collect();
        assert_eq!(ids, [Kind::Terminal.id(1)], "{}: a resident one is not loaded", subject.name);
        subject.reopen();
        assert_eq!(subject.store().directory(), directory, "{}", subject.name);
        // What is not about documents leaves them.
        subject.grant(company("100"));
        assert!(subject.store().directory().document_named("package").is_some());
    }
}

#[test]
fn what_one_gives_up_another_may_take() {
    for mut subject in subjects() {
        for kind in KINDS {
            let (name, list) =
                (format!("{} name", kind.as_str()), format!("{} list", kind.as_str()));
            // Both ways round: the one that gives it up may be written after the other.
            let marked = |number, says| document(kind.id(number), says, &[&name], &[&list]);
            let bare = |number| document(kind.id(number), "bare", &[], &[]);
            subject.put(&[marked(1, "one"), bare(2)]);
            for (giver, taker) in [(1, 2), (2, 1), (1, 2)] {
                let mut both = [bare(giver), marked(taker, "taker")];
                if giver == 2 {
                    both.reverse();
                }
                subject.put(&both);
                assert_eq!(says(&mut subject, &name).as_deref(), Some("taker"));
                assert_eq!(on(&mut subject, &list), [taker], "{}", subject.name);
            }
        }
        check_leads(&subject.dump());
    }
}

#[test]
fn a_batch_sees_what_it_wrote() {
    for mut subject in subjects() {
        let id = Kind::Update.id(1);
        let decide = &mut |mut books: ledger::Books| {
            assert!(books.document(id).is_none());
            books.put_document(document(id, "first", &["a"], &["l"]));
            assert_eq!(books.listed("l").count(), 1);
            books.put_document(document(id, "second", &["b"], &[]));
            assert!(books.named("a").is_none() && books.named("b").is_some());
            books.close(NOW)
        };
        subject.store().transact(&by_id(id), decide).unwrap();
        assert_eq!(says(&mut subject, "a"), None);
        assert_eq!(says(&mut subject, "b").as_deref(), Some("second"), "{}", subject.name);
        assert_eq!(on(&mut subject, "l"), [0_i64; 0]);
        check_leads(&subject.dump());
    }
}

#[test]
fn documents_alone_leave_no_row() {
    for mut subject in subjects() {
        subject.put(&[document(Kind::Request.id(1), "", &["r"], &[])]);
        subject.put(&[document(Kind::Rollout.id(1), "", &[], &["l"])]);
        let dump = subject.dump();
        assert_eq!((dump.journal.len(), dump.documents.len()), (0, 2), "{}", subject.name);
        let row = subject.grant(company("100"));
        assert_eq!(row.0, 1, "{}: and use up no id", subject.name);
    }
}

#[test]
fn a_batch_that_unwinds_leaves_no_document() {
    for mut subject in subjects() {
        subject.put(&[document(Kind::Terminal.id(1), "first", &["a"], &["l"])]);
        let (before, directory) = (subject.dump(), subject.store().directory());
        let bug = catch_unwind(AssertUnwindSafe(|| {
            subject.store().transact(&by_id(Kind::Terminal.id(1)), &mut |mut books| {
                books.put_document(document(Kind::Terminal.id(1), "second", &["b"], &[]));
                books.put_document(document(Kind::Customer.id(1), "new", &["c"], &[]));
                std::panic::resume_unwind(Box::new("a bug"))
            })
        }));
        assert!(bug.is_err());
        assert_eq!(subject.dump(), before, "{}", subject.name);
        assert_eq!(subject.store().directory(), directory);
        subject.put(&[document(Kind::Terminal.id(1), "third", &["b"], &[])]);
        assert_eq!(says(&mut subject, "b").as_deref(), Some("third"));
    }
}

#[test]
fn a_batch_that_only_reads_writes_nothing() {
    for mut subject in subjects() {
        subject.put(&[document(Kind::Terminal.id(1), "", &["a"], &["l"])]);
        let before = subject.dump();
        let reads = ReadSet { names: texts(&["a", "none"]), ..by_lists(&["l", "none"]) };
        assert_eq!(subject.load(&reads).documents.len(), 1);
        assert_eq!(subject.dump(), before, "{}", subject.name);
    }
}

#[test]
fn a_list_is_read_in_parts() {
    for mut subject in subjects() {
        for kind in KINDS {
            let list = kind.as_str();
            let all: Vec<Document> =
                [-5, 0, 1, 2, 9].map(|number| document(kind.id(number), "", &[], &[list])).to_vec();
            subject.put(&all);
            let mut reader = subject.reader();
            let mut check = |part, limit, expected: &[usize]| {
                let found = reader.documents(list, part, limit).unwrap();
                let expected: Vec<&Document> = expected.iter().map(|at| &all[*at]).collect();
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{part:?} {limit}");
            };
            check(Part::After(i64::MIN), 9, &[0, 1, 2, 3, 4]);
            check(Part::Before(i64::MAX), 9, &[4, 3, 2, 1, 0]);
            check(Part::After(0), 9, &[2, 3, 4]);
            check(Part::Before(0), 9, &[0]);
            check(Part::After(0), 2, &[2, 3]);
            check(Part::Before(9), 2, &[3, 2]);
            check(Part::After(9), 9, &[]);
            check(Part::After(i64::MIN), 0, &[]);
            assert_eq!(reader.documents("none", Part::After(0), 9).unwrap(), []);
        }
    }
}

/// Also as a batch reads it whole, and by more names and ids than a list is long.
#[test]
fn a_list_may_be_long() {
    for mut subject in subjects() {
        let document_of = |number: i64, list: &str| {
            document(Kind::Terminal.id(number), "", &[&format!("n{number}")], &[list, "all"])
        };
        let all: Vec<Document> = (1..=3_000).map(|number| document_of(number, "long")).collect();
        subject.put(&all);
        let reads = ReadSet {
            names: (0..4_000).map(|number| format!("n{number}")).collect(),
            documents: (0..4_000).map(|number| Kind::Terminal.id(number)).collect(),
            ..by_lists(&["long", "all", "long"])
        };
        assert_eq!(subject.load(&reads).documents, all, "{}", subject.name);
        assert_eq!(subject.load(&by_lists(&["long"])).documents, all, "{}", subject.name);
        let page = subject.reader().documents("long", Part::After(0), 5_000).unwrap();
        assert_eq!(page, all, "{}", subject.name);
        let moved: Vec<Document> = (1..=2_999).map(|number| document_of(number, "moved")).collect();
        subject.put(&moved);
        assert_eq!(on(&mut subject, "long"), [3_000]);
        assert_eq!(on(&mut subject, "moved").len(), 2_999);
        check_leads(&subject.dump());
    }
}

/// Names come from callers: what no database can hold, or means something to one, is only not
/// found.
#[test]
fn odd_names_find_nothing() {
    for mut subject in subjects() {
        subject.put(&[document(Kind::Terminal.id(1), "", &["it's 100 % \"odd\" \\ $1"], &["%"])]);
        let odd = ["", "%", "'", "a\0b", "\u{1f98a}", "it's"];
        let reads = ReadSet { lists: texts(&["", "_", "a\0b"]), ..by_names(&odd) };
        assert_eq!(subject.load(&reads).documents, [], "{}", subject.name);
        let found = says(&mut subject, "it's 100 % \"odd\" \\ $1");
        assert_eq!(found.as_deref(), Some(""), "{}", subject.name);
        assert_eq!(on(&mut subject, "%"), [1]);
        assert_eq!(subject.reader().documents("a\0b", Part::After(0), 9).unwrap(), []);
    }
}

//! Documents that two nodes want at the same time.

use std::sync::mpsc::channel;
use std::thread;

use cluster::Cluster;
use ledger::document::Kind;
use ledger::{Books, Document, ReadSet};
use store::{PostgresOptions, PostgresStore, Store as _, StoreError};

use super::locks::wait_for_lock;
use super::proxy::{Deed, Plan, Proxy};
use super::{node, on_each_isolation, verify};
use crate::commands::{NOW, document};
use crate::subject::put;

/// Runs a batch that puts what `decide` makes of what it finds. The number of tries.
fn run(
    writer: &mut PostgresStore,
    reads: &ReadSet,
    decide: &mut dyn FnMut(&Books, u32) -> Vec<Document>,
) -> Result<u32, StoreError> {
    let mut tries = 0;
    writer.transact(reads, &mut |mut books| {
        tries += 1;
        for document in decide(&books, tries) {
            books.put_document(document);
        }
        books.close(NOW)
    })?;
    Ok(tries)
}

fn by_name(name: &str) -> ReadSet {
    ReadSet { names: vec![name.to_owned()], ..ReadSet::default() }
}

fn by_list(list: &str) -> ReadSet {
    ReadSet { lists: vec![list.to_owned()], ..ReadSet::default() }
}

/// Goal: of two that take one name, one gets it, and the other decides again and sees it. Method:
/// in the middle of the first one's batch the second does it.
#[test]
fn one_of_two_gets_a_name() {
    on_each_isolation(|_, options| {
        let (one, two) = (node(options), node(options));
        for (round, kind) in (1..).zip([Kind::Terminal, Kind::Customer, Kind::Terminal]) {
            let name = format!("name {round}");
            let take = |number| document(kind.id(number), "", &[&name], &[]);
            let mut seen = Vec::new();
            let tries = run(&mut one.writer(), &by_name(&name), &mut |books, attempt| {
                if attempt == 1 {
                    put(&mut two.writer(), &[take(2 * round)]).unwrap();
                }
                seen.push(books.named(&name).map(|found| found.id.number));
                if books.named(&name).is_some() { Vec::new() } else { vec![take(2 * round + 1)] }
            });
            assert_eq!((tries, seen), (Ok(2), vec![None, Some(2 * round)]));
        }
        verify(&one);
    });
}

/// Goal: a document that is wanted by two is changed by one after the other. Method: the second
/// waits for the first one's lock, and counts on.
#[test]
fn changes_of_a_document_are_not_lost() {
    on_each_isolation(|cluster, options| {
        let id = Kind::Tally.id(1);
        let reads = ReadSet { documents: vec![id], ..ReadSet::default() };
        let node = node(options);
        put(&mut node.writer(), &[document(id, "0", &["tally"], &["tallies"])]).unwrap();
        for reads in [&reads, &by_name("tally"), &by_list("tallies")] {
            both_at_once(cluster, options, reads, &|books, _| {
                let mut tally = books.document(id).unwrap().clone();
                let count = tally.fields.number("says").unwrap() + 1;
                tally.fields.set("says", Some(count.to_string()));
                tally
            });
        }
        let found = node.source().open().unwrap().load(&reads).unwrap();
        assert_eq!(found.document(id).unwrap().fields.text("says"), Some("6"));
        verify(&node);
    });
}

/// Goal: what was put on a list while a batch waited for what is on it is seen by the batch.
#[test]
fn a_list_that_grew_while_waiting_is_read_again() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        put(&mut node.writer(), &[document(Kind::Update.id(1), "1", &[], &["open"])]).unwrap();
        let reads = by_list("open");
        both_at_once(cluster, options, &reads, &|books, writer| {
            let count = books.listed("open").count() + 1;
            document(Kind::Update.id(10 + writer), &count.to_string(), &[], &["open"])
        });
        let books = node.source().open().unwrap().load(&reads).unwrap();
        let says = books.listed("open").map(|found| found.fields.text("says").unwrap());
        assert_eq!(says.collect::<Vec<_>>(), ["1", "2", "3"]);
        verify(&node);
    });
}

/// Two writers of two nodes do the same at the same time. The first holds what it has locked
/// until the second waits for it.
fn both_at_once(
    cluster: &Cluster,
    options: &PostgresOptions,
    reads: &ReadSet,
    decide: &(dyn Fn(&Books, i64) -> Document + Sync),
) {
    let (mut one, mut two) = (node(options).writer(), node(options).writer());
    let (open, gate) = channel::<()>();
    let (entered, has_entered) = channel();
    thread::scope(|scope| {
        let first = scope.spawn(move || {
            run(&mut one, reads, &mut |books, attempt| {
                if attempt == 1 {
                    entered.send(()).unwrap();
                    gate.recv().unwrap();
                }
                vec![decide(books, 1)]
            })
        });
        has_entered.recv().unwrap();
        let second =
            scope.spawn(move || run(&mut two, reads, &mut |books, _| vec![decide(books, 2)]));
        wait_for_lock(cluster, options);
        open.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Ok(1), "who has the lock decides once");
        assert!(second.join().unwrap().is_ok());
    });
}

/// Goal: a list that is read whole does not grow behind the back of who puts something on it, even
/// where there is nothing on it to be locked. Method: each puts one on an empty list; in the middle
/// of it the other one does.
#[test]
fn a_list_does_not_grow_unseen() {
    on_each_isolation(|_, options| {
        let (one, two) = (node(options), node(options));
        let reads = by_list("open");
        let on = |books: &Books| -> Vec<i64> {
            books.listed("open").map(|found| found.id.number).collect()
        };
        let add = |books: &Books, number: i64| {
            let says = (on(books).len() + 1).to_string();
            vec![document(Kind::Update.id(number), &says, &[], &["open"])]
        };
        for round in 0..3 {
            let tries = run(&mut one.writer(), &reads, &mut |books, attempt| {
                if attempt == 1 {
                    let other = &mut |books: &Books, _| add(books, 10 * round + 1);
                    run(&mut two.writer(), &reads, other).unwrap();
                }
                add(books, 10 * round + 2)
            });
            assert_eq!(tries, Ok(2), "round {round}");
            let books = one.source().open().unwrap().load(&reads).unwrap();
            let found = || books.listed("open");
            let says: Vec<_> = found().map(|found| found.fields.text("says").unwrap()).collect();
            assert_eq!(says, ["1", "2"], "the second saw the first");
            let closed = found().map(|found| Document::new(found.id, found.fields.clone()));
            put(&mut two.writer(), &closed.collect::<Vec<_>>()).unwrap();
        }
        verify(&one);
    });
}

/// Goal: a batch that waited sees who has a name now, not who had it. Method: a batch waits for
/// the lock on the document that has the name, while the name and a place on a list go to another.
#[test]
fn what_was_moved_while_waiting_is_found_where_it_is() {
    on_each_isolation(|cluster, options| {
        let (one, two) = (node(options), node(options));
        let with = |number| document(Kind::Terminal.id(number), "", &["name"], &["list"]);
        let without = |number| document(Kind::Terminal.id(number), "", &[], &[]);
        put(&mut one.writer(), &[with(1), without(2)]).unwrap();
        let both = [Kind::Terminal.id(1), Kind::Terminal.id(2)];
        let (open, gate) = channel::<()>();
        let (entered, has_entered) = channel();
        thread::scope(|scope| {
            let reads = ReadSet { documents: both.to_vec(), ..ReadSet::default() };
            let mut writer = one.writer();
            let moving = scope.spawn(move || {
                run(&mut writer, &reads, &mut |_, _| {
                    entered.send(()).unwrap();
                    gate.recv().unwrap();
                    vec![without(1), with(2)]
                })
            });
            has_entered.recv().unwrap();
            let mut writer = two.writer();
            let finding = scope.spawn(move || {
                let reads = ReadSet { lists: vec!["list".to_owned()], ..by_name("name") };
                let mut found = Vec::new();
                run(&mut writer, &reads, &mut |books, _| {
                    let named = books.named("name").map(|found| found.id.number);
                    let listed = books.listed("list").map(|found| found.id.number).collect();
                    found.push((named, listed));
                    Vec::new()
                })
                .unwrap();
                found
            });
            wait_for_lock(cluster, options);
            open.send(()).unwrap();
            assert_eq!(moving.join().unwrap(), Ok(1));
            let found: Vec<(Option<i64>, Vec<i64>)> = finding.join().unwrap();
            assert_eq!(found, [(Some(2), vec![2])], "decided once, on what is");
        });
        verify(&one);
    });
}

/// Goal: of a batch without a row it is never said that it was done, or was not, where that is not
/// known; and the same again does it.
#[test]
fn a_lost_answer_about_documents_alone_is_unknown() {
    on_each_isolation(|cluster, options| {
        let proxy = Proxy::to(cluster.port());
        let (direct, mut writer) = (node(options), node(&proxy.options(options)).writer());
        let id = Kind::Terminal.id(1);
        put(&mut writer, &[document(id, "0", &[], &[])]).unwrap();
        for (round, deed) in (1..).zip([Deed::CutBefore, Deed::CutAfter, Deed::CutDone]) {
            let now = document(id, &round.to_string(), &[&format!("n{round}")], &["l"]);
            proxy.plan(Plan::At("COMMIT", deed));
            let outcome = put(&mut writer, std::slice::from_ref(&now));
            // Where the answer came before the cut it is heard.
            let is_heard = outcome == Ok(()) && !matches!(deed, Deed::CutBefore);
            assert!(is_heard || outcome == Err(StoreError::Unknown), "{deed:?}: {outcome:?}");
            assert!(proxy.is_done());
            put(&mut writer, std::slice::from_ref(&now)).unwrap();
            assert_eq!(verify(&direct).documents, [now]);
        }
    });
}

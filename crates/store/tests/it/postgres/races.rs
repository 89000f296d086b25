//! Several writers in several nodes do the same, or the opposite, at the same time.

use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use engine::{Command, Reply, run_batch};
use ledger::books::Done;
use ledger::{Currency, Money, Refusal, RowId};
use store::{Postgres, PostgresStore};

use super::proxy::{Deed, Plan, Proxy};
use super::{
    check_journal, clock, grant, newest, node, on_each_isolation, run_interrupted, verify, world,
    written,
};
use crate::commands::{
    NOW, authorize, block, by_account, by_card, capture, card, company, offline, seller, token,
};
use crate::differential::{Random, command};

/// Two nodes with two writers each.
fn writers(nodes: &[Postgres; 2]) -> Vec<PostgresStore> {
    nodes.iter().flat_map(|node| [node.writer(), node.writer()]).collect()
}

/// Runs `batches` of a writer each, all at once. Replies by writer.
fn race(writers: &mut [PostgresStore], batches: &[Vec<Vec<Command>>]) -> Vec<Vec<Reply>> {
    let start = Barrier::new(writers.len());
    thread::scope(|scope| {
        let running: Vec<_> = writers
            .iter_mut()
            .zip(batches)
            .map(|(writer, batches)| {
                scope.spawn(|| {
                    start.wait();
                    let run = |batch: &Vec<Command>| run_batch(writer, batch, NOW).unwrap();
                    batches.iter().flat_map(run).collect()
                })
            })
            .collect();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    })
}

/// Goal: never more is taken than was authorized. Method: four writers take 1.50 twelve times each
/// of 60.00.
#[test]
fn what_is_authorized_is_taken_once() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        let world = world(&mut writers[0], 1);
        let row = grant(&mut writers[0], &authorize("a", by_card(&world.tokens[0]), "60.00"));
        let start = newest(&nodes[0]);
        let batches: Vec<Vec<Vec<Command>>> = (0..4)
            .map(|writer| {
                let part = |at| capture(row, &format!("{writer}-{at}"), "1.50");
                (0..6).map(|at| vec![part(2 * at), part(2 * at + 1)]).collect()
            })
            .collect();
        let replies = race(&mut writers, &batches).concat();
        assert_eq!(replies.iter().filter(|reply| reply.is_ok()).count(), 40);
        let available = Money::from_minor(0, Currency::SEK).unwrap();
        for refusal in replies.iter().filter_map(|reply| reply.as_ref().err()) {
            let expected = Refusal::InsufficientDebitedAmount { available };
            assert!([expected, Refusal::AuthorizationUsedUp].contains(refusal), "{refusal:?}");
        }
        check_journal(&verify(&nodes[1]), start, &replies);
    });
}

/// Goal: the same command from several writers at once has one effect and one answer.
#[test]
fn a_repeat_at_the_same_time_is_answered_alike() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        let world = world(&mut writers[0], 2);
        let start = newest(&nodes[0]);
        let all: Vec<Vec<Command>> = (0..15)
            .map(|at| {
                let token = &world.tokens[at % 2];
                vec![
                    authorize(&format!("{at}"), by_card(token), "1.00"),
                    offline(&format!("o{at}"), token, "2.00"),
                ]
            })
            .collect();
        let replies = race(&mut writers, &vec![all; 4]);
        for at in 0..30 {
            let answers: Vec<_> = replies.iter().map(|of| of[at].as_ref().unwrap()).collect();
            assert!(answers.iter().all(|answer| answer.done == answers[0].done), "{answers:?}");
            assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        }
        check_journal(&verify(&nodes[1]), start, &replies.concat());
    });
}

/// Goal: a source id stands for one request, whoever comes second and wherever. Method: each of
/// four writers uses the same ids for another account or amount.
#[test]
fn one_source_id_is_given_to_one_request() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        let world = world(&mut writers[0], 3);
        let start = newest(&nodes[0]);
        let batches: Vec<Vec<Vec<Command>>> = (0..4)
            .map(|writer: usize| {
                let (token, amount) = (&world.tokens[writer % 3], format!("{}.00", 1 + writer));
                let one = |at| authorize(&format!("{at}"), by_card(token), &amount);
                (0..15).map(|at| vec![one(2 * at), one(2 * at + 1)]).collect()
            })
            .collect();
        let replies = race(&mut writers, &batches);
        for at in 0..30 {
            let won = replies.iter().filter(|of| of[at].is_ok()).count();
            let lost = |of: &&Vec<Reply>| of[at] == Err(Refusal::DuplicateAuthorization);
            assert_eq!((won, replies.iter().filter(lost).count()), (1, 3));
        }
        check_journal(&verify(&nodes[1]), start, &replies.concat());
    });
}

/// Goal: what no lock guards is guarded by its key. Method: in the middle of one writer's batch
/// another one commits what takes the name; the first must find out and be decided again.
#[test]
fn who_comes_second_is_decided_again() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let (mut first, mut second) = (nodes[0].writer(), nodes[1].writer());
        let world = world(&mut first, 2);
        let by = |at: usize| by_card(&world.tokens[at]);
        let pairs = [
            (authorize("a", by(0), "1.00"), authorize("a", by(1), "1.00")),
            (card(world.accounts[0], &token("t")), card(world.accounts[1], &token("t"))),
            (company("200"), company("200")),
            (seller("100", "2"), seller("100", "2")),
        ];
        for (slow, fast) in pairs {
            let mut tries = 0;
            let batch = [slow, authorize("none", by_card(&token("none")), "1.00")];
            let replies = run_interrupted(&mut first, &batch, &mut |at| {
                tries = at;
                if at == 1 {
                    run_batch(&mut second, [&fast], NOW).unwrap().remove(0).unwrap();
                }
            });
            let reply = replies.unwrap().remove(0).unwrap_err();
            assert!(matches!(reply, Refusal::DuplicateAuthorization | Refusal::NameTaken));
            assert_eq!(tries, 2, "{fast:?}");
        }
        verify(&nodes[0]);
    });
}

#[test]
fn a_name_is_given_once() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        let world = world(&mut writers[0], 2);
        let start = newest(&nodes[0]);
        let names = |at: usize| {
            vec![
                company(&format!("c{at}")),
                card(world.accounts[at % 2], &token(&format!("t{at}"))),
            ]
        };
        let batches: Vec<Vec<Command>> = (0..8).map(names).collect();
        let replies = race(&mut writers, &vec![batches; 4]);
        for at in 0..16 {
            let won = replies.iter().filter(|of| of[at].is_ok()).count();
            let lost = replies.iter().filter(|of| of[at] == Err(Refusal::NameTaken)).count();
            assert_eq!((won, lost), (1, 3));
        }
        check_journal(&verify(&nodes[1]), start, &replies.concat());
    });
}

/// Goal: a change of the directory on one node is known to the next batch of every other.
#[test]
fn what_is_configured_on_one_node_is_known_to_all() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        let world = world(&mut writers[0], 1);
        for round in 0..8 {
            let number = format!("{}", 10 + round);
            grant(&mut writers[round % 4], &seller("100", &number));
            let Command::Authorize(plain) = authorize(&number, by_card(&world.tokens[0]), "1.00")
            else {
                unreachable!()
            };
            let command = Command::Authorize(ledger::Authorize { seller: number, ..plain });
            let other = &mut writers[(round + 1) % 4];
            let reply = run_batch(other, [&command], NOW).unwrap().remove(0);
            assert!(reply.is_ok_and(|answer| !answer.replayed), "round {round}");
        }
        verify(&nodes[0]);
    });
}

/// Goal: with everything going on at once, every answer is true and the books are in order.
/// Method: random commands with names from small pools, so that all writers want the same.
#[test]
fn random_commands_of_all_writers_keep_the_books() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        world(&mut writers[0], 6);
        let start = newest(&nodes[0]);
        let greatest = &AtomicI64::new(start.0);
        let replies: Vec<Reply> = thread::scope(|scope| {
            let running: Vec<_> = (0..)
                .zip(&mut writers)
                .map(|(seed, writer)| scope.spawn(move || work(seed, writer, greatest)))
                .collect();
            running.into_iter().flat_map(|running| running.join().unwrap()).collect()
        });
        assert!(replies.iter().filter_map(written).count() > 100);
        check_journal(&verify(&nodes[1]), start, &replies);
    });
}

fn work(seed: u32, writer: &mut PostgresStore, greatest: &AtomicI64) -> Vec<Reply> {
    let mut random = Random(u64::from(seed));
    let mut all = Vec::new();
    for batch in 0..40 {
        let newest = RowId(greatest.load(Ordering::Relaxed));
        let commands: Vec<Command> =
            (0..=random.below(8)).map(|_| command(&mut random, newest)).collect();
        let replies = run_batch(writer, &commands, clock(seed, batch)).unwrap();
        for reply in replies.iter().flatten() {
            if let Done::Authorized { authorization, .. } = &reply.done {
                greatest.fetch_max(authorization.0, Ordering::Relaxed);
            }
        }
        all.extend(replies);
    }
    all
}

/// Goal: ids tell what could have known of what, cards included. Method: a batch is given its ids
/// and then waits for an account, while a card is added to another account, or blocked.
#[test]
fn a_card_is_older_than_what_it_is_used_for() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers = writers(&nodes);
        let (mut slow, mut holder) = (writers.remove(0), writers.remove(0));
        let mut fast = writers.remove(0);
        let world = world(&mut slow, 2);
        let (held, free) = (world.accounts[0], world.accounts[1]);
        let new = token("new");
        for change in [card(free, &new), block(&new)] {
            let source = |part: &str| format!("{part} {change:?}");
            let batch = [
                authorize(&source("held"), by_account(held), "1.00"),
                authorize(&source("free"), by_account(free), "1.00"),
                authorize(&source("card"), by_card(&new), "1.00"),
            ];
            let blocker = authorize(&source("blocker"), by_account(held), "1.00");
            let slow = &mut slow;
            let mut start = Some(|| run_batch(slow, &batch, NOW).unwrap());
            thread::scope(|scope| {
                let mut waiting = None;
                let replies = run_interrupted(&mut holder, &[blocker], &mut |_| {
                    let Some(start) = start.take() else { return };
                    let before = counter(&nodes[0]);
                    waiting = Some(scope.spawn(start));
                    // It has its ids, and waits for the lock or will.
                    while counter(&nodes[0]) == before {
                        thread::yield_now();
                    }
                    run_batch(&mut fast, [&change], NOW).unwrap().remove(0).unwrap();
                });
                replies.unwrap().remove(0).unwrap();
                let replies = waiting.unwrap().join().unwrap();
                assert!(replies[0].is_ok() && replies[1].is_ok());
            });
            verify(&nodes[1]);
        }
    });
}

/// The greatest id that was ever given out.
fn counter(node: &Postgres) -> RowId {
    let mut reader = node.source().open().unwrap();
    reader.load(&ledger::ReadSet::default()).unwrap().newest()
}

/// Goal: ids are never given to two batches. Method: a batch uses one of its two ids, loses to
/// another one's key, and is held just before it rolls back; meanwhile as many ids as it did not
/// use are given to a third one, which is held as well; then a fourth one asks for ids.
#[test]
fn ids_that_are_given_back_are_given_to_one() {
    on_each_isolation(|cluster, options| {
        let proxy = Proxy::to(cluster.port());
        let (direct, proxied) = (node(options), node(&proxy.options(options)));
        let mut loser = proxied.writer();
        let [mut winner, mut third, mut fourth] = [(); 3].map(|()| direct.writer());
        let world = world(&mut loser, 4);
        let by = |at: usize| by_card(&world.tokens[at]);
        let basis = grant(&mut fourth, &authorize("basis", by(3), "9.00"));
        let batch =
            [authorize("same", by(0), "1.00"), authorize("none", by_card(&token("none")), "1.00")];
        let wins = [authorize("same", by(1), "1.00")];
        let (begun, has_begun) = channel();
        let (won, has_won) = channel::<()>();
        thread::scope(|scope| {
            let mut losing = Some(move || {
                let replies = run_interrupted(&mut loser, &batch, &mut |tries| {
                    if tries == 1 {
                        begun.send(()).unwrap();
                        has_won.recv().unwrap();
                    }
                });
                assert_eq!(replies.unwrap()[0], Err(Refusal::DuplicateAuthorization));
            });
            let mut running = None;
            let replies = run_interrupted(&mut winner, &wins, &mut |_| {
                if let Some(losing) = losing.take() {
                    running = Some(scope.spawn(losing));
                    has_begun.recv().unwrap();
                }
            });
            replies.unwrap().remove(0).unwrap();
            proxy.plan(Plan::At("ROLLBACK", Deed::Hold));
            won.send(()).unwrap();
            proxy.wait();
            let replies =
                run_interrupted(&mut third, &[authorize("c", by(2), "1.00")], &mut |_| {
                    proxy.plan(Plan::Pass);
                    if let Some(running) = running.take() {
                        running.join().unwrap();
                        let take = capture(basis, "d", "1.00");
                        run_batch(&mut fourth, [&take], NOW).unwrap().remove(0).unwrap();
                    }
                });
            replies.unwrap().remove(0).unwrap();
        });
        verify(&direct);
    });
}

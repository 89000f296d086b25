//! Connections that are lost in the middle of a batch: what the store says became of it is true.

use std::thread;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, Reply, run_batch};
use ledger::RowId;
use store::{Postgres, PostgresOptions, PostgresStore, StoreError};

use super::proxy::{Plan, Proxy};
use super::{count, database, grant, node, on_each_isolation, verify, world};
use crate::commands::{NOW, World, authorize, by_card, capture, card, company, token};

/// A writer behind a proxy, and a node that is not.
struct Setup {
    proxy: Proxy,
    direct: Postgres,
    writer: PostgresStore,
    world: World,
    basis: RowId,
    batches: usize,
}

impl Setup {
    fn new(cluster: &Cluster, options: &PostgresOptions) -> Setup {
        let proxy = Proxy::to(cluster.port());
        let (direct, mut writer) = (node(options), node(&proxy.options(options)).writer());
        let world = world(&mut writer, 2);
        let basis = grant(&mut writer, authorize("basis", by_card(&world.tokens[0]), "900000.00"));
        Setup { proxy, direct, writer, world, basis, batches: 0 }
    }

    /// A batch of many kinds of rows whose source ids are new, and one of them.
    fn batch(&mut self) -> (Vec<Command>, String) {
        self.batches += 1;
        let source = format!("batch {}", self.batches);
        let new = token(&format!("new-{}", self.batches));
        let commands = vec![
            authorize(&source, by_card(&self.world.tokens[1]), "1.00"),
            capture(self.basis, &source, "1.00"),
            card(self.world.accounts[0], &new),
        ];
        (commands, source)
    }

    /// Runs a batch under a plan and checks that what is said of it is true; then the same batch
    /// again, which must be done once.
    fn check(&mut self, plan: Plan) -> Result<(), StoreError> {
        let (commands, source) = self.batch();
        self.proxy.plan(plan);
        let outcome = run_batch(&mut self.writer, &commands, NOW);
        let found = count(&self.direct, &source);
        match &outcome {
            Ok(replies) => {
                assert!(replies.iter().all(|reply| is_new(reply)), "{plan:?}: {replies:?}");
                assert_eq!(found, 2, "{plan:?}");
            }
            Err(StoreError::NotCommitted) => assert_eq!(found, 0, "{plan:?}"),
            Err(StoreError::Unknown) => assert!([0, 2].contains(&found), "{plan:?}: {found}"),
        }
        let replies = run_batch(&mut self.writer, &commands[..2], NOW).unwrap();
        assert!(replies.iter().all(Result::is_ok), "{plan:?}: {replies:?}");
        if outcome.is_ok() {
            assert!(!replies.iter().any(is_new), "{plan:?}: {replies:?}");
        }
        assert_eq!(count(&self.direct, &source), 2, "{plan:?}");
        outcome.map(drop)
    }
}

fn is_new(reply: &Reply) -> bool {
    reply.as_ref().is_ok_and(|answer| !answer.replayed)
}

#[test]
fn a_connection_lost_around_a_commit_is_found_out_about() {
    on_each_isolation(|cluster, options| {
        let mut setup = Setup::new(cluster, options);
        for round in 0..3 {
            for plan in
                [Plan::CutBefore("COMMIT"), Plan::CutAfter("COMMIT"), Plan::CutDone("COMMIT")]
            {
                assert_eq!(setup.check(plan), Ok(()), "{plan:?} {round}");
                assert!(setup.proxy.is_done(), "{plan:?}");
            }
        }
        verify(&setup.direct);
    });
}

/// Goal: there is no moment at which a lost connection does harm. Method: cut before each message
/// of the server in turn, until a batch ends before that.
fn check_every_answer(isolation: Isolation) {
    let cluster = Cluster::start(Durability::Fast);
    let mut setup = Setup::new(&cluster, &database(&cluster, isolation));
    for at in 0.. {
        assert_eq!(setup.check(Plan::CutAnswer(at)), Ok(()), "{at}");
        if !setup.proxy.is_done() {
            assert!(at > 50, "a batch has so many answers: {at}");
            break;
        }
    }
    verify(&setup.direct);
}

#[test]
fn a_connection_may_be_lost_at_any_answer() {
    check_every_answer(Isolation::ReadCommitted);
}

#[test]
fn a_connection_may_be_lost_at_any_answer_when_it_serializes() {
    check_every_answer(Isolation::Serializable);
}

/// A batch that changes the directory is written in other steps.
#[test]
fn a_connection_may_be_lost_at_any_answer_to_a_configuration() {
    let cluster = Cluster::start(Durability::Fast);
    let mut setup = Setup::new(&cluster, &database(&cluster, Isolation::ReadCommitted));
    for at in 0.. {
        setup.proxy.plan(Plan::CutAnswer(at));
        let command = company(&format!("c{at}"));
        let replies = run_batch(&mut setup.writer, [&command], NOW);
        assert!(replies.is_ok_and(|replies| replies.iter().all(is_new)), "{at}");
        if !setup.proxy.is_done() {
            assert!(at > 30, "a batch has so many answers: {at}");
            break;
        }
    }
    verify(&setup.direct);
}

/// Goal: an outcome that cannot be found out in time is said to be unknown, and the writer goes on
/// without what hangs. Method: from the commit on, nothing comes through, while the connection
/// looks alive. This takes as long as a batch is waited for; both directions are tried at once.
#[test]
fn silence_is_an_unknown_outcome() {
    let cluster = Cluster::start(Durability::Fast);
    thread::scope(|scope| {
        for plan in [Plan::LoseBefore("COMMIT"), Plan::LoseDone("COMMIT")] {
            for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
                let options = database(&cluster, isolation);
                let mut setup = Setup::new(&cluster, &options);
                scope.spawn(move || {
                    assert_eq!(setup.check(plan), Err(StoreError::Unknown), "{plan:?}");
                    assert!(setup.proxy.is_done());
                    verify(&setup.direct);
                });
            }
        }
    });
}

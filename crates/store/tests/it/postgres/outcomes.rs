//! Connections that are lost in the middle of a batch: what the store says became of it is true.

use std::sync::Arc;
use std::thread;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, Reply, run_batch};
use ledger::{CredentialId, ReadSet, RowId, Scope};
use store::{Postgres, PostgresOptions, PostgresStore, Reader, Store as _, StoreError};

use super::locks::wait_for_lock;
use super::proxy::{Deed, Plan, Proxy};
use super::{database, grant, node, on_each_isolation, source_of, verify, world};
use crate::commands::{
    NOW, World, authorize, by_card, capture, card, company, credential, note_use, token,
};

/// A writer behind a proxy, and a node that is not.
struct Setup {
    proxy: Arc<Proxy>,
    direct: Postgres,
    reader: Box<dyn Reader>,
    writer: PostgresStore,
    world: World,
    basis: RowId,
    batches: usize,
}

impl Setup {
    fn new(cluster: &Cluster, options: &PostgresOptions) -> Setup {
        let proxy = Arc::new(Proxy::to(cluster.port()));
        let (direct, mut writer) = (node(options), node(&proxy.options(options)).writer());
        let world = world(&mut writer, 2);
        let basis = grant(&mut writer, &authorize("basis", by_card(&world.tokens[0]), "900000.00"));
        let reader = direct.source().open().unwrap();
        Setup { proxy, direct, reader, writer, world, basis, batches: 0 }
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

    /// How many rows bear a source id; the last batches' rows are near the end.
    fn count(&mut self, source: &str) -> usize {
        let rows = self.reader.rows_before(RowId(i64::MAX), 10).unwrap();
        rows.iter().filter(|row| source_of(row) == Some(source)).count()
    }

    /// Runs a batch under a plan and checks that what is said of it is true; then the same batch
    /// again, which must be done once.
    fn check(&mut self, plan: Plan) -> Result<(), StoreError> {
        let (commands, source) = self.batch();
        self.proxy.plan(plan);
        let outcome = run_batch(&mut self.writer, &commands, NOW);
        let found = self.count(&source);
        match &outcome {
            Ok(replies) => {
                assert!(replies.iter().all(is_new), "{plan:?}: {replies:?}");
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
        assert_eq!(self.count(&source), 2, "{plan:?}");
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
            for deed in [Deed::CutBefore, Deed::CutAfter, Deed::CutDone] {
                let plan = Plan::At("COMMIT", deed);
                assert_eq!(setup.check(plan), Ok(()), "{plan:?} {round}");
                assert!(setup.proxy.is_done(), "{plan:?}");
            }
        }
        verify(&setup.direct);
    });
}

/// Goal: a commit that arrives late is not overlooked. Method: cut the client off and keep its
/// commit back until the store looks for it, and waits for whoever holds the lane.
#[test]
fn a_commit_that_is_late_is_waited_for() {
    on_each_isolation(|cluster, options| {
        let mut setup = Setup::new(cluster, options);
        let proxy = Arc::clone(&setup.proxy);
        thread::scope(|scope| {
            let checking = scope.spawn(|| setup.check(Plan::At("COMMIT", Deed::Delay)));
            proxy.wait();
            wait_for_lock(cluster, options);
            assert!(!checking.is_finished());
            proxy.plan(Plan::Pass);
            assert_eq!(checking.join().unwrap(), Ok(()));
        });
        assert_eq!(verify(&setup.direct).seals().iter().map(|seal| seal.lane.0).max(), Some(0));
    });
}

/// Goal: without rows there is no seal to look for, and the outcome may stay unknown; then the
/// same again does it.
#[test]
fn what_has_no_seal_may_be_unknown() {
    on_each_isolation(|cluster, options| {
        let mut setup = Setup::new(cluster, options);
        let issued = grant(&mut setup.writer, &credential(Scope::Installation, 1, None));
        for (round, deed) in (1..).zip([Deed::CutBefore, Deed::CutDone]) {
            let at = NOW.plus_ms(round * 3_600_000);
            setup.proxy.plan(Plan::At("COMMIT", deed));
            let outcome = run_batch(&mut setup.writer, [&note_use(issued, at)], at);
            assert!(setup.proxy.is_done());
            assert!(!matches!(outcome, Err(StoreError::NotCommitted)), "{deed:?}");
            run_batch(&mut setup.writer, [&note_use(issued, at)], at).unwrap();
            let directory = setup.writer.directory();
            let used = directory.credential(CredentialId(issued.0)).unwrap().last_used_at;
            assert_eq!(used, Some(at));
            assert_eq!(setup.reader.load(&ReadSet::default()).unwrap().directory, directory);
        }
        verify(&setup.direct);
    });
}

/// Goal: there is no moment at which a lost connection does harm. Method: cut before each message
/// of the server in turn, or each of so many, until a batch ends before that.
fn check_answers(isolation: Isolation, step: usize) {
    let cluster = Cluster::start(Durability::Fast);
    let mut setup = Setup::new(&cluster, &database(&cluster, isolation));
    for at in (0..).step_by(step) {
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
    check_answers(Isolation::ReadCommitted, 1);
}

#[test]
fn a_connection_may_be_lost_at_any_answer_when_it_serializes() {
    check_answers(Isolation::Serializable, 3);
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
        for deed in [Deed::LoseAll, Deed::LoseAnswers] {
            let plan = Plan::At("COMMIT", deed);
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

//! Lanes and turns: who holds them, and how one that lost its own finds out.

use std::thread;

use cluster::Cluster;
use engine::run_batch;
use store::{Epoch, PostgresOptions, PostgresStore, Source};

use super::locks::wait_for_lock;
use super::{grant, newest, node, on_each_isolation, run_interrupted, verify, world};
use crate::commands::{NOW, account, authorize, by_card};

/// The lanes with their epochs.
fn lanes(cluster: &Cluster, options: &PostgresOptions) -> String {
    let rows = cluster.psql(&options.url, "SELECT id, epoch FROM lane ORDER BY id");
    rows.replace('\n', " ")
}

/// The lanes that have seals, with how many they have.
fn seals(cluster: &Cluster, options: &PostgresOptions) -> String {
    let sql = "SELECT lane, count(*) FROM seal GROUP BY lane ORDER BY lane";
    cluster.psql(&options.url, sql).replace('\n', " ")
}

fn write(writer: &mut PostgresStore) {
    grant(writer, &account("1.00"));
}

#[test]
fn a_writer_has_a_lane_and_gives_it_back() {
    on_each_isolation(|cluster, options| {
        let nodes = [node(options), node(options)];
        let [mut first, mut second, mut third] =
            [nodes[0].writer(), nodes[0].writer(), nodes[1].writer()];
        world(&mut first, 0);
        assert_eq!(lanes(cluster, options), "0|1", "who writes nothing needs none");
        write(&mut second);
        write(&mut third);
        write(&mut first);
        assert_eq!(lanes(cluster, options), "0|1 1|1 2|1");
        assert_eq!(seals(cluster, options), "0|3 1|1 2|1");
        drop(second);
        let mut heir = nodes[1].writer();
        write(&mut heir);
        assert_eq!(lanes(cluster, options), "0|1 1|2 2|1");
        assert_eq!(seals(cluster, options), "0|3 1|2 2|1", "its chain goes on");
        write(&mut nodes[0].writer());
        assert_eq!(lanes(cluster, options), "0|1 1|2 2|1 3|1");
        verify(&nodes[0]);
    });
}

#[test]
fn many_writers_that_start_at_once_have_a_lane_each() {
    on_each_isolation(|cluster, options| {
        let nodes = [node(options), node(options)];
        world(&mut nodes[0].writer(), 0);
        thread::scope(|scope| {
            let writing: Vec<_> = (0..6)
                .map(|at: usize| {
                    let mut writer = nodes[at % 2].writer();
                    scope.spawn(move || {
                        write(&mut writer);
                        writer
                    })
                })
                .collect();
            let writers = writing.into_iter().map(|writing| writing.join().unwrap());
            let writers: Vec<PostgresStore> = writers.collect();
            assert_eq!(lanes(cluster, options), "0|2 1|1 2|1 3|1 4|1 5|1");
            drop(writers);
        });
        verify(&nodes[1]);
    });
}

/// Goal: a writer whose lane was taken from it does not go on in it. Method: take it between two
/// batches, in the middle of one, and by another writer after its time.
#[test]
fn a_writer_that_lost_its_lane_takes_another() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        let mut writer = node.writer();
        let world = world(&mut writer, 1);
        let take = "UPDATE lane SET epoch = epoch + 1, holder = 'other', until = until + 900000 \
                    WHERE id = ";
        cluster.psql(&options.url, &format!("{take} 0"));
        write(&mut writer);
        assert_eq!(lanes(cluster, options), "0|2 1|1");
        thread::scope(|scope| {
            let batch = [authorize("a", by_card(&world.tokens[0]), "1.00")];
            let mut taking = None;
            let replies = run_interrupted(&mut writer, &batch, &mut |tries| {
                if tries == 1 {
                    let taken = || cluster.psql(&options.url, &format!("{take} 1"));
                    taking = Some(scope.spawn(taken));
                    wait_for_lock(cluster, options);
                }
            });
            replies.unwrap().remove(0).unwrap();
            taking.unwrap().join().unwrap();
        });
        assert_eq!(seals(cluster, options), "0|4 1|2", "a batch that has begun may end");
        write(&mut writer);
        assert_eq!(lanes(cluster, options), "0|2 1|2 2|1");
        cluster.psql(&options.url, "UPDATE lane SET until = 0 WHERE id = 2");
        let mut other = node.writer();
        write(&mut other);
        write(&mut writer);
        assert_eq!(lanes(cluster, options), "0|2 1|2 2|2 3|1");
        assert_eq!(seals(cluster, options), "0|4 1|2 2|2 3|1");
        verify(&node);
    });
}

#[test]
fn a_lane_whose_time_is_over_is_kept_while_nobody_wants_it() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        let mut writer = node.writer();
        world(&mut writer, 0);
        cluster.psql(&options.url, "UPDATE lane SET until = 0");
        write(&mut writer);
        assert_eq!(lanes(cluster, options), "0|1");
        let sql = "SELECT until > EXTRACT(EPOCH FROM now()) * 1000 + 10000 FROM lane";
        assert_eq!(cluster.psql(&options.url, sql), "t", "and is renewed");
    });
}

#[test]
fn one_node_at_a_time_has_the_turn() {
    on_each_isolation(|cluster, options| {
        let nodes = [node(options), node(options)];
        let [first, second] = nodes.each_ref().map(store::Postgres::source);
        let turn = |source: &dyn Source| source.take_turn("timers").unwrap();
        let over = || {
            cluster.psql(&options.url, "UPDATE turn SET until = 0 WHERE duty = 'timers'");
        };
        assert_eq!(turn(&*first), Some(Epoch(1)));
        assert_eq!(turn(&*second), None);
        assert_eq!(turn(&*nodes[0].source()), Some(Epoch(1)), "kept, and the node's");
        assert_eq!(second.take_turn("other").unwrap(), Some(Epoch(1)), "another duty");
        over();
        assert_eq!(turn(&*second), Some(Epoch(2)));
        assert_eq!(turn(&*first), None);
        over();
        assert_eq!(turn(&*second), Some(Epoch(3)), "somebody may have had it meanwhile");
        assert!(first.has_other_nodes());
    });
}

/// Goal: a turn goes to one, however many want it, the first time and when it is free again.
#[test]
fn a_turn_that_all_want_goes_to_one() {
    on_each_isolation(|cluster, options| {
        let nodes: Vec<_> = (0..4).map(|_| node(options)).collect();
        for round in 0..10 {
            let granted: Vec<Option<Epoch>> = thread::scope(|scope| {
                let asking: Vec<_> = nodes
                    .iter()
                    .map(|node| scope.spawn(|| node.source().take_turn("timers").unwrap()))
                    .collect();
                asking.into_iter().map(|asking| asking.join().unwrap()).collect()
            });
            assert_eq!(granted.iter().flatten().count(), 1, "{round}: {granted:?}");
            cluster.psql(&options.url, "UPDATE turn SET until = 0 WHERE duty = 'timers'");
        }
    });
}

#[test]
fn a_batch_of_nothing_needs_no_seal() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        let mut writer = node.writer();
        world(&mut writer, 0);
        assert_eq!(run_batch(&mut writer, &[], NOW), Ok(Vec::new()));
        assert_eq!(seals(cluster, options), "0|2");
    });
}

/// Goal: where a database is not as new as its writers know it, as after a restore, their chains go
/// on from what is there. Method: take the last batch away with its connection.
#[test]
fn a_writer_goes_on_from_what_is_there() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        let mut writer = node.writer();
        world(&mut writer, 1);
        write(&mut writer);
        let row = newest(&node).0;
        for table in ["change", "account"] {
            cluster.psql(&options.url, &format!("DELETE FROM {table} WHERE id = {row}"));
        }
        cluster.psql(&options.url, &format!("DELETE FROM seal WHERE last = {row}"));
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        cluster.psql(&options.url, end);
        write(&mut writer);
        verify(&node);
    });
}

//! The schema: made once, by whoever comes first, and ended by whoever comes after one that died.

use std::thread;

use cluster::{Cluster, Durability, Isolation};
use ledger::document::Kind;
use store::{Postgres, PostgresError};

use super::{database, node, on_each_isolation, verify, world};
use crate::commands::document;
use crate::subject::put;

/// The files of the migrations.
const FIRST: &str = include_str!("../../../migrations/postgres/0001_card_ledger.sql");
const SECOND: &str = include_str!("../../../migrations/postgres/0002_estate.sql");
const THIRD: &str = include_str!("../../../migrations/postgres/0003_settlement.sql");

fn statements(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap());
    let code = lines.collect::<Vec<_>>().join("\n");
    let statements = code.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    statements.map(str::to_owned).collect()
}

#[test]
fn nodes_that_start_at_once_make_one_store() {
    on_each_isolation(|cluster, options| {
        let nodes: Vec<Postgres> = thread::scope(|scope| {
            let opening: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Postgres::open(options).unwrap())).collect();
            opening.into_iter().map(|opening| opening.join().unwrap()).collect()
        });
        world(&mut nodes[0].writer(), 1);
        world_is_seen(&nodes[7]);
        assert_eq!(cluster.psql(&options.url, "SELECT count(*) FROM migration"), "3");
        assert_eq!(cluster.psql(&options.url, "SELECT epoch FROM turn"), "1", "by one node");
        let tables = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname = 'account'";
        assert_eq!(cluster.psql(&options.url, tables), "1");
    });
}

fn world_is_seen(node: &Postgres) {
    assert_eq!(verify(node).accounts.len(), 3, "one holder's, and the seller's two");
}

/// Goal: a migration that was killed is ended by the next start. Method: do the first statements
/// by hand; the last case is a node that died before it could say that it was done.
#[test]
fn a_migration_that_was_killed_is_ended() {
    let cluster = Cluster::start(Durability::Fast);
    let statements = statements(FIRST);
    assert!(statements.len() > 10);
    for done in [1, 2, statements.len() / 2, statements.len() - 1, statements.len()] {
        let options = database(&cluster, Isolation::ReadCommitted);
        // Each a transaction of its own, like the program's.
        cluster.psql(&options.url, &statements[..done].join("; COMMIT; BEGIN; "));
        assert!(matches!(Postgres::open_read_only(&options), Err(PostgresError::Missing)));
        let node = node(&options);
        world(&mut node.writer(), 1);
        world_is_seen(&node);
    }
}

/// Goal: a store of the program before this one is brought up to date, from wherever another node
/// has left it. Method: a store that has the migrations up to one, and then a part of the next.
#[test]
fn an_older_store_is_brought_up_to_date() {
    let cluster = Cluster::start(Durability::Fast);
    let third_added = "ALTER TABLE account DROP COLUMN house; \
                       DELETE FROM migration WHERE number = 3; DELETE FROM turn";
    bring_up(&cluster, 2, third_added, &statements(THIRD));
    let second_added = "DROP TABLE document; DROP TABLE document_name; DROP TABLE document_list; \
                        DROP TABLE list_version; ALTER TABLE credential DROP COLUMN login; \
                        ALTER TABLE credential DROP COLUMN customer; \
                        DELETE FROM migration WHERE number = 2";
    bring_up(&cluster, 1, &format!("{third_added}; {second_added}"), &statements(SECOND));
}

/// `added` takes away what came after migration `has`; `next` are the statements of the next one.
fn bring_up(cluster: &Cluster, has: usize, added: &str, next: &[String]) {
    for done in [0, 1, next.len() - 1, next.len()] {
        let options = database(cluster, Isolation::ReadCommitted);
        let first = node(&options);
        world(&mut first.writer(), 1);
        let before = verify(&first);
        drop(first);
        cluster.psql(&options.url, added);
        cluster.psql(&options.url, &next[..done].join("; COMMIT; BEGIN; "));
        let older = Postgres::open_read_only(&options).err();
        let Some(PostgresError::OlderSchema { found, known }) = older else { panic!("{older:?}") };
        assert_eq!((found, known), (has, 3));
        let node = node(&options);
        assert_eq!(verify(&node), before, "{done} statements were done");
        put(&mut node.writer(), &[document(Kind::Terminal.id(1), "", &["n"], &["l"])]).unwrap();
        assert_eq!(verify(&node).documents.len(), 1);
    }
}

/// Goal: nobody waits for ever for a node that died at its migrations. Method: a turn that nobody
/// renews.
#[test]
fn the_turn_of_a_dead_node_ends() {
    let cluster = Cluster::start(Durability::Fast);
    let options = database(&cluster, Isolation::ReadCommitted);
    cluster.psql(
        &options.url,
        "CREATE TABLE turn (duty TEXT PRIMARY KEY, epoch INT8 NOT NULL, holder TEXT NOT NULL, \
         until INT8 NOT NULL); INSERT INTO turn \
         SELECT 'migration', 7, 'dead', (EXTRACT(EPOCH FROM now()) * 1000)::INT8 + 500",
    );
    let node = node(&options);
    world(&mut node.writer(), 1);
    world_is_seen(&node);
    assert_eq!(cluster.psql(&options.url, "SELECT epoch, until > 0 FROM turn"), "8|t");
}

#[test]
fn a_store_of_another_program_is_refused() {
    let cluster = Cluster::start(Durability::Fast);
    let options = database(&cluster, Isolation::ReadCommitted);
    let check = |expected: fn(&PostgresError) -> bool| {
        let error = Postgres::open(&options).unwrap_err();
        assert!(expected(&error), "{error:?}");
        let error = Postgres::open_read_only(&options).err().unwrap();
        assert!(expected(&error), "{error:?}");
    };
    assert!(matches!(Postgres::open_read_only(&options), Err(PostgresError::Missing)));
    assert_eq!(
        cluster.psql(&options.url, "SELECT count(*) FROM pg_class WHERE relname = 'turn'"),
        "0"
    );
    drop(node(&options));
    cluster.psql(&options.url, "INSERT INTO migration VALUES (99, '0099_later', '\\x00')");
    check(|error| matches!(error, PostgresError::NewerSchema { found, known } if found > known));
    cluster.psql(&options.url, "DELETE FROM migration WHERE number = 99");
    drop(node(&options));
    cluster.psql(&options.url, "UPDATE migration SET checksum = '\\x00' WHERE number = 1");
    check(
        |error| matches!(error, PostgresError::MigrationChanged(name) if name.starts_with("0001")),
    );
}

/// Goal: what only somebody can change is told from what may change by itself, with what to do.
#[test]
fn a_refusal_says_what_to_do() {
    let cluster = Cluster::start(Durability::Fast);
    let options = database(&cluster, Isolation::ReadCommitted);
    cluster.psql(&options.url, "CREATE ROLE guest LOGIN; CREATE ROLE absent");
    let user = |name: &str| {
        let (_, place) = options.url.split_once('@').unwrap();
        format!("postgres://{name}@{place}")
    };
    let (start, _) = options.url.rsplit_once('/').unwrap();
    for (url, expected) in [
        (format!("{start}/nothing"), "create it"),
        (user("nobody"), "check user"),
        (user("absent"), "check user"),
        (user("guest"), "own the schema"),
        (format!("{}?sslmode=require", options.url), "sslmode"),
        // Of several hosts, the one that says what is wrong is heard.
        (user("absent").replace('@', "@127.0.0.1:1,"), "check user"),
    ] {
        let error = Postgres::open(&super::options(url)).unwrap_err();
        assert!(matches!(error, PostgresError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let nobody = super::options("postgres://kassa@127.0.0.1:1/kassa".to_owned());
    let error = Postgres::open(&nobody).unwrap_err();
    assert!(matches!(error, PostgresError::OutOfReach(_)), "{error:?}");
}

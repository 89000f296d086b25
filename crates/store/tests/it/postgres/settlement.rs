//! Settlements by several nodes at once, and what keeps their accounts apart from others.

use std::sync::Barrier;
use std::thread;

use cluster::{Cluster, Durability, Isolation};
use ledger::{AccountKind, ChangeKind, House, PayOut, Row};
use store::PostgresStore;

use super::{database, node, on_each_isolation, verify, world};
use crate::settlement::{audit, payout, settle};
use crate::subject::dump;

/// Goal: the first settlement in a currency opens each account of the house once, whoever comes
/// first, and each settlement is booked once. Method: two nodes with two writers each settle the
/// same, all at once, in a company that has not settled before.
#[test]
fn the_first_settlements_at_once_open_one_account_each() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        let mut writers: Vec<PostgresStore> =
            nodes.iter().flat_map(|node| [node.writer(), node.writer()]).collect();
        world(&mut writers[0], 1);
        let start = Barrier::new(writers.len());
        let replies: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = writers
                .iter_mut()
                .map(|writer| {
                    scope.spawn(|| {
                        start.wait();
                        let all = (0..8).map(|number| payout(&format!("s{number}")));
                        let all: Vec<PayOut> = all.collect();
                        all.chunks(2).flat_map(|batch| settle(writer, batch)).collect::<Vec<_>>()
                    })
                })
                .collect();
            running.into_iter().map(|running| running.join().unwrap()).collect()
        });
        for number in 0..8 {
            let paid: Vec<_> = replies.iter().map(|of| of[number].unwrap()).collect();
            assert_eq!(paid.iter().filter(|paid| !paid.replayed).count(), 1, "{paid:?}");
            assert!(paid.iter().all(|one| one.settlement == paid[0].settlement), "{paid:?}");
        }
        let dump = verify(&nodes[1]);
        let opened = dump.rows().into_iter().filter(|row| match row {
            Row::Change(row) => row.kind == ChangeKind::HouseOpened,
            Row::Authorization(_) | Row::Transaction(_) => false,
        });
        let opened = opened.count();
        let debt_of = |house| {
            let kind = AccountKind::House(house);
            let mut found = dump.accounts.iter().filter(|account| account.kind == kind);
            (found.next().map(|account| account.balance.debt), found.count())
        };
        assert_eq!(opened, 2);
        assert_eq!(debt_of(House::Settlement), (Some(-7_200), 0));
        assert_eq!(debt_of(House::Fees), (Some(-800), 0));
    });
}

/// The database's own look at what the ledger decides, and what an audit says of a settlement that
/// somebody has changed in it.
#[test]
fn a_tampered_settlement_is_found() {
    let cluster = Cluster::start(Durability::Fast);
    let options = database(&cluster, Isolation::ReadCommitted);
    let node = node(&options);
    let mut writer = node.writer();
    world(&mut writer, 1);
    for source in ["s1", "s2"] {
        settle(&mut writer, &[payout(source)]).remove(0).unwrap();
    }
    verify(&node);
    for (change, back, broken) in [
        (
            "UPDATE transaction_ SET posted = posted + 1 WHERE kind = 8 AND source = 's1'",
            "UPDATE transaction_ SET posted = posted - 1 WHERE kind = 8 AND source = 's1'",
            "chain-unbroken",
        ),
        (
            "UPDATE transaction_ SET kind = 17 - kind WHERE source = 's2'",
            "UPDATE transaction_ SET kind = 17 - kind WHERE source = 's2'",
            "accounts-opened",
        ),
        (
            "UPDATE account SET debt = debt + 1 WHERE house = 0",
            "UPDATE account SET debt = debt - 1 WHERE house = 0",
            "balances-equal-entries",
        ),
        (
            "UPDATE account SET house = 1 WHERE house = 0",
            "UPDATE account SET house = 0 WHERE id = (SELECT MIN(id) FROM account \
             WHERE house IS NOT NULL)",
            "accounts-opened",
        ),
        (
            "UPDATE account SET house = NULL WHERE house = 1",
            "UPDATE account SET house = 1 WHERE id = (SELECT MAX(id) FROM account)",
            "accounts-opened",
        ),
    ] {
        cluster.psql(&options.url, change);
        let found = audit(&dump(node.source().open().unwrap().as_mut()));
        let names: Vec<_> = found.invariants.iter().filter(|it| !it.ok).map(|it| it.name).collect();
        assert!(names.contains(&broken), "{change}: {names:?}");
        cluster.psql(&options.url, back);
        verify(&node);
    }
    for refused in [
        "UPDATE account SET credit_limit = 1 WHERE house = 0",
        "UPDATE account SET reserved = 1 WHERE house = 0",
        "UPDATE account SET holder = 'x' WHERE house = 0",
        "UPDATE account SET house = 0 WHERE seller IS NOT NULL",
    ] {
        let sql = format!(
            "DO $$ BEGIN {refused}; RAISE 'was possible'; \
             EXCEPTION WHEN check_violation THEN NULL; END $$"
        );
        cluster.psql(&options.url, &sql);
    }
    verify(&node);
}

//! The hash chains: every row belongs to one seal, in order, and in a lane time never goes back.

use std::collections::HashMap;

use super::checks::Check;
use crate::ids::RowId;
use crate::journal::{Head, Lane, Row, Seal, Sealer};
use crate::time::Timestamp;

/// The chains up to the row that is audited.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The rows since the last seal.
    unsealed: Option<Unsealed>,
    lanes: HashMap<Lane, Head>,
    newest: RowId,
}

/// Rows without a seal so far.
#[derive(Debug)]
struct Unsealed {
    sealer: Sealer,
    /// The times of the oldest and the newest.
    oldest: Timestamp,
    at: Timestamp,
}

impl Chain {
    pub(super) fn newest(&self) -> RowId {
        self.newest
    }

    pub(super) fn row(&mut self, row: &Row, check: &mut Check) {
        let (id, newest, at) = (row.id(), self.newest, row.at());
        check.that(newest < id, || format!("row {} follows row {}", id.0, newest.0));
        self.newest = id;
        let new = || Unsealed { sealer: Sealer::default(), oldest: at, at };
        let unsealed = self.unsealed.get_or_insert_with(new);
        check_time(unsealed.at, at, id, check);
        unsealed.at = at;
        unsealed.sealer.add(row);
    }

    pub(super) fn seal(&mut self, seal: &Seal, check: &mut Check) {
        let head = self.lanes.entry(seal.lane).or_insert(Head::start(seal.lane));
        let rebuilt = self.unsealed.take().and_then(|unsealed| {
            check_time(unsealed.at, seal.at, seal.last, check);
            if let Some(before) = head.at {
                check_time(before, unsealed.oldest, seal.first, check);
            }
            unsealed.sealer.finish(*head, seal.at)
        });
        let is_same = rebuilt.as_ref() == Some(seal);
        check.that(is_same, || format!("the seal of row {} is not that of its rows", seal.last.0));
        *head = Head::after(seal);
    }

    /// What is left without a seal, after everything.
    pub(super) fn finish(&self, check: &mut Check) {
        let newest = self.newest;
        check.that(self.unsealed.is_none(), || format!("row {} is not sealed", newest.0));
    }
}

fn check_time(before: Timestamp, at: Timestamp, row: RowId, check: &mut Check) {
    check.that(at >= before, || format!("row {} is older than the one before", row.0));
}

#[cfg(test)]
mod tests {
    use crate::audit::story::{authorization, check, check_resealed, id_of, story, transaction};
    use crate::journal::{Head, Lane, Seal, Sealer};
    use crate::time::Timestamp;
    use crate::world::World;

    #[test]
    fn the_chain_must_be_unbroken() {
        let sealed = |what| [("chain-unbroken", what)];
        check(
            |w| transaction(w, "p1").receipt = Some("7".to_owned()),
            &sealed("the seal of row @p1"),
        );
        check(|w| authorization(w, "held").point_of_sale.clear(), &sealed("the seal of row @held"));
        check(
            |w| {
                w.seals.remove(&id_of(w, "p1"));
            },
            &sealed("the seal of row @p2"),
        );
        check(
            |w| {
                w.seals.pop_last();
            },
            &sealed("row @last is not sealed"),
        );
        check(
            |w| w.seals.get_mut(&id_of(w, "p1")).unwrap().hash = [7; 32],
            &sealed("the seal of row @p1"),
        );
        check_resealed(
            |w| authorization(w, "held").at = Timestamp(0),
            &[
                ("chain-unbroken", "row @held is older"),
                ("balances-equal-entries", "row @held has debt"),
            ],
        );
        check(
            |w| w.seals.get_mut(&id_of(w, "last")).unwrap().at = Timestamp(0),
            &sealed("row @last is older"),
        );
        let mut world = story();
        let id = id_of(&world, "refused");
        world.rows.remove(&id);
        let broken = |world: &World| world.verify().invariants[1].first_broken.clone().unwrap();
        assert_eq!(broken(&world), format!("the seal of row {} is not that of its rows", id.0));
        world.seals.remove(&id);
        let next = world.seals.range(id..).next().expect("a seal").1.last;
        assert_eq!(broken(&world), format!("the seal of row {} is not that of its rows", next.0));
    }

    #[test]
    fn each_lane_is_a_chain_of_its_own() {
        let mut world = story();
        let lanes = [Lane(0), Lane(1), Lane(2)];
        let mut heads = lanes.map(Head::start);
        for (count, seal) in world.seals.values_mut().enumerate() {
            let head = &mut heads[count % lanes.len()];
            let mut sealer = Sealer::default();
            world.rows.range(seal.first..=seal.last).for_each(|(_, row)| sealer.add(row));
            *seal = sealer.finish(*head, seal.at).expect("rows");
            *head = Head::after(seal);
        }
        assert!(world.verify().is_ok());
        let third = *world.seals.keys().nth(2).expect("a seal");
        let moved = Seal { lane: Lane(0), ..world.seals[&third].clone() };
        world.seals.insert(third, moved);
        assert!(!world.verify().is_ok(), "a seal is in the wrong lane");
    }
}

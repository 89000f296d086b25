//! Where a copy is, and how a store is cut.

use ledger::{AccountId, CardId, DocumentId, Key, RowId};

use super::ends::Summary;
use crate::codes::Coded;

/// What a copy takes next. The order is that in which an auditor wants to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Rows after this one, with their seals.
    Journal(RowId),
    /// Accounts after this one.
    Accounts(AccountId),
    /// Keys after this one.
    Keys(Option<Key>),
    /// Cards after this one.
    Cards(CardId),
    /// Documents after this one. Names and lists go with them.
    Documents(Option<DocumentId>),
    /// Companies, sellers and credentials.
    Directory,
    /// Nothing: everything is there.
    End,
}

/// How a store is cut into parcels. Source and target are cut at the same places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    pub(super) records: usize,
    /// The newest row that has a seal.
    newest: RowId,
    /// How far a parcel of keys reaches: they are hashes, and so evenly spread.
    key_step: u128,
}

impl Place {
    /// Where a copy begins.
    pub(crate) const START: Place = Place::Journal(RowId(i64::MIN));

    /// As three numbers, which is what a target can keep.
    pub(crate) fn numbers(self) -> [i64; 3] {
        match self {
            Place::Journal(after) => [1, after.0, 0],
            Place::Accounts(after) => [2, after.0, 0],
            Place::Keys(None) => [3, 0, 0],
            Place::Keys(Some(after)) => {
                let after = u128::from_be_bytes(after.0);
                let half = |bits| u64::try_from(bits).unwrap_or_default().cast_signed();
                [4, half(after >> 64), half(after & u128::from(u64::MAX))]
            }
            Place::Cards(after) => [5, after.0, 0],
            Place::Directory => [6, 0, 0],
            Place::End => [7, 0, 0],
            Place::Documents(None) => [8, 0, 0],
            Place::Documents(Some(after)) => [9, after.kind.code(), after.number],
        }
    }

    /// The place of three numbers.
    pub(crate) fn of(numbers: [i64; 3]) -> Option<Place> {
        match numbers {
            [1, after, _] => Some(Place::Journal(RowId(after))),
            [2, after, _] => Some(Place::Accounts(AccountId(after))),
            [3, ..] => Some(Place::Keys(None)),
            [4, high, low] => {
                let half = |bits: i64| u128::from(bits.cast_unsigned());
                let after = (half(high) << 64) | half(low);
                Some(Place::Keys(Some(Key(after.to_be_bytes()))))
            }
            [5, after, _] => Some(Place::Cards(CardId(after))),
            [6, ..] => Some(Place::Directory),
            [7, ..] => Some(Place::End),
            [8, ..] => Some(Place::Documents(None)),
            [9, kind, number] => {
                Some(Place::Documents(Some(DocumentId { kind: Coded::of(kind)?, number })))
            }
            _ => None,
        }
    }
}

impl Pages {
    pub(super) fn of(summary: &Summary, records: usize) -> Pages {
        let newest = summary.heads.iter().map(|head| head.last).max();
        let parcels = u128::from(summary.keys) / u128::try_from(records).unwrap_or(u128::MAX);
        Pages {
            records,
            newest: newest.unwrap_or_default(),
            key_step: u128::MAX / parcels.saturating_add(1),
        }
    }

    /// The last row of the parcel after `after`; none where that is everything else.
    pub(super) fn row_after(self, after: RowId) -> Option<RowId> {
        let records = i64::try_from(self.records).unwrap_or(i64::MAX);
        let until = RowId(after.0.max(0).saturating_add(records));
        (until < self.newest).then_some(until)
    }

    /// The last key of the parcel after `after`; none where that is everything else.
    pub(super) fn key_after(self, after: Option<Key>) -> Option<Key> {
        let after = after.map_or(0, |key| u128::from_be_bytes(key.0));
        let until = after.checked_add(self.key_step).filter(|until| *until < u128::MAX);
        until.map(|until| Key(until.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use ledger::Seal;
    use ledger::document::Kind;

    use super::*;

    #[test]
    fn places_are_read_as_they_are_kept() {
        for place in [
            Place::START,
            Place::Journal(RowId(7)),
            Place::Accounts(AccountId(i64::MAX)),
            Place::Keys(None),
            Place::Keys(Some(Key([0; 16]))),
            Place::Keys(Some(Key([0xff; 16]))),
            Place::Keys(Some(Key(*b"0123456789abcdef"))),
            Place::Cards(CardId(0)),
            Place::Documents(None),
            Place::Documents(Some(Kind::Numbers.id(i64::MIN))),
            Place::Documents(Some(Kind::Tally.id(i64::MAX))),
            Place::Directory,
            Place::End,
        ] {
            assert_eq!(Place::of(place.numbers()), Some(place));
        }
        assert_eq!((Place::of([0; 3]), Place::of([10, 0, 0])), (None, None));
        assert_eq!(Place::of([9, -1, 0]), None, "a kind of a newer program");
    }

    /// Parcels follow each other without a gap, and the last one has no end.
    #[test]
    fn pages_cover_everything() {
        for (newest, keys, records) in [(0, 0, 1), (1, 1, 1), (10, 7, 3), (10, 1_000, 4)] {
            let head = Seal {
                lane: ledger::Lane(0),
                number: 1,
                first: RowId(1),
                last: RowId(newest),
                rows: 1,
                at: ledger::Timestamp(0),
                hash: [0; 32],
            };
            let summary = Summary { heads: vec![head], keys, ..Summary::default() };
            let pages = Pages::of(&summary, records);
            let (mut after, mut parcels) = (RowId(i64::MIN), 1);
            while let Some(until) = pages.row_after(after) {
                assert!(until > after && until < RowId(newest));
                (after, parcels) = (until, parcels + 1);
            }
            assert!(parcels <= 1 + usize::try_from(newest).unwrap() / records);
            let (mut after, mut parcels) = (None, 1);
            while let Some(until) = pages.key_after(after) {
                assert!(Some(until) > after);
                (after, parcels) = (Some(until), parcels + 1);
            }
            let expected = 1 + keys / u64::try_from(records).unwrap();
            assert!((expected..=expected + 1).contains(&parcels), "{parcels} of {expected}");
        }
    }
}

//! What is counted: transactions by kind, with how many they are and what they sum up to.

use std::collections::BTreeMap;

use ledger::{Fields, PostingKind, TransactionKind};

/// A kind of transaction that changes what a seller is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// A monetary transaction. The cash part of a purchase is inside the purchase.
    Posting(PostingKind),
    /// What takes one back, or part of it.
    Correction(PostingKind),
    /// A settlement that the bank could not pay: it is owed again.
    Return,
}

/// How many, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// How much, in minor units. Never negative: the line tells the direction.
    pub minor: i64,
}

/// What transactions of one currency came to, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(pub BTreeMap<Line, Sum>);

impl Line {
    /// All of them.
    pub const ALL: [Line; 7] = [
        Line::Posting(PostingKind::Purchase),
        Line::Posting(PostingKind::CashWithdrawal),
        Line::Posting(PostingKind::Reversal),
        Line::Correction(PostingKind::Purchase),
        Line::Correction(PostingKind::CashWithdrawal),
        Line::Correction(PostingKind::Reversal),
        Line::Return,
    ];

    /// What a transaction counts as. `None` where it changes nothing that is owed, or is itself
    /// the payment of what was owed.
    pub fn of(kind: TransactionKind) -> Option<Line> {
        match kind {
            TransactionKind::Posting(kind) => Some(Line::Posting(kind)),
            TransactionKind::Correction(kind) => Some(Line::Correction(kind)),
            TransactionKind::SettlementReturn => Some(Line::Return),
            TransactionKind::Cancellation
            | TransactionKind::Expiry
            | TransactionKind::Settlement
            | TransactionKind::Fee => None,
        }
    }

    fn kind(self) -> TransactionKind {
        match self {
            Line::Posting(kind) => TransactionKind::Posting(kind),
            Line::Correction(kind) => TransactionKind::Correction(kind),
            Line::Return => TransactionKind::SettlementReturn,
        }
    }

    /// The word used in fields and APIs.
    pub fn as_str(self) -> &'static str {
        self.kind().as_str()
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Line> {
        Self::ALL.into_iter().find(|line| line.as_str() == word)
    }

    /// `minor` as a change of what the seller is owed: what the holder owes more, the seller is
    /// owed more.
    pub fn signed(self, minor: i64) -> i64 {
        self.kind().direction().map_or(0, |direction| direction.signed(minor))
    }
}

impl Sum {
    /// Both together. `None` where they are more than there are numbers for.
    pub fn plus(self, other: Sum) -> Option<Sum> {
        let count = self.count.checked_add(other.count)?;
        Some(Sum { count, minor: self.minor.checked_add(other.minor)? })
    }
}

impl Sums {
    /// Counts some more of one kind.
    pub fn add(&mut self, line: Line, sum: Sum) -> Option<()> {
        let before = self.0.entry(line).or_default();
        *before = before.plus(sum)?;
        Some(())
    }

    /// Both together.
    pub fn plus(mut self, other: &Sums) -> Option<Sums> {
        for (line, sum) in &other.0 {
            self.add(*line, *sum)?;
        }
        Some(self)
    }

    /// What the seller is owed for them, in minor units; below zero where it owes.
    pub fn owed(&self) -> Option<i64> {
        let mut lines = self.0.iter();
        lines.try_fold(0_i64, |owed, (line, sum)| owed.checked_add(line.signed(sum.minor)))
    }

    /// Whether something is counted that the seller has done: returns are the bank's.
    pub fn has_sellers(&self) -> bool {
        self.0.iter().any(|(line, sum)| *line != Line::Return && sum.count != 0)
    }

    /// Reads what [`Sums::fields`] wrote.
    pub(crate) fn of(fields: &Fields) -> Sums {
        let (counts, sums) = (fields.under("count."), fields.under("sum."));
        let line = |(word, _): (&str, &str)| {
            let sum = Sum { count: counts.number(word)?, minor: sums.number(word)? };
            Some((Line::parse(word)?, sum))
        };
        Sums(counts.iter().filter_map(line).collect())
    }

    /// The fields that say it.
    pub(crate) fn fields(&self) -> Fields {
        self.0.iter().fold(Fields::default(), |fields, (line, sum)| {
            let word = line.as_str();
            fields
                .with(format!("count.{word}"), Some(sum.count.to_string()))
                .with(format!("sum.{word}"), Some(sum.minor.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_owed_or_owes() {
        let shown: Vec<String> =
            Line::ALL.iter().map(|line| format!("{} {}", line.as_str(), line.signed(1))).collect();
        assert_eq!(
            shown,
            [
                "purchase 1",
                "cash-withdrawal 1",
                "reversal -1",
                "purchase-correction -1",
                "cash-withdrawal-correction -1",
                "reversal-correction 1",
                "settlement-return 1",
            ]
        );
        for line in Line::ALL {
            assert_eq!(
                (Line::parse(line.as_str()), Line::of(line.kind())),
                (Some(line), Some(line))
            );
        }
        let counted = TransactionKind::ALL.into_iter().filter_map(Line::of).count();
        assert_eq!(counted, Line::ALL.len());
    }

    #[test]
    fn sums_are_read_again_and_do_not_overflow_in_silence() {
        let (sale, refund) = (Line::ALL[0], Line::ALL[2]);
        let mut sums = Sums::default();
        sums.add(sale, Sum { count: 2, minor: 500 }).unwrap();
        sums.add(refund, Sum { count: 1, minor: 700 }).unwrap();
        assert_eq!((sums.owed(), Sums::of(&sums.fields())), (Some(-200), sums.clone()));
        let most = Sum { count: 1, minor: i64::MAX };
        assert_eq!(sums.clone().add(sale, most), None);
        assert_eq!(sums.plus(&Sums::default()).unwrap().0.len(), 2);
        assert!(!Sums::default().has_sellers());
        let mut returned = Sums::default();
        returned.add(Line::Return, Sum { count: 1, minor: 1 }).unwrap();
        assert!(!returned.has_sellers());
        returned.add(refund, Sum { count: 1, minor: 1 }).unwrap();
        assert!(returned.has_sellers());
    }
}

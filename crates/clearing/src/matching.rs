//! Two sides' items against each other: what both have, what one has only, and what they have
//! differently.
//!
//! Invariant: every item of either side is in exactly one finding, and the order in which items
//! come changes nothing.

use std::collections::{BTreeMap, VecDeque};

use ledger::{Currency, Date};

use crate::exception::{Amount, Reason};

/// One thing that a side says of money. Items of the same kind with the same reference, within the
/// same, are about the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// By what both sides know it.
    pub reference: String,
    /// In what the reference tells things apart: a company's number. Empty where it is everything.
    pub within: String,
    /// The word of its kind.
    pub kind: String,
    /// Of ours: whether the other side need not have it, as what is of a day before. Of theirs:
    /// whether it is known that it does not agree, so that nothing has to be found of it.
    pub is_settled: bool,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The company's number, where it is known.
    pub company: Option<String>,
    /// The seller's number, where it is known.
    pub seller: Option<String>,
    /// The day it is about.
    pub day: Option<Date>,
    /// Of ours: the row of the journal that it is, or that began it. Of theirs: the line.
    pub number: i64,
    /// Where it was said, for people.
    pub place: String,
}

/// What became of one item, or of one of each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub outcome: Outcome,
    /// Our item.
    pub ours: Option<Item>,
    /// Theirs.
    pub theirs: Option<Item>,
    /// Which finding this is, from 1, of those with the same outcome, kind and reference.
    pub nth: usize,
}

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Both sides have it alike.
    Matched,
    /// We have it, the other side does not, and need not.
    NotDue,
    /// The other side has it, and it is known that it does not agree.
    Known,
    /// We have it, and the other side does not.
    Missing,
    /// The other side has it, and we do not.
    Extra,
    /// Both have it, with different amounts.
    AmountDiffers,
    /// Both have it, in different currencies.
    CurrencyDiffers,
    /// The other side has it once more than we do.
    Duplicate,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 8] = [
        Outcome::Matched,
        Outcome::NotDue,
        Outcome::Known,
        Outcome::Missing,
        Outcome::Extra,
        Outcome::AmountDiffers,
        Outcome::CurrencyDiffers,
        Outcome::Duplicate,
    ];

    /// The word used in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Matched => "matched",
            Outcome::NotDue => "not-due",
            Outcome::Known => "known",
            Outcome::Missing => "missing",
            Outcome::Extra => "extra",
            Outcome::AmountDiffers => "amount-differs",
            Outcome::CurrencyDiffers => "currency-differs",
            Outcome::Duplicate => "duplicate",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Outcome> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Why people have to look at it; `None` where they need not.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Outcome::Matched | Outcome::NotDue | Outcome::Known => None,
            Outcome::Missing => Some(Reason::Missing),
            Outcome::Extra => Some(Reason::Extra),
            Outcome::AmountDiffers => Some(Reason::AmountDiffers),
            Outcome::CurrencyDiffers => Some(Reason::CurrencyDiffers),
            Outcome::Duplicate => Some(Reason::Duplicate),
        }
    }
}

impl Item {
    /// Its amount.
    pub fn amount(&self) -> Amount {
        Amount { minor: self.amount_minor, currency: self.currency }
    }

    /// The order in which the items of one thing are looked at: everything that tells two apart.
    fn order(&self) -> impl Ord + '_ {
        let Item {
            is_settled, amount_minor, currency, company, seller, day, number, place, ..
        } = self;
        (is_settled, currency.code(), amount_minor, number, place, company, seller, day)
    }
}

impl Finding {
    /// An item that it is about: ours, where there is one.
    pub fn item(&self) -> Option<&Item> {
        self.ours.as_ref().or(self.theirs.as_ref())
    }
}

/// What two sides have of one thing, sorted.
#[derive(Default)]
struct Group {
    ours: Vec<Item>,
    theirs: Vec<Item>,
    /// Those of theirs that are known not to agree.
    known: Vec<Item>,
}

/// Compares two sides. All items of one kind and reference must be among the given ones.
///
/// Of one thing, items that are alike are paired first, then those of one currency, then the rest.
/// What is left of the other side is extra, if there is nothing of ours and it is the first, and a
/// duplicate otherwise. What is known not to agree gets what nothing else is paired with.
pub fn compare(ours: Vec<Item>, theirs: Vec<Item>) -> Vec<Finding> {
    let mut groups: BTreeMap<[String; 3], Group> = BTreeMap::new();
    let name = |item: &Item| [item.kind.clone(), item.within.clone(), item.reference.clone()];
    for item in ours {
        groups.entry(name(&item)).or_default().ours.push(item);
    }
    for item in theirs {
        let group = groups.entry(name(&item)).or_default();
        let side = if item.is_settled { &mut group.known } else { &mut group.theirs };
        side.push(item);
    }
    groups.into_values().flat_map(compare_group).collect()
}

fn compare_group(mut group: Group) -> Vec<Finding> {
    // What the other side has to have comes first, and gets what there is.
    group.ours.sort_by(|one, other| one.order().cmp(&other.order()));
    group.theirs.sort_by(|one, other| one.order().cmp(&other.order()));
    group.known.sort_by(|one, other| one.order().cmp(&other.order()));
    let has_ours = !group.ours.is_empty();
    let mut found = Findings::default();
    found.pair(&mut group, Outcome::Matched, |item| (item.currency.code(), item.amount_minor));
    found.pair(&mut group, Outcome::AmountDiffers, |item| item.currency.code());
    found.pair(&mut group, Outcome::CurrencyDiffers, |_| ());
    let rest = std::mem::replace(&mut group.theirs, std::mem::take(&mut group.known));
    found.pair(&mut group, Outcome::Known, |_| ());
    for item in std::mem::replace(&mut group.theirs, rest) {
        found.add(Outcome::Known, None, Some(item));
    }
    for item in group.ours {
        let outcome = if item.is_settled { Outcome::NotDue } else { Outcome::Missing };
        found.add(outcome, Some(item), None);
    }
    for (at, item) in group.theirs.into_iter().enumerate() {
        let is_first = at == 0 && !has_ours;
        let outcome = if is_first { Outcome::Extra } else { Outcome::Duplicate };
        found.add(outcome, None, Some(item));
    }
    found.all
}

/// The findings of a group.
#[derive(Default)]
struct Findings {
    all: Vec<Finding>,
    counts: BTreeMap<Outcome, usize>,
}

impl Findings {
    fn add(&mut self, outcome: Outcome, ours: Option<Item>, theirs: Option<Item>) {
        let count = self.counts.entry(outcome).or_default();
        *count = count.saturating_add(1);
        self.all.push(Finding { outcome, ours, theirs, nth: *count });
    }

    /// Takes pairs out of a group that are the same by `key`, as many as there are, in the order of
    /// ours. What is left stays in order.
    fn pair<K: Ord>(&mut self, group: &mut Group, outcome: Outcome, key: impl Fn(&Item) -> K) {
        let mut theirs: BTreeMap<K, VecDeque<Item>> = BTreeMap::new();
        for item in std::mem::take(&mut group.theirs) {
            theirs.entry(key(&item)).or_default().push_back(item);
        }
        for ours in std::mem::take(&mut group.ours) {
            match theirs.get_mut(&key(&ours)).and_then(VecDeque::pop_front) {
                Some(theirs) => self.add(outcome, Some(ours), Some(theirs)),
                None => group.ours.push(ours),
            }
        }
        group.theirs = theirs.into_values().flatten().collect();
    }
}

#[cfg(test)]
mod tests;

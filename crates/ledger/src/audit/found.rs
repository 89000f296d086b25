//! Documents: what leads to them is what they say themselves.
//!
//! Documents, names and lists come in any order. Instead of every name and list, each block of
//! documents keeps the sums of what its documents say less what is shown. A sum that is not zero
//! is a finding; one too few or too many names its document, anything else its block.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::checks::Check;
use crate::document::{Document, DocumentId, Kind};

/// Documents that share one tally.
const DOCUMENTS_PER_TALLY: i64 = 256;

/// What leads to documents, so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    tallies: BTreeMap<(Kind, i64), Tally>,
}

/// By what a document is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead<'t> {
    Name(&'t str),
    List(&'t str),
}

/// What the documents of a block say less what is shown for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    count: i64,
    numbers: i64,
    mix: u128,
}

impl Found {
    /// A document says by what it is found.
    pub(super) fn document(&mut self, document: &Document, check: &mut Check) {
        check.that(true, String::new);
        let names = document.names.iter().map(|name| Lead::Name(name));
        let lists = document.lists.iter().map(|list| Lead::List(list));
        for lead in names.chain(lists) {
            let tally = self.tally(document.id);
            tally.count = tally.count.saturating_add(1);
            tally.numbers = tally.numbers.wrapping_add(document.id.number);
            tally.mix = tally.mix.wrapping_add(mix(lead, document.id));
        }
    }

    /// What leads to a document is shown.
    pub(super) fn lead(&mut self, lead: Lead<'_>, id: DocumentId) {
        let tally = self.tally(id);
        tally.count = tally.count.saturating_sub(1);
        tally.numbers = tally.numbers.wrapping_sub(id.number);
        tally.mix = tally.mix.wrapping_sub(mix(lead, id));
    }

    /// What does not add up, after everything.
    pub(super) fn finish(&self, check: &mut Check) {
        let tallies = self.tallies.iter().filter(|(_, tally)| **tally != Tally::default());
        for ((kind, block), tally) in tallies {
            check.that(false, || tally.finding(*kind, *block));
        }
    }

    fn tally(&mut self, id: DocumentId) -> &mut Tally {
        self.tallies.entry((id.kind, id.number.div_euclid(DOCUMENTS_PER_TALLY))).or_default()
    }
}

impl Tally {
    fn finding(self, kind: Kind, block: i64) -> String {
        let kind = kind.as_str();
        match self.count {
            1 => format!("{kind} {} is not found by a name or on a list", self.numbers),
            -1 => {
                let number = self.numbers.wrapping_neg();
                format!("{kind} {number} is found by what it does not say")
            }
            _ => {
                let first = block.saturating_mul(DOCUMENTS_PER_TALLY);
                let last = first.saturating_add(DOCUMENTS_PER_TALLY).saturating_sub(1);
                format!("the names and lists of {kind} {first} to {last} are not theirs")
            }
        }
    }
}

/// Ties a name or a list to its document.
fn mix(lead: Lead<'_>, id: DocumentId) -> u128 {
    let (tag, text) = match lead {
        Lead::Name(name) => (b'n', name),
        Lead::List(list) => (b'l', list),
    };
    let mut hash = Sha256::new();
    hash.update([tag]);
    hash.update(id.kind.as_str());
    hash.update(id.number.to_be_bytes());
    hash.update(text);
    let hash = <[u8; 32]>::from(hash.finalize());
    hash.first_chunk().map_or(0, |start| u128::from_be_bytes(*start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Auditor, DOCUMENTS_FOUND};
    use crate::document::Fields;

    fn document(number: i64, names: &[&str], lists: &[&str]) -> Document {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let found = Document::new(Kind::Terminal.id(number), Fields::default());
        Document { names: owned(names), lists: owned(lists), ..found }
    }

    /// Shows documents that say this, and what leads to them: `n` and `l`, a text and a number.
    /// The finding, if there is one.
    #[track_caller]
    fn check(leads: &[(char, &str, i64)], expected: Option<&str>) {
        let mut auditor = Auditor::new();
        auditor.document(&document(1, &["a", "b"], &["x"]));
        auditor.document(&document(2, &[], &["x", "y"]));
        auditor.document(&document(300, &["c"], &[]));
        for (lead, text, number) in leads {
            let id = Kind::Terminal.id(*number);
            if *lead == 'n' { auditor.name(text, id) } else { auditor.listed(text, id) }
        }
        let found = auditor.finish();
        let invariant = found.invariants.last().unwrap();
        assert_eq!(invariant.name, DOCUMENTS_FOUND);
        assert_eq!(
            (invariant.first_broken.as_deref(), invariant.ok),
            (expected, expected.is_none())
        );
        assert!(invariant.figure >= 3);
    }

    const ALL: [(char, &str, i64); 6] = [
        ('l', "y", 2),
        ('n', "a", 1),
        ('n', "c", 300),
        ('l', "x", 2),
        ('n', "b", 1),
        ('l', "x", 1),
    ];

    #[test]
    fn what_leads_to_a_document_is_what_it_says() {
        check(&ALL, None);
        check(&ALL[1..], Some("terminal 2 is not found by a name or on a list"));
        let more = |lead| [&ALL[..], &[lead]].concat();
        check(&more(('n', "z", 2)), Some("terminal 2 is found by what it does not say"));
        check(&more(('l', "z", 9)), Some("terminal 9 is found by what it does not say"));
        check(&more(('n', "c", 300)), Some("terminal 300 is found by what it does not say"));
        let other = |at: usize, lead| {
            let mut leads = ALL;
            leads[at] = lead;
            leads
        };
        let first = Some("the names and lists of terminal 0 to 255 are not theirs");
        check(&other(0, ('n', "y", 2)), first);
        check(&other(0, ('l', "z", 2)), first);
        check(&other(0, ('l', "y", 1)), first);
        check(&other(0, ('n', "y", 300)), Some("terminal 2 is not found by a name or on a list"));
    }
}

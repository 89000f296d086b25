//! The audit: recomputes everything that must hold from the journal alone, and compares it with
//! what is stored.
//!
//! A store shows an [`Auditor`] all that it holds, in one consistent state and in this order: rows
//! ascending, each seal right after its last row, then accounts, then keys, and documents with
//! what leads to them in any order. It needs memory for every account, card, company and seller,
//! for the authorizations and transactions between their row and the newest row that is made on
//! them, and a few bytes for every 256 rows or documents; never for every row.
//!
//! Invariant: an audit never panics, whatever it is shown; what is wrong is a finding.

mod accounts;
mod authorizations;
mod chain;
mod changes;
mod checks;
mod found;
mod keys;
mod parents;
mod standing;
#[cfg(test)]
mod story;
mod transactions;

use crate::document::{Document, DocumentId};
use crate::ids::{Key, RowId};
use crate::journal::{Row, Seal};
use chain::Chain;
use checks::Checks;
use found::{Found, Lead};
use keys::Keys;
use parents::Parents;
use standing::Standing;

/// The invariant that documents are found by the names and on the lists that they say, and by
/// nothing else.
pub const DOCUMENTS_FOUND: &str = "documents-found-as-they-say";

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// All invariants, in a fixed order.
    pub invariants: Vec<Invariant>,
}

/// One thing that must always hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// Whether it held everywhere.
    pub ok: bool,
    /// How many times it was checked; for `postings-sum-to-zero`, what is left over in minor units.
    pub figure: i64,
    /// The first record that breaks it, and how.
    pub first_broken: Option<String>,
}

impl Verification {
    /// Whether every invariant held.
    pub fn is_ok(&self) -> bool {
        self.invariants.iter().all(|invariant| invariant.ok)
    }
}

/// Is shown a store's content piece by piece, and says what does not hold.
#[derive(Debug, Default)]
pub struct Auditor {
    checks: Checks,
    chain: Chain,
    standing: Standing,
    parents: Parents,
    keys: Keys,
    found: Found,
}

impl Auditor {
    /// An auditor that has seen nothing.
    pub fn new() -> Auditor {
        Auditor::default()
    }

    /// Shows it the next row.
    pub fn row(&mut self, row: &Row) {
        self.checks.rows_readable.that(true, String::new);
        self.chain.row(row, &mut self.checks.chain_unbroken);
        match row {
            Row::Authorization(row) => self.authorization(row),
            Row::Transaction(row) => self.transaction(row),
            Row::Change(row) => self.change(row),
        }
    }

    /// Shows it the seal of the rows since the last one.
    pub fn seal(&mut self, seal: &Seal) {
        self.chain.seal(seal, &mut self.checks.chain_unbroken);
    }

    /// Shows it a row that cannot be read: where, and why.
    pub fn unreadable(&mut self, what: &str) {
        self.checks.rows_readable.that(false, || what.to_owned());
    }

    /// Shows it a key and the row that used it.
    pub fn key(&mut self, key: Key, row: RowId) {
        let newest = self.chain.newest();
        self.keys.key(key, row, newest, &mut self.checks.keys_used_once);
    }

    /// Shows it a document.
    pub fn document(&mut self, document: &Document) {
        self.found.document(document, &mut self.checks.documents_found);
    }

    /// Shows it a name and the document that is found by it.
    pub fn name(&mut self, name: &str, id: DocumentId) {
        self.found.lead(Lead::Name(name), id);
    }

    /// Shows it a list and a document that is on it.
    pub fn listed(&mut self, list: &str, id: DocumentId) {
        self.found.lead(Lead::List(list), id);
    }

    /// Ends the audit.
    pub fn finish(mut self) -> Verification {
        let checks = &mut self.checks;
        self.chain.finish(&mut checks.chain_unbroken);
        self.standing.finish(&mut checks.accounts_opened);
        self.parents.finish(checks);
        self.keys.finish(&mut checks.keys_used_once);
        self.found.finish(&mut checks.documents_found);
        let trial_balance = self.standing.trial_balance();
        let sums = &mut checks.postings_sum_to_zero;
        for ((company, currency), sum) in &trial_balance {
            let what = || format!("company {} has {sum} left over in {currency}", company.0);
            sums.that(*sum == 0, what);
        }
        let left_over = trial_balance.values().fold(0_i128, |all, sum| {
            all.saturating_add(i128::try_from(sum.unsigned_abs()).unwrap_or(i128::MAX))
        });
        sums.figure = i64::try_from(left_over).unwrap_or(i64::MAX);
        self.checks.report()
    }
}

#[cfg(test)]
mod tests {
    use super::story::{check_findings, story};
    use super::{Auditor, DOCUMENTS_FOUND};

    #[test]
    fn what_was_written_by_the_verbs_is_in_order() {
        let world = story();
        let verification = world.verify();
        assert!(verification.is_ok(), "{verification:#?}");
        for invariant in &verification.invariants {
            // A sum, and what verbs of other crates write.
            let is_zero = ["postings-sum-to-zero", DOCUMENTS_FOUND];
            let is_zero = is_zero.contains(&invariant.name);
            assert_eq!(invariant.figure == 0, is_zero, "{invariant:?}");
        }
        let rows = i64::try_from(world.rows.len()).unwrap();
        assert_eq!(verification.invariants[0].figure, rows);
        assert!(Auditor::new().finish().is_ok(), "nothing is in order");
    }

    #[test]
    fn rows_must_be_readable() {
        let mut auditor = Auditor::new();
        auditor.unreadable("row 7: bad kind");
        let found = auditor.finish();
        check_findings(&found, &story(), &[("rows-readable", "row 7: bad kind")]);
    }
}

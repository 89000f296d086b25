//! The invariants, as far as they have been checked.

use super::{DOCUMENTS_FOUND, Invariant, Verification};

/// The invariants, in the order in which they are reported.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) rows_readable: Check,
    pub(super) chain_unbroken: Check,
    pub(super) accounts_opened: Check,
    pub(super) postings_sum_to_zero: Check,
    pub(super) balances_equal_entries: Check,
    pub(super) reserved_equals_open: Check,
    pub(super) approved_within_limit: Check,
    pub(super) declined_for_cause: Check,
    pub(super) declined_reserve_nothing: Check,
    pub(super) no_overdraft_but_offline: Check,
    pub(super) no_capture_over_authorization: Check,
    pub(super) no_correction_over_transaction: Check,
    pub(super) keys_used_once: Check,
    pub(super) documents_found: Check,
}

/// One invariant so far.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) figure: i64,
    first_broken: Option<String>,
}

impl Checks {
    pub(super) fn report(self) -> Verification {
        let invariants = vec![
            self.rows_readable.named("rows-readable"),
            self.chain_unbroken.named("chain-unbroken"),
            self.accounts_opened.named("accounts-opened"),
            self.postings_sum_to_zero.named("postings-sum-to-zero"),
            self.balances_equal_entries.named("balances-equal-entries"),
            self.reserved_equals_open.named("reserved-equals-open-authorizations"),
            self.approved_within_limit.named("approved-within-limit"),
            self.declined_for_cause.named("declined-for-cause"),
            self.declined_reserve_nothing.named("declined-reserve-nothing"),
            self.no_overdraft_but_offline.named("no-overdraft-but-offline"),
            self.no_capture_over_authorization.named("no-capture-over-authorization"),
            self.no_correction_over_transaction.named("no-correction-over-transaction"),
            self.keys_used_once.named("keys-used-once"),
            self.documents_found.named(DOCUMENTS_FOUND),
        ];
        Verification { invariants }
    }
}

impl Check {
    /// Counts one check; `what` says what is wrong where it does not hold.
    pub(super) fn that(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.figure = self.figure.saturating_add(1);
        if !holds {
            self.first_broken.get_or_insert_with(what);
        }
    }

    pub(super) fn result<T>(&mut self, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => {
                self.that(true, String::new);
                Some(value)
            }
            Err(what) => {
                self.that(false, || what);
                None
            }
        }
    }

    fn named(self, name: &'static str) -> Invariant {
        let ok = self.first_broken.is_none();
        Invariant { name, ok, figure: self.figure, first_broken: self.first_broken }
    }
}

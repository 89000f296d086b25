//! What is made on authorizations and transactions: never more than they are.
//!
//! A row that has children is kept from when it is shown until its newest child is shown; what
//! names it later is a finding.

use std::collections::BTreeMap;

use super::checks::{Check, Checks};
use crate::authorization::{Authorization, AuthorizationKind, AuthorizationState};
use crate::ids::{AccountId, CompanyId, RowId, SellerId};
use crate::money::Currency;
use crate::time::Timestamp;
use crate::transaction::{Transaction, TransactionKind};

/// Authorizations and transactions whose children have not all been shown.
#[derive(Debug, Default)]
pub(super) struct Parents {
    authorizations: BTreeMap<i64, Authorized>,
    transactions: BTreeMap<i64, Posted>,
}

#[derive(Debug)]
struct Authorized {
    family: Family,
    kind: AuthorizationKind,
    expires_at: Timestamp,
    state: AuthorizationState,
    /// The state that the children so far have led to.
    state_so_far: AuthorizationState,
}

#[derive(Debug)]
struct Posted {
    family: Family,
    /// The kind of what may take it back.
    child: TransactionKind,
    payable: AccountId,
}

/// A row and the rows that are made on it.
#[derive(Debug)]
struct Family {
    company: CompanyId,
    seller: SellerId,
    account: AccountId,
    currency: Currency,
    /// How much it allows.
    amount: i64,
    /// How much is used, as stored.
    used: i64,
    /// The newest child, as stored.
    last_child: RowId,
    /// How much the children so far use.
    used_so_far: i64,
    newest_child: RowId,
}

impl Parents {
    pub(super) fn authorization(&mut self, row: &Authorization, check: &mut Check) {
        if row.declined.is_some() {
            return;
        }
        if row.last_child == RowId(0) {
            let is_untouched = match row.state {
                AuthorizationState::Live | AuthorizationState::Declined => row.taken == 0,
                AuthorizationState::Cancelled | AuthorizationState::Expired => false,
            };
            let what = || format!("authorization {} is used by nothing", row.id.0);
            check.that(is_untouched, what);
            return;
        }
        let family = Family {
            company: row.company,
            seller: row.seller,
            account: row.account,
            currency: row.currency,
            amount: row.amount,
            used: row.taken,
            last_child: row.last_child,
            used_so_far: 0,
            newest_child: RowId(0),
        };
        let authorized = Authorized {
            family,
            kind: row.kind,
            expires_at: row.expires_at,
            state: row.state,
            state_so_far: AuthorizationState::Live,
        };
        self.authorizations.insert(row.id.0, authorized);
    }

    pub(super) fn transaction(&mut self, row: &Transaction, checks: &mut Checks) {
        self.keep(row, &mut checks.no_correction_over_transaction);
        let captures = &mut checks.no_capture_over_authorization;
        let corrections = &mut checks.no_correction_over_transaction;
        match (row.kind, row.corrects, row.authorization) {
            (TransactionKind::Correction(_), Some(parent), _)
            | (TransactionKind::SettlementReturn, Some(parent), None) => {
                let (corrects, id) = (self.correct(parent.0, row), row.id.0);
                corrections.that(corrects, || {
                    format!("transaction {id} does not correct {} as it may", parent.0)
                });
            }
            (
                TransactionKind::Posting(_)
                | TransactionKind::Cancellation
                | TransactionKind::Expiry,
                None,
                Some(parent),
            ) => {
                let (takes, id) = (self.take(parent.0, row), row.id.0);
                captures.that(takes, || {
                    format!("transaction {id} does not take from {} as it may", parent.0)
                });
            }
            (TransactionKind::Posting(_), None, None) => {
                let is_alone = row.released == 0 && row.sibling == RowId(0) && row.posted > 0;
                let what = || format!("transaction {} is offline and takes", row.id.0);
                captures.that(is_alone, what);
            }
            (TransactionKind::Settlement | TransactionKind::Fee, None, None) => {
                let is_alone = row.released == 0 && row.sibling == RowId(0) && row.posted > 0;
                let is_plain = row.withdrawal.is_none() && !row.offline_info;
                captures.that(is_alone && is_plain, || {
                    format!("transaction {} settles, and does more or nothing", row.id.0)
                });
            }
            (TransactionKind::Correction(_) | TransactionKind::SettlementReturn, None, _) => {
                corrections.that(false, || format!("transaction {} corrects nothing", row.id.0));
            }
            (
                TransactionKind::Posting(_)
                | TransactionKind::Cancellation
                | TransactionKind::Expiry,
                Some(_),
                _,
            )
            | (TransactionKind::Cancellation | TransactionKind::Expiry, None, None)
            | (
                TransactionKind::Settlement
                | TransactionKind::Fee
                | TransactionKind::SettlementReturn,
                _,
                Some(_),
            )
            | (TransactionKind::Settlement | TransactionKind::Fee, Some(_), None) => {
                captures.that(false, || format!("transaction {} is on nothing", row.id.0));
            }
        }
    }

    /// Whether nothing is kept.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.authorizations.is_empty() && self.transactions.is_empty()
    }

    /// What was promised and never came, after everything.
    pub(super) fn finish(&self, checks: &mut Checks) {
        if let Some((id, row)) = self.authorizations.first_key_value() {
            checks.no_capture_over_authorization.that(false, || row.family.unfinished(*id));
        }
        if let Some((id, row)) = self.transactions.first_key_value() {
            checks.no_correction_over_transaction.that(false, || row.family.unfinished(*id));
        }
    }

    /// Keeps a transaction that has corrections.
    fn keep(&mut self, row: &Transaction, check: &mut Check) {
        if row.last_child == RowId(0) {
            check.that(row.corrected == 0, || {
                format!("transaction {} is corrected by nothing", row.id.0)
            });
            return;
        }
        let Some(child) = row.kind.taken_back_by() else {
            check.that(false, || format!("transaction {} cannot be corrected", row.id.0));
            return;
        };
        let family = Family {
            company: row.company,
            seller: row.seller,
            account: row.account,
            currency: row.currency,
            amount: row.posted,
            used: row.corrected,
            last_child: row.last_child,
            used_so_far: 0,
            newest_child: RowId(0),
        };
        self.transactions.insert(row.id.0, Posted { family, child, payable: row.payable });
    }

    /// Whether a row may take from its authorization; a parent whose newest child it is, is done.
    fn take(&mut self, id: i64, row: &Transaction) -> bool {
        let Some(parent) = self.authorizations.get_mut(&id) else { return false };
        let rest = parent.family.rest();
        let follows = parent.family.follows(row);
        let freed = match row.kind {
            TransactionKind::Posting(_) => row.posted,
            TransactionKind::Correction(_)
            | TransactionKind::Cancellation
            | TransactionKind::Expiry
            | TransactionKind::Settlement
            | TransactionKind::Fee
            | TransactionKind::SettlementReturn => rest,
        };
        let is_freed = row.released == if parent.kind.reserves() { freed } else { 0 };
        let is_open = parent.state_so_far == AuthorizationState::Live && rest > 0;
        let is_in_time = row.at < parent.expires_at;
        let is_allowed = match row.kind {
            TransactionKind::Posting(kind) => {
                is_in_time && parent.kind.allows() == kind && row.posted > 0
            }
            TransactionKind::Cancellation => {
                parent.state_so_far = AuthorizationState::Cancelled;
                is_in_time && row.posted == 0
            }
            TransactionKind::Expiry => {
                parent.state_so_far = AuthorizationState::Expired;
                !is_in_time && row.posted == 0
            }
            TransactionKind::Correction(_)
            | TransactionKind::Settlement
            | TransactionKind::Fee
            | TransactionKind::SettlementReturn => false,
        };
        let fits = follows && is_freed && is_open && is_allowed;
        if parent.family.newest_child != parent.family.last_child {
            return fits;
        }
        let is_as_stored =
            parent.family.used_so_far == parent.family.used && parent.state_so_far == parent.state;
        self.authorizations.remove(&id);
        fits && is_as_stored
    }

    /// Whether a row may correct its transaction.
    fn correct(&mut self, id: i64, row: &Transaction) -> bool {
        let Some(parent) = self.transactions.get_mut(&id) else { return false };
        // A settlement comes back whole.
        let is_enough = match row.kind {
            TransactionKind::SettlementReturn => row.posted == parent.family.amount,
            TransactionKind::Posting(_)
            | TransactionKind::Correction(_)
            | TransactionKind::Cancellation
            | TransactionKind::Expiry
            | TransactionKind::Settlement
            | TransactionKind::Fee => true,
        };
        let fits = parent.family.follows(row)
            && row.kind == parent.child
            && row.payable == parent.payable
            && is_enough
            && row.posted > 0
            && row.released == 0;
        if parent.family.newest_child != parent.family.last_child {
            return fits;
        }
        let is_as_stored = parent.family.used_so_far == parent.family.used;
        self.transactions.remove(&id);
        fits && is_as_stored
    }
}

impl Family {
    fn rest(&self) -> i64 {
        self.amount.saturating_sub(self.used_so_far)
    }

    /// Makes a row the newest child; whether it is of the family and leaves nothing below zero.
    fn follows(&mut self, row: &Transaction) -> bool {
        let is_of_it = row.company == self.company
            && row.seller == self.seller
            && row.account == self.account
            && row.currency == self.currency;
        let is_next = row.sibling == self.newest_child;
        self.used_so_far = self.used_so_far.saturating_add(row.posted);
        self.newest_child = RowId(row.id.0);
        is_of_it && is_next && self.used_so_far <= self.amount
    }

    fn unfinished(&self, id: i64) -> String {
        format!("row {id} has a newest child {}, which is none of its", self.last_child.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::Auditor;
    use crate::audit::story::{
        authorization, check, check_resealed, first, id_of, story, transaction,
    };
    use crate::authorization::{AuthorizationKind, AuthorizationState};
    use crate::ids::{RowId, TransactionId};
    use crate::transaction::{PostingKind, TransactionKind};

    #[test]
    fn nothing_is_kept_of_rows_that_are_complete() {
        let mut auditor = Auditor::new();
        story().rows.values().for_each(|row| auditor.row(row));
        assert!(auditor.parents.is_empty());
    }

    #[test]
    fn captures_must_be_within_their_authorization() {
        let is = |what| [("no-capture-over-authorization", what)];
        check(
            |w| authorization(w, "full").last_child = RowId(0),
            &is("authorization @full is used"),
        );
        check(
            |w| authorization(w, "full").last_child = id_of(w, "last"),
            &is("row @full has a newest child @last"),
        );
        check(|w| authorization(w, "credit").taken += 1, &is("transaction @r1 does not take"));
        check(|w| authorization(w, "void").state = AuthorizationState::Live, &is("transaction"));
        check(
            |w| authorization(w, "void").last_child = RowId(0),
            &is("authorization @void is used by nothing"),
        );
        check_resealed(
            |w| transaction(w, "p2").sibling = RowId(0),
            &is("transaction @p2 does not take from @full"),
        );
        check_resealed(
            |w| transaction(w, "p2").authorization = None,
            &is("transaction @p2 is offline and takes"),
        );
        check_resealed(
            |w| authorization(w, "full").kind = AuthorizationKind::CashWithdrawal,
            &is("transaction @p1 does not take from @full"),
        );
        check_resealed(
            |w| authorization(w, "full").expires_at = w.now.plus_ms(-86_400_000 * 7),
            &is("transaction @p1 does not take from @full"),
        );
        check_resealed(
            |w| authorization(w, "late").expires_at = w.now.plus_ms(1),
            &is("transaction"),
        );
        check_resealed(
            |w| first(w, TransactionKind::Cancellation).corrects = Some(TransactionId(1)),
            &[
                ("reserved-equals-open-authorizations", "account %A reserves"),
                ("no-capture-over-authorization", "transaction"),
            ][1..],
        );
        check_resealed(
            |w| first(w, TransactionKind::Expiry).kind = TransactionKind::Cancellation,
            &is("transaction"),
        );
    }

    #[test]
    fn corrections_must_be_within_their_transaction() {
        let is = |what| [("no-correction-over-transaction", what)];
        check(|w| transaction(w, "p1").corrected += 1, &is("transaction @c2 does not correct @p1"));
        check(|w| transaction(w, "p2").corrected += 1, &is("transaction @p2 is corrected by"));
        check(
            |w| transaction(w, "p1").last_child = RowId(0),
            &is("transaction @p1 is corrected by"),
        );
        check(
            |w| transaction(w, "p1").last_child = id_of(w, "last"),
            &is("row @p1 has a newest child @last"),
        );
        check(|w| transaction(w, "c1").last_child = RowId(9), &is("transaction @c1 cannot be"));
        check(|w| transaction(w, "x1").last_child = RowId(9), &is("transaction @x1 cannot be"));
        check(|w| first(w, TransactionKind::Fee).last_child = RowId(9), &is("transaction"));
        check_resealed(
            |w| transaction(w, "c2").sibling = RowId(0),
            &is("transaction @c2 does not correct @p1"),
        );
        check_resealed(
            |w| {
                transaction(w, "c1").kind =
                    TransactionKind::Correction(PostingKind::CashWithdrawal);
            },
            &[
                ("no-correction-over-transaction", "transaction @c1 does not correct @p1"),
                // Its source id is unique among corrections of its kind.
                ("keys-used-once", "the keys of rows"),
            ],
        );
        check_resealed(
            |w| transaction(w, "c1").corrects = None,
            &is("transaction @c1 corrects nothing"),
        );
        check_resealed(
            |w| transaction(w, "c1").corrects = Some(TransactionId(id_of(w, "o1").0)),
            &is("transaction @c1 does not correct @o1"),
        );
    }
}

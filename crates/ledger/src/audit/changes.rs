//! Changes: each fits what it changes.

use super::Auditor;
use super::accounts::link;
use crate::books::{cleared_by, cleared_key};
use crate::change::{Change, ChangeKind, ClearingChange};
use crate::ids::Fingerprint;

impl Auditor {
    pub(super) fn change(&mut self, row: &Change) {
        let opened = self.standing.apply(row);
        self.checks.accounts_opened.result(opened);
        // A card number's key is made from a hash that is not in the journal, and a request's
        // from a header that is not: there is one each, and what it is cannot be known.
        let has_pan = row.kind == ChangeKind::CardAdded && row.field("bin").is_some();
        let has_idempotency_key = row.fingerprint != Fingerprint::default();
        let count = i64::from(has_pan).saturating_add(i64::from(has_idempotency_key));
        self.keys.expect_unknown(row.id, count);
        if row.kind == ChangeKind::Clearing(ClearingChange::RowsPosted) {
            for transaction in cleared_by(row) {
                self.keys.expect(cleared_key(transaction), row.id);
            }
        }
        let Some(id) = row.account else { return };
        let Some(account) = self.standing.account_mut(id) else {
            let what = || format!("change {} is about account {}, which is none", row.id.0, id.0);
            self.checks.accounts_opened.that(false, what);
            return;
        };
        link(account, &mut self.checks, (row.id, row.at), row.previous, row.balance);
    }
}

#[cfg(test)]
mod tests {
    use crate::account::{AccountKind, AccountStatus};
    use crate::audit::story::{change, check, check_resealed, set, stored};
    use crate::change::ChangeKind;
    use crate::ids::RowId;

    #[test]
    fn the_house_has_one_account_of_each_kind_and_nobody_uses_it_otherwise() {
        let is = |what| [("accounts-opened", what)];
        check_resealed(
            |w| set(change(w, ChangeKind::HouseOpened), "house", "settlement"),
            &[
                ("accounts-opened", "change"),
                // Fees go to what is no account for them.
            ],
        );
        check(|w| stored(w, "S").kind = AccountKind::Credit, &is("account %S is not as opened"));
        check(|w| stored(w, "S").credit_limit = 1, &is("account %S is not as last changed"));
        check(|w| stored(w, "E").status = AccountStatus::Closed, &is("account %E is not as last"));
        check_resealed(
            |w| {
                let id = w.account("S");
                let number = crate::AccountNo::of(id).to_string();
                set(change(w, ChangeKind::CardAdded), "account_no", &number);
            },
            &is("change"),
        );
        check_resealed(
            |w| {
                let id = w.account("E");
                change(w, ChangeKind::AccountChanged).subject = RowId(id.0);
            },
            &[("accounts-opened", "change")],
        );
    }
}

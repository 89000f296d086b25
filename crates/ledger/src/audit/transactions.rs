//! Transactions: each has two sides, and says when it overdraws.

use super::Auditor;
use super::accounts::link;
use super::checks::Checks;
use super::standing::{AccountNow, Party};
use crate::authorization::DeclineReason;
use crate::correct::correction_key;
use crate::ids::RowId;
use crate::pay_out::settlement_key;
use crate::post::{acquirer_key, posting_key};
use crate::transaction::{Transaction, TransactionKind};

impl Auditor {
    pub(super) fn transaction(&mut self, row: &Transaction) {
        let id = RowId(row.id.0);
        self.parents.transaction(row, &mut self.checks);
        self.expect_keys(row);
        let party = Party {
            row: id,
            company: row.company,
            seller: row.seller,
            account: row.account,
            kind: row.kind.account_kind(),
            card: row.card,
            currency: row.currency,
        };
        let checks = &mut self.checks;
        let payable = self.standing.payable(&party, row.payable);
        checks.postings_sum_to_zero.that(payable.is_some() && row.posted >= 0, || {
            format!("transaction {} has no other side", id.0)
        });
        let moved = row.direction().map_or(0, |direction| direction.signed(row.posted));
        let moved = i128::from(moved);
        if let Some(payable) = payable {
            payable.debt = payable.debt.saturating_sub(moved);
        }
        let resolved = self.standing.resolve(&party, row.at);
        let resolved = checks.accounts_opened.result(resolved);
        let Some(account) = self.standing.account_mut(row.account) else { return };
        account.debt = account.debt.saturating_add(moved);
        account.reserved = account.reserved.saturating_sub(i128::from(row.released));
        if let Some(blocked) = resolved {
            check_flags(row, account, blocked, checks);
        }
        link(account, checks, (id, row.at), row.previous, row.balance);
    }

    fn expect_keys(&mut self, row: &Transaction) {
        let id = RowId(row.id.0);
        let Some(number) = self.standing.company_number(row.company) else { return };
        let (source, word) = match row.kind {
            TransactionKind::Posting(kind) => {
                (posting_key(number, kind, &row.source), kind.as_str())
            }
            TransactionKind::Correction(kind) => {
                (correction_key(number, kind, &row.source), row.kind.as_str())
            }
            TransactionKind::Settlement
            | TransactionKind::Fee
            | TransactionKind::SettlementReturn => {
                (settlement_key(number, row.kind, &row.source), row.kind.as_str())
            }
            TransactionKind::Cancellation | TransactionKind::Expiry => return,
        };
        self.keys.expect(source, id);
        if let Some(key) = acquirer_key(number, word, &row.references) {
            self.keys.expect(key, id);
        }
    }
}

/// Only what happened offline may overdraw an account or charge a blocked one, and it says so.
fn check_flags(
    row: &Transaction,
    account: &AccountNow,
    blocked: Option<DeclineReason>,
    checks: &mut Checks,
) {
    let is_offline = row.authorization.is_none() && row.corrects.is_none();
    let moved = row.direction().map_or(0, |direction| direction.signed(row.posted));
    let overdraws = account.available() < 0 && moved > row.released;
    let is_flagged = row.over_limit == overdraws
        && row.despite_block == (is_offline && blocked.is_some())
        && (is_offline || !overdraws);
    checks.no_overdraft_but_offline.that(is_flagged, || {
        format!("transaction {} leaves {} available", row.id.0, account.available())
    });
}

#[cfg(test)]
mod tests {
    use crate::account::House;
    use crate::audit::story::{check, check_resealed, stored, story, transaction};
    use crate::ids::{AccountId, RowId, TransactionId};
    use crate::money::Currency;
    use crate::transaction::TransactionKind;
    use crate::world::World;

    #[test]
    fn postings_must_have_two_sides() {
        let other_seller = |w: &World| {
            let company = w.directory.company("100").unwrap();
            let seller = w.directory.seller(company.id, "655").unwrap();
            seller.payable(Currency::SEK).unwrap()
        };
        check_resealed(
            |w| transaction(w, "w1").payable = other_seller(w),
            &[("postings-sum-to-zero", "transaction @w1 has no other side")],
        );
        let mut world = story();
        transaction(&mut world, "w1").payable = AccountId(1);
        assert_eq!(world.verify().invariants[3].figure, 500, "is left over");
    }

    #[test]
    fn overdrafts_must_be_offline_and_flagged() {
        let is = |what| [("no-overdraft-but-offline", what)];
        check_resealed(|w| transaction(w, "o1").over_limit = false, &is("transaction @o1 leaves"));
        check_resealed(|w| transaction(w, "o1").despite_block = false, &is("transaction @o1"));
        check_resealed(|w| transaction(w, "w1").over_limit = true, &is("transaction @w1 leaves"));
        check_resealed(|w| transaction(w, "p1").despite_block = true, &is("transaction @p1"));
    }

    #[test]
    fn settlements_must_be_on_the_accounts_of_the_house() {
        check_resealed(
            |w| transaction(w, "s2").posted += 1,
            &[
                ("balances-equal-entries", "row @s2 has debt"),
                ("no-correction-over-transaction", "transaction @x1 does not correct @s2"),
            ],
        );
        let other_seller = |w: &World| {
            let company = w.directory.company("100").unwrap();
            let seller = w.directory.seller(company.id, "655").unwrap();
            seller.payable(Currency::SEK).unwrap()
        };
        check_resealed(
            |w| transaction(w, "s1").payable = other_seller(w),
            &[("postings-sum-to-zero", "transaction @s1 has no other side")],
        );
        let others = |w: &World| w.house("100", House::Fees).unwrap();
        check_resealed(
            |w| transaction(w, "s2").account = others(w),
            &[
                ("accounts-opened", "row @s2 names account %E"),
                ("balances-equal-entries", "row @s2 has debt"),
                ("no-correction-over-transaction", "transaction @x1 does not correct @s2"),
            ],
        );
        check_resealed(
            |w| transaction(w, "s2").kind = TransactionKind::Fee,
            &[
                ("accounts-opened", "row @s2 names account %S"),
                ("no-correction-over-transaction", "transaction @s2 cannot be corrected"),
                ("keys-used-once", "the keys of rows"),
            ],
        );
        check_resealed(
            |w| transaction(w, "w1").kind = TransactionKind::Fee,
            &[
                ("accounts-opened", "row @w1 names account %A"),
                ("balances-equal-entries", "row @w1 has debt"),
                ("no-capture-over-authorization", "transaction @w1 settles, and does more"),
                ("keys-used-once", "the keys of rows"),
            ],
        );
        let is = |what| [("no-capture-over-authorization", what)];
        let settles = "transaction @s1 settles, and does more";
        check_resealed(|w| transaction(w, "s1").sibling = RowId(1), &is(settles));
        check_resealed(|w| transaction(w, "s1").withdrawal = Some(0), &is(settles));
        check_resealed(|w| transaction(w, "s1").offline_info = true, &is(settles));
        check_resealed(
            |w| transaction(w, "s1").authorization = Some(crate::AuthorizationId(1)),
            &is("transaction @s1 is on nothing"),
        );
        check_resealed(
            |w| transaction(w, "s1").corrects = Some(TransactionId(1)),
            &is("transaction @s1 is on nothing"),
        );
        check_resealed(
            |w| transaction(w, "s1").over_limit = true,
            &[("no-overdraft-but-offline", "transaction @s1 leaves")],
        );
        check_resealed(
            |w| transaction(w, "x1").corrects = None,
            &[("no-correction-over-transaction", "transaction @x1 corrects nothing")],
        );
        check(
            |w| stored(w, "S").balance.debt = 0,
            &[("balances-equal-entries", "account %S has debt 0")],
        );
    }
}

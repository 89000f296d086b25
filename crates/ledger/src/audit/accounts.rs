//! Accounts: each is as it was opened and changed, and its balance is what its rows come to.

use super::Auditor;
use super::checks::Checks;
use super::standing::AccountNow;
use crate::account::{Account, AccountKind, Balance};
use crate::ids::RowId;
use crate::time::Timestamp;

impl Auditor {
    /// Shows it an account as it is stored.
    pub fn account(&mut self, stored: &Account) {
        let checks = &mut self.checks;
        let name = || format!("account {}", stored.id.0);
        let Some(account) = self.standing.show_account(stored.id) else {
            checks.accounts_opened.that(false, || format!("{} has no opening, or two", name()));
            return;
        };
        let as_opened = account.company == stored.company
            && account.currency == stored.currency
            && account.kind == stored.kind;
        let as_changed = account.limit == stored.credit_limit && account.status == stored.status;
        checks.accounts_opened.that(as_opened, || format!("{} is not as opened", name()));
        checks.accounts_opened.that(as_changed, || format!("{} is not as last changed", name()));
        let debt = match account.kind {
            AccountKind::Credit | AccountKind::House(_) => account.debt,
            AccountKind::Payable(_) => 0,
        };
        let is_last = stored.last == account.last && stored.last_at == account.last_at;
        let agrees = i128::from(stored.balance.debt) == debt && is_last;
        checks.balances_equal_entries.that(agrees, || {
            format!("{} has debt {} after row {}", name(), stored.balance.debt, stored.last.0)
        });
        let reserved = i128::from(stored.balance.reserved);
        let agrees = reserved == account.reserved && reserved == account.open;
        checks.reserved_equals_open.that(agrees, || {
            format!("{} reserves {reserved}, its authorizations {}", name(), account.open)
        });
    }
}

/// Compares what a row says about its account's chain and balance, and makes it the newest.
pub(super) fn link(
    account: &mut AccountNow,
    checks: &mut Checks,
    (row, at): (RowId, Timestamp),
    previous: RowId,
    balance: Balance,
) {
    let follows = previous == account.last && at >= account.last_at;
    let agrees = follows && i128::from(balance.debt) == account.debt;
    checks.balances_equal_entries.that(agrees, || {
        format!("row {} has debt {} after row {}", row.0, balance.debt, previous.0)
    });
    let agrees = i128::from(balance.reserved) == account.reserved && account.reserved >= 0;
    checks.reserved_equals_open.that(agrees, || {
        format!("row {} has {} reserved, not {}", row.0, balance.reserved, account.reserved)
    });
    account.last = row;
    account.last_at = at;
}

#[cfg(test)]
mod tests {
    use crate::account::{Account, AccountKind, AccountStatus};
    use crate::audit::Auditor;
    use crate::audit::story::{
        authorization, change, check, check_findings, check_resealed, set, stored, story,
        transaction,
    };
    use crate::change::ChangeKind;
    use crate::ids::{AccountId, CardId, CompanyId, RowId, SellerId};
    use crate::money::Currency;

    #[test]
    fn accounts_must_be_as_opened_and_changed() {
        let is = |what| [("accounts-opened", what)];
        check(|w| stored(w, "A").credit_limit += 1, &is("account %A is not as last changed"));
        check(|w| stored(w, "D").status = AccountStatus::Active, &is("account %D is not as last"));
        check(|w| stored(w, "B").company = CompanyId(7), &is("account %B is not as opened"));
        check(
            |w| stored(w, "B").currency = Currency::parse("EUR").unwrap(),
            &is("account %B is not as opened"),
        );
        check(
            |w| stored(w, "B").kind = AccountKind::Payable(SellerId(2)),
            &is("account %B is not as opened"),
        );
        check(
            |w| drop(w.accounts.remove(&w.account("A"))),
            &is("account %A was opened and is not"),
        );
        check(
            |w| {
                let extra = Account { id: AccountId(7_000), ..stored(w, "B").clone() };
                w.accounts.insert(extra.id, extra);
            },
            &is("account 7000 has no opening, or two"),
        );
        let world = story();
        let mut auditor = Auditor::new();
        world.rows.values().for_each(|row| auditor.row(row));
        world.accounts.values().for_each(|account| auditor.account(account));
        auditor.account(&world.accounts[&world.account("B")]);
        let found = auditor.finish().invariants[2].first_broken.clone().unwrap();
        assert_eq!(found, format!("account {} has no opening, or two", world.account("B").0));
    }

    #[test]
    fn rows_must_name_who_exists() {
        let is = |what| [("accounts-opened", what)];
        let nobody = Some(CardId(1));
        check_resealed(|w| authorization(w, "held").card = nobody, &is("row @held names card 1"));
        check_resealed(|w| transaction(w, "w1").card = nobody, &is("row @w1 names card 1"));
        check_resealed(
            |w| authorization(w, "held").seller = SellerId(1),
            &is("row @held names seller 1"),
        );
        check_resealed(
            |w| authorization(w, "held").currency = Currency::parse("EUR").unwrap(),
            &is("row @held names account %A"),
        );
        check_resealed(
            |w| set(change(w, ChangeKind::CardChanged), "status_before", "blocked"),
            &is("change"),
        );
        check_resealed(
            |w| set(change(w, ChangeKind::AccountChanged), "credit_limit_before", "7"),
            &is("change"),
        );
        check_resealed(
            |w| set(change(w, ChangeKind::CardAdded), "account_no", "0000000000000"),
            &[("accounts-opened", "change")],
        );
        check_resealed(
            |w| set(change(w, ChangeKind::SellerAdded), "seller_number", "655"),
            &is("change"),
        );
        check_resealed(
            |w| change(w, ChangeKind::CredentialIssued).account = Some(AccountId(7_000)),
            &is("change"),
        );
    }

    #[test]
    fn balances_must_equal_entries() {
        let is = |what| [("balances-equal-entries", what)];
        check(|w| stored(w, "A").balance.debt += 1, &is("account %A has debt"));
        check(|w| stored(w, "A").last = RowId(1), &is("account %A has debt"));
        check(|w| stored(w, "A").last_at.0 += 1, &is("account %A has debt"));
        check_resealed(|w| transaction(w, "p1").balance.debt += 1, &is("row @p1 has debt"));
        check_resealed(|w| authorization(w, "held").balance.debt += 1, &is("row @held has debt"));
        check_resealed(|w| transaction(w, "p1").previous = RowId(1), &is("row @p1 has debt"));
        check_resealed(|w| change(w, ChangeKind::AccountChanged).balance.debt = 1, &is("row"));
        let mut world = story();
        let company = world.directory.company("100").unwrap();
        let payable = world.directory.seller(company.id, "654").unwrap().payable(Currency::SEK);
        world.accounts.get_mut(&payable.unwrap()).unwrap().balance.debt = 1;
        check_findings(&world.verify(), &world, &is("account"));
    }

    #[test]
    fn reserved_must_equal_open_authorizations() {
        let is = |what| [("reserved-equals-open-authorizations", what)];
        check(|w| stored(w, "A").balance.reserved += 1, &is("account %A reserves"));
        check_resealed(|w| transaction(w, "p1").balance.reserved += 1, &is("row @p1 has"));
        check_resealed(|w| authorization(w, "held").balance.reserved += 1, &is("row @held has"));
        check(
            |w| authorization(w, "full").taken += 1,
            &[
                ("reserved-equals-open-authorizations", "account %A reserves"),
                ("no-capture-over-authorization", "transaction @p2 does not take from @full"),
            ],
        );
    }
}

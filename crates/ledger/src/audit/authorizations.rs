//! Authorizations: each is granted or declined for a cause.

use super::Auditor;
use super::accounts::link;
use super::checks::Checks;
use super::standing::{AccountNow, Party};
use crate::account::AccountKind;
use crate::authorization::{Authorization, AuthorizationState, DeclineReason};
use crate::authorize::authorization_key;
use crate::ids::RowId;

impl Auditor {
    pub(super) fn authorization(&mut self, row: &Authorization) {
        let checks = &mut self.checks;
        let id = RowId(row.id.0);
        let name = || format!("authorization {}", row.id.0);
        let is_consistent = row.declined.is_some() == (row.state == AuthorizationState::Declined);
        let is_inert = row.declined.is_none() || (row.taken == 0 && row.last_child == RowId(0));
        checks
            .declined_reserve_nothing
            .that(is_consistent && is_inert, || format!("{} is declined and in use", name()));
        self.parents.authorization(row, &mut checks.no_capture_over_authorization);
        if let Some(number) = self.standing.company_number(row.company) {
            self.keys.expect(authorization_key(number, &row.source), id);
        }
        let party = Party {
            row: id,
            company: row.company,
            seller: row.seller,
            account: row.account,
            kind: AccountKind::Credit,
            card: row.card,
            currency: row.currency,
        };
        let resolved = self.standing.resolve(&party, row.at);
        let resolved = checks.accounts_opened.result(resolved);
        let Some(account) = self.standing.account_mut(row.account) else { return };
        if let Some(blocked) = resolved {
            check_decision(row, account, blocked, checks);
        }
        if row.declined.is_none() && row.kind.reserves() {
            account.reserved = account.reserved.saturating_add(i128::from(row.amount));
        }
        account.open = account.open.saturating_add(i128::from(row.reserved()));
        link(account, checks, (id, row.at), row.previous, row.balance);
    }
}

/// An authorization is granted where nothing speaks against it, and declined for what does.
fn check_decision(
    row: &Authorization,
    account: &AccountNow,
    blocked: Option<DeclineReason>,
    checks: &mut Checks,
) {
    let available = account.available();
    let is_over = row.kind.reserves() && i128::from(row.amount) > available;
    let cause = blocked.or(is_over.then_some(DeclineReason::InsufficientFunds));
    let (id, amount) = (row.id.0, row.amount);
    match row.declined {
        None => checks.approved_within_limit.that(cause.is_none() && amount > 0, || {
            format!("authorization {id} takes {amount} of {available} in spite of {cause:?}")
        }),
        Some(reason) => checks.declined_for_cause.that(cause == Some(reason), || {
            format!("authorization {id} is declined for {reason:?}, not {cause:?}")
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::story::{authorization, change, check, check_resealed, set};
    use crate::authorization::{AuthorizationState, DeclineReason};
    use crate::change::ChangeKind;
    use crate::ids::RowId;
    use crate::journal::Row;

    #[test]
    fn approved_must_be_within_the_limit_and_in_order() {
        let is = |what| [("approved-within-limit", what)];
        check_resealed(
            |w| {
                set(change(w, ChangeKind::AccountOpened), "credit_limit", "29999");
                set(change(w, ChangeKind::AccountChanged), "credit_limit_before", "29999");
            },
            &is("authorization @n takes 30000 of 29999 in spite of Some(InsufficientFunds)"),
        );
        check_resealed(
            |w| {
                let card = authorization(w, "full").card.unwrap();
                let Some(Row::Change(added)) = w.rows.get_mut(&RowId(card.0)) else { panic!() };
                set(added, "expiry", "2026-10");
            },
            &is("authorization @full takes 50000 of 100000 in spite of Some(CardExpired)"),
        );
    }

    #[test]
    fn declined_must_be_for_a_cause_and_reserve_nothing() {
        check_resealed(
            |w| authorization(w, "refused").declined = Some(DeclineReason::CardBlocked),
            &[("declined-for-cause", "authorization @refused is declined for CardBlocked")],
        );
        let is = [("declined-reserve-nothing", "authorization @refused is declined and in use")];
        check(|w| authorization(w, "refused").taken = 1, &is);
        check(|w| authorization(w, "refused").last_child = RowId(1), &is);
        check(|w| authorization(w, "refused").state = AuthorizationState::Cancelled, &is);
        check(
            |w| authorization(w, "void").state = AuthorizationState::Declined,
            &[
                ("declined-reserve-nothing", "authorization @void is declined and in use"),
                ("no-capture-over-authorization", "transaction"),
            ],
        );
    }
}

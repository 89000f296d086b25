//! The decision to cancel an authorization.

use crate::authorization::{Authorization, AuthorizationState};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::directory::Seller;
use crate::ids::Code;
use crate::post::find_authorization;
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{Between, Mount, Transaction, TransactionKind};

/// Asks to end an authorization and release what remains (card ledger, POST cancellations).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// The ledger, by number.
    pub company: String,
    /// The only seller that the caller may act for, by number.
    pub seller_scope: Option<String>,
    /// The name of the contract that was used.
    pub mount: Mount,
    /// Which authorization. `None` is an id that none can have.
    pub code: Option<Code>,
    /// The day for which it counts (`cancellationDate`); today when absent.
    pub value_date: Option<Date>,
}

impl Cancel {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.company(&self.company);
        reads.codes.extend(self.code);
    }
}

/// Decides one cancellation and places it in the books.
///
/// # Errors
/// [`Refusal`], in its order of precedence; a second cancellation is one.
pub fn cancel(command: &Cancel, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let company = books.directory.company(&command.company);
    let company = company.ok_or(Refusal::CompanyNotConfigured)?;
    let scope = command.seller_scope.as_deref();
    let (authorization, seller) = find_authorization(command.code, books, company, scope)?;
    authorization.check_usable(now)?;
    let value_date = command.value_date.unwrap_or(company.day_of(now));
    let row = release(authorization, TransactionKind::Cancellation, seller, value_date, now);
    let row = Transaction { mount: command.mount, ..row };
    let authorization = authorization.id;
    let cancellation = books.place_transaction(row, &[])?;
    books.end_authorization(authorization, AuthorizationState::Cancelled);
    Ok(Answer::new(Done::Cancelled { authorization, cancellation, mount: command.mount }))
}

impl Authorization {
    /// Whether anything can still be done with it, and if not, why.
    ///
    /// # Errors
    /// [`Refusal`]: cancelled, used up or expired, in that order.
    pub(crate) fn check_usable(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.state {
            AuthorizationState::Cancelled => Err(Refusal::AuthorizationCancelled),
            AuthorizationState::Declined => Err(Refusal::AuthorizationNotFound),
            AuthorizationState::Live | AuthorizationState::Expired if self.taken == self.amount => {
                Err(Refusal::AuthorizationUsedUp)
            }
            AuthorizationState::Expired => Err(Refusal::AuthorizationExpired),
            AuthorizationState::Live if now >= self.expires_at => {
                Err(Refusal::AuthorizationExpired)
            }
            AuthorizationState::Live => Ok(()),
        }
    }
}

/// The transaction that gives free what an authorization still holds.
pub(crate) fn release(
    authorization: &Authorization,
    kind: TransactionKind,
    seller: &Seller,
    value_date: Date,
    now: Timestamp,
) -> Transaction {
    let between = Between {
        company: authorization.company,
        seller: authorization.seller,
        account: authorization.account,
        payable: seller.payable_or_panic(authorization.currency),
        currency: authorization.currency,
    };
    Transaction {
        card: authorization.card,
        authorization: Some(authorization.id),
        released: authorization.reserved(),
        mount: authorization.mount,
        ..Transaction::bare(kind, between, value_date, now)
    }
}

#[cfg(test)]
mod tests {
    use crate::refusal::Refusal;
    use crate::world::{World, check};
    use crate::{Date, Row};

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before                    | request                 | answer                 | balance
                                      | cancel on=- company=999 | CompanyNotConfigured   |
                                      | cancel on=-             | AuthorizationNotFound  |
                                      | cancel on=nothing       | AuthorizationNotFound  |
            authorize amount=2000     | cancel                  | AuthorizationNotFound  |
            authorize                 | cancel company=200      | AuthorizationNotFound  |
            authorize company=200 card=card-f | cancel on=200/a1 | AuthorizationNotFound |
            authorize                 | cancel scope=655        | AuthorizationNotFound  |
            authorize; cancel         | cancel                  | AuthorizationCancelled |
            authorize; cancel; at christmas | cancel | AuthorizationCancelled |
            authorize; purchase       | cancel                  | AuthorizationUsedUp    |
            authorize; purchase; at christmas | cancel | AuthorizationUsedUp |
            authorize; at due         | cancel                  | AuthorizationExpired   |
            authorize; at due; expire | cancel                  | AuthorizationExpired   |
            ",
        );
    }

    #[test]
    fn what_remains_is_released_and_no_more() {
        check(
            "
            before                           | request                    | answer    | balance
            authorize                        | cancel                     | cancelled | A 0 0
            authorize                        | cancel scope=654           | cancelled | A 0 0
            authorize; authorize source=a2   | cancel                     | cancelled | A 0 30000
            authorize; purchase amount=100   | cancel                     | cancelled | A 10000 0
            authorize; purchase amount=100; correct amount=100 | cancel | cancelled | A 0 0
            authorize kind=withdrawal        | cancel                     | cancelled | A 0 0
            authorize kind=reversal          | cancel                     | cancelled | A 0 0
            authorize kind=reversal; reverse amount=1 | cancel | cancelled | A -100 0
            authorize; at just-before-due    | cancel                     | cancelled | A 0 0
            authorize; change status=blocked | cancel                     | cancelled | A 0 0
            authorize                        | cancel mount=credit-account-acquiring | \
                                               cancelled credit-account-acquiring | A 0 0
            authorize                        | cancel + cancel | AuthorizationCancelled | A 0 0
                                             | authorize + cancel on=next | cancelled | A 0 0
            ",
        );
    }

    #[test]
    fn it_counts_for_the_day_asked_for_or_today() {
        for (step, day) in [("cancel", "2026-11-20"), ("cancel date=2026-11-01", "2026-11-01")] {
            let mut world = World::new();
            world.run_all("authorize");
            world.run_all(step);
            let Some(Row::Transaction(row)) = world.rows.values().next_back() else {
                panic!("nothing was booked");
            };
            assert_eq!(row.value_date, Date::parse(day).unwrap());
            assert_eq!((row.posted, row.released), (0, 30_000));
        }
    }

    #[test]
    fn a_declined_authorization_is_none() {
        let mut world = World::new();
        world.run_all("authorize amount=2000");
        let Some(Row::Authorization(row)) = world.rows.values().next_back() else {
            panic!("nothing was placed");
        };
        assert_eq!(row.check_usable(world.now), Err(Refusal::AuthorizationNotFound));
    }
}

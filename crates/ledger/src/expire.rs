//! The decision that an authorization's time is over.

use crate::authorization::AuthorizationState;
use crate::books::{Answer, Books, Done, ReadSet};
use crate::cancel::release;
use crate::ids::AuthorizationId;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::transaction::TransactionKind;

/// Asks to release what remains of an authorization whose last day is over (card ledger,
/// `validToDate`). Sent by the timer, perhaps more than once, perhaps late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expire {
    /// Which authorization.
    pub authorization: AuthorizationId,
}

impl Expire {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.is_anybodys = true;
        reads.authorizations.push(self.authorization);
    }
}

/// Decides one expiry and places it in the books. Does nothing when there is nothing to release.
///
/// # Errors
/// [`Refusal::AuthorizationNotFound`]; [`Refusal::CompanyNotConfigured`] and
/// [`Refusal::SellerNotRegistered`] when the directory lacks what the row names.
pub fn expire(command: &Expire, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let found = books.authorizations.get(&command.authorization);
    let authorization = found.ok_or(Refusal::AuthorizationNotFound)?;
    let is_due = authorization.state == AuthorizationState::Live
        && now >= authorization.expires_at
        && authorization.taken < authorization.amount;
    if !is_due {
        return Ok(Answer::new(Done::Nothing));
    }
    let company = books.directory.company_by_id(authorization.company);
    let company = company.ok_or(Refusal::CompanyNotConfigured)?;
    let seller = books.directory.seller_by_id(authorization.seller);
    let seller = seller.ok_or(Refusal::SellerNotRegistered)?;
    let today = company.day_of(now);
    let row = release(authorization, TransactionKind::Expiry, seller, today, now);
    let id = authorization.id;
    books.place_transaction(row, &[])?;
    books.end_authorization(id, AuthorizationState::Expired);
    Ok(Answer::new(Done::Expired(id)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::world::{World, check};

    #[test]
    fn what_remains_is_released_once_its_day_is_over() {
        check(
            "
            before                                   | request         | answer  | balance
                                                     | expire | AuthorizationNotFound |
            authorize                                | expire          | nothing |
            authorize; at just-before-due            | expire          | nothing |
            authorize; at due                        | expire          | expired | A 0 0
            authorize; purchase amount=100; at due   | expire          | expired | A 10000 0
            authorize; purchase; at due              | expire          | nothing |
            authorize; cancel; at due                | expire          | nothing |
            authorize amount=2000; at due            | expire          | nothing |
            authorize; at due; expire                | expire          | nothing |
            authorize; at due                        | expire + expire | nothing | A 0 0
            authorize kind=reversal; at due          | expire          | expired | A 0 0
            authorize; change status=blocked; at due | expire          | expired | A 0 0
            authorize; authorize source=a2; at due   | expire          | expired | A 0 30000
            ",
        );
    }

    #[test]
    fn a_company_that_is_gone_is_not_configured() {
        let mut world = World::new();
        world.run_all("authorize; at due");
        world.directory = Arc::default();
        assert_eq!(world.run_all("expire"), ["CompanyNotConfigured"]);
    }
}

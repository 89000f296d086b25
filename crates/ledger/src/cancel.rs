//! The decision to cancel an authorization.

use crate::authorization::{Authorization, AuthorizationState};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::directory::Company;
use crate::ids::{Code, Fingerprint, TransactionId};
use crate::post::is_in_scope;
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{Mount, Transaction, TransactionKind};

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
        reads.codes.extend(self.code);
    }
}

/// Decides one cancellation and places it in the books.
///
/// # Errors
/// [`Refusal`], in its order of precedence; a second cancellation is one.
pub fn cancel(command: &Cancel, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let directory = &books.directory;
    let company = directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    let found = command.code.and_then(|code| books.authorization(company.id, code));
    let authorization = found.ok_or(Refusal::AuthorizationNotFound)?;
    let seller = directory.seller_by_id(authorization.seller);
    if !seller.is_some_and(|seller| is_in_scope(seller, command.seller_scope.as_deref())) {
        return Err(Refusal::AuthorizationNotFound);
    }
    authorization.check_usable(now)?;
    let row = release(authorization, TransactionKind::Cancellation, company, books, now);
    let value_date = command.value_date.unwrap_or(row.value_date);
    let row = Transaction { value_date, mount: command.mount, ..row };
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
    company: &Company,
    books: &Books,
    now: Timestamp,
) -> Transaction {
    let seller = books.directory.seller_by_id(authorization.seller);
    Transaction {
        id: TransactionId(0),
        at: now,
        company: authorization.company,
        seller: authorization.seller,
        account: authorization.account,
        payable: seller.map_or(authorization.account, |seller| {
            seller.payable_or_panic(authorization.currency)
        }),
        card: authorization.card,
        kind,
        authorization: Some(authorization.id),
        corrects: None,
        source: String::new(),
        fingerprint: Fingerprint::default(),
        posted: 0,
        released: authorization.reserved(),
        withdrawal: None,
        currency: authorization.currency,
        references: Default::default(),
        receipt: None,
        point_of_sale: None,
        method: None,
        channel: None,
        value_date: company.day_of(now),
        mount: authorization.mount,
        offline_info: false,
        over_limit: false,
        despite_block: false,
        balance: Default::default(),
        previous: Default::default(),
        sibling: Default::default(),
        corrected: 0,
        last_child: Default::default(),
    }
}

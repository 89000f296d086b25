//! The decision to take in an onboarding request.

use ledger::document::Kind;
use ledger::{Books, Change, ChangeKind, CredentialId, EstateChange, ReadSet, RowId, Timestamp};

use crate::application::Application;
use crate::command::{Answer, Outcome, next_number};
use crate::customer::Customer;
use crate::refusal::Refusal;
use crate::request::{Request, RequestStatus};

/// Asks for a merchant to be onboarded (Access, `CreateRequest`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitRequest {
    /// What is said of the merchant. Every reference in it is known, but for the parent.
    pub application: Box<Application>,
    /// A customer that was rejected before, to try again (Access, `CustomerId`).
    pub customer: Option<i64>,
    /// The customer that the caller may reach, with all below it.
    pub root: i64,
    /// The caller's credential.
    pub credential: CredentialId,
    /// Who asks.
    pub actor: String,
}

impl SubmitRequest {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.lists.extend(self.customer.map(Request::customer_list));
    }
}

/// Decides one request and places it in the books, with numbers for it and its customer.
///
/// # Errors
/// [`Refusal::CustomerNotFound`], [`Refusal::CustomerNotRejected`].
pub fn submit_request(
    command: &SubmitRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let line = Customer::line(&books.directory, command.application.parent);
    if !line.contains(&command.root) {
        return Err(Refusal::CustomerNotFound);
    }
    let again = match command.customer {
        Some(customer) => Some(rejected(books, command.root, customer)?),
        None => None,
    };
    let request = Request {
        number: next_number(books, Kind::Request),
        customer: again.unwrap_or_else(|| next_number(books, Kind::Customer)),
        status: RequestStatus::Submitted,
        reject_message: None,
        submitted_at: now,
        submitted_by: command.credential,
        reviewer: None,
        decided_at: None,
        application: command.application.clone(),
    };
    let change = change_of_request(&request, EstateChange::RequestSubmitted, &command.actor, now);
    books.place_change(change, None);
    books.put_document(request.document(&line));
    Ok(Answer::new(Outcome::Request(request)))
}

/// The customer again, if the newest request for it is one that the caller may reach, and was
/// rejected.
fn rejected(books: &Books, root: i64, customer: i64) -> Result<i64, Refusal> {
    if Customer::is_within(&books.directory, root, customer) {
        return Err(Refusal::CustomerNotRejected);
    }
    let list = Request::customer_list(customer);
    let newest = books.listed(&list).last().and_then(Request::of);
    let reaches =
        |request: &Request| Customer::is_within(&books.directory, root, request.application.parent);
    match newest.filter(reaches) {
        None => Err(Refusal::CustomerNotFound),
        Some(newest) if newest.status == RequestStatus::Rejected => Ok(customer),
        Some(_) => Err(Refusal::CustomerNotRejected),
    }
}

/// A change of a request. It tells numbers and the status alone: the journal is kept for ever, and
/// what was submitted names people.
pub(crate) fn change_of_request(
    request: &Request,
    kind: EstateChange,
    actor: &str,
    now: Timestamp,
) -> Change {
    Change::about(RowId(request.number), ChangeKind::Estate(kind), actor, now)
        .with("customer", request.customer.to_string())
        .with("status", request.status.as_str())
}

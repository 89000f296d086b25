//! The decisions to claim and to reject an onboarding request, and what it takes to approve one.
//! Approval itself is decided in [`crate::approve`].

use ledger::{Books, CredentialId, EstateChange, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, read_key, repeated};
use crate::customer::Customer;
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::request::{Request, RequestStatus};
use crate::submit::change_of_request;

/// Who reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewer {
    /// The operator's credential.
    pub credential: CredentialId,
    /// Who that is.
    pub actor: String,
}

/// Asks to begin a review (operator API).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Which request.
    pub request: i64,
    /// Who asks.
    pub reviewer: Reviewer,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks to approve a request (operator API).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveRequest {
    /// Which request.
    pub request: i64,
    /// What the merchant shall be known by, where that is not left to the decision.
    pub identities: ChosenIdentities,
    /// For everything that is drawn.
    pub draw: Draw,
    /// Who asks.
    pub reviewer: Reviewer,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Identities that an operator has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenIdentities {
    /// The ledger's company. Left out: that of the nearest customer above that has one, or the
    /// installation's only one.
    pub company_number: Option<String>,
    /// Its seller there. One that exists is taken over.
    pub seller_number: Option<String>,
    /// What the Terminals contract shall call it.
    pub account_id: Option<String>,
    /// What alternative payments shall call it.
    pub merchant_id: Option<String>,
    /// What payments v3 shall call it.
    pub entity_id: Option<String>,
}

/// Asks to reject a request (operator API).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectRequest {
    /// Which request.
    pub request: i64,
    /// Why.
    pub message: String,
    /// Who asks.
    pub reviewer: Reviewer,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

impl ClaimRequest {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Request::id(self.request));
        read_key(self.idempotency, reads);
    }
}

impl ApproveRequest {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Request::id(self.request));
        read_key(self.idempotency, reads);
    }
}

impl RejectRequest {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Request::id(self.request));
        read_key(self.idempotency, reads);
    }
}

/// Decides one claim and places it in the books. Whoever has claimed the request may say so again.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::RequestNotFound`], [`Refusal::AlreadyClaimed`],
/// [`Refusal::SubmittedBySame`].
pub fn claim_request(
    command: &ClaimRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let reviewer = &command.reviewer;
    let claimed = |request| Request {
        status: RequestStatus::InProgress,
        reject_message: None,
        reviewer: Some(reviewer.actor.clone()),
        decided_at: None,
        ..request
    };
    if repeated(books, command.idempotency)?.is_some() {
        let request = find(books, command.request)?;
        return Ok(Answer::replayed(Outcome::Request(claimed(request))));
    }
    let before = find(books, command.request)?;
    let is_mine = before.reviewer.as_ref() == Some(&reviewer.actor);
    match before.status {
        RequestStatus::Submitted => {}
        RequestStatus::InProgress if is_mine => {
            return Ok(Answer::new(Outcome::Request(before)));
        }
        RequestStatus::InProgress | RequestStatus::Approved | RequestStatus::Rejected => {
            return Err(Refusal::AlreadyClaimed);
        }
    }
    if before.submitted_by == reviewer.credential {
        return Err(Refusal::SubmittedBySame);
    }
    let request = claimed(before);
    let kind = EstateChange::RequestClaimed;
    let change = change_of_request(&request, kind, &reviewer.actor, now);
    books.place_change(change, command.idempotency);
    put(books, &request);
    Ok(Answer::new(Outcome::Request(request)))
}

/// Decides one rejection and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::RequestNotFound`], [`Refusal::AlreadyDecided`],
/// [`Refusal::SubmittedBySame`].
pub fn reject_request(
    command: &RejectRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if repeated(books, command.idempotency)?.is_some() {
        // What is rejected stays as it is.
        let request = find(books, command.request)?;
        return Ok(Answer::replayed(Outcome::Request(request)));
    }
    let before = undecided(books, command.request, &command.reviewer)?;
    let request = Request {
        status: RequestStatus::Rejected,
        reject_message: Some(command.message.clone()),
        reviewer: Some(command.reviewer.actor.clone()),
        decided_at: Some(now),
        ..before
    };
    let kind = EstateChange::RequestRejected;
    let change = change_of_request(&request, kind, &command.reviewer.actor, now);
    books.place_change(change, command.idempotency);
    put(books, &request);
    Ok(Answer::new(Outcome::Request(request)))
}

/// The request that a reviewer may decide.
pub(crate) fn undecided(
    books: &Books,
    number: i64,
    reviewer: &Reviewer,
) -> Result<Request, Refusal> {
    let request = find(books, number)?;
    if request.status.is_decided() {
        return Err(Refusal::AlreadyDecided);
    }
    if request.submitted_by == reviewer.credential {
        return Err(Refusal::SubmittedBySame);
    }
    Ok(request)
}

fn find(books: &Books, number: i64) -> Result<Request, Refusal> {
    books.document(Request::id(number)).and_then(Request::of).ok_or(Refusal::RequestNotFound)
}

/// Puts a changed request into the books.
pub(crate) fn put(books: &mut Books, request: &Request) {
    let line = Customer::line(&books.directory, request.application.parent);
    books.put_document(request.document(&line));
}

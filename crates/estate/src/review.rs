//! The decisions to claim, approve and reject an onboarding request.

use ledger::{Books, CredentialId, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, read_key};
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::request::Request;

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

/// Decides one claim and places it in the books.
///
/// # Errors
/// [`Refusal::RequestNotFound`], [`Refusal::AlreadyClaimed`], [`Refusal::SubmittedBySame`],
/// [`Refusal::IdempotencyKeyReused`].
pub fn claim_request(
    command: &ClaimRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

/// Decides one approval and places it in the books: the customer in the tree with its identities
/// and settings, its seller on the ledger, and its terminals with their activation codes.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::RequestNotFound`], [`Refusal::AlreadyDecided`],
/// [`Refusal::SubmittedBySame`], [`Refusal::CompanyNotConfigured`], [`Refusal::IdentityTaken`].
pub fn approve_request(
    command: &ApproveRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

/// Decides one rejection and places it in the books.
///
/// # Errors
/// As [`approve_request`], but for the identities.
pub fn reject_request(
    command: &RejectRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

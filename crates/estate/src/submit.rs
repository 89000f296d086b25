//! The decision to take in an onboarding request.

use ledger::{Books, CredentialId, ReadSet, Timestamp};

use crate::application::Application;
use crate::command::Answer;
use crate::refusal::Refusal;

/// Asks for a merchant to be onboarded (Access, `CreateRequest`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitRequest {
    /// What is said of the merchant. Every reference in it is known, but for the parent.
    pub application: Application,
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
        let _ = reads;
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
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

//! The decisions to issue and to revoke credentials, and the record of their use.

use crate::books::{Answer, Books, Done, ReadSet};
use crate::change::{Change, ChangeKind, Idempotency};
use crate::directory::{Contract, Credential, Scope};
use crate::ids::{CredentialId, RowId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Asks to issue a credential (operator API, POST credentials). The secret itself never gets here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueCredential {
    /// Where it shall be good.
    pub contract: Contract,
    /// For people.
    pub label: String,
    /// What it may reach.
    pub scope: Scope,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// What the secret was derived with.
    pub salt: [u8; 16],
    /// When it stops being good.
    pub expires_at: Option<Timestamp>,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks to revoke a credential at once (operator API, DELETE credentials).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeCredential {
    /// Which credential.
    pub credential: CredentialId,
    /// Who asks.
    pub actor: String,
}

/// Reports when credentials were last used. Sent by the timer; not part of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteUses {
    /// Credential and time of its last use.
    pub uses: Vec<(CredentialId, Timestamp)>,
}

impl IssueCredential {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

/// Decides one issue and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`]; [`Refusal::NameTaken`] when the secret is in use.
pub fn issue_credential(
    command: &IssueCredential,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(answer) = books.repeated(command.idempotency)? {
        return Ok(answer);
    }
    if books.directory.credential_by_hash(&command.secret_hash).is_some() {
        return Err(Refusal::NameTaken);
    }
    let mut change = Change::about(RowId(0), ChangeKind::CredentialIssued, &command.actor, now)
        .with("contract", command.contract.as_str())
        .with("label", command.label.as_str());
    if let Scope::Company { number, seller } = &command.scope {
        change = change.with("company_number", number.as_str());
        if let Some(seller) = seller {
            change = change.with("seller_number", seller.as_str());
        }
    }
    if let Some(expires_at) = command.expires_at {
        change = change.with("expires_at", expires_at.rfc3339());
    }
    let change = books.place_change(change, command.idempotency);
    books.put_credential(Credential {
        id: CredentialId(change.id.0),
        contract: command.contract,
        label: command.label.clone(),
        scope: command.scope.clone(),
        secret_hash: command.secret_hash,
        salt: command.salt,
        created_at: now,
        expires_at: command.expires_at,
        revoked_at: None,
        last_used_at: None,
    });
    Ok(Answer::new(Done::Changed(change)))
}

/// Decides one revocation and places it in the books. A revoked credential stays revoked.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn revoke_credential(
    command: &RevokeCredential,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let credential = books.directory.credential(command.credential).ok_or(Refusal::NotFound)?;
    if credential.revoked_at.is_some() {
        return Ok(Answer::new(Done::Nothing));
    }
    let id = RowId(credential.id.0);
    let change = Change::about(id, ChangeKind::CredentialRevoked, &command.actor, now)
        .with("contract", credential.contract.as_str())
        .with("label", credential.label.as_str());
    let credential = Credential { revoked_at: Some(now), ..Credential::clone(credential) };
    books.put_credential(credential);
    Ok(Answer::new(Done::Changed(books.place_change(change, None))))
}

/// Records the uses that are newer than what is known.
///
/// # Errors
/// None; unknown credentials are passed over.
pub fn note_uses(command: &NoteUses, books: &mut Books) -> Result<Answer, Refusal> {
    for (id, at) in &command.uses {
        let Some(known) = books.directory.credential(*id) else { continue };
        if known.last_used_at.is_none_or(|last| last < *at) {
            let credential = Credential { last_used_at: Some(*at), ..Credential::clone(known) };
            books.put_credential(credential);
        }
    }
    Ok(Answer::new(Done::Nothing))
}

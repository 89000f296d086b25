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
    /// What its bearer shows beside the secret.
    pub login: Option<String>,
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
    let taken = |login: &String| books.directory.credential_by_login(command.contract, login);
    if command.login.as_ref().and_then(taken).is_some() {
        return Err(Refusal::NameTaken);
    }
    let mut change = Change::about(RowId(0), ChangeKind::CredentialIssued, &command.actor, now)
        .with("contract", command.contract.as_str())
        .with("label", command.label.as_str());
    if let Some(login) = &command.login {
        change = change.with("login", login.as_str());
    }
    change = match &command.scope {
        Scope::Installation => change,
        Scope::Company { number, seller: None } => change.with("company_number", number.as_str()),
        Scope::Company { number, seller: Some(seller) } => {
            change.with("company_number", number.as_str()).with("seller_number", seller.as_str())
        }
        Scope::Customer(customer) => change.with("customer_id", customer.to_string()),
    };
    if let Some(expires_at) = command.expires_at {
        change = change.with("expires_at", expires_at.rfc3339());
    }
    let change = books.place_change(change, command.idempotency);
    books.put_credential(Credential {
        id: CredentialId(change.id.0),
        contract: command.contract,
        login: command.login.clone(),
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

#[cfg(test)]
mod tests {
    use crate::ids::CredentialId;
    use crate::time::Timestamp;
    use crate::world::{NOW, World, check};

    #[test]
    fn credentials_are_issued_once_and_revoked_for_good() {
        check(
            "
            before              | request                 | answer               | balance
            issue key=k         | issue key=k secret=2    | IdempotencyKeyReused |
                                | issue                   | changed              | written
                                | issue contract=operator | changed              | written
                                | issue company=100 seller=654 expires=2027-01-01T00:00:00Z | \
                                  changed | written
                                | issue company=999       | changed              | written
            issue               | issue label=other       | NameTaken            |
            issue               | issue secret=2          | changed              | written
            issue key=k         | issue key=k             | changed again        |
            issue key=k; revoke | issue key=k             | changed again        |
            issue; revoke       | issue label=other       | NameTaken            |
                                | revoke                  | NotFound             |
            issue               | revoke                  | changed              | written
            issue; revoke       | revoke                  | nothing              |
                                | issue + issue           | NameTaken            | written
            ",
        );
    }

    #[test]
    fn the_journal_has_no_secret() {
        let mut world = World::new();
        world.run_all("issue secret=77 company=100 seller=654");
        let row = format!("{:?}", world.rows.values().next_back());
        assert!(row.contains("654") && row.contains("card_ledger"), "{row}");
        assert!(!row.contains("77, 77"), "{row}");
    }

    #[test]
    fn the_newest_use_is_noted_outside_the_journal() {
        check(
            "
            before      | request                        | answer  | balance
                        | note                           | nothing |
            issue; note | note used=2026-11-20T10:59:59Z | nothing |
            issue; note | note                           | nothing |
            ",
        );
        let mut world = World::new();
        let rows = world.run_all("issue").len() + World::new().rows.len();
        world.run_all("note; note used=2026-11-20T11:00:01Z");
        let last = world.directory.credentials().next_back().unwrap();
        assert_eq!(last.last_used_at, Timestamp::parse_rfc3339("2026-11-20T11:00:01Z"));
        assert_eq!(world.rows.len(), rows, "no row for it");
        assert!(world.verify().is_ok());
    }

    #[test]
    fn a_credential_is_good_until_it_is_revoked_or_expires() {
        let mut world = World::new();
        world.run_all("issue expires=2026-11-20T11:00:01Z; issue secret=2");
        let now = Timestamp::parse_rfc3339(NOW).unwrap();
        let good = |world: &World, at| -> Vec<bool> {
            world.directory.credentials().map(|credential| credential.is_good(at)).collect()
        };
        assert_eq!(good(&world, now.plus_ms(999)), [true, true]);
        assert_eq!(good(&world, now.plus_ms(1_000)), [false, true]);
        world.run_all("revoke");
        assert_eq!(good(&world, now), [true, false]);
        assert!(world.directory.credential(CredentialId(0)).is_none());
    }
}

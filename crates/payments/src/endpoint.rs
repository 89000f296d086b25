//! Where a merchant is notified of what becomes of its payments, and the secrets with which that is
//! signed. Part of the directory, so that a change of a payment finds them when it is written.
//!
//! Invariant: secrets and keys are here as sealed texts only.

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, Directory, Document, DocumentId, Fields, Idempotency,
    PaymentsChange, ReadSet, RowId, Timestamp,
};

use crate::command::{Answer, Outcome, repeated};
use crate::limits::{ENDPOINTS_MAX, OVERLAP_MS_MAX};
use crate::payment::{number, time, truth};
use crate::refusal::Refusal;

/// Where a merchant is notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The row that added it; what callers know it by.
    pub number: i64,
    /// Whose.
    pub customer: i64,
    /// Where. `None` for what stands for the address that each payment brings along
    /// (`notificationUrl`): a merchant that has such an endpoint may send one, and no other.
    pub url: Option<String>,
    /// Signs, sealed.
    pub secret: String,
    /// Signs too for a while, so that who receives can change from one secret to the next.
    pub previous: Option<Previous>,
    /// Enciphers bodies (AES-256-GCM), sealed. Without it they are sent as they are.
    pub key: Option<String>,
    /// Why nothing is sent to it, where nothing is.
    pub disabled: Option<String>,
    /// Whether it is gone. The document stays, since notifications name it.
    pub is_deleted: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// A secret that was followed by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Sealed.
    pub secret: String,
    /// Until when it signs too.
    pub until: Timestamp,
}

/// Asks to notify a merchant somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddEndpoint {
    /// The customer's number.
    pub customer: i64,
    /// Where; `None` for the addresses that payments bring along.
    pub url: Option<String>,
    /// Sealed.
    pub secret: String,
    /// Sealed.
    pub key: Option<String>,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// Asks to change an endpoint. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeEndpoint {
    /// Which one.
    pub endpoint: i64,
    /// Where.
    pub url: Option<String>,
    /// What enciphers bodies from now on, sealed; `Some(None)`: nothing.
    pub key: Option<Option<String>>,
    /// Whether anything is sent to it.
    pub is_active: Option<bool>,
    /// Sealed texts that are sealed anew, where they are still these: as they were and as they are
    /// now. A change of the cipher alone.
    pub sealed: Vec<(String, String)>,
    /// Who asks.
    pub actor: String,
}

/// Asks to sign with another secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateSecret {
    /// The endpoint.
    pub endpoint: i64,
    /// The new secret, sealed.
    pub secret: String,
    /// For how long the present one signs too, in milliseconds. At most
    /// [`OVERLAP_MS_MAX`].
    pub overlap_ms: i64,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// Asks to delete an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteEndpoint {
    /// Which one.
    pub endpoint: i64,
    /// Who asks.
    pub actor: String,
}

/// Why an endpoint is disabled that somebody has switched off.
const SWITCHED_OFF: &str = "it was switched off";

/// All endpoints that are not deleted.
pub const ENDPOINTS: &str = "endpoints";

impl AddEndpoint {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl RotateSecret {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl Endpoint {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Endpoint.id(number)
    }

    /// The list of a merchant's endpoints.
    pub fn merchant_list(customer: i64) -> String {
        format!("endpoints.of:{customer}")
    }

    /// An endpoint that is not deleted.
    pub fn find(directory: &Directory, number: i64) -> Option<Endpoint> {
        let found = directory.document(Endpoint::id(number)).and_then(|found| Endpoint::of(found));
        found.filter(|endpoint| !endpoint.is_deleted)
    }

    /// A merchant's endpoints, oldest first.
    pub fn all(directory: &Directory, customer: i64) -> Vec<Endpoint> {
        let list = Endpoint::merchant_list(customer);
        directory.documents_on(&list).filter_map(|found| Endpoint::of(found)).collect()
    }

    /// Whether a merchant's payments may bring an address along (`notificationUrl`).
    pub fn takes_addresses(directory: &Directory, customer: i64) -> bool {
        let all = Endpoint::all(directory, customer);
        all.iter().any(|it| it.url.is_none() && it.is_active())
    }

    /// Whether something is sent to it.
    pub fn is_active(&self) -> bool {
        !self.is_deleted && self.disabled.is_none()
    }

    /// The secrets that sign at a moment, sealed, the present one first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let previous = self.previous.as_ref().filter(|previous| now < previous.until);
        std::iter::once(self.secret.as_str()).chain(previous.map(|it| it.secret.as_str()))
    }

    /// All sealed texts.
    pub fn sealed(&self) -> impl Iterator<Item = &str> {
        let previous = self.previous.iter().map(|previous| &previous.secret);
        let sealed = std::iter::once(&self.secret).chain(previous).chain(&self.key);
        sealed.map(String::as_str).filter(|sealed| !sealed.is_empty())
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Endpoint> {
        let fields = &document.fields;
        let previous = fields.owned("previous");
        Some(Endpoint {
            number: document.id.number,
            customer: fields.number("customer")?,
            url: fields.owned("url"),
            secret: fields.owned("secret").unwrap_or_default(),
            previous: previous.zip(fields.time("previous_until")).map(Previous::from),
            key: fields.owned("key"),
            disabled: fields.owned("disabled"),
            is_deleted: fields.is_true("is_deleted"),
            created_at: fields.time("created_at")?,
            changed_at: fields.time("changed_at")?,
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let previous = self.previous.as_ref();
        let fields = Fields::default()
            .with("customer", number(self.customer))
            .with("url", self.url.as_ref())
            .with("secret", Some(&self.secret).filter(|secret| !secret.is_empty()))
            .with("previous", previous.map(|previous| &previous.secret))
            .with("previous_until", time(previous.map(|previous| previous.until)))
            .with("key", self.key.as_ref())
            .with("disabled", self.disabled.as_ref())
            .with("is_deleted", truth(self.is_deleted))
            .with("created_at", time(self.created_at))
            .with("changed_at", time(self.changed_at));
        let mut document = Document::new(Endpoint::id(self.number), fields);
        if !self.is_deleted {
            document.lists.insert(ENDPOINTS.to_owned());
            document.lists.insert(Endpoint::merchant_list(self.customer));
        }
        document
    }
}

impl From<(String, Timestamp)> for Previous {
    fn from((secret, until): (String, Timestamp)) -> Previous {
        Previous { secret, until }
    }
}

/// Decides one more endpoint.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::MerchantNotFound`],
/// [`Refusal::TooManyEndpoints`], [`Refusal::EndpointTwice`].
pub fn add_endpoint(
    command: &AddEndpoint,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        let endpoint = Endpoint::find(&books.directory, number);
        let endpoint = endpoint.ok_or(Refusal::EndpointNotFound)?;
        return Ok(Answer::replayed(Outcome::Endpoint(endpoint)));
    }
    if books.directory.document(Kind::Customer.id(command.customer)).is_none() {
        return Err(Refusal::MerchantNotFound);
    }
    let others = Endpoint::all(&books.directory, command.customer);
    if others.len() >= ENDPOINTS_MAX {
        return Err(Refusal::TooManyEndpoints);
    }
    if others.iter().any(|other| other.url == command.url) {
        return Err(Refusal::EndpointTwice);
    }
    let endpoint = Endpoint {
        number: books.coming_id().0,
        customer: command.customer,
        url: command.url.clone(),
        secret: command.secret.clone(),
        previous: None,
        key: command.key.clone(),
        disabled: None,
        is_deleted: false,
        created_at: now,
        changed_at: now,
    };
    let kind = ChangeKind::Payments(PaymentsChange::EndpointAdded);
    let change = told(Change::about(RowId(0), kind, &command.actor, now), &endpoint);
    books.place_change(change, command.idempotency);
    books.put_document(endpoint.document());
    Ok(Answer::new(Outcome::Endpoint(endpoint)))
}

/// Decides a change of an endpoint.
///
/// # Errors
/// [`Refusal::EndpointNotFound`], [`Refusal::EndpointTwice`], [`Refusal::EndpointHasNoUrl`].
pub fn change_endpoint(
    command: &ChangeEndpoint,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let before = Endpoint::find(&books.directory, command.endpoint);
    let before = before.ok_or(Refusal::EndpointNotFound)?;
    let mut endpoint = before.clone();
    if let Some(url) = &command.url {
        if endpoint.url.is_none() {
            return Err(Refusal::EndpointHasNoUrl);
        }
        let is_same = |it: &Endpoint| it.number != endpoint.number && it.url.as_ref() == Some(url);
        if Endpoint::all(&books.directory, endpoint.customer).iter().any(is_same) {
            return Err(Refusal::EndpointTwice);
        }
        endpoint.url = Some(url.clone());
    }
    if let Some(key) = &command.key {
        endpoint.key.clone_from(key);
    }
    match command.is_active {
        Some(true) => endpoint.disabled = None,
        Some(false) => drop(endpoint.disabled.get_or_insert_with(|| SWITCHED_OFF.to_owned())),
        None => {}
    }
    for (old, new) in &command.sealed {
        reseal(&mut endpoint, old, new);
    }
    if endpoint != before {
        endpoint.changed_at = now;
        let is_off = before.disabled.is_none() && endpoint.disabled.is_some();
        let kind =
            if is_off { PaymentsChange::EndpointDisabled } else { PaymentsChange::EndpointChanged };
        write(books, &endpoint, kind, &command.actor, now);
    }
    Ok(Answer::new(Outcome::Endpoint(endpoint)))
}

fn reseal(endpoint: &mut Endpoint, old: &str, new: &str) {
    let previous = endpoint.previous.iter_mut().map(|previous| &mut previous.secret);
    let sealed = std::iter::once(&mut endpoint.secret).chain(previous).chain(&mut endpoint.key);
    for sealed in sealed.filter(|sealed| *sealed == old) {
        new.clone_into(sealed);
    }
}

/// Decides that an endpoint is signed for with another secret. The one before the present one
/// signs no more, whether or not its time is over.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::EndpointNotFound`].
pub fn rotate_secret(
    command: &RotateSecret,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let is_repeated = repeated(books, command.idempotency)?.is_some();
    let found = Endpoint::find(&books.directory, command.endpoint);
    let mut endpoint = found.ok_or(Refusal::EndpointNotFound)?;
    if is_repeated {
        return Ok(Answer::replayed(Outcome::Endpoint(endpoint)));
    }
    let until = now.plus_ms(command.overlap_ms.clamp(0, OVERLAP_MS_MAX));
    let secret = std::mem::replace(&mut endpoint.secret, command.secret.clone());
    endpoint.previous = (until > now).then_some(Previous { secret, until });
    endpoint.changed_at = now;
    let kind = ChangeKind::Payments(PaymentsChange::EndpointRotated);
    let change = Change::about(RowId(endpoint.number), kind, &command.actor, now);
    books.place_change(told(change, &endpoint), command.idempotency);
    books.put_document(endpoint.document());
    Ok(Answer::new(Outcome::Endpoint(endpoint)))
}

/// Decides that an endpoint is gone. What waits to be sent there is given up when it is due.
///
/// # Errors
/// [`Refusal::EndpointNotFound`].
pub fn delete_endpoint(
    command: &DeleteEndpoint,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let found = Endpoint::find(&books.directory, command.endpoint);
    let mut endpoint = found.ok_or(Refusal::EndpointNotFound)?;
    endpoint.is_deleted = true;
    // Nothing is signed with them any more.
    (endpoint.secret, endpoint.previous, endpoint.key) = (String::new(), None, None);
    endpoint.changed_at = now;
    write(books, &endpoint, PaymentsChange::EndpointDeleted, &command.actor, now);
    Ok(Answer::new(Outcome::Endpoint(endpoint)))
}

/// Disables an endpoint because of what became of what was sent there.
pub(crate) fn disable(books: &mut Books, mut endpoint: Endpoint, reason: &str, now: Timestamp) {
    endpoint.disabled = Some(reason.to_owned());
    endpoint.changed_at = now;
    write(books, &endpoint, PaymentsChange::EndpointDisabled, "INTERNAL", now);
}

fn write(
    books: &mut Books,
    endpoint: &Endpoint,
    kind: PaymentsChange,
    actor: &str,
    now: Timestamp,
) {
    let kind = ChangeKind::Payments(kind);
    let change = Change::about(RowId(endpoint.number), kind, actor, now);
    books.place_change(told(change, endpoint), None);
    books.put_document(endpoint.document());
}

/// What the journal tells of an endpoint: nothing of its secrets, and of its address not what may
/// be one.
fn told(change: Change, endpoint: &Endpoint) -> Change {
    let change = change.with("customer", endpoint.customer.to_string());
    let change = change.with("enciphered", endpoint.key.is_some().to_string());
    match &endpoint.disabled {
        Some(reason) => change.with("reason", reason.clone()),
        None => change,
    }
}

#[cfg(test)]
mod tests;

//! Checkouts: a payment that the payer chooses how to make, on a page (payments v3, `checkouts`).
//!
//! Invariant: of all payments of a checkout at most one is undecided, and at most one succeeds.

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, Document, DocumentId, Fields, Idempotency, PaymentsChange, ReadSet,
    RowId, Timestamp,
};

use crate::command::{Answer, Outcome, find, repeated};
use crate::limits::{CHECKOUT_EXTENSIONS_MAX, CHECKOUT_MS, CHECKOUT_PAYMENTS_MAX};
use crate::online::Online;
use crate::payment::{Amount, MerchantName, Payment, number, time, truth};
use crate::refusal::Refusal;

/// A checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The row that created it.
    pub number: i64,
    /// What it is for.
    pub wanted: Wanted,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it can be paid no more.
    pub expires_at: Timestamp,
    /// How often the payer has asked for more time.
    pub extensions: i64,
    /// The payments that were tried, oldest first.
    pub payments: Vec<i64>,
}

/// What a checkout is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Drawn: 32 lower-case hexadecimal digits.
    pub id: String,
    /// Whose.
    pub merchant: MerchantName,
    /// How much.
    pub amount: Amount,
    /// What each of its payments says in payments v3; the brand and the card come with the payment.
    pub online: Online,
    /// Whether the payer may have the card kept (`createRegistration`).
    pub may_keep: bool,
}

/// Asks for a checkout (`POST checkouts`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepare {
    /// What it is for.
    pub wanted: Wanted,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// Asks to change what a checkout is for, while nothing was tried (`POST checkouts/{id}`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rearrange {
    /// The checkout.
    pub checkout: i64,
    /// What it is for now. Its id and its merchant stay.
    pub wanted: Wanted,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// The payer asks for more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extend {
    /// The checkout.
    pub checkout: i64,
}

impl Checkout {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Checkout.id(number)
    }

    /// The name that leads to it by its id.
    pub fn name(id: &str) -> String {
        format!("checkout:{id}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Checkout> {
        let fields = &document.fields;
        let payments = fields.text("payments").unwrap_or_default().split_whitespace();
        Some(Checkout {
            number: document.id.number,
            wanted: Wanted {
                id: fields.owned("id")?,
                merchant: MerchantName::of(fields)?,
                amount: Amount::of(fields)?,
                online: Online::of(&fields.under("online."))?,
                may_keep: fields.is_true("may_keep"),
            },
            created_at: fields.time("created_at")?,
            expires_at: fields.time("expires_at")?,
            extensions: fields.number("extensions").unwrap_or(0),
            payments: payments.filter_map(|number| number.parse().ok()).collect(),
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let Wanted { id, merchant, amount, online, may_keep } = &self.wanted;
        let payments: Vec<String> = self.payments.iter().map(ToString::to_string).collect();
        let fields = Fields::default()
            .with("id", Some(id))
            .with("may_keep", truth(*may_keep))
            .with("created_at", time(self.created_at))
            .with("expires_at", time(self.expires_at))
            .with("extensions", number(Some(self.extensions).filter(|count| *count != 0)))
            .with("payments", Some(payments.join(" ")).filter(|it| !it.is_empty()))
            .with_all("", &merchant.fields())
            .with_all("", &amount.fields())
            .with_all("online.", &online.fields());
        let mut document = Document::new(Checkout::id(self.number), fields);
        document.names.insert(Checkout::name(id));
        document
    }

    /// Whether it can be paid no more because its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// The newest payment that was tried.
    pub fn newest(&self) -> Option<i64> {
        self.payments.last().copied()
    }
}

impl Prepare {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl Rearrange {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
        reads.documents.push(Checkout::id(self.checkout));
    }
}

impl Extend {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Checkout::id(self.checkout));
    }
}

/// Decides to prepare a checkout.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`].
pub fn prepare(command: &Prepare, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Repeated(number)));
    }
    let checkout = Checkout {
        number: books.coming_id().0,
        wanted: command.wanted.clone(),
        created_at: now,
        expires_at: now.plus_ms(CHECKOUT_MS),
        extensions: 0,
        payments: Vec::new(),
    };
    let change = change_of(&checkout, &command.actor, now);
    books.place_change(change, command.idempotency);
    books.put_document(checkout.document());
    Ok(Answer::new(Outcome::Checkout(Box::new(checkout))))
}

/// Decides to change what a checkout is for.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CheckoutNotFound`],
/// [`Refusal::CheckoutExpired`], [`Refusal::CheckoutBusy`].
pub fn rearrange(
    command: &Rearrange,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Repeated(number)));
    }
    let mut checkout = open(books, command.checkout, now)?;
    if !checkout.payments.is_empty() {
        return Err(Refusal::CheckoutBusy);
    }
    let Wanted { amount, online, may_keep, .. } = command.wanted.clone();
    checkout.wanted.may_keep = may_keep;
    (checkout.wanted.amount, checkout.wanted.online) = (amount, online);
    books.place_change(change_of(&checkout, &command.actor, now), command.idempotency);
    books.put_document(checkout.document());
    Ok(Answer::new(Outcome::Checkout(Box::new(checkout))))
}

/// Decides to give the payer more time: as much as at first.
///
/// # Errors
/// [`Refusal::CheckoutNotFound`], [`Refusal::CheckoutExpired`].
pub fn extend(command: &Extend, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let mut checkout = open(books, command.checkout, now)?;
    if checkout.extensions < CHECKOUT_EXTENSIONS_MAX {
        checkout.extensions = checkout.extensions.saturating_add(1);
        checkout.expires_at = now.plus_ms(CHECKOUT_MS);
        books.put_document(checkout.document());
    }
    Ok(Answer::new(Outcome::Checkout(Box::new(checkout))))
}

/// Takes a new payment into its checkout, where that may be paid now.
pub(crate) fn admit(
    books: &Books,
    known: &Checkout,
    payment: i64,
    now: Timestamp,
) -> Result<Checkout, Refusal> {
    let mut checkout = open(books, known.number, now)?;
    // Another payment has come since it was read: whether it is undecided is not loaded.
    if checkout.newest() != known.newest() {
        return Err(Refusal::CheckoutBusy);
    }
    let newest = checkout.newest().and_then(|number| find(books, number));
    if newest.is_some_and(|payment| !has_failed(&payment)) {
        return Err(Refusal::CheckoutBusy);
    }
    if checkout.payments.len() >= CHECKOUT_PAYMENTS_MAX {
        return Err(Refusal::CheckoutExpired);
    }
    checkout.payments.push(payment);
    Ok(checkout)
}

/// Whether another payment may be tried.
fn has_failed(payment: &Payment) -> bool {
    payment.state.is_final() && !payment.state.is_committed()
}

fn open(books: &Books, number: i64, now: Timestamp) -> Result<Checkout, Refusal> {
    let found = books.document(Checkout::id(number)).and_then(Checkout::of);
    let checkout = found.ok_or(Refusal::CheckoutNotFound)?;
    if checkout.is_expired(now) { Err(Refusal::CheckoutExpired) } else { Ok(checkout) }
}

fn change_of(checkout: &Checkout, actor: &str, now: Timestamp) -> Change {
    let kind = ChangeKind::Payments(PaymentsChange::CheckoutPrepared);
    let amount = checkout.wanted.amount;
    Change::about(RowId(checkout.number), kind, actor, now)
        .with("customer", checkout.wanted.merchant.customer.to_string())
        .with("amount_minor", amount.total_minor.to_string())
        .with("currency", amount.currency.code())
}

#[cfg(test)]
mod tests;

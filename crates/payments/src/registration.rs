//! Registrations: cards that are kept to be paid with again (payments v3, `registrations`).
//!
//! Invariant: a card's number is here only sealed, and not at all once the card is deregistered.

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, Document, DocumentId, Fields, Idempotency, PaymentsChange, ReadSet,
    RowId, Timestamp,
};

use crate::command::{Answer, Outcome, repeated};
use crate::online::CardShown;
use crate::payment::{number, time, truth};
use crate::refusal::Refusal;

/// A card that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The row that created it.
    pub number: i64,
    /// The merchant's customer number.
    pub customer: i64,
    /// What is kept of the card.
    pub kept: Kept,
    /// Where it is.
    pub status: RegistrationStatus,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What is kept of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Drawn: 32 lower-case hexadecimal digits (`registrationId`).
    pub id: String,
    /// The brand, as payments v3 calls it.
    pub brand: String,
    /// What may be shown of it.
    pub card: CardShown,
    /// What the ledger calls it, where it is one of its cards.
    pub token: Option<String>,
    /// The number, enciphered; the key's id is part of it.
    pub sealed: Option<String>,
    /// Whether no real money can be moved with it.
    pub is_test: bool,
}

/// Where a registration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationStatus {
    /// It waits for the payment that it was made with.
    Pending,
    /// It may be paid with.
    Active,
    /// It is gone, by a request or because its payment failed.
    Deleted,
}

/// Asks to keep a card (`POST registrations`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepCard {
    /// The merchant's customer number.
    pub customer: i64,
    /// The card.
    pub kept: Kept,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// Asks to forget a card (`DELETE registrations/{id}`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgetCard {
    /// The registration.
    pub registration: i64,
    /// Who asks.
    pub actor: String,
}

impl RegistrationStatus {
    /// All of them.
    pub const ALL: [RegistrationStatus; 3] =
        [RegistrationStatus::Pending, RegistrationStatus::Active, RegistrationStatus::Deleted];

    /// The word used in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            RegistrationStatus::Pending => "pending",
            RegistrationStatus::Active => "active",
            RegistrationStatus::Deleted => "deleted",
        }
    }
}

impl Registration {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Registration.id(number)
    }

    /// The name that leads to it by its id.
    pub fn name(id: &str) -> String {
        format!("registration:{id}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Registration> {
        let fields = &document.fields;
        let status = fields.text("status")?;
        Some(Registration {
            number: document.id.number,
            customer: fields.number("customer")?,
            kept: Kept {
                id: fields.owned("id")?,
                brand: fields.owned("brand")?,
                card: CardShown::of(&fields.under("card."))?,
                token: fields.owned("token"),
                sealed: fields.owned("sealed"),
                is_test: fields.is_true("is_test"),
            },
            status: RegistrationStatus::ALL.into_iter().find(|it| it.as_str() == status)?,
            created_at: fields.time("created_at")?,
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let kept = &self.kept;
        let fields = Fields::default()
            .with("customer", number(self.customer))
            .with("id", Some(&kept.id))
            .with("brand", Some(&kept.brand))
            .with("token", kept.token.as_ref())
            .with("sealed", kept.sealed.as_ref())
            .with("is_test", truth(kept.is_test))
            .with("status", Some(self.status.as_str()))
            .with("created_at", time(self.created_at))
            .with_all("card.", &kept.card.fields());
        let mut document = Document::new(Registration::id(self.number), fields);
        document.names.insert(Registration::name(&kept.id));
        document
    }
}

impl KeepCard {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl ForgetCard {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Registration::id(self.registration));
    }
}

/// Decides to keep a card.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`].
pub fn keep_card(command: &KeepCard, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Repeated(number)));
    }
    let registration = Registration {
        number: books.coming_id().0,
        customer: command.customer,
        kept: command.kept.clone(),
        status: RegistrationStatus::Active,
        created_at: now,
    };
    place(books, &registration, &command.actor, command.idempotency, now);
    Ok(Answer::new(Outcome::Registration(Box::new(registration))))
}

/// Decides to forget a card: what is enciphered of it is wiped.
///
/// # Errors
/// [`Refusal::RegistrationNotFound`], [`Refusal::RegistrationDeleted`].
pub fn forget_card(
    command: &ForgetCard,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let found = find(books, command.registration).ok_or(Refusal::RegistrationNotFound)?;
    if found.status == RegistrationStatus::Deleted {
        return Err(Refusal::RegistrationDeleted);
    }
    let mut registration = found;
    registration.status = RegistrationStatus::Deleted;
    registration.kept.sealed = None;
    place(books, &registration, &command.actor, None, now);
    Ok(Answer::new(Outcome::Registration(Box::new(registration))))
}

/// Keeps a card with a payment: for good where the payment has succeeded, until it has where it is
/// undecided, and not at all where it was refused. The payment's own row names it.
pub(crate) fn keep(books: &mut Books, number: i64, customer: i64, kept: &Kept, now: Timestamp) {
    let registration = Registration {
        number,
        customer,
        kept: kept.clone(),
        status: RegistrationStatus::Pending,
        created_at: now,
    };
    books.put_document(registration.document());
}

/// Ends the wait for the payment with which a card was kept.
pub(crate) fn confirm(books: &mut Books, number: i64, has_succeeded: bool) {
    let found = find(books, number).filter(|it| it.status == RegistrationStatus::Pending);
    let Some(mut registration) = found else { return };
    registration.status = if has_succeeded {
        RegistrationStatus::Active
    } else {
        registration.kept.sealed = None;
        RegistrationStatus::Deleted
    };
    books.put_document(registration.document());
}

fn find(books: &Books, number: i64) -> Option<Registration> {
    books.document(Registration::id(number)).and_then(Registration::of)
}

fn place(
    books: &mut Books,
    registration: &Registration,
    actor: &str,
    idempotency: Option<Idempotency>,
    now: Timestamp,
) {
    let kind = ChangeKind::Payments(PaymentsChange::CardKept);
    let change = Change::about(RowId(registration.number), kind, actor, now)
        .with("customer", registration.customer.to_string())
        .with("status", registration.status.as_str());
    books.place_change(change, idempotency);
    books.put_document(registration.document());
}

#[cfg(test)]
mod tests {
    use ledger::{CardExpiry, Fingerprint, Key, MaskedPan};

    use super::*;
    use crate::world::World;
    use crate::{Command, Method, PaymentType};

    fn kept(id: &str) -> Kept {
        Kept {
            id: id.repeat(32),
            brand: "VISA".to_owned(),
            card: CardShown {
                number: MaskedPan { bin: "420000".to_owned(), last4: "0000".to_owned() },
                holder: None,
                expiry: CardExpiry { year: 2034, month: 5 },
            },
            token: Some("5646735165".to_owned()),
            sealed: Some("v1.a.x".to_owned()),
            is_test: true,
        }
    }

    fn keep_command(id: &str, asks: u8) -> Command {
        let idempotency = Idempotency { key: Key([1; 16]), fingerprint: Fingerprint([asks; 16]) };
        Command::KeepCard(KeepCard {
            customer: 2,
            kept: kept(id),
            actor: "shop".to_owned(),
            idempotency: Some(idempotency),
        })
    }

    fn read(world: &World, number: i64) -> Registration {
        let reads = ReadSet { documents: vec![Registration::id(number)], ..ReadSet::default() };
        let source = store::Store::source(&world.store);
        let books = source.open().unwrap().load(&reads).unwrap();
        find(&books, number).unwrap()
    }

    #[test]
    fn what_is_kept_is_read_again() {
        for status in RegistrationStatus::ALL {
            let created_at = Timestamp(7);
            let kept = kept("0");
            let it = Registration { number: 3, customer: 2, kept, status, created_at };
            assert_eq!(Registration::of(&it.document()), Some(it));
        }
    }

    #[test]
    fn a_card_is_kept_once_and_forgotten_once() {
        let mut world = World::new();
        let Outcome::Registration(it) = world.run(keep_command("a", 1)).unwrap().done else {
            panic!()
        };
        let again = world.run(keep_command("b", 1)).unwrap();
        assert_eq!((again.done, again.replayed), (Outcome::Repeated(it.number), true));
        let other = world.run(keep_command("c", 2));
        assert_eq!(other.unwrap_err(), Refusal::IdempotencyKeyReused);
        assert_eq!(read(&world, it.number), *it);
        let forget =
            |number| Command::ForgetCard(ForgetCard { registration: number, actor: "shop".into() });
        world.run(forget(it.number)).unwrap();
        let gone = read(&world, it.number);
        assert_eq!((gone.status, gone.kept.sealed), (RegistrationStatus::Deleted, None));
        let twice = world.run(forget(it.number));
        assert_eq!(twice.unwrap_err(), Refusal::RegistrationDeleted);
        let nobody = world.run(forget(987_654));
        assert_eq!(nobody.unwrap_err(), Refusal::RegistrationNotFound);
        world.verify();
    }

    #[test]
    fn a_card_is_kept_where_its_payment_succeeds() {
        for (minor, expected) in [
            (10_000, (RegistrationStatus::Active, true)),
            (50_001, (RegistrationStatus::Deleted, false)),
        ] {
            let mut world = World::new();
            let method = Method::CardLedger;
            let mut command = world.asked_online(PaymentType::Debit, method, None, minor);
            command.kept = Some(kept("a"));
            let payment = world.made(command);
            let it = read(&world, payment.number);
            assert_eq!((it.status, it.kept.sealed.is_some()), expected, "{minor}");
            world.verify();
        }
    }
}

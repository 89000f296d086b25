//! The decisions about an exception: somebody takes it, notes what is known, and deals with it.
//! What is booked for it is in the commit that resolves it.

use ledger::correct::{correct, correction_key};
use ledger::{
    AcquirerReferences, Books, Change, ChangeKind, ClearingChange, Correct, Decimal, Idempotency,
    Key, Mount, PostingKind, ReadSet, RowId, Timestamp, Transaction, TransactionKind,
};

use crate::apply::{PlacedRow, post_row, read_row};
use crate::command::{Answer, Outcome, repeated};
use crate::exception::{Exception, Means, Note, Origin, Resolution};
use crate::limits::NOTES_MAX;
use crate::refusal::Refusal;

/// Says who looks at an exception, whoever did before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeException {
    /// The exception.
    pub exception: i64,
    /// Who looks at it. At most [`crate::limits::OWNER_CHARS_MAX`] characters.
    pub owner: String,
    /// Who says so.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

/// Writes down what is known of an exception, resolved or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteException {
    /// The exception.
    pub exception: i64,
    /// What is known. At most [`crate::limits::NOTE_CHARS_MAX`] characters.
    pub text: String,
    /// Who knows it.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

/// Deals with an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveException {
    /// The exception.
    pub exception: i64,
    /// In which way.
    pub remedy: Remedy,
    /// Why. At most [`crate::limits::NOTE_CHARS_MAX`] characters.
    pub note: String,
    /// Who does it.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

/// How an exception is dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing has to be done here.
    Accept,
    /// The row of the file is posted after all.
    Post {
        /// The row, as the file has it. Rows of files that were accepted never change.
        row: Box<PlacedRow>,
        /// The acquirer's batch, which is the file's.
        batch: String,
        /// Whether it is posted as a transaction that was made offline though it names an
        /// authorization.
        without_authorization: bool,
    },
    /// The transaction that the exception is about is corrected.
    Correct(Correction),
}

/// What corrects a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The transaction.
    pub transaction: i64,
    /// The ledger, by number.
    pub company: String,
    /// The kind of what is corrected.
    pub kind: PostingKind,
    /// The source id of what is corrected.
    pub corrected: String,
    /// The source id of the correction.
    pub source: String,
    /// How much, in major units of the transaction's currency.
    pub amount: Decimal,
}

impl Correction {
    /// What corrects `transaction`, of the company with this number. `None` where it is nothing
    /// that can be corrected: a correction, a cancellation, an expiry.
    pub fn of(
        transaction: &Transaction,
        company: &str,
        source: String,
        amount: Decimal,
    ) -> Option<Correction> {
        let TransactionKind::Posting(kind) = transaction.kind else { return None };
        Some(Correction {
            transaction: transaction.id.0,
            company: company.to_owned(),
            kind,
            corrected: transaction.source.clone(),
            source,
            amount,
        })
    }

    /// The source id of an exception's correction, where the caller names none.
    pub fn source_of(exception: i64) -> String {
        format!("exc-{exception}")
    }

    fn command(&self) -> Correct {
        Correct {
            company: self.company.clone(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind: self.kind,
            corrected: self.corrected.clone(),
            source: self.source.clone(),
            amount: self.amount,
            references: AcquirerReferences::default(),
            value_date: None,
        }
    }
}

impl TakeException {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        read(self.exception, self.idempotency, reads);
    }
}

impl NoteException {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        read(self.exception, self.idempotency, reads);
    }
}

impl ResolveException {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        read(self.exception, self.idempotency, reads);
        match &self.remedy {
            Remedy::Accept => {}
            Remedy::Post { row, batch, without_authorization } => {
                read_row(&posted(row, *without_authorization), batch, reads);
            }
            Remedy::Correct(correction) => correction.command().read(reads),
        }
    }
}

fn read(exception: i64, idempotency: Option<Idempotency>, reads: &mut ReadSet) {
    reads.documents.push(Exception::id(exception));
    reads.keys.extend(idempotency.map(|idempotency| idempotency.key));
}

/// Decides who looks at an exception.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::ExceptionNotFound`],
/// [`Refusal::ExceptionResolved`].
pub fn take_exception(
    command: &TakeException,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let act = Act {
        exception: command.exception,
        kind: ClearingChange::ExceptionTaken,
        actor: &command.actor,
        idempotency: command.idempotency,
    };
    act.done(books, now, |exception, _| {
        check_open(exception)?;
        exception.owner = Some(command.owner.clone());
        Ok(Vec::new())
    })
}

/// Decides to keep a note.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::ExceptionNotFound`], [`Refusal::NotesFull`].
pub fn note_exception(
    command: &NoteException,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let act = Act {
        exception: command.exception,
        kind: ClearingChange::ExceptionNoted,
        actor: &command.actor,
        idempotency: command.idempotency,
    };
    act.done(books, now, |exception, _| {
        if exception.notes.len() >= NOTES_MAX {
            return Err(Refusal::NotesFull);
        }
        let (actor, text) = (command.actor.clone(), command.text.clone());
        exception.notes.push(Note { at: now, actor, text });
        Ok(Vec::new())
    })
}

/// Decides to deal with an exception. Where the ledger refuses what is to be booked, nothing is
/// done, and the exception stays open.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::ExceptionNotFound`],
/// [`Refusal::ExceptionResolved`], [`Refusal::NothingToPost`], [`Refusal::NothingToCorrect`],
/// [`Refusal::Ledger`].
pub fn resolve_exception(
    command: &ResolveException,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let act = Act {
        exception: command.exception,
        kind: ClearingChange::ExceptionResolved,
        actor: &command.actor,
        idempotency: command.idempotency,
    };
    act.done(books, now, |exception, books| {
        check_open(exception)?;
        let transaction = book(&command.remedy, exception, books, now)?;
        let means = command.remedy.means();
        exception.resolution = Some(Resolution {
            means,
            at: now,
            actor: command.actor.clone(),
            note: command.note.clone(),
            transaction,
        });
        let means = [("means", means.as_str().to_owned())];
        let booked = transaction.map(|number| ("transaction", number.to_string()));
        Ok(means.into_iter().chain(booked).collect())
    })
}

fn check_open(exception: &Exception) -> Result<(), Refusal> {
    if exception.resolution.is_some() { Err(Refusal::ExceptionResolved) } else { Ok(()) }
}

impl Remedy {
    /// The word for it.
    pub fn means(&self) -> Means {
        match self {
            Remedy::Accept => Means::Accepted,
            Remedy::Post { .. } => Means::Posted,
            Remedy::Correct(_) => Means::Corrected,
        }
    }
}

/// Books what resolves an exception; the transaction that it is.
fn book(
    remedy: &Remedy,
    exception: &Exception,
    books: &mut Books,
    now: Timestamp,
) -> Result<Option<i64>, Refusal> {
    match remedy {
        Remedy::Accept => Ok(None),
        Remedy::Post { row, batch, without_authorization } => {
            let Origin::FileRow { line, .. } = exception.what.origin else {
                return Err(Refusal::NothingToPost);
            };
            if i64::try_from(row.row.line) != Ok(line) {
                return Err(Refusal::NothingToPost);
            }
            let row = posted(row, *without_authorization);
            let key = post_row(&row, batch, books, now)?;
            Ok(id_of(books, key))
        }
        Remedy::Correct(correction) => {
            if exception.what.transaction != Some(correction.transaction) {
                return Err(Refusal::NothingToCorrect);
            }
            let booked = correct(&correction.command(), books, now).map_err(Refusal::Ledger)?;
            if booked.replayed {
                // Its source id stands for a correction that was not made for this exception.
                return Err(Refusal::Ledger(ledger::Refusal::DuplicateCorrection));
            }
            let Correction { company, kind, source, .. } = correction;
            Ok(id_of(books, correction_key(company, *kind, source)))
        }
    }
}

fn id_of(books: &Books, key: Key) -> Option<i64> {
    books.transaction(key).map(|booked| booked.id.0)
}

/// The row as it is posted.
fn posted(placed: &PlacedRow, without_authorization: bool) -> PlacedRow {
    let mut placed = placed.clone();
    if without_authorization {
        placed.row.authorization = None;
    }
    placed
}

/// What is done to an exception, by whom, under which key.
struct Act<'a> {
    exception: i64,
    kind: ClearingChange,
    actor: &'a str,
    idempotency: Option<Idempotency>,
}

/// What the journal tells of an act. It has no word of what people wrote.
type Told = Vec<(&'static str, String)>;

impl Act<'_> {
    /// Does it once: the exception that `decide` has changed is placed in the books.
    fn done(
        self,
        books: &mut Books,
        now: Timestamp,
        decide: impl FnOnce(&mut Exception, &mut Books) -> Result<Told, Refusal>,
    ) -> Result<Answer, Refusal> {
        let used = repeated(books, self.idempotency)?;
        if used.is_some_and(|subject| subject != self.exception) {
            return Err(Refusal::IdempotencyKeyReused);
        }
        let found = books.document(Exception::id(self.exception)).and_then(Exception::of);
        let mut exception = found.ok_or(Refusal::ExceptionNotFound)?;
        if used.is_some() {
            return Ok(Answer::replayed(Outcome::Exception(Box::new(exception))));
        }
        let told = decide(&mut exception, books)?;
        let (subject, kind) = (RowId(exception.number), ChangeKind::Clearing(self.kind));
        let change = Change::about(subject, kind, self.actor, now);
        let change =
            told.into_iter().fold(change, |change, (name, value)| change.with(name, value));
        books.place_change(change, self.idempotency);
        books.put_document(exception.document());
        Ok(Answer::new(Outcome::Exception(Box::new(exception))))
    }
}

#[cfg(test)]
mod tests;

//! The decisions to take in an acquirer's file: begun, kept chunk by chunk, accepted. From the
//! commit that accepts it on, it will be applied, whole and once.

use ledger::{Books, Change, ChangeKind, ClearingChange, Idempotency, ReadSet, RowId, Timestamp};

use crate::command::{Answer, Outcome, repeated};
use crate::file::{AcquirerFile, FileIdentity, FileRows, FileState, RowCounts};
use crate::refusal::Refusal;

/// Begins to take in a file whose bytes were read to their end and found to be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginFile {
    /// What tells it from all other files.
    pub identity: FileIdentity,
    /// The name of the layout that it was read with.
    pub profile: String,
    /// SHA-256 of its bytes: 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: i64,
    /// How many rows it has.
    pub rows: i64,
    /// The sum of its debits, in minor units of whatever currencies.
    pub debit_minor: i64,
    /// The sum of its credits, alike.
    pub credit_minor: i64,
    /// Who sent it.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// Keeps one chunk of rows of a file that was begun. The same chunk again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepRows {
    /// The rows.
    pub rows: FileRows,
}

/// Accepts a file all of whose rows were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptFile {
    /// The file.
    pub file: i64,
    /// What tells it from all other files.
    pub identity: FileIdentity,
    /// Its last chunk, which must have been kept; none where it has no rows.
    pub last_chunk: Option<i64>,
}

impl BeginFile {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.names.push(AcquirerFile::name(&self.identity));
        reads.names.push(AcquirerFile::name_while_receiving(&self.identity, &self.sha256));
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl KeepRows {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(AcquirerFile::id(self.rows.file));
        reads.documents.extend(FileRows::id(self.rows.file, self.rows.chunk));
    }
}

impl AcceptFile {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(AcquirerFile::id(self.file));
        reads.names.push(AcquirerFile::name(&self.identity));
        let last = self.last_chunk.and_then(|chunk| FileRows::id(self.file, chunk));
        reads.documents.extend(last);
    }
}

/// Decides whether a file may come. One with the same bytes that was begun and never accepted is
/// gone on with.
///
/// # Errors
/// [`Refusal::FileKnown`].
pub fn begin_file(
    command: &BeginFile,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let repeated = repeated(books, command.idempotency)?;
    let name = AcquirerFile::name_while_receiving(&command.identity, &command.sha256);
    if let Some(mut begun) = books.named(&name).and_then(AcquirerFile::of) {
        if begun.profile != command.profile {
            // It was read anew, with another layout, and its rows are kept as they came.
            begun.profile.clone_from(&command.profile);
            begun.rows = command.rows;
            begun.debit_minor = command.debit_minor;
            begun.credit_minor = command.credit_minor;
            books.put_document(begun.document());
        }
        return Ok(Answer::replayed(Outcome::File(Box::new(begun))));
    }
    if let Some(number) = repeated {
        return Ok(Answer::replayed(Outcome::Repeated(number)));
    }
    not_known(books, &command.identity)?;
    let kind = ChangeKind::Clearing(ClearingChange::FileReceived);
    let change = Change::about(RowId(0), kind, &command.actor, now)
        .with("batch", &command.identity.batch)
        .with("serial", command.identity.serial.to_string())
        .with("sha256", &command.sha256);
    let file = AcquirerFile {
        number: books.place_change(change, command.idempotency).id.0,
        identity: command.identity.clone(),
        profile: command.profile.clone(),
        sha256: command.sha256.clone(),
        bytes: command.bytes,
        rows: command.rows,
        debit_minor: command.debit_minor,
        credit_minor: command.credit_minor,
        state: FileState::Receiving,
        counts: RowCounts::default(),
        actor: command.actor.clone(),
        created_at: now,
        applied_at: None,
        awaits_comparison: false,
    };
    books.put_document(file.document());
    Ok(Answer::new(Outcome::File(Box::new(file))))
}

/// Decides to keep some rows.
///
/// # Errors
/// [`Refusal::FileNotFound`], also where the file has been accepted and its rows stand.
pub fn keep_rows(command: &KeepRows, books: &mut Books) -> Result<Answer, Refusal> {
    let file = find(books, command.rows.file)?;
    if file.state != FileState::Receiving {
        return Err(Refusal::FileKnown { file: file.number });
    }
    let document = command.rows.document().ok_or(Refusal::FileNotFound)?;
    if books.document(document.id).is_some_and(|kept| kept.fields == document.fields) {
        return Ok(Answer::nothing());
    }
    books.put_document(document);
    Ok(Answer::new(Outcome::Nothing))
}

/// Decides to accept a file: from now on it will be applied.
///
/// # Errors
/// [`Refusal::FileNotFound`], [`Refusal::FileKnown`], [`Refusal::FileIncomplete`].
pub fn accept_file(
    command: &AcceptFile,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut file = find(books, command.file)?;
    not_known(books, &file.identity)?;
    let last = command.last_chunk.and_then(|chunk| FileRows::id(file.number, chunk));
    let is_complete = command.last_chunk.map_or(0, |chunk| chunk.saturating_add(1))
        == file.chunks()
        && last.is_none_or(|id| books.document(id).is_some());
    if !is_complete {
        return Err(Refusal::FileIncomplete);
    }
    if file.rows == 0 {
        file.end(now);
    } else {
        file.state = FileState::Applying { chunk: 0 };
    }
    let kind = ChangeKind::Clearing(ClearingChange::FileAccepted);
    let change = Change::about(RowId(file.number), kind, &file.actor, now)
        .with("batch", &file.identity.batch)
        .with("serial", file.identity.serial.to_string())
        .with("rows", file.rows.to_string());
    books.place_change(change, None);
    books.put_document(file.document());
    Ok(Answer::new(Outcome::File(Box::new(file))))
}

/// A loaded file.
pub(crate) fn find(books: &Books, number: i64) -> Result<AcquirerFile, Refusal> {
    let found = books.document(AcquirerFile::id(number)).and_then(AcquirerFile::of);
    found.ok_or(Refusal::FileNotFound)
}

fn not_known(books: &Books, identity: &FileIdentity) -> Result<(), Refusal> {
    match books.named(&AcquirerFile::name(identity)) {
        Some(known) => Err(Refusal::FileKnown { file: known.id.number }),
        None => Ok(()),
    }
}

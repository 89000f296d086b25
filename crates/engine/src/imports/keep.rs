//! Keeps the rows of a file that is in order, and promises to apply them.

use std::io::Read;

use clearing::file::FileIdentity;
use clearing::limits::ROWS_PER_CHUNK;
use clearing::{AcceptFile, BeginFile, Command, FileRows, KeepRows, Outcome, Refusal};
use formats::rkha21::{Header, Line, Profile, Reader};
use ledger::Idempotency;

use super::check::{Checked, read_all};
use crate::handle::{Handle, SubmitError};

type Failure = SubmitError<Refusal>;

/// Keeps a file: its rows in chunks, and then the promise. Blocks. A repeat goes on where an
/// earlier one was cut off. Gives the file's number, and says whether the same request had been
/// granted before.
///
/// # Errors
/// [`Refusal::FileKnown`] and other refusals; [`SubmitError::NotDone`] also where the file cannot
/// be read any more.
pub fn keep(
    engine: &Handle,
    mut file: impl Read,
    profile: &Profile,
    checked: &Checked,
    about: Begin,
) -> Result<(i64, bool), Failure> {
    let summary = &checked.summary;
    let identity = identity_of(&summary.header);
    let command = BeginFile {
        identity: identity.clone(),
        profile: profile.name().to_owned(),
        sha256: about.sha256,
        bytes: about.bytes,
        rows: i64::try_from(summary.rows).unwrap_or(i64::MAX),
        debit_minor: summary.debit_minor,
        credit_minor: summary.credit_minor,
        actor: about.actor,
        idempotency: about.idempotency,
    };
    let answer = engine.submit_blocking(Command::BeginFile(command))?;
    if let Outcome::Repeated(number) = answer.done {
        return Ok((number, true));
    }
    let Outcome::File(file_begun) = answer.done else { return Err(SubmitError::Bug) };
    let mut chunks = Chunks { engine, file: file_begun.number, chunk: 0, lines: Vec::new() };
    let mut failure = None;
    let mut reader = Reader::new(profile);
    let read = read_all(&mut file, &mut reader, |line, reader| {
        if failure.is_none() && matches!(line, Line::Row(_)) {
            failure = chunks.add(reader.row_text()).err();
        }
        Ok(())
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    read.map_err(|_| SubmitError::NotDone)?;
    chunks.flush()?;
    let last_chunk = chunks.chunk.checked_sub(1).filter(|chunk| *chunk >= 0);
    let accept = AcceptFile { file: file_begun.number, identity, last_chunk };
    engine.submit_blocking(Command::AcceptFile(accept))?;
    Ok((file_begun.number, false))
}

/// What is known of a file beside what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// SHA-256 of its bytes: 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: i64,
    /// Who sent it.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

/// What tells a file with this header from all others.
fn identity_of(header: &Header) -> FileIdentity {
    FileIdentity {
        date: header.date,
        sender: header.sender.clone(),
        cycle: header.cycle.clone(),
        serial: i64::from(header.serial),
        batch: header.acquirer_batch_id(),
    }
}

/// Gathers rows into chunks.
struct Chunks<'e> {
    engine: &'e Handle,
    file: i64,
    /// The next chunk.
    chunk: i64,
    lines: Vec<String>,
}

impl Chunks<'_> {
    fn add(&mut self, line: String) -> Result<(), Failure> {
        self.lines.push(line);
        if self.lines.len() < ROWS_PER_CHUNK { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        let rows = FileRows { file: self.file, chunk: self.chunk, lines };
        self.engine.submit_blocking(Command::KeepRows(KeepRows { rows }))?;
        self.chunk = self.chunk.saturating_add(1);
        Ok(())
    }
}

//! Applies the files that were accepted, in the order in which they came.

use std::sync::Arc;

use clearing::apply::{PlacedRow, PreparedRow};
use clearing::file::{FILES_WAITING, FileState};
use clearing::{AcquirerFile, ApplyRows, Command, FileRows, Outcome, Refusal, ReleaseRows};
use formats::rkha21::{Profile, Profiles, Row, read_row};
use ledger::{Books, CardToken, ReadSet};
use store::{Part, Reader, StoreError};

use crate::handle::{Handle, SubmitError};
use crate::limits::{IMPORT_INTERVAL, IMPORT_INTERVAL_AFTER_FAILURE};
use crate::queries::Queries;

/// The duty of applying files.
const DUTY: &str = "imports";

/// Why a file was not applied to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplied {
    /// A commit was not made, or the store not read.
    #[error("{0}")]
    Submit(#[from] SubmitError<Refusal>),
    /// This server cannot read its rows. It waits, and all that came after it.
    #[error("file {file} came in the layout `{layout}`, which is none of rkha21-profiles")]
    LayoutUnknown {
        /// The file.
        file: i64,
        /// What its layout is called.
        layout: String,
    },
}

type Failure = NotApplied;

/// Applies for ever what waits.
pub async fn run_imports(engine: Handle, queries: Queries, profiles: Arc<Profiles>) {
    let mut failure = None;
    loop {
        let outcome = apply_waiting(&engine, &queries, &profiles).await;
        // An outage is told once, not every time that it is tried.
        match &outcome {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "applied acquirers' files"),
            Err(error) if failure.as_ref() != Some(error) => {
                tracing::warn!(%error, "could not apply an acquirer's file; will try again");
            }
            Err(_) => {}
        }
        failure = outcome.err();
        let pause = if failure.is_some() { IMPORT_INTERVAL_AFTER_FAILURE } else { IMPORT_INTERVAL };
        tokio::time::sleep(pause).await;
    }
}

/// Applies all files that wait, one after the other, and says how many.
///
/// # Errors
/// The first failure. What is left is found again by the next call.
pub async fn apply_waiting(
    engine: &Handle,
    queries: &Queries,
    profiles: &Arc<Profiles>,
) -> Result<usize, NotApplied> {
    let mut applied = 0_usize;
    while let Some(file) = next_waiting(queries).await? {
        if queries.take_turn(DUTY).await.map_err(|_| SubmitError::NotDone)?.is_none() {
            break;
        }
        if profiles.named(&file.profile).is_none() {
            return Err(NotApplied::LayoutUnknown { file: file.number, layout: file.profile });
        }
        let rows = Rows { queries, profiles };
        apply_file(engine, rows, file).await?;
        applied = applied.saturating_add(1);
    }
    Ok(applied)
}

async fn next_waiting(queries: &Queries) -> Result<Option<AcquirerFile>, Failure> {
    let read = |reader: &mut dyn Reader| reader.documents(FILES_WAITING, Part::After(0), 1);
    let found = queries.read(read).await.map_err(|_| SubmitError::NotDone)?;
    Ok(found.first().and_then(AcquirerFile::of))
}

/// Applies a file to its end. While a chunk is being applied, the next one is read and the turn is
/// kept. Where it was lost meanwhile, no harm is done: the file itself says which chunk is next.
async fn apply_file(
    engine: &Handle,
    source: Rows<'_>,
    mut file: AcquirerFile,
) -> Result<(), Failure> {
    let mut ahead = None;
    loop {
        let (command, next) = match file.state {
            FileState::Receiving | FileState::Applied => return Ok(()),
            FileState::Applying { chunk } => {
                let read = match ahead.take().filter(|(number, _)| *number == chunk) {
                    Some((_, read)) => read,
                    None => source.chunk(&file, chunk).await?,
                };
                (apply_of(&file, chunk, read), chunk.saturating_add(1))
            }
            FileState::Releasing { chunk } => {
                let release = source.release(&file, chunk).await?;
                (Command::ReleaseRows(release), file.chunks())
            }
        };
        let (answer, read, turn) = tokio::join!(
            engine.submit(command),
            source.chunk_if_any(&file, next),
            source.queries.take_turn(DUTY)
        );
        let Outcome::File(after) = answer?.done else { return Ok(()) };
        ahead = read?.map(|read| (next, read));
        file = *after;
        // Whoever has lost the turn leaves the rest to who has it.
        if turn.map_err(|_| SubmitError::NotDone)?.is_none() {
            return Ok(());
        }
    }
}

fn apply_of(file: &AcquirerFile, chunk: i64, rows: Vec<PreparedRow>) -> Command {
    let batch = file.identity.batch.clone();
    Command::ApplyRows(ApplyRows { file: file.number, chunk, batch, rows })
}

/// Where files' rows are, and how they are read.
#[derive(Clone, Copy)]
struct Rows<'r> {
    queries: &'r Queries,
    profiles: &'r Arc<Profiles>,
}

impl Rows<'_> {
    /// The rows that name an authorization, of as many chunks as go into one command.
    async fn release(self, file: &AcquirerFile, chunk: i64) -> Result<ReleaseRows, Failure> {
        let (mut rows, mut next) = (Vec::new(), chunk);
        while next < file.chunks() && rows.len() < clearing::limits::ROWS_PER_CHUNK {
            let names = |placed: PlacedRow| placed.row.authorization.is_some().then_some(placed);
            rows.extend(self.rows(file, next, names).await?);
            next = next.saturating_add(1);
        }
        Ok(ReleaseRows { file: file.number, chunk, next, rows })
    }

    /// A chunk, where the file has one more.
    async fn chunk_if_any(
        self,
        file: &AcquirerFile,
        chunk: i64,
    ) -> Result<Option<Vec<PreparedRow>>, Failure> {
        if chunk < file.chunks() { self.chunk(file, chunk).await.map(Some) } else { Ok(None) }
    }

    /// The rows of a chunk, as they are applied.
    async fn chunk(self, file: &AcquirerFile, chunk: i64) -> Result<Vec<PreparedRow>, Failure> {
        let batch = file.identity.batch.clone();
        self.rows(file, chunk, move |placed| Some(PreparedRow::new(placed, &batch))).await
    }

    /// What `take` makes of the rows of a chunk, on the thread that reads them.
    async fn rows<T: Send + 'static>(
        self,
        file: &AcquirerFile,
        chunk: i64,
        take: impl Fn(PlacedRow) -> Option<T> + Send + 'static,
    ) -> Result<Vec<T>, Failure> {
        let (number, file, profiles) = (file.number, file.clone(), Arc::clone(self.profiles));
        let read = move |reader: &mut dyn Reader| {
            let placed = placed_rows(reader, &profiles, &file, chunk)?;
            Ok(placed.map(|placed| placed.into_iter().filter_map(take).collect()))
        };
        match self.queries.read(read).await {
            Ok(Some(rows)) => Ok(rows),
            Ok(None) => {
                tracing::error!(file = number, chunk, "rows of an acquirer's file cannot be read");
                Err(SubmitError::Bug.into())
            }
            Err(_) => Err(SubmitError::NotDone.into()),
        }
    }
}

/// The rows of a chunk, and whose they are. `None` where the chunk is not there, is not what was
/// kept, or is in a layout that is not known.
pub(crate) fn placed_rows(
    reader: &mut dyn Reader,
    profiles: &Profiles,
    file: &AcquirerFile,
    chunk: i64,
) -> Result<Option<Vec<PlacedRow>>, StoreError> {
    let Some(id) = FileRows::id(file.number, chunk) else { return Ok(None) };
    let books = reader.load(&ReadSet { documents: vec![id], ..ReadSet::default() })?;
    let kept = books.document(id).and_then(FileRows::of);
    let profile = profiles.named(&file.profile);
    let rows = profile.zip(kept).and_then(|(profile, kept)| rows_of(profile, &kept));
    let Some(rows) = rows else { return Ok(None) };
    let cards = rows.iter().filter_map(|row| CardToken::parse(&row.card_token)).collect();
    let books = reader.load(&ReadSet { cards, is_anybodys: true, ..ReadSet::default() })?;
    let placed = |row| PlacedRow { company: company_of(&row, &books), row };
    Ok(Some(rows.into_iter().map(placed).collect()))
}

fn rows_of(profile: &Profile, kept: &FileRows) -> Option<Vec<Row>> {
    let first = u64::try_from(FileRows::first_line(kept.chunk)).ok()?;
    let lines = (first..).zip(&kept.lines);
    lines.map(|(line, text)| read_row(profile, line, text).ok()).collect()
}

/// The number of the company in whose ledger a row's card is.
fn company_of(row: &Row, books: &Books) -> Option<String> {
    let card = books.cards.get(&CardToken::parse(&row.card_token)?)?;
    Some(books.directory.company_by_id(card.company)?.number.clone())
}

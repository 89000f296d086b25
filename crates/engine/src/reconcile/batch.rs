//! The ledger against the files of one acquirer's batch.
//!
//! Rows are looked up in the ledger by the keys that the import used; so both sides call a thing by
//! the same name: the transaction's own. What the import could not post is on the list of
//! exceptions already, and nothing is found of it again.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use clearing::apply::{PlacedRow, keys_of};
use clearing::exception::{Exception, Means, Origin};
use clearing::file::FileState;
use clearing::reconciliation::Fees;
use clearing::{AcquirerFile, FileRows, Item, Reconciliation};
use formats::rkha21::Profiles;
use ledger::{Directory, ReadSet, Row, RowId, Timestamp, Transaction, TransactionId};
use store::{Part, Reader, StoreError};

use super::journal::{newest, row_before};
use super::run::{Compared, Earlier, NotReconciled, conclude, earlier, turn};
use super::sides::{Side, Sides};
use crate::handle::Handle;
use crate::imports::placed_rows;
use crate::limits::{
    BATCH_DAYS_BEFORE, BATCH_FILES_MAX, PAGE_ITEMS_MAX, RECONCILED_ROWS_AT_A_TIME,
};
use crate::queries::Queries;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// The files of a batch, all of which are applied.
///
/// # Errors
/// [`NotReconciled::BatchNotFound`], [`NotReconciled::BatchNotApplied`], [`NotReconciled::Store`].
pub fn files_of_batch(
    reader: &mut dyn Reader,
    batch: &str,
) -> Result<Vec<AcquirerFile>, NotReconciled> {
    let list = AcquirerFile::batch_list(batch);
    let found = reader.documents(&list, Part::After(0), BATCH_FILES_MAX)?;
    let files: Vec<AcquirerFile> = found.iter().filter_map(AcquirerFile::of).collect();
    if files.is_empty() {
        return Err(NotReconciled::BatchNotFound);
    }
    let is_applied = |file: &AcquirerFile| file.state == FileState::Applied;
    if files.iter().all(is_applied) { Ok(files) } else { Err(NotReconciled::BatchNotApplied) }
}

/// What a comparison of a batch needs of the installation.
#[derive(Clone, Debug)]
pub struct Room {
    /// Where both sides are written that do not fit in memory.
    pub directory: PathBuf,
    /// The layouts of files.
    pub profiles: Arc<Profiles>,
}

/// Compares the ledger with the files of a batch. `begun` is the comparison.
///
/// # Errors
/// [`NotReconciled`].
pub async fn reconcile_batch(
    engine: Handle,
    queries: &Queries,
    room: Room,
    batch: String,
    begun: Reconciliation,
) -> Result<Reconciliation, NotReconciled> {
    let turn = turn().await?;
    let ended = compare_batch(engine, queries, room, batch, begun).await;
    drop(turn);
    ended
}

/// As [`reconcile_batch`], by whoever has the turn.
pub(super) async fn compare_batch(
    engine: Handle,
    queries: &Queries,
    room: Room,
    batch: String,
    begun: Reconciliation,
) -> Result<Reconciliation, NotReconciled> {
    let run = move |reader: &mut dyn Reader| {
        let earlier = earlier(reader, &begun.scope)?;
        let compared = match compared(reader, &batch, &room, earlier) {
            Err(NotReconciled::Store(error)) => return Err(error),
            other => other,
        };
        Ok(compared.and_then(|compared| conclude(&engine, &begun, compared)))
    };
    queries.read(run).await?
}

/// Both sides, and the files that the other one is made of.
fn compared(
    reader: &mut dyn Reader,
    batch: &str,
    room: &Room,
    earlier: Earlier,
) -> Result<Compared, NotReconciled> {
    let files = files_of_batch(reader, batch)?;
    let first_day = files.iter().map(|file| i64::from(file.identity.date.0)).min().unwrap_or(0);
    let begin = first_day.saturating_sub(BATCH_DAYS_BEFORE).saturating_mul(DAY_MS);
    let begin = row_before(reader, Timestamp(begin))?;
    let mut streams = Streams {
        batch,
        begin,
        directory: Directory::default(),
        profiles: &room.profiles,
        ours: Side::new(&room.directory),
        theirs: Side::new(&room.directory),
    };
    streams.read_ledger(reader)?;
    for file in &files {
        streams.read_file(reader, file)?;
    }
    let sides = Sides::of(streams.ours, streams.theirs);
    let files = files.iter().map(|file| file.number).collect();
    Ok(Compared { sides, files, fees: Fees::new(), earlier })
}

/// Both sides, as far as they have been read.
struct Streams<'b> {
    batch: &'b str,
    /// The row after which the ledger is read.
    begin: RowId,
    directory: Directory,
    profiles: &'b Profiles,
    ours: Side,
    theirs: Side,
}

impl Streams<'_> {
    /// Reads the transactions that name the batch.
    fn read_ledger(&mut self, reader: &mut dyn Reader) -> Result<(), NotReconciled> {
        let end = newest(reader)?;
        let mut after = self.begin;
        while after < end {
            let rows = reader.rows_after(after, RECONCILED_ROWS_AT_A_TIME)?;
            let Some(last) = rows.last() else { break };
            after = last.id();
            let names_batch = |row: Row| match row {
                Row::Transaction(row) => is_of(&row, self.batch).then_some(row),
                Row::Authorization(_) | Row::Change(_) => None,
            };
            let found: Vec<Transaction> = rows.into_iter().filter_map(names_batch).collect();
            if found.iter().any(|row| self.directory.seller_by_id(row.seller).is_none()) {
                // There is a newer one than was seen last.
                self.directory = (*reader.load(&ReadSet::default())?.directory).clone();
            }
            for row in &found {
                self.ours.add(&our_item(row, &self.directory))?;
            }
        }
        Ok(())
    }

    fn read_file(
        &mut self,
        reader: &mut dyn Reader,
        file: &AcquirerFile,
    ) -> Result<(), NotReconciled> {
        let mut excepted = Excepted::of(file.number);
        for chunk in 0..file.chunks() {
            let placed = load_rows(reader, self.profiles, file, chunk)?;
            let last = placed.last().map_or(0, line_of);
            let excepted = excepted.up_to(reader, last)?;
            self.read_rows(reader, file.number, &placed, &excepted)?;
        }
        Ok(())
    }

    fn read_rows(
        &mut self,
        reader: &mut dyn Reader,
        file: i64,
        rows: &[PlacedRow],
        excepted: &BTreeMap<i64, bool>,
    ) -> Result<(), NotReconciled> {
        let keys = |placed: &PlacedRow| {
            let company = placed.company.as_deref();
            let keys = company.map(|company| keys_of(&placed.row, company, self.batch));
            keys.into_iter().flatten().collect::<Vec<_>>()
        };
        let reads = ReadSet {
            is_anybodys: true,
            keys: rows.iter().flat_map(keys).collect(),
            ..ReadSet::default()
        };
        let books = reader.load(&reads)?;
        for placed in rows {
            let line = line_of(placed);
            let found = keys(placed).into_iter().find_map(|key| books.transaction(key));
            let is_settled = excepted.get(&line).is_some_and(|is_posted| !is_posted);
            let item = their_item(placed, file, found, &books.directory);
            self.theirs.add(&Item { is_settled, ..item })?;
            // What came over the API need not name the batch, and may be older than what is read.
            let is_read =
                |row: &Transaction| is_of(row, self.batch) && row.id > TransactionId(self.begin.0);
            if let Some(row) = found.filter(|row| !is_settled && !is_read(row)) {
                self.ours.add(&our_item(row, &books.directory))?;
            }
        }
        Ok(())
    }
}

/// Whether a transaction moves money and names the batch.
fn is_of(row: &Transaction, batch: &str) -> bool {
    row.direction().is_some() && row.references.batch.as_deref() == Some(batch)
}

fn line_of(placed: &PlacedRow) -> i64 {
    i64::try_from(placed.row.line).unwrap_or(i64::MAX)
}

fn our_item(row: &Transaction, directory: &Directory) -> Item {
    let company = directory.company_by_id(row.company).map(|company| company.number.clone());
    Item {
        reference: row.source.clone(),
        within: company.clone().unwrap_or_default(),
        kind: row.kind.as_str().to_owned(),
        is_settled: false,
        amount_minor: row.posted,
        currency: row.currency,
        company,
        seller: directory.seller_by_id(row.seller).map(|seller| seller.number.clone()),
        day: Some(row.value_date),
        number: row.id.0,
        place: format!("transaction {}", row.id.0),
    }
}

/// A row, which is called as the transaction that it was found to be.
fn their_item(
    placed: &PlacedRow,
    file: i64,
    found: Option<&Transaction>,
    directory: &Directory,
) -> Item {
    let row = &placed.row;
    let theirs = Item {
        reference: row.source.clone(),
        within: placed.company.clone().unwrap_or_default(),
        kind: row.kind.as_str().to_owned(),
        is_settled: false,
        amount_minor: row.amount_minor,
        currency: row.currency,
        company: placed.company.clone(),
        seller: Some(row.seller.clone()),
        day: Some(row.date),
        number: line_of(placed),
        place: format!("file {file}, row {}", row.line),
    };
    match found.map(|found| our_item(found, directory)) {
        Some(Item { reference, within, kind, .. }) => Item { reference, within, kind, ..theirs },
        None => theirs,
    }
}

/// The rows of a chunk, and whose they are.
fn load_rows(
    reader: &mut dyn Reader,
    profiles: &Profiles,
    file: &AcquirerFile,
    chunk: i64,
) -> Result<Vec<PlacedRow>, StoreError> {
    placed_rows(reader, profiles, file, chunk)?.ok_or_else(|| {
        let (number, layout) = (file.number, &file.profile);
        tracing::error!(file = number, chunk, layout, "rows of an acquirer's file cannot be read");
        StoreError::NotCommitted
    })
}

/// One row of a file, by its line, and whose it is. `None` where there is none.
///
/// # Errors
/// When the store cannot be read.
pub fn row_of_file(
    reader: &mut dyn Reader,
    profiles: &Profiles,
    file: &AcquirerFile,
    line: i64,
) -> Result<Option<PlacedRow>, StoreError> {
    let mut chunks = (0..file.chunks()).rev();
    let Some(chunk) = chunks.find(|chunk| FileRows::first_line(*chunk) <= line) else {
        return Ok(None);
    };
    let rows = load_rows(reader, profiles, file, chunk)?;
    Ok(rows.into_iter().find(|placed| line_of(placed) == line))
}

/// The exceptions of a file, read along with its rows: they were raised in the order of rows.
struct Excepted {
    list: String,
    after: i64,
    read: VecDeque<(i64, bool)>,
    is_end: bool,
}

impl Excepted {
    fn of(file: i64) -> Excepted {
        let list = Origin::file_list(file);
        Excepted { list, after: 0, read: VecDeque::new(), is_end: false }
    }

    /// The next lines that have an exception, up to a line, and of each whether its row was posted
    /// after all.
    fn up_to(
        &mut self,
        reader: &mut dyn Reader,
        last: i64,
    ) -> Result<BTreeMap<i64, bool>, StoreError> {
        let mut lines = BTreeMap::new();
        loop {
            while let Some((line, is_posted)) = self.read.pop_front_if(|(line, _)| *line <= last) {
                lines.insert(line, is_posted);
            }
            if self.is_end || !self.read.is_empty() {
                return Ok(lines);
            }
            let found = reader.documents(&self.list, Part::After(self.after), PAGE_ITEMS_MAX)?;
            self.is_end = found.len() < PAGE_ITEMS_MAX;
            self.after = found.last().map_or(self.after, |found| found.id.number);
            self.read.extend(found.iter().filter_map(Exception::of).filter_map(line_and_fate));
        }
    }
}

fn line_and_fate(exception: Exception) -> Option<(i64, bool)> {
    let Origin::FileRow { line, .. } = exception.what.origin else { return None };
    let is_posted = exception.resolution.is_some_and(|it| it.means == Means::Posted);
    Some((line, is_posted))
}

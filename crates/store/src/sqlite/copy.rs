//! The embedded store as the source and as the target of a copy.
//!
//! Invariant: nobody writes to either of them meanwhile: each holds the lock of its directory.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Card, CardId, CompanyId, Directory, DocumentId, Key, Row, RowId, Seal,
};
use rusqlite::{
    Connection, OptionalExtension, Params, Result, Transaction, TransactionBehavior, params,
};

use super::Options;
use super::keys::find_merged;
use super::open::{self, OpenError, connect_importer, connect_reader, database_file};
use super::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, DIRECTORY_VERSION, DOCUMENTS, FRESH_KEYS, KEYS,
    SEALS, TRANSACTIONS, Table, read_account, read_all, read_authorization, read_card, read_change,
    read_directory, read_document, read_key, read_lead, read_seal, read_transaction, write_seal,
};
use super::write::write;
use crate::codes::Coded as _;
use crate::copy::{
    CopyError, DocumentPage, Export, Failure, Import, MARK_PLACE, MARK_SOURCE, Mark, Parcel, Place,
    Summary,
};

/// Pages of the log after which it is copied into the database: 16 MiB.
const LOG_PAGES: i64 = 4096;

/// Notes something in the target.
const SET: &str = "INSERT INTO meta (name, value) VALUES (?, ?) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// The company of the account that a change is about.
const COMPANY_OF_CHANGE: &str = "SELECT account.company FROM change \
                                 JOIN account ON account.id = change.account WHERE change.id = ?";

/// The company of an authorization or a transaction.
const COMPANY_OF_POSTING: &str = "SELECT company FROM authorization_ WHERE id = ?1 \
                                  UNION ALL SELECT company FROM transaction_ WHERE id = ?1";

/// Opens the store in `dir` as a source.
///
/// # Errors
/// [`CopyError`].
pub(crate) fn export(dir: &Path) -> Result<Box<dyn Export>, CopyError> {
    match SqliteExport::open(dir) {
        Ok(opened) => Ok(Box::new(opened)),
        Err(OpenError::Locked) => Err(CopyError::SourceInUse),
        Err(error) => Err(CopyError::Source(error.into())),
    }
}

/// Opens the store in `dir` as a target; makes the directory and the store if need be.
///
/// # Errors
/// [`CopyError`].
pub(crate) fn import(dir: &Path) -> Result<Box<dyn Import>, CopyError> {
    match SqliteImport::open(dir) {
        Ok(opened) => Ok(Box::new(opened)),
        Err(OpenError::Locked) => Err(CopyError::TargetInUse),
        Err(error) => Err(CopyError::Target(error.into())),
    }
}

struct SqliteExport {
    connection: Connection,
    /// The keys that are not in `used_key`, in order.
    fresh: Vec<(Key, RowId)>,
    _lock: File,
}

impl SqliteExport {
    fn open(dir: &Path) -> Result<SqliteExport, OpenError> {
        let file = database_file(dir);
        // First, since to lock a directory is to make it.
        open::check_store(&file)?;
        let lock = open::lock(dir)?;
        let connection = connect_reader(&file)?;
        let fresh = read_unmerged(&connection)?;
        Ok(SqliteExport { connection, fresh, _lock: lock })
    }

    fn list<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.connection.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    fn number(&self, sql: &str) -> Result<i64> {
        self.connection.query_row(sql, (), |row| row.get(0))
    }

    fn count(&self, table: &str) -> Result<u64> {
        let count = self.number(&format!("SELECT count(*) FROM {table}"))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    fn companies(&self, sql: &str, rows: &[RowId]) -> Result<HashMap<RowId, CompanyId>> {
        let mut find = self.connection.prepare_cached(sql)?;
        let mut companies = HashMap::new();
        for row in rows {
            if let Some(company) = find.query_row([row.0], |found| found.get(0)).optional()? {
                companies.insert(*row, CompanyId(company));
            }
        }
        Ok(companies)
    }
}

impl Export for SqliteExport {
    fn summary(&mut self) -> Result<Summary, Failure> {
        let newest = "WHERE (lane, number) IN (SELECT lane, max(number) FROM seal GROUP BY lane) \
                      ORDER BY lane";
        let rows = self.number("SELECT coalesce(sum(rows), 0) FROM seal")?;
        let fresh = u64::try_from(self.fresh.len())?;
        Ok(Summary {
            heads: self.list(&SEALS.select(newest), (), read_seal)?,
            directory_version: self.number(DIRECTORY_VERSION)?,
            rows: u64::try_from(rows).unwrap_or_default(),
            accounts: self.count(ACCOUNTS.name)?,
            cards: self.count(CARDS.name)?,
            keys: self.count(KEYS.name)?.saturating_add(fresh),
            documents: self.count(DOCUMENTS.name)?,
        })
    }

    fn rows_between(&mut self, after: RowId, until: RowId) -> Result<Vec<Row>, Failure> {
        let ids = "WHERE id > ? AND id <= ?";
        let range = [after.0, until.0];
        let mut rows = self.list(&AUTHORIZATIONS.select(ids), range, |row| {
            Ok(Row::Authorization(read_authorization(row)?))
        })?;
        rows.extend(self.list(&TRANSACTIONS.select(ids), range, |row| {
            Ok(Row::Transaction(read_transaction(row)?))
        })?);
        rows.extend(
            self.list(&CHANGES.select(ids), range, |row| Ok(Row::Change(read_change(row)?)))?,
        );
        rows.sort_unstable_by_key(Row::id);
        Ok(rows)
    }

    fn seals_between(&mut self, after: RowId, until: RowId) -> Result<Vec<Seal>, Failure> {
        let sql = SEALS.select("WHERE last > ? AND last <= ? ORDER BY last");
        Ok(self.list(&sql, [after.0, until.0], read_seal)?)
    }

    fn accounts_after(&mut self, after: AccountId, limit: usize) -> Result<Vec<Account>, Failure> {
        let sql = ACCOUNTS.select("WHERE id > ? ORDER BY id LIMIT ?");
        Ok(self.list(&sql, [after.0, i64::try_from(limit)?], read_account)?)
    }

    fn cards_after(&mut self, after: CardId, limit: usize) -> Result<Vec<Card>, Failure> {
        let sql = CARDS.select("WHERE id > ? ORDER BY id LIMIT ?");
        Ok(self.list(&sql, [after.0, i64::try_from(limit)?], read_card)?)
    }

    fn keys_between(
        &mut self,
        after: Option<Key>,
        until: Option<Key>,
    ) -> Result<Vec<(Key, RowId)>, Failure> {
        let (first, last) = (after.map(|key| key.0), until.map(|key| key.0));
        let mut keys = match (first, last) {
            (None, None) => self.list(&KEYS.select(""), (), read_key),
            (None, Some(last)) => self.list(&KEYS.select("WHERE key <= ?"), [last], read_key),
            (Some(first), None) => self.list(&KEYS.select("WHERE key > ?"), [first], read_key),
            (Some(first), Some(last)) => {
                self.list(&KEYS.select("WHERE key > ? AND key <= ?"), [first, last], read_key)
            }
        }?;
        let fresh = self.fresh.iter().skip_while(|(key, _)| Some(*key) <= after);
        keys.extend(fresh.take_while(|(key, _)| until.is_none_or(|until| *key <= until)));
        keys.sort_unstable();
        Ok(keys)
    }

    fn documents_after(
        &mut self,
        after: Option<DocumentId>,
        mut page: DocumentPage,
    ) -> Result<DocumentPage, Failure> {
        let after = after.map_or((i64::MIN, i64::MIN), |id| (id.kind.code(), id.number));
        let sql = DOCUMENTS.select("WHERE (kind, number) > (?, ?) ORDER BY kind, number");
        let mut find = self.connection.prepare_cached(&sql)?;
        let mut rows = find.query(after)?;
        while page.records_left() > 0
            && let Some(row) = rows.next()?
        {
            page.add(read_document(row)?);
        }
        Ok(page)
    }

    fn show_leads(
        &mut self,
        table: &'static Table,
        show: &mut dyn FnMut(&str, DocumentId),
    ) -> Result<(), Failure> {
        let mut find = self.connection.prepare_cached(&table.select_leads(""))?;
        for lead in find.query_map((), read_lead)? {
            let (text, id) = lead?;
            show(&text, id);
        }
        Ok(())
    }

    fn directory(&mut self) -> Result<Arc<Directory>, Failure> {
        Ok(read_directory(&self.connection)?)
    }

    fn companies_of_changes(
        &mut self,
        changes: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Failure> {
        Ok(self.companies(COMPANY_OF_CHANGE, changes)?)
    }

    fn companies_of_postings(
        &mut self,
        rows: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Failure> {
        Ok(self.companies(COMPANY_OF_POSTING, rows)?)
    }
}

/// The fresh keys that are not merged, in order: while a run is merged, part of it is in both
/// places.
fn read_unmerged(connection: &Connection) -> Result<Vec<(Key, RowId)>> {
    let mut unmerged = Vec::new();
    for table in &FRESH_KEYS {
        for (key, row) in read_all(connection, &table.select(""), read_key)? {
            if find_merged(connection, &key)? != Some(row) {
                unmerged.push((key, row));
            }
        }
    }
    unmerged.sort_unstable();
    Ok(unmerged)
}

/// What is written is in `used_key` at once, so that there are no fresh keys.
struct SqliteImport(SqliteExport);

impl SqliteImport {
    fn open(dir: &Path) -> Result<SqliteImport, OpenError> {
        let lock = open::lock(dir)?;
        let connection = connect_importer(&database_file(dir), &Options::default())?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        let fresh = read_unmerged(&connection)?;
        Ok(SqliteImport(SqliteExport { connection, fresh, _lock: lock }))
    }

    fn begin(&self) -> Result<Transaction<'_>> {
        Transaction::new_unchecked(&self.0.connection, TransactionBehavior::Immediate)
    }
}

impl Import for SqliteImport {
    fn export(&mut self) -> &mut dyn Export {
        &mut self.0
    }

    fn wants_owners(&self) -> bool {
        false
    }

    fn mark(&mut self) -> Result<Option<Mark>, Failure> {
        let Some(source) = open::find_meta(&self.0.connection, MARK_SOURCE)? else {
            return Ok(None);
        };
        let mut numbers = [0; 3];
        for (number, name) in numbers.iter_mut().zip(MARK_PLACE) {
            *number = open::find_meta(&self.0.connection, name)?.unwrap_or_default();
        }
        let place = Place::of(numbers).ok_or("target was copied to by a newer program")?;
        Ok(Some(Mark { source, place }))
    }

    fn start(&mut self, mark: Mark) -> Result<(), Failure> {
        let transaction = self.begin()?;
        transaction.execute(SET, params![MARK_SOURCE, mark.source])?;
        set_place(&transaction, mark.place)?;
        Ok(transaction.commit()?)
    }

    fn put(&mut self, mut parcel: Parcel, _before: Place, after: Place) -> Result<(), Failure> {
        let transaction = self.begin()?;
        // Every account is a new one.
        write(&transaction, &parcel.take_writes(), RowId(i64::MIN))?;
        let mut insert = transaction.prepare_cached(&SEALS.insert())?;
        parcel.seals.iter().try_for_each(|seal| write_seal(&mut insert, seal))?;
        drop(insert);
        let mut insert = transaction.prepare_cached(&KEYS.insert())?;
        for (key, row) in &parcel.keys {
            insert.execute(params![key.0, row.0])?;
        }
        drop(insert);
        set_place(&transaction, after)?;
        Ok(transaction.commit()?)
    }

    fn finish(&mut self, _heads: &[Seal]) -> Result<(), Failure> {
        let transaction = self.begin()?;
        for name in MARK_PLACE.into_iter().chain([MARK_SOURCE]) {
            transaction.execute("DELETE FROM meta WHERE name = ?", [name])?;
        }
        Ok(transaction.commit()?)
    }
}

fn set_place(transaction: &Transaction<'_>, place: Place) -> Result<()> {
    let mut set = transaction.prepare_cached(SET)?;
    for (name, number) in MARK_PLACE.into_iter().zip(place.numbers()) {
        set.execute(params![name, number])?;
    }
    Ok(())
}

//! A database as the source and as the target of a copy.
//!
//! Invariant: no server works on either of them meanwhile. Where a copy begins nobody holds a lane
//! or a turn; a target is opened by nobody before it is finished; and whatever was written to a
//! source or a target in spite of that is a difference when they are compared.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Card, CardId, CompanyId, Directory, DocumentId, Key, Row, RowId, Seal,
    WriteSet,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row as Found};

use super::bulk::{Bulk, insert, insert_owned, upsert};
use super::connect::{Connector, Error, Session};
use super::lease::CLOCK;
use super::load::{INSTALLATION, one, read_directory};
use super::walk::{DOCUMENT_SIZES, DOCUMENTS_AFTER, LEADS_AFTER, STEP, fitting, nearest};
use super::write::{directory_rows, journal_rows, taken};
use super::{Postgres, PostgresError, PostgresOptions, cells, migrate};
use crate::codes::Coded as _;
use crate::copy::{
    CopyError, DocumentPage, Export, Failure, Import, MARK_PLACE, MARK_SOURCE, Mark, Parcel, Place,
    Summary,
};
use crate::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, COMPANIES, CREDENTIALS, DOCUMENT_LISTS,
    DOCUMENT_NAMES, DOCUMENTS, KEYS, PAYABLES, SEALS, SELLERS, TRANSACTIONS, Table, put_account,
    put_card, put_document, put_key, put_seal,
};

/// A copy reads whole tables.
const SETTINGS: &str = "SET enable_seqscan = on";

/// Whoever works on the store, or did a moment ago. Whoever copies has migrated it himself.
const HELD: [&str; 2] = ["lane WHERE until > ", "turn WHERE duty <> 'migration' AND until > "];

/// Rows that would not be found by the company that they belong to.
const ASTRAY: [&str; 2] = [
    "SELECT count(*) FROM change AS c WHERE CASE WHEN c.account IS NULL THEN c.company <> 0 \
     ELSE NOT EXISTS (SELECT 1 FROM account AS a WHERE a.company = c.company \
     AND a.id = c.account) END",
    "SELECT count(*) FROM used_key AS k WHERE CASE WHEN k.company = 0 THEN NOT EXISTS (\
     SELECT 1 FROM change AS r WHERE r.company = ANY(ARRAY(\
     SELECT id FROM company UNION ALL SELECT 0)) AND r.id = k.row) \
     ELSE NOT EXISTS (SELECT 1 FROM authorization_ AS r WHERE r.company = k.company \
     AND r.id = k.row) AND NOT EXISTS (SELECT 1 FROM transaction_ AS r \
     WHERE r.company = k.company AND r.id = k.row) END",
];

/// Opens the store in a database as a source.
///
/// # Errors
/// [`CopyError`].
pub(crate) fn export(options: &PostgresOptions) -> Result<Box<dyn Export>, CopyError> {
    let opened = Connector::for_writing(options).and_then(|connector| {
        Postgres::connect(connector, async |client, _| {
            migrate::check(client).await?;
            check_copied(client).await
        })
    });
    let export = opened.and_then(|database| PostgresExport::open(&database));
    let export = export.map_err(|error| CopyError::Source(error.into()))?;
    match export.is_held() {
        Ok(false) => Ok(Box::new(export)),
        Ok(true) => Err(CopyError::SourceInUse),
        Err(error) => Err(CopyError::Source(error.into())),
    }
}

/// Opens a database as a target; makes the store if need be.
///
/// # Errors
/// [`CopyError`].
pub(crate) fn import(options: &PostgresOptions) -> Result<Box<dyn Import>, CopyError> {
    let opened = Connector::for_writing(options).and_then(|connector| {
        Postgres::connect(connector, async |client, holder| migrate::migrate(client, holder).await)
    });
    let export = opened.and_then(|database| PostgresExport::open(&database));
    let export = export.map_err(|error| CopyError::Target(error.into()))?;
    match export.is_held() {
        Ok(false) => Ok(Box::new(PostgresImport(export))),
        Ok(true) => Err(CopyError::TargetInUse),
        Err(error) => Err(CopyError::Target(error.into())),
    }
}

/// Demands that the store is not the target of a copy that has not come to its end.
pub(super) async fn check_copied(client: &Client) -> Result<(), PostgresError> {
    match find_meta(client, MARK_SOURCE).await? {
        Some(_) => Err(PostgresError::CopyUnfinished),
        None => Ok(()),
    }
}

async fn find_meta(client: &Client, name: &str) -> Result<Option<i64>, Error> {
    let found = client.query_opt("SELECT value FROM meta WHERE name = $1", &[&name]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

struct PostgresExport {
    session: Session,
}

impl PostgresExport {
    fn open(database: &Postgres) -> Result<PostgresExport, PostgresError> {
        let session = Session::open(&database.shared.connector)?;
        session.wait(async { Ok(session.client.batch_execute(SETTINGS).await?) })?;
        Ok(PostgresExport { session })
    }

    /// Whether anybody works on it.
    fn is_held(&self) -> Result<bool, Error> {
        for held in HELD {
            if self.number(&format!("SELECT count(*) FROM {held} {CLOCK}"))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Found>, Error> {
        let client = &self.session.client;
        self.session.wait_long(async { Ok(client.query(sql, parameters).await?) })
    }

    fn list<T>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: impl FnMut(&Found) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        cells::all(&self.query(sql, parameters)?, read)
    }

    fn number(&self, sql: &str) -> Result<i64, Error> {
        Ok(one(&self.query(sql, &[])?)?.try_get(0)?)
    }

    fn count(&self, table: &Table) -> Result<u64, Error> {
        let count = self.number(&format!("SELECT count(*) FROM {}", table.name))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Everyone whose rows there are.
    fn companies(&self) -> Result<Vec<i64>, Error> {
        let companies = "SELECT id FROM company UNION ALL SELECT $1::INT8";
        self.list(companies, &[&INSTALLATION], |row| Ok(row.try_get(0)?))
    }

    fn companies_of(
        &self,
        tables: &[&Table],
        rows: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Error> {
        let select = |table: &&Table| {
            let Table { name, .. } = table;
            format!(
                "SELECT id, company FROM {name} WHERE company = ANY($1::INT8[]) \
                 AND id = ANY($2::INT8[])"
            )
        };
        let sql: Vec<String> = tables.iter().map(select).collect();
        let companies = self.companies()?;
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let found = self.list(&sql.join(" UNION ALL "), &[&companies, &ids], |row| {
            Ok((RowId(row.try_get(0)?), CompanyId(row.try_get(1)?)))
        });
        Ok(found?.into_iter().collect())
    }
}

impl Export for PostgresExport {
    fn summary(&mut self) -> Result<Summary, Failure> {
        let newest = "WHERE (lane, number) IN (SELECT lane, max(number) FROM seal GROUP BY lane) \
                      ORDER BY lane";
        let rows = self.number("SELECT COALESCE(SUM(rows), 0)::INT8 FROM seal")?;
        let version = "SELECT value FROM meta WHERE name = 'directory_version'";
        Ok(Summary {
            heads: self.list(&SEALS.select(newest), &[], cells::seal)?,
            directory_version: self.number(version)?,
            rows: u64::try_from(rows).unwrap_or_default(),
            accounts: self.count(&ACCOUNTS)?,
            cards: self.count(&CARDS)?,
            keys: self.count(&KEYS)?,
            documents: self.count(&DOCUMENTS)?,
        })
    }

    fn rows_between(&mut self, after: RowId, until: RowId) -> Result<Vec<Row>, Failure> {
        let ids = "WHERE company = ANY($1::INT8[]) AND id > $2 AND id <= $3";
        let companies = self.companies()?;
        let range: [&(dyn ToSql + Sync); 3] = [&companies, &after.0, &until.0];
        let mut rows = self.list(&AUTHORIZATIONS.select(ids), &range, |row| {
            Ok(Row::Authorization(cells::authorization(row)?))
        })?;
        rows.extend(self.list(&TRANSACTIONS.select(ids), &range, |row| {
            Ok(Row::Transaction(cells::transaction(row)?))
        })?);
        rows.extend(
            self.list(&CHANGES.select(ids), &range, |row| Ok(Row::Change(cells::change(row)?)))?,
        );
        rows.sort_unstable_by_key(Row::id);
        Ok(rows)
    }

    fn seals_between(&mut self, after: RowId, until: RowId) -> Result<Vec<Seal>, Failure> {
        let sql = SEALS.select("WHERE last > $1 AND last <= $2 ORDER BY last");
        Ok(self.list(&sql, &[&after.0, &until.0], cells::seal)?)
    }

    fn accounts_after(&mut self, after: AccountId, limit: usize) -> Result<Vec<Account>, Failure> {
        let sql = nearest(&ACCOUNTS, "id > $2 ORDER BY id");
        let parameters = (self.companies()?, i64::try_from(limit)?);
        let (companies, limit) = &parameters;
        Ok(self.list(&sql, &[companies, &after.0, limit], cells::account)?)
    }

    fn cards_after(&mut self, after: CardId, limit: usize) -> Result<Vec<Card>, Failure> {
        let sql = CARDS.select("WHERE id > $1 ORDER BY id LIMIT $2");
        Ok(self.list(&sql, &[&after.0, &i64::try_from(limit)?], cells::card)?)
    }

    fn keys_between(
        &mut self,
        after: Option<Key>,
        until: Option<Key>,
    ) -> Result<Vec<(Key, RowId)>, Failure> {
        let sql = KEYS.select("WHERE company = ANY($1::INT8[]) AND key > $2 AND key <= $3");
        // What is shorter is less than every key, and what is longer may be greater.
        let first = after.map_or_else(Vec::new, |key| key.0.to_vec());
        let last = until.map_or_else(|| vec![0xff; 17], |key| key.0.to_vec());
        let companies = self.companies()?;
        let mut keys = self.list(&sql, &[&companies, &first, &last], cells::key)?;
        keys.sort_unstable();
        Ok(keys)
    }

    fn documents_after(
        &mut self,
        after: Option<DocumentId>,
        mut page: DocumentPage,
    ) -> Result<DocumentPage, Failure> {
        let sql = DOCUMENTS.select(DOCUMENTS_AFTER);
        let first = after.map_or((i64::MIN, i64::MIN), |id| (id.kind.code(), id.number));
        while page.records_left() > 0 {
            let last = page.last().map(|id| (id.kind.code(), id.number));
            let (kind, number) = last.unwrap_or(first);
            let limit = i64::try_from(page.records_left())?;
            let sizes =
                self.list(DOCUMENT_SIZES, &[&kind, &number, &limit], |row| Ok(row.try_get(0)?))?;
            let count = fitting(&sizes);
            if count == 0 {
                break;
            }
            for document in self.list(&sql, &[&kind, &number, &count], cells::document)? {
                page.add(document);
            }
        }
        Ok(page)
    }

    fn show_leads(
        &mut self,
        table: &'static Table,
        show: &mut dyn FnMut(&str, DocumentId),
    ) -> Result<(), Failure> {
        let sql = table.select_leads(LEADS_AFTER);
        let mut after = (String::new(), i64::MIN, i64::MIN);
        loop {
            let bounds: [&(dyn ToSql + Sync); 4] = [&after.0, &after.1, &after.2, &STEP];
            let leads = self.list(&sql, &bounds, cells::lead)?;
            let Some((text, id)) = leads.last() else { return Ok(()) };
            after = (text.clone(), id.number, id.kind.code());
            for (text, id) in &leads {
                show(text, *id);
            }
        }
    }

    fn directory(&mut self) -> Result<Arc<Directory>, Failure> {
        let client = &self.session.client;
        // No version is that of this one, so that all is read.
        let unknown = Arc::new(Directory::default().as_of(-1, RowId(0)));
        let read = async { read_directory(client, &unknown).await };
        Ok(self.session.wait_long(read)?)
    }

    fn companies_of_changes(
        &mut self,
        changes: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Failure> {
        let mut companies = self.companies_of(&[&CHANGES], changes)?;
        companies.retain(|_, company| company.0 != INSTALLATION);
        Ok(companies)
    }

    fn companies_of_postings(
        &mut self,
        rows: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Failure> {
        Ok(self.companies_of(&[&AUTHORIZATIONS, &TRANSACTIONS], rows)?)
    }
}

struct PostgresImport(PostgresExport);

impl PostgresImport {
    /// Runs `work` in one transaction. `durability` says when its commit is acknowledged.
    fn commit(
        &self,
        durability: &str,
        work: impl AsyncFnOnce(&Client) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let Session { client, .. } = &self.0.session;
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = {durability}"
        );
        let committed = self.0.session.wait_long(async {
            client.batch_execute(&begin).await?;
            let done = work(client).await;
            let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
            // What went wrong first is what is told.
            done.and(client.batch_execute(end).await.map_err(Error::Database))
        });
        Ok(committed?)
    }
}

impl Import for PostgresImport {
    fn export(&mut self) -> &mut dyn Export {
        &mut self.0
    }

    fn wants_owners(&self) -> bool {
        true
    }

    fn mark(&mut self) -> Result<Option<Mark>, Failure> {
        let client = &self.0.session.client;
        let found = self.0.session.wait_long(async {
            let Some(source) = find_meta(client, MARK_SOURCE).await? else { return Ok(None) };
            let mut numbers = [0; 3];
            for (number, name) in numbers.iter_mut().zip(MARK_PLACE) {
                *number = find_meta(client, name).await?.unwrap_or_default();
            }
            Ok(Some((source, numbers)))
        })?;
        let Some((source, numbers)) = found else { return Ok(None) };
        let place = Place::of(numbers).ok_or("target was copied to by a newer program")?;
        Ok(Some(Mark { source, place }))
    }

    fn start(&mut self, mark: Mark) -> Result<(), Failure> {
        self.commit("on", async |client| {
            let names = std::iter::once(MARK_SOURCE).chain(MARK_PLACE);
            let numbers = std::iter::once(mark.source).chain(mark.place.numbers());
            for (name, number) in names.zip(numbers) {
                let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                only(1, client.execute(sql, &[&name, &number]).await?)?;
            }
            Ok(())
        })
    }

    fn put(&mut self, mut parcel: Parcel, before: Place, after: Place) -> Result<(), Failure> {
        let writes = parcel.take_writes();
        // Its end is acknowledged by that of the last, which is waited for.
        self.commit("off", async |client| {
            let numbers = before.numbers().into_iter().zip(after.numbers());
            for (name, (before, after)) in MARK_PLACE.into_iter().zip(numbers) {
                let sql = "UPDATE meta SET value = $3 WHERE name = $1 AND value = $2";
                only(1, client.execute(sql, &[&name, &before, &after]).await?)?;
            }
            write(client, &writes, &parcel).await
        })
    }

    fn finish(&mut self, heads: &[Seal]) -> Result<(), Failure> {
        let newest = heads.iter().map(|head| head.last.0).max().unwrap_or_default();
        let lanes: Vec<i64> = heads.iter().map(|head| head.lane.0).collect();
        self.commit("on", async |client| {
            for sql in ASTRAY {
                let astray: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
                if astray > 0 {
                    let what = format!("{astray} rows are not where their company's are");
                    return Err(Error::Unreadable(what));
                }
            }
            let sql = "UPDATE journal SET newest = GREATEST(newest, $1) WHERE id = 1";
            only(1, client.execute(sql, &[&newest]).await?)?;
            let sql = "INSERT INTO lane (id, epoch, holder, until) \
                       SELECT l.id, 0, '', 0 FROM UNNEST($1::INT8[]) AS l (id) \
                       ON CONFLICT (id) DO NOTHING";
            client.execute(sql, &[&lanes]).await?;
            let names: Vec<&str> = std::iter::once(MARK_SOURCE).chain(MARK_PLACE).collect();
            let sql = "DELETE FROM meta WHERE name = ANY($1::TEXT[])";
            only(4, client.execute(sql, &[&names]).await?)
        })
    }
}

/// A mark that is not as it was left is somebody else's.
fn only(expected: u64, rows: u64) -> Result<(), Error> {
    if rows == expected {
        return Ok(());
    }
    Err(Error::Unreadable("somebody else copies into this database".to_owned()))
}

async fn write(client: &Client, writes: &WriteSet, parcel: &Parcel) -> Result<(), Error> {
    let owner = |row| parcel.owners.get(&row).map_or(INSTALLATION, |company| company.0);
    let [authorizations, transactions, changes] = journal_rows(writes, |row| owner(row.id));
    send(client, &insert(&AUTHORIZATIONS, ""), authorizations).await?;
    send(client, &insert(&TRANSACTIONS, ""), transactions).await?;
    send(client, &insert_owned(&CHANGES), changes).await?;
    let seals = Bulk::rows(&SEALS, parcel.seals.iter().map(put_seal));
    send(client, &insert(&SEALS, ""), seals).await?;
    let accounts = Bulk::rows(&ACCOUNTS, writes.accounts.iter().map(put_account));
    send(client, &insert(&ACCOUNTS, ""), accounts).await?;
    let mut keys = Bulk::owned(&KEYS);
    for (key, row) in &parcel.keys {
        keys.push_owned(owner(*row), put_key(key, *row));
    }
    send(client, &insert_owned(&KEYS), keys).await?;
    let cards = Bulk::rows(&CARDS, writes.cards.iter().map(put_card));
    send(client, &insert(&CARDS, ""), cards).await?;
    let documents = writes.documents.iter().map(|written| put_document(&written.document));
    send(client, &insert(&DOCUMENTS, ""), Bulk::rows(&DOCUMENTS, documents)).await?;
    let [names, lists] = taken(writes);
    send(client, &insert(&DOCUMENT_NAMES, ""), names).await?;
    send(client, &insert(&DOCUMENT_LISTS, ""), lists).await?;
    write_directory(client, writes).await
}

async fn write_directory(client: &Client, writes: &WriteSet) -> Result<(), Error> {
    let Some(directory) = &writes.directory else { return Ok(()) };
    let [companies, sellers, payables, credentials] = directory_rows(writes);
    send(client, &upsert(&COMPANIES), companies).await?;
    send(client, &upsert(&SELLERS), sellers).await?;
    send(client, &insert(&PAYABLES, ""), payables).await?;
    send(client, &upsert(&CREDENTIALS), credentials).await?;
    let sql = "UPDATE meta SET value = $2 WHERE name = $1";
    let (version, newest) = (directory.version(), directory.newest().0);
    for (name, number) in [("directory_version", version), ("directory_newest", newest)] {
        only(1, client.execute(sql, &[&name, &number]).await?)?;
    }
    Ok(())
}

async fn send(client: &Client, sql: &str, rows: Bulk<'_>) -> Result<(), Error> {
    if !rows.is_empty() {
        client.execute(sql, &rows.parameters()).await?;
    }
    Ok(())
}

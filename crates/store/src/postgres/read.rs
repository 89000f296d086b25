//! Readers: connections of their own. Each call is one transaction that sees one state and
//! writes nothing. They read from where writers write: a standby may be behind, or ahead of what
//! survives.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ledger::{
    Account, AccountId, AuthorizationId, Books, Card, CardId, Directory, Document, Head, Position,
    ReadSet, Row, RowId, Timestamp,
};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::connect::{Error, Session};
use super::lease::take_turn;
use super::load::{INSTALLATION, LoadStatements, Locking, Wanted, load, one, read_directory};
use super::{Shared, cells, walk};
use crate::rows::{ACCOUNTS, CARDS};
use crate::{Epoch, Part, Reader, Record, Source, StoreError};

/// Opens readers on a database.
pub(super) struct PostgresSource {
    shared: Arc<Shared>,
}

impl PostgresSource {
    pub(super) fn new(shared: Arc<Shared>) -> PostgresSource {
        PostgresSource { shared }
    }
}

impl Source for PostgresSource {
    fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
        let reader = self.shared.told(PostgresReader::open(&self.shared))?;
        Ok(Box::new(reader))
    }

    fn take_turn(&self, duty: &str) -> Result<Option<Epoch>, StoreError> {
        let holder = self.shared.holder.as_str();
        let turn =
            self.shared.aside(|session| session.wait(take_turn(&session.client, duty, holder)));
        self.shared.told(turn)
    }

    fn has_other_nodes(&self) -> bool {
        true
    }
}

struct PostgresReader {
    shared: Arc<Shared>,
    session: Session,
    load: LoadStatements,
    prepared: Prepared,
    calls: u32,
    /// The directory as it was read last.
    directory: Arc<Directory>,
}

/// How long one statement of a reader may take. An audit is many.
const STATEMENT_MAX: Duration = Duration::from_secs(30);

/// The statements of a connection that were asked for so far.
type Prepared = RefCell<HashMap<String, Statement>>;

/// What a call reads with: all of it in one state.
pub(super) struct View<'c> {
    pub(super) client: &'c Client,
    pub(super) directory: &'c Arc<Directory>,
    /// Everyone whose rows there are.
    pub(super) companies: Vec<i64>,
    prepared: &'c Prepared,
}

impl View<'_> {
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        let known = self.prepared.borrow().get(sql).cloned();
        let statement = if let Some(statement) = known {
            statement
        } else {
            let statement = self.client.prepare(sql).await?;
            self.prepared.borrow_mut().insert(sql.to_owned(), statement.clone());
            statement
        };
        let answer = timeout(STATEMENT_MAX, self.client.query(&statement, parameters)).await;
        Ok(answer.map_err(|_| Error::Silent)??)
    }
}

/// Waits for what reads a few rows, but not for ever.
async fn in_time<T>(read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(STATEMENT_MAX, read).await.map_err(|_| Error::Silent)?
}

impl PostgresReader {
    fn open(shared: &Arc<Shared>) -> Result<PostgresReader, Error> {
        let session = Session::open(&shared.connector)?;
        let load = session.wait(LoadStatements::prepare(&session.client, Locking::Nothing))?;
        let (prepared, directory) = (Prepared::default(), Arc::default());
        Ok(PostgresReader {
            shared: Arc::clone(shared),
            session,
            load,
            prepared,
            calls: 0,
            directory,
        })
    }

    /// Begins a transaction. A connection that has waited may have been cut off meanwhile.
    fn begin(&mut self) -> Result<(), Error> {
        self.calls = self.calls.wrapping_add(1);
        let is_stale = self.calls.is_multiple_of(CALLS_PER_PLAN);
        let ask = |session: &Session| {
            session.wait(async {
                if is_stale {
                    // By itself: with BEGIN behind it, it would take that transaction's snapshot,
                    // and the transaction could not say any more how isolated it is.
                    session.client.batch_execute("DISCARD PLANS").await?;
                }
                Ok(session.client.batch_execute(BEGIN).await?)
            })
        };
        match ask(&self.session) {
            Err(error) if error.is_lost() => {
                let directory = Arc::clone(&self.directory);
                *self = PostgresReader { directory, ..PostgresReader::open(&self.shared)? };
                ask(&self.session)
            }
            answer => answer,
        }
    }

    /// Runs `query` in a transaction. It may take as long as it needs.
    fn read<T>(
        &mut self,
        query: impl AsyncFnOnce(&View<'_>, &LoadStatements) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let begun = self.begin();
        self.shared.told(begun)?;
        let (client, known, statements) = (&self.session.client, &self.directory, &self.load);
        let read = async {
            let directory = in_time(read_directory(client, known)).await?;
            let companies = directory.companies().map(|company| company.id.0);
            let companies = companies.chain([INSTALLATION]).collect();
            let prepared = &self.prepared;
            let view = View { client, directory: &directory, companies, prepared };
            let answer = query(&view, statements).await?;
            in_time(async { Ok(client.batch_execute("COMMIT").await?) }).await?;
            Ok((directory, answer))
        };
        let (directory, answer) = self.shared.told(self.session.wait_long(read))?;
        self.directory = directory;
        Ok(answer)
    }
}

/// The newest row, by its seal.
const NEWEST: &str = "SELECT COALESCE((SELECT last FROM seal ORDER BY last DESC LIMIT 1), 0)";

/// One state for all statements, and no writing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// After how many calls plans are made anew, as the tables are by then.
const CALLS_PER_PLAN: u32 = 500;

impl Reader for PostgresReader {
    fn load(&mut self, reads: &ReadSet) -> Result<Books, StoreError> {
        self.read(async |view, statements| {
            let newest = view.rows(NEWEST, &[]).await?;
            let newest = RowId(one(&newest)?.try_get(0)?);
            let mut behind = Vec::new();
            let loaded = loop {
                let wanted = Wanted::of(reads, view.directory, newest, &behind);
                let loaded = in_time(load(view.client, statements, &wanted)).await?;
                match loaded.behind(&wanted) {
                    Some(rows) => behind = rows,
                    None => break loaded,
                }
            };
            let books = loaded.into_books(view.directory, newest, Head::default());
            books.ok_or_else(|| Error::Unreadable("a row's account is not there".to_owned()))
        })
    }

    fn row(&mut self, id: RowId) -> Result<Option<Row>, StoreError> {
        self.read(async |view, _| walk::row(view, id).await)
    }

    fn rows_after(&mut self, after: RowId, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(async |view, _| walk::rows_after(view, after, count(limit)).await)
    }

    fn news(&mut self, after: &Position, limit: usize) -> Result<(Vec<Row>, Position), StoreError> {
        self.read(async |view, _| walk::news(view, after, limit).await)
    }

    fn rows_before(&mut self, before: RowId, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(async |view, _| walk::rows_before(view, before, count(limit)).await)
    }

    fn card(&mut self, id: CardId) -> Result<Option<Card>, StoreError> {
        self.read(async |view, _| {
            let rows = view.rows(&CARDS.select("WHERE id = $1"), &[&id.0]).await?;
            rows.first().map(cells::card).transpose()
        })
    }

    fn cards_of(
        &mut self,
        account: AccountId,
        before: CardId,
        limit: usize,
    ) -> Result<Vec<Card>, StoreError> {
        let sql = CARDS.select("WHERE account = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        self.read(async |view, _| {
            let rows = view.rows(&sql, &[&account.0, &before.0, &count(limit)]).await?;
            cells::all(&rows, cells::card)
        })
    }

    fn accounts_before(
        &mut self,
        before: AccountId,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let sql = walk::nearest(&ACCOUNTS, "id < $2 ORDER BY id DESC");
        self.read(async |view, _| {
            let rows = view.rows(&sql, &[&view.companies, &before.0, &count(limit)]).await?;
            cells::all(&rows, cells::account)
        })
    }

    fn documents(
        &mut self,
        list: &str,
        part: Part,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.read(async |view, _| walk::documents(view, list, part, count(limit)).await)
    }

    fn due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<AuthorizationId>, StoreError> {
        // Word for word the condition of the index.
        let sql = "SELECT id FROM authorization_ WHERE state = 0 AND taken < amount \
                   AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2";
        self.read(async |view, _| {
            let rows = view.rows(sql, &[&now.0, &count(limit)]).await?;
            rows.iter().map(|row| Ok(AuthorizationId(row.try_get(0)?))).collect()
        })
    }

    fn audit(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.read(async |view, _| walk::audit(view, visit).await)
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

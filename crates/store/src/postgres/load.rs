//! The first round trip of a batch: an id for each row it may write, the locks on what it will
//! change, and what it needs to decide.
//!
//! Invariant: accounts are locked before anything else is read, in the order of their ids. Every
//! row that can change belongs to one account, so what is read after it stays true until the end.
//! Documents are locked next, in the order of theirs, and read after that.
//!
//! What a lock was waited for may have got another name, or left a list to another document. So
//! documents are looked for twice: to be locked, and to be read. If one is found the second time
//! that is not locked, the batch begins again.
//!
//! A lock does not keep others from putting one more document on a list. Who only reads a list
//! comes before them, and that is as well. Who puts documents on a list that it has read whole
//! writes the version of the list that follows the one it read, and of two batches only one can:
//! the other is decided again. The version is read before the list, never after it.
//!
//! What was waited for may have changed the directory too. So where documents are locked, the
//! directory's version is read after that: the documents are never newer than the directory.
//!
//! Keys come after all locks: a repeat that has waited for the first request finds its key. They
//! are looked up, and seldom found: what found ones lead to is read when they are, which takes one
//! more round trip.
//!
//! Rows are looked up one by one, from a LATERAL that is planned by itself: whatever the planner
//! believes of a table's size, it goes by the whole primary key. For `company = ANY(..) AND
//! id = ANY(..)` on a table that was small it would go by the company alone.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::{join, join_all, join3, join4, join5};
use ledger::{
    Account, Authorization, Books, Card, CardToken, Change, Code, Directory, Document, DocumentId,
    Head, Key, ReadSet, RowId, Transaction,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::cells;
use super::connect::Error;
use super::ids::Order;
use super::lease::{CLOCK, HeldLane};
use crate::codes::Coded as _;
use crate::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, COMPANIES, CREDENTIALS, DOCUMENT_LISTS,
    DOCUMENT_NAMES, DOCUMENTS, HOUSES, KEYS, Listed, PAYABLES, SELLERS, TRANSACTIONS, Table,
    directory, get_house, get_payable, is_resident,
};

/// Where rows are that belong to no company's account.
pub(super) const INSTALLATION: i64 = 0;

/// Gives out ids. Its commit is not waited for: whatever uses an id is written to the same log
/// after it, and so is not there without it.
/// What is left of the last ones is given again where nobody was given others since.
pub(super) const RESERVE: &str = "UPDATE journal \
     SET newest = CASE WHEN newest = $2 THEN $3 ELSE newest END + $1 \
     WHERE id = 1 AND set_config('synchronous_commit', 'off', true) = 'off' RETURNING newest";

/// Takes ids back that were not used, unless others were given out since.
pub(super) const GIVE_BACK: &str = "UPDATE journal SET newest = $1 \
     WHERE id = 1 AND newest = $2 AND set_config('synchronous_commit', 'off', true) = 'off'";

/// What a batch asks for by key, as parameters.
pub(super) struct Wanted<'r> {
    companies: Vec<i64>,
    accounts: Vec<i64>,
    tokens: Vec<&'r str>,
    /// Authorizations that are asked for, and then `behind`.
    authorizations: Vec<i64>,
    /// Rows that keys were found to lead to, ascending.
    behind: Vec<i64>,
    keys: Vec<Cow<'r, [u8]>>,
    documents: WantedDocuments<'r>,
}

/// The documents among it.
struct WantedDocuments<'r> {
    kinds: Vec<i64>,
    numbers: Vec<i64>,
    names: Vec<&'r str>,
    lists: Vec<&'r str>,
}

impl<'r> Wanted<'r> {
    /// The keys of `reads`, where ids up to `newest` are known of, and `behind`, the rows that an
    /// earlier try found them to lead to.
    pub(super) fn of(
        reads: &'r ReadSet,
        directory: &Directory,
        newest: RowId,
        behind: &[i64],
    ) -> Wanted<'r> {
        let companies = &reads.companies;
        let everybodys = reads.is_anybodys || companies.is_empty();
        let mut ids: Vec<i64> = if everybodys {
            directory.companies().map(|company| company.id.0).collect()
        } else {
            let found = companies.iter().filter_map(|number| directory.company(number));
            found.map(|company| company.id.0).collect()
        };
        ids.push(INSTALLATION);
        let by_code = reads.codes.iter().flat_map(|code| candidates(*code, newest));
        let by_id = reads.authorizations.iter().map(|id| id.0);
        let named = reads.keys.iter().map(|key| Cow::Borrowed(key.0.as_slice()));
        let cleared = reads.cleared_keys(behind.iter().copied().map(RowId));
        let cleared = cleared.into_iter().map(|key| Cow::Owned(key.0.to_vec()));
        Wanted {
            companies: ids,
            accounts: reads.named_accounts(directory).map(|id| id.0).collect(),
            tokens: reads.cards.iter().map(CardToken::as_str).collect(),
            authorizations: by_code.chain(by_id).chain(behind.iter().copied()).collect(),
            behind: behind.to_vec(),
            keys: named.chain(cleared).collect(),
            documents: WantedDocuments::of(reads),
        }
    }
}

impl<'r> WantedDocuments<'r> {
    fn of(reads: &'r ReadSet) -> WantedDocuments<'r> {
        // Nothing has a name that the database cannot hold, and it would not even be asked for.
        let texts = |texts: &'r [String]| -> Vec<&'r str> {
            texts.iter().map(String::as_str).filter(|text| !text.contains('\0')).collect()
        };
        let ids = reads.documents.iter().filter(|id| !id.kind.is_resident());
        WantedDocuments {
            kinds: ids.clone().map(|id| id.kind.code()).collect(),
            numbers: ids.map(|id| id.number).collect(),
            names: texts(&reads.names),
            lists: texts(&reads.lists),
        }
    }

    fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.names.is_empty() && self.lists.is_empty()
    }
}

/// The rows that may bear a code. Another node may just have written one that this one does not
/// know of, so this looks further than `newest`, by less than a cycle of codes.
fn candidates(code: Code, newest: RowId) -> impl Iterator<Item = i64> {
    code.rows(RowId(newest.0.saturating_add(1 << 30))).map(|row| row.0)
}

/// The statements that load.
pub(super) struct LoadStatements {
    accounts: Statement,
    cards: Statement,
    keys: Statement,
    authorizations: Statement,
    transactions: Statement,
    changes: Statement,
    documents: Statement,
    locking: Option<LockStatements>,
}

/// Those of a batch alone.
struct LockStatements {
    documents: Statement,
    list_versions: Statement,
    directory_version: Statement,
}

/// Whether what is loaded stays as it is until the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    /// For a batch.
    Rows,
    /// For a reader.
    Nothing,
}

/// What locks a row that is going to change.
const LOCK: &str = "FOR NO KEY UPDATE OF";

/// Rows of a table of companies' rows by ids, of which there is an array: as `f`, in `FROM`.
fn by_id(table: &str, columns: &str, ids: &str) -> String {
    format!(
        "UNNEST($1::INT8[]) AS c (id) CROSS JOIN UNNEST({ids}::INT8[]) AS i (id) CROSS JOIN \
         LATERAL (SELECT {columns} FROM {table} WHERE company = c.id AND id = i.id OFFSET 0) AS f"
    )
}

/// The documents that are asked for, but for resident ones, by kind and number.
fn wanted_documents() -> String {
    let found_by = |table: &Table, column: &str, texts: &str| {
        format!(
            "UNION SELECT f.kind, f.number FROM UNNEST({texts}::TEXT[]) AS t (text) \
             CROSS JOIN LATERAL (SELECT kind, number FROM {} WHERE {column} = t.text OFFSET 0) \
             AS f",
            table.name
        )
    };
    format!(
        "SELECT kind, number FROM (\
         SELECT i.kind, i.number FROM UNNEST($1::INT8[], $2::INT8[]) AS i (kind, number) {} {}\
         ) AS a WHERE NOT ({})",
        found_by(&DOCUMENT_NAMES, "name", "$3"),
        found_by(&DOCUMENT_LISTS, "list", "$4"),
        is_resident(),
    )
}

impl LockStatements {
    async fn prepare(client: &Client) -> Result<LockStatements, Error> {
        let documents = format!(
            "SELECT d.kind, d.number FROM ({}) AS w \
             JOIN {} AS d ON d.kind = w.kind AND d.number = w.number \
             ORDER BY d.kind, d.number {LOCK} d",
            wanted_documents(),
            DOCUMENTS.name,
        );
        let list_versions = "SELECT list, MAX(version) FROM list_version \
                             WHERE list = ANY($1::TEXT[]) GROUP BY list";
        let directory_version = "SELECT value FROM meta WHERE name = 'directory_version'";
        Ok(LockStatements {
            documents: client.prepare(&documents).await?,
            list_versions: client.prepare(list_versions).await?,
            directory_version: client.prepare(directory_version).await?,
        })
    }
}

impl LoadStatements {
    /// Prepares them.
    pub(super) async fn prepare(
        client: &Client,
        locking: Locking,
    ) -> Result<LoadStatements, Error> {
        let (lock, locking) = match locking {
            Locking::Rows => (format!("{LOCK} a"), Some(LockStatements::prepare(client).await?)),
            Locking::Nothing => (String::new(), None),
        };
        let documents = format!(
            "SELECT d.* FROM ({}) AS w CROSS JOIN LATERAL (\
             SELECT {} FROM {} WHERE kind = w.kind AND number = w.number OFFSET 0) AS d",
            wanted_documents(),
            DOCUMENTS.names(),
            DOCUMENTS.name,
        );
        let columns = ACCOUNTS.columns.iter().map(|(name, _)| format!("a.{name}"));
        let columns: Vec<String> = columns.collect();
        let account_of = |table: &str, ids| by_id(table, "company, account", ids);
        let accounts = format!(
            "SELECT {} FROM (\
             SELECT c.id AS company, i.id FROM UNNEST($1::INT8[]) AS c (id), \
             UNNEST($2::INT8[]) AS i (id) \
             UNION SELECT company, account FROM card WHERE token = ANY($3::TEXT[]) \
             UNION SELECT f.company, f.account FROM {} \
             UNION SELECT f.company, f.account FROM {}\
             ) AS p JOIN account AS a ON a.company = p.company AND a.id = p.id \
             ORDER BY a.id {lock}",
            columns.join(", "),
            account_of(AUTHORIZATIONS.name, "$4"),
            account_of(TRANSACTIONS.name, "$5"),
        );
        let keys = format!(
            "SELECT f.* FROM UNNEST($1::INT8[]) AS c (id) \
             CROSS JOIN UNNEST($2::BYTEA[]) AS k (key) \
             CROSS JOIN LATERAL (SELECT {} FROM {} WHERE company = c.id AND key = k.key OFFSET 0) \
             AS f",
            KEYS.names(),
            KEYS.name,
        );
        let rows =
            |table: &Table| format!("SELECT f.* FROM {}", by_id(table.name, &table.names(), "$2"));
        Ok(LoadStatements {
            accounts: client.prepare(&accounts).await?,
            cards: client.prepare(&CARDS.select("WHERE token = ANY($1::TEXT[])")).await?,
            keys: client.prepare(&keys).await?,
            authorizations: client.prepare(&rows(&AUTHORIZATIONS)).await?,
            transactions: client.prepare(&rows(&TRANSACTIONS)).await?,
            changes: client.prepare(&rows(&CHANGES)).await?,
            documents: client.prepare(&documents).await?,
            locking,
        })
    }
}

/// What was loaded.
#[derive(Default)]
pub(super) struct Loaded {
    accounts: Vec<Account>,
    cards: Vec<Card>,
    keys: Vec<(Key, RowId)>,
    authorizations: Vec<Authorization>,
    transactions: Vec<Transaction>,
    changes: Vec<Change>,
    documents: LoadedDocuments,
}

/// The documents among it.
#[derive(Default)]
struct LoadedDocuments {
    found: Vec<Document>,
    /// Those that are locked, where any are.
    locked: Option<BTreeSet<DocumentId>>,
    list_versions: HashMap<String, i64>,
    /// The directory's, as it was when they were locked.
    directory_version: Option<i64>,
}

impl Loaded {
    /// Adds more rows.
    fn add(&mut self, rows: Loaded) {
        self.authorizations.extend(rows.authorizations);
        self.transactions.extend(rows.transactions);
        self.changes.extend(rows.changes);
    }

    /// The rows that keys were found to lead to, ascending, unless `wanted` has asked for all of
    /// them.
    pub(super) fn behind(&self, wanted: &Wanted<'_>) -> Option<Vec<i64>> {
        let rows = || self.keys.iter().map(|(_, row)| row.0);
        if rows().all(|row| wanted.behind.binary_search(&row).is_ok()) {
            return None;
        }
        let mut behind: Vec<i64> = rows().collect();
        behind.sort_unstable();
        behind.dedup();
        Some(behind)
    }

    /// The version of a list that was read, as it was before it was read.
    pub(super) fn list_version(&self, list: &str) -> i64 {
        self.documents.list_versions.get(list).copied().unwrap_or_default()
    }

    /// The books that go on after row `newest`. `None` when a row was found whose account was
    /// not, or a document that is not locked: it was written after what was read before it.
    pub(super) fn into_books(
        self,
        directory: &Arc<Directory>,
        newest: RowId,
        head: Head,
    ) -> Option<Books> {
        let LoadedDocuments { found, locked, .. } = self.documents;
        if locked.is_some_and(|locked| !found.iter().all(|found| locked.contains(&found.id))) {
            return None;
        }
        let mut books = Books::new(Arc::clone(directory), newest, head);
        for document in found {
            books.documents.put(document);
        }
        books.accounts.extend(self.accounts.into_iter().map(|account| (account.id, account)));
        books.cards.extend(self.cards.into_iter().map(|card| (card.token.clone(), card)));
        books.keys.extend(self.keys);
        books.authorizations.extend(self.authorizations.into_iter().map(|row| (row.id, row)));
        books.transactions.extend(self.transactions.into_iter().map(|row| (row.id, row)));
        books.changes.extend(self.changes.into_iter().map(|row| (row.id, row)));
        let of_rows = books.authorizations.values().map(|row| row.account);
        let of_rows = of_rows.chain(books.transactions.values().map(|row| row.account));
        let of_rows = of_rows.chain(books.cards.values().map(|card| card.account));
        let is_whole = { of_rows }.all(|account| books.accounts.contains_key(&account));
        is_whole.then_some(books)
    }
}

type Answer<'c> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + 'c>>;

/// Asks by `keys`, unless there are none.
fn ask_for<'c, T>(keys: &[T], ask: impl FnOnce() -> Answer<'c>) -> Answer<'c> {
    if keys.is_empty() { Box::pin(async { Ok(Vec::new()) }) } else { ask() }
}

/// Asks when it is first polled, answers later.
pub(super) fn ask<'c>(
    client: &'c Client,
    statement: &'c Statement,
    parameters: Vec<&'c (dyn ToSql + Sync)>,
) -> Answer<'c> {
    Box::pin(async move { Ok(client.query(statement, &parameters).await?) })
}

/// Loads what is wanted, in one round trip. The caller has begun a transaction, or sends its
/// beginning with it.
pub(super) async fn load(
    client: &Client,
    statements: &LoadStatements,
    wanted: &Wanted<'_>,
) -> Result<Loaded, Error> {
    let Wanted { companies, accounts, tokens, authorizations, behind, keys, documents } = wanted;
    let parameters: Vec<&(dyn ToSql + Sync)> =
        vec![companies, accounts, tokens, authorizations, behind];
    let locked = ask(client, &statements.accounts, parameters);
    let documents = load_documents(client, statements, documents);
    // What nobody asks for is not asked.
    let cards = ask_for(tokens, || ask(client, &statements.cards, vec![tokens]));
    let keyed = ask_for(keys, || ask(client, &statements.keys, vec![companies, keys]));
    let rows = load_rows(client, statements, companies, (authorizations, behind));
    // The answers come in the order of the questions; the first error is the cause of the rest.
    let (locked, documents, cards, keyed, rows) =
        join5(locked, documents, cards, keyed, rows).await;
    let accounts = cells::all(&locked?, cells::account)?;
    let documents = documents?;
    let cards = cells::all(&cards?, cells::card)?;
    let keys = cells::all(&keyed?, cells::key)?;
    Ok(Loaded { accounts, cards, keys, documents, ..rows? })
}

/// Loads documents, after it has locked them where they are to be locked.
async fn load_documents(
    client: &Client,
    statements: &LoadStatements,
    wanted: &WantedDocuments<'_>,
) -> Result<LoadedDocuments, Error> {
    if wanted.is_empty() {
        return Ok(LoadedDocuments::default());
    }
    let WantedDocuments { kinds, numbers, names, lists } = wanted;
    let parameters = || -> Vec<&(dyn ToSql + Sync)> { vec![kinds, numbers, names, lists] };
    let read = ask(client, &statements.documents, parameters());
    let Some(locking) = &statements.locking else {
        let found = cells::all(&read.await?, cells::document)?;
        return Ok(LoadedDocuments { found, ..LoadedDocuments::default() });
    };
    let locked = ask(client, &locking.documents, parameters());
    let versions = ask_for(lists, || ask(client, &locking.list_versions, vec![lists]));
    let directory = ask(client, &locking.directory_version, Vec::new());
    let (locked, versions, read, directory) = join4(locked, versions, read, directory).await;
    let locked = cells::all(&locked?, cells::document_id)?;
    let versions = versions?;
    let versions = versions.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    Ok(LoadedDocuments {
        found: cells::all(&read?, cells::document)?,
        locked: Some(locked.into_iter().collect()),
        list_versions: versions.collect::<Result<_, Error>>()?,
        directory_version: Some(one(&directory?)?.try_get(0)?),
    })
}

/// Loads authorizations, and what else is behind keys.
async fn load_rows<'c>(
    client: &'c Client,
    statements: &'c LoadStatements,
    companies: &'c Vec<i64>,
    (authorizations, behind): (&'c Vec<i64>, &'c Vec<i64>),
) -> Result<Loaded, Error> {
    let by_id = |statement, ids: &'c Vec<i64>| {
        ask_for(ids, || ask(client, statement, vec![companies, ids]))
    };
    let (authorizations, transactions, changes) = join3(
        by_id(&statements.authorizations, authorizations),
        by_id(&statements.transactions, behind),
        by_id(&statements.changes, behind),
    )
    .await;
    Ok(Loaded {
        authorizations: cells::all(&authorizations?, cells::authorization)?,
        transactions: cells::all(&transactions?, cells::transaction)?,
        changes: cells::all(&changes?, cells::change)?,
        ..Loaded::default()
    })
}

/// The statements that begin a batch.
pub(super) struct BeginStatements {
    reserve: Statement,
    begin: Statement,
    lock_lane: Statement,
}

impl BeginStatements {
    /// Prepares them; transactions are so isolated.
    pub(super) async fn prepare(
        client: &Client,
        isolation: &str,
    ) -> Result<BeginStatements, Error> {
        let begin = format!("BEGIN ISOLATION LEVEL {isolation}");
        let lock_lane = format!(
            "SELECT l.until - {CLOCK}, \
             (SELECT value FROM meta WHERE name = 'directory_version') \
             FROM lane AS l WHERE l.id = $1 AND l.epoch = $2 FOR UPDATE OF l"
        );
        Ok(BeginStatements {
            reserve: client.prepare(RESERVE).await?,
            begin: client.prepare(&begin).await?,
            lock_lane: client.prepare(&lock_lane).await?,
        })
    }
}

/// A batch that has begun.
pub(super) struct Begun {
    /// The greatest id that it was given, where it has ordered some.
    pub(super) newest: Option<i64>,
    /// How long its lane is still its own, in milliseconds. `None` when it is another's.
    pub(super) lane_ms: Option<i64>,
    /// The directory's, as it was after the locks on documents.
    pub(super) directory_version: i64,
    pub(super) loaded: Loaded,
    /// The rows that keys were found to lead to, where the batch did not ask for all of them. They
    /// are loaded; if others have their accounts, those are not.
    pub(super) behind: Option<Vec<i64>>,
}

/// Orders ids where need be, begins a transaction, locks and loads: one round trip, and one more
/// where keys are found.
pub(super) async fn begin(
    client: &Client,
    statements: (&BeginStatements, &LoadStatements),
    lane: HeldLane,
    order: Option<Order>,
    wanted: &Wanted<'_>,
) -> Result<Begun, Error> {
    let (opening, load_statements) = statements;
    let (id, epoch) = (lane.id().0, lane.epoch.0);
    let reserved = async {
        let Some(Order { ids, newest, used }) = &order else { return Ok(None) };
        let rows = ask(client, &opening.reserve, vec![ids, newest, used]).await?;
        Ok::<_, Error>(Some(one(&rows)?.try_get(0)?))
    };
    let first = join_all([
        ask(client, &opening.begin, Vec::new()),
        ask(client, &opening.lock_lane, vec![&id, &epoch]),
    ]);
    let (newest, first, loaded) =
        join3(reserved, first, load(client, load_statements, wanted)).await;
    let [begun, locked] = first.try_into().map_err(|_| Error::Silent)?;
    let newest = newest?;
    begun?;
    let (lane_ms, directory_version) = match locked?.first() {
        Some(row) => (Some(row.try_get(0)?), row.try_get(1)?),
        None => (None, 0),
    };
    let mut loaded = loaded?;
    let directory_version = loaded.documents.directory_version.unwrap_or(directory_version);
    let behind = loaded.behind(wanted);
    if let Some(found) = &behind {
        // Their accounts are not locked now, which would be out of turn. Most are locked already:
        // a repeat is about the same one.
        let ids = (found, found);
        loaded.add(load_rows(client, load_statements, &wanted.companies, ids).await?);
    }
    Ok(Begun { newest, lane_ms, directory_version, loaded, behind })
}

pub(super) fn one(rows: &[Row]) -> Result<&Row, Error> {
    rows.first().ok_or_else(|| Error::Unreadable("a row that must be there is not".to_owned()))
}

/// Reads companies, sellers, credentials and resident documents, unless `known` is still what
/// they are.
pub(super) async fn read_directory(
    client: &Client,
    known: &Arc<Directory>,
) -> Result<Arc<Directory>, Error> {
    let meta = "SELECT v.value, n.value FROM meta AS v, meta AS n \
                WHERE v.name = 'directory_version' AND n.name = 'directory_newest'";
    let meta = client.query_one(meta, &[]).await?;
    let (version, newest): (i64, i64) = (meta.try_get(0)?, meta.try_get(1)?);
    if version == known.version() {
        return Ok(Arc::clone(known));
    }
    let read = |table: &Table, rest: &str| {
        let sql = table.select(rest);
        async move { Ok::<_, Error>(client.query(&sql, &[]).await?) }
    };
    let residents = format!("WHERE {} ORDER BY kind, number", is_resident());
    let houses = HOUSES.select_houses();
    let houses = async { Ok::<_, Error>(client.query(&houses, &[]).await?) };
    let companies = join(read(&COMPANIES, "ORDER BY id"), houses);
    let ((companies, houses), sellers, payables, credentials, documents) = join5(
        companies,
        read(&SELLERS, "ORDER BY id"),
        read(&PAYABLES, "ORDER BY account"),
        read(&CREDENTIALS, "ORDER BY id"),
        read(&DOCUMENTS, &residents),
    )
    .await;
    let listed = Listed {
        companies: cells::all(&companies?, cells::company)?,
        houses: cells::all(&houses?, |row| get_house(&mut cells::Columns::of(row)))?,
        sellers: cells::all(&sellers?, cells::seller)?,
        payables: cells::all(&payables?, |row| get_payable(&mut cells::Columns::of(row)))?,
        credentials: cells::all(&credentials?, cells::credential)?,
        documents: cells::all(&documents?, cells::document)?,
    };
    Ok(Arc::new(directory((version, RowId(newest)), listed)))
}

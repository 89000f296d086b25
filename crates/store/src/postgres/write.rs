//! The second round trip of a batch: everything it writes, its seal, and COMMIT.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::join_all;
use ledger::document::Marks;
use ledger::{AccountId, Change, Directory, DocumentId, Row, RowId, WriteSet, WrittenDocument};
use tokio_postgres::{Client, Statement};

use super::bulk::{Bulk, insert, insert_owned, unnest, upsert};
use super::connect::Error;
use super::ids::Given;
use super::lease::{CLOCK, HeldLane, turn_ms};
use super::load::{GIVE_BACK, INSTALLATION};
use crate::codes::Coded as _;
use crate::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, COMPANIES, CREDENTIALS, Cell, DOCUMENT_LISTS,
    DOCUMENT_NAMES, DOCUMENTS, KEYS, PAYABLES, SEALS, SELLERS, TRANSACTIONS, Table, Type,
    put_account, put_authorization, put_card, put_change, put_company, put_credential,
    put_document, put_key, put_payable, put_seal, put_seller, put_transaction,
};

use Type::{Int, Text};

/// What a batch writes, and on what condition.
pub(super) struct Writing {
    pub(super) set: WriteSet,
    /// The lists that it has read whole and puts documents on, ascending, each with the version
    /// that it read: nobody else may have gone on from it.
    pub(super) lists: Vec<(String, i64)>,
}

/// The statements that write, in the order in which they are sent: keys first, sorted, so that two
/// batches that use the same ones meet in the same order.
pub(super) struct WriteStatements {
    keys: Statement,
    authorizations: Statement,
    transactions: Statement,
    changes: Statement,
    new_accounts: Statement,
    accounts: Statement,
    older_authorizations: Statement,
    older_transactions: Statement,
    cards: Statement,
    documents: DocumentStatements,
    companies: Statement,
    sellers: Statement,
    payables: Statement,
    credentials: Statement,
    seal: Statement,
    directory_version: Statement,
    directory_newest: Statement,
    renew_lane: Statement,
    /// Makes the plans anew, as the tables are by now: those of a table that was small may be bad
    /// ones for one that is not.
    discard_plans: Statement,
    commit: Statement,
    rollback: Statement,
    give_back: Statement,
}

/// Those that write documents. What is given up goes before what is taken, so that another
/// document of the batch may take it.
struct DocumentStatements {
    list_versions: Statement,
    older_list_versions: Statement,
    given_up_names: Statement,
    left_lists: Statement,
    new: Statement,
    older: Statement,
    names: Statement,
    lists: Statement,
}

/// What can change in an account, and in older rows of the journal.
const ACCOUNT_UPDATE: [&str; 6] = ["status", "credit_limit", "debt", "reserved", "last", "last_at"];
const AUTHORIZATION_UPDATE: [&str; 3] = ["state", "taken", "last_child"];
const TRANSACTION_UPDATE: [&str; 2] = ["corrected", "last_child"];

/// A statement that updates columns of rows, by company and id.
fn update(table: &Table, columns: &[&str]) -> String {
    let set: Vec<String> = columns.iter().map(|name| format!("{name} = u.{name}")).collect();
    format!(
        "UPDATE {} AS t SET {} FROM {} AS u (company, id, {}) \
         WHERE t.company = u.company AND t.id = u.id",
        table.name,
        set.join(", "),
        unnest(updated(columns)),
        columns.join(", "),
    )
}

fn updated(columns: &[&str]) -> impl Iterator<Item = Type> {
    std::iter::repeat_n(Int, columns.len().saturating_add(2))
}

impl WriteStatements {
    pub(super) async fn prepare(client: &Client) -> Result<WriteStatements, Error> {
        let prepare = |sql: String| async move { client.prepare(&sql).await };
        let renew =
            format!("UPDATE lane SET until = {CLOCK} + {} WHERE id = $1 AND epoch = $2", turn_ms());
        let set_version = "UPDATE meta SET value = $1 \
                           WHERE name = 'directory_version' AND value = $2";
        let set_newest = "UPDATE meta SET value = $1 WHERE name = 'directory_newest'";
        Ok(WriteStatements {
            keys: prepare(insert_owned(&KEYS)).await?,
            authorizations: prepare(insert(&AUTHORIZATIONS, "")).await?,
            transactions: prepare(insert(&TRANSACTIONS, "")).await?,
            changes: prepare(insert_owned(&CHANGES)).await?,
            new_accounts: prepare(insert(&ACCOUNTS, "")).await?,
            accounts: prepare(update(&ACCOUNTS, &ACCOUNT_UPDATE)).await?,
            older_authorizations: prepare(update(&AUTHORIZATIONS, &AUTHORIZATION_UPDATE)).await?,
            older_transactions: prepare(update(&TRANSACTIONS, &TRANSACTION_UPDATE)).await?,
            cards: prepare(upsert(&CARDS)).await?,
            companies: prepare(upsert(&COMPANIES)).await?,
            sellers: prepare(upsert(&SELLERS)).await?,
            payables: prepare(insert(&PAYABLES, "ON CONFLICT (account) DO NOTHING")).await?,
            credentials: prepare(upsert(&CREDENTIALS)).await?,
            documents: DocumentStatements::prepare(client).await?,
            seal: prepare(insert(&SEALS, "")).await?,
            directory_version: prepare(set_version.to_owned()).await?,
            directory_newest: prepare(set_newest.to_owned()).await?,
            renew_lane: prepare(renew).await?,
            discard_plans: prepare("DISCARD PLANS".to_owned()).await?,
            commit: prepare("COMMIT".to_owned()).await?,
            rollback: prepare("ROLLBACK".to_owned()).await?,
            give_back: prepare(GIVE_BACK.to_owned()).await?,
        })
    }
}

impl DocumentStatements {
    async fn prepare(client: &Client) -> Result<DocumentStatements, Error> {
        let prepare = |sql: String| async move { client.prepare(&sql).await };
        let (of_names, of_documents) = (unnest([Text]), unnest(DOCUMENTS.types()));
        let (of_lists, of_versions) = (unnest(DOCUMENT_LISTS.types()), unnest([Text, Int]));
        Ok(DocumentStatements {
            list_versions: prepare(format!(
                "INSERT INTO list_version (list, version) SELECT * FROM {of_versions}"
            ))
            .await?,
            older_list_versions: prepare(format!(
                "DELETE FROM list_version AS t USING {of_versions} AS u (list, version) \
                 WHERE t.list = u.list AND t.version < u.version"
            ))
            .await?,
            given_up_names: prepare(format!(
                "DELETE FROM document_name AS t USING {of_names} AS u (name) WHERE t.name = u.name"
            ))
            .await?,
            left_lists: prepare(format!(
                "DELETE FROM document_list AS t USING {of_lists} AS u (list, number, kind) \
                 WHERE t.list = u.list AND t.number = u.number AND t.kind = u.kind"
            ))
            .await?,
            new: prepare(insert(&DOCUMENTS, "")).await?,
            older: prepare(format!(
                "UPDATE document AS t SET fields = u.fields, names = u.names, lists = u.lists \
                 FROM {of_documents} AS u ({}) WHERE t.kind = u.kind AND t.number = u.number",
                DOCUMENTS.names(),
            ))
            .await?,
            names: prepare(insert(&DOCUMENT_NAMES, "")).await?,
            lists: prepare(insert(&DOCUMENT_LISTS, "")).await?,
        })
    }
}

/// What is sent: each statement with its rows.
struct Sending<'w, 'r> {
    parts: Vec<(&'w Statement, Bulk<'r>)>,
}

impl<'w, 'r> Sending<'w, 'r> {
    fn add(&mut self, statement: &'w Statement, rows: Bulk<'r>) {
        if !rows.is_empty() {
            self.parts.push((statement, rows));
        }
    }
}

/// Where a write failed, and so what may have become of it.
pub(super) enum Failure {
    /// Before the database was asked to commit, or because it refused to.
    Before(Error),
    /// When it was asked to.
    Commit(Error),
}

/// Writes everything and commits.
pub(super) async fn write(
    client: &Client,
    statements: &WriteStatements,
    Writing { set: writes, lists }: &Writing,
    lane: (HeldLane, bool),
    given: Given,
) -> Result<(), Failure> {
    let mut sending = sending(statements, writes);
    documents(&mut sending, &statements.documents, writes, lists);
    let parts = sending.parts.iter().map(|(statement, rows)| async {
        client.execute(*statement, &rows.parameters()).await.map_err(Error::Database)
    });
    let (held, is_renewed) = lane;
    let renew = async {
        if !is_renewed {
            return Ok(0);
        }
        let lane: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&held.id().0, &held.epoch.0];
        let renewed = client.execute(&statements.renew_lane, &lane);
        let discarded = client.execute(&statements.discard_plans, &[]);
        let (renewed, discarded) = futures_util::future::join(renewed, discarded).await;
        renewed.and_then(|rows| discarded.map(|_| rows)).map_err(Error::Database)
    };
    let parts = async {
        let (parts, renewed) = futures_util::future::join(join_all(parts), renew).await;
        parts.into_iter().chain([renewed]).collect::<Result<Vec<u64>, Error>>()
    };
    if let Some(directory) = &writes.directory {
        // Seldom, and so not worth the risk: whether nobody else has changed it is looked at
        // before the commit.
        parts.await.map_err(Failure::Before)?;
        let before = writes.directory_before;
        follow_directory(client, statements, before, directory).await.map_err(Failure::Before)?;
        return commit(client, statements, given).await;
    }
    let (parts, committed) =
        futures_util::future::join(parts, commit(client, statements, given)).await;
    match (parts, committed) {
        // A statement that failed has made the COMMIT a ROLLBACK.
        (Err(error), _) if !error.is_lost() => Err(Failure::Before(error)),
        // The connection was lost, and what of it arrived is not known.
        (Err(error), _) => Err(Failure::Commit(error)),
        (Ok(_), committed) => committed,
    }
}

/// Says that the directory is another now, unless it is no more the one that it was.
async fn follow_directory(
    client: &Client,
    statements: &WriteStatements,
    before: i64,
    directory: &Directory,
) -> Result<(), Error> {
    let (version, newest) = (directory.version(), directory.newest().0);
    let rows = client.execute(&statements.directory_version, &[&version, &before]).await?;
    if rows != 1 {
        return Err(Error::StaleDirectory);
    }
    client.execute(&statements.directory_newest, &[&newest]).await?;
    Ok(())
}

async fn commit(
    client: &Client,
    statements: &WriteStatements,
    given: Given,
) -> Result<(), Failure> {
    let commit = client.execute(&statements.commit, &[]);
    let give_back = give_back(client, statements, given);
    let (committed, ()) = futures_util::future::join(commit, give_back).await;
    committed.map(drop).map_err(|error| {
        let error = Error::Database(error);
        // Only where the database says no by itself is that certain.
        if error.is_lost() { Failure::Commit(error) } else { Failure::Before(error) }
    })
}

/// Ends a batch that is not to be, and gives its ids back.
pub(super) async fn roll_back(
    client: &Client,
    statements: &WriteStatements,
    given: Given,
) -> Result<(), Error> {
    let rollback = client.execute(&statements.rollback, &[]);
    let give_back = give_back(client, statements, given);
    let (rolled_back, ()) = futures_util::future::join(rollback, give_back).await;
    rolled_back.map(drop).map_err(Error::Database)
}

/// Gives back the ids that were not used and are not kept. Where that fails they are lost, and
/// nothing else.
pub(super) async fn give_back(client: &Client, statements: &WriteStatements, given: Given) {
    if !given.is_kept && given.used < given.newest {
        drop(client.execute(&statements.give_back, &[&given.used, &given.newest]).await);
    }
}

fn sending<'w, 'r>(statements: &'w WriteStatements, writes: &'r WriteSet) -> Sending<'w, 'r> {
    let mut sending = Sending { parts: Vec::new() };
    sending.add(&statements.keys, keys(writes));
    let owners = Owners::of(writes);
    let [authorizations, transactions, changes] = journal_rows(writes, |row| owners.of_change(row));
    sending.add(&statements.authorizations, authorizations);
    sending.add(&statements.transactions, transactions);
    sending.add(&statements.changes, changes);
    let first = writes.rows.first().map_or(i64::MAX, |row| row.id().0);
    let (new, old): (Vec<_>, Vec<_>) =
        writes.accounts.iter().partition(|account| account.id.0 >= first);
    sending.add(&statements.new_accounts, Bulk::rows(&ACCOUNTS, new.into_iter().map(put_account)));
    let mut accounts = Bulk::of(updated(&ACCOUNT_UPDATE));
    for account in old {
        accounts.push([
            account.company.0.into(),
            account.id.0.into(),
            account.status.code().into(),
            account.credit_limit.into(),
            account.balance.debt.into(),
            account.balance.reserved.into(),
            account.last.0.into(),
            account.last_at.0.into(),
        ]);
    }
    sending.add(&statements.accounts, accounts);
    older_rows(&mut sending, statements, writes);
    sending.add(&statements.cards, Bulk::rows(&CARDS, writes.cards.iter().map(put_card)));
    let [companies, sellers, payables, credentials] = directory_rows(writes);
    sending.add(&statements.companies, companies);
    sending.add(&statements.sellers, sellers);
    sending.add(&statements.payables, payables);
    sending.add(&statements.credentials, credentials);
    sending.add(&statements.seal, Bulk::rows(&SEALS, writes.seal.iter().map(put_seal)));
    sending
}

/// New authorizations, transactions and changes. `owner` says whose a change is.
pub(super) fn journal_rows(writes: &WriteSet, owner: impl Fn(&Change) -> i64) -> [Bulk<'_>; 3] {
    let mut authorizations = Bulk::of(AUTHORIZATIONS.types());
    let mut transactions = Bulk::of(TRANSACTIONS.types());
    let mut changes = Bulk::owned(&CHANGES);
    for row in &writes.rows {
        match row {
            Row::Authorization(row) => authorizations.push(put_authorization(row)),
            Row::Transaction(row) => transactions.push(put_transaction(row)),
            Row::Change(row) => changes.push_owned(owner(row), put_change(row)),
        }
    }
    [authorizations, transactions, changes]
}

fn older_rows<'w>(
    sending: &mut Sending<'w, '_>,
    statements: &'w WriteStatements,
    writes: &WriteSet,
) {
    let mut authorizations = Bulk::of(updated(&AUTHORIZATION_UPDATE));
    for row in &writes.authorizations {
        let (state, child) = (row.state.code(), row.last_child.0);
        authorizations.push([row.company.0, row.id.0, state, row.taken, child].map(Cell::from));
    }
    sending.add(&statements.older_authorizations, authorizations);
    let mut transactions = Bulk::of(updated(&TRANSACTION_UPDATE));
    for row in &writes.transactions {
        let (company, id, child) = (row.company.0, row.id.0, row.last_child.0);
        transactions.push([company, id, row.corrected, child].map(Cell::from));
    }
    sending.add(&statements.older_transactions, transactions);
}

fn documents<'w, 'r>(
    sending: &mut Sending<'w, 'r>,
    statements: &'w DocumentStatements,
    writes: &'r WriteSet,
    lists: &'r [(String, i64)],
) {
    if writes.documents.is_empty() {
        return;
    }
    let mut versions = Bulk::of([Text, Int]);
    for (list, version) in lists {
        versions.push([list.as_str().into(), version.saturating_add(1).into()]);
    }
    sending.add(&statements.list_versions, versions.clone());
    sending.add(&statements.older_list_versions, versions);
    let [given_up, left] = given_up(writes);
    sending.add(&statements.given_up_names, given_up);
    sending.add(&statements.left_lists, left);
    let (older, new): (Vec<_>, Vec<_>) =
        writes.documents.iter().partition(|written| written.before.is_some());
    let rows = |written: Vec<&'r WrittenDocument>| {
        Bulk::rows(&DOCUMENTS, written.into_iter().map(|written| put_document(&written.document)))
    };
    sending.add(&statements.new, rows(new));
    sending.add(&statements.older, rows(older));
    let [names, lists] = taken(writes);
    sending.add(&statements.names, names);
    sending.add(&statements.lists, lists);
}

/// The names and lists that documents had before, and have no more.
fn given_up(writes: &WriteSet) -> [Bulk<'_>; 2] {
    let (mut names, mut lists) = (Bulk::of([Text]), Bulk::of(DOCUMENT_LISTS.types()));
    for WrittenDocument { document, before } in &writes.documents {
        let Some((names_before, lists_before)) = before else { continue };
        for name in names_before.difference(&document.names) {
            names.push([name.as_str().into()]);
        }
        for list in lists_before.difference(&document.lists) {
            lists.push(listed(list, document.id));
        }
    }
    [names, lists]
}

/// The names and lists that documents have now, and had not before. Sorted, so that two batches
/// that take the same ones meet in the same order.
pub(super) fn taken(writes: &WriteSet) -> [Bulk<'_>; 2] {
    let (mut names, mut lists) = (BTreeSet::new(), BTreeSet::new());
    for WrittenDocument { document, before } in &writes.documents {
        let had = |marks: fn(&Marks) -> &BTreeSet<String>, mark: &String| {
            before.as_ref().is_some_and(|before| marks(before).contains(mark))
        };
        let new = document.names.iter().filter(|name| !had(|(names, _)| names, name));
        names.extend(new.map(|name| (name.as_str(), document.id)));
        let new = document.lists.iter().filter(|list| !had(|(_, lists)| lists, list));
        lists.extend(new.map(|list| (list.as_str(), document.id)));
    }
    [
        Bulk::rows(&DOCUMENT_NAMES, names.into_iter().map(|(name, id)| named(name, id))),
        Bulk::rows(&DOCUMENT_LISTS, lists.into_iter().map(|(list, id)| listed(list, id))),
    ]
}

/// A row of [`DOCUMENT_NAMES`].
fn named(name: &str, id: DocumentId) -> [Cell<'_>; 3] {
    [name.into(), id.kind.code().into(), id.number.into()]
}

/// A row of [`DOCUMENT_LISTS`].
fn listed(list: &str, id: DocumentId) -> [Cell<'_>; 3] {
    [list.into(), id.number.into(), id.kind.code().into()]
}

/// Companies, sellers, the sellers' payables and credentials.
pub(super) fn directory_rows(writes: &WriteSet) -> [Bulk<'_>; 4] {
    let companies = writes.companies.iter().map(|company| put_company(company));
    let sellers = writes.sellers.iter().map(|seller| put_seller(seller));
    let payables = writes
        .sellers
        .iter()
        .flat_map(|seller| seller.payables.iter().map(|held| put_payable(seller.id, *held)));
    let credentials = writes.credentials.iter().map(|credential| put_credential(credential));
    [
        Bulk::rows(&COMPANIES, companies),
        Bulk::rows(&SELLERS, sellers),
        Bulk::rows(&PAYABLES, payables),
        Bulk::rows(&CREDENTIALS, credentials),
    ]
}

fn keys(writes: &WriteSet) -> Bulk<'_> {
    let mut keys: Vec<_> =
        writes.keys.iter().map(|(key, row)| (user_of_key(writes, *row), key, *row)).collect();
    keys.sort_unstable();
    let mut bulk = Bulk::owned(&KEYS);
    for (owner, key, row) in keys {
        bulk.push_owned(owner, put_key(key, row));
    }
    bulk
}

/// Whose rows are, where they do not say so themselves.
pub(super) struct Owners {
    accounts: HashMap<AccountId, i64>,
}

impl Owners {
    pub(super) fn of(writes: &WriteSet) -> Owners {
        let accounts = writes.accounts.iter().map(|account| (account.id, account.company.0));
        Owners { accounts: accounts.collect() }
    }

    /// The company of the account that a change is about, which changes with it.
    fn of_change(&self, row: &Change) -> i64 {
        let account = row.account.and_then(|account| self.accounts.get(&account));
        account.copied().unwrap_or(INSTALLATION)
    }
}

/// The company of the row that uses a key. What a change uses is the whole installation's.
fn user_of_key(writes: &WriteSet, id: RowId) -> i64 {
    let at = writes.rows.binary_search_by_key(&id, Row::id).ok();
    match at.and_then(|at| writes.rows.get(at)) {
        Some(Row::Authorization(row)) => row.company.0,
        Some(Row::Transaction(row)) => row.company.0,
        Some(Row::Change(_)) | None => INSTALLATION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_find_rows_by_company_and_id() {
        assert_eq!(
            update(&TRANSACTIONS, &TRANSACTION_UPDATE),
            "UPDATE transaction_ AS t SET corrected = u.corrected, last_child = u.last_child \
             FROM UNNEST($1::INT8[], $2::INT8[], $3::INT8[], $4::INT8[]) \
             AS u (company, id, corrected, last_child) \
             WHERE t.company = u.company AND t.id = u.id"
        );
    }
}

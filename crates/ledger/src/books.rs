//! The books: what a batch of commands may look at, and what it leaves to be written.
//!
//! A store loads them for a [`ReadSet`]; commands change them one after the other, each seeing
//! what those before it did; [`Books::close`] turns the changes into a [`WriteSet`].
//!
//! Invariant: rows get their ids, their place in the account's chain and their balances here and
//! nowhere else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::account::{Account, Balance};
use crate::authorization::{Authorization, AuthorizationState};
use crate::card::{Card, CardToken};
use crate::change::{Change, ChangeKind, Idempotency};
use crate::directory::{Company, Credential, Directory, Seller};
use crate::document::{Document, DocumentId, Documents, Kind, Marks, WrittenDocument};
use crate::ids::{
    AccountId, AuthorizationId, Code, CompanyId, CredentialId, Fingerprint, Hasher, Key, RowId,
    SellerId, TransactionId,
};
use crate::journal::{Head, Row, Seal, seal};
use crate::limits::BALANCE_MINOR_MAX;
use crate::money::Currency;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::transaction::{Mount, PostingKind, Transaction};

/// The balances an account may have.
const BALANCES: std::ops::RangeInclusive<i64> = -BALANCE_MINOR_MAX..=BALANCE_MINOR_MAX;

/// The field of a change that names the transactions which an acquirer has told of.
const CLEARED: &str = "cleared";

/// What is used up when an acquirer's file tells of a transaction that was booked without it.
pub fn cleared_key(transaction: TransactionId) -> Key {
    Key(Hasher::new("cleared").number(transaction.0).finish())
}

/// The transactions that a change says an acquirer has told of.
pub(crate) fn cleared_by(change: &Change) -> impl Iterator<Item = TransactionId> + '_ {
    let ids = change.field(CLEARED).unwrap_or_default().split(' ');
    ids.filter_map(|id| id.parse().ok()).map(TransactionId)
}

/// The rows a batch needs, by the keys its commands carry. May contain repeats.
///
/// Besides what is named, a store loads the account of every card, authorization and transaction
/// that it finds, and the row behind every key.
#[derive(Clone, Debug, Default)]
pub struct ReadSet {
    /// How many commands the batch has.
    pub commands: usize,
    /// The numbers of the companies whose rows are named. A store that keeps companies apart
    /// looks for rows in theirs alone.
    pub companies: BTreeSet<String>,
    /// Whether something is named by what does not say whose it is. Without it, and without
    /// companies, everything may be anybody's.
    pub is_anybodys: bool,
    /// Accounts.
    pub accounts: Vec<AccountId>,
    /// Cards.
    pub cards: Vec<CardToken>,
    /// Authorizations by what clients call them.
    pub codes: Vec<Code>,
    /// Authorizations by id.
    pub authorizations: Vec<AuthorizationId>,
    /// Things that may be used once: the row that used each.
    pub keys: Vec<Key>,
    /// Whether of the rows behind keys it is asked if an acquirer has told of them: those of their
    /// [`cleared_key`]s that are used are loaded too.
    pub is_cleared_asked: bool,
    /// Companies' own accounts: all that a company, by number, has in a currency.
    pub houses: Vec<(String, Currency)>,
    /// Documents by id. Those of resident kinds are always there.
    pub documents: Vec<DocumentId>,
    /// Documents by name.
    pub names: Vec<String>,
    /// All documents on a list. Only for lists whose length is bounded.
    pub lists: Vec<String>,
}

/// The loaded rows, with the effects of the batch's commands so far.
#[derive(Clone, Debug)]
pub struct Books {
    /// Companies, sellers, credentials.
    pub directory: Arc<Directory>,
    /// Loaded accounts.
    pub accounts: HashMap<AccountId, Account>,
    /// Loaded cards.
    pub cards: HashMap<CardToken, Card>,
    /// Loaded authorizations.
    pub authorizations: HashMap<AuthorizationId, Authorization>,
    /// Loaded transactions.
    pub transactions: HashMap<TransactionId, Transaction>,
    /// Loaded changes.
    pub changes: HashMap<RowId, Change>,
    /// Keys in use.
    pub keys: HashMap<Key, RowId>,
    /// Loaded documents. Those of resident kinds are in the directory instead.
    pub documents: Documents,
    /// The newest row of the journal.
    newest: RowId,
    /// The end of the writer's lane.
    head: Head,
    directory_before: i64,
    written: Written,
}

/// What the commands so far have changed.
#[derive(Clone, Debug, Default)]
struct Written {
    rows: Vec<New>,
    keys: Vec<(Key, RowId)>,
    accounts: BTreeSet<AccountId>,
    authorizations: BTreeSet<AuthorizationId>,
    transactions: BTreeSet<TransactionId>,
    cards: BTreeSet<CardToken>,
    companies: BTreeSet<CompanyId>,
    sellers: BTreeSet<SellerId>,
    credentials: BTreeSet<CredentialId>,
    /// With what they were found by before.
    documents: BTreeMap<DocumentId, Option<Marks>>,
}

/// A new row; its content is in the books, where later commands may still change it.
#[derive(Clone, Copy, Debug)]
enum New {
    Authorization(AuthorizationId),
    Transaction(TransactionId),
    Change(RowId),
}

/// Everything one batch writes. A store writes all of it in one transaction, or nothing.
#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    /// New rows in ascending order, as they are at the end of the batch.
    pub rows: Vec<Row>,
    /// Keys that the new rows use, for ever.
    pub keys: Vec<(Key, RowId)>,
    /// Older authorizations whose `state`, `taken` or `last_child` changed.
    pub authorizations: Vec<Authorization>,
    /// Older transactions whose `corrected` or `last_child` changed.
    pub transactions: Vec<Transaction>,
    /// Accounts that are new or changed.
    pub accounts: Vec<Account>,
    /// Cards that are new or changed.
    pub cards: Vec<Card>,
    /// Companies that are new or changed.
    pub companies: Vec<Arc<Company>>,
    /// Sellers that are new or changed.
    pub sellers: Vec<Arc<Seller>>,
    /// Credentials that are new or changed.
    pub credentials: Vec<Arc<Credential>>,
    /// Documents that are new or changed, in the order of their ids.
    pub documents: Vec<WrittenDocument>,
    /// The directory after the batch, where the batch changed it.
    pub directory: Option<Arc<Directory>>,
    /// The version of the directory before the batch.
    pub directory_before: i64,
    /// The seal over `rows`, where there are any.
    pub seal: Option<Seal>,
}

/// What a granted command came to: enough to build every contract's answer again at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was done.
    pub done: Done,
    /// Whether it had been done before, and nothing was written now.
    pub replayed: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// An amount was authorized.
    Authorized {
        /// The authorization.
        authorization: AuthorizationId,
        /// Under which name of the contract.
        mount: Mount,
    },
    /// A monetary transaction was booked.
    Posted {
        /// Which kind.
        kind: PostingKind,
        /// The caller's id.
        source: String,
        /// Under which name of the contract.
        mount: Mount,
    },
    /// A monetary transaction was corrected.
    Corrected {
        /// The kind of what was corrected.
        kind: PostingKind,
        /// The caller's id of what was corrected.
        corrected: String,
        /// The caller's id of the correction.
        source: String,
        /// Under which name of the contract.
        mount: Mount,
    },
    /// An authorization was cancelled.
    Cancelled {
        /// Which one.
        authorization: AuthorizationId,
        /// The cancellation.
        cancellation: TransactionId,
        /// Under which name of the contract.
        mount: Mount,
    },
    /// An authorization expired.
    Expired(AuthorizationId),
    /// Something else changed.
    Changed(Change),
    /// There was nothing to do any more.
    Nothing,
}

impl Answer {
    /// Something was done now.
    pub fn new(done: Done) -> Answer {
        Answer { done, replayed: false }
    }

    /// Something had been done before.
    pub fn replayed(done: Done) -> Answer {
        Answer { done, replayed: true }
    }
}

impl ReadSet {
    /// Notes that rows of a company are named.
    pub(crate) fn company(&mut self, number: &str) {
        if !self.companies.contains(number) {
            self.companies.insert(number.to_owned());
        }
    }

    /// What is looked for among the keys beside those that are named, once it is known which rows
    /// these lead to.
    pub fn cleared_keys(&self, rows: impl IntoIterator<Item = RowId>) -> Vec<Key> {
        let rows = rows.into_iter().filter(|_| self.is_cleared_asked);
        rows.map(|row| cleared_key(TransactionId(row.0))).collect()
    }

    /// The accounts that are named: by their ids, or as companies' own, which are found in the
    /// directory. May contain repeats.
    pub fn named_accounts(&self, directory: &Directory) -> impl Iterator<Item = AccountId> {
        let houses = self.houses.iter().flat_map(|(number, currency)| {
            let company = directory.company(number);
            let houses = company.into_iter().flat_map(|company| &company.houses);
            houses.filter(|house| house.currency == *currency).map(|house| house.account)
        });
        self.accounts.iter().copied().chain(houses)
    }
}

impl WriteSet {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.credentials.is_empty() && self.documents.is_empty()
    }
}

impl Books {
    /// Empty books that continue after row `newest` and at the end of a lane.
    pub fn new(directory: Arc<Directory>, newest: RowId, head: Head) -> Books {
        Books {
            directory_before: directory.version(),
            directory,
            accounts: HashMap::new(),
            cards: HashMap::new(),
            authorizations: HashMap::new(),
            transactions: HashMap::new(),
            changes: HashMap::new(),
            keys: HashMap::new(),
            documents: Documents::default(),
            newest,
            head,
            written: Written::default(),
        }
    }

    /// The newest row of the journal, rows of this batch included.
    pub fn newest(&self) -> RowId {
        self.newest
    }

    /// The same books, which go on after another row. Nothing is placed in them yet.
    #[must_use]
    pub fn renumbered(self, newest: RowId) -> Books {
        debug_assert!(self.written.rows.is_empty(), "rows have their ids");
        Books { newest, ..self }
    }

    /// The newest row that a loaded row leads to. New rows must have greater ids, so that ids
    /// tell what could have known of what.
    pub fn newest_known(&self) -> RowId {
        let accounts = self.accounts.values().map(|account| account.last);
        let keyed = self.keys.values().copied();
        accounts.chain(keyed).fold(self.directory.newest(), RowId::max)
    }

    /// The time of the batch where the clock says `clock`: not before anything it builds on.
    pub fn time(&self, clock: Timestamp) -> Timestamp {
        let accounts = self.accounts.values().map(|account| account.last_at);
        accounts.chain(self.head.at).fold(clock, Timestamp::max)
    }

    /// Finds the authorization of a company that clients call `code`. A declined one is none.
    pub fn authorization(&self, company: CompanyId, code: Code) -> Option<&Authorization> {
        code.rows(self.newest)
            .filter_map(|row| self.authorizations.get(&AuthorizationId(row.0)))
            .find(|found| found.company == company && found.state != AuthorizationState::Declined)
    }

    /// Finds the transaction that used a key.
    pub fn transaction(&self, key: Key) -> Option<&Transaction> {
        self.transactions.get(&TransactionId(self.keys.get(&key)?.0))
    }

    /// The change that an idempotency key stands for.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyKeyReused`] when it stands for another request.
    pub fn repeated(&self, idempotency: Option<Idempotency>) -> Result<Option<Answer>, Refusal> {
        let change = self.repeated_change(idempotency)?;
        Ok(change.map(|change| Answer::replayed(Done::Changed(change.clone()))))
    }

    /// As [`Books::repeated`], the change alone.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyKeyReused`] when the key stands for another request.
    pub fn repeated_change(
        &self,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<&Change>, Refusal> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        let Some(row) = self.keys.get(&idempotency.key) else { return Ok(None) };
        let change = self.changes.get(row);
        let same = change.filter(|change| change.fingerprint == idempotency.fingerprint);
        same.map(Some).ok_or(Refusal::IdempotencyKeyReused)
    }

    /// Places an authorization: gives it its id and its place in the account's chain, and
    /// reserves its amount unless it was declined.
    pub(crate) fn place_authorization(
        &mut self,
        mut row: Authorization,
        key: Key,
    ) -> AuthorizationId {
        row.id = AuthorizationId(self.next_id().0);
        let account = self.account_mut(row.account);
        if row.state == AuthorizationState::Live && row.kind.reserves() {
            assert!(row.amount <= account.available(), "reserves more than is available");
            account.balance.reserved = add(account.balance.reserved, row.amount);
        }
        (row.previous, row.balance) = account.link(RowId(row.id.0), row.at);
        let id = row.id;
        self.authorizations.insert(id, row);
        self.written.rows.push(New::Authorization(id));
        self.use_key(key, RowId(id.0));
        id
    }

    /// Places a transaction: gives it its id and its places in the chains, moves `posted` and
    /// releases `released`.
    ///
    /// # Errors
    /// [`Refusal::BalanceOutOfRange`], with the books unchanged.
    pub(crate) fn place_transaction(
        &mut self,
        mut row: Transaction,
        keys: &[Key],
    ) -> Result<TransactionId, Refusal> {
        let moved = row.direction().map_or(0, |direction| direction.signed(row.posted));
        let debt = self.account(row.account).debt_after(moved)?;
        row.id = TransactionId(self.next_id().0);
        let account = self.account_mut(row.account);
        account.balance.debt = debt;
        account.balance.reserved = subtract(account.balance.reserved, row.released);
        assert!(account.balance.reserved >= 0, "releases more than is reserved");
        row.over_limit = account.available() < 0 && moved > row.released;
        (row.previous, row.balance) = account.link(RowId(row.id.0), row.at);
        row.sibling = self.link_to_parent(&row);
        let id = row.id;
        self.transactions.insert(id, row);
        self.written.rows.push(New::Transaction(id));
        for key in keys {
            self.use_key(*key, RowId(id.0));
        }
        Ok(id)
    }

    /// Makes `row` the newest child of what it belongs to, and returns the child before it.
    fn link_to_parent(&mut self, row: &Transaction) -> RowId {
        let id = RowId(row.id.0);
        if let Some(corrected) = row.corrects.and_then(|id| self.transactions.get_mut(&id)) {
            self.written.transactions.insert(corrected.id);
            corrected.corrected = add(corrected.corrected, row.posted);
            assert!(corrected.corrected <= corrected.posted, "corrects more than was posted");
            return std::mem::replace(&mut corrected.last_child, id);
        }
        let authorization = row.authorization.and_then(|id| self.authorizations.get_mut(&id));
        let Some(authorization) = authorization else { return RowId(0) };
        self.written.authorizations.insert(authorization.id);
        authorization.taken = add(authorization.taken, row.posted);
        assert!(authorization.taken <= authorization.amount, "takes more than was authorized");
        std::mem::replace(&mut authorization.last_child, id)
    }

    /// Ends an authorization. Its release is the transaction that was placed for it.
    pub(crate) fn end_authorization(&mut self, id: AuthorizationId, state: AuthorizationState) {
        if let Some(authorization) = self.authorizations.get_mut(&id) {
            authorization.state = state;
            self.written.authorizations.insert(id);
        }
    }

    /// Places a change, and links it into the chain of the account it is about, if any.
    pub fn place_change(&mut self, change: Change, idempotency: Option<Idempotency>) -> Change {
        let mut row = Change { id: self.next_id(), ..change };
        if row.subject == RowId(0) {
            row.subject = row.id;
        }
        if let Some(id) = row.account {
            (row.previous, row.balance) = self.account_mut(id).link(row.id, row.at);
        }
        if let Some(idempotency) = idempotency {
            row.fingerprint = idempotency.fingerprint;
            self.use_key(idempotency.key, row.id);
        }
        self.changes.insert(row.id, row.clone());
        self.written.rows.push(New::Change(row.id));
        row
    }

    /// Places a change that says which transactions an acquirer has told of. Each may be told of
    /// once, which uses [`cleared_key`].
    pub fn place_clearing(
        &mut self,
        change: Change,
        cleared: impl IntoIterator<Item = TransactionId>,
    ) -> Change {
        let cleared: Vec<TransactionId> = cleared.into_iter().collect();
        let ids: Vec<String> = cleared.iter().map(|id| id.0.to_string()).collect();
        let has_any = !ids.is_empty();
        let change = if has_any { change.with(CLEARED, ids.join(" ")) } else { change };
        let row = self.place_change(change, None);
        for transaction in cleared {
            self.use_key(cleared_key(transaction), row.id);
        }
        row
    }

    /// Puts a new account into the books; its opening is placed as a change of its own.
    pub(crate) fn put_account(&mut self, account: Account) {
        self.written.accounts.insert(account.id);
        self.accounts.insert(account.id, account);
    }

    /// Puts a new or changed card into the books.
    pub(crate) fn put_card(&mut self, card: Card) {
        self.written.cards.insert(card.token.clone());
        self.cards.insert(card.token.clone(), card);
    }

    /// Finds a document by its id.
    pub fn document(&self, id: DocumentId) -> Option<&Document> {
        if id.kind.is_resident() {
            return self.directory.document(id).map(|found| &**found);
        }
        self.documents.get(id).map(|found| &**found)
    }

    /// Finds a document by a name.
    pub fn named(&self, name: &str) -> Option<&Document> {
        let resident = self.directory.document_named(name);
        resident.or_else(|| self.documents.named(name)).map(|found| &**found)
    }

    /// The loaded documents on a list, oldest first. For resident kinds see the directory.
    pub fn listed(&self, list: &str) -> impl Iterator<Item = &Document> {
        self.documents.listed(list).map(|found| &**found)
    }

    /// Puts a new or changed document into the books, or into the directory where it is resident.
    pub fn put_document(&mut self, document: Document) {
        let id = document.id;
        if !self.written.documents.contains_key(&id) {
            let marks = |found: &Document| (found.names.clone(), found.lists.clone());
            let before = self.document(id).map(marks);
            self.written.documents.insert(id, before);
        }
        if id.kind.is_resident() {
            Arc::make_mut(&mut self.directory).put_document(document);
        } else {
            self.documents.put(document);
        }
    }

    /// The numbers of documents of a kind that are new in this batch.
    pub fn new_documents(&self, kind: Kind) -> impl Iterator<Item = i64> {
        let new = self.written.documents.iter().filter(|(_, before)| before.is_none());
        new.filter(move |(id, _)| id.kind == kind).map(|(id, _)| id.number)
    }

    /// Puts a new or changed company into the directory.
    pub fn put_company(&mut self, company: Company) {
        self.written.companies.insert(company.id);
        Arc::make_mut(&mut self.directory).put_company(company);
    }

    /// Puts a new or changed seller into the directory.
    pub fn put_seller(&mut self, seller: Seller) {
        self.written.sellers.insert(seller.id);
        Arc::make_mut(&mut self.directory).put_seller(seller);
    }

    /// Puts a new or changed credential into the directory.
    pub fn put_credential(&mut self, credential: Credential) {
        self.written.credentials.insert(credential.id);
        Arc::make_mut(&mut self.directory).put_credential(credential);
    }

    /// The id that the next placed row will get.
    pub fn coming_id(&self) -> RowId {
        RowId(add(self.newest.0, 1))
    }

    fn next_id(&mut self) -> RowId {
        self.newest = self.coming_id();
        self.newest
    }

    pub(crate) fn use_key(&mut self, key: Key, row: RowId) {
        let before = self.keys.insert(key, row);
        assert!(before.is_none(), "a key is used twice");
        self.written.keys.push((key, row));
    }

    /// A loaded account.
    fn account(&self, id: AccountId) -> &Account {
        self.accounts.get(&id).unwrap_or_else(|| unreachable!("account {id:?} is not loaded"))
    }

    /// A loaded account, which is going to change.
    pub(crate) fn account_mut(&mut self, id: AccountId) -> &mut Account {
        self.written.accounts.insert(id);
        self.accounts.get_mut(&id).unwrap_or_else(|| unreachable!("account {id:?} is not loaded"))
    }

    /// Ends the batch.
    pub fn close(mut self, now: Timestamp) -> WriteSet {
        let written = std::mem::take(&mut self.written);
        let changed_directory = !(written.companies.is_empty()
            && written.sellers.is_empty()
            && written.credentials.is_empty()
            && !written.documents.keys().any(|id| id.kind.is_resident()));
        if changed_directory && !written.rows.is_empty() {
            Arc::make_mut(&mut self.directory).follow(self.newest);
        }
        let first_new = written.rows.first().map(|row| match row {
            New::Authorization(id) => RowId(id.0),
            New::Transaction(id) => RowId(id.0),
            New::Change(id) => *id,
        });
        let is_old = |id: i64| first_new.is_none_or(|first| id < first.0);
        let old_authorizations = written.authorizations.iter().filter(|id| is_old(id.0));
        let authorizations =
            old_authorizations.filter_map(|id| self.authorizations.remove(id)).collect();
        let old_transactions = written.transactions.iter().filter(|id| is_old(id.0));
        let transactions = old_transactions.filter_map(|id| self.transactions.remove(id)).collect();
        let rows: Vec<Row> = written.rows.iter().filter_map(|row| self.take(*row)).collect();
        assert_eq!(rows.len(), written.rows.len(), "every new row is in the books");
        let directory = &self.directory;
        let companies = written.companies.iter().filter_map(|id| directory.company_by_id(*id));
        let sellers = written.sellers.iter().filter_map(|id| directory.seller_by_id(*id));
        let credentials = written.credentials.iter().filter_map(|id| directory.credential(*id));
        let documents = written.documents.into_iter().filter_map(|(id, before)| {
            let resident = || directory.document(id).map(|found| Document::clone(found));
            let document = self.documents.take(id).or_else(resident)?;
            Some(WrittenDocument { document, before })
        });
        WriteSet {
            documents: documents.collect(),
            seal: seal(self.head, now, &rows),
            rows,
            keys: written.keys,
            authorizations,
            transactions,
            accounts: written.accounts.iter().filter_map(|id| self.accounts.remove(id)).collect(),
            cards: written.cards.iter().filter_map(|token| self.cards.remove(token)).collect(),
            companies: companies.cloned().collect(),
            sellers: sellers.cloned().collect(),
            credentials: credentials.cloned().collect(),
            directory: changed_directory.then(|| Arc::clone(directory)),
            directory_before: self.directory_before,
        }
    }

    fn take(&mut self, row: New) -> Option<Row> {
        match row {
            New::Authorization(id) => self.authorizations.remove(&id).map(Row::Authorization),
            New::Transaction(id) => self.transactions.remove(&id).map(Row::Transaction),
            New::Change(id) => self.changes.remove(&id).map(Row::Change),
        }
    }
}

impl Account {
    /// What is owed after `moved` minor units more are.
    ///
    /// # Errors
    /// [`Refusal::BalanceOutOfRange`].
    pub(crate) fn debt_after(&self, moved: i64) -> Result<i64, Refusal> {
        let debt = self.balance.debt.checked_add(moved);
        debt.filter(|debt| BALANCES.contains(debt)).ok_or(Refusal::BalanceOutOfRange)
    }

    /// Makes `row` the newest of the account's chain; returns the row before it and the balance.
    fn link(&mut self, row: RowId, at: Timestamp) -> (RowId, Balance) {
        self.last_at = at;
        (std::mem::replace(&mut self.last, row), self.balance)
    }
}

impl Change {
    /// A change about `subject` (0: about itself, a thing that this change brings into being).
    pub fn about(subject: RowId, kind: ChangeKind, actor: &str, at: Timestamp) -> Change {
        Change {
            id: RowId(0),
            at,
            kind,
            subject,
            actor: actor.to_owned(),
            fingerprint: Fingerprint::default(),
            account: None,
            previous: RowId(0),
            balance: Balance::default(),
            fields: Vec::new(),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Change {
        self.fields.push((name.to_owned(), value.into()));
        self
    }
}

/// Adds amounts that are known to fit: the sum of bounded amounts on one row.
fn add(a: i64, b: i64) -> i64 {
    a.checked_add(b).unwrap_or_else(|| unreachable!("{a} + {b} overflows"))
}

fn subtract(a: i64, b: i64) -> i64 {
    a.checked_sub(b).unwrap_or_else(|| unreachable!("{a} - {b} overflows"))
}

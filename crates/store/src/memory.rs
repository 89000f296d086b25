//! The reference store: the simplest thing that satisfies [`Store`]. Nothing survives the process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::document::Marks;
use ledger::{
    Account, AccountId, Authorization, AuthorizationId, AuthorizationState, Books, Card, CardId,
    CardToken, Directory, Document, DocumentId, Head, Key, ReadSet, Row, RowId, Seal, Timestamp,
    WriteSet, WrittenDocument,
};

use crate::{Part, Reader, Record, Source, Store, StoreError};

/// Keeps everything in memory. Used by tests, and as the model other stores are checked against.
/// Clones share one content, so that a test can restart an engine on it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    content: Arc<Mutex<Content>>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    rows: BTreeMap<RowId, Row>,
    seals: BTreeMap<RowId, Seal>,
    accounts: BTreeMap<AccountId, Account>,
    cards: BTreeMap<CardId, Card>,
    card_tokens: HashMap<CardToken, CardId>,
    keys: HashMap<Key, RowId>,
    due: BTreeSet<(Timestamp, AuthorizationId)>,
    documents: BTreeMap<DocumentId, Document>,
    document_names: HashMap<String, DocumentId>,
    document_lists: BTreeMap<String, BTreeSet<DocumentId>>,
    directory: Arc<Directory>,
}

impl MemoryStore {
    fn content(&self) -> MutexGuard<'_, Content> {
        // A panicking test must not hide its message behind a poisoned lock.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        let books = self.content().load(reads);
        let writes = decide(books);
        self.content().write(writes);
        Ok(())
    }

    fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.content().directory)
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::new(self.clone())
    }
}

impl Source for MemoryStore {
    fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl Content {
    fn load(&self, reads: &ReadSet) -> Books {
        let newest = self.rows.last_key_value().map_or(RowId(0), |(id, _)| *id);
        let head = self.seals.last_key_value().map(|(_, seal)| Head::after(seal));
        let head = head.unwrap_or_default();
        let mut books = Books::new(Arc::clone(&self.directory), newest, head);
        let keyed = reads.keys.iter().filter_map(|key| Some((*key, *self.keys.get(key)?)));
        books.keys.extend(keyed);
        let cleared = reads.cleared_keys(books.keys.values().copied());
        let cleared = cleared.into_iter().filter_map(|key| Some((key, *self.keys.get(&key)?)));
        books.keys.extend(cleared);
        let by_key = books.keys.values().copied();
        let by_code = reads.codes.iter().flat_map(|code| code.rows(newest));
        let by_id = reads.authorizations.iter().map(|id| RowId(id.0));
        let mut accounts: BTreeSet<AccountId> = reads.named_accounts(&self.directory).collect();
        let is_authorization =
            |id: &RowId| matches!(self.rows.get(id), Some(Row::Authorization(_)));
        let named = by_code.chain(by_id).filter(is_authorization);
        for id in by_key.chain(named).collect::<BTreeSet<RowId>>() {
            match self.rows.get(&id) {
                Some(Row::Authorization(row)) => {
                    accounts.insert(row.account);
                    books.authorizations.insert(row.id, row.clone());
                }
                Some(Row::Transaction(row)) => {
                    accounts.insert(row.account);
                    books.transactions.insert(row.id, row.clone());
                }
                Some(Row::Change(row)) => {
                    books.changes.insert(row.id, row.clone());
                }
                None => {}
            }
        }
        let cards = reads.cards.iter().filter_map(|token| self.card_tokens.get(token));
        for card in cards.filter_map(|id| self.cards.get(id)) {
            accounts.insert(card.account);
            books.cards.insert(card.token.clone(), card.clone());
        }
        let found = accounts.iter().filter_map(|id| self.accounts.get(id));
        books.accounts.extend(found.map(|account| (account.id, account.clone())));
        let named = reads.names.iter().filter_map(|name| self.document_names.get(name));
        let listed = reads.lists.iter().filter_map(|list| self.document_lists.get(list));
        let wanted = reads.documents.iter().chain(named).chain(listed.flatten());
        let found = wanted.filter_map(|id| self.documents.get(id));
        let found = found.filter(|document| !document.id.kind.is_resident());
        found.for_each(|document| books.documents.put(document.clone()));
        books
    }

    fn write(&mut self, writes: WriteSet) {
        let old_rows = writes
            .authorizations
            .into_iter()
            .map(Row::Authorization)
            .chain(writes.transactions.into_iter().map(Row::Transaction));
        for row in old_rows.chain(writes.rows) {
            if let Row::Authorization(authorization) = &row {
                self.schedule(authorization);
            }
            self.rows.insert(row.id(), row);
        }
        for (key, row) in writes.keys {
            assert!(self.keys.insert(key, row).is_none(), "a key is stored twice");
        }
        self.accounts.extend(writes.accounts.into_iter().map(|account| (account.id, account)));
        for card in writes.cards {
            self.card_tokens.insert(card.token.clone(), card.id);
            self.cards.insert(card.id, card);
        }
        for WrittenDocument { document, before } in &writes.documents {
            self.take_marks(document, before.as_ref());
        }
        for WrittenDocument { document, before } in writes.documents {
            self.write_document(document, &before.unwrap_or_default());
        }
        self.seals.extend(writes.seal.into_iter().map(|seal| (seal.last, seal)));
        if let Some(directory) = writes.directory {
            self.directory = directory;
        }
    }

    /// Takes what a document gives up. Another one of the batch may get it.
    fn take_marks(&mut self, document: &Document, before: Option<&Marks>) {
        let Some((names, lists)) = before else { return };
        for name in names.difference(&document.names) {
            self.document_names.remove(name);
        }
        for list in lists.difference(&document.lists) {
            if let Some(list) = self.document_lists.get_mut(list) {
                list.remove(&document.id);
            }
        }
    }

    fn write_document(&mut self, document: Document, (names, lists): &Marks) {
        let id = document.id;
        for name in document.names.difference(names) {
            let taken = self.document_names.insert(name.clone(), id);
            assert!(taken.is_none(), "a name is of two documents: {taken:?} and {id:?}");
        }
        for list in document.lists.difference(lists) {
            self.document_lists.entry(list.clone()).or_default().insert(id);
        }
        self.documents.insert(id, document);
    }

    fn schedule(&mut self, row: &Authorization) {
        let due = (row.expires_at, row.id);
        if row.state == AuthorizationState::Live && row.taken < row.amount {
            self.due.insert(due);
        } else {
            self.due.remove(&due);
        }
    }
}

impl Reader for MemoryStore {
    fn load(&mut self, reads: &ReadSet) -> Result<Books, StoreError> {
        Ok(self.content().load(reads))
    }

    fn row(&mut self, id: RowId) -> Result<Option<Row>, StoreError> {
        Ok(self.content().rows.get(&id).cloned())
    }

    fn rows_after(&mut self, after: RowId, limit: usize) -> Result<Vec<Row>, StoreError> {
        let content = self.content();
        let rows = content.rows.range(RowId(after.0.saturating_add(1))..);
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    fn rows_before(&mut self, before: RowId, limit: usize) -> Result<Vec<Row>, StoreError> {
        let content = self.content();
        let rows = content.rows.range(..before).rev();
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    fn card(&mut self, id: CardId) -> Result<Option<Card>, StoreError> {
        Ok(self.content().cards.get(&id).cloned())
    }

    fn cards_of(
        &mut self,
        account: AccountId,
        before: CardId,
        limit: usize,
    ) -> Result<Vec<Card>, StoreError> {
        let content = self.content();
        let cards = content.cards.range(..before).rev().map(|(_, card)| card);
        Ok(cards.filter(|card| card.account == account).take(limit).cloned().collect())
    }

    fn accounts_before(
        &mut self,
        before: AccountId,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let content = self.content();
        let accounts = content.accounts.range(..before).rev();
        Ok(accounts.take(limit).map(|(_, account)| account.clone()).collect())
    }

    fn documents(
        &mut self,
        list: &str,
        part: Part,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let content = self.content();
        let ids = content.document_lists.get(list).into_iter().flatten();
        let found = ids.filter_map(|id| content.documents.get(id));
        Ok(match part {
            Part::After(number) => {
                found.filter(|found| found.id.number > number).take(limit).cloned().collect()
            }
            Part::Before(number) => {
                found.rev().filter(|found| found.id.number < number).take(limit).cloned().collect()
            }
        })
    }

    fn due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<AuthorizationId>, StoreError> {
        let content = self.content();
        let due = content.due.range(..=(now, AuthorizationId(i64::MAX)));
        Ok(due.take(limit).map(|(_, id)| *id).collect())
    }

    fn audit(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        let content = self.content().clone();
        for (id, row) in content.rows {
            visit(Record::Row(row));
            if let Some(seal) = content.seals.get(&id) {
                visit(Record::Seal(seal.clone()));
            }
        }
        content.accounts.into_values().for_each(|account| visit(Record::Account(account)));
        content.keys.into_iter().for_each(|(key, row)| visit(Record::Key(key, row)));
        content.documents.into_values().for_each(|found| visit(Record::Document(found)));
        content.document_names.into_iter().for_each(|(name, id)| visit(Record::Name(name, id)));
        for (list, ids) in content.document_lists {
            for id in ids {
                visit(Record::Listed(list.clone(), id));
            }
        }
        Ok(())
    }
}

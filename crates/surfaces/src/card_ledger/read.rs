//! Answers to GET: rows found, filtered by who asks, and shown.
//!
//! Invariant: what belongs to another company, or to another seller than the caller's, is not
//! found, in the same words as what does not exist.

use std::collections::HashMap;
use std::sync::Arc;

use engine::limits::PAGE_ROWS_SCANNED_MAX;
use engine::{Reader, StoreError};
use ledger::correct::correction_key;
use ledger::post::posting_key;
use ledger::{
    Authorization, AuthorizationId, AuthorizationState, Books, Card, CardId, Code, Company,
    Directory, PostingKind, ReadSet, Row, RowId, Seller, SellerId, Timestamp, Transaction,
    TransactionKind,
};
use serde::Serialize;

use super::json::Named;
use super::links::{Links, collection};
use super::problem::{Kind, Problem};
use super::query::ListQuery;
use super::views::{self, ListView, TransactionView};
use crate::Platform;

/// How many rows a scan reads at a time.
const CHUNK: usize = 500;

/// Who asks, where and when.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) directory: Arc<Directory>,
    pub(super) company: Arc<Company>,
    /// The only seller whose rows are shown.
    pub(super) seller_scope: Option<String>,
    pub(super) links: Links,
    pub(super) now: Timestamp,
}

/// What the path names below the company.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// An authorization.
    pub(super) authorization: Option<String>,
    /// A transaction, by source id.
    pub(super) transaction: Option<String>,
    /// A correction by source id, or a cancellation.
    pub(super) child: Option<String>,
}

/// Why there is nothing to show.
#[derive(Debug)]
pub(super) enum NotRead {
    Store(StoreError),
    Problem(Problem),
}

/// What is found, or why nothing is.
type Found<T> = Result<T, NotRead>;

/// Some rows of a list, and the row after which the next page begins.
struct Page<T> {
    items: Vec<T>,
    next: Option<RowId>,
}

/// What the views of transactions need besides the rows.
struct Surroundings {
    /// The authorizations.
    books: Books,
    /// The cards of those that carry `offlineInfo`.
    cards: HashMap<CardId, Card>,
}

impl From<StoreError> for NotRead {
    fn from(error: StoreError) -> NotRead {
        NotRead::Store(error)
    }
}

impl From<Kind> for NotRead {
    fn from(kind: Kind) -> NotRead {
        NotRead::Problem(Problem::Plain(kind))
    }
}

/// Runs a query on a thread that may block.
///
/// # Errors
/// What the query says; or that the store is out of reach.
pub(super) async fn read<T: Send + 'static>(
    platform: &Platform,
    query: impl FnOnce(&mut dyn Reader) -> Result<T, NotRead> + Send + 'static,
) -> Result<T, Problem> {
    let found = platform.queries.read(move |reader| match query(reader) {
        Ok(found) => Ok(Ok(found)),
        Err(NotRead::Problem(problem)) => Ok(Err(problem)),
        Err(NotRead::Store(error)) => Err(error),
    });
    found.await?
}

impl Viewer {
    /// GET one authorization.
    pub(super) fn authorization(&self, reader: &mut dyn Reader, names: &Names) -> Found<String> {
        let row = self.find_authorization(reader, names)?;
        let seller = self.seller(row.seller)?;
        let card = row.card.map(|id| reader.card(id)).transpose()?.flatten();
        shown(&views::authorization(&row, seller, card.as_ref(), &self.links, self.now))
    }

    /// GET authorizations.
    pub(super) fn authorizations(
        &self,
        reader: &mut dyn Reader,
        query: &ListQuery,
    ) -> Found<String> {
        let page = match &query.source {
            Some(source) => self.authorization_by_source(reader, source, query)?,
            None => Self::scan(reader, query, |row| match row {
                Row::Authorization(row) => Some(row).filter(|row| self.lists(row, query)),
                Row::Transaction(_) | Row::Change(_) => None,
            })?,
        };
        let ids = page.items.iter().filter_map(|row| row.card);
        let cards = cards(reader, ids)?;
        let mut items = Vec::with_capacity(page.items.len());
        for row in &page.items {
            let card = row.card.and_then(|id| cards.get(&id));
            let seller = self.seller(row.seller)?;
            items.push(views::authorization(row, seller, card, &self.links, self.now));
        }
        let id = self.links.authorizations();
        list(id, "authorizations", items, page.next, query)
    }

    /// GET one purchase, cash withdrawal or reversal.
    pub(super) fn transaction(
        &self,
        reader: &mut dyn Reader,
        kind: PostingKind,
        names: &Names,
    ) -> Found<String> {
        let row = self.find_transaction(reader, kind, names)?;
        let around = Self::surroundings(reader, std::slice::from_ref(&row))?;
        shown(&self.show(&row, kind, &around)?)
    }

    /// GET purchases, cash-withdrawals or reversals.
    pub(super) fn transactions(
        &self,
        reader: &mut dyn Reader,
        kind: PostingKind,
        names: &Names,
        query: &ListQuery,
    ) -> Found<String> {
        let (id, page) = self.page_of_transactions(reader, kind, names, query)?;
        let around = Self::surroundings(reader, &page.items)?;
        let items = page.items.iter().map(|row| self.show(row, kind, &around));
        let items = items.collect::<Found<Vec<_>>>()?;
        list(id, collection(kind), items, page.next, query)
    }

    /// GET one correction.
    pub(super) fn correction(
        &self,
        reader: &mut dyn Reader,
        kind: PostingKind,
        names: &Names,
    ) -> Found<String> {
        let corrected = self.find_transaction(reader, kind, names)?;
        let source = names.child.as_deref().unwrap_or_default();
        let key = correction_key(&self.company.number, kind, source);
        let books = reader.load(&ReadSet { keys: vec![key], ..ReadSet::default() })?;
        let row = books.transaction(key).filter(|row| row.corrects == Some(corrected.id));
        let row = row.ok_or(Kind::CorrectionNotFound)?;
        shown(&views::correction(row, kind, &corrected, &self.links))
    }

    /// GET corrections of a transaction.
    pub(super) fn corrections(
        &self,
        reader: &mut dyn Reader,
        kind: PostingKind,
        names: &Names,
        query: &ListQuery,
    ) -> Found<String> {
        let corrected = self.find_transaction(reader, kind, names)?;
        let is_child = |row: &Transaction| row.corrects == Some(corrected.id);
        let page = self.walk(reader, corrected.last_child, query, is_child, |_| true)?;
        let items = page
            .items
            .iter()
            .map(|row| views::correction(row, kind, &corrected, &self.links))
            .collect();
        let id = self.links.corrections(kind, &corrected.source);
        list(id, "corrections", items, page.next, query)
    }

    /// GET one cancellation.
    pub(super) fn cancellation(&self, reader: &mut dyn Reader, names: &Names) -> Found<String> {
        let authorization = self.find_authorization(reader, names)?;
        let code = names.child.as_deref().and_then(Code::parse);
        let code = code.ok_or(Kind::CancellationNotFound)?;
        let newest = reader.load(&ReadSet::default())?.newest();
        for id in code.rows(newest) {
            let Some(Row::Transaction(row)) = reader.row(id)? else { continue };
            let is_child = row.authorization == Some(authorization.id);
            if is_child && row.kind == TransactionKind::Cancellation {
                return shown(&views::cancellation(&row, &authorization, &self.links));
            }
        }
        Err(Kind::CancellationNotFound.into())
    }

    /// GET cancellations of an authorization.
    pub(super) fn cancellations(
        &self,
        reader: &mut dyn Reader,
        names: &Names,
        query: &ListQuery,
    ) -> Found<String> {
        let authorization = self.find_authorization(reader, names)?;
        let page = self.walk(
            reader,
            authorization.last_child,
            query,
            |row| row.authorization == Some(authorization.id),
            |row| row.kind == TransactionKind::Cancellation,
        )?;
        let items = page
            .items
            .iter()
            .map(|row| views::cancellation(row, &authorization, &self.links))
            .collect();
        let id = self.links.cancellations(authorization.code());
        list(id, "cancellations", items, page.next, query)
    }

    /// The transaction that a path names; it must be on the authorization that the path names.
    ///
    /// # Errors
    /// That there is none, for this viewer.
    pub(super) fn find_transaction(
        &self,
        reader: &mut dyn Reader,
        kind: PostingKind,
        names: &Names,
    ) -> Found<Transaction> {
        let authorization = match names.authorization {
            Some(_) => Some(self.find_authorization(reader, names)?.id),
            None => None,
        };
        let source = names.transaction.as_deref().unwrap_or_default();
        let key = posting_key(&self.company.number, kind, source);
        let books = reader.load(&ReadSet { keys: vec![key], ..ReadSet::default() })?;
        let row = books.transaction(key).filter(|row| self.may_see(row.seller));
        let row = row.filter(|row| authorization.is_none() || row.authorization == authorization);
        Ok(row.cloned().ok_or(Kind::NotFound(kind))?)
    }

    fn find_authorization(&self, reader: &mut dyn Reader, names: &Names) -> Found<Authorization> {
        let code = names.authorization.as_deref().and_then(Code::parse);
        let found = code.map(|code| self.by_code(reader, code)).transpose()?.flatten();
        Ok(found.ok_or(Kind::AuthorizationNotFound)?)
    }

    fn by_code(&self, reader: &mut dyn Reader, code: Code) -> Found<Option<Authorization>> {
        let books = reader.load(&ReadSet { codes: vec![code], ..ReadSet::default() })?;
        let found = books.authorization(self.company.id, code);
        Ok(found.filter(|row| self.may_see(row.seller)).cloned())
    }

    fn authorization_by_source(
        &self,
        reader: &mut dyn Reader,
        source: &str,
        query: &ListQuery,
    ) -> Found<Page<Authorization>> {
        let key = ledger::authorize::authorization_key(&self.company.number, source);
        let books = reader.load(&ReadSet { keys: vec![key], ..ReadSet::default() })?;
        let id = books.keys.get(&key).map(|row| AuthorizationId(row.0));
        let row = id.and_then(|id| books.authorizations.get(&id));
        let row = row.filter(|row| self.lists(row, query));
        let row = row.filter(|row| query.after.is_none_or(|after| row.id.0 < after.0));
        Ok(Page { items: row.cloned().into_iter().collect(), next: None })
    }

    /// Whether a list of authorizations shows this one. Declined ones are nowhere.
    fn lists(&self, row: &Authorization, query: &ListQuery) -> bool {
        row.company == self.company.id
            && row.state != AuthorizationState::Declined
            && self.may_see(row.seller)
            && query.covers(self.company.day_of(row.at))
            && query.authorization.is_none_or(|named| named == Named(Some(row.code())))
    }

    /// A page of transactions, and the path of the list it is of.
    fn page_of_transactions(
        &self,
        reader: &mut dyn Reader,
        kind: PostingKind,
        names: &Names,
        query: &ListQuery,
    ) -> Found<(String, Page<Transaction>)> {
        let shows = |row: &Transaction| row.kind == TransactionKind::Posting(kind);
        let path = self.links.transactions(kind);
        if names.authorization.is_some() {
            let authorization = self.find_authorization(reader, names)?;
            let code = authorization.code();
            if query.authorization.is_some_and(|named| named != Named(Some(code))) {
                let message = "Invalid value: the path names another authorization";
                let problem = Problem::field("authorizationId", message);
                return Err(NotRead::Problem(problem));
            }
            let path = self.links.authorization_transactions(code, kind);
            return Ok((path, self.children(reader, &authorization, query, shows)?));
        }
        let Some(Named(code)) = query.authorization else {
            let page = Self::scan(reader, query, |row| match row {
                Row::Transaction(row) => Some(row).filter(|row| {
                    shows(row)
                        && row.company == self.company.id
                        && self.may_see(row.seller)
                        && query.covers(row.value_date)
                }),
                Row::Authorization(_) | Row::Change(_) => None,
            })?;
            return Ok((path, page));
        };
        let found = code.map(|code| self.by_code(reader, code)).transpose()?.flatten();
        match found {
            Some(found) => Ok((path, self.children(reader, &found, query, shows)?)),
            None => Ok((path, Page { items: Vec::new(), next: None })),
        }
    }

    fn children(
        &self,
        reader: &mut dyn Reader,
        authorization: &Authorization,
        query: &ListQuery,
        shows: impl Fn(&Transaction) -> bool,
    ) -> Found<Page<Transaction>> {
        let is_child = |row: &Transaction| row.authorization == Some(authorization.id);
        self.walk(reader, authorization.last_child, query, is_child, shows)
    }

    /// Looks through the journal from the newest row, or the query's cursor, backwards.
    fn scan<T>(
        reader: &mut dyn Reader,
        query: &ListQuery,
        shows: impl Fn(Row) -> Option<T>,
    ) -> Found<Page<T>> {
        let mut items = Vec::new();
        let mut before = query.after.unwrap_or(RowId(i64::MAX));
        let (mut last, mut scanned) = (before, 0_usize);
        while scanned < PAGE_ROWS_SCANNED_MAX {
            let rows = reader.rows_before(before, CHUNK)?;
            if rows.is_empty() {
                return Ok(Page { items, next: None });
            }
            scanned = scanned.saturating_add(rows.len());
            for row in rows {
                let id = row.id();
                before = id;
                let Some(item) = shows(row) else { continue };
                if items.len() == query.limit {
                    return Ok(Page { items, next: Some(last) });
                }
                items.push(item);
                last = id;
            }
        }
        Ok(Page { items, next: Some(before) })
    }

    /// Follows a chain of siblings from `newest`, or the query's cursor, backwards.
    fn walk(
        &self,
        reader: &mut dyn Reader,
        newest: RowId,
        query: &ListQuery,
        is_child: impl Fn(&Transaction) -> bool,
        shows: impl Fn(&Transaction) -> bool,
    ) -> Found<Page<Transaction>> {
        let mut items = Vec::new();
        let mut at = match query.after {
            None => newest,
            Some(after) => match reader.row(after)? {
                Some(Row::Transaction(row)) if is_child(&row) => row.sibling,
                Some(_) | None => {
                    let message = "Invalid value: must come from a next link";
                    return Err(NotRead::Problem(Problem::field("after", message)));
                }
            },
        };
        let mut before = RowId(0);
        let (mut last, mut scanned) = (before, 0_usize);
        while let Some(Row::Transaction(row)) = reader.row(at)? {
            if scanned == PAGE_ROWS_SCANNED_MAX {
                return Ok(Page { items, next: Some(before) });
            }
            scanned = scanned.saturating_add(1);
            (before, at) = (at, row.sibling);
            if !shows(&row) || !self.may_see(row.seller) || !query.covers(row.value_date) {
                continue;
            }
            if items.len() == query.limit {
                return Ok(Page { items, next: Some(last) });
            }
            last = before;
            items.push(row);
        }
        Ok(Page { items, next: None })
    }

    /// Loads what the views of transactions need besides the rows.
    fn surroundings(reader: &mut dyn Reader, rows: &[Transaction]) -> Found<Surroundings> {
        let authorizations = rows.iter().filter_map(|row| row.authorization).collect();
        let books = reader.load(&ReadSet { authorizations, ..ReadSet::default() })?;
        let offline = rows.iter().filter(|row| row.offline_info);
        let cards = cards(reader, offline.filter_map(|row| row.card))?;
        Ok(Surroundings { books, cards })
    }

    fn show<'v>(
        &'v self,
        row: &'v Transaction,
        kind: PostingKind,
        around: &'v Surroundings,
    ) -> Found<TransactionView<'v>> {
        let card = row.card.and_then(|id| around.cards.get(&id));
        let authorization = row.authorization.and_then(|id| around.books.authorizations.get(&id));
        let seller = self.seller(row.seller)?;
        Ok(views::transaction(row, kind, authorization, seller, card, &self.links))
    }

    fn seller(&self, id: SellerId) -> Found<&Seller> {
        let seller = self.directory.seller_by_id(id).ok_or(Kind::Internal)?;
        Ok(seller.as_ref())
    }

    fn may_see(&self, id: SellerId) -> bool {
        let Some(scope) = &self.seller_scope else { return true };
        self.directory.seller_by_id(id).is_some_and(|seller| seller.number == *scope)
    }
}

fn list<V: Serialize>(
    id: String,
    name: &'static str,
    items: Vec<V>,
    next: Option<RowId>,
    query: &ListQuery,
) -> Found<String> {
    let next = next.map(|row| query.next(&id, row));
    shown(&ListView { id, name, items, next })
}

fn cards(
    reader: &mut dyn Reader,
    ids: impl Iterator<Item = CardId>,
) -> Found<HashMap<CardId, Card>> {
    let mut cards = HashMap::new();
    for id in ids {
        if !cards.contains_key(&id) {
            cards.extend(reader.card(id)?.map(|card| (id, card)));
        }
    }
    Ok(cards)
}

fn shown(view: &impl Serialize) -> Found<String> {
    Ok(serde_json::to_string(view).map_err(|_| Kind::Internal)?)
}

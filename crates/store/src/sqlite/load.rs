//! From the keys of a [`ReadSet`] to loaded books.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Authorization, AuthorizationId, Books, CardToken, Directory, Head, Key,
    Lane, ReadSet, Row, RowId, TransactionId,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result};

use super::cache::Cache;
use super::documents::load_documents;
use super::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, SEALS, TRANSACTIONS, read_account,
    read_authorization, read_card, read_change, read_seal, read_transaction,
};

/// Where the journal ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// The newest row.
    pub(super) newest: RowId,
    /// The newest seal of the one lane that this store writes.
    pub(super) head: Head,
}

impl End {
    /// Empty books that go on from here.
    pub(super) fn books(self, directory: &Arc<Directory>) -> Books {
        Books::new(Arc::clone(directory), self.newest, self.head)
    }
}

/// Reads where the journal ends. Every batch that wrote rows has left a seal; where the journal
/// was moved here from a store of several writers, the newest one may be another lane's.
pub(super) fn read_end(connection: &Connection) -> Result<End> {
    let newest = SEALS.select("ORDER BY last DESC LIMIT 1");
    let newest = connection.prepare_cached(&newest)?.query_row((), read_seal).optional()?;
    let Some(newest) = newest else { return Ok(End::default()) };
    let lane = Lane::default();
    if newest.lane == lane {
        return Ok(End { newest: newest.last, head: Head::after(&newest) });
    }
    let own = SEALS.select("WHERE lane = ? ORDER BY last DESC LIMIT 1");
    let own = connection.prepare_cached(&own)?.query_row([lane.0], read_seal).optional()?;
    Ok(End { newest: newest.last, head: own.as_ref().map(Head::after).unwrap_or_default() })
}

/// Loads what `reads` names. The caller has begun a transaction; what `cache` holds and `find_key`
/// finds must be true in it.
pub(super) fn load(
    connection: &Connection,
    cache: &mut Cache,
    find_key: impl Fn(&Key) -> Result<Option<RowId>>,
    mut books: Books,
    reads: &ReadSet,
) -> Result<Books> {
    let mut accounts: BTreeSet<AccountId> = reads.named_accounts(&books.directory).collect();
    load_keys(&reads.keys, &find_key, &mut books)?;
    load_keys(&reads.cleared_keys(books.keys.values().copied()), &find_key, &mut books)?;
    load_rows(connection, reads, &mut books, &mut accounts)?;
    load_cards(connection, &reads.cards, cache, &mut books, &mut accounts)?;
    load_accounts(connection, accounts, cache, &mut books)?;
    load_documents(connection, reads, &mut books)?;
    Ok(books)
}

fn load_keys(
    keys: &[Key],
    find_key: impl Fn(&Key) -> Result<Option<RowId>>,
    books: &mut Books,
) -> Result<()> {
    for key in keys {
        if !books.keys.contains_key(key)
            && let Some(row) = find_key(key)?
        {
            books.keys.insert(*key, row);
        }
    }
    Ok(())
}

/// Loads the rows behind keys, codes and ids, and notes their accounts.
fn load_rows(
    connection: &Connection,
    reads: &ReadSet,
    books: &mut Books,
    accounts: &mut BTreeSet<AccountId>,
) -> Result<()> {
    let newest = books.newest();
    let by_key = books.keys.values().copied();
    let by_code = reads.codes.iter().flat_map(|code| code.rows(newest));
    let by_id = reads.authorizations.iter().map(|id| RowId(id.0));
    let keyed: BTreeSet<RowId> = by_key.collect();
    let named: BTreeSet<RowId> = by_code.chain(by_id).filter(|id| !keyed.contains(id)).collect();
    if keyed.is_empty() && named.is_empty() {
        return Ok(());
    }
    let mut finder = RowFinder::new(connection)?;
    for id in named {
        if let Some(row) = finder.find_authorization(id)? {
            accounts.insert(row.account);
            books.authorizations.insert(row.id, row);
        }
    }
    for id in keyed {
        match finder.find(id)? {
            Some(Row::Authorization(row)) => {
                accounts.insert(row.account);
                books.authorizations.insert(AuthorizationId(id.0), row);
            }
            Some(Row::Transaction(row)) => {
                accounts.insert(row.account);
                books.transactions.insert(TransactionId(id.0), row);
            }
            Some(Row::Change(row)) => {
                books.changes.insert(id, row);
            }
            None => {}
        }
    }
    Ok(())
}

fn load_cards(
    connection: &Connection,
    tokens: &[CardToken],
    cache: &mut Cache,
    books: &mut Books,
    accounts: &mut BTreeSet<AccountId>,
) -> Result<()> {
    let mut find = connection.prepare_cached(&CARDS.select("WHERE token = ?"))?;
    for token in tokens {
        if books.cards.contains_key(token) {
            continue;
        }
        let card = match cache.card(token) {
            Some(card) => card.clone(),
            None => match find.query_row([token.as_str()], read_card).optional()? {
                Some(card) => {
                    cache.keep_card(&card);
                    card
                }
                None => continue,
            },
        };
        accounts.insert(card.account);
        books.cards.insert(token.clone(), card);
    }
    Ok(())
}

fn load_accounts(
    connection: &Connection,
    ids: BTreeSet<AccountId>,
    cache: &mut Cache,
    books: &mut Books,
) -> Result<()> {
    let mut find = connection.prepare_cached(&ACCOUNTS.select("WHERE id = ?"))?;
    for id in ids {
        let account: Account = match cache.account(id) {
            Some(account) => account.clone(),
            None => match find.query_row([id.0], read_account).optional()? {
                Some(account) => {
                    cache.keep_account(&account);
                    account
                }
                None => continue,
            },
        };
        books.accounts.insert(id, account);
    }
    Ok(())
}

/// Finds rows of the journal by id, whatever they are.
pub(super) struct RowFinder<'c> {
    authorization: CachedStatement<'c>,
    transaction: CachedStatement<'c>,
    change: CachedStatement<'c>,
}

impl<'c> RowFinder<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<RowFinder<'c>> {
        Ok(RowFinder {
            authorization: connection.prepare_cached(&AUTHORIZATIONS.select("WHERE id = ?"))?,
            transaction: connection.prepare_cached(&TRANSACTIONS.select("WHERE id = ?"))?,
            change: connection.prepare_cached(&CHANGES.select("WHERE id = ?"))?,
        })
    }

    fn find_authorization(&mut self, id: RowId) -> Result<Option<Authorization>> {
        self.authorization.query_row([id.0], read_authorization).optional()
    }

    pub(super) fn find(&mut self, id: RowId) -> Result<Option<Row>> {
        if let Some(row) = self.find_authorization(id)? {
            return Ok(Some(Row::Authorization(row)));
        }
        if let Some(row) = self.transaction.query_row([id.0], read_transaction).optional()? {
            return Ok(Some(Row::Transaction(row)));
        }
        Ok(self.change.query_row([id.0], read_change).optional()?.map(Row::Change))
    }
}

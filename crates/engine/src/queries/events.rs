//! The feed of business events: a view of the journal, oldest first.

use ledger::{Account, Card, ReadSet, Row, RowId, Transaction};
use store::{Reader, StoreError};

use super::Slice;
use super::entries::{account_of, card, transaction_of};

/// A row of the journal, with the rows that it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub row: Row,
    /// The account it happened to, if any.
    pub account: Option<Account>,
    /// The card it happened with, if any.
    pub card: Option<Card>,
    /// What it takes back, if anything.
    pub corrected: Option<Transaction>,
}

/// The events after row `after`. `next` is always where to ask for more: the feed has no end.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn events(
    reader: &mut dyn Reader,
    after: RowId,
    limit: usize,
) -> Result<Slice<Event>, StoreError> {
    let rows = reader.rows_after(after, limit)?;
    let next = rows.last().map_or(after, Row::id);
    let accounts = rows.iter().filter_map(account_of).collect();
    let accounts = reader.load(&ReadSet { accounts, ..ReadSet::default() })?.accounts;
    let items = rows.into_iter().map(|row| {
        let account = account_of(&row).and_then(|id| accounts.get(&id).cloned());
        let (card_id, corrects) = match &row {
            Row::Authorization(row) => (row.card, None),
            Row::Transaction(row) => (row.card, row.corrects),
            Row::Change(_) => (None, None),
        };
        let card = card(reader, card_id)?;
        let corrected = transaction_of(reader, corrects)?;
        Ok(Event { row, account, card, corrected })
    });
    let items = items.collect::<Result<Vec<Event>, StoreError>>()?;
    Ok(Slice { items, next: Some(next.0) })
}

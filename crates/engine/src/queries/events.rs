//! The feed of business events: a view of the journal, oldest first.

use ledger::{Account, AccountId, Card, CardId, ChangeKind, Position, ReadSet, Row, Transaction};
use store::{Reader, StoreError};

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

/// The events after a position, and the position after them: the feed has no end.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn events(
    reader: &mut dyn Reader,
    after: &Position,
    limit: usize,
) -> Result<(Vec<Event>, Position), StoreError> {
    let (rows, next) = reader.news(after, limit)?;
    let cards = rows.iter().map(|row| card(reader, card_of(row)));
    let cards = cards.collect::<Result<Vec<Option<Card>>, StoreError>>()?;
    let rows: Vec<(Row, Option<Card>)> = rows.into_iter().zip(cards).collect();
    let accounts = rows.iter().filter_map(|(row, card)| owner(row, card.as_ref())).collect();
    let accounts = reader.load(&ReadSet { accounts, ..ReadSet::default() })?.accounts;
    let items = rows.into_iter().map(|(row, card)| {
        let account = owner(&row, card.as_ref()).and_then(|id| accounts.get(&id).cloned());
        let corrects = match &row {
            Row::Transaction(row) => row.corrects,
            Row::Authorization(_) | Row::Change(_) => None,
        };
        let corrected = transaction_of(reader, corrects)?;
        Ok(Event { row, account, card, corrected })
    });
    let items = items.collect::<Result<Vec<Event>, StoreError>>()?;
    Ok((items, next))
}

/// The card that a row is about.
fn card_of(row: &Row) -> Option<CardId> {
    match row {
        Row::Authorization(row) => row.card,
        Row::Transaction(row) => row.card,
        Row::Change(row) => match row.kind {
            ChangeKind::CardAdded | ChangeKind::CardChanged => Some(CardId(row.subject.0)),
            ChangeKind::CompanyAdded
            | ChangeKind::CompanyChanged
            | ChangeKind::SellerAdded
            | ChangeKind::PayableOpened
            | ChangeKind::HouseOpened
            | ChangeKind::AccountOpened
            | ChangeKind::AccountChanged
            | ChangeKind::CredentialIssued
            | ChangeKind::CredentialRevoked
            | ChangeKind::Estate(_)
            | ChangeKind::Payments(_)
            | ChangeKind::Clearing(_) => None,
        },
    }
}

/// The account that a row is about: the one whose chain it is part of, or else its card's.
fn owner(row: &Row, card: Option<&Card>) -> Option<AccountId> {
    account_of(row).or_else(|| card.map(|card| card.account))
}

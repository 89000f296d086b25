//! The journal: the append-only rows in the order of their ids, and the hash chain over them.
//!
//! Invariant: a row's canonical bytes cover every field that is written once, and no other.

use sha2::{Digest, Sha256};

use crate::authorization::Authorization;
use crate::change::Change;
use crate::ids::RowId;
use crate::time::Timestamp;
use crate::transaction::Transaction;

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Money was reserved, or that was declined.
    Authorization(Authorization),
    /// Money moved, or was given free.
    Transaction(Transaction),
    /// Something else changed.
    Change(Change),
}

/// The seal of one batch: the head of the chain after its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The batch's first row.
    pub first: RowId,
    /// The batch's last row; names the seal.
    pub last: RowId,
    /// How many rows it has.
    pub rows: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// SHA-256 over the seal before, this seal's other fields, and each row in order.
    pub hash: [u8; 32],
}

impl Row {
    /// Its position.
    pub fn id(&self) -> RowId {
        match self {
            Row::Authorization(row) => RowId(row.id.0),
            Row::Transaction(row) => RowId(row.id.0),
            Row::Change(row) => row.id,
        }
    }

    /// When it was decided.
    pub fn at(&self) -> Timestamp {
        match self {
            Row::Authorization(row) => row.at,
            Row::Transaction(row) => row.at,
            Row::Change(row) => row.at,
        }
    }

    /// The row before it in the chain of its account; none where it has no account.
    pub fn previous(&self) -> Option<RowId> {
        match self {
            Row::Authorization(row) => Some(row.previous),
            Row::Transaction(row) => Some(row.previous),
            Row::Change(row) => row.account.map(|_| row.previous),
        }
    }

    fn encode(&self, bytes: &mut Bytes<'_>) {
        match self {
            Row::Authorization(row) => encode_authorization(row, bytes),
            Row::Transaction(row) => encode_transaction(row, bytes),
            Row::Change(row) => encode_change(row, bytes),
        }
    }
}

/// Computes the seal of a batch of rows in ascending order. `None` when there are no rows.
pub fn seal<'r>(
    before: [u8; 32],
    at: Timestamp,
    rows: impl IntoIterator<Item = &'r Row>,
) -> Option<Seal> {
    let mut sealer = Sealer::new(before, at);
    for row in rows {
        sealer.add(row);
    }
    sealer.finish()
}

/// Builds a [`Seal`] row by row.
#[derive(Clone, Debug)]
pub struct Sealer {
    content: Vec<u8>,
    hash: Sha256,
    first: Option<RowId>,
    last: RowId,
    rows: i64,
    before: [u8; 32],
    at: Timestamp,
}

impl Sealer {
    /// Starts a seal after the one whose hash is `before` (zeros for the first).
    pub fn new(before: [u8; 32], at: Timestamp) -> Sealer {
        let (content, hash) = (Vec::with_capacity(512), Sha256::new());
        Sealer { content, hash, first: None, last: RowId(0), rows: 0, before, at }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &Row) {
        self.content.clear();
        row.encode(&mut Bytes(&mut self.content));
        self.hash.update(u64::try_from(self.content.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.hash.update(&self.content);
        self.first.get_or_insert(row.id());
        self.last = row.id();
        self.rows = self.rows.saturating_add(1);
    }

    /// Ends it. `None` when no row was added.
    pub fn finish(self) -> Option<Seal> {
        let first = self.first?;
        let rows_hash = self.hash.finalize();
        let mut hash = Sha256::new();
        hash.update(self.before);
        for number in [first.0, self.last.0, self.rows, self.at.0] {
            hash.update(number.to_be_bytes());
        }
        hash.update(rows_hash);
        let hash = hash.finalize().into();
        Some(Seal { first, last: self.last, rows: self.rows, at: self.at, hash })
    }
}

/// Writes canonical bytes: fixed-width numbers, length before text, a mark before what is optional.
struct Bytes<'b>(&'b mut Vec<u8>);

impl Bytes<'_> {
    fn tag(&mut self, tag: u8) -> &mut Self {
        self.0.push(tag);
        self
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn optional_number(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.tag(1).number(number),
            None => self.tag(0),
        }
    }

    fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.tag(1).text(text),
            None => self.tag(0),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

fn encode_authorization(row: &Authorization, bytes: &mut Bytes<'_>) {
    bytes
        .tag(1)
        .number(row.id.0)
        .number(row.at.0)
        .number(row.company.0)
        .number(row.seller.0)
        .number(row.account.0)
        .optional_number(row.card.map(|card| card.0))
        .text(&row.source)
        .bytes(&row.fingerprint.0)
        .text(row.kind.as_str())
        .number(row.amount)
        .text(row.currency.code())
        .text(&row.point_of_sale)
        .optional_text(row.method.map(|method| method.as_str()))
        .optional_text(row.channel.map(|channel| channel.as_str()))
        .number(i64::from(row.valid_to.0))
        .number(row.expires_at.0)
        .text(row.mount.as_str())
        .optional_text(row.declined.map(|reason| reason.as_str()))
        .number(row.balance.debt)
        .number(row.balance.reserved)
        .number(row.previous.0);
}

fn encode_transaction(row: &Transaction, bytes: &mut Bytes<'_>) {
    let (debit, credit) = row.debit_and_credit();
    bytes
        .tag(2)
        .number(row.id.0)
        .number(row.at.0)
        .number(row.company.0)
        .number(row.seller.0)
        .number(row.account.0)
        .number(row.payable.0)
        .number(debit.0)
        .number(credit.0)
        .optional_number(row.card.map(|card| card.0))
        .text(row.kind.as_str())
        .optional_number(row.authorization.map(|id| id.0))
        .optional_number(row.corrects.map(|id| id.0))
        .text(&row.source)
        .bytes(&row.fingerprint.0)
        .number(row.posted)
        .number(row.released)
        .optional_number(row.withdrawal)
        .text(row.currency.code())
        .optional_text(row.references.batch.as_deref())
        .optional_text(row.references.transaction.as_deref())
        .optional_text(row.receipt.as_deref())
        .optional_text(row.point_of_sale.as_deref())
        .optional_text(row.method.map(|method| method.as_str()))
        .optional_text(row.channel.map(|channel| channel.as_str()))
        .number(i64::from(row.value_date.0))
        .text(row.mount.as_str())
        .tag(u8::from(row.offline_info))
        .tag(u8::from(row.over_limit))
        .tag(u8::from(row.despite_block))
        .number(row.balance.debt)
        .number(row.balance.reserved)
        .number(row.previous.0)
        .number(row.sibling.0);
}

fn encode_change(row: &Change, bytes: &mut Bytes<'_>) {
    bytes
        .tag(3)
        .number(row.id.0)
        .number(row.at.0)
        .text(row.kind.as_str())
        .number(row.subject.0)
        .text(&row.actor)
        .bytes(&row.fingerprint.0)
        .optional_number(row.account.map(|account| account.0))
        .number(row.previous.0)
        .number(row.balance.debt)
        .number(row.balance.reserved)
        .number(i64::try_from(row.fields.len()).unwrap_or(i64::MAX));
    for (name, value) in &row.fields {
        bytes.text(name).text(value);
    }
}

//! What is written once: the rows of the journal, their seals and the keys that they use.

use ledger::{
    AccountId, AcquirerReferences, Authorization, AuthorizationId, CardId, Change, CompanyId, Date,
    Fingerprint, Key, Lane, RowId, Seal, SellerId, Timestamp, Transaction, TransactionId,
};

use super::cells::{Cell, Cells};
use super::tables::Table;
use super::tables::Type::{Bytes, Int, Text};
use crate::codes::Coded;

pub(crate) const AUTHORIZATIONS: Table = Table {
    name: "authorization_",
    columns: &[
        ("id", Int),
        ("at", Int),
        ("company", Int),
        ("seller", Int),
        ("account", Int),
        ("card", Int),
        ("source", Text),
        ("fingerprint", Bytes),
        ("kind", Int),
        ("amount", Int),
        ("currency", Text),
        ("point_of_sale", Text),
        ("method", Int),
        ("channel", Int),
        ("valid_to", Int),
        ("expires_at", Int),
        ("mount", Int),
        ("declined", Int),
        ("debt", Int),
        ("reserved", Int),
        ("previous", Int),
        ("state", Int),
        ("taken", Int),
        ("last_child", Int),
    ],
};

pub(crate) const TRANSACTIONS: Table = Table {
    name: "transaction_",
    columns: &[
        ("id", Int),
        ("at", Int),
        ("company", Int),
        ("seller", Int),
        ("account", Int),
        ("payable", Int),
        ("card", Int),
        ("kind", Int),
        ("authorization_", Int),
        ("corrects", Int),
        ("source", Text),
        ("fingerprint", Bytes),
        ("posted", Int),
        ("released", Int),
        ("withdrawal", Int),
        ("currency", Text),
        ("acquirer_batch", Text),
        ("acquirer_transaction", Text),
        ("receipt", Text),
        ("point_of_sale", Text),
        ("method", Int),
        ("channel", Int),
        ("value_date", Int),
        ("mount", Int),
        ("offline_info", Int),
        ("over_limit", Int),
        ("despite_block", Int),
        ("debt", Int),
        ("reserved", Int),
        ("previous", Int),
        ("sibling", Int),
        ("corrected", Int),
        ("last_child", Int),
    ],
};

pub(crate) const CHANGES: Table = Table {
    name: "change",
    columns: &[
        ("id", Int),
        ("at", Int),
        ("kind", Int),
        ("subject", Int),
        ("actor", Text),
        ("fingerprint", Bytes),
        ("account", Int),
        ("previous", Int),
        ("debt", Int),
        ("reserved", Int),
        ("fields", Text),
    ],
};

pub(crate) const SEALS: Table = Table {
    name: "seal",
    columns: &[
        ("last", Int),
        ("lane", Int),
        ("number", Int),
        ("first", Int),
        ("rows", Int),
        ("at", Int),
        ("hash", Bytes),
    ],
};

pub(crate) const KEYS: Table = Table { name: "used_key", columns: &[("key", Bytes), ("row", Int)] };

pub(crate) fn put_authorization(row: &Authorization) -> [Cell<'_>; 24] {
    [
        row.id.0.into(),
        row.at.0.into(),
        row.company.0.into(),
        row.seller.0.into(),
        row.account.0.into(),
        row.card.map(|card| card.0).into(),
        row.source.as_str().into(),
        row.fingerprint.0.as_slice().into(),
        row.kind.code().into(),
        row.amount.into(),
        row.currency.code().into(),
        row.point_of_sale.as_str().into(),
        row.method.map(Coded::code).into(),
        row.channel.map(Coded::code).into(),
        i64::from(row.valid_to.0).into(),
        row.expires_at.0.into(),
        row.mount.code().into(),
        row.declined.map(Coded::code).into(),
        row.balance.debt.into(),
        row.balance.reserved.into(),
        row.previous.0.into(),
        row.state.code().into(),
        row.taken.into(),
        row.last_child.0.into(),
    ]
}

pub(crate) fn get_authorization<C: Cells>(cells: &mut C) -> Result<Authorization, C::Error> {
    Ok(Authorization {
        id: AuthorizationId(cells.int()?),
        at: Timestamp(cells.int()?),
        company: CompanyId(cells.int()?),
        seller: SellerId(cells.int()?),
        account: AccountId(cells.int()?),
        card: cells.optional_int()?.map(CardId),
        source: cells.text()?,
        fingerprint: Fingerprint(cells.bytes()?),
        kind: cells.coded()?,
        amount: cells.int()?,
        currency: cells.currency()?,
        point_of_sale: cells.text()?,
        method: cells.optional_coded()?,
        channel: cells.optional_coded()?,
        valid_to: Date(cells.narrow()?),
        expires_at: Timestamp(cells.int()?),
        mount: cells.coded()?,
        declined: cells.optional_coded()?,
        balance: cells.balance()?,
        previous: RowId(cells.int()?),
        state: cells.coded()?,
        taken: cells.int()?,
        last_child: RowId(cells.int()?),
    })
}

pub(crate) fn put_transaction(row: &Transaction) -> [Cell<'_>; 33] {
    [
        row.id.0.into(),
        row.at.0.into(),
        row.company.0.into(),
        row.seller.0.into(),
        row.account.0.into(),
        row.payable.0.into(),
        row.card.map(|card| card.0).into(),
        row.kind.code().into(),
        row.authorization.map(|id| id.0).into(),
        row.corrects.map(|id| id.0).into(),
        row.source.as_str().into(),
        row.fingerprint.0.as_slice().into(),
        row.posted.into(),
        row.released.into(),
        row.withdrawal.into(),
        row.currency.code().into(),
        row.references.batch.as_deref().into(),
        row.references.transaction.as_deref().into(),
        row.receipt.as_deref().into(),
        row.point_of_sale.as_deref().into(),
        row.method.map(Coded::code).into(),
        row.channel.map(Coded::code).into(),
        i64::from(row.value_date.0).into(),
        row.mount.code().into(),
        i64::from(row.offline_info).into(),
        i64::from(row.over_limit).into(),
        i64::from(row.despite_block).into(),
        row.balance.debt.into(),
        row.balance.reserved.into(),
        row.previous.0.into(),
        row.sibling.0.into(),
        row.corrected.into(),
        row.last_child.0.into(),
    ]
}

pub(crate) fn get_transaction<C: Cells>(cells: &mut C) -> Result<Transaction, C::Error> {
    Ok(Transaction {
        id: TransactionId(cells.int()?),
        at: Timestamp(cells.int()?),
        company: CompanyId(cells.int()?),
        seller: SellerId(cells.int()?),
        account: AccountId(cells.int()?),
        payable: AccountId(cells.int()?),
        card: cells.optional_int()?.map(CardId),
        kind: cells.coded()?,
        authorization: cells.optional_int()?.map(AuthorizationId),
        corrects: cells.optional_int()?.map(TransactionId),
        source: cells.text()?,
        fingerprint: Fingerprint(cells.bytes()?),
        posted: cells.int()?,
        released: cells.int()?,
        withdrawal: cells.optional_int()?,
        currency: cells.currency()?,
        references: AcquirerReferences {
            batch: cells.optional_text()?,
            transaction: cells.optional_text()?,
        },
        receipt: cells.optional_text()?,
        point_of_sale: cells.optional_text()?,
        method: cells.optional_coded()?,
        channel: cells.optional_coded()?,
        value_date: Date(cells.narrow()?),
        mount: cells.coded()?,
        offline_info: cells.flag()?,
        over_limit: cells.flag()?,
        despite_block: cells.flag()?,
        balance: cells.balance()?,
        previous: RowId(cells.int()?),
        sibling: RowId(cells.int()?),
        corrected: cells.int()?,
        last_child: RowId(cells.int()?),
    })
}

/// `fields` is a JSON array of `[name, value]` pairs.
pub(crate) fn put_change(row: &Change) -> [Cell<'_>; 11] {
    // Texts in vectors: there is nothing in them that JSON cannot have.
    let fields = serde_json::to_string(&row.fields).unwrap_or_default();
    [
        row.id.0.into(),
        row.at.0.into(),
        row.kind.code().into(),
        row.subject.0.into(),
        row.actor.as_str().into(),
        row.fingerprint.0.as_slice().into(),
        row.account.map(|account| account.0).into(),
        row.previous.0.into(),
        row.balance.debt.into(),
        row.balance.reserved.into(),
        fields.into(),
    ]
}

pub(crate) fn get_change<C: Cells>(cells: &mut C) -> Result<Change, C::Error> {
    Ok(Change {
        id: RowId(cells.int()?),
        at: Timestamp(cells.int()?),
        kind: cells.coded()?,
        subject: RowId(cells.int()?),
        actor: cells.text()?,
        fingerprint: Fingerprint(cells.bytes()?),
        account: cells.optional_int()?.map(AccountId),
        previous: RowId(cells.int()?),
        balance: cells.balance()?,
        fields: cells.parsed("fields", |text| serde_json::from_str(text).ok())?,
    })
}

pub(crate) fn put_seal(seal: &Seal) -> [Cell<'_>; 7] {
    let Seal { lane, number, first, last, rows, at, hash } = seal;
    [
        last.0.into(),
        lane.0.into(),
        (*number).into(),
        first.0.into(),
        (*rows).into(),
        at.0.into(),
        hash.as_slice().into(),
    ]
}

pub(crate) fn get_seal<C: Cells>(cells: &mut C) -> Result<Seal, C::Error> {
    Ok(Seal {
        last: RowId(cells.int()?),
        lane: Lane(cells.int()?),
        number: cells.int()?,
        first: RowId(cells.int()?),
        rows: cells.int()?,
        at: Timestamp(cells.int()?),
        hash: cells.bytes()?,
    })
}

pub(crate) fn put_key(key: &Key, row: RowId) -> [Cell<'_>; 2] {
    [key.0.as_slice().into(), row.0.into()]
}

pub(crate) fn get_key<C: Cells>(cells: &mut C) -> Result<(Key, RowId), C::Error> {
    Ok((Key(cells.bytes()?), RowId(cells.int()?)))
}

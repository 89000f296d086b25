//! Rows of the ledger as cells of a table, and back: the same for every database.
//!
//! Invariant: what a function here writes, its twin reads back equal, or says that it cannot.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use ledger::document::Kind;
use ledger::{
    Account, AccountId, AccountKind, AcquirerReferences, Authorization, AuthorizationId, Balance,
    Card, CardExpiry, CardId, CardToken, Change, Company, CompanyId, Credential, CredentialId,
    Currency, Date, Directory, Document, DocumentId, Fields, Fingerprint, HouseAccount, Key, Lane,
    MaskedPan, PanFingerprint, RowId, Scope, Seal, Seller, SellerId, Timestamp, Transaction,
    TransactionId, Zone,
};

use serde_json::Value;

use crate::codes::Coded;

/// A table and its columns, in the order in which they are written and read here.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Type)],
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Text,
    Bytes,
}

use Type::{Bytes, Int, Text};

/// What one column of one row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'r> {
    Int(Option<i64>),
    Text(Option<Cow<'r, str>>),
    Bytes(Option<&'r [u8]>),
}

impl Table {
    /// The names of the columns, parted by commas.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// What the columns hold.
    pub(crate) fn types(&self) -> impl Iterator<Item = Type> {
        self.columns.iter().map(|(_, column)| *column)
    }

    /// A query of all columns; `rest` follows the name of the table.
    pub(crate) fn select(&self, rest: &str) -> String {
        format!("SELECT {} FROM {} {rest}", self.names(), self.name)
    }
}

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

pub(crate) const ACCOUNTS: Table = Table {
    name: "account",
    columns: &[
        ("id", Int),
        ("company", Int),
        ("currency", Text),
        ("seller", Int),
        ("holder", Text),
        ("status", Int),
        ("credit_limit", Int),
        ("debt", Int),
        ("reserved", Int),
        ("last", Int),
        ("last_at", Int),
        ("house", Int),
    ],
};

/// The companies' own among the accounts.
pub(crate) const HOUSES: Table = Table {
    name: "account",
    columns: &[("company", Int), ("house", Int), ("currency", Text), ("id", Int)],
};

impl Table {
    /// A query of [`HOUSES`], in the order in which they were opened.
    pub(crate) fn select_houses(&self) -> String {
        self.select("WHERE house IS NOT NULL ORDER BY id")
    }
}

pub(crate) const CARDS: Table = Table {
    name: "card",
    columns: &[
        ("id", Int),
        ("account", Int),
        ("company", Int),
        ("token", Text),
        ("bin", Text),
        ("last4", Text),
        ("fingerprint", Bytes),
        ("expiry", Int),
        ("status", Int),
    ],
};

pub(crate) const KEYS: Table = Table { name: "used_key", columns: &[("key", Bytes), ("row", Int)] };

pub(crate) const COMPANIES: Table = Table {
    name: "company",
    columns: &[
        ("id", Int),
        ("number", Text),
        ("name", Text),
        ("zone", Text),
        ("currencies", Text),
        ("authorization_days", Int),
    ],
};

/// Without their payable accounts.
pub(crate) const SELLERS: Table = Table {
    name: "seller",
    columns: &[("id", Int), ("company", Int), ("number", Text), ("name", Text)],
};

pub(crate) const PAYABLES: Table =
    Table { name: "payable", columns: &[("account", Int), ("seller", Int), ("currency", Text)] };

pub(crate) const CREDENTIALS: Table = Table {
    name: "credential",
    columns: &[
        ("id", Int),
        ("contract", Int),
        ("label", Text),
        ("company_number", Text),
        ("seller_number", Text),
        ("secret_hash", Bytes),
        ("salt", Bytes),
        ("created_at", Int),
        ("expires_at", Int),
        ("revoked_at", Int),
        ("last_used_at", Int),
        ("login", Text),
        ("customer", Int),
    ],
};

pub(crate) const DOCUMENTS: Table = Table {
    name: "document",
    columns: &[("kind", Int), ("number", Int), ("fields", Text), ("names", Text), ("lists", Text)],
};

impl Table {
    /// A query of what leads to documents: of [`DOCUMENT_NAMES`] or [`DOCUMENT_LISTS`], in the
    /// order of [`get_lead`]. `range` follows, and `{text}` in it is what leads there.
    pub(crate) fn select_leads(&self, range: &str) -> String {
        let text = self.columns.first().map_or("", |(name, _)| *name);
        let range = range.replace("{text}", text);
        format!("SELECT {text}, kind, number FROM {} {range}", self.name)
    }
}

/// Which document alone is found by a name.
pub(crate) const DOCUMENT_NAMES: Table =
    Table { name: "document_name", columns: &[("name", Text), ("kind", Int), ("number", Int)] };

/// Which documents are on a list.
pub(crate) const DOCUMENT_LISTS: Table =
    Table { name: "document_list", columns: &[("list", Text), ("number", Int), ("kind", Int)] };

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

pub(crate) fn put_account(account: &Account) -> [Cell<'_>; 12] {
    let (seller, house) = match account.kind {
        AccountKind::Credit => (None, None),
        AccountKind::Payable(seller) => (Some(seller.0), None),
        AccountKind::House(house) => (None, Some(house.code())),
    };
    [
        account.id.0.into(),
        account.company.0.into(),
        account.currency.code().into(),
        seller.into(),
        account.holder.as_str().into(),
        account.status.code().into(),
        account.credit_limit.into(),
        account.balance.debt.into(),
        account.balance.reserved.into(),
        account.last.0.into(),
        account.last_at.0.into(),
        house.into(),
    ]
}

pub(crate) fn get_account<C: Cells>(cells: &mut C) -> Result<Account, C::Error> {
    let (id, company) = (AccountId(cells.int()?), CompanyId(cells.int()?));
    let (currency, seller) = (cells.currency()?, cells.optional_int()?);
    Ok(Account {
        id,
        company,
        currency,
        holder: cells.text()?,
        status: cells.coded()?,
        credit_limit: cells.int()?,
        balance: cells.balance()?,
        last: RowId(cells.int()?),
        last_at: Timestamp(cells.int()?),
        kind: match (seller, cells.optional_coded()?) {
            (None, None) => AccountKind::Credit,
            (Some(seller), None) => AccountKind::Payable(SellerId(seller)),
            (None, Some(house)) => AccountKind::House(house),
            (Some(seller), Some(_)) => return Err(cells.unknown("seller of a house", seller)),
        },
    })
}

/// Whose own account, and which.
pub(crate) fn get_house<C: Cells>(cells: &mut C) -> Result<(CompanyId, HouseAccount), C::Error> {
    let company = CompanyId(cells.int()?);
    let (house, currency) = (cells.coded()?, cells.currency()?);
    Ok((company, HouseAccount { house, currency, account: AccountId(cells.int()?) }))
}

/// `expiry` is year * 100 + month.
pub(crate) fn put_card(card: &Card) -> [Cell<'_>; 9] {
    let pan = card.pan.as_ref();
    let expiry = card.expiry.map(|expiry| i64::from(expiry.year) * 100 + i64::from(expiry.month));
    [
        card.id.0.into(),
        card.account.0.into(),
        card.company.0.into(),
        card.token.as_str().into(),
        pan.map(|pan| pan.bin.as_str()).into(),
        pan.map(|pan| pan.last4.as_str()).into(),
        card.fingerprint.as_ref().map(|fingerprint| fingerprint.0.as_slice()).into(),
        expiry.into(),
        card.status.code().into(),
    ]
}

pub(crate) fn get_card<C: Cells>(cells: &mut C) -> Result<Card, C::Error> {
    Ok(Card {
        id: CardId(cells.int()?),
        account: AccountId(cells.int()?),
        company: CompanyId(cells.int()?),
        token: cells.parsed("token", CardToken::parse)?,
        pan: {
            let (bin, last4) = (cells.optional_text()?, cells.optional_text()?);
            bin.zip(last4).map(|(bin, last4)| MaskedPan { bin, last4 })
        },
        fingerprint: cells.next_bytes()?.map(PanFingerprint),
        expiry: match cells.optional_int()? {
            Some(number) => Some(expiry(number).ok_or_else(|| cells.unknown("expiry", number))?),
            None => None,
        },
        status: cells.coded()?,
    })
}

fn expiry(number: i64) -> Option<CardExpiry> {
    let year = u16::try_from(number.div_euclid(100)).ok()?;
    let month = u8::try_from(number.rem_euclid(100)).ok().filter(|month| (1..=12).contains(month));
    Some(CardExpiry { year, month: month? })
}

pub(crate) fn put_key(key: &Key, row: RowId) -> [Cell<'_>; 2] {
    [key.0.as_slice().into(), row.0.into()]
}

pub(crate) fn get_key<C: Cells>(cells: &mut C) -> Result<(Key, RowId), C::Error> {
    Ok((Key(cells.bytes()?), RowId(cells.int()?)))
}

/// `currencies` are codes in the order in which they were added, parted by commas.
pub(crate) fn put_company(company: &Company) -> [Cell<'_>; 6] {
    let codes: Vec<&str> = company.currencies.iter().map(|currency| currency.code()).collect();
    [
        company.id.0.into(),
        company.number.as_str().into(),
        company.name.as_str().into(),
        company.zone.name().into(),
        codes.join(",").into(),
        i64::from(company.authorization_days).into(),
    ]
}

/// Without its own accounts.
pub(crate) fn get_company<C: Cells>(cells: &mut C) -> Result<Company, C::Error> {
    Ok(Company {
        id: CompanyId(cells.int()?),
        number: cells.text()?,
        name: cells.text()?,
        zone: cells.parsed("zone", Zone::parse)?,
        currencies: cells.parsed("currencies", |codes| {
            codes.split(',').filter(|code| !code.is_empty()).map(Currency::parse).collect()
        })?,
        authorization_days: cells.narrow()?,
        houses: Vec::new(),
    })
}

pub(crate) fn put_seller(seller: &Seller) -> [Cell<'_>; 4] {
    [
        seller.id.0.into(),
        seller.company.0.into(),
        seller.number.as_str().into(),
        seller.name.as_str().into(),
    ]
}

pub(crate) fn get_seller<C: Cells>(cells: &mut C) -> Result<Seller, C::Error> {
    Ok(Seller {
        id: SellerId(cells.int()?),
        company: CompanyId(cells.int()?),
        number: cells.text()?,
        name: cells.text()?,
        payables: Vec::new(),
    })
}

pub(crate) fn put_payable<'r>(
    seller: SellerId,
    (currency, account): (Currency, AccountId),
) -> [Cell<'r>; 3] {
    [account.0.into(), seller.0.into(), currency.code().to_owned().into()]
}

/// Whose payable account, in what currency.
pub(crate) fn get_payable<C: Cells>(
    cells: &mut C,
) -> Result<(SellerId, (Currency, AccountId)), C::Error> {
    let (account, seller) = (AccountId(cells.int()?), SellerId(cells.int()?));
    Ok((seller, (cells.currency()?, account)))
}

pub(crate) fn put_credential(row: &Credential) -> [Cell<'_>; 13] {
    let (company, seller) = match &row.scope {
        Scope::Installation | Scope::Customer(_) => (None, None),
        Scope::Company { number, seller } => (Some(number.as_str()), seller.as_deref()),
    };
    [
        row.id.0.into(),
        row.contract.code().into(),
        row.label.as_str().into(),
        company.into(),
        seller.into(),
        row.secret_hash.as_slice().into(),
        row.salt.as_slice().into(),
        row.created_at.0.into(),
        row.expires_at.map(|at| at.0).into(),
        row.revoked_at.map(|at| at.0).into(),
        row.last_used_at.map(|at| at.0).into(),
        row.login.as_deref().into(),
        match &row.scope {
            Scope::Customer(number) => Some(*number),
            Scope::Installation | Scope::Company { .. } => None,
        }
        .into(),
    ]
}

pub(crate) fn get_credential<C: Cells>(cells: &mut C) -> Result<Credential, C::Error> {
    let (id, contract, label) = (CredentialId(cells.int()?), cells.coded()?, cells.text()?);
    let (company, seller) = (cells.optional_text()?, cells.optional_text()?);
    Ok(Credential {
        id,
        contract,
        label,
        secret_hash: cells.bytes()?,
        salt: cells.bytes()?,
        created_at: Timestamp(cells.int()?),
        expires_at: cells.optional_int()?.map(Timestamp),
        revoked_at: cells.optional_int()?.map(Timestamp),
        last_used_at: cells.optional_int()?.map(Timestamp),
        login: cells.optional_text()?,
        scope: match (company, cells.optional_int()?) {
            (Some(number), _) => Scope::Company { number, seller },
            (None, Some(customer)) => Scope::Customer(customer),
            (None, None) => Scope::Installation,
        },
    })
}

pub(crate) fn put_document(row: &Document) -> [Cell<'_>; 5] {
    let fields: serde_json::Map<String, Value> = row
        .fields
        .iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
        .collect();
    let set = |set: &BTreeSet<String>| -> String {
        set.iter().map(String::as_str).collect::<Value>().to_string()
    };
    [
        row.id.kind.code().into(),
        row.id.number.into(),
        Value::Object(fields).to_string().into(),
        set(&row.names).into(),
        set(&row.lists).into(),
    ]
}

pub(crate) fn get_document<C: Cells>(cells: &mut C) -> Result<Document, C::Error> {
    let id = get_document_id(cells)?;
    let fields = |text: &str| -> Option<Fields> {
        let fields: HashMap<String, String> = serde_json::from_str(text).ok()?;
        Some(fields.into_iter().collect())
    };
    let set = |text: &str| serde_json::from_str::<BTreeSet<String>>(text).ok();
    Ok(Document {
        id,
        fields: discreetly(cells, "fields", fields)?,
        names: discreetly(cells, "names", set)?,
        lists: discreetly(cells, "lists", set)?,
    })
}

/// The kind and the number of a document, in this order.
pub(crate) fn get_document_id<C: Cells>(cells: &mut C) -> Result<DocumentId, C::Error> {
    Ok(DocumentId { kind: cells.coded()?, number: cells.int()? })
}

/// What leads to a document, and which one that is.
pub(crate) fn get_lead<C: Cells>(cells: &mut C) -> Result<(String, DocumentId), C::Error> {
    Ok((cells.text()?, get_document_id(cells)?))
}

/// A text that has a meaning, and is not shown where it has none: it may be about people.
fn discreetly<C: Cells, T>(
    cells: &mut C,
    what: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, C::Error> {
    let cell = cells.next_text(parse)?;
    cells.present(cell)?.ok_or_else(|| cells.unreadable(format!("unknown {what}")))
}

/// Reads the cells of a row one after the other.
pub(crate) trait Cells {
    /// How a database says that it cannot.
    type Error;

    /// The next cell, a number or nothing.
    fn next_int(&mut self) -> Result<Option<i64>, Self::Error>;

    /// What `read` makes of the next cell, a text or nothing.
    fn next_text<T>(&mut self, read: impl FnOnce(&str) -> T) -> Result<Option<T>, Self::Error>;

    /// The next cell, so many bytes or nothing.
    fn next_bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Self::Error>;

    /// The error that the last cell cannot be read.
    fn unreadable(&self, what: String) -> Self::Error;

    fn unknown(&self, what: &str, value: impl std::fmt::Display) -> Self::Error {
        self.unreadable(format!("unknown {what} {value}"))
    }

    fn present<T>(&self, cell: Option<T>) -> Result<T, Self::Error> {
        cell.ok_or_else(|| self.unreadable("unexpected NULL".to_owned()))
    }

    fn int(&mut self) -> Result<i64, Self::Error> {
        let cell = self.next_int()?;
        self.present(cell)
    }

    fn optional_int(&mut self) -> Result<Option<i64>, Self::Error> {
        self.next_int()
    }

    fn narrow(&mut self) -> Result<i32, Self::Error> {
        let number = self.int()?;
        i32::try_from(number).map_err(|_| self.unknown("number", number))
    }

    fn flag(&mut self) -> Result<bool, Self::Error> {
        match self.int()? {
            0 => Ok(false),
            1 => Ok(true),
            number => Err(self.unknown("flag", number)),
        }
    }

    fn text(&mut self) -> Result<String, Self::Error> {
        let cell = self.next_text(str::to_owned)?;
        self.present(cell)
    }

    fn optional_text(&mut self) -> Result<Option<String>, Self::Error> {
        self.next_text(str::to_owned)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Self::Error> {
        let cell = self.next_bytes()?;
        self.present(cell)
    }

    /// A text that has a meaning.
    fn parsed<T>(
        &mut self,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Self::Error> {
        let cell = self.next_text(|text| parse(text).ok_or_else(|| text.to_owned()))?;
        self.present(cell)?.map_err(|text| self.unknown(what, format_args!("{text:?}")))
    }

    fn coded<T: Coded>(&mut self) -> Result<T, Self::Error> {
        let code = self.int()?;
        T::of(code).ok_or_else(|| self.unknown("code", code))
    }

    fn optional_coded<T: Coded>(&mut self) -> Result<Option<T>, Self::Error> {
        let Some(code) = self.next_int()? else { return Ok(None) };
        T::of(code).map(Some).ok_or_else(|| self.unknown("code", code))
    }

    fn currency(&mut self) -> Result<Currency, Self::Error> {
        self.parsed("currency", Currency::parse)
    }

    fn balance(&mut self) -> Result<Balance, Self::Error> {
        Ok(Balance { debt: self.int()?, reserved: self.int()? })
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Int(Some(number))
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        Cell::Int(number)
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Cell::Text(Some(Cow::Owned(text)))
    }
}

impl<'r> From<&'r str> for Cell<'r> {
    fn from(text: &'r str) -> Self {
        Cell::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'r> From<Option<&'r str>> for Cell<'r> {
    fn from(text: Option<&'r str>) -> Self {
        Cell::Text(text.map(Cow::Borrowed))
    }
}

impl<'r> From<&'r [u8]> for Cell<'r> {
    fn from(bytes: &'r [u8]) -> Self {
        Cell::Bytes(Some(bytes))
    }
}

impl<'r> From<Option<&'r [u8]>> for Cell<'r> {
    fn from(bytes: Option<&'r [u8]>) -> Self {
        Cell::Bytes(bytes)
    }
}

/// What a directory is made of. Accounts are in the order in which they were opened.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) companies: Vec<Company>,
    pub(crate) houses: Vec<(CompanyId, HouseAccount)>,
    pub(crate) sellers: Vec<Seller>,
    pub(crate) payables: Vec<(SellerId, (Currency, AccountId))>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) documents: Vec<Document>,
}

/// A directory of what its tables hold, as of a version and a row.
pub(crate) fn directory((version, newest): (i64, RowId), listed: Listed) -> Directory {
    let mut payables = by_owner(listed.payables);
    let mut houses = by_owner(listed.houses);
    let mut directory = Directory::default();
    for mut company in listed.companies {
        company.houses = houses.remove(&company.id).unwrap_or_default();
        directory.put_company(company);
    }
    for mut seller in listed.sellers {
        seller.payables = payables.remove(&seller.id).unwrap_or_default();
        directory.put_seller(seller);
    }
    for credential in listed.credentials {
        directory.put_credential(credential);
    }
    for document in listed.documents {
        directory.put_document(document);
    }
    directory.as_of(version, newest)
}

fn by_owner<O: std::hash::Hash + Eq, T>(owned: Vec<(O, T)>) -> HashMap<O, Vec<T>> {
    let mut held: HashMap<O, Vec<T>> = HashMap::new();
    for (owner, thing) in owned {
        held.entry(owner).or_default().push(thing);
    }
    held
}

/// Which documents are resident, as a condition of SQL.
pub(crate) fn is_resident() -> String {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_resident());
    let codes: Vec<String> = kinds.map(|kind| kind.code().to_string()).collect();
    format!("kind IN ({})", codes.join(", "))
}

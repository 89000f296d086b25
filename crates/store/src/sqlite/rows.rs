//! Rows of the ledger as columns of a table, and back.
//!
//! Invariant: what a function here writes, its twin reads back equal, or says that it cannot.

use std::sync::Arc;

use ledger::{
    Account, AccountId, AccountKind, AcquirerReferences, Authorization, AuthorizationId, Balance,
    Card, CardExpiry, CardId, CardToken, Change, Company, CompanyId, Credential, CredentialId,
    Currency, Date, Fingerprint, Key, Lane, MaskedPan, PanFingerprint, RowId, Scope, Seal, Seller,
    SellerId, Timestamp, Transaction, TransactionId, Zone,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Result, Row, Statement, params};

use crate::codes::Coded;

/// A table and its columns, in the order in which they are written and read here.
pub(super) struct Table {
    pub(super) name: &'static str,
    columns: &'static str,
}

impl Table {
    /// A query of all columns; `rest` follows the name of the table.
    pub(super) fn select(&self, rest: &str) -> String {
        format!("SELECT {} FROM {} {rest}", self.columns, self.name)
    }

    /// A statement that inserts one row.
    pub(super) fn insert(&self) -> String {
        let places = vec!["?"; self.columns.split(',').count()].join(", ");
        format!("INSERT INTO {} ({}) VALUES ({places})", self.name, self.columns)
    }

    /// As [`Table::insert`], which replaces all of an older row with the same id.
    pub(super) fn upsert(&self) -> String {
        let columns = self.columns.split(", ").filter(|column| *column != "id");
        let new: Vec<String> =
            columns.map(|column| format!("{column} = excluded.{column}")).collect();
        format!("{} ON CONFLICT (id) DO UPDATE SET {}", self.insert(), new.join(", "))
    }
}

pub(super) const AUTHORIZATIONS: Table = Table {
    name: "authorization_",
    columns: "id, at, company, seller, account, card, source, fingerprint, kind, amount, \
              currency, point_of_sale, method, channel, valid_to, expires_at, mount, declined, \
              debt, reserved, previous, state, taken, last_child",
};

pub(super) const TRANSACTIONS: Table = Table {
    name: "transaction_",
    columns: "id, at, company, seller, account, payable, card, kind, authorization_, corrects, \
              source, fingerprint, posted, released, withdrawal, currency, acquirer_batch, \
              acquirer_transaction, receipt, point_of_sale, method, channel, value_date, mount, \
              offline_info, over_limit, despite_block, debt, reserved, previous, sibling, \
              corrected, last_child",
};

pub(super) const CHANGES: Table = Table {
    name: "change",
    columns: "id, at, kind, subject, actor, fingerprint, account, previous, debt, reserved, \
              fields",
};

pub(super) const SEALS: Table =
    Table { name: "seal", columns: "last, lane, number, first, rows, at, hash" };

pub(super) const ACCOUNTS: Table = Table {
    name: "account",
    columns: "id, company, currency, seller, holder, status, credit_limit, debt, reserved, last, \
              last_at",
};

pub(super) const CARDS: Table = Table {
    name: "card",
    columns: "id, account, company, token, bin, last4, fingerprint, expiry, status",
};

pub(super) const KEYS: Table = Table { name: "used_key", columns: "key, row" };

/// The two tables of keys that are not yet among [`KEYS`].
pub(super) const FRESH_KEYS: [Table; 2] = [
    Table { name: "fresh_key_0", columns: "key, row" },
    Table { name: "fresh_key_1", columns: "key, row" },
];

pub(super) const COMPANIES: Table =
    Table { name: "company", columns: "id, number, name, zone, currencies, authorization_days" };

pub(super) const SELLERS: Table = Table { name: "seller", columns: "id, company, number, name" };

pub(super) const CREDENTIALS: Table = Table {
    name: "credential",
    columns: "id, contract, label, company_number, seller_number, secret_hash, salt, \
              created_at, expires_at, revoked_at, last_used_at",
};

pub(super) fn write_authorization(insert: &mut Statement<'_>, row: &Authorization) -> Result<()> {
    insert.execute(params![
        row.id.0,
        row.at.0,
        row.company.0,
        row.seller.0,
        row.account.0,
        row.card.map(|card| card.0),
        row.source,
        row.fingerprint.0,
        row.kind.code(),
        row.amount,
        row.currency.code(),
        row.point_of_sale,
        row.method.map(Coded::code),
        row.channel.map(Coded::code),
        row.valid_to.0,
        row.expires_at.0,
        row.mount.code(),
        row.declined.map(Coded::code),
        row.balance.debt,
        row.balance.reserved,
        row.previous.0,
        row.state.code(),
        row.taken,
        row.last_child.0,
    ])?;
    Ok(())
}

pub(super) fn read_authorization(row: &Row<'_>) -> Result<Authorization> {
    let mut columns = Columns::of(row);
    Ok(Authorization {
        id: AuthorizationId(columns.next()?),
        at: Timestamp(columns.next()?),
        company: CompanyId(columns.next()?),
        seller: SellerId(columns.next()?),
        account: AccountId(columns.next()?),
        card: columns.optional()?.map(CardId),
        source: columns.next()?,
        fingerprint: Fingerprint(columns.next()?),
        kind: columns.coded()?,
        amount: columns.next()?,
        currency: columns.currency()?,
        point_of_sale: columns.next()?,
        method: columns.optional_coded()?,
        channel: columns.optional_coded()?,
        valid_to: Date(columns.next()?),
        expires_at: Timestamp(columns.next()?),
        mount: columns.coded()?,
        declined: columns.optional_coded()?,
        balance: columns.balance()?,
        previous: RowId(columns.next()?),
        state: columns.coded()?,
        taken: columns.next()?,
        last_child: RowId(columns.next()?),
    })
}

pub(super) fn write_transaction(insert: &mut Statement<'_>, row: &Transaction) -> Result<()> {
    insert.execute(params![
        row.id.0,
        row.at.0,
        row.company.0,
        row.seller.0,
        row.account.0,
        row.payable.0,
        row.card.map(|card| card.0),
        row.kind.code(),
        row.authorization.map(|id| id.0),
        row.corrects.map(|id| id.0),
        row.source,
        row.fingerprint.0,
        row.posted,
        row.released,
        row.withdrawal,
        row.currency.code(),
        row.references.batch,
        row.references.transaction,
        row.receipt,
        row.point_of_sale,
        row.method.map(Coded::code),
        row.channel.map(Coded::code),
        row.value_date.0,
        row.mount.code(),
        row.offline_info,
        row.over_limit,
        row.despite_block,
        row.balance.debt,
        row.balance.reserved,
        row.previous.0,
        row.sibling.0,
        row.corrected,
        row.last_child.0,
    ])?;
    Ok(())
}

pub(super) fn read_transaction(row: &Row<'_>) -> Result<Transaction> {
    let mut columns = Columns::of(row);
    Ok(Transaction {
        id: TransactionId(columns.next()?),
        at: Timestamp(columns.next()?),
        company: CompanyId(columns.next()?),
        seller: SellerId(columns.next()?),
        account: AccountId(columns.next()?),
        payable: AccountId(columns.next()?),
        card: columns.optional()?.map(CardId),
        kind: columns.coded()?,
        authorization: columns.optional()?.map(AuthorizationId),
        corrects: columns.optional()?.map(TransactionId),
        source: columns.next()?,
        fingerprint: Fingerprint(columns.next()?),
        posted: columns.next()?,
        released: columns.next()?,
        withdrawal: columns.next()?,
        currency: columns.currency()?,
        references: AcquirerReferences { batch: columns.next()?, transaction: columns.next()? },
        receipt: columns.next()?,
        point_of_sale: columns.next()?,
        method: columns.optional_coded()?,
        channel: columns.optional_coded()?,
        value_date: Date(columns.next()?),
        mount: columns.coded()?,
        offline_info: columns.next()?,
        over_limit: columns.next()?,
        despite_block: columns.next()?,
        balance: columns.balance()?,
        previous: RowId(columns.next()?),
        sibling: RowId(columns.next()?),
        corrected: columns.next()?,
        last_child: RowId(columns.next()?),
    })
}

pub(super) fn write_change(insert: &mut Statement<'_>, row: &Change) -> Result<()> {
    let fields = serde_json::to_string(&row.fields);
    let fields = fields.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    insert.execute(params![
        row.id.0,
        row.at.0,
        row.kind.code(),
        row.subject.0,
        row.actor,
        row.fingerprint.0,
        row.account.map(|account| account.0),
        row.previous.0,
        row.balance.debt,
        row.balance.reserved,
        fields,
    ])?;
    Ok(())
}

pub(super) fn read_change(row: &Row<'_>) -> Result<Change> {
    let mut columns = Columns::of(row);
    Ok(Change {
        id: RowId(columns.next()?),
        at: Timestamp(columns.next()?),
        kind: columns.coded()?,
        subject: RowId(columns.next()?),
        actor: columns.next()?,
        fingerprint: Fingerprint(columns.next()?),
        account: columns.optional()?.map(AccountId),
        previous: RowId(columns.next()?),
        balance: columns.balance()?,
        fields: columns.next::<Fields>()?.0,
    })
}

pub(super) fn write_seal(insert: &mut Statement<'_>, seal: &Seal) -> Result<()> {
    let Seal { lane, number, first, last, rows, at, hash } = seal;
    insert.execute(params![last.0, lane.0, number, first.0, rows, at.0, hash])?;
    Ok(())
}

pub(super) fn read_seal(row: &Row<'_>) -> Result<Seal> {
    let mut columns = Columns::of(row);
    Ok(Seal {
        last: RowId(columns.next()?),
        lane: Lane(columns.next()?),
        number: columns.next()?,
        first: RowId(columns.next()?),
        rows: columns.next()?,
        at: Timestamp(columns.next()?),
        hash: columns.next()?,
    })
}

pub(super) fn write_account(insert: &mut Statement<'_>, account: &Account) -> Result<()> {
    let seller = match account.kind {
        AccountKind::Credit => None,
        AccountKind::Payable(seller) => Some(seller.0),
    };
    insert.execute(params![
        account.id.0,
        account.company.0,
        account.currency.code(),
        seller,
        account.holder,
        account.status.code(),
        account.credit_limit,
        account.balance.debt,
        account.balance.reserved,
        account.last.0,
        account.last_at.0,
    ])?;
    Ok(())
}

/// Updates what can change in an account.
pub(super) const UPDATE_ACCOUNT: &str = "UPDATE account SET status = ?2, credit_limit = ?3, \
                                         debt = ?4, reserved = ?5, last = ?6, last_at = ?7 \
                                         WHERE id = ?1";

/// For [`UPDATE_ACCOUNT`].
pub(super) fn update_account(update: &mut Statement<'_>, account: &Account) -> Result<()> {
    let Balance { debt, reserved } = account.balance;
    let (status, limit) = (account.status.code(), account.credit_limit);
    only_one(update.execute(params![
        account.id.0,
        status,
        limit,
        debt,
        reserved,
        account.last.0,
        account.last_at.0,
    ])?)
}

pub(super) fn read_account(row: &Row<'_>) -> Result<Account> {
    let mut columns = Columns::of(row);
    Ok(Account {
        id: AccountId(columns.next()?),
        company: CompanyId(columns.next()?),
        currency: columns.currency()?,
        kind: match columns.optional()? {
            Some(seller) => AccountKind::Payable(SellerId(seller)),
            None => AccountKind::Credit,
        },
        holder: columns.next()?,
        status: columns.coded()?,
        credit_limit: columns.next()?,
        balance: columns.balance()?,
        last: RowId(columns.next()?),
        last_at: Timestamp(columns.next()?),
    })
}

/// Updates what can change in an authorization.
pub(super) const UPDATE_AUTHORIZATION: &str =
    "UPDATE authorization_ SET state = ?2, taken = ?3, last_child = ?4 WHERE id = ?1";

/// For [`UPDATE_AUTHORIZATION`].
pub(super) fn update_authorization(update: &mut Statement<'_>, row: &Authorization) -> Result<()> {
    only_one(update.execute([row.id.0, row.state.code(), row.taken, row.last_child.0])?)
}

/// Updates what can change in a transaction.
pub(super) const UPDATE_TRANSACTION: &str =
    "UPDATE transaction_ SET corrected = ?2, last_child = ?3 WHERE id = ?1";

/// For [`UPDATE_TRANSACTION`].
pub(super) fn update_transaction(update: &mut Statement<'_>, row: &Transaction) -> Result<()> {
    only_one(update.execute([row.id.0, row.corrected, row.last_child.0])?)
}

pub(super) fn write_card(upsert: &mut Statement<'_>, card: &Card) -> Result<()> {
    let pan = card.pan.as_ref();
    upsert.execute(params![
        card.id.0,
        card.account.0,
        card.company.0,
        card.token.as_str(),
        pan.map(|pan| pan.bin.as_str()),
        pan.map(|pan| pan.last4.as_str()),
        card.fingerprint.map(|fingerprint| fingerprint.0),
        card.expiry.map(|expiry| i64::from(expiry.year) * 100 + i64::from(expiry.month)),
        card.status.code(),
    ])?;
    Ok(())
}

pub(super) fn read_card(row: &Row<'_>) -> Result<Card> {
    let mut columns = Columns::of(row);
    Ok(Card {
        id: CardId(columns.next()?),
        account: AccountId(columns.next()?),
        company: CompanyId(columns.next()?),
        token: columns.next::<Token>()?.0,
        pan: {
            let (bin, last4) = (columns.next::<Option<_>>()?, columns.next::<Option<_>>()?);
            bin.zip(last4).map(|(bin, last4)| MaskedPan { bin, last4 })
        },
        fingerprint: columns.next::<Option<_>>()?.map(PanFingerprint),
        expiry: columns.next::<Option<Expiry>>()?.map(|expiry| expiry.0),
        status: columns.coded()?,
    })
}

pub(super) fn read_key(row: &Row<'_>) -> Result<(Key, RowId)> {
    let mut columns = Columns::of(row);
    Ok((Key(columns.next()?), RowId(columns.next()?)))
}

pub(super) fn write_company(upsert: &mut Statement<'_>, company: &Company) -> Result<()> {
    let codes: Vec<&str> = company.currencies.iter().map(|currency| currency.code()).collect();
    upsert.execute(params![
        company.id.0,
        company.number,
        company.name,
        company.zone.name(),
        codes.join(","),
        company.authorization_days,
    ])?;
    Ok(())
}

pub(super) fn read_company(row: &Row<'_>) -> Result<Company> {
    let mut columns = Columns::of(row);
    Ok(Company {
        id: CompanyId(columns.next()?),
        number: columns.next()?,
        name: columns.next()?,
        zone: columns.next::<ZoneName>()?.0,
        currencies: columns.next::<CurrencyCodes>()?.0,
        authorization_days: columns.next()?,
    })
}

/// Writes a seller without its payable accounts.
pub(super) fn write_seller(upsert: &mut Statement<'_>, seller: &Seller) -> Result<()> {
    upsert.execute(params![seller.id.0, seller.company.0, seller.number, seller.name])?;
    Ok(())
}

/// Reads a seller without its payable accounts.
pub(super) fn read_seller(row: &Row<'_>) -> Result<Seller> {
    let mut columns = Columns::of(row);
    Ok(Seller {
        id: SellerId(columns.next()?),
        company: CompanyId(columns.next()?),
        number: columns.next()?,
        name: columns.next()?,
        payables: Vec::new(),
    })
}

/// Writes a seller's payable account, unless it is written.
pub(super) const WRITE_PAYABLE: &str = "INSERT INTO payable (account, seller, currency) \
                                        VALUES (?, ?, ?) ON CONFLICT (account) DO NOTHING";

/// For [`WRITE_PAYABLE`].
pub(super) fn write_payable(
    insert: &mut Statement<'_>,
    seller: SellerId,
    (currency, account): (Currency, AccountId),
) -> Result<()> {
    insert.execute(params![account.0, seller.0, currency.code()])?;
    Ok(())
}

/// Reads one seller's payable accounts in the order in which they were opened.
pub(super) const READ_PAYABLES: &str =
    "SELECT currency, account FROM payable WHERE seller = ? ORDER BY account";

/// For [`READ_PAYABLES`].
pub(super) fn read_payable(row: &Row<'_>) -> Result<(Currency, AccountId)> {
    let mut columns = Columns::of(row);
    Ok((columns.currency()?, AccountId(columns.next()?)))
}

pub(super) fn write_credential(upsert: &mut Statement<'_>, row: &Credential) -> Result<()> {
    let (company, seller) = match &row.scope {
        Scope::Installation => (None, None),
        Scope::Company { number, seller } => (Some(number), seller.as_ref()),
    };
    upsert.execute(params![
        row.id.0,
        row.contract.code(),
        row.label,
        company,
        seller,
        row.secret_hash,
        row.salt,
        row.created_at.0,
        row.expires_at.map(|at| at.0),
        row.revoked_at.map(|at| at.0),
        row.last_used_at.map(|at| at.0),
    ])?;
    Ok(())
}

pub(super) fn read_credential(row: &Row<'_>) -> Result<Credential> {
    let mut columns = Columns::of(row);
    Ok(Credential {
        id: CredentialId(columns.next()?),
        contract: columns.coded()?,
        label: columns.next()?,
        scope: {
            let (number, seller) = (columns.next::<Option<_>>()?, columns.next()?);
            match number {
                Some(number) => Scope::Company { number, seller },
                None => Scope::Installation,
            }
        },
        secret_hash: columns.next()?,
        salt: columns.next()?,
        created_at: Timestamp(columns.next()?),
        expires_at: columns.optional()?.map(Timestamp),
        revoked_at: columns.optional()?.map(Timestamp),
        last_used_at: columns.optional()?.map(Timestamp),
    })
}

/// Whether an error is about what a row holds, and not about getting at it.
pub(super) fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    )
}

/// A row that is updated exists: the ledger has loaded it.
fn only_one(rows: usize) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(rows)) }
}

/// Reads a column of small numbers that stand for words.
struct Code<T>(T);

impl<T: Coded> FromSql for Code<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = value.as_i64()?;
        T::of(code).map(Code).ok_or(FromSqlError::OutOfRange(code))
    }
}

/// Reads the columns of a row one after the other.
struct Columns<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> Columns<'r, 's> {
    fn of(row: &'r Row<'s>) -> Columns<'r, 's> {
        Columns { row, next: 0 }
    }

    fn next<T: FromSql>(&mut self) -> Result<T> {
        let at = self.next;
        self.next += 1;
        self.row.get(at)
    }

    fn optional(&mut self) -> Result<Option<i64>> {
        self.next()
    }

    fn coded<T: Coded>(&mut self) -> Result<T> {
        Ok(self.next::<Code<T>>()?.0)
    }

    fn optional_coded<T: Coded>(&mut self) -> Result<Option<T>> {
        Ok(self.next::<Option<Code<T>>>()?.map(|code| code.0))
    }

    fn currency(&mut self) -> Result<Currency> {
        Ok(self.next::<CurrencyCode>()?.0)
    }

    fn balance(&mut self) -> Result<Balance> {
        Ok(Balance { debt: self.next()?, reserved: self.next()? })
    }
}

struct CurrencyCode(Currency);

impl FromSql for CurrencyCode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = value.as_str()?;
        Currency::parse(code).map(CurrencyCode).ok_or_else(|| unknown("currency", code))
    }
}

struct CurrencyCodes(Vec<Currency>);

impl FromSql for CurrencyCodes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let codes = value.as_str()?;
        let currencies = codes.split(',').filter(|code| !code.is_empty()).map(Currency::parse);
        let currencies = currencies.collect::<Option<Vec<Currency>>>();
        currencies.map(CurrencyCodes).ok_or_else(|| unknown("currencies", codes))
    }
}

struct ZoneName(Zone);

impl FromSql for ZoneName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        Zone::parse(name).map(ZoneName).ok_or_else(|| unknown("zone", name))
    }
}

struct Token(CardToken);

impl FromSql for Token {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let token = value.as_str()?;
        CardToken::parse(token).map(Token).ok_or_else(|| unknown("token", token))
    }
}

struct Expiry(CardExpiry);

impl FromSql for Expiry {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let (year, month) = (number.div_euclid(100), number.rem_euclid(100));
        match (u16::try_from(year), u8::try_from(month)) {
            (Ok(year), Ok(month @ 1..=12)) => Ok(Expiry(CardExpiry { year, month })),
            _ => Err(FromSqlError::OutOfRange(number)),
        }
    }
}

struct Fields(Vec<(String, String)>);

impl FromSql for Fields {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Fields).map_err(FromSqlError::other)
    }
}

fn unknown(what: &str, value: &str) -> FromSqlError {
    FromSqlError::Other(format!("unknown {what} {value:?}").into())
}

/// Reads a whole small table.
pub(super) fn read_all<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map((), read)?.collect()
}

/// Reads companies, sellers and credentials.
/// Reads how often companies, sellers and credentials have changed.
pub(super) const DIRECTORY_VERSION: &str =
    "SELECT value FROM meta WHERE name = 'directory_version'";

pub(super) fn read_directory(connection: &rusqlite::Connection) -> Result<Arc<ledger::Directory>> {
    let mut version = connection.prepare_cached(DIRECTORY_VERSION)?;
    let version = version.query_row((), |row| row.get(0))?;
    let mut directory = ledger::Directory::default();
    for company in read_all(connection, &COMPANIES.select("ORDER BY id"), read_company)? {
        directory.put_company(company);
    }
    let mut payables = connection.prepare_cached(READ_PAYABLES)?;
    for mut seller in read_all(connection, &SELLERS.select("ORDER BY id"), read_seller)? {
        seller.payables =
            payables.query_map([seller.id.0], read_payable)?.collect::<Result<_>>()?;
        directory.put_seller(seller);
    }
    for credential in read_all(connection, &CREDENTIALS.select("ORDER BY id"), read_credential)? {
        directory.put_credential(credential);
    }
    Ok(Arc::new(directory.as_of(version)))
}

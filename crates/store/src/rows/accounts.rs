//! Accounts and cards.

use ledger::{
    Account, AccountId, AccountKind, Card, CardExpiry, CardId, CardToken, CompanyId, HouseAccount,
    MaskedPan, PanFingerprint, RowId, SellerId, Timestamp,
};

use super::cells::{Cell, Cells};
use super::tables::Table;
use super::tables::Type::{Bytes, Int, Text};
use crate::codes::Coded;

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

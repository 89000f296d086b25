//! Companies, sellers and credentials, and the directory that is made of them.

use std::collections::HashMap;

use ledger::{
    AccountId, Company, CompanyId, Credential, CredentialId, Currency, Directory, Document,
    HouseAccount, RowId, Scope, Seller, SellerId, Timestamp, Zone,
};

use super::cells::{Cell, Cells};
use super::tables::Table;
use super::tables::Type::{Bytes, Int, Text};
use crate::codes::Coded;

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

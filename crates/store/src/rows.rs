//! Rows of the ledger as cells of a table, and back: the same for every database.
//!
//! Invariant: what a function here writes, its twin reads back equal, or says that it cannot.

mod accounts;
mod cells;
mod directory;
mod documents;
mod journal;
mod tables;

pub(crate) use self::accounts::{
    ACCOUNTS, CARDS, HOUSES, get_account, get_card, get_house, put_account, put_card,
};
pub(crate) use self::cells::{Cell, Cells};
pub(crate) use self::directory::{
    COMPANIES, CREDENTIALS, Listed, PAYABLES, SELLERS, directory, get_company, get_credential,
    get_payable, get_seller, put_company, put_credential, put_payable, put_seller,
};
pub(crate) use self::documents::{
    DOCUMENT_LISTS, DOCUMENT_NAMES, DOCUMENTS, get_document, get_document_id, get_lead,
    is_resident, put_document,
};
pub(crate) use self::journal::{
    AUTHORIZATIONS, CHANGES, KEYS, SEALS, TRANSACTIONS, get_authorization, get_change, get_key,
    get_seal, get_transaction, put_authorization, put_change, put_key, put_seal, put_transaction,
};
pub(crate) use self::tables::{Table, Type};

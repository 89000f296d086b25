//! Who is who: companies, their sellers, the credentials that speak for them, and the documents
//! that many commands want.
//!
//! Small and read by every command, so it is held in memory as a whole and replaced by a changed
//! copy when a commit changes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::account::House;
use crate::document::{Document, DocumentId, Documents};
use crate::ids::{AccountId, CompanyId, CredentialId, RowId, SellerId};
use crate::money::Currency;
use crate::time::{Date, Timestamp, Zone};

/// All companies, sellers and credentials, and all documents of resident kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Counts the changes, so that of two copies the newer one is known.
    version: i64,
    /// The newest row that changed it.
    newest: RowId,
    companies: BTreeMap<CompanyId, Arc<Company>>,
    company_numbers: BTreeMap<String, CompanyId>,
    sellers: BTreeMap<SellerId, Arc<Seller>>,
    seller_numbers: BTreeMap<CompanyId, BTreeMap<String, SellerId>>,
    credentials: BTreeMap<CredentialId, Arc<Credential>>,
    credential_hashes: BTreeMap<[u8; 32], CredentialId>,
    credential_logins: BTreeMap<(Contract, String), CredentialId>,
    documents: Arc<Documents>,
}

/// A ledger of its own: accounts, sellers and money of one company never meet another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// The row that configured it.
    pub id: CompanyId,
    /// What the contract's path calls it (`companyNumber`, also `LedgerNumber`).
    pub number: String,
    /// For people.
    pub name: String,
    /// Decides on which day something happens.
    pub zone: Zone,
    /// What its accounts may be in. Without any, the company's configuration is missing.
    pub currencies: Vec<Currency>,
    /// Days an authorization is valid after today when the request does not say.
    pub authorization_days: i32,
    /// Its own accounts, in the order in which they were opened: at most one of each kind for
    /// each currency.
    pub houses: Vec<HouseAccount>,
}

/// One of a company's own accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseAccount {
    /// What it is for.
    pub house: House,
    /// The only currency it can hold.
    pub currency: Currency,
    /// The account.
    pub account: AccountId,
}

/// A merchant of a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    /// The row that registered it.
    pub id: SellerId,
    /// Whose seller.
    pub company: CompanyId,
    /// What requests call it (card ledger, `sellerNumber`).
    pub number: String,
    /// For people.
    pub name: String,
    /// The account that collects what the company owes it, one per currency.
    pub payables: Vec<(Currency, AccountId)>,
}

/// A secret that lets its bearer act on one contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The row that issued it.
    pub id: CredentialId,
    /// Where it is good.
    pub contract: Contract,
    /// What its bearer shows beside the secret, where the contract wants that: an application's
    /// or a consumer's id, unique in the contract.
    pub login: Option<String>,
    /// For people.
    pub label: String,
    /// What it may reach there.
    pub scope: Scope,
    /// SHA-256 of the secret, which is not kept.
    pub secret_hash: [u8; 32],
    /// Drawn at issue. With the installation's key it gives the secret again, so that a repeated
    /// request for a credential gets its first answer.
    pub salt: [u8; 16],
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it stops being good.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last seen to be used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// The contracts that have credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contract {
    /// The card ledger: a bearer token.
    CardLedger,
    /// The operator API: a bearer key.
    Operator,
    /// Access: an API key.
    Access,
    /// Terminals: an application's id and token.
    Terminals,
    /// Alternative payments: a consumer's key and secret.
    Aapay,
    /// Payments v3: a bearer token.
    Payments,
}

/// What a credential may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole installation.
    Installation,
    /// One company, or one seller of it. By number, so that a token may be issued before its
    /// company is configured.
    Company {
        /// The company's number.
        number: String,
        /// The only seller it may act for.
        seller: Option<String>,
    },
    /// A customer and all below it, by the customer's number.
    Customer(i64),
}

impl Contract {
    /// All of them.
    pub const ALL: [Contract; 6] = [
        Contract::CardLedger,
        Contract::Operator,
        Contract::Access,
        Contract::Terminals,
        Contract::Aapay,
        Contract::Payments,
    ];

    /// The word used in APIs and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Contract::CardLedger => "card_ledger",
            Contract::Operator => "operator",
            Contract::Access => "access",
            Contract::Terminals => "terminals",
            Contract::Aapay => "aapay",
            Contract::Payments => "payments",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Contract> {
        Self::ALL.into_iter().find(|contract| contract.as_str() == word)
    }
}

impl Company {
    /// The day it is for this company.
    pub fn day_of(&self, at: Timestamp) -> Date {
        self.zone.day_of(at)
    }

    /// Its own account for this in `currency`, if there is one yet: the first settlement opens it.
    pub fn house(&self, house: House, currency: Currency) -> Option<AccountId> {
        let found = self.houses.iter();
        let mut found = found.filter(|found| found.house == house && found.currency == currency);
        found.next().map(|found| found.account)
    }
}

impl Seller {
    /// The account that collects this seller's money in `currency`.
    pub fn payable(&self, currency: Currency) -> Option<AccountId> {
        self.payables.iter().find(|(held, _)| *held == currency).map(|(_, account)| *account)
    }

    /// The account that collects this seller's money in a currency of its company: one is opened
    /// with every seller and with every currency, so a missing one is a bug.
    pub(crate) fn payable_or_panic(&self, currency: Currency) -> AccountId {
        self.payable(currency)
            .unwrap_or_else(|| unreachable!("seller {:?} has no {currency:?}", self.id))
    }
}

impl Credential {
    /// Whether it is good at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

impl Directory {
    /// How many times it was changed.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The newest row that changed it, or one that was written with it.
    pub fn newest(&self) -> RowId {
        self.newest
    }

    /// The same content, with the version and the newest row that a store has for it.
    #[must_use]
    pub fn as_of(self, version: i64, newest: RowId) -> Directory {
        Directory { version, newest, ..self }
    }

    /// Follows a batch that changed it and ends with this row.
    pub(crate) fn follow(&mut self, row: RowId) {
        self.newest = row;
    }

    fn change(&mut self) {
        self.version = self.version.saturating_add(1);
    }

    /// Finds a company by its number.
    pub fn company(&self, number: &str) -> Option<&Arc<Company>> {
        self.companies.get(self.company_numbers.get(number)?)
    }

    /// Finds a company by its id.
    pub fn company_by_id(&self, id: CompanyId) -> Option<&Arc<Company>> {
        self.companies.get(&id)
    }

    /// All companies, oldest first.
    pub fn companies(&self) -> impl DoubleEndedIterator<Item = &Arc<Company>> {
        self.companies.values()
    }

    /// Finds a company's seller by its number.
    pub fn seller(&self, company: CompanyId, number: &str) -> Option<&Arc<Seller>> {
        self.sellers.get(self.seller_numbers.get(&company)?.get(number)?)
    }

    /// Finds a seller by its id.
    pub fn seller_by_id(&self, id: SellerId) -> Option<&Arc<Seller>> {
        self.sellers.get(&id)
    }

    /// All sellers of a company, oldest first.
    pub fn sellers(&self, company: CompanyId) -> impl DoubleEndedIterator<Item = &Arc<Seller>> {
        self.sellers.values().filter(move |seller| seller.company == company)
    }

    /// Finds a credential by the hash of its secret.
    pub fn credential_by_hash(&self, secret_hash: &[u8; 32]) -> Option<&Arc<Credential>> {
        self.credentials.get(self.credential_hashes.get(secret_hash)?)
    }

    /// Finds a contract's credential by its login.
    pub fn credential_by_login(&self, contract: Contract, login: &str) -> Option<&Arc<Credential>> {
        self.credentials.get(self.credential_logins.get(&(contract, login.to_owned()))?)
    }

    /// Finds a credential by its id.
    pub fn credential(&self, id: CredentialId) -> Option<&Arc<Credential>> {
        self.credentials.get(&id)
    }

    /// All credentials, oldest first.
    pub fn credentials(&self) -> impl DoubleEndedIterator<Item = &Arc<Credential>> {
        self.credentials.values()
    }

    /// Finds a resident document by its id.
    pub fn document(&self, id: DocumentId) -> Option<&Arc<Document>> {
        self.documents.get(id)
    }

    /// Finds a resident document by a name.
    pub fn document_named(&self, name: &str) -> Option<&Arc<Document>> {
        self.documents.named(name)
    }

    /// The resident documents on a list, oldest first.
    pub fn documents_on(&self, list: &str) -> impl DoubleEndedIterator<Item = &Arc<Document>> {
        self.documents.listed(list)
    }

    /// Adds or replaces a company.
    pub fn put_company(&mut self, company: Company) {
        self.change();
        self.company_numbers.insert(company.number.clone(), company.id);
        self.companies.insert(company.id, Arc::new(company));
    }

    /// Adds or replaces a seller.
    pub fn put_seller(&mut self, seller: Seller) {
        self.change();
        let numbers = self.seller_numbers.entry(seller.company).or_default();
        numbers.insert(seller.number.clone(), seller.id);
        self.sellers.insert(seller.id, Arc::new(seller));
    }

    /// Adds or replaces a credential.
    pub fn put_credential(&mut self, credential: Credential) {
        self.change();
        self.credential_hashes.insert(credential.secret_hash, credential.id);
        if let Some(login) = &credential.login {
            self.credential_logins.insert((credential.contract, login.clone()), credential.id);
        }
        self.credentials.insert(credential.id, Arc::new(credential));
    }
}

impl Directory {
    /// Adds or replaces a resident document.
    pub fn put_document(&mut self, document: Document) {
        debug_assert!(document.id.kind.is_resident(), "{:?} is not resident", document.id);
        self.change();
        Arc::make_mut(&mut self.documents).put(document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Fields, Kind};

    #[test]
    fn words_are_read_again() {
        for contract in Contract::ALL {
            assert_eq!(Contract::parse(contract.as_str()), Some(contract));
        }
        assert_eq!(Contract::parse("ledger"), None);
    }

    /// However the documents of a batch come, what one gives up is the other's, and nothing is left
    /// of what nobody has.
    #[test]
    fn names_and_lists_are_passed_on() {
        let document = |number, marks: &[&str]| {
            let marks = || marks.iter().map(|mark| (*mark).to_owned()).collect();
            let id = Kind::Customer.id(number);
            Document { names: marks(), lists: marks(), ..Document::new(id, Fields::default()) }
        };
        let mut before = Directory::default();
        before.put_document(document(1, &["a", "b"]));
        before.put_document(document(2, &[]));
        let (mut first, mut second) = (before.clone(), before.clone());
        first.put_document(document(1, &["b"]));
        first.put_document(document(2, &["a"]));
        second.put_document(document(2, &["a"]));
        second.put_document(document(1, &["b"]));
        assert_eq!(first, second);
        assert_eq!(first.document_named("a").map(|found| found.id.number), Some(2));
        assert_eq!(first.documents_on("a").count(), 1);
        let mut emptied = first.clone();
        emptied.put_document(document(1, &[]));
        emptied.put_document(document(2, &[]));
        assert_eq!((emptied.documents.names.len(), emptied.documents.lists.len()), (0, 0));
        assert_eq!(before.document_named("a").map(|found| found.id.number), Some(1), "a copy");
    }

    #[test]
    fn everyone_is_found_by_name_and_by_id() {
        let mut world = crate::world::World::new();
        world.run_all("issue");
        let directory = &world.directory;
        let company = directory.company("200").unwrap();
        assert_eq!(directory.company_by_id(company.id), Some(company));
        assert_eq!(directory.companies().count(), 3);
        let seller = directory.seller(company.id, "654").unwrap();
        assert_eq!(directory.seller_by_id(seller.id), Some(seller));
        assert_eq!(directory.sellers(company.id).collect::<Vec<_>>(), [seller]);
        let credential = directory.credentials().next().unwrap();
        assert_eq!(directory.credential(credential.id), Some(credential));
        assert_eq!(directory.credential_by_hash(&credential.secret_hash), Some(credential));
        assert_eq!(directory.seller(CompanyId(7_000), "654"), None);
        assert_eq!((directory.company("201"), directory.seller(company.id, "655")), (None, None));
        assert_eq!(directory.credential_by_hash(&[9; 32]), None);
    }
}

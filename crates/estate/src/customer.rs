//! Customers: the nodes of a tree of any depth, and what each contract knows a merchant by.
//!
//! Invariant: a customer's parent never changes, so that what is below what is decided once.

use ledger::document::Kind;
use ledger::{Directory, Document, DocumentId, Fields, Timestamp};

use crate::application::{Agreement, agreement_fields, agreements_of};
use crate::settings::Layer;

/// A node of the customer tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// What Access calls it (`Id`).
    pub number: i64,
    /// Its parent; 0 for a root (Access, `Parent`).
    pub parent: i64,
    /// For people.
    pub name: String,
    /// As its country's register has it.
    pub organisation_number: String,
    /// When it came into the tree.
    pub created_at: Timestamp,
    /// What the Terminals contract calls it: a UUID.
    pub account_id: String,
    /// What it is known by as a merchant, once it is approved as one.
    pub merchant: Option<Merchant>,
    /// Settings that its terminals, and those of all below it, inherit.
    pub settings: Layer,
}

/// What a merchant is known by, beside Access's number and the Terminals contract's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// The ledger's company.
    pub company_number: String,
    /// Its seller there.
    pub seller_number: String,
    /// What alternative payments call it.
    pub merchant_id: String,
    /// What payments v3 call it: 32 hexadecimal digits.
    pub entity_id: String,
    /// What it sells: four digits (ISO 18245).
    pub mcc: String,
    /// With whom it has agreements about which card brands.
    pub agreements: Vec<Agreement>,
}

/// All customers.
pub const CUSTOMERS: &str = "customers";

/// What the fields of its settings begin with.
const SETTINGS: &str = "settings.";

impl Customer {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Customer.id(number)
    }

    /// The list of a customer's children.
    pub fn children_list(parent: i64) -> String {
        format!("customers.of:{parent}")
    }

    /// Finds a customer.
    pub fn find(directory: &Directory, number: i64) -> Option<Customer> {
        directory.document(Customer::id(number)).and_then(|found| Customer::of(found))
    }

    /// Finds a customer by the account that the Terminals contract knows it by.
    pub fn by_account(directory: &Directory, account_id: &str) -> Option<Customer> {
        let found = directory.document_named(&Customer::account_name(account_id))?;
        Customer::of(found)
    }

    /// The name by which the Terminals contract's account leads to it.
    pub fn account_name(account_id: &str) -> String {
        format!("account:{account_id}")
    }

    /// The name by which its seller leads to it: a seller is one merchant's.
    pub fn seller_name(company_number: &str, seller_number: &str) -> String {
        format!("seller:{company_number}/{seller_number}")
    }

    /// The name by which what alternative payments call it leads to it.
    pub fn merchant_name(merchant_id: &str) -> String {
        format!("merchant:{merchant_id}")
    }

    /// The name by which what payments v3 call it leads to it.
    pub fn entity_name(entity_id: &str) -> String {
        format!("entity:{entity_id}")
    }

    /// The children of a customer, oldest first.
    pub fn children(directory: &Directory, parent: i64) -> Vec<Customer> {
        let list = Customer::children_list(parent);
        directory.documents_on(&list).filter_map(|found| Customer::of(found)).collect()
    }

    /// A customer and all below it, parents before their children.
    pub fn subtree(directory: &Directory, root: i64) -> Vec<Customer> {
        let mut found: Vec<Customer> = Customer::find(directory, root).into_iter().collect();
        let mut next = 0;
        while let Some(customer) = found.get(next) {
            let children = Customer::children(directory, customer.number);
            found.extend(children);
            next = next.saturating_add(1);
        }
        found
    }

    /// The numbers of a customer and all above it, itself first. Empty when there is none.
    pub fn line(directory: &Directory, number: i64) -> Vec<i64> {
        let parent = |number: &i64| {
            let found = directory.document(Customer::id(*number))?;
            found.fields.number("parent").filter(|parent| *parent != 0)
        };
        let first = directory.document(Customer::id(number)).map(|_| number);
        std::iter::successors(first, parent).collect()
    }

    /// Whether `number` is `root` or below it.
    pub fn is_within(directory: &Directory, root: i64, number: i64) -> bool {
        Customer::line(directory, number).contains(&root)
    }

    /// The settings that a customer has chosen itself. Nothing else of it is read, since every
    /// call of a terminal wants those of all customers above it.
    pub(crate) fn settings_of(directory: &Directory, number: i64) -> Layer {
        let found = directory.document(Customer::id(number));
        found.map_or_else(Layer::default, |found| Layer::of(found.fields.under(SETTINGS)))
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Customer> {
        let fields = &document.fields;
        let text = |name| fields.text(name).map(str::to_owned);
        let merchant = match text("company_number") {
            None => None,
            Some(company_number) => Some(Merchant {
                company_number,
                seller_number: text("seller_number")?,
                merchant_id: text("merchant_id")?,
                entity_id: text("entity_id")?,
                mcc: text("mcc")?,
                agreements: agreements_of(fields)?,
            }),
        };
        Some(Customer {
            number: document.id.number,
            parent: fields.number("parent")?,
            name: text("name")?,
            organisation_number: text("organisation_number")?,
            created_at: fields.time("created_at")?,
            account_id: text("account_id")?,
            merchant,
            settings: Layer::of(fields.under(SETTINGS)),
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let merchant = self.merchant.as_ref();
        let fields = Fields::default()
            .with("parent", Some(self.parent.to_string()))
            .with("name", Some(&self.name))
            .with("organisation_number", Some(&self.organisation_number))
            .with("created_at", Some(self.created_at.0.to_string()))
            .with("account_id", Some(&self.account_id))
            .with("company_number", merchant.map(|merchant| &merchant.company_number))
            .with("seller_number", merchant.map(|merchant| &merchant.seller_number))
            .with("merchant_id", merchant.map(|merchant| &merchant.merchant_id))
            .with("entity_id", merchant.map(|merchant| &merchant.entity_id))
            .with("mcc", merchant.map(|merchant| &merchant.mcc))
            .with_all("", &merchant.map(|it| agreement_fields(&it.agreements)).unwrap_or_default())
            .with_all(SETTINGS, self.settings.fields());
        let mut document = Document::new(Customer::id(self.number), fields);
        document.names.insert(Customer::account_name(&self.account_id));
        if let Some(merchant) = merchant {
            let (company, seller) = (&merchant.company_number, &merchant.seller_number);
            document.names.insert(Customer::seller_name(company, seller));
            document.names.insert(Customer::merchant_name(&merchant.merchant_id));
            document.names.insert(Customer::entity_name(&merchant.entity_id));
        }
        document.lists = [CUSTOMERS.to_owned(), Customer::children_list(self.parent)].into();
        document
    }
}

#[cfg(test)]
mod tests;

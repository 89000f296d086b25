//! Customers.

use estate::Customer;
use estate::limits::CUSTOMER_NAME_CHARS_MAX;
use ledger::Directory;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::fields::{FromObject, Object, Params, text, whole};

/// A customer to add.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewCustomer {
    /// Below whom. Without it the customer is the root of a tree of its own.
    #[schema(minimum = 1, example = 1)]
    pub(in crate::operator) parent_id: Option<i64>,
    /// For people.
    #[schema(min_length = 1, max_length = 100, example = "Nordic Retail")]
    pub(in crate::operator) name: String,
    /// As its country's register has it.
    #[schema(min_length = 1, max_length = 100, example = "556677-8899")]
    pub(in crate::operator) organisation_number: String,
}

/// What to change of a customer. What is absent stays.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct CustomerChange {
    /// For people.
    #[schema(min_length = 1, max_length = 100)]
    pub(in crate::operator) name: Option<String>,
}

/// Which customers are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct CustomerFilter {
    /// The children of this customer; of 0, those that have no parent. All without it.
    #[param(minimum = 0)]
    pub(in crate::operator) parent_id: Option<i64>,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(in crate::operator) struct CustomerBody {
    /// What Access calls it.
    #[schema(example = 3)]
    id: i64,
    /// Its parent; `null` where it has none.
    parent_id: Option<i64>,
    /// The customers above it, the uppermost first.
    #[schema(example = json!([1]))]
    path: Vec<i64>,
    /// For people.
    name: String,
    /// As its country's register has it.
    organisation_number: String,
    /// When it came into the tree.
    created_at: String,
    /// What each contract knows it by.
    identities: IdentitiesBody,
}

/// What a customer is known by. All but the account belong to merchants only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identities)]
pub(in crate::operator) struct IdentitiesBody {
    /// The card ledger's company.
    company_number: Option<String>,
    /// Its seller there.
    seller_number: Option<String>,
    /// The account of the Terminals contract: a UUID.
    account_id: String,
    /// The merchant of alternative payments.
    merchant_id: Option<String>,
    /// The entity of payments v3: 32 hexadecimal digits.
    entity_id: Option<String>,
}

impl FromObject for NewCustomer {
    fn from_object(object: &mut Object) -> Option<NewCustomer> {
        let parent_id = object.optional("parent_id", whole(1, i64::MAX));
        let name = object.required("name", text(CUSTOMER_NAME_CHARS_MAX));
        let number = object.required("organisation_number", text(CUSTOMER_NAME_CHARS_MAX));
        Some(NewCustomer { parent_id: parent_id?, name: name?, organisation_number: number? })
    }
}

impl FromObject for CustomerChange {
    fn from_object(object: &mut Object) -> Option<CustomerChange> {
        let name = object.optional("name", text(CUSTOMER_NAME_CHARS_MAX));
        Some(CustomerChange { name: name? })
    }
}

impl CustomerFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<CustomerFilter> {
        let parent_id = params.optional("parent_id", "the id of a customer, or 0", |text| {
            text.parse().ok().filter(|number| *number >= 0)
        });
        Some(CustomerFilter { parent_id: parent_id? })
    }
}

/// The parameter that names one customer.
#[expect(clippy::option_option, reason = "wrong and absent are not the same")]
pub(in crate::operator) fn customer_id(params: &mut Params) -> Option<Option<i64>> {
    params.optional("customer_id", "the id of a customer", |text| {
        text.parse().ok().filter(|number| *number > 0)
    })
}

impl CustomerBody {
    /// A customer as clients see it.
    pub(in crate::operator) fn of(customer: &Customer, directory: &Directory) -> CustomerBody {
        let mut path = Customer::line(directory, customer.parent);
        path.reverse();
        CustomerBody {
            id: customer.number,
            parent_id: Some(customer.parent).filter(|parent| *parent != 0),
            path,
            name: customer.name.clone(),
            organisation_number: customer.organisation_number.clone(),
            created_at: customer.created_at.rfc3339(),
            identities: IdentitiesBody::of(customer),
        }
    }
}

impl IdentitiesBody {
    /// A customer's identities as clients see them.
    pub(in crate::operator) fn of(customer: &Customer) -> IdentitiesBody {
        let merchant = customer.merchant.as_ref();
        IdentitiesBody {
            company_number: merchant.map(|merchant| merchant.company_number.clone()),
            seller_number: merchant.map(|merchant| merchant.seller_number.clone()),
            account_id: customer.account_id.clone(),
            merchant_id: merchant.map(|merchant| merchant.merchant_id.clone()),
            entity_id: merchant.map(|merchant| merchant.entity_id.clone()),
        }
    }
}

//! The customer tree.

use axum::response::Response;
use estate::Customer;
use ledger::Directory;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::query::Query;
use super::{Caller, shown};
use crate::Platform;

/// A customer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Customer)]
pub(super) struct CustomerView {
    /// Its number.
    #[schema(example = 3)]
    id: i64,
    /// The number of the customer above it; 0 where there is none.
    #[schema(example = 2)]
    parent: i64,
    /// For people.
    #[schema(example = "Kanalhandeln")]
    name: String,
    /// As its country's register has it.
    #[schema(example = "556677-8899")]
    organisation_no: String,
}

/// GET customers: all that the caller may reach, or the children of one.
pub(super) fn list(
    platform: &Platform,
    caller: &Caller,
    query: &Query,
) -> Result<Response, Problem> {
    let directory = platform.engine.directory();
    let mut customers = match query.customer()? {
        None => Customer::subtree(&directory, caller.root),
        Some(customer) => {
            caller.reach(&directory, customer)?;
            Customer::children(&directory, customer)
        }
    };
    customers.sort_by_key(|customer| customer.number);
    let views = customers.into_iter().map(|customer| CustomerView {
        id: customer.number,
        parent: customer.parent,
        name: customer.name,
        organisation_no: customer.organisation_number,
    });
    shown(&views.collect::<Vec<CustomerView>>())
}

impl Caller {
    /// Whether the caller may reach a customer in the tree.
    ///
    /// # Errors
    /// [`Problem::Forbidden`] if not, and if there is none.
    pub(super) fn reach(&self, directory: &Directory, customer: i64) -> Result<(), Problem> {
        let reaches = Customer::is_within(directory, self.root, customer);
        if reaches { Ok(()) } else { Err(Problem::Forbidden) }
    }
}

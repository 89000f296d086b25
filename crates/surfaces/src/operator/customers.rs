//! The tree of customers.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use engine::SubmitError;
use estate::change_customer::{AddCustomer, ChangeCustomer};
use estate::command::Outcome;
use estate::customer::CUSTOMERS;
use estate::{Command, Customer, Layer, Refusal};

use super::callers::Operator;
use super::created;
use super::problem::{not_decided, not_granted};
use super::wire::customers::{CustomerBody, CustomerChange, CustomerFilter, NewCustomer};
use crate::Platform;
use crate::http::body::{Body, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists customers, newest first: all of them, or the children of one.
#[utoipa::path(get, path = "/customers", tag = "customers", params(CustomerFilter, Page),
    responses((status = 200, body = List<CustomerBody>)))]
pub(super) async fn list_customers(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<CustomerBody>>, Problem> {
    let page = params.page();
    let filter = CustomerFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let list = filter.parent_id.map_or(CUSTOMERS.to_owned(), Customer::children_list);
    let customers = directory.documents_on(&list).rev();
    let customers = customers.filter_map(|document| Customer::of(document));
    let show = |customer: &Customer| CustomerBody::of(customer, &directory);
    Ok(Json(List::of(page, customers, |customer| customer.number, show)))
}

/// Adds a customer to the tree that is no merchant: a partner, a chain, a region. Merchants come
/// from onboarding requests.
#[utoipa::path(post, path = "/customers", tag = "customers", request_body = NewCustomer,
    params(super::wire::document::IdempotencyKey),
    responses((status = 201, body = CustomerBody)))]
pub(super) async fn add_customer(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewCustomer>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let command = AddCustomer {
        parent: new.parent_id.unwrap_or(0),
        name: new.name,
        organisation_number: new.organisation_number,
        draw: platform.draw(),
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::AddCustomer(command)).await.map_err(|error| {
        if error == SubmitError::Refused(Refusal::CustomerNotFound) {
            return Problem::field("/parent_id", "no customer has this id");
        }
        not_decided(error)
    })?;
    let Outcome::Customer(customer) = answer.done else { return Err(Problem::bug()) };
    let body = CustomerBody::of(&customer, &platform.engine.directory());
    Ok(created(&format!("/customers/{}", customer.number), answer.replayed, &body))
}

/// Shows a customer.
#[utoipa::path(get, path = "/customers/{customer_id}", tag = "customers",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    responses((status = 200, body = CustomerBody)))]
pub(super) async fn get_customer(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<CustomerBody>, Problem> {
    params.finish()?;
    let customer = customer(&platform, &id)?;
    Ok(Json(CustomerBody::of(&customer, &platform.engine.directory())))
}

/// Changes a customer's name.
#[utoipa::path(patch, path = "/customers/{customer_id}", tag = "customers",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    request_body = CustomerChange, responses((status = 200, body = CustomerBody)))]
pub(super) async fn change_customer(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<CustomerChange>,
) -> Result<Json<CustomerBody>, Problem> {
    let command = ChangeCustomer {
        customer: customer(&platform, &id)?.number,
        name: body.value.name,
        settings: Layer::default(),
        actor: operator.actor(),
    };
    let answer = platform.engine.submit(Command::ChangeCustomer(command)).await;
    let Outcome::Customer(customer) = answer.map_err(not_decided)?.done else {
        return Err(Problem::bug());
    };
    Ok(Json(CustomerBody::of(&customer, &platform.engine.directory())))
}

/// The customer that a path names.
pub(super) fn customer(platform: &Platform, id: &str) -> Result<Customer, Problem> {
    let number = number_in_path(id).unwrap_or_default();
    let found = Customer::find(&platform.engine.directory(), number);
    found.ok_or_else(|| not_granted(&Refusal::CustomerNotFound))
}

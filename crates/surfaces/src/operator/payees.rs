//! Merchants as payments over PSPs see them, and what they have agreed with PSPs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use estate::{Customer, Merchant};
use payments::{ChangePayee, Command, Outcome, Payee, Psp, Refusal, TermStep};

use super::callers::Operator;
use super::customers::customer;
use super::problem::{not_a_merchant, not_allowed, not_paid};
use super::wire::payees::{NewAgreement, NewAgreementBody, PayeeBody, PayeeChange};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::problem::Problem;

/// Shows a merchant as payments over PSPs see it: whether it takes payments, when its day ends,
/// and which values of agreements it has. 409 where the customer is no merchant.
#[utoipa::path(get, path = "/customers/{customer_id}/payee", tag = "payments",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    responses((status = 200, body = PayeeBody)))]
pub(super) async fn get_payee(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<PayeeBody>, Problem> {
    params.finish()?;
    let (customer, merchant) = merchant(&platform, &id)?;
    let payee = Payee::find(&platform.engine.directory(), customer.number);
    Ok(Json(PayeeBody::of(&customer, &merchant, &payee)))
}

/// Changes a merchant as payments over PSPs see it.
#[utoipa::path(patch, path = "/customers/{customer_id}/payee", tag = "payments",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    request_body = PayeeChange, responses((status = 200, body = PayeeBody)))]
pub(super) async fn change_payee(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<PayeeChange>,
) -> Result<Json<PayeeBody>, Problem> {
    let (customer, merchant) = merchant(&platform, &id)?;
    let PayeeChange { active, vat_number, city, country, end_of_day, return_origins } = body.value;
    let change = ChangePayee {
        customer: customer.number,
        is_inactive: active.map(|active| !active),
        vat_number,
        city,
        country,
        end_of_day,
        return_origins,
        terms: Vec::new(),
        actor: operator.actor(),
    };
    let payee = submit(&platform, change).await?;
    Ok(Json(PayeeBody::of(&customer, &merchant, &payee)))
}

/// Sets values of a merchant's agreement with a PSP; those that are not named stay. They are
/// kept enciphered, and no answer shows them.
#[utoipa::path(put, path = "/customers/{customer_id}/agreements/{psp}", tag = "payments",
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("psp" = String, Path, description = "`swish`, `klarna`, `easy` or `santander`")),
    request_body = NewAgreementBody, responses((status = 200, body = PayeeBody)))]
pub(super) async fn set_agreement(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((id, psp)): Segments<(String, String)>,
    body: Body<NewAgreement>,
) -> Result<Json<PayeeBody>, Problem> {
    let (customer, merchant) = merchant(&platform, &id)?;
    let psp = psp_in_path(&psp)?;
    let (vault, randomness) = (&platform.vault, platform.randomness.as_ref());
    let mut terms = Vec::new();
    for (name, value) in body.value.values(psp)? {
        let sealed = vault.seal(randomness, customer.number, psp, &name, &value);
        // A vault without a key, or without one that works, is a bug of whoever made it.
        terms.push((psp, name, TermStep::Set(sealed.ok_or_else(Problem::bug)?)));
    }
    let change = change_of_terms(&customer, terms, &operator);
    let payee = submit(&platform, change).await?;
    Ok(Json(PayeeBody::of(&customer, &merchant, &payee)))
}

/// Deletes all values of a merchant's agreement with a PSP, those that are switched off included.
#[utoipa::path(delete, path = "/customers/{customer_id}/agreements/{psp}", tag = "payments",
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("psp" = String, Path, description = "`swish`, `klarna`, `easy` or `santander`")),
    responses((status = 204, description = "There is no agreement any more")))]
pub(super) async fn delete_agreement(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((id, psp)): Segments<(String, String)>,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.finish()?;
    let (customer, _) = merchant(&platform, &id)?;
    let psp = psp_in_path(&psp)?;
    let payee = Payee::find(&platform.engine.directory(), customer.number);
    let agreement = payee.agreements.get(&psp);
    let agreement = agreement.ok_or_else(|| not_allowed(&Refusal::AgreementNotFound))?;
    let terms = agreement.keys().map(|name| (psp, name.clone(), TermStep::Delete)).collect();
    submit(&platform, change_of_terms(&customer, terms, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The PSP that a path names.
pub(super) fn psp_in_path(word: &str) -> Result<Psp, Problem> {
    Psp::parse(word).ok_or_else(|| Problem::not_found("no PSP has this name"))
}

/// The merchant that a path names.
fn merchant(platform: &Platform, id: &str) -> Result<(Customer, Merchant), Problem> {
    let customer = customer(platform, id)?;
    let merchant = customer.merchant.clone().ok_or_else(not_a_merchant)?;
    Ok((customer, merchant))
}

fn change_of_terms(
    customer: &Customer,
    terms: Vec<(Psp, String, TermStep)>,
    operator: &Operator,
) -> ChangePayee {
    let (customer, actor) = (customer.number, operator.actor());
    ChangePayee { customer, terms, actor, ..ChangePayee::default() }
}

async fn submit(platform: &Platform, change: ChangePayee) -> Result<Payee, Problem> {
    let answer = platform.engine.submit(Command::ChangePayee(change)).await.map_err(not_paid)?;
    let Outcome::Payee(payee) = answer.done else { return Err(Problem::bug()) };
    Ok(payee)
}

//! Payments over PSPs, as those see them who have to sort them out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use engine::limits::PSP_ANSWER_WAIT_MAX;
use engine::queries::documents::documents;
use engine::queries::payments::payment;
use ledger::{Currency, Decimal};
use payments::{Capture, Command, Operation, Outcome, Payment, Refusal, Settle};

use super::accounts::shown;
use super::callers::Operator;
use super::mark;
use super::problem::{not_allowed, not_captured, not_paid};
use super::remembered::Remembered;
use super::wire::payments::{Finding, NewCapture, PaymentBody, PaymentFilter};
use crate::Platform;
use crate::http::body::{Body, BodyIfAny, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists payments, refunds and reversals, newest first.
#[utoipa::path(get, path = "/payments", tag = "payments", params(PaymentFilter, Page),
    responses((status = 200, body = List<PaymentBody>)))]
pub(super) async fn list_payments(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<PaymentBody>>, Problem> {
    let page = params.page();
    let filter = PaymentFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| {
        let pick = |document| Payment::of(&document).filter(|payment| filter.suits(payment));
        documents(reader, &filter.list(), page.after, page.limit, pick)
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |payment| PaymentBody::of(&payment))))
}

/// Shows a payment, a refund or a reversal.
#[utoipa::path(get, path = "/payments/{id}", tag = "payments",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, body = PaymentBody)))]
pub(super) async fn get_payment(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<PaymentBody>, Problem> {
    params.finish()?;
    Ok(Json(PaymentBody::of(&find(&platform, &id).await?)))
}

/// Takes what is reserved, or a part of it. Answers with the payment as it is when the PSP has
/// answered, or after two seconds: where `task` is still there, the PSP is asked again until it
/// says what became of it.
#[utoipa::path(post, path = "/payments/{id}/capture", tag = "payments",
    params(("id" = String, Path, description = "The payment's id"),
        super::wire::document::IdempotencyKey),
    request_body = NewCapture, responses((status = 200, body = PaymentBody)))]
pub(super) async fn capture_payment(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<NewCapture>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let payment = find(&platform, &id).await?;
    let (number, currency) = (payment.number, payment.amount.currency);
    let minor = new.amount.map(|amount| positive_minor(amount, currency)).transpose()?;
    let is_under_way = is_being_captured(&payment);
    let actor = operator.actor();
    let command = Capture { payment: Box::new(payment), minor, actor, idempotency };
    let answer = platform.engine.submit(Command::Capture(command)).await;
    let answer = answer.map_err(|error| not_captured(error, currency))?;
    let Outcome::Payment(begun, original) = answer.done else { return Err(Problem::bug()) };
    // What was asked for before was begun by who asked.
    if !answer.replayed && !is_under_way {
        platform.desk.start(*begun, original.map(|original| *original));
    }
    platform.desk.wait(number, PSP_ANSWER_WAIT_MAX).await;
    let body = PaymentBody::of(&find(&platform, &id).await?);
    Ok(mark(Json(body).into_response(), answer.replayed))
}

/// Notes that people have looked at a payment. It changes no state: that takes evidence.
#[utoipa::path(post, path = "/payments/{id}/settle", tag = "payments",
    params(("id" = String, Path, description = "The payment's id"),
        super::wire::document::IdempotencyKey),
    request_body = Finding, responses((status = 200, body = PaymentBody)))]
pub(super) async fn settle_payment(
    State(platform): State<Platform>,
    Extension(remembered): Extension<Arc<Remembered>>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<Finding>,
) -> Result<Response, Problem> {
    let Body { value: Finding { note }, idempotency } = body;
    let payment = number_in_path(&id).unwrap_or_default();
    let settle = async {
        let command = Settle { payment, note, actor: operator.actor() };
        let answer = platform.engine.submit(Command::Settle(command)).await.map_err(not_paid)?;
        let Outcome::Payment(payment, _) = answer.done else { return Err(Problem::bug()) };
        Ok(PaymentBody::of(&payment))
    };
    remembered.once(idempotency, settle).await
}

/// The payment, refund or reversal that a path names.
async fn find(platform: &Platform, id: &str) -> Result<Payment, Problem> {
    let number = number_in_path(id).unwrap_or_default();
    let query = platform.queries.read(move |reader| payment(reader, number));
    let found = query.await.map_err(Problem::not_read)?;
    found.ok_or_else(|| not_allowed(&Refusal::PaymentNotFound))
}

fn positive_minor(amount: Decimal, currency: Currency) -> Result<i64, Problem> {
    match amount.minor(currency) {
        Ok(0) => Err(Problem::field("/amount", "must not be 0")),
        Ok(minor) => Ok(minor),
        Err(error) => Err(Problem::field("/amount", error.to_string())),
    }
}

fn is_being_captured(payment: &Payment) -> bool {
    payment.task.is_some_and(|task| match task.operation {
        Operation::Capture { .. } => true,
        Operation::Create | Operation::Read | Operation::Cancel | Operation::GiveUp => false,
    })
}

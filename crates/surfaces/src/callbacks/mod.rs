//! Where PSPs tell that something has happened, and where payers come back to.
//!
//! Invariant: what a callback says is not believed. Its address carries a secret of the payment;
//! with it, the payment is read from the PSP at once, or the PSP is told to end what it says has
//! ended. Without it nothing happens.

mod news;
mod payers;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use engine::queries::payments::payment as payment_of;
use payments::{Command, Payment, Psp, Refusal, Wake};

use crate::Platform;
use crate::http::body::number_in_path;
use crate::http::problem::Problem;
use crate::http::requests::no_method;
use crate::http::secrets::is_same;

/// A word, a payment's number and its secret.
type Address = Result<Path<(String, String, String)>, PathRejection>;

/// Every route of this surface.
pub fn router(platform: Platform) -> Router {
    Router::new()
        .route("/callbacks/{psp}/{payment}/{secret}", post(called).fallback(no_method))
        .route(
            "/callbacks/done/{payment}/{secret}",
            get(payers::done).post(payers::done).fallback(no_method),
        )
        .route(
            "/callbacks/given-up/{payment}/{secret}",
            get(payers::given_up).post(payers::given_up).fallback(no_method),
        )
        .route("/callbacks/terms", get(payers::terms).fallback(no_method))
        .with_state(platform)
}

/// Takes a PSP's call. Answers 200 as soon as it is noted what has to be done.
async fn called(
    State(platform): State<Platform>,
    address: Address,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let Path((psp, payment, secret)) = address.map_err(|_| unknown())?;
    let psp = Psp::parse(&psp).ok_or_else(unknown)?;
    let payment = find(&platform, &payment, &secret).await?;
    if payment.method.psp() != Some(psp) {
        return Err(unknown());
    }
    let body = body.unwrap_or_default();
    let sender = news::Sender { platform: &platform, psp, payment: &payment };
    let news = sender.news(&headers, &body).ok_or_else(unknown)?;
    wake(&platform, payment.number, news).await?;
    Ok(StatusCode::OK)
}

/// The payment that an address names. An unknown payment and a wrong secret get the same answer.
async fn find(platform: &Platform, payment: &str, secret: &str) -> Result<Payment, Problem> {
    let number = number_in_path(payment).ok_or_else(unknown)?;
    let ours = platform.secrets.callback_secret(number);
    if !is_same(ours.as_bytes(), secret.as_bytes()) {
        return Err(unknown());
    }
    let found = platform.queries.read(move |reader| payment_of(reader, number));
    found.await.map_err(Problem::not_read)?.ok_or_else(unknown)
}

/// Notes what has to be done. Where it is not noted, the PSP calls again; and the payment is asked
/// for without it too.
async fn wake(platform: &Platform, payment: i64, news: news::News) -> Result<(), Problem> {
    let wake = Wake { payment, reference: news.reference, ends_as: news.ends_as };
    let noted = platform.engine.submit(Command::Wake(wake)).await;
    noted.map_err(|error| Problem::not_done(error, |_: Refusal| unknown()))?;
    platform.desk.due_now(payment);
    Ok(())
}

fn unknown() -> Problem {
    Problem::not_found("no payment has this address")
}

#[cfg(test)]
mod tests;

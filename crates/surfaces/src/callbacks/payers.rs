//! Payers that come back from a PSP's pages. They are sent on where the merchant wants them, or see
//! a page of ours.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Redirect, Response};
use payments::{Event, Payment};

use super::news::News;
use super::{find, unknown, wake};
use crate::Platform;
use crate::http::problem::Problem;
use crate::http::psp_addresses::payers_way;
use crate::http::ways_back::onwards;

/// A payment's number and its secret.
type Address = Result<Path<(String, String)>, PathRejection>;

/// A payer comes back who is through. The PSP is asked what came of it.
pub(super) async fn done(
    State(platform): State<Platform>,
    address: Address,
) -> Result<Response, Problem> {
    let payment = back(&platform, address, News::default()).await?;
    if let Some(next) = onwards(&platform, &payment).await.map_err(Problem::not_read)? {
        return Ok(Redirect::to(&next).into_response());
    }
    let page = || page("Thank you", "You can close this page and go back to the shop.");
    Ok(send_on(&payment, "returnUrl").unwrap_or_else(page))
}

/// A payer comes back who has given up. The PSP is told to end the payment, unless it is paid.
pub(super) async fn given_up(
    State(platform): State<Platform>,
    address: Address,
) -> Result<Response, Problem> {
    let news = News { reference: None, ends_as: Some(Event::Cancel) };
    let payment = back(&platform, address, news).await?;
    if let Some(next) = onwards(&platform, &payment).await.map_err(Problem::not_read)? {
        return Ok(Redirect::to(&next).into_response());
    }
    let text = "You can close this page and go back to the shop.";
    Ok(send_on(&payment, "cancelUrl").unwrap_or_else(|| page("The payment was given up", text)))
}

/// Tells a payer whose terms hold.
pub(super) async fn terms() -> Response {
    page("Terms", "The shop's own terms apply. Ask the shop for them.")
}

async fn back(platform: &Platform, address: Address, news: News) -> Result<Payment, Problem> {
    let Path((payment, secret)) = address.map_err(|_| unknown())?;
    let payment = find(platform, &payment, &secret).await?;
    wake(platform, payment.number, news).await?;
    Ok(payment)
}

/// To where the merchant wants its payer: an address that came with the payment itself.
fn send_on(payment: &Payment, name: &str) -> Option<Response> {
    payers_way(payment, name).map(|url| Redirect::to(url).into_response())
}

fn page(title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\
         <body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
    );
    let mut response = Html(html).into_response();
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

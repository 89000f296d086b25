//! Checkouts: prepared by the merchant's server, paid by the payer on a page, and asked about.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use engine::queries::documents::{document, named};
use payments::{
    Checkout, Command, Online, Outcome, PaymentType, Prepare, Rearrange, ResultCode, Wanted,
};

use super::callers::Entity;
use super::cashier::{draw, payment_by_number};
use super::frame::{Frame, Redirect};
use super::ids::Id;
use super::keys::{Sent, made_before};
use super::parameters::{Operation, Parameters};
use super::payments::{amount, view};
use super::problem::Problem;
use super::status::status_of;
use super::{Answer, Shop, sent};
use crate::checkout::widget_integrity;
use crate::http::body::mark_replayed;

/// Prepares a checkout (`POST checkouts`).
pub(super) async fn create(State(shop): State<Shop>, request: Request) -> Answer {
    let request = Sent::read(&shop, request).await?;
    let key = request.key_for(&shop, "checkouts")?;
    let Sent { caller, entity, form, headers, .. } = request;
    if let Some(number) = made_before(&shop.platform, key).await? {
        return again(&shop, number, ResultCode::CHECKOUT_CREATED, &headers).await;
    }
    let parameters = shop.parameters(&form, &entity, Operation::Checkout)?;
    let currency = parameters.currency.ok_or_else(Problem::bug)?;
    let kind = parameters.payment_type.ok_or_else(Problem::bug)?;
    let wanted = Wanted {
        id: draw(&shop.platform),
        merchant: entity.name.clone(),
        amount: amount(&parameters, currency)?,
        online: online(&shop, &entity, &parameters, kind)?,
        may_keep: parameters.creates_registration,
    };
    let command = Prepare { wanted, actor: caller.actor(), idempotency: key };
    let answer = shop.platform.engine.submit(Command::Prepare(command)).await;
    let answer = answer.map_err(Problem::not_submitted)?;
    answered(&shop, answer.done, ResultCode::CHECKOUT_CREATED, &headers).await
}

/// Changes what a checkout is for, before anything was tried (`POST checkouts/{id}`).
pub(super) async fn update(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let request = Sent::read(&shop, request).await?;
    let key = request.key_for(&shop, &format!("checkouts/{id}"))?;
    let Sent { caller, entity, form, headers, .. } = request;
    if let Some(number) = made_before(&shop.platform, key).await? {
        return again(&shop, number, ResultCode::CHECKOUT_UPDATED, &headers).await;
    }
    let before = find(&shop, &entity, &id).await?;
    let parameters = shop.parameters(&form, &entity, Operation::CheckoutUpdate)?;
    let wanted = rearranged(&shop, &entity, &before, &parameters)?;
    let (checkout, actor) = (before.number, caller.actor());
    let command = Rearrange { checkout, wanted, actor, idempotency: key };
    let answer = shop.platform.engine.submit(Command::Rearrange(command)).await;
    let answer = answer.map_err(Problem::not_submitted)?;
    answered(&shop, answer.done, ResultCode::CHECKOUT_UPDATED, &headers).await
}

/// What a checkout has become, or the first answer again.
async fn answered(shop: &Shop, done: Outcome, code: ResultCode, headers: &HeaderMap) -> Answer {
    if let Outcome::Repeated(number) = done {
        return again(shop, number, code, headers).await;
    }
    let Outcome::Checkout(checkout) = done else { return Err(Problem::bug()) };
    Ok(shown(shop, &checkout, code, headers))
}

/// The first answer again: nothing of it ever changes.
async fn again(shop: &Shop, number: i64, code: ResultCode, headers: &HeaderMap) -> Answer {
    let mut response = shown(shop, &by_number(shop, number).await?, code, headers);
    mark_replayed(response.headers_mut(), true);
    Ok(response)
}

/// Tells what a checkout has come to (`GET checkouts/{id}/payment`).
pub(super) async fn result(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let Sent { entity, headers, .. } = Sent::read_query(&shop, &request)?;
    let checkout = find(&shop, &entity, &id).await?;
    if let Some(number) = checkout.newest() {
        let payment = payment_by_number(&shop.platform, number).await?;
        let payment = payment.ok_or_else(Problem::bug)?;
        let frame = view(&shop.platform, &payment, &entity.id, &headers).frame();
        return Ok(sent(status_of(payment.result()), frame.text()));
    }
    if checkout.is_expired(shop.platform.now()) {
        let message = "is that of a checkout that has expired";
        return Err(Problem::parameter("id", message, ResultCode::BAD_PARAMETER));
    }
    Ok(shown(&shop, &checkout, ResultCode::PENDING, &headers))
}

/// What each payment of a checkout says. Where the payer returns to cannot be left out.
fn online(
    shop: &Shop,
    entity: &Entity,
    parameters: &Parameters,
    kind: PaymentType,
) -> Result<Online, Problem> {
    let mut online = shop.online(entity, parameters, kind)?;
    // The brands among which the payer chooses: all, or one.
    online.brand = parameters.brand.clone().unwrap_or_default();
    Ok(online)
}

fn rearranged(
    shop: &Shop,
    entity: &Entity,
    before: &Checkout,
    parameters: &Parameters,
) -> Result<Wanted, Problem> {
    let mut wanted = before.wanted.clone();
    let currency = parameters.currency.unwrap_or(wanted.amount.currency);
    let kind = parameters.payment_type.unwrap_or(wanted.online.kind);
    if parameters.amount.is_some() {
        wanted.amount = amount(parameters, currency)?;
    } else if currency != wanted.amount.currency {
        let message = "is required with another currency";
        return Err(Problem::parameter("amount", message, ResultCode::NO_AMOUNT));
    }
    wanted.may_keep |= parameters.creates_registration;
    let Online {
        brand, merchant_transaction_id, shopper_result_url, notification_url, echo, ..
    } = online(shop, entity, parameters, kind)?;
    let mine = &mut wanted.online;
    mine.kind = kind;
    if !brand.is_empty() {
        mine.brand = brand;
    }
    mine.merchant_transaction_id = merchant_transaction_id.or(mine.merchant_transaction_id.take());
    mine.shopper_result_url = shopper_result_url.or(mine.shopper_result_url.take());
    mine.notification_url = notification_url.or(mine.notification_url.take());
    mine.echo.retain(|(name, _)| !echo.iter().any(|(newer, _)| newer == name));
    mine.echo.extend(echo);
    Ok(wanted)
}

/// A merchant's checkout.
pub(super) async fn find(shop: &Shop, entity: &Entity, id: &str) -> Result<Checkout, Problem> {
    let found = by_id(shop, id).await?;
    let found = found.filter(|it| it.wanted.merchant.customer == entity.name.customer);
    found.ok_or_else(|| Problem::of(ResultCode::NOT_FOUND))
}

/// A checkout by its id: whoever has that may pay.
pub(super) async fn by_id(shop: &Shop, id: &str) -> Result<Option<Checkout>, Problem> {
    let name = Checkout::name(id);
    let found = shop.platform.queries.read(move |reader| named(reader, &name));
    Ok(found.await.map_err(Problem::not_read)?.as_ref().and_then(Checkout::of))
}

/// A checkout by its number.
pub(super) async fn by_number(shop: &Shop, number: i64) -> Result<Checkout, Problem> {
    let found = shop.platform.queries.read(move |reader| document(reader, Checkout::id(number)));
    let found = found.await.map_err(Problem::not_read)?;
    found.as_ref().and_then(Checkout::of).ok_or_else(Problem::bug)
}

fn shown(
    shop: &Shop,
    checkout: &Checkout,
    code: ResultCode,
    headers: &HeaderMap,
) -> axum::response::Response {
    let mut frame = Frame::default();
    frame.set("id", &checkout.wanted.id);
    frame.result(code);
    let base = shop.platform.public_url.or_host(headers);
    let url = format!("{base}/checkout/{}", checkout.wanted.id);
    Redirect { url, method: "GET", parameters: Vec::new() }.show(&mut frame);
    frame.set("integrity", widget_integrity());
    let frame = frame.end(checkout.created_at, &checkout.wanted.id);
    sent(status_of(code), frame.text())
}

//! Registrations: cards that are kept to be paid with again.

use axum::extract::{Request, State};
use engine::queries::documents::{document, named};
use payments::{
    Command, ForgetCard, KeepCard, Outcome, Registration, RegistrationStatus, ResultCode,
};

use super::callers::Entity;
use super::cashier::kept;
use super::frame::registration;
use super::ids::Id;
use super::keys::{Sent, made_before};
use super::parameters::Operation;
use super::problem::Problem;
use super::status::status_of;
use super::{Answer, Shop, sent};
use crate::http::body::mark_replayed;

/// Keeps a card (`POST registrations`).
pub(super) async fn create(State(shop): State<Shop>, request: Request) -> Answer {
    let request = Sent::read(&shop, request).await?;
    let key = request.key_for(&shop, "registrations")?;
    let Sent { caller, entity, form, .. } = request;
    if let Some(number) = made_before(&shop.platform, key).await? {
        return again(&shop, number, &entity).await;
    }
    let parameters = shop.parameters(&form, &entity, Operation::Registration)?;
    let card = parameters.card.ok_or_else(Problem::bug)?;
    let command = KeepCard {
        customer: entity.name.customer,
        kept: kept(&shop.platform, &entity.name, card, shop.is_test).await?,
        actor: caller.actor(),
        idempotency: key,
    };
    let answer = shop.platform.engine.submit(Command::KeepCard(command)).await;
    let answer = answer.map_err(Problem::not_submitted)?;
    if let Outcome::Repeated(number) = answer.done {
        return again(&shop, number, &entity).await;
    }
    let Outcome::Registration(found) = answer.done else { return Err(Problem::bug()) };
    Ok(shown(&shop, &found, &entity))
}

/// The first answer again: nothing of it ever changes.
async fn again(shop: &Shop, number: i64, entity: &Entity) -> Answer {
    let mut response = shown(shop, &by_number(shop, number).await?, entity);
    mark_replayed(response.headers_mut(), true);
    Ok(response)
}

/// Shows a card that is kept (`GET registrations/{id}`).
pub(super) async fn show(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let Sent { entity, .. } = Sent::read_query(&shop, &request)?;
    Ok(shown(&shop, &active(&shop, &entity, &id).await?, &entity))
}

/// Forgets a card (`DELETE registrations/{id}`).
pub(super) async fn delete(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let Sent { caller, entity, .. } = Sent::read_query(&shop, &request)?;
    let found = active(&shop, &entity, &id).await?;
    let command = ForgetCard { registration: found.number, actor: caller.actor() };
    let done = shop.platform.engine.submit(Command::ForgetCard(command)).await;
    done.map_err(Problem::not_submitted)?;
    Ok(shown(&shop, &found, &entity))
}

/// A merchant's card that can be paid with.
pub(super) async fn active(
    shop: &Shop,
    entity: &Entity,
    id: &str,
) -> Result<Registration, Problem> {
    let name = Registration::name(id);
    let found = shop.platform.queries.read(move |reader| named(reader, &name));
    let found = found.await.map_err(Problem::not_read)?.as_ref().and_then(Registration::of);
    let found = found.filter(|it| it.customer == entity.name.customer);
    let found = found.ok_or_else(|| Problem::of(ResultCode::NOT_FOUND))?;
    match found.status {
        RegistrationStatus::Active => Ok(found),
        RegistrationStatus::Pending => Err(Problem::of(ResultCode::NO_REGISTRATION)),
        RegistrationStatus::Deleted => Err(Problem::of(ResultCode::DEREGISTERED)),
    }
}

async fn by_number(shop: &Shop, number: i64) -> Result<Registration, Problem> {
    let found =
        shop.platform.queries.read(move |reader| document(reader, Registration::id(number)));
    let found = found.await.map_err(Problem::not_read)?;
    found.as_ref().and_then(Registration::of).ok_or_else(Problem::bug)
}

fn shown(shop: &Shop, found: &Registration, entity: &Entity) -> axum::response::Response {
    let code = shop.success();
    sent(status_of(code), registration(found, code, &entity.id).text())
}

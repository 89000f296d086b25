//! What terminals use, each value with where it comes from: chosen by a customer for all below it,
//! or for one terminal.

use axum::Json;
use axum::extract::State;
use estate::change_customer::ChangeCustomer;
use estate::command::Outcome;
use estate::onboard::{ChangeTerminal, TerminalStep};
use estate::settings::{effective, inherited};
use estate::{Command, Layer};

use super::callers::Operator;
use super::customers::customer;
use super::problem::not_decided;
use super::terminals::terminal;
use super::wire::configuration::{ConfigurationBody, ConfigurationChange, NewConfiguration};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::problem::Problem;

/// Shows what a customer's terminals use unless they have chosen themselves.
#[utoipa::path(get, path = "/customers/{customer_id}/configuration", tag = "customers",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    responses((status = 200, body = ConfigurationBody)))]
pub(super) async fn get_configuration_of_customer(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<ConfigurationBody>, Problem> {
    params.finish()?;
    let customer = customer(&platform, &id)?;
    let directory = platform.engine.directory();
    Ok(Json(ConfigurationBody::of(&inherited(&directory, customer.number), &directory)))
}

/// Chooses settings for a customer's terminals and those of all below it. They are merged into
/// what was chosen before; `null` withdraws a choice, so that what is above shows again.
#[utoipa::path(patch, path = "/customers/{customer_id}/configuration", tag = "customers",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    request_body = NewConfiguration, responses((status = 200, body = ConfigurationBody)))]
pub(super) async fn change_configuration_of_customer(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<ConfigurationChange>,
) -> Result<Json<ConfigurationBody>, Problem> {
    let number = customer(&platform, &id)?.number;
    let (settings, actor): (Layer, _) = (body.value.0, operator.actor());
    let command = ChangeCustomer { customer: number, name: None, settings, actor };
    platform.engine.submit(Command::ChangeCustomer(command)).await.map_err(not_decided)?;
    let directory = platform.engine.directory();
    Ok(Json(ConfigurationBody::of(&inherited(&directory, number), &directory)))
}

/// Shows what a terminal uses.
#[utoipa::path(get, path = "/terminals/{id}/configuration", tag = "terminals",
    params(("id" = String, Path, description = "Its terminal id of eight characters, or its UUID")),
    responses((status = 200, body = ConfigurationBody)))]
pub(super) async fn get_configuration_of_terminal(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<ConfigurationBody>, Problem> {
    params.finish()?;
    let terminal = terminal(&platform, &id).await?;
    let directory = platform.engine.directory();
    Ok(Json(ConfigurationBody::of(&effective(&directory, &terminal), &directory)))
}

/// Chooses settings for a terminal. They are merged into what was chosen before; `null` withdraws a
/// choice, so that what its customer has chosen shows again.
#[utoipa::path(patch, path = "/terminals/{id}/configuration", tag = "terminals",
    params(("id" = String, Path, description = "Its terminal id of eight characters, or its UUID")),
    request_body = NewConfiguration, responses((status = 200, body = ConfigurationBody)))]
pub(super) async fn change_configuration_of_terminal(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<ConfigurationChange>,
) -> Result<Json<ConfigurationBody>, Problem> {
    let command = ChangeTerminal {
        uuid: terminal(&platform, &id).await?.uuid,
        root: None,
        step: TerminalStep::Update { settings: body.value.0, reference_id: None },
        actor: operator.actor(),
        idempotency: None,
    };
    let answer = platform.engine.submit(Command::ChangeTerminal(command)).await;
    let Outcome::Configured { effective, .. } = answer.map_err(not_decided)?.done else {
        return Err(Problem::bug());
    };
    Ok(Json(ConfigurationBody::of(&effective, &platform.engine.directory())))
}

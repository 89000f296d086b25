//! Where merchants are notified: endpoints with their secrets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::effects::notifications::{Opener as _, Purpose};
use engine::effects::webhook::{Envelope, SECRET_BYTES_DEFAULT, Secret};
use engine::queries::documents::document;
use estate::Customer;
use payments::deliver::Reception;
use payments::{
    AddEndpoint, ChangeEndpoint, Command, DeleteEndpoint, Endpoint, Outcome, Refusal, RotateSecret,
};
use zeroize::Zeroizing;

use super::callers::Operator;
use super::customers::customer;
use super::problem::{not_a_merchant, not_allowed, not_paid};
use super::wire::endpoints::{
    EndpointBody, EndpointChange, NewEndpoint, NewSecret, SecretEndpointBody,
};
use super::{created, mark};
use crate::Platform;
use crate::http::body::{Body, BodyIfAny, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::List;
use crate::http::problem::Problem;

/// Lists where a merchant is notified, newest first. There are few: one page has them all.
#[utoipa::path(get, path = "/customers/{customer_id}/notification-endpoints",
    tag = "notifications",
    params(("customer_id" = i64, Path, description = "The customer's id")),
    responses((status = 200, body = List<EndpointBody>)))]
pub(super) async fn list_endpoints(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<List<EndpointBody>>, Problem> {
    params.finish()?;
    let customer = merchant(&platform, &id)?;
    let all = Endpoint::all(&platform.engine.directory(), customer.number);
    let mut items = Vec::new();
    for endpoint in all.iter().rev() {
        items.push(shown(&platform, endpoint).await?);
    }
    Ok(Json(List { items, next: None }))
}

/// Notifies a merchant at one more address, or at those that its payments bring along. The secret
/// is in this answer, and in no other.
#[utoipa::path(post, path = "/customers/{customer_id}/notification-endpoints",
    tag = "notifications", request_body = NewEndpoint,
    params(("customer_id" = i64, Path, description = "The customer's id"),
        super::wire::document::IdempotencyKey),
    responses((status = 201, body = SecretEndpointBody)))]
pub(super) async fn add_endpoint(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<NewEndpoint>,
) -> Result<Response, Problem> {
    let customer = merchant(&platform, &id)?.number;
    let Body { value: new, idempotency } = body;
    check(&platform, new.url.as_deref())?;
    let mut key = None;
    if new.enciphered == Some(true) {
        let mut bytes = Zeroizing::new([0; 32]);
        platform.randomness.fill(bytes.as_mut_slice());
        let text = Envelope::new(*bytes).text();
        key = Some(seal(&platform, customer, Purpose::Enciphering, &text)?);
    }
    let command = AddEndpoint {
        customer,
        url: new.url,
        secret: new_secret(&platform, customer)?,
        key,
        actor: operator.actor(),
        idempotency,
    };
    let (endpoint, replayed) = submit(&platform, Command::AddEndpoint(command)).await?;
    let mut body = with_secret(&platform, &endpoint).await?;
    let key = endpoint.key.as_ref();
    body.encryption_key = key.and_then(|key| open(&platform, &endpoint, Purpose::Enciphering, key));
    let path = format!("/customers/{customer}/notification-endpoints/{}", endpoint.number);
    Ok(created(&path, replayed, &body))
}

/// Shows where a merchant is notified, without the secret.
#[utoipa::path(get, path = "/customers/{customer_id}/notification-endpoints/{endpoint_id}",
    tag = "notifications",
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, body = EndpointBody)))]
pub(super) async fn get_endpoint(
    State(platform): State<Platform>,
    Segments((id, endpoint)): Segments<(String, String)>,
    params: Params,
) -> Result<Json<EndpointBody>, Problem> {
    params.finish()?;
    Ok(Json(shown(&platform, &find(&platform, &id, &endpoint)?).await?))
}

/// Changes where a merchant is notified, or whether it is. What waits to be sent goes to the new
/// address.
#[utoipa::path(patch, path = "/customers/{customer_id}/notification-endpoints/{endpoint_id}",
    tag = "notifications", request_body = EndpointChange,
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, body = EndpointBody)))]
pub(super) async fn change_endpoint(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((id, endpoint)): Segments<(String, String)>,
    body: Body<EndpointChange>,
) -> Result<Json<EndpointBody>, Problem> {
    let endpoint = find(&platform, &id, &endpoint)?;
    check(&platform, body.value.url.as_deref())?;
    let command = ChangeEndpoint {
        endpoint: endpoint.number,
        url: body.value.url,
        is_active: body.value.active,
        actor: operator.actor(),
        ..ChangeEndpoint::default()
    };
    let (endpoint, _) = submit(&platform, Command::ChangeEndpoint(command)).await?;
    Ok(Json(shown(&platform, &endpoint).await?))
}

/// Deletes where a merchant is notified. What waits to be sent there is given up.
#[utoipa::path(delete, path = "/customers/{customer_id}/notification-endpoints/{endpoint_id}",
    tag = "notifications",
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 204, description = "Nothing is sent there any more")))]
pub(super) async fn delete_endpoint(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((id, endpoint)): Segments<(String, String)>,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.finish()?;
    let endpoint = find(&platform, &id, &endpoint)?.number;
    let command = DeleteEndpoint { endpoint, actor: operator.actor() };
    submit(&platform, Command::DeleteEndpoint(command)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs with another secret from now on, and with the one before it for a while. The new one is in
/// this answer, and in no other.
#[utoipa::path(post,
    path = "/customers/{customer_id}/notification-endpoints/{endpoint_id}/rotate-secret",
    tag = "notifications", request_body = NewSecret,
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("endpoint_id" = String, Path, description = "The endpoint's id"),
        super::wire::document::IdempotencyKey),
    responses((status = 200, body = SecretEndpointBody)))]
pub(super) async fn rotate_secret(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((id, endpoint)): Segments<(String, String)>,
    BodyIfAny(body): BodyIfAny<NewSecret>,
) -> Result<Response, Problem> {
    let endpoint = find(&platform, &id, &endpoint)?;
    let command = RotateSecret {
        endpoint: endpoint.number,
        secret: new_secret(&platform, endpoint.customer)?,
        overlap_ms: body.value.overlap_ms(),
        actor: operator.actor(),
        idempotency: body.idempotency,
    };
    let (endpoint, replayed) = submit(&platform, Command::RotateSecret(command)).await?;
    let body = with_secret(&platform, &endpoint).await?;
    Ok(mark(Json(body).into_response(), replayed))
}

/// The endpoint that a path names.
pub(super) fn find(platform: &Platform, id: &str, endpoint: &str) -> Result<Endpoint, Problem> {
    let customer = merchant(platform, id)?.number;
    let number = number_in_path(endpoint);
    let found = number.and_then(|number| Endpoint::find(&platform.engine.directory(), number));
    let found = found.filter(|endpoint| endpoint.customer == customer);
    found.ok_or_else(|| not_allowed(&Refusal::EndpointNotFound))
}

/// The merchant that a path names.
fn merchant(platform: &Platform, id: &str) -> Result<Customer, Problem> {
    let customer = customer(platform, id)?;
    if customer.merchant.is_some() { Ok(customer) } else { Err(not_a_merchant()) }
}

fn check(platform: &Platform, url: Option<&str>) -> Result<(), Problem> {
    let checked = url.map_or(Ok(()), |url| platform.courier.check(url));
    checked.map_err(|refused| Problem::field("/url", format!("must not be {refused}")))
}

/// A new secret, sealed.
fn new_secret(platform: &Platform, customer: i64) -> Result<String, Problem> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES_DEFAULT]);
    platform.randomness.fill(bytes.as_mut_slice());
    let secret = Secret::new(bytes.as_slice()).ok_or_else(Problem::bug)?;
    seal(platform, customer, Purpose::Signing, &secret.text())
}

fn seal(
    platform: &Platform,
    customer: i64,
    purpose: Purpose,
    text: &str,
) -> Result<String, Problem> {
    let randomness = platform.randomness.as_ref();
    let sealed = platform.vault.seal_for_endpoint(randomness, customer, purpose, text);
    // A vault without a key, or without one that works, is a bug of whoever made it.
    sealed.ok_or_else(Problem::bug)
}

fn open(platform: &Platform, of: &Endpoint, purpose: Purpose, sealed: &str) -> Option<String> {
    platform.vault.open_sealed(of.customer, purpose, sealed)
}

/// An endpoint with its present secret. A repeat is shown it again.
async fn with_secret(
    platform: &Platform,
    endpoint: &Endpoint,
) -> Result<SecretEndpointBody, Problem> {
    let secret = open(platform, endpoint, Purpose::Signing, &endpoint.secret);
    let secret = secret.ok_or_else(Problem::bug)?;
    let endpoint = shown(platform, endpoint).await?;
    Ok(SecretEndpointBody { secret, encryption_key: None, endpoint })
}

async fn shown(platform: &Platform, endpoint: &Endpoint) -> Result<EndpointBody, Problem> {
    let id = Reception::id(endpoint.number);
    let read = platform.queries.read(move |reader| {
        Ok(document(reader, id)?.as_ref().map(Reception::of).unwrap_or_default())
    });
    let reception = read.await.map_err(Problem::not_read)?;
    Ok(EndpointBody::of(endpoint, reception, platform.now()))
}

async fn submit(platform: &Platform, command: Command) -> Result<(Endpoint, bool), Problem> {
    let answer = platform.engine.submit(command).await.map_err(not_paid)?;
    let Outcome::Endpoint(endpoint) = answer.done else { return Err(Problem::bug()) };
    Ok((endpoint, answer.replayed))
}

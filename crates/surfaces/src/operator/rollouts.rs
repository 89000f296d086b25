//! Rollouts: a package to many terminals, in stages.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::SubmitError;
use engine::queries::Slice;
use engine::queries::documents::documents;
use estate::command::Outcome;
use estate::rollout::{ROLLOUTS, Tally};
use estate::steer_rollout::{RolloutStep, StartRollout, SteerRollout};
use estate::terminal::{Activation, TerminalStatus};
use estate::{Command, Package, Refusal, Rollout, Terminal, Update};
use ledger::ReadSet;

use super::accounts::shown;
use super::callers::Operator;
use super::problem::{not_decided, not_granted};
use super::wire::document::Nothing;
use super::wire::rollouts::{NewRollout, ResultBody, ResultFilter, RolloutBody};
use super::{created, mark};
use crate::Platform;
use crate::http::body::{Body, BodyIfAny, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// How many terminals are looked at in one read.
const COUNTED_AT_A_TIME: usize = 1_000;

/// Lists rollouts, newest first.
#[utoipa::path(get, path = "/rollouts", tag = "rollouts", params(Page),
    responses((status = 200, body = List<RolloutBody>)))]
pub(super) async fn list_rollouts(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<RolloutBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let rollouts = directory.documents_on(ROLLOUTS).rev();
    let rollouts = rollouts.filter_map(|document| Rollout::of(document));
    let List { items, next } = List::of(page, rollouts, |rollout| rollout.number, Rollout::clone);
    let tallies = tallies(&platform, &items).await?;
    let items = items.iter().zip(tallies).map(|(rollout, tally)| RolloutBody::of(rollout, &tally));
    Ok(Json(List { items: items.collect(), next }))
}

/// Starts a rollout to the terminals of a customer and of all below it that the package suits.
#[utoipa::path(post, path = "/rollouts", tag = "rollouts", request_body = NewRollout,
    params(super::wire::document::IdempotencyKey),
    responses((status = 201, body = RolloutBody)))]
pub(super) async fn start_rollout(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewRollout>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let command = StartRollout {
        population: population(&platform, new.customer_id, new.package_id).await?,
        customer: new.customer_id,
        package: new.package_id,
        stages: new.stages,
        failures_percent_max: new.failures_percent_max,
        answer_ms: new.answer_hours.saturating_mul(3_600_000),
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::StartRollout(command)).await;
    let answer = answer.map_err(not_started)?;
    let Outcome::Rollout(rollout, tally) = answer.done else { return Err(Problem::bug()) };
    let body = RolloutBody::of(&rollout, &tally);
    Ok(created(&format!("/rollouts/{}", rollout.number), answer.replayed, &body))
}

/// What the body names and is not there is an error of the body.
fn not_started(error: SubmitError<Refusal>) -> Problem {
    match error {
        SubmitError::Refused(Refusal::CustomerNotFound) => {
            Problem::field("/customer_id", "no customer has this id")
        }
        SubmitError::Refused(Refusal::PackageNotFound) => {
            let detail = "no package of the customer, or of one above it, has this id";
            Problem::field("/package_id", detail)
        }
        SubmitError::Refused(_)
        | SubmitError::Overloaded
        | SubmitError::NotDone
        | SubmitError::Unknown
        | SubmitError::Bug => not_decided(error),
    }
}

/// How many terminals are meant: the active ones with a device that the package suits and that do
/// not run it.
async fn population(platform: &Platform, customer: i64, package: i64) -> Result<i64, Problem> {
    let package = Package::find(&platform.engine.directory(), package);
    let Some(package) = package else { return Ok(0) };
    let (mut counted, mut before) = (0_i64, None);
    loop {
        let (list, package) = (Terminal::under_list(customer), package.clone());
        let query = platform.queries.read(move |reader| {
            let is_meant = |terminal: &Terminal| {
                terminal.status == TerminalStatus::Active
                    && matches!(terminal.activation, Activation::Done { .. })
                    && package.suits(&terminal.model)
                    && terminal.installed != Some(package.number)
            };
            let pick = |document| Terminal::of(&document).filter(is_meant).map(drop);
            documents(reader, &list, before, COUNTED_AT_A_TIME, pick)
        });
        let found = query.await.map_err(Problem::not_read)?;
        counted = counted.saturating_add(i64::try_from(found.items.len()).unwrap_or(i64::MAX));
        before = found.next;
        if before.is_none() {
            return Ok(counted);
        }
    }
}

/// Shows a rollout with what it has come to.
#[utoipa::path(get, path = "/rollouts/{rollout_id}", tag = "rollouts",
    params(("rollout_id" = String, Path, description = "The rollout's id")),
    responses((status = 200, body = RolloutBody)))]
pub(super) async fn get_rollout(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<RolloutBody>, Problem> {
    params.finish()?;
    let rollout = rollout(&platform, &id)?;
    let tally = tallies(&platform, std::slice::from_ref(&rollout)).await?;
    let tally = tally.into_iter().next().unwrap_or_default();
    Ok(Json(RolloutBody::of(&rollout, &tally)))
}

/// Lists what became of the terminals that a rollout has reached, newest first.
#[utoipa::path(get, path = "/rollouts/{rollout_id}/terminals", tag = "rollouts",
    params(("rollout_id" = String, Path, description = "The rollout's id"), ResultFilter, Page),
    responses((status = 200, body = List<ResultBody>)))]
pub(super) async fn list_results(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    mut params: Params,
) -> Result<Json<List<ResultBody>>, Problem> {
    let page = params.page();
    let filter = ResultFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let list = Update::rollout_list(rollout(&platform, &id)?.number);
    let query = platform.queries.read(move |reader| {
        let pick = |document| {
            let update = Update::of(&document)?;
            filter.status.is_none_or(|status| status == update.status).then_some(update)
        };
        let slice = documents(reader, &list, page.after, page.limit, pick)?;
        let terminals = slice.items.iter().map(|update| Terminal::id(update.terminal)).collect();
        let books = reader.load(&ReadSet { documents: terminals, ..ReadSet::default() })?;
        let found = |update: Update| {
            let terminal = books.document(Terminal::id(update.terminal)).and_then(Terminal::of);
            Some((update, terminal?))
        };
        let items: Vec<_> = slice.items.into_iter().filter_map(found).collect();
        Ok(Slice { items, next: slice.next })
    });
    let slice = query.await.map_err(Problem::not_read)?;
    let directory = platform.engine.directory();
    Ok(Json(shown(slice, |(update, terminal)| ResultBody::of(&update, &terminal, &directory))))
}

/// Stops a rollout for a while: nobody more is told of the package.
#[utoipa::path(post, path = "/rollouts/{rollout_id}/pause", tag = "rollouts",
    params(("rollout_id" = String, Path, description = "The rollout's id"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = RolloutBody)))]
pub(super) async fn pause_rollout(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    steer(&platform, &operator, &id, RolloutStep::Pause, body).await
}

/// Lets a rollout go on that was paused or has halted. The failures so far are forgiven.
#[utoipa::path(post, path = "/rollouts/{rollout_id}/resume", tag = "rollouts",
    params(("rollout_id" = String, Path, description = "The rollout's id"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = RolloutBody)))]
pub(super) async fn resume_rollout(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    steer(&platform, &operator, &id, RolloutStep::Resume, body).await
}

/// Gives terminals back the package that they had before, as they call.
#[utoipa::path(post, path = "/rollouts/{rollout_id}/roll-back", tag = "rollouts",
    params(("rollout_id" = String, Path, description = "The rollout's id"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = RolloutBody)))]
pub(super) async fn roll_back_rollout(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    steer(&platform, &operator, &id, RolloutStep::RollBack, body).await
}

/// Ends a rollout that still waits for terminals: what they have, they keep.
#[utoipa::path(post, path = "/rollouts/{rollout_id}/end", tag = "rollouts",
    params(("rollout_id" = String, Path, description = "The rollout's id"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = RolloutBody)))]
pub(super) async fn end_rollout(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    steer(&platform, &operator, &id, RolloutStep::End, body).await
}

async fn steer(
    platform: &Platform,
    operator: &Operator,
    id: &str,
    step: RolloutStep,
    body: Body<Nothing>,
) -> Result<Response, Problem> {
    let command = SteerRollout {
        rollout: rollout(platform, id)?.number,
        step,
        actor: operator.actor(),
        idempotency: body.idempotency,
    };
    let answer = platform.engine.submit(Command::SteerRollout(command)).await;
    let answer = answer.map_err(not_decided)?;
    let Outcome::Rollout(rollout, tally) = answer.done else { return Err(Problem::bug()) };
    Ok(mark(Json(RolloutBody::of(&rollout, &tally)).into_response(), answer.replayed))
}

/// The rollout that a path names.
fn rollout(platform: &Platform, id: &str) -> Result<Rollout, Problem> {
    let found = Rollout::find(&platform.engine.directory(), number_in_path(id).unwrap_or_default());
    found.ok_or_else(|| not_granted(&Refusal::RolloutNotFound))
}

/// What each of some rollouts has come to.
async fn tallies(platform: &Platform, rollouts: &[Rollout]) -> Result<Vec<Tally>, Problem> {
    let ids: Vec<_> = rollouts.iter().map(|rollout| Rollout::tally_id(rollout.number)).collect();
    let query = platform.queries.read(move |reader| {
        let reads = ReadSet { documents: ids, ..ReadSet::default() };
        let books = reader.load(&reads)?;
        let tally = |id| books.document(id).and_then(Tally::of).unwrap_or_default();
        Ok(reads.documents.into_iter().map(tally).collect())
    });
    query.await.map_err(Problem::not_read)
}

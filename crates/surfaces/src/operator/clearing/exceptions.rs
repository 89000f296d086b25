//! Exceptions: what does not agree, until somebody has dealt with it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use clearing::apply::PlacedRow;
use clearing::exception::{Exception, Means, Origin};
use clearing::{
    AcquirerFile, Command, Correction, NoteException, Outcome, Refusal, Remedy, ResolveException,
    TakeException,
};
use engine::queries::Slice;
use engine::queries::documents::{document, documents};
use engine::reconcile::row_of_file;
use engine::{Reader, StoreError};
use ledger::{Decimal, Row, RowId};

use super::problem::{not_cleared, refused};
use super::wire::exceptions::{ExceptionBody, ExceptionFilter, NewNote, NewResolution, Taking};
use crate::Platform;
use crate::http::body::{Body, BodyIfAny, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::operator::accounts::shown;
use crate::operator::callers::Operator;
use crate::operator::mark;
use crate::operator::wire::document::IdempotencyKey;

/// Lists exceptions, newest first.
#[utoipa::path(get, path = "/exceptions", tag = "exceptions", params(ExceptionFilter, Page),
    responses((status = 200, body = List<ExceptionBody>)))]
pub(in crate::operator) async fn list_exceptions(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<ExceptionBody>>, Problem> {
    let page = params.page();
    let filter = ExceptionFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| list(reader, &filter, page));
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |exception| ExceptionBody::of(&exception))))
}

/// The newest on one list, or on two that have nothing in common.
fn list(
    reader: &mut dyn Reader,
    filter: &ExceptionFilter,
    page: Page,
) -> Result<Slice<Exception>, StoreError> {
    let mut slices = Vec::new();
    for list in filter.lists() {
        let pick = |document| Exception::of(&document).filter(|it| filter.suits(it));
        slices.push(documents(reader, &list, page.after, page.limit, pick)?);
    }
    // What is before where one of them has stopped looking is left to the next page.
    let next = slices.iter().filter_map(|slice| slice.next).max();
    let mut items: Vec<Exception> = slices.into_iter().flat_map(|slice| slice.items).collect();
    items.sort_by_key(|exception| std::cmp::Reverse(exception.number));
    items.retain(|exception| next.is_none_or(|next| exception.number >= next));
    if items.len() <= page.limit {
        return Ok(Slice { items, next });
    }
    items.truncate(page.limit);
    let next = items.last().map(|last| last.number);
    Ok(Slice { items, next })
}

/// Shows an exception.
#[utoipa::path(get, path = "/exceptions/{id}", tag = "exceptions",
    params(("id" = String, Path, description = "The exception's id")),
    responses((status = 200, body = ExceptionBody)))]
pub(in crate::operator) async fn get_exception(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<ExceptionBody>, Problem> {
    params.finish()?;
    Ok(Json(ExceptionBody::of(&find(&platform, &id).await?)))
}

/// Says who looks at an exception.
#[utoipa::path(post, path = "/exceptions/{id}/take", tag = "exceptions",
    params(("id" = String, Path, description = "The exception's id"), IdempotencyKey),
    request_body = Taking, responses((status = 200, body = ExceptionBody)))]
pub(in crate::operator) async fn take_exception(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Taking>,
) -> Result<Response, Problem> {
    let actor = operator.actor();
    let command = TakeException {
        exception: number_in_path(&id).unwrap_or_default(),
        owner: body.value.owner.unwrap_or_else(|| actor.clone()),
        actor,
        idempotency: body.idempotency,
    };
    submit(&platform, Command::TakeException(command)).await
}

/// Writes down what is known of an exception.
#[utoipa::path(post, path = "/exceptions/{id}/notes", tag = "exceptions",
    params(("id" = String, Path, description = "The exception's id"), IdempotencyKey),
    request_body = NewNote, responses((status = 200, body = ExceptionBody)))]
pub(in crate::operator) async fn note_exception(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<NewNote>,
) -> Result<Response, Problem> {
    let command = NoteException {
        exception: number_in_path(&id).unwrap_or_default(),
        text: body.value.text,
        actor: operator.actor(),
        idempotency: body.idempotency,
    };
    submit(&platform, Command::NoteException(command)).await
}

/// Deals with an exception. What is booked for it is booked with it, or neither is done: where the
/// ledger refuses it, the exception stays open.
#[utoipa::path(post, path = "/exceptions/{id}/resolve", tag = "exceptions",
    params(("id" = String, Path, description = "The exception's id"), IdempotencyKey),
    request_body = NewResolution, responses((status = 200, body = ExceptionBody)))]
pub(in crate::operator) async fn resolve_exception(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<NewResolution>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let exception = find(&platform, &id).await?;
    let number = exception.number;
    let (note, means) = (new.note.clone(), new.means);
    let remedy = match means {
        Means::Accepted => Remedy::Accept,
        Means::Posted => {
            let (row, batch) = row(&platform, &exception).await?;
            let without_authorization = new.without_authorization;
            Remedy::Post { row: Box::new(row), batch, without_authorization }
        }
        Means::Corrected => Remedy::Correct(correction(&platform, &exception, new).await?),
    };
    let actor = operator.actor();
    let command = ResolveException { exception: number, remedy, note, actor, idempotency };
    submit(&platform, Command::ResolveException(Box::new(command))).await
}

async fn submit(platform: &Platform, command: Command) -> Result<Response, Problem> {
    let answer = platform.engine.submit(command).await.map_err(not_cleared)?;
    let Outcome::Exception(exception) = answer.done else { return Err(Problem::bug()) };
    let body = Json(ExceptionBody::of(&exception));
    Ok(mark(body.into_response(), answer.replayed))
}

/// The exception that a path names.
async fn find(platform: &Platform, id: &str) -> Result<Exception, Problem> {
    let id = Exception::id(number_in_path(id).unwrap_or_default());
    let query = platform.queries.read(move |reader| document(reader, id));
    let found = query.await.map_err(Problem::not_read)?.as_ref().and_then(Exception::of);
    found.ok_or_else(|| refused(&Refusal::ExceptionNotFound))
}

/// The row of a file that an exception is about, and its batch.
async fn row(platform: &Platform, exception: &Exception) -> Result<(PlacedRow, String), Problem> {
    let nothing = || refused(&Refusal::NothingToPost);
    let Origin::FileRow { file, line } = exception.what.origin else { return Err(nothing()) };
    let profiles = Arc::clone(&platform.rkha21);
    let read = move |reader: &mut dyn Reader| {
        let kept = document(reader, AcquirerFile::id(file))?.as_ref().and_then(AcquirerFile::of);
        let Some(kept) = kept else { return Ok(None) };
        let row = row_of_file(reader, &profiles, &kept, line)?;
        Ok(row.map(|row| (row, kept.identity.batch)))
    };
    let found = platform.queries.read(read).await.map_err(Problem::not_read)?;
    found.ok_or_else(nothing)
}

/// What corrects the transaction that an exception is about.
async fn correction(
    platform: &Platform,
    exception: &Exception,
    new: NewResolution,
) -> Result<Correction, Problem> {
    let nothing = || refused(&Refusal::NothingToCorrect);
    let number = exception.what.transaction.ok_or_else(nothing)?;
    let query = platform.queries.read(move |reader| reader.row(RowId(number)));
    let Some(Row::Transaction(row)) = query.await.map_err(Problem::not_read)? else {
        return Err(nothing());
    };
    let amount = new.amount.ok_or_else(Problem::bug)?;
    check_amount(amount, row.currency)?;
    let directory = platform.engine.directory();
    let company = directory.company_by_id(row.company).ok_or_else(Problem::bug)?;
    let source = new.source_id.unwrap_or_else(|| Correction::source_of(exception.number));
    Correction::of(&row, &company.number, source, amount).ok_or_else(nothing)
}

fn check_amount(amount: Decimal, currency: ledger::Currency) -> Result<(), Problem> {
    let minor = amount.minor(currency);
    minor.map(drop).map_err(|error| Problem::field("/amount", error.to_string()))
}

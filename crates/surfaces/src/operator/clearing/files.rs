//! Acquirers' files: taken in whole, and applied once.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use clearing::exception::{Exception, Origin};
use clearing::file::FILES;
use clearing::{AcquirerFile, Refusal};
use engine::imports::{Begin, check, keep};
use engine::limits::{IMPORT_WAIT_MAX, PAGE_ITEMS_MAX};
use engine::queries::documents::{document, documents};
use engine::{Part, Reader, StoreError};
use http_body_util::BodyExt as _;
use ledger::Idempotency;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use super::created;
use super::problem::{not_cleared, not_in_order, refused};
use super::wire::files::FileBody;
use crate::Platform;
use crate::http::body::{Segments, fingerprint, idempotency_key, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::http::uploads::{Received, UploadError};
use crate::operator::accounts::shown;
use crate::operator::callers::Operator;
use crate::operator::problem::not_received;
use crate::operator::wire::document::IdempotencyKey;

/// How often it is looked whether a file that somebody waits for is applied.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Lists the files, newest first.
#[utoipa::path(get, path = "/acquirer-files", tag = "acquirer-files", params(Page),
    responses((status = 200, body = List<FileBody>)))]
pub(in crate::operator) async fn list_files(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<FileBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| {
        documents(reader, FILES, page.after, page.limit, |document| AcquirerFile::of(&document))
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |file| FileBody::of(&file, &[]))))
}

/// Takes in a file, whole or not at all, and applies it. Any media type is taken.
///
/// 201 where all rows have been applied; 202 where that takes longer: it is done all the same.
#[utoipa::path(post, path = "/acquirer-files", tag = "acquirer-files",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(IdempotencyKey),
    responses((status = 201, body = FileBody), (status = 202, body = FileBody)))]
pub(in crate::operator) async fn add_file(
    State(platform): State<Platform>,
    operator: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(&request)?;
    let received = receive(&platform, request).await?;
    let idempotency = key.map(|key| {
        let fields = Map::from_iter([("sha256".to_owned(), Value::from(received.sha256.clone()))]);
        Idempotency { key, fingerprint: fingerprint(&platform, &fields) }
    });
    let begin = Begin {
        sha256: received.sha256.clone(),
        bytes: i64::try_from(received.size).map_err(|_| Problem::bug())?,
        actor: operator.actor(),
        idempotency,
    };
    let taker = platform.clone();
    let take_in = spawn_blocking(move || take_in(&taker, &received, begin));
    let (number, replayed) = take_in.await.map_err(|_| Problem::bug())??;
    let body = wait(&platform, number).await?;
    let status = if body.is_applied() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let mut response = created(&format!("/acquirer-files/{number}"), replayed, &body);
    *response.status_mut() = status;
    Ok(response)
}

/// Takes a body to the disk as it comes.
pub(super) async fn receive(platform: &Platform, request: Request) -> Result<Received, Problem> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length: Option<u64> = length.and_then(|length| length.parse().ok());
    if length.is_some_and(|length| length > platform.spool.bytes_max()) {
        return Err(not_received(UploadError::TooLong));
    }
    let mut upload = platform.spool.begin(&platform.uuid()).map_err(not_received)?;
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed("the body ended early"))?;
        if let Ok(bytes) = frame.into_data() {
            upload = upload.write(bytes.to_vec()).await.map_err(not_received)?;
        }
    }
    upload.end().await.map_err(not_received)
}

/// Reads a file to its end, and keeps it where it is in order.
fn take_in(platform: &Platform, received: &Received, begin: Begin) -> Result<(i64, bool), Problem> {
    let profile = platform.rkha21.current();
    let open = || received.open().map_err(|error| not_received(UploadError::Disk(error)));
    let checked = check(open()?, profile, platform.spool.dir()).map_err(not_in_order)?;
    keep(&platform.engine, open()?, profile, &checked, begin).map_err(not_cleared)
}

/// The file when it is applied, or as it is after a while.
async fn wait(platform: &Platform, number: i64) -> Result<FileBody, Problem> {
    let begun = (platform.monotonic)();
    loop {
        let query = platform.queries.read(move |reader| find(reader, number));
        let file = query.await.map_err(Problem::not_read)?;
        let is_applied = file.is_none_or(|file| file.applied_at.is_some());
        let waited = (platform.monotonic)().saturating_duration_since(begun);
        if is_applied || waited >= IMPORT_WAIT_MAX {
            return show(platform, number).await;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Shows a file.
#[utoipa::path(get, path = "/acquirer-files/{id}", tag = "acquirer-files",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 200, body = FileBody)))]
pub(in crate::operator) async fn get_file(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<FileBody>, Problem> {
    params.finish()?;
    Ok(Json(show(&platform, number_in_path(&id).unwrap_or_default()).await?))
}

/// A file with the first of its exceptions.
async fn show(platform: &Platform, number: i64) -> Result<FileBody, Problem> {
    let found = platform.queries.read(move |reader| load(reader, number)).await;
    let found = found.map_err(Problem::not_read)?;
    let (file, exceptions) = found.ok_or_else(|| refused(&Refusal::FileNotFound))?;
    Ok(FileBody::of(&file, &exceptions))
}

fn load(
    reader: &mut dyn Reader,
    number: i64,
) -> Result<Option<(AcquirerFile, Vec<Exception>)>, StoreError> {
    let Some(file) = find(reader, number)? else { return Ok(None) };
    let list = Origin::file_list(number);
    let found = reader.documents(&list, Part::After(0), PAGE_ITEMS_MAX)?;
    Ok(Some((file, found.iter().filter_map(Exception::of).collect())))
}

fn find(reader: &mut dyn Reader, number: i64) -> Result<Option<AcquirerFile>, StoreError> {
    Ok(document(reader, AcquirerFile::id(number))?.as_ref().and_then(AcquirerFile::of))
}

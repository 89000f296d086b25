//! Acquirers' files: taken in whole, and applied once.

use axum::Json;
use axum::extract::State;
use clearing::exception::{Exception, Origin};
use clearing::file::FILES;
use clearing::{AcquirerFile, Refusal};
use engine::limits::PAGE_ITEMS_MAX;
use engine::queries::documents::documents;
use engine::{Part, Reader, StoreError};
use ledger::ReadSet;

use super::problem::refused;
use super::wire::files::FileBody;
use crate::Platform;
use crate::http::body::{Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::operator::accounts::shown;

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
    let id = AcquirerFile::id(number);
    let books = reader.load(&ReadSet { documents: vec![id], ..ReadSet::default() })?;
    let Some(file) = books.document(id).and_then(AcquirerFile::of) else { return Ok(None) };
    let list = Origin::file_list(number);
    let found = reader.documents(&list, Part::After(0), PAGE_ITEMS_MAX)?;
    Ok(Some((file, found.iter().filter_map(Exception::of).collect())))
}

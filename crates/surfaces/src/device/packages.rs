//! The bytes of packages, for the terminals that shall install them.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use estate::Package;

use super::callers::Device;
use super::file_body::FileBody;
use super::problem::no_package;
use super::range::{Asked, asked};
use super::wire::packages::Conditions;
use crate::Platform;
use crate::http::body::{Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::problem::Problem;

/// Sends the bytes of a package that is ordered for the terminal, or some of them.
#[utoipa::path(get, path = "/packages/{package_id}", tag = "updates",
    params(("package_id" = i64, Path, description = "As the call home named it"), Conditions),
    responses(
        (status = 200, description = "All bytes", content_type = "application/octet-stream"),
        (status = 206, description = "Some bytes", content_type = "application/octet-stream"),
        (status = 304, description = "The client has them"),
    ))]
pub(super) async fn get_package(
    State(platform): State<Platform>,
    device: Device,
    Segments(id): Segments<String>,
    params: Result<Params, Problem>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, updates) = device.terminal(&platform).await?;
    params?.finish()?;
    let id = number_in_path(&id).ok_or_else(no_package)?;
    if !updates.iter().any(|update| update.package == id) {
        return Err(no_package());
    }
    let package = Package::find(&platform.engine.directory(), id).ok_or_else(no_package)?;
    let etag = format!("\"{}\"", package.sha256);
    let length = u64::try_from(package.size).map_err(|_| Problem::bug())?;
    let asked = asked(&headers, &etag, length);
    let (status, first, count) = match asked {
        Asked::NotModified => return Ok(named(StatusCode::NOT_MODIFIED.into_response(), &etag)),
        Asked::Unsatisfiable => return Ok(unsatisfiable(length)),
        Asked::Whole => (StatusCode::OK, 0, length),
        Asked::Part { first, last } => {
            let count = last.saturating_sub(first).saturating_add(1);
            (StatusCode::PARTIAL_CONTENT, first, count)
        }
    };
    let path = platform.packages.path_of(&package.sha256);
    let body = FileBody::open(path, length, first, count).await.map_err(|error| {
        tracing::error!(package = id, %error, "the bytes of a package cannot be read");
        Problem::unavailable("package-not-there", "the package's bytes are not to be had", 60)
    })?;
    let mut response = named((status, Body::new(body)).into_response(), &etag);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(count));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if let Asked::Part { first, last } = asked {
        let range = HeaderValue::try_from(format!("bytes {first}-{last}/{length}"));
        headers.insert(CONTENT_RANGE, range.map_err(|_| Problem::bug())?);
    }
    Ok(response)
}

/// Says which bytes these are. They may be kept, and are asked for again all the same: the package
/// may not be for this terminal any more.
fn named(mut response: Response, etag: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn unsatisfiable(length: u64) -> Response {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let detail = "the package has no bytes in this range";
    let problem = Problem::new(status, "range-not-satisfiable", "There is no such range", detail);
    let mut response = problem.into_response();
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    response
}

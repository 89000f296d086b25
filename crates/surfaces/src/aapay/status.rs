//! How a transaction stands.

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, Uri};

use super::Answer;
use super::callers::Caller;
use super::frame::Frame;
use super::initialize::answer;
use super::lookup::{View, transaction};
use super::problem::Problem;
use crate::Platform;
use crate::http::body::number_in_path;

/// Shows a transaction. One that is unknown, that the caller may not see, or that was made by
/// another method than the query names, is not there.
pub(super) async fn show(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Answer {
    let number = id.ok().and_then(|Path(id)| number_in_path(&id));
    let number = number.ok_or_else(Problem::no_transaction)?;
    let methods = parameters(request.uri(), "method")?;
    let found = transaction(&platform, number).await?;
    let directory = platform.engine.directory();
    let found = found.filter(|payment| caller.reaches(&directory, payment.merchant.customer));
    let found = found.filter(|it| methods.iter().all(|method| *method == it.method.as_str()));
    let payment = found.ok_or_else(Problem::no_transaction)?;
    let view = View::of(&directory, payment, platform.public_url.or_host(request.headers()))?;
    Ok(answer(StatusCode::OK, Frame::status(&view).text()))
}

/// What a query gives for a parameter. One that is empty is not given.
pub(super) fn parameters(uri: &Uri, name: &str) -> Result<Vec<String>, Problem> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(pairs) = pairs.map_err(|_| Problem::field("query", "cannot be read"))?;
    let given = pairs.into_iter().filter(|(given, value)| given == name && !value.is_empty());
    Ok(given.map(|(_, value)| value).collect())
}

//! Onboarding requests: taken in, and looked up.

use axum::response::Response;
use engine::limits::PAGE_ROWS_SCANNED_MAX;
use engine::{Part, Reader, StoreError};
use estate::command::Outcome;
use estate::submit::SubmitRequest;
use estate::{Command, Customer, Request};
use ledger::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::json::Json;
use super::problem::Problem;
use super::query::Query;
use super::{Caller, application, password, shown};
use crate::Platform;

/// How many requests are read at a time.
const CHUNK: usize = 500;

/// How far an onboarding request is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Request)]
pub(super) struct RequestView {
    /// The number that the customer has, or will have in the tree.
    #[schema(example = 10250)]
    customer_id: i64,
    /// The request's number.
    #[schema(example = 2594)]
    request_id: i64,
    /// Why it was rejected.
    reject_message: Option<String>,
    /// `Submitted`, `InProgress`, `Approved` or `Rejected`.
    #[schema(example = "Submitted")]
    request_status: &'static str,
    /// When it was submitted, in UTC.
    #[schema(example = "2026-11-20T11:00:00")]
    time_created: String,
}

/// GET requests: all below the caller's customer, or those of one customer, which may not be in
/// the tree yet. Oldest first.
pub(super) async fn list(
    platform: &Platform,
    caller: &Caller,
    query: &Query,
) -> Result<Response, Problem> {
    let customer = query.customer()?;
    let list = match customer {
        None => Request::under_list(caller.root),
        Some(customer) => Request::customer_list(customer),
    };
    let found = platform.queries.read(move |reader| newest(reader, &list)).await?;
    // After the read: its rows' customers are in the directory by then.
    let directory = platform.engine.directory();
    let mut views = found;
    views.retain(|(parent, _)| Customer::is_within(&directory, caller.root, *parent));
    if let Some(customer) = customer.filter(|_| views.is_empty()) {
        caller.reach(&directory, customer)?;
    }
    shown(&views.into_iter().map(|(_, view)| view).collect::<Vec<RequestView>>())
}

/// The newest requests on a list, oldest first, each with the parent that it asks for.
fn newest(reader: &mut dyn Reader, list: &str) -> Result<Vec<(i64, RequestView)>, StoreError> {
    let mut views = Vec::new();
    let mut before = i64::MAX;
    while views.len() < PAGE_ROWS_SCANNED_MAX {
        let chunk = reader.documents(list, Part::Before(before), CHUNK)?;
        let is_last = chunk.len() < CHUNK;
        before = chunk.last().map_or(before, |document| document.id.number);
        let requests = chunk.iter().filter_map(Request::of);
        views.extend(requests.map(|request| (request.application.parent, view(&request))));
        if is_last {
            break;
        }
    }
    views.reverse();
    Ok(views)
}

fn view(request: &Request) -> RequestView {
    RequestView {
        customer_id: request.customer,
        request_id: request.number,
        reject_message: request.reject_message.clone(),
        request_status: request.status.as_str(),
        time_created: time(request.submitted_at),
    }
}

/// UTC to the second, without saying so.
pub(super) fn time(at: Timestamp) -> String {
    at.rfc3339().chars().take("2026-11-20T11:00:00".len()).collect()
}

/// POST a request.
pub(super) async fn create(
    platform: &Platform,
    caller: &Caller,
    body: Json,
) -> Result<Response, Problem> {
    let mut asked = application::read(&body)?;
    drop(body);
    // Before the password's hash, which is work.
    caller.reach(&platform.engine.directory(), asked.application.parent)?;
    if let Some(password) = asked.password.take() {
        asked.application.password_hash = Some(password::hash(platform, password).await?);
    }
    let submit = SubmitRequest {
        application: Box::new(asked.application),
        customer: asked.customer,
        root: caller.root,
        credential: caller.credential.id,
        actor: caller.credential.label.clone(),
    };
    let answer = platform.engine.submit(Command::SubmitRequest(submit)).await?;
    let Outcome::Request(request) = answer.done else { return Err(Problem::Internal) };
    shown(&[view(&request)])
}

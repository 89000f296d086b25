//! The lookup service: what merchants have agreed with PSPs. Values are sealed as they come, and
//! are never shown or logged.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use engine::effects::agreements::is_known;
use ledger::Directory;
use payments::limits::{MERCHANT_ID_CHARS_MAX, TEXT_CHARS_MAX};
use payments::{ChangePayee, Command, Method, Psp, TermStep};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::Answer;
use super::callers::Caller;
use super::problem::Problem;
use super::reading::{Chars, Faults, Reading, object};
use super::status::parameters;
use crate::Platform;
use crate::http::fields::wipe;

/// Most lines of one request.
const LINES_MAX: usize = 50;

/// Longest value, in characters: a certificate with its key fits.
const VALUE_CHARS_MAX: usize = 32_000;

/// A value of a merchant's agreement.
struct Line {
    psp: Psp,
    merchant_id: String,
    key: String,
    value: Zeroizing<String>,
}

/// Keeps values of agreements. One that is there is replaced.
pub(super) async fn create(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let fields = object(request).await?;
    let lines = lines(&fields);
    wipe(Value::Object(fields));
    let lines = lines?;
    let directory = platform.engine.directory();
    let shown: Vec<Value> = lines.iter().map(shown).collect();
    for change in changes(&platform, &caller, &directory, &lines)? {
        let changed = platform.engine.submit(Command::ChangePayee(change)).await;
        changed.map_err(Problem::not_submitted)?;
    }
    let body = Json(json!({ "agreementLineDto": shown }));
    Ok((StatusCode::CREATED, body).into_response())
}

/// A line without its value.
fn shown(line: &Line) -> Value {
    json!({
        "lineFromType": line.psp.method().as_str(),
        "lineFromId": line.merchant_id,
        "lineToType": line.key
    })
}

/// One change for each merchant that is named.
fn changes(
    platform: &Platform,
    caller: &Caller,
    directory: &Directory,
    lines: &[Line],
) -> Result<Vec<ChangePayee>, Problem> {
    let mut terms: BTreeMap<i64, Vec<(Psp, String, TermStep)>> = BTreeMap::new();
    for line in lines {
        let customer = caller.merchant(directory, &line.merchant_id)?.number;
        let (randomness, psp, key) = (platform.randomness.as_ref(), line.psp, &line.key);
        let sealed = platform.vault.seal(randomness, customer, psp, key, &line.value);
        let step = TermStep::Set(sealed.ok_or_else(Problem::bug)?);
        terms.entry(customer).or_default().push((psp, key.clone(), step));
    }
    let change = |(customer, terms)| ChangePayee {
        customer,
        terms,
        actor: caller.actor(),
        ..ChangePayee::default()
    };
    Ok(terms.into_iter().map(change).collect())
}

fn lines(fields: &Map<String, Value>) -> Result<Vec<Line>, Problem> {
    let (body, mut faults) = (Reading::of(fields), Faults::default());
    let user = body.required_text("userId", Chars(1, TEXT_CHARS_MAX), &mut faults);
    body.require("agreementLineDto", &mut faults);
    let items = body.list("agreementLineDto", LINES_MAX, &mut faults);
    let lines = items.iter().filter_map(|item| line(item, &mut faults)).collect::<Vec<Line>>();
    faults.end(user.map(|_| lines))
}

fn line(item: &Reading<'_>, faults: &mut Faults) -> Option<Line> {
    let name = Chars(1, TEXT_CHARS_MAX);
    let psp = item.required_text("lineFromType", name, faults);
    let psp = psp.and_then(|word| {
        let psp = psp_of(&word);
        if psp.is_none() {
            faults.note(&item.path("lineFromType"), "must be the name of a PSP");
        }
        psp
    });
    let merchant_id = item.required_text("lineFromId", Chars(1, MERCHANT_ID_CHARS_MAX), faults);
    let key = item.required_text("lineToType", name, faults);
    if let (Some(psp), Some(key)) = (psp, &key)
        && !is_known(psp, key)
    {
        faults.note(&item.path("lineToType"), "is no key of an agreement with this PSP");
    }
    let value = item.required_text("lineToId", Chars(1, VALUE_CHARS_MAX), faults);
    let value = value.map(Zeroizing::new);
    Some(Line { psp: psp?, merchant_id: merchant_id?, key: key?, value: value? })
}

fn psp_of(word: &str) -> Option<Psp> {
    Method::parse(word).and_then(Method::psp)
}

/// Deletes a value, marks it for deletion, or switches it off or on.
pub(super) async fn remove(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    request: Request,
) -> Answer {
    let Path((from_type, merchant_id, key)) = path.map_err(|_| Problem::no_agreement())?;
    let step = step(request.uri())?;
    let directory = platform.engine.directory();
    let customer = caller.merchant(&directory, &merchant_id)?.number;
    let psp = psp_of(&from_type).ok_or_else(Problem::no_agreement)?;
    let terms = vec![(psp, key, step)];
    let change = ChangePayee { customer, terms, actor: caller.actor(), ..ChangePayee::default() };
    let changed = platform.engine.submit(Command::ChangePayee(change)).await;
    changed.map_err(Problem::not_submitted)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn step(uri: &Uri) -> Result<TermStep, Problem> {
    if flag(uri, "hardDelete")? == Some(true) {
        return Ok(TermStep::Delete);
    }
    Ok(match flag(uri, "enabledDisabled")? {
        Some(is_on) => TermStep::Switch { off: !is_on },
        None => TermStep::MarkDeleted,
    })
}

fn flag(uri: &Uri, name: &str) -> Result<Option<bool>, Problem> {
    let given = parameters(uri, name)?;
    match given.as_slice() {
        [] => Ok(None),
        [text] if text == "true" => Ok(Some(true)),
        [text] if text == "false" => Ok(Some(false)),
        _ => Err(Problem::field(name, "must be true or false")),
    }
}

//! Reports of PSPs: read by a mapping that was declared before, and compared with payments.

use std::io::Read as _;
use std::path::Path;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use clearing::mapping::{MAPPINGS, ReportMapping};
use clearing::{BeginReconciliation, Command, Outcome, Scope, SetMapping};
use engine::limits::{FILE_FAULTS_TOLD_MAX, FILE_PIECE_BYTES};
use engine::queries::documents::{documents, named};
use engine::reconcile::{PspDay, PspReport, begin_reconciliation, reconcile_psp};
use formats::report::{ReportLine, ReportReader};
use ledger::{Date, Idempotency};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::files::receive;
use super::problem::{not_a_report, not_cleared};
use super::reconciliations::{answer, shown_as, told};
use super::wire::psp_reports::{MappingBody, NewMapping, WhichReport};
use super::wire::reconciliations::ReconciliationBody;
use crate::Platform;
use crate::http::body::{Body, Segments, fingerprint, idempotency_key};
use crate::http::fields::{Params, name};
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::http::uploads::Received;
use crate::operator::accounts::shown;
use crate::operator::callers::Operator;
use crate::operator::problem::not_received;
use crate::operator::wire::document::IdempotencyKey;

/// Longest name of a mapping, in characters.
const NAME_CHARS_MAX: usize = 50;

/// Lists the mappings, newest first.
#[utoipa::path(get, path = "/psp-report-mappings", tag = "reconciliation", params(Page),
    responses((status = 200, body = List<MappingBody>)))]
pub(in crate::operator) async fn list_mappings(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<MappingBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| {
        documents(reader, MAPPINGS, page.after, page.limit, |found| ReportMapping::of(&found))
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |mapping| MappingBody::of(&mapping))))
}

/// Shows a mapping.
#[utoipa::path(get, path = "/psp-report-mappings/{name}", tag = "reconciliation",
    params(("name" = String, Path, description = "What the mapping is called")),
    responses((status = 200, body = MappingBody)))]
pub(in crate::operator) async fn get_mapping(
    State(platform): State<Platform>,
    Segments(name): Segments<String>,
    params: Params,
) -> Result<Json<MappingBody>, Problem> {
    params.finish()?;
    let found = find(&platform, name).await?;
    let found = found.ok_or_else(|| Problem::not_found("no mapping has this name"))?;
    Ok(Json(MappingBody::of(&found)))
}

/// Declares what the columns of a PSP's reports mean.
#[utoipa::path(put, path = "/psp-report-mappings/{name}", tag = "reconciliation",
    params(("name" = String, Path, description = "1 to 50 letters, digits, '-' or '_'")),
    request_body = NewMapping, responses((status = 200, body = MappingBody)))]
pub(in crate::operator) async fn set_mapping(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(called): Segments<String>,
    body: Body<NewMapping>,
) -> Result<Json<MappingBody>, Problem> {
    let called = name(NAME_CHARS_MAX)(called.into());
    let name = called.map_err(|detail| Problem::not_found(format!("a name {detail}")))?;
    let declared = body.value.declared();
    let command = SetMapping { name, declared, actor: operator.actor() };
    let command = Command::SetMapping(Box::new(command));
    let answer = platform.engine.submit(command).await.map_err(not_cleared)?;
    let Outcome::Mapping(mapping) = answer.done else { return Err(Problem::bug()) };
    Ok(Json(MappingBody::of(&mapping)))
}

/// Takes in a PSP's report of a day, whole or not at all, and compares payments with it. Any media
/// type is taken. The same report again changes nothing.
///
/// 201 where the comparison has ended; 202 where it takes longer: it is done all the same.
#[utoipa::path(post, path = "/psp-reports", tag = "reconciliation",
    params(WhichReport, IdempotencyKey),
    request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 201, body = ReconciliationBody),
        (status = 202, body = ReconciliationBody)))]
pub(in crate::operator) async fn add_report(
    State(platform): State<Platform>,
    operator: Operator,
    mut params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let mapping = params.optional("mapping", "a mapping's name", |name| Some(name.to_owned()));
    let day = params.optional("day", "a day, like 2026-11-20", Date::parse);
    params.finish()?;
    let required = |name: &str| Problem::field(format!("?{name}"), "is required");
    let mapping = mapping.flatten().ok_or_else(|| required("mapping"))?;
    let day = day.flatten().ok_or_else(|| required("day"))?;
    let mapping = find(&platform, mapping).await?;
    let mapping = mapping.ok_or_else(|| Problem::field("?mapping", "no mapping has this name"))?;
    let key = idempotency_key(&request)?;
    let received = receive(&platform, request).await?;
    let sha256 = received.sha256.clone();
    let idempotency = key.map(|key| {
        let asked = [("mapping", mapping.name.clone()), ("day", day.to_string())];
        let asked = asked.into_iter().chain([("sha256", sha256.clone())]);
        let fields = asked.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        Idempotency { key, fingerprint: fingerprint(&platform, &fields) }
    });
    let (reading, spool) = (mapping.clone(), platform.spool.dir().to_owned());
    let read = spawn_blocking(move || read_report(&received, &reading, &spool));
    let report = read.await.map_err(|_| Problem::bug())??;
    let scope = Scope::Psp { mapping: mapping.name.clone(), day };
    let (hash, actor) = (Some(sha256.clone()), operator.actor());
    let command = BeginReconciliation { scope, sha256: hash, actor, idempotency };
    let begun = begin_reconciliation(&platform.engine, command).await.map_err(not_cleared)?;
    let (begun, replayed) = begun;
    if replayed && !begun.waits_for(Some(&sha256)) {
        return Ok(shown_as(&begun, true));
    }
    let (number, engine) = (begun.number, platform.engine.clone());
    let (queries, spool) = (platform.queries.clone(), platform.spool.dir().to_owned());
    let of_day = PspDay { declared: mapping.declared, day };
    let run = tokio::spawn(async move {
        let ended = reconcile_psp(engine, &queries, spool, of_day, report, begun).await;
        ended.inspect_err(told)
    });
    answer(&platform, number, run, replayed).await
}

/// Reads a report to its end.
fn read_report(
    received: &Received,
    mapping: &ReportMapping,
    spool: &Path,
) -> Result<PspReport, Problem> {
    let disk = |error: std::io::Error| not_received(error.into());
    let declared = &mapping.declared;
    let mut report = PspReport::new(spool, declared.reference);
    let (mut faults, mut reader) = (Vec::new(), ReportReader::new(&declared.columns));
    let mut file = received.open().map_err(disk)?;
    let mut piece = vec![0; FILE_PIECE_BYTES];
    loop {
        let read = file.read(&mut piece).map_err(disk)?;
        match piece.get(..read) {
            Some(bytes) if read > 0 => reader.feed(bytes),
            Some(_) | None => reader.close(),
        }
        while let Some(line) = reader.next_line() {
            match line {
                ReportLine::Item(item) => report.add(&item).map_err(disk)?,
                ReportLine::Error(fault) if faults.len() < FILE_FAULTS_TOLD_MAX => {
                    faults.push(fault);
                }
                ReportLine::Error(_) => {}
            }
        }
        if read == 0 {
            break;
        }
    }
    match reader.summary() {
        Some(_) if reader.errors() == 0 => Ok(report),
        Some(_) | None => Err(not_a_report(faults, reader.errors())),
    }
}

async fn find(platform: &Platform, called: String) -> Result<Option<ReportMapping>, Problem> {
    let name = ReportMapping::document_name(&called);
    let query = platform.queries.read(move |reader| named(reader, &name));
    Ok(query.await.map_err(Problem::not_read)?.as_ref().and_then(ReportMapping::of))
}

//! The demo's file of an acquirer: a purchase that the tour has booked, one that was made offline,
//! and one on the authorization that the tour has cancelled, which somebody has to look at. A
//! client like any other, over HTTP against the demo.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use formats::rkha21::{Header, Profile, Row, RowKind, Writer};
use ledger::{Currency, Date, Timestamp};
use serde_json::Value;

use super::narration;
use super::seed::{CARD, OPERATOR_KEY, SELLER};
use super::tour;
use crate::client::{Answer, Request, send, upload};
use crate::terminal::say;

const FILES: &str = "/operator/v1/acquirer-files";
const EXCEPTIONS: &str = "/operator/v1/exceptions";

/// How long a few rows may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the tour has left behind.
pub(super) struct Toured<'t> {
    /// The beginning of all ids.
    pub(super) run: &'t str,
    /// The authorization that it has cancelled.
    pub(super) authorization: &'t str,
}

/// Sends the file and deals with what does not agree. `now` is the processing date, and makes the
/// file's number.
///
/// # Errors
/// When something is not answered as it must be.
pub(super) fn play(address: SocketAddr, toured: &Toured<'_>, now: Timestamp) -> anyhow::Result<()> {
    say(&narration::acquirer());
    let header = header(now).context("the clock's day")?;
    let bytes = file(&header, toured)?;
    let length = u64::try_from(bytes.len()).context("the file's length")?;
    let request = Request { method: "POST", path: FILES, token: OPERATOR_KEY, body: "" };
    let answer = upload(address, request, (&mut bytes.as_slice(), length), PATIENCE)?;
    let sent = read(&answer, FILES, 201)?;
    let counts = ["rows_posted", "rows_matched", "rows_refused"];
    let counts = counts.map(|name| sent.get(name).and_then(Value::as_u64).unwrap_or(0));
    say(&narration::file(&header.name(), counts));
    ensure!(counts == [1, 1, 1], "the file came to {}", answer.body);
    let open = format!("{EXCEPTIONS}?status=open&file_id={}", text(&sent, "/id"));
    let request = Request { method: "GET", path: &open, token: OPERATOR_KEY, body: "" };
    let found = read(&send(address, request)?, &open, 200)?;
    let exception = found.pointer("/items/0").context("the row is no exception")?;
    let (reason, detail) = (text(exception, "/reason"), text(exception, "/detail"));
    ensure!(reason == "authorization-ended", "the row was refused for {reason}");
    let line = exception.get("row").and_then(Value::as_u64).unwrap_or(0);
    say(&narration::exception(line, reason, detail));
    let path = format!("{EXCEPTIONS}/{}", text(exception, "/id"));
    let call = |path: &str, body: &str| {
        let request = Request { method: "POST", path, token: OPERATOR_KEY, body };
        read(&send(address, request)?, path, 200)
    };
    call(&format!("{path}/take"), r#"{"owner": "Dag"}"#)?;
    let resolution = r#"{"means": "posted", "without_authorization": true,
        "note": "The goods had left before the shop cancelled"}"#;
    let resolved = call(&format!("{path}/resolve"), resolution)?;
    let transaction = text(&resolved, "/resolution/transaction_id");
    say(&narration::resolved(text(&resolved, "/owner"), transaction));
    say(&narration::balances("after the file", &tour::balances(address)?));
    Ok(())
}

/// A header of the clock's day, whose serial number is the time of day: another run makes another
/// file.
fn header(now: Timestamp) -> Option<Header> {
    let now = now.rfc3339();
    let (day, time) = now.split_once('T')?;
    let digits: String = time.chars().filter(char::is_ascii_digit).take(6).collect();
    Some(Header {
        date: Date::parse(day)?,
        sender: "8850".to_owned(),
        cycle: "20".to_owned(),
        serial: digits.parse().ok()?,
    })
}

fn file(header: &Header, toured: &Toured<'_>) -> anyhow::Result<Vec<u8>> {
    let Toured { run, authorization } = toured;
    let mut writer = Writer::new(Profile::open_v1(), header).context("the file's header")?;
    for (number, source, amount_minor, authorization) in [
        (1, "p2", 5_000, Some(authorization)),
        (2, "f1", 7_500, None),
        (3, "f2", 3_000, Some(authorization)),
    ] {
        let row = Row {
            line: 0,
            kind: RowKind::Purchase,
            date: header.date,
            acquirer_reference: format!("{number:05}{:06}", header.serial),
            amount_minor,
            currency: Currency::SEK,
            authorization: authorization.map(|code| (*code).to_owned()),
            withdrawal_minor: None,
            seller: SELLER.to_owned(),
            card_token: CARD.to_owned(),
            source: format!("{run}-{source}"),
            point_of_sale: Some("Demo Shop".to_owned()),
            channel: None,
            method: None,
            corrects: None,
            receipt: None,
        };
        writer.row(&row).context("a row of the file")?;
    }
    writer.finish().context("the file's trailer")
}

/// The body of an answer that must have this status.
fn read(answer: &Answer, path: &str, status: u16) -> anyhow::Result<Value> {
    let Answer { status_line, body, .. } = answer;
    ensure!(answer.status == status, "{path} answered {status_line}: {body}");
    serde_json::from_str(body).context("an answer is not JSON")
}

fn text<'v>(value: &'v Value, at: &str) -> &'v str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

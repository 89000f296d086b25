//! What is there beside the PSPs: a page that names them, and the control of what they do next.

use serde_json::{Value, json};

use super::Simulators;
use crate::fields::{field, text};
use crate::psp::PspName;
use crate::script::{Outcome, Script};
use crate::wire::{WireAnswer, WireRequest};

/// Most payments or refunds that one call may speak for.
const COUNT_MAX: i64 = 1_000_000;

/// A page that names the PSPs.
pub(super) fn index() -> WireAnswer {
    let psps: Vec<String> = PspName::ALL
        .iter()
        .map(|psp| format!("<li><code>/{0}</code></li>", psp.as_str()))
        .collect();
    let words: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Simulated PSPs</title>\
         <body style=\"font-family:sans-serif;max-width:40em;margin:3em auto\">\
         <h1>Simulated PSPs</h1><p>No money moves here. Each PSP's API is below its own path:</p>\
         <ul>{}</ul><p><code>POST /next/{{psp}}</code> with <code>outcome</code>, and \
         <code>delay_ms</code> and <code>count</code> if need be, says what becomes of the next \
         payments or refunds. Outcomes: {}.</p></body></html>",
        psps.concat(),
        words.join(", "),
    );
    WireAnswer::html(200, html)
}

/// Says what becomes of the next payments or refunds.
pub(super) fn next(simulators: &Simulators, psp: &str, request: &WireRequest) -> WireAnswer {
    let Some(psp) = PspName::parse(psp) else {
        return WireAnswer::json(404, &json!({ "error": "there is no such PSP" }));
    };
    match read(request) {
        Ok((script, count)) => {
            simulators.script(psp, script, count);
            WireAnswer::json(200, &json!({}))
        }
        Err(error) => WireAnswer::json(400, &json!({ "error": error })),
    }
}

fn read(request: &WireRequest) -> Result<(Script, u32), &'static str> {
    let body = request.object_or_nothing().ok_or("the body is no JSON object")?;
    let outcome = match field(&body, "outcome") {
        None => Some(Script::DEFAULT.outcome),
        Some(_) => text(&body, "outcome").and_then(Outcome::parse),
    };
    let outcome = outcome.ok_or("there is no such outcome")?;
    let number = |name: &str, otherwise: i64| match field(&body, name).map(Value::as_i64) {
        None => Some(otherwise),
        Some(number) => number.filter(|number| *number >= 0),
    };
    let delay_ms = number("delay_ms", Script::DEFAULT.delay_ms);
    let delay_ms = delay_ms.ok_or("delay_ms is a whole number, not negative")?;
    let count = number("count", 1).filter(|count| (1..=COUNT_MAX).contains(count));
    let count = count.and_then(|count| u32::try_from(count).ok());
    Ok((Script { outcome, delay_ms }, count.ok_or("count is a whole number from 1")?))
}

//! Sends a file to a server, watches it being applied, and says what became of its rows.

use std::fs::File;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::{Watched, bar};
use crate::client::{self, Answer, Request};
use crate::clock::monotonic;
use crate::command_line::ImportOptions;
use crate::progress::Progress;
use crate::settings::Environment;
use crate::terminal::say;

/// The resource.
const FILES: &str = "/operator/v1/acquirer-files";

/// The variable that has the operator key where no flag has.
const KEY: &str = "KASSA_OPERATOR_KEY";

/// How long a server may take to read a file to its end and to keep it.
const PATIENCE: Duration = Duration::from_mins(30);

/// How often it is asked how far it is.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends a file, and waits until every row of it is posted, matched or refused. The exit code is 1
/// where the server does not take the file, or a row is an exception.
///
/// # Errors
/// When the file cannot be read, there is no key, or the server is not to be had.
pub(crate) fn import(
    options: &ImportOptions,
    environment: Environment<'_>,
) -> anyhow::Result<ExitCode> {
    let failed = || format!("could not read {}", options.file.display());
    let key = options.operator_key.clone().or_else(|| environment(KEY));
    let key = key.with_context(|| format!("give an operator key: --operator-key, or {KEY}"))?;
    let address = client::resolve(&options.url)?;
    let file = File::open(&options.file).with_context(failed)?;
    let total = file.metadata().with_context(failed)?.len();
    let mut file = Watched { file, done: 0, total, word: "sending", bar: bar() };
    let request = Request { method: "POST", path: FILES, token: &key, body: "" };
    let answer = client::upload(address, request, (&mut file, total), PATIENCE)?;
    drop(file);
    let mut shown = match answer.status {
        201 | 202 => json(&answer)?,
        409 | 422 => {
            say(&refused(&json(&answer)?).join("\n"));
            return Ok(ExitCode::FAILURE);
        }
        _ => bail!("the server answers {}: {}", answer.status_line, answer.body),
    };
    let id = text_of(&shown, "id").context("the answer names no file")?.to_owned();
    let path = format!("{FILES}/{id}");
    let mut bar = bar();
    while text_of(&shown, "status") != Some("applied") {
        let (done, total) = (done(&shown), count(&shown, "rows"));
        let progress = Progress { word: "applying", unit: "rows", done, total };
        if let Some(bar) = &mut bar {
            bar.show(progress, monotonic());
        }
        sleep(PAUSE);
        let request = Request { method: "GET", path: &path, token: &key, body: "" };
        let answer = client::send(address, request)?;
        ensure!(answer.status == 200, "the server answers {}", answer.status_line);
        shown = json(&answer)?;
    }
    drop(bar);
    say(&summary(&shown).join("\n"));
    let is_clean = count(&shown, "rows_refused") == 0;
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn json(answer: &Answer) -> anyhow::Result<Value> {
    serde_json::from_str(&answer.body).context("the answer is no JSON")
}

fn text_of<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn items_of<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn count(file: &Value, name: &str) -> u64 {
    file.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// How many rows have been dealt with.
fn done(file: &Value) -> u64 {
    let counts = ["rows_posted", "rows_matched", "rows_refused"].map(|name| count(file, name));
    counts.into_iter().fold(0, u64::saturating_add)
}

/// Why a server does not take a file: its words, and the rows that it names.
fn refused(problem: &Value) -> Vec<String> {
    let text = |value, name| text_of(value, name).unwrap_or_default();
    let rows = items_of(problem, "rows");
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(format!("{:>9}  {:>6}  {}", "row", "column", "reason"));
    }
    for row in rows {
        let (line, column) = (count(row, "row"), count(row, "column"));
        lines.push(format!("{line:>9}  {column:>6}  {}", text(row, "reason")));
    }
    lines.push(format!("{}: {}", text(problem, "title"), text(problem, "detail")));
    lines
}

/// What became of the rows.
fn summary(file: &Value) -> Vec<String> {
    let text = |name| text_of(file, name).unwrap_or_default();
    let mut lines = vec![
        format!("file {}, acquirer batch {}", text("id"), text("acquirer_batch_id")),
        String::new(),
        format!("{:<10}  {:>9}", "rows", count(file, "rows")),
    ];
    for name in ["posted", "matched", "refused"] {
        lines.push(format!("{name:<10}  {:>9}", count(file, &format!("rows_{name}"))));
    }
    let refused = items_of(file, "refused_rows");
    if !refused.is_empty() {
        lines.extend([String::new(), format!("{:>9}  {:<28}  {}", "row", "reason", "exception")]);
    }
    for row in refused {
        let text = |name| text_of(row, name).unwrap_or_default();
        let (line, reason, id) = (count(row, "row"), text("reason"), text("exception_id"));
        lines.push(format!("{line:>9}  {reason:<28}  {id}"));
    }
    let told = u64::try_from(refused.len()).unwrap_or(u64::MAX);
    match count(file, "rows_refused").saturating_sub(told) {
        0 => {}
        more => lines.push(format!("and {more} more: GET /operator/v1/exceptions?file_id=")),
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_became_of_rows_is_a_table() {
        let file = json!({
            "id": "7", "acquirer_batch_id": "261120885020", "rows": 5, "rows_posted": 2,
            "rows_matched": 1, "rows_refused": 2,
            "refused_rows": [{"row": 3, "reason": "card-unknown", "exception_id": "9"}],
        });
        assert_eq!(done(&file), 5);
        assert_eq!(
            summary(&file).join("\n"),
            "file 7, acquirer batch 261120885020\n\n\
             rows                5\n\
             posted              2\n\
             matched             1\n\
             refused             2\n\n\
             \x20     row  reason                        exception\n\
             \x20       3  card-unknown                  9\n\
             and 1 more: GET /operator/v1/exceptions?file_id="
        );
    }

    #[test]
    fn a_refusal_names_its_rows() {
        let problem = json!({
            "title": "The file is not in order", "detail": "nothing of it was kept",
            "rows": [{"row": 2, "column": 30, "reason": "the amount must be above zero"}],
        });
        assert_eq!(
            refused(&problem),
            [
                "      row  column  reason",
                "        2      30  the amount must be above zero",
                "The file is not in order: nothing of it was kept",
            ]
        );
    }
}

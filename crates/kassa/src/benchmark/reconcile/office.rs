//! Who works with files: the operator API as a client of it sees it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use ledger::Timestamp;
use serde_json::Value;

use crate::client::{Request, send, upload};

/// The operator key of the benchmark's store.
pub(super) const KEY: &str = "benchmark-operator-key";

/// How long an upload may take.
const PATIENCE: Duration = Duration::from_mins(30);

/// How often it is asked how far something is.
const PAUSE: Duration = Duration::from_millis(20);

/// Talks to a server.
pub(super) struct Office {
    address: SocketAddr,
}

/// What became of a file's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) posted: u64,
    pub(super) matched: u64,
    pub(super) refused: u64,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) reference: String,
    pub(super) reason: String,
}

impl Office {
    pub(super) fn new(address: SocketAddr) -> Office {
        Office { address }
    }

    /// Sends a file, and waits until it is applied.
    pub(super) fn import(&self, path: &Path) -> anyhow::Result<Counts> {
        let id = self.send(path)?;
        self.wait_until_applied(&id)
    }

    /// Sends a file; gives its id.
    pub(super) fn send(&self, path: &Path) -> anyhow::Result<String> {
        let mut file = File::open(path).context("could not read the day")?;
        let length = file.metadata()?.len();
        let resource = "/operator/v1/acquirer-files";
        let request = Request { method: "POST", path: resource, token: KEY, body: "" };
        let answer = upload(self.address, request, (&mut file, length), PATIENCE)?;
        ensure!([201, 202].contains(&answer.status), "{}: {}", answer.status_line, answer.body);
        id_of(&serde_json::from_str(&answer.body)?)
    }

    pub(super) fn wait_until_applied(&self, id: &str) -> anyhow::Result<Counts> {
        let path = format!("/operator/v1/acquirer-files/{id}");
        let file = self.wait_for(&path, "applied")?;
        let count = |name: &str| {
            file.get(name).and_then(Value::as_u64).with_context(|| format!("no {name}"))
        };
        Ok(Counts {
            rows: count("rows")?,
            posted: count("rows_posted")?,
            matched: count("rows_matched")?,
            refused: count("rows_refused")?,
        })
    }

    /// Waits until the ledger was compared with the file of a batch, which follows an import by
    /// itself; how long that took, by the server's clock.
    pub(super) fn wait_until_compared(&self, batch: &str) -> anyhow::Result<Duration> {
        loop {
            // Only the newest have to be looked at: nothing else is compared here.
            let page = self.get("/operator/v1/reconciliations?limit=10")?;
            let items = page.get("items").and_then(Value::as_array).context("no items")?;
            let is_it = |item: &&Value| {
                let text = |name| text_of(item, name);
                text("acquirer_batch_id").as_deref() == Some(batch)
                    && text("status").as_deref() == Some("ended")
            };
            if let Some(ended) = items.iter().find(is_it) {
                let time = |name| {
                    let time = text_of(ended, name);
                    time.as_deref().and_then(Timestamp::parse_rfc3339).context("no time")
                };
                let took = time("ended_at")?.0.saturating_sub(time("started_at")?.0);
                return Ok(Duration::from_millis(u64::try_from(took).unwrap_or(0)));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// What was found in a file, and by the comparison of its batch.
    pub(super) fn exceptions(&self, file: &str, batch: &str) -> anyhow::Result<Vec<Found>> {
        let mut found = self.list(&format!("file_id={file}"))?;
        found.extend(self.list(&format!("comparison=batch:{batch}"))?);
        Ok(found)
    }

    fn list(&self, filter: &str) -> anyhow::Result<Vec<Found>> {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/operator/v1/exceptions?limit=200&{filter}{after}");
            let page = self.get(&path)?;
            for item in page.get("items").and_then(Value::as_array).context("no items")? {
                let text = |name| text_of(item, name).with_context(|| format!("no {name}: {item}"));
                found.push(Found { reference: text("reference")?, reason: text("reason")? });
            }
            match text_of(&page, "next") {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(found),
            }
        }
    }

    fn wait_for(&self, path: &str, status: &str) -> anyhow::Result<Value> {
        loop {
            let body = self.get(path)?;
            if text_of(&body, "status").as_deref() == Some(status) {
                return Ok(body);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = Request { method: "GET", path, token: KEY, body: "" };
        let answer = send(self.address, request)?;
        ensure!(answer.status == 200, "{path} answered {}: {}", answer.status_line, answer.body);
        serde_json::from_str(&answer.body).context("the answer is no JSON")
    }
}

fn id_of(body: &Value) -> anyhow::Result<String> {
    text_of(body, "id").context("the answer has no id")
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

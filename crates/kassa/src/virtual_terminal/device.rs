//! Activation and calls home, as a device does them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use engine::Randomness as _;
use estate::draw::hex;
use serde_json::{Value, json};

use super::state::State;
use super::updates::Ordered;
use crate::client::{Answer, Request, send_with};
use crate::clock::OsRandomness;
use crate::command_line::TerminalOptions;
use crate::terminal::say;

/// A virtual device.
pub(super) struct Device<'o> {
    /// The server.
    pub(super) address: SocketAddr,
    /// What was asked of it.
    pub(super) options: &'o TerminalOptions,
    /// What it remembers.
    pub(super) state: State,
    /// What stands before its lines, where more than one speaks.
    pub(super) name: Option<&'o str>,
}

/// What a call home was answered.
pub(super) struct Told {
    /// The terminal's configuration.
    pub(super) configuration: Value,
    /// What to install.
    pub(super) updates: Vec<Ordered>,
    /// How long until the next call.
    pub(super) next_call: Duration,
}

/// The token is not, or no longer, good: there is nothing left that this device can do.
#[derive(Debug, thiserror::Error)]
#[error("the server does not know this device; activate it again in an empty --state-dir")]
pub(super) struct NotThisDevice;

impl Device<'_> {
    /// Says what happens.
    pub(super) fn tell(&self, line: &str) {
        match self.name {
            Some(name) => say(&format!("{name}  {line}")),
            None => say(line),
        }
    }

    /// Activates itself, unless it has done so before.
    ///
    /// # Errors
    /// When the server refuses, or the code is missing.
    pub(super) fn become_terminal(&mut self) -> anyhow::Result<()> {
        if !self.state.text("device_token").is_empty() {
            let (id, name) = (self.state.text("terminal_id"), self.state.text("merchant"));
            self.tell(&format!("resumed as terminal {id} of {name}"));
            return Ok(());
        }
        let code = self.options.activation_code.as_deref();
        let code = code.context("give --activation-code, or the --state-dir of an earlier run")?;
        if self.state.text("activation_key").is_empty() {
            // Kept before it is sent: if the answer is lost, the repeat gets it.
            self.state.keep("activation_key", random_hex())?;
        }
        let body = json!({
            "terminal_id": self.options.terminal_id,
            "activation_code": code,
            "serial_number": self.serial(),
            "model": self.options.model,
            "application_version": self.options.application_version,
        });
        let key = self.state.text("activation_key").to_owned();
        let headers = [("Idempotency-Key", key.as_str())];
        let answer = self.send("/device/v1/activate", "", &body.to_string(), &headers)?;
        ensure!(answer.status == 201, "the activation was refused: {}", told_by(&answer));
        let body: Value = serde_json::from_str(&answer.body)?;
        let terminal = at(&body, "terminal");
        let merchant = at(terminal, "merchant");
        for (name, value) in [
            ("terminal_id", at(terminal, "terminal_id")),
            ("company", at(merchant, "company_number")),
            ("seller", at(merchant, "seller_number")),
            ("merchant", at(merchant, "name")),
        ] {
            self.state.keep(name, value.clone())?;
        }
        self.state.keep("application_version", self.options.application_version.as_str())?;
        self.state.keep("device_token", at(&body, "device_token").clone())?;
        let (id, name) = (self.state.text("terminal_id"), self.state.text("merchant"));
        let (model, serial) = (&self.options.model, self.serial());
        self.tell(&format!(
            "activated as terminal {id} of {name}: {model}, serial number {serial}"
        ));
        Ok(())
    }

    /// The device's serial number: the one that was given, or one that the terminal's id makes.
    fn serial(&self) -> String {
        let options = self.options;
        let made = || format!("VT-{}", options.terminal_id.as_deref().unwrap_or("0"));
        options.serial.clone().unwrap_or_else(made)
    }

    /// Calls home.
    ///
    /// # Errors
    /// [`NotThisDevice`], or when the call failed.
    pub(super) fn call_home(&mut self) -> anyhow::Result<Told> {
        let body = json!({ "application_version": self.state.text("application_version") });
        let answer = self.post("/device/v1/call-home", &body)?;
        let updates: Vec<Ordered> =
            list(at(&answer, "updates")).iter().filter_map(Ordered::of).collect();
        let seconds =
            at(&answer, "next_call_home_seconds").as_u64().context("no time to call again")?;
        let version = at(&answer, "configuration_version").as_str().unwrap_or_default();
        let news = if version == self.state.text("configuration_version") { "" } else { " (new)" };
        let count = updates.len();
        self.tell(&format!(
            "called home: configuration {version}{news}, {count} updates, next call in {seconds} s"
        ));
        let version = version.to_owned();
        self.state.keep("configuration_version", version)?;
        let configuration = at(&answer, "configuration").clone();
        Ok(Told { configuration, updates, next_call: Duration::from_secs(seconds) })
    }

    /// Sends a request as the device, and reads the answer to one that was granted.
    ///
    /// # Errors
    /// [`NotThisDevice`], or the server's reason.
    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.send(path, self.state.text("device_token"), &body.to_string(), &[])?;
        match answer.status {
            200 => Ok(serde_json::from_str(&answer.body)?),
            401 => Err(NotThisDevice.into()),
            _ => bail!("{path}: {}", told_by(&answer)),
        }
    }

    /// Posts anything.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) fn send(
        &self,
        path: &str,
        token: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let request = Request { method: "POST", path, token, body };
        send_with(self.address, request, headers)
    }
}

/// 128 random bits as text.
pub(super) fn random_hex() -> String {
    let mut bits = [0; 16];
    OsRandomness.fill(&mut bits);
    hex(&bits)
}

/// A field of an object; `null` where there is none.
pub(super) fn at<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The items of a list; none where it is none.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What a refusal says, on one line.
pub(super) fn told_by(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    // The card ledger's problems have capitals.
    let said =
        ["detail", "Detail", "title", "Title"].iter().find_map(|name| at(&body, name).as_str());
    match said {
        Some(said) => format!("{}: {said}", answer.status_line),
        None => answer.status_line.clone(),
    }
}

//! A PSP in a test: its clock, its credentials, and what it has called back.

use serde_json::Value;

use crate::psp::PspName;
use crate::script::{Outcome, Script};
use crate::truth::{Effect, Standing, Truth};
use crate::wire::{Callback, WireAnswer, WireRequest};
use crate::world::Simulator;

/// How long a scripted outcome takes.
pub(crate) const DELAY_MS: i64 = 300;

/// A PSP in a test.
pub(crate) struct Trial {
    pub(crate) simulator: Simulator,
    pub(crate) now_ms: i64,
    headers: Vec<(String, String)>,
}

/// What is expected of one outcome of a payment.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) outcome: Outcome,
    /// The status of the creating answer; `None` where it is lost.
    pub(crate) status: Option<u16>,
    /// Callbacks before the answer, and by the end.
    pub(crate) callbacks: (usize, usize),
    pub(crate) standing: Standing,
}

impl Trial {
    pub(crate) fn new(psp: PspName, headers: &[(&str, &str)]) -> Trial {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let simulator = Simulator::new(psp, 7);
        Trial { simulator, now_ms: 1_700_000_000_000, headers: headers.collect() }
    }

    pub(crate) fn script(&mut self, outcome: Outcome) {
        self.simulator.script(Script { outcome, delay_ms: DELAY_MS }, 1);
    }

    /// Sends a request with the usual headers and some more.
    pub(crate) fn send_with(
        &mut self,
        call: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> (Option<WireAnswer>, Vec<Callback>) {
        let (method, path) = call.split_once(' ').unwrap();
        let mut headers = self.headers.clone();
        for (name, value) in more {
            headers.retain(|(other, _)| other != name);
            headers.push(((*name).to_owned(), (*value).to_owned()));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request =
            WireRequest { method: method.to_owned(), path: path.to_owned(), headers, body };
        let handled = self.simulator.handle(&request, self.now_ms);
        for callback in &handled.callbacks_first {
            self.simulator.delivered(callback.id, true, self.now_ms);
        }
        (handled.answer, handled.callbacks_first)
    }

    /// Sends a request and wants an answer with that status.
    pub(crate) fn send(&mut self, call: &str, body: &Value, status: u16) -> Value {
        let answer = self.answer(call, &[], body);
        assert_eq!(answer.status, status, "{call}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// Sends a request and wants an answer.
    pub(crate) fn answer(&mut self, call: &str, more: &[(&str, &str)], body: &Value) -> WireAnswer {
        self.send_with(call, more, body).0.unwrap_or_else(|| panic!("{call}: no answer"))
    }

    /// Chooses on a payer's page, and gives the answer.
    pub(crate) fn click(&mut self, page: &str, act: &str) -> WireAnswer {
        let request = WireRequest {
            method: "POST".to_owned(),
            path: page.to_owned(),
            headers: Vec::new(),
            body: format!("act={act}"),
        };
        self.simulator.handle(&request, self.now_ms).answer.unwrap()
    }

    /// Lets time pass, and receives what is called back.
    pub(crate) fn wait(&mut self, ms: i64) -> Vec<Callback> {
        self.now_ms += ms;
        let callbacks = self.simulator.due(self.now_ms);
        for callback in &callbacks {
            self.simulator.delivered(callback.id, true, self.now_ms);
        }
        callbacks
    }

    pub(crate) fn truth(&self, reference: &str) -> Truth {
        self.simulator.truth(reference)
    }

    pub(crate) fn check_standing(&self, reference: &str, expected: Standing) {
        assert_eq!(self.truth(reference).standing, expected, "{reference}");
    }
}

/// What a callback says.
pub(crate) fn said(callback: &Callback) -> Value {
    serde_json::from_str(&callback.body).unwrap()
}

/// A header of an answer.
pub(crate) fn header<'a>(answer: &'a WireAnswer, name: &str) -> &'a str {
    let found = answer.headers.iter().find(|(named, _)| named == name);
    found.map_or_else(|| panic!("no header {name}"), |(_, value)| value)
}

/// So much, once.
pub(crate) fn once(amount_minor: i64) -> Effect {
    Effect { times: 1, amount_minor }
}

/// With one field set; a path like `a.0.b`.
pub(crate) fn set(mut body: Value, path: &str, value: Value) -> Value {
    let mut place = &mut body;
    for part in path.split('.') {
        place = match part.parse::<usize>() {
            Ok(at) => &mut place[at],
            Err(_) => &mut place[part],
        };
    }
    *place = value;
    body
}

//! The demo's payments over PSPs: one over Swish, one that the payer declines, and a Klarna order
//! that is captured and partly refunded. A client like any other, over HTTP against the demo.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::narration;
use super::seed::{CONSUMER_KEY, CONSUMER_SECRET, MERCHANT_ID, OPERATOR_KEY};
use crate::client::{Answer, Request, send};
use crate::terminal::say;

const MOUNT: &str = "/ms/aapay/v2/transaction";

/// How often it is asked whether a payment is decided, and how long to wait in between.
const ASKS_MAX: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Plays all payments and tells of each. `run` is the beginning of all references.
///
/// # Errors
/// When one does not end as it must.
pub(super) fn play(address: SocketAddr, run: &str) -> anyhow::Result<()> {
    let till = Till { address, token: token() };
    say(&narration::payments());
    till.pay("Swish, 100.00 SEK: the payer approves in their app", &swish(run, 1), "FINALIZED")?;
    till.script("swish", "decline")?;
    let declined = till.pay("Swish again: the payer says no", &swish(run, 2), "REJECTED");
    declined?;
    let order = till.pay("Klarna, 250.00 SEK: reserved", &klarna(run), "RESERVED")?;
    let capture = format!("/operator/v1/payments/{order}/capture");
    till.call(&capture, OPERATOR_KEY, "{}", 200)?;
    till.await_state("  captured, once the goods have left", order, "FINALIZED")?;
    let refund = amounts("KLARNA", 5_000, &format!("\"originalReference\": \"{order}\""));
    let refund = till.initialize("refund", &refund)?;
    till.await_state("  50.00 of it given back", refund, "FINALIZED")?;
    Ok(())
}

/// The bearer of alternative payments.
pub(super) fn token() -> String {
    STANDARD.encode(format!("{CONSUMER_KEY}:{CONSUMER_SECRET}"))
}

fn swish(run: &str, number: usize) -> String {
    amounts("SWISH_E_COM", 10_000, &format!("\"terminalReference\": \"{run}-s{number}\""))
}

fn klarna(run: &str) -> String {
    amounts("KLARNA", 25_000, &format!("\"terminalReference\": \"{run}-k\""))
}

/// A request for an amount with 25 % tax in it.
fn amounts(method: &str, total: i64, more: &str) -> String {
    let vat = total.div_euclid(5);
    let nominal = total.saturating_sub(vat);
    format!(
        "{{\"merchantId\": \"{MERCHANT_ID}\", \"method\": \"{method}\", \
         \"purchaseAmount\": {{\"currencyCode\": \"SEK\", \"vatAmount\": {vat}, \
         \"nominalAmount\": {nominal}, \"totalAmount\": {total}}}, \
         \"consumer\": {{\"consumerId\": \"46712345678\", \"name\": \"Alma Demo\"}}, {more}}}"
    )
}

struct Till {
    address: SocketAddr,
    token: String,
}

impl Till {
    /// Asks for a payment and waits for what becomes of it.
    fn pay(&self, title: &str, body: &str, expected: &str) -> anyhow::Result<i64> {
        let number = self.initialize("payment", body)?;
        self.await_state(title, number, expected)?;
        Ok(number)
    }

    fn initialize(&self, kind: &str, body: &str) -> anyhow::Result<i64> {
        let path = format!("{MOUNT}/{kind}/initialize");
        let answer = self.call(&path, &self.token, body, 202)?;
        let answer: Value = serde_json::from_str(&answer.body).context("an answer is not JSON")?;
        let number = answer.pointer("/response/request/transaction/transactionId");
        number.and_then(Value::as_i64).context("an answer has no transactionId")
    }

    /// Waits until a payment has come to a state, and tells how.
    fn await_state(&self, title: &str, number: i64, expected: &str) -> anyhow::Result<()> {
        let path = format!("{MOUNT}/{number}/status");
        let mut state = String::new();
        for _ in 0..ASKS_MAX {
            let request = Request { method: "GET", path: &path, token: &self.token, body: "" };
            let answer = send(self.address, request)?;
            let answer: Value = serde_json::from_str(&answer.body).context("no JSON")?;
            let text = |at: &str| answer.pointer(at).and_then(Value::as_str).unwrap_or_default();
            text("/state").clone_into(&mut state);
            if state == expected {
                let transitions = answer.pointer("/response/request/transaction/transitions");
                let transitions = transitions.and_then(Value::as_array).into_iter().flatten();
                let states = transitions.filter_map(|it| it.get("to").and_then(Value::as_str));
                let states: Vec<&str> = states.collect();
                say(&narration::payment(title, number, &states, text("/accountState")));
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!("payment {number} is {state}, not {expected}")
    }

    /// Says what the payer does next.
    fn script(&self, psp: &str, outcome: &str) -> anyhow::Result<()> {
        let path = format!("/operator/v1/simulators/{psp}/next");
        self.call(&path, OPERATOR_KEY, &format!(r#"{{"outcome": "{outcome}"}}"#), 200)?;
        Ok(())
    }

    fn call(&self, path: &str, token: &str, body: &str, status: u16) -> anyhow::Result<Answer> {
        let answer = send(self.address, Request { method: "POST", path, token, body })?;
        let (line, told) = (&answer.status_line, &answer.body);
        ensure!(answer.status == status, "{path} answered {line}: {told}");
        Ok(answer)
    }
}

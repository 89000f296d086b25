//! The tour: one card payment from authorization to cancellation, over HTTP against the demo.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::narration::{self, Balances};
use super::seed::{CARD, COMPANY, LEDGER_TOKEN, OPERATOR_KEY, SELLER};
use crate::client::{Answer, Request, send};
use crate::terminal::say;

/// Plays all steps and tells of each. `run` is the beginning of all ids. Returns the authorization,
/// which is cancelled in the end.
///
/// # Errors
/// When a step is not answered as it must be.
pub(super) fn play(address: SocketAddr, run: &str) -> anyhow::Result<String> {
    let tour = Tour { address, root: format!("/ledger/credit-account-acquiring/v1/{COMPANY}") };
    say(&narration::introduction(&balances(address)?));
    let authorized = tour.step(
        1,
        "Authorize 300.00 SEK: the shop asks, the account reserves",
        "/authorizations",
        &format!(
            r#"{{"sourceAuthorizationTransactionId": "{run}-a", "sellerNumber": "{SELLER}", "#
        ),
        &format!(
            "\"cardToken\": \"{CARD}\", \"type\": \"purchase\", \"pointOfSale\": \"Demo Shop\", \
             \"authorizationAmount\": 300.00, \"currency\": \"SEK\"}}"
        ),
    )?;
    let id = authorization_id(&authorized.body)?;
    let capture = |source: &str, amount: &str| {
        format!("\"sourcePurchaseTransactionId\": \"{run}-{source}\", \"amount\": {amount}}}")
    };
    let authorization = format!(r#"{{"authorizationId": "{id}", "#);
    let captures = [
        (2, "Capture 100.00: the first parcel leaves the shop", capture("p1", "100.00")),
        (3, "Capture 50.00: the second parcel", capture("p2", "50.00")),
    ];
    for (number, title, body) in captures {
        tour.step(number, title, "/purchases", &authorization, &body)?;
    }
    tour.step(
        4,
        "Correct 20.00 of the first: the customer sent something back",
        &format!("/purchases/{run}-p1/corrections"),
        &format!(r#"{{"sourceCorrectionTransactionId": "{run}-c1", "#),
        "\"amount\": 20.00}",
    )?;
    tour.step(
        5,
        "Cancel the rest: nothing more will be sent",
        &format!("/authorizations/{id}/cancellations"),
        "{}",
        "",
    )?;
    Ok(id)
}

struct Tour {
    address: SocketAddr,
    root: String,
}

impl Tour {
    /// Sends one request and tells of it. The body comes in two parts, for the writer's sake.
    fn step(
        &self,
        number: usize,
        title: &str,
        path: &str,
        body_start: &str,
        body_rest: &str,
    ) -> anyhow::Result<Answer> {
        let path = format!("{}{path}", self.root);
        let body = format!("{body_start}{body_rest}");
        let request = Request { method: "POST", path: &path, token: LEDGER_TOKEN, body: &body };
        let answer = send(self.address, request)?;
        ensure!(answer.status == 201, "{path} answered {}: {}", answer.status_line, answer.body);
        let balances = balances(self.address)?;
        say(&narration::step(number, title, self.address, request, &answer, &balances));
        Ok(answer)
    }
}

/// Asks the operator API how the account stands.
///
/// # Errors
/// When it does not say.
pub(super) fn balances(address: SocketAddr) -> anyhow::Result<Balances> {
    let path = format!("/operator/v1/accounts?card_token={CARD}");
    let request = Request { method: "GET", path: &path, token: OPERATOR_KEY, body: "" };
    let answer = send(address, request)?;
    ensure!(answer.status == 200, "{path} answered {}: {}", answer.status_line, answer.body);
    let answer: Value = serde_json::from_str(&answer.body).context("an account is not JSON")?;
    let account = answer.pointer("/items/0").unwrap_or(&answer);
    let amount = |name: &str| {
        let amount = account.get(name).and_then(Value::as_str);
        amount.map(str::to_owned).with_context(|| format!("an account has no {name}"))
    };
    Ok(Balances {
        limit: amount("credit_limit")?,
        debt: amount("debt")?,
        reserved: amount("reserved_amount")?,
        available: amount("available_amount")?,
    })
}

/// The last part of the authorization's link: clients follow links.
fn authorization_id(body: &str) -> anyhow::Result<String> {
    let body: Value = serde_json::from_str(body).context("the authorization is not JSON")?;
    let link = body.get("@id").and_then(Value::as_str).context("the authorization has no @id")?;
    let id = link.rsplit('/').next().filter(|id| !id.is_empty());
    Ok(id.context("the authorization's @id is empty")?.to_owned())
}

//! Purchases, as a device rings them up: online it asks the ledger, offline it decides by its own
//! configuration and tells the server later.

use anyhow::{Context as _, ensure};
use engine::Clock as _;
use ledger::{Currency, Decimal};
use serde_json::{Value, json};

use super::device::{Device, at, list, random_hex, told_by};
use crate::clock::SystemClock;

/// What the terminal has stored and may still store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stored {
    count: i64,
    total_minor: i64,
}

impl Device<'_> {
    /// Rings up as many purchases as were asked for, each authorized and then booked.
    ///
    /// # Errors
    /// When the server is lost. What the ledger declines is a line and no error.
    pub(super) fn ring_up_online(&mut self) -> anyhow::Result<()> {
        for _ in 0..self.options.online {
            let number = self.next_number()?;
            self.buy(&number)?;
        }
        Ok(())
    }

    fn buy(&self, number: &str) -> anyhow::Result<()> {
        let options = self.options;
        let (amount, currency) = (&options.amount, &options.currency);
        let card = options.card_token.as_deref().context("give --card-token")?;
        let token = options.ledger_token.as_deref().context("give --ledger-token")?;
        let terminal = self.state.text("terminal_id");
        let root = format!("/ledger/card-transaction/v1/{}", self.state.text("company"));
        let authorization = json!({
            "sourceAuthorizationTransactionId": format!("{terminal}-{number}-a"),
            "sellerNumber": self.state.text("seller"),
            "cardToken": card,
            "type": "purchase",
            "pointOfSale": terminal,
            "currency": currency,
        });
        let authorization = with_amount(&authorization, "authorizationAmount", amount)?;
        let path = format!("{root}/authorizations");
        let answer = self.send(&path, token, &authorization, &[])?;
        if answer.status != 201 {
            let reason = told_by(&answer);
            self.tell(&format!("purchase {number}: {amount} {currency} not taken: {reason}"));
            return Ok(());
        }
        let authorized: Value = serde_json::from_str(&answer.body)?;
        // The answer is a link, and the id is where it ends.
        let link = at(&authorized, "@id").as_str().unwrap_or_default();
        let id = link.rsplit('/').next().filter(|id| !id.is_empty());
        let id = id.context("the authorization has no @id")?;
        let purchase = json!({
            "authorizationId": id,
            "sourcePurchaseTransactionId": format!("{terminal}-{number}-p"),
        });
        let purchase = with_amount(&purchase, "amount", amount)?;
        let answer = self.send(&format!("{root}/purchases"), token, &purchase, &[])?;
        ensure!(answer.status == 201, "purchase {number}: {}", told_by(&answer));
        self.tell(&format!(
            "purchase {number}: {amount} {currency} online, authorized as {id}, booked"
        ));
        Ok(())
    }

    /// Accepts as many purchases as were asked for without asking anyone, where the configuration
    /// allows it, and stores them.
    ///
    /// # Errors
    /// When they cannot be written down.
    pub(super) fn ring_up_offline(&mut self, configuration: &Value) -> anyhow::Result<()> {
        for _ in 0..self.options.offline {
            let (amount, code) = (self.options.amount.clone(), self.options.currency.clone());
            let currency = Currency::parse(&code).context("--currency is none")?;
            let minor = Decimal::parse(&amount)?.minor(currency)?;
            let stored = self.stored(currency);
            let mode = match accept(configuration, stored, minor, &code) {
                Ok(mode) => mode,
                Err(reason) => {
                    self.tell(&format!("offline: {amount} {code} not accepted: {reason}"));
                    return Ok(());
                }
            };
            let number = self.next_number()?;
            let card = self.options.card_token.as_deref().context("give --card-token")?;
            let item = json!({
                "id": number, "card_token": card, "amount": amount, "currency": code,
                "entry_mode": mode, "accepted_at": SystemClock.now().rfc3339(), "receipt": number,
            });
            let mut items = self.state.list("stored").to_vec();
            items.push(item);
            self.state.keep("stored", items)?;
            self.tell(&format!("offline {number}: {amount} {code} accepted and stored"));
        }
        Ok(())
    }

    /// Uploads what is stored. What has an answer is stored no more.
    ///
    /// # Errors
    /// When the server is lost or refuses the upload; then all of it stays.
    pub(super) fn upload_offline(&mut self) -> anyhow::Result<()> {
        let items = self.state.list("stored").to_vec();
        if items.is_empty() {
            return Ok(());
        }
        let answer = self.post("/device/v1/transactions", &json!({ "transactions": items }))?;
        for result in list(at(&answer, "transactions")) {
            let text = |name: &str| at(result, name).as_str().unwrap_or_default();
            let again =
                if at(result, "replayed") == &Value::Bool(true) { ", as before" } else { "" };
            let became = match text("status") {
                "posted" => format!("booked as {}{again}", text("transaction_id")),
                _ => format!("refused: {}", text("reason")),
            };
            self.tell(&format!("offline {}: {became}", text("id")));
        }
        self.state.keep("stored", Vec::<Value>::new())
    }

    fn stored(&self, currency: Currency) -> Stored {
        let items = self.state.list("stored");
        let minor =
            |item: &Value| Decimal::parse(at(item, "amount").as_str()?).ok()?.minor(currency).ok();
        let total_minor = items.iter().filter_map(minor).fold(0, i64::saturating_add);
        Stored { count: i64::try_from(items.len()).unwrap_or(i64::MAX), total_minor }
    }

    /// The next number of a purchase. Its beginning tells this life of the terminal from earlier
    /// ones, which have used the same numbers.
    fn next_number(&mut self) -> anyhow::Result<String> {
        if self.state.text("life").is_empty() {
            let life: String = random_hex().chars().take(6).collect();
            self.state.keep("life", life)?;
        }
        let number = self.state.number("purchases").saturating_add(1);
        self.state.keep("purchases", number)?;
        Ok(format!("{}-{number:06}", self.state.text("life")))
    }
}

/// How a card may be read for one more purchase that nobody is asked about, or why it must not be
/// accepted: the rules that the server applies to an upload.
fn accept(
    configuration: &Value,
    stored: Stored,
    minor: i64,
    currency: &str,
) -> Result<&'static str, &'static str> {
    let deferred = at(configuration, "deferred_authorization");
    let is_over =
        |number: i64, limit: &str| at(deferred, limit).as_i64().is_some_and(|max| number > max);
    if at(deferred, "enabled") != &Value::Bool(true) {
        return Err("the terminal must accept nothing offline");
    }
    let may_read =
        |mode: &str| list(at(deferred, "supported_card_entry_modes")).iter().any(|m| m == mode);
    let mode =
        ["chip", "contactless", "magnetic_stripe", "manual"].into_iter().find(|m| may_read(m));
    let mode = mode.ok_or("no way of reading a card is allowed offline")?;
    if at(configuration, "currency").as_str().is_some_and(|own| own != currency) {
        return Err("the terminal takes another currency");
    }
    if is_over(minor, "max_transaction_amount") {
        return Err("the amount is more than one purchase may be");
    }
    if is_over(stored.count.saturating_add(1), "max_transaction_count") {
        return Err("as many purchases are stored as may be");
    }
    if is_over(stored.total_minor.saturating_add(minor), "max_total_amount") {
        return Err("as much money is stored as may be");
    }
    Ok(mode)
}

/// A body with an amount as the card ledger's contract writes it: a number, which must not pass
/// through a float.
fn with_amount(body: &Value, name: &str, amount: &str) -> anyhow::Result<String> {
    Decimal::parse(amount).with_context(|| format!("{amount} is no amount"))?;
    let body = body.to_string();
    let rest = body.strip_prefix('{').context("the body is no object")?;
    Ok(format!("{{\"{name}\":{amount},{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A purchase of 100.00 SEK where so many, and so much, are stored.
    #[track_caller]
    fn check(changes: &[(&str, Value)], count: i64, total_minor: i64, expected: &str) {
        let mut deferred = json!({
            "enabled": true, "max_transaction_count": 3, "max_transaction_amount": 10_000,
            "max_total_amount": 20_000, "supported_card_entry_modes": ["contactless", "chip"],
        });
        for (name, value) in changes {
            deferred[*name] = value.clone();
        }
        let configuration = json!({ "currency": "SEK", "deferred_authorization": deferred });
        let found = accept(&configuration, Stored { count, total_minor }, 10_000, "SEK");
        assert!(found.unwrap_or_else(|reason| reason).contains(expected), "{found:?}");
    }

    #[test]
    fn the_terminals_own_limits_hold_at_their_edges() {
        check(&[], 0, 0, "chip");
        check(&[], 2, 10_000, "chip");
        check(&[], 3, 0, "as many");
        check(&[], 0, 10_001, "as much");
        check(&[("max_transaction_amount", json!(9_999))], 0, 0, "more than one");
        check(&[("enabled", json!(false))], 0, 0, "nothing offline");
        check(&[("supported_card_entry_modes", json!(["manual"]))], 0, 0, "manual");
        check(&[("supported_card_entry_modes", json!([]))], 0, 0, "no way");
        let euro = json!({ "currency": "EUR", "deferred_authorization": { "enabled": true,
            "supported_card_entry_modes": ["chip"] } });
        let stored = Stored { count: 0, total_minor: 0 };
        assert!(accept(&euro, stored, 1, "SEK").unwrap_err().contains("another currency"));
        assert_eq!(accept(&Value::Null, stored, 1, "SEK"), accept(&json!({}), stored, 1, "SEK"));
    }

    #[test]
    fn amounts_are_numbers_as_they_were_given() {
        let body = |amount| with_amount(&json!({ "a": "b" }), "amount", amount).ok();
        assert_eq!(body("10.00").as_deref(), Some(r#"{"amount":10.00,"a":"b"}"#));
        for bad in ["", "-1", "ten", "1,5", "1}"] {
            assert_eq!(body(bad), None, "{bad}");
        }
    }
}

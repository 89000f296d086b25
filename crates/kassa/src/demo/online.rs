//! The demo's payments online, over payments v3: a card of the ledger that is held, captured in two
//! parts and partly refunded, a card that is declined, and a checkout that waits for a payer. A
//! client like any other, over HTTP against the demo.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::narration;
use super::seed::{CARD_NUMBER, ENTITY_ID, PAYMENTS_TOKEN};
use crate::client::{Request, send_with};
use crate::terminal::say;

/// What the test acquirer is asked to answer, by the holder's name: not enough money.
const DECLINE: &str = "800.100.203";
/// A card that is none of the ledger's.
const TEST_CARD: &str = "4200000000000000";

const SUCCESS: &str = "000.100.110";

/// Plays all payments and tells of each. `run` is the beginning of all references.
///
/// # Errors
/// When one does not end as it must.
pub(super) fn play(address: SocketAddr, run: &str) -> anyhow::Result<()> {
    let shop = Shop { address };
    say(&narration::online());
    let reference = format!("merchantTransactionId={run}-online");
    let held = card(CARD_NUMBER, "Dag+Demo", &format!("PA&{reference}"), "400.00");
    let id = shop.ask("400.00 SEK held on a card of the ledger", "payments", &held, SUCCESS)?;
    let path = format!("payments/{id}");
    shop.ask("300.00 captured", &path, &follow_up("CP", "300.00"), SUCCESS)?;
    shop.ask("50.00 captured", &path, &follow_up("CP", "50.00"), SUCCESS)?;
    shop.ask("120.00 refunded", &path, &follow_up("RF", "120.00"), SUCCESS)?;
    shop.ask("the rest released", &path, "paymentType=RV", SUCCESS)?;
    let declined = card(TEST_CARD, DECLINE, "DB", "92.00");
    shop.ask("92.00 SEK on a card without money", "payments", &declined, DECLINE)?;
    let checkout = "amount=149.00&currency=SEK&paymentType=DB&\
                    shopperResultUrl=http%3A%2F%2Flocalhost%2Fthanks";
    let id = shop.ask("149.00 SEK to be paid on a page", "checkouts", checkout, "000.200.100")?;
    say(&narration::checkout(address, &id));
    Ok(())
}

fn card(number: &str, holder: &str, payment_type: &str, amount: &str) -> String {
    format!(
        "amount={amount}&currency=SEK&paymentBrand=VISA&paymentType={payment_type}&\
         card.number={number}&card.holder={holder}&card.expiryMonth=05&card.expiryYear=2034&\
         card.cvv=123"
    )
}

fn follow_up(payment_type: &str, amount: &str) -> String {
    format!("paymentType={payment_type}&amount={amount}&currency=SEK")
}

struct Shop {
    address: SocketAddr,
}

impl Shop {
    /// Asks for something, and tells what it came to. Returns its id.
    fn ask(&self, title: &str, path: &str, form: &str, expected: &str) -> anyhow::Result<String> {
        let (path, body) = (format!("/v3/{path}"), format!("entityId={ENTITY_ID}&{form}"));
        let request = Request { method: "POST", path: &path, token: PAYMENTS_TOKEN, body: &body };
        let form = [("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")];
        let answer = send_with(self.address, request, &form)?;
        let frame: Value = serde_json::from_str(&answer.body).context("an answer is not JSON")?;
        let text = |at: &str| frame.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let code = text("/result/code");
        ensure!(code == expected, "{title}: {code}, not {expected}");
        say(&narration::result(title, code, text("/result/description")));
        Ok(text("/id").to_owned())
    }
}

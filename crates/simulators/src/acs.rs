//! A stand-in of the page on which a card's issuer asks its customer (3-D Secure).
//!
//! It remembers nothing: what it asks about comes sealed in the form that a browser posts to it, and
//! what the customer answers goes back sealed in the form that the browser posts on. Neither can
//! be made without the key.
//!
//! Not simulated: the protocol's messages (EMV 3-D Secure `CReq` and `CRes`), and any way in which
//! an issuer would tell its customer from others.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::fields::{integer, text};
use crate::ids::{hex, unhex};
use crate::page::escape;
use crate::wire::{WireAnswer, form_field};

/// The field of the form that a browser posts to the page.
pub const QUESTION_FIELD: &str = "creq";

/// The field of the form that a browser posts back.
pub const ANSWER_FIELD: &str = "cres";

/// What the issuer asks its customer about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Names the authentication; comes back with the answer.
    pub session: String,
    /// The amount, in minor units.
    pub amount_minor: i64,
    /// How many of its digits are minor units: 2 for SEK.
    pub exponent: u32,
    /// ISO 4217.
    pub currency: String,
    /// Who is paid.
    pub merchant: String,
    /// The card with most of its digits hidden.
    pub card: String,
    /// Where the browser posts the answer.
    pub return_url: String,
}

/// What the customer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is me.
    Approved,
    /// It is not me, or the issuer does not believe it.
    Rejected,
    /// I do not want to answer.
    Cancelled,
}

/// Seals and opens what browsers carry.
pub struct Acs {
    key: [u8; 32],
}

impl Verdict {
    const ALL: [Verdict; 3] = [Verdict::Approved, Verdict::Rejected, Verdict::Cancelled];

    fn as_str(self) -> &'static str {
        match self {
            Verdict::Approved => "approve",
            Verdict::Rejected => "reject",
            Verdict::Cancelled => "cancel",
        }
    }
}

impl Acs {
    /// Takes a key that the page and who sends browsers to it share.
    pub fn new(key: [u8; 32]) -> Acs {
        Acs { key }
    }

    /// The value of [`QUESTION_FIELD`].
    pub fn question(&self, challenge: &Challenge) -> String {
        self.seal("question", &challenge.to_json())
    }

    /// The page, for the form that a browser posts to it. What was not sealed with the key has
    /// no page: 400.
    pub fn page(&self, form: &str) -> WireAnswer {
        let question = form_field(form, QUESTION_FIELD).unwrap_or_default();
        let opened = self.open("question", &question);
        match opened.as_ref().and_then(Challenge::of_json) {
            Some(challenge) => self.show(&challenge),
            None => WireAnswer::html(
                400,
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bank (simulated)\
                 </title><main><h1>There is nothing to confirm</h1></main></html>",
            ),
        }
    }

    /// The session that was asked about, and what the customer answered, for the form that a
    /// browser posts back. `None` where the answer is not the page's.
    pub fn answer(&self, form: &str) -> Option<(String, Verdict)> {
        let answer = self.open("answer", &form_field(form, ANSWER_FIELD)?)?;
        let word = text(&answer, "verdict")?;
        let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word)?;
        Some((text(&answer, "session")?.to_owned(), verdict))
    }

    /// Shows the page. Each button carries its own answer, so that no script is needed.
    fn show(&self, challenge: &Challenge) -> WireAnswer {
        let buttons = Verdict::ALL.map(|verdict| {
            let (session, word) = (&challenge.session, verdict.as_str());
            let answer = self.seal("answer", &json!({ "session": session, "verdict": word }));
            format!("<button name=\"{ANSWER_FIELD}\" value=\"{answer}\">{word}</button> ")
        });
        let html = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>Bank (simulated)</title><main><h1>Is it you who pays?</h1>\
             <p>This stands in for your bank's page. No money moves here.</p>\
             <p><strong>{amount} {currency}</strong> to {merchant}, with {card}</p>\
             <form method=\"post\" action=\"{url}\">{buttons}</form></main></html>",
            amount = challenge.amount(),
            currency = escape(&challenge.currency),
            merchant = escape(&challenge.merchant),
            card = escape(&challenge.card),
            url = escape(&challenge.return_url),
            buttons = buttons.concat(),
        );
        WireAnswer::html(200, html)
    }

    /// `hex(content).hex(mac)`: nothing that a form or an address would have to escape.
    fn seal(&self, purpose: &str, content: &Value) -> String {
        let content = content.to_string();
        let mac = self.mac(purpose, content.as_bytes()).map(|mac| mac.finalize().into_bytes());
        format!("{}.{}", hex(content.bytes()), hex(mac.into_iter().flatten()))
    }

    fn open(&self, purpose: &str, sealed: &str) -> Option<Value> {
        let (content, mac) = sealed.split_once('.')?;
        let (content, mac) = (unhex(content)?, unhex(mac)?);
        self.mac(purpose, &content)?.verify_slice(&mac).ok()?;
        serde_json::from_slice(&content).ok()
    }

    /// HMAC takes keys of any length, so there always is one.
    fn mac(&self, purpose: &str, content: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(content);
        Some(mac)
    }
}

impl std::fmt::Debug for Acs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acs(hidden)")
    }
}

impl Challenge {
    fn to_json(&self) -> Value {
        json!({
            "session": self.session,
            "amount_minor": self.amount_minor,
            "exponent": self.exponent,
            "currency": self.currency,
            "merchant": self.merchant,
            "card": self.card,
            "return_url": self.return_url,
        })
    }

    fn of_json(value: &Value) -> Option<Challenge> {
        let own = |name| text(value, name).map(str::to_owned);
        Some(Challenge {
            session: own("session")?,
            amount_minor: integer(value, "amount_minor")?,
            exponent: u32::try_from(integer(value, "exponent")?).ok()?,
            currency: own("currency")?,
            merchant: own("merchant")?,
            card: own("card")?,
            return_url: own("return_url")?,
        })
    }

    /// The amount as people write it.
    fn amount(&self) -> String {
        let digits = usize::try_from(self.exponent).unwrap_or(0);
        if digits == 0 {
            return self.amount_minor.to_string();
        }
        let unit = 10_i64.saturating_pow(self.exponent);
        let (whole, part) =
            (self.amount_minor.div_euclid(unit), self.amount_minor.rem_euclid(unit));
        format!("{whole}.{part:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        Challenge {
            session: "0123456789abcdef".to_owned(),
            amount_minor: 109_205,
            exponent: 2,
            currency: "SEK".to_owned(),
            merchant: "\"><script>å".to_owned(),
            card: "420000******0042".to_owned(),
            return_url: "https://pay.example/back?a=1&b=2".to_owned(),
        }
    }

    fn value_of(page: &str, word: &str) -> String {
        let (before, _) = page.split_once(&format!("\">{word}</button>")).unwrap();
        before.rsplit_once("value=\"").unwrap().1.to_owned()
    }

    #[test]
    fn each_button_carries_its_answer() {
        let acs = Acs::new([7; 32]);
        let page = acs.page(&format!("x=1&{QUESTION_FIELD}={}", acs.question(&challenge())));
        assert_eq!(page.status, 200);
        for expected in [
            "1092.05 SEK",
            "&quot;&gt;&lt;script&gt;å",
            "action=\"https://pay.example/back?a=1&amp;b=2\"",
        ] {
            assert!(page.body.contains(expected), "{expected}: {}", page.body);
        }
        for verdict in Verdict::ALL {
            let value = value_of(&page.body, verdict.as_str());
            let answer = acs.answer(&format!("{ANSWER_FIELD}={value}"));
            assert_eq!(answer, Some(("0123456789abcdef".to_owned(), verdict)));
        }
    }

    #[test]
    fn nothing_is_believed_that_was_not_sealed() {
        let (acs, other) = (Acs::new([7; 32]), Acs::new([8; 32]));
        let question = acs.question(&challenge());
        for forged in [
            String::new(),
            "x".to_owned(),
            question.replacen('2', "3", 1),
            other.question(&challenge()),
        ] {
            assert_eq!(acs.page(&format!("{QUESTION_FIELD}={forged}")).status, 400, "{forged}");
        }
        // What asks is no answer.
        assert_eq!(acs.answer(&format!("{ANSWER_FIELD}={question}")), None);
        assert_eq!(acs.answer(""), None);
    }

    #[test]
    fn amounts_have_their_currencys_digits() {
        let amount = |exponent| Challenge { exponent, ..challenge() }.amount();
        assert_eq!([amount(0), amount(2), amount(3)], ["109205", "1092.05", "109.205"]);
    }
}

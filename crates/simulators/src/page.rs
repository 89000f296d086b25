//! The page on which a person plays the payer.

use crate::plan::Ending;
use crate::psp::PspName;
use crate::wire::{WireAnswer, form_field};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The amount, in minor units.
    pub(crate) amount_minor: i64,
    /// ISO 4217.
    pub(crate) currency: String,
    /// The merchant's reference.
    pub(crate) reference: String,
    /// What came of the payment; `None` while the payer can choose.
    pub(crate) outcome: Option<String>,
    /// Where the payer goes from here.
    pub(crate) leads_to: Option<String>,
}

/// What a payer can do on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Pay.
    Approve,
    /// Be refused the payment.
    Decline,
    /// Give up.
    Cancel,
}

impl Choice {
    const ALL: [Choice; 3] = [Choice::Approve, Choice::Decline, Choice::Cancel];

    fn as_str(self) -> &'static str {
        match self {
            Choice::Approve => "approve",
            Choice::Decline => "decline",
            Choice::Cancel => "cancel",
        }
    }

    /// What the form says.
    pub(crate) fn of_form(form: &str) -> Option<Choice> {
        let word = form_field(form, "act")?;
        Choice::ALL.into_iter().find(|choice| choice.as_str() == word)
    }

    /// How the payment ends then.
    pub(crate) fn ending(self) -> Ending {
        match self {
            Choice::Approve => Ending::Approved,
            Choice::Decline => Ending::Declined,
            Choice::Cancel => Ending::Cancelled,
        }
    }
}

/// The page as HTML.
pub(crate) fn show(psp: PspName, page: &Page) -> WireAnswer {
    let body = page.outcome.as_ref().map_or_else(buttons, |outcome| {
        let link = page.leads_to.as_ref().map_or_else(String::new, |url| {
            format!("<p><a href=\"{}\">Back to the shop</a></p>", escape(url))
        });
        format!("<p>This payment is over: {}.</p>{link}", escape(outcome))
    });
    let major = page.amount_minor.div_euclid(100);
    let minor = page.amount_minor.rem_euclid(100);
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{psp} (simulated)</title>\
         <body style=\"font-family:sans-serif;max-width:28em;margin:3em auto\">\
         <h1>{psp} (simulated)</h1><p>No money moves here.</p>\
         <p><strong>{major}.{minor:02} {currency}</strong> for {reference}</p>{body}</body></html>",
        psp = psp.as_str(),
        currency = escape(&page.currency),
        reference = escape(&page.reference),
    );
    WireAnswer::html(200, html)
}

/// Where the payer goes after a choice.
pub(crate) fn leave(psp: PspName, page: &Page) -> WireAnswer {
    match &page.leads_to {
        Some(url) => WireAnswer::empty(303).with("location", url),
        None => show(psp, page),
    }
}

/// The page of a payment that is not there.
pub(crate) fn missing() -> WireAnswer {
    WireAnswer::html(
        404,
        "<!doctype html><html lang=\"en\"><p>There is no such payment.</p></html>",
    )
}

fn buttons() -> String {
    let buttons = Choice::ALL.map(|choice| {
        let word = choice.as_str();
        format!("<button name=\"act\" value=\"{word}\">{word}</button> ")
    });
    format!("<form method=\"post\">{}</form>", buttons.concat())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for next in text.chars() {
        match next {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            amount_minor: 12_305,
            currency: "SEK".to_owned(),
            reference: "<script>".to_owned(),
            outcome: None,
            leads_to: None,
        }
    }

    #[test]
    fn what_the_merchant_says_is_escaped() {
        let answer = show(PspName::Easy, &page());
        assert!(answer.body.contains("123.05 SEK"), "{}", answer.body);
        assert!(answer.body.contains("&lt;script&gt;"), "{}", answer.body);
        assert!(answer.body.contains("value=\"decline\""), "{}", answer.body);
    }

    #[test]
    fn a_payment_that_is_over_has_no_buttons() {
        let leads_to = Some("https://shop/?a=1&b=2".to_owned());
        let over = Page { outcome: Some("paid".to_owned()), leads_to, ..page() };
        let answer = show(PspName::Easy, &over);
        assert!(!answer.body.contains("<form"), "{}", answer.body);
        assert!(answer.body.contains("href=\"https://shop/?a=1&amp;b=2\""), "{}", answer.body);
        assert_eq!(leave(PspName::Easy, &over).status, 303);
    }

    #[test]
    fn forms_are_read() {
        assert_eq!(Choice::of_form("act=approve"), Some(Choice::Approve));
        assert_eq!(Choice::of_form("act=cancel"), Some(Choice::Cancel));
        assert_eq!(Choice::of_form("act=steal"), None);
        assert_eq!(Choice::of_form(""), None);
    }
}

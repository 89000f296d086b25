//! The requests of the card ledger: authorizations, and captures of what they answered.
//!
//! Invariant: each request has a source id of its own, and each capture an authorization of its own
//! that it captures whole, so that every request does new work and none is declined.

use std::collections::VecDeque;

use crate::ledger::Target;
use crate::load::{OnAnswer, Workload};
use crate::requests::{Numbers, RequestHead, write_digits};

/// Authorized amounts in minor units, from the first to below the second: small, so that accounts
/// bear many.
const AMOUNT_MINOR: (u64, u64) = (100, 2_000);
/// The longest authorization id that is kept; the contract's has six characters.
const ID_BYTES_MAX: usize = 64;

/// What the next requests are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Authorizations that the server answers without engine and store.
    Ceiling,
    /// Authorizations over all cards.
    Authorizations,
    /// Authorizations over the cards of one account.
    HotAuthorizations,
    /// Authorizations over all cards whose answers are kept for captures.
    Preparation,
    /// Captures of kept authorizations, until there are none.
    Captures,
    /// An authorization and a capture in turn.
    Mix,
}

/// Makes the requests of one run, one kind after the other.
pub(crate) struct CardTraffic {
    kind: Kind,
    /// Requests of this kind that are still to be made.
    left: u64,
    cards: u64,
    hot_cards: Vec<u64>,
    write_card_token: fn(u64, &mut Vec<u8>),
    ceiling: RequestHead,
    authorizations: RequestHead,
    purchases: RequestHead,
    bearer_token: String,
    seller_number: String,
    source_prefix: String,
    /// Requests written in all; the source ids count with it.
    written: u64,
    numbers: Numbers,
    open: VecDeque<OpenAuthorization>,
    body: Vec<u8>,
}

/// An authorization that was answered and not yet captured.
struct OpenAuthorization {
    id: Vec<u8>,
    amount_minor: u64,
}

impl CardTraffic {
    /// Traffic on the first `cards` cards of `target`. The same `seed` gives the same requests.
    pub(crate) fn new(target: &Target, cards: u64, seed: u64) -> CardTraffic {
        let mount = format!("/ledger/card-transaction/v1/{}", target.company_number);
        let head = |path: &str| RequestHead::new(target.server.address, path);
        CardTraffic {
            kind: Kind::Ceiling,
            left: 0,
            cards,
            hot_cards: target.hot_cards.clone(),
            write_card_token: target.write_card_token,
            ceiling: head("/bench/ceiling"),
            authorizations: head(&format!("{mount}/authorizations")),
            purchases: head(&format!("{mount}/purchases")),
            bearer_token: target.bearer_token.clone(),
            seller_number: target.seller_number.clone(),
            source_prefix: target.source_prefix.clone(),
            written: 0,
            numbers: Numbers(seed),
            open: VecDeque::new(),
            body: Vec::with_capacity(512),
        }
    }

    /// Makes requests of `kind` from now on, `requests` at most.
    pub(crate) fn turn_to(&mut self, kind: Kind, requests: u64) {
        self.kind = kind;
        self.left = requests;
    }

    /// Authorizations that are kept for captures.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// Forgets the authorizations that are kept for captures.
    pub(crate) fn forget_open(&mut self) {
        self.open.clear();
    }

    fn write_authorization(&mut self, on_hot_account: bool) -> u64 {
        let card = if on_hot_account {
            self.numbers.choose(&self.hot_cards).copied().unwrap_or_default()
        } else {
            self.numbers.below(self.cards)
        };
        let (least, bound) = AMOUNT_MINOR;
        let amount_minor = least + self.numbers.below(bound - least);
        self.written += 1;
        let body = &mut self.body;
        body.clear();
        body.extend_from_slice(b"{\"sourceAuthorizationTransactionId\":\"");
        write_source_id(body, &self.source_prefix, self.written);
        body.extend_from_slice(b"\",\"sellerNumber\":\"");
        body.extend_from_slice(self.seller_number.as_bytes());
        body.extend_from_slice(b"\",\"cardToken\":\"");
        (self.write_card_token)(card, body);
        body.extend_from_slice(b"\",\"type\":\"purchase\",\"pointOfSale\":\"Testshop\"");
        body.extend_from_slice(b",\"authorizationAmount\":");
        write_amount(body, amount_minor);
        body.extend_from_slice(b",\"currency\":\"SEK\"}");
        amount_minor
    }

    fn write_capture(&mut self, authorization: &OpenAuthorization) {
        self.written += 1;
        let body = &mut self.body;
        body.clear();
        body.extend_from_slice(b"{\"authorizationId\":\"");
        body.extend_from_slice(&authorization.id);
        body.extend_from_slice(b"\",\"sourcePurchaseTransactionId\":\"");
        write_source_id(body, &self.source_prefix, self.written);
        body.extend_from_slice(b"\",\"amount\":");
        write_amount(body, authorization.amount_minor);
        body.extend_from_slice(b"}");
    }
}

impl Workload for CardTraffic {
    fn write_next(&mut self, request: &mut Vec<u8>) -> Option<OnAnswer> {
        self.left = self.left.checked_sub(1)?;
        match self.kind {
            Kind::Ceiling => {
                self.write_authorization(false);
                self.ceiling.write(request, &self.bearer_token, &self.body);
                Some(OnAnswer::Count)
            }
            Kind::Authorizations | Kind::HotAuthorizations => {
                self.write_authorization(self.kind == Kind::HotAuthorizations);
                self.authorizations.write(request, &self.bearer_token, &self.body);
                Some(OnAnswer::Count)
            }
            Kind::Preparation => {
                let amount_minor = self.write_authorization(false);
                self.authorizations.write(request, &self.bearer_token, &self.body);
                Some(OnAnswer::Report(amount_minor))
            }
            Kind::Captures => {
                let authorization = self.open.pop_front()?;
                self.write_capture(&authorization);
                self.purchases.write(request, &self.bearer_token, &self.body);
                Some(OnAnswer::Count)
            }
            Kind::Mix => {
                if self.written.is_multiple_of(2)
                    && let Some(authorization) = self.open.pop_front()
                {
                    self.write_capture(&authorization);
                    self.purchases.write(request, &self.bearer_token, &self.body);
                    return Some(OnAnswer::Count);
                }
                let amount_minor = self.write_authorization(false);
                self.authorizations.write(request, &self.bearer_token, &self.body);
                Some(OnAnswer::Report(amount_minor))
            }
        }
    }

    fn answered(&mut self, ticket: u64, body: &[u8]) {
        if let Some(id) = authorization_id(body) {
            self.open.push_back(OpenAuthorization { id: id.to_vec(), amount_minor: ticket });
        }
    }
}

/// The last segment of the answer's `@id`, if it is one.
fn authorization_id(body: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"@id\"";
    let name_start = body.windows(NAME.len()).position(|window| window == NAME)?;
    let after_name = body.get(name_start + NAME.len()..)?.trim_ascii_start();
    let value = after_name.strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = value.iter().position(|byte| *byte == b'"')?;
    let id = value.get(..end)?.rsplit(|byte| *byte == b'/').next()?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(*byte, b'-' | b'_');
    ((1..=ID_BYTES_MAX).contains(&id.len()) && id.iter().all(plain)).then_some(id)
}

/// `prefix-000000000042`.
fn write_source_id(out: &mut Vec<u8>, prefix: &str, number: u64) {
    out.extend_from_slice(prefix.as_bytes());
    out.push(b'-');
    write_digits(out, number, 12);
}

/// `1234` minor units as `12.34`, for a currency with two decimals.
fn write_amount(out: &mut Vec<u8>, minor: u64) {
    write_digits(out, minor / 100, 1);
    out.push(b'.');
    write_digits(out, minor % 100, 2);
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::expect_file;

    use super::*;
    use crate::ledger::tests::target;

    /// The requests of `kind`, two at most.
    fn written(traffic: &mut CardTraffic, kind: Kind) -> String {
        traffic.turn_to(kind, 2);
        let mut requests = format!("# {kind:?}\n");
        let mut request = Vec::new();
        while let Some(on_answer) = traffic.write_next(&mut request) {
            let text = String::from_utf8(request.split_off(0)).unwrap().replace("\r\n", "\n");
            writeln!(requests, "{text}\n-> {on_answer:?}\n").unwrap();
        }
        requests
    }

    #[test]
    fn each_kind_has_its_requests() {
        let address = "127.0.0.1:1".parse().unwrap();
        let traffic = &mut CardTraffic::new(&target(address), 1_000, 7);
        let mut seen = written(traffic, Kind::Ceiling);
        seen += &written(traffic, Kind::Authorizations);
        seen += &written(traffic, Kind::HotAuthorizations);
        seen += &written(traffic, Kind::Preparation);
        traffic.answered(1_205, br#"{"@id": "/ledger/v1/100/authorizations/A1B2C3"}"#);
        seen += &written(traffic, Kind::Captures);
        traffic.answered(300, br#"{"@id":"/ledger/v1/100/authorizations/D4E5F6"}"#);
        seen += &written(traffic, Kind::Mix);
        expect_file!["../snapshots/card_traffic.txt"].assert_eq(&seen);
    }

    #[test]
    fn ids_are_the_last_segment() {
        let check = |body: &str, expected: Option<&str>| {
            let id = authorization_id(body.as_bytes());
            assert_eq!(id, expected.map(str::as_bytes), "{body}");
        };
        check(r#"{"@id":"/a/authorizations/A1B2C3"}"#, Some("A1B2C3"));
        check(r#"{"a":1, "@id" : "/a/authorizations/7", "purchases":"/x/y"}"#, Some("7"));
        check(r#"{"@id":"bare_id-1"}"#, Some("bare_id-1"));
        check(r#"{"@id":"/a/"}"#, None);
        check(r#"{"@id":7}"#, None);
        check(r#"{"@id":"/a/b\"#, None);
        check(r#"{"@id":"/a/b c"}"#, None);
        check(&format!(r#"{{"@id":"{}"}}"#, "a".repeat(65)), None);
        check(r#"{"id":"/a/b"}"#, None);
        check("", None);
    }

    #[test]
    fn amounts_are_exact_decimals() {
        for (minor, expected) in [(100, "1.00"), (1_205, "12.05"), (99, "0.99")] {
            let mut out = Vec::new();
            write_amount(&mut out, minor);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}

//! The requests of payments over PSPs: to the server, and of Swish to its stand-in directly.

use std::net::SocketAddr;

use crate::load::{OnAnswer, Workload};
use crate::payments::PaymentsTarget;
use crate::requests::{RequestHead, write_digits};

/// How somebody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Over the PSP that hangs.
    Swish,
    /// Over another one: of the others Nets Easy is called least often for a payment.
    Easy,
}

/// Where a payment stands (AAPay, `state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has decided.
    Undecided,
    /// Money has moved.
    Finalized,
}

/// Writes requests about payments of one merchant.
#[derive(Clone)]
pub(crate) struct PaymentTraffic {
    pub(crate) server: SocketAddr,
    initialize: RequestHead,
    bearer_token: String,
    swish: Vec<u8>,
    easy: Vec<u8>,
}

impl PaymentTraffic {
    pub(crate) fn new(target: &PaymentsTarget) -> PaymentTraffic {
        let server = target.server.address;
        let body = |method| initialize_body(&target.merchant_id, method).into_bytes();
        PaymentTraffic {
            server,
            initialize: RequestHead::new(server, "/ms/aapay/v2/transaction/payment/initialize"),
            bearer_token: target.bearer_token.clone(),
            swish: body("SWISH_E_COM"),
            easy: body("EASY"),
        }
    }

    /// Appends the request for a new payment.
    pub(crate) fn write_initialize(&self, method: Method, request: &mut Vec<u8>) {
        let body = match method {
            Method::Swish => &self.swish,
            Method::Easy => &self.easy,
        };
        self.initialize.write(request, &self.bearer_token, body);
    }

    /// Appends the question where a payment stands.
    pub(crate) fn write_status(&self, payment: u64, request: &mut Vec<u8>) {
        let path = format!("/ms/aapay/v2/transaction/{payment}/status");
        RequestHead::of("GET", self.server, &path).write(request, &self.bearer_token, b"");
    }
}

fn initialize_body(merchant_id: &str, method: &str) -> String {
    format!(
        "{{\"merchantId\":\"{merchant_id}\",\"method\":\"{method}\",\"purchaseAmount\":{{\
         \"currencyCode\":\"SEK\",\"vatAmount\":2000,\"nominalAmount\":8000,\
         \"totalAmount\":10000}},\"consumer\":{{\"consumerId\":\"46701234567\",\
         \"name\":\"Benchmark\"}}}}"
    )
}

/// What an answer calls its payment.
pub(crate) fn payment_in(body: &[u8]) -> Option<u64> {
    let rest = after(body, "\"transactionId\":")?;
    let end = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// Where an answer says that its payment stands. `None` where it has ended without money.
pub(crate) fn standing_in(body: &[u8]) -> Option<Standing> {
    let word = after(body, "\"state\":\"")?.split('"').next()?;
    match word {
        "INITIALIZED" | "PENDING" | "STALE" => Some(Standing::Undecided),
        // A merchant's day may end meanwhile.
        "FINALIZED" | "REPORTED" => Some(Standing::Finalized),
        _ => None,
    }
}

fn after<'b>(body: &'b [u8], name: &str) -> Option<&'b str> {
    str::from_utf8(body).ok()?.split_once(name).map(|(_, rest)| rest)
}

/// Payments at the other PSP, as many as are asked for and no more than so many.
pub(crate) struct Others {
    pub(crate) traffic: PaymentTraffic,
    pub(crate) left: u64,
}

impl Workload for Others {
    fn write_next(&mut self, request: &mut Vec<u8>) -> Option<OnAnswer> {
        self.left = self.left.checked_sub(1)?;
        self.traffic.write_initialize(Method::Easy, request);
        Some(OnAnswer::Count)
    }

    fn answered(&mut self, _ticket: u64, _body: &[u8]) {}
}

/// Payment requests to the stand-in, each with a name of its own.
pub(crate) struct AtStandIn {
    address: SocketAddr,
    path: String,
    merchant: String,
    /// Says before each request that nobody shall hear of the payment.
    before: Box<dyn Fn()>,
    names: u64,
    left: u64,
}

impl AtStandIn {
    /// Requests to the stand-in of `target`.
    pub(crate) fn new(target: &PaymentsTarget, before: Box<dyn Fn()>) -> AtStandIn {
        let stand_ins = &target.stand_ins;
        AtStandIn {
            address: stand_ins.address,
            path: stand_ins.swish_path.clone(),
            merchant: stand_ins.swish_merchant.clone(),
            before,
            names: 0,
            left: 0,
        }
    }

    /// Makes so many more requests, at most.
    pub(crate) fn allow(&mut self, requests: u64) {
        self.left = requests;
    }
}

impl Workload for AtStandIn {
    fn write_next(&mut self, request: &mut Vec<u8>) -> Option<OnAnswer> {
        self.left = self.left.checked_sub(1)?;
        self.names += 1;
        (self.before)();
        let path = format!("{}/v2/paymentrequests/{:032X}", self.path, self.names);
        let mut reference = b"B".to_vec();
        write_digits(&mut reference, self.names, 1);
        let (reference, merchant) = (String::from_utf8_lossy(&reference), &self.merchant);
        let address = self.address;
        let body = format!(
            "{{\"payeePaymentReference\":\"{reference}\",\"callbackUrl\":\"http://{address}/\",\
             \"payerAlias\":\"46701234567\",\"payeeAlias\":\"{merchant}\",\"amount\":\"100.00\",\
             \"currency\":\"SEK\"}}"
        );
        RequestHead::of("PUT", address, &path).write(request, "none", body.as_bytes());
        Some(OnAnswer::Count)
    }

    fn answered(&mut self, _ticket: u64, _body: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::payments::tests::target;
    use crate::testing::server;

    fn written(write: impl FnOnce(&PaymentsTarget, &mut Vec<u8>)) -> String {
        let mut request = Vec::new();
        write(&target(server("127.0.0.1:1".parse().unwrap())), &mut request);
        let request = String::from_utf8(request).unwrap();
        // For people, a field a line.
        request.replace("\r\n", "\n").replace(",\"", ",\n\"")
    }

    #[test]
    fn payments_are_asked_for_and_looked_at() {
        let initialize = written(|target, request| {
            PaymentTraffic::new(target).write_initialize(Method::Swish, request);
        });
        expect![[r#"
            POST /ms/aapay/v2/transaction/payment/initialize HTTP/1.1
            Host: 127.0.0.1:1
            Authorization: Bearer token
            Content-Type: application/json
            Content-Length: 201

            {"merchantId":"SHOP",
            "method":"SWISH_E_COM",
            "purchaseAmount":{"currencyCode":"SEK",
            "vatAmount":2000,
            "nominalAmount":8000,
            "totalAmount":10000},
            "consumer":{"consumerId":"46701234567",
            "name":"Benchmark"}}"#]]
        .assert_eq(&initialize);
        let status =
            written(|target, request| PaymentTraffic::new(target).write_status(17, request));
        assert!(status.starts_with("GET /ms/aapay/v2/transaction/17/status HTTP/1.1\n"));
    }

    #[test]
    fn the_stand_in_is_asked_directly() {
        let request = written(|target, request| {
            let mut workload = AtStandIn::new(target, Box::new(|| ()));
            assert_eq!(workload.write_next(request), None);
            workload.allow(1);
            assert_eq!(workload.write_next(request), Some(OnAnswer::Count));
        });
        expect![[r#"
            PUT /swish/v2/paymentrequests/00000000000000000000000000000001 HTTP/1.1
            Host: 127.0.0.1:1
            Authorization: Bearer none
            Content-Type: application/json
            Content-Length: 154

            {"payeePaymentReference":"B1",
            "callbackUrl":"http://127.0.0.1:1/",
            "payerAlias":"46701234567",
            "payeeAlias":"1234679304",
            "amount":"100.00",
            "currency":"SEK"}"#]]
        .assert_eq(&request);
    }

    #[test]
    fn answers_are_read_as_far_as_needed() {
        let body = br#"{"valid":true,"transaction":{"transactionId":42,"state":"PENDING"}}"#;
        assert_eq!(payment_in(body), Some(42));
        assert_eq!(payment_in(br#"{"transactionId":null}"#), None);
        assert_eq!(payment_in(b""), None);
        assert_eq!(standing_in(body), Some(Standing::Undecided));
        let check = |word, expected| {
            assert_eq!(standing_in(format!("{{\"state\":\"{word}\"}}").as_bytes()), Some(expected));
        };
        check("FINALIZED", Standing::Finalized);
        check("REPORTED", Standing::Finalized);
        check("STALE", Standing::Undecided);
        for ended in [&br#"{"state":"TIMEDOUT"}"#[..], br#"{"state":null}"#, b""] {
            assert_eq!(standing_in(ended), None);
        }
    }
}

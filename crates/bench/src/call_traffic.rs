//! The requests of terminals that call home.

use crate::estate::EstateTarget;
use crate::load::{OnAnswer, Workload};
use crate::requests::{Numbers, RequestHead};

/// What every device says of itself.
const BODY: &[u8] = br#"{"application_version":"1.27.311","packages":[]}"#;

/// What the next requests are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Calls that the server answers without engine and store.
    Ceiling,
    /// Calls home.
    CallsHome,
}

/// Makes the requests of one run, from terminals chosen uniformly.
pub(crate) struct CallTraffic {
    kind: Kind,
    /// Requests of this kind that are still to be made.
    left: u64,
    ceiling: RequestHead,
    calls: RequestHead,
    device_tokens: Vec<String>,
    numbers: Numbers,
}

impl CallTraffic {
    /// Traffic of the terminals of `target`. The same `seed` gives the same requests.
    pub(crate) fn new(target: &EstateTarget, seed: u64) -> CallTraffic {
        let head = |path| RequestHead::new(target.server.address, path);
        CallTraffic {
            kind: Kind::Ceiling,
            left: 0,
            ceiling: head("/bench/call-home-ceiling"),
            calls: head("/device/v1/call-home"),
            device_tokens: target.device_tokens.clone(),
            numbers: Numbers(seed),
        }
    }

    /// Makes requests of `kind` from now on, `requests` at most.
    pub(crate) fn turn_to(&mut self, kind: Kind, requests: u64) {
        self.kind = kind;
        self.left = requests;
    }
}

impl Workload for CallTraffic {
    fn write_next(&mut self, request: &mut Vec<u8>) -> Option<OnAnswer> {
        self.left = self.left.checked_sub(1)?;
        let token = self.numbers.choose(&self.device_tokens)?;
        let head = match self.kind {
            Kind::Ceiling => &self.ceiling,
            Kind::CallsHome => &self.calls,
        };
        head.write(request, token, BODY);
        Some(OnAnswer::Count)
    }

    /// Nothing that a terminal is told changes what it says next.
    fn answered(&mut self, _ticket: u64, _body: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use expect_test::expect;

    use super::*;
    use crate::estate::tests::target;

    #[test]
    fn each_kind_has_its_requests() {
        let traffic = &mut CallTraffic::new(&target("127.0.0.1:1".parse().unwrap()), 7);
        let mut written = |kind| {
            traffic.turn_to(kind, 1);
            let mut request = Vec::new();
            assert_eq!(traffic.write_next(&mut request), Some(OnAnswer::Count));
            assert_eq!(traffic.write_next(&mut Vec::new()), None);
            String::from_utf8(request).unwrap().replace("\r\n", "\n")
        };
        expect![[r#"
            POST /device/v1/call-home HTTP/1.1
            Host: 127.0.0.1:1
            Authorization: Bearer kdt_2_b
            Content-Type: application/json
            Content-Length: 48

            {"application_version":"1.27.311","packages":[]}"#]]
        .assert_eq(&written(Kind::CallsHome));
        assert!(written(Kind::Ceiling).starts_with("POST /bench/call-home-ceiling HTTP/1.1\n"));
    }

    #[test]
    fn all_terminals_call() {
        let traffic = &mut CallTraffic::new(&target("127.0.0.1:1".parse().unwrap()), 7);
        traffic.turn_to(Kind::CallsHome, 100);
        let mut seen = BTreeSet::new();
        let mut request = Vec::new();
        while traffic.write_next(&mut request).is_some() {
            seen.insert(std::mem::take(&mut request));
        }
        assert_eq!(seen.len(), 3);
    }
}

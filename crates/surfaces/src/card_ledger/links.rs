//! The paths of resources, as answers show them. All of them resolve.

use ledger::{Code, Mount, PostingKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what never needs escaping (RFC 3986 §2.3).
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Builds paths under one mount and company.
#[derive(Clone, Debug)]
pub(super) struct Links {
    base: String,
}

/// What the contract calls a kind of transaction in paths and lists.
pub(super) fn collection(kind: PostingKind) -> &'static str {
    match kind {
        PostingKind::Purchase => "purchases",
        PostingKind::CashWithdrawal => "cash-withdrawals",
        PostingKind::Reversal => "reversals",
    }
}

impl Links {
    pub(super) fn new(mount: Mount, company: &str) -> Links {
        let mut base = String::with_capacity(128);
        base.extend(["/ledger/", mount.shown().as_str(), "/v1/"]);
        base.extend(utf8_percent_encode(company, &ESCAPED));
        Links { base }
    }

    pub(super) fn authorizations(&self) -> String {
        format!("{}/authorizations", self.base)
    }

    pub(super) fn authorization(&self, code: Code) -> String {
        format!("{}/authorizations/{}", self.base, code.as_str())
    }

    pub(super) fn authorization_transactions(&self, code: Code, kind: PostingKind) -> String {
        format!("{}/authorizations/{}/{}", self.base, code.as_str(), collection(kind))
    }

    pub(super) fn cancellations(&self, code: Code) -> String {
        format!("{}/authorizations/{}/cancellations", self.base, code.as_str())
    }

    pub(super) fn cancellation(&self, code: Code, cancellation: Code) -> String {
        format!("{}/{}", self.cancellations(code), cancellation.as_str())
    }

    pub(super) fn transactions(&self, kind: PostingKind) -> String {
        format!("{}/{}", self.base, collection(kind))
    }

    pub(super) fn transaction(&self, kind: PostingKind, source: &str) -> String {
        let source = utf8_percent_encode(source, &ESCAPED);
        format!("{}/{}/{source}", self.base, collection(kind))
    }

    pub(super) fn corrections(&self, kind: PostingKind, source: &str) -> String {
        format!("{}/corrections", self.transaction(kind, source))
    }

    pub(super) fn correction(&self, kind: PostingKind, source: &str, correction: &str) -> String {
        let correction = utf8_percent_encode(correction, &ESCAPED);
        format!("{}/{correction}", self.corrections(kind, source))
    }
}

//! Onboarding requests: what a partner submits for a new merchant, and what became of it.

use ledger::document::Kind;
use ledger::{CredentialId, Document, DocumentId, Fields, Timestamp};

use crate::application::Application;

/// A request to onboard a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What Access calls it (`RequestId`).
    pub number: i64,
    /// The number that the customer has, or will have in the tree.
    pub customer: i64,
    /// How far it is.
    pub status: RequestStatus,
    /// Why it was rejected.
    pub reject_message: Option<String>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// The credential that submitted it, and must not decide it.
    pub submitted_by: CredentialId,
    /// Who reviews it, or has decided it.
    pub reviewer: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// What was submitted.
    pub application: Box<Application>,
}

/// How far a request is (Access, `RequestStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestStatus {
    /// It waits for an operator.
    Submitted,
    /// An operator reviews it.
    InProgress,
    /// The customer is in the tree.
    Approved,
    /// It is not, and the message says why.
    Rejected,
}

/// All requests.
pub const REQUESTS: &str = "requests";

impl RequestStatus {
    /// All of them.
    pub const ALL: [RequestStatus; 4] = [
        RequestStatus::Submitted,
        RequestStatus::InProgress,
        RequestStatus::Approved,
        RequestStatus::Rejected,
    ];

    /// The word that Access uses.
    pub fn as_str(self) -> &'static str {
        match self {
            RequestStatus::Submitted => "Submitted",
            RequestStatus::InProgress => "InProgress",
            RequestStatus::Approved => "Approved",
            RequestStatus::Rejected => "Rejected",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<RequestStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether an operator has said yes or no.
    pub fn is_decided(self) -> bool {
        match self {
            RequestStatus::Submitted | RequestStatus::InProgress => false,
            RequestStatus::Approved | RequestStatus::Rejected => true,
        }
    }
}

impl Request {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Request.id(number)
    }

    /// The list of requests below a customer: for it and all above it.
    pub fn under_list(customer: i64) -> String {
        format!("requests.under:{customer}")
    }

    /// The list of requests for one customer, which may not be in the tree yet.
    pub fn customer_list(customer: i64) -> String {
        format!("requests.of:{customer}")
    }

    /// The list of requests that are this far.
    pub fn status_list(status: RequestStatus) -> String {
        format!("requests.status:{}", status.as_str())
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Request> {
        let fields = &document.fields;
        let text = |name| fields.text(name).map(str::to_owned);
        Some(Request {
            number: document.id.number,
            customer: fields.number("customer")?,
            status: RequestStatus::parse(fields.text("status")?)?,
            reject_message: text("reject_message"),
            submitted_at: fields.time("submitted_at")?,
            submitted_by: CredentialId(fields.number("submitted_by")?),
            reviewer: text("reviewer"),
            decided_at: fields.time("decided_at"),
            application: Box::new(Application::of(&fields.under("application."))?),
        })
    }

    /// As a document. `line` are the parent that was asked for and all above it.
    pub fn document(&self, line: &[i64]) -> Document {
        let fields = Fields::default()
            .with("customer", Some(self.customer.to_string()))
            .with("status", Some(self.status.as_str()))
            .with("reject_message", self.reject_message.as_ref())
            .with("submitted_at", Some(self.submitted_at.0.to_string()))
            .with("submitted_by", Some(self.submitted_by.0.to_string()))
            .with("reviewer", self.reviewer.as_ref())
            .with("decided_at", self.decided_at.map(|at| at.0.to_string()))
            .with_all("application.", &self.application.fields());
        let mut document = Document::new(Request::id(self.number), fields);
        document.lists = line.iter().map(|customer| Request::under_list(*customer)).collect();
        document.lists.insert(REQUESTS.to_owned());
        document.lists.insert(Request::customer_list(self.customer));
        document.lists.insert(Request::status_list(self.status));
        document
    }
}

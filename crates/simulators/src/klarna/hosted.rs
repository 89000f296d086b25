//! Hosted payment page sessions: where a payer pays a payments session.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::Fault;
use crate::fields::{field, is_url, text};
use crate::outbox::Letter;
use crate::plan::{Ending, Plan};
use crate::shelf::Forgettable;
use crate::time;
use crate::truth::{Standing, Truth};

/// How long a page is open, in milliseconds.
pub(super) const PAGE_MS: i64 = 48 * 60 * 60 * 1000;

const ADDRESSES: [&str; 7] =
    ["success", "cancel", "back", "failure", "error", "status_update", "privacy_policy"];

/// A hosted payment page session.
#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) id: String,
    /// The payments session that it pays.
    pub(super) session_id: String,
    /// What that session said when the page was made.
    pub(super) order: Arc<Value>,
    pub(super) mode: PlaceOrder,
    pub(super) urls: Value,
    pub(super) plan: Plan,
    pub(super) status: Status,
    /// Whether the payer has the address.
    pub(super) is_found: bool,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) order_id: Option<String>,
    pub(super) authorization_token: Option<String>,
    pub(super) klarna_reference: Option<String>,
}

/// What becomes of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceOrder {
    /// The merchant places the order, with a token.
    None,
    /// An order is placed.
    Place,
    /// An order is placed and captured.
    Capture,
}

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Waiting,
    InProgress,
    Completed,
    Cancelled,
    Failed,
    Error,
    /// The merchant closed it.
    Disabled,
    /// It was open for too long.
    TimedOut,
}

impl Hosted {
    pub(super) fn is_open(&self) -> bool {
        match self.status {
            Status::Waiting | Status::InProgress => true,
            Status::Completed
            | Status::Cancelled
            | Status::Failed
            | Status::Error
            | Status::Disabled
            | Status::TimedOut => false,
        }
    }

    pub(super) fn expires_ms(&self) -> i64 {
        self.created_ms.saturating_add(PAGE_MS)
    }

    /// The session as it is read.
    pub(super) fn to_json(&self) -> Value {
        self.with_status(self.status.as_str())
    }

    /// The callback that tells where it stands, where the merchant wants one.
    pub(super) fn letter(&self, event_id: &str) -> Option<Letter> {
        let is_timed_out = self.status == Status::TimedOut;
        let word = if is_timed_out { "TIMEOUT" } else { self.status.as_str() };
        let url = self.address("status_update")?;
        let body = json!({ "event_id": event_id, "session": self.with_status(word) });
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Some(Letter { url, headers, body: body.to_string() })
    }

    /// Where the payer goes from here.
    pub(super) fn leads_to(&self) -> Option<String> {
        match self.status {
            Status::Waiting | Status::InProgress => None,
            Status::Completed => self.address("success"),
            Status::Cancelled => self.address("cancel"),
            Status::Failed => self.address("failure"),
            Status::Error | Status::Disabled | Status::TimedOut => self.address("error"),
        }
    }

    /// What is known where no order came of it.
    pub(super) fn truth(&self) -> Truth {
        Truth::standing(match self.status {
            Status::Waiting | Status::InProgress | Status::Completed => Standing::Waiting,
            Status::Cancelled | Status::Disabled => Standing::Cancelled,
            Status::Failed => Standing::Declined,
            Status::Error => Standing::Failed,
            Status::TimedOut => Standing::Expired,
        })
    }

    /// One of the merchant's addresses, its placeholders filled.
    fn address(&self, name: &str) -> Option<String> {
        let url = text(&self.urls, name)?;
        let filled = url
            .replace("{{session_id}}", &self.id)
            .replace("{{order_id}}", self.order_id.as_deref().unwrap_or_default())
            .replace(
                "{{authorization_token}}",
                self.authorization_token.as_deref().unwrap_or_default(),
            );
        Some(filled)
    }

    fn with_status(&self, status: &str) -> Value {
        let mut read = json!({
            "session_id": self.id,
            "status": status,
            "updated_at": time::text(self.updated_ms),
            "expires_at": time::text(self.expires_ms()),
        });
        let more = [
            ("order_id", &self.order_id),
            ("authorization_token", &self.authorization_token),
            ("klarna_reference", &self.klarna_reference),
        ];
        if let Some(fields) = read.as_object_mut() {
            for (name, value) in more {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), json!(value));
                }
            }
        }
        read
    }
}

impl Forgettable for Hosted {
    fn is_at_rest(&self) -> bool {
        !self.is_open()
    }
}

impl PlaceOrder {
    /// What the merchant chose.
    ///
    /// # Errors
    /// When there is no such choice.
    pub(super) fn read(body: &Value) -> Result<PlaceOrder, Fault> {
        let options = body.get("options").unwrap_or(&Value::Null);
        match field(options, "place_order_mode").map(Value::as_str) {
            None | Some(Some("NONE")) => Ok(PlaceOrder::None),
            Some(Some("PLACE_ORDER")) => Ok(PlaceOrder::Place),
            Some(Some("CAPTURE_ORDER")) => Ok(PlaceOrder::Capture),
            Some(_) => Err(Fault::bad_values(vec!["options.place_order_mode".to_owned()])),
        }
    }
}

impl Status {
    /// How a page ends.
    pub(super) fn of(ending: Ending) -> Status {
        match ending {
            Ending::Approved => Status::Completed,
            Ending::Declined => Status::Failed,
            Ending::Cancelled => Status::Cancelled,
            Ending::Expired => Status::TimedOut,
            Ending::Failed => Status::Error,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Waiting => "WAITING",
            Status::InProgress => "IN_PROGRESS",
            Status::Completed => "COMPLETED",
            Status::Cancelled => "CANCELLED",
            Status::Failed => "FAILED",
            Status::Error => "ERROR",
            Status::Disabled | Status::TimedOut => "DISABLED",
        }
    }
}

/// Checks the addresses of a new page.
///
/// # Errors
/// All that are none.
pub(super) fn check_addresses(urls: &Value) -> Result<(), Fault> {
    let is_wrong =
        |name: &str| field(urls, name).is_some_and(|url| !url.as_str().is_some_and(is_url));
    let wrong = ADDRESSES.into_iter().filter(|name| is_wrong(name));
    let wrong: Vec<String> = wrong.map(|name| format!("merchant_urls.{name}")).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Fault::bad_values(wrong)) }
}

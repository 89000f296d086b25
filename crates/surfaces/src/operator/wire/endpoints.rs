//! Where merchants are notified.

use ledger::Timestamp;
use payments::Endpoint;
use payments::deliver::Reception;
use payments::limits::{ENDPOINT_URL_CHARS_MAX, OVERLAP_MS_DEFAULT, OVERLAP_MS_MAX};
use serde::Serialize;
use utoipa::ToSchema;

use super::payees::flag;
use crate::http::fields::{FromObject, Object, text, timestamp, whole};

/// Where a merchant shall be notified.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewEndpoint {
    /// An `https` URL. Absent for the addresses that payments bring along (`notificationUrl`): a
    /// merchant's payments may bring one as long as it has such an endpoint, which it has once.
    #[schema(format = "uri", max_length = 2048, example = "https://shop.example/hooks/kassa")]
    pub(in crate::operator) url: Option<String>,
    /// Whether bodies are enciphered: AES-256-GCM, with a key that is drawn for the endpoint.
    pub(in crate::operator) enciphered: Option<bool>,
}

/// What to change of an endpoint. What is absent stays.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct EndpointChange {
    /// An `https` URL.
    #[schema(format = "uri", max_length = 2048, example = "https://shop.example/hooks/kassa")]
    pub(in crate::operator) url: Option<String>,
    /// Whether anything is sent there.
    pub(in crate::operator) active: Option<bool>,
}

/// How an endpoint changes to another secret.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewSecret {
    /// For how long the present one signs too, in seconds: at most a week; a day when absent.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 604_800, example = 86_400)]
    pub(in crate::operator) overlap_seconds: Option<i64>,
}

/// Which notifications are sent anew.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct Since {
    /// Those that were written at this time or later.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T00:00:00.000Z")]
    pub(in crate::operator) since: Timestamp,
}

/// How many notifications are sent anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Redelivered)]
pub(in crate::operator) struct RedeliveredBody {
    /// So many.
    pub(in crate::operator) redelivered: usize,
    /// Whether there are more: ask again.
    pub(in crate::operator) more: bool,
}

/// Where a merchant is notified, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationEndpoint)]
pub(in crate::operator) struct EndpointBody {
    /// Names it.
    #[schema(example = "4711")]
    id: String,
    /// Whose it is.
    customer_id: i64,
    /// Where; `null` where it stands for the addresses that payments bring along.
    url: Option<String>,
    /// Whether bodies are enciphered.
    enciphered: bool,
    /// Whether anything is sent there.
    active: bool,
    /// Why nothing is.
    disabled_reason: Option<String>,
    /// Since when it has taken nothing of what was sent, where that is so.
    failing_since: Option<String>,
    /// Until when the secret before the present one signs too.
    previous_secret_until: Option<String>,
    /// When it was added.
    created_at: String,
    /// When it was changed last.
    changed_at: String,
}

/// An endpoint with what was drawn for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretEndpoint)]
pub(in crate::operator) struct SecretEndpointBody {
    /// What notifications are signed with (Standard Webhooks). Shown only now.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub(in crate::operator) secret: String,
    /// What bodies are enciphered with: 64 hexadecimal digits. Shown only when it is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operator) encryption_key: Option<String>,
    /// The endpoint.
    #[serde(flatten)]
    pub(in crate::operator) endpoint: EndpointBody,
}

impl FromObject for NewEndpoint {
    fn from_object(object: &mut Object) -> Option<NewEndpoint> {
        let url = object.optional("url", text(ENDPOINT_URL_CHARS_MAX));
        let enciphered = object.optional("enciphered", flag);
        Some(NewEndpoint { url: url?, enciphered: enciphered? })
    }
}

impl FromObject for EndpointChange {
    fn from_object(object: &mut Object) -> Option<EndpointChange> {
        let url = object.optional("url", text(ENDPOINT_URL_CHARS_MAX));
        let active = object.optional("active", flag);
        Some(EndpointChange { url: url?, active: active? })
    }
}

impl FromObject for NewSecret {
    fn from_object(object: &mut Object) -> Option<NewSecret> {
        let seconds = whole(0, OVERLAP_MS_MAX.div_euclid(1_000));
        Some(NewSecret { overlap_seconds: object.optional("overlap_seconds", seconds)? })
    }
}

impl NewSecret {
    /// In milliseconds.
    pub(in crate::operator) fn overlap_ms(&self) -> i64 {
        let seconds = self.overlap_seconds.map(|seconds| seconds.saturating_mul(1_000));
        seconds.unwrap_or(OVERLAP_MS_DEFAULT)
    }
}

impl FromObject for Since {
    fn from_object(object: &mut Object) -> Option<Since> {
        Some(Since { since: object.required("since", timestamp)? })
    }
}

impl EndpointBody {
    /// An endpoint as operators see it.
    pub(in crate::operator) fn of(
        it: &Endpoint,
        reception: Reception,
        now: Timestamp,
    ) -> EndpointBody {
        let previous = it.previous.as_ref().filter(|previous| now < previous.until);
        EndpointBody {
            id: it.number.to_string(),
            customer_id: it.customer,
            url: it.url.clone(),
            enciphered: it.key.is_some(),
            active: it.is_active(),
            disabled_reason: it.disabled.clone(),
            failing_since: reception.failing_since.map(Timestamp::rfc3339),
            previous_secret_until: previous.map(|previous| previous.until.rfc3339()),
            created_at: it.created_at.rfc3339(),
            changed_at: it.changed_at.rfc3339(),
        }
    }
}

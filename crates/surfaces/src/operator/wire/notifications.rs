//! What merchants are told, and whether it came.

use payments::notification::{FAILED, NOTIFICATIONS, PENDING, Status};
use payments::{Attempt, Notification};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::customers::customer_id;
use crate::http::fields::Params;

/// Which notifications are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct NotificationFilter {
    /// `pending`, `delivered` or `failed`.
    #[param(value_type = Option<String>, pattern = "^(pending|delivered|failed)$")]
    status: Option<Status>,
    /// Those of this merchant; not those of customers below it.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Those of this payment.
    #[param(value_type = Option<String>, pattern = "^[1-9][0-9]*$", example = "4711")]
    payment_id: Option<i64>,
}

/// What a merchant is told of a change of a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(in crate::operator) struct NotificationBody {
    /// Names it.
    #[schema(example = "4712")]
    id: String,
    /// The payment that has changed.
    #[schema(example = "4711")]
    payment_id: String,
    /// Its merchant.
    customer_id: i64,
    /// The endpoint that it is for.
    endpoint_id: String,
    /// Where it is sent.
    #[schema(example = "https://shop.example/hooks/kassa")]
    url: String,
    /// What receivers tell repeats by (`webhook-id`): the same in each attempt.
    webhook_id: String,
    /// Its place among what is told of the payment: greater is later.
    sequence: i64,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// The attempts so far, oldest first; of many, the newest.
    attempts: Vec<AttemptBody>,
    /// When the next attempt is due. `null` where there is none to come.
    next_attempt_at: Option<String>,
    /// When the payment has changed.
    created_at: String,
}

/// An attempt to deliver a notification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
struct AttemptBody {
    /// When it began.
    at: String,
    /// What the receiver answered; `null` where nothing came, or nothing was sent.
    #[schema(example = 200)]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    duration_ms: i64,
    /// What went wrong.
    error: Option<String>,
}

impl NotificationFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<NotificationFilter> {
        let status = params.optional("status", "pending, delivered or failed", Status::parse);
        let customer_id = customer_id(params);
        let payment_id = params.optional("payment_id", "the id of a payment", |text| {
            text.parse().ok().filter(|number| *number > 0)
        });
        Some(NotificationFilter {
            status: status?,
            customer_id: customer_id?,
            payment_id: payment_id?,
        })
    }

    /// The shortest list that has all that are meant.
    pub(in crate::operator) fn list(&self) -> String {
        match (self.payment_id, self.customer_id, self.status) {
            (Some(payment), _, _) => Notification::payment_list(payment),
            (None, _, Some(Status::Pending)) => PENDING.to_owned(),
            (None, Some(customer), _) => Notification::merchant_list(customer),
            (None, None, Some(Status::Failed)) => FAILED.to_owned(),
            (None, None, Some(Status::Delivered) | None) => NOTIFICATIONS.to_owned(),
        }
    }

    /// Whether a notification is meant.
    pub(in crate::operator) fn suits(&self, it: &Notification) -> bool {
        self.status.is_none_or(|status| status == it.status)
            && self.customer_id.is_none_or(|customer| customer == it.customer)
            && self.payment_id.is_none_or(|payment| payment == it.payment)
    }
}

impl NotificationBody {
    /// A notification as operators see it.
    pub(in crate::operator) fn of(it: &Notification) -> NotificationBody {
        let is_pending = it.status == Status::Pending;
        NotificationBody {
            id: it.number.to_string(),
            payment_id: it.payment.to_string(),
            customer_id: it.customer,
            endpoint_id: it.endpoint.to_string(),
            url: it.url.clone(),
            webhook_id: it.webhook_id.clone(),
            sequence: it.sequence,
            status: it.status.as_str(),
            attempts: it.attempts.iter().map(AttemptBody::of).collect(),
            next_attempt_at: is_pending.then(|| it.due_at.rfc3339()),
            created_at: it.created_at.rfc3339(),
        }
    }
}

impl AttemptBody {
    fn of(attempt: &Attempt) -> AttemptBody {
        AttemptBody {
            at: attempt.at.rfc3339(),
            status: attempt.status,
            duration_ms: attempt.duration_ms,
            error: attempt.error.clone(),
        }
    }
}

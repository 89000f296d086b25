//! Webhooks: what a merchant has registered for one payment, and what it is sent.

use serde_json::{Map, Value, json};

use crate::backstage::Backstage;
use crate::fields::{list, text};
use crate::outbox::Letter;
use crate::time;

/// What can be registered for. The names with `.v2` carry the merchant's number under another name.
const EVENTS: [&str; 16] = [
    "payment.created",
    "payment.reservation.created",
    "payment.reservation.created.v2",
    "payment.reservation.failed",
    "payment.checkout.completed",
    "payment.charge.created",
    "payment.charge.created.v2",
    "payment.charge.failed",
    "payment.charge.failed.v2",
    "payment.refund.initiated",
    "payment.refund.initiated.v2",
    "payment.refund.failed",
    "payment.refund.completed",
    "payment.cancel.created",
    "payment.cancel.created.v2",
    "payment.cancel.failed",
];

/// The merchant's number, which nobody chooses here.
const MERCHANT: i64 = 100_000_001;

/// One registration.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    event: String,
    url: String,
    headers: Vec<(String, String)>,
}

/// Something to be told.
#[derive(Debug)]
pub(super) struct Event<'e> {
    /// Its name.
    pub(super) name: &'static str,
    /// What it says beside the payment's id.
    pub(super) data: Map<String, Value>,
    /// The payment's id.
    pub(super) payment_id: &'e str,
    /// How often it is posted.
    pub(super) copies: u32,
    pub(super) at_ms: i64,
}

/// Whether there is such an event.
pub(super) fn is_event(name: &str) -> bool {
    EVENTS.contains(&name)
}

/// What a merchant registers with a new payment.
pub(super) fn registered(body: &Value) -> Vec<Webhook> {
    let webhooks =
        body.get("notifications").map_or(&[][..], |notifications| list(notifications, "webHooks"));
    webhooks.iter().map(Webhook::read).collect()
}

/// Posts an event to whoever registered for it.
pub(super) fn post(webhooks: &[Webhook], event: Event<'_>, backstage: &mut Backstage) {
    let wanted: Vec<&Webhook> =
        webhooks.iter().filter(|webhook| webhook.event == event.name).collect();
    if wanted.is_empty() {
        return;
    }
    let merchant =
        if event.name.strip_suffix(".v2").is_some() { "merchantNumber" } else { "merchantId" };
    let mut data = event.data;
    data.insert("paymentId".to_owned(), json!(event.payment_id));
    let body = json!({
        "id": backstage.ids.hex(),
        "event": event.name,
        "timestamp": time::text(event.at_ms),
        merchant: MERCHANT,
        "data": data,
    });
    for webhook in wanted {
        let letter = Letter {
            url: webhook.url.clone(),
            headers: webhook.headers.clone(),
            body: body.to_string(),
        };
        backstage.outbox.post(&letter, event.copies, event.at_ms);
    }
}

impl Webhook {
    /// Reads a registration that was checked.
    fn read(value: &Value) -> Webhook {
        let owned = |name| text(value, name).unwrap_or_default().to_owned();
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), owned("authorization")),
        ];
        for more in list(value, "headers").iter().filter_map(Value::as_object) {
            let more = more.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
            headers.extend(more.map(|(name, value)| (name.to_lowercase(), value.to_owned())));
        }
        Webhook { event: owned("eventName"), url: owned("url"), headers }
    }
}

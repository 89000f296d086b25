//! Updates.

use estate::Update;
use estate::limits::UPDATE_MESSAGE_CHARS_MAX;
use estate::update::UpdateStatus;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, parsed, text};

/// How far an update is.
#[derive(Debug, ToSchema)]
pub(in crate::device) struct UpdateReport {
    /// `downloaded`, `installed` or `failed`.
    #[schema(value_type = String, pattern = "^(downloaded|installed|failed)$",
        example = "installed")]
    pub(in crate::device) status: UpdateStatus,
    /// For people: what went wrong, for one.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::device) message: Option<String>,
}

/// An update as its device sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Update)]
pub(in crate::device) struct UpdateBody {
    /// Names it.
    #[schema(example = "1044")]
    update_id: String,
    /// What is installed.
    #[schema(example = 1)]
    package_id: i64,
    /// `offered`, `downloaded`, `installed`, `failed` or `cancelled`.
    #[schema(example = "installed")]
    status: &'static str,
    /// What the device said about it.
    message: Option<String>,
    /// When its status changed last.
    changed_at: String,
}

/// The words of a device.
pub(super) fn status() -> impl FnOnce(Value) -> Result<UpdateStatus, String> {
    parsed("downloaded, installed or failed", |word| {
        let status = UpdateStatus::parse(word)?;
        match status {
            UpdateStatus::Downloaded | UpdateStatus::Installed | UpdateStatus::Failed => {
                Some(status)
            }
            UpdateStatus::Ordered | UpdateStatus::Offered | UpdateStatus::Cancelled => None,
        }
    })
}

impl FromObject for UpdateReport {
    fn from_object(object: &mut Object) -> Option<UpdateReport> {
        let status = object.required("status", status());
        let message = object.optional("message", text(UPDATE_MESSAGE_CHARS_MAX));
        Some(UpdateReport { status: status?, message: message? })
    }
}

impl UpdateBody {
    /// An update.
    pub(in crate::device) fn of(update: &Update) -> UpdateBody {
        UpdateBody {
            update_id: update.number.to_string(),
            package_id: update.package,
            status: update.status.as_str(),
            message: update.message.clone(),
            changed_at: update.changed_at.rfc3339(),
        }
    }
}

//! Calls home.

use estate::limits::VERSION_CHARS_MAX;
use estate::update::UpdateStatus;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::updates::status;
use crate::http::fields::{FromObject, Object, text, whole};

/// Most packages that a device tells of in one call.
const PACKAGES_MAX: usize = 100;

/// How a device is.
#[derive(Debug, ToSchema)]
pub(in crate::device) struct CallHomeRequest {
    /// What the device runs.
    #[schema(max_length = 64, example = "1.27.311")]
    pub(in crate::device) application_version: String,
    /// How far packages are that the device was told of; at most 100.
    #[schema(value_type = Option<Vec<PackageReport>>, max_items = 100)]
    pub(in crate::device) packages: Vec<(i64, UpdateStatus)>,
}

/// How far a package is.
#[derive(Debug, ToSchema)]
pub(in crate::device) struct PackageReport {
    /// As an earlier call named it.
    #[schema(minimum = 1, example = 1)]
    package_id: i64,
    /// `downloaded`, `installed` or `failed`.
    #[schema(value_type = String, pattern = "^(downloaded|installed|failed)$")]
    status: UpdateStatus,
}

/// What a device is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalledHome)]
pub(in crate::device) struct CalledHomeBody {
    /// The configuration that the terminal uses, inherited values included.
    #[schema(value_type = Object)]
    pub(in crate::device) configuration: Value,
    /// Another one whenever the configuration is another one.
    pub(in crate::device) configuration_version: String,
    /// What to install, in this order.
    pub(in crate::device) updates: Vec<OfferedUpdate>,
    /// When to call again.
    #[schema(example = 3600)]
    pub(in crate::device) next_call_home_seconds: i64,
    /// The time here.
    pub(in crate::device) server_time: String,
}

/// An update to install.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::device) struct OfferedUpdate {
    /// Names it in reports.
    #[schema(example = "1044")]
    pub(in crate::device) update_id: String,
    /// What to install.
    pub(in crate::device) package: OfferedPackage,
}

/// A package to install.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::device) struct OfferedPackage {
    /// Names it.
    #[schema(example = 1)]
    pub(in crate::device) id: i64,
    /// For people.
    pub(in crate::device) name: String,
    /// Its length in bytes.
    pub(in crate::device) size: i64,
    /// SHA-256 of its bytes: 64 hexadecimal digits.
    pub(in crate::device) sha256: String,
    /// Where its bytes are, on this server.
    #[schema(example = "/device/v1/packages/1")]
    pub(in crate::device) url: String,
}

impl FromObject for CallHomeRequest {
    fn from_object(object: &mut Object) -> Option<CallHomeRequest> {
        let application_version = object.required("application_version", text(VERSION_CHARS_MAX));
        let packages = object.optional_list::<PackageReport>("packages", 0..=PACKAGES_MAX);
        let packages = packages?.unwrap_or_default();
        Some(CallHomeRequest {
            application_version: application_version?,
            packages: packages.iter().map(|report| (report.package_id, report.status)).collect(),
        })
    }
}

impl FromObject for PackageReport {
    fn from_object(object: &mut Object) -> Option<PackageReport> {
        let package_id = object.required("package_id", whole(1, i64::MAX));
        let status = object.required("status", status());
        Some(PackageReport { package_id: package_id?, status: status? })
    }
}

//! Downloads.

use utoipa::IntoParams;

/// The headers by which a download is gone on with.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "they are read from the headers; this describes them")]
pub(in crate::device) struct Conditions {
    /// One range of bytes: `bytes=0-1023`, `bytes=1024-` or `bytes=-512`.
    #[param(rename = "Range", value_type = Option<String>)]
    range: Option<String>,
    /// The range is only sent where this is still the entity tag; else the whole file.
    #[param(rename = "If-Range", value_type = Option<String>)]
    if_range: Option<String>,
    /// Nothing is sent where this is still the entity tag.
    #[param(rename = "If-None-Match", value_type = Option<String>)]
    if_none_match: Option<String>,
}

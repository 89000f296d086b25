//! The reference lists. Clients keep them, and may ask whether what they kept is still so.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use estate::reference::{
    ACQUIRERS, CARD_BRANDS, Entry, LANGUAGES, OPERATING_MODES, TERMINAL_MODELS, mcc_codes, version,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::JSON;
use super::problem::Problem;

/// An entry of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = ListEntry)]
pub(super) struct EntryView {
    /// What requests call it.
    #[schema(example = 1)]
    id: i64,
    /// For people.
    #[schema(example = "Mastercard/Visa")]
    name: &'static str,
}

/// A merchant category.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MccCode)]
pub(super) struct MccView {
    /// Its place in the list.
    #[schema(example = 1)]
    id: i64,
    /// What requests call it (ISO 18245).
    #[schema(example = "0742")]
    code: &'static str,
    /// For people.
    #[schema(example = "Veterinary Services")]
    description: &'static str,
}

/// A list as it is sent.
struct Sent {
    etag: HeaderValue,
    body: String,
}

/// GET one of the lists, by the name in the path, in lower case.
pub(super) fn list(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let sent = find(name).ok_or(Problem::NoSuchList)?;
    let kept = headers.get_all(IF_NONE_MATCH).iter().any(|kept| names(kept, &sent.etag));
    // A client may keep it, and asks each time whether it is still so.
    let cache = (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let head = [(ETAG, sent.etag.clone()), cache];
    if kept {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, [(CONTENT_TYPE, JSON)], sent.body.clone()).into_response())
}

/// Whether an `If-None-Match` names this tag (RFC 9110 §13.1.2: compared weakly).
fn names(kept: &HeaderValue, etag: &HeaderValue) -> bool {
    let kept = kept.to_str().unwrap_or_default();
    let mut tags = kept.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn find(name: &str) -> Option<&'static Sent> {
    static CARD_BRANDS_SENT: LazyLock<Sent> = LazyLock::new(|| entries(CARD_BRANDS));
    static ACQUIRERS_SENT: LazyLock<Sent> = LazyLock::new(|| entries(ACQUIRERS));
    static LANGUAGES_SENT: LazyLock<Sent> = LazyLock::new(|| entries(LANGUAGES));
    static MODES_SENT: LazyLock<Sent> = LazyLock::new(|| entries(OPERATING_MODES));
    static MODELS_SENT: LazyLock<Sent> = LazyLock::new(|| {
        let models = TERMINAL_MODELS.iter();
        entries(&models.map(|model| Entry { id: model.id, name: model.name }).collect::<Vec<_>>())
    });
    static MCC_SENT: LazyLock<Sent> = LazyLock::new(mcc);
    match name {
        "cardbrands" => Some(&CARD_BRANDS_SENT),
        "acquirers" => Some(&ACQUIRERS_SENT),
        "languages" => Some(&LANGUAGES_SENT),
        "mcccodes" => Some(&MCC_SENT),
        "terminalmodels" => Some(&MODELS_SENT),
        // The contract writes both.
        "terminaloperatingmode" | "terminaloperatingmodes" => Some(&MODES_SENT),
        _ => None,
    }
}

fn entries(entries: &[Entry]) -> Sent {
    let view = |entry: &Entry| EntryView { id: entry.id, name: entry.name };
    let views: Vec<EntryView> = entries.iter().map(view).collect();
    Sent::new(&version(entries.iter().map(|entry| (entry.id, "", entry.name))), &views)
}

fn mcc() -> Sent {
    let codes = mcc_codes().iter();
    let version = version(codes.clone().map(|mcc| (mcc.id, mcc.code, mcc.description)));
    let view = |mcc: &estate::reference::Mcc| MccView {
        id: mcc.id,
        code: mcc.code,
        description: mcc.description,
    };
    Sent::new(&version, &codes.map(view).collect::<Vec<MccView>>())
}

impl Sent {
    fn new(version: &str, views: &impl Serialize) -> Sent {
        let etag = HeaderValue::try_from(format!("\"{version}\""));
        Sent {
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
            body: serde_json::to_string(views).unwrap_or_default(),
        }
    }
}

//! The style sheet and the scripts, all ours, in the program.
//!
//! The page names each by a hash of its content: in the address, so that browsers may keep it for
//! ever, and as `integrity`, so that nobody else can change it on the way (PCI DSS 4.0.1, 6.4.3).

use std::sync::LazyLock;

use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The style sheet of all pages.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("checkout.css", include_str!("assets/checkout.css")));

/// The script of all pages. Every page works without it.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("checkout.js", include_str!("assets/checkout.js")));

/// The script for merchants' own pages.
static WIDGET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("paymentWidgets.js", include_str!("assets/widget.js")));

/// A file that pages load.
#[derive(Debug)]
pub(super) struct Asset {
    content: &'static str,
    /// Its path with the hash of its content.
    pub(super) address: String,
    /// The hash as browsers check it (Subresource Integrity §3.1).
    pub(super) integrity: String,
}

impl Asset {
    fn new(name: &str, content: &'static str) -> Asset {
        let digest: [u8; 32] = Sha256::digest(content.as_bytes()).into();
        let short = estate::draw::hex(digest.split_at(8).0);
        Asset {
            content,
            address: format!("/checkout/assets/{name}?{short}"),
            integrity: format!("sha256-{}", STANDARD.encode(digest)),
        }
    }

    fn response(&self, media_type: &'static str, caching: &'static str) -> Response {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (CACHE_CONTROL, HeaderValue::from_static(caching)),
        ];
        (headers, self.content).into_response()
    }
}

/// The `integrity` of the widget's script, for the answer to `POST /v3/checkouts`.
pub fn widget_integrity() -> &'static str {
    &WIDGET.integrity
}

/// The style sheet.
pub(super) async fn style() -> Response {
    STYLE.response(CSS, "public, max-age=31536000, immutable")
}

/// The page's script.
pub(super) async fn script() -> Response {
    SCRIPT.response(JAVASCRIPT, "public, max-age=31536000, immutable")
}

/// The widget's script. It is the same for every checkout, so that its integrity can be told; it
/// reads the checkout's id from its own address.
pub(super) async fn widget() -> Response {
    let mut response = WIDGET.response(JAVASCRIPT, "public, max-age=300");
    let headers = response.headers_mut();
    // Pages of others load it with `crossorigin`, without which there is no integrity check.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

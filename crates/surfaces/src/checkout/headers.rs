//! The headers of every answer of the page.
//!
//! Nothing of others is loaded, nothing inline runs, and only the merchant's own pages may frame
//! the page (PCI DSS 4.0.1, 6.4.3 and 11.6.1).

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

use super::till::Framer;
use crate::http::ways_back::origin;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The page needs none of a browser's powers.
const NO_PERMISSIONS: &str = "accelerometer=(), bluetooth=(), camera=(), display-capture=(), \
    geolocation=(), gyroscope=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// What differs between the policies of pages.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    /// The URL to which a form of the page posts that is none of ours.
    pub(super) form_target: Option<String>,
    /// Who may frame the page.
    pub(super) framers: Vec<Framer>,
}

/// Adds the headers to an answer.
pub(super) fn guard(mut response: Response, policy: &Policy) -> Response {
    let headers = response.headers_mut();
    let content_policy = HeaderValue::try_from(content_policy(policy));
    let strictest = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, content_policy.unwrap_or(strictest));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The id of a checkout is what lets one see it, so no other site hears of it.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(NO_PERMISSIONS));
    headers.insert(VARY, HeaderValue::from_static("accept-language"));
    if policy.framers.is_empty() {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    response
}

fn content_policy(policy: &Policy) -> String {
    let form_target = policy.form_target.as_deref().and_then(origin);
    let form_target = form_target.map_or_else(String::new, |origin| format!(" {origin}"));
    let frames: Vec<String> = policy.framers.iter().filter_map(source).collect();
    let frames = if frames.is_empty() { "'none'".to_owned() } else { frames.join(" ") };
    format!(
        "default-src 'none'; base-uri 'none'; style-src 'self'; script-src 'self'; \
         connect-src 'self'; form-action 'self'{form_target}; frame-ancestors {frames}"
    )
}

/// What a policy calls pages (CSP 3 §2.3.1): `*` is any port, and of addresses it knows 127.0.0.1
/// alone.
fn source(framer: &Framer) -> Option<String> {
    match framer {
        Framer::Origin(url) => origin(url),
        Framer::AnyHttps => Some("https:".to_owned()),
        Framer::Loopback => {
            Some("http://localhost:* http://127.0.0.1:* https://localhost:*".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Framer, Policy, content_policy};

    #[test]
    fn the_policy_is_closed_but_for_what_is_needed() {
        let closed = "default-src 'none'; base-uri 'none'; style-src 'self'; script-src 'self'; \
                      connect-src 'self'; form-action 'self'";
        assert_eq!(content_policy(&Policy::default()), format!("{closed}; frame-ancestors 'none'"));
        let policy = Policy {
            form_target: Some("https://acs.example/challenge".to_owned()),
            framers: vec![
                Framer::Origin("https://shop.example".to_owned()),
                Framer::Origin("https://x; y".to_owned()),
            ],
        };
        assert_eq!(
            content_policy(&policy),
            format!("{closed} https://acs.example; frame-ancestors https://shop.example"),
        );
    }

    #[test]
    fn each_kind_of_page_that_may_frame_it_has_a_source() {
        let loopback = "http://localhost:* http://127.0.0.1:* https://localhost:*";
        let both = format!("https: {loopback}");
        for (framers, expected) in [
            (vec![Framer::AnyHttps], "https:"),
            (vec![Framer::Loopback], loopback),
            (vec![Framer::AnyHttps, Framer::Loopback], both.as_str()),
            (vec![Framer::Origin("https://x; y".to_owned())], "'none'"),
        ] {
            let policy = content_policy(&Policy { form_target: None, framers });
            assert!(policy.ends_with(&format!("; frame-ancestors {expected}")), "{policy}");
        }
    }
}

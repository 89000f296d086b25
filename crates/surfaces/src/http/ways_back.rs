//! Where a payer's browser goes when a payment, or a checkout, is through.
//!
//! Invariant: none of these addresses comes from the payer's own request. The merchant's was held
//! against its allow-list when the payment, or the checkout, was made.

use engine::StoreError;
use engine::queries::documents::document;
use payments::{Checkout, Payment};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http::platform::Platform;

/// What must not be in a header as it is. What is percent-encoded already stays so.
const NOT_IN_HEADERS: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// What of a value in a query stays as it is (RFC 3986 §2.3).
const IN_QUERY: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The merchant's URL with `id` and `resourcePath` (payments v3). `None` where it is no web
/// address.
pub(crate) fn way_back(return_url: &str, id: &str, resource_path: &str) -> Option<String> {
    origin(return_url)?;
    let (address, fragment) = match return_url.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (return_url, None),
    };
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let (id, path) =
        (utf8_percent_encode(id, &IN_QUERY), utf8_percent_encode(resource_path, &IN_QUERY));
    let address = utf8_percent_encode(address, &NOT_IN_HEADERS);
    let url = format!("{address}{joint}id={id}&resourcePath={path}");
    let Some(fragment) = fragment else { return Some(url) };
    Some(format!("{url}#{}", utf8_percent_encode(fragment, &NOT_IN_HEADERS)))
}

/// The path under which a payment can be read (`resourcePath`).
pub(crate) fn resource_path(payment: &Payment) -> String {
    format!("/v3/payments/{}", payment.online_id())
}

/// Where the payer of a payment of payments v3 goes who has done what there was to do elsewhere: to
/// the checkout's page, or to the merchant. `None` where nobody has said.
pub(crate) async fn onwards(
    platform: &Platform,
    payment: &Payment,
) -> Result<Option<String>, StoreError> {
    let Some(online) = &payment.online else { return Ok(None) };
    let Some(number) = online.checkout else {
        let url = online.shopper_result_url.as_deref();
        let id = payment.online_id();
        return Ok(url.and_then(|url| way_back(url, &id, &resource_path(payment))));
    };
    let found = platform.queries.read(move |reader| document(reader, Checkout::id(number)));
    let checkout = found.await?.as_ref().and_then(Checkout::of);
    Ok(checkout.map(|checkout| format!("/checkout/{}", checkout.wanted.id)))
}

/// The origin of a web address, as policies name it: `https://shop.example:8443`. `None` where it
/// is none, or has anything in it that a policy could be broken with.
pub(crate) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return None;
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let host = rest.get(..end)?.to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let is_host = !host.is_empty() && !host.starts_with(':') && host.bytes().all(is_plain);
    is_host.then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::{origin, way_back};

    #[test]
    fn there_is_a_way_back_to_web_addresses_only() {
        let told = "id=1f&resourcePath=%2Fv3%2Fcheckouts%2F1f%2Fpayment";
        for (url, expected) in [
            ("https://shop", format!("https://shop?{told}")),
            ("https://shop/a", format!("https://shop/a?{told}")),
            ("https://shop/?x=1", format!("https://shop/?x=1&{told}")),
            ("https://shop/?", format!("https://shop/?{told}")),
            ("https://shop/?x=1&", format!("https://shop/?x=1&{told}")),
            ("https://shop/?x=%C3%A5#/paid", format!("https://shop/?x=%C3%A5&{told}#/paid")),
            ("https://shop/\u{e5} b\r\n", format!("https://shop/%C3%A5%20b%0D%0A?{told}")),
        ] {
            assert_eq!(way_back(url, "1f", "/v3/checkouts/1f/payment"), Some(expected), "{url}");
        }
        for url in ["", "javascript:alert(1)", "//shop", "ftp://shop/", "https://", "/checkout"] {
            assert_eq!(way_back(url, "1f", "/v3/checkouts/1f/payment"), None, "{url}");
        }
    }

    #[test]
    fn an_origin_cannot_break_out_of_a_policy() {
        for (url, expected) in [
            ("https://shop.example/a?b", Some("https://shop.example")),
            ("HTTP://LOCALHOST:8080?x", Some("http://localhost:8080")),
            ("http://[::1]:80/", Some("http://[::1]:80")),
            ("https://shop.example; script-src *", None),
            ("https://a b/", None),
            ("https://*/", None),
            ("https://user@shop/", None),
            ("https://shop\\@evil/", Some("https://shop")),
            ("data:text/html,x", None),
        ] {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }
}

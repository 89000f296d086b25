//! Where a merchant's payers may be sent, and whose pages may frame the checkout's: to and by
//! origins that the merchant has listed, and nowhere and nobody else.

use payments::Payee;

use crate::checkout::Framer;

/// What a merchant lists to allow every address on this machine, for tests.
const LOOPBACK: &str = "loopback";

/// What a merchant lists to allow every address over HTTPS.
const ANY_HTTPS: &str = "https://*";

/// Whether a payer may be sent to an address (`shopperResultUrl`): its origin is one of those that
/// the merchant has listed.
pub(super) fn is_allowed(payee: &Payee, url: &str) -> bool {
    let Some((scheme, host, port)) = origin(url) else { return false };
    let is_https = scheme == "https";
    let is_loopback = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    payee.return_origins.iter().any(|allowed| match allowed.as_str() {
        ANY_HTTPS => is_https,
        LOOPBACK => is_loopback,
        listed => origin(listed) == Some((scheme, host.clone(), port)),
    })
}

/// Whose pages may frame the checkout's page: those to which the merchant's payers may be sent.
pub(super) fn framers(payee: &Payee) -> Vec<Framer> {
    let framers = payee.return_origins.iter().map(|allowed| match allowed.as_str() {
        ANY_HTTPS => Framer::AnyHttps,
        LOOPBACK => Framer::Loopback,
        listed => Framer::Origin(listed.to_owned()),
    });
    framers.collect()
}

/// The scheme, the host in lower case and the port of a web address. `None` where it is none that a
/// browser and we would read alike.
fn origin(url: &str) -> Option<(&'static str, String, u16)> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'"';
    if !url.bytes().all(is_plain) {
        return None;
    }
    let (scheme, rest, default) = match url.split_once("://")? {
        (scheme, rest) if scheme.eq_ignore_ascii_case("https") => ("https", rest, 443),
        (scheme, rest) if scheme.eq_ignore_ascii_case("http") => ("http", rest, 80),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        Some(_) | None => (authority, default),
    };
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-.[]:".contains(&byte);
    let is_host = !host.is_empty() && host.bytes().all(is_host_byte);
    is_host.then(|| (scheme, host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payers_are_sent_to_listed_origins_only() {
        let check = |listed: &[&str], url: &str, expected| {
            let return_origins = listed.iter().map(|it| (*it).to_owned()).collect();
            let payee = Payee { return_origins, ..Payee::default() };
            assert_eq!(is_allowed(&payee, url), expected, "{listed:?} {url}");
        };
        let shop = ["https://shop.example"];
        check(&shop, "https://shop.example/thanks?x=1", true);
        check(&shop, "HTTPS://Shop.Example:443", true);
        check(&[], "https://shop.example/", false);
        for url in [
            "http://shop.example/",
            "https://shop.example:8443/",
            "https://shop.example.evil.example/",
            "https://shop.example@evil.example/",
            "https://evil.example/https://shop.example",
            "https:/shop.example",
            "//shop.example",
            "https://shop.example\\@evil.example/",
            "javascript://shop.example/%0aalert(1)",
            "https://",
            "https://shop.example:x/",
            "https://shöp.example/",
            "https://shop.example/ x",
        ] {
            check(&shop, url, false);
        }
        check(&["https://*"], "https://anything.example/", true);
        check(&["https://*"], "http://anything.example/", false);
        for url in ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]:9/"] {
            check(&["loopback"], url, true);
        }
        check(&["loopback"], "http://127.0.0.1.evil.example/", false);
        check(&["loopback"], "https://shop.example/", false);
    }
}

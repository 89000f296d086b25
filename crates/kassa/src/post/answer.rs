//! What an answer, or none, is told as.

use std::error::Error;
use std::io;

use engine::effects::post::{Delivery, Refused, Trouble};
use ledger::Timestamp;
use reqwest::Response;
use reqwest::header::RETRY_AFTER;

/// What an answer says.
pub(super) fn told(response: &Response, now: Timestamp) -> Delivery {
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_seconds = header.and_then(|text| retry_after(text.trim(), now));
    Delivery::Answer { status: response.status().as_u16(), retry_after_seconds }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date, which is told as the seconds
/// until then.
fn retry_after(text: &str, now: Timestamp) -> Option<u32> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u32::MAX));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
    let seconds = date.saturating_sub(now.0.div_euclid(1_000)).max(0);
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// What it means that there is no answer.
pub(super) fn trouble(error: &reqwest::Error) -> Delivery {
    let first: &(dyn Error + 'static) = error;
    let causes = || std::iter::successors(Some(first), |error| inner(*error));
    if let Some(refused) = causes().find_map(|cause| cause.downcast_ref::<Refused>()) {
        return Delivery::Refused(*refused);
    }
    if let Some(trouble) = causes().find_map(|cause| cause.downcast_ref::<Trouble>()) {
        return Delivery::Failed(*trouble);
    }
    let is_nonsense = causes()
        .any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse));
    let trouble = if error.is_builder() {
        // The URL was read, and is no good for HTTP.
        return Delivery::Refused(Refused::NoUrl);
    } else if error.is_timeout() {
        Trouble::Time
    } else if causes().any(<dyn Error>::is::<rustls::Error>) {
        Trouble::Tls
    } else if error.is_connect() {
        Trouble::Connect
    } else if is_nonsense {
        Trouble::Nonsense
    } else {
        Trouble::Reset
    };
    Delivery::Failed(trouble)
}

/// The cause of an error. What an error of the system wraps is not its cause, and is wanted here.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // Sun, 06 Nov 1994 08:49:37 GMT, and half a second.
        let now = Timestamp(784_111_777_500);
        for (text, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("4294967295", Some(u32::MAX)),
            ("99999999999999999999", Some(u32::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 07:00:00 GMT", Some(0)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(86_400)),
            ("Mon, 01 Jan 2300 00:00:00 GMT", Some(u32::MAX)),
            ("Mon, 06 Nov 1994 08:50:37 GMT", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, now), expected, "{text}");
        }
    }
}

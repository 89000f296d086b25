//! Which bytes of a file a request asks for (RFC 9110 §13 and §14).

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE};

/// What a request gets of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing: the client has it.
    NotModified,
    /// All of it.
    Whole,
    /// The bytes from the first to the last of these, both counted from 0.
    Part {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// Bytes that it does not have.
    Unsatisfiable,
}

/// What is asked of a file with this entity tag (quotes included) and length.
///
/// Several ranges at once, other units and what cannot be read are passed over, as RFC 9110 §14.2
/// lets a server do: the answer is the whole file.
pub(super) fn asked(headers: &HeaderMap, etag: &str, length: u64) -> Asked {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if header(IF_NONE_MATCH).is_some_and(|tags| names(tags, etag)) {
        return Asked::NotModified;
    }
    // Only the very same bytes can be gone on with. A date says too little.
    let is_same = header(IF_RANGE).is_none_or(|tag| tag.trim() == etag);
    let is_plain =
        headers.get_all(RANGE).iter().count() == 1 && headers.get_all(IF_RANGE).iter().count() <= 1;
    match header(RANGE).filter(|_| is_same && is_plain) {
        Some(range) => part(range, length).unwrap_or(Asked::Whole),
        None => Asked::Whole,
    }
}

/// Whether a list of entity tags has this one, by the weak comparison (RFC 9110 §8.8.3.2).
fn names(tags: &str, etag: &str) -> bool {
    let tags = tags.split(',').map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == etag || tag == "*")
}

/// Reads one range of bytes. `None` is none that can be read.
fn part(range: &str, length: u64) -> Option<Asked> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    if !is_number(first) || !is_number(last) {
        return None;
    }
    let (first, last) = (number(first), number(last));
    let end = length.checked_sub(1);
    let (first, last) = match (first, last) {
        (None, None) => return None,
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), last) => (first, last.unwrap_or(u64::MAX)),
        (None, Some(0)) => return Some(Asked::Unsatisfiable),
        (None, Some(suffix)) => (length.saturating_sub(suffix), u64::MAX),
    };
    Some(match end {
        Some(end) if first <= end => Asked::Part { first, last: last.min(end) },
        _ => Asked::Unsatisfiable,
    })
}

/// Whether a text is a position, or empty.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A position; none where the text is empty. One that is too large for us is as far as it gets.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    #[track_caller]
    fn check(length: u64, headers: &[(HeaderName, &str)], expected: Asked) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        assert_eq!(asked(&map, TAG, length), expected);
    }

    #[test]
    fn one_range_is_read() {
        let part = |first, last| Asked::Part { first, last };
        for (range, expected) in [
            ("bytes=0-9", part(0, 9)),
            ("bytes=0-0", part(0, 0)),
            ("Bytes = 3-", part(3, 9)),
            ("bytes=3-99", part(3, 9)),
            ("bytes=9-", part(9, 9)),
            ("bytes=-4", part(6, 9)),
            ("bytes=-99", part(0, 9)),
            ("bytes=5-99999999999999999999", part(5, 9)),
            ("bytes=10-", Asked::Unsatisfiable),
            ("bytes=10-20", Asked::Unsatisfiable),
            ("bytes=99999999999999999999-", Asked::Unsatisfiable),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=5-4", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes 0-1", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            check(10, &[(RANGE, range)], expected);
        }
        check(0, &[(RANGE, "bytes=0-")], Asked::Unsatisfiable);
        check(0, &[(RANGE, "bytes=-1")], Asked::Unsatisfiable);
        check(10, &[], Asked::Whole);
        check(10, &[(RANGE, "bytes=0-1"), (RANGE, "bytes=3-4")], Asked::Whole);
    }

    #[test]
    fn conditions_come_first() {
        let range = (RANGE, "bytes=0-1");
        let part = Asked::Part { first: 0, last: 1 };
        for (name, value, expected) in [
            (IF_NONE_MATCH, TAG, Asked::NotModified),
            (IF_NONE_MATCH, "W/\"abc\"", Asked::NotModified),
            (IF_NONE_MATCH, "\"x\", \"abc\"", Asked::NotModified),
            (IF_NONE_MATCH, "*", Asked::NotModified),
            (IF_NONE_MATCH, "\"x\"", part),
            (IF_NONE_MATCH, "abc", part),
            (IF_RANGE, TAG, part),
            (IF_RANGE, "W/\"abc\"", Asked::Whole),
            (IF_RANGE, "\"x\"", Asked::Whole),
            (IF_RANGE, "Fri, 20 Nov 2026 11:00:00 GMT", Asked::Whole),
        ] {
            check(10, &[range.clone(), (name, value)], expected);
        }
    }
}

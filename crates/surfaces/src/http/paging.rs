//! Pages of lists: `{"items": [...], "next": cursor or null}`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::Position;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Most items on the page: 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub limit: usize,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]+$")]
    pub after: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// What is on it. It may be short, or empty, although there is a next page.
    pub items: Vec<T>,
    /// What to send as `after` to get the page after it; `null` on the last one.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// The page of `items` in memory that come after `page.after`; `position` tells where in the
    /// list one is. `items` are in the order of the list.
    pub fn of<I>(
        page: Page,
        items: impl Iterator<Item = I>,
        position: impl Fn(&I) -> i64,
        show: impl Fn(&I) -> T,
    ) -> List<T> {
        let mut rest = items.skip_while(|item| page.after.is_some_and(|at| position(item) >= at));
        let taken: Vec<I> = rest.by_ref().take(page.limit).collect();
        let next = rest.next().and(taken.last()).map(|last| cursor(position(last)));
        List { items: taken.iter().map(show).collect(), next }
    }
}

/// A position as clients see it: opaque.
pub fn cursor(position: impl std::fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("v1.{position}"))
}

/// Reads what [`cursor`] wrote.
pub fn parse_cursor(text: &str) -> Option<i64> {
    decode(text, |position| position.parse().ok().filter(|position| *position > 0))
}

/// Reads what [`cursor`] wrote for a position in the journal.
pub fn parse_journal_cursor(text: &str) -> Option<Position> {
    decode(text, Position::parse)
}

fn decode<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    parse(str::from_utf8(&bytes).ok()?.strip_prefix("v1.")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_were_written() {
        for position in [1, 50, i64::MAX] {
            assert_eq!(parse_cursor(&cursor(position)), Some(position));
            let position = Position::at(ledger::RowId(position));
            assert_eq!(parse_journal_cursor(&cursor(&position)), Some(position));
        }
        for bad in ["", "50", "v1.50", "djEuLTU", "djEu"] {
            assert_eq!(parse_cursor(bad), None, "{bad}");
            assert_eq!(parse_journal_cursor(bad), None, "{bad}");
        }
    }

    #[test]
    fn pages_meet_and_end() {
        let all = [9_i64, 7, 5, 3, 1];
        let list = |limit, after| {
            let page = Page { limit, after };
            List::of(page, all.iter(), |at| **at, |at| **at)
        };
        let first = list(2, None);
        assert_eq!(first.items, [9, 7]);
        let second = list(2, first.next.as_deref().and_then(parse_cursor));
        assert_eq!(second.items, [5, 3]);
        let third = list(2, second.next.as_deref().and_then(parse_cursor));
        assert_eq!((third.items.as_slice(), third.next), (&[1][..], None));
        assert_eq!(list(5, None).next, None, "a full page may be the last");
    }
}

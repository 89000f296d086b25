//! What a list is asked for: filters, and where in it to go on.

use axum::extract::Query;
use axum::http::Uri;
use engine::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use ledger::limits::SOURCE_ID_CHARS_MAX;
use ledger::{Code, Date, RowId};

use super::json::{Checks, Named};
use super::problem::Problem;

/// Odd, so that it has an inverse modulo 2⁶⁴.
const CURSOR_FACTOR: i64 = 0x5851_f42d_4c95_7f2d;
/// Inverse of [`CURSOR_FACTOR`] modulo 2⁶⁴; a test proves it.
const CURSOR_FACTOR_INVERSE: i64 = -0x3f68_1078_cd61_d75b;

/// The query of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListQuery {
    /// Only those on this authorization.
    pub(super) authorization: Option<Named>,
    /// Only the one with this source id.
    pub(super) source: Option<String>,
    /// The first value date.
    pub(super) from: Option<Date>,
    /// The last value date.
    pub(super) to: Option<Date>,
    /// Only rows before this one.
    pub(super) after: Option<RowId>,
    /// The most items of a page.
    pub(super) limit: usize,
    /// All but `after`, as it came, for the link to the next page.
    rest: Vec<(String, String)>,
}

impl ListQuery {
    /// Reads a query. Names that it does not know are passed over.
    ///
    /// # Errors
    /// A validation problem.
    pub(super) fn read(uri: &Uri) -> Result<ListQuery, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Ok(Query(pairs)) = pairs else {
            return Err(Problem::field("query", "Invalid value: cannot be decoded"));
        };
        let mut checks = Checks::default();
        let mut query = ListQuery {
            authorization: None,
            source: None,
            from: None,
            to: None,
            after: None,
            limit: PAGE_ITEMS_DEFAULT,
            rest: Vec::new(),
        };
        for (name, value) in pairs {
            query.take(&name, &value, &mut checks);
            let is_known = KNOWN.contains(&name.as_str());
            if is_known {
                query.rest.push((name, value));
            }
        }
        checks.finish()?;
        Ok(query)
    }

    fn take(&mut self, name: &str, value: &str, checks: &mut Checks) {
        match name {
            "authorizationId" => {
                self.authorization = if value.is_empty() || value.chars().count() > 6 {
                    checks.reject("authorizationId", "Invalid value: must have 1 to 6 characters")
                } else {
                    Some(Named(Code::parse(value)))
                };
            }
            "sourceAuthorizationTransactionId" => {
                let name = "sourceAuthorizationTransactionId";
                let fits = (1..=SOURCE_ID_CHARS_MAX).contains(&value.chars().count());
                self.source = if fits {
                    Some(value.to_owned())
                } else {
                    checks.reject(name, "Invalid value: must have 1 to 50 characters")
                };
            }
            "fromDate" => self.from = date(checks, "fromDate", value),
            "toDate" => self.to = date(checks, "toDate", value),
            "after" => {
                self.after = parse_cursor(value);
                if self.after.is_none() {
                    checks.reject::<RowId>("after", "Invalid value: must come from a next link");
                }
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=PAGE_ITEMS_MAX).contains(limit));
                let message = "Invalid value: must be 1 to 200";
                self.limit =
                    limit.or_else(|| checks.reject("limit", message)).unwrap_or(self.limit);
            }
            _ => {}
        }
    }

    /// Whether a value date is asked for.
    pub(super) fn covers(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The link to the page after `row` of the list at `path`.
    pub(super) fn next(&self, path: &str, row: RowId) -> String {
        let escape = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let mut link = format!("{path}?");
        for (name, value) in self.rest.iter().filter(|(name, _)| name != "after") {
            link.extend([&escape(name), "=", &escape(value), "&"]);
        }
        link.extend(["after=", &cursor(row)]);
        link
    }
}

const KNOWN: [&str; 6] =
    ["authorizationId", "sourceAuthorizationTransactionId", "fromDate", "toDate", "after", "limit"];

fn date(checks: &mut Checks, name: &'static str, value: &str) -> Option<Date> {
    Date::parse(value).or_else(|| checks.reject(name, "Invalid value: must be a date, YYYY-MM-DD"))
}

/// Names a row without telling how many rows there are: other tenants' rows count too.
fn cursor(row: RowId) -> String {
    format!("{:016x}", row.0.wrapping_mul(CURSOR_FACTOR))
}

fn parse_cursor(text: &str) -> Option<RowId> {
    if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u64::from_str_radix(text, 16).ok()?.cast_signed();
    Some(RowId(number.wrapping_mul(CURSOR_FACTOR_INVERSE))).filter(|row| row.0 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_name_their_rows() {
        assert_eq!(CURSOR_FACTOR.wrapping_mul(CURSOR_FACTOR_INVERSE), 1);
        for row in [1, 2, 3, 1_000_000, i64::MAX] {
            assert_eq!(parse_cursor(&cursor(RowId(row))), Some(RowId(row)));
        }
        for bad in ["", "1", "zzzzzzzzzzzzzzzz", "0000000000000000", "+000000000000001"] {
            assert_eq!(parse_cursor(bad), None, "{bad}");
        }
    }
}

//! The parameters of a query, whose names are read without regard to case.

use axum::extract::Query as Pairs;
use axum::http::Uri;

use super::problem::{FieldError, Problem};

/// The parameters of a query. One that is there but empty counts as not sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Of a request.
    pub(super) fn of(uri: &Uri) -> Query {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
        Query(pairs.map(|Pairs(pairs)| pairs).unwrap_or_default())
    }

    /// The first value of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let named = |pair: &&(String, String)| pair.0.eq_ignore_ascii_case(name);
        let mut values = self.0.iter().filter(named).map(|(_, value)| value.as_str());
        values.find(|value| !value.trim().is_empty())
    }

    /// The customer that is meant, where one is.
    ///
    /// # Errors
    /// 400 for what cannot be the id of one.
    pub(super) fn customer(&self) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text("customerId") else { return Ok(None) };
        let digits = text.trim();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number);
        let wrong = || Problem::Invalid(vec![FieldError::new("customerId", "must be a number")]);
        number.map(Some).ok_or_else(wrong)
    }
}

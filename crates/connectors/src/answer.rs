//! Reading of answers: bodies into types, and what can be told from status and headers alone.

use serde::de::DeserializeOwned;

use crate::exchange::Response;

impl Response {
    /// Whether the PSP itself said something. What does not count: server errors, too many
    /// requests, redirects, and pages, which come from something between us and the PSP.
    pub(crate) fn says_something(&self) -> bool {
        let is_page = self.body.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        let is_of_psp = match self.status {
            408 | 429 => false,
            status => (200..300).contains(&status) || (400..500).contains(&status),
        };
        is_of_psp && !is_page
    }

    /// Whether the request was refused for what it is or who sent it, and nothing came of it.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.status, 400 | 401 | 402 | 403 | 409 | 415 | 422)
    }

    /// The body, where it has this form.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.body).ok()
    }

    /// The body of a 200, where it has this form.
    pub(crate) fn read_ok<T: DeserializeOwned>(&self) -> Option<T> {
        if self.status == 200 { self.read() } else { None }
    }

    /// The last part of the path in `location`: what a new thing is called.
    pub(crate) fn located(&self) -> Option<&str> {
        let path = self.header("location")?.split(['?', '#']).next()?;
        path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())
    }
}

/// A PSP's code and what it means, for people. Our own text comes before the PSP's.
pub(crate) fn explained(code: &str, ours: Option<&'static str>, theirs: Option<&str>) -> String {
    match ours.or(theirs.filter(|text| !text.is_empty())) {
        Some(text) => format!("{code}: {text}"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, location: &str, body: &str) -> Response {
        let headers = vec![("location".to_owned(), location.to_owned())];
        Response { status, headers, body: body.to_owned() }
    }

    #[test]
    fn some_answers_say_nothing() {
        let table = [
            (200, "{}", true),
            (204, "", true),
            (404, "", true),
            (422, "[]", true),
            (200, " \n<html>", false),
            (404, "\u{feff}<?xml", false),
            (101, "", false),
            (302, "", false),
            (408, "", false),
            (429, "{}", false),
            (500, "{}", false),
            (599, "", false),
            (999, "", false),
        ];
        for (status, body, expected) in table {
            assert_eq!(response(status, "", body).says_something(), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_last_part_of_the_location_is_the_name() {
        let table = [
            ("https://a.test/api/v1/paymentrequests/AB12", Some("AB12")),
            ("/v1/refunds/AB12/?x=/y#z", Some("AB12")),
            ("AB12", Some("AB12")),
            ("/", None),
            ("", None),
        ];
        for (location, expected) in table {
            assert_eq!(response(201, location, "").located(), expected, "{location}");
        }
    }
}

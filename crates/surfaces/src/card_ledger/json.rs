//! Reading JSON as clients of this contract write it: trailing commas are passed over, numbers
//! stay text, and every field is judged by itself, so that all the bad ones can be named at once.

use std::borrow::Cow;

use ledger::{CardAuthenticationMethod, CardToken, Channel, Code, Currency, Date, Decimal};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::{BadField, Problem, money};

/// A field's value, still as text; `None` when it is absent or null.
pub(super) type Raw<'b> = Option<&'b RawValue>;

/// What a client calls an authorization. `None` is an id that none can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named(pub(super) Option<Code>);

/// Says that a required field is not there.
const REQUIRED: &str = "Argument required";

/// Reads a body with `parse`, which gets JSON text and says `None` when that is no JSON object
/// of its shape.
///
/// # Errors
/// A validation problem, of the body as a whole or of its fields.
pub(super) fn read<R>(
    body: &[u8],
    parse: impl Fn(&str) -> Option<Result<R, Problem>>,
) -> Result<R, Problem> {
    let Ok(text) = str::from_utf8(body) else {
        return Err(Problem::field("body", "Invalid value: must be UTF-8"));
    };
    if text.trim_ascii().is_empty() {
        return Err(Problem::field("body", REQUIRED));
    }
    if let Some(outcome) = parse(text) {
        return outcome;
    }
    // The contract's own samples have trailing commas.
    parse(&without_trailing_commas(text)).unwrap_or_else(|| {
        Err(Problem::field("body", "Invalid value: must be one JSON object, each name once"))
    })
}

/// Reads the fields of an object. `None` when it is not one, or names a field twice.
pub(super) fn object<'b, F: Deserialize<'b>>(text: &'b str) -> Option<F> {
    // Derived structs would take an array too.
    text.trim_ascii_start().starts_with('{').then(|| serde_json::from_str(text).ok())?
}

/// Drops each comma that follows a value and precedes a closing bracket.
fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut is_string, mut is_escaped, mut before) = (false, false, '{');
    for (at, c) in text.char_indices() {
        if is_string {
            is_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
        } else {
            is_string = c == '"';
            if c == ',' && !matches!(before, '{' | '[' | ',') {
                let rest = text.get(at.saturating_add(1)..).unwrap_or_default();
                if rest.trim_ascii_start().starts_with(['}', ']']) {
                    continue;
                }
            }
        }
        if !c.is_ascii_whitespace() {
            before = c;
        }
        kept.push(c);
    }
    kept
}

/// Judges fields one by one and remembers the bad ones.
#[derive(Debug, Default)]
pub(super) struct Checks {
    bad: Vec<BadField>,
}

impl Checks {
    /// Remembers a bad field.
    pub(super) fn reject<T>(
        &mut self,
        path: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Option<T> {
        self.bad.push(BadField::new(path, message));
        None
    }

    /// The problem that the bad fields are.
    pub(super) fn problem(self) -> Problem {
        Problem::Validation(self.bad)
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// The problem that the bad fields are, if any.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.bad.is_empty() { Ok(()) } else { Err(self.problem()) }
    }

    /// A text of 1 to `chars_max` characters. Empty is as good as absent.
    pub(super) fn optional_text<'b>(
        &mut self,
        path: &'static str,
        raw: Raw<'b>,
        chars_max: usize,
    ) -> Option<Cow<'b, str>> {
        let Some(text) = text(raw?) else {
            return self.reject(path, "Invalid value: must be a string");
        };
        // Bytes are never fewer than characters.
        if text.len() > chars_max && text.chars().count() > chars_max {
            return self.reject(path, format!("Invalid value: longer than {chars_max} characters"));
        }
        if text.chars().any(char::is_control) {
            return self.reject(path, "Invalid value: must not have control characters");
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// As [`Checks::optional_text`], but it must be there.
    pub(super) fn text<'b>(
        &mut self,
        path: &'static str,
        raw: Raw<'b>,
        chars_max: usize,
    ) -> Option<Cow<'b, str>> {
        let bad = self.bad.len();
        let text = self.optional_text(path, raw, chars_max);
        if text.is_none() && self.bad.len() == bad {
            return self.reject(path, REQUIRED);
        }
        text
    }

    /// A caller's id: a text that can stand in a path.
    pub(super) fn source(
        &mut self,
        path: &'static str,
        raw: Raw<'_>,
        chars_max: usize,
    ) -> Option<String> {
        let source = self.text(path, raw, chars_max)?;
        if matches!(source.as_ref(), "." | "..") {
            // Clients take these out of a path, even when they are percent-encoded.
            return self.reject(path, "Invalid value: cannot stand in a path");
        }
        Some(source.into_owned())
    }

    /// An amount of zero or more. `currency` is the currency it must be exact in, where known.
    pub(super) fn optional_amount(
        &mut self,
        path: &'static str,
        raw: Raw<'_>,
        currency: Option<Currency>,
    ) -> Option<Decimal> {
        let amount = Decimal::parse(raw?.get()).and_then(|amount| match currency {
            Some(currency) => amount.minor(currency).map(|_| amount),
            None => Ok(amount),
        });
        match amount {
            Ok(amount) => Some(amount),
            Err(error) => self.reject(path, money(error)),
        }
    }

    /// An amount above zero, which must be there.
    pub(super) fn amount(
        &mut self,
        path: &'static str,
        raw: Raw<'_>,
        currency: Option<Currency>,
    ) -> Option<Decimal> {
        if raw.is_none() {
            return self.reject(path, REQUIRED);
        }
        let amount = self.optional_amount(path, raw, currency)?;
        if amount.is_zero() {
            return self.reject(path, "Invalid value: must be above zero");
        }
        Some(amount)
    }

    /// A card's token.
    pub(super) fn optional_card(&mut self, path: &'static str, raw: Raw<'_>) -> Option<CardToken> {
        let text = self.optional_text(path, raw, ledger::limits::CARD_TOKEN_CHARS_MAX)?;
        let token = CardToken::parse(&text);
        if token.is_none() {
            return self.reject(path, "Invalid value: must be visible ASCII characters");
        }
        token
    }

    /// As [`Checks::optional_card`], but it must be there.
    pub(super) fn card(&mut self, path: &'static str, raw: Raw<'_>) -> Option<CardToken> {
        let bad = self.bad.len();
        let card = self.optional_card(path, raw);
        if card.is_none() && self.bad.len() == bad {
            return self.reject(path, REQUIRED);
        }
        card
    }

    /// Three capital letters, which may be no currency.
    pub(super) fn optional_currency<'b>(
        &mut self,
        path: &'static str,
        raw: Raw<'b>,
    ) -> Option<Cow<'b, str>> {
        let code = self.optional_text(path, raw, 3)?;
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return self.reject(path, "Invalid value: must be three capital letters (ISO 4217)");
        }
        Some(code)
    }

    /// As [`Checks::optional_currency`], but it must be there.
    pub(super) fn currency<'b>(
        &mut self,
        path: &'static str,
        raw: Raw<'b>,
    ) -> Option<Cow<'b, str>> {
        let bad = self.bad.len();
        let code = self.optional_currency(path, raw);
        if code.is_none() && self.bad.len() == bad {
            return self.reject(path, REQUIRED);
        }
        code
    }

    /// A day.
    pub(super) fn date(&mut self, path: &'static str, raw: Raw<'_>) -> Option<Date> {
        let day = text(raw?).and_then(|text| Date::parse(&text));
        if day.is_none() {
            return self.reject(path, "Invalid value: must be a date, YYYY-MM-DD");
        }
        day
    }

    /// How the holder was authenticated.
    pub(super) fn method(
        &mut self,
        path: &'static str,
        raw: Raw<'_>,
    ) -> Option<CardAuthenticationMethod> {
        let method = text(raw?).and_then(|word| CardAuthenticationMethod::parse(&word));
        if method.is_none() {
            let words = CardAuthenticationMethod::ALL.map(CardAuthenticationMethod::as_str);
            return self
                .reject(path, format!("Invalid value: must be one of {}", words.join(", ")));
        }
        method
    }

    /// Through what channel.
    pub(super) fn channel(&mut self, path: &'static str, raw: Raw<'_>) -> Option<Channel> {
        let channel = text(raw?).and_then(|word| Channel::parse(&word));
        if channel.is_none() {
            let words = Channel::ALL.map(Channel::as_str);
            return self
                .reject(path, format!("Invalid value: must be one of {}", words.join(", ")));
        }
        channel
    }

    /// What clients call `authorizationId`: a string, or a whole number, of up to six characters.
    pub(super) fn authorization_id(&mut self, path: &'static str, raw: Raw<'_>) -> Option<Named> {
        let digits = raw?.get();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let id = if is_number { Some(Cow::Borrowed(digits)) } else { text(raw?) };
        let Some(id) = id else {
            return self.reject(path, "Invalid value: must be a string or a whole number");
        };
        if id.chars().count() > 6 || id.chars().any(char::is_control) {
            return self.reject(path, "Invalid value: longer than 6 characters");
        }
        if id.is_empty() { None } else { Some(Named(Code::parse(&id))) }
    }
}

/// The text of a JSON string.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

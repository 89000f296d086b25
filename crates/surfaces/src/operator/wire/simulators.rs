//! Scripts for simulated PSPs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, parsed, whole};

/// What a simulated PSP may be told to do (the words of the operator API).
pub(in crate::operator) const OUTCOMES: [&str; 12] = [
    "approve",
    "decline",
    "refuse",
    "cancel",
    "expire",
    "error",
    "silence",
    "lose_request",
    "lose_response",
    "callback_first",
    "callback_twice",
    "callback_only",
];

/// Longest that a simulated PSP takes, in milliseconds: a day.
const DELAY_MS_MAX: i64 = 86_400_000;

/// How long it takes where nobody says, in milliseconds.
const DELAY_MS_DEFAULT: i64 = 300;

/// Most payments and refunds that are scripted at a time.
const COUNT_MAX: i64 = 1_000;

/// What the next payments and refunds at a simulated PSP come to.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewScript {
    /// `approve`; `decline`: the payer says no; `refuse`: the PSP does, at once; `cancel`: the
    /// payer does; `expire`; `error`: the PSP's system fails; `silence`: accepts, and tells
    /// nothing of itself; `lose_request`; `lose_response`: acts, and answers nothing;
    /// `callback_first`: calls before it answers; `callback_twice`; `callback_only`.
    #[schema(value_type = String, example = "decline")]
    pub(in crate::operator) outcome: &'static str,
    /// How long it takes; 300 when absent.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 86_400_000, example = 300)]
    pub(in crate::operator) delay_ms: i64,
    /// For how many payments and refunds; 1 when absent.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000, example = 1)]
    pub(in crate::operator) count: u32,
}

/// What was scripted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Script)]
pub(in crate::operator) struct ScriptBody {
    /// `swish`, `klarna`, `easy` or `santander`.
    #[schema(example = "swish")]
    pub(in crate::operator) psp: &'static str,
    /// What they come to.
    #[schema(example = "decline")]
    pub(in crate::operator) outcome: &'static str,
    /// How long it takes.
    pub(in crate::operator) delay_ms: i64,
    /// For how many payments and refunds.
    pub(in crate::operator) count: u32,
}

impl FromObject for NewScript {
    fn from_object(object: &mut Object) -> Option<NewScript> {
        let outcome = object.required("outcome", parsed(&an_outcome(), outcome));
        let delay_ms = object.optional("delay_ms", whole(0, DELAY_MS_MAX));
        let count = object.optional("count", whole(1, COUNT_MAX));
        Some(NewScript {
            outcome: outcome?,
            delay_ms: delay_ms?.unwrap_or(DELAY_MS_DEFAULT),
            count: u32::try_from(count?.unwrap_or(1)).unwrap_or(1),
        })
    }
}

fn outcome(word: &str) -> Option<&'static str> {
    OUTCOMES.into_iter().find(|known| *known == word)
}

/// What an outcome may be called.
pub(in crate::operator) fn an_outcome() -> String {
    format!("one of {}", OUTCOMES.join(", "))
}

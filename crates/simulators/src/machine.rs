//! What a PSP's machine can be asked.

use crate::agenda::Due;
use crate::backstage::{Backstage, Given};
use crate::page::{Choice, Page};
use crate::truth::Truth;
use crate::wire::{WireAnswer, WireRequest};

/// One PSP. All times are milliseconds since 1970.
pub(crate) trait Machine: Send {
    /// Acts on a call of its API. `None`: the answer, or the call itself, is lost.
    fn answer(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer>;

    /// Does what was to happen by itself at `at_ms`.
    fn happen(&mut self, due: &Due, backstage: &mut Backstage, at_ms: i64);

    /// Opens the payer's page of a payment.
    fn open(&mut self, id: &str, backstage: &mut Backstage, now_ms: i64) -> Option<Page>;

    /// Does what the payer has chosen on the page; nothing where all is over.
    fn choose(&mut self, id: &str, choice: Choice, backstage: &mut Backstage, now_ms: i64);

    /// What it knows of a merchant's reference, of payments first.
    fn truth(&self, reference: &str) -> Option<Truth>;
}

/// What comes of a call that may be repeated with the same key.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It is answered.
    Answered(WireAnswer),
    /// It is done, and its answer is lost.
    AnswerLost(WireAnswer),
    /// It never arrived.
    RequestLost,
}

impl Reply {
    /// What arrives of it. A success is kept for the key, whether or not it arrives; `request` is
    /// what a repetition is compared with.
    pub(crate) fn settle(
        self,
        key: Option<&str>,
        request: &str,
        backstage: &mut Backstage,
    ) -> Option<WireAnswer> {
        let (answer, arrives) = match self {
            Reply::Answered(answer) => (answer, true),
            Reply::AnswerLost(answer) => (answer, false),
            Reply::RequestLost => return None,
        };
        if let Some(key) = key
            && answer.status < 300
        {
            let given = Given { request: request.to_owned(), answer: answer.clone() };
            backstage.replays.keep(key, given);
        }
        arrives.then_some(answer)
    }
}

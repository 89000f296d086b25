//! What a PSP is told to do with the next payment or refund.

/// What becomes of a payment or refund. Each new one takes the oldest script that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// What happens.
    pub outcome: Outcome,
    /// How long the payer, or the bank, takes for it, in milliseconds. Below 0 it counts as 0.
    pub delay_ms: i64,
}

/// What becomes of a payment or refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It succeeds, and a callback follows.
    Approve,
    /// The payer says no.
    Decline,
    /// The PSP refuses at once.
    Refuse,
    /// The payer gives up.
    Cancel,
    /// Nobody does anything in time.
    Expire,
    /// The PSP's own systems fail.
    Error,
    /// It succeeds, and no callback ever comes.
    Silence,
    /// The request is lost on its way: nothing happens, and nothing is answered.
    LoseRequest,
    /// The PSP acts, and its answer is lost.
    LoseResponse,
    /// It succeeds so fast that the callback comes before the answer.
    CallbackFirst,
    /// It succeeds, and the callback comes twice.
    CallbackTwice,
    /// It succeeds, the answer is lost, and the callback comes.
    CallbackOnly,
}

impl Script {
    /// What is done when nothing was said.
    pub const DEFAULT: Script = Script { outcome: Outcome::Approve, delay_ms: 300 };
}

impl Default for Script {
    fn default() -> Script {
        Script::DEFAULT
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 12] = [
        Outcome::Approve,
        Outcome::Decline,
        Outcome::Refuse,
        Outcome::Cancel,
        Outcome::Expire,
        Outcome::Error,
        Outcome::Silence,
        Outcome::LoseRequest,
        Outcome::LoseResponse,
        Outcome::CallbackFirst,
        Outcome::CallbackTwice,
        Outcome::CallbackOnly,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Approve => "approve",
            Outcome::Decline => "decline",
            Outcome::Refuse => "refuse",
            Outcome::Cancel => "cancel",
            Outcome::Expire => "expire",
            Outcome::Error => "error",
            Outcome::Silence => "silence",
            Outcome::LoseRequest => "lose_request",
            Outcome::LoseResponse => "lose_response",
            Outcome::CallbackFirst => "callback_first",
            Outcome::CallbackTwice => "callback_twice",
            Outcome::CallbackOnly => "callback_only",
        }
    }

    /// The outcome with that word.
    pub fn parse(word: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn words_are_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(Outcome::parse(""), None);
        assert_eq!(Outcome::parse("Approve"), None);
    }
}

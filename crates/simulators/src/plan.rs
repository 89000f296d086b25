//! What a script means for the call that took it.

use crate::limits::DELAY_MS_MAX;
use crate::machine::Reply;
use crate::script::{Outcome, Script};
use crate::wire::WireAnswer;

/// What the creating call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// It refuses at once.
    Refused,
    /// It never arrived.
    Lost,
    /// It is done.
    Done(Plan),
}

/// How a payment or refund goes on that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What comes of it.
    pub(crate) ending: Ending,
    /// How long that takes, in milliseconds.
    pub(crate) delay_ms: i64,
    /// How often its callback is posted.
    pub(crate) copies: u32,
    /// Whether it ends before the answer.
    pub(crate) is_at_once: bool,
    /// Whether the call is answered.
    pub(crate) is_answered: bool,
    /// Whether the payer learns of a payment page's address.
    pub(crate) is_page_found: bool,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Well.
    Approved,
    /// The payer says no.
    Declined,
    /// The payer gives up.
    Cancelled,
    /// Time is up.
    Expired,
    /// The PSP fails.
    Failed,
}

/// What happens when nothing is said otherwise.
pub(crate) const UNTOLD: Plan = Plan {
    ending: Ending::Approved,
    delay_ms: 0,
    copies: 1,
    is_at_once: false,
    is_answered: true,
    is_page_found: true,
};

impl Plan {
    /// What arrives of an answer.
    pub(crate) fn pass(self, answer: WireAnswer) -> Option<WireAnswer> {
        self.is_answered.then_some(answer)
    }

    /// What comes of the call, where it may be repeated.
    pub(crate) fn reply(self, answer: WireAnswer) -> Reply {
        if self.is_answered { Reply::Answered(answer) } else { Reply::AnswerLost(answer) }
    }
}

/// What `script` means.
pub(crate) fn course(script: Script) -> Course {
    let plan = Plan { delay_ms: script.delay_ms.clamp(0, DELAY_MS_MAX), ..UNTOLD };
    let plan = match script.outcome {
        Outcome::Refuse => return Course::Refused,
        Outcome::LoseRequest => return Course::Lost,
        Outcome::Approve => plan,
        Outcome::Decline => Plan { ending: Ending::Declined, ..plan },
        Outcome::Cancel => Plan { ending: Ending::Cancelled, ..plan },
        Outcome::Expire => Plan { ending: Ending::Expired, ..plan },
        Outcome::Error => Plan { ending: Ending::Failed, ..plan },
        Outcome::Silence => Plan { copies: 0, ..plan },
        Outcome::LoseResponse => Plan { is_answered: false, is_page_found: false, ..plan },
        Outcome::CallbackFirst => Plan { is_at_once: true, ..plan },
        Outcome::CallbackTwice => Plan { copies: 2, ..plan },
        // The callback is to come, so the payer has the address from elsewhere.
        Outcome::CallbackOnly => Plan { is_answered: false, ..plan },
    };
    Course::Done(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: Outcome, delay_ms: i64, expected: Course) {
        assert_eq!(course(Script { outcome, delay_ms }), expected, "{}", outcome.as_str());
    }

    #[test]
    fn each_outcome_has_its_course() {
        let plan = Plan {
            ending: Ending::Approved,
            delay_ms: 7,
            copies: 1,
            is_at_once: false,
            is_answered: true,
            is_page_found: true,
        };
        check(Outcome::Approve, 7, Course::Done(plan));
        check(Outcome::Decline, 7, Course::Done(Plan { ending: Ending::Declined, ..plan }));
        check(Outcome::Refuse, 7, Course::Refused);
        check(Outcome::Cancel, 7, Course::Done(Plan { ending: Ending::Cancelled, ..plan }));
        check(Outcome::Expire, 7, Course::Done(Plan { ending: Ending::Expired, ..plan }));
        check(Outcome::Error, 7, Course::Done(Plan { ending: Ending::Failed, ..plan }));
        check(Outcome::Silence, 7, Course::Done(Plan { copies: 0, ..plan }));
        check(Outcome::LoseRequest, 7, Course::Lost);
        let lost = Plan { is_answered: false, is_page_found: false, ..plan };
        check(Outcome::LoseResponse, 7, Course::Done(lost));
        check(Outcome::CallbackFirst, 7, Course::Done(Plan { is_at_once: true, ..plan }));
        check(Outcome::CallbackTwice, 7, Course::Done(Plan { copies: 2, ..plan }));
        check(Outcome::CallbackOnly, 7, Course::Done(Plan { is_answered: false, ..plan }));
    }

    #[test]
    fn delays_are_bounded() {
        let delay = |delay_ms| match course(Script { outcome: Outcome::Approve, delay_ms }) {
            Course::Done(plan) => plan.delay_ms,
            Course::Refused | Course::Lost => panic!("approved"),
        };
        assert_eq!(delay(-1), 0);
        assert_eq!(delay(i64::MAX), DELAY_MS_MAX);
    }
}

//! What can go wrong between us and a PSP, and which exchange it happens to.

use payments::Psp;
use payments::limits::CALL_MS_MAX;
use simulators::{Outcome, Script};

use super::wire::Begins;

/// Long after everybody has given up a request, and before most things are decided.
pub(super) const LATE_REQUEST_MS: i64 = CALL_MS_MAX + 15_000;

/// How long a process stands still that does not know it: longer than a lease.
pub(super) const PAUSE_MS: i64 = 50_000;

pub(super) const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// What becomes of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is made, and answered.
    Whole,
    /// There is no connection.
    NotSent,
    /// The request never arrives, and the connection breaks.
    RequestLost,
    /// The PSP acts, and the connection breaks.
    ResponseLost,
    /// The PSP acts, and nothing is heard until time is out.
    Slow,
    /// Nothing arrives, and nothing is heard until time is out.
    HalfOpen,
    /// Nothing is heard until time is out, and then the request arrives.
    LateRequest,
    /// It is answered after so many milliseconds.
    Delayed(i64),
    /// The PSP acts, and this is what arrives.
    Garbled(u16, &'static str),
    /// Something else answers this, and the PSP does not know.
    Instead(u16, &'static str),
    /// Our process ends before the request is out.
    Dies,
    /// The PSP acts, and our process ends.
    DiesAfter,
    /// The PSP acts, and our process stands still while another one takes its place.
    Pauses,
}

impl Way {
    /// How long it goes on.
    fn lasts_ms(self) -> i64 {
        match self {
            Way::Slow | Way::HalfOpen => CALL_MS_MAX,
            Way::LateRequest => LATE_REQUEST_MS,
            Way::Pauses => PAUSE_MS,
            Way::Delayed(milliseconds) => milliseconds,
            Way::Whole
            | Way::NotSent
            | Way::RequestLost
            | Way::ResponseLost
            | Way::Garbled(..)
            | Way::Instead(..)
            | Way::Dies
            | Way::DiesAfter => 0,
        }
    }

    /// Whether what the PSP answers reaches nobody, or only much later.
    pub(super) fn is_unheard(self) -> bool {
        match self {
            Way::Whole | Way::Delayed(_) => false,
            Way::NotSent
            | Way::RequestLost
            | Way::ResponseLost
            | Way::Slow
            | Way::HalfOpen
            | Way::LateRequest
            | Way::Garbled(..)
            | Way::Instead(..)
            | Way::Dies
            | Way::DiesAfter
            | Way::Pauses => true,
        }
    }
}

/// What becomes of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    Once,
    /// Now, and again after a while.
    Twice,
    Never,
    /// After so many milliseconds.
    Later(i64),
}

/// What happens to what passes between us and PSPs.
pub(super) trait Weather {
    /// What becomes of an exchange.
    fn way(&mut self, psp: Psp, begins: Begins, now_ms: i64) -> Way;

    /// What the payer, or the bank, does about what an exchange begins.
    fn script(&mut self, psp: Psp, begins: Begins) -> Script;

    /// What becomes of a callback.
    fn post(&mut self, psp: Psp, now_ms: i64) -> Post;
}

/// One row of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// This befalls the exchange with this number, and those after it, so many in all.
    Exchange(Way, usize, usize),
    /// It is done by a process that begins after the one that was to do it has ended.
    RestartBefore,
    CallbackTwice,
    /// Each answer waits until the callback was taken.
    CallbackFirst,
    /// The later one comes before the earlier one.
    CallbacksReversed,
    CallbackAfterWeek,
    /// Forged ones come all the time.
    Forged,
    CallbackLost,
    /// The payer comes back as one who has given up, and has not.
    PayerLeaves,
}

/// Those of the faults that befall single exchanges, and how many of them in a row.
const WAYS: [(Way, usize); 16] = [
    (Way::NotSent, 2),
    (Way::RequestLost, 1),
    (Way::ResponseLost, 1),
    (Way::ResponseLost, 3),
    (Way::Slow, 1),
    (Way::HalfOpen, 1),
    (Way::LateRequest, 1),
    (Way::Garbled(200, "{\"status\":"), 1),
    (Way::Garbled(201, "<html>created</html>"), 1),
    (Way::Garbled(302, ""), 1),
    (Way::Instead(503, "{}"), 4),
    (Way::Garbled(500, "{\"errorCode\":\"FF08\"}"), 1),
    (Way::Instead(429, ""), 2),
    (Way::Dies, 1),
    (Way::DiesAfter, 1),
    (Way::Pauses, 1),
];

const OTHERS: [Fault; 9] = [
    Fault::None,
    Fault::RestartBefore,
    Fault::CallbackTwice,
    Fault::CallbackFirst,
    Fault::CallbacksReversed,
    Fault::CallbackAfterWeek,
    Fault::Forged,
    Fault::CallbackLost,
    Fault::PayerLeaves,
];

impl Fault {
    /// All of them, where so many exchanges can be hit.
    pub(super) fn all(exchanges: usize) -> Vec<Fault> {
        let hit =
            |(way, count)| (0..exchanges).map(move |first| Fault::Exchange(way, first, count));
        OTHERS.into_iter().chain(WAYS.into_iter().flat_map(hit)).collect()
    }

    /// Whether a process has to be replaced, which takes as long as its lease.
    pub(super) fn is_restart(self) -> bool {
        let is_end = |way| matches!(way, Way::Dies | Way::DiesAfter | Way::Pauses);
        match self {
            Fault::RestartBefore => true,
            Fault::Exchange(way, ..) => is_end(way),
            Fault::None
            | Fault::CallbackTwice
            | Fault::CallbackFirst
            | Fault::CallbacksReversed
            | Fault::CallbackAfterWeek
            | Fault::Forged
            | Fault::CallbackLost
            | Fault::PayerLeaves => false,
        }
    }
}

/// One fault, and fair weather otherwise.
pub(super) struct OneFault {
    fault: Fault,
    script: Script,
    exchanges: usize,
    posts: i64,
    /// When it had its last effect.
    over_ms: i64,
}

impl OneFault {
    pub(super) fn new(fault: Fault, script: Script) -> OneFault {
        OneFault { fault, script, exchanges: 0, posts: 0, over_ms: 0 }
    }

    /// When the fault had its last effect.
    pub(super) fn over_ms(&self) -> i64 {
        self.over_ms
    }

    /// How many exchanges there were.
    pub(super) fn exchanges(&self) -> usize {
        self.exchanges
    }
}

impl Weather for OneFault {
    fn way(&mut self, _psp: Psp, _begins: Begins, now_ms: i64) -> Way {
        let number = self.exchanges;
        self.exchanges += 1;
        if self.fault == Fault::CallbackFirst {
            return Way::Delayed(2_000);
        }
        let Fault::Exchange(way, first, count) = self.fault else { return Way::Whole };
        if !(first..first + count).contains(&number) {
            return Way::Whole;
        }
        self.over_ms = now_ms + way.lasts_ms();
        way
    }

    fn script(&mut self, _psp: Psp, _begins: Begins) -> Script {
        let script = self.script;
        let is_once = matches!(
            script.outcome,
            Outcome::LoseRequest | Outcome::LoseResponse | Outcome::CallbackOnly
        );
        if is_once {
            self.script.outcome = Outcome::Approve;
        }
        script
    }

    fn post(&mut self, _psp: Psp, now_ms: i64) -> Post {
        self.posts += 1;
        match self.fault {
            Fault::CallbackTwice => Post::Twice,
            Fault::CallbacksReversed => Post::Later((8_000 - 2_000 * self.posts).max(0)),
            Fault::CallbackAfterWeek => Post::Later(WEEK_MS),
            Fault::CallbackLost => {
                self.over_ms = now_ms;
                Post::Never
            }
            Fault::None
            | Fault::Exchange(..)
            | Fault::RestartBefore
            | Fault::CallbackFirst
            | Fault::Forged
            | Fault::PayerLeaves => Post::Once,
        }
    }
}

/// How PSPs' payers end things.
pub(super) const ENDINGS: [Outcome; 6] = [
    Outcome::Approve,
    Outcome::Decline,
    Outcome::Cancel,
    Outcome::Expire,
    Outcome::Error,
    Outcome::Refuse,
];

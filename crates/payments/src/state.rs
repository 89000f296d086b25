//! The states of a payment, the events between them, and the one table that says which event is
//! legal where (AAPay, `state` and `event`).
//!
//! Invariant: no payment changes its state but by [`State::after`].

/// The states (AAPay, `state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Kept, and on its way to the PSP or there.
    Initialized,
    /// The payer has approved.
    Authorized,
    /// Money has moved.
    Finalized,
    /// Money has moved, and the merchant's batch report has it.
    Reported,
    /// Nothing was heard for longer than the method usually takes.
    Stale,
    /// Nobody knows: the PSP is being asked.
    Pending,
    /// The PSP or the payer said no.
    Rejected,
    /// It was ended before money moved.
    Cancelled,
    /// It could not be done, and no money has moved.
    Failed,
    /// The payer's money is held.
    Reserved,
    /// It was given up. A late answer may still bring it back.
    TimedOut,
}

/// The events (AAPay, `event`). Each leads to one state, whatever it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// It was kept.
    Create,
    /// The payer approved.
    Authorize,
    /// Money moved.
    Finalize,
    /// A batch report took it in.
    Report,
    /// Too long was nothing heard.
    Age,
    /// The PSP or the payer said no.
    Reject,
    /// It was ended.
    Cancel,
    /// The outcome is unknown and the PSP is asked again.
    Resend,
    /// It could not be done.
    Fail,
    /// The PSP holds the money.
    Reserve,
    /// It was given up.
    TimeOut,
}

impl State {
    /// All of them, in the contract's order.
    pub const ALL: [State; 11] = [
        State::Initialized,
        State::Authorized,
        State::Finalized,
        State::Reported,
        State::Stale,
        State::Pending,
        State::Rejected,
        State::Cancelled,
        State::Failed,
        State::Reserved,
        State::TimedOut,
    ];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Initialized => "INITIALIZED",
            State::Authorized => "AUTHORIZED",
            State::Finalized => "FINALIZED",
            State::Reported => "REPORTED",
            State::Stale => "STALE",
            State::Pending => "PENDING",
            State::Rejected => "REJECTED",
            State::Cancelled => "CANCELLED",
            State::Failed => "FAILED",
            State::Reserved => "RESERVED",
            State::TimedOut => "TIMEDOUT",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<State> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The table: where `event` leads from a state (`None`: from nothing). `None` where it is not
    /// legal.
    pub fn after(from: Option<State>, event: Event) -> Option<State> {
        use State::{Authorized, Initialized, Pending, Reserved, Stale};

        let is_legal = match (from, event) {
            (None, event) => event == Event::Create,
            (Some(_), Event::Create) => false,
            (Some(from), Event::Resend) => {
                matches!(from, Initialized | Stale | State::TimedOut)
            }
            (Some(from), Event::Reserve) => matches!(from, Initialized | Pending | Stale),
            (Some(from), Event::Authorize) => {
                matches!(from, Initialized | Pending | Reserved | Stale)
            }
            (Some(from), Event::Finalize | Event::Cancel | Event::Reject | Event::Fail) => {
                matches!(from, Authorized | Reserved | Pending | Initialized | Stale)
            }
            (Some(from), Event::Report) => from == State::Finalized,
            (Some(from), Event::Age) => matches!(from, Initialized | Pending),
            (Some(from), Event::TimeOut) => matches!(from, Stale | Pending | Initialized),
        };
        is_legal.then(|| event.to())
    }

    /// Whether nothing is expected any more. A payment that was given up may still come back.
    pub fn is_final(self) -> bool {
        match self {
            State::Reported
            | State::Rejected
            | State::Cancelled
            | State::Failed
            | State::TimedOut => true,
            State::Initialized
            | State::Authorized
            | State::Finalized
            | State::Stale
            | State::Pending
            | State::Reserved => false,
        }
    }

    /// Whether the PSP's or the payer's decision is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, State::Initialized | State::Pending | State::Stale)
    }

    /// Whether funds have changed owner (AAPay, `accountState` COMMIT).
    pub fn is_committed(self) -> bool {
        matches!(self, State::Finalized | State::Reported)
    }
}

impl Event {
    /// All of them, in the contract's order.
    pub const ALL: [Event; 11] = [
        Event::Create,
        Event::Authorize,
        Event::Finalize,
        Event::Report,
        Event::Age,
        Event::Reject,
        Event::Cancel,
        Event::Resend,
        Event::Fail,
        Event::Reserve,
        Event::TimeOut,
    ];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Event::Create => "CREATE",
            Event::Authorize => "AUTHORIZE",
            Event::Finalize => "FINALIZE",
            Event::Report => "REPORT",
            Event::Age => "AGE",
            Event::Reject => "REJECT",
            Event::Cancel => "CANCEL",
            Event::Resend => "RESEND",
            Event::Fail => "FAIL",
            Event::Reserve => "RESERVE",
            Event::TimeOut => "TIMEOUT",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Event> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }

    /// The state that it leads to.
    pub fn to(self) -> State {
        match self {
            Event::Create => State::Initialized,
            Event::Authorize => State::Authorized,
            Event::Finalize => State::Finalized,
            Event::Report => State::Reported,
            Event::Age => State::Stale,
            Event::Reject => State::Rejected,
            Event::Cancel => State::Cancelled,
            Event::Resend => State::Pending,
            Event::Fail => State::Failed,
            Event::Reserve => State::Reserved,
            Event::TimeOut => State::TimedOut,
        }
    }
}

/// The table as a diagram (Mermaid), for people.
pub fn diagram() -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned()];
    let froms = std::iter::once(None).chain(State::ALL.map(Some));
    for from in froms {
        for event in Event::ALL {
            if let Some(to) = State::after(from, event) {
                let from = from.map_or("[*]", State::as_str);
                lines.push(format!("    {from} --> {}: {}", to.as_str(), event.as_str()));
            }
        }
    }
    let ends = State::ALL.into_iter().filter(|state| state.is_final());
    lines.extend(ends.map(|state| format!("    {} --> [*]", state.as_str())));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, state by state: a letter where an event is legal, in the order of
    /// [`Event::ALL`], and a dot where it is not.
    const TABLE: [(&str, &str); 12] = [
        ("", "C.........."),
        ("INITIALIZED", ".AF.GJXSLVT"),
        ("AUTHORIZED", "..F..JX.L.."),
        ("FINALIZED", "...R......."),
        ("REPORTED", "..........."),
        ("STALE", ".AF..JXSLVT"),
        ("PENDING", ".AF.GJX.LVT"),
        ("REJECTED", "..........."),
        ("CANCELLED", "..........."),
        ("FAILED", "..........."),
        ("RESERVED", ".AF..JX.L.."),
        ("TIMEDOUT", ".......S..."),
    ];

    #[test]
    fn the_table_is_this_and_nothing_else() {
        for (from, expected) in TABLE {
            let state = State::parse(from);
            assert_eq!(state.is_none(), from.is_empty());
            let found: String = Event::ALL
                .into_iter()
                .zip("CAFRGJXSLVT".chars())
                .map(
                    |(event, letter)| {
                        if State::after(state, event).is_some() { letter } else { '.' }
                    },
                )
                .collect();
            assert_eq!(found, expected, "{from}");
        }
        assert_eq!(TABLE.len(), State::ALL.len() + 1);
    }

    /// Where it fails, the diagram in the document is the old one.
    #[test]
    fn the_documented_diagram_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/payment-states.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (_, fenced) = text.split_once("```mermaid\n").unwrap();
        let (found, _) = fenced.split_once("```").unwrap();
        assert!(found == diagram(), "the diagram should be:\n{}", diagram());
    }

    #[test]
    fn states_and_events_pair_up() {
        let to: std::collections::BTreeSet<State> = Event::ALL.into_iter().map(Event::to).collect();
        assert_eq!(to.len(), State::ALL.len());
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        for event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(event));
        }
        assert_eq!((State::parse("initialized"), Event::parse("")), (None, None));
    }

    #[test]
    fn what_is_final_stays_but_for_what_was_given_up() {
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            let legal: Vec<Event> = Event::ALL
                .into_iter()
                .filter(|event| State::after(Some(state), *event).is_some())
                .collect();
            let expected: &[Event] = if state == State::TimedOut { &[Event::Resend] } else { &[] };
            assert_eq!(legal, expected, "{state:?}");
        }
    }
}

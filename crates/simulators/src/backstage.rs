//! What every machine works with beside its own things.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::agenda::Agenda;
use crate::ids::Ids;
use crate::limits::{SCRIPTS_MAX, THINGS_MAX};
use crate::outbox::Outbox;
use crate::plan::{Course, course};
use crate::script::Script;
use crate::wire::{Callback, WireAnswer};

/// What every machine works with beside its own things.
#[derive(Debug)]
pub(crate) struct Backstage {
    pub(crate) agenda: Agenda,
    pub(crate) outbox: Outbox,
    pub(crate) ids: Ids,
    pub(crate) replays: Replays,
    /// How long an answer is held, in milliseconds.
    pub(crate) latency_ms: i64,
    scripts: VecDeque<(Script, u32)>,
    refused: Refused,
    pressing: Vec<Callback>,
}

/// The answers that were given to idempotency keys.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    answers: HashMap<String, Given>,
    order: VecDeque<String>,
}

/// An answer that was given to an idempotency key, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// What a later request with the same key is compared with.
    pub(crate) request: String,
    /// What it is answered again.
    pub(crate) answer: WireAnswer,
}

/// References of what was refused at once.
#[derive(Debug, Default)]
struct Refused {
    references: HashSet<String>,
    order: VecDeque<String>,
}

impl Backstage {
    pub(crate) fn new(ids: Ids) -> Backstage {
        Backstage {
            agenda: Agenda::default(),
            outbox: Outbox::default(),
            ids,
            replays: Replays::default(),
            latency_ms: 0,
            scripts: VecDeque::new(),
            refused: Refused::default(),
            pressing: Vec::new(),
        }
    }

    /// Queues a script for the next `count` payments or refunds.
    pub(crate) fn queue(&mut self, script: Script, count: u32) {
        if count == 0 {
            return;
        }
        if self.scripts.len() >= SCRIPTS_MAX {
            self.scripts.pop_front();
        }
        self.scripts.push_back((script, count));
    }

    /// What the oldest script means for a payment or refund with `reference`. Takes it.
    pub(crate) fn next_course(&mut self, reference: &str) -> Course {
        let script = match self.scripts.front_mut() {
            None => Script::DEFAULT,
            Some((script, count)) => {
                let script = *script;
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.scripts.pop_front();
                }
                script
            }
        };
        let course = course(script);
        if course == Course::Refused {
            self.refuse(reference);
        }
        course
    }

    /// Remembers that something with that reference was refused at once.
    pub(crate) fn refuse(&mut self, reference: &str) {
        if !self.refused.references.insert(reference.to_owned()) {
            return;
        }
        self.refused.order.push_back(reference.to_owned());
        if self.refused.order.len() > THINGS_MAX
            && let Some(oldest) = self.refused.order.pop_front()
        {
            self.refused.references.remove(&oldest);
        }
    }

    pub(crate) fn is_refused(&self, reference: &str) -> bool {
        self.refused.references.contains(reference)
    }

    /// Has what was posted after the mark delivered before the answer.
    pub(crate) fn press(&mut self, mark: u64) {
        let callbacks = self.outbox.take_after(mark);
        self.pressing.extend(callbacks);
    }

    /// What is to be delivered before the answer.
    pub(crate) fn take_pressing(&mut self) -> Vec<Callback> {
        std::mem::take(&mut self.pressing)
    }
}

impl Replays {
    /// What was given to a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Given> {
        self.answers.get(key)
    }

    /// Keeps what was given to a key, whether or not it arrived.
    pub(crate) fn keep(&mut self, key: &str, given: Given) {
        if self.answers.insert(key.to_owned(), given).is_some() {
            return;
        }
        self.order.push_back(key.to_owned());
        if self.order.len() > THINGS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Ending, Plan};
    use crate::script::Outcome;

    fn is_declined(course: Course) -> bool {
        matches!(course, Course::Done(Plan { ending: Ending::Declined, .. }))
    }

    #[test]
    fn scripts_are_taken_first_in_first_out() {
        let mut backstage = Backstage::new(Ids::new("1"));
        let script = |outcome| Script { outcome, delay_ms: 1 };
        backstage.queue(script(Outcome::Decline), 2);
        backstage.queue(script(Outcome::Cancel), 0);
        backstage.queue(script(Outcome::Refuse), 1);
        assert!(is_declined(backstage.next_course("a")));
        assert!(is_declined(backstage.next_course("b")));
        assert!(!backstage.is_refused("c"));
        assert_eq!(backstage.next_course("c"), Course::Refused);
        assert!(backstage.is_refused("c"));
        assert_eq!(backstage.next_course("d"), course(Script::DEFAULT));
    }
}

//! The four PSPs as pure machines.

use crate::backstage::Backstage;
use crate::easy::Easy;
use crate::ids::Ids;
use crate::klarna::Klarna;
use crate::machine::Machine;
use crate::page::{self, Choice};
use crate::psp::PspName;
use crate::santander::Santander;
use crate::script::Script;
use crate::swish::Swish;
use crate::truth::{Standing, Truth};
use crate::wire::{Callback, Handled, WireAnswer, WireRequest};

/// All four PSPs.
pub struct World {
    /// Swish for merchants.
    pub swish: Simulator,
    /// Klarna.
    pub klarna: Simulator,
    /// Nexi Checkout.
    pub easy: Simulator,
    /// The neutral loan contract.
    pub santander: Simulator,
}

/// One PSP. All times are milliseconds since 1970.
pub struct Simulator {
    psp: PspName,
    machine: Box<dyn Machine>,
    backstage: Backstage,
}

impl World {
    /// Four PSPs that know nothing. The seed decides on all ids: two worlds that must not give
    /// out the same ids have different seeds.
    pub fn new(seed: u64) -> World {
        World {
            swish: Simulator::new(PspName::Swish, seed),
            klarna: Simulator::new(PspName::Klarna, seed),
            easy: Simulator::new(PspName::Easy, seed),
            santander: Simulator::new(PspName::Santander, seed),
        }
    }

    /// One of them.
    pub fn psp(&self, psp: PspName) -> &Simulator {
        match psp {
            PspName::Swish => &self.swish,
            PspName::Klarna => &self.klarna,
            PspName::Easy => &self.easy,
            PspName::Santander => &self.santander,
        }
    }

    /// One of them, to act on.
    pub fn psp_mut(&mut self, psp: PspName) -> &mut Simulator {
        match psp {
            PspName::Swish => &mut self.swish,
            PspName::Klarna => &mut self.klarna,
            PspName::Easy => &mut self.easy,
            PspName::Santander => &mut self.santander,
        }
    }
}

impl Simulator {
    /// A PSP that knows nothing. The seed decides on all its ids.
    pub fn new(psp: PspName, seed: u64) -> Simulator {
        let machine: Box<dyn Machine> = match psp {
            PspName::Swish => Box::new(Swish::new()),
            PspName::Klarna => Box::new(Klarna::new()),
            PspName::Easy => Box::new(Easy::new()),
            PspName::Santander => Box::new(Santander::new()),
        };
        let ids = Ids::new(format!("{}/{seed}", psp.as_str()));
        Simulator { psp, machine, backstage: Backstage::new(ids) }
    }

    /// Says what becomes of the next `count` payments or refunds, after those that were spoken
    /// for before.
    pub fn script(&mut self, script: Script, count: u32) {
        self.backstage.queue(script, count);
    }

    /// Has every answer held for so many milliseconds; below 0 counts as 0.
    pub fn set_latency(&mut self, latency_ms: i64) {
        self.backstage.latency_ms = latency_ms.max(0);
    }

    /// Acts on a request.
    pub fn handle(&mut self, request: &WireRequest, now_ms: i64) -> Handled {
        self.advance(now_ms);
        let segments = request.segments();
        let is_page = segments.first() == Some(&"pay");
        let answer = match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["pay", id]) => Some(self.open(id, now_ms)),
            ("POST", ["pay", id]) => Some(self.choose(id, &request.body, now_ms)),
            _ => self.machine.answer(request, &mut self.backstage, now_ms),
        };
        Handled {
            answer,
            wait_ms: if is_page { 0 } else { self.backstage.latency_ms },
            callbacks_first: self.backstage.take_pressing(),
        }
    }

    /// Lets everything happen that is due by now, and gives the callbacks to deliver. What came
    /// of each is told to [`Simulator::delivered`].
    pub fn due(&mut self, now_ms: i64) -> Vec<Callback> {
        self.advance(now_ms);
        self.backstage.outbox.take_due(now_ms)
    }

    /// Learns what came of a delivery. What was not received is delivered again, with growing
    /// pauses, up to [`DELIVERIES_MAX`](crate::limits::DELIVERIES_MAX) times.
    pub fn delivered(&mut self, id: u64, was_ok: bool, now_ms: i64) {
        self.backstage.outbox.delivered(id, was_ok, now_ms);
    }

    /// When something is due next.
    pub fn next_due_ms(&self) -> Option<i64> {
        let times = [self.backstage.agenda.next_ms(), self.backstage.outbox.next_ms()];
        times.into_iter().flatten().min()
    }

    /// What became of the payments, or of the refunds, with the merchant's reference, as far as
    /// time has advanced.
    pub fn truth(&self, our_reference: &str) -> Truth {
        let otherwise = if self.backstage.is_refused(our_reference) {
            Standing::Refused
        } else {
            Standing::Unknown
        };
        self.machine.truth(our_reference).unwrap_or_else(|| Truth::standing(otherwise))
    }

    fn advance(&mut self, now_ms: i64) {
        while let Some((at_ms, due)) = self.backstage.agenda.take(now_ms) {
            self.machine.happen(&due, &mut self.backstage, at_ms);
        }
    }

    fn open(&mut self, id: &str, now_ms: i64) -> WireAnswer {
        let page = self.machine.open(id, &mut self.backstage, now_ms);
        page.map_or_else(page::missing, |page| page::show(self.psp, &page))
    }

    fn choose(&mut self, id: &str, form: &str, now_ms: i64) -> WireAnswer {
        if let Some(choice) = Choice::of_form(form) {
            self.machine.choose(id, choice, &mut self.backstage, now_ms);
        }
        let page = self.machine.open(id, &mut self.backstage, now_ms);
        page.map_or_else(page::missing, |page| page::leave(self.psp, &page))
    }
}

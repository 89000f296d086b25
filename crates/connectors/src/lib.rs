//! PSPs without IO: what shall be done becomes requests of the PSP's public API, and its answers
//! become a report. And notifications as merchants get them.
//!
//! Invariant: nothing here does IO, reads a clock, draws a number or logs. An answer that is lost
//! or makes no sense is [`Standing::Unknown`](payments::Standing::Unknown), never success or
//! failure.

#![cfg_attr(
    not(test),
    deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions)
)]

pub mod agreement;
mod answer;
mod calls;
pub mod easy;
pub mod exchange;
mod idempotency;
pub mod klarna;
mod locale;
mod request;
pub mod santander;
pub mod swish;
pub mod webhook;

#[cfg(test)]
mod nonsense;
#[cfg(test)]
mod testing;

use std::ops::ControlFlow::{Break, Continue};

use payments::Psp;

pub use agreement::{is_known, required};
pub use exchange::{Addresses, Agreement, Exchange, Request, Response, Step, Verb, Work};

use calls::Calls;

/// Says what to do next about `work`, of which `so_far` is what came of the calls before, oldest
/// first. At most four calls come before the report.
///
/// The rules that all PSPs have in common:
///
/// - What was not sent is [`NotDone`](payments::Standing::NotDone), unless a call before it may
///   have had an effect.
/// - What is lost, 408, 429, 5xx, any redirect, a page in place of JSON, and a success whose body
///   makes no sense are [`Unknown`](payments::Standing::Unknown).
/// - A refusal is [`Refused`](payments::Standing::Refused) only where it was a first request to
///   begin something. Of what may be there already it says nothing: it is read back, and where
///   that says nothing either, it is unknown. An agreement that is not complete is such a refusal.
/// - Two repeated requests may be refused all the same: to begin a payment on a page whose address
///   reached nobody, and a refund of which reading back shows no trace.
/// - A capture that was refused is [`Refused`](payments::Standing::Refused) when reading back shows
///   that the money is still held.
/// - What is read back must have our amount and currency, and our reference where the PSP repeats
///   it. Otherwise it is unknown, for people to look at.
pub fn step(psp: Psp, work: &Work<'_>, so_far: &[Exchange]) -> Step {
    let mut calls = Calls::new(*work, so_far);
    let came_to = match psp {
        Psp::Swish => swish::work(&mut calls),
        Psp::Klarna => klarna::work(&mut calls),
        Psp::Easy => easy::work(&mut calls),
        Psp::Santander => santander::work(&mut calls),
    };
    match came_to {
        Continue(report) => Step::Done(report),
        Break(step) => step,
    }
}

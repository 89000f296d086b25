//! Stateful stand-ins of four PSPs' public APIs, for demonstrations, benchmarks and tests.
//!
//! Two layers. The *machines* ([`World`], [`Simulator`]) are pure: a request and the time go in,
//! and an answer and callbacks come out. The *shell* ([`Simulators`]) puts them on a socket and
//! posts the callbacks.
//!
//! Invariant: the machines do no IO, read no clock and draw no number. Whatever a script does to
//! an answer, one creating call has one effect at most.
//!
//! What a PSP's own documentation leaves open, or what a stand-in must do otherwise, is said in
//! the module of that PSP. This holds for all:
//!
//! - A simulator has no merchants: any credential is right that has the right form.
//! - Callback addresses may be plain `http`, since a stand-in runs beside the program it serves.
//! - A script ([`Script`]) is taken by a valid call that creates a payment or a refund, and by
//!   nothing else: not by a call that is refused for its own sake, and not by a replay.
//! - Nobody opens a payment page whose address never arrived. The automatic payer acts on such a
//!   session only once its address was given out some other way.

mod agenda;
mod backstage;
mod easy;
mod fields;
mod ids;
mod klarna;
pub mod limits;
mod machine;
mod outbox;
mod page;
mod plan;
mod psp;
mod santander;
mod script;
mod shelf;
mod shell;
mod swish;
#[cfg(test)]
mod testing;
mod time;
mod truth;
mod wire;
mod world;

pub use psp::PspName;
pub use script::{Outcome, Script};
pub use shell::Simulators;
pub use truth::{Effect, Standing, Truth};
pub use wire::{Callback, Handled, WireAnswer, WireRequest};
pub use world::{Simulator, World};

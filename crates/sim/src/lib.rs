//! The real ledger and the real engine in a made-up world, driven by a seed: a model-based
//! property test, a deterministic simulation with faults, the engine thread under pressure, and
//! payments over PSPs that fail in every way.
//!
//! Invariant: one seed, one run. Nothing here reads a clock, and the only chance is `prng`.

#[cfg(test)]
mod faulty_store;
#[cfg(test)]
mod journal_check;
#[cfg(test)]
mod model;
#[cfg(test)]
mod office;
#[cfg(test)]
mod options;
#[cfg(test)]
mod prng;
#[cfg(test)]
mod psps;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod rollouts;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod threads;
#[cfg(test)]
mod traffic;
#[cfg(test)]
mod treasury;

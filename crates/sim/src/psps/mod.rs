//! Payments over PSPs, under every fault between a request and its answer.
//!
//! Goal: whatever is lost, late, doubled or cut, a payment ends as the PSP says that it did, and
//! money moves once. Method: the real engine and desk over the memory store and a virtual clock;
//! PSPs are the pure machines of `simulators`, and what each knows is the truth that ours is held
//! against after every step. [`matrix`] goes through every fault with every piece of work, and
//! [`random`] mixes them by seed.

mod faults;
mod late;
mod matrix;
mod random;
mod truths;
mod wire;
mod world;

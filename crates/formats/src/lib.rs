//! Files that come and go: card acquirers' transactions, settlement reports of PSPs, payments to
//! banks. Bytes become values that hold no nonsense, or errors that name their place.
//!
//! Invariant: nothing here does IO, reads a clock, draws a random number or logs. Readers are fed
//! and asked, and keep no more than a line, however long the file.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions)]

pub mod limits;
pub mod pain001;
pub mod report;
pub mod rkha21;

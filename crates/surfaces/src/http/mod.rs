//! What all surfaces share: the platform behind them, who calls, and secrets.

pub mod callers;
pub mod platform;
pub mod secrets;

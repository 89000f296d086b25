//! Merchants and terminals: the customer tree, onboarding, the terminal estate with its settings,
//! software and rollouts. What is configured, ordered and reviewed; money is the ledger's.
//!
//! Invariant: nothing here does IO, reads a clock, draws a random number or logs. Time, ids and
//! chance are arguments; a decision takes loaded documents and places changed ones in the books.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions)]

pub mod activate;
pub mod add_merchant;
pub mod application;
pub mod approve;
pub mod call_home;
pub mod change_customer;
pub mod command;
pub mod customer;
pub mod draw;
#[cfg(test)]
mod fleet;
pub mod limits;
mod offer;
pub mod offline;
pub mod onboard;
pub mod order_updates;
pub mod package;
mod progress;
pub mod reference;
pub mod refusal;
pub mod report_update;
pub mod request;
pub mod review;
pub mod rollout;
pub mod settings;
pub mod steer_rollout;
pub mod submit;
pub mod terminal;
pub mod terminal_day;
pub mod update;

pub use command::{Answer, Command};
pub use customer::{Customer, Merchant};
pub use draw::Draw;
pub use package::Package;
pub use refusal::Refusal;
pub use request::Request;
pub use rollout::Rollout;
pub use settings::{Effective, Layer, Origin};
pub use terminal::Terminal;
pub use update::Update;

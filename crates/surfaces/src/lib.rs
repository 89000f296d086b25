//! What the world sees: one folder per published contract, our own APIs, and what they share.
//!
//! Invariant: surfaces know commands and queries, never SQL; wire types never leave their folder.

pub mod card_ledger;
pub mod http;
pub mod operator;
pub mod service;

pub use http::platform::Platform;
pub use http::secrets::Secrets;

//! What we do to the outside world: rows first, actions later, and what comes of them as commands
//! again.

mod commands;
pub mod days;
mod looking;
pub mod notifications;
mod pace;
pub mod post;
pub mod psp;
mod schedule;

pub use connectors::{Addresses, webhook};
pub use days::Days;
pub use notifications::{Courier, run_courier};
pub use post::{Delivery, Letter, Post, Posting, Refused, Trouble};
pub use psp::{Desk, Office, Transport, Vault, run_desk};

/// What merchants' agreements with a PSP are made of.
pub mod agreements {
    pub use connectors::agreement::{is_known, required};
}

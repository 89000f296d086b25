//! What all surfaces share: the platform behind them, who calls, secrets, and the handling of
//! requests that does not differ between contracts.

pub mod body;
pub mod callers;
pub(crate) mod document;
pub mod fields;
pub mod figures;
pub mod multipart;
pub mod package_files;
pub mod paging;
pub mod platform;
pub mod problem;
pub mod psp_addresses;
pub mod requests;
pub mod secrets;
pub mod terminal_configuration;
pub mod throttle;
pub mod uploads;
pub mod vault;
pub(crate) mod ways_back;

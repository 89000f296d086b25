//! The bodies of this part of the API.

pub(super) mod document;
pub(super) mod exceptions;
pub(super) mod fees;
pub(super) mod files;
pub(super) mod house_accounts;
pub(super) mod payment_files;
pub(super) mod payout_accounts;
pub(super) mod psp_reports;
pub(super) mod reconciliations;
pub(super) mod reports;
pub(super) mod settlements;

//! The bodies of this part of the API.

pub(super) mod document;
pub(super) mod exceptions;
pub(super) mod files;
pub(super) mod psp_reports;
pub(super) mod reconciliations;

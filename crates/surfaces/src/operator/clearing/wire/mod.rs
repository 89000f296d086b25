//! The bodies of this part of the API.

pub(super) mod document;
pub(super) mod files;

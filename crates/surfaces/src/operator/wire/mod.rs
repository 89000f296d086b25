//! The JSON of this surface, field for field as documented.

pub(super) mod accounts;
pub(super) mod cards;
pub(super) mod companies;
pub(super) mod credentials;
pub(super) mod document;
pub(super) mod journal;

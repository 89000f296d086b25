//! The JSON of this surface, field for field as documented.

pub(super) mod accounts;
pub(super) mod batch_reports;
pub(super) mod cards;
pub(super) mod companies;
pub(super) mod configuration;
pub(super) mod credentials;
pub(super) mod customers;
pub(super) mod document;
pub(super) mod endpoints;
pub(super) mod journal;
pub(super) mod notifications;
pub(super) mod onboarding;
pub(super) mod packages;
pub(super) mod payees;
pub(super) mod payments;
pub(super) mod rollouts;
pub(super) mod simulators;
pub(super) mod terminals;

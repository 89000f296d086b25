//! Bodies of requests and answers.

pub(super) mod activation;
pub(super) mod call_home;
pub(super) mod document;
pub(super) mod packages;
pub(super) mod totals;
pub(super) mod transactions;
pub(super) mod updates;

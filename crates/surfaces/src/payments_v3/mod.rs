//! The payments v3 contract: what its requests may say, and how its answers are told.

mod form;
mod parameters;
mod result_codes;
mod status;

//! The card-ledger contract, under both of its names.

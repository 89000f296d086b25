//! The real program from outside: started, driven over HTTP, killed, and started again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "all of this is a test, and what it has to help itself with is one as well"
)]

mod benchmark;
mod clearing;
mod commands;
mod crash;
mod documents;
mod estate;
mod hostile;
mod http;
mod nodes;
mod online;
mod payments;
mod races;
mod replay;
mod rkha21;
mod secrecy;
mod server;
mod shutdown;
mod store_copy;
mod tampering;
mod tls;
mod tour;

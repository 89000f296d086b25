//! Load generator and the benchmarks behind `kassa bench`.
//!
//! Invariant: loopback addresses only, and every loop ends by a count or by a time.
//!
//! The benchmarks of the card ledger, of the estate and of payments drive a server that runs in a
//! process of its own, so that the kernel's figures for that process are the server's and nobody
//! else's. All requests come from one thread, but those to a PSP that hangs, which have another
//! one; what stands in for PSPs is the caller's. That of batching drives an engine in this process,
//! and an ordinary application beside it, on the same database; that of notifications what delivers
//! them, and a receiver.
//!
//! | module | what it is for |
//! |---|---|
//! | `client` | one keep-alive HTTP/1.1 connection |
//! | `arrivals` | the fixed schedule of an open loop |
//! | `load` | closed and open loops, latencies, errors |
//! | `probe` | figures of the kernel: CPU, memory, disk, machine |
//! | `report` | medians, ratios and tables |
//! | `rounds`, `figures` | rounds of phases against a server, and what they found |
//! | `requests` | what requests are made of |
//! | `card_traffic` | the requests of the card ledger |
//! | `ledger`, `ledger_report` | `kassa bench ledger` |
//! | `call_traffic` | the requests of terminals that call home |
//! | `estate`, `estate_report` | `kassa bench estate` |
//! | `payment_traffic`, `till` | the requests of payments over PSPs, and who makes them |
//! | `sales`, `storm` | tills in a closed loop; many payments at a PSP that hangs |
//! | `payments`, `payments_report` | `kassa bench payments` |
//! | `receiver` | what stands for a merchant that takes notifications |
//! | `notifications` | `kassa bench notifications` |
//! | `callers` | a closed loop of callers in this process |
//! | `naive` | one transaction for each request, as an ordinary application does it |
//! | `batching`, `batching_report` | `kassa bench batching` |

mod arrivals;
pub mod batching;
mod batching_report;
mod call_traffic;
mod callers;
mod card_traffic;
pub mod client;
pub mod estate;
mod estate_report;
pub mod figures;
pub mod ledger;
mod ledger_report;
pub mod load;
mod naive;
pub mod notifications;
mod payment_traffic;
pub mod payments;
mod payments_report;
pub mod probe;
pub mod receiver;
pub mod report;
mod requests;
pub mod rounds;
mod sales;
mod storm;
#[cfg(test)]
mod testing;
mod till;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use batching::{BatchingOptions, BatchingReport, Database, run_batching};
pub use callers::{Contender, Failures, Request};
pub use estate::{EstateOptions, EstateReport, EstateTarget, run_estate};
pub use ledger::{LedgerOptions, LedgerReport, Target, run_ledger};
pub use notifications::{NotificationsOptions, NotificationsReport, Way, run_notifications};
pub use payments::{
    Payer, Payers, PaymentsOptions, PaymentsReport, PaymentsTarget, StandIns, run_payments,
};
pub use receiver::{Received, Receiver};
pub use rounds::{Pace, Server};

/// Why a benchmark gave no report.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The server is not on this machine; load is never sent over a network.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// An option is out of its range.
    #[error("{option} must be {range}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// The values that it may have.
        range: &'static str,
    },
    /// A figure of the kernel could not be read, as on another system than Linux.
    #[error("could not read {what} from {}", path.display())]
    Probe {
        /// The figure.
        what: &'static str,
        /// The file that has it.
        path: PathBuf,
    },
    /// A file or the runtime failed.
    #[error("{doing} failed")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Nothing of a phase was answered as expected, so that no figure can be given.
    #[error("no request of the {phase} phase was answered as expected ({errors})")]
    NothingAnswered {
        /// The phase's name.
        phase: &'static str,
        /// What came instead.
        errors: String,
    },
    /// The database of the naive path.
    #[error("the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// A thread of the load generator ended by a panic.
    #[error("a thread of the load generator ended by itself")]
    Thread,
    /// A task of the load generator ended by a panic.
    #[error("a task of the load generator ended by itself")]
    Task(#[source] tokio::task::JoinError),
}

impl BenchError {
    /// Demands of options that what is said of each holds: whether it does, its name, its range.
    pub(crate) fn unless(
        checks: impl IntoIterator<Item = (bool, &'static str, &'static str)>,
    ) -> Result<(), BenchError> {
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, option, range)) => Err(BenchError::Option { option, range }),
            None => Ok(()),
        }
    }
}

//! Clearing and settlement: acquirers' files, what does not agree between the ledger and others,
//! and what merchants are paid.
//!
//! Invariant: nothing here does IO, reads a clock, draws a random number or logs. What a file says
//! comes as rows that were read, and each chunk of them is posted, counted and excepted in one
//! commit.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions)]

pub mod apply;
pub mod begin_run;
pub mod command;
pub mod exception;
pub mod fees;
pub mod file;
pub mod limits;
pub mod mapping;
pub mod matching;
pub mod payment_file;
pub mod payout_account;
pub mod receive;
pub mod reconciliation;
pub mod refusal;
pub mod resolve;
pub mod return_payout;
pub mod settle;
pub mod settlement;
pub mod tally;
pub mod totals;

pub use apply::{ApplyRows, ReleaseRows};
pub use begin_run::BeginRun;
pub use command::{Answer, Command, Outcome};
pub use exception::{Amount, Exception, NewException, Origin, Reason};
pub use fees::{FeeTable, SetFees};
pub use file::{AcquirerFile, FileRows, FileState};
pub use mapping::{ReportMapping, SetMapping};
pub use matching::{Finding, Item, compare};
pub use payment_file::{MakePaymentFile, PaymentFile};
pub use payout_account::{PayoutAccount, SetPayoutAccount};
pub use receive::{AcceptFile, BeginFile, KeepRows};
pub use reconciliation::{
    BeginReconciliation, EndReconciliation, RaiseFindings, Reconciliation, Scope,
};
pub use refusal::Refusal;
pub use resolve::{Correction, NoteException, Remedy, ResolveException, TakeException};
pub use return_payout::ReturnPayout;
pub use settle::Settle;
pub use settlement::Settlement;
pub use tally::{AcquirerBatch, JournalMark, SellerDay, Tally};
pub use totals::{RecheckTotals, ReportTotals, TerminalTotals};

//! Everything that can change clearing and settlement.

use ledger::{Books, Idempotency, ReadSet, Timestamp};

use crate::apply::{ApplyRows, ReleaseRows, apply_rows, release_rows};
use crate::begin_run::{BeginRun, begin_run};
use crate::exception::Exception;
use crate::fees::{FeeTable, SetFees, set_fees};
use crate::file::AcquirerFile;
use crate::mapping::{ReportMapping, SetMapping, set_mapping};
use crate::payment_file::{MakePaymentFile, make_payment_file};
use crate::payout_account::{PayoutAccount, SetPayoutAccount, set_payout_account};
use crate::receive::{AcceptFile, BeginFile, KeepRows, accept_file, begin_file, keep_rows};
use crate::reconciliation::{
    BeginReconciliation, EndReconciliation, RaiseFindings, Reconciliation, begin_reconciliation,
    end_reconciliation, raise_findings,
};
use crate::refusal::Refusal;
use crate::resolve::{
    NoteException, ResolveException, TakeException, note_exception, resolve_exception,
    take_exception,
};
use crate::return_payout::{ReturnPayout, return_payout};
use crate::settle::{Settle, settle};
use crate::settlement::Settlement;
use crate::tally::{Tally, tally};
use crate::totals::{RecheckTotals, ReportTotals, TerminalTotals, recheck_totals, report_totals};

/// A request to change clearing and settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin to take in an acquirer's file that was found to be in order.
    BeginFile(BeginFile),
    /// Keep some of its rows.
    KeepRows(KeepRows),
    /// Promise to apply it.
    AcceptFile(AcceptFile),
    /// Apply some of its rows.
    ApplyRows(ApplyRows),
    /// Release what is left of the authorizations that some of its rows have captured.
    ReleaseRows(ReleaseRows),
    /// Say who looks at an exception.
    TakeException(TakeException),
    /// Write down what is known of an exception.
    NoteException(NoteException),
    /// Deal with an exception.
    ResolveException(Box<ResolveException>),
    /// Say what the columns of a PSP's reports mean.
    SetMapping(Box<SetMapping>),
    /// Begin to compare two sides.
    BeginReconciliation(BeginReconciliation),
    /// Put what was found on the list of exceptions.
    RaiseFindings(RaiseFindings),
    /// End a comparison.
    EndReconciliation(EndReconciliation),
    /// Say what a terminal's day came to.
    ReportTotals(ReportTotals),
    /// Look again whether they are what is booked.
    RecheckTotals(RecheckTotals),
    /// Sum up what is new in the journal.
    Tally(Tally),
    /// Set what sellers pay.
    SetFees(SetFees),
    /// Set where money goes, or comes from.
    SetPayoutAccount(SetPayoutAccount),
    /// Begin to settle with all sellers of a company.
    BeginRun(BeginRun),
    /// Settle with a seller.
    Settle(Settle),
    /// Say that the bank could not pay a settlement.
    ReturnPayout(ReturnPayout),
    /// Make a file of settlements for the bank.
    MakePaymentFile(MakePaymentFile),
}

/// What a granted command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was done.
    pub done: Outcome,
    /// Whether it had been done before, and nothing was written now.
    pub replayed: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A file as it is now.
    File(Box<AcquirerFile>),
    /// What the same request came to before: the number of a document.
    Repeated(i64),
    /// An exception as it is now.
    Exception(Box<Exception>),
    /// A mapping as it is now.
    Mapping(Box<ReportMapping>),
    /// A comparison as it is now.
    Reconciliation(Box<Reconciliation>),
    /// What a terminal says that its day came to.
    Totals(Box<TerminalTotals>),
    /// What is new in the journal is summed up.
    Tallied,
    /// Fees as they are now.
    Fees(FeeTable),
    /// An account as it is now.
    PayoutAccount(PayoutAccount),
    /// The row that notes who asked for a run.
    Run(i64),
    /// A settlement.
    Settlement(Box<Settlement>),
    /// The number of a payment file.
    PaymentFile(i64),
    /// There was nothing to do any more.
    Nothing,
}

impl Answer {
    /// Something was done now.
    pub fn new(done: Outcome) -> Answer {
        Answer { done, replayed: false }
    }

    /// Something had been done before.
    pub fn replayed(done: Outcome) -> Answer {
        Answer { done, replayed: true }
    }

    /// There was nothing to do.
    pub(crate) fn nothing() -> Answer {
        Answer::new(Outcome::Nothing)
    }
}

/// The subject of the change that a caller's key stands for, if it was used.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`] when it stands for another request.
pub(crate) fn repeated(
    books: &Books,
    idempotency: Option<Idempotency>,
) -> Result<Option<i64>, Refusal> {
    let change = books.repeated_change(idempotency).map_err(|_| Refusal::IdempotencyKeyReused)?;
    Ok(change.map(|change| change.subject.0))
}

impl Command {
    /// What the command needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        match self {
            Command::BeginFile(command) => command.read(reads),
            Command::KeepRows(command) => command.read(reads),
            Command::AcceptFile(command) => command.read(reads),
            Command::ApplyRows(command) => command.read(reads),
            Command::ReleaseRows(command) => command.read(reads),
            Command::TakeException(command) => command.read(reads),
            Command::NoteException(command) => command.read(reads),
            Command::ResolveException(command) => command.read(reads),
            Command::SetMapping(command) => command.read(reads),
            Command::BeginReconciliation(command) => command.read(reads),
            Command::RaiseFindings(command) => command.read(reads),
            Command::EndReconciliation(command) => command.read(reads),
            Command::ReportTotals(command) => command.read(reads),
            Command::RecheckTotals(command) => command.read(reads),
            Command::Tally(command) => command.read(reads),
            Command::BeginRun(command) => command.read(reads),
            Command::Settle(command) => command.read(reads),
            Command::ReturnPayout(command) => command.read(reads),
            Command::MakePaymentFile(command) => command.read(reads),
            // These need the directory alone, which is always there.
            Command::SetFees(_) | Command::SetPayoutAccount(_) => {}
        }
    }

    /// Decides the command and places its effect in the books.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn decide(&self, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
        match self {
            Command::BeginFile(command) => begin_file(command, books, now),
            Command::KeepRows(command) => keep_rows(command, books),
            Command::AcceptFile(command) => accept_file(command, books, now),
            Command::ApplyRows(command) => apply_rows(command, books, now),
            Command::ReleaseRows(command) => release_rows(command, books, now),
            Command::TakeException(command) => take_exception(command, books, now),
            Command::NoteException(command) => note_exception(command, books, now),
            Command::ResolveException(command) => resolve_exception(command, books, now),
            Command::SetMapping(command) => set_mapping(command, books, now),
            Command::BeginReconciliation(command) => begin_reconciliation(command, books, now),
            Command::RaiseFindings(command) => raise_findings(command, books, now),
            Command::EndReconciliation(command) => end_reconciliation(command, books, now),
            Command::ReportTotals(command) => report_totals(command, books, now),
            Command::RecheckTotals(command) => recheck_totals(command, books, now),
            Command::Tally(command) => tally(command, books),
            Command::SetFees(command) => set_fees(command, books, now),
            Command::SetPayoutAccount(command) => set_payout_account(command, books, now),
            Command::BeginRun(command) => begin_run(command, books, now),
            Command::Settle(command) => settle(command, books, now),
            Command::ReturnPayout(command) => return_payout(command, books, now),
            Command::MakePaymentFile(command) => make_payment_file(command, books, now),
        }
    }
}

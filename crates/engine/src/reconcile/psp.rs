//! Payments over a PSP against the PSP's own report of a day.

use std::io;
use std::path::{Path, PathBuf};

use clearing::mapping::{Declared, ReferenceKind};
use clearing::reconciliation::Fees;
use clearing::{Item, Reconciliation};
use formats::report::{Item as Line, ItemKind};
use ledger::transaction::Direction;
use ledger::{Date, Directory, ReadSet, Timestamp};
use payments::payment::PAYMENTS;
use payments::state::Event;
use payments::{Payment, PaymentKind};
use store::{Part, Reader};

use super::journal::row_before;
use super::run::{Compared, Earlier, NotReconciled, conclude, turn};
use super::sides::{Side, Sides};
use crate::handle::Handle;
use crate::limits::{PSP_DAYS_AROUND, PSP_DAYS_HELD_MAX, RECONCILED_ROWS_AT_A_TIME};
use crate::queries::Queries;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// What a PSP's report says of payments and refunds. Fees are nobody's payment: they are summed up,
/// those with a line of their own and those in a column.
#[derive(Debug)]
pub struct PspReport {
    side: Side,
    fees: Fees,
    reference: ReferenceKind,
}

impl PspReport {
    /// An empty report. What does not fit in memory goes to an unnamed file in `directory`.
    pub fn new(directory: &Path, reference: ReferenceKind) -> PspReport {
        PspReport { side: Side::new(directory), fees: Fees::new(), reference }
    }

    /// Adds a line of it.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn add(&mut self, line: &Line) -> io::Result<()> {
        self.keep(line);
        let kind = match (line.kind, line.direction) {
            (ItemKind::Fee, _) => return Ok(()),
            (ItemKind::Payment, Direction::Credit) => "payment",
            (ItemKind::Refund, Direction::Debit) => "refund",
            // Money that goes the wrong way is nothing that we would know of.
            (ItemKind::Payment, Direction::Debit) => "payment-taken-back",
            (ItemKind::Refund, Direction::Credit) => "refund-taken-back",
        };
        let number = i64::try_from(line.line).unwrap_or(i64::MAX);
        self.side.add(&Item {
            reference: normal(self.reference, &line.reference),
            within: String::new(),
            kind: kind.to_owned(),
            is_settled: false,
            amount_minor: line.amount_minor,
            currency: line.currency,
            company: None,
            seller: None,
            day: line.date,
            number,
            place: format!("line {number}"),
        })
    }

    /// Counts what the PSP has kept.
    fn keep(&mut self, line: &Line) {
        let own = match (line.kind, line.direction) {
            (ItemKind::Fee, Direction::Debit) => line.amount_minor,
            (ItemKind::Fee, Direction::Credit) => line.amount_minor.saturating_neg(),
            (ItemKind::Payment | ItemKind::Refund, _) => 0,
        };
        let minor = own.saturating_add(line.kept_minor);
        if minor != 0 {
            let sum = self.fees.entry(line.currency.code()).or_default();
            *sum = sum.saturating_add(minor);
        }
    }
}

/// What a report is compared with.
#[derive(Clone, Debug)]
pub struct PspDay {
    /// The PSP, and whose payments.
    pub declared: Declared,
    /// The day, where the merchants are.
    pub day: Date,
}

/// Compares payments with a PSP's report of a day. `begun` is the comparison; `directory` is where
/// our side is written that does not fit in memory.
///
/// A payment is due in the report of the day on which its money moved. Those of the days around it
/// may be in it.
///
/// # Errors
/// [`NotReconciled`].
pub async fn reconcile_psp(
    engine: Handle,
    queries: &Queries,
    directory: PathBuf,
    day: PspDay,
    report: PspReport,
    begun: Reconciliation,
) -> Result<Reconciliation, NotReconciled> {
    let turn = turn().await?;
    let run = move |reader: &mut dyn Reader| {
        let ours = match ours(reader, &day, &directory) {
            Err(NotReconciled::Store(error)) => return Err(error),
            other => other,
        };
        Ok(ours.and_then(|ours| {
            let (sides, files) = (Sides::of(ours, report.side), Vec::new());
            // Another report of the day may be another part of it: nothing is gone for that.
            let earlier = Earlier::new();
            conclude(&engine, &begun, Compared { sides, files, fees: report.fees, earlier })
        }))
    };
    let ended = queries.read(run).await?;
    drop(turn);
    ended
}

/// What we know of the PSP's payments of the day and those around it.
fn ours(reader: &mut dyn Reader, wanted: &PspDay, directory: &Path) -> Result<Side, NotReconciled> {
    let mut side = Side::new(directory);
    let midnight = i64::from(wanted.day.0).saturating_mul(DAY_MS);
    let begin = Timestamp(midnight.saturating_sub(PSP_DAYS_HELD_MAX.saturating_mul(DAY_MS)));
    // No payment of the day is begun later, wherever the merchant is.
    let end = Timestamp(
        midnight.saturating_add(PSP_DAYS_AROUND.saturating_add(2).saturating_mul(DAY_MS)),
    );
    // A payment's number is that of the row that began it.
    let mut after = row_before(reader, begin)?.0;
    loop {
        let found = reader.documents(PAYMENTS, Part::After(after), RECONCILED_ROWS_AT_A_TIME)?;
        let Some(last) = found.last() else { return Ok(side) };
        after = last.id.number;
        let books = reader.load(&ReadSet::default())?;
        let payments: Vec<Payment> = found.iter().filter_map(Payment::of).collect();
        for payment in &payments {
            if let Some(item) = our_item(payment, wanted, &books.directory) {
                side.add(&item)?;
            }
        }
        if payments.last().is_some_and(|last| last.created_at > end) {
            return Ok(side);
        }
    }
}

/// What the PSP should say of a payment. `None` where it is another's, or no money has moved.
fn our_item(payment: &Payment, wanted: &PspDay, directory: &Directory) -> Option<Item> {
    let declared = &wanted.declared;
    let merchant = &payment.merchant;
    let is_meant =
        |chosen: &Option<String>, own: &str| chosen.as_deref().is_none_or(|chosen| chosen == own);
    let is_wanted = payment.method.psp().is_some_and(|psp| psp.as_str() == declared.psp)
        && is_meant(&declared.company, &merchant.company)
        && is_meant(&declared.seller, &merchant.seller);
    if !is_wanted || payment.captured_minor == 0 {
        return None;
    }
    let moved = payment.transitions.iter().rev().find(|it| it.event == Event::Finalize)?;
    let day = directory.company(&merchant.company)?.day_of(moved.at);
    let apart = i64::from(day.0).saturating_sub(i64::from(wanted.day.0));
    if apart.abs() > PSP_DAYS_AROUND {
        return None;
    }
    let kind = match payment.kind {
        PaymentKind::Payment | PaymentKind::Capture => "payment",
        PaymentKind::Refund | PaymentKind::Reversal | PaymentKind::Credit => "refund",
    };
    Some(Item {
        reference: reference_of(payment, declared.reference),
        within: String::new(),
        kind: kind.to_owned(),
        is_settled: day != wanted.day,
        amount_minor: payment.captured_minor,
        currency: payment.amount.currency,
        company: Some(merchant.company.clone()),
        seller: Some(merchant.seller.clone()),
        day: Some(day),
        number: payment.number,
        place: format!("payment {}", payment.number),
    })
}

/// What the report should call a payment. Where we never learned it, what we called it: then both
/// sides have something that the other does not, and people see both.
fn reference_of(payment: &Payment, kind: ReferenceKind) -> String {
    let told = &payment.told;
    let merchants = || {
        let online = payment.online.as_ref().and_then(|it| it.merchant_transaction_id.as_ref());
        payment.asked.terminal_reference.as_ref().or(online)
    };
    let found = match kind {
        ReferenceKind::Instruction => Some(&payment.instruction),
        ReferenceKind::Psp => told.reference.as_ref(),
        ReferenceKind::PspSecond => told.second_reference.as_ref(),
        ReferenceKind::Merchant => merchants(),
        ReferenceKind::Id => return payment.number.to_string(),
    };
    normal(kind, found.unwrap_or(&payment.instruction))
}

/// A reference in the one way in which both sides are held against each other: hexadecimal digits
/// are written in many.
fn normal(kind: ReferenceKind, reference: &str) -> String {
    match kind {
        ReferenceKind::Instruction => {
            reference.chars().filter(|char| *char != '-').collect::<String>().to_ascii_uppercase()
        }
        ReferenceKind::Psp
        | ReferenceKind::PspSecond
        | ReferenceKind::Merchant
        | ReferenceKind::Id => reference.to_owned(),
    }
}

//! The receipt of a transaction that is over: lines of text for a printer, in Swedish or English.

use ledger::money::format_minor;
use payments::{Event, Payment, PaymentKind, State, Transition};
use serde::Serialize;

use super::lookup::View;

/// A receipt (AAPay, `receipt`).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract's own names")]
pub(super) struct Receipt {
    receipt_id: i64,
    time_stamp: String,
    receipt_data: Vec<String>,
    receipt_class: &'static str,
}

/// The languages that receipts are written in.
#[derive(Clone, Copy)]
enum Language {
    Swedish,
    English,
}

impl Receipt {
    /// The receipt of a transaction that has ended, or has moved money.
    pub(super) fn of(view: &View) -> Option<Receipt> {
        let payment = &view.payment;
        if !is_over(payment.state) {
            return None;
        }
        // What a batch report does to it afterwards is nothing to the payer.
        let ended = |step: &&Transition| is_over(step.event.to()) && step.event != Event::Report;
        let at =
            payment.transitions.iter().rev().find(ended).map_or(payment.changed_at, |it| it.at);
        let mut lines = heading(view);
        lines.push(view.zone.wall_clock(at));
        lines.extend(body(payment));
        Some(Receipt {
            receipt_id: payment.number,
            time_stamp: at.rfc3339(),
            receipt_data: lines,
            receipt_class: "CUSTOMER",
        })
    }
}

fn is_over(state: State) -> bool {
    state.is_final() || state.is_committed()
}

/// Who sells.
fn heading(view: &View) -> Vec<String> {
    let language = Language::of(&view.payment);
    let customer = view.customer.as_ref();
    let mut lines: Vec<String> =
        customer.map(|customer| customer.name.clone()).into_iter().collect();
    let number = customer.map(|customer| customer.organisation_number.as_str());
    if let Some(number) = number.filter(|number| !number.is_empty()) {
        lines.push(format!("{} {number}", language.of_two("Org.nr", "Org. no.")));
    }
    if let Some(number) = &view.payee.vat_number {
        lines.push(format!("{} {number}", language.of_two("Momsreg.nr", "VAT no.")));
    }
    lines
}

/// What was done.
fn body(payment: &Payment) -> Vec<String> {
    let language = Language::of(payment);
    let amount = payment.amount;
    let money =
        |minor| format!("{} {}", format_minor(minor, amount.currency), amount.currency.code());
    let mut lines = vec![
        language.kind(payment.kind).to_owned(),
        format!("{}: {}", language.of_two("Betalsätt", "Method"), payment.method.name()),
        format!("{}: {}", language.of_two("Exkl. moms", "Excl. VAT"), money(amount.nominal_minor)),
        format!("{}: {}", language.of_two("Moms", "VAT"), money(amount.vat_minor)),
        format!("{}: {}", language.of_two("Totalt", "Total"), money(amount.total_minor)),
    ];
    let taken_minor = payment.captured_minor;
    if payment.state.is_committed() && taken_minor > 0 && taken_minor != amount.total_minor {
        lines.push(format!("{}: {}", language.of_two("Debiterat", "Charged"), money(taken_minor)));
    }
    let reference = |word: &str, text: &str| format!("{word}: {text}");
    lines.push(reference(
        language.of_two("Transaktion", "Transaction"),
        &payment.number.to_string(),
    ));
    if let Some(text) = &payment.asked.terminal_reference {
        lines.push(reference(language.of_two("Referens", "Reference"), text));
    }
    if let Some(text) = &payment.told.reference {
        lines.push(reference(language.of_two("Betalreferens", "Payment reference"), text));
    }
    lines.push(language.state(payment.state).to_owned());
    lines
}

impl Language {
    fn of(payment: &Payment) -> Language {
        let chosen = payment.asked.register.as_ref();
        let chosen = chosen.and_then(|register| register.language.as_deref()).unwrap_or_default();
        let is_swedish = chosen.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("sv"));
        if is_swedish { Language::Swedish } else { Language::English }
    }

    fn of_two(self, swedish: &'static str, english: &'static str) -> &'static str {
        match self {
            Language::Swedish => swedish,
            Language::English => english,
        }
    }

    fn kind(self, kind: PaymentKind) -> &'static str {
        match kind {
            PaymentKind::Payment => self.of_two("KÖP", "PURCHASE"),
            PaymentKind::Refund => self.of_two("RETUR", "REFUND"),
            PaymentKind::Reversal => self.of_two("MAKULERING", "REVERSAL"),
            // Not shown by this contract.
            PaymentKind::Capture | PaymentKind::Credit => "",
        }
    }

    fn state(self, state: State) -> &'static str {
        match state {
            State::Finalized | State::Reported => self.of_two("GODKÄND", "APPROVED"),
            State::Rejected => self.of_two("NEKAD", "DECLINED"),
            State::Cancelled => self.of_two("AVBRUTEN", "CANCELLED"),
            State::Failed => self.of_two("MISSLYCKAD", "FAILED"),
            State::TimedOut => self.of_two("TIDEN GICK UT", "TIMED OUT"),
            // There is no receipt of these.
            State::Initialized
            | State::Authorized
            | State::Stale
            | State::Pending
            | State::Reserved => self.of_two("PÅGÅR", "IN PROGRESS"),
        }
    }
}

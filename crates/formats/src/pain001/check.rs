//! The rules that values must keep before a message is written of them.

use std::collections::HashSet;

use ledger::{Currency, Date, Timestamp};

use super::text::{has_iban_check, has_iban_form, is_bic, is_plain, is_text};
use super::{Breach, Initiation, Party, PaymentBlock, Rule};
use crate::limits::{
    PAIN_AMOUNT_DIGITS_MAX, PAIN_ID_CHARS_MAX, PAIN_NAME_CHARS_MAX, PAIN_REMITTANCE_CHARS_MAX,
    PAIN_TRANSFERS_MAX,
};

/// What was found, in the order of the message.
struct Checks(Vec<Breach>);

pub(super) fn breaches(initiation: &Initiation) -> Vec<Breach> {
    let mut checks = Checks(Vec::new());
    checks.id("GrpHdr/MsgId", &initiation.message_id);
    if Timestamp::parse_rfc3339(&initiation.created_at.rfc3339()) != Some(initiation.created_at) {
        checks.broken("GrpHdr/CreDtTm", Rule::Date);
    }
    checks.name("GrpHdr/InitgPty/Nm", &initiation.initiating_party);
    if initiation.payments.is_empty() {
        checks.broken("PmtInf", Rule::Empty);
    }
    let transfers = initiation.payments.iter().map(|payment| payment.transfers.len());
    if transfers.fold(0_usize, usize::saturating_add) > PAIN_TRANSFERS_MAX {
        checks.broken("GrpHdr/NbOfTxs", Rule::TooMany(PAIN_TRANSFERS_MAX));
        return checks.0;
    }
    let mut ids = HashSet::new();
    for (number, payment) in (1_usize..).zip(&initiation.payments) {
        let path = format!("PmtInf[{number}]");
        if !ids.insert(&payment.id) {
            checks.broken(&format!("{path}/PmtInfId"), Rule::Repeated);
        }
        checks.payment(&path, payment);
    }
    if !has_sum(&initiation.payments) {
        checks.broken("GrpHdr/CtrlSum", Rule::Sum);
    }
    checks.0
}

impl Checks {
    fn broken(&mut self, path: &str, rule: Rule) {
        self.0.push(Breach { path: path.to_owned(), rule });
    }

    fn payment(&mut self, path: &str, payment: &PaymentBlock) {
        self.id(&format!("{path}/PmtInfId"), &payment.id);
        if !is_date(payment.execution_date) {
            self.broken(&format!("{path}/ReqdExctnDt/Dt"), Rule::Date);
        }
        self.party(path, "Dbtr", &payment.debtor);
        if payment.transfers.is_empty() {
            self.broken(&format!("{path}/CdtTrfTxInf"), Rule::Empty);
        }
        let mut ids = HashSet::new();
        for (number, transfer) in (1_usize..).zip(&payment.transfers) {
            let path = format!("{path}/CdtTrfTxInf[{number}]");
            let id = format!("{path}/PmtId/EndToEndId");
            self.id(&id, &transfer.end_to_end_id);
            if !ids.insert(&transfer.end_to_end_id) {
                self.broken(&id, Rule::Repeated);
            }
            if !is_amount(transfer.amount_minor, payment.currency) {
                self.broken(&format!("{path}/Amt/InstdAmt"), Rule::Amount);
            }
            self.party(&path, "Cdtr", &transfer.creditor);
            if let Some(text) = &transfer.remittance {
                let path = format!("{path}/RmtInf/Ustrd");
                self.text(&path, text, PAIN_REMITTANCE_CHARS_MAX, is_text);
            }
        }
    }

    fn party(&mut self, path: &str, role: &str, party: &Party) {
        self.name(&format!("{path}/{role}/Nm"), &party.name);
        if !has_iban_form(&party.iban) {
            self.broken(&format!("{path}/{role}Acct/Id/IBAN"), Rule::NotAnIban);
        } else if !has_iban_check(&party.iban) {
            self.broken(&format!("{path}/{role}Acct/Id/IBAN"), Rule::IbanCheck);
        }
        if party.bic.as_ref().is_some_and(|bic| !is_bic(bic)) {
            self.broken(&format!("{path}/{role}Agt/FinInstnId/BICFI"), Rule::NotABic);
        }
    }

    /// An id has no slash at its ends and no two in a row (EPC, rules for identifiers).
    fn id(&mut self, path: &str, id: &str) {
        self.text(path, id, PAIN_ID_CHARS_MAX, is_plain);
        if id.starts_with('/') || id.ends_with('/') || id.contains("//") {
            self.broken(path, Rule::Characters);
        }
    }

    fn name(&mut self, path: &str, name: &str) {
        self.text(path, name, PAIN_NAME_CHARS_MAX, is_text);
    }

    fn text(&mut self, path: &str, text: &str, chars_max: usize, is_taken: fn(char) -> bool) {
        if text.trim().is_empty() {
            self.broken(path, Rule::Empty);
        }
        if text.chars().count() > chars_max {
            self.broken(path, Rule::TooLong(chars_max));
        }
        if !text.chars().all(is_taken) {
            self.broken(path, Rule::Characters);
        }
    }
}

/// Whether it is a day that can be shown: beyond the calendar's end there is none.
fn is_date(date: Date) -> bool {
    Date::parse(&date.to_string()) == Some(date)
}

/// Above zero, with at most 18 digits, 5 of them decimals
/// (`ActiveOrHistoricCurrencyAndAmount`).
fn is_amount(amount_minor: i64, currency: Currency) -> bool {
    let digits = amount_minor.to_string().len();
    amount_minor > 0 && digits <= PAIN_AMOUNT_DIGITS_MAX && currency.exponent() <= 5
}

/// Whether all amounts add up to what a control sum can say.
fn has_sum(payments: &[PaymentBlock]) -> bool {
    let sum = super::xml::control_sum(payments);
    sum.chars().filter(char::is_ascii_digit).count() <= PAIN_AMOUNT_DIGITS_MAX
}

//! The message as XML. A writer of our own: a few dozen elements, always in one order.

use super::{Initiation, Party, PaymentBlock, Transfer};
use ledger::money::format_minor;

/// The namespace says the version of the message.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/// Decimals of a control sum over several currencies: the most that a currency has.
const SUM_DECIMALS: u32 = 4;

/// Writes elements, each on a line of its own.
struct Xml {
    text: String,
    open: Vec<&'static str>,
}

/// The message of values that keep the rules.
pub(super) fn message(initiation: &Initiation) -> String {
    let mut xml = Xml { text: String::new(), open: Vec::new() };
    xml.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.begin_with("Document", &[("xmlns", NAMESPACE)]);
    xml.begin("CstmrCdtTrfInitn");
    xml.begin("GrpHdr");
    xml.element("MsgId", &initiation.message_id);
    xml.element("CreDtTm", &initiation.created_at.rfc3339());
    let transfers = initiation.payments.iter().map(|payment| payment.transfers.len());
    xml.element("NbOfTxs", &transfers.fold(0, usize::saturating_add).to_string());
    xml.element("CtrlSum", &control_sum(&initiation.payments));
    xml.begin("InitgPty");
    xml.element("Nm", &initiation.initiating_party);
    xml.end();
    xml.end();
    for payment in &initiation.payments {
        xml.payment(payment);
    }
    xml.end();
    xml.end();
    xml.text
}

/// All amounts, added up without regard to their currencies, as the message has it.
pub(super) fn control_sum(payments: &[PaymentBlock]) -> String {
    let mut sum = 0_i128;
    for payment in payments {
        let missing = SUM_DECIMALS.saturating_sub(payment.currency.exponent());
        let factor = 10_i128.saturating_pow(missing);
        for transfer in &payment.transfers {
            sum = sum.saturating_add(i128::from(transfer.amount_minor).saturating_mul(factor));
        }
    }
    let digits = format!("{sum:05}");
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(4));
    let fraction = fraction.trim_end_matches('0');
    // Two decimals, or as many as there are.
    format!("{whole}.{fraction:0<2}")
}

impl Xml {
    fn payment(&mut self, payment: &PaymentBlock) {
        self.begin("PmtInf");
        self.element("PmtInfId", &payment.id);
        self.element("PmtMtd", "TRF");
        self.element("NbOfTxs", &payment.transfers.len().to_string());
        self.element("CtrlSum", &control_sum(std::slice::from_ref(payment)));
        self.begin("ReqdExctnDt");
        self.element("Dt", &payment.execution_date.to_string());
        self.end();
        self.named("Dbtr", &payment.debtor);
        self.begin("DbtrAcct");
        self.begin("Id");
        self.element("IBAN", &payment.debtor.iban);
        self.end();
        self.element("Ccy", payment.currency.code());
        self.end();
        self.begin("DbtrAgt");
        self.begin("FinInstnId");
        if let Some(bic) = &payment.debtor.bic {
            self.element("BICFI", bic);
        } else {
            // The element must be there, and this is what stands for no BIC.
            self.begin("Othr");
            self.element("Id", "NOTPROVIDED");
            self.end();
        }
        self.end();
        self.end();
        for transfer in &payment.transfers {
            self.transfer(transfer, payment);
        }
        self.end();
    }

    fn transfer(&mut self, transfer: &Transfer, payment: &PaymentBlock) {
        self.begin("CdtTrfTxInf");
        self.begin("PmtId");
        self.element("EndToEndId", &transfer.end_to_end_id);
        self.end();
        self.begin("Amt");
        let amount = format_minor(transfer.amount_minor, payment.currency);
        self.element_with("InstdAmt", &[("Ccy", payment.currency.code())], &amount);
        self.end();
        if let Some(bic) = &transfer.creditor.bic {
            self.begin("CdtrAgt");
            self.begin("FinInstnId");
            self.element("BICFI", bic);
            self.end();
            self.end();
        }
        self.named("Cdtr", &transfer.creditor);
        self.begin("CdtrAcct");
        self.begin("Id");
        self.element("IBAN", &transfer.creditor.iban);
        self.end();
        self.end();
        if let Some(text) = &transfer.remittance {
            self.begin("RmtInf");
            self.element("Ustrd", text);
            self.end();
        }
        self.end();
    }

    fn named(&mut self, tag: &'static str, party: &Party) {
        self.begin(tag);
        self.element("Nm", &party.name);
        self.end();
    }

    fn begin(&mut self, tag: &'static str) {
        self.begin_with(tag, &[]);
    }

    fn begin_with(&mut self, tag: &'static str, attributes: &[(&str, &str)]) {
        self.start(tag, attributes);
        self.text.push('\n');
        self.open.push(tag);
    }

    fn end(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.indent();
            self.text.extend(["</", tag, ">\n"]);
        }
    }

    fn element(&mut self, tag: &str, text: &str) {
        self.element_with(tag, &[], text);
    }

    fn element_with(&mut self, tag: &str, attributes: &[(&str, &str)], text: &str) {
        self.start(tag, attributes);
        self.escaped(text);
        self.text.extend(["</", tag, ">\n"]);
    }

    fn start(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.extend(["<", tag]);
        for (name, value) in attributes {
            self.text.extend([" ", name, "=\""]);
            self.escaped(value);
            self.text.push('"');
        }
        self.text.push('>');
    }

    fn indent(&mut self) {
        self.text.extend(self.open.iter().map(|_| "  "));
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&apos;"),
                letter => self.text.push(letter),
            }
        }
    }
}

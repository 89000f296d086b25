//! Settlements: what a seller was owed in one currency up to a day, and how it was paid out.
//!
//! Invariant: of a seller, currency and day there is one at most; each carries on from the one
//! before it. What is not paid because it is below zero is the next one's to begin with.

use std::collections::BTreeMap;

use ledger::document::Kind;
use ledger::{Currency, Date, Document, DocumentId, Fields, Timestamp};

use crate::tally::line::{Line, Sums};

/// The list of all settlements.
pub const SETTLEMENTS: &str = "settlements";

/// A settlement. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The row that made it.
    pub number: i64,
    /// Of whom, in what, up to when.
    pub key: SettlementKey,
    /// The first day that is in it.
    pub first_day: Date,
    /// How many sellers' days are in it, those that came late included.
    pub days: i64,
    /// What they came to.
    pub sums: Sums,
    /// The fees, by kind.
    pub fees: BTreeMap<Line, i64>,
    /// What was missing to the least that days cost.
    pub top_up_minor: i64,
    /// What was carried over from before: 0, or below it.
    pub carried_in_minor: i64,
    /// What came of it all.
    pub outcome: SettlementOutcome,
    /// The transfer to the seller, where there is one.
    pub transfer: Option<i64>,
    /// The transaction of the fees, where there are any.
    pub fee: Option<i64>,
    /// The payment file that it is in.
    pub payment_file: Option<i64>,
    /// What became of the payment, where it came back.
    pub returned: Option<PayoutReturn>,
    /// Whether it is the newest of its seller and currency.
    pub is_newest: bool,
    /// When it was made.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: String,
}

/// A payment that the bank could not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutReturn {
    /// The transaction that books it back.
    pub transaction: i64,
    /// Why it came back, for people.
    pub reason: String,
    /// When it was booked back.
    pub at: Timestamp,
    /// Who said so.
    pub actor: String,
}

/// Which settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementKey {
    /// The company's number.
    pub company: String,
    /// The seller's number.
    pub seller: String,
    /// In what.
    pub currency: Currency,
    /// Up to which day.
    pub day: Date,
}

/// What a settlement comes to, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementOutcome {
    /// What the transactions come to: captures less corrections and refunds.
    pub owed_minor: i64,
    /// All fees.
    pub fees_minor: i64,
    /// What was owed and carried over, less the fees; may be below zero.
    pub net_minor: i64,
}

impl SettlementKey {
    /// The name by which it is found.
    pub fn name(&self) -> String {
        let SettlementKey { company, seller, currency, day } = self;
        format!("settlement:{company}/{seller}/{}/{day}", currency.code())
    }

    /// The name by which the newest one of the seller and currency is found.
    pub fn newest_name(&self) -> String {
        let SettlementKey { company, seller, currency, .. } = self;
        format!("settlement.newest:{company}/{seller}/{}", currency.code())
    }

    /// The source id of its transactions.
    pub fn source(&self) -> String {
        let SettlementKey { seller, currency, day, .. } = self;
        format!("settlement-{seller}-{}-{day}", currency.code())
    }

    /// The source id of the transaction that books it back.
    pub fn return_source(&self) -> String {
        format!("{}-return", self.source())
    }
}

impl SettlementOutcome {
    /// What is paid out.
    pub fn paid_minor(self) -> i64 {
        self.net_minor.max(0)
    }

    /// What the next settlement begins with: 0, or below it.
    pub fn carried_out_minor(self) -> i64 {
        self.net_minor.min(0)
    }
}

impl Settlement {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Settlement.id(number)
    }

    /// The list of a company's settlements.
    pub fn company_list(company: &str) -> String {
        format!("settlements.company:{company}")
    }

    /// The list of a seller's settlements.
    pub fn seller_list(company: &str, seller: &str) -> String {
        format!("settlements.of:{company}/{seller}")
    }

    /// The list of the settlements of a day.
    pub fn day_list(company: &str, day: Date) -> String {
        format!("settlements.day:{company}/{day}")
    }

    /// The list of those of a day that are to be paid and are in no payment file yet.
    pub fn to_pay_list(company: &str, day: Date) -> String {
        format!("settlements.to_pay:{company}/{day}")
    }

    /// What travels with the payment to the seller's bank (`EndToEndId`).
    pub fn reference(&self) -> String {
        format!("SETTLEMENT-{}", self.number)
    }

    /// Whether it waits for a payment file.
    pub fn is_to_pay(&self) -> bool {
        let is_open = self.payment_file.is_none() && self.returned.is_none();
        is_open && self.outcome.paid_minor() > 0
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Settlement> {
        let fields = &document.fields;
        let text = |name: &str| fields.owned(name);
        let day = |name: &str| fields.text(name).and_then(Date::parse);
        let fees = fields.under("fee.");
        let fees =
            fees.iter().filter_map(|(word, _)| Some((Line::parse(word)?, fees.number(word)?)));
        Some(Settlement {
            number: document.id.number,
            key: SettlementKey {
                company: text("company")?,
                seller: text("seller")?,
                currency: Currency::parse(fields.text("currency")?)?,
                day: day("day")?,
            },
            first_day: day("first_day")?,
            days: fields.number("days")?,
            sums: Sums::of(fields),
            fees: fees.collect(),
            top_up_minor: fields.number("top_up")?,
            carried_in_minor: fields.number("carried_in")?,
            outcome: SettlementOutcome {
                owed_minor: fields.number("owed")?,
                fees_minor: fields.number("fees")?,
                net_minor: fields.number("net")?,
            },
            transfer: fields.number("transfer"),
            fee: fields.number("fee_transaction"),
            payment_file: fields.number("payment_file"),
            returned: PayoutReturn::of(&fields.under("returned.")),
            is_newest: fields.is_true("newest"),
            at: fields.time("at")?,
            actor: text("actor")?,
        })
    }

    /// The fields of its document.
    pub(crate) fn fields(&self) -> Fields {
        let number = |number: i64| Some(number.to_string());
        let some = |number: Option<i64>| number.map(|number| number.to_string());
        let SettlementKey { company, seller, currency, day } = &self.key;
        let fees = self.fees.iter().map(|(line, fee)| (line.as_str(), fee.to_string())).collect();
        let returned = self.returned.as_ref().map(PayoutReturn::fields).unwrap_or_default();
        Fields::default()
            .with("company", Some(company))
            .with("seller", Some(seller))
            .with("currency", Some(currency.code()))
            .with("day", Some(day.to_string()))
            .with("first_day", Some(self.first_day.to_string()))
            .with("days", number(self.days))
            .with_all("", &self.sums.fields())
            .with_all("fee.", &fees)
            .with("top_up", number(self.top_up_minor))
            .with("carried_in", number(self.carried_in_minor))
            .with("owed", number(self.outcome.owed_minor))
            .with("fees", number(self.outcome.fees_minor))
            .with("net", number(self.outcome.net_minor))
            .with("transfer", some(self.transfer))
            .with("fee_transaction", some(self.fee))
            .with("payment_file", some(self.payment_file))
            .with_all("returned.", &returned)
            .with("newest", self.is_newest.then_some("true"))
            .with("at", number(self.at.0))
            .with("actor", Some(&self.actor))
    }

    /// Its document.
    pub(crate) fn document(&self) -> Document {
        let SettlementKey { company, seller, day, .. } = &self.key;
        let mut document = Document::new(Settlement::id(self.number), self.fields());
        document.names.insert(self.key.name());
        if self.is_newest {
            document.names.insert(self.key.newest_name());
        }
        document.lists.extend([
            SETTLEMENTS.to_owned(),
            Settlement::company_list(company),
            Settlement::seller_list(company, seller),
            Settlement::day_list(company, *day),
        ]);
        if self.is_to_pay() {
            document.lists.insert(Settlement::to_pay_list(company, *day));
        }
        document
    }
}

impl PayoutReturn {
    /// Reads what [`PayoutReturn::fields`] wrote.
    fn of(fields: &Fields) -> Option<PayoutReturn> {
        Some(PayoutReturn {
            transaction: fields.number("transaction")?,
            reason: fields.text("reason")?.to_owned(),
            at: fields.time("at")?,
            actor: fields.text("actor")?.to_owned(),
        })
    }

    /// The fields that say it.
    fn fields(&self) -> Fields {
        Fields::default()
            .with("transaction", Some(self.transaction.to_string()))
            .with("reason", Some(&self.reason))
            .with("at", Some(self.at.0.to_string()))
            .with("actor", Some(&self.actor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::line::Sum;

    #[test]
    fn what_is_written_is_read_again_and_found() {
        let mut sums = Sums::default();
        sums.add(Line::ALL[0], Sum { count: 2, minor: 500 }).unwrap();
        let day = Date::parse("2026-11-20").unwrap();
        let settlement = Settlement {
            number: 9,
            key: SettlementKey {
                company: "100".to_owned(),
                seller: "654".to_owned(),
                currency: Currency::SEK,
                day,
            },
            first_day: day.plus_days(-2),
            days: 3,
            sums,
            fees: [(Line::ALL[0], 5)].into(),
            top_up_minor: 2,
            carried_in_minor: -100,
            outcome: SettlementOutcome { owed_minor: 500, fees_minor: 7, net_minor: 393 },
            transfer: Some(7),
            fee: Some(8),
            payment_file: None,
            returned: None,
            is_newest: true,
            at: Timestamp(5),
            actor: "Åsa".to_owned(),
        };
        let document = settlement.document();
        assert_eq!(Settlement::of(&document), Some(settlement.clone()));
        assert_eq!((document.names.len(), document.lists.len()), (2, 5));
        let older = Settlement { is_newest: false, payment_file: Some(11), ..settlement.clone() };
        let returned = PayoutReturn {
            transaction: 12,
            reason: "Kontot\när stängt".to_owned(),
            at: Timestamp(6),
            actor: "Åsa".to_owned(),
        };
        let returned = Settlement { is_newest: false, returned: Some(returned), ..settlement };
        for settlement in [older, returned] {
            let document = settlement.document();
            assert_eq!(Settlement::of(&document), Some(settlement));
            assert_eq!((document.names.len(), document.lists.len()), (1, 4));
        }
    }

    #[test]
    fn what_is_below_zero_is_carried_over_and_not_paid() {
        for (net_minor, paid, carried) in [(5, 5, 0), (0, 0, 0), (-5, 0, -5)] {
            let outcome = SettlementOutcome { owed_minor: 0, fees_minor: 0, net_minor };
            assert_eq!((outcome.paid_minor(), outcome.carried_out_minor()), (paid, carried));
        }
    }
}

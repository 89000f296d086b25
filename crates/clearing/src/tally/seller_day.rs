//! What a seller's transactions of a day came to in one currency.
//!
//! Invariant: of a seller, currency and day one document at most is open, and what is settled is
//! not added to. What comes late opens another one.

use ledger::document::Kind;
use ledger::{Currency, Date, Document, DocumentId, Fields};

use super::line::Sums;
use crate::fees::DayFees;

/// A seller's day in one currency, or what came of it after it was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerDay {
    /// Its number: days are counted from 1 as they are opened.
    pub number: i64,
    /// Whose, and which.
    pub key: DayKey,
    /// Whether the day had been settled when this was opened.
    pub is_late: bool,
    /// What it came to so far.
    pub sums: Sums,
    /// The settlement that it is part of, and what was kept of it. `None` while it is open.
    pub settled: Option<SettledDay>,
}

/// Which day of whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayKey {
    /// The company's number.
    pub company: String,
    /// The seller's number.
    pub seller: String,
    /// ISO 4217.
    pub currency: &'static str,
    /// The day on which it was booked, in the company's zone.
    pub day: Date,
}

/// What settlement has made of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledDay {
    /// The settlement's number.
    pub settlement: i64,
    /// What was kept of it.
    pub fees: DayFees,
}

impl DayKey {
    /// The name by which the open day is found.
    pub fn open_name(&self) -> String {
        let DayKey { company, seller, currency, day } = self;
        format!("seller_day:{company}/{seller}/{currency}/{day}")
    }

    /// The name by which the day is found that was settled first.
    pub fn settled_name(&self) -> String {
        format!("{}/settled", self.open_name())
    }
}

impl SellerDay {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::SellerDay.id(number)
    }

    /// The list of a seller's days.
    pub fn seller_list(company: &str, seller: &str) -> String {
        format!("seller_days.of:{company}/{seller}")
    }

    /// The list of all sellers' days of one day.
    pub fn day_list(company: &str, day: Date) -> String {
        format!("seller_days.on:{company}/{day}")
    }

    /// The list of a company's open days.
    pub fn unsettled_list(company: &str) -> String {
        format!("seller_days.unsettled:{company}")
    }

    /// The list of the days of a settlement.
    pub fn settlement_list(settlement: i64) -> String {
        format!("seller_days.settled:{settlement}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<SellerDay> {
        let fields = &document.fields;
        let settled = |settlement| {
            let fees = DayFees::of(&fields.under("fee."));
            SettledDay { settlement, fees }
        };
        Some(SellerDay {
            number: document.id.number,
            key: DayKey {
                company: fields.text("company")?.to_owned(),
                seller: fields.text("seller")?.to_owned(),
                currency: Currency::parse(fields.text("currency")?)?.code(),
                day: Date::parse(fields.text("day")?)?,
            },
            is_late: fields.is_true("late"),
            sums: Sums::of(fields),
            settled: fields.number("settlement").map(settled),
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let key = &self.key;
        let settlement = self.settled.as_ref().map(|settled| settled.settlement);
        let mut fields = Fields::default()
            .with("company", Some(&key.company))
            .with("seller", Some(&key.seller))
            .with("currency", Some(key.currency))
            .with("day", Some(key.day.to_string()))
            .with("late", self.is_late.then_some("true"))
            .with("settlement", settlement.map(|number| number.to_string()))
            .with_all("", &self.sums.fields());
        if let Some(settled) = &self.settled {
            fields = fields.with_all("fee.", &settled.fees.fields());
        }
        let mut document = Document::new(SellerDay::id(self.number), fields);
        let lists = [
            SellerDay::seller_list(&key.company, &key.seller),
            SellerDay::day_list(&key.company, key.day),
        ];
        document.lists.extend(lists);
        match settlement {
            Some(number) => document.lists.insert(SellerDay::settlement_list(number)),
            None => document.lists.insert(SellerDay::unsettled_list(&key.company)),
        };
        match settlement {
            None => drop(document.names.insert(key.open_name())),
            Some(_) if !self.is_late => drop(document.names.insert(key.settled_name())),
            Some(_) => {}
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::line::{Line, Sum};

    #[test]
    fn what_is_written_is_read_again_and_found() {
        let mut sums = Sums::default();
        sums.add(Line::Return, Sum { count: 1, minor: 7 }).unwrap();
        let key = DayKey {
            company: "100".to_owned(),
            seller: "654".to_owned(),
            currency: "SEK",
            day: Date::parse("2026-11-20").unwrap(),
        };
        let open = SellerDay { number: 3, key, is_late: false, sums, settled: None };
        let fees = DayFees { by_line: [(Line::ALL[0], 5)].into(), top_up_minor: 2 };
        let settled = SettledDay { settlement: 9, fees };
        let settled = SellerDay { settled: Some(settled), ..open.clone() };
        let late = SellerDay { is_late: true, ..settled.clone() };
        for (day, name, list) in [
            (&open, Some("seller_day:100/654/SEK/2026-11-20"), "seller_days.unsettled:100"),
            (&settled, Some("seller_day:100/654/SEK/2026-11-20/settled"), "seller_days.settled:9"),
            (&late, None, "seller_days.settled:9"),
        ] {
            let document = day.document();
            assert_eq!(SellerDay::of(&document).as_ref(), Some(day));
            assert_eq!(document.names.first().map(String::as_str), name);
            assert!(document.lists.contains(list), "{:?}", document.lists);
            assert_eq!(document.lists.len(), 3);
        }
    }
}

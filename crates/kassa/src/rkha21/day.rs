//! A day that never was: transactions drawn from a seed.

use formats::rkha21::{Header, Row, RowKind};
use ledger::{CardAuthenticationMethod, Channel, Currency, Date};

use crate::command_line::GenerateOptions;

/// Amounts are up to so many minor units, and the smallest is this.
const AMOUNTS_MINOR: u64 = 250_000;
const AMOUNT_MINOR_MIN: i64 = 500;

/// How often a serial number's last digits come again in the acquirer's references, and how many
/// rows there is room for between.
const SERIALS: u32 = 1_000;
const ROWS_PER_SERIAL: u64 = 100_000_000;

/// The rows of the day, without end. They are offline; corrections take back a purchase of the
/// same day, each at most once.
pub(super) struct Day {
    numbers: Numbers,
    header: Header,
    currency: Currency,
    sellers: Vec<String>,
    cards: Vec<String>,
    drawn: u64,
    /// The last purchase that nothing has taken back.
    open: Option<Row>,
}

/// Numbers that look random and are not (splitmix64).
struct Numbers(u64);

impl Day {
    pub(super) fn new(options: &GenerateOptions, header: &Header, currency: Currency) -> Day {
        Day {
            numbers: Numbers(options.seed),
            header: header.clone(),
            currency,
            sellers: options.seller.clone(),
            cards: options.card_token.clone(),
            drawn: 0,
            open: None,
        }
    }

    fn purchase(&mut self) -> Row {
        let Header { date, serial, .. } = self.header;
        let batch = self.header.acquirer_batch_id();
        let amount_minor = self.amount(AMOUNTS_MINOR);
        let number = self.drawn % ROWS_PER_SERIAL;
        let point_of_sale = format!("Kassa {}, Åre", self.numbers.below(9).saturating_add(1));
        Row {
            line: 0,
            kind: RowKind::Purchase,
            date: self.day_before(date),
            acquirer_reference: format!("{:03}{number:08}", serial % SERIALS),
            amount_minor,
            currency: self.currency,
            authorization: None,
            withdrawal_minor: None,
            seller: pick(&mut self.numbers, &self.sellers).unwrap_or_default(),
            card_token: pick(&mut self.numbers, &self.cards).unwrap_or_default(),
            source: format!("{batch}-{serial:06}-{:09}", self.drawn),
            point_of_sale: Some(point_of_sale),
            channel: pick(&mut self.numbers, &Channel::ALL),
            method: pick(&mut self.numbers, &CardAuthenticationMethod::ALL),
            corrects: None,
            receipt: Some(format!("{:012}", self.drawn)),
        }
    }

    /// At least the smallest amount, and less than that and `below`.
    fn amount(&mut self, below: u64) -> i64 {
        let more = i64::try_from(self.numbers.below(below)).unwrap_or(0);
        AMOUNT_MINOR_MIN.saturating_add(more)
    }

    /// The processing date, or the day before it.
    fn day_before(&mut self, date: Date) -> Date {
        if self.numbers.below(4) == 0 { date.plus_days(-1) } else { date }
    }

    /// Takes back the whole of a purchase, or all but a part.
    fn correction(&mut self, of: Row) -> Row {
        let part = i64::try_from(self.numbers.below(AMOUNTS_MINOR)).unwrap_or(0);
        let rest = of.amount_minor.saturating_sub(part);
        let amount_minor = if rest > 0 { rest } else { of.amount_minor };
        Row {
            kind: RowKind::PurchaseCorrection,
            amount_minor,
            corrects: Some(of.source),
            seller: of.seller,
            card_token: of.card_token,
            ..self.purchase()
        }
    }
}

impl Iterator for Day {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.drawn = self.drawn.saturating_add(1);
        let chance = self.numbers.below(100);
        let row = match chance {
            0..4 => Row { kind: RowKind::CashWithdrawal, ..self.purchase() },
            4..7 => Row { kind: RowKind::Reversal, ..self.purchase() },
            7..12 => match self.open.take() {
                Some(open) => self.correction(open),
                None => self.purchase(),
            },
            12..20 => {
                let purchase = self.purchase();
                let withdrawal_minor = Some(purchase.amount_minor / 2);
                Row { withdrawal_minor, ..purchase }
            }
            _ => self.purchase(),
        };
        if row.kind == RowKind::Purchase {
            self.open = Some(row.clone());
        }
        Some(row)
    }
}

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another. The small ones come a little more often, which nobody will see.
    fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }
}

fn pick<T: Clone>(numbers: &mut Numbers, of: &[T]) -> Option<T> {
    let count = u64::try_from(of.len()).unwrap_or(0);
    let at = usize::try_from(numbers.below(count)).unwrap_or(0);
    of.get(at).cloned()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap, HashSet};
    use std::path::PathBuf;

    use super::*;

    fn rows(seed: u64, count: usize) -> Vec<Row> {
        let options = GenerateOptions {
            file: PathBuf::new(),
            from: None,
            rows: 0,
            seed,
            date: String::new(),
            sender: String::new(),
            cycle: String::new(),
            serial: 0,
            seller: vec!["654".to_owned(), "655".to_owned()],
            card_token: vec!["a".to_owned(), "b".to_owned()],
            currency: String::new(),
            profile: None,
        };
        let header = Header {
            date: Date::parse("2026-03-01").unwrap(),
            sender: "8850".to_owned(),
            cycle: "20".to_owned(),
            serial: 12_345,
        };
        Day::new(&options, &header, Currency::SEK).take(count).collect()
    }

    #[test]
    fn a_seed_makes_a_day() {
        assert_eq!(rows(1, 1_000), rows(1, 1_000));
        assert_ne!(rows(1, 1_000), rows(2, 1_000));
    }

    #[test]
    fn rows_are_unique_and_corrections_are_within_what_they_correct() {
        let rows = rows(7, 20_000);
        let (mut keys, mut kinds) = (HashSet::new(), BTreeMap::new());
        let mut left: HashMap<String, Row> = HashMap::new();
        for row in rows {
            assert!(keys.insert(row.source.clone()) && keys.insert(row.acquirer_reference.clone()));
            *kinds.entry(row.kind).or_insert(0) += 1;
            if let Some(corrects) = &row.corrects {
                let of = left.remove(corrects).expect("an earlier purchase, for the first time");
                assert!(row.amount_minor <= of.amount_minor);
                assert_eq!((&row.card_token, &row.seller), (&of.card_token, &of.seller));
            } else if row.kind == RowKind::Purchase {
                left.insert(row.source.clone(), row);
            }
        }
        let kinds: Vec<RowKind> = kinds.into_keys().collect();
        let expected = [
            RowKind::Purchase,
            RowKind::CashWithdrawal,
            RowKind::Reversal,
            RowKind::PurchaseCorrection,
        ];
        assert_eq!(kinds, expected);
    }
}

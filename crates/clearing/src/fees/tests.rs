//! Fees: to the last minor unit, by tables.

use super::*;

#[test]
fn the_share_of_a_line_is_rounded_once_half_up() {
    check(
        "
        count  minor  bps    fixed  fee
        0      0      150    50     0
        1      10000  150    0      150
        1      10000  150    50     200
        3      10000  0      50     150
        1      33     150    0      0
        1      34     150    0      1
        1      1      5000   0      1
        1      1      4999   0      0
        1      3      5000   0      2
        2      99     10000  0      99
        1      1      10000  1      2
        7      0      10000  0      0
        1      9223372036854775807  10000  0  9223372036854775807
        1      9223372036854775807  10000  1  none
        2      0      0      9223372036854775807  none
        ",
    );
}

#[track_caller]
fn check(table: &str) {
    for row in table.trim().lines().skip(1) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let number = |at: usize| cells[at].parse::<i64>().unwrap();
        let sum = Sum { count: number(0), minor: number(1) };
        let fee = Rate { basis_points: number(2), fixed_minor: number(3) }.fee(sum);
        assert_eq!(fee.map_or("none".to_owned(), |fee| fee.to_string()), cells[4], "{row}");
    }
}

/// A day of one sale of 100.00 and one refund of 10.00, with fees of 1.50 % and of 0.20 each.
fn fees(minimum_minor: Option<i64>, is_late: bool) -> DayFees {
    let (sale, refund) = (Line::ALL[0], Line::ALL[2]);
    let mut sums = Sums::default();
    sums.add(sale, Sum { count: 1, minor: 10_000 }).unwrap();
    sums.add(refund, Sum { count: 1, minor: 1_000 }).unwrap();
    let share = Rate { basis_points: 150, fixed_minor: 0 };
    let each = Rate { basis_points: 0, fixed_minor: 20 };
    let fees = CurrencyFees { rates: [(sale, share), (refund, each)].into(), minimum_minor };
    fees.of_day(&sums, is_late).unwrap()
}

#[test]
fn a_day_costs_its_least_once() {
    assert_eq!((fees(None, false).total(), fees(None, false).top_up_minor), (Some(170), 0));
    assert_eq!((fees(Some(170), false).top_up_minor, fees(Some(100), false).top_up_minor), (0, 0));
    assert_eq!(
        (fees(Some(500), false).total(), fees(Some(500), false).top_up_minor),
        (Some(500), 330)
    );
    assert_eq!(fees(Some(500), true).total(), Some(170), "the day has paid it");
    let least = CurrencyFees { minimum_minor: Some(500), ..CurrencyFees::default() };
    assert_eq!(least.of_day(&Sums::default(), false).unwrap().total(), Some(0));
    let day = fees(Some(500), false);
    assert_eq!(DayFees::of(&day.fields()), day);
}

#[test]
fn tables_are_read_again() {
    let rate = Rate { basis_points: 150, fixed_minor: 50 };
    let sek = CurrencyFees { rates: [(Line::ALL[0], rate)].into(), minimum_minor: Some(5) };
    let eur = CurrencyFees::default();
    for seller in [None, Some("654".to_owned())] {
        let owner = FeeOwner { company: "100".to_owned(), seller };
        let currencies = [("SEK", sek.clone()), ("EUR", eur.clone())].into();
        let table = FeeTable { number: 7, owner, currencies };
        assert_eq!(FeeTable::of(&table.document()), Some(table.clone()));
        let mut directory = Directory::default();
        directory.put_document(table.document());
        let found = |seller, code| {
            FeeTable::of_seller(&directory, "100", seller, Currency::parse(code).unwrap())
        };
        assert_eq!(found("654", "SEK"), sek);
        let others =
            if table.owner.seller.is_some() { CurrencyFees::default() } else { sek.clone() };
        assert_eq!((found("655", "SEK"), found("654", "NOK")), (others, CurrencyFees::default()));
    }
    let owner = FeeOwner { company: "100".to_owned(), seller: None };
    let empty = FeeTable { number: 7, owner, currencies: BTreeMap::new() };
    assert_eq!(FeeTable::of(&empty.document()), Some(empty));
}

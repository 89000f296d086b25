//! What holds for all files: what is written is read back the same, no bytes make it panic, and
//! how a file is cut into pieces does not matter.

use ledger::{CardAuthenticationMethod, Channel, Currency, Date};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{file, header, other, purchase, read_in_pieces, trailer};
use crate::rkha21::{Header, Line, Profile, Row, RowKind, Writer, read_row, write_row};

fn date() -> impl Strategy<Value = Date> {
    let first = Date::parse("2000-01-01").unwrap();
    (0..36_525).prop_map(move |days| first.plus_days(days))
}

/// ISO 8859-1 without control characters, and without spaces at its ends.
fn text(chars_max: usize) -> impl Strategy<Value = String> {
    let letter = select(vec!['a', 'Z', '0', '-', '&', ' ', 'å', 'Ö', '\u{A0}', 'ÿ']);
    proptest::collection::vec(letter, 1..=chars_max)
        .prop_map(|letters| letters.into_iter().collect::<String>().trim_matches(' ').to_owned())
        .prop_filter("blank is absent", |text| !text.is_empty())
}

fn row() -> impl Strategy<Value = Row> {
    let who = ("[!-~]{1,15}|[0-9]{1,15}", "[!-~]{1,40}", text(50), option::of(text(50)));
    let how = (
        option::of(select(Channel::ALL.to_vec())),
        option::of(select(CardAuthenticationMethod::ALL.to_vec())),
        text(50),
        option::of(text(12)),
    );
    let what = (
        select(RowKind::ALL.to_vec()),
        date(),
        "[0-9]{11}",
        1..=999_999_999_999_i64,
        select(vec!["SEK", "EUR", "JPY", "KWD"]),
        option::of("[!-~]{1,6}"),
        option::of(1..=999_999_999_999_i64),
    );
    (what, who, how).prop_map(|(what, who, how)| {
        let (kind, date, acquirer_reference, amount_minor, currency, authorization, part) = what;
        let (seller, card_token, source, point_of_sale) = who;
        let (channel, method, corrects, receipt) = how;
        let part = part.filter(|_| kind == RowKind::Purchase);
        Row {
            line: 2,
            kind,
            date,
            acquirer_reference,
            amount_minor,
            currency: Currency::parse(currency).unwrap(),
            authorization,
            withdrawal_minor: part.map(|part| part.min(amount_minor)),
            seller,
            card_token,
            source,
            point_of_sale,
            channel,
            method,
            corrects: kind.is_correction().then_some(corrects),
            receipt,
        }
    })
}

proptest! {
    #[test]
    fn rows_survive_writing_and_reading(row in row()) {
        let profile = Profile::open_v1();
        let text = write_row(profile, &row).unwrap();
        prop_assert_eq!(read_row(profile, 2, &text).unwrap(), row);
    }

    #[test]
    fn files_survive_and_their_totals_are_exact(
        rows in proptest::collection::vec(row(), 0..20),
        serial in 0..=999_999_u32,
        cycle in select(vec!["10", "20"]),
        day in date(),
        piece in 1..2_000_usize,
    ) {
        let head = Header { date: day, sender: "8850".to_owned(), cycle: cycle.to_owned(), serial };
        let mut writer = Writer::new(Profile::open_v1(), &head).unwrap();
        for row in &rows {
            writer.row(row).unwrap();
        }
        let (lines, summary) = read_in_pieces(&writer.finish().unwrap(), piece);
        let expected: Vec<Row> =
            (2_u64..).zip(rows).map(|(line, row)| Row { line, ..row }).collect();
        let read: Vec<Row> = lines
            .into_iter()
            .filter_map(|line| if let Line::Row(row) = line { Some(row) } else { None })
            .collect();
        let sum = |sign: char| -> i64 {
            let rows = expected.iter().filter(|row| row.kind.sign() == sign);
            rows.map(|row| row.amount_minor).sum()
        };
        let summary = summary.unwrap();
        prop_assert_eq!(summary.header, head);
        prop_assert_eq!((summary.debit_minor, summary.credit_minor), (sum('+'), sum('-')));
        prop_assert_eq!(summary.groups.iter().map(|group| group.rows).sum::<u64>(), summary.rows);
        let groups = summary.groups.iter().map(|group| group.amount_minor).sum::<i64>();
        prop_assert_eq!(groups, sum('+') + sum('-'));
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_bytes_make_it_panic_or_differ_by_pieces(
        bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
        piece in 1..500_usize,
    ) {
        holds(&bytes, piece);
    }

    #[test]
    fn no_damage_makes_it_panic_or_differ_by_pieces(
        damage in proptest::collection::vec((0..1_910_usize, any::<u8>()), 0..6),
        cut in 0..1_910_usize,
        piece in 1..500_usize,
    ) {
        let lines = [header(), purchase(), other("15", "-", "source-1"), purchase()];
        let mut bytes = file(&lines);
        bytes.extend(file(&[trailer(3, 60_000, 30_000)]));
        for (at, byte) in damage {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        holds(&bytes, piece);
        holds(&bytes[..cut.min(bytes.len())], piece);
    }
}

/// What the fuzz target holds too: a file is whole or has faults, and rows that were read are
/// written and read again the same.
fn holds(bytes: &[u8], piece: usize) {
    let (lines, summary) = read_in_pieces(bytes, piece);
    let whole = read_in_pieces(bytes, bytes.len().max(1));
    assert_eq!((&lines, &summary), (&whole.0, &whole.1));
    let has_faults = lines.iter().any(|line| matches!(line, Line::Error(_)));
    assert_eq!(summary.is_some(), !has_faults);
    for line in &lines {
        if let Line::Row(row) = line {
            let profile = Profile::open_v1();
            let text = write_row(profile, row).expect("what is read can be written");
            assert_eq!(read_row(profile, row.line, &text).as_ref(), Ok(row));
        }
    }
}

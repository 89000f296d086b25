//! Writing, and rows that are read and written alone.

use ledger::{Currency, Date};

use super::{file, header, other, patch, purchase, read_in_pieces, trailer};
use crate::rkha21::{
    Header, Line, Name, Profile, Reader, Row, RowKind, WriteError, Writer, read_row, write_row,
};

fn row() -> Row {
    read_row(Profile::open_v1(), 2, &purchase()).unwrap()
}

fn head() -> Header {
    let date = Date::parse("2020-02-06").unwrap();
    Header { date, sender: "8850".to_owned(), cycle: "20".to_owned(), serial: 17 }
}

#[test]
fn what_is_read_is_written_the_same() {
    let lines = [
        header(),
        purchase(),
        other("06", "+", ""),
        other("07", "-", ""),
        other("15", "-", "source-1"),
        trailer(4, 60_000, 60_000),
    ];
    let bytes = file(&lines);
    let (read, _) = read_in_pieces(&bytes, 380);
    let mut writer = Writer::new(Profile::open_v1(), &head()).unwrap();
    let mut written = writer.take();
    for line in &read {
        if let Line::Row(row) = line {
            writer.row(row).unwrap();
            written.extend(writer.take());
        }
    }
    written.extend(writer.finish().unwrap());
    assert_eq!(written, bytes);
}

#[test]
fn a_row_is_read_and_written_alone() {
    let profile = Profile::open_v1();
    let text = write_row(profile, &row()).unwrap();
    assert_eq!(text, purchase().trim_end());
    assert_eq!(read_row(profile, 2, &text).unwrap(), row());
    let mut reader = Reader::new(profile);
    reader.feed(&file(&[header(), purchase()]));
    assert!(matches!(reader.next_line(), Some(Line::Header(_))));
    assert!(matches!(reader.next_line(), Some(Line::Row(_))));
    assert_eq!(reader.row_text(), text);
    for (text, expected) in [
        (String::new(), "7:1 the line is empty"),
        (header(), "7:1 unknown record code `01`"),
        (trailer(1, 1, 1), "7:1 unknown record code `09`"),
        (format!("{}x", purchase()), "7:381 the line is longer than 380 characters"),
        (patch(&purchase(), 168, "ŵ"), "7:168 `ŵ` is not in ISO 8859-1"),
        (patch(&purchase(), 168, "\n"), "7:168 control character 0x0A"),
        (patch(&purchase(), 42, "???"), "7:42 unknown currency `???`"),
    ] {
        let errors = read_row(profile, 7, &text).unwrap_err();
        let found: Vec<String> = errors
            .iter()
            .map(|error| format!("{}:{} {}", error.line, error.column, error.reason))
            .collect();
        assert_eq!(found, [expected]);
    }
}

#[test]
fn what_does_not_fit_is_never_cut() {
    let long = |length: usize| "x".repeat(length);
    check(
        |row| row.acquirer_reference = "1".to_owned(),
        &WriteError::Illegal(Name::AcquirerReference),
    );
    check(
        |row| row.acquirer_reference = "1".repeat(12),
        &WriteError::TooLong(Name::AcquirerReference, 11),
    );
    check(|row| row.amount_minor = 1_000_000_000_000, &WriteError::TooLong(Name::Amount, 12));
    check(|row| row.amount_minor = -1, &WriteError::Illegal(Name::Amount));
    check(
        |row| (row.amount_minor, row.withdrawal_minor) = (0, None),
        &WriteError::Illegal(Name::Amount),
    );
    check(|row| row.withdrawal_minor = Some(30_001), &WriteError::Illegal(Name::Withdrawal));
    check(|row| row.withdrawal_minor = Some(0), &WriteError::Illegal(Name::Withdrawal));
    check(|row| row.authorization = Some(long(7)), &WriteError::TooLong(Name::Authorization, 6));
    check(|row| row.authorization = Some(String::new()), &WriteError::Illegal(Name::Authorization));
    check(|row| row.seller = long(16), &WriteError::TooLong(Name::Seller, 15));
    check(|row| row.seller = String::new(), &WriteError::Illegal(Name::Seller));
    check(|row| row.card_token = long(41), &WriteError::TooLong(Name::CardToken, 40));
    check(|row| row.card_token = "a b".to_owned(), &WriteError::Illegal(Name::CardToken));
    check(|row| row.source = long(51), &WriteError::TooLong(Name::Source, 50));
    check(|row| row.source = "a ".to_owned(), &WriteError::Illegal(Name::Source));
    check(|row| row.point_of_sale = Some("Ŵ".to_owned()), &WriteError::Illegal(Name::PointOfSale));
    check(
        |row| row.point_of_sale = Some("a\nb".to_owned()),
        &WriteError::Illegal(Name::PointOfSale),
    );
    check(|row| row.receipt = Some(long(13)), &WriteError::TooLong(Name::Receipt, 12));
    check(|row| row.corrects = Some(long(5)), &WriteError::Illegal(Name::Corrects));
    check(|row| row.date = Date::parse("1999-12-31").unwrap(), &WriteError::Illegal(Name::Date));
    check(|row| row.kind = RowKind::PurchaseCorrection, &WriteError::Illegal(Name::Withdrawal));
}

#[track_caller]
fn check(change: impl Fn(&mut Row), expected: &WriteError) {
    let mut changed = row();
    change(&mut changed);
    let mut writer = Writer::new(Profile::open_v1(), &head()).unwrap();
    drop(writer.take());
    assert_eq!(writer.row(&changed).as_ref(), Err(expected));
    assert_eq!(writer.take(), b"", "nothing of it is written");
    let whole = writer.finish().unwrap();
    assert_eq!(whole, file(&[trailer(0, 0, 0)]), "nor counted");
    assert_eq!(write_row(Profile::open_v1(), &changed).as_ref(), Err(expected));
}

#[test]
fn headers_are_checked_too() {
    let check = |header: Header, expected| {
        assert_eq!(Writer::new(Profile::open_v1(), &header).err(), Some(expected));
    };
    check(Header { serial: 1_000_000, ..head() }, WriteError::TooLong(Name::Serial, 6));
    check(Header { sender: "1234".to_owned(), ..head() }, WriteError::Illegal(Name::Sender));
    check(Header { cycle: "30".to_owned(), ..head() }, WriteError::Illegal(Name::Cycle));
    check(Header { cycle: "3000".to_owned(), ..head() }, WriteError::TooLong(Name::Cycle, 2));
    let date = Date::parse("2100-01-01").unwrap();
    check(Header { date, ..head() }, WriteError::Illegal(Name::Date));
}

#[test]
fn a_layout_may_lack_fields_but_no_value_is_lost() {
    let text = include_str!("../../../profiles/rkha21-open-v1.txt");
    let lacking = text
        .replace("168 50 point-of-sale text", "168 50 - blank")
        .replace("51 12 withdrawal number", "51 12 - blank")
        .replace(" 17=reversal-correction", "");
    let profile = Profile::parse(&lacking).unwrap();
    assert_eq!(write_row(&profile, &row()), Err(WriteError::NoPlace(Name::Withdrawal)));
    let bare = Row { withdrawal_minor: None, ..row() };
    assert_eq!(write_row(&profile, &bare), Err(WriteError::NoPlace(Name::PointOfSale)));
    let bare = Row { point_of_sale: None, ..bare };
    let written = write_row(&profile, &bare).unwrap();
    assert_eq!(read_row(&profile, 2, &written), Ok(bare.clone()));
    let unknown = Row { kind: RowKind::ReversalCorrection, ..bare };
    assert_eq!(write_row(&profile, &unknown), Err(WriteError::NoPlace(Name::Code)));
    assert_eq!(unknown.currency, Currency::SEK);
}

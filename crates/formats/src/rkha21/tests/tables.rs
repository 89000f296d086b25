//! Rows from tables.

use ledger::{CardAuthenticationMethod, Channel, Currency, Date};

use crate::rkha21::{Header, Name, Row, RowKind, TableError, TableReader, WriteError};

fn header() -> Header {
    Header {
        date: Date::parse("2026-11-20").unwrap(),
        sender: "8850".to_owned(),
        cycle: "20".to_owned(),
        serial: 12_345,
    }
}

/// Reads a table in pieces of every length up to seven bytes: they make no difference.
fn read(table: &[u8]) -> Vec<Result<Row, TableError>> {
    let pieces = |length: usize| {
        let (mut reader, mut found) = (TableReader::new(&header()), Vec::new());
        for piece in table.chunks(length) {
            reader.feed(piece);
            found.extend(std::iter::from_fn(|| reader.next_row()));
        }
        reader.close();
        found.extend(std::iter::from_fn(|| reader.next_row()));
        assert!(reader.next_row().is_none());
        found
    };
    let whole = pieces(table.len().max(1));
    (1..8).for_each(|length| assert_eq!(pieces(length), whole));
    whole
}

#[test]
fn every_column_is_a_field() {
    let table = "\u{FEFF}kind,date,acquirer_reference,amount,currency,authorization,withdrawal,\
                 seller,card_token,source,point_of_sale,channel,method,corrects,receipt\r\n\
                 purchase,2026-11-19,00000000007,300.5,SEK,AUTH71,100,654,564,s-1,\
                 \"Kassa \"\"1\"\", Åre\",POS,chippin,,R1\r\n\
                 \n\
                 reversal-correction,2026-11-20,,12,JPY,,,655,565,s-2,,,,s-0,\n";
    let first = Row {
        line: 2,
        kind: RowKind::Purchase,
        date: Date::parse("2026-11-19").unwrap(),
        acquirer_reference: "00000000007".to_owned(),
        amount_minor: 30_050,
        currency: Currency::SEK,
        authorization: Some("AUTH71".to_owned()),
        withdrawal_minor: Some(10_000),
        seller: "654".to_owned(),
        card_token: "564".to_owned(),
        source: "s-1".to_owned(),
        point_of_sale: Some("Kassa \"1\", Åre".to_owned()),
        channel: Some(Channel::Pos),
        method: Some(CardAuthenticationMethod::ChipPin),
        corrects: None,
        receipt: Some("R1".to_owned()),
    };
    let second = Row {
        line: 4,
        kind: RowKind::ReversalCorrection,
        date: Date::parse("2026-11-20").unwrap(),
        // The second row of serial number 12 345.
        acquirer_reference: "34500000002".to_owned(),
        amount_minor: 12,
        currency: Currency::parse("JPY").unwrap(),
        authorization: None,
        withdrawal_minor: None,
        seller: "655".to_owned(),
        card_token: "565".to_owned(),
        source: "s-2".to_owned(),
        point_of_sale: None,
        channel: None,
        method: None,
        corrects: Some("s-0".to_owned()),
        receipt: None,
    };
    assert_eq!(read(table.as_bytes()), [Ok(first), Ok(second)]);
}

#[track_caller]
fn check(table: impl AsRef<[u8]>, expected: &[&str]) {
    let told = |found: &Result<Row, TableError>| match found {
        Ok(row) => format!("{} {}", row.line, row.source),
        Err(TableError { line, column, reason }) => format!("{line} {column}: {reason}"),
    };
    let told: Vec<String> = read(table.as_ref()).iter().map(told).collect();
    assert_eq!(told, expected);
}

#[test]
fn names_are_known_needed_and_there_once() {
    check("", &["1 : the table is empty"]);
    check("\n\r\n", &["1 : the table is empty"]);
    check(
        "kind,Date,amount,amount,currency,seller,card_token,sources\nx\n",
        &[
            "1 Date: there is no such column",
            "1 amount: there are two such columns",
            "1 sources: there is no such column",
            "1 date: the column is missing",
            "1 source: the column is missing",
        ],
    );
    check("kind\"\nx\n", &["1 : a quote inside a field without quotes"]);
    check("kind,date,amount,currency,seller,card_token,source", &[]);
}

#[test]
fn every_value_that_is_wrong_is_told_with_its_column() {
    const NAMES: &str =
        "kind,date,amount,currency,seller,card_token,source,channel,method,withdrawal\n";
    let table = |row: &str| format!("{NAMES}{row}\npurchase,2026-11-20,1,SEK,1,2,ok,,,\n");
    let ok = "3 ok";
    check(table("purchase,2026-11-20,0.05,SEK,654,564,s,,,"), &["2 s", ok]);
    check(
        table("sale,2026-02-30,1.234,SEK,,,,shop,pin,1e2"),
        &[
            "2 kind: `sale` is no value of this column",
            "2 date: `2026-02-30` is no value of this column",
            "2 amount: the amount has more decimals than its currency",
            "2 withdrawal: `1e2` is no value of this column",
            "2 seller: there must be a value",
            "2 card_token: there must be a value",
            "2 source: there must be a value",
            "2 channel: `shop` is no value of this column",
            "2 method: `pin` is no value of this column",
            ok,
        ],
    );
    for (amount, reason) in [
        ("", "there must be a value"),
        ("-1", "`-1` is no value of this column"),
        ("\"1,5\"", "`1,5` is no value of this column"),
        (" 1", "` 1` is no value of this column"),
        ("99999999999999999", "the amount is out of range"),
    ] {
        let row = format!("purchase,2026-11-20,{amount},SEK,654,564,s,,,");
        check(table(&row), &[&format!("2 amount: {reason}"), ok]);
    }
    let unknown = "2 currency: `kr` is no value of this column";
    check(table("purchase,2026-11-20,1,kr,654,564,s,,,"), &[unknown, ok]);
    let values = "2 : the line has 3 values for 10 columns";
    check(table("purchase,2026-11-20,1"), &[values, ok]);
    let quote = "2 seller: a quote inside a field without quotes";
    check(table("purchase,2026-11-20,1,SEK,6\"54,564,s,,,"), &[quote, ok]);
    let bytes = [NAMES.as_bytes(), b"purchase,2026-11-20,1,SEK,654,564,\xC5,,,\n"].concat();
    check(bytes, &["2 source: bytes that are not UTF-8"]);
}

#[test]
fn what_cannot_be_written_is_told_with_its_column() {
    let told = |error| {
        let TableError { line, column, reason } = error;
        format!("{line} {column}: {reason}")
    };
    for (error, expected) in [
        (WriteError::Illegal(Name::Code), "7 kind: code has a value that it cannot have"),
        (
            WriteError::TooLong(Name::CardToken, 40),
            "7 card_token: card-token does not fit into 40 positions",
        ),
        (WriteError::NoPlace(Name::Receipt), "7 receipt: there is no place for this receipt"),
    ] {
        assert_eq!(told(TableError::of_writing(7, error)), expected);
    }
    let twice = TableError::of_duplicate(9, Name::AcquirerReference, 8);
    assert_eq!(told(twice), "9 acquirer_reference: the same as in line 8");
}

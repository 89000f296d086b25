//! Every field of a row, a header and a trailer: what it may hold, and what is said when it does
//! not.

use ledger::{CardAuthenticationMethod, Channel, Currency, Date};

use super::{faults, file, header, other, patch, purchase, read_in_pieces, trailer};
use crate::rkha21::{Header, Line, Row, RowKind};

#[test]
fn a_row_is_read_field_by_field() {
    let bytes = file(&[header(), purchase(), trailer(1, 30_000, 0)]);
    let (lines, summary) = read_in_pieces(&bytes, 100);
    let header = Header {
        date: Date::parse("2020-02-06").unwrap(),
        sender: "8850".to_owned(),
        cycle: "20".to_owned(),
        serial: 17,
    };
    assert_eq!(header.acquirer_batch_id(), "200206885020", "the contract's own example");
    assert_eq!(header.name(), "200206-8850-20-000017");
    let row = Row {
        line: 2,
        kind: RowKind::Purchase,
        date: Date::parse("2020-02-05").unwrap(),
        acquirer_reference: "00000000001".to_owned(),
        amount_minor: 30_000,
        currency: Currency::SEK,
        authorization: Some("AUTH71".to_owned()),
        withdrawal_minor: Some(10_000),
        seller: "654".to_owned(),
        card_token: "5646735165".to_owned(),
        source: "source-1".to_owned(),
        point_of_sale: Some("Kassa 1, Åre".to_owned()),
        channel: Some(Channel::Pos),
        method: Some(CardAuthenticationMethod::ChipPin),
        corrects: None,
        receipt: Some("RRN000000001".to_owned()),
    };
    assert_eq!(lines, [Line::Header(header.clone()), Line::Row(row), Line::Trailer]);
    assert_eq!(summary.unwrap().header, header);
}

#[test]
fn what_is_blank_is_absent() {
    let blank = |line: String, column, width| patch(&line, column, &" ".repeat(width));
    let row = blank(purchase(), 45, 6);
    let row = patch(&row, 51, "000000000000");
    let row = blank(blank(blank(row, 168, 50), 218, 2), 333, 12);
    let (lines, _) = read_in_pieces(&file(&[header(), row, trailer(1, 30_000, 0)]), 380);
    let Some(Line::Row(row)) = lines.get(1) else { panic!("{lines:?}") };
    assert_eq!(row.authorization, None, "offline");
    assert_eq!((row.withdrawal_minor, &row.point_of_sale, &row.receipt), (None, &None, &None));
    assert_eq!((row.channel, row.method), (None, None));
}

#[test]
fn each_code_is_a_kind_with_its_sign() {
    for (code, sign, corrects, kind) in [
        ("05", "+", "", RowKind::Purchase),
        ("06", "+", "", RowKind::CashWithdrawal),
        ("07", "-", "", RowKind::Reversal),
        ("15", "-", "source-0", RowKind::PurchaseCorrection),
        ("16", "-", "source-0", RowKind::CashWithdrawalCorrection),
        ("17", "+", "source-0", RowKind::ReversalCorrection),
    ] {
        let row = other(code, sign, corrects);
        let (debit, credit) = if sign == "+" { (30_000, 0) } else { (0, 30_000) };
        let bytes = file(&[header(), row.clone(), trailer(1, debit, credit)]);
        let (lines, summary) = read_in_pieces(&bytes, 1_000);
        let Some(Line::Row(read)) = lines.get(1) else { panic!("{code}: {lines:?}") };
        assert_eq!(read.kind, kind);
        assert_eq!(read.corrects.as_deref().unwrap_or_default(), corrects);
        let summary = summary.unwrap();
        assert_eq!((summary.debit_minor, summary.credit_minor), (debit, credit));

        let wrong = patch(&row, 29, if sign == "+" { "-" } else { "+" });
        let expected = format!("2:29 the sign must be `{sign}` for this kind of row");
        assert_eq!(faults(&file(&[header(), wrong, trailer(1, 0, 0)])), [expected]);
    }
}

#[test]
fn each_field_of_a_row_is_checked() {
    for (column, text, expected) in [
        (1, "08", "1 unknown record code `08`"),
        (1, "  ", "1 unknown record code ``"),
        (1, "0\u{E5}", "1 unknown record code `0å`"),
        (3, "20020a", "8 date must be digits, filled with zeros"),
        (3, "200230", "3 date must be a date that exists, as YYMMDD"),
        (3, "190229", "3 date must be a date that exists, as YYMMDD"),
        (3, "201301", "3 date must be a date that exists, as YYMMDD"),
        (3, "200100", "3 date must be a date that exists, as YYMMDD"),
        (9, "      654", "9 seller-short must be digits, filled with zeros"),
        (9, "000000655", "9 the two seller numbers differ: expected 000000654"),
        (9, "000000000", "9 the two seller numbers differ: expected 000000654"),
        (18, "0000000000x", "28 acquirer-reference must be digits, filled with zeros"),
        (18, "          1", "18 acquirer-reference must be digits, filled with zeros"),
        (29, " ", "29 sign is none of +, -"),
        (29, "0", "29 sign is none of +, -"),
        (30, "00000003000 ", "41 amount must be digits, filled with zeros"),
        (30, "-00000030000", "30 amount must be digits, filled with zeros"),
        (30, "        3000", "30 amount must be digits, filled with zeros"),
        (42, "sek", "42 unknown currency `sek`"),
        (42, "XAU", "42 unknown currency `XAU`"),
        (42, "   ", "42 unknown currency `   `"),
        (45, "AU H71", "47 authorization may have visible ASCII characters only, and no space"),
        (45, " AUTH7", "45 authorization must start at its first position"),
        (51, "            ", "51 withdrawal must be digits, filled with zeros"),
        (51, "000000030001", "51 the withdrawal part is larger than the amount"),
        (63, "               ", "63 seller is required"),
        (63, " 654           ", "63 seller must start at its first position"),
        (63, "65 4           ", "65 seller may have visible ASCII characters only, and no space"),
        (78, "                                        ", "78 card-token is required"),
        (78, "5646735å65", "85 card-token may have visible ASCII characters only, and no space"),
        (118, "                                                  ", "118 source is required"),
        (118, " source", "118 source must start at its first position"),
        (168, " Kassa", "168 point-of-sale must start at its first position"),
        (218, "p", "218 channel is none of P, U, E"),
        (219, "0", "219 method is none of 1, 2, 3, 4, 5"),
        (219, "6", "219 method is none of 1, 2, 3, 4, 5"),
        (220, "source-0", "220 corrects is not for this kind of row"),
        (270, "x", "270 these positions must be blank"),
        (332, "x", "332 these positions must be blank"),
        (333, " RRN00000001", "333 receipt must start at its first position"),
        (345, "x", "345 these positions must be blank"),
        (380, "x", "380 these positions must be blank"),
        (168, "Kassa\t1", "173 control character 0x09"),
        (380, "\0", "380 control character 0x00"),
        (1, "\u{7F}", "1 control character 0x7F"),
        (200, "\u{9F}", "200 control character 0x9F"),
        (100, "\r", "100 control character 0x0D"),
    ] {
        check(&patch(&purchase(), column, text), &[expected]);
    }
}

#[test]
fn fields_are_checked_together() {
    let zero = patch(&patch(&purchase(), 30, "000000000000"), 51, "000000000000");
    check(&zero, &["30 the amount must be above zero"]);
    let withdrawal = patch(&other("06", "+", ""), 51, "000000000001");
    check(&withdrawal, &["51 withdrawal is not for this kind of row"]);
    check(&other("15", "-", ""), &["220 corrects is required"]);
    // All of a row at once, in the order of columns; what cannot be told from a faulty field is
    // not told.
    let row = patch(&patch(&patch(&purchase(), 3, "x"), 30, "x"), 42, "???");
    let row = patch(&patch(&row, 51, "999999999999"), 270, "y");
    check(
        &row,
        &[
            "3 date must be digits, filled with zeros",
            "30 amount must be digits, filled with zeros",
            "42 unknown currency `???`",
            "270 these positions must be blank",
        ],
    );
}

/// A row is one fault, or several, and spoils no sums.
#[track_caller]
fn check(row: &str, expected: &[&str]) {
    let found = faults(&file(&[header(), row.to_owned(), trailer(1, 30_000, 0)]));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(&format!("2:{expected}")), "{found} is not {expected}");
    }
}

#[test]
fn seller_numbers_agree() {
    for (short, full, agree) in [
        ("000000654", "654", true),
        ("000000654", "0654", true),
        ("123456789", "123456789", true),
        // What does not fit is zeros.
        ("000000000", "1234567890", true),
        ("234567890", "1234567890", false),
        ("000000000", "S-1", true),
        ("000000001", "S-1", false),
        ("000000000", "0", true),
    ] {
        let row = patch(&patch(&purchase(), 9, short), 63, &format!("{full:<15}"));
        let found = faults(&file(&[header(), row, trailer(1, 30_000, 0)]));
        assert_eq!(found.is_empty(), agree, "{short} {full}: {found:?}");
    }
}

#[test]
fn each_field_of_the_header_is_checked() {
    for (column, text, expected) in [
        (3, "200231", vec!["1:3 date must be a date that exists, as YYMMDD"]),
        (9, "8851", vec!["1:9 sender is none of 8850"]),
        (13, "30", vec!["1:13 cycle is none of 10, 20"]),
        (15, "x", vec!["1:15 these positions must be blank"]),
        (41, "    17", vec!["1:41 serial must be digits, filled with zeros"]),
        (47, "E", vec![]),
        (48, "x", vec!["1:48 these positions must be blank"]),
        (380, "x", vec!["1:380 these positions must be blank"]),
        (9, "\0", vec!["1:9 control character 0x00"]),
        (1, "02", vec!["1:1 the first line must be the header"]),
    ] {
        let bytes = file(&[patch(&header(), column, text), purchase(), trailer(1, 30_000, 0)]);
        assert_eq!(faults(&bytes), expected, "{column} {text}");
    }
}

#[test]
fn the_trailer_agrees_with_header_and_rows() {
    for (column, text, expected) in [
        (3, "200207", "date differs from the header's"),
        (3, "200231", "date must be a date that exists, as YYMMDD"),
        (9, "8851", "sender is none of 8850"),
        (13, "10", "cycle differs from the header's"),
        (15, "000000001", "rows says 1, but the rows come to 2"),
        (15, "        2", "rows must be digits, filled with zeros"),
        (24, "000000000029999", "debit says 29999, but the rows come to 30000"),
        (24, "000000000030001", "debit says 30001, but the rows come to 30000"),
        (39, "000000000000000", "credit says 0, but the rows come to 30000"),
        (54, "x", "these positions must be blank"),
    ] {
        let whole = [header(), purchase(), other("07", "-", ""), trailer(2, 30_000, 30_000)];
        let [first, one, two, last] = whole;
        let bytes = file(&[first, one, two, patch(&last, column, text)]);
        assert_eq!(faults(&bytes), [format!("4:{column} {expected}")], "{text}");
    }
}

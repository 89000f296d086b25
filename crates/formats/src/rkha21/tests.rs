//! Tests of reading and writing, on a layout written down a second time, by hand.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

mod lines;
mod profiles;
mod properties;
mod rows;
mod tables;
mod writing;

use super::{Line, Profile, Reader, Summary};

/// A header of 2020-02-06, cycle 20, serial number 17.
pub(super) fn header() -> String {
    format!("{:<380}", format!("01200206885020{:26}000017", ""))
}

/// A purchase of 300.00 SEK on an authorization, with every field that it may have.
pub(super) fn purchase() -> String {
    let parts = [
        ("05", 2),
        ("200205", 6),
        ("000000654", 9),
        ("00000000001", 11),
        ("+", 1),
        ("000000030000", 12),
        ("SEK", 3),
        ("AUTH71", 6),
        ("000000010000", 12),
        ("654", 15),
        ("5646735165", 40),
        ("source-1", 50),
        ("Kassa 1, Åre", 50),
        ("P", 1),
        ("1", 1),
        ("", 50),
        ("", 63),
        ("RRN000000001", 12),
        ("", 36),
    ];
    let padded = |row: String, (text, width): &(&str, usize)| row + &format!("{text:<width$}");
    let row = parts.iter().fold(String::new(), padded);
    assert_eq!(row.chars().count(), 380);
    row
}

/// A row of another kind, without a withdrawal part: code, sign, and what it corrects.
pub(super) fn other(code: &str, sign: &str, corrects: &str) -> String {
    let row = patch(&purchase(), 1, code);
    let row = patch(&row, 29, sign);
    let row = patch(&row, 51, "000000000000");
    patch(&row, 220, &format!("{corrects:<50}"))
}

/// The trailer of such a header.
pub(super) fn trailer(rows: u64, debit: i64, credit: i64) -> String {
    format!("{:<380}", format!("09200206885020{rows:09}{debit:015}{credit:015}"))
}

/// A line with some positions, from `column` (1-based) on, replaced.
pub(super) fn patch(line: &str, column: usize, text: &str) -> String {
    let before: String = line.chars().take(column - 1).collect();
    let after: String = line.chars().skip(column - 1 + text.chars().count()).collect();
    format!("{before}{text}{after}")
}

/// A file of lines, in ISO 8859-1.
pub(super) fn file(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| latin1(&format!("{line}\r\n"))).collect()
}

pub(super) fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(letter).unwrap()).collect()
}

/// Reads a file fed in pieces of some size.
pub(super) fn read_in_pieces(bytes: &[u8], piece: usize) -> (Vec<Line>, Option<Summary>) {
    let mut reader = Reader::new(Profile::open_v1());
    let mut lines = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.feed(piece);
        lines.extend(std::iter::from_fn(|| reader.next_line()));
    }
    reader.close();
    lines.extend(std::iter::from_fn(|| reader.next_line()));
    let errors = lines.iter().filter(|line| matches!(line, Line::Error(_))).count();
    assert_eq!(reader.errors(), u64::try_from(errors).unwrap());
    (lines, reader.summary())
}

/// The faults of a file, as `line:column reason`.
pub(super) fn faults(bytes: &[u8]) -> Vec<String> {
    let (lines, summary) = read_in_pieces(bytes, 4_096);
    let faults: Vec<String> = lines
        .into_iter()
        .filter_map(|line| match line {
            Line::Error(error) => Some(format!("{}:{} {}", error.line, error.column, error.reason)),
            Line::Header(_) | Line::Row(_) | Line::Trailer => None,
        })
        .collect();
    assert_eq!(summary.is_none(), !faults.is_empty());
    faults
}

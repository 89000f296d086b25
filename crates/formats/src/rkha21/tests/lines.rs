//! How lines are cut and in which order they may come.

use super::{faults, file, header, latin1, other, patch, purchase, read_in_pieces, trailer};
use crate::rkha21::{Line, Profile, Reader, RowKind};

#[test]
fn lines_end_as_they_like_and_may_be_trimmed() {
    let lines = [header(), purchase(), trailer(1, 30_000, 0)];
    for (ends, trimmed) in [
        (["\r\n", "\r\n", "\r\n"], false),
        (["\n", "\n", "\n"], false),
        (["\r\n", "\n", ""], false),
        (["\n", "\r\n", "\r"], true),
        (["\r\n", "\r\n", ""], true),
    ] {
        let whole: String = lines.iter().zip(ends).fold(String::new(), |whole, (line, end)| {
            whole + if trimmed { line.trim_end() } else { line } + end
        });
        for piece in [1, 2, 379, 380, 381, 382, 5_000] {
            let (read, summary) = read_in_pieces(&latin1(&whole), piece);
            assert!(summary.is_some(), "{ends:?} {piece}: {read:?}");
            assert_eq!(read.len(), 3);
        }
    }
}

#[test]
fn the_order_of_lines_is_checked() {
    let (head, row, tail) = (header(), purchase(), trailer(1, 30_000, 0));
    let long = format!("{row}x");
    for (lines, expected) in [
        (vec![], vec!["1:1 the file is empty"]),
        (vec![&head], vec!["2:1 the trailer is missing: the file may have been cut off"]),
        (vec![&head, &row], vec!["3:1 the trailer is missing: the file may have been cut off"]),
        (vec![&row, &tail], vec!["1:1 the first line must be the header"]),
        (
            vec![&tail],
            vec![
                "1:1 the first line must be the header",
                "1:15 rows says 1, but the rows come to 0",
                "1:24 debit says 30000, but the rows come to 0",
            ],
        ),
        (vec![&head, &row, &tail, &row], vec!["4:1 nothing may follow the trailer"]),
        (vec![&head, &row, &tail, &tail], vec!["4:1 nothing may follow the trailer"]),
        (vec![&head, &row, &tail, &long], vec!["4:1 nothing may follow the trailer"]),
        (
            vec![&head, &head, &row, &tail],
            vec![
                "2:1 a header may be the first line only",
                "4:15 rows says 1, but the rows come to 2",
            ],
        ),
        (
            vec![&head, &long, &row, &tail],
            vec![
                "2:381 the line is longer than 380 characters",
                "4:15 rows says 1, but the rows come to 2",
            ],
        ),
    ] {
        let lines: Vec<String> = lines.into_iter().cloned().collect();
        assert_eq!(faults(&file(&lines)), expected);
    }
}

#[test]
fn empty_lines_are_no_rows() {
    let whole = [header(), purchase(), trailer(1, 30_000, 0)].join("\n");
    assert_eq!(faults(&latin1(&format!("{whole}\n\n"))), ["4:1 nothing may follow the trailer"]);
    let gap = [header(), String::new(), trailer(1, 0, 0)].join("\n");
    assert_eq!(faults(&latin1(&gap)), ["2:1 the line is empty"]);
    assert_eq!(
        faults(b"\n"),
        ["1:1 the line is empty", "2:1 the trailer is missing: the file may have been cut off"]
    );
}

#[test]
fn garbage_is_told_once_a_line() {
    let garbage = b"\x00\xFF\xFE\n\x1F\x8B\x08\n";
    assert_eq!(
        faults(garbage),
        [
            "1:1 control character 0x00",
            "2:1 control character 0x1F",
            "3:1 the trailer is missing: the file may have been cut off",
        ]
    );
    assert_eq!(
        faults("\u{FEFF}01200206".as_bytes()),
        [
            "1:1 the first line must be the header",
            "2:1 the trailer is missing: the file may have \
          been cut off"
        ]
    );
}

#[test]
fn an_endless_line_is_one_fault_and_takes_no_room() {
    let mut reader = Reader::new(Profile::open_v1());
    reader.feed(&file(&[header()]));
    assert!(matches!(reader.next_line(), Some(Line::Header(_))));
    let mut found = 0;
    for _ in 0..10_000 {
        reader.feed(&[b'0'; 1_000]);
        found += std::iter::from_fn(|| reader.next_line()).count();
    }
    assert_eq!(found, 1);
    reader.feed(b"\r\n");
    reader.feed(&latin1(&format!("{}\n", purchase())));
    assert!(matches!(reader.next_line(), Some(Line::Row(row)) if row.line == 3));
    reader.close();
    assert!(matches!(reader.next_line(), Some(Line::Error(_))), "no trailer");
    assert_eq!(reader.next_line(), None);
    assert_eq!(reader.next_line(), None);
    assert_eq!(reader.errors(), 2);
}

#[test]
fn it_goes_on_after_a_fault() {
    let bad = patch(&purchase(), 42, "???");
    let bytes = file(&[header(), bad.clone(), purchase(), bad, trailer(3, 1, 0)]);
    let (lines, summary) = read_in_pieces(&bytes, 77);
    let kinds: Vec<&str> = lines
        .iter()
        .map(|line| match line {
            Line::Header(_) => "header",
            Line::Row(_) => "row",
            Line::Trailer => "trailer",
            Line::Error(_) => "error",
        })
        .collect();
    // The sums are not held against rows that could not be read.
    assert_eq!(kinds, ["header", "error", "row", "error", "trailer"]);
    assert_eq!(summary, None);
}

#[test]
fn a_summary_counts_kinds_and_currencies() {
    let eur = |row: &str, amount: &str| patch(&patch(row, 42, "EUR"), 30, amount);
    let rows = [
        other("07", "-", ""),
        purchase(),
        eur(&other("05", "+", ""), "000000000001"),
        purchase(),
        eur(&other("15", "-", "source-1"), "999999999999"),
    ];
    let mut lines = vec![header()];
    lines.extend(rows);
    lines.push(trailer(5, 60_001, 1_000_000_029_999));
    let (_, summary) = read_in_pieces(&file(&lines), 1_024);
    let summary = summary.unwrap();
    assert_eq!(summary.rows, 5);
    assert_eq!((summary.debit_minor, summary.credit_minor), (60_001, 1_000_000_029_999));
    let groups: Vec<_> = summary
        .groups
        .iter()
        .map(|group| (group.kind, group.currency.code(), group.rows, group.amount_minor))
        .collect();
    assert_eq!(
        groups,
        [
            (RowKind::Purchase, "EUR", 1, 1),
            (RowKind::Purchase, "SEK", 2, 60_000),
            (RowKind::Reversal, "SEK", 1, 30_000),
            (RowKind::PurchaseCorrection, "EUR", 1, 999_999_999_999),
        ]
    );
}

#[test]
fn keys_tell_kinds_and_values_apart() {
    let rows = [
        purchase(),
        other("06", "+", ""),
        patch(&purchase(), 118, "source-2"),
        patch(&purchase(), 18, "00000000002"),
    ];
    let mut lines = vec![header()];
    lines.extend(rows);
    let (lines, _) = read_in_pieces(&file(&lines), 380);
    let keys: Vec<_> = lines
        .iter()
        .filter_map(|line| if let Line::Row(row) = line { Some(row.keys()) } else { None })
        .collect();
    let [first, kind, source, reference] = keys.as_slice() else { panic!("{keys:?}") };
    assert!(first.source != kind.source && first.acquirer_reference != kind.acquirer_reference);
    assert!(first.source != source.source);
    assert_eq!(first.acquirer_reference, source.acquirer_reference);
    assert_eq!(first.source, reference.source);
    assert!(first.acquirer_reference != reference.acquirer_reference);
    assert!(first.source != first.acquirer_reference);
}

//! Reports as spreadsheets and people read them.

use super::super::wire::reports::ReportBody;

/// A report as a table whose columns mean the same in each row: which part it is, of what, and how
/// much. Nothing in it can become a formula.
pub(super) fn csv(report: &ReportBody) -> String {
    let mut rows = vec![
        vec!["part", "name", "currency", "count", "amount", "open", "resolved"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    let mut row = |cells: [&str; 7]| rows.push(cells.map(str::to_owned).into());
    for (name, value) in facts(report) {
        row(["about", name, "", "", value, "", ""]);
    }
    for (name, count) in counts(report) {
        row(["rows", name, "", &count.to_string(), "", "", ""]);
    }
    for booked in &report.booked {
        let count = booked.count.to_string();
        row(["booked", booked.kind, booked.currency, &count, &booked.amount, "", ""]);
    }
    for standing in &report.exceptions {
        let (open, resolved) = (standing.open.to_string(), standing.resolved.to_string());
        row(["exceptions", standing.reason, "", "", "", &open, &resolved]);
    }
    let lines = rows.iter().map(|row| {
        let cells: Vec<String> = row.iter().map(|cell| cell_of(cell)).collect();
        cells.join(",") + "\r\n"
    });
    lines.collect()
}

/// A report as text, in aligned columns.
pub(super) fn table(report: &ReportBody) -> String {
    let mut text = String::new();
    let facts: Vec<[String; 2]> =
        facts(report).map(|(name, value)| [name.to_owned(), plain(value)]).collect();
    aligned(&mut text, &facts, &[]);
    let rows: Vec<[String; 2]> =
        counts(report).map(|(name, count)| [name.to_owned(), count.to_string()]).collect();
    part(&mut text, "Rows of files", &rows, &[1]);
    let booked = report.booked.iter().map(|it| {
        let (kind, currency) = (it.kind.to_owned(), it.currency.to_owned());
        [kind, it.count.to_string(), it.amount.clone(), currency]
    });
    part(&mut text, "Booked", &booked.collect::<Vec<_>>(), &[1, 2]);
    let exceptions = report.exceptions.iter().map(|it| {
        [it.reason.to_owned(), format!("{} open", it.open), format!("{} resolved", it.resolved)]
    });
    part(&mut text, "Exceptions", &exceptions.collect::<Vec<_>>(), &[1, 2]);
    if !report.complete {
        text.push_str("\nThere are more exceptions than were counted.\n");
    }
    text
}

/// What it is about.
fn facts(report: &ReportBody) -> impl Iterator<Item = (&'static str, &str)> {
    let facts = [
        ("batch", &report.acquirer_batch_id),
        ("company", &report.company_number),
        ("seller", &report.seller_number),
        ("from", &report.from),
        ("to", &report.to),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

fn counts(report: &ReportBody) -> impl Iterator<Item = (&'static str, i64)> {
    let rows = report.rows.iter().flat_map(|rows| {
        [
            ("files", rows.files),
            ("rows", rows.rows),
            ("posted", rows.posted),
            ("matched", rows.matched),
            ("refused", rows.refused),
        ]
    });
    rows.collect::<Vec<_>>().into_iter()
}

/// A part of the text, with a line that says what it is.
fn part<const N: usize>(text: &mut String, title: &str, rows: &[[String; N]], right: &[usize]) {
    if rows.is_empty() {
        return;
    }
    text.extend(["\n", title, "\n"]);
    aligned(text, rows, right);
}

/// Rows in columns as wide as their widest cell; those in `right` end where the others begin.
fn aligned<const N: usize>(text: &mut String, rows: &[[String; N]], right: &[usize]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) =
                if right.contains(&column) { (pad.as_str(), "") } else { ("", pad.as_str()) };
            line.extend(["  ", before, cell, after]);
        }
        text.extend([line.trim_end(), "\n"]);
    }
}

/// A text that cannot break a line, or do anything else to who looks at it.
fn plain(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '?' } else { char }).collect()
}

/// A cell of CSV (RFC 4180). What a spreadsheet would take for a formula is marked as text.
fn cell_of(text: &str) -> String {
    let text = plain(text);
    let first = text.trim_start().chars().next();
    let is_formula = first.is_some_and(|first| "=+-@＝＋－＠".contains(first));
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains([',', '"', ';']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::reports::{BookedBody, RowsBody, StandingBody};
    use super::*;

    fn report(batch: &str) -> ReportBody {
        let booked = |kind, count, amount: &str| BookedBody {
            kind,
            currency: "SEK",
            count,
            amount: amount.to_owned(),
        };
        ReportBody {
            acquirer_batch_id: Some(batch.to_owned()),
            company_number: None,
            seller_number: None,
            from: None,
            to: None,
            rows: Some(RowsBody { files: 1, rows: 12, posted: 9, matched: 2, refused: 1 }),
            booked: vec![booked("purchase", 10, "1250.00"), booked("reversal", 1, "5.00")],
            exceptions: vec![StandingBody { reason: "card-unknown", open: 1, resolved: 0 }],
            complete: true,
        }
    }

    #[test]
    fn people_read_columns() {
        let expected = "  batch  b-1

Rows of files
  files     1
  rows     12
  posted    9
  matched   2
  refused   1

Booked
  purchase  10  1250.00  SEK
  reversal   1     5.00  SEK

Exceptions
  card-unknown  1 open  0 resolved
";
        assert_eq!(table(&report("b-1")), expected);
        let cut = ReportBody { complete: false, ..report("a\nb") };
        let text = table(&cut);
        assert!(text.starts_with("  batch  a?b\n") && text.contains("more exceptions"), "{text}");
    }

    #[test]
    fn spreadsheets_read_rows_and_no_formulas() {
        let text = csv(&report("b-1"));
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines.first(), Some(&"part,name,currency,count,amount,open,resolved"));
        assert!(lines.contains(&"about,batch,,,b-1,,"), "{text}");
        assert!(lines.contains(&"booked,purchase,SEK,10,1250.00,,"), "{text}");
        assert!(lines.contains(&"exceptions,card-unknown,,,,1,0"), "{text}");
        for (given, cell) in [
            ("=1+1", "'=1+1"),
            ("  =1", "'  =1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "?=1"),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
            ("a\r\nb", "a??b"),
            ("", ""),
        ] {
            assert_eq!(cell_of(given), cell, "{given:?}");
        }
    }
}

//! Tests of mappings, of reading, and of what holds for all reports.

use ledger::transaction::Direction;
use proptest::prelude::*;

use super::{ItemKind, Mapping, ReportLine, ReportReader, ReportSummary};

const SWEDISH: &str = "
    # As a spreadsheet in Sweden writes it.
    delimiter = ;
    encoding = iso-8859-1
    skip = 1
    reference = Referens
    amount = Belopp
    decimal = ,
    thousands = space
    currency-column = Valuta
    kind = Typ
    payment-words = Betalning | Köp
    refund-words = Retur
    fee-words = Avgift
    ignored-words = Summa | \"\"
    date = Dag
    date-format = YYYY-MM-DD*
";

const PLAIN: &str = "reference = ref\namount = amt\ncurrency = SEK\n";

/// Reads a report fed in pieces, as one line of text for each item or fault.
fn read(mapping: &str, bytes: &[u8], piece: usize) -> (Vec<String>, Option<ReportSummary>) {
    let mapping = Mapping::parse(mapping).unwrap();
    let mut reader = ReportReader::new(&mapping);
    let mut lines = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.feed(piece);
        lines.extend(std::iter::from_fn(|| reader.next_line()));
    }
    reader.close();
    lines.extend(std::iter::from_fn(|| reader.next_line()));
    let faults = lines.iter().filter(|line| matches!(line, ReportLine::Error(_))).count();
    assert_eq!(reader.errors(), u64::try_from(faults).unwrap());
    assert_eq!(reader.summary().is_some(), faults == 0);
    (lines.iter().map(shown).collect(), reader.summary())
}

fn shown(line: &ReportLine) -> String {
    match line {
        ReportLine::Error(error) => format!("{}:{} {}", error.line, error.column, error.reason),
        ReportLine::Item(item) => {
            let sign = if item.direction == Direction::Debit { '-' } else { '+' };
            let date = item.date.map(|date| format!(" {date}")).unwrap_or_default();
            let (kind, code) = (item.kind.as_str(), item.currency.code());
            let kept = Some(item.kept_minor).filter(|minor| *minor != 0);
            let kept = kept.map(|minor| format!(" kept {minor}")).unwrap_or_default();
            format!(
                "{} {kind} `{}` {sign}{} {code}{date}{kept}",
                item.line, item.reference, item.amount_minor
            )
        }
    }
}

#[track_caller]
fn check(mapping: &str, text: &str, expected: &[&str]) {
    let (lines, _) = read(mapping, text.as_bytes(), 4_096);
    assert_eq!(lines, expected);
    assert_eq!(read(mapping, text.as_bytes(), 1).0, expected, "in pieces");
}

#[test]
fn a_report_is_read_as_its_mapping_says() {
    let report = "Rapport för Kafé Åre\r\n\
        Dag;Typ;Referens;Text;Belopp;Valuta\r\n\
        2026-11-20 10:00;Köp;A-1;\"Kaffe; te\";1 234,50;SEK\r\n\
        2026-11-20 11:00;Retur;A-1;;-34,5;SEK\r\n\
        \r\n\
        2026-11-21;Avgift;;\"med \"\"citat\"\"\r\noch rad\";-1\u{A0}000;SEK\r\n\
        2026-11-21;Betalning;B-2;;7;JPY\r\n\
        ;Summa;;;1 206,00;SEK\r\n\
        ;;;;1 206,00;SEK";
    let bytes: Vec<u8> = report.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
    for piece in [1, 7, 1_000] {
        let (lines, summary) = read(SWEDISH, &bytes, piece);
        assert_eq!(
            lines,
            [
                "3 payment `A-1` +123450 SEK 2026-11-20",
                "4 refund `A-1` -3450 SEK 2026-11-20",
                "6 fee `` -100000 SEK 2026-11-21",
                "8 payment `B-2` +7 JPY 2026-11-21",
            ]
        );
        let summary = summary.unwrap();
        assert_eq!((summary.items, summary.ignored), (4, 2));
        let groups: Vec<_> = summary
            .groups
            .iter()
            .map(|group| (group.kind, group.currency.code(), group.items, group.amount_minor))
            .collect();
        assert_eq!(
            groups,
            [
                (ItemKind::Payment, "SEK", 1, 123_450),
                (ItemKind::Refund, "SEK", 1, 3_450),
                (ItemKind::Fee, "SEK", 1, 100_000),
                (ItemKind::Payment, "JPY", 1, 7),
            ]
        );
    }
}

#[test]
fn amounts_are_exact_or_refused() {
    let points = "reference = #1\namount = #2\nnames = no\ncurrency = SEK\n\
        delimiter = ;\nthousands = ,\n";
    let commas = "reference = #1\namount = #2\nnames = no\ncurrency = SEK\n\
        delimiter = ;\ndecimal = ,\nthousands = .\n";
    let minor = "reference = #1\namount = #2\nnames = no\ncurrency = SEK\ndelimiter = ;\n\
        unit = minor\n";
    for (mapping, amount, expected) in [
        (points, "300", "1 payment `a` +30000 SEK"),
        (points, "300.5", "1 payment `a` +30050 SEK"),
        (points, "+0.01", "1 payment `a` +1 SEK"),
        (points, "-0.01", "1 refund `a` -1 SEK"),
        (points, "\u{2212}0.01", "1 refund `a` -1 SEK"),
        (points, "-0.00", "1 payment `a` +0 SEK"),
        (points, "007.10", "1 payment `a` +710 SEK"),
        (points, "1,234,567.89", "1 payment `a` +123456789 SEK"),
        (points, "1234567.89", "1 payment `a` +123456789 SEK"),
        (points, "10.100", "1 payment `a` +1010 SEK"),
        (points, "10.101", "1:2 the amount has more decimals than its currency"),
        (points, "10000000000000.01", "1:2 the amount is out of range"),
        (points, "99999999999999999999", "1:2 the amount is out of range"),
        (points, "1,23", "1:2 `1,23` is no amount"),
        (points, "1234,567", "1:2 `1234,567` is no amount"),
        (points, ",123", "1:2 `,123` is no amount"),
        (points, ".5", "1:2 `.5` is no amount"),
        (points, "5.", "1:2 `5.` is no amount"),
        (points, "1e3", "1:2 `1e3` is no amount"),
        (points, "--1", "1:2 `--1` is no amount"),
        (points, "1 000", "1:2 `1 000` is no amount"),
        (points, "", "1:2 `` is no amount"),
        (points, "NaN", "1:2 `NaN` is no amount"),
        (points, "1.2.3", "1:2 `1.2.3` is no amount"),
        (points, "١٢", "1:2 `١٢` is no amount"),
        (commas, "1.234,50", "1 payment `a` +123450 SEK"),
        (commas, "12.34", "1:2 `12.34` is no amount"),
        (commas, "1,234", "1:2 the amount has more decimals than its currency"),
        (minor, "30050", "1 payment `a` +30050 SEK"),
        (minor, "-1", "1 refund `a` -1 SEK"),
        (minor, "1.00", "1:2 `1.00` is no amount"),
        (minor, "1000000000000001", "1:2 the amount is out of range"),
    ] {
        check(mapping, &format!("a;{amount}\n"), &[expected]);
    }
}

#[test]
fn directions_are_told_in_three_ways() {
    let unsigned = format!(
        "{PLAIN}sign = unsigned\nkind = t\npayment-words = P\nrefund-words = R\nfee-words = F\n"
    );
    let report = "ref,amt,t\na,1,P\na,2,R\na,3,F\na,-1,P\na,1,X\n";
    check(
        &unsigned,
        report,
        &[
            "2 payment `a` +100 SEK",
            "3 refund `a` -200 SEK",
            "4 fee `a` -300 SEK",
            "5:2 the amount has a sign",
            "6:3 unknown kind `X`",
        ],
    );
    let column =
        format!("{PLAIN}sign = column\ndirection = dc\ndebit-words = D\ncredit-words = C | K\n");
    check(
        &column,
        "ref,amt,dc\na,1,C\na,2,D\na,3,K\na,-4,C\na,5,\n",
        &[
            "2 payment `a` +100 SEK",
            "3 refund `a` -200 SEK",
            "4 payment `a` +300 SEK",
            "5:2 the amount has a sign",
            "6:3 unknown direction ``",
        ],
    );
    // A payment that goes the other way is kept as it is told: whoever matches it decides.
    let signed = format!("{PLAIN}kind = t\npayment-words = P\n");
    check(&signed, "ref,amt,t\na,-1,P\n", &["2 payment `a` -100 SEK"]);
}

#[test]
fn what_is_kept_and_what_is_left_go_together() {
    let fee = "fee = fee\n";
    let net = "fee = fee\nnet = net\n";
    let signed = "fee = fee\nfee-sign = signed\nnet = net\n";
    let unsigned = "fee = fee\nnet = net\nsign = unsigned\nkind = ref\npayment-words = a\n\
        refund-words = b\n";
    for (mapping, line, expected) in [
        (fee, "a,100.00,1.50,x", "2 payment `a` +10000 SEK kept 150"),
        (fee, "a,100.00,,x", "2 payment `a` +10000 SEK"),
        (fee, "a,100.00,-1,x", "2 payment `a` +10000 SEK kept -100"),
        (fee, "a,100.00,1.505,x", "2:3 the amount has more decimals than its currency"),
        (fee, "a,100.00,x,x", "2:3 `x` is no amount"),
        (net, "a,100.00,1.50,98.50", "2 payment `a` +10000 SEK kept 150"),
        (net, "a,100.00,,100.00", "2 payment `a` +10000 SEK"),
        (net, "a,-50.00,1.00,-51.00", "2 refund `a` -5000 SEK kept 100"),
        (net, "a,1.00,1.50,-0.50", "2 payment `a` +100 SEK kept 150"),
        (net, "a,100.00,1.50,98.51", "2:4 the amount less the fee is 98.50, and not 98.51"),
        (net, "a,100.00,-1.50,98.50", "2:4 the amount less the fee is 101.50, and not 98.50"),
        (net, "a,100.00,1.50,", "2:4 `` is no amount"),
        (net, "a,100.00,1.50", "2:4 the line has 3 fields only"),
        (signed, "a,100.00,-1.50,98.50", "2 payment `a` +10000 SEK kept 150"),
        (signed, "a,-50.00,-1.00,-51.00", "2 refund `a` -5000 SEK kept 100"),
        (signed, "a,100.00,1.50,98.50", "2:4 the amount less the fee is 101.50, and not 98.50"),
        (unsigned, "a,100.00,1.50,98.50", "2 payment `a` +10000 SEK kept 150"),
        (unsigned, "b,50.00,1.00,51.00", "2 refund `b` -5000 SEK kept 100"),
        (unsigned, "b,50.00,1.00,-51.00", "2:4 the amount has a sign"),
        (unsigned, "b,50.00,1.00,49.00", "2:4 the amount less the fee is 51.00, and not 49.00"),
    ] {
        let mapping = format!("{PLAIN}{mapping}");
        check(&mapping, &format!("ref,amt,fee,net\n{line}\n"), &[expected]);
    }
}

#[test]
fn days_have_the_form_that_was_declared() {
    for (format, text, expected) in [
        ("YYYY-MM-DD", "2026-11-20", Ok("2026-11-20")),
        ("YYYYMMDD", "20261120", Ok("2026-11-20")),
        ("YYMMDD", "261120", Ok("2026-11-20")),
        ("DD.MM.YYYY", "20.11.2026", Ok("2026-11-20")),
        ("MM/DD/YY", "11/20/26", Ok("2026-11-20")),
        ("YYYY-MM-DD*", "2026-11-20T23:59:59+01:00", Ok("2026-11-20")),
        ("YYYY-MM-DD", "2026-11-20T23:59", Err(())),
        ("YYYY-MM-DD", "2026-11-31", Err(())),
        ("YYYY-MM-DD", "2026/11/20", Err(())),
        ("YYYY-MM-DD", "2026-11-2", Err(())),
        ("YYYY-MM-DD", "", Err(())),
        ("DD.MM.YYYY", "2026.11.20", Err(())),
    ] {
        let mapping = format!("{PLAIN}date = day\ndate-format = {format}\n");
        let expected = match expected {
            Ok(day) => format!("2 payment `a` +100 SEK {day}"),
            Err(()) => format!("2:3 `{text}` is no date of the form {format}"),
        };
        check(&mapping, &format!("ref,amt,day\na,1,{text}\n"), &[&expected]);
    }
}

#[test]
fn tables_are_read_strictly() {
    let long = "x".repeat(70_000);
    let wide = ",".repeat(600);
    for (report, expected) in [
        ("", vec!["1:0 the report is empty"]),
        ("\n\n", vec!["1:0 the report is empty"]),
        ("ref,amt\n", vec![]),
        ("\u{FEFF}ref,amt\na,1", vec!["2 payment `a` +100 SEK"]),
        ("\u{FEFF}\"ref\",amt\na,1\r", vec!["2 payment `a` +100 SEK"]),
        ("other,amt\na,1\nb,2\n", vec!["1:0 there is no column `ref`"]),
        ("ref,amt,ref\na,1,b\n", vec!["1:3 there are two columns `ref`"]),
        ("ref,amt\na\nb,2\n", vec!["2:2 the line has 1 fields only", "3 payment `b` +200 SEK"]),
        ("ref,amt\n ,1\n", vec!["2:1 the reference is blank"]),
        (
            "ref,amt\na\"b,1\nc,2\n",
            vec!["2:1 a quote inside a field without quotes", "3 payment `c` +200 SEK"],
        ),
        (
            "ref,amt\n\"a\" b,1\nc,2\n",
            vec!["2:1 text behind the closing quote", "3 payment `c` +200 SEK"],
        ),
        ("ref,amt\na,\"1\n", vec!["2:2 the quote is not closed"]),
        ("ref,amt\n\"a\"\"b\",\"1\"", vec!["2 payment `a\"b` +100 SEK"]),
        ("ref,amt\na\rb,1\nc,2\n", vec!["2:1 control character 0x0D", "3 payment `c` +200 SEK"]),
        ("ref,amt\na\0,1\n", vec!["2:1 control character 0x00"]),
        (
            "ref,amt\n\"a\nb\",1\nc,2\n",
            vec!["2:1 control character 0x0A", "4 payment `c` +200 SEK"],
        ),
    ] {
        check(PLAIN, report, &expected);
    }
    let bad = [b"ref,amt\n\xFF,1\n".as_slice(), b"c,2\n"].concat();
    let (lines, _) = read(PLAIN, &bad, 3);
    assert_eq!(lines, ["2:1 bytes that are not UTF-8", "3 payment `c` +200 SEK"]);
    for (report, expected) in [
        (format!("ref,amt\n{long},1\nc,2\n"), "2:1 the line is longer than 65536 bytes"),
        (format!("ref,amt\na,1{wide}\nc,2\n"), "2:513 the line has more than 512 fields"),
        (format!("ref,amt\na,1{}\nc,2\n", ",".repeat(511)), "2:513 the line has more than 512"),
        (
            format!("ref,amt\n{},1\nc,2\n", "r".repeat(201)),
            "2:1 the reference is longer than 200 characters",
        ),
    ] {
        let (lines, _) = read(PLAIN, report.as_bytes(), 1_000);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with(expected), "{}", lines[0]);
        assert_eq!(lines[1], "3 payment `c` +200 SEK");
    }
}

#[test]
fn a_mapping_is_whole_or_refused() {
    for (text, expected) in [
        ("amount = a\ncurrency = SEK", "0: `reference` is missing"),
        ("reference = a\ncurrency = SEK", "0: `amount` is missing"),
        ("reference = a\namount = b", "0: there must be `currency` or `currency-column`"),
        ("reference = a\namount = b\ncurrency = sek", "3: unknown currency `sek`"),
        ("colour = red", "1: unknown key `colour`"),
        ("reference", "1: expected `key = value`"),
        ("reference =", "1: `reference` has no value"),
        ("reference = a\nreference = b", "2: `reference` is there twice"),
        ("reference = #0", "1: a column is a name, or a number from #1 to #512"),
        ("reference = #513", "1: a column is a name, or a number from #1 to #512"),
        ("delimiter = x", "1: `delimiter` is one of ,, ;, |, tab"),
        ("encoding = utf-16", "1: `encoding` is one of utf-8, iso-8859-1"),
        ("skip = 101", "1: `skip` is a number up to 100"),
        ("skip = -1", "1: `skip` is a number up to 100"),
    ] {
        refused(text, expected);
    }
    for (more, expected) in [
        ("currency-column = c", "0: there must be `currency` or `currency-column`"),
        ("thousands = .", "0: `decimal` and `thousands` are the same"),
        ("names = no", "0: without names, columns are numbers: `#1`"),
        ("sign = unsigned", "0: `sign = unsigned` needs `kind`"),
        ("sign = column", "0: `sign = column` needs `direction`"),
        ("sign = column\ndirection = d\ndebit-words = D", "0: `sign = column` needs `direction`"),
        (
            "sign = column\ndirection = d\ndebit-words = D\ncredit-words = D",
            "0: `sign = column` needs `direction`",
        ),
        ("direction = d", "4: `direction` has no use here"),
        ("debit-words = d", "4: `debit-words` has no use here"),
        ("net = n", "4: `net` has no use here"),
        ("fee-sign = kept", "4: `fee-sign` has no use here"),
        ("fee = f\nfee-sign = x", "5: `fee-sign` is one of kept, signed"),
        ("payment-words = P", "4: `payment-words` has no use here"),
        ("date-format = YYMMDD", "4: `date-format` has no use here"),
        ("kind = k", "0: `kind` needs `payment-words`"),
        ("kind = k\nignored-words = P", "0: `kind` needs `payment-words`"),
        ("kind = k\npayment-words = P\nfee-words = F | P", "0: `kind` needs `payment-words`"),
        ("date = d\ndate-format = YYYY-MM", "5: `date-format` has YYYY or YY, MM and DD"),
        ("date = d\ndate-format = YYYY-MM-DD-DD", "5: `date-format` has YYYY or YY"),
        ("date = d\ndate-format = YYYYMMDDTHH", "5: `date-format` has YYYY or YY"),
        ("date = d\ndate-format = YYYY*MMDD", "5: `date-format` has YYYY or YY"),
    ] {
        refused(&format!("{PLAIN}{more}"), expected);
    }
    refused(&"#".repeat(20_000), "0: longer than a mapping may be");
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = Mapping::parse(text).unwrap_err();
    let found = format!("{}: {}", error.line, error.what);
    assert!(found.starts_with(expected), "{found} is not {expected}");
}

#[test]
fn a_mapping_is_shown_as_it_is_read() {
    let fees = format!("{PLAIN}fee = f\nnet = n\n");
    let given = format!("{PLAIN}fee = #3\nfee-sign = signed\n");
    let more = "sign = column\ndirection = #4\ndebit-words = \"\" | D\ncredit-words = C\n";
    let tabs = format!("{PLAIN}{more}delimiter = tab\nquote = none\nunit = minor");
    for text in [SWEDISH, PLAIN, &fees, &given, &tabs] {
        let mapping = Mapping::parse(text).unwrap();
        let shown = mapping.to_text();
        assert_eq!(Mapping::parse(&shown).as_ref(), Ok(&mapping), "{shown}");
        assert_eq!(Mapping::parse(&shown).unwrap().to_text(), shown);
    }
    assert_eq!(
        Mapping::parse(PLAIN).unwrap().to_text(),
        "encoding = utf-8\ndelimiter = ,\nquote = \"\nskip = 0\nnames = yes\nreference = ref\n\
         amount = amt\ndecimal = .\nthousands = none\nunit = major\nsign = signed\n\
         currency = SEK\n"
    );
}

proptest! {
    #[test]
    fn any_text_is_a_mapping_or_an_error(text in "([a-z-]{1,12} = [ -~]{0,8}\n){0,6}|\\PC{0,80}") {
        if let Ok(mapping) = Mapping::parse(&text) {
            prop_assert_eq!(Mapping::parse(&mapping.to_text()), Ok(mapping));
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_differ_by_pieces(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        piece in 1..100_usize,
    ) {
        prop_assert_eq!(read(PLAIN, &bytes, piece), read(PLAIN, &bytes, 1_000));
    }

    #[test]
    fn no_table_makes_it_panic_or_differ_by_pieces(
        text in "(ref,amt\n)?([a\",\r\n0-9. ]{0,30}\n?){0,20}",
        piece in 1..100_usize,
    ) {
        prop_assert_eq!(read(PLAIN, text.as_bytes(), piece), read(PLAIN, text.as_bytes(), 1_000));
    }

    #[test]
    fn amounts_are_read_to_the_last_unit(
        minor in -1_000_000_000_000_000_i64..=1_000_000_000_000_000,
        code in proptest::sample::select(vec!["SEK", "JPY", "KWD"]),
    ) {
        let currency = ledger::Currency::parse(code).unwrap();
        let amount = ledger::money::format_minor(minor, currency);
        let mapping = PLAIN.replace("SEK", code);
        let (lines, _) = read(&mapping, format!("ref,amt\na,{amount}\n").as_bytes(), 50);
        let kind = if minor < 0 { "refund" } else { "payment" };
        let sign = if minor < 0 { '-' } else { '+' };
        prop_assert_eq!(lines, [format!("2 {kind} `a` {sign}{} {code}", minor.unsigned_abs())]);
    }
}

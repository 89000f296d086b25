//! Profiles are read strictly: a layout with a gap would read nonsense without a word.

use crate::rkha21::{Name, NameTaken, Profile, Profiles, RowKind};

const OPEN_V1: &str = include_str!("../../../profiles/rkha21-open-v1.txt");

#[test]
fn the_open_profile_is_whole() {
    let profile = Profile::open_v1();
    assert_eq!((profile.name(), profile.length()), ("open-v1", 380));
    assert_eq!(Profile::parse(OPEN_V1).as_ref(), Ok(profile));
    // The three places that are known of the real layout.
    assert_eq!(profile.column(RowKind::Purchase, Name::AcquirerReference), 18);
    assert_eq!(profile.column(RowKind::ReversalCorrection, Name::Receipt), 333);
    assert_eq!(profile.column(RowKind::Purchase, Name::Source), 118);
    assert_eq!(profile.column(RowKind::Purchase, Name::Serial), 1, "no field of a row");
}

#[test]
fn another_layout_is_another_text() {
    let mirrored = "
        profile small
        length 60
        record header H
        1 1 code code
        2 3 sender digits
        5 2 cycle digits
        7 6 date date
        13 9 serial number
        22 39 - ignored
        record row P=purchase
        1 1 code code
        2 10 amount number
        12 3 currency currency
        15 11 acquirer-reference digits
        26 6 date date
        32 10 source word
        42 9 seller word
        51 10 card-token word
        record trailer T
        1 1 code code
        2 3 sender digits
        5 2 cycle digits
        7 6 date date
        13 5 rows number
        18 18 debit number
        36 18 credit number
        54 7 - blank
    ";
    let profile = Profile::parse(mirrored).unwrap();
    let mut reader = crate::rkha21::Reader::new(&profile);
    reader.feed(b"H12310200206000000042anything\n");
    reader.feed(b"P0000000500SEK00000000007200205s-1       654      token     \n");
    reader.feed(b"T1231020020600001000000000000000500000000000000000000\n");
    reader.close();
    let lines: Vec<_> = std::iter::from_fn(|| reader.next_line()).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let summary = reader.summary().unwrap();
    assert_eq!(summary.header.name(), "200206-123-10-000042");
    assert_eq!((summary.debit_minor, summary.credit_minor), (500, 0));
}

#[test]
fn a_profile_that_is_not_whole_is_refused() {
    for (replaced, by, at, expected) in [
        ("profile open-v1", "", "", "there is no name: `profile NAME`"),
        ("profile open-v1", "profile", "=", "expected `profile`"),
        ("length 380", "", "", "there is no length: `length NUMBER`"),
        ("length 380", "length 0380", "=", "`0380` is no number above zero"),
        ("length 380", "length 381", "", "record 01 has 380 positions, not 381"),
        ("length 380", "length 99999", "=", "rows may have 4096 characters"),
        ("length 380", "1 2 code code", "=", "a field before the first record"),
        ("record header 01", "record head 01", "=", "`head` is none of"),
        ("record header 01", "record header", "=", "a header and a trailer have"),
        ("record header 01", "record header 01 02", "=", "a header and"),
        ("record header 01", "record header 1", "record row", "record codes are equally"),
        ("record header 01", "record header 05", "record row", "the code `05` or its"),
        ("record header 01", "record header 01=purchase", "=", "only rows"),
        ("05=purchase", "05", "record row", "`05` says no kind: `CODE=KIND`"),
        ("05=purchase", "05=sale", "record row", "`sale` is no kind"),
        ("05=purchase", "06=purchase", "record row", "the code `06` or its kind"),
        ("05=purchase", "05=reversal", "record row", "the code `07` or its kind"),
        ("record trailer 09", "record header 09", "=", "there is one header"),
        ("3 6 date date", "4 6 date date", "=", "expected position 3"),
        ("3 6 date date", "3 6 date text", "=", "`text` is no kind of this"),
        ("3 6 date date", "3 7 date date", "=", "this field cannot have 7"),
        ("3 6 date date", "3 6 sum date", "=", "unknown field `sum`"),
        ("3 6 date date", "3 6 code code", "=", "the record has this field"),
        ("3 6 date date", "3 6 amount number", "=", "amount is no field of"),
        ("3 6 date date", "3 6 - blank", "", "record 01 has no date"),
        ("13 2 cycle one-of 10 20", "13 2 cycle one-of 100", "=", "this field"),
        ("13 2 cycle one-of 10 20", "13 2 cycle one-of", "=", "`one-of` is no"),
        ("41 6 serial number", "41 6 serial digits", "=", "`digits` is no kind"),
        ("30 12 amount number", "30 12 - blank", "", "record 05 has no amount"),
        ("220 50 corrects text", "220 50 - blank", "", "record 05 has no cor"),
        ("30 12 amount number", "30 x amount number", "=", "`x` is no number"),
        ("channel choice P=POS", "channel choice P=Shop", "=", "`P=Shop` is no"),
        ("channel choice P=POS", "channel choice E=POS", "=", "the choices are"),
        ("channel choice P=POS", "channel choice PP=POS", "=", "this field"),
        ("1 2 code code", "1 1 code code", "3 6 date date", "expected position 2"),
    ] {
        let text = OPEN_V1.replacen(replaced, by, 1);
        assert_ne!(text, OPEN_V1, "{replaced}");
        let error = Profile::parse(&text).unwrap_err();
        assert!(error.what.starts_with(expected), "{error} is not {expected}");
        let at = if at == "=" { replaced } else { at };
        let line = OPEN_V1.lines().position(|line| !at.is_empty() && line.contains(at));
        assert_eq!(error.line, line.map_or(0, |index| index + 1), "{error}");
    }
    let cut = OPEN_V1.split("record trailer").next().unwrap_or_default();
    assert!(Profile::parse(cut).is_err());
    assert!(Profile::parse("").is_err());
    assert!(Profile::parse(&"#".repeat(100_000)).is_err());
}

#[test]
fn names_and_kinds_are_read_as_they_are_shown() {
    assert!(Name::ALL.into_iter().all(|name| Name::parse(name.as_str()) == Some(name)));
    assert!(RowKind::ALL.into_iter().all(|kind| RowKind::parse(kind.as_str()) == Some(kind)));
    assert_eq!(Name::parse("Amount"), None);
    assert_eq!(RowKind::parse(""), None);
}

#[test]
fn the_first_is_for_what_comes_and_all_for_what_came() {
    let other = |name: &str, length: &str| {
        let text = OPEN_V1.replacen("profile open-v1", &format!("profile {name}"), 1);
        Profile::parse(&text.replacen("45 6 authorization word", length, 1)).unwrap()
    };
    let blank = "45 6 - blank";
    let open = Profile::open_v1();
    assert_eq!(Profiles::new(Vec::new()), Ok(Profiles::default()));
    assert_eq!(Profiles::default().current(), open);
    let (a, b) = (other("a", blank), other("b", blank));
    let profiles = Profiles::new(vec![a.clone(), b.clone()]).unwrap();
    assert_eq!(profiles.current(), &a);
    let named = ["a", "b", "open-v1", "c"].map(|name| profiles.named(name));
    assert_eq!(named, [Some(&a), Some(&b), Some(open), None]);
    assert_eq!(Profiles::new(vec![a.clone(), a.clone()]), Err(NameTaken("a".to_owned())));
    assert_eq!(Profiles::new(vec![a.clone(), open.clone()]).unwrap().current(), &a);
    let forged = other("open-v1", blank);
    assert_eq!(Profiles::new(vec![forged]), Err(NameTaken("open-v1".to_owned())));
}

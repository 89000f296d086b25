//! A small checker: a table of what may stand in which element of `pain.001.001.09`, of those that
//! we write, and a reader of XML that knows no more than elements, attributes and five entities.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

/// How often an element stands in its parent.
#[derive(Clone, Copy, PartialEq)]
enum Times {
    Once,
    AtMostOnce,
    Often,
}

use Times::{AtMostOnce, Often, Once};

/// Each element by its path, with its children in their order; those without children have a form.
const CHILDREN: [(&str, &[(&str, Times)]); 19] = [
    ("", &[("Document", Once)]),
    ("Document", &[("CstmrCdtTrfInitn", Once)]),
    ("CstmrCdtTrfInitn", &[("GrpHdr", Once), ("PmtInf", Often)]),
    (
        "GrpHdr",
        &[
            ("MsgId", Once),
            ("CreDtTm", Once),
            ("NbOfTxs", Once),
            ("CtrlSum", AtMostOnce),
            ("InitgPty", Once),
        ],
    ),
    ("InitgPty", &[("Nm", AtMostOnce)]),
    (
        "PmtInf",
        &[
            ("PmtInfId", Once),
            ("PmtMtd", Once),
            ("NbOfTxs", AtMostOnce),
            ("CtrlSum", AtMostOnce),
            ("ReqdExctnDt", Once),
            ("Dbtr", Once),
            ("DbtrAcct", Once),
            ("DbtrAgt", Once),
            ("CdtTrfTxInf", Often),
        ],
    ),
    ("ReqdExctnDt", &[("Dt", Once)]),
    ("Dbtr", &[("Nm", AtMostOnce)]),
    ("DbtrAcct", &[("Id", Once), ("Ccy", AtMostOnce)]),
    ("DbtrAcct/Id", &[("IBAN", Once)]),
    ("FinInstnId", &[("BICFI", AtMostOnce), ("Othr", AtMostOnce)]),
    ("Othr", &[("Id", Once)]),
    ("DbtrAgt", &[("FinInstnId", Once)]),
    (
        "CdtTrfTxInf",
        &[
            ("PmtId", Once),
            ("Amt", Once),
            ("CdtrAgt", AtMostOnce),
            ("Cdtr", AtMostOnce),
            ("CdtrAcct", AtMostOnce),
            ("RmtInf", AtMostOnce),
        ],
    ),
    ("PmtId", &[("EndToEndId", Once)]),
    ("Amt", &[("InstdAmt", Once)]),
    ("Cdtr", &[("Nm", AtMostOnce)]),
    ("CdtrAcct", &[("Id", Once)]),
    ("RmtInf", &[("Ustrd", Often)]),
];

/// An element.
#[derive(Debug)]
struct Element {
    tag: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

/// Panics where a message is not as the table says, or its numbers and sums are not true.
#[track_caller]
pub(super) fn check(message: &str) {
    let body = message.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut rest = body;
    let document = element(&mut rest);
    assert_eq!(rest.trim(), "", "one element only");
    let namespace = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09".to_owned();
    assert_eq!(document.attributes, [("xmlns".to_owned(), namespace)]);
    conforms(&document, "");
    true_figures(&document);
}

fn conforms(element: &Element, parent: &str) {
    let path = format!("{parent}/{}", element.tag);
    let by_path = CHILDREN.iter().find(|(name, _)| path.ends_with(&format!("/{name}")));
    let full = CHILDREN.iter().find(|(name, _)| name.contains('/') && path.ends_with(name));
    let agent = element.tag == "CdtrAgt";
    let account = path.ends_with("CdtrAcct/Id");
    let expected = match full.or(by_path) {
        Some((_, children)) => *children,
        None if agent => &[("FinInstnId", Once)],
        None if account => &[("IBAN", Once)],
        None => {
            assert!(element.children.is_empty(), "{path}");
            assert!(form(&path, &element.text), "{path}: {}", element.text);
            assert_eq!(element.tag == "InstdAmt", !element.attributes.is_empty(), "{path}");
            return;
        }
    };
    assert_eq!(element.text.trim(), "", "{path} has elements only");
    let mut children = element.children.iter().peekable();
    for (tag, times) in expected {
        let mut count = 0;
        while children.next_if(|child| child.tag == *tag).is_some() {
            count += 1;
        }
        let allowed = match times {
            Once => count == 1,
            AtMostOnce => count <= 1,
            Often => count >= 1,
        };
        assert!(allowed, "{path}/{tag}: {count}");
    }
    assert!(children.next().is_none(), "{path}: {:?} is out of order", children.peek());
    element.children.iter().for_each(|child| conforms(child, &path));
}

/// The patterns and lengths of texts.
fn form(path: &str, text: &str) -> bool {
    let length = |min: usize, max: usize| (min..=max).contains(&text.chars().count());
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let decimal = |total: usize, fraction_max: usize| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        digits(whole)
            && digits(fraction)
            && fraction.len() <= fraction_max
            && text.bytes().filter(u8::is_ascii_digit).count() <= total
    };
    let shape = |pattern: &str| {
        pattern.len() == text.len()
            && pattern.chars().zip(text.chars()).all(|(wanted, letter)| {
                if wanted == '0' { letter.is_ascii_digit() } else { wanted == letter }
            })
    };
    let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    match path.rsplit('/').next().unwrap() {
        "MsgId" | "PmtInfId" | "EndToEndId" => length(1, 35),
        "Id" => text == "NOTPROVIDED",
        "CreDtTm" => shape("0000-00-00T00:00:00.000Z"),
        "Dt" => shape("0000-00-00"),
        "NbOfTxs" => length(1, 15) && digits(text),
        "CtrlSum" => decimal(18, 17),
        "InstdAmt" => decimal(18, 5),
        "PmtMtd" => text == "TRF",
        "Ccy" => text.len() == 3 && upper(text),
        "Nm" => length(1, 70),
        "Ustrd" => length(1, 140),
        "BICFI" => matches!(text.len(), 8 | 11) && upper(text.get(4..6).unwrap()),
        "IBAN" => length(5, 34) && upper(text.get(..2).unwrap()) && digits(text.get(2..4).unwrap()),
        _ => false,
    }
}

/// Numbers of transactions and control sums are what the transactions come to.
fn true_figures(document: &Element) {
    let whole = document.children.first().unwrap();
    let (mut count, mut sum) = (0, 0);
    for block in whole.children.iter().filter(|child| child.tag == "PmtInf") {
        let transfers: Vec<&Element> = all(block, "InstdAmt");
        let amounts: i64 = transfers.iter().map(|amount| hundredths(&amount.text)).sum();
        assert_eq!(hundredths(&child(block, "CtrlSum").text), amounts);
        assert_eq!(child(block, "NbOfTxs").text, transfers.len().to_string());
        let currency = &child(child(block, "DbtrAcct"), "Ccy").text;
        for amount in &transfers {
            assert_eq!(amount.attributes, [("Ccy".to_owned(), currency.clone())]);
        }
        count += transfers.len();
        sum += amounts;
    }
    let header = child(whole, "GrpHdr");
    assert_eq!(child(header, "NbOfTxs").text, count.to_string());
    assert_eq!(hundredths(&child(header, "CtrlSum").text), sum);
}

fn hundredths(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "00"));
    assert_eq!(fraction.len(), 2, "the tests' currencies have none or two");
    whole.parse::<i64>().unwrap() * 100 + fraction.parse::<i64>().unwrap()
}

fn child<'e>(element: &'e Element, tag: &str) -> &'e Element {
    element.children.iter().find(|child| child.tag == tag).unwrap()
}

fn all<'e>(element: &'e Element, tag: &str) -> Vec<&'e Element> {
    let below = element.children.iter().flat_map(|child| all(child, tag));
    let own = element.children.iter().filter(|child| child.tag == tag);
    own.chain(below).collect()
}

/// Reads an element at the beginning of `rest`, and leaves what follows it.
fn element(rest: &mut &str) -> Element {
    let inner = rest.trim_start().strip_prefix('<').unwrap();
    let (head, after) = inner.split_once('>').unwrap();
    let (tag, attributes) = head.split_once(' ').unwrap_or((head, ""));
    let attributes = attributes.split_terminator("\" ").filter(|one| !one.is_empty());
    let attributes = attributes.map(|one| {
        let (name, value) = one.split_once("=\"").unwrap();
        (name.to_owned(), plain(value.trim_end_matches('"')))
    });
    let mut element = Element {
        tag: tag.to_owned(),
        attributes: attributes.collect(),
        text: String::new(),
        children: Vec::new(),
    };
    *rest = after;
    loop {
        let (text, _) = rest.split_once('<').unwrap();
        element.text.push_str(&plain(text));
        *rest = rest.get(text.len()..).unwrap();
        if let Some(after) = rest.strip_prefix(&format!("</{tag}>")) {
            *rest = after;
            return element;
        }
        element.children.push(self::element(rest));
    }
}

fn plain(text: &str) -> String {
    assert!(!text.contains(['<', '>', '"', '\'']), "{text} is not escaped");
    let pieces = text.split('&').enumerate().map(|(index, piece)| {
        if index == 0 {
            return piece.to_owned();
        }
        let (entity, rest) = piece.split_once(';').expect("an entity");
        let letter = match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => panic!("unknown entity {other}"),
        };
        format!("{letter}{rest}")
    });
    pieces.collect()
}

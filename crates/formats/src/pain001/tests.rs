//! Messages are held against a table of the schema's rules, written down here in our own way: the
//! order and number of elements, and the form of their texts.

mod schema;

use ledger::{Currency, Date, Timestamp};
use proptest::prelude::*;

use super::{Breach, Initiation, Party, PaymentBlock, Rule, Transfer, fitting, is_bic, is_iban};

fn party(name: &str, iban: &str, bic: Option<&str>) -> Party {
    Party { name: name.to_owned(), iban: iban.to_owned(), bic: bic.map(str::to_owned) }
}

fn transfer(id: &str, amount_minor: i64) -> Transfer {
    Transfer {
        end_to_end_id: id.to_owned(),
        amount_minor,
        creditor: party("Kafé Åre", "SE3550000000054910000003", Some("ESSESESS")),
        remittance: Some("Day 2026-11-20, 654".to_owned()),
    }
}

fn initiation() -> Initiation {
    let execution_date = Date::parse("2026-11-23").unwrap();
    let debtor = party("Kassa", "SE4550000000058398257466", Some("SWEDSESSXXX"));
    let other = party("Kassa", "DE89370400440532013000", None);
    let without = Transfer {
        remittance: None,
        creditor: party("O'Neill + Co", "GB29NWBK60161331926819", None),
        ..transfer("P-3", 7)
    };
    Initiation {
        message_id: "KASSA-20261120-1".to_owned(),
        created_at: Timestamp::parse_rfc3339("2026-11-20T22:10:00Z").unwrap(),
        initiating_party: "Kassa".to_owned(),
        payments: vec![
            PaymentBlock {
                id: "B-1".to_owned(),
                execution_date,
                debtor,
                currency: Currency::SEK,
                transfers: vec![transfer("P-1", 12_345), transfer("P-2", 1)],
            },
            PaymentBlock {
                id: "B-2".to_owned(),
                execution_date,
                debtor: other,
                currency: Currency::parse("JPY").unwrap(),
                transfers: vec![without],
            },
        ],
    }
}

#[test]
fn a_message_keeps_the_rules_of_the_schema() {
    let text = super::write(&initiation()).unwrap();
    schema::check(&text);
    for expected in [
        "<NbOfTxs>3</NbOfTxs>",
        "<CtrlSum>130.46</CtrlSum>",
        "<CreDtTm>2026-11-20T22:10:00.000Z</CreDtTm>",
        "<CtrlSum>123.46</CtrlSum>",
        "<CtrlSum>7.00</CtrlSum>",
        "<Dt>2026-11-23</Dt>",
        "<InstdAmt Ccy=\"SEK\">123.45</InstdAmt>",
        "<InstdAmt Ccy=\"SEK\">0.01</InstdAmt>",
        "<InstdAmt Ccy=\"JPY\">7</InstdAmt>",
        "<Nm>Kafé Åre</Nm>",
        "<Nm>O&apos;Neill + Co</Nm>",
        "<BICFI>SWEDSESSXXX</BICFI>",
        "<Id>NOTPROVIDED</Id>",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn whatever_breaks_a_rule_is_told_and_nothing_is_written() {
    let id = |id: &str| id.to_owned();
    check(|all| all.message_id = id(""), "GrpHdr/MsgId", Rule::Empty);
    check(|all| all.message_id = "x".repeat(36), "GrpHdr/MsgId", Rule::TooLong(35));
    check(|all| all.message_id = id("Å"), "GrpHdr/MsgId", Rule::Characters);
    check(|all| all.message_id = id("/a"), "GrpHdr/MsgId", Rule::Characters);
    check(|all| all.message_id = id("a/"), "GrpHdr/MsgId", Rule::Characters);
    check(|all| all.message_id = id("a//b"), "GrpHdr/MsgId", Rule::Characters);
    check(|all| all.initiating_party = id(" "), "GrpHdr/InitgPty/Nm", Rule::Empty);
    check(|all| all.created_at = Timestamp(i64::MAX), "GrpHdr/CreDtTm", Rule::Date);
    check(|all| all.payments.clear(), "PmtInf", Rule::Empty);
    let first = |change: fn(&mut PaymentBlock)| {
        move |all: &mut Initiation| all.payments.first_mut().into_iter().for_each(change)
    };
    check(first(|block| block.id = "B-2".to_owned()), "PmtInf[2]/PmtInfId", Rule::Repeated);
    check(first(|block| block.transfers.clear()), "PmtInf[1]/CdtTrfTxInf", Rule::Empty);
    check(
        first(|block| block.execution_date = Date(i32::MAX)),
        "PmtInf[1]/ReqdExctnDt/Dt",
        Rule::Date,
    );
    check(
        first(|block| block.debtor.name = "a&b".to_owned()),
        "PmtInf[1]/Dbtr/Nm",
        Rule::Characters,
    );
    check(
        first(|block| block.debtor.name = "x".repeat(71)),
        "PmtInf[1]/Dbtr/Nm",
        Rule::TooLong(70),
    );
    check(
        first(|block| block.debtor.iban = "SE45 5000".to_owned()),
        "PmtInf[1]/DbtrAcct/Id/IBAN",
        Rule::NotAnIban,
    );
    check(
        first(|block| block.debtor.bic = Some("SWED".to_owned())),
        "PmtInf[1]/DbtrAgt/FinInstnId/BICFI",
        Rule::NotABic,
    );
}

#[test]
fn every_transfer_is_held_to_the_rules() {
    let second = |change: fn(&mut Transfer)| {
        move |all: &mut Initiation| {
            let transfers = all.payments.iter_mut().take(1).flat_map(|block| &mut block.transfers);
            transfers.skip(1).for_each(change);
        }
    };
    let at = |rest: &str| format!("PmtInf[1]/CdtTrfTxInf[2]/{rest}");
    check(second(|one| one.end_to_end_id.clear()), &at("PmtId/EndToEndId"), Rule::Empty);
    check(
        second(|one| one.end_to_end_id = "P-1".to_owned()),
        &at("PmtId/EndToEndId"),
        Rule::Repeated,
    );
    check(second(|one| one.amount_minor = 0), &at("Amt/InstdAmt"), Rule::Amount);
    check(second(|one| one.amount_minor = -1), &at("Amt/InstdAmt"), Rule::Amount);
    check(
        second(|one| one.creditor.iban = "SE3550000000054910000004".to_owned()),
        &at("CdtrAcct/Id/IBAN"),
        Rule::IbanCheck,
    );
    check(
        second(|one| one.creditor.bic = Some("essesess".to_owned())),
        &at("CdtrAgt/FinInstnId/BICFI"),
        Rule::NotABic,
    );
    check(
        second(|one| one.remittance = Some("x".repeat(141))),
        &at("RmtInf/Ustrd"),
        Rule::TooLong(140),
    );
    check(
        second(|one| one.remittance = Some("a\nb".to_owned())),
        &at("RmtInf/Ustrd"),
        Rule::Characters,
    );
}

#[track_caller]
fn check(change: impl Fn(&mut Initiation), path: &str, rule: Rule) {
    let mut changed = initiation();
    change(&mut changed);
    let breach = Breach { path: path.to_owned(), rule };
    assert_eq!(super::write(&changed), Err(vec![breach]));
}

#[test]
fn sums_and_numbers_have_limits() {
    let mut large = initiation();
    let block = large.payments.first_mut().unwrap();
    block.transfers =
        (0..3).map(|number| transfer(&format!("P-{number}"), 900_000_000_000_000_000)).collect();
    let breach = Breach { path: "GrpHdr/CtrlSum".to_owned(), rule: Rule::Sum };
    assert_eq!(super::write(&large), Err(vec![breach]));
    let mut many = initiation();
    let block = many.payments.first_mut().unwrap();
    block.transfers = vec![transfer("P", 1); 100_001];
    let breach = Breach { path: "GrpHdr/NbOfTxs".to_owned(), rule: Rule::TooMany(100_000) };
    assert_eq!(super::write(&many), Err(vec![breach]));
}

#[test]
fn accounts_and_banks_are_checked() {
    // From the registry's own examples, and each with a digit changed.
    for good in [
        "SE4550000000058398257466",
        "NO9386011117947",
        "DK5000400440116243",
        "FI2112345600000785",
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "MT84MALT011000012345MTLCAST001S",
    ] {
        assert!(is_iban(good), "{good}");
        let changed = if good.ends_with('1') { '2' } else { '1' };
        let bad = format!("{}{changed}", good.get(..good.len() - 1).unwrap());
        assert!(!is_iban(&bad), "{bad}");
    }
    for bad in ["", "SE45", "se4550000000058398257466", "SE45 5000 0000 0583 9825 7466", "SÉ45500"]
    {
        assert!(!is_iban(bad), "{bad}");
    }
    for good in ["ESSESESS", "SWEDSESSXXX", "NDEASESS", "A1B2SE33"] {
        assert!(is_bic(good), "{good}");
    }
    for bad in ["", "ESSESES", "ESSESESSX", "essesess", "ESSE1ESS", "ESSESESSXXXX", "ÅSSESES"] {
        assert!(!is_bic(bad), "{bad}");
    }
}

#[test]
fn texts_of_people_are_made_to_fit() {
    for (text, expected) in [
        ("Kafé Åre", "Kafé Åre"),
        ("H&M  <Sverige>\n", "H+M Sverige"),
        ("“Ŵales” – 日本", "' ales' -"),
        ("x".repeat(71).as_str(), "x".repeat(70).as_str()),
        ("日本", ""),
    ] {
        assert_eq!(fitting(text, 70), expected, "{text}");
    }
    assert_eq!(fitting("ab cd", 3), "ab");
}

proptest! {
    #[test]
    fn what_was_made_to_fit_is_taken(name in "\\PC{0,200}", text in "\\PC{0,300}") {
        let mut changed = initiation();
        let name = fitting(&name, 70);
        let remittance = fitting(&text, 140);
        for transfer in changed.payments.iter_mut().flat_map(|block| &mut block.transfers) {
            transfer.creditor.name.clone_from(&name);
            transfer.remittance = Some(remittance.clone()).filter(|text| !text.is_empty());
        }
        let written = super::write(&changed);
        prop_assert_eq!(written.is_err(), name.is_empty());
        if let Ok(text) = written {
            schema::check(&text);
        }
    }

    #[test]
    fn control_sums_are_the_sums(
        amounts in proptest::collection::vec(1..=1_000_000_000_i64, 1..50),
    ) {
        let mut changed = initiation();
        changed.payments.truncate(1);
        let block = changed.payments.first_mut().unwrap();
        block.transfers = (1..)
            .zip(&amounts)
            .map(|(number, amount)| transfer(&format!("P-{number}"), *amount))
            .collect();
        let text = super::write(&changed).unwrap();
        schema::check(&text);
        let sum = ledger::money::format_minor(amounts.iter().sum(), Currency::SEK);
        prop_assert_eq!(text.matches(&format!("<CtrlSum>{sum}</CtrlSum>")).count(), 2);
    }
}

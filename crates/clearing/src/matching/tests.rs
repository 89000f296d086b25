//! Two sides written as short texts: `a 100 SEK` is an item with the reference `a`.

use proptest::prelude::*;

use super::*;

/// Items of one side, numbered from 1; `?` marks what need not be on the other side, or is known.
fn items(text: &str) -> Vec<Item> {
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let item = |(number, text): (i64, &str)| {
        let words: Vec<&str> = text.trim_end_matches('?').split(' ').collect();
        Item {
            reference: words[0].to_owned(),
            kind: words.get(3).copied().unwrap_or("payment").to_owned(),
            within: String::new(),
            is_settled: text.ends_with('?'),
            amount_minor: words[1].parse().unwrap(),
            currency: Currency::parse(words.get(2).copied().unwrap_or("SEK")).unwrap(),
            company: None,
            seller: None,
            day: None,
            number,
            place: String::new(),
        }
    };
    (1..).zip(texts).map(item).collect()
}

/// A finding as `outcome reference ours/theirs`.
fn shown(finding: &Finding) -> String {
    let minor = |item: Option<&Item>| {
        item.map_or("-".to_owned(), |item| {
            let is_sek = item.currency == Currency::SEK;
            let code = if is_sek { "" } else { item.currency.code() };
            format!("{}{code}", item.amount_minor)
        })
    };
    let (ours, theirs) = (finding.ours.as_ref(), finding.theirs.as_ref());
    let reference = &finding.item().unwrap().reference;
    let nth = if finding.nth == 1 { String::new() } else { format!(" #{}", finding.nth) };
    format!("{} {reference} {}/{}{nth}", finding.outcome.as_str(), minor(ours), minor(theirs))
}

#[track_caller]
fn check(table: &str) {
    for row in table.trim().lines().skip(1).map(str::trim) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let found = compare(items(cells[0]), items(cells[1]));
        let found: Vec<String> = found.iter().map(shown).collect();
        assert_eq!(found.join(", "), cells[2], "{row}");
    }
}

#[test]
fn what_two_sides_have() {
    check(
        "
        ours               | theirs              | findings
                           |                     |
        a 100              | a 100               | matched a 100/100
        a 100              |                     | missing a 100/-
        a 100?             |                     | not-due a 100/-
        a 100?             | a 100               | matched a 100/100
                           | a 100               | extra a -/100
        a 100              | a 90                | amount-differs a 100/90
        a 100?             | a 90                | amount-differs a 100/90
        a 100              | a 100 EUR           | currency-differs a 100/100EUR
        a 100              | b 100               | missing a 100/-, extra b -/100
        a 100              | a 100, a 100        | matched a 100/100, duplicate a -/100
        a 100              | a 90, a 100         | matched a 100/100, duplicate a -/90
        a 100              | a 90, a 80          | amount-differs a 100/80, duplicate a -/90
        a 100              | a 90, a 80, a 70    | \
            amount-differs a 100/70, duplicate a -/80, duplicate a -/90 #2
        a 100              | a 100 EUR, a 90     | amount-differs a 100/90, duplicate a -/100EUR
                           | a 100, a 100        | extra a -/100, duplicate a -/100
        a 100, a 100       | a 100, a 100        | matched a 100/100, matched a 100/100 #2
        a 100, a 100       | a 100               | matched a 100/100, missing a 100/-
        a 100?, a 100      | a 100               | matched a 100/100, not-due a 100/-
        a 60, a 40         | a 40, a 60          | matched a 40/40, matched a 60/60 #2
        a 60, a 40         | a 40, a 50          | matched a 40/40, amount-differs a 60/50
        a 1, a 1 EUR       | a 1 EUR, a 1 NOK    | \
            matched a 1EUR/1EUR, currency-differs a 1/1NOK
        a 100              | a 90?               | known a 100/90
                           | a 90?               | known a -/90
        a 100              | a 100, a 100?       | matched a 100/100, known a -/100
        a 100              | a 90?, a 100, a 80  | \
            matched a 100/100, known a -/90, duplicate a -/80
        a 100, a 70        | a 100, a 90?        | matched a 100/100, known a 70/90
        a 1 SEK refund     | a 1                 | extra a -/1, missing a 1/-
        "
        .replace("\\\n", "")
        .as_str(),
    );
}

#[test]
fn words_tell_outcomes_apart() {
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        assert_eq!(
            outcome.reason().is_none(),
            [Outcome::Matched, Outcome::NotDue, Outcome::Known].contains(&outcome)
        );
    }
}

/// Some of few references, amounts and currencies, so that they meet.
fn some_items() -> impl Strategy<Value = Vec<Item>> {
    let item = (0..4_u8, 1..4_i64, 0..2_usize, any::<bool>());
    proptest::collection::vec(item, 0..12).prop_map(|all| {
        let text = all.into_iter().map(|(reference, minor, currency, is_optional)| {
            let code = ["SEK", "EUR"][currency];
            format!("r{reference} {minor} {code}{}", if is_optional { "?" } else { "" })
        });
        items(&text.collect::<Vec<_>>().join(","))
    })
}

/// What was planted, one fault a reference.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Missing,
    Extra,
    Amount,
    Currency,
    Duplicate,
}

fn planted(faults: &[Fault]) -> (Vec<Item>, Vec<Item>, Vec<String>) {
    let (mut ours, mut theirs, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (at, fault) in faults.iter().enumerate() {
        let (mine, same) = (format!("r{at} 100"), format!("r{at} 100"));
        let word = match fault {
            Fault::None => "matched",
            Fault::Missing => "missing",
            Fault::Extra => "extra",
            Fault::Amount => "amount-differs",
            Fault::Currency => "currency-differs",
            Fault::Duplicate => "duplicate",
        };
        match fault {
            Fault::None => (ours.push(mine), theirs.push(same)),
            Fault::Missing => (ours.push(mine), ()),
            Fault::Extra => ((), theirs.push(same)),
            Fault::Amount => (ours.push(mine), theirs.push(format!("r{at} 101"))),
            Fault::Currency => (ours.push(mine), theirs.push(format!("r{at} 100 EUR"))),
            Fault::Duplicate => (ours.push(mine), theirs.extend([same.clone(), same])),
        };
        if matches!(fault, Fault::Duplicate) {
            expected.push(format!("matched r{at}"));
        }
        expected.push(format!("{word} r{at}"));
    }
    expected.sort();
    (items(&ours.join(",")), items(&theirs.join(",")), expected)
}

proptest! {
    #[test]
    fn every_item_is_in_one_finding(ours in some_items(), theirs in some_items()) {
        let found = compare(ours.clone(), theirs.clone());
        let side = |pick: fn(&Finding) -> Option<&Item>| {
            let mut numbers: Vec<i64> =
                found.iter().filter_map(pick).map(|item| item.number).collect();
            numbers.sort_unstable();
            numbers
        };
        let all = |items: &[Item]| items.iter().map(|item| item.number).collect::<Vec<_>>();
        prop_assert_eq!(side(|it| it.ours.as_ref()), all(&ours));
        prop_assert_eq!(side(|it| it.theirs.as_ref()), all(&theirs));
        for finding in &found {
            let pair = finding.ours.as_ref().zip(finding.theirs.as_ref());
            let alike = pair.is_some_and(|(ours, theirs)| ours.amount() == theirs.amount());
            let is_matched = finding.outcome == Outcome::Matched;
            prop_assert!(alike || !is_matched);
            prop_assert!(is_matched || !alike || finding.outcome == Outcome::Known);
        }
    }

    #[test]
    fn the_order_of_items_changes_nothing(
        (ours, theirs) in (some_items(), some_items()),
        seed in any::<u64>(),
    ) {
        let found = compare(ours.clone(), theirs.clone());
        let shuffled = |mut items: Vec<Item>| {
            items.sort_by_key(|item| item.number.cast_unsigned().wrapping_mul(seed | 1));
            items
        };
        prop_assert_eq!(compare(shuffled(ours), shuffled(theirs)), found);
    }

    #[test]
    fn planted_faults_are_found_and_no_others(
        faults in proptest::collection::vec(
            prop::sample::select(vec![
                Fault::None, Fault::Missing, Fault::Extra, Fault::Amount, Fault::Currency,
                Fault::Duplicate,
            ]),
            0..40,
        ),
    ) {
        let (ours, theirs, expected) = planted(&faults);
        let mut found: Vec<String> = compare(ours, theirs)
            .iter()
            .map(|it| format!("{} {}", it.outcome.as_str(), it.item().unwrap().reference))
            .collect();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}

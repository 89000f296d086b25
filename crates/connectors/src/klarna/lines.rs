//! The goods of an order as Klarna wants them: prices with tax, and lines that add up to the
//! amount (Klarna Payments API, `order_lines`).
//!
//! Invariant: `total_amount = quantity × unit_price − total_discount_amount` for each line, the
//! lines add up to the payment's amount, and each tax differs by at most one from what its rate
//! gives.

use payments::{Item, Payment};
use serde::Serialize;

use crate::request::cut;

/// What lines may miss of the amount for one line to make up for it, in minor units: more is no
/// rounding.
const ROUNDING_MINOR_MAX: i64 = 100;

/// The longest texts, in characters.
const NAME_CHARS_MAX: usize = 255;
const UNIT_CHARS_MAX: usize = 8;

/// The highest tax rate, in hundredths of a percent.
const RATE_MAX: i64 = 10_000;

/// A line. All amounts are in minor units and with tax.
#[derive(Serialize)]
pub(super) struct Line {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    name: String,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity_unit: Option<String>,
    unit_price: i64,
    tax_rate: i64,
    total_amount: i64,
    total_discount_amount: i64,
    total_tax_amount: i64,
}

impl Line {
    /// The tax of the whole line.
    pub(super) fn tax_minor(&self) -> i64 {
        self.total_tax_amount
    }
}

/// The lines of a payment: its order's, where that is complete and makes up the amount, else one.
pub(super) fn lines(payment: &Payment) -> Vec<Line> {
    goods(payment).unwrap_or_else(|| vec![whole(payment)])
}

fn goods(payment: &Payment) -> Option<Vec<Line>> {
    let order = payment.asked.order().filter(|order| !order.items.is_empty())?;
    let mut lines = order.items.iter().map(line).collect::<Option<Vec<Line>>>()?;
    let mut missing = payment.amount.total_minor;
    for line in &lines {
        missing = missing.checked_sub(line.total_amount)?;
    }
    if missing.saturating_abs() >= ROUNDING_MINOR_MAX {
        return None;
    }
    if missing != 0 {
        let kind = if missing > 0 { "surcharge" } else { "discount" };
        lines.push(Line { kind, ..one("Rounding".to_owned(), missing, 0, 0) });
    }
    Some(lines)
}

/// A line of the order. Its total stays what it is; its price is the one with tax, rounded up
/// where needed, and what that is too much is the line's discount.
fn line(item: &Item) -> Option<Line> {
    let name = item.name.as_ref().or(item.reference.as_ref()).or(item.item_no.as_ref())?;
    let name = cut(name, NAME_CHARS_MAX);
    let total = item.gross_minor?;
    let rate = item.tax_rate.unwrap_or(0);
    let quantity = item.quantity.filter(|quantity| *quantity > 0)?;
    if name.is_empty() || !(0..=RATE_MAX).contains(&rate) {
        return None;
    }
    let tax = tax(total, rate, item.tax_minor)?;
    let reference = item.item_no.as_ref().or(item.reference.as_ref());
    let reference = reference.map(|reference| cut(reference, NAME_CHARS_MAX));
    if total < 0 {
        return Some(Line { kind: "discount", reference, ..one(name, total, rate, tax) });
    }
    let covers = |price: &i64| price.checked_mul(quantity).is_some_and(|made| made >= total);
    let price = item.unit_price_minor.and_then(|net| with_tax(net, rate)).filter(covers);
    let price =
        price.or_else(|| total.checked_add(quantity)?.checked_sub(1)?.checked_div(quantity))?;
    let discount = price.checked_mul(quantity)?.checked_sub(total)?;
    let unit = item.unit.as_ref().filter(|unit| (1..=UNIT_CHARS_MAX).contains(&unit.len()));
    Some(Line {
        reference,
        quantity,
        quantity_unit: unit.cloned(),
        unit_price: price,
        total_discount_amount: discount,
        ..one(name, total, rate, tax)
    })
}

/// The one line of a payment without an order, with the rate that comes nearest to its tax.
fn whole(payment: &Payment) -> Line {
    let amount = payment.amount;
    let message = payment.asked.message.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let name = message.map_or_else(|| format!("Order {}", payment.number), str::to_owned);
    let rate = amount.vat_minor.checked_mul(RATE_MAX).and_then(|vat| {
        vat.checked_add(amount.nominal_minor.checked_div(2)?)?.checked_div(amount.nominal_minor)
    });
    let rate = rate.filter(|rate| (0..=RATE_MAX).contains(rate)).unwrap_or(0);
    let tax = tax(amount.total_minor, rate, Some(amount.vat_minor)).unwrap_or(0);
    one(cut(&name, NAME_CHARS_MAX), amount.total_minor, rate, tax)
}

fn one(name: String, total: i64, rate: i64, tax: i64) -> Line {
    Line {
        kind: "physical",
        reference: None,
        name,
        quantity: 1,
        quantity_unit: None,
        unit_price: total,
        tax_rate: rate,
        total_amount: total,
        total_discount_amount: 0,
        total_tax_amount: tax,
    }
}

/// A price with tax, rounded half up.
fn with_tax(net: i64, rate: i64) -> Option<i64> {
    let scaled = net.checked_mul(RATE_MAX.checked_add(rate)?)?;
    Some(scaled.checked_add(RATE_MAX / 2)?.div_euclid(RATE_MAX))
}

/// The tax in a total: as it was told where Klarna will accept that, else as its rate gives it.
fn tax(total: i64, rate: i64, told: Option<i64>) -> Option<i64> {
    let without = total.checked_mul(RATE_MAX)?.checked_div(RATE_MAX.checked_add(rate)?)?;
    let by_rate = total.checked_sub(without)?;
    let is_near = |told: &i64| told.checked_sub(by_rate).is_some_and(|off| (-1..=1).contains(&off));
    Some(told.filter(is_near).unwrap_or(by_rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// A line as text: type, name, quantity × price − discount = total, tax at a rate.
    fn check(total_minor: i64, items: Vec<Item>, expected: &[&str]) {
        let mut payment = testing::with_order(testing::payment(), false, items);
        payment.amount = testing::amount(total_minor, total_minor / 5);
        let lines = lines(&payment);
        let sum: i64 = lines.iter().map(|line| line.total_amount).sum();
        assert_eq!(sum, total_minor);
        let shown: Vec<String> = lines
            .iter()
            .map(|line| {
                let Line { kind, name, quantity, unit_price, .. } = line;
                let Line { total_discount_amount: discount, total_amount: total, .. } = line;
                let Line { total_tax_amount: tax, tax_rate: rate, .. } = line;
                assert_eq!(quantity * unit_price - discount, *total);
                format!("{kind} {name} {quantity}×{unit_price}-{discount}={total} {tax}@{rate}")
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_add_up() {
        let item = testing::item;
        check(
            2_500,
            vec![item("a", [2, 1_000, 2_500, 500, 2_500])],
            &["physical a 2×1250-0=2500 500@2500"],
        );
        // 333.75 with tax for one is 334 rounded, and three of them are 1002, not 1001.
        check(
            1_001,
            vec![item("a", [3, 267, 2_500, 200, 1_001])],
            &["physical a 3×334-1=1001 200@2500"],
        );
        // The rounded price is too low, so it becomes the next that covers the total.
        check(
            1_003,
            vec![item("a", [3, 267, 2_500, 200, 1_003])],
            &["physical a 3×335-2=1003 200@2500"],
        );
        check(
            2_000,
            vec![
                item("a", [1, 2_000, 2_500, 500, 2_500]),
                item("off", [1, -400, 2_500, -100, -500]),
            ],
            &["physical a 1×2500-0=2500 500@2500", "discount off 1×-500-0=-500 -100@2500"],
        );
    }

    #[test]
    fn what_is_missing_is_rounding_or_the_order_is_another() {
        let item = |gross| vec![testing::item("a", [1, gross, 0, 0, gross])];
        check(
            2_550,
            item(2_500),
            &["physical a 1×2500-0=2500 0@0", "surcharge Rounding 1×50-0=50 0@0"],
        );
        check(
            2_450,
            item(2_500),
            &["physical a 1×2500-0=2500 0@0", "discount Rounding 1×-50-0=-50 0@0"],
        );
        check(2_600, item(2_500), &["physical Kaffe & bullar 1×2600-0=2600 520@2500"]);
    }

    #[test]
    fn an_order_that_is_not_complete_becomes_one_line() {
        let whole: &[&str] = &["physical Kaffe & bullar 1×2500-0=2500 500@2500"];
        let good = testing::item("a", [1, 2_000, 2_500, 500, 2_500]);
        check(2_500, vec![], whole);
        check(2_500, vec![Item { gross_minor: None, ..good.clone() }], whole);
        check(2_500, vec![Item { quantity: Some(0), ..good.clone() }], whole);
        check(2_500, vec![Item { tax_rate: Some(10_001), ..good.clone() }], whole);
        check(2_500, vec![Item { gross_minor: Some(i64::MAX), ..good }], whole);
    }

    #[test]
    fn the_one_line_has_the_nearest_rate_and_a_tax_that_klarna_accepts() {
        let check = |total: i64, vat: i64, expected: (i64, i64)| {
            let mut payment = testing::payment();
            payment.amount = testing::amount(total, vat);
            let lines = lines(&payment);
            let [line] = lines.as_slice() else { panic!("one line") };
            assert_eq!((line.tax_rate, line.total_tax_amount), expected, "{total} {vat}");
        };
        check(12_500, 2_500, (2_500, 2_500));
        check(100, 0, (0, 0));
        check(100, 100, (0, 0));
        check(100, 60, (0, 0));
        // 12.345 % is no rate of Klarna's: the tax is what 12.34 % or 12.35 % gives.
        check(11_234_500_000, 1_234_500_000, (1_235, 1_234_945_038));
    }
}

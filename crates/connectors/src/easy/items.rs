//! The items of an order (Checkout API, `orderItems`). The register's items are the same thing and
//! go through as they are, where they are complete.
//!
//! Invariant: `netTotalAmount = unitPrice × quantity` and `grossTotalAmount = netTotalAmount +
//! taxAmount` for each item, and together they make up the amount.

use payments::{Item, Payment};
use serde::Serialize;

use crate::request::cut;

/// The longest texts, in characters.
const TEXT_CHARS_MAX: usize = 128;

/// An item.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    reference: String,
    name: String,
    quantity: i64,
    unit: String,
    unit_price: i64,
    tax_rate: i64,
    tax_amount: i64,
    gross_total_amount: i64,
    net_total_amount: i64,
}

/// The items of a payment: its order's, where they are complete and agree, else one.
pub(super) fn lines(payment: &Payment) -> Vec<Line> {
    goods(payment).unwrap_or_else(|| {
        let amount = payment.amount;
        vec![one(payment, amount.total_minor, amount.vat_minor)]
    })
}

/// One item for a part of a payment, with its share of the tax.
pub(super) fn part_of(payment: &Payment, minor: i64) -> Line {
    let amount = payment.amount;
    let share = amount.vat_minor.checked_mul(minor);
    let share = share.and_then(|scaled| scaled.checked_div(amount.total_minor));
    one(payment, minor, share.unwrap_or(0))
}

fn goods(payment: &Payment) -> Option<Vec<Line>> {
    let order = payment.asked.order().filter(|order| !order.items.is_empty())?;
    let lines = order.items.iter().map(line).collect::<Option<Vec<Line>>>()?;
    let sum = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.gross_total_amount))?;
    (sum == payment.amount.total_minor).then_some(lines)
}

fn line(item: &Item) -> Option<Line> {
    let name = allowed(item.name.as_ref()?);
    let reference = allowed(item.reference.as_ref().or(item.item_no.as_ref())?);
    let unit = allowed(item.unit.as_deref().unwrap_or("pcs"));
    let (quantity, unit_price) = (item.quantity?, item.unit_price_minor?);
    let tax = item.tax_minor.unwrap_or(0);
    let (gross, net) = (item.gross_minor?, item.net_minor?);
    let agrees = unit_price.checked_mul(quantity) == Some(net)
        && net.checked_add(tax) == Some(gross)
        && ![&name, &reference, &unit].into_iter().any(String::is_empty);
    agrees.then(|| Line {
        reference,
        name,
        quantity,
        unit,
        unit_price,
        tax_rate: item.tax_rate.unwrap_or(0),
        tax_amount: tax,
        gross_total_amount: gross,
        net_total_amount: net,
    })
}

fn one(payment: &Payment, gross: i64, tax: i64) -> Line {
    let net = gross.saturating_sub(tax);
    let rate = tax
        .checked_mul(10_000)
        .and_then(|scaled| scaled.checked_add(net.checked_div(2)?)?.checked_div(net));
    let name = allowed(payment.asked.message.as_deref().unwrap_or_default());
    let name = if name.is_empty() { format!("Order {}", payment.number) } else { name };
    Line {
        reference: payment.number.to_string(),
        name,
        quantity: 1,
        unit: "pcs".to_owned(),
        unit_price: net,
        tax_rate: rate.unwrap_or(0),
        tax_amount: tax,
        gross_total_amount: gross,
        net_total_amount: net,
    }
}

/// A text without the characters that the API does not accept, and not too long.
fn allowed(text: &str) -> String {
    let kept: String = text.chars().filter(|char| !"<>\"'&\\".contains(*char)).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    cut(&words.join(" "), TEXT_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn check(total_minor: i64, items: Vec<Item>, expected: &[&str]) {
        let mut payment = testing::with_order(testing::payment(), false, items);
        payment.amount = testing::amount(total_minor, total_minor / 5);
        assert_eq!(shown(&lines(&payment)), expected);
    }

    fn shown(lines: &[Line]) -> Vec<String> {
        let shown = |line: &Line| {
            let Line { reference, name, quantity, unit_price, net_total_amount: net, .. } = line;
            let Line { tax_amount: tax, tax_rate: rate, gross_total_amount: gross, .. } = line;
            assert_eq!(unit_price * quantity, *net);
            assert_eq!(net + tax, *gross);
            format!("{reference} {name} {quantity}×{unit_price}={net}+{tax}={gross} @{rate}")
        };
        lines.iter().map(shown).collect()
    }

    #[test]
    fn items_that_agree_go_through() {
        let good = testing::item("a", [2, 1_000, 2_500, 500, 2_500]);
        let off = testing::item("off", [1, -400, 2_500, -100, -500]);
        check(
            2_000,
            vec![good.clone(), off],
            &["no-a a 2×1000=2000+500=2500 @2500", "no-off off 1×-400=-400+-100=-500 @2500"],
        );
        let whole: &[&str] = &["1001 Kaffe bullar 1×2000=2000+500=2500 @2500"];
        check(2_500, vec![], whole);
        for bad in [
            Item { net_minor: Some(1_999), ..good.clone() },
            Item { tax_minor: Some(499), ..good.clone() },
            Item { name: None, ..good.clone() },
            Item { name: Some("<>".to_owned()), ..good.clone() },
            Item { item_no: None, ..good.clone() },
            Item { quantity: Some(i64::MAX), ..good.clone() },
        ] {
            check(2_500, vec![bad], whole);
        }
        check(2_600, vec![good], &["1001 Kaffe bullar 1×2080=2080+520=2600 @2500"]);
    }

    #[test]
    fn a_part_has_its_share_of_the_tax() {
        let payment = testing::payment();
        let part = [part_of(&payment, 5_001)];
        assert_eq!(shown(&part), ["1001 Kaffe bullar 1×4001=4001+1000=5001 @2499"]);
    }
}

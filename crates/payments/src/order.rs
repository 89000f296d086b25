//! The goods of an order, as the cash register sends them (AAPay, `ecr2Naa.order`).

use ledger::Fields;

/// What is bought. All of it is optional, and amounts are minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The lines.
    pub items: Vec<Item>,
    /// The total.
    pub amount_minor: Option<i64>,
    /// Three letters.
    pub currency: Option<String>,
    /// What the shop calls it.
    pub reference: Option<String>,
}

/// A line of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// The article's number.
    pub item_no: Option<String>,
    /// What the shop calls it.
    pub reference: Option<String>,
    /// For people.
    pub name: Option<String>,
    /// How many.
    pub quantity: Option<i64>,
    /// Of what: `pc`, `kg`.
    pub unit: Option<String>,
    /// For one, without tax.
    pub unit_price_minor: Option<i64>,
    /// In hundredths of a percent: 2500 is 25 %.
    pub tax_rate: Option<i64>,
    /// Of the whole line.
    pub tax_minor: Option<i64>,
    /// Of the whole line, with tax.
    pub gross_minor: Option<i64>,
    /// Of the whole line, without tax.
    pub net_minor: Option<i64>,
}

impl Order {
    /// Reads the fields of [`Order::fields`].
    pub fn of(fields: &Fields) -> Order {
        let count = fields.number("items").and_then(|count| usize::try_from(count).ok());
        let items = (0..count.unwrap_or(0)).map(|at| Item::of(&fields.under(&format!("{at}."))));
        Order {
            items: items.collect(),
            amount_minor: fields.number("amount"),
            currency: fields.text("currency").map(str::to_owned),
            reference: fields.text("reference").map(str::to_owned),
        }
    }

    /// As fields of a document.
    pub fn fields(&self) -> Fields {
        let items = self.items.iter().enumerate();
        let order = Fields::default()
            .with("items", Some(self.items.len().to_string()))
            .with("amount", self.amount_minor.map(|minor| minor.to_string()))
            .with("currency", self.currency.as_ref())
            .with("reference", self.reference.as_ref());
        items.fold(order, |order, (at, item)| order.with_all(&format!("{at}."), &item.fields()))
    }
}

impl Item {
    fn of(fields: &Fields) -> Item {
        let text = |name| fields.text(name).map(str::to_owned);
        Item {
            item_no: text("item_no"),
            reference: text("reference"),
            name: text("name"),
            quantity: fields.number("quantity"),
            unit: text("unit"),
            unit_price_minor: fields.number("unit_price"),
            tax_rate: fields.number("tax_rate"),
            tax_minor: fields.number("tax"),
            gross_minor: fields.number("gross"),
            net_minor: fields.number("net"),
        }
    }

    fn fields(&self) -> Fields {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        Fields::default()
            .with("item_no", self.item_no.as_ref())
            .with("reference", self.reference.as_ref())
            .with("name", self.name.as_ref())
            .with("quantity", number(self.quantity))
            .with("unit", self.unit.as_ref())
            .with("unit_price", number(self.unit_price_minor))
            .with("tax_rate", number(self.tax_rate))
            .with("tax", number(self.tax_minor))
            .with("gross", number(self.gross_minor))
            .with("net", number(self.net_minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_again() {
        let item = Item {
            name: Some("Ägg".to_owned()),
            quantity: Some(12),
            gross_minor: Some(2_500),
            ..Item::default()
        };
        let order = Order {
            items: vec![item, Item::default()],
            amount_minor: Some(2_500),
            currency: None,
            reference: Some("r".to_owned()),
        };
        for order in [order, Order::default()] {
            assert_eq!(Order::of(&order.fields()), order);
        }
    }
}

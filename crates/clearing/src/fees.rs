//! What sellers pay for what they are paid: a table for each company, and one for a seller that
//! has agreed on something else.
//!
//! Rounding: the share of a line, which is all transactions of one kind on one day, is rounded
//! once, half up, in whole minor units. No transaction is rounded by itself.

use std::collections::BTreeMap;

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Currency, Directory, Document, DocumentId, Fields,
    RowId, Timestamp,
};

use crate::command::{Answer, Outcome};
use crate::refusal::Refusal;
use crate::tally::line::{Line, Sum, Sums};

/// Basis points of a whole.
const BASIS_POINTS: i128 = 10_000;

/// What one company keeps of what it pays its sellers, or one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeTable {
    /// The row that began it.
    pub number: i64,
    /// Whose.
    pub owner: FeeOwner,
    /// By currency (ISO 4217).
    pub currencies: BTreeMap<&'static str, CurrencyFees>,
}

/// Whose fees: a company's, or those of one seller of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeOwner {
    /// The company's number.
    pub company: String,
    /// The seller's number. `None` for what holds where a seller has nothing of its own.
    pub seller: Option<String>,
}

/// The fees in one currency. What is not named costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrencyFees {
    /// By kind of transaction.
    pub rates: BTreeMap<Line, Rate>,
    /// What a day with transactions costs at least, in minor units.
    pub minimum_minor: Option<i64>,
}

/// The fee for transactions of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Of the amount, in hundredths of a percent: 0 to 10 000.
    pub basis_points: i64,
    /// For each transaction, in minor units.
    pub fixed_minor: i64,
}

/// What is kept of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayFees {
    /// By kind, in minor units.
    pub by_line: BTreeMap<Line, i64>,
    /// What is missing to the least that a day costs.
    pub top_up_minor: i64,
}

/// Sets a table of fees as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFees {
    /// Whose.
    pub owner: FeeOwner,
    /// By currency (ISO 4217).
    pub currencies: BTreeMap<&'static str, CurrencyFees>,
    /// Who sets it.
    pub actor: String,
}

impl Rate {
    /// The fee for all transactions of a line, rounded half up once. `None` where it is more than
    /// there are numbers for.
    pub fn fee(self, sum: Sum) -> Option<i64> {
        let share = i128::from(sum.minor).checked_mul(i128::from(self.basis_points))?;
        let rounded = share.checked_add(BASIS_POINTS / 2)?.checked_div_euclid(BASIS_POINTS)?;
        let fixed = self.fixed_minor.checked_mul(sum.count)?;
        i64::try_from(rounded).ok()?.checked_add(fixed)
    }
}

impl CurrencyFees {
    /// What is kept of a day. What came late for a day has no least of its own: the day has paid
    /// it; nor has what came back from the bank, which the seller has not done. `None` where it is
    /// more than there are numbers for.
    pub fn of_day(&self, sums: &Sums, is_late: bool) -> Option<DayFees> {
        let mut fees = DayFees::default();
        for (line, sum) in &sums.0 {
            let fee = self.rates.get(line).map_or(Some(0), |rate| rate.fee(*sum))?;
            fees.by_line.insert(*line, fee);
        }
        let has_least = !is_late && sums.has_sellers();
        let least = self.minimum_minor.filter(|_| has_least).unwrap_or(0);
        fees.top_up_minor = least.checked_sub(fees.total()?)?.max(0);
        Some(fees)
    }
}

impl DayFees {
    /// Everything together, in minor units.
    pub fn total(&self) -> Option<i64> {
        let mut fees = self.by_line.values();
        fees.try_fold(self.top_up_minor, |total, fee| total.checked_add(*fee))
    }

    /// Both together. `None` where they are more than there are numbers for.
    pub fn plus(mut self, other: &DayFees) -> Option<DayFees> {
        for (line, fee) in &other.by_line {
            let before = self.by_line.entry(*line).or_default();
            *before = before.checked_add(*fee)?;
        }
        self.top_up_minor = self.top_up_minor.checked_add(other.top_up_minor)?;
        Some(self)
    }

    /// Reads what [`DayFees::fields`] wrote.
    pub(crate) fn of(fields: &Fields) -> DayFees {
        let lines = fields.iter();
        let by_line =
            lines.filter_map(|(word, _)| Some((Line::parse(word)?, fields.number(word)?)));
        DayFees {
            by_line: by_line.collect(),
            top_up_minor: fields.number("minimum").unwrap_or_default(),
        }
    }

    /// The fields that say it.
    pub(crate) fn fields(&self) -> Fields {
        let lines = self.by_line.iter();
        let lines = lines.map(|(line, fee)| (line.as_str().to_owned(), fee.to_string()));
        lines.chain([("minimum".to_owned(), self.top_up_minor.to_string())]).collect()
    }
}

impl FeeOwner {
    /// The name by which its table is found.
    fn name(&self) -> String {
        match &self.seller {
            Some(seller) => format!("fees:{}/{seller}", self.company),
            None => format!("fees:{}", self.company),
        }
    }
}

impl FeeTable {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::FeeTable.id(number)
    }

    /// The table of somebody.
    pub fn find(directory: &Directory, owner: &FeeOwner) -> Option<FeeTable> {
        directory.document_named(&owner.name()).and_then(|found| FeeTable::of(found))
    }

    /// What holds for a seller in a currency: its own where it has any in the currency, or else
    /// its company's, or else none.
    pub fn of_seller(
        directory: &Directory,
        company: &str,
        seller: &str,
        currency: Currency,
    ) -> CurrencyFees {
        let owner = |seller: Option<&str>| FeeOwner {
            company: company.to_owned(),
            seller: seller.map(str::to_owned),
        };
        let fees =
            |owner: FeeOwner| FeeTable::find(directory, &owner)?.currencies.remove(currency.code());
        fees(owner(Some(seller))).or_else(|| fees(owner(None))).unwrap_or_default()
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<FeeTable> {
        let fields = &document.fields;
        let codes = fields.text("currencies")?.split(' ').filter_map(Currency::parse);
        let currencies = codes.map(|currency| {
            let code = currency.code();
            (code, CurrencyFees::of(&fields.under(&format!("{code}."))))
        });
        Some(FeeTable {
            number: document.id.number,
            owner: FeeOwner {
                company: fields.text("company")?.to_owned(),
                seller: fields.text("seller").map(str::to_owned),
            },
            currencies: currencies.collect(),
        })
    }

    fn document(&self) -> Document {
        let codes: Vec<&str> = self.currencies.keys().copied().collect();
        let fields = Fields::default()
            .with("company", Some(&self.owner.company))
            .with("seller", self.owner.seller.as_ref())
            .with("currencies", Some(codes.join(" ")));
        let fields = self.currencies.iter().fold(fields, |fields, (code, fees)| {
            fields.with_all(&format!("{code}."), &fees.fields())
        });
        let mut document = Document::new(FeeTable::id(self.number), fields);
        document.names.insert(self.owner.name());
        document
    }
}

impl CurrencyFees {
    fn of(fields: &Fields) -> CurrencyFees {
        let (shares, fixed) = (fields.under("basis_points."), fields.under("fixed."));
        let rate = |(word, _): (&str, &str)| {
            let basis_points = shares.number(word)?;
            let rate = Rate { basis_points, fixed_minor: fixed.number(word)? };
            Some((Line::parse(word)?, rate))
        };
        CurrencyFees {
            rates: shares.iter().filter_map(rate).collect(),
            minimum_minor: fields.number("minimum"),
        }
    }

    fn fields(&self) -> Fields {
        let minimum = self.minimum_minor.map(|minor| minor.to_string());
        let fields = Fields::default().with("minimum", minimum);
        self.rates.iter().fold(fields, |fields, (line, rate)| {
            let word = line.as_str();
            fields
                .with(format!("basis_points.{word}"), Some(rate.basis_points.to_string()))
                .with(format!("fixed.{word}"), Some(rate.fixed_minor.to_string()))
        })
    }
}

/// Decides to set a table of fees. It holds for everything that is settled from then on. The same
/// table again changes nothing.
///
/// # Errors
/// [`Refusal::CompanyNotFound`], [`Refusal::SellerNotFound`].
pub fn set_fees(command: &SetFees, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let FeeOwner { company, seller } = &command.owner;
    let found = books.directory.company(company).ok_or(Refusal::CompanyNotFound)?;
    if let Some(number) = seller {
        books.directory.seller(found.id, number).ok_or(Refusal::SellerNotFound)?;
    }
    let before = FeeTable::find(&books.directory, &command.owner);
    let mut table = FeeTable {
        number: before.as_ref().map_or(0, |before| before.number),
        owner: command.owner.clone(),
        currencies: command.currencies.clone(),
    };
    if before.as_ref() == Some(&table) {
        return Ok(Answer::replayed(Outcome::Fees(table)));
    }
    let kind = ChangeKind::Clearing(ClearingChange::FeesChanged);
    let change = Change::about(RowId(table.number), kind, &command.actor, now);
    let fields = table.document().fields;
    let change = fields.iter().fold(change, |change, (name, value)| change.with(name, value));
    table.number = books.place_change(change, None).subject.0;
    books.put_document(table.document());
    Ok(Answer::new(Outcome::Fees(table)))
}

#[cfg(test)]
mod tests;

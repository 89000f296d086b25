//! What sellers pay for what they are paid.

use std::collections::BTreeMap;

use clearing::fees::{CurrencyFees, FeeOwner, Rate};
use clearing::tally::Line;
use ledger::limits::CURRENCIES_PER_COMPANY_MAX;
use ledger::money::format_minor;
use ledger::{Currency, Decimal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, decimal, parsed, whole};

/// A table of fees to set. It replaces the one that was there.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewFees {
    /// The fees in each currency. A seller's own replace its company's in the currencies that they
    /// name, and in no others.
    #[schema(value_type = Vec<CurrencyFeesBody>, max_items = 50)]
    pub(in crate::operator) currencies: BTreeMap<&'static str, CurrencyFees>,
}

/// A table of fees.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fees)]
pub(in crate::operator) struct FeesBody {
    /// Whose.
    company_number: String,
    /// The seller, where the table is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    /// The fees in each currency; none where nothing was set.
    currencies: Vec<CurrencyFeesBody>,
}

/// Fees in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrencyFees)]
struct CurrencyFeesBody {
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// What a day with transactions costs at least, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "10.00")]
    minimum_per_day: Option<String>,
    /// The fee for each kind of transaction. A kind that is not named costs nothing.
    #[schema(max_items = 7)]
    rates: Vec<RateBody>,
}

/// The fee for transactions of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeeRate)]
struct RateBody {
    /// `purchase`, `cash-withdrawal` or `reversal`; their corrections, as `purchase-correction`;
    /// or `settlement-return`.
    #[schema(example = "purchase")]
    kind: &'static str,
    /// Of the sum of a day, in hundredths of a percent, rounded half up; 0 when absent.
    #[schema(minimum = 0, maximum = 10_000, example = 150)]
    basis_points: i64,
    /// For each transaction, in major units; 0 when absent.
    #[schema(example = "0.50")]
    fixed: String,
}

/// Fees in one currency, as they are read.
struct ReadCurrency(&'static str, CurrencyFees);

/// A rate whose currency is not known yet.
struct ReadRate(Line, i64, Option<Decimal>);

impl FromObject for NewFees {
    fn from_object(object: &mut Object) -> Option<NewFees> {
        let counts = 0..=CURRENCIES_PER_COMPANY_MAX;
        let read = object.required_list::<ReadCurrency>("currencies", counts)?;
        let count = read.len();
        let read = read.into_iter().map(|ReadCurrency(code, fees)| (code, fees));
        let currencies: BTreeMap<_, _> = read.collect();
        if currencies.len() < count {
            object.refuse("currencies", "must name each currency once");
            return None;
        }
        Some(NewFees { currencies })
    }
}

impl FromObject for ReadCurrency {
    fn from_object(object: &mut Object) -> Option<ReadCurrency> {
        let code = parsed("an ISO 4217 code", Currency::parse);
        let currency = object.required("currency", code);
        let minimum = object.optional("minimum_per_day", decimal);
        let read = object.optional_list::<ReadRate>("rates", 0..=Line::ALL.len());
        let (currency, minimum, read) = (currency?, minimum?, read?.unwrap_or_default());
        let mut fees = CurrencyFees::default();
        for (at, ReadRate(line, basis_points, fixed)) in read.into_iter().enumerate() {
            let name = format!("rates/{at}/fixed");
            let fixed_minor = minor(object, &name, fixed, currency)?.unwrap_or(0);
            if fees.rates.insert(line, Rate { basis_points, fixed_minor }).is_some() {
                object.refuse(&format!("rates/{at}/kind"), "is given twice");
                return None;
            }
        }
        fees.minimum_minor = minor(object, "minimum_per_day", minimum, currency)?;
        Some(ReadCurrency(currency.code(), fees))
    }
}

impl FromObject for ReadRate {
    fn from_object(object: &mut Object) -> Option<ReadRate> {
        let line = object.required("kind", parsed("a kind of transaction", Line::parse));
        let basis_points = object.optional("basis_points", whole(0, 10_000));
        let fixed = object.optional("fixed", decimal);
        Some(ReadRate(line?, basis_points?.unwrap_or(0), fixed?))
    }
}

/// An amount in minor units. `None` where it is none of the currency, which is noted.
#[expect(clippy::option_option, reason = "wrong and absent are not the same")]
fn minor(
    object: &mut Object,
    name: &str,
    amount: Option<Decimal>,
    currency: Currency,
) -> Option<Option<i64>> {
    let Some(amount) = amount else { return Some(None) };
    match amount.minor(currency) {
        Ok(minor) => Some(Some(minor)),
        Err(error) => {
            object.refuse(name, &error.to_string());
            None
        }
    }
}

impl FeesBody {
    /// Fees as operators see them.
    pub(in crate::operator) fn of(
        owner: &FeeOwner,
        currencies: &BTreeMap<&'static str, CurrencyFees>,
    ) -> FeesBody {
        FeesBody {
            company_number: owner.company.clone(),
            seller_number: owner.seller.clone(),
            currencies: currencies
                .iter()
                .filter_map(|(code, fees)| CurrencyFeesBody::of(code, fees))
                .collect(),
        }
    }
}

impl CurrencyFeesBody {
    fn of(code: &str, fees: &CurrencyFees) -> Option<CurrencyFeesBody> {
        let currency = Currency::parse(code)?;
        let rates = fees.rates.iter().map(|(line, rate)| RateBody {
            kind: line.as_str(),
            basis_points: rate.basis_points,
            fixed: format_minor(rate.fixed_minor, currency),
        });
        Some(CurrencyFeesBody {
            currency: currency.code(),
            minimum_per_day: fees.minimum_minor.map(|minor| format_minor(minor, currency)),
            rates: rates.collect(),
        })
    }
}

//! What a terminal says that its day came to.

use clearing::TerminalTotals;
use clearing::totals::Total;
use ledger::money::format_minor;
use ledger::{Currency, Date, Decimal};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, decimal, parsed, whole};

/// The most transactions that a terminal has on a day.
const COUNT_MAX: i64 = 1_000_000;

/// What a terminal's day came to, in one currency. What is left out of `refunds` is nothing.
#[derive(Debug, ToSchema)]
pub(in crate::device) struct NewTotals {
    /// The day, where the terminal is.
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    pub(in crate::device) day: Date,
    /// The currency.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "SEK")]
    pub(in crate::device) currency: Currency,
    /// What it has accepted offline on that day, whether or not it is uploaded.
    #[schema(value_type = NewTotal)]
    pub(in crate::device) purchases: Total,
    /// What it has given back.
    #[schema(value_type = Option<NewTotal>)]
    pub(in crate::device) refunds: Total,
}

/// How many, and how much.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read as minor units; this describes it")]
struct NewTotal {
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000, example = 2)]
    count: i64,
    /// The sum, in major units.
    #[schema(pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", example = "99.50")]
    amount: String,
}

/// What a terminal's day came to, and whether it is what was booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Totals)]
pub(in crate::device) struct TotalsBody {
    /// The day.
    #[schema(format = Date)]
    day: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// `agrees`, or `differs`: then people look at it.
    #[schema(example = "agrees")]
    status: &'static str,
    /// What was told of purchases.
    purchases: TotalBody,
    /// What was told of refunds.
    refunds: TotalBody,
    /// What was booked of the purchases by then.
    booked: TotalBody,
    /// When it was told.
    told_at: String,
}

/// How many, and how much.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Total)]
struct TotalBody {
    /// How many.
    count: i64,
    /// The sum, in major units.
    #[schema(example = "99.50")]
    amount: String,
}

/// A count with an amount whose currency is not known yet.
struct Counted {
    count: i64,
    amount: Decimal,
}

impl FromObject for NewTotals {
    fn from_object(object: &mut Object) -> Option<NewTotals> {
        let day = object.required("day", parsed("a day, like \"2026-11-20\"", Date::parse));
        let currency = object.required("currency", parsed("an ISO 4217 code", Currency::parse));
        let purchases = object.required("purchases", counted);
        let refunds = object.optional("refunds", counted);
        let currency = currency?;
        let mut total = |name: &str, counted: Option<Counted>| {
            let Some(Counted { count, amount }) = counted else { return Some(Total::default()) };
            match amount.minor(currency) {
                Ok(minor) if (minor == 0) == (count == 0) => Some(Total { count, minor }),
                Ok(_) => {
                    object.refuse(name, "must have both a count and an amount, or neither");
                    None
                }
                Err(error) => {
                    object.refuse(&format!("{name}/amount"), &error.to_string());
                    None
                }
            }
        };
        let purchases = total("purchases", Some(purchases?));
        let refunds = total("refunds", refunds?);
        Some(NewTotals { day: day?, currency, purchases: purchases?, refunds: refunds? })
    }
}

fn counted(value: Value) -> Result<Counted, String> {
    let Value::Object(fields) = value else { return Err("must be an object".to_owned()) };
    let mut object = Object::of(fields);
    let count = object.required("count", whole(0, COUNT_MAX));
    let amount = object.required("amount", decimal);
    let words = format!(
        "must have a count, a whole number from 0 to {COUNT_MAX}, and an amount, a decimal number \
         in a string, and nothing else"
    );
    match (object.finish(), count, amount) {
        (Ok(()), Some(count), Some(amount)) => Ok(Counted { count, amount }),
        (Ok(()) | Err(_), _, _) => Err(words),
    }
}

impl TotalsBody {
    /// What a terminal has told, as it sees it.
    pub(in crate::device) fn of(totals: &TerminalTotals) -> TotalsBody {
        let currency = totals.key.currency;
        let body = |total: Total| TotalBody {
            count: total.count,
            amount: format_minor(total.minor, currency),
        };
        TotalsBody {
            day: totals.key.day.to_string(),
            currency: currency.code(),
            status: if totals.agrees() { "agrees" } else { "differs" },
            purchases: body(totals.purchases),
            refunds: body(totals.refunds),
            booked: body(totals.booked),
            told_at: totals.told_at.rfc3339(),
        }
    }
}

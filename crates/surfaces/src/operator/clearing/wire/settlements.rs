//! Settlements: what sellers were owed, and how they were paid.

use clearing::limits::NOTE_CHARS_MAX;
use clearing::settlement::{PayoutReturn, Settlement};
use ledger::limits::{COMPANY_NUMBER_CHARS_MAX, SELLER_NUMBER_CHARS_MAX};
use ledger::money::format_minor;
use ledger::{Currency, Date};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::fields::{FromObject, Object, Params, lines, name, parsed};

/// A day to settle.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewRun {
    /// The company.
    #[schema(min_length = 1, max_length = 15, example = "100")]
    pub(in crate::operator) company_number: String,
    /// The last day that is settled, which must have ended where the company is.
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    pub(in crate::operator) day: Date,
}

/// Why a payment came back.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewReturn {
    /// What the bank says, for people.
    #[schema(min_length = 1, max_length = 1_000, example = "AC04: the account is closed")]
    pub(in crate::operator) reason: String,
}

/// What the settlements of a day come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettlementRun)]
pub(in crate::operator) struct RunBody {
    /// The company.
    pub(in crate::operator) company_number: String,
    /// The last day that was settled.
    #[schema(format = Date, example = "2026-11-20")]
    pub(in crate::operator) day: String,
    /// By currency. The same run again changes nothing of it.
    pub(in crate::operator) totals: Vec<TotalBody>,
    /// Sellers that could not be settled with, the first 200; empty as a rule.
    pub(in crate::operator) not_settled: Vec<NotSettled>,
}

/// What the settlements of a day come to in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettlementTotal)]
pub(in crate::operator) struct TotalBody {
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// How many.
    settlements: i64,
    /// Captures less corrections and refunds, in major units; may be below zero.
    owed: String,
    /// The fees.
    fees: String,
    /// What was carried over from before: 0 or below.
    carried_in: String,
    /// What is paid out.
    paid: String,
    /// What is carried over to the next settlements: 0 or below.
    carried_out: String,
}

/// Somebody who could not be settled with.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::operator) struct NotSettled {
    /// The seller.
    pub(in crate::operator) seller_number: String,
    /// ISO 4217.
    pub(in crate::operator) currency: String,
    /// Why, for people.
    pub(in crate::operator) reason: String,
}

/// Which settlements are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct SettlementFilter {
    /// Those of this company.
    #[param(max_length = 15)]
    pub(in crate::operator) company_number: Option<String>,
    /// Those of this seller of the company.
    #[param(max_length = 15)]
    pub(in crate::operator) seller_number: Option<String>,
    /// Those of the company up to exactly this day.
    #[param(value_type = Option<String>, format = Date)]
    pub(in crate::operator) day: Option<Date>,
}

/// A settlement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settlement)]
pub(in crate::operator) struct SettlementBody {
    /// Names it.
    id: String,
    /// The company, which pays.
    company_number: String,
    /// The seller, who is paid.
    seller_number: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// The first day that is in it.
    #[schema(format = Date)]
    first_day: String,
    /// The last.
    #[schema(format = Date)]
    day: String,
    /// How many days of the seller are in it. What was booked late for a day counts as one.
    days: i64,
    /// What the transactions came to.
    lines: Vec<LineBody>,
    /// What was missing to the least that days cost, in major units.
    minimum_fees: String,
    /// Captures less corrections and refunds; may be below zero.
    #[schema(example = "1250.00")]
    owed: String,
    /// What was carried over from before: 0 or below.
    carried_in: String,
    /// All fees.
    fees: String,
    /// What is owed and carried over, less the fees; may be below zero.
    net: String,
    /// What is paid out.
    paid: String,
    /// What is carried over to the next settlement: 0 or below.
    carried_out: String,
    /// The transfer in the ledger, where something is paid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<String>,
    /// The transaction of the fees in the ledger, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_id: Option<String>,
    /// What the payment to the seller is called at the banks.
    #[schema(example = "SETTLEMENT-4711")]
    payment_reference: String,
    /// The payment file that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_file_id: Option<String>,
    /// What became of the payment, where the bank could not make it.
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<ReturnBody>,
    /// When it was made.
    created_at: String,
    /// Who asked for it.
    created_by: String,
}

/// A payment that came back from the bank: it is owed again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettlementReturn)]
struct ReturnBody {
    /// The transaction in the ledger that books it back.
    transaction_id: String,
    /// What the bank says.
    reason: String,
    /// When it was booked back.
    at: String,
    /// Who said so.
    actor: String,
}

/// Transactions of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettlementLine)]
struct LineBody {
    /// What they are.
    #[schema(example = "purchase")]
    kind: &'static str,
    /// How many.
    count: i64,
    /// What the seller is owed for them, in major units; below zero where it owes.
    #[schema(example = "300.00")]
    amount: String,
    /// The fees for them.
    #[schema(example = "4.50")]
    fee: String,
}

impl FromObject for NewRun {
    fn from_object(object: &mut Object) -> Option<NewRun> {
        let company_number = object.required("company_number", name(COMPANY_NUMBER_CHARS_MAX));
        let day = object.required("day", parsed(A_DAY, Date::parse));
        Some(NewRun { company_number: company_number?, day: day? })
    }
}

impl FromObject for NewReturn {
    fn from_object(object: &mut Object) -> Option<NewReturn> {
        Some(NewReturn { reason: object.required("reason", lines(NOTE_CHARS_MAX))? })
    }
}

/// How a day is written.
pub(in crate::operator) const A_DAY: &str = "a day, like \"2026-11-20\"";

impl SettlementFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<SettlementFilter> {
        let company_number = company_number(params);
        let number = |text: &str| short(text, SELLER_NUMBER_CHARS_MAX);
        let seller_number = params.optional("seller_number", "the number of a seller", number);
        let day = params.optional("day", A_DAY, Date::parse);
        Some(SettlementFilter {
            company_number: company_number?,
            seller_number: seller_number?,
            day: day?,
        })
    }
}

/// Takes the number of a company.
#[expect(clippy::option_option, reason = "wrong and absent are not the same")]
pub(in crate::operator) fn company_number(params: &mut Params) -> Option<Option<String>> {
    let number = |text: &str| short(text, COMPANY_NUMBER_CHARS_MAX);
    params.optional("company_number", "the number of a company", number)
}

fn short(text: &str, chars_max: usize) -> Option<String> {
    (1..=chars_max).contains(&text.chars().count()).then(|| text.to_owned())
}

impl TotalBody {
    /// Nothing in a currency.
    pub(in crate::operator) fn of(total: &Total, currency: Currency) -> TotalBody {
        let shown = |minor| format_minor(minor, currency);
        TotalBody {
            currency: currency.code(),
            settlements: total.settlements,
            owed: shown(total.owed_minor),
            fees: shown(total.fees_minor),
            carried_in: shown(total.carried_in_minor),
            paid: shown(total.paid_minor),
            carried_out: shown(total.carried_out_minor),
        }
    }
}

/// What settlements of one currency come to, in minor units.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::operator) struct Total {
    settlements: i64,
    owed_minor: i64,
    fees_minor: i64,
    carried_in_minor: i64,
    paid_minor: i64,
    carried_out_minor: i64,
}

impl Total {
    /// With one more. `None` where a sum is more than there are numbers for.
    pub(in crate::operator) fn plus(self, settlement: &Settlement) -> Option<Total> {
        let outcome = settlement.outcome;
        Some(Total {
            settlements: self.settlements.checked_add(1)?,
            owed_minor: self.owed_minor.checked_add(outcome.owed_minor)?,
            fees_minor: self.fees_minor.checked_add(outcome.fees_minor)?,
            carried_in_minor: self.carried_in_minor.checked_add(settlement.carried_in_minor)?,
            paid_minor: self.paid_minor.checked_add(outcome.paid_minor())?,
            carried_out_minor: self.carried_out_minor.checked_add(outcome.carried_out_minor())?,
        })
    }
}

impl SettlementBody {
    /// A settlement as operators see it.
    pub(in crate::operator) fn of(settlement: &Settlement) -> SettlementBody {
        let Settlement { key, outcome, .. } = settlement;
        let shown = |minor| format_minor(minor, key.currency);
        let id = |number: Option<i64>| number.map(|number| number.to_string());
        let lines = settlement.sums.0.iter().map(|(line, sum)| LineBody {
            kind: line.as_str(),
            count: sum.count,
            amount: shown(line.signed(sum.minor)),
            fee: shown(settlement.fees.get(line).copied().unwrap_or_default()),
        });
        SettlementBody {
            id: settlement.number.to_string(),
            company_number: key.company.clone(),
            seller_number: key.seller.clone(),
            currency: key.currency.code(),
            first_day: settlement.first_day.to_string(),
            day: key.day.to_string(),
            days: settlement.days,
            lines: lines.collect(),
            minimum_fees: shown(settlement.top_up_minor),
            owed: shown(outcome.owed_minor),
            carried_in: shown(settlement.carried_in_minor),
            fees: shown(outcome.fees_minor),
            net: shown(outcome.net_minor),
            paid: shown(outcome.paid_minor()),
            carried_out: shown(outcome.carried_out_minor()),
            transfer_id: id(settlement.transfer),
            fee_id: id(settlement.fee),
            payment_reference: settlement.reference(),
            payment_file_id: id(settlement.payment_file),
            returned: settlement.returned.as_ref().map(ReturnBody::of),
            created_at: settlement.at.rfc3339(),
            created_by: settlement.actor.clone(),
        }
    }
}

impl ReturnBody {
    fn of(returned: &PayoutReturn) -> ReturnBody {
        ReturnBody {
            transaction_id: returned.transaction.to_string(),
            reason: returned.reason.clone(),
            at: returned.at.rfc3339(),
            actor: returned.actor.clone(),
        }
    }
}

//! Payment files: settlements as the bank is told to pay them.

use clearing::PaymentFile;
use ledger::limits::COMPANY_NUMBER_CHARS_MAX;
use ledger::money::format_minor;
use ledger::{Currency, Date};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::settlements::{A_DAY, company_number};
use crate::http::fields::{FromObject, Object, Params, name, parsed};

/// A payment file to make.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewPaymentFile {
    /// The company, which pays.
    #[schema(min_length = 1, max_length = 15, example = "100")]
    pub(in crate::operator) company_number: String,
    /// The day whose settlements are paid.
    #[schema(value_type = String, format = Date, example = "2026-11-20")]
    pub(in crate::operator) day: Date,
    /// When the bank shall pay; not before today.
    #[schema(value_type = String, format = Date, example = "2026-11-23")]
    pub(in crate::operator) execution_date: Date,
}

/// Which payment files are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct PaymentFileFilter {
    /// Those of this company.
    #[param(max_length = 15)]
    pub(in crate::operator) company_number: Option<String>,
}

/// A payment file. What it says is at `/payment-files/{id}`, as the bank gets it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentFile)]
pub(in crate::operator) struct PaymentFileBody {
    /// Names it.
    pub(in crate::operator) id: String,
    /// The company, which pays.
    company_number: String,
    /// The day whose settlements are paid.
    #[schema(format = Date)]
    day: String,
    /// When the bank shall pay.
    #[schema(format = Date)]
    execution_date: String,
    /// What the bank knows it by (`MsgId`).
    #[schema(example = "PAYOUT-4712")]
    message_id: String,
    /// What it pays, by currency.
    totals: Vec<PaymentTotal>,
    /// Settlements of the day whose sellers have no payout account. A later file can pay them.
    left_out: Vec<LeftOut>,
    /// When it was made.
    created_at: String,
    /// Who asked for it.
    created_by: String,
}

/// What a file pays in one currency.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentTotal {
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: String,
    /// How many settlements.
    settlements: i64,
    /// How much, in major units.
    #[schema(example = "1250.00")]
    amount: String,
}

/// A settlement that is not in the file.
#[derive(Debug, Serialize, ToSchema)]
struct LeftOut {
    /// The settlement.
    settlement_id: String,
    /// Its seller.
    seller_number: String,
}

impl FromObject for NewPaymentFile {
    fn from_object(object: &mut Object) -> Option<NewPaymentFile> {
        let company_number = object.required("company_number", name(COMPANY_NUMBER_CHARS_MAX));
        let day = object.required("day", parsed(A_DAY, Date::parse));
        let execution_date = object.required("execution_date", parsed(A_DAY, Date::parse));
        Some(NewPaymentFile {
            company_number: company_number?,
            day: day?,
            execution_date: execution_date?,
        })
    }
}

impl PaymentFileFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<PaymentFileFilter> {
        Some(PaymentFileFilter { company_number: company_number(params)? })
    }
}

impl PaymentFileBody {
    /// A file as operators see it.
    pub(in crate::operator) fn of(file: &PaymentFile) -> PaymentFileBody {
        let total = |(code, (count, minor)): (&String, &(i64, i64))| {
            let amount = format_minor(*minor, Currency::parse(code)?);
            Some(PaymentTotal { currency: code.clone(), settlements: *count, amount })
        };
        let left_out = file.left_out.iter().map(|(number, seller)| LeftOut {
            settlement_id: number.to_string(),
            seller_number: seller.clone(),
        });
        PaymentFileBody {
            id: file.number.to_string(),
            company_number: file.company.clone(),
            day: file.day.to_string(),
            execution_date: file.execution_date.to_string(),
            message_id: PaymentFile::message_id(file.number),
            totals: file.totals.iter().filter_map(total).collect(),
            left_out: left_out.collect(),
            created_at: file.at.rfc3339(),
            created_by: file.actor.clone(),
        }
    }
}

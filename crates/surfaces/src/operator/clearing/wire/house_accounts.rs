//! Companies' own accounts.

use engine::queries::entries::Entry;
use ledger::money::format_minor;
use ledger::transaction::Direction;
use ledger::{Account, AccountKind, Directory};
use serde::Serialize;
use utoipa::ToSchema;

use crate::operator::wire::accounts::{TransferBody, seller_number};

/// An account of a company's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HouseAccount)]
pub(in crate::operator) struct HouseAccountBody {
    /// Its number: 13 digits.
    #[schema(example = "6180339887431")]
    account_no: String,
    /// What it is for. `settlement`: money on its way to sellers' banks. `fees`: what the company
    /// has earned.
    #[schema(example = "settlement")]
    house: &'static str,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// Everything that was credited less everything that was debited, in major units: what was paid
    /// out and did not come back, or all fees.
    #[schema(example = "900.00")]
    balance: String,
    /// When its newest row was written.
    changed_at: String,
}

/// Something that was booked on an account of a company's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HouseEntry)]
pub(in crate::operator) struct HouseEntryBody {
    /// Its position in the journal: the `transfer_id` or `fee_id` of a settlement, or the
    /// `transaction_id` of its return.
    id: String,
    /// When it was booked.
    at: String,
    /// The day for which it counts, in the company's time zone.
    #[schema(format = Date, example = "2026-11-20")]
    value_date: String,
    /// `settlement`, `fee` or `settlement-return`.
    #[schema(example = "settlement")]
    kind: &'static str,
    /// `credit`: the balance grew. `debit`: it shrank.
    #[schema(example = "credit")]
    direction: &'static str,
    /// How much moved, in major units.
    #[schema(example = "900.00")]
    amount: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// The balance right after.
    #[schema(example = "900.00")]
    running_balance: String,
    /// From which account to which.
    transfer: TransferBody,
    /// The seller who was settled with.
    seller_number: String,
    /// The source id of the transaction.
    #[schema(example = "settlement-654-SEK-2026-11-20")]
    source_transaction_id: String,
    /// The entry that came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    returned_entry_id: Option<String>,
}

impl HouseAccountBody {
    /// An account as operators see it.
    pub(in crate::operator) fn of(account: &Account) -> HouseAccountBody {
        HouseAccountBody {
            account_no: account.number().to_string(),
            house: match account.kind {
                AccountKind::House(house) => house.as_str(),
                AccountKind::Credit | AccountKind::Payable(_) => "",
            },
            currency: account.currency.code(),
            balance: format_minor(account.balance.debt.saturating_neg(), account.currency),
            changed_at: account.last_at.rfc3339(),
        }
    }
}

impl HouseEntryBody {
    /// An entry as operators see it.
    pub(in crate::operator) fn of(entry: &Entry, directory: &Directory) -> HouseEntryBody {
        let row = &entry.transaction;
        HouseEntryBody {
            id: row.id.0.to_string(),
            at: row.at.rfc3339(),
            value_date: row.value_date.to_string(),
            kind: row.kind.as_str(),
            direction: row.direction().map_or("", Direction::as_str),
            amount: format_minor(row.posted, row.currency),
            currency: row.currency.code(),
            running_balance: format_minor(row.balance.debt.saturating_neg(), row.currency),
            transfer: TransferBody::of(row),
            seller_number: seller_number(row.seller, directory),
            source_transaction_id: row.source.clone(),
            returned_entry_id: row.corrects.map(|id| id.0.to_string()),
        }
    }
}

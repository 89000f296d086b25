//! Accounts, entries and reservations.

use engine::queries::accounts::AccountView;
use engine::queries::entries::{Entry, Reservation};
use ledger::ids::Code;
use ledger::limits::{COMPANY_NUMBER_CHARS_MAX, NAME_CHARS_MAX};
use ledger::money::format_minor;
use ledger::transaction::Direction;
use ledger::{
    AccountNo, AccountStatus, Authorization, Balance, Currency, Decimal, Directory, RowId,
    SellerId, Timestamp, Transaction,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::fields::{FromObject, Object, Params, decimal, name, parsed, text};

/// An account to open.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewAccount {
    /// In whose ledger.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "100")]
    pub(in crate::operator) company_number: String,
    /// One of the company's currencies.
    #[schema(pattern = "^[A-Z]{3}$", example = "SEK")]
    pub(in crate::operator) currency: String,
    /// How much the holder may owe, in major units.
    #[schema(value_type = String, pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", example = "50000.00")]
    pub(in crate::operator) credit_limit: Decimal,
    /// The holder's name.
    #[schema(min_length = 1, max_length = 200, example = "Astrid Lind")]
    pub(in crate::operator) holder: String,
}

/// What to change of an account. What is absent stays.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct AccountChange {
    /// How much the holder may owe, in major units. It may be below what is owed.
    #[schema(value_type = Option<String>, pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$")]
    pub(in crate::operator) credit_limit: Option<Decimal>,
    /// `active`, `blocked` or `closed`. A closed account stays closed; one that has reservations
    /// cannot be closed.
    #[schema(value_type = Option<String>, pattern = "^(active|blocked|closed)$",
        example = "blocked")]
    pub(in crate::operator) status: Option<AccountStatus>,
}

/// Which accounts to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct AccountFilter {
    /// Those of this company.
    pub(in crate::operator) company_number: Option<String>,
    /// The one of this card.
    pub(in crate::operator) card_token: Option<String>,
}

/// When to look at an account.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is read from the query; this describes it")]
pub(in crate::operator) struct AsOf {
    /// Shows the account as it stood at this instant, with all that was decided then or before.
    #[param(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    as_of: Option<String>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(in crate::operator) struct AccountBody {
    /// Its number: 13 digits.
    #[schema(example = "6180339887431")]
    pub(in crate::operator) account_no: String,
    /// In whose ledger.
    pub(in crate::operator) company_number: String,
    /// Its currency.
    #[schema(example = "SEK")]
    pub(in crate::operator) currency: &'static str,
    /// The holder's name.
    pub(in crate::operator) holder: String,
    /// `active`, `blocked` or `closed`.
    #[schema(example = "active")]
    pub(in crate::operator) status: &'static str,
    /// How much the holder may owe.
    #[schema(example = "50000.00")]
    pub(in crate::operator) credit_limit: String,
    /// What the holder owes; negative is a surplus.
    #[schema(example = "300.00")]
    pub(in crate::operator) debt: String,
    /// What live authorizations hold.
    #[schema(example = "200.00")]
    pub(in crate::operator) reserved_amount: String,
    /// Limit less debt less reserved: what can still be authorized. Negative where more is owed.
    #[schema(example = "49500.00")]
    pub(in crate::operator) available_amount: String,
    /// When it was opened.
    pub(in crate::operator) opened_at: String,
    /// The instant that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operator) as_of: Option<String>,
}

/// One line of a statement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub(in crate::operator) struct EntryBody {
    /// Its position in the journal.
    id: String,
    /// When it was booked.
    at: String,
    /// The day for which it counts, in the company's time zone.
    #[schema(example = "2026-11-20")]
    value_date: String,
    /// `purchase`, `cash-withdrawal`, `reversal`, or one of these with `-correction`.
    #[schema(example = "purchase")]
    kind: &'static str,
    /// `debit`: the holder owes more. `credit`: less.
    #[schema(example = "debit")]
    direction: &'static str,
    /// How much moved.
    #[schema(example = "300.00")]
    amount: String,
    /// The account's currency.
    currency: &'static str,
    /// What the holder owed right after.
    #[schema(example = "300.00")]
    running_balance: String,
    /// From which account to which.
    transfer: TransferBody,
    /// Why it was booked.
    cause: CauseBody,
}

/// The two sides of an entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
pub(in crate::operator) struct TransferBody {
    /// The account that is debited.
    debit_account_no: String,
    /// The account that is credited.
    credit_account_no: String,
}

/// Why an entry was booked.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Cause)]
struct CauseBody {
    /// `authorization`: taken on one. `offline`: reported by a terminal that was offline.
    /// `correction`: takes back an earlier entry.
    #[schema(example = "authorization")]
    kind: &'static str,
    /// The caller's id of the transaction or correction.
    source_transaction_id: String,
    /// The authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_id: Option<String>,
    /// The caller's id of the authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_authorization_transaction_id: Option<String>,
    /// The entry that is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected_entry_id: Option<String>,
    /// The caller's id of what is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected_source_transaction_id: Option<String>,
    /// Who sold.
    seller_number: String,
    /// Where it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    point_of_sale: Option<String>,
    /// The card.
    #[serde(skip_serializing_if = "Option::is_none")]
    card_token: Option<String>,
    /// The cash part of a purchase.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal_amount: Option<String>,
    /// The seller's receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_receipt_id: Option<String>,
    /// The acquirer's batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_batch_id: Option<String>,
    /// The acquirer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_transaction_id: Option<String>,
    /// Booked although the account then owed more than its limit.
    over_limit: bool,
    /// Booked although the card or account was blocked, closed or expired.
    despite_block: bool,
}

/// An authorization that holds money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(in crate::operator) struct ReservationBody {
    /// The authorization.
    #[schema(example = "3F7K2P")]
    authorization_id: String,
    /// The caller's id of the authorization.
    source_authorization_transaction_id: String,
    /// When it was granted.
    at: String,
    /// `purchase` or `cash-withdrawal`.
    #[schema(example = "purchase")]
    kind: &'static str,
    /// How much was granted.
    amount: String,
    /// How much it still holds.
    reserved_amount: String,
    /// The account's currency.
    currency: &'static str,
    /// The last day on which it can be used, in the company's time zone.
    valid_to: String,
    /// The end of that day.
    expires_at: String,
    /// Who sells.
    seller_number: String,
    /// Where it happened.
    point_of_sale: String,
    /// The card.
    #[serde(skip_serializing_if = "Option::is_none")]
    card_token: Option<String>,
}

impl FromObject for NewAccount {
    fn from_object(object: &mut Object) -> Option<NewAccount> {
        let company_number = object.required("company_number", name(COMPANY_NUMBER_CHARS_MAX));
        let code = |code: &str| Currency::parse(code).map(|currency| currency.code().to_owned());
        let currency = object.required("currency", parsed("an ISO 4217 code", code));
        let credit_limit = object.required("credit_limit", decimal);
        let holder = object.required("holder", text(NAME_CHARS_MAX));
        Some(NewAccount {
            company_number: company_number?,
            currency: currency?,
            credit_limit: credit_limit?,
            holder: holder?,
        })
    }
}

impl FromObject for AccountChange {
    fn from_object(object: &mut Object) -> Option<AccountChange> {
        let credit_limit = object.optional("credit_limit", decimal);
        let status = parsed("active, blocked or closed", AccountStatus::parse);
        let status = object.optional("status", status);
        Some(AccountChange { credit_limit: credit_limit?, status: status? })
    }
}

impl AccountFilter {
    /// Takes the filter's parameters. `None` where one is wrong.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<AccountFilter> {
        let any = |text: &str| Some(text.to_owned());
        let company_number = params.optional("company_number", "a company's number", any);
        let card_token = params.optional("card_token", "a card's token", any);
        Some(AccountFilter { company_number: company_number?, card_token: card_token? })
    }
}

impl AccountBody {
    /// An account as clients see it, now or at an instant.
    pub(in crate::operator) fn of(
        view: &AccountView,
        directory: &Directory,
        as_of: Option<Timestamp>,
    ) -> AccountBody {
        let account = &view.account;
        let body = AccountBody {
            account_no: account.number().to_string(),
            company_number: directory
                .company_by_id(account.company)
                .map_or_else(String::new, |company| company.number.clone()),
            currency: account.currency.code(),
            holder: account.holder.clone(),
            status: account.status.as_str(),
            credit_limit: String::new(),
            debt: String::new(),
            reserved_amount: String::new(),
            available_amount: String::new(),
            opened_at: view.opened_at.rfc3339(),
            as_of: as_of.map(Timestamp::rfc3339),
        };
        let (limit, balance) = (account.credit_limit, account.balance);
        body.with_balance(account.currency, limit, balance, account.available())
    }

    /// Fills in the amounts, which are minor units here.
    #[must_use]
    pub(in crate::operator) fn with_balance(
        self,
        currency: Currency,
        credit_limit: i64,
        balance: Balance,
        available: i64,
    ) -> AccountBody {
        AccountBody {
            credit_limit: format_minor(credit_limit, currency),
            debt: format_minor(balance.debt, currency),
            reserved_amount: format_minor(balance.reserved, currency),
            available_amount: format_minor(available, currency),
            ..self
        }
    }
}

impl EntryBody {
    /// An entry as clients see it.
    pub(in crate::operator) fn of(entry: Entry, directory: &Directory) -> EntryBody {
        let row = &entry.transaction;
        EntryBody {
            id: row.id.0.to_string(),
            at: row.at.rfc3339(),
            value_date: row.value_date.to_string(),
            kind: row.kind.as_str(),
            direction: row.direction().map_or("", Direction::as_str),
            amount: format_minor(row.posted, row.currency),
            currency: row.currency.code(),
            running_balance: format_minor(row.balance.debt, row.currency),
            transfer: TransferBody::of(row),
            cause: cause(entry, directory),
        }
    }
}

impl TransferBody {
    /// The two sides of a transaction.
    pub(in crate::operator) fn of(row: &Transaction) -> TransferBody {
        let (debit, credit) = row.debit_and_credit();
        TransferBody {
            debit_account_no: AccountNo::of(debit).to_string(),
            credit_account_no: AccountNo::of(credit).to_string(),
        }
    }
}

fn cause(entry: Entry, directory: &Directory) -> CauseBody {
    let Entry { transaction: row, authorization, corrected, card } = entry;
    let Transaction { references, .. } = row;
    CauseBody {
        kind: match (&corrected, &authorization) {
            (Some(_), _) => "correction",
            (None, Some(_)) => "authorization",
            (None, None) => "offline",
        },
        source_transaction_id: row.source,
        authorization_id: row.authorization.map(|id| Code::of(RowId(id.0)).as_str().to_owned()),
        point_of_sale: row
            .point_of_sale
            .or_else(|| authorization.as_ref().map(|row| row.point_of_sale.clone())),
        source_authorization_transaction_id: authorization.map(|row| row.source),
        corrected_entry_id: corrected.as_ref().map(|row| row.id.0.to_string()),
        corrected_source_transaction_id: corrected.map(|row| row.source),
        seller_number: seller_number(row.seller, directory),
        card_token: card.map(|card| card.token.as_str().to_owned()),
        withdrawal_amount: row.withdrawal.map(|part| format_minor(part, row.currency)),
        seller_receipt_id: row.receipt,
        acquirer_batch_id: references.batch,
        acquirer_transaction_id: references.transaction,
        over_limit: row.over_limit,
        despite_block: row.despite_block,
    }
}

impl ReservationBody {
    /// A reservation as clients see it.
    pub(in crate::operator) fn of(
        reservation: Reservation,
        directory: &Directory,
    ) -> ReservationBody {
        let Reservation { authorization, card } = reservation;
        let reserved = authorization.reserved();
        let code = authorization.code();
        let Authorization { currency, .. } = authorization;
        ReservationBody {
            authorization_id: code.as_str().to_owned(),
            source_authorization_transaction_id: authorization.source,
            at: authorization.at.rfc3339(),
            kind: authorization.kind.as_str(),
            amount: format_minor(authorization.amount, currency),
            reserved_amount: format_minor(reserved, currency),
            currency: currency.code(),
            valid_to: authorization.valid_to.to_string(),
            expires_at: authorization.expires_at.rfc3339(),
            seller_number: seller_number(authorization.seller, directory),
            point_of_sale: authorization.point_of_sale,
            card_token: card.map(|card| card.token.as_str().to_owned()),
        }
    }
}

/// What requests call a seller.
pub(in crate::operator) fn seller_number(id: SellerId, directory: &Directory) -> String {
    directory.seller_by_id(id).map_or_else(String::new, |seller| seller.number.clone())
}

//! Offline transactions.

use estate::limits::{OFFLINE_ID_CHARS_MAX, OFFLINE_ITEMS_MAX};
use estate::offline::{EntryMode, OfflineItem, OfflineOutcome, OfflineRefusal};
use ledger::limits::REFERENCE_CHARS_MAX;
use ledger::{CardToken, Currency, Refusal, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, decimal, name, parsed, text, timestamp};

/// Before it no device of ours was made: 2000-01-01T00:00:00Z.
const ACCEPTED_AT_MIN: Timestamp = Timestamp(946_684_800_000);

/// What a terminal has accepted offline.
#[derive(Debug, ToSchema)]
pub(in crate::device) struct OfflineUpload {
    /// All that it had stored, in the order in which it was accepted.
    #[schema(value_type = Vec<OfflineTransaction>, min_items = 1, max_items = 200)]
    pub(in crate::device) transactions: Vec<Uploaded>,
}

/// A purchase that was read from an upload.
#[derive(Debug)]
pub(in crate::device) struct Uploaded(pub(in crate::device) OfflineItem);

/// A purchase that was accepted offline.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read as an item of the command; this describes it")]
struct OfflineTransaction {
    /// The device's own id of it, never used twice by one terminal.
    #[schema(max_length = 32, pattern = "^[A-Za-z0-9_-]+$", example = "000017")]
    id: String,
    /// The card.
    #[schema(max_length = 64, pattern = "^[!-~]+$", example = "5646735165")]
    card_token: String,
    /// The amount, in major units.
    #[schema(pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", example = "99.50")]
    amount: String,
    /// Its currency.
    #[schema(pattern = "^[A-Z]{3}$", example = "SEK")]
    currency: String,
    /// `chip`, `contactless`, `magnetic_stripe` or `manual`.
    #[schema(pattern = "^(chip|contactless|magnetic_stripe|manual)$", example = "chip")]
    entry_mode: String,
    /// When the device accepted it, by its own clock; at most a day ahead of the server's.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    accepted_at: String,
    /// The number on the receipt.
    #[schema(max_length = 50)]
    receipt: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::device) struct OfflineAnswer {
    /// One for each that was uploaded, in the same order.
    transactions: Vec<OfflineResult>,
}

/// What became of one transaction.
#[derive(Debug, Serialize, ToSchema)]
struct OfflineResult {
    /// The device's own id of it.
    id: String,
    /// `posted` or `refused`.
    #[schema(example = "posted")]
    status: &'static str,
    /// Its position in the journal, where it is booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    /// Why it is not booked, in one word that does not change. `not_allowed`, `entry_mode`,
    /// `currency`, `amount_exceeded`, `count_exceeded` and `total_exceeded` are limits of the
    /// terminal's configuration; the others are the ledger's.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Whether it had been booked before.
    replayed: bool,
}

impl FromObject for OfflineUpload {
    fn from_object(object: &mut Object) -> Option<OfflineUpload> {
        let transactions = object.required_list("transactions", 1..=OFFLINE_ITEMS_MAX);
        Some(OfflineUpload { transactions: transactions? })
    }
}

impl FromObject for Uploaded {
    fn from_object(object: &mut Object) -> Option<Uploaded> {
        let id = object.required("id", name(OFFLINE_ID_CHARS_MAX));
        let card = parsed("1 to 64 visible characters", CardToken::parse);
        let card = object.required("card_token", card);
        let amount = object.required("amount", decimal);
        let currency = object.required("currency", parsed("an ISO 4217 code", Currency::parse));
        let modes = "chip, contactless, magnetic_stripe or manual";
        let entry_mode = object.required("entry_mode", parsed(modes, EntryMode::parse));
        let accepted_at = object.required("accepted_at", |value| {
            let at = timestamp(value)?;
            let is_old = at < ACCEPTED_AT_MIN;
            if is_old { Err("must not be before the year 2000".to_owned()) } else { Ok(at) }
        });
        let receipt = object.optional("receipt", text(REFERENCE_CHARS_MAX));
        Some(Uploaded(OfflineItem {
            id: id?,
            card: card?,
            amount: amount?,
            currency: currency?,
            entry_mode: entry_mode?,
            accepted_at: accepted_at?,
            receipt: receipt?,
        }))
    }
}

impl OfflineAnswer {
    /// The outcomes of the transactions with these ids.
    pub(in crate::device) fn of(ids: Vec<String>, outcomes: &[OfflineOutcome]) -> OfflineAnswer {
        let results = ids.into_iter().zip(outcomes);
        OfflineAnswer { transactions: results.map(|(id, outcome)| result(id, outcome)).collect() }
    }
}

fn result(id: String, outcome: &OfflineOutcome) -> OfflineResult {
    match outcome {
        OfflineOutcome::Posted { transaction, replayed } => OfflineResult {
            id,
            status: "posted",
            transaction_id: Some(transaction.0.to_string()),
            reason: None,
            replayed: *replayed,
        },
        OfflineOutcome::Refused(refusal) => OfflineResult {
            id,
            status: "refused",
            transaction_id: None,
            reason: Some(reason(refusal)),
            replayed: false,
        },
    }
}

fn reason(refusal: &OfflineRefusal) -> &'static str {
    match refusal {
        OfflineRefusal::NotAllowed => "not_allowed",
        OfflineRefusal::CountExceeded => "count_exceeded",
        OfflineRefusal::TotalExceeded => "total_exceeded",
        OfflineRefusal::AmountExceeded => "amount_exceeded",
        OfflineRefusal::EntryMode => "entry_mode",
        OfflineRefusal::Currency => "currency",
        OfflineRefusal::Ledger(refusal) => ledger_reason(*refusal),
    }
}

/// The ledger's reasons. Those that an offline purchase cannot meet have a word too.
fn ledger_reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Amount(_) | Refusal::WithdrawalAmount(_) => "amount_invalid",
        Refusal::CardNotFound => "card_unknown",
        Refusal::CurrencyNotSupported => "currency_not_supported",
        Refusal::SellerNotRegistered => "seller_not_registered",
        Refusal::CompanyNotConfigured | Refusal::CompanyIncomplete => "company_not_configured",
        Refusal::DuplicateTransaction(_) => "id_used_before",
        Refusal::BalanceOutOfRange => "balance_out_of_range",
        Refusal::ValidTo
        | Refusal::AccountNotFound
        | Refusal::AuthorizationNotFound
        | Refusal::TransactionNotFound(_)
        | Refusal::Declined { .. }
        | Refusal::DuplicateAuthorization
        | Refusal::DuplicateCorrection
        | Refusal::DuplicateSettlement
        | Refusal::SettlementNotFound
        | Refusal::SettlementReturned
        | Refusal::AuthorizationTypeMismatch
        | Refusal::AuthorizationCancelled
        | Refusal::AuthorizationUsedUp
        | Refusal::AuthorizationExpired
        | Refusal::InsufficientDebitedAmount { .. }
        | Refusal::IdempotencyKeyReused
        | Refusal::NameTaken
        | Refusal::NotFound
        | Refusal::StateConflict => "not_possible",
    }
}

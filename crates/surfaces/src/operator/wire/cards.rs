//! Cards.

use engine::queries::accounts::CardView;
use ledger::{AccountNo, CardExpiry, CardStatus, Directory};
use payments::CardNumber;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, parsed, string};

/// A card to add.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewCard {
    /// Its number: 12 to 19 digits that pass the Luhn check. Kept only as first six, last four and
    /// a keyed hash; never shown or logged.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{12,19}$", write_only)]
    pub(in crate::operator) pan: Option<CardNumber>,
    /// The last month in which it is good.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$",
        example = "2029-12")]
    pub(in crate::operator) expiry: Option<CardExpiry>,
}

/// What to change of a card.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct CardChange {
    /// `active` or `blocked`.
    #[schema(value_type = String, pattern = "^(active|blocked)$", example = "blocked")]
    pub(in crate::operator) status: CardStatus,
}

/// A card.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Card)]
pub(in crate::operator) struct CardBody {
    /// What requests send.
    #[schema(example = "6f1f64fd-8c92-4e23-9f7e-0c2b1b7c8a55")]
    pub(in crate::operator) card_token: String,
    /// The account it draws on.
    pub(in crate::operator) account_no: String,
    /// In whose ledger.
    pub(in crate::operator) company_number: String,
    /// `active` or `blocked`.
    #[schema(example = "active")]
    pub(in crate::operator) status: &'static str,
    /// The number's first six digits, where a number was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "411111")]
    pub(in crate::operator) bin: Option<String>,
    /// The number's last four digits, where a number was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1111")]
    pub(in crate::operator) last4: Option<String>,
    /// The last month in which it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2029-12")]
    pub(in crate::operator) expiry: Option<String>,
    /// When it was added.
    pub(in crate::operator) added_at: String,
}

impl FromObject for NewCard {
    fn from_object(object: &mut Object) -> Option<NewCard> {
        let pan = object.optional("pan", |value| {
            let number = CardNumber::parse(string(value)?);
            number.ok_or_else(|| "must be a card number: 12 to 19 digits, Luhn".to_owned())
        });
        let expiry = object.optional("expiry", parsed("a month, like 2029-12", CardExpiry::parse));
        Some(NewCard { pan: pan?, expiry: expiry? })
    }
}

impl FromObject for CardChange {
    fn from_object(object: &mut Object) -> Option<CardChange> {
        let status = object.required("status", parsed("active or blocked", CardStatus::parse));
        Some(CardChange { status: status? })
    }
}

impl CardBody {
    /// A card as clients see it.
    pub(in crate::operator) fn of(view: &CardView, directory: &Directory) -> CardBody {
        let card = &view.card;
        CardBody {
            card_token: card.token.as_str().to_owned(),
            account_no: AccountNo::of(card.account).to_string(),
            company_number: directory
                .company_by_id(card.company)
                .map_or_else(String::new, |company| company.number.clone()),
            status: card.status.as_str(),
            bin: card.pan.as_ref().map(|pan| pan.bin.clone()),
            last4: card.pan.as_ref().map(|pan| pan.last4.clone()),
            expiry: card.expiry.map(|expiry| expiry.to_string()),
            added_at: view.added_at.rfc3339(),
        }
    }
}

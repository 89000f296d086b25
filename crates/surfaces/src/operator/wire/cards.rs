//! Cards.

use engine::queries::accounts::CardView;
use ledger::{AccountNo, CardExpiry, CardStatus, Directory, MaskedPan, PanFingerprint};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::Secrets;
use crate::http::fields::{FromObject, Object, parsed, string};

/// A card to add.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewCard {
    /// Its number: 12 to 19 digits that pass the Luhn check. Kept only as first six, last four and
    /// a keyed hash; never shown or logged.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{12,19}$", write_only)]
    pub(in crate::operator) pan: Option<Pan>,
    /// The last month in which it is good.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$",
        example = "2029-12")]
    pub(in crate::operator) expiry: Option<CardExpiry>,
}

/// A card number on its way to being forgotten: overwritten when dropped, and never shown.
pub(in crate::operator) struct Pan {
    number: Zeroizing<String>,
    masked: MaskedPan,
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

impl Pan {
    /// What may be kept of it.
    pub(in crate::operator) fn masked_and_hashed(
        self,
        secrets: &Secrets,
    ) -> (MaskedPan, PanFingerprint) {
        let fingerprint = secrets.pan_fingerprint(&self.number);
        (self.masked, fingerprint)
    }
}

impl std::fmt::Debug for Pan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pan(hidden)")
    }
}

impl FromObject for NewCard {
    fn from_object(object: &mut Object) -> Option<NewCard> {
        let pan = object.optional("pan", |value| {
            let number = Zeroizing::new(string(value)?);
            let masked = MaskedPan::of(&number);
            let masked = masked.ok_or("must be a card number: 12 to 19 digits, Luhn")?;
            Ok(Pan { number, masked })
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

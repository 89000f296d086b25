//! Accounts at banks.

use clearing::payout_account::{AccountOwner, BankAccount};
use formats::limits::PAIN_NAME_CHARS_MAX;
use formats::pain001::{is_bic, is_iban};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, parsed, text};

/// Longest IBAN as people write it, with spaces, in characters.
const IBAN_WRITTEN_CHARS_MAX: usize = 64;

/// An account to set.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewPayoutAccount {
    /// Who has it, as the bank knows it.
    #[schema(min_length = 1, max_length = 70, example = "Corner shop AB")]
    holder: String,
    /// The account; spaces are left out.
    #[schema(example = "SE45 5000 0000 0583 9825 7466")]
    iban: String,
    /// The bank, where it is needed.
    #[schema(example = "ESSESESS")]
    bic: Option<String>,
}

/// An account at a bank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutAccount)]
pub(in crate::operator) struct PayoutAccountBody {
    /// Whose company.
    company_number: String,
    /// The seller who is paid there; absent on the account that the company pays from.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    /// Who has it.
    holder: String,
    /// The account, without spaces.
    #[schema(example = "SE4550000000058398257466")]
    iban: String,
    /// The bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    bic: Option<String>,
}

impl FromObject for NewPayoutAccount {
    fn from_object(object: &mut Object) -> Option<NewPayoutAccount> {
        let holder = object.required("holder", text(PAIN_NAME_CHARS_MAX));
        let iban = object.required("iban", parsed("an IBAN with right check digits", iban));
        let bic = object.optional("bic", parsed("a BIC of 8 or 11 characters", bic));
        Some(NewPayoutAccount { holder: holder?, iban: iban?, bic: bic? })
    }
}

impl NewPayoutAccount {
    /// The account.
    pub(in crate::operator) fn account(self) -> BankAccount {
        let NewPayoutAccount { holder, iban, bic } = self;
        BankAccount { holder, iban, bic }
    }
}

impl PayoutAccountBody {
    /// An account as operators see it.
    pub(in crate::operator) fn of(
        owner: &AccountOwner,
        account: &BankAccount,
    ) -> PayoutAccountBody {
        PayoutAccountBody {
            company_number: owner.company.clone(),
            seller_number: owner.seller.clone(),
            holder: account.holder.clone(),
            iban: account.iban.clone(),
            bic: account.bic.clone(),
        }
    }
}

/// People write IBANs in groups, and not always in capitals.
fn iban(text: &str) -> Option<String> {
    if text.chars().count() > IBAN_WRITTEN_CHARS_MAX {
        return None;
    }
    let plain: String = text.chars().filter(|char| *char != ' ').collect();
    Some(plain.to_ascii_uppercase()).filter(|plain| is_iban(plain))
}

fn bic(text: &str) -> Option<String> {
    Some(text.to_ascii_uppercase()).filter(|text| is_bic(text))
}

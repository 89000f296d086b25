//! Credentials.

use ledger::limits::{COMPANY_NUMBER_CHARS_MAX, NAME_CHARS_MAX, SELLER_NUMBER_CHARS_MAX};
use ledger::{Contract, Credential, Scope, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, name, parsed, text, timestamp};

/// A credential to issue.
#[derive(Debug)]
pub(in crate::operator) struct NewCredential {
    /// What it may reach.
    pub(in crate::operator) reach: Reach,
    /// For people, and for the journal.
    pub(in crate::operator) label: String,
    /// When it stops being good. Never when absent.
    pub(in crate::operator) expires_at: Option<Timestamp>,
}

/// A credential to issue, as it is written.
#[derive(Debug, ToSchema)]
#[schema(as = NewCredential)]
#[expect(dead_code, reason = "it is read as `NewCredential`; this describes it")]
pub(in crate::operator) struct NewCredentialBody {
    /// `card_ledger` or `operator`. The contracts `access`, `terminals`, `aapay` and `payments` are
    /// not built yet: 501.
    #[schema(
        pattern = "^(access|terminals|aapay|card_ledger|payments|operator)$",
        example = "card_ledger"
    )]
    contract: String,
    /// For people, and for the journal.
    #[schema(min_length = 1, max_length = 200, example = "acquirer A, test")]
    label: String,
    /// When it stops being good. Never when absent.
    #[schema(format = DateTime, example = "2027-11-20T00:00:00.000Z")]
    expires_at: Option<String>,
    /// The company it may act for. Required for `card_ledger`.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "100")]
    company_number: Option<String>,
    /// The only seller it may act for.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "654")]
    seller_number: Option<String>,
    /// Customers are not built yet: 501.
    customer_id: Option<i64>,
}

/// What a new credential shall reach.
#[derive(Debug)]
pub(in crate::operator) enum Reach {
    /// A contract that is there.
    Built {
        /// Which.
        contract: Contract,
        /// How far.
        scope: Scope,
    },
    /// Something that is documented and not there yet.
    NotBuilt(&'static str),
}

/// A credential, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub(in crate::operator) struct CredentialBody {
    /// Names it.
    id: String,
    /// Where it is good: `card_ledger` or `operator`.
    #[schema(example = "card_ledger")]
    contract: &'static str,
    /// For people, and for the journal.
    label: String,
    /// The only company it may act for.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_number: Option<String>,
    /// The only seller it may act for.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    /// When it was issued.
    created_at: String,
    /// When it stops being good.
    expires_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
    /// When it was last used, to the minute or so.
    last_used_at: Option<String>,
}

/// A new credential with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedCredential)]
pub(in crate::operator) struct IssuedCredentialBody {
    /// What the caller sends as its bearer token. Shown only now.
    pub(in crate::operator) secret: String,
    /// The credential.
    #[serde(flatten)]
    pub(in crate::operator) credential: CredentialBody,
}

/// The contracts of a credential, built or not.
enum Named {
    Built(Contract),
    NotBuilt(&'static str),
}

impl FromObject for NewCredential {
    fn from_object(object: &mut Object) -> Option<NewCredential> {
        let label = object.required("label", text(NAME_CHARS_MAX));
        let expires_at = object.optional("expires_at", timestamp);
        let reach = reach(object);
        Some(NewCredential { reach: reach?, label: label?, expires_at: expires_at? })
    }
}

fn reach(object: &mut Object) -> Option<Reach> {
    let named = object.required("contract", parsed(CONTRACTS, named));
    let customer = object.optional("customer_id", |value: Value| {
        value.as_i64().ok_or_else(|| "must be a whole number".to_owned())
    });
    let company = object.optional("company_number", name(COMPANY_NUMBER_CHARS_MAX));
    let seller = object.optional("seller_number", name(SELLER_NUMBER_CHARS_MAX));
    let (named, customer, company, seller) = (named?, customer?, company?, seller?);
    if customer.is_some() {
        return Some(Reach::NotBuilt("customers"));
    }
    match named {
        Named::NotBuilt(contract) => Some(Reach::NotBuilt(contract)),
        Named::Built(contract @ Contract::CardLedger) => {
            if company.is_none() {
                object.refuse("company_number", "is required for card_ledger");
            }
            Some(Reach::Built { contract, scope: Scope::Company { number: company?, seller } })
        }
        Named::Built(Contract::Access | Contract::Terminals) => Some(Reach::NotBuilt("customers")),
        Named::Built(contract @ Contract::Operator) => {
            if company.is_some() {
                object.refuse("company_number", "does not go with operator");
            }
            if seller.is_some() {
                object.refuse("seller_number", "does not go with operator");
            }
            Some(Reach::Built { contract, scope: Scope::Installation })
        }
    }
}

/// What a contract may be called.
const CONTRACTS: &str = "access, terminals, aapay, card_ledger, payments or operator";

fn named(word: &str) -> Option<Named> {
    match word {
        "access" => Some(Named::NotBuilt("access contract")),
        "terminals" => Some(Named::NotBuilt("terminals contract")),
        "aapay" => Some(Named::NotBuilt("aapay contract")),
        "payments" => Some(Named::NotBuilt("payments contract")),
        built => Contract::parse(built).map(Named::Built),
    }
}

impl CredentialBody {
    /// A credential as clients see it.
    pub(in crate::operator) fn of(
        credential: &Credential,
        last_used_at: Option<Timestamp>,
    ) -> CredentialBody {
        let (company, seller) = match &credential.scope {
            Scope::Installation | Scope::Customer(_) => (None, None),
            Scope::Company { number, seller } => (Some(number.clone()), seller.clone()),
        };
        CredentialBody {
            id: credential.id.0.to_string(),
            contract: credential.contract.as_str(),
            label: credential.label.clone(),
            company_number: company,
            seller_number: seller,
            created_at: credential.created_at.rfc3339(),
            expires_at: credential.expires_at.map(Timestamp::rfc3339),
            revoked_at: credential.revoked_at.map(Timestamp::rfc3339),
            last_used_at: last_used_at.map(Timestamp::rfc3339),
        }
    }
}

//! Credentials.

use ledger::limits::{COMPANY_NUMBER_CHARS_MAX, NAME_CHARS_MAX, SELLER_NUMBER_CHARS_MAX};
use ledger::{Contract, Credential, Scope, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, name, parsed, text, timestamp, whole};

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
    /// `access`, `terminals`, `aapay`, `card_ledger`, `payments` or `operator`.
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
    /// The company it may act for. `card_ledger` needs this or `customer_id`.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "100")]
    company_number: Option<String>,
    /// The only seller it may act for.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "654")]
    seller_number: Option<String>,
    /// The customer it may act for, with all below it. Required for `access`, `terminals`
    /// and `aapay`. For `card_ledger` it is a merchant, and stands for its company and seller.
    #[schema(minimum = 1, example = 1)]
    customer_id: Option<i64>,
}

/// What a new credential shall reach.
#[derive(Debug)]
pub(in crate::operator) enum Reach {
    /// A contract that is there, as far as the request says.
    Built {
        /// Which.
        contract: Contract,
        /// How far.
        scope: Scope,
    },
    /// The card ledger, for a merchant.
    Merchant(i64),
}

/// A credential, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub(in crate::operator) struct CredentialBody {
    /// Names it.
    id: String,
    /// Where it is good: `access`, `terminals`, `aapay`, `card_ledger` or `operator`.
    #[schema(example = "card_ledger")]
    contract: &'static str,
    /// For people, and for the journal.
    label: String,
    /// What an application of the Terminals contract sends as its `App-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "48151623")]
    app_id: Option<String>,
    /// The key of a consumer of alternative payments, which it sends with its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "48151623")]
    consumer_key: Option<String>,
    /// The only company it may act for.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_number: Option<String>,
    /// The only seller it may act for.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    /// The customer it may act for, with all below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<i64>,
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
    /// What the caller sends: a bearer token, or the API key of Access. Shown only now.
    secret: String,
    /// The same, under the name that the Terminals contract has for it: the `App-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_token: Option<String>,
    /// The same, under the name that alternative payments have for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_secret: Option<String>,
    /// The credential.
    #[serde(flatten)]
    credential: CredentialBody,
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
    let contract = object.required("contract", parsed(CONTRACTS, Contract::parse));
    let customer = object.optional("customer_id", whole(1, i64::MAX));
    let company = object.optional("company_number", name(COMPANY_NUMBER_CHARS_MAX));
    let seller = object.optional("seller_number", name(SELLER_NUMBER_CHARS_MAX));
    let (contract, customer, company, seller) = (contract?, customer?, company?, seller?);
    let mut refuse = |wrong: bool, field: &str, detail: &str| {
        if wrong {
            object.refuse(field, &format!("{detail} {}", contract.as_str()));
        }
    };
    let not_with = "does not go with";
    match contract {
        Contract::CardLedger => {
            let Some(customer) = customer else {
                refuse(company.is_none(), "company_number", "or customer_id is required for");
                let scope = Scope::Company { number: company?, seller };
                return Some(Reach::Built { contract, scope });
            };
            refuse(company.is_some(), "company_number", "beside customer_id does not go with");
            refuse(seller.is_some(), "seller_number", "beside customer_id does not go with");
            Some(Reach::Merchant(customer))
        }
        Contract::Access | Contract::Terminals | Contract::Aapay | Contract::Payments => {
            refuse(company.is_some(), "company_number", not_with);
            refuse(seller.is_some(), "seller_number", not_with);
            refuse(customer.is_none(), "customer_id", "is required for");
            Some(Reach::Built { contract, scope: Scope::Customer(customer?) })
        }
        Contract::Operator => {
            refuse(company.is_some(), "company_number", not_with);
            refuse(seller.is_some(), "seller_number", not_with);
            refuse(customer.is_some(), "customer_id", not_with);
            Some(Reach::Built { contract, scope: Scope::Installation })
        }
    }
}

/// What a contract may be called.
const CONTRACTS: &str = "access, terminals, aapay, card_ledger, payments or operator";

impl IssuedCredentialBody {
    /// A credential as clients see it this once.
    pub(in crate::operator) fn of(credential: &Credential, secret: String) -> IssuedCredentialBody {
        let app_token = (credential.contract == Contract::Terminals).then(|| secret.clone());
        let consumer_secret = (credential.contract == Contract::Aapay).then(|| secret.clone());
        let credential = CredentialBody::of(credential, None);
        IssuedCredentialBody { secret, app_token, consumer_secret, credential }
    }
}

impl CredentialBody {
    /// A credential as clients see it.
    pub(in crate::operator) fn of(
        credential: &Credential,
        last_used_at: Option<Timestamp>,
    ) -> CredentialBody {
        let (company, seller, customer) = match &credential.scope {
            Scope::Installation => (None, None, None),
            Scope::Company { number, seller } => (Some(number.clone()), seller.clone(), None),
            Scope::Customer(customer) => (None, None, Some(*customer)),
        };
        let login_of = |contract| {
            let login = credential.login.as_ref();
            login.filter(|_| credential.contract == contract).cloned()
        };
        CredentialBody {
            id: credential.id.0.to_string(),
            contract: credential.contract.as_str(),
            label: credential.label.clone(),
            app_id: login_of(Contract::Terminals),
            consumer_key: login_of(Contract::Aapay),
            company_number: company,
            seller_number: seller,
            customer_id: customer,
            created_at: credential.created_at.rfc3339(),
            expires_at: credential.expires_at.map(Timestamp::rfc3339),
            revoked_at: credential.revoked_at.map(Timestamp::rfc3339),
            last_used_at: last_used_at.map(Timestamp::rfc3339),
        }
    }
}

//! Who calls, and for which merchant: a bearer token, and the entity that a request names.

use std::sync::Arc;

use axum::http::HeaderMap;
use estate::Customer;
use ledger::ids::Hasher;
use ledger::{Contract, Credential, Directory, Scope};
use payments::{MerchantName, ResultCode};

use super::form::Form;
use super::problem::Problem;
use crate::Platform;
use crate::http::callers::{CallerError, bearer};

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    credential: Arc<Credential>,
    /// The customer that the token may act for, with all below it.
    root: i64,
}

/// The merchant for which something is asked.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    /// As payments know it.
    pub(super) name: MerchantName,
    /// As this contract knows it: 32 lower-case hexadecimal digits.
    pub(super) id: String,
}

impl Caller {
    /// # Errors
    /// 401 without a bearer token, 403 with one that is not good.
    pub(super) fn of(platform: &Platform, headers: &HeaderMap) -> Result<Caller, Problem> {
        let credential = bearer(platform, Contract::Payments, headers);
        let credential = credential.map_err(|error| match error {
            CallerError::Missing => Problem::no_credentials(),
            CallerError::Unknown | CallerError::Expired => {
                Problem::of(ResultCode::NOT_AUTHENTICATED)
            }
        })?;
        match credential.scope {
            Scope::Customer(root) => Ok(Caller { credential, root }),
            Scope::Installation | Scope::Company { .. } => {
                Err(Problem::of(ResultCode::NOT_AUTHENTICATED))
            }
        }
    }

    /// What the journal calls it.
    pub(super) fn actor(&self) -> String {
        self.credential.label.clone()
    }

    /// The merchant that a request names (`entityId`), or the only one that the token is for.
    ///
    /// # Errors
    /// 400 where none is named and the token is for many; 403, the same for one that is unknown and
    /// for one that the caller may not act for.
    pub(super) fn entity(&self, directory: &Directory, form: &Form) -> Result<Entity, Problem> {
        let customer = match form.text("entityId") {
            Some(id) => {
                let found = directory.document_named(&Customer::entity_name(id));
                let found = found.and_then(|found| Customer::of(found));
                found.filter(|it| Customer::is_within(directory, self.root, it.number))
            }
            None if form.has("entityId") => return Err(no_entity("is not text")),
            None => {
                let found = Customer::find(directory, self.root);
                let merchant = found.filter(|customer| customer.merchant.is_some());
                Some(merchant.ok_or_else(|| no_entity("is required with this token"))?)
            }
        };
        let entity = customer.and_then(Entity::of);
        entity.ok_or_else(|| Problem::of(ResultCode::NO_RIGHTS))
    }

    /// A hasher that begins with the customer that the caller acts for.
    pub(super) fn hasher(&self, purpose: &str) -> Hasher {
        Hasher::new(purpose).number(self.root)
    }
}

impl Entity {
    /// A customer as a merchant. `None` where it is none.
    pub(super) fn of(customer: Customer) -> Option<Entity> {
        let merchant = customer.merchant?;
        let name = MerchantName {
            customer: customer.number,
            merchant_id: merchant.merchant_id,
            company: merchant.company_number,
            seller: merchant.seller_number,
        };
        Some(Entity { name, id: merchant.entity_id })
    }
}

fn no_entity(message: &str) -> Problem {
    Problem::parameter("entityId", message, ResultCode::BAD_PARAMETER)
}

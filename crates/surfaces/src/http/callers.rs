//! Who calls: from a bearer token to the credential that it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use ledger::{Contract, Credential, CredentialId, Timestamp};

use crate::http::platform::Platform;
use crate::http::secrets::secret_hash;

/// How old a noted use may be before the next one is noted, in milliseconds.
const USE_RESOLUTION_MS: i64 = 60_000;

/// Why a caller is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerError {
    /// No `Authorization` header, or not a bearer token.
    Missing,
    /// No such credential, one of another contract, or a revoked one.
    Unknown,
    /// Its time is over.
    Expired,
}

/// The last use of each credential, until it is reported to the engine.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<CredentialId, Noted>>);

#[derive(Clone, Copy, Debug)]
struct Noted {
    at: Timestamp,
    is_reported: bool,
}

/// Finds the credential of `contract` that a request's bearer token is.
///
/// # Errors
/// [`CallerError`].
pub fn bearer(
    platform: &Platform,
    contract: Contract,
    headers: &HeaderMap,
) -> Result<Arc<Credential>, CallerError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|h| h.split_once(' ')).ok_or(CallerError::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(CallerError::Missing);
    }
    credential(platform, contract, token.trim())
}

/// Finds the credential of Access that a request's `Authorization: apikey KEY` is.
///
/// # Errors
/// [`CallerError`].
pub fn api_key(platform: &Platform, headers: &HeaderMap) -> Result<Arc<Credential>, CallerError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, key) = header.and_then(|h| h.split_once(' ')).ok_or(CallerError::Missing)?;
    if !scheme.eq_ignore_ascii_case("apikey") || key.trim().is_empty() {
        return Err(CallerError::Missing);
    }
    credential(platform, Contract::Access, key.trim())
}

/// Finds the credential of the Terminals contract that a request's `App-Id` and `App-Token` are
/// together.
///
/// # Errors
/// [`CallerError`].
pub fn application(
    platform: &Platform,
    headers: &HeaderMap,
) -> Result<Arc<Credential>, CallerError> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (id, token) = (header("app-id"), header("app-token"));
    let (id, token) = id.zip(token).ok_or(CallerError::Missing)?;
    let found = credential(platform, Contract::Terminals, token)?;
    let is_its = found.login.as_deref() == Some(id);
    if is_its { Ok(found) } else { Err(CallerError::Unknown) }
}

/// Finds the credential of `contract` whose secret this is.
///
/// The secret is compared as a hash, looked up whole: how long that takes says nothing about how
/// much of the secret is right.
///
/// # Errors
/// [`CallerError`].
pub fn credential(
    platform: &Platform,
    contract: Contract,
    secret: &str,
) -> Result<Arc<Credential>, CallerError> {
    let directory = platform.engine.directory();
    let found = directory.credential_by_hash(&secret_hash(secret));
    good(platform, contract, found)
}

/// The credential of `contract` that something else than its secret has shown to call: a token.
///
/// # Errors
/// [`CallerError`].
pub fn credential_by_id(
    platform: &Platform,
    contract: Contract,
    id: CredentialId,
) -> Result<Arc<Credential>, CallerError> {
    let directory = platform.engine.directory();
    good(platform, contract, directory.credential(id))
}

fn good(
    platform: &Platform,
    contract: Contract,
    found: Option<&Arc<Credential>>,
) -> Result<Arc<Credential>, CallerError> {
    let credential = found.filter(|found| found.contract == contract && found.revoked_at.is_none());
    let credential = credential.ok_or(CallerError::Unknown)?;
    let now = platform.now();
    if !credential.is_good(now) {
        return Err(CallerError::Expired);
    }
    platform.uses.note(credential.id, now);
    Ok(Arc::clone(credential))
}

impl Uses {
    /// Notes a use.
    fn note(&self, id: CredentialId, now: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = uses.entry(id).or_insert(Noted { at: now, is_reported: false });
        if noted.at.plus_ms(USE_RESOLUTION_MS) <= now {
            *noted = Noted { at: now, is_reported: false };
        }
    }

    /// When a credential was last used, if it was since the start.
    pub fn last(&self, id: CredentialId) -> Option<Timestamp> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.get(&id).map(|noted| noted.at)
    }

    /// The uses that have not been reported yet.
    pub fn take(&self) -> Vec<(CredentialId, Timestamp)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = uses.iter_mut().filter(|(_, noted)| !noted.is_reported);
        fresh
            .map(|(id, noted)| {
                noted.is_reported = true;
                (*id, noted.at)
            })
            .collect()
    }
}

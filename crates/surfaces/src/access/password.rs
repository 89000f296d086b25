//! Terminal passwords: only their hash goes any further than here.

use argon2::{Argon2, PasswordHasher};
use engine::limits::PASSWORD_HASHES_MAX;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::problem::Problem;
use crate::Platform;

/// Whose turn it is: a hash takes memory and time on purpose.
static TURNS: Semaphore = Semaphore::const_new(PASSWORD_HASHES_MAX);

/// The hash of a password: Argon2id with the parameters of the OWASP cheat sheet (19 MiB, two
/// passes) and a random salt, as a PHC string.
///
/// # Errors
/// [`Problem::Internal`] when there is no memory for it.
pub(super) async fn hash(
    platform: &Platform,
    password: Zeroizing<String>,
) -> Result<String, Problem> {
    let mut salt = [0; 16];
    platform.randomness.fill(&mut salt);
    let turn = TURNS.acquire().await.map_err(|_| Problem::Internal)?;
    let hashed = tokio::task::spawn_blocking(move || {
        // It keeps its turn to its end, whether or not the caller still waits.
        let _turn = turn;
        let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
        hashed.map(|hash| hash.to_string())
    });
    hashed.await.ok().and_then(Result::ok).ok_or(Problem::Internal)
}

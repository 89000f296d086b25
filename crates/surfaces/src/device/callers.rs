//! Who may call: the device that has activated itself as a terminal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::limits::KNOWN_DEVICES_MAX;
use estate::draw::hex;
use estate::{Terminal, Update};
use ledger::{Books, ReadSet};

use super::problem::not_this_device;
use crate::Platform;
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::http::secrets::secret_hash;

/// Longest token that is looked at, in bytes. Ours are shorter.
const TOKEN_BYTES_MAX: usize = 128;

/// Who a caller says it is. Commands find out for themselves whether that is so, in the commit that
/// relies on it; what only reads asks [`Device::terminal`].
#[derive(Clone, Debug)]
pub(super) struct Device {
    /// The terminal's number.
    pub(super) number: i64,
    /// SHA-256 of the whole token: 64 hexadecimal digits.
    pub(super) token_hash: String,
    /// Who has been seen before.
    known: Arc<KnownDevices>,
}

/// Devices whose tokens were good once. Strangers are found out by a read, so that they do not
/// fill the queue of the one writer; whether a token is good still is for the command to decide.
#[derive(Debug, Default)]
pub(super) struct KnownDevices(Mutex<HashMap<i64, String>>);

impl KnownDevices {
    fn has(&self, device: &Device) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&device.number) == Some(&device.token_hash)
    }

    fn note(&self, device: &Device) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_DEVICES_MAX {
            // They are found again at their next calls.
            known.clear();
        }
        known.insert(device.number, device.token_hash.clone());
    }
}

/// The layer around every route of devices: nothing behind it runs without a token.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    match device(request.headers()) {
        Some(device) => {
            request.extensions_mut().insert(device);
            next.run(request).await
        }
        None => no_token().into_response(),
    }
}

fn no_token() -> Problem {
    Problem::unauthenticated("send the device's token as a bearer token in Authorization")
}

/// Takes a token apart. Whether it is good is not decided here.
fn device(headers: &HeaderMap) -> Option<Device> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())?;
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (number, _) = token.strip_prefix("kdt_")?.split_once('_')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    Some(Device { number, token_hash: hex(&secret_hash(token)), known: Arc::default() })
}

impl Device {
    /// What the device asks. A stranger is told so first, whatever else is wrong.
    pub(super) async fn body<T>(
        &self,
        platform: &Platform,
        body: Result<Body<T>, Problem>,
    ) -> Result<T, Problem> {
        match body {
            Ok(body) => {
                if !self.known.has(self) {
                    self.terminal(platform).await?;
                    self.known.note(self);
                }
                Ok(body.value)
            }
            Err(problem) => {
                self.terminal(platform).await?;
                Err(problem)
            }
        }
    }

    /// The terminal that the device is, with its open updates.
    ///
    /// # Errors
    /// 401 when the token is not, or no longer, good.
    pub(super) async fn terminal(
        &self,
        platform: &Platform,
    ) -> Result<(Terminal, Vec<Update>), Problem> {
        let open_list = Update::open_list(self.number);
        let reads = ReadSet {
            documents: vec![Terminal::id(self.number)],
            lists: vec![open_list.clone()],
            ..ReadSet::default()
        };
        let books: Books = platform
            .queries
            .read(move |reader| reader.load(&reads))
            .await
            .map_err(Problem::not_read)?;
        let terminal = books.document(Terminal::id(self.number)).and_then(Terminal::of);
        let terminal = terminal.filter(|terminal| terminal.is_device(&self.token_hash));
        let updates = books.listed(&open_list).filter_map(Update::of).collect();
        Ok((terminal.ok_or_else(not_this_device)?, updates))
    }
}

impl<S: Sync> FromRequestParts<S> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Device, Problem> {
        // A route that is not behind `identify` is a bug, and serves nobody.
        let device = parts.extensions.get::<Device>().cloned().ok_or_else(no_token)?;
        let known = parts.extensions.get::<Arc<KnownDevices>>().cloned();
        Ok(Device { known: known.unwrap_or_default(), ..device })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_apart() {
        let long = format!("Bearer kdt_7_{}", "x".repeat(116));
        for (header, number) in [
            ("Bearer kdt_7_abc", Some(7)),
            ("bearer  kdt_7_a_b", Some(7)),
            (long.as_str(), Some(7)),
            (&format!("{long}xxxxxxx"), None),
            ("Bearer kdt_7", None),
            ("Bearer kdt_0_abc", None),
            ("Bearer kdt_-7_abc", None),
            ("Bearer kdt_x_abc", None),
            ("Bearer kdt_99999999999999999999_abc", None),
            ("Bearer abc", None),
            ("apikey kdt_7_abc", None),
            ("kdt_7_abc", None),
            ("", None),
        ] {
            let headers = [(AUTHORIZATION, header.parse().unwrap())].into_iter().collect();
            assert_eq!(device(&headers).map(|device| device.number), number, "{header}");
        }
        assert!(device(&HeaderMap::new()).is_none());
    }
}

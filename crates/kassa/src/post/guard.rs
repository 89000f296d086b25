//! Whether a notification may go to a URL, and to an address that its name has.
//!
//! Invariant: what is judged is what is used. A URL is read once, and the request is made of what
//! was read, so that no second reader can find another host in it.

use std::net::{IpAddr, Ipv4Addr};

use engine::effects::post::Refused;
use reqwest::Url;

use super::networks::{Networks, is_public};

/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Says where notifications may go.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    networks: Networks,
}

impl Guard {
    /// Lets through to public addresses and to these networks.
    pub(super) fn new(networks: Networks) -> Guard {
        Guard { networks }
    }

    /// Reads a URL and judges what can be judged without asking for its name's addresses.
    ///
    /// # Errors
    /// Why nothing may go there.
    pub(super) fn url(&self, text: &str) -> Result<Url, Refused> {
        // What readers of URLs disagree about is not repaired.
        let is_plain = text.chars().all(|c| c != '\\' && !c.is_whitespace() && !c.is_control());
        if text.len() > URL_BYTES_MAX || !is_plain {
            return Err(Refused::NoUrl);
        }
        let url = Url::parse(text).map_err(|_| Refused::NoUrl)?;
        let is_encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Refused::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Userinfo);
        }
        let host = url.host_str().ok_or(Refused::NoUrl)?;
        // Numbers in any notation and what looks like one were made an address by the reader.
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match literal.unwrap_or(host).parse::<IpAddr>() {
            Ok(address) => self.address(address, is_encrypted)?,
            Err(_) => self.name(host, is_encrypted)?,
        }
        Ok(url)
    }

    /// Judges an address.
    ///
    /// # Errors
    /// Why nothing may go there.
    pub(super) fn address(&self, address: IpAddr, is_encrypted: bool) -> Result<(), Refused> {
        match (self.networks.allow(address), is_public(address)) {
            (true, _) => Ok(()),
            (false, false) => Err(Refused::Address),
            (false, true) if is_encrypted => Ok(()),
            (false, true) => Err(Refused::NotEncrypted),
        }
    }

    /// Judges a name as such: who has it is asked when something is sent.
    fn name(&self, host: &str, is_encrypted: bool) -> Result<(), Refused> {
        let name = host.strip_suffix('.').unwrap_or(host);
        // It is this machine, whatever anybody answers (RFC 6761, section 6.3).
        if name == "localhost" || name.ends_with(".localhost") {
            return self.address(Ipv4Addr::LOCALHOST.into(), is_encrypted);
        }
        // Without TLS it must be in an allowed network, and there is none.
        if !is_encrypted && self.networks.is_empty() {
            return Err(Refused::NotEncrypted);
        }
        Ok(())
    }
}

//! Where PSPs are, and whether that is where they live.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{bail, ensure};
use payments::Psp;

/// What payments over PSPs are set to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PspSettings {
    /// Where each PSP's API is, without a slash at the end. One that is not there is not used.
    pub(crate) bases: BTreeMap<Psp, String>,
    /// Certificates of authorities that are trusted for PSPs beside the system's, as PEM.
    pub(crate) ca_file: Option<PathBuf>,
    /// The keys that seal agreements: see [`super::vault_keys`].
    pub(crate) vault_keys: VaultKeys,
    /// Where the world finds us, where it is not where we listen.
    pub(crate) public_url: Option<String>,
}

/// The text of vault keys, which is secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct VaultKeys(pub(crate) String);

impl std::fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKeys(hidden)")
    }
}

/// Where a PSP's API is when nobody says. Our neutral loan contract lives nowhere.
pub(crate) fn live(psp: Psp) -> &'static str {
    match psp {
        Psp::Swish => "https://cpc.getswish.net/swish-cpcapi/api",
        Psp::Klarna => "https://api.klarna.com",
        Psp::Easy => "https://api.dibspayment.eu",
        Psp::Santander => "",
    }
}

/// The hosts that are a PSP's own, with real money.
fn live_hosts(psp: Psp) -> &'static [&'static str] {
    match psp {
        Psp::Swish => &["cpc.getswish.net"],
        Psp::Klarna => &["api.klarna.com", "api-na.klarna.com", "api-oc.klarna.com"],
        Psp::Easy => &["api.dibspayment.eu"],
        Psp::Santander => &[],
    }
}

/// Whether an address may be one where real money moves. Of our neutral loan contract nobody knows
/// the hosts; whoever speaks it does so over TLS, and not on this machine.
fn is_live(psp: Psp, base: &str) -> bool {
    let Some(rest) = base.strip_prefix("https://") else { return false };
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    let is_here = host == "localhost" || host.starts_with("127.") || host.starts_with('[');
    match psp {
        Psp::Swish | Psp::Klarna | Psp::Easy => live_hosts(psp).contains(&host),
        Psp::Santander => !is_here,
    }
}

/// Checks an address as it was given.
///
/// # Errors
/// When it is no web address.
pub(crate) fn base(psp: Psp, given: &str) -> anyhow::Result<String> {
    let is_web = given.starts_with("https://") || given.starts_with("http://");
    let is_plain =
        given.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#');
    ensure!(
        is_web && is_plain,
        "{}-url: `{given}` is not an address as {}",
        psp.as_str(),
        if psp == Psp::Santander { "https://loans.example" } else { live(psp) }
    );
    Ok(given.trim_end_matches('/').to_owned())
}

impl PspSettings {
    /// The PSPs that are not where real money moves: test systems and simulators.
    pub(crate) fn simulated(&self) -> Vec<&'static str> {
        let simulated = self.bases.iter().filter(|(psp, base)| !is_live(**psp, base));
        simulated.map(|(psp, _)| psp.as_str()).collect()
    }

    /// Checks that no PSP is a stand-in unless that is wanted.
    ///
    /// # Errors
    /// When one is and nobody has said so.
    pub(crate) fn check_live(&self, may_be_simulated: bool) -> anyhow::Result<()> {
        let simulated = self.simulated();
        if !simulated.is_empty() && !may_be_simulated {
            bail!(
                "not where real money moves: {}. Merchants would hand out goods for payments that \
                 nobody makes; if that is meant, set psp-simulators to allowed",
                simulated.join(", ")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_known_by_their_addresses() {
        let cases = [
            (Psp::Swish, live(Psp::Swish), true),
            (Psp::Swish, "https://mss.cpc.getswish.net/swish-cpcapi/api", false),
            (Psp::Swish, "http://cpc.getswish.net/swish-cpcapi/api", false),
            (Psp::Swish, "https://cpc.getswish.net.example/x", false),
            (Psp::Swish, "https://cpc.getswish.net:8443/x", true),
            (Psp::Klarna, "https://api.playground.klarna.com", false),
            (Psp::Klarna, "https://api-na.klarna.com", true),
            (Psp::Easy, "https://test.api.dibspayment.eu", false),
            (Psp::Easy, live(Psp::Easy), true),
            (Psp::Santander, "https://loans.example", true),
            (Psp::Santander, "https://127.0.0.1:9000/santander", false),
            (Psp::Santander, "https://localhost/santander", false),
            (Psp::Santander, "http://loans.example", false),
        ];
        for (psp, address, expected) in cases {
            let bases = [(psp, address.to_owned())].into();
            let settings = PspSettings { bases, ..PspSettings::default() };
            assert_eq!(settings.check_live(false).is_ok(), expected, "{address}");
            assert!(settings.check_live(true).is_ok());
            let simulated: &[&str] = if expected { &[] } else { &[psp.as_str()] };
            assert_eq!(settings.simulated(), simulated);
        }
    }

    #[test]
    fn addresses_are_checked() {
        assert_eq!(base(Psp::Swish, "https://a.example/b/").unwrap(), "https://a.example/b");
        for bad in ["", "a.example", "ftp://a", "https://a b", "https://a?b", "https://ä"] {
            let error = base(Psp::Klarna, bad).unwrap_err().to_string();
            assert!(error.starts_with("klarna-url: "), "{error}");
        }
    }
}

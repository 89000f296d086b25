//! The settings of payments over PSPs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use payments::Psp;

use super::given::Values;
use super::{
    EASY_URL, KLARNA_URL, PSP_CA_FILE, PSP_SIMULATORS, PUBLIC_URL, SANTANDER_URL, SWISH_URL,
    VAULT_KEYS, VAULT_KEYS_FILE,
};
use crate::psp::{PspSettings, VaultKeys, base};

/// Brings them together.
///
/// # Errors
/// When a value is none, or a PSP is a stand-in that nobody has allowed.
pub(super) fn psps(values: &Values) -> anyhow::Result<PspSettings> {
    let flags = [
        (Psp::Swish, SWISH_URL),
        (Psp::Klarna, KLARNA_URL),
        (Psp::Easy, EASY_URL),
        (Psp::Santander, SANTANDER_URL),
    ];
    let mut bases = BTreeMap::new();
    for (psp, flag) in flags {
        if let Some(given) = values.optional(flag) {
            bases.insert(psp, base(psp, &given)?);
        }
    }
    let settings = PspSettings {
        bases,
        ca_file: values.optional(PSP_CA_FILE).map(PathBuf::from),
        vault_keys: vault_keys(values)?,
        public_url: public_url(values)?,
    };
    settings.check_live(may_be_simulated(values)?)?;
    Ok(settings)
}

fn may_be_simulated(values: &Values) -> anyhow::Result<bool> {
    match values.text(PSP_SIMULATORS).as_str() {
        "refused" => Ok(false),
        "allowed" => Ok(true),
        other => bail!("{PSP_SIMULATORS}: `{other}` is not refused or allowed"),
    }
}

fn public_url(values: &Values) -> anyhow::Result<Option<String>> {
    let Some(given) = values.optional(PUBLIC_URL) else { return Ok(None) };
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"));
    let is_host = rest.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
    });
    ensure!(is_host, "{PUBLIC_URL}: `{given}` is not an address as https://pay.example");
    Ok(Some(given))
}

fn vault_keys(values: &Values) -> anyhow::Result<VaultKeys> {
    match (values.optional(VAULT_KEYS), values.optional(VAULT_KEYS_FILE)) {
        (None, None) => Ok(VaultKeys::default()),
        (Some(keys), None) => Ok(VaultKeys(keys)),
        (None, Some(path)) => {
            let read = std::fs::read_to_string(&path);
            let keys = read.with_context(|| format!("{VAULT_KEYS_FILE}: could not read {path}"))?;
            Ok(VaultKeys(keys))
        }
        (Some(_), Some(_)) => bail!("{VAULT_KEYS} and {VAULT_KEYS_FILE} are both set"),
    }
}

//! The keys that seal merchants' agreements: a line each, or parts between commas, each an id, a
//! colon and 64 hexadecimal digits. The first seals; all open. So a key is rotated by putting a new
//! one first, and taking the old one out once everything is sealed anew.

use anyhow::{Context as _, ensure};
use estate::draw::parse_hex;
use surfaces::VaultKey;
use zeroize::Zeroizing;

use super::settings::VaultKeys;

/// Longest id of a key, in characters.
const ID_CHARS_MAX: usize = 32;

/// Reads keys. No error shows one.
///
/// # Errors
/// When a line is none, or an id is there twice.
pub(super) fn parse(keys: &VaultKeys) -> anyhow::Result<Vec<VaultKey>> {
    let mut parsed: Vec<VaultKey> = Vec::new();
    let lines = keys.0.split(['\n', ',']).map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (at, line) in (1..).zip(lines) {
        let form = || format!("vault keys: number {at} is not ID:64 hexadecimal digits");
        let (id, digits) = line.split_once(':').with_context(form)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_id = (1..=ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(is_plain);
        ensure!(is_id, "vault keys: the id of number {at} must be letters, digits, - and _");
        ensure!(id != super::OWN_KEY_ID, "vault keys: the id {id} is the installation's own");
        ensure!(parsed.iter().all(|key| key.id != id), "vault keys: the id {id} is there twice");
        let key = parse_hex(&digits.trim().to_ascii_lowercase()).with_context(form)?;
        parsed.push(VaultKey { id: id.to_owned(), key: Zeroizing::new(key) });
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_their_order() {
        let (a, b) = ("ab".repeat(32), "CD".repeat(32));
        let text = format!("# ours\nnew-1:{a}\n\n old_0:{b} ,x:{a}");
        let keys = parse(&VaultKeys(text)).unwrap();
        let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        assert_eq!(ids, ["new-1", "old_0", "x"]);
        assert_eq!(*keys[1].key, [0xcd; 32]);
        assert!(parse(&VaultKeys::default()).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let key = "ab".repeat(32);
        let bad = [
            key.clone(),
            "a:abab".to_owned(),
            format!("ä:{key}"),
            format!(":{key}"),
            format!("installation:{key}"),
            format!("a:{key},a:{key}"),
            format!("a:{key}x"),
        ];
        for text in bad {
            let error = parse(&VaultKeys(text.clone())).err().unwrap().to_string();
            assert!(error.starts_with("vault keys: ") && !error.contains("abab"), "{error}");
        }
    }
}

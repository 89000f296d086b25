//! The installation's key: made once, kept in a file of its own that only its owner may read.
//!
//! Invariant: a key is never made for an installation that has had another one.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use engine::Randomness;

/// The key's name in the data directory, where no other file is named.
pub(crate) const FILE_NAME: &str = "installation.key";

/// A key is 256 bits.
pub(crate) type Key = [u8; 32];

/// Reads the key, or makes one where there has never been one (`is_new`).
///
/// # Errors
/// When it is lost, others may read it, it is no key, or it cannot be written.
pub(crate) fn read_or_make(
    path: &Path,
    is_new: bool,
    randomness: &dyn Randomness,
) -> anyhow::Result<Key> {
    if let Some(key) = find(path)? {
        return Ok(key);
    }
    if !is_new {
        bail!(
            "there is no installation key at {}, but the store has been used with one: put the \
             key back from where it is kept, or name its file with --key-file",
            path.display()
        );
    }
    let mut key = Key::default();
    randomness.fill(&mut key);
    write(path, &key).with_context(|| format!("could not write {}", path.display()))?;
    Ok(key)
}

fn find(path: &Path) -> anyhow::Result<Option<Key>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("could not read {}", path.display()));
        }
    };
    check_owner_only(&file, path)?;
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    read.with_context(|| format!("could not read {}", path.display()))?;
    let key = parse(text.trim());
    let key = key.with_context(|| {
        format!("{} is no installation key: it must be 64 hexadecimal digits", path.display())
    })?;
    Ok(Some(key))
}

/// A file of root's may be read by its group: that is how systemd hands a credential to a service.
#[cfg(unix)]
fn check_owner_only(file: &File, path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = file.metadata()?;
    let mode = metadata.mode() & 0o777;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if mode & forbidden != 0 {
        bail!(
            "{} may be read by others (its mode is {mode:03o}); make it yours alone: \
             chmod 600 {}",
            path.display(),
            path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner_only(_: &File, _: &Path) -> anyhow::Result<()> {
    Ok(())
}

fn parse(text: &str) -> Option<Key> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = Key::default();
    for (at, byte) in key.iter_mut().enumerate() {
        let start = at.saturating_mul(2);
        let digits = text.get(start..start.saturating_add(2))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(key)
}

/// Writes beside and renames, so that a crash leaves a whole key or none.
fn write(path: &Path, key: &Key) -> std::io::Result<()> {
    let beside = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    for byte in key {
        write!(file, "{byte:02x}")?;
    }
    writeln!(file)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(1..).for_each(|(byte, number)| *byte = number);
        }
    }

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = Scratch::new("key").unwrap();
        let path = folder.path().join(FILE_NAME);
        let made = read_or_make(&path, true, &Counting).unwrap();
        assert_eq!((made[0], made[31]), (1, 32));
        assert_eq!(read_or_make(&path, false, &Counting).unwrap(), made);
        assert!(!path.with_extension("key.new").exists());
    }

    #[test]
    fn a_lost_key_is_not_replaced() {
        let folder = Scratch::new("key").unwrap();
        let path = folder.path().join(FILE_NAME);
        let error = read_or_make(&path, false, &Counting).unwrap_err().to_string();
        assert!(error.contains("the store has been used with one"), "{error}");
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = Scratch::new("key").unwrap();
        let path = folder.path().join(FILE_NAME);
        read_or_make(&path, true, &Counting).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        for open in [0o604, 0o620, 0o666] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).unwrap();
            let error = find(&path).unwrap_err().to_string();
            assert!(error.contains("may be read by others"), "{error}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let digits = "0f".repeat(32);
        assert_eq!(parse(&digits), Some([15; 32]));
        assert_eq!(parse(&digits.to_uppercase()), Some([15; 32]));
        for bad in ["", &digits[..62], &digits.replace('f', "g"), &format!("{digits}00")] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}

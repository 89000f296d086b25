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

/// A key, and how we came by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// It was there.
    Found(Key),
    /// It was made just now.
    Made(Key),
}

impl Held {
    /// The key itself.
    pub(crate) fn key(self) -> Key {
        match self {
            Held::Found(key) | Held::Made(key) => key,
        }
    }
}

/// Reads the key, or makes one where there has never been one (`is_new`).
///
/// # Errors
/// When it is lost, others may read it, it is no key, or it cannot be written.
pub(crate) fn read_or_make(
    path: &Path,
    is_new: bool,
    randomness: &dyn Randomness,
) -> anyhow::Result<Held> {
    if let Some(key) = find(path)? {
        return Ok(Held::Found(key));
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
    match write(path, &key, randomness) {
        Ok(()) => Ok(Held::Made(key)),
        // Another process was a moment faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            find(path)?.map(Held::Found).context("the installation key came and went")
        }
        Err(error) => Err(error).with_context(|| format!("could not write {}", path.display())),
    }
}

/// As [`read_or_make`], for a store that many nodes share. `agree` asks the store whether this is
/// its key, and makes it so where there is none so far.
///
/// Two nodes may make a key for an empty store at the same moment. The store takes one of them; the
/// other was never used and is removed.
///
/// # Errors
/// As [`read_or_make`]; or when the store has another key, or cannot be asked.
pub(crate) fn read_or_make_shared(
    path: &Path,
    is_new: bool,
    randomness: &dyn Randomness,
    agree: &mut dyn FnMut(Key) -> anyhow::Result<bool>,
) -> anyhow::Result<Held> {
    let held = read_or_make(path, is_new, randomness)?;
    if agree(held.key())? {
        return Ok(held);
    }
    match held {
        Held::Found(_) => bail!(
            "the installation key in {} is not the one that the database is used with: copy the \
             key from a server that runs on it",
            path.display()
        ),
        Held::Made(_) => {
            let removed = std::fs::remove_file(path);
            removed.with_context(|| format!("could not remove {}", path.display()))?;
            bail!(
                "another server has made the installation key of the database: copy it from \
                 there to {}",
                path.display()
            )
        }
    }
}

/// Reads the key; `None` when there is no such file.
///
/// # Errors
/// When others may read it, or it is no key.
pub(crate) fn find(path: &Path) -> anyhow::Result<Option<Key>> {
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

/// Writes beside and links, so that a crash leaves a whole key or none, and a key that is there is
/// never replaced. Where there are no links it renames.
fn write(path: &Path, key: &Key, randomness: &dyn Randomness) -> std::io::Result<()> {
    let mut name = [0; 8];
    randomness.fill(&mut name);
    let beside = path.with_extension(format!("{:016x}.new", u64::from_be_bytes(name)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    for byte in key {
        write!(file, "{byte:02x}")?;
    }
    writeln!(file)?;
    file.sync_all()?;
    match std::fs::hard_link(&beside, path) {
        Ok(()) => std::fs::remove_file(&beside)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(&beside)?;
            return Err(error);
        }
        Err(_) => std::fs::rename(&beside, path)?,
    }
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
        assert_eq!((made.key()[0], made.key()[31]), (1, 32));
        assert_eq!(made, Held::Made(made.key()));
        assert_eq!(read_or_make(&path, false, &Counting).unwrap(), Held::Found(made.key()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_is_never_replaced() {
        let folder = Scratch::new("key").unwrap();
        let path = folder.path().join(FILE_NAME);
        read_or_make(&path, true, &Counting).unwrap();
        let error = write(&path, &[9; 32], &Counting).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(find(&path).unwrap().unwrap()[0], 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// Whether the store is new, whose key it says it has, and what comes of it: the key, or a part
    /// of the error; and whether there is a file after it.
    #[test]
    fn a_shared_key_is_the_one_of_the_store() {
        let made: Key = read_or_make_once();
        let other: Key = [9; 32];
        // No file so far.
        check_shared(None, true, None, Ok(Held::Made(made)), true);
        check_shared(None, true, Some(other), Err("another server has made"), false);
        check_shared(None, false, Some(other), Err("has been used with one"), false);
        // A file that was brought.
        check_shared(Some(other), true, None, Ok(Held::Found(other)), true);
        check_shared(Some(other), false, None, Ok(Held::Found(other)), true);
        check_shared(Some(other), false, Some(other), Ok(Held::Found(other)), true);
        check_shared(Some(made), false, Some(other), Err("is not the one that the"), true);
        check_shared(Some(made), true, Some(other), Err("is not the one that the"), true);
    }

    fn read_or_make_once() -> Key {
        let folder = Scratch::new("key").unwrap();
        read_or_make(&folder.path().join(FILE_NAME), true, &Counting).unwrap().key()
    }

    #[track_caller]
    fn check_shared(
        file: Option<Key>,
        is_new: bool,
        of_store: Option<Key>,
        expected: Result<Held, &str>,
        is_there_after: bool,
    ) {
        let folder = Scratch::new("key").unwrap();
        let path = folder.path().join(FILE_NAME);
        if let Some(key) = file {
            write(&path, &key, &Counting).unwrap();
        }
        let mut agree = |key: Key| Ok(of_store.is_none_or(|of_store| of_store == key));
        let outcome = read_or_make_shared(&path, is_new, &Counting, &mut agree);
        match (outcome, expected) {
            (Ok(held), expected) => assert_eq!(Ok(held), expected),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (Err(error), Ok(_)) => panic!("{error}"),
        }
        assert_eq!(path.exists(), is_there_after);
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

//! Downloads and installs, as a device does them.

use std::fs::{File, OpenOptions, create_dir_all, remove_file};
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use engine::Randomness as _;
use estate::draw::hex;
use estate::limits::VERSION_CHARS_MAX;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Stop;
use super::device::{Device, at};
use crate::client::{Request, fetch};
use crate::clock::OsRandomness;

/// How often a download is gone on with in one round.
const TRIES: u32 = 5;

/// An update that the server has told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ordered {
    id: String,
    name: String,
    size: u64,
    sha256: String,
    url: String,
}

impl Ordered {
    /// Reads one. The hash becomes a file's name, so it must be one.
    pub(super) fn of(value: &Value) -> Option<Ordered> {
        let package = at(value, "package");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let sha256 = text(at(package, "sha256"))?;
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Ordered {
            id: text(at(value, "update_id"))?,
            name: text(at(package, "name"))?,
            size: at(package, "size").as_u64()?,
            sha256: is_hash.then_some(sha256)?,
            url: text(at(package, "url"))?,
        })
    }
}

impl Device<'_> {
    /// Fetches an update's package, going on where an earlier run has stopped; checks it, and says
    /// to the server how it went.
    ///
    /// # Errors
    /// When the server is lost; the next round goes on.
    pub(super) fn install(&mut self, update: &Ordered, stop: &Stop) -> anyhow::Result<()> {
        let (id, name) = (&update.id, &update.name);
        let folder = self.state.dir().join("packages");
        create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        let path = folder.join(&update.sha256);
        self.download(update, &path, stop)?;
        if hash_of(&path)? != update.sha256 {
            remove_file(&path)?;
            self.tell(&format!(
                "update {id}: {name} is not what it should be: its SHA-256 differs"
            ));
            return self.report(update, "failed", Some("the SHA-256 differs"));
        }
        self.tell(&format!("update {id}: {name}, {} bytes, SHA-256 is right", update.size));
        self.report(update, "downloaded", None)?;
        if is_drawn(self.options.fail_updates) {
            self.tell(&format!("update {id}: failed, as --fail-updates wants"));
            self.report(update, "failed", Some("the virtual terminal was told to fail"))?;
            return Ok(remove_file(&path)?);
        }
        self.report(update, "installed", None)?;
        let version: String = name.chars().take(VERSION_CHARS_MAX).collect();
        self.state.keep("application_version", version)?;
        self.tell(&format!("update {id}: installed, running {name}"));
        Ok(remove_file(&path)?)
    }

    fn report(&self, update: &Ordered, status: &str, message: Option<&str>) -> anyhow::Result<()> {
        let path = format!("/device/v1/updates/{}/status", update.id);
        self.post(&path, &json!({ "status": status, "message": message }))?;
        Ok(())
    }

    /// Fetches what is missing of a package.
    fn download(&self, update: &Ordered, path: &Path, stop: &Stop) -> anyhow::Result<()> {
        // Also where there is nothing to fetch.
        drop(OpenOptions::new().create(true).append(true).open(path)?);
        for attempt in 1..=TRIES {
            let here = length_of(path);
            if here >= update.size {
                break;
            }
            if here > 0 {
                self.tell(&format!(
                    "update {}: going on at byte {here} of {}",
                    update.id, update.size
                ));
            }
            match self.fetch_from(update, path, here, stop) {
                Ok(()) => {}
                Err(error) if attempt == TRIES || stop.is_asked() => return Err(error),
                Err(error) => self.tell(&format!("update {}: interrupted: {error:#}", update.id)),
            }
        }
        // More than there should be is no package either.
        ensure!(length_of(path) >= update.size, "the package is not here yet");
        Ok(())
    }

    /// Appends the bytes from `here` on, as they come.
    fn fetch_from(
        &self,
        update: &Ordered,
        path: &Path,
        here: u64,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let (range, etag) = (format!("bytes={here}-"), format!("\"{}\"", update.sha256));
        let headers = [("Range", range.as_str()), ("If-Range", etag.as_str())];
        let headers = if here > 0 { headers.as_slice() } else { &[] };
        let token = self.state.text("device_token");
        let request = Request { method: "GET", path: &update.url, token, body: "" };
        let mut file = OpenOptions::new().append(true).open(path)?;
        let mut was_begun = false;
        let head = fetch(self.address, request, headers, |head, piece| {
            match head.status {
                // All of it: what is here is of no use.
                200 if !was_begun => file.set_len(0)?,
                200 | 206 => {}
                status => bail!("the server answered {status}"),
            }
            was_begun = true;
            ensure!(!stop.is_asked(), "told to stop");
            Ok(file.write_all(piece)?)
        })?;
        ensure!(matches!(head.status, 200 | 206), "the server answered {}", head.status);
        Ok(file.sync_all()?)
    }
}

/// How much of a file there is; nothing where it is missing.
fn length_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn hash_of(path: &Path) -> anyhow::Result<String> {
    let file = File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut file = BufReader::new(file);
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(piece.get(..read).unwrap_or_default());
    }
}

/// Draws: true for so many of a hundred.
fn is_drawn(percent: u8) -> bool {
    let mut bits = [0; 8];
    OsRandomness.fill(&mut bits);
    u64::from_be_bytes(bits) % 100 < u64::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_become_names_of_files() {
        let update = |sha256: &str| {
            let package = json!({ "name": "n", "size": 1, "sha256": sha256, "url": "/u" });
            Ordered::of(&json!({ "update_id": "7", "package": package }))
        };
        assert!(update(&"0".repeat(64)).is_some());
        for bad in ["", "../../etc/passwd", &"g".repeat(64), &"0".repeat(63)] {
            assert_eq!(update(bad), None, "{bad}");
        }
    }

    #[test]
    fn draws_are_sure_at_their_ends() {
        assert!((0..100).all(|_| is_drawn(100) && !is_drawn(0)));
    }

    #[test]
    fn files_are_hashed_whole() {
        let scratch = crate::scratch::Scratch::new("hash").unwrap();
        let path = scratch.path().join("file");
        std::fs::write(&path, vec![7; 200_000]).unwrap();
        assert_eq!(hash_of(&path).unwrap(), hex(&Sha256::digest(vec![7; 200_000])));
        assert_eq!(length_of(&path), 200_000);
        assert_eq!(length_of(&scratch.path().join("none")), 0);
    }
}

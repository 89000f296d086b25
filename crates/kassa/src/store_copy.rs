//! `kassa store copy`: moves an installation from one store to another, and shows how far it is.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use store::{
    CopyError, CopyProgress, CopyStage, Postgres, PostgresOptions, StoreAddress, StoreCopy, TURN,
};
use surfaces::Secrets;

use crate::clock::monotonic;
use crate::command_line::StoreCopyOptions;
use crate::installation_key;
use crate::progress::{Bar, Progress};
use crate::settings::DatabaseUrl;
use crate::terminal::{note, say};

/// How often to look whether a database is free.
const USE_PAUSE: Duration = Duration::from_secs(1);

/// Copies one store into another, which must be empty, or the target of the same copy before.
///
/// # Errors
/// When one of them is in use or not to be had, or they differ at the end.
pub(crate) fn run(options: &StoreCopyOptions) -> anyhow::Result<()> {
    let ca_file = options.database_ca_file.as_deref();
    let from = Place::find(options.from.as_deref(), options.from_url_file.as_deref(), ca_file);
    let from = from.context("from")?;
    let to = Place::find(options.to.as_deref(), options.to_url_file.as_deref(), ca_file);
    let to = to.context("to")?;
    let failed = || format!("could not copy {} to {}", from.name, to.name);
    let mut copy = open(&from, &to, options.parcel_records).with_context(failed)?;
    if copy.progress().is_some_and(|at| at.stage == CopyStage::Checking || at.done > 0) {
        note("kassa: this copy was cut off before; it goes on from there");
    }
    let mut bar = Bar::new(std::io::stderr().is_terminal());
    while let Some(progress) = copy.progress() {
        bar.show(shown(progress), monotonic());
        copy.step().with_context(failed)?;
    }
    drop(bar);
    for line in copy.report() {
        say(&line);
    }
    say(&format!("{} is equal to {}, and every invariant holds in it", to.name, from.name));
    agree_on_key(&from, &to)?;
    note(&format!("kassa: {}", from.key_advice()));
    Ok(())
}

/// Makes a database remember the key of the data directory that it is the copy of, so that a server
/// that comes with another one is refused from the first.
fn agree_on_key(from: &Place, to: &Place) -> anyhow::Result<()> {
    let (StoreAddress::Directory(dir), StoreAddress::Database(options)) =
        (&from.address, &to.address)
    else {
        return Ok(());
    };
    let path = key_in(dir);
    let agreed = || {
        let Some(key) = installation_key::find(&path)? else { return Ok(true) };
        let fingerprint = Secrets::new(key).key_fingerprint();
        anyhow::Ok(Postgres::open(options)?.agree_on_key(fingerprint)?)
    };
    let agreed = agreed().with_context(|| {
        format!(
            "the copy is whole, but {} could not be told which installation key is its own",
            to.name
        )
    })?;
    ensure!(
        agreed,
        "the copy is whole, but {} is used with another installation key than {}",
        to.name,
        path.display()
    );
    Ok(())
}

/// Opens a copy. A server that has just ended, in whatever way, has its database for a while yet.
fn open(from: &Place, to: &Place, parcel_records: usize) -> Result<StoreCopy, CopyError> {
    let begun = monotonic();
    let mut is_said = false;
    loop {
        let opened = StoreCopy::open(&from.address, &to.address, parcel_records);
        let used = match &opened {
            Err(CopyError::SourceInUse) => from,
            Err(CopyError::TargetInUse) => to,
            Ok(_) | Err(_) => return opened,
        };
        let is_over = monotonic().duration_since(begun) > TURN + USE_PAUSE;
        if is_over || matches!(used.address, StoreAddress::Directory(_)) {
            return opened;
        }
        if !is_said {
            is_said = true;
            note(&format!("kassa: a server works on {}, or did a moment ago; waiting", used.name));
        }
        std::thread::sleep(USE_PAUSE);
    }
}

/// One of the two stores.
struct Place {
    address: StoreAddress,
    /// How it is shown.
    name: String,
}

impl Place {
    /// The store that the command line names, in one of two ways.
    fn find(
        text: Option<&str>,
        url_file: Option<&Path>,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<Place> {
        let url = match (text, url_file) {
            (_, Some(file)) => DatabaseUrl::read(file)?,
            // Also one that was mistyped, whose password is shown by nothing.
            (Some(text), None) if is_address(text) => DatabaseUrl::parse(text)?,
            (Some(dir), None) => {
                return Ok(Place {
                    address: StoreAddress::Directory(PathBuf::from(dir)),
                    name: dir.to_owned(),
                });
            }
            (None, None) => anyhow::bail!("no store is named"),
        };
        let ca_file = ca_file.map(Path::to_owned);
        let options = PostgresOptions { url: url.secret().to_owned(), ca_file };
        Ok(Place { address: StoreAddress::Database(options), name: url.to_string() })
    }

    /// What is left to be done by hand.
    fn key_advice(&self) -> String {
        let file = match &self.address {
            StoreAddress::Directory(dir) => {
                format!("{}, if it is where it is by default,", key_in(dir).display())
            }
            StoreAddress::Database(_) => "the file of one of its servers".to_owned(),
        };
        format!(
            "the installation key is not in a store: copy {file} to the data directory of every \
             server that works on the new one"
        )
    }
}

/// Whether a text is meant as the address of a database.
fn is_address(text: &str) -> bool {
    text.contains("://")
        || text.contains("password=")
        || ["postgres:", "postgresql:", "host="].iter().any(|start| text.starts_with(start))
}

fn key_in(dir: &Path) -> PathBuf {
    dir.join(installation_key::FILE_NAME)
}

/// Progress in words for people.
fn shown(progress: CopyProgress) -> Progress {
    let word = match progress.stage {
        CopyStage::Copying => "copying",
        CopyStage::Checking => "checking",
    };
    Progress { word, unit: "records", done: progress.done, total: progress.total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_told_apart_and_passwords_are_not_shown() {
        let dir = Place::find(Some("/var/lib/kassa"), None, None).unwrap();
        assert!(matches!(dir.address, StoreAddress::Directory(_)));
        assert!(dir.key_advice().contains("/var/lib/kassa/installation.key"));
        let url = Place::find(Some("postgres://k:hunter2@db/kassa"), None, None).unwrap();
        assert_eq!(url.name, "postgresql://db/kassa");
        let StoreAddress::Database(options) = &url.address else { panic!("{}", url.name) };
        assert_eq!(options.url, "postgres://k:hunter2@db/kassa");
        for bad in ["mysql://k:hunter2@db", "postgres:/k:hunter2@db", "host=db password=hunter2"] {
            let error = Place::find(Some(bad), None, None).err().unwrap();
            assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
        }
        assert!(Place::find(None, Some(Path::new("/no/such")), None).is_err());
    }
}

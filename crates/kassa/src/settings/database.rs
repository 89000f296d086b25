//! The database that many servers share: its URL, and the certificates it is trusted by.
//!
//! Invariant: what is shown of a URL is where the database is. User, password and parameters are
//! not shown, and a URL that is none is not shown at all.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::given::Values;
use super::{DATABASE_CA_FILE, DATABASE_URL, DATABASE_URL_FILE};

/// What is shown of a URL that could hold its password anywhere.
const PLACE_UNKNOWN: &str = "postgresql://(not shown)";

/// What a URL begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// How to get to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DatabaseSettings {
    pub(crate) url: DatabaseUrl,
    pub(crate) ca_file: Option<PathBuf>,
}

/// Where a database is and how to get in. A secret, which shows only the place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Reads a URL, as `postgres://user:password@host:port,host:port/database?parameter=value`.
    /// The text is in no error.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn parse(text: &str) -> anyhow::Result<DatabaseUrl> {
        let text = text.trim();
        let is_url = SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        let is_plain = !text.chars().any(|char| char.is_whitespace() || char.is_control());
        ensure!(
            is_url && is_plain,
            "it is not a URL as postgres://user@host/database (what it is, is not shown: it may \
             hold a password)"
        );
        Ok(DatabaseUrl(text.to_owned()))
    }

    /// Reads a file with a URL and nothing else.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub(crate) fn read(path: &Path) -> anyhow::Result<DatabaseUrl> {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("could not read {}", path.display()))?;
        DatabaseUrl::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// All of it, for the one who connects.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    /// Hosts, ports and name. `None` when a password could be among them.
    fn place(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        let (main, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if parameters.contains('@') {
            // Either a parameter's, or what follows a password with a question mark in it.
            return None;
        }
        let place = main.rsplit_once('@').map_or(main, |(_, place)| place);
        let hosts = place.split('/').next()?;
        hosts.split(',').all(is_host).then_some(place)
    }
}

/// A host, with or without a port. A word after the colon that is no port may be a password.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        // The colons inside of an address of IPv6 are between brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => (text, "0"),
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    port.parse::<u16>().is_ok() && (is_bracketed || !host.contains(':'))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Some(place) => write!(f, "postgresql://{place}"),
            None => f.write_str(PLACE_UNKNOWN),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The database that was named, if one was.
///
/// # Errors
/// When it is named twice, or not by a URL, or there are certificates for none.
pub(super) fn database(values: &Values) -> anyhow::Result<Option<DatabaseSettings>> {
    let ca_file = values.optional(DATABASE_CA_FILE).map(PathBuf::from);
    let url = match (values.optional(DATABASE_URL), values.optional(DATABASE_URL_FILE)) {
        (Some(_), Some(_)) => {
            bail!("{DATABASE_URL} and {DATABASE_URL_FILE} are both set: one names the database")
        }
        (Some(url), None) => DatabaseUrl::parse(&url).context(DATABASE_URL)?,
        (None, Some(file)) => DatabaseUrl::read(Path::new(&file)).context(DATABASE_URL_FILE)?,
        (None, None) => {
            ensure!(
                ca_file.is_none(),
                "{DATABASE_CA_FILE} is set and {DATABASE_URL} is not: there is no database"
            );
            return Ok(None);
        }
    };
    Ok(Some(DatabaseSettings { url, ca_file }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is typed, and what is shown of it.
    #[test]
    fn only_the_place_is_shown() {
        check("postgres://kassa:hunter2@db/kassa", "postgresql://db/kassa");
        check("postgresql://kassa@db:5433/kassa?sslmode=require", "postgresql://db:5433/kassa");
        check(
            "postgres://k:hunter2@a:1,b:2/kassa?target_session_attrs=x",
            "postgresql://a:1,b:2/kassa",
        );
        check("postgres://kassa@db/kassa?password=hunter2", "postgresql://db/kassa");
        check("postgres://k:hunter2@[::1]:5432/kassa", "postgresql://[::1]:5432/kassa");
        check("postgres://k:hunter2@[::1]/kassa", "postgresql://[::1]/kassa");
        check("postgres:///kassa?host=/run/postgresql&user=k", "postgresql:///kassa");
        check("postgres://db", "postgresql://db");
        // Passwords with what they should have written in another way.
        check("postgres://k:hunt@er2@db/kassa", "postgresql://db/kassa");
        check("postgres://k:hunt/er2@db/kassa", "postgresql://db/kassa");
        check("postgres://k:hunter2?@db/kassa", PLACE_UNKNOWN);
        check("postgres://k@db/kassa?password=hunt@er2", PLACE_UNKNOWN);
        // Nor when the host was forgotten.
        check("postgres://k:hunter2", PLACE_UNKNOWN);
        check("postgres://k:hunter2/kassa", PLACE_UNKNOWN);
        check("postgres://k:hunter2:5432/kassa", PLACE_UNKNOWN);
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let url = DatabaseUrl::parse(&format!("{text}\n")).unwrap();
        assert_eq!(url.to_string(), expected);
        assert_eq!(url.secret(), text);
        let settings = DatabaseSettings { url, ca_file: None };
        let shown =
            format!("{settings} {settings:?}", settings = settings.url) + &format!("{settings:?}");
        assert!(!shown.contains("hunt"), "{shown}");
    }

    #[test]
    fn what_is_no_url_is_refused_and_not_shown() {
        for bad in ["", "hunter2", "host=db password=hunter2", "mysql://k:hunter2@db", "postgres:x"]
            .into_iter()
            .chain(["postgres://k:hunt er2@db", "postgres://k:hunter2@db\nx"])
        {
            let error = format!("{:#}", DatabaseUrl::parse(bad).unwrap_err());
            assert!(error.contains("postgres://user@host/database"), "{error}");
            assert!(!error.contains("hunt"), "{error}");
        }
    }
}

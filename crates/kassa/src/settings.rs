//! The settings of `kassa serve` and of what works on its store: one table, from which the flags,
//! their help, the variables, the keys of the file and docs/configuration.md come.
//!
//! A flag wins over the environment, the environment over the file, the file over the default.

mod database;
mod given;
#[cfg(test)]
mod page;
mod psps;

pub(crate) use database::{DatabaseSettings, DatabaseUrl};
pub(crate) use given::{ForBench, ForServe, ForStore};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use engine::limits::CONNECTIONS_MAX;

use given::Values;

use crate::post::networks::Networks;
use crate::psp::PspSettings;

/// The file that is read when none is named. It need not exist.
const FILE_DEFAULT: &str = "/etc/kassa/kassa.toml";

/// One setting, under all its names. In the file it is called as the flag, with underscores.
struct Setting {
    flag: &'static str,
    variable: &'static str,
    /// What stands for its value in the help.
    value: &'static str,
    /// What it is when nobody says. Empty: it is not set.
    default: &'static str,
    meaning: &'static str,
    /// Whether the commands that work on a store beside the server know it too.
    is_of_store: bool,
}

const CONFIG: &str = "config";
const DATA_DIR: &str = "data-dir";
const KEY_FILE: &str = "key-file";
const DATABASE_URL: &str = "database-url";
const DATABASE_URL_FILE: &str = "database-url-file";
const DATABASE_CA_FILE: &str = "database-ca-file";
const WRITERS: &str = "writers";
const LISTEN: &str = "listen";
const TLS_CERT: &str = "tls-cert";
const TLS_KEY: &str = "tls-key";
const LOG_FORMAT: &str = "log-format";
const LOG_LEVEL: &str = "log-level";
const CONNECTIONS: &str = "connections-max";
const SHUTDOWN_DELAY: &str = "shutdown-delay";
const PACKAGES_DIR: &str = "packages-dir";
const PACKAGE_BYTES: &str = "package-bytes-max";
const TERMINALS_THROTTLE: &str = "terminals-throttle";
const PUBLIC_URL: &str = "public-url";
const VAULT_KEYS: &str = "vault-keys";
const VAULT_KEYS_FILE: &str = "vault-keys-file";
const SWISH_URL: &str = "swish-url";
const KLARNA_URL: &str = "klarna-url";
const EASY_URL: &str = "easy-url";
const SANTANDER_URL: &str = "santander-url";
const PSP_CA_FILE: &str = "psp-ca-file";
const PSP_SIMULATORS: &str = "psp-simulators";
const RKHA21_PROFILES: &str = "rkha21-profiles";
const NOTIFY_NETWORKS: &str = "notify-networks";
const ONLINE_PAYMENTS: &str = "online-payments";

/// The variable that names the database.
pub(crate) const DATABASE_URL_VARIABLE: &str = "KASSA_DATABASE_URL";

/// What a benchmark of a database takes, as flags only: it shall not happen to the database that
/// the environment or a file names for the server.
const BENCH: [&str; 4] = [DATABASE_URL, DATABASE_URL_FILE, DATABASE_CA_FILE, WRITERS];

/// The most writers of one server. A few are enough to keep a database busy, since each writes in
/// batches; each holds a connection.
const WRITERS_MAX: usize = 16;

/// The longest package that may be allowed, in bytes: 16 GiB.
const PACKAGE_BYTES_LIMIT: u64 = 16 * 1024 * 1024 * 1024;

/// The most calls in a window of the throttle, and the longest window, in seconds.
const THROTTLE_CALLS_MAX: usize = 10_000;
const THROTTLE_SECONDS_MAX: u32 = 3_600;

const SETTINGS: [Setting; 29] = [
    Setting {
        flag: CONFIG,
        variable: "KASSA_CONFIG",
        value: "FILE",
        default: "",
        meaning: "The configuration file, in TOML. Without it /etc/kassa/kassa.toml is read if it \
                  is there. A file cannot name another one",
        is_of_store: true,
    },
    Setting {
        flag: DATA_DIR,
        variable: "KASSA_DATA_DIR",
        value: "DIR",
        default: "/var/lib/kassa",
        meaning: "Where everything is kept; with a database, only the installation key and, \
                  without packages-dir, packages. One server at a time may use a store that is \
                  kept here",
        is_of_store: true,
    },
    Setting {
        flag: KEY_FILE,
        variable: "KASSA_INSTALLATION_KEY_FILE",
        value: "FILE",
        default: "",
        meaning: "The installation key: 64 hexadecimal digits in a file that only its owner may \
                  read. Without it installation.key in the data directory. It is made at the \
                  first start; all servers of one database need the same",
        is_of_store: true,
    },
    Setting {
        flag: DATABASE_URL,
        variable: DATABASE_URL_VARIABLE,
        value: "URL",
        default: "",
        meaning: "The PostgreSQL database that servers share, as \
                  postgres://user:password@host/database. Without it the store is embedded, in \
                  the data directory. It is a secret when it holds a password, and others on the \
                  machine can see flags: use the variable, or database-url-file. Of several \
                  hosts, as host:port,host:port, the one is used that can be written to. TLS is \
                  spoken with every host but this machine itself, unless the URL says \
                  sslmode=disable",
        is_of_store: true,
    },
    Setting {
        flag: DATABASE_URL_FILE,
        variable: "KASSA_DATABASE_URL_FILE",
        value: "FILE",
        default: "",
        meaning: "A file with the database's URL and nothing else. Either this or database-url",
        is_of_store: true,
    },
    Setting {
        flag: DATABASE_CA_FILE,
        variable: "KASSA_DATABASE_CA_FILE",
        value: "FILE",
        default: "",
        meaning: "Certificates, in PEM, of who may sign the database's. Without it those that the \
                  system trusts",
        is_of_store: true,
    },
    Setting {
        flag: WRITERS,
        variable: "KASSA_WRITERS",
        value: "COUNT",
        default: "2",
        meaning: "Writers of this server on a database, from 1 to 16, each with a thread and a \
                  connection of its own. An embedded store has one",
        is_of_store: false,
    },
    Setting {
        flag: LISTEN,
        variable: "KASSA_LISTEN",
        value: "ADDRESS",
        default: "127.0.0.1:8080",
        meaning: "Address and port to listen at. Port 0 takes a free one; the log says which",
        is_of_store: false,
    },
    Setting {
        flag: TLS_CERT,
        variable: "KASSA_TLS_CERT",
        value: "FILE",
        default: "",
        meaning: "Certificate chain in PEM, the server's own first. With it, and with the key, \
                  only TLS is spoken",
        is_of_store: false,
    },
    Setting {
        flag: TLS_KEY,
        variable: "KASSA_TLS_KEY",
        value: "FILE",
        default: "",
        meaning: "Private key of the certificate, in PEM",
        is_of_store: false,
    },
    Setting {
        flag: LOG_FORMAT,
        variable: "KASSA_LOG_FORMAT",
        value: "FORMAT",
        default: "text",
        meaning: "How the log is written to standard error: text or json",
        is_of_store: false,
    },
    Setting {
        flag: LOG_LEVEL,
        variable: "KASSA_LOG_LEVEL",
        value: "LEVEL",
        default: "info",
        meaning: "error, warn, info, debug or trace; or one for each part, as in \
                  info,engine=debug",
        is_of_store: false,
    },
    Setting {
        flag: CONNECTIONS,
        variable: "KASSA_CONNECTIONS_MAX",
        value: "COUNT",
        default: "10000",
        meaning: "The most connections at once, from 1 to 10000. More of them wait until one ends",
        is_of_store: false,
    },
    Setting {
        flag: SHUTDOWN_DELAY,
        variable: "KASSA_SHUTDOWN_DELAY",
        value: "SECONDS",
        default: "0",
        meaning: "How long /readyz says no before a shutdown stops taking connections, from 0 to \
                  300: the time that a load balancer needs to look elsewhere",
        is_of_store: false,
    },
    Setting {
        flag: PACKAGES_DIR,
        variable: "KASSA_PACKAGES_DIR",
        value: "DIR",
        default: "",
        meaning: "Where the files of packages for terminals are kept. Without it packages in the \
                  data directory. Servers of one database need one directory that they share",
        is_of_store: true,
    },
    Setting {
        flag: PACKAGE_BYTES,
        variable: "KASSA_PACKAGE_BYTES_MAX",
        value: "BYTES",
        default: "536870912",
        meaning: "The longest package that may be uploaded, in bytes, from 1 to 17179869184",
        is_of_store: false,
    },
    Setting {
        flag: TERMINALS_THROTTLE,
        variable: "KASSA_TERMINALS_THROTTLE",
        value: "CALLS/SECONDS",
        default: "30/10",
        meaning: "How many calls of each endpoint of the Terminals contract an application, and an \
                  account, may make in so many seconds, as counted by each server; or off. At \
                  most 10000 calls in at most 3600 seconds",
        is_of_store: false,
    },
    Setting {
        flag: PUBLIC_URL,
        variable: "KASSA_PUBLIC_URL",
        value: "URL",
        default: "",
        meaning: "Where the world finds this server, as https://pay.example: PSPs call it back \
                  there, and links in answers begin with it. Without it the address that is \
                  listened at. Servers of one database need the same",
        is_of_store: false,
    },
    Setting {
        flag: VAULT_KEYS,
        variable: "KASSA_VAULT_KEYS",
        value: "KEYS",
        default: "",
        meaning: "The keys with which merchants' agreements with PSPs are sealed, as \
                  ID:64 hexadecimal digits, several with commas between. The first seals, all of \
                  them open; what older ones have sealed is sealed anew at the start. Without them \
                  a key derived from the installation key. They are secrets, and others on the \
                  machine can see flags: use the variable, or vault-keys-file. Servers of one \
                  database need the same",
        is_of_store: false,
    },
    Setting {
        flag: VAULT_KEYS_FILE,
        variable: "KASSA_VAULT_KEYS_FILE",
        value: "FILE",
        default: "",
        meaning: "A file with the vault's keys, a line each. Either this or vault-keys",
        is_of_store: false,
    },
    Setting {
        flag: SWISH_URL,
        variable: "KASSA_SWISH_URL",
        value: "URL",
        default: "https://cpc.getswish.net/swish-cpcapi/api",
        meaning: "Where Swish's API is",
        is_of_store: false,
    },
    Setting {
        flag: KLARNA_URL,
        variable: "KASSA_KLARNA_URL",
        value: "URL",
        default: "https://api.klarna.com",
        meaning: "Where Klarna's API is",
        is_of_store: false,
    },
    Setting {
        flag: EASY_URL,
        variable: "KASSA_EASY_URL",
        value: "URL",
        default: "https://api.dibspayment.eu",
        meaning: "Where the API of Nets Easy is",
        is_of_store: false,
    },
    Setting {
        flag: SANTANDER_URL,
        variable: "KASSA_SANTANDER_URL",
        value: "URL",
        default: "",
        meaning: "Where somebody speaks the neutral loan contract for Santander. Without it there \
                  are no loans",
        is_of_store: false,
    },
    Setting {
        flag: PSP_CA_FILE,
        variable: "KASSA_PSP_CA_FILE",
        value: "FILE",
        default: "",
        meaning: "Certificates, in PEM, of who may sign those of PSPs, beside those that the \
                  system trusts",
        is_of_store: false,
    },
    Setting {
        flag: PSP_SIMULATORS,
        variable: "KASSA_PSP_SIMULATORS",
        value: "WHETHER",
        default: "refused",
        meaning: "Whether a PSP's address may be one where no real money moves, a test system or a \
                  simulator: refused or allowed. Where it is, /readyz says so",
        is_of_store: false,
    },
    Setting {
        flag: ONLINE_PAYMENTS,
        variable: "KASSA_ONLINE_PAYMENTS",
        value: "MODE",
        default: "live",
        meaning: "Whether payments v3 moves real money: live or test. In test mode cards that are \
                  not the ledger's go to a test acquirer, payers prove who they are on a stand-in \
                  of an issuer's page, and result codes and /readyz say so",
        is_of_store: false,
    },
    Setting {
        flag: RKHA21_PROFILES,
        variable: "KASSA_RKHA21_PROFILES",
        value: "FILES",
        default: "",
        meaning: "The layouts of acquirers' files, as docs/formats/rkha21.md says, several with \
                  commas between. Files that come are read with the first; rows that came before \
                  with that of the name which was kept with them, so one that is replaced stays \
                  in the list. Without this setting, and for what came without it, the open \
                  profile. Servers of one database need the same",
        is_of_store: false,
    },
    Setting {
        flag: NOTIFY_NETWORKS,
        variable: "KASSA_NOTIFY_NETWORKS",
        value: "NETWORKS",
        default: "",
        meaning: "Networks that notifications to merchants may go to beside the public Internet, \
                  as 10.1.0.0/16, several with commas between, at most 64. To what is in them, \
                  and to nothing else, they may go without TLS. Without this setting no address \
                  that is not public is reached, whatever URL a merchant gives. Where it is set, \
                  /readyz?verbose says so",
        is_of_store: false,
    },
];

/// Where the store is, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreSettings {
    pub(crate) data_dir: PathBuf,
    pub(crate) key_file: Option<PathBuf>,
    /// `None`: in `data_dir`.
    pub(crate) packages_dir: Option<PathBuf>,
    /// `None`: the store is embedded, in `data_dir`.
    pub(crate) database: Option<DatabaseSettings>,
}

/// Which database a benchmark fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BenchSettings {
    /// `None`: an embedded store of its own.
    pub(crate) database: Option<DatabaseSettings>,
    pub(crate) writers: usize,
}

/// All that a server needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServeSettings {
    pub(crate) store: StoreSettings,
    /// On a database; an embedded store has one.
    pub(crate) writers: usize,
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
    pub(crate) connections_max: usize,
    pub(crate) shutdown_delay: Duration,
    pub(crate) package_bytes_max: u64,
    /// `None`: it is off.
    pub(crate) terminals_throttle: Option<Throttle>,
    /// Where PSPs are.
    pub(crate) psps: PspSettings,
    /// The layouts of acquirers' files, that of files that come first.
    pub(crate) rkha21_profiles: Vec<PathBuf>,
    /// Where notifications may go beside the public Internet.
    pub(crate) notify_networks: Networks,
    /// Whether no real money moves over payments v3.
    pub(crate) is_test: bool,
}

/// So many calls in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttle {
    pub(crate) calls: usize,
    pub(crate) seconds: u32,
}

/// What TLS is spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificates: PathBuf,
    pub(crate) key: PathBuf,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One object a line, for machines.
    Json,
}

/// Where the environment is read from; a test brings its own.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

impl ForStore {
    /// Brings flags, environment, file and defaults together.
    ///
    /// # Errors
    /// When the file cannot be read, or a value is none.
    pub(crate) fn resolve(&self, environment: Environment<'_>) -> anyhow::Result<StoreSettings> {
        StoreSettings::of(&Values::collect(&self.0, environment)?)
    }
}

impl ForServe {
    /// Brings flags, environment, file and defaults together.
    ///
    /// # Errors
    /// When the file cannot be read, or a value is none.
    pub(crate) fn resolve(&self, environment: Environment<'_>) -> anyhow::Result<ServeSettings> {
        let values = Values::collect(&self.0, environment)?;
        Ok(ServeSettings {
            store: StoreSettings::of(&values)?,
            writers: values.number(WRITERS, 1, WRITERS_MAX)?,
            listen: values.parsed(LISTEN, "an address with a port, as 127.0.0.1:8080")?,
            tls: tls_files(&values)?,
            log_format: log_format(&values)?,
            log_level: values.text(LOG_LEVEL),
            connections_max: values.number(CONNECTIONS, 1, CONNECTIONS_MAX)?,
            shutdown_delay: Duration::from_secs(values.number(SHUTDOWN_DELAY, 0, 300)?),
            package_bytes_max: values.number(PACKAGE_BYTES, 1, PACKAGE_BYTES_LIMIT)?,
            terminals_throttle: throttle(&values.text(TERMINALS_THROTTLE))?,
            psps: psps::psps(&values)?,
            rkha21_profiles: rkha21_profiles(&values),
            notify_networks: notify_networks(&values)?,
            is_test: is_test(&values)?,
        })
    }
}

impl ForBench {
    /// Brings flags and defaults together.
    ///
    /// # Errors
    /// When a value is none.
    pub(crate) fn resolve(&self) -> anyhow::Result<BenchSettings> {
        let values = Values::merge(&self.0, &|_| None, "")?;
        let writers = values.number(WRITERS, 1, WRITERS_MAX)?;
        Ok(BenchSettings { database: database::database(&values)?, writers })
    }
}

impl StoreSettings {
    /// An embedded store, with its key beside it.
    pub(crate) fn embedded(data_dir: &Path) -> StoreSettings {
        StoreSettings {
            data_dir: data_dir.to_owned(),
            key_file: None,
            packages_dir: None,
            database: None,
        }
    }

    /// Where the files of packages are.
    pub(crate) fn packages_dir(&self) -> PathBuf {
        self.packages_dir.clone().unwrap_or_else(|| self.data_dir.join("packages"))
    }

    fn of(values: &Values) -> anyhow::Result<StoreSettings> {
        Ok(StoreSettings {
            data_dir: PathBuf::from(values.text(DATA_DIR)),
            key_file: values.optional(KEY_FILE).map(PathBuf::from),
            packages_dir: values.optional(PACKAGES_DIR).map(PathBuf::from),
            database: database::database(values)?,
        })
    }
}

/// Where the store is, for people and logs. No secret is in it.
impl std::fmt::Display for StoreSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.database {
            None => write!(f, "{}", self.data_dir.display()),
            Some(database) => write!(f, "{}", database.url),
        }
    }
}

/// The variables of all settings, for who starts a server that shall know none of them.
pub(crate) fn variables() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.variable)
}

fn tls_files(values: &Values) -> anyhow::Result<Option<TlsFiles>> {
    match (values.optional(TLS_CERT), values.optional(TLS_KEY)) {
        (Some(certificates), Some(key)) => {
            Ok(Some(TlsFiles { certificates: certificates.into(), key: key.into() }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => bail!("{TLS_CERT} is set and {TLS_KEY} is not: TLS needs both"),
        (None, Some(_)) => bail!("{TLS_KEY} is set and {TLS_CERT} is not: TLS needs both"),
    }
}

fn throttle(text: &str) -> anyhow::Result<Option<Throttle>> {
    if text == "off" {
        return Ok(None);
    }
    let parsed = text.split_once('/').and_then(|(calls, seconds)| {
        Some(Throttle { calls: calls.parse().ok()?, seconds: seconds.parse().ok()? })
    });
    let in_range = parsed.filter(|throttle| {
        (1..=THROTTLE_CALLS_MAX).contains(&throttle.calls)
            && (1..=THROTTLE_SECONDS_MAX).contains(&throttle.seconds)
    });
    let throttle = in_range.with_context(|| {
        format!("{TERMINALS_THROTTLE}: `{text}` is neither off nor calls and seconds as 30/10")
    })?;
    Ok(Some(throttle))
}

fn is_test(values: &Values) -> anyhow::Result<bool> {
    match values.text(ONLINE_PAYMENTS).as_str() {
        "live" => Ok(false),
        "test" => Ok(true),
        other => bail!("{ONLINE_PAYMENTS}: `{other}` is not live or test"),
    }
}

fn rkha21_profiles(values: &Values) -> Vec<PathBuf> {
    let given = values.text(RKHA21_PROFILES);
    let paths = given.split(',').map(str::trim).filter(|path| !path.is_empty());
    paths.map(PathBuf::from).collect()
}

fn notify_networks(values: &Values) -> anyhow::Result<Networks> {
    Networks::parse(&values.text(NOTIFY_NETWORKS)).context(NOTIFY_NETWORKS)
}

fn log_format(values: &Values) -> anyhow::Result<LogFormat> {
    match values.text(LOG_FORMAT).as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(anyhow::anyhow!("`{other}` is not text or json")).context(LOG_FORMAT),
    }
}

#[cfg(test)]
mod tests {
    use engine::limits::PACKAGE_BYTES_MAX;

    use super::database::DatabaseUrl;
    use super::*;
    use crate::scratch::Scratch;

    /// What one source says about `listen`, in the order of precedence, and what comes of it.
    #[test]
    fn flag_wins_over_environment_over_file_over_default() {
        check([Some("1.1.1.1:1"), Some("2.2.2.2:2"), Some("3.3.3.3:3")], "1.1.1.1:1");
        check([None, Some("2.2.2.2:2"), Some("3.3.3.3:3")], "2.2.2.2:2");
        check([None, None, Some("3.3.3.3:3")], "3.3.3.3:3");
        check([None, None, None], "127.0.0.1:8080");
        check([Some("1.1.1.1:1"), None, None], "1.1.1.1:1");
        check([Some("1.1.1.1:1"), None, Some("3.3.3.3:3")], "1.1.1.1:1");
        check([None, Some("2.2.2.2:2"), None], "2.2.2.2:2");
        // An empty variable is one that is not set, as in a unit file.
        check([None, Some(""), Some("3.3.3.3:3")], "3.3.3.3:3");
    }

    #[track_caller]
    fn check(said: [Option<&str>; 3], expected: &str) {
        let [flag, variable, file] = said;
        let flags = flag.map(|value| (LISTEN, value.to_owned())).into_iter().collect();
        let file = file.map(|value| format!("listen = \"{value}\"")).unwrap_or_default();
        let environment = |name: &str| match name {
            "KASSA_LISTEN" => variable.map(str::to_owned),
            _ => None,
        };
        let values = Values::merge(&flags, &environment, &file).unwrap();
        assert_eq!(values.text(LISTEN), expected);
    }

    #[test]
    fn values_that_are_none_are_refused_with_their_name() {
        refuse("listen = \"localhost\"", "listen: `localhost` is not an address");
        refuse("log_format = \"xml\"", "log-format: `xml` is not text or json");
        refuse("connections_max = 0", "connections-max: `0` is not a number from 1 to 10000");
        refuse("connections_max = 10001", "connections-max: `10001` is not a number");
        refuse("shutdown_delay = \"long\"", "shutdown-delay: `long` is not a number");
        refuse("tls_cert = \"a.pem\"", "tls-cert is set and tls-key is not");
        refuse("tls_key = \"a.pem\"", "tls-key is set and tls-cert is not");
        refuse("colour = \"red\"", "`colour` is no setting; there are: data_dir, key_file");
        refuse("config = \"b.toml\"", "`config` is no setting");
        refuse("listen = [1]", "`listen` must be a text, a number or true or false");
        refuse("writers = 0", "writers: `0` is not a number from 1 to 16");
        refuse("writers = 17", "writers: `17` is not a number from 1 to 16");
        refuse("listen = ", "not TOML: line 1: ");
        refuse("package_bytes_max = 0", "package-bytes-max: `0` is not a number from 1 to");
        refuse("package_bytes_max = 17179869185", "package-bytes-max: `17179869185` is not");
        for bad in ["", " ", "30", "30/", "0/10", "10001/10", "30/0", "30/3601", "-1/10", "on"] {
            let said = format!("terminals_throttle = \"x{bad}\"");
            refuse(&said, "terminals-throttle: `x");
            assert!(throttle(bad).is_err(), "{bad}");
        }
        refuse("online_payments = \"demo\"", "online-payments: `demo` is not live or test");
        refuse("notify_networks = \"localhost\"", "notify-networks: `localhost` is not a network");
        refuse(
            "notify_networks = \"10.1.0.0/8\"",
            "notify-networks: `10.1.0.0/8` is not the first",
        );
    }

    #[test]
    fn packages_and_the_throttle_have_defaults_and_can_be_set() {
        let settings = |file: &str| {
            let folder = Scratch::new("settings").unwrap();
            let path = folder.path().join("kassa.toml");
            std::fs::write(&path, file).unwrap();
            let given = ForServe([(CONFIG, path.display().to_string())].into_iter().collect());
            given.resolve(&|_| None).unwrap()
        };
        let default = settings("data_dir = \"/d\"");
        assert_eq!(default.store.packages_dir(), Path::new("/d/packages"));
        assert_eq!(default.package_bytes_max, PACKAGE_BYTES_MAX);
        assert_eq!(default.terminals_throttle, Some(Throttle { calls: 30, seconds: 10 }));
        let other = settings("packages_dir = \"/p\"\nterminals_throttle = \"off\"");
        assert_eq!(other.store.packages_dir(), Path::new("/p"));
        assert_eq!(other.terminals_throttle, None);
        assert!(other.notify_networks.is_empty() && other.rkha21_profiles.is_empty());
        let profiles = settings("rkha21_profiles = \"/a, /b\"").rkha21_profiles;
        assert_eq!(profiles, [Path::new("/a"), Path::new("/b")]);
        let networks = settings("notify_networks = \"10.1.0.0/16, fd00::1\"").notify_networks;
        assert_eq!(networks.texts(), ["10.1.0.0/16", "fd00::1/128"]);
        let most = Throttle { calls: THROTTLE_CALLS_MAX, seconds: THROTTLE_SECONDS_MAX };
        assert_eq!(throttle("10000/3600").unwrap(), Some(most));
    }

    /// No error shows a URL, and so no password, wherever the mistake is.
    #[test]
    fn databases_that_are_none_are_refused_without_being_shown() {
        refuse("database_url = \"k:hunter2@db\"", "database-url: it is not a URL as postgres://");
        refuse("database_url = [\"postgres://k:hunter2@db\"]", "`database_url` must be a text");
        refuse("writers = 1\ndatabase_url = \"postgres://k:hunter2@db", "not TOML: line 2: ");
        refuse(
            "database_url = \"postgres://k:hunter2@db\"\ndatabase_url_file = \"hunter2\"",
            "database-url and database-url-file are both set",
        );
        refuse("database_url_file = \"/no/such\"", "database-url-file: could not read /no/such");
        refuse("database_url_file = \"/dev/null\"", "database-url-file: in /dev/null: it is not");
        refuse("database_ca_file = \"a.pem\"", "database-ca-file is set and database-url is not");
    }

    #[test]
    fn a_database_is_named_by_text_or_by_file() {
        let folder = Scratch::new("settings").unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "postgres://k:hunter2@db/kassa\n").unwrap();
        let expected = DatabaseSettings {
            url: DatabaseUrl::parse("postgres://k:hunter2@db/kassa").unwrap(),
            ca_file: None,
        };
        for (variable, value) in [
            (DATABASE_URL_VARIABLE, "postgres://k:hunter2@db/kassa"),
            ("KASSA_DATABASE_URL_FILE", file.to_str().unwrap()),
        ] {
            let environment = |name: &str| (name == variable).then(|| value.to_owned());
            let settings = ForServe(given::Flags::new()).resolve(&environment).unwrap();
            assert_eq!(settings.store.database, Some(expected.clone()));
            assert_eq!(settings.store.to_string(), "postgresql://db/kassa");
            assert_eq!(settings.writers, 2);
            assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
        }
    }

    /// A benchmark takes the database of its flags, and no other.
    #[test]
    fn flags_that_hold_a_url_are_not_shown() {
        let url = || (DATABASE_URL, "postgres://k:hunter2@db/kassa".to_owned());
        let bench = ForBench([url()].into_iter().collect());
        let settings = bench.resolve().unwrap();
        assert_eq!(settings.database.unwrap().url.secret(), url().1);
        assert_eq!(ForBench::default().resolve().unwrap().database, None);
        let (store, serve) = (ForStore(bench.0.clone()), ForServe(bench.0.clone()));
        let values = Values::merge(&bench.0, &|_| None, "").unwrap();
        let shown = format!("{bench:?} {store:?} {serve:?} {values:?}");
        assert!(shown.contains(DATABASE_URL) && !shown.contains("hunter2"), "{shown}");
    }

    #[track_caller]
    fn refuse(file: &str, expected: &str) {
        let folder = Scratch::new("settings").unwrap();
        let path = folder.path().join("kassa.toml");
        std::fs::write(&path, file).unwrap();
        let given = ForServe([(CONFIG, path.display().to_string())].into_iter().collect());
        let error = format!("{:#}", given.resolve(&|_| None).unwrap_err());
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_named_file_must_be_there_and_the_default_one_need_not() {
        let missing = ForStore([(CONFIG, "/no/such/file".to_owned())].into_iter().collect());
        let error = format!("{:#}", missing.resolve(&|_| None).unwrap_err());
        assert!(error.contains("/no/such/file"), "{error}");
        let settings = ForServe(given::Flags::new()).resolve(&|_| None).unwrap();
        assert_eq!(settings.store.data_dir, PathBuf::from("/var/lib/kassa"));
        assert_eq!(settings.store.key_file, None);
        assert_eq!(settings.connections_max, CONNECTIONS_MAX);
    }

    #[test]
    fn names_follow_one_pattern() {
        for setting in &SETTINGS {
            let expected = match setting.flag {
                // It names what it holds, since it is a secret that a service manager may pass.
                KEY_FILE => "KASSA_INSTALLATION_KEY_FILE".to_owned(),
                flag => format!("KASSA_{}", flag.to_uppercase().replace('-', "_")),
            };
            assert_eq!(setting.variable, expected);
        }
    }
}

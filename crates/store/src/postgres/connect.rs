//! Connections: where the database is, over what, and with which settings.
//!
//! Invariant: what takes too long is given up by us, never cancelled at the server. A COMMIT that
//! is cancelled while it waits for its standby reports success for what the standby may not have.

use std::error::Error as _;
use std::future::Future;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{PostgresError, PostgresOptions};

/// How long one host may take to answer, where the connection string does not say.
const CONNECT_WAIT: Duration = Duration::from_secs(2);

/// How long what was sent may stay without the other side's kernel having seen it.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(4);

/// How long a connection may say nothing before it is asked whether it is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// How long one host may take to connect, greet and say whether it can be written to. The driver's
/// own limit ends with the socket: a host whose kernel answers and whose server does not would keep
/// us from the next one.
const HOST_WAIT: Duration = Duration::from_secs(3);

/// How long a round trip may take, waits for locks included.
pub(super) const ROUND_TRIP_MAX: Duration = Duration::from_secs(8);

/// What is no batch is as little isolated as can be; batches ask for what the database has as its
/// default. Plans do not depend on what is asked: by index, row after row. A batch waits for rows
/// that others have locked, but not for ever; a node that stops in the middle of one is cut off.
const SETTINGS: &str = "SET default_transaction_isolation = 'read committed'; \
                        SET plan_cache_mode = force_generic_plan; SET jit = off; \
                        SET enable_seqscan = off; SET enable_hashjoin = off; \
                        SET enable_mergejoin = off; SET statement_timeout = 0; \
                        SET lock_timeout = '5s'; \
                        SET idle_in_transaction_session_timeout = '10s'; \
                        SET client_min_messages = 'error'";

/// What goes wrong with a database.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It says so, or is out of reach.
    #[error("database failed")]
    Database(#[from] tokio_postgres::Error),
    /// It answers, but not as the URL says that it does: no TLS, another's certificate, a password
    /// that it wants and the URL has not.
    #[error("database could not be talked to")]
    Handshake(#[source] tokio_postgres::Error),
    /// It says nothing for too long.
    #[error("database does not answer")]
    Silent,
    /// A row cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Another writer has changed the directory since it was read.
    #[error("directory is not the newest")]
    StaleDirectory,
    /// The runtime of a connection could not be made.
    #[error("system refused a runtime")]
    System(#[from] std::io::Error),
}

impl Error {
    /// What the database calls it.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Error::Database(error) => error.code(),
            Error::Handshake(_)
            | Error::Silent
            | Error::Unreadable(_)
            | Error::StaleDirectory
            | Error::System(_) => None,
        }
    }

    /// What an operator has to do before the database answers otherwise. `None` when it may do so
    /// by itself.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        if matches!(self, Error::Handshake(_)) {
            return Some("check host, port, password and sslmode in its URL, and database-ca-file");
        }
        match self.code()?.code() {
            "3D000" => Some("create it, or correct its name in the URL"),
            "42501" | "3F000" => Some("let the role in its URL own the schema"),
            code if code.starts_with("28") => {
                Some("check user, password and sslmode in its URL, and its pg_hba.conf")
            }
            _ => None,
        }
    }

    /// Whether the same may be tried again at once: others were in the way.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Error::StaleDirectory)
            || self.code().is_some_and(|code| {
                *code == SqlState::T_R_SERIALIZATION_FAILURE
                    || *code == SqlState::T_R_DEADLOCK_DETECTED
                    || *code == SqlState::UNIQUE_VIOLATION
                    || *code == SqlState::LOCK_NOT_AVAILABLE
            })
    }

    /// Whether the database is not to be had, whatever is asked of it.
    pub(super) fn is_outage(&self) -> bool {
        // 53: the server has no connection left, or no memory or disk.
        self.is_lost() || self.code().is_some_and(|code| code.code().starts_with("53"))
    }

    /// Whether the session is of no use any more.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Error::Database(error) => match error.code() {
                None => true,
                Some(code) => ["08", "57P", "40003", "25006", "25P03"].iter().any(|class| {
                    // 25006: the server has become one that only reads.
                    code.code().starts_with(class)
                }),
            },
            Error::Handshake(_) | Error::Silent | Error::System(_) => true,
            Error::Unreadable(_) | Error::StaleDirectory => false,
        }
    }
}

/// Makes connections.
pub(super) struct Connector {
    /// One for each host, in the order of the URL.
    hosts: Vec<Config>,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    /// To the host that can be written to, whatever the URL says. Connects to nothing so far.
    pub(super) fn for_writing(options: &PostgresOptions) -> Result<Connector, PostgresError> {
        Connector::new(options, |_| TargetSessionAttrs::ReadWrite)
    }

    /// As [`Connector::for_writing`], unless the URL names another kind of host.
    pub(super) fn for_reading(options: &PostgresOptions) -> Result<Connector, PostgresError> {
        let names_kind = options.url.contains("target_session_attrs=");
        Connector::new(options, |config| match config.get_target_session_attrs() {
            named if names_kind => named,
            _ => TargetSessionAttrs::ReadWrite,
        })
    }

    fn new(
        options: &PostgresOptions,
        kind: impl FnOnce(&Config) -> TargetSessionAttrs,
    ) -> Result<Connector, PostgresError> {
        let refuse = |text: &str| PostgresError::Options(text.to_owned());
        let config: Result<Config, _> = options.url.parse();
        let mut config = config.map_err(|error| refuse(&unreadable(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(refuse(
                "database URL names no host: write it as in postgres://user@host/database",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE_IDLE);
        let kind = kind(&config);
        config.target_session_attrs(kind);
        config.application_name("kassa");
        let names_mode = options.url.contains("sslmode=");
        let is_plain = match config.get_ssl_mode() {
            SslMode::Disable => true,
            // What the string does not say: in clear on this machine, and only there.
            SslMode::Prefer if !names_mode => is_local(&config),
            SslMode::Require => false,
            SslMode::Prefer | _ => {
                return Err(refuse(
                    "sslmode in the URL must be disable or require: prefer protects nothing",
                ));
            }
        };
        let tls = if is_plain {
            config.ssl_mode(SslMode::Disable);
            None
        } else {
            config.ssl_mode(SslMode::Require);
            Some(MakeRustlsConnect::new(client_config(options.ca_file.as_deref())?))
        };
        Ok(Connector { hosts: of_each_host(&config), tls })
    }

    /// A connection to the first host of the right kind, and how isolated the database wants
    /// transactions to be. Where there is none, what stays so until somebody does something about
    /// it is told before what does not.
    async fn connect(&self) -> Result<(Client, String), Error> {
        let mut told = Error::Silent;
        for host in &self.hosts {
            let error = match timeout(HOST_WAIT, self.connect_to(host)).await {
                Ok(Ok(client)) => return prepare(client).await,
                Ok(Err(error)) if is_of_handshake(&error) => Error::Handshake(error),
                Ok(Err(error)) => Error::Database(error),
                Err(_) => Error::Silent,
            };
            if told.remedy().is_none() {
                told = error;
            }
        }
        Err(told)
    }

    async fn connect_to(&self, host: &Config) -> Result<Client, tokio_postgres::Error> {
        match &self.tls {
            None => {
                let (client, connection) = host.connect(NoTls).await?;
                drop(tokio::task::spawn(connection));
                Ok(client)
            }
            Some(tls) => {
                let (client, connection) = host.connect(tls.clone()).await?;
                drop(tokio::task::spawn(connection));
                Ok(client)
            }
        }
    }
}

/// Whether a connection came to nothing though there was somebody to talk to, and no error of the
/// database's own was told.
fn is_of_handshake(error: &tokio_postgres::Error) -> bool {
    let Some(source) = error.source() else { return false };
    match source.downcast_ref::<std::io::Error>() {
        Some(error) => matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput),
        None => error.code().is_none(),
    }
}

/// What is wrong with a URL. What the parser says of it may quote the password, unless it is about
/// the value of a parameter that it knows.
fn unreadable(error: &tokio_postgres::Error) -> String {
    let text = error.source().map(ToString::to_string);
    match text.filter(|text| text.starts_with("invalid value for option")) {
        Some(text) if text.contains("sslmode") => {
            "sslmode in the database URL must be disable or require: require checks the \
             certificate and the host's name, as verify-full does elsewhere"
                .to_owned()
        }
        Some(text) => format!("database URL cannot be read: {text}"),
        None => "database URL cannot be read: check its form, its parameters, and that a password \
                 has %40, %2F, %3A or %3F for @, /, : or ?"
            .to_owned(),
    }
}

/// Makes a new connection ours.
async fn prepare(client: Client) -> Result<(Client, String), Error> {
    let prepared = timeout(ROUND_TRIP_MAX, async {
        let isolation = client.query_one("SHOW default_transaction_isolation", &[]).await?;
        let isolation: String = isolation.try_get(0)?;
        client.batch_execute(SETTINGS).await?;
        Ok::<_, tokio_postgres::Error>(isolation)
    });
    let isolation = prepared.await.map_err(|_| Error::Silent)?.map_err(Error::Database)?;
    Ok((client, isolation))
}

/// The same for one host each.
fn of_each_host(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) =
        (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let one = |at: usize| {
        let mut one = without_host(config);
        match hosts.get(at) {
            Some(Host::Tcp(name)) => one.host(name),
            #[cfg(unix)]
            Some(Host::Unix(path)) => one.host_path(path),
            None => &mut one,
        };
        if let Some(address) = addresses.get(at) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(at).or(ports.first()) {
            one.port(*port);
        }
        one
    };
    (0..hosts.len().max(addresses.len())).map(one).collect()
}

/// All but where it is.
fn without_host(config: &Config) -> Config {
    let mut one = Config::new();
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(name) = config.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(wait) = config.get_connect_timeout() {
        one.connect_timeout(*wait);
    }
    if let Some(wait) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*wait);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle());
    one.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
    one.channel_binding(config.get_channel_binding());
    one.target_session_attrs(config.get_target_session_attrs());
    one
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_local)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, PostgresError> {
    let refuse = |text: String| PostgresError::Options(text);
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca_file {
        let name = file.display();
        let unreadable = |error| refuse(format!("certificates in {name}: {error}"));
        for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            let added = roots.add(certificate.map_err(unreadable)?);
            added.map_err(|error| refuse(format!("certificates in {name}: {error}")))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err(refuse("no certificate says whose database to trust".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| refuse(format!("TLS: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A connection, and what drives it: only while somebody waits for an answer.
pub(super) struct Session {
    /// Some until the end.
    runtime: Option<Runtime>,
    pub(super) client: Client,
    /// How isolated the database wants transactions to be.
    pub(super) isolation: String,
}

impl Session {
    /// Connects.
    pub(super) fn open(connector: &Connector) -> Result<Session, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (client, isolation) = runtime.block_on(connector.connect())?;
        Ok(Session { runtime: Some(runtime), client, isolation })
    }

    /// Waits for a round trip, but not for ever.
    pub(super) fn wait<T>(
        &self,
        round_trip: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.wait_long(async {
            timeout(ROUND_TRIP_MAX, round_trip).await.map_err(|_| Error::Silent)?
        })
    }

    /// Waits for what may take long.
    pub(super) fn wait_long<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work),
            None => Err(Error::Silent),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A reader may end where async code runs, and a runtime that is dropped there panics.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(url: &str) -> Result<Connector, String> {
        let options = PostgresOptions { url: url.to_owned(), ca_file: None };
        Connector::for_writing(&options).map_err(|error| error.to_string())
    }

    #[test]
    fn what_leaves_this_machine_is_encrypted() {
        for (url, is_plain) in [
            ("postgres://kassa@127.0.0.1:5432/kassa", true),
            ("postgres://kassa@localhost,[::1]/kassa", true),
            ("host=/var/run/postgresql user=kassa", true),
            ("postgres://kassa@db.example/kassa?sslmode=disable", true),
            ("postgres://kassa@127.0.0.1/kassa?sslmode=require", false),
        ] {
            match connector(url) {
                Ok(connector) => assert_eq!(connector.tls.is_none(), is_plain, "{url}"),
                // Where the system trusts nobody.
                Err(error) => assert!(!is_plain && error.contains("certificate"), "{url}: {error}"),
            }
        }
        let remote = connector("postgres://kassa@db.example,127.0.0.1/kassa");
        assert!(remote.is_err() || remote.is_ok_and(|connector| connector.tls.is_some()));
    }

    #[test]
    fn every_host_has_a_port_and_all_else() {
        let url = "postgres://kassa:secret@127.0.0.1:1,localhost:2,[::1]:3/shop?sslmode=disable";
        let hosts = connector(url).unwrap().hosts;
        let ports: Vec<&[u16]> = hosts.iter().map(Config::get_ports).collect();
        assert_eq!(ports, [[1], [2], [3]]);
        for host in &hosts {
            assert_eq!((host.get_hosts().len(), host.get_user()), (1, Some("kassa")));
            assert_eq!(host.get_password(), Some(b"secret".as_slice()));
            assert_eq!(host.get_dbname(), Some("shop"));
            assert_eq!(host.get_connect_timeout(), Some(&CONNECT_WAIT));
            assert_eq!(host.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
        let hosts = connector("host=127.0.0.1,127.0.0.1 port=7 user=kassa").unwrap().hosts;
        assert_eq!(hosts.iter().map(Config::get_ports).collect::<Vec<_>>(), [[7], [7]]);
    }

    #[test]
    fn a_bad_url_is_refused_and_not_repeated() {
        for url in ["postgres://kassa:hunter2@h:port/", "mysql", "postgres://", "host"] {
            let error = connector(url).err().unwrap();
            assert!(!error.contains("hunter2") && !error.is_empty(), "{url}: {error}");
        }
        for (parameter, expected) in [
            ("sslmode=prefer", "prefer protects nothing"),
            ("sslmode=verify-full", "require checks the certificate"),
            ("connect_timeout=soon", "invalid value for option `connect_timeout`"),
            ("sslrootcert=ca.pem", "its parameters"),
        ] {
            let url = format!("postgres://kassa:hunter2@db.example/kassa?{parameter}");
            let error = connector(&url).err().unwrap();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_readers_may_ask_for_another_kind_of_host() {
        let kind = |make: fn(&PostgresOptions) -> Result<Connector, PostgresError>, parameter| {
            let url = format!("postgres://kassa@127.0.0.1/kassa{parameter}");
            let connector = make(&PostgresOptions { url, ca_file: None }).unwrap();
            connector.hosts[0].get_target_session_attrs()
        };
        let any = "?target_session_attrs=any";
        assert_eq!(kind(Connector::for_writing, any), TargetSessionAttrs::ReadWrite);
        assert_eq!(kind(Connector::for_reading, any), TargetSessionAttrs::Any);
        assert_eq!(kind(Connector::for_reading, ""), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn certificates_must_be_some() {
        let options = PostgresOptions {
            url: "postgres://kassa@db.example/kassa".to_owned(),
            ca_file: Some("/nonexistent/ca.pem".into()),
        };
        assert!(matches!(Connector::for_writing(&options), Err(PostgresError::Options(_))));
    }
}

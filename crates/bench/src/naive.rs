//! What batching is compared with: an ordinary application on the same database, with a pool of
//! connections and one transaction for each request, statement after statement.
//!
//! Invariant: it works on tables of its own, `naive_*`, and leaves the store's as they are.
//!
//! As Kassa does, it locks the account before it decides, answers a repeat, keeps each
//! authorization's row with the balance after it, under the same CHECKs and with the same index
//! of what is due, and answers after the COMMIT. Its statements are prepared and their plans the
//! server's choice. It starts with the same accounts and cards, copied and analysed.
//!
//! It does less than Kassa: no chain of seals, no keys for every kind of row (its source ids are
//! unique by an index on the authorizations), no hash of the request to compare a repeat with, no
//! look at the company, the seller, or the card's last month. Its source ids come in ascending
//! order, which is good for its index; Kassa's keys are hashes and do not.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use crate::BenchError;
use crate::callers::{Contender, Request};

/// Times that one request is tried which others are in the way of.
const TRIES: u32 = 10;
/// How long the database may take to answer when it is connected to.
const CONNECT_WAIT: Duration = Duration::from_secs(2);
/// Status and state of what is in use, in the store's tables.
const ACTIVE: i64 = 0;
/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Makes the tables. `LIKE` takes columns, CHECKs and indexes over.
const MAKE: &str = "
    CREATE TABLE naive_account (LIKE account INCLUDING ALL) WITH (fillfactor = 50);
    INSERT INTO naive_account SELECT * FROM account;
    CREATE TABLE naive_card (LIKE card INCLUDING ALL);
    INSERT INTO naive_card SELECT * FROM card;
    CREATE TABLE naive_authorization (LIKE authorization_ INCLUDING ALL);
    CREATE UNIQUE INDEX naive_source ON naive_authorization (company, source);
    CREATE SEQUENCE naive_id";

/// Removes them.
const REMOVE: &str = "
    DROP TABLE IF EXISTS naive_account, naive_card, naive_authorization;
    DROP SEQUENCE IF EXISTS naive_id";

/// What is made ready for both sides, each a transaction of its own.
const ANALYSE: [&str; 4] = [
    "VACUUM ANALYZE account",
    "VACUUM ANALYZE card",
    "VACUUM ANALYZE naive_account",
    "VACUUM ANALYZE naive_card",
];

const FIND: &str = "SELECT c.id, c.status, a.company, a.id, a.status, a.credit_limit, a.debt, \
     a.reserved, a.last \
     FROM naive_card AS c JOIN naive_account AS a ON a.company = c.company AND a.id = c.account \
     WHERE c.token = $1 FOR UPDATE OF a";

const FIND_SOURCE: &str = "SELECT id FROM naive_authorization WHERE company = $1 AND source = $2";

/// The columns that do not matter here are as wide as the store's.
const INSERT: &str = "INSERT INTO naive_authorization (id, at, company, seller, account, card, \
     source, fingerprint, kind, amount, currency, point_of_sale, method, channel, valid_to, \
     expires_at, mount, declined, debt, reserved, previous, state, taken, last_child) \
     VALUES (nextval('naive_id'), $1, $2, $3, $4, $5, $6, $7, 0, $8, 'SEK', 'Testshop', NULL, \
     NULL, $9, $10, 1, NULL, $11, $12, $13, 0, 0, 0) RETURNING id";

const UPDATE: &str = "UPDATE naive_account SET reserved = $3, last = $4, last_at = $5 \
     WHERE company = $1 AND id = $2";

/// The application.
pub(crate) struct Naive {
    /// The pool: sessions that nobody uses, and a permit for each.
    idle: Mutex<Vec<Session>>,
    permits: Semaphore,
    seller: i64,
    /// The time, in milliseconds since 1970-01-01 UTC.
    clock_ms: fn() -> i64,
    transactions: AtomicU64,
    retries: AtomicU64,
}

struct Session {
    client: Client,
    find: Statement,
    find_source: Statement,
    insert: Statement,
    update: Statement,
}

/// Why a transaction came to nothing.
enum Failure {
    Refused(&'static str),
    Database(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        Failure::Database(error)
    }
}

impl Failure {
    /// Whether the same may be tried again: others were in the way.
    fn is_conflict(&self) -> bool {
        match self {
            Failure::Refused(_) => false,
            Failure::Database(error) => error.code().is_some_and(|code| {
                *code == SqlState::T_R_SERIALIZATION_FAILURE
                    || *code == SqlState::T_R_DEADLOCK_DETECTED
            }),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Refused(what) => f.write_str(what),
            Failure::Database(error) => match error.as_db_error() {
                Some(said) => write!(f, "the database refused: {said}"),
                None => write!(f, "the database failed: {error}"),
            },
        }
    }
}

/// How a database on this machine is reached.
///
/// # Errors
/// [`BenchError::Option`] when it is elsewhere, or the URL is none. The URL is in no error.
pub(crate) fn local(url: &str) -> Result<Config, BenchError> {
    let wrong = BenchError::Option {
        option: "database URL",
        range: "that of a database on this machine: load is never sent over a network",
    };
    let Ok(mut config) = url.parse::<Config>() else { return Err(wrong) };
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let is_somewhere = !hosts.is_empty() || !addresses.is_empty();
    let is_here = hosts.iter().all(is_local) && addresses.iter().all(IpAddr::is_loopback);
    if !is_somewhere || !is_here {
        return Err(wrong);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT);
    }
    config.ssl_mode(SslMode::Disable).application_name("kassa-bench");
    Ok(config)
}

/// Connects; the connection is driven by the runtime that this runs on.
///
/// # Errors
/// [`BenchError::Database`].
pub(crate) async fn connect(config: &Config) -> Result<Client, BenchError> {
    let (client, connection) = config.connect(NoTls).await?;
    drop(tokio::task::spawn(connection));
    Ok(client)
}

/// Makes the tables, with the store's accounts and cards in them, and analyses both.
///
/// # Errors
/// [`BenchError::Database`].
pub(crate) async fn make_tables(client: &Client) -> Result<(), BenchError> {
    remove_tables(client).await?;
    client.batch_execute(MAKE).await?;
    for statement in ANALYSE {
        client.batch_execute(statement).await?;
    }
    Ok(())
}

/// Removes the tables.
///
/// # Errors
/// [`BenchError::Database`].
pub(crate) async fn remove_tables(client: &Client) -> Result<(), BenchError> {
    Ok(client.batch_execute(REMOVE).await?)
}

impl Naive {
    /// Fills the pool.
    ///
    /// # Errors
    /// [`BenchError::Database`].
    pub(crate) async fn open(
        config: &Config,
        connections: usize,
        clock_ms: fn() -> i64,
    ) -> Result<Naive, BenchError> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            idle.push(Session::open(config).await?);
        }
        let mut seller = 0;
        if let Some(session) = idle.first() {
            let sellers = "SELECT COALESCE(MIN(id), 0) FROM seller";
            seller = session.client.query_one(sellers, &[]).await?.try_get(0)?;
        }
        Ok(Naive {
            idle: Mutex::new(idle),
            permits: Semaphore::new(connections),
            seller,
            clock_ms,
            transactions: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        })
    }

    /// Transactions that were done again since others were in their way.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn authorize_on(&self, session: &mut Session, request: &Request) -> Result<(), String> {
        let mut tries = 1;
        loop {
            match session.authorize(request, self.seller, (self.clock_ms)()).await {
                Ok(()) => {
                    self.transactions.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Err(failure) if failure.is_conflict() && tries < TRIES => {
                    tries += 1;
                    self.retries.fetch_add(1, Ordering::Relaxed);
                }
                Err(failure) => return Err(failure.to_string()),
            }
        }
    }
}

impl Contender for Naive {
    async fn authorize(&self, request: &Request) -> Result<(), String> {
        let permit = self.permits.acquire().await;
        let session = self.idle().pop();
        let Some(mut session) = session else { return Err("the pool is empty".to_owned()) };
        let answer = self.authorize_on(&mut session, request).await;
        self.idle().push(session);
        drop(permit);
        answer
    }

    fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }
}

impl Session {
    async fn open(config: &Config) -> Result<Session, BenchError> {
        let client = connect(config).await?;
        Ok(Session {
            find: client.prepare(FIND).await?,
            find_source: client.prepare(FIND_SOURCE).await?,
            insert: client.prepare(INSERT).await?,
            update: client.prepare(UPDATE).await?,
            client,
        })
    }

    /// One transaction. Dropped on the way, it is rolled back.
    async fn authorize(
        &mut self,
        request: &Request,
        seller: i64,
        now_ms: i64,
    ) -> Result<(), Failure> {
        let transaction = self.client.transaction().await?;
        let found = transaction.query_opt(&self.find, &[&request.card_token]).await?;
        let Some(found) = found else { return Err(Failure::Refused("there is no such card")) };
        let Found { card, company, account, debt, reserved, last, .. } =
            Found::read(&found)?.check(request)?;
        let source = request.source.as_str();
        if transaction.query_opt(&self.find_source, &[&company, &source]).await?.is_some() {
            return Ok(transaction.commit().await?);
        }
        let amount = minor(request);
        let reserved = reserved.saturating_add(amount);
        let valid_to = now_ms.div_euclid(DAY_MS).saturating_add(7);
        let expires_at = valid_to.saturating_add(1).saturating_mul(DAY_MS);
        let fingerprint = [0x5a_u8; 16].as_slice();
        let inserted = transaction
            .query_one(
                &self.insert,
                &[
                    &now_ms,
                    &company,
                    &seller,
                    &account,
                    &card,
                    &source,
                    &fingerprint,
                    &amount,
                    &valid_to,
                    &expires_at,
                    &debt,
                    &reserved,
                    &last,
                ],
            )
            .await?;
        let id: i64 = inserted.try_get(0)?;
        transaction.execute(&self.update, &[&company, &account, &reserved, &id, &now_ms]).await?;
        Ok(transaction.commit().await?)
    }
}

/// A card with its account.
struct Found {
    card: i64,
    card_status: i64,
    company: i64,
    account: i64,
    status: i64,
    credit_limit: i64,
    debt: i64,
    reserved: i64,
    last: i64,
}

impl Found {
    fn read(row: &Row) -> Result<Found, tokio_postgres::Error> {
        Ok(Found {
            card: row.try_get(0)?,
            card_status: row.try_get(1)?,
            company: row.try_get(2)?,
            account: row.try_get(3)?,
            status: row.try_get(4)?,
            credit_limit: row.try_get(5)?,
            debt: row.try_get(6)?,
            reserved: row.try_get(7)?,
            last: row.try_get(8)?,
        })
    }

    /// The decision.
    fn check(self, request: &Request) -> Result<Found, Failure> {
        if self.status != ACTIVE || self.card_status != ACTIVE {
            return Err(Failure::Refused("the account or the card is blocked"));
        }
        let used = self.debt.saturating_add(self.reserved);
        if self.credit_limit.saturating_sub(used) < minor(request) {
            return Err(Failure::Refused("insufficient funds"));
        }
        Ok(self)
    }
}

fn minor(request: &Request) -> i64 {
    i64::try_from(request.amount_minor).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_stays_on_this_machine() {
        for url in [
            "postgres://kassa@127.0.0.1:5432/kassa",
            "postgres://kassa@localhost,[::1]/kassa",
            "postgres:///kassa?host=/run/postgresql&user=kassa",
        ] {
            assert!(local(url).is_ok(), "{url}");
        }
        for url in [
            "postgres://kassa:hunter2@db.example/kassa",
            "postgres://kassa:hunter2@127.0.0.1,10.0.0.1/kassa",
            "postgres://kassa:hunter2@localhost/kassa?hostaddr=10.0.0.1",
            "postgres://",
            "hunter2",
        ] {
            let error = local(url).unwrap_err().to_string();
            assert!(error.contains("on this machine") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_decision_is_about_status_and_limit() {
        let check = |change: fn(&mut Found), amount_minor| {
            let mut found = Found {
                card: 1,
                card_status: ACTIVE,
                company: 1,
                account: 1,
                status: ACTIVE,
                credit_limit: 1_000,
                debt: 300,
                reserved: 200,
                last: 0,
            };
            change(&mut found);
            let request =
                Request { card_token: String::new(), source: String::new(), amount_minor };
            found.check(&request).is_ok()
        };
        assert!(check(|_| {}, 500));
        assert!(!check(|_| {}, 501));
        assert!(!check(|found| found.status = 1, 1));
        assert!(!check(|found| found.card_status = 1, 1));
    }
}

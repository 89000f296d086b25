//! The schema: migrations in the order of their numbers, by one node at a time.
//!
//! A migration is a list of statements, each a transaction of its own that may be run again, so
//! that a node that dies in the middle leaves work that the next one ends.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::sleep;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::PostgresError;
use super::connect::Error;
use super::lease::take_turn;

/// Number, name and statements.
struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "0001_card_ledger",
        sql: include_str!("../../migrations/postgres/0001_card_ledger.sql"),
    },
    Migration {
        number: 2,
        name: "0002_estate",
        sql: include_str!("../../migrations/postgres/0002_estate.sql"),
    },
    Migration {
        number: 3,
        name: "0003_settlement",
        sql: include_str!("../../migrations/postgres/0003_settlement.sql"),
    },
];

/// What migrations themselves need.
const GROUND: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS turn (duty TEXT PRIMARY KEY, epoch INT8 NOT NULL, \
     holder TEXT NOT NULL, until INT8 NOT NULL) WITH (fillfactor = 50)",
    "CREATE TABLE IF NOT EXISTS migration (number INT8 PRIMARY KEY, name TEXT NOT NULL, \
     checksum BYTEA NOT NULL)",
];

/// How often a node looks whether another one has ended its migrations.
const PAUSE: Duration = Duration::from_millis(100);

/// How many times a node looks, or tries a statement that others run too.
const TRIES: u32 = 600;

/// What stands in the way of a store that could be opened.
enum Found {
    /// Nothing.
    Current,
    /// So many migrations are done.
    Behind(usize),
}

/// Brings the schema up to date, or waits until another node has.
pub(super) async fn migrate(client: &Client, holder: &str) -> Result<(), PostgresError> {
    for statement in GROUND {
        run(client, statement).await?;
    }
    for _ in 0..TRIES {
        let done = match look(client).await? {
            Found::Current => return Ok(()),
            Found::Behind(done) => done,
        };
        if take_turn(client, "migration", holder).await?.is_none() {
            sleep(PAUSE).await;
            continue;
        }
        // Again, now that nobody else is at it.
        if let Found::Behind(now) = look(client).await?
            && now == done
            && let Some(migration) = MIGRATIONS.get(done)
        {
            apply(client, migration, holder).await?;
        }
    }
    let error = "another node is at the migrations, and does not end".into();
    Err(PostgresError::OutOfReach(error))
}

/// Demands that the schema is this program's.
pub(super) async fn check(client: &Client) -> Result<(), PostgresError> {
    let exists = client.query_one("SELECT to_regclass('migration') IS NOT NULL", &[]).await;
    let exists: bool = exists.and_then(|row| row.try_get(0)).map_err(Error::Database)?;
    if !exists {
        return Err(PostgresError::Missing);
    }
    match look(client).await? {
        Found::Current => Ok(()),
        Found::Behind(0) => Err(PostgresError::Missing),
        Found::Behind(found) => Err(PostgresError::OlderSchema { found, known: MIGRATIONS.len() }),
    }
}

async fn look(client: &Client) -> Result<Found, PostgresError> {
    let rows = client.query("SELECT name, checksum FROM migration ORDER BY number", &[]).await;
    let rows = rows.map_err(Error::Database)?;
    if rows.len() > MIGRATIONS.len() {
        return Err(PostgresError::NewerSchema { found: rows.len(), known: MIGRATIONS.len() });
    }
    for (row, migration) in rows.iter().zip(MIGRATIONS) {
        let name: String = row.try_get(0).map_err(Error::Database)?;
        let checksum: Vec<u8> = row.try_get(1).map_err(Error::Database)?;
        if name != migration.name || checksum != migration.checksum() {
            return Err(PostgresError::MigrationChanged(name));
        }
    }
    let is_current = rows.len() == MIGRATIONS.len();
    Ok(if is_current { Found::Current } else { Found::Behind(rows.len()) })
}

async fn apply(client: &Client, migration: &Migration, holder: &str) -> Result<(), PostgresError> {
    for statement in statements(migration.sql) {
        if take_turn(client, "migration", holder).await?.is_none() {
            // It took too long, and another node goes on.
            return Ok(());
        }
        run(client, &statement).await?;
    }
    let done = "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3) \
                ON CONFLICT (number) DO NOTHING";
    let checksum = migration.checksum();
    let done = client.execute(done, &[&migration.number, &migration.name, &checksum]).await;
    done.map_err(Error::Database)?;
    tracing::info!(migration = migration.name, "migrated the store");
    Ok(())
}

/// Runs a statement that may be run again; `IF NOT EXISTS` can still lose a race.
async fn run(client: &Client, statement: &str) -> Result<(), PostgresError> {
    for _ in 0..TRIES {
        let Err(error) = client.batch_execute(statement).await else { return Ok(()) };
        let lost_race = error.code().is_some_and(|code| {
            *code == SqlState::UNIQUE_VIOLATION
                || *code == SqlState::DUPLICATE_TABLE
                || *code == SqlState::DUPLICATE_OBJECT
                || *code == SqlState::T_R_SERIALIZATION_FAILURE
                || *code == SqlState::INTERNAL_ERROR
        });
        if !lost_race {
            return Err(Error::Database(error).into());
        }
        sleep(PAUSE).await;
    }
    Err(PostgresError::OutOfReach(format!("`{statement}` fails for ever").into()))
}

impl Migration {
    fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.sql.as_bytes()).to_vec()
    }
}

/// The statements of a file, without its comments.
fn statements(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let code: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let code = code.join("\n");
    let statements = code.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    statements.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_gap() {
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.number).unwrap(), at + 1);
            assert!(migration.name.starts_with(&format!("{:04}_", migration.number)));
        }
    }

    /// What lets the same schema be spread over machines, and run on what speaks this dialect.
    #[test]
    fn the_schema_keeps_to_what_is_common() {
        let tenants = ["authorization_", "transaction_", "change", "used_key", "account"];
        for migration in MIGRATIONS {
            for statement in statements(migration.sql) {
                let upper = statement.to_uppercase();
                for word in
                    ["SERIAL", "SEQUENCE", "TRIGGER", "FUNCTION", "NOW()", "JSONB", "TIMESTAMP"]
                {
                    assert!(!upper.contains(word), "{word} in {statement}");
                }
                assert!(
                    upper.contains("IF NOT EXISTS") || upper.contains("ON CONFLICT"),
                    "may not be run again: {statement}"
                );
                for table in tenants {
                    if upper.starts_with(&format!(
                        "CREATE TABLE IF NOT EXISTS {}",
                        table.to_uppercase()
                    )) {
                        assert!(upper.contains("PRIMARY KEY (COMPANY, "), "{statement}");
                    }
                    let on = format!(" ON {} ", table.to_uppercase());
                    assert!(
                        !(upper.contains("UNIQUE INDEX") && upper.contains(&on)),
                        "{statement}"
                    );
                }
            }
        }
    }

    #[test]
    fn comments_are_no_statements() {
        let sql = "-- one; two\nCREATE x (\n a, -- b;\n c\n);\n\nINSERT y;\n";
        assert_eq!(statements(sql), ["CREATE x (\n a, \n c\n)", "INSERT y"]);
    }
}

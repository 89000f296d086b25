//! Who may do what: lanes for writers, and turns for what only one node does at a time. Both are
//! rows that are held until a time of the database's clock, and then anybody's.
//!
//! Invariant: whoever takes a row over gets a greater epoch, and what was done under the old one
//! is noticed.

use std::time::Duration;

use ledger::{Head, Lane};
use tokio_postgres::Client;

use super::cells;
use super::connect::Error;
use crate::rows::SEALS;
use crate::{Epoch, TURN};

/// The database's clock, in milliseconds.
pub(super) const CLOCK: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::INT8";

/// A lane that a writer holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldLane {
    pub(super) epoch: Epoch,
    /// Its newest seal, which nobody else follows while this is held.
    pub(super) head: Head,
}

impl HeldLane {
    pub(super) fn id(&self) -> Lane {
        self.head.lane
    }
}

pub(super) fn turn_ms() -> i64 {
    i64::try_from(Duration::as_millis(&TURN)).unwrap_or(i64::MAX)
}

/// Takes a lane that nobody holds, or makes one. `None` when others were faster; try again.
pub(super) async fn claim(client: &Client, holder: &str) -> Result<Option<HeldLane>, Error> {
    let taken = client
        .query_opt(
            &format!(
                "UPDATE lane SET epoch = epoch + 1, holder = $1, until = {CLOCK} + $2 \
                 WHERE id = (SELECT id FROM lane WHERE until <= {CLOCK} ORDER BY id LIMIT 1 \
                 FOR UPDATE SKIP LOCKED) RETURNING id, epoch"
            ),
            &[&holder, &turn_ms()],
        )
        .await?;
    let row = match taken {
        Some(row) => Some(row),
        None => {
            client
                .query_opt(
                    &format!(
                        "INSERT INTO lane (id, epoch, holder, until) \
                         SELECT COALESCE(MAX(id) + 1, 0), 1, $1, {CLOCK} + $2 FROM lane \
                         ON CONFLICT (id) DO NOTHING RETURNING id, epoch"
                    ),
                    &[&holder, &turn_ms()],
                )
                .await?
        }
    };
    let Some(row) = row else { return Ok(None) };
    let (lane, epoch) = (Lane(row.try_get(0)?), Epoch(row.try_get(1)?));
    Ok(Some(HeldLane { epoch, head: end_of(client, lane).await? }))
}

async fn end_of(client: &Client, lane: Lane) -> Result<Head, Error> {
    let newest = SEALS.select("WHERE lane = $1 ORDER BY number DESC LIMIT 1");
    let newest = client.query_opt(&newest, &[&lane.0]).await?;
    let newest = newest.as_ref().map(cells::seal).transpose()?;
    Ok(newest.as_ref().map_or_else(|| Head::start(lane), Head::after))
}

/// Whether a lane ends there.
pub(super) async fn is_end(client: &Client, head: Head) -> Result<bool, Error> {
    Ok(end_of(client, head.lane).await? == head)
}

/// Gives a lane back.
pub(super) async fn release(client: &Client, held: HeldLane) -> Result<(), Error> {
    let release = "UPDATE lane SET until = 0 WHERE id = $1 AND epoch = $2";
    client.execute(release, &[&held.id().0, &held.epoch.0]).await?;
    Ok(())
}

/// Takes or keeps a turn. `None` when another holder has it.
pub(super) async fn take_turn(
    client: &Client,
    duty: &str,
    holder: &str,
) -> Result<Option<Epoch>, Error> {
    let take = format!(
        "UPDATE turn SET holder = $2, until = {CLOCK} + $3, \
         epoch = CASE WHEN holder = $2 AND until > {CLOCK} THEN epoch ELSE epoch + 1 END \
         WHERE duty = (SELECT duty FROM turn WHERE duty = $1 AND (holder = $2 OR until <= {CLOCK}) \
         FOR UPDATE SKIP LOCKED) RETURNING epoch"
    );
    let taken = client.query_opt(&take, &[&duty, &holder, &turn_ms()]).await?;
    if let Some(row) = taken {
        return Ok(Some(Epoch(row.try_get(0)?)));
    }
    // The first who asks makes the row.
    let first = format!(
        "INSERT INTO turn (duty, epoch, holder, until) VALUES ($1, 1, $2, {CLOCK} + $3) \
         ON CONFLICT (duty) DO NOTHING RETURNING epoch"
    );
    let taken = client.query_opt(&first, &[&duty, &holder, &turn_ms()]).await?;
    Ok(taken.map(|row| row.try_get(0)).transpose()?.map(Epoch))
}

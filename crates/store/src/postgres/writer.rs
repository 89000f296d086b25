//! A writer: one connection, one lane, one batch at a time.
//!
//! Invariant: what this remembers (the end of its lane, the directory) was committed. Whatever
//! leaves that in doubt makes it forget.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ledger::{Books, Directory, Head, ReadSet, RowId, Seal, WriteSet, WrittenDocument};
use tokio::time::Instant;

use super::Shared;
use super::connect::{Error, Session};
use super::ids::{Given, Ids, Order};
use super::lease::{HeldLane, claim, is_end, release, turn_ms};
use super::load::{
    BeginStatements, Begun, LoadStatements, Locking, RESERVE, Wanted, begin, one, read_directory,
};
use super::read::PostgresSource;
use super::write::{Failure, WriteStatements, Writing, give_back, roll_back, write};
use crate::{Source, Store, StoreError};

/// How long a batch that others are in the way of is tried again, and an unknown outcome asked
/// for. Shorter than a caller waits.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long a batch that has not begun waits for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// The pause between two tries to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// A writer of a store in `PostgreSQL`.
pub struct PostgresStore {
    shared: Arc<Shared>,
    link: Option<Link>,
    lane: Option<HeldLane>,
    directory: Arc<Directory>,
    /// The greatest id that it has heard of.
    newest: RowId,
}

/// A connection with its statements.
struct Link {
    session: Session,
    begin: BeginStatements,
    load: LoadStatements,
    write: WriteStatements,
    ids: Ids,
    /// Whether a transaction has begun that nobody has ended.
    is_inside: bool,
}

/// Why a try did not end the batch.
enum Setback {
    /// Others were in the way. Nothing is written; the same again may do.
    Conflict,
    /// The batch needs more ids than it was given.
    Ids(i64),
    /// Keys were found to lead to these rows, of accounts that were not locked in their turn.
    Behind(Vec<i64>),
    /// The connection was lost before anything could be written.
    Lost(Error),
    /// The database refuses. Nothing is written.
    Refused(Error),
    /// The connection was lost while these were written.
    Unknown(Error, Box<WriteSet>),
}

/// How long a batch may be idle between its round trips until it is cut off: shorter than others
/// wait for its locks, so that they are served when its node stops in the middle of it.
const IDLE_MAX: &str = "SET idle_in_transaction_session_timeout = '4s'";

impl Link {
    fn open(shared: &Shared) -> Result<Link, Error> {
        let session = Session::open(&shared.connector)?;
        let (begin, load, write) = session.wait(async {
            let client = &session.client;
            client.batch_execute(IDLE_MAX).await?;
            Ok((
                BeginStatements::prepare(client, &session.isolation).await?,
                LoadStatements::prepare(client, Locking::Rows).await?,
                WriteStatements::prepare(client).await?,
            ))
        })?;
        Ok(Link { session, begin, load, write, ids: Ids::default(), is_inside: false })
    }
}

impl PostgresStore {
    pub(super) fn new(shared: Arc<Shared>, directory: Arc<Directory>) -> PostgresStore {
        PostgresStore { shared, link: None, lane: None, directory, newest: RowId(0) }
    }

    /// Connects, unless it is connected, and takes a lane, unless it has one.
    fn prepare(&mut self, until: Instant) -> Result<HeldLane, Error> {
        // A batch that unwound has left its transaction open.
        if self.link.as_ref().is_some_and(|link| link.is_inside || link.session.client.is_closed())
        {
            self.link = None;
        }
        loop {
            let error = match self.try_prepare() {
                Ok(Some(lane)) => return Ok(lane),
                Ok(None) => None,
                Err(error) if error.is_conflict() => Some(error),
                Err(error) => {
                    self.link = None;
                    std::thread::sleep(CONNECT_PAUSE);
                    Some(error)
                }
            };
            if Instant::now() >= until {
                return Err(error.unwrap_or(Error::Silent));
            }
        }
    }

    fn try_prepare(&mut self) -> Result<Option<HeldLane>, Error> {
        if self.link.is_none() {
            let link = Link::open(&self.shared)?;
            if let Some(lane) = self.lane
                && !link.session.wait(is_end(&link.session.client, lane.head))?
            {
                // Another writer has gone on in it, or the database is not where it was: it was
                // restored, or a standby took over that had not received all.
                tracing::warn!(lane = lane.id().0, "the lane does not end where it was left");
                self.lane = None;
                self.directory = Arc::default();
            }
            self.link = Some(link);
        }
        let Some(link) = &mut self.link else { return Ok(None) };
        if self.lane.is_none() {
            // Who had it before may have used greater ids than are left here.
            link.ids.forget();
            let claimed = claim(&link.session.client, &self.shared.holder);
            self.lane = link.session.wait(claimed)?;
            if let Some(lane) = &self.lane {
                tracing::info!(lane = lane.id().0, epoch = lane.epoch.0, "took a lane");
            }
        }
        Ok(self.lane)
    }

    /// Runs the batch once.
    fn attempt(
        &mut self,
        lane: HeldLane,
        (ids, behind): (i64, &[i64]),
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), Setback> {
        let wanted = Wanted::of(reads, &self.directory, self.newest, behind);
        let Some(link) = self.link.as_mut() else { return Err(Setback::Conflict) };
        link.is_inside = true;
        let taken = link.ids.take(ids, Instant::now());
        let statements = (&link.begin, &link.load);
        let begun = begin(&link.session.client, statements, lane, taken.err(), &wanted);
        let mut begun = match link.session.wait(begun).map_err(before) {
            Ok(begun) => begun,
            Err(setback) => {
                if !matches!(setback, Setback::Lost(_)) {
                    link.ids.forget();
                    self.roll_back(Given { newest: 0, used: 0, is_kept: false })?;
                }
                return Err(setback);
            }
        };
        let mut given = match (taken, begun.newest) {
            (Ok(given), _) => given,
            (Err(order), Some(newest)) => link.ids.receive(order, newest, Instant::now()),
            (Err(_), None) => return Err(Setback::Conflict),
        };
        self.newest = self.newest.max(RowId(given.newest));
        let (lane_ms, found) = (begun.lane_ms, begun.behind.take());
        let version = |list: &String| (list.clone(), begun.loaded.list_version(list));
        let lists: BTreeMap<String, i64> = reads.lists.iter().map(version).collect();
        let Some(books) = self.books(lane, begun, ids, &mut given)? else {
            self.roll_back(given)?;
            return Err(found.map_or(Setback::Conflict, Setback::Behind));
        };
        let writes = decide(books);
        let placed = i64::try_from(writes.rows.len()).unwrap_or(i64::MAX);
        if placed > ids {
            self.roll_back(given)?;
            return Err(Setback::Ids(placed));
        }
        if writes.is_empty() {
            // What it answers with may have been found, and is told only once it is as safe as
            // what was written now: a commit waits for all that was committed before it.
            let nothing = Writing { set: writes, lists: Vec::new() };
            let committed = self.commit(lane, false, given, nothing);
            let Err(Setback::Unknown(error, _)) = committed else { return committed };
            return Err(Setback::Lost(error));
        }
        let is_renewed = lane_ms.is_some_and(|left| left < turn_ms().div_euclid(2));
        given.used = given.used.saturating_add(placed);
        let writing = Writing { lists: put_on(lists, &writes), set: writes };
        self.commit(lane, is_renewed, given, writing)
    }

    /// The books to decide on. `None` when what was loaded is not to be relied on.
    fn books(
        &mut self,
        lane: HeldLane,
        begun: Begun,
        ids: i64,
        given: &mut Given,
    ) -> Result<Option<Books>, Setback> {
        let Some(link) = &self.link else { return Ok(None) };
        let client = &link.session.client;
        if begun.lane_ms.is_none() {
            tracing::warn!(lane = lane.id().0, "another writer has taken the lane over");
            self.lane = None;
            return Ok(None);
        }
        if begun.directory_version != self.directory.version() {
            let directory = link.session.wait(read_directory(client, &self.directory));
            self.directory = directory.map_err(before)?;
            return Ok(None);
        }
        let books = begun.loaded.into_books(&self.directory, RowId(given.used), lane.head);
        let Some(books) = books else { return Ok(None) };
        if books.newest_known() <= RowId(given.used) {
            return Ok(Some(books));
        }
        // Another writer was given ids after this batch, and was faster. On a connection of its
        // own, so that nobody waits for this batch to be given theirs.
        let newest = self.shared.reserve(ids).map_err(before)?;
        *given = Given { newest, used: newest.saturating_sub(ids), is_kept: false };
        self.newest = RowId(newest);
        Ok(Some(books.renumbered(RowId(given.used))))
    }

    fn roll_back(&mut self, given: Given) -> Result<(), Setback> {
        let Some(link) = self.link.as_mut() else { return Ok(()) };
        let ended = roll_back(&link.session.client, &link.write, given);
        link.session.wait(ended).map_err(before)?;
        link.ids.leave(given);
        link.is_inside = false;
        Ok(())
    }

    fn commit(
        &mut self,
        lane: HeldLane,
        is_renewed: bool,
        given: Given,
        writing: Writing,
    ) -> Result<(), Setback> {
        let Some(link) = self.link.as_mut() else { return Err(Setback::Conflict) };
        let (client, statements) = (&link.session.client, &link.write);
        let mut failure = None;
        let sent = link.session.wait(async {
            let written = write(client, statements, &writing, (lane, is_renewed), given).await;
            failure = written.err();
            Ok(())
        });
        match (sent, failure) {
            (Ok(()), None) => {
                link.ids.leave(given);
                link.is_inside = false;
                self.follow(writing.set);
                Ok(())
            }
            (Err(error), _) | (Ok(()), Some(Failure::Commit(error))) => {
                Err(Setback::Unknown(error, Box::new(writing.set)))
            }
            (Ok(()), Some(Failure::Before(error))) => {
                let setback = before(error);
                // What it did not use was given back with the commit, or is lost: given back
                // twice, it could take away what others were given in between.
                self.roll_back(Given { used: given.newest, is_kept: false, ..given })?;
                Err(setback)
            }
        }
    }

    /// Follows a commit.
    fn follow(&mut self, writes: WriteSet) {
        if let (Some(lane), Some(seal)) = (&mut self.lane, &writes.seal) {
            lane.head = Head::after(seal);
        }
        if let Some(directory) = writes.directory {
            self.directory = directory;
        }
    }

    /// Finds out whether a batch was committed whose end was not heard of. `None` when that
    /// cannot be found out in time, or at all: a batch without rows leaves no seal. Then the caller
    /// is told so, and what it asks for once more is decided on what is there.
    fn look_up(&mut self, seal: Option<&Seal>, until: Instant) -> Option<bool> {
        self.link = None;
        let seal = seal?;
        while Instant::now() < until {
            match self.shared.find_seal(seal) {
                Ok(is_there) => return Some(is_there),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "asking again");
                    std::thread::sleep(CONNECT_PAUSE);
                }
            }
        }
        None
    }
}

/// Those of the lists that a batch puts documents on.
fn put_on(mut lists: BTreeMap<String, i64>, writes: &WriteSet) -> Vec<(String, i64)> {
    if lists.is_empty() {
        return Vec::new();
    }
    let mut new = BTreeSet::new();
    for WrittenDocument { document, before } in &writes.documents {
        let had = |list: &String| before.as_ref().is_some_and(|(_, lists)| lists.contains(list));
        new.extend(document.lists.iter().filter(|list| !had(list)));
    }
    lists.retain(|list, _| new.contains(list));
    lists.into_iter().collect()
}

fn before(error: Error) -> Setback {
    if error.is_conflict() {
        Setback::Conflict
    } else if error.is_lost() {
        Setback::Lost(error)
    } else {
        Setback::Refused(error)
    }
}

impl Store for PostgresStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        let begun = Instant::now();
        let (until, connected_by) = (begun + PATIENCE, begun + CONNECT_PATIENCE);
        let mut ids = i64::try_from(reads.commands).unwrap_or(i64::MAX);
        let mut behind = Vec::new();
        loop {
            let lane = self.prepare(connected_by).map_err(|error| refused(&error))?;
            let setback = match self.attempt(lane, (ids, &behind), reads, decide) {
                Ok(()) => return Ok(()),
                Err(setback) => setback,
            };
            match setback {
                Setback::Ids(more) => ids = more,
                Setback::Behind(rows) if rows != behind => behind = rows,
                Setback::Conflict | Setback::Behind(_) if Instant::now() < until => {}
                Setback::Conflict | Setback::Behind(_) => {
                    tracing::warn!("batch is given up: others are always faster");
                    return Err(StoreError::NotCommitted);
                }
                Setback::Refused(error) => {
                    self.link = None;
                    return Err(refused(&error));
                }
                Setback::Lost(error) => {
                    self.link = None;
                    tracing::warn!(error = &error as &dyn std::error::Error, "connection is lost");
                    if Instant::now() >= connected_by {
                        return Err(StoreError::NotCommitted);
                    }
                }
                Setback::Unknown(error, writes) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "connection was lost during a commit"
                    );
                    match self.look_up(writes.seal.as_ref(), until) {
                        Some(true) => {
                            self.follow(*writes);
                            return Ok(());
                        }
                        Some(false) => {}
                        None => {
                            self.lane = None;
                            tracing::error!("whether a batch was committed is not known");
                            return Err(StoreError::Unknown);
                        }
                    }
                }
            }
        }
    }

    fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::new(PostgresSource::new(Arc::clone(&self.shared)))
    }
}

fn refused(error: &Error) -> StoreError {
    tracing::error!(error = error as &dyn std::error::Error, "batch failed");
    StoreError::NotCommitted
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // A lane that is not given back is free when its time is over.
        if let (Some(link), Some(lane)) = (&self.link, self.lane)
            && !link.is_inside
        {
            drop(link.session.wait(async {
                let client = &link.session.client;
                if let Some(left) = link.ids.left() {
                    give_back(client, &link.write, Given { is_kept: false, ..left }).await;
                }
                release(client, lane).await
            }));
        }
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("lane", &self.lane).finish_non_exhaustive()
    }
}

impl Shared {
    /// Reserves ids outside of any batch. On a connection for that alone: a batch that has locked
    /// others' rows does not wait for what else is done aside.
    fn reserve(&self, ids: i64) -> Result<i64, Error> {
        self.on(&self.reserving, |session| {
            session.wait(async {
                let Order { ids, newest, used } = Order { ids, newest: -1, used: 0 };
                let rows = session.client.query(RESERVE, &[&ids, &newest, &used]).await?;
                Ok(one(&rows)?.try_get(0)?)
            })
        })
    }

    /// Whether a seal is there, once whoever wrote it has ended. On a new connection: an old one
    /// may be as lost as that of the batch, and nobody else shall wait for this.
    fn find_seal(&self, seal: &Seal) -> Result<bool, Error> {
        let session = Session::open(&self.connector)?;
        session.wait(async {
            let client = &session.client;
            // Each statement sees what was committed before it: first the lock, which the batch
            // held to its end, then the look.
            client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
            let lock = "SELECT epoch FROM lane WHERE id = $1 FOR UPDATE";
            client.query(lock, &[&seal.lane.0]).await?;
            let find = "SELECT hash FROM seal WHERE lane = $1 AND number = $2";
            let found = client.query_opt(find, &[&seal.lane.0, &seal.number]).await?;
            // A batch that was ended while it waited for a standby is there to be seen, and
            // perhaps on no standby. The lock is a write: its commit waits for all before it.
            client.batch_execute("COMMIT").await?;
            let Some(found) = found else { return Ok(false) };
            let hash: Vec<u8> = found.try_get(0)?;
            Ok(hash == seal.hash)
        })
    }
}

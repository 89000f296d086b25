//! Moves an installation from one store to another, parcel by parcel.
//!
//! Invariant: a target notes how far it is in the transaction of each parcel, so that a copy that
//! was cut off goes on as if it had not been; and it is no store to anybody before it equals its
//! source and every invariant of the ledger holds in it.

mod ends;
mod parcel;
mod place;

use std::path::PathBuf;

use ledger::audit::{Auditor, DOCUMENTS_FOUND, Verification};

use crate::PostgresOptions;
use crate::postgres::copy as postgres;
use crate::rows::{DOCUMENT_LISTS, DOCUMENT_NAMES};
use crate::sqlite::copy as sqlite;

use self::place::Pages;

pub(crate) use self::ends::{Export, Failure, Import, Mark, Summary};
pub(crate) use self::parcel::{DocumentPage, Parcel};
pub(crate) use self::place::Place;

/// Records of one parcel, where nobody has a reason for another number. A parcel is one
/// transaction, and is held in memory.
pub const PARCEL_RECORDS: usize = 5_000;

/// In `meta` of the target of a copy, until it is finished: a number that tells its source from
/// others, and the three numbers of the place where it goes on.
pub(crate) const MARK_SOURCE: &str = "copy_source";
pub(crate) const MARK_PLACE: [&str; 3] = ["copy_stage", "copy_after", "copy_after_low"];

/// Where a store is.
#[derive(Clone, Debug)]
pub enum StoreAddress {
    /// An embedded store, in this data directory.
    Directory(PathBuf),
    /// A database.
    Database(PostgresOptions),
}

/// A copy on its way. Dropped at any time it can be opened again, and goes on.
pub struct StoreCopy {
    source: Box<dyn Export>,
    target: Box<dyn Import>,
    /// The source when this began.
    summary: Summary,
    pages: Pages,
    work: Work,
    done: u64,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done.
    pub stage: CopyStage,
    /// Records of this stage that are done: rows, accounts, cards, keys and documents.
    pub done: u64,
    /// Records that there are.
    pub total: u64,
}

/// The two parts of a copy; the second reads everything once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Records are written.
    Copying,
    /// What was written is compared with its source, and audited.
    Checking,
}

/// Why a copy cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Somebody may write to the source.
    #[error("source is in use: stop every server that works on it")]
    SourceInUse,
    /// Somebody else writes to the target.
    #[error("target is in use")]
    TargetInUse,
    /// The target has a content that is no unfinished copy.
    #[error("target has a store of its own, with something in it")]
    TargetNotEmpty,
    /// The target has a part of a copy, and its source was another one.
    #[error(
        "target has a part of a copy of another source, or of this one before it changed: begin \
         again with an empty target"
    )]
    OtherSource,
    /// The source is no longer what it was when this began.
    #[error("source was changed while it was copied: begin again with an empty target")]
    SourceChanged,
    /// The target is no copy: this is the first difference.
    #[error("target differs from its source, first in {0}: begin again with an empty target")]
    Differs(String),
    /// The target equals its source, and neither is in order.
    #[error("target equals its source, but an invariant is broken in both: {0}")]
    Broken(String),
    /// The source could not be opened or read.
    #[error("source could not be read")]
    Source(#[source] Failure),
    /// The target could not be opened, read or written.
    #[error("target could not be written")]
    Target(#[source] Failure),
}

enum Work {
    Copy(Place),
    Check(Place, Box<Auditor>),
    Over,
}

impl StoreCopy {
    /// Begins a copy, or goes on with one that was cut off.
    ///
    /// # Errors
    /// [`CopyError`]; nothing was written then.
    pub fn open(
        from: &StoreAddress,
        to: &StoreAddress,
        parcel_records: usize,
    ) -> Result<StoreCopy, CopyError> {
        let mut source = match from {
            StoreAddress::Directory(dir) => sqlite::export(dir)?,
            StoreAddress::Database(options) => postgres::export(options)?,
        };
        let summary = source.summary().map_err(CopyError::Source)?;
        let mut target = match to {
            StoreAddress::Directory(dir) => sqlite::import(dir)?,
            StoreAddress::Database(options) => postgres::import(options)?,
        };
        let place = find_place(target.as_mut(), summary.id())?;
        let so_far = target.export().summary().map_err(CopyError::Target)?;
        let mut copy = StoreCopy {
            source,
            target,
            pages: Pages::of(&summary, parcel_records.max(1)),
            summary,
            work: Work::Copy(place),
            done: so_far.records(),
        };
        if place == Place::End {
            copy.start_check();
        }
        Ok(copy)
    }

    /// How far it is. `None` when it is finished, and the target is a store.
    pub fn progress(&self) -> Option<CopyProgress> {
        let stage = match self.work {
            Work::Copy(_) => CopyStage::Copying,
            Work::Check(..) => CopyStage::Checking,
            Work::Over => return None,
        };
        Some(CopyProgress { stage, done: self.done, total: self.summary.records() })
    }

    /// What is copied, for people: how many records of each kind, and where the chains end.
    pub fn report(&self) -> Vec<String> {
        let Summary { rows, accounts, cards, keys, documents, .. } = &self.summary;
        let mut lines = vec![format!(
            "{rows} rows, {accounts} accounts, {cards} cards, {keys} keys, {documents} documents"
        )];
        lines.extend(self.summary.heads.iter().map(|head| {
            let mut line = format!("lane {}, seal {}: ", head.lane.0, head.number);
            line.extend(head.hash.iter().map(|byte| format!("{byte:02x}")));
            line
        }));
        lines
    }

    /// Copies, or checks, one parcel.
    ///
    /// # Errors
    /// [`CopyError`]; what was copied so far stays, and it may be tried again.
    pub fn step(&mut self) -> Result<(), CopyError> {
        match self.work {
            Work::Copy(place) => self.copy(place),
            Work::Check(place, _) => self.check(place),
            Work::Over => Ok(()),
        }
    }

    fn copy(&mut self, place: Place) -> Result<(), CopyError> {
        let read = Parcel::read(self.source.as_mut(), place, self.pages);
        let (mut parcel, next) = read.map_err(CopyError::Source)?;
        if self.target.wants_owners() {
            parcel.find_owners(self.source.as_mut()).map_err(CopyError::Source)?;
        }
        let records = parcel.records();
        self.target.put(parcel, place, next).map_err(CopyError::Target)?;
        self.done = self.done.saturating_add(records);
        self.work = Work::Copy(next);
        if next == Place::End {
            self.start_check();
        }
        Ok(())
    }

    fn start_check(&mut self) {
        self.work = Work::Check(Place::START, Box::default());
        self.done = 0;
    }

    fn check(&mut self, place: Place) -> Result<(), CopyError> {
        let read = Parcel::read(self.source.as_mut(), place, self.pages);
        let (expected, next) = read.map_err(CopyError::Source)?;
        let read = Parcel::read(self.target.export(), place, self.pages);
        let (found, _) = read.map_err(CopyError::Target)?;
        if let Some(difference) = expected.difference(&found) {
            self.check_source()?;
            return Err(CopyError::Differs(difference));
        }
        let Work::Check(at, auditor) = &mut self.work else { return Ok(()) };
        found.show(auditor);
        *at = next;
        self.done = self.done.saturating_add(found.records());
        if next == Place::End {
            show_leads(self.target.export(), auditor).map_err(CopyError::Target)?;
            let verification = std::mem::take(auditor.as_mut()).finish();
            self.finish(&verification)?;
        }
        Ok(())
    }

    fn finish(&mut self, verification: &Verification) -> Result<(), CopyError> {
        // Should it fail below, it is checked from the start when it is tried again.
        self.start_check();
        self.check_source()?;
        let found = self.target.export().summary().map_err(CopyError::Target)?;
        if found != self.summary {
            return Err(CopyError::Differs(self.summary.difference(&found).to_owned()));
        }
        let broken = verification.invariants.iter().find(|invariant| !invariant.ok);
        if let Some(broken) = broken {
            let first = broken.first_broken.as_deref().unwrap_or_default();
            if broken.name == DOCUMENTS_FOUND {
                // The documents are equal, and what leads to them was made anew.
                return Err(CopyError::Differs(first.to_owned()));
            }
            return Err(CopyError::Broken(format!("{}, {first}", broken.name)));
        }
        self.target.finish(&found.heads).map_err(CopyError::Target)?;
        self.work = Work::Over;
        Ok(())
    }

    /// The source is what it was when this began.
    fn check_source(&mut self) -> Result<(), CopyError> {
        let now = self.source.summary().map_err(CopyError::Source)?;
        if now == self.summary { Ok(()) } else { Err(CopyError::SourceChanged) }
    }
}

impl std::fmt::Debug for StoreCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreCopy").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

/// Finds where a copy goes on in its target, or starts it there.
fn find_place(target: &mut dyn Import, source: i64) -> Result<Place, CopyError> {
    match target.mark().map_err(CopyError::Target)? {
        Some(mark) if mark.source == source => Ok(mark.place),
        Some(_) => Err(CopyError::OtherSource),
        None => {
            let found = target.export().summary().map_err(CopyError::Target)?;
            if found != Summary::default() {
                return Err(CopyError::TargetNotEmpty);
            }
            let mark = Mark { source, place: Place::START };
            target.start(mark).map_err(CopyError::Target)?;
            Ok(mark.place)
        }
    }
}

/// Shows an auditor all that leads to documents.
fn show_leads(from: &mut dyn Export, auditor: &mut Auditor) -> Result<(), Failure> {
    from.show_leads(&DOCUMENT_NAMES, &mut |name, id| auditor.name(name, id))?;
    from.show_leads(&DOCUMENT_LISTS, &mut |list, id| auditor.listed(list, id))
}

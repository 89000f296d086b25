//! Comparisons from end to end: a file is imported, the ledger is compared with it.

use std::io::Cursor;
use std::sync::Arc;

use clearing::exception::{EXCEPTIONS_OPEN, EXCEPTIONS_RESOLVED, Exception, Means};
use clearing::file::FILES_TO_COMPARE;
use clearing::{AcquirerFile, BeginReconciliation, Reconciliation, Scope};
use formats::rkha21::{Header, Profile, Row, RowKind, Writer};
use ledger::{AcquirerReferences, Basis, Currency, Date, OfflineInfo, Post, RowId, Timestamp};
use store::{Part, Store as _};

use super::{NotReconciled, Room, begin_reconciliation, compare_waiting, reconcile_batch};
use crate::imports::{Begin, apply_waiting, check, keep};
use crate::queries::Queries;
use crate::testing::{SharedStore, StillClock, card, installation, purchase};
use crate::{Command, Handle, Threads, spawn};

const BATCH: &str = "261130885020";

struct World {
    store: SharedStore,
    engine: Handle,
    threads: Threads,
    queries: Queries,
}

impl World {
    fn new() -> World {
        let (store, _) = installation(3);
        let noon = Timestamp::parse_rfc3339("2026-11-30T12:00:00Z").unwrap();
        let (engine, threads) = spawn(vec![Box::new(store.clone())], Arc::new(StillClock(noon)));
        let queries = Queries::new(store.source());
        World { store, engine, threads, queries }
    }

    /// Books an offline purchase of 0.01 over the API.
    async fn buy(&self, source: &str, references: AcquirerReferences) {
        let info = OfflineInfo {
            card: card(0),
            seller: "654".to_owned(),
            currency: "SEK".to_owned(),
            method: None,
            channel: None,
        };
        let Command::Post(post) = purchase(source, Basis::Offline(info)) else { panic!() };
        self.engine.submit(Command::Post(Post { references, ..post })).await.unwrap();
    }

    /// Imports a file of rows: source, amount, card.
    async fn import(&self, serial: u32, rows: &[(&str, i64, &str)]) {
        let date = Date::parse("2026-11-30").unwrap();
        let header = Header { date, sender: "8850".to_owned(), cycle: "20".to_owned(), serial };
        let mut writer = Writer::new(Profile::open_v1(), &header).unwrap();
        for (at, (source, amount_minor, token)) in rows.iter().enumerate() {
            let number = u32::try_from(at).unwrap() + serial * 1_000;
            writer.row(&row(source, *amount_minor, token, number)).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let directory = std::env::temp_dir();
        let checked = check(Cursor::new(&bytes), Profile::open_v1(), &directory).unwrap();
        let engine = self.engine.clone();
        let about = Begin {
            sha256: format!("{serial:064}"),
            bytes: i64::try_from(bytes.len()).unwrap(),
            actor: "test".to_owned(),
            idempotency: None,
        };
        let kept = tokio::task::spawn_blocking(move || {
            keep(&engine, Cursor::new(&bytes), Profile::open_v1(), &checked, about)
        });
        kept.await.unwrap().unwrap();
        assert_eq!(apply_waiting(&self.engine, &self.queries, &Arc::default()).await, Ok(1));
    }

    /// Compares what was imported: with how many batches, and how often a comparison was begun and
    /// ended until now.
    async fn compare(&self) -> (usize, usize, usize) {
        let room = Room { directory: std::env::temp_dir(), profiles: Arc::default() };
        let compared = compare_waiting(&self.engine, &self.queries, &room).await.unwrap();
        let mut reader = self.store.source().open().unwrap();
        let rows = reader.rows_after(RowId(0), 1_000).unwrap();
        let count = |status: &str| {
            let is_it = |row: &&ledger::Row| match row {
                ledger::Row::Change(row) => {
                    row.field("scope").is_some() && row.field("status") == Some(status)
                }
                ledger::Row::Authorization(_) | ledger::Row::Transaction(_) => false,
            };
            rows.iter().filter(is_it).count()
        };
        (compared, count("running"), count("ended"))
    }

    async fn reconcile(&self) -> Result<Reconciliation, NotReconciled> {
        let command = BeginReconciliation {
            scope: Scope::Batch(BATCH.to_owned()),
            sha256: None,
            actor: "test".to_owned(),
            idempotency: None,
        };
        let (begun, _) = begin_reconciliation(&self.engine, command).await?;
        let room = Room { directory: std::env::temp_dir(), profiles: Arc::default() };
        let engine = self.engine.clone();
        reconcile_batch(engine, &self.queries, room, BATCH.to_owned(), begun).await
    }

    /// What the comparison comes to: `matched 3, missing 1`.
    async fn sums(&self) -> String {
        let ended = self.reconcile().await.unwrap();
        assert!(ended.is_ended);
        let sums = ended.sums.iter();
        let sums = sums.map(|((found, _), sum)| format!("{} {}", found.as_str(), sum.count));
        sums.collect::<Vec<_>>().join(", ")
    }

    /// The open exceptions: `missing p-1`.
    fn open(&self) -> Vec<String> {
        let mut reader = self.store.source().open().unwrap();
        let found = reader.documents(EXCEPTIONS_OPEN, Part::After(0), 1_000).unwrap();
        let shown = found.iter().filter_map(Exception::of).map(|exception| {
            let reference = exception.what.reference.unwrap_or_default();
            format!("{} {reference}", exception.what.reason.as_str())
        });
        shown.collect()
    }

    fn end(self) {
        self.engine.close();
        self.threads.join().unwrap();
    }
}

fn row(source: &str, amount_minor: i64, token: &str, number: u32) -> Row {
    Row {
        line: 0,
        kind: RowKind::Purchase,
        date: Date::parse("2026-11-29").unwrap(),
        acquirer_reference: reference(number),
        amount_minor,
        currency: Currency::SEK,
        authorization: None,
        withdrawal_minor: None,
        seller: "654".to_owned(),
        card_token: token.to_owned(),
        source: source.to_owned(),
        point_of_sale: None,
        channel: None,
        method: None,
        corrects: None,
        receipt: None,
    }
}

fn reference(number: u32) -> String {
    format!("{number:011}")
}

fn names_batch(number: Option<u32>) -> AcquirerReferences {
    AcquirerReferences { batch: Some(BATCH.to_owned()), transaction: number.map(reference) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_agrees_raises_nothing() {
    let world = World::new();
    // One is known by its source id alone, one by the acquirer's reference alone.
    world.buy("api-1", AcquirerReferences::default()).await;
    world.buy("api-2", names_batch(Some(1_001))).await;
    world.import(1, &[("api-1", 1, "card-0"), ("other", 1, "card-0"), ("f-1", 70, "card-1")]).await;
    world.import(2, &[("f-2", 5, "card-2")]).await;
    assert_eq!(world.sums().await, "matched 4");
    assert_eq!(world.open(), Vec::<String>::new());
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_agree_is_found_once() {
    let world = World::new();
    world.buy("lost", names_batch(Some(9_999))).await;
    world.buy("also-lost", names_batch(None)).await;
    world.buy("other-amount", names_batch(Some(1_001))).await;
    let rows = [("f-1", 70, "card-1"), ("other-amount", 2, "card-0"), ("nobodys", 3, "card-9")];
    world.import(1, &rows).await;
    // The same row comes again in another file.
    world.import(2, &[("f-1", 70, "card-1")]).await;
    let from_import = ["amount-differs other-amount", "card-unknown nobodys", "duplicate f-1"];
    assert_eq!(world.open(), from_import);
    let sums = "matched 1, known 3, missing 2";
    assert_eq!(world.sums().await, sums);
    let open = world.open();
    assert_eq!(open.len(), 5);
    assert!(open.contains(&"missing lost".to_owned()), "{open:?}");
    assert!(open.contains(&"missing also-lost".to_owned()), "{open:?}");
    assert_eq!(world.sums().await, sums, "a second run comes to the same");
    assert_eq!(world.open(), open, "and finds nothing new");
    world.end();
}

/// Goal: a file that tells of what an earlier comparison has missed closes what it found, and
/// nothing else. Method: of two that are missing, one comes in a second file of the batch.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_found_any_more_is_closed() {
    let world = World::new();
    world.buy("late", names_batch(None)).await;
    world.buy("lost", names_batch(None)).await;
    world.import(1, &[("f-1", 70, "card-1"), ("nobodys", 3, "card-9")]).await;
    assert_eq!(world.sums().await, "matched 1, known 1, missing 2");
    let mut open = world.open();
    open.sort();
    assert_eq!(open, ["card-unknown nobodys", "missing late", "missing lost"]);
    world.import(2, &[("late", 1, "card-0")]).await;
    assert_eq!(world.sums().await, "matched 2, known 1, missing 1");
    assert_eq!(world.open(), ["card-unknown nobodys", "missing lost"]);
    let mut reader = world.store.source().open().unwrap();
    let closed = reader.documents(EXCEPTIONS_RESOLVED, Part::After(0), 10).unwrap();
    let closed: Vec<_> = closed.iter().filter_map(Exception::of).collect();
    let [late] = closed.as_slice() else { panic!("{closed:?}") };
    let resolution = late.resolution.as_ref().unwrap();
    assert_eq!((late.what.reference.as_deref(), resolution.means), (Some("late"), Means::Accepted));
    assert_eq!(resolution.actor, "test");
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn there_must_be_files_of_the_batch() {
    let world = World::new();
    let outcome = world.reconcile().await;
    assert!(matches!(outcome, Err(NotReconciled::BatchNotFound)), "{outcome:?}");
    world.end();
}

/// Goal: what is imported is compared once, without anybody's asking, and what a crash cuts off is
/// made again. Method: files of one batch; a comparison that is begun and never ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_is_compared_once() {
    let world = World::new();
    assert_eq!(world.compare().await, (0, 0, 0));
    world.import(1, &[("p-1", 1, card(0).as_str()), ("p-2", 1, "nobodys")]).await;
    assert_eq!(world.compare().await, (1, 1, 1));
    assert_eq!(world.compare().await, (0, 1, 1));
    // Two more come; somebody compares, which is as good.
    world.import(2, &[("p-3", 1, card(0).as_str())]).await;
    world.import(3, &[("p-4", 1, card(0).as_str())]).await;
    assert_eq!(world.sums().await, "matched 3, known 1");
    assert_eq!(world.compare().await, (0, 2, 2));
    // A crash after it was begun.
    world.import(4, &[("p-5", 1, card(0).as_str())]).await;
    let mut reader = world.store.source().open().unwrap();
    let files = reader.documents(FILES_TO_COMPARE, Part::After(0), 10).unwrap();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let begin = BeginReconciliation::after(&AcquirerFile::of(file).unwrap());
    begin_reconciliation(&world.engine, begin).await.unwrap();
    assert_eq!(world.compare().await, (1, 3, 3), "it is begun once and ended");
    assert_eq!(world.compare().await, (0, 3, 3));
    world.end();
}

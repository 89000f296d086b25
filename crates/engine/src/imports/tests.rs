//! Goal: what a file says and what the ledger then has are the same, to the minor unit, wherever
//! commits fail in between. Method: days by seed, written, read, kept and applied on the memory
//! store; the same day on stores whose batches fail, before or after they were written.

use std::io::Cursor;
use std::sync::Arc;

use clearing::AcquirerFile;
use clearing::exception::{EXCEPTIONS_OPEN, Exception};
use clearing::file::FILES;
use clearing::limits::ROWS_PER_CHUNK;
use formats::rkha21::{Header, Profile, Profiles, Row, RowKind, Summary, Writer};
use ledger::{
    AuthorizationId, Books, Code, Currency, Date, Directory, ReadSet, RowId, Timestamp, WriteSet,
};
use store::{MemoryStore, Part, Source, Store, StoreError};

use super::*;
use crate::handle::spawn;
use crate::queries::Queries;
use crate::testing::{SharedStore, StillClock, authorize, by_card, capture, card, installation};
use crate::{Command, run_batch};

/// Rows of a day: some chunks, and a part of one.
const ROWS: usize = 2 * ROWS_PER_CHUNK + 37;

/// A store a third of whose batches fail.
struct Fickle {
    inner: SharedStore,
    /// None that never fails.
    mood: Option<Random>,
}

impl Store for Fickle {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        match self.mood.as_mut().map(|mood| mood.below(6)) {
            Some(0) => Err(StoreError::NotCommitted),
            Some(1) => {
                self.inner.transact(reads, decide)?;
                Err(StoreError::Unknown)
            }
            Some(_) | None => self.inner.transact(reads, decide),
        }
    }

    fn directory(&self) -> Arc<Directory> {
        self.inner.directory()
    }

    fn source(&self) -> Arc<dyn Source> {
        self.inner.source()
    }
}

/// A small generator (Knuth's MMIX constants), so that a seed gives the same run again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What the ledger and the file came to.
#[derive(Debug, PartialEq, Eq)]
struct End {
    counts: (i64, i64, i64),
    /// Kind, source and amount of each transaction, in order.
    booked: Vec<(String, String, i64)>,
    /// Line and reason of each exception, in order.
    exceptions: Vec<(String, &'static str)>,
    debts: Vec<i64>,
    reserved: i64,
}

/// Where a day happens: accounts with cards, authorizations, and purchases over the API.
fn world() -> (SharedStore, Vec<Code>) {
    let (mut store, accounts) = installation(4);
    let authorizations: Vec<Command> = (0..20)
        .map(|at| authorize(&format!("a{at}"), by_card(at % accounts.len()), None))
        .collect();
    let mut codes = Vec::new();
    for reply in run_batch(&mut store, &authorizations, Timestamp(0)).unwrap() {
        let ledger::books::Done::Authorized { authorization: AuthorizationId(id), .. } =
            reply.unwrap().done
        else {
            panic!("authorized");
        };
        codes.push(Code::of(RowId(id)));
    }
    let captures: Vec<Command> =
        (0..10).map(|at| capture(&format!("api-{at}"), codes[at])).collect();
    for reply in run_batch(&mut store, &captures, Timestamp(0)).unwrap() {
        reply.unwrap();
    }
    (store, codes)
}

fn header() -> Header {
    Header {
        date: Date::parse("2026-11-20").unwrap(),
        sender: "8850".to_owned(),
        cycle: "10".to_owned(),
        serial: 7,
    }
}

/// A day with every kind of row and several kinds of faults.
fn day(seed: u64, codes: &[Code]) -> (Vec<u8>, Vec<Row>) {
    let mut random = Random(seed);
    let mut writer = Writer::new(Profile::open_v1(), &header()).unwrap();
    let mut rows: Vec<Row> = Vec::new();
    for at in 0..ROWS {
        let mut kind = RowKind::ALL[usize::try_from(random.below(6)).unwrap()];
        let earlier = rows.iter().filter(|row| {
            kind.is_correction()
                && !row.kind.is_correction()
                && row.kind.posting() == kind.posting()
        });
        let earlier: Vec<&Row> = earlier.collect();
        if kind.is_correction() && earlier.is_empty() {
            kind = RowKind::Purchase;
        }
        let corrects = (kind.is_correction()).then(|| {
            let at = random.below(u64::try_from(earlier.len()).unwrap());
            earlier[usize::try_from(at).unwrap()].source.clone()
        });
        let of_api = kind == RowKind::Purchase && random.below(20) == 0;
        let on = kind == RowKind::Purchase && !of_api && random.below(10) == 0;
        let pick = usize::try_from(random.below(20)).unwrap();
        let api = format!("api-{}", pick % 10);
        let is_used = rows.iter().any(|row| row.source == api);
        let row = Row {
            line: 0,
            kind,
            date: Date::parse("2026-11-19").unwrap(),
            acquirer_reference: format!("{at:011}"),
            amount_minor: i64::try_from(if of_api {
                1 + random.below(2)
            } else {
                1 + random.below(60)
            })
            .unwrap(),
            currency: Currency::SEK,
            authorization: on.then(|| codes[pick].as_str().to_owned()),
            withdrawal_minor: None,
            seller: if random.below(50) == 0 { "999" } else { "654" }.to_owned(),
            card_token: match random.below(50) {
                0 => "nobodys".to_owned(),
                _ => card(pick % 4).as_str().to_owned(),
            },
            source: if of_api && !is_used { api } else { format!("s{at}") },
            point_of_sale: None,
            channel: None,
            method: None,
            corrects,
            receipt: None,
        };
        writer.row(&row).unwrap();
        rows.push(row);
    }
    (writer.finish().unwrap(), rows)
}

fn is_to_try_again<T, R>(outcome: &Result<T, crate::SubmitError<R>>) -> bool {
    matches!(outcome, Err(crate::SubmitError::NotDone | crate::SubmitError::Unknown))
}

/// Takes a file in and applies it, trying again whatever fails, and says what it came to.
fn run(store: &SharedStore, bytes: &[u8], mood: Option<Random>) -> (End, Summary) {
    let fickle = Fickle { inner: store.clone(), mood };
    let queries = Queries::new(store.source());
    let (engine, threads) = spawn(vec![Box::new(fickle)], Arc::new(StillClock(Timestamp(0))));
    let profile = Profile::open_v1();
    let checked = check(Cursor::new(bytes), profile, &std::env::temp_dir()).unwrap();
    let begin = || Begin {
        sha256: "0".repeat(64),
        bytes: i64::try_from(bytes.len()).unwrap(),
        actor: "test".to_owned(),
        idempotency: None,
    };
    let mut tries = 0;
    loop {
        let kept = keep(&engine, Cursor::new(bytes), profile, &checked, begin());
        tries += 1;
        match &kept {
            // Refused is what was written after all, and is there already.
            Ok(_) | Err(crate::SubmitError::Refused(clearing::Refusal::FileKnown { .. })) => break,
            Err(_) => assert!(is_to_try_again(&kept) && tries < 100, "{kept:?}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (mut applied, profiles) = (0, Arc::default());
    for _ in 0..100 {
        match runtime.block_on(apply_waiting(&engine, &queries, &profiles)) {
            Ok(files) => applied = files,
            Err(NotApplied::Submit(error)) => assert!(is_to_try_again::<(), _>(&Err(error))),
            outcome @ Err(NotApplied::LayoutUnknown { .. }) => panic!("{outcome:?}"),
        }
        if end_of(store).is_some() {
            break;
        }
    }
    engine.close();
    threads.join().unwrap();
    assert!(applied <= 1);
    (end_of(store).expect("it is applied"), checked.summary)
}

/// What it came to, when the file is applied.
fn end_of(store: &SharedStore) -> Option<End> {
    let mut reader = store.source().open().unwrap();
    let files = reader.documents(FILES, Part::After(0), 10).unwrap();
    let [file] = files.as_slice() else { panic!("{} files", files.len()) };
    let file = AcquirerFile::of(file).unwrap();
    file.applied_at?;
    let rows = reader.rows_after(RowId(0), usize::MAX).unwrap();
    let booked = rows.into_iter().filter_map(|row| match row {
        ledger::Row::Transaction(row) => {
            Some((row.kind.as_str().to_owned(), row.source, row.posted))
        }
        ledger::Row::Authorization(_) | ledger::Row::Change(_) => None,
    });
    let exceptions = reader.documents(EXCEPTIONS_OPEN, Part::After(0), usize::MAX).unwrap();
    let exceptions = exceptions.iter().filter_map(Exception::of);
    let accounts = reader.accounts_before(ledger::AccountId(i64::MAX), 100).unwrap();
    Some(End {
        counts: (file.counts.posted, file.counts.matched, file.counts.refused),
        booked: booked.collect(),
        exceptions: exceptions
            .map(|found| (found.what.origin.name(), found.what.reason.as_str()))
            .collect(),
        debts: accounts.iter().map(|account| account.balance.debt).collect(),
        reserved: accounts.iter().map(|account| account.balance.reserved).sum(),
    })
}

#[test]
fn a_day_comes_to_what_its_rows_say() {
    let mut all_matched = 0;
    for seed in 0..6 {
        let (store, codes) = world();
        let debt_before: i64 = debts(&store.content);
        let (bytes, rows) = day(seed, &codes);
        let (end, summary) = run(&store, &bytes, None);
        let (posted, matched, refused) = end.counts;
        assert_eq!(posted + matched + refused, i64::try_from(ROWS).unwrap(), "seed {seed}");
        assert_eq!(i64::try_from(end.exceptions.len()).unwrap(), refused);
        let lines: Vec<usize> = end
            .exceptions
            .iter()
            .map(|(name, _)| name.rsplit('/').next().unwrap().parse().unwrap())
            .collect();
        let of = |is_wanted: &dyn Fn(usize) -> bool| -> i64 {
            let rows = rows.iter().enumerate().filter(|(at, _)| is_wanted(at + 2));
            rows.map(|(_, row)| row.kind.direction().signed(row.amount_minor)).sum()
        };
        let all = of(&|_| true);
        assert_eq!(all, summary.debit_minor - summary.credit_minor, "as the trailer says");
        let matched_minor: i64 = rows
            .iter()
            .enumerate()
            .filter(|(at, row)| row.source.starts_with("api-") && !lines.contains(&(at + 2)))
            .map(|(_, row)| row.amount_minor)
            .sum();
        let added = debts(&store.content) - debt_before;
        assert_eq!(added, all - of(&|line| lines.contains(&line)) - matched_minor, "seed {seed}");
        assert!(refused > 0 && posted > refused, "seed {seed}: {:?}", end.counts);
        all_matched += matched;
    }
    assert!(all_matched > 0, "the API had booked some of it");
}

#[test]
fn a_day_comes_to_the_same_wherever_commits_fail() {
    let (store, codes) = world();
    let (bytes, _) = day(1, &codes);
    let (undisturbed, _) = run(&store, &bytes, None);
    for seed in 0..8 {
        let (store, _) = world();
        assert_eq!(run(&store, &bytes, Some(Random(seed))).0, undisturbed, "seed {seed}");
    }
}

/// The debts of all accounts together.
fn debts(store: &MemoryStore) -> i64 {
    let mut reader = store.source().open().unwrap();
    let accounts = reader.accounts_before(ledger::AccountId(i64::MAX), 100).unwrap();
    accounts.iter().map(|account| account.balance.debt).sum()
}

/// Goal: rows are read as they came, whatever layout comes after. Method: a file in another layout
/// is kept, and applied by who does not know it, then by who does, when a third is the current one.
#[test]
fn a_file_waits_for_who_knows_its_layout() {
    let open = include_str!("../../../formats/profiles/rkha21-open-v1.txt");
    let named = |name: &str| {
        let text = open.replacen("profile open-v1", &format!("profile {name}"), 1);
        Profile::parse(&text.replacen("333 12 receipt text", "333 12 - blank", 1)).unwrap()
    };
    let (store, codes) = world();
    let (theirs, (_, rows)) = (named("theirs"), day(1, &codes));
    let mut writer = Writer::new(&theirs, &header()).unwrap();
    for row in rows.iter().take(3) {
        writer.row(row).unwrap();
    }
    let bytes = writer.finish().unwrap();
    let queries = Queries::new(store.source());
    let inner = Box::new(store.clone());
    let (engine, threads) = spawn(vec![inner], Arc::new(StillClock(Timestamp(0))));
    let checked = check(Cursor::new(&bytes), &theirs, &std::env::temp_dir()).unwrap();
    let begin = Begin {
        sha256: "0".repeat(64),
        bytes: i64::try_from(bytes.len()).unwrap(),
        actor: "test".to_owned(),
        idempotency: None,
    };
    let (file, _) = keep(&engine, Cursor::new(&bytes), &theirs, &checked, begin).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let apply = |profiles: Vec<Profile>| {
        let profiles = Arc::new(Profiles::new(profiles).unwrap());
        runtime.block_on(apply_waiting(&engine, &queries, &profiles))
    };
    let unknown = NotApplied::LayoutUnknown { file, layout: "theirs".to_owned() };
    assert_eq!(apply(vec![named("new")]), Err(unknown));
    assert!(end_of(&store).is_none());
    assert_eq!(apply(vec![named("new"), theirs.clone()]), Ok(1));
    assert!(end_of(&store).is_some());
    engine.close();
    threads.join().unwrap();
}

//! Following the journal: everything once, whoever does it and whenever it ends.

use std::sync::Arc;

use clearing::tally::{DayKey, Line, SellerDay, Sum};
use ledger::{Basis, Currency, Date, OfflineInfo};
use store::Store as _;

use super::*;
use crate::testing::{SharedStore, StillClock, card, installation, purchase};
use crate::{Command as Ledger, run_batch, spawn};

const DAY_MS: i64 = 86_400_000;

/// Books a purchase of 0.01 on a day.
fn sell(store: &mut SharedStore, number: usize, day: i64) {
    let info = OfflineInfo {
        card: card(0),
        seller: "654".to_owned(),
        currency: "SEK".to_owned(),
        method: None,
        channel: None,
    };
    let command: Ledger = purchase(&format!("p{number}"), Basis::Offline(info));
    let reply = run_batch(store, [&command], Timestamp(day * DAY_MS)).unwrap().remove(0);
    reply.unwrap();
}

fn day(store: &SharedStore, day: i32) -> Option<SellerDay> {
    let key = DayKey {
        company: "100".to_owned(),
        seller: "654".to_owned(),
        currency: Currency::SEK.code(),
        day: Date(day),
    };
    let mut reader = store.content.source().open().unwrap();
    let reads = ReadSet { names: vec![key.open_name()], ..ReadSet::default() };
    reader.load(&reads).unwrap().named(&key.open_name()).and_then(SellerDay::of)
}

fn count(store: &SharedStore, at: i32) -> i64 {
    let sum = day(store, at).and_then(|day| day.sums.0.get(&Line::ALL[0]).copied());
    sum.unwrap_or_default().count
}

#[tokio::test]
async fn an_old_journal_is_caught_up_with_and_new_rows_are_added() {
    let (mut store, _) = installation(1);
    for number in 0..TALLY_ROWS_MAX + 10 {
        sell(&mut store, number, 1);
    }
    let (handle, threads) =
        spawn(vec![Box::new(store.clone())], Arc::new(StillClock(Timestamp(3 * DAY_MS))));
    let queries = Queries::new(store.content.source());
    let source = store.content.source();
    let is_followed = || {
        let mut reader = source.open().unwrap();
        is_followed_to(reader.as_mut(), Timestamp(2 * DAY_MS)).unwrap()
    };
    assert!(!is_followed());
    let first = follow(&handle, &queries).await.unwrap();
    assert_eq!(first, Followed { rows: TALLY_ROWS_MAX, has_more: true });
    assert!(!is_followed());
    let second = follow(&handle, &queries).await.unwrap();
    assert!(second.rows > 0 && !second.has_more);
    assert!(is_followed());
    assert_eq!(follow(&handle, &queries).await.unwrap(), Followed::default());
    let sold = i64::try_from(TALLY_ROWS_MAX + 10).unwrap();
    let sums = day(&store, 1).unwrap().sums;
    assert_eq!(sums.0[&Line::ALL[0]], Sum { count: sold, minor: sold });
    sell(&mut store, TALLY_ROWS_MAX + 10, 2);
    assert!(is_followed(), "what is booked later is of no day before");
    follow(&handle, &queries).await.unwrap();
    assert_eq!((count(&store, 1), count(&store, 2)), (sold, 1));
    handle.close();
    threads.join().unwrap();
}

#[tokio::test]
async fn what_two_have_summed_up_is_added_once() {
    let (mut store, _) = installation(1);
    sell(&mut store, 0, 1);
    let (handle, threads) =
        spawn(vec![Box::new(store.clone())], Arc::new(StillClock(Timestamp(0))));
    let mut reader = store.content.source().open().unwrap();
    let Next { command, .. } = next(reader.as_mut()).unwrap().unwrap();
    for done in [Outcome::Tallied, Outcome::Nothing] {
        let answer = handle.submit(Command::Tally(command.clone())).await.unwrap();
        assert_eq!(answer.done, done);
    }
    assert_eq!(count(&store, 1), 1);
    handle.close();
    threads.join().unwrap();
}

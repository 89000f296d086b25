//! A run of settlement: each seller and currency by a command of its own, so that a run which ends
//! in the middle is ended by the next one.

use std::collections::BTreeMap;

use clearing::limits::SETTLED_DAYS_MAX;
use clearing::settlement::SettlementKey;
use clearing::{Command, Refusal, SellerDay, Settle, Settlement};
use engine::accountant::is_followed_to;
use engine::limits::PAGE_ITEMS_MAX;
use engine::{Part, Reader, StoreError, SubmitError};
use ledger::{Currency, Date, Document};
use tokio::task::JoinSet;

use super::super::problem::{not_cleared, refused};
use super::super::wire::settlements::{NotSettled, Total, TotalBody};
use crate::Platform;
use crate::http::problem::Problem;

/// How many documents are read at a time.
const READ_AT_A_TIME: usize = 1_000;

/// How many settlements wait for the engine at once: enough that they share commits, and few
/// beside what may wait.
const SETTLES_AT_ONCE: usize = 64;

/// The open days of a seller in one currency.
type OpenDays = BTreeMap<(String, &'static str), Vec<i64>>;

/// Whether all that a company has booked before the end of a day is summed up.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn is_summed_up(
    platform: &Platform,
    company: &str,
    day: Date,
) -> Result<bool, Problem> {
    let directory = platform.engine.directory();
    let Some(company) = directory.company(company) else { return Ok(false) };
    let end = company.zone.end_of(day);
    let query = platform.queries.read(move |reader| is_followed_to(reader, end));
    query.await.map_err(Problem::not_read)
}

/// Settles with everybody who has open days; says with whom it could not.
///
/// # Errors
/// What the engine says besides refusals. What was settled by then stays so.
pub(super) async fn settle_all(
    platform: &Platform,
    company: &str,
    day: Date,
    actor: String,
) -> Result<Vec<NotSettled>, Problem> {
    let owner = company.to_owned();
    let query = platform.queries.read(move |reader| open_days(reader, &owner, day));
    let mut waiting = query.await.map_err(Problem::not_read)?.into_iter();
    let mut not_settled = Vec::new();
    let mut running = JoinSet::new();
    loop {
        while running.len() < SETTLES_AT_ONCE
            && let Some(((seller, code), days)) = waiting.next()
        {
            let command = command(company, &seller, code, day, days, &actor);
            let (engine, key) = (platform.engine.clone(), (seller, code));
            running.spawn(async move {
                let outcome = match command {
                    Ok(command) => engine.submit(Command::Settle(command)).await.map(drop),
                    Err(reason) => return (key, Some(reason), Ok(())),
                };
                match outcome {
                    Err(SubmitError::Refused(refusal)) => (key, Some(refusal.to_string()), Ok(())),
                    outcome => (key, None, outcome),
                }
            });
        }
        let Some(joined) = running.join_next().await else { break };
        let ((seller_number, code), reason, outcome) = joined.map_err(|_| Problem::bug())?;
        outcome.map_err(not_cleared)?;
        if let Some(reason) = reason.filter(|_| not_settled.len() < PAGE_ITEMS_MAX) {
            not_settled.push(NotSettled { seller_number, currency: code.to_owned(), reason });
        }
    }
    not_settled
        .sort_by(|a, b| (&a.seller_number, &a.currency).cmp(&(&b.seller_number, &b.currency)));
    Ok(not_settled)
}

/// What all settlements of a day come to, by currency.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn totals(
    platform: &Platform,
    company: &str,
    day: Date,
) -> Result<Vec<TotalBody>, Problem> {
    let list = Settlement::day_list(company, day);
    let query = platform.queries.read(move |reader| {
        let mut totals: BTreeMap<&'static str, Option<Total>> = BTreeMap::new();
        walk(reader, &list, &mut |document| {
            if let Some(settlement) = Settlement::of(document) {
                let code = settlement.key.currency.code();
                let total = totals.entry(code).or_insert(Some(Total::default()));
                *total = total.and_then(|total| total.plus(&settlement));
            }
        })?;
        Ok(totals)
    });
    let totals = query.await.map_err(Problem::not_read)?;
    let body = |(code, total): (&'static str, Option<Total>)| {
        let total = total.ok_or_else(|| refused(&Refusal::SumOutOfRange))?;
        Ok(TotalBody::of(&total, Currency::parse(code).ok_or_else(Problem::bug)?))
    };
    totals.into_iter().map(body).collect()
}

/// A company's open days up to a day, by seller and currency.
fn open_days(reader: &mut dyn Reader, company: &str, day: Date) -> Result<OpenDays, StoreError> {
    let mut open = OpenDays::new();
    walk(reader, &SellerDay::unsettled_list(company), &mut |document| {
        if let Some(found) = SellerDay::of(document).filter(|found| found.key.day <= day) {
            let key = (found.key.seller, found.key.currency);
            open.entry(key).or_default().push(found.number);
        }
    })?;
    Ok(open)
}

/// Shows all documents on a list, oldest first.
fn walk(
    reader: &mut dyn Reader,
    list: &str,
    visit: &mut dyn FnMut(&Document),
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let found = reader.documents(list, Part::After(after), READ_AT_A_TIME)?;
        let Some(end) = found.last() else { return Ok(()) };
        after = end.id.number;
        found.iter().for_each(&mut *visit);
    }
}

/// The command for one seller and currency, or why there is none.
fn command(
    company: &str,
    seller: &str,
    code: &str,
    day: Date,
    days: Vec<i64>,
    actor: &str,
) -> Result<Settle, String> {
    if days.len() > SETTLED_DAYS_MAX {
        return Err(format!("more than {SETTLED_DAYS_MAX} days wait: settle an earlier day first"));
    }
    let currency = Currency::parse(code).ok_or_else(|| "the currency is unknown".to_owned())?;
    let key =
        SettlementKey { company: company.to_owned(), seller: seller.to_owned(), currency, day };
    Ok(Settle { key, days, actor: actor.to_owned() })
}

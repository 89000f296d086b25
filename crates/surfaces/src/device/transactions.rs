//! What a terminal accepted offline, on its way to the ledger.

use axum::Json;
use axum::extract::State;
use clearing::RecheckTotals;
use estate::command::Outcome;
use estate::offline::PostOffline;
use estate::terminal_day::TerminalDayKey;
use estate::{Command, Customer, Terminal};
use ledger::{Currency, Date, Directory, ReadSet};

use super::callers::Device;
use super::problem::{not_submitted, not_totalled};
use super::wire::transactions::{OfflineAnswer, OfflineUpload};
use crate::Platform;
use crate::http::body::Body;
use crate::http::problem::Problem;

/// How far ahead of ours a device's clock may be, in milliseconds.
const CLOCK_AHEAD_MS_MAX: i64 = 24 * 3_600 * 1_000;

/// Books purchases that the terminal has accepted without asking. Each is booked once, however
/// often it is uploaded, and each has its own answer.
#[utoipa::path(post, path = "/transactions", tag = "transactions", request_body = OfflineUpload,
    responses((status = 200, body = OfflineAnswer)))]
pub(super) async fn upload_transactions(
    State(platform): State<Platform>,
    device: Device,
    body: Result<Body<OfflineUpload>, Problem>,
) -> Result<Json<OfflineAnswer>, Problem> {
    let (terminal, _) = device.terminal(&platform).await?;
    let upload = body?.value;
    let latest = platform.now().plus_ms(CLOCK_AHEAD_MS_MAX);
    if let Some(at) = upload.transactions.iter().position(|item| item.0.accepted_at > latest) {
        let pointer = format!("/transactions/{at}/accepted_at");
        return Err(Problem::field(pointer, "must not be more than a day ahead"));
    }
    let items: Vec<_> = upload.transactions.into_iter().map(|item| item.0).collect();
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let command = PostOffline {
        terminal: device.number,
        token_hash: device.token_hash,
        company: company(&terminal, &platform.engine.directory()),
        items,
    };
    let recheck = RecheckTotals {
        terminal: device.number,
        terminal_id: terminal.terminal_id.clone(),
        days: days(&command),
    };
    let answer = platform.engine.submit(Command::PostOffline(command)).await;
    let Outcome::Offline(outcomes) = answer.map_err(not_submitted)?.done else {
        return Err(Problem::bug());
    };
    recheck_totals(&platform, recheck).await?;
    Ok(Json(OfflineAnswer::of(ids, &outcomes)))
}

/// The days of which something is uploaded, wherever the terminal is, by currency.
fn days(command: &PostOffline) -> Vec<(Date, Currency)> {
    let mut days = Vec::new();
    for item in &command.items {
        let around = TerminalDayKey::around(command.terminal, item.accepted_at, item.currency);
        for key in around {
            let day = (key.day, key.currency);
            if !days.contains(&day) {
                days.push(day);
            }
        }
    }
    days
}

/// Where the terminal has told what a day came to before this upload, that is looked at again. A
/// terminal that gets no answer uploads again, so that it is not lost.
async fn recheck_totals(platform: &Platform, command: RecheckTotals) -> Result<(), Problem> {
    let names = command.told_names();
    let query = platform.queries.read(move |reader| {
        let books = reader.load(&ReadSet { names: names.clone(), ..ReadSet::default() })?;
        Ok(names.iter().any(|name| books.named(name).is_some()))
    });
    if !query.await.map_err(Problem::not_read)? {
        return Ok(());
    }
    let command = clearing::Command::RecheckTotals(command);
    platform.engine.submit(command).await.map(drop).map_err(not_totalled)
}

/// The company in whose ledger the terminal's merchant is; an empty name where it has none, which
/// the command then finds.
fn company(terminal: &Terminal, directory: &Directory) -> String {
    let merchant = Customer::find(directory, terminal.customer).and_then(|found| found.merchant);
    merchant.map(|merchant| merchant.company_number).unwrap_or_default()
}

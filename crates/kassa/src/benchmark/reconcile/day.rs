//! The day: what the ledger has of it before, what the acquirer's file says, and what must be
//! found.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::{Clock as _, Command};
use formats::rkha21::{Header, Profile, Row, RowKind, Writer};
use ledger::books::Done;
use ledger::{
    AcquirerReferences, AuthorizationKind, Authorize, Basis, CardToken, Code, Contract, Currency,
    Date, Decimal, Instrument, Mount, OfflineClaims, OfflineInfo, Post, PostingKind, RowId, Scope,
    Zone,
};
use store::Store;

use super::super::each_batch;
use super::super::seed::{
    COMPANY, SELLER, add_card, company, credential, open_account, opened, seller,
};
use super::office::{Counts, Found, KEY};
use crate::clock::SystemClock;

/// One row in so many has each kind of fault: 0.5 %.
pub(super) const FAULT_EVERY: u64 = 200;

const OTHER_SELLER: &str = "655";

/// Holders' accounts in SEK, with a card each. The last one is in EUR.
const ACCOUNTS: u64 = 1_000;

/// How many rows are written at a time.
const ROWS_AT_A_TIME: u64 = 512;

/// A day of an acquirer.
pub(super) struct Day {
    pub(super) rows: u64,
    /// Tells its ids and its file from those of another day.
    number: u32,
    date: Date,
}

/// What an authorization is called, by the source of the row that names it.
pub(super) type Codes = BTreeMap<String, Code>;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// A sale that nobody knows of yet.
    Offline,
    /// The capture of an authorization.
    Capture,
    /// Booked over the API already.
    Matched,
    /// No card has its token.
    CardUnknown,
    /// Booked over the API with another amount.
    AmountDiffers,
    /// Booked over the API in another currency.
    CurrencyDiffers,
    /// An earlier file has told of it.
    Duplicate,
    /// Booked over the API for another seller.
    ReferenceDiffers,
    /// More than was authorized.
    OverCapture,
}

impl Plan {
    fn of(at: u64) -> Plan {
        match at % FAULT_EVERY {
            0 => Plan::CardUnknown,
            1 => Plan::AmountDiffers,
            2 => Plan::CurrencyDiffers,
            3 => Plan::Duplicate,
            4 => Plan::ReferenceDiffers,
            5 => Plan::OverCapture,
            6 | 7 => Plan::Matched,
            8 | 9 => Plan::Capture,
            _ => Plan::Offline,
        }
    }

    /// As what it must be found. `None` where it is in order.
    fn reason(self) -> Option<&'static str> {
        match self {
            Plan::Offline | Plan::Capture | Plan::Matched => None,
            Plan::CardUnknown => Some("card-unknown"),
            Plan::AmountDiffers => Some("amount-differs"),
            Plan::CurrencyDiffers => Some("currency-differs"),
            Plan::Duplicate => Some("duplicate"),
            Plan::ReferenceDiffers => Some("reference-differs"),
            Plan::OverCapture => Some("over-capture"),
        }
    }
}

impl Day {
    pub(super) fn new(rows: u64, number: u32) -> Day {
        let zone = Zone::parse(Zone::DEFAULT_NAME);
        let date = zone.map_or(Date(0), |zone| zone.day_of(SystemClock.now()));
        Day { rows, number, date }
    }

    /// The batch of its file.
    pub(super) fn batch(&self) -> String {
        self.header().acquirer_batch_id()
    }

    fn header(&self) -> Header {
        let cycle = if self.number == 1 { "10" } else { "20" };
        Header { date: self.date, sender: "8850".to_owned(), cycle: cycle.to_owned(), serial: 1 }
    }

    fn source(&self, at: u64) -> String {
        format!("d{}-{at}", self.number)
    }

    /// The ledger has it with the day's batch, and no file has it.
    fn missing(&self, at: u64) -> String {
        format!("m{}-{at}", self.number)
    }

    fn rows(&self) -> impl Iterator<Item = (u64, Plan)> + use<> {
        (0..self.rows).map(|at| (at, Plan::of(at)))
    }

    /// Writes the file.
    pub(super) fn write(&self, path: &Path, codes: &Codes) -> anyhow::Result<()> {
        let rows = self.rows().map(|(at, plan)| self.row(at, plan, codes));
        write(path, &self.header(), rows)
    }

    /// Writes a file of the day before, which has told of some rows.
    pub(super) fn write_earlier(&self, path: &Path) -> anyhow::Result<()> {
        let header = Header { date: self.date.plus_days(-1), ..self.header() };
        let told = self.rows().filter(|(_, plan)| *plan == Plan::Duplicate);
        let codes = Codes::new();
        write(path, &header, told.map(|(at, _)| self.row(at, Plan::Offline, &codes)))
    }

    fn row(&self, at: u64, plan: Plan, codes: &Codes) -> Row {
        let source = self.source(at);
        let authorization = codes.get(&source).map(|code| code.as_str().to_owned());
        Row {
            line: 0,
            kind: RowKind::Purchase,
            date: self.date.plus_days(-1),
            acquirer_reference: format!("{:03}{at:08}", self.number),
            amount_minor: amount(at),
            currency: Currency::SEK,
            authorization,
            withdrawal_minor: None,
            seller: SELLER.to_owned(),
            card_token: match plan {
                Plan::CardUnknown => "nobodys".to_owned(),
                Plan::Offline
                | Plan::Capture
                | Plan::Matched
                | Plan::AmountDiffers
                | Plan::CurrencyDiffers
                | Plan::Duplicate
                | Plan::ReferenceDiffers
                | Plan::OverCapture => token(at % ACCOUNTS),
            },
            source,
            point_of_sale: Some("Åhlén".to_owned()),
            channel: None,
            method: None,
            corrects: None,
            receipt: None,
        }
    }

    /// Whether all that was planted was found, and nothing else; how many of each reason.
    pub(super) fn judge(
        &self,
        counts: &Counts,
        found: &[Found],
    ) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut planted: BTreeMap<String, &str> =
            self.rows().filter_map(|(at, plan)| Some((self.source(at), plan.reason()?))).collect();
        planted.extend(self.absent().map(|at| (self.missing(at), "missing")));
        let refused = self.rows().filter(|(_, plan)| plan.reason().is_some()).count();
        let matched = self.rows().filter(|(_, plan)| *plan == Plan::Matched).count();
        let (refused, matched) = (u64::try_from(refused)?, u64::try_from(matched)?);
        let posted = self.rows.saturating_sub(refused).saturating_sub(matched);
        let expected = Counts { rows: self.rows, posted, matched, refused };
        ensure!(*counts == expected, "rows came to {counts:?} instead of {expected:?}");
        let mut classified: BTreeMap<String, u64> = BTreeMap::new();
        for Found { reference, reason } in found {
            let expected = planted.remove(reference);
            ensure!(
                expected == Some(reason.as_str()),
                "{reference} was found as {reason}, and planted as {expected:?}"
            );
            let count = classified.entry(reason.clone()).or_default();
            *count = count.saturating_add(1);
        }
        ensure!(
            planted.is_empty(),
            "{} faults were not found: {:?}",
            planted.len(),
            planted.first_key_value()
        );
        Ok(classified)
    }

    fn absent(&self) -> impl Iterator<Item = u64> + use<> {
        (0..self.rows).filter(|at| at % FAULT_EVERY == 10)
    }

    /// What the ledger has of the day before the file comes, over the API.
    fn booked(&self) -> impl Iterator<Item = Command> + '_ {
        let of_rows = self.rows().filter_map(|(at, plan)| {
            let usual = Booking {
                source: self.source(at),
                card: token(at % ACCOUNTS),
                seller: SELLER,
                minor: amount(at),
                currency: Currency::SEK,
                references: AcquirerReferences::default(),
            };
            let booking = match plan {
                Plan::Matched => usual,
                Plan::AmountDiffers => Booking { minor: amount(at).saturating_add(1), ..usual },
                Plan::ReferenceDiffers => Booking { seller: OTHER_SELLER, ..usual },
                Plan::CurrencyDiffers => {
                    Booking { card: token(ACCOUNTS), currency: other_currency(), ..usual }
                }
                Plan::Offline
                | Plan::Capture
                | Plan::CardUnknown
                | Plan::Duplicate
                | Plan::OverCapture => return None,
            };
            Some(booking.command())
        });
        let absent = self.absent().map(|at| {
            let references = AcquirerReferences {
                batch: Some(self.batch()),
                transaction: Some(format!("m{at}")),
            };
            let booking = Booking {
                source: self.missing(at),
                card: token(at % ACCOUNTS),
                seller: SELLER,
                minor: amount(at),
                currency: Currency::SEK,
                references,
            };
            booking.command()
        });
        of_rows.chain(absent)
    }

    /// The sources and amounts of its authorizations: enough for captures, too little for others.
    fn authorized(&self) -> impl Iterator<Item = (u64, String, i64)> + '_ {
        self.rows().filter_map(|(at, plan)| match plan {
            Plan::Capture => Some((at, self.source(at), amount(at).saturating_add(100))),
            Plan::OverCapture => Some((at, self.source(at), amount(at).saturating_sub(1))),
            Plan::Offline
            | Plan::Matched
            | Plan::CardUnknown
            | Plan::AmountDiffers
            | Plan::CurrencyDiffers
            | Plan::Duplicate
            | Plan::ReferenceDiffers => None,
        })
    }
}

fn write(path: &Path, header: &Header, rows: impl Iterator<Item = Row>) -> anyhow::Result<()> {
    let mut writer = Writer::new(Profile::open_v1(), header).context("the day's header")?;
    let mut out = BufWriter::new(File::create(path).context("could not write the day")?);
    for (done, row) in (1_u64..).zip(rows) {
        writer.row(&row).context("a row of the day")?;
        if done.is_multiple_of(ROWS_AT_A_TIME) {
            out.write_all(&writer.take())?;
        }
    }
    out.write_all(&writer.finish().context("the day's trailer")?)?;
    out.flush()?;
    Ok(())
}

/// From 5.00 on.
fn amount(at: u64) -> i64 {
    i64::try_from(at % 90_000).unwrap_or(0).saturating_add(500)
}

fn token(account: u64) -> String {
    format!("bench-card-{account}")
}

/// One that the day's rows are not in.
fn other_currency() -> Currency {
    Currency::parse("EUR").unwrap_or(Currency::SEK)
}

/// A purchase over the API.
struct Booking {
    source: String,
    card: String,
    seller: &'static str,
    minor: i64,
    currency: Currency,
    references: AcquirerReferences,
}

impl Booking {
    fn command(self) -> Command {
        let card = CardToken::parse(&self.card);
        let basis = card.map_or(Basis::Authorization(None), |card| {
            Basis::Offline(OfflineInfo {
                card,
                seller: self.seller.to_owned(),
                currency: self.currency.code().to_owned(),
                method: None,
                channel: None,
            })
        });
        Command::Post(Post {
            company: COMPANY.to_owned(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind: PostingKind::Purchase,
            basis,
            offline_info: true,
            claims: OfflineClaims::default(),
            source: self.source,
            amount: Decimal::of_minor(self.minor, self.currency),
            withdrawal: None,
            references: self.references,
            receipt: None,
            point_of_sale: None,
            value_date: None,
        })
    }
}

/// Fills a store with what days need, and gives what their authorizations are called.
pub(super) fn fill(store: &mut dyn Store, days: &[&Day]) -> anyhow::Result<Codes> {
    let currencies = [Currency::SEK, other_currency()];
    let office = credential(Contract::Operator, Scope::Installation, KEY);
    let settings = [company(&currencies)?, seller(SELLER), seller(OTHER_SELLER), office];
    each_batch(store, "settings", settings.into_iter().map(Ok), &mut |_| {})?;
    let mut accounts = Vec::new();
    let openings = (0..=ACCOUNTS)
        .map(|at| open_account(if at == ACCOUNTS { other_currency() } else { Currency::SEK }));
    each_batch(store, "accounts", openings, &mut |answer| accounts.extend(opened(&answer)))?;
    let cards = (0_u64..).zip(accounts).map(|(at, account)| {
        Ok(add_card(account, CardToken::parse(&token(at)).context("a card's token")?))
    });
    each_batch(store, "cards", cards, &mut |_| {})?;
    let mut codes = Codes::new();
    for day in days {
        let mut sources = day.authorized().map(|(_, source, _)| source);
        let authorizations =
            day.authorized().map(|(at, source, minor)| authorize(at, source, minor));
        each_batch(store, "authorizations", authorizations, &mut |answer| {
            if let (Done::Authorized { authorization, .. }, Some(source)) =
                (&answer.done, sources.next())
            {
                codes.insert(source, Code::of(RowId(authorization.0)));
            }
        })?;
        each_batch(store, "purchases", day.booked().map(Ok), &mut |_| {})?;
    }
    Ok(codes)
}

fn authorize(at: u64, source: String, minor: i64) -> anyhow::Result<Command> {
    let card = CardToken::parse(&token(at % ACCOUNTS)).context("a card's token")?;
    Ok(Command::Authorize(Authorize {
        company: COMPANY.to_owned(),
        mount: Mount::CardTransaction,
        source,
        seller: SELLER.to_owned(),
        instrument: Instrument::Card(card),
        kind: AuthorizationKind::Purchase,
        point_of_sale: "Benchmark".to_owned(),
        amount: Decimal::of_minor(minor, Currency::SEK),
        currency: Currency::SEK.code().to_owned(),
        valid_to: None,
        method: None,
        channel: None,
    }))
}

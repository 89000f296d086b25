//! Notifications from the change of a payment to the receiver's answer: an engine on a store of its
//! own, the courier and the post.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bench::{Receiver, Way};
use engine::effects::notifications::{Office, Opener, Purpose};
use engine::effects::post::Post;
use engine::effects::webhook::Secret;
use engine::{Courier, Handle, run_courier};
use ledger::Currency;
use payments::limits::SYNCHRONOUS_MS_MAX;
use payments::online::Online;
use payments::payment::{Amount, Asked, MerchantName};
use payments::{
    AddEndpoint, ChangePayee, Command, Initialize, Method, Outcome, Payment, PaymentKind, Psp,
    Record, Report, Standing, TermStep,
};
use surfaces::Platform;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::super::ACTOR;
use super::super::payments::{MERCHANT_ID, customer, merchant, partner};
use super::super::seed::{COMPANY, SELLER, company};
use super::{BODY, SECRET};
use crate::clock::SystemClock;
use crate::installation::{Installation, Opening, Running};
use crate::notices::NoticeSettings;
use crate::psp::PspSettings;
use crate::scratch::Scratch;
use crate::settings::StoreSettings;

/// Changes that are submitted at once.
const SUBMITTED_AT_ONCE: usize = 64;

/// Changes that are ahead of their deliveries. Less than what waits in one receiver's line: what
/// is too much for that waits for the next look through the store.
const AHEAD_MAX: u64 = 500;

/// How long the last deliveries are waited for.
const DRAIN_MAX: Duration = Duration::from_mins(1);

const PAUSE: Duration = Duration::from_millis(1);

/// An installation with one merchant, whose only endpoint is the receiver.
pub(super) struct Installed {
    platform: Platform,
    merchant: i64,
    threads: Option<engine::Threads>,
    _scratch: Scratch,
}

impl Installed {
    /// Makes one, and starts its courier.
    ///
    /// # Errors
    /// When the store cannot be made or filled.
    pub(super) fn start(
        runtime: &Runtime,
        post: Arc<dyn Post>,
        url: &str,
    ) -> anyhow::Result<Installed> {
        let scratch = Scratch::new("bench")?;
        let settings = StoreSettings::embedded(scratch.path());
        let installation = Installation::open(&settings, &Opening::default())?;
        let (psps, notices) = (PspSettings::default(), NoticeSettings::default());
        let running = installation.start(Arc::new(SystemClock), None, &psps, &notices)?;
        let Running { platform, engine: threads } = running;
        let merchant = fill(&platform, url)?;
        let office = Office {
            post,
            opener: Arc::new(OneSecret),
            compose: Arc::new(|payment| BODY.replace("ID", &payment.instruction)),
            randomness: Arc::clone(&platform.randomness),
            haste: 1,
        };
        let clock = Arc::clone(&platform.clock);
        let courier =
            Courier::new(platform.engine.clone(), platform.queries.clone(), clock, office);
        runtime.spawn(run_courier(courier));
        Ok(Installed { platform, merchant, threads: Some(threads), _scratch: scratch })
    }

    /// The way from a change to its delivery. What is made ready are payments that wait for their
    /// PSP.
    pub(super) fn way(&self, runtime: &Arc<Runtime>, receiver: &Arc<Receiver>) -> Way {
        let (platform, merchant, waiting) =
            (self.platform.clone(), self.merchant, Waiting::default());
        let (ready, preparing) = (Arc::clone(&waiting), Arc::clone(runtime));
        let engine = platform.engine.clone();
        let prepare = move |count: u64| {
            let commands = (0..count).map(|_| payment(&platform, merchant));
            let created =
                preparing.block_on(submit_all(&platform.engine, commands, &|| u64::MAX))?;
            // A change of a payment that is this young is the answer of its own request.
            let young = u64::try_from(SYNCHRONOUS_MS_MAX).unwrap_or_default();
            std::thread::sleep(Duration::from_millis(young) + Duration::from_millis(100));
            *ready.lock().unwrap_or_else(PoisonError::into_inner) = created;
            Ok(())
        };
        let (delivering, receiver) = (Arc::clone(runtime), Arc::clone(receiver));
        let deliver = move || {
            let payments =
                std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
            let count = u64::try_from(payments.len()).unwrap_or(u64::MAX);
            let records = payments.iter().filter_map(record);
            let delivered = || receiver.delivered();
            delivering.block_on(async {
                submit_all(&engine, records, &delivered).await?;
                drained(count, &delivered).await
            })
        };
        Way { name: "end to end", prepare: Box::new(prepare), deliver: Box::new(deliver) }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        self.platform.engine.close();
        // Who panicked has said so.
        drop(self.threads.take().map(engine::Threads::join));
    }
}

/// Payments that wait for their PSP.
type Waiting = Arc<Mutex<Vec<Payment>>>;

/// Every endpoint has the benchmark's secret.
struct OneSecret;

impl Opener for OneSecret {
    fn open_sealed(&self, _: i64, purpose: Purpose, _: &str) -> Option<String> {
        match purpose {
            Purpose::Signing => Some(Secret::new(&SECRET)?.text().to_string()),
            Purpose::Enciphering => None,
        }
    }
}

type Answered = Result<payments::Answer, String>;

/// Submits commands, so many at once, and never further ahead of `done` than allowed. The payments
/// that they came to.
async fn submit_all(
    engine: &Handle,
    commands: impl Iterator<Item = Command>,
    done: &dyn Fn() -> u64,
) -> Result<Vec<Payment>, String> {
    let (mut submitted, mut under_way, mut found) = (0_u64, JoinSet::new(), Vec::new());
    for command in commands {
        while submitted.saturating_sub(done()) >= AHEAD_MAX {
            tokio::time::sleep(PAUSE).await;
        }
        if under_way.len() >= SUBMITTED_AT_ONCE {
            found.extend(next(&mut under_way).await?);
        }
        let engine = engine.clone();
        under_way.spawn(async move { engine.submit(command).await.map_err(|it| it.to_string()) });
        submitted = submitted.saturating_add(1);
    }
    while !under_way.is_empty() {
        found.extend(next(&mut under_way).await?);
    }
    Ok(found)
}

async fn next(under_way: &mut JoinSet<Answered>) -> Result<Option<Payment>, String> {
    let Some(answer) = under_way.join_next().await else { return Ok(None) };
    let answer = answer.map_err(|error| error.to_string())??;
    let Outcome::Payment(payment, _) = answer.done else {
        return Err("a command came to something else".to_owned());
    };
    Ok(Some(*payment))
}

/// Waits until all are delivered.
async fn drained(count: u64, delivered: &dyn Fn() -> u64) -> Result<(), String> {
    let all = async {
        while delivered() < count {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let drained = tokio::time::timeout(DRAIN_MAX, all).await;
    drained.map_err(|_| format!("{} of {count} were delivered", delivered()))
}

/// What the PSP says of a payment.
fn record(payment: &Payment) -> Option<Command> {
    let (payment, task) = (payment.number, payment.task?);
    let report = Report::new(Standing::Paid);
    Some(Command::Record(Record { payment, original: None, task, report }))
}

/// Asks for a payment that payments v3 shows, over a PSP that nobody calls.
fn payment(platform: &Platform, merchant: i64) -> Command {
    let mut drawn = [0; 16];
    platform.randomness.fill(&mut drawn);
    Command::Initialize(Initialize {
        kind: PaymentKind::Payment,
        method: Method::Swish,
        merchant: MerchantName {
            customer: merchant,
            merchant_id: MERCHANT_ID.to_owned(),
            company: COMPANY.to_owned(),
            seller: SELLER.to_owned(),
        },
        amount: Amount {
            currency: Currency::SEK,
            total_minor: 9_200,
            vat_minor: 0,
            nominal_minor: 9_200,
        },
        asked: Asked::default(),
        original: None,
        instruction: format!("{:032X}", u128::from_be_bytes(drawn)),
        online: Some(Online { brand: "SWISH".to_owned(), ..Online::default() }),
        kept: None,
        checkout: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

/// A partner, its merchant with an agreement, and its endpoint. The merchant's number.
fn fill(platform: &Platform, url: &str) -> anyhow::Result<i64> {
    let engine = &platform.engine;
    engine.submit_blocking(company(&[Currency::SEK])?).context("could not add a company")?;
    let partner = customer(platform, estate::Command::AddCustomer(partner()))?;
    let merchant = customer(platform, estate::Command::AddMerchant(merchant(partner)))?;
    let actor = ACTOR.to_owned();
    let change = ChangePayee {
        customer: merchant,
        // Nobody opens it.
        terms: vec![(Psp::Swish, "SWISH_ID".to_owned(), TermStep::Set("sealed".to_owned()))],
        actor: actor.clone(),
        ..ChangePayee::default()
    };
    engine.submit_blocking(Command::ChangePayee(change)).context("could not keep an agreement")?;
    let endpoint = AddEndpoint {
        customer: merchant,
        url: Some(url.to_owned()),
        secret: "sealed".to_owned(),
        key: None,
        actor,
        idempotency: None,
    };
    let added = engine.submit_blocking(Command::AddEndpoint(endpoint));
    added.context("could not add an endpoint")?;
    Ok(merchant)
}

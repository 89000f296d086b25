//! How payments of this contract are made, whether a merchant's server or a payer's page asks: the
//! card is looked up, the domain decides, and where a PSP is asked, its first answer is waited for.

use engine::SubmitError;
use engine::limits::PSP_ANSWER_WAIT_MAX;
use engine::queries::documents::named;
use engine::queries::payments::payment as payment_of;
use estate::draw::hex;
use ledger::{CardToken, Idempotency, ReadSet};
use payments::{
    Amount, Asked, Authentication, CardNumber, CardShown, Checkout, Command, Initialize, Kept,
    MerchantName, Method, Online, Outcome, Payment, PaymentKind, PaymentType, Refusal,
    Registration, ResultCode,
};

use super::problem::Problem;
use crate::Platform;
use crate::checkout::CardEntry;

/// With what is paid.
#[derive(Debug)]
pub(super) enum Means {
    /// A card. It is kept where the payer, or the merchant, wants that.
    Card { card: CardEntry, is_kept: bool },
    /// A card that was kept.
    Kept(Box<Registration>),
    /// What an earlier payment was paid with.
    Again(Box<Payment>),
    /// A PSP, and what reaches the payer there.
    Psp(Method, String),
}

/// A payment to be made.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) kind: PaymentKind,
    pub(super) merchant: MerchantName,
    pub(super) amount: Amount,
    pub(super) online: Online,
    pub(super) means: Means,
    /// Whether the payer scans a code, in place of being reached by a number.
    pub(super) is_code: bool,
    pub(super) original: Option<Box<Payment>>,
    pub(super) checkout: Option<Box<Checkout>>,
    pub(super) actor: String,
    pub(super) idempotency: Option<Idempotency>,
}

/// A payment that was made now, or before under the same key.
pub(super) enum Made {
    Now(Box<Payment>),
    Before(i64),
}

/// Makes a payment and waits for what the PSP says at once.
pub(super) async fn make(platform: &Platform, order: Order) -> Result<Made, Problem> {
    let command = command(platform, order).await?;
    decide(platform, command).await.map_err(Problem::not_submitted)
}

/// Has it decided, and the PSP asked.
///
/// # Errors
/// Why the domain refuses it.
pub(super) async fn decide(
    platform: &Platform,
    command: Initialize,
) -> Result<Made, SubmitError<Refusal>> {
    let done = platform.engine.submit(Command::Initialize(command)).await?.done;
    if let Outcome::Repeated(number) = done {
        return Ok(Made::Before(number));
    }
    let Outcome::Payment(payment, original) = done else { return Err(SubmitError::Bug) };
    let number = payment.number;
    if payment.task.is_none() || payment.method.psp().is_none() {
        return Ok(Made::Now(payment));
    }
    platform.desk.start(*payment, original.map(|original| *original));
    platform.desk.wait(number, PSP_ANSWER_WAIT_MAX).await;
    let now = platform.queries.read(move |reader| payment_of(reader, number)).await;
    // It was made: where it cannot be read, nobody knows how it stands.
    let now = now.map_err(|_| SubmitError::Unknown)?.ok_or(SubmitError::Bug)?;
    Ok(Made::Now(Box::new(now)))
}

/// The command that makes it.
pub(super) async fn command(platform: &Platform, order: Order) -> Result<Initialize, Problem> {
    let Order { kind, merchant, amount, mut online, means, original, checkout, .. } = order;
    let trigger = order.is_code.then(|| "2".to_owned());
    let mut kept = None;
    let (method, consumer_id) = match means {
        Means::Psp(method, consumer) => (method, consumer),
        Means::Again(earlier) => {
            if let Some(earlier) = &earlier.online {
                online.brand.clone_from(&earlier.brand);
                online.card.clone_from(&earlier.card);
                online.registration.clone_from(&earlier.registration);
            }
            (earlier.method, earlier.asked.consumer_id)
        }
        Means::Kept(registration) => {
            let Kept { id, brand, card, token, .. } = registration.kept;
            (online.brand, online.card, online.registration) = (brand, Some(card), Some(id));
            by_token(token)
        }
        Means::Card { card, is_kept } => {
            let token = ledger_card(platform, &card.number, &merchant.company).await?;
            if is_kept {
                let keep = keep(platform, &merchant, &card, token.clone(), online.is_test)?;
                online.registration = Some(keep.id.clone());
                kept = Some(keep);
            }
            card.brand.as_str().clone_into(&mut online.brand);
            online.card = Some(shown(card));
            by_token(token)
        }
    };
    if method == Method::Card && !online.is_test {
        return Err(Problem::of(ResultCode::BRAND_NOT_SET_UP));
    }
    Ok(Initialize {
        kind,
        method,
        merchant,
        amount,
        asked: Asked { consumer_id, trigger, ..Asked::default() },
        original,
        instruction: draw(platform).to_uppercase(),
        online: Some(online),
        kept,
        checkout,
        actor: order.actor,
        idempotency: order.idempotency,
    })
}

/// Who decides on a card, and what it is called there.
fn by_token(token: Option<String>) -> (Method, String) {
    match token {
        Some(token) => (Method::CardLedger, token),
        None => (Method::Card, String::new()),
    }
}

/// What the merchant's ledger calls a card by its number. `None` where it is none of its.
async fn ledger_card(
    platform: &Platform,
    number: &CardNumber,
    company: &str,
) -> Result<Option<String>, Problem> {
    let key = ledger::add_card::pan_key(platform.secrets.pan_fingerprint(number.reveal()));
    let reads = ReadSet { keys: vec![key], ..ReadSet::default() };
    let found = platform.queries.read(move |reader| {
        let row = reader.load(&reads)?.keys.get(&key).copied();
        row.map_or(Ok(None), |row| reader.card(ledger::CardId(row.0)))
    });
    let card = found.await.map_err(Problem::not_read)?;
    let directory = platform.engine.directory();
    let ours = directory.company(company).map(|company| company.id);
    let card = card.filter(|card| Some(card.company) == ours);
    Ok(card.map(|card| CardToken::as_str(&card.token).to_owned()))
}

/// What is kept of a card that shall be paid with again.
pub(super) async fn kept(
    platform: &Platform,
    merchant: &MerchantName,
    card: CardEntry,
    is_test: bool,
) -> Result<Kept, Problem> {
    let token = ledger_card(platform, &card.number, &merchant.company).await?;
    keep(platform, merchant, &card, token, is_test)
}

fn keep(
    platform: &Platform,
    merchant: &MerchantName,
    card: &CardEntry,
    token: Option<String>,
    is_test: bool,
) -> Result<Kept, Problem> {
    let id = draw(platform);
    let (vault, randomness) = (&platform.vault, platform.randomness.as_ref());
    let sealed = vault.seal_card(randomness, merchant.customer, &id, card.number.reveal());
    Ok(Kept {
        id,
        brand: card.brand.as_str().to_owned(),
        card: CardShown {
            number: card.number.masked().clone(),
            holder: card.holder.clone(),
            expiry: card.expiry,
        },
        token,
        sealed: Some(sealed.ok_or_else(Problem::bug)?),
        is_test,
    })
}

fn shown(card: CardEntry) -> CardShown {
    let number = card.number.masked().clone();
    CardShown { number, holder: card.holder, expiry: card.expiry }
}

/// 32 lower-case hexadecimal digits that nobody can guess.
pub(super) fn draw(platform: &Platform) -> String {
    let mut bytes = [0; 16];
    platform.randomness.fill(&mut bytes);
    hex(&bytes)
}

/// A payment by its number.
pub(super) async fn payment_by_number(
    platform: &Platform,
    number: i64,
) -> Result<Option<Payment>, Problem> {
    let found = platform.queries.read(move |reader| payment_of(reader, number));
    found.await.map_err(Problem::not_read)
}

/// A payment of this contract by its id. An id that none can have names nothing.
pub(super) async fn payment_by_id(
    platform: &Platform,
    id: &str,
) -> Result<Option<Payment>, Problem> {
    let name = Payment::online_name(id);
    let found = platform.queries.read(move |reader| named(reader, &name));
    Ok(found.await.map_err(Problem::not_read)?.as_ref().and_then(Payment::of))
}

/// The method behind a brand that is no card's.
pub(super) fn psp_method(brand: &str) -> Option<Method> {
    match brand {
        "SWISH" => Some(Method::Swish),
        "KLARNA" => Some(Method::Klarna),
        "EASY" => Some(Method::Easy),
        "SANTANDER" => Some(Method::Santander),
        _ => None,
    }
}

/// Whether payments of a type can be made over a PSP: Swish takes money at once or not at all, and
/// a loan waits for delivery.
pub(super) fn takes(method: Method, kind: PaymentType) -> bool {
    match (method, kind) {
        (Method::Swish, kind) => kind == PaymentType::Debit,
        (Method::Santander, kind) => kind == PaymentType::Preauthorization,
        (Method::Klarna | Method::Easy, kind) => {
            matches!(kind, PaymentType::Debit | PaymentType::Preauthorization)
        }
        (Method::CardLedger | Method::Card, _) => true,
    }
}

/// How a payer has to prove who they are, where they do.
pub(super) fn demanded(
    is_test: bool,
    number: &CardNumber,
    is_enrolled: Option<bool>,
    flow: Option<payments::test_cards::ThreeDSecure>,
) -> Option<Authentication> {
    use payments::test_cards::{ThreeDSecure, three_d_secure};

    let of_card = three_d_secure(number.reveal());
    let wanted = match is_enrolled {
        Some(false) => None,
        Some(true) => Some(flow.or(of_card).unwrap_or(ThreeDSecure::Challenge)),
        None => flow.or(of_card),
    };
    wanted.filter(|_| is_test).map(|flow| match flow {
        ThreeDSecure::Challenge => Authentication::Awaited,
        ThreeDSecure::Frictionless => Authentication::Frictionless,
    })
}

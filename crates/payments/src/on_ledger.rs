//! Our own ledger as a payment method: nobody is called, the ledger decides in the same commit, and
//! what it holds and books is what the card-ledger contract shows.
//!
//! The payer is a card token. The authorization is told as the payment's reference; what it is
//! called there follows from the payment's instruction, so that a capture can be corrected later.

use ledger::authorize::authorize;
use ledger::cancel::cancel;
use ledger::correct::correct;
use ledger::money::format_minor;
use ledger::post::post;
use ledger::{
    AcquirerReferences, AuthorizationId, AuthorizationKind, Authorize, Basis, Books, Cancel,
    CardToken, Channel, Code, Correct, Currency, Decimal, DeclineReason, Instrument, Mount,
    OfflineClaims, Post, PostingKind, ReadSet, RowId, Timestamp, books::Done,
};

use crate::cards::Denied;
use crate::payment::{Amount, Asked, MerchantName, Payment};
use crate::report::Told;
use crate::result_code::ResultCode;

const MOUNT: Mount = Mount::CardTransaction;

/// Where it happens, where nobody says.
const POINT_OF_SALE: &str = "Alternative payment";

/// What is charged to whom.
pub(crate) struct Charge<'p> {
    pub(crate) merchant: &'p MerchantName,
    pub(crate) instruction: &'p str,
    pub(crate) asked: &'p Asked,
    pub(crate) amount: Amount,
}

impl<'p> Charge<'p> {
    /// What a payment charges.
    pub(crate) fn of(payment: &'p Payment) -> Charge<'p> {
        Charge {
            merchant: &payment.merchant,
            instruction: &payment.instruction,
            asked: &payment.asked,
            amount: payment.amount,
        }
    }
}

/// What a new payment needs of the ledger.
pub(crate) fn read_payment(charge: &Charge<'_>, reads: &mut ReadSet) {
    if let Some(reserve) = authorization(charge, AuthorizationKind::Purchase) {
        reserve.read(reads);
    }
    let currency = charge.amount.currency;
    taking(charge.merchant, charge.instruction, None, 0, currency).read(reads);
}

/// What a credit needs of the ledger.
pub(crate) fn read_credit(charge: &Charge<'_>, reads: &mut ReadSet) {
    if let Some(allow) = authorization(charge, AuthorizationKind::Reversal) {
        allow.read(reads);
    }
    crediting(charge, None).read(reads);
}

/// What it needs of the ledger to take something of a payment.
pub(crate) fn read_take(original: &Payment, instruction: &str, reads: &mut ReadSet) {
    let (merchant, currency) = (&original.merchant, original.amount.currency);
    taking(merchant, instruction, code(original), 0, currency).read(reads);
    ending(original).read(reads);
}

/// What it needs of the ledger to give something of a payment back.
pub(crate) fn read_give_back(original: &Payment, instruction: &str, reads: &mut ReadSet) {
    for (at, capture) in original.captures.iter().enumerate() {
        giving_back(original, &capture.instruction, &given_back(instruction, at), 0).read(reads);
    }
    if original.captures.is_empty() {
        // It may be taken whole meanwhile.
        giving_back(original, &original.instruction, &given_back(instruction, 0), 0).read(reads);
    }
    ending(original).read(reads);
}

/// Holds what a payment charges.
pub(crate) fn reserve(
    payment: &mut Payment,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), Denied> {
    let charge = Charge::of(payment);
    let reserve = authorization(&charge, AuthorizationKind::Purchase).ok_or_else(no_card)?;
    let code = Code::of(RowId(authorized(&reserve, books, now)?.0));
    payment.hear(Told {
        reference: Some(code.as_str().to_owned()),
        payer: Some(payment.asked.consumer_id.clone()),
        ..Told::default()
    });
    Ok(())
}

/// Books what a credit gives.
pub(crate) fn credit(
    payment: &mut Payment,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), Denied> {
    let charge = Charge::of(payment);
    let allow = authorization(&charge, AuthorizationKind::Reversal).ok_or_else(no_card)?;
    let code = Code::of(RowId(authorized(&allow, books, now)?.0));
    let booked = post(&crediting(&charge, Some(code)), books, now);
    booked.map_err(|refusal| denied(&refusal))?;
    let reference = Some(code.as_str().to_owned());
    payment.hear(Told { reference, ..Told::default() });
    Ok(())
}

/// Books something of what a payment holds, under this instruction.
pub(crate) fn take(
    original: &Payment,
    instruction: &str,
    minor: i64,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), ledger::Refusal> {
    let (merchant, currency) = (&original.merchant, original.amount.currency);
    let take = taking(merchant, instruction, code(original), minor, currency);
    post(&take, books, now).map(drop)
}

/// Releases what a payment still holds.
pub(crate) fn release(
    original: &Payment,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), ledger::Refusal> {
    cancel(&ending(original), books, now).map(drop)
}

/// Corrects captures of a payment, each by its share. Where one cannot be, the books are spoilt.
pub(crate) fn give_back(
    original: &Payment,
    instruction: &str,
    shares: &[(usize, i64)],
    books: &mut Books,
    now: Timestamp,
) -> Result<(), ledger::Refusal> {
    for (at, minor) in shares {
        if let Some(capture) = original.captures.get(*at) {
            let source = given_back(instruction, *at);
            let correction = giving_back(original, &capture.instruction, &source, *minor);
            correct(&correction, books, now)?;
        }
    }
    Ok(())
}

fn authorized(
    command: &Authorize,
    books: &mut Books,
    now: Timestamp,
) -> Result<AuthorizationId, Denied> {
    match authorize(command, books, now) {
        Ok(ledger::Answer { done: Done::Authorized { authorization, .. }, .. }) => {
            Ok(authorization)
        }
        Ok(other) => unreachable!("an authorization came to {other:?}"),
        Err(refusal) => Err(denied(&refusal)),
    }
}

fn no_card() -> Denied {
    let info = "the consumer's id is no card token".to_owned();
    Denied { code: ResultCode::DECLINED_CARD, info }
}

/// What a decline of the ledger's is called by payments v3.
fn denied(refusal: &ledger::Refusal) -> Denied {
    if let ledger::Refusal::Declined { reason, .. } = refusal {
        let code = match reason {
            DeclineReason::InsufficientFunds => ResultCode::DECLINED_FUNDS,
            DeclineReason::CardBlocked => ResultCode::DECLINED_RESTRICTED,
            DeclineReason::CardExpired => ResultCode::CARD_EXPIRED,
            DeclineReason::AccountBlocked | DeclineReason::AccountClosed => ResultCode::DECLINED,
        };
        return Denied { code, info: format!("declined: {}", reason.as_str()) };
    }
    let is_currency = matches!(refusal, ledger::Refusal::CurrencyNotSupported);
    let code = if is_currency { ResultCode::CURRENCY_NOT_SET_UP } else { ResultCode::DECLINED };
    Denied { code, info: refusal.to_string() }
}

fn authorization(charge: &Charge<'_>, kind: AuthorizationKind) -> Option<Authorize> {
    let Charge { merchant, instruction, asked, amount } = charge;
    let point_of_sale = asked.terminal_reference.as_deref().unwrap_or(POINT_OF_SALE);
    let longest = ledger::limits::POINT_OF_SALE_CHARS_MAX;
    Some(Authorize {
        company: merchant.company.clone(),
        mount: MOUNT,
        source: format!("P{instruction}"),
        seller: merchant.seller.clone(),
        instrument: Instrument::Card(CardToken::parse(&asked.consumer_id)?),
        kind,
        point_of_sale: point_of_sale.chars().take(longest).collect(),
        amount: decimal(amount.total_minor, amount.currency),
        currency: amount.currency.code().to_owned(),
        valid_to: None,
        method: None,
        channel: Some(Channel::Ecom),
    })
}

fn taking(
    merchant: &MerchantName,
    instruction: &str,
    code: Option<Code>,
    minor: i64,
    currency: Currency,
) -> Post {
    let source = format!("C{instruction}");
    let amount = decimal(minor, currency);
    posting(merchant, PostingKind::Purchase, (source, code), amount)
}

fn crediting(charge: &Charge<'_>, code: Option<Code>) -> Post {
    let Charge { merchant, instruction, amount, .. } = charge;
    let source = format!("V{instruction}");
    let amount = decimal(amount.total_minor, amount.currency);
    posting(merchant, PostingKind::Reversal, (source, code), amount)
}

fn posting(
    merchant: &MerchantName,
    kind: PostingKind,
    (source, code): (String, Option<Code>),
    amount: Decimal,
) -> Post {
    Post {
        company: merchant.company.clone(),
        seller_scope: Some(merchant.seller.clone()),
        mount: MOUNT,
        kind,
        basis: Basis::Authorization(code),
        offline_info: false,
        claims: OfflineClaims::default(),
        source,
        amount,
        withdrawal: None,
        references: AcquirerReferences::default(),
        receipt: None,
        point_of_sale: None,
        value_date: None,
    }
}

fn giving_back(original: &Payment, capture: &str, source: &str, minor: i64) -> Correct {
    Correct {
        company: original.merchant.company.clone(),
        seller_scope: Some(original.merchant.seller.clone()),
        mount: MOUNT,
        kind: PostingKind::Purchase,
        corrected: format!("C{capture}"),
        source: source.to_owned(),
        amount: decimal(minor, original.amount.currency),
        references: AcquirerReferences::default(),
        value_date: None,
    }
}

fn ending(original: &Payment) -> Cancel {
    Cancel {
        company: original.merchant.company.clone(),
        seller_scope: Some(original.merchant.seller.clone()),
        mount: MOUNT,
        code: code(original),
        value_date: None,
    }
}

/// What is given back of a capture is called on the ledger.
fn given_back(instruction: &str, at: usize) -> String {
    if at == 0 { format!("R{instruction}") } else { format!("R{instruction}-{at}") }
}

fn code(payment: &Payment) -> Option<Code> {
    Code::parse(payment.told.reference.as_deref()?)
}

/// An amount as the ledger's commands carry it.
fn decimal(minor: i64, currency: Currency) -> Decimal {
    let text = format_minor(minor, currency);
    Decimal::parse(&text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

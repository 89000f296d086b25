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
    AcquirerReferences, AuthorizationKind, Authorize, Basis, Books, Cancel, CardToken, Channel,
    Code, Correct, Currency, Decimal, Instrument, Mount, OfflineClaims, Post, PostingKind, ReadSet,
    RowId, Timestamp, books::Done,
};

use crate::command::put;
use crate::initialize::Initialize;
use crate::payment::{Cause, MerchantName, Payment, PaymentKind};
use crate::report::Told;
use crate::state::Event;

const MOUNT: Mount = Mount::CardTransaction;

/// Where it happens, where nobody says.
const POINT_OF_SALE: &str = "Alternative payment";

/// What a new payment, refund or reversal needs of the ledger.
pub(crate) fn read(command: &Initialize, reads: &mut ReadSet) {
    let original = command.original.as_deref();
    match (command.kind, original) {
        (PaymentKind::Payment, _) => {
            let (merchant, instruction) = (&command.merchant, &command.instruction);
            if let Some(reserve) = reservation(command) {
                reserve.read(reads);
            }
            taking(merchant, instruction, None, 0, command.amount.currency).read(reads);
        }
        (PaymentKind::Refund | PaymentKind::Reversal, Some(original)) => {
            giving_back(&command.merchant, &command.instruction, original, 0).read(reads);
            ending(original).read(reads);
        }
        (PaymentKind::Refund | PaymentKind::Reversal, None) => {}
    }
}

/// What a capture needs of the ledger.
pub(crate) fn read_capture(payment: &Payment, reads: &mut ReadSet) {
    let (merchant, currency) = (&payment.merchant, payment.amount.currency);
    taking(merchant, &payment.instruction, code(payment), 0, currency).read(reads);
}

/// Decides a new payment, refund or reversal on the ledger.
pub(crate) fn initialize(
    command: &Initialize,
    payment: &mut Payment,
    original: Option<&Payment>,
    books: &mut Books,
    now: Timestamp,
) {
    payment.is_placed = true;
    match (payment.kind, original) {
        (PaymentKind::Payment, _) => reserve(command, payment, books, now),
        (PaymentKind::Refund, Some(original)) => give_back(payment, original, books, now),
        (PaymentKind::Reversal, Some(original)) if original.state.is_committed() => {
            give_back(payment, original, books, now);
        }
        (PaymentKind::Reversal, Some(original)) => end(payment, original, books, now),
        (PaymentKind::Refund | PaymentKind::Reversal, None) => {
            unreachable!("a refund or reversal has an original")
        }
    }
}

fn reserve(command: &Initialize, payment: &mut Payment, books: &mut Books, now: Timestamp) {
    let Some(reserve) = reservation(command) else {
        return refuse(payment, "the consumer's id is no card token", now);
    };
    let authorization = match authorize(&reserve, books, now) {
        Ok(ledger::Answer { done: Done::Authorized { authorization, .. }, .. }) => authorization,
        Ok(other) => unreachable!("an authorization came to {other:?}"),
        Err(ledger::Refusal::Declined { reason, .. }) => {
            return refuse(payment, &format!("declined: {}", reason.as_str()), now);
        }
        Err(refusal) => return refuse(payment, &refusal.to_string(), now),
    };
    let code = Code::of(RowId(authorization.0));
    payment.hear(Told {
        reference: Some(code.as_str().to_owned()),
        payer: Some(payment.asked.consumer_id.clone()),
        ..Told::default()
    });
    if payment.is_taken_at_once() {
        payment.pass(Event::Authorize, Cause::Call, now);
        capture(payment, payment.amount.total_minor, books, now);
    } else {
        payment.pass(Event::Reserve, Cause::Call, now);
    }
}

/// Books what is reserved, and releases the rest.
pub(crate) fn capture(payment: &mut Payment, minor: i64, books: &mut Books, now: Timestamp) {
    let (merchant, currency) = (payment.merchant.clone(), payment.amount.currency);
    let take = taking(&merchant, &payment.instruction, code(payment), minor, currency);
    match post(&take, books, now) {
        Ok(_) => {
            payment.pass(Event::Finalize, Cause::Call, now);
            payment.captured_minor = minor;
            if minor < payment.amount.total_minor && cancel(&ending(payment), books, now).is_err() {
                payment.attention.get_or_insert_with(|| "the rest is still reserved".to_owned());
            }
        }
        // Its last day is over, or somebody has cancelled it over the card-ledger contract. Where
        // it is another reason, nothing stays held for a payment that has ended.
        Err(refusal) => {
            drop(cancel(&ending(payment), books, now));
            let told = Told { info: Some(refusal.to_string()), ..Told::default() };
            payment.hear(told);
            payment.pass(Event::Cancel, Cause::Call, now);
        }
    }
}

fn give_back(payment: &mut Payment, original: &Payment, books: &mut Books, now: Timestamp) {
    let minor = payment.amount.total_minor;
    let back = giving_back(&payment.merchant, &payment.instruction, original, minor);
    match correct(&back, books, now) {
        Ok(_) => {
            payment.pass(Event::Finalize, Cause::Call, now);
            payment.captured_minor = minor;
        }
        Err(refusal) => {
            refuse(payment, &refusal.to_string(), now);
            let mut original_now = original.clone();
            original_now.refunded_minor = original.refunded_minor.saturating_sub(minor);
            original_now.reversal = original.reversal.filter(|number| *number != payment.number);
            put(books, &original_now, original, now);
        }
    }
}

fn end(payment: &mut Payment, original: &Payment, books: &mut Books, now: Timestamp) {
    let mut original_now = original.clone();
    match cancel(&ending(original), books, now) {
        Ok(_) => {
            original_now.pass(Event::Cancel, Cause::Call, now);
            payment.pass(Event::Finalize, Cause::Call, now);
        }
        Err(refusal) => {
            original_now.reversal = None;
            refuse(payment, &refusal.to_string(), now);
        }
    }
    put(books, &original_now, original, now);
}

fn refuse(payment: &mut Payment, info: &str, now: Timestamp) {
    payment.hear(Told { info: Some(info.to_owned()), ..Told::default() });
    payment.pass(Event::Reject, Cause::Call, now);
}

fn reservation(command: &Initialize) -> Option<Authorize> {
    let asked = &command.asked;
    let point_of_sale = asked.terminal_reference.as_deref().unwrap_or(POINT_OF_SALE);
    let longest = ledger::limits::POINT_OF_SALE_CHARS_MAX;
    Some(Authorize {
        company: command.merchant.company.clone(),
        mount: MOUNT,
        source: format!("P{}", command.instruction),
        seller: command.merchant.seller.clone(),
        instrument: Instrument::Card(CardToken::parse(&asked.consumer_id)?),
        kind: AuthorizationKind::Purchase,
        point_of_sale: point_of_sale.chars().take(longest).collect(),
        amount: decimal(command.amount.total_minor, command.amount.currency),
        currency: command.amount.currency.code().to_owned(),
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
    Post {
        company: merchant.company.clone(),
        seller_scope: Some(merchant.seller.clone()),
        mount: MOUNT,
        kind: PostingKind::Purchase,
        basis: Basis::Authorization(code),
        offline_info: false,
        claims: OfflineClaims::default(),
        source: taken(instruction),
        amount: decimal(minor, currency),
        withdrawal: None,
        references: AcquirerReferences::default(),
        receipt: None,
        point_of_sale: None,
        value_date: None,
    }
}

fn giving_back(
    merchant: &MerchantName,
    instruction: &str,
    original: &Payment,
    minor: i64,
) -> Correct {
    Correct {
        company: merchant.company.clone(),
        seller_scope: Some(merchant.seller.clone()),
        mount: MOUNT,
        kind: PostingKind::Purchase,
        corrected: taken(&original.instruction),
        source: format!("R{instruction}"),
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

/// What a payment's capture is called on the ledger.
fn taken(instruction: &str) -> String {
    format!("C{instruction}")
}

fn code(payment: &Payment) -> Option<Code> {
    Code::parse(payment.told.reference.as_deref()?)
}

/// An amount as the ledger's commands carry it.
fn decimal(minor: i64, currency: Currency) -> Decimal {
    let text = format_minor(minor, currency);
    Decimal::parse(&text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

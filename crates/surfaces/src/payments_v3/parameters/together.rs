//! What must hold between parameters that are good by themselves.

use ledger::{CardExpiry, Currency, Date, Decimal, MoneyError};
use payments::limits::AMOUNT_MINOR_MAX;
use payments::{Brand, CardNumber, PaymentType, ResultCode};

use super::faults::Faults;
use super::required::Operation;
use super::sent::Sent;
use crate::checkout::CardEntry;

/// Checks what must hold between parameters, and gives the card where one was sent whole.
pub(super) fn check(
    sent: &Sent<'_>,
    operation: Operation,
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<CardEntry> {
    payment_type(sent, operation, faults);
    if let (Some(amount), Some(currency)) = (sent.amount(), sent.currency())
        && let Err(code) = minor(amount, currency)
    {
        faults.note("amount", amount_message(code), code);
    }
    let birth_date = sent.text("customer.birthDate").and_then(Date::parse);
    if birth_date.is_some_and(|birth_date| birth_date > today) {
        let code = ResultCode::BAD_BIRTH_DATE;
        faults.note("customer.birthDate", "must not be in the future", code);
    }
    street("billing", sent, faults);
    street("shipping", sent, faults);
    card(sent, operation, today, faults)
}

/// An amount in minor units of its currency.
pub(super) fn minor(amount: Decimal, currency: Currency) -> Result<i64, ResultCode> {
    match amount.minor(currency) {
        Ok(minor) if minor > AMOUNT_MINOR_MAX => Err(ResultCode::AMOUNT_TOO_LARGE),
        Ok(minor) => Ok(minor),
        Err(MoneyError::OutOfRange) => Err(ResultCode::AMOUNT_TOO_LARGE),
        Err(
            MoneyError::NotExact
            | MoneyError::NotANumber
            | MoneyError::Negative
            | MoneyError::CurrencyMismatch,
        ) => Err(ResultCode::BAD_AMOUNT),
    }
}

fn amount_message(code: ResultCode) -> &'static str {
    match code {
        ResultCode::AMOUNT_TOO_LARGE => "is more than a payment may be",
        _ => "has more decimals than its currency",
    }
}

fn payment_type(sent: &Sent<'_>, operation: Operation, faults: &mut Faults<'_>) {
    let Some(word) = sent.text("paymentType") else { return };
    match sent.payment_type() {
        Some(payment_type) if operation.takes(payment_type) => {}
        Some(_) => {
            faults.note("paymentType", operation.types(), ResultCode::BAD_PAYMENT_TYPE);
        }
        None if matches!(word, "CB" | "CR") => {
            let code = ResultCode::CHARGEBACK_IS_INTERNAL;
            faults.note("paymentType", "is only made by the platform", code);
        }
        None => {
            let code = ResultCode::UNSUPPORTED_PAYMENT_TYPE;
            faults.note("paymentType", "is not offered", code);
        }
    }
}

/// Both lines of a street together must say more than a number. That they are not too long
/// together follows from their own lengths (100.800.101: 201 characters).
fn street(folder: &str, sent: &Sent<'_>, faults: &mut Faults<'_>) {
    let name = format!("{folder}.street1");
    let Some(first) = sent.text(&name) else { return };
    let second = sent.text(&format!("{folder}.street2")).unwrap_or_default();
    let is_number = |character: char| character.is_numeric() || character.is_whitespace();
    if first.chars().chain(second.chars()).all(is_number) {
        let code = ResultCode::STREET_ONLY_DIGITS;
        faults.note(&name, "must not be a number only", code);
    }
}

fn card(
    sent: &Sent<'_>,
    operation: Operation,
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<CardEntry> {
    let number = sent.text("card.number").and_then(CardNumber::parse);
    let brand = brand(number.as_ref(), sent, faults);
    cvv(brand, sent, operation, faults);
    let expiry = expiry(sent, today, faults);
    Some(CardEntry {
        number: number?,
        brand: brand?,
        holder: sent.owned("card.holder"),
        expiry: expiry?,
    })
}

/// The brand of the card: the one that was sent, if the number is one of its own, else that of the
/// number.
fn brand(number: Option<&CardNumber>, sent: &Sent<'_>, faults: &mut Faults<'_>) -> Option<Brand> {
    let Some(word) = sent.text("paymentBrand") else {
        let brand = number.and_then(Brand::of);
        if number.is_some() && brand.is_none() && !sent.has("paymentBrand") {
            let code = ResultCode::NO_BRAND;
            faults.missing("paymentBrand", "cannot be told from the card's number", code);
        }
        return brand;
    };
    let brand = Brand::parse(word);
    if brand.is_none() && number.is_some() {
        faults.note("paymentBrand", "is no brand of cards", ResultCode::BAD_BRAND);
    } else if number.is_some_and(|number| Brand::of(number) != brand) {
        let code = ResultCode::BRAND_MISMATCH;
        faults.note("card.number", "is no number of this brand", code);
    }
    brand
}

/// Looks at the verification code for the last time.
fn cvv(brand: Option<Brand>, sent: &Sent<'_>, operation: Operation, faults: &mut Faults<'_>) {
    let Some(brand) = brand else { return };
    if let Some(cvv) = sent.text("card.cvv") {
        if cvv.len() != brand.cvv_digits() {
            let message = format!("must have {} digits for this brand", brand.cvv_digits());
            faults.note("card.cvv", message, ResultCode::BAD_CVV);
        }
    } else if brand.wants_cvv() && is_cvv_at_hand(sent, operation) && !sent.has("card.cvv") {
        faults.missing("card.cvv", "is required by this brand", ResultCode::NO_CVV);
    }
}

/// Whether the payer is there and can be asked for the code: it must not be stored, so it is
/// missing in mail orders and wherever a stored card is used again.
fn is_cvv_at_hand(sent: &Sent<'_>, operation: Operation) -> bool {
    let takes_money = match sent.payment_type() {
        Some(PaymentType::Preauthorization | PaymentType::Debit) => true,
        Some(
            PaymentType::Credit
            | PaymentType::Capture
            | PaymentType::Refund
            | PaymentType::Reversal
            | PaymentType::Rebill,
        )
        | None => false,
    };
    let is_repeated = ["standingInstruction.mode", "recurringType"]
        .iter()
        .any(|name| sent.text(name) == Some("REPEATED"));
    let is_absent = matches!(sent.text("transactionCategory"), Some("MO" | "TO" | "RC" | "IN"));
    match operation {
        Operation::PagePayment => true,
        Operation::Payment => takes_money && !is_repeated && !is_absent,
        Operation::TokenPayment
        | Operation::FollowUp
        | Operation::Registration
        | Operation::Checkout
        | Operation::CheckoutUpdate => false,
    }
}

fn expiry(sent: &Sent<'_>, today: Date, faults: &mut Faults<'_>) -> Option<CardExpiry> {
    let (month, year) = (sent.text("card.expiryMonth")?, sent.text("card.expiryYear")?);
    let expiry = CardExpiry { year: year.parse().ok()?, month: month.parse().ok()? };
    if expiry.is_past(today) {
        faults.note("card.expiryYear", "the card has expired", ResultCode::CARD_EXPIRED);
    }
    Some(expiry)
}

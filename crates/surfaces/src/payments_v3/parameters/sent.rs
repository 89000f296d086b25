//! The parameters of a request that are good, each by itself.

use ledger::{Currency, Decimal};
use payments::{Brand, CardNumber, PaymentType, ResultCode};

use super::faults::Faults;
use super::name::Name;
use super::table::Rule;
use crate::checkout::CardEntry;
use crate::payments_v3::form::{Form, Parameter};

/// What was sent. Values that are not in their formats are not here, but it is known that they were
/// sent.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    form: &'a Form,
    good: Vec<&'a Parameter>,
}

/// What is not shown again: what is told in a way of its own, and what only steers the request.
/// Neither is anything of the card, nor a password.
const NOT_SHOWN: &[&str] = &[
    "entityId",
    "amount",
    "currency",
    "paymentBrand",
    "paymentType",
    "merchantTransactionId",
    "testMode",
    "createRegistration",
    "shopperResultUrl",
    "notificationUrl",
    "virtualAccount.password",
];

const FOLDERS_NOT_SHOWN: &[&str] = &["card.", "overridePaymentType[", "registrations["];

/// The shortest number that is taken for a card's where there should be none. Shorter ones are
/// taken for what they are sent as, since article numbers have up to 14 digits.
const MISPLACED_CARD_DIGITS_MIN: usize = 15;

impl<'a> Sent<'a> {
    /// Checks each parameter by itself. Those that the contract does not name are ignored, but must
    /// be readable.
    pub(super) fn read(form: &'a Form, faults: &mut Faults<'_>) -> Sent<'a> {
        let mut good = Vec::new();
        for (place, parameter) in form.parameters().iter().enumerate() {
            let value = match &parameter.value {
                Ok(value) => value,
                Err(unreadable) => {
                    let code = ResultCode::BAD_PARAMETER;
                    faults.note_at(place, unreadable.message(), code);
                    continue;
                }
            };
            let Some(name) = Name::of(&parameter.name) else { continue };
            let Some(rule) = Rule::of(&name) else { continue };
            if let Some(message) = name.key_fault() {
                faults.note_at(place, message, ResultCode::BAD_PARAMETER);
                continue;
            }
            match rule.format.check(value) {
                Ok(()) => good.push(parameter),
                Err(fault) => {
                    faults.note_at(place, rule.format.message(), rule.code(fault));
                }
            }
        }
        Sent { form, good }
    }

    /// What a parameter says, where it is good.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let found = self.good.iter().find(|parameter| parameter.name == name)?;
        found.value.as_ref().ok().map(|value| value.as_str())
    }

    /// As [`Sent::text`], to be kept.
    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// Whether a parameter was sent, good or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.form.has(name)
    }

    /// Whether any parameter of a card was sent, but for its code, which comes with tokens too.
    pub(super) fn has_card(&self) -> bool {
        let is_of_card = |name: &str| name.starts_with("card.") && name != "card.cvv";
        self.form.parameters().iter().any(|parameter| is_of_card(&parameter.name))
    }

    /// The payment type, where it is one that is served. `PA.CP`, a debit that waits for a risk
    /// check, is a debit.
    pub(super) fn payment_type(&self) -> Option<PaymentType> {
        match self.text("paymentType")? {
            "PA.CP" => Some(PaymentType::Debit),
            word => PaymentType::parse(word),
        }
    }

    /// The brand: as it was sent, or else the card's.
    pub(super) fn brand_with(&self, card: Option<&CardEntry>) -> Option<String> {
        self.owned("paymentBrand").or_else(|| card.map(|card| card.brand.as_str().to_owned()))
    }

    /// The amount. Numbers may begin with zeros here, which numbers elsewhere may not.
    pub(super) fn amount(&self) -> Option<Decimal> {
        let digits = self.text("amount")?.trim_start_matches('0');
        let begins_with_point = digits.starts_with('.');
        let text = if begins_with_point { format!("0{digits}") } else { digits.to_owned() };
        Decimal::parse(&text).ok()
    }

    /// The currency.
    pub(super) fn currency(&self) -> Option<Currency> {
        self.text("currency").and_then(Currency::parse)
    }

    /// What is shown again. A card number that came where none belongs is masked.
    pub(super) fn echo(&self) -> Vec<(String, String)> {
        let is_shown = |name: &str| {
            !NOT_SHOWN.contains(&name)
                && !FOLDERS_NOT_SHOWN.iter().any(|folder| name.starts_with(folder))
        };
        let shown = self.shown().filter(|(name, _)| is_shown(name));
        shown.map(|(name, value)| (name.to_owned(), without_card_number(value))).collect()
    }

    fn shown(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.good.iter().filter_map(|parameter| {
            Some((parameter.name.as_str(), parameter.value.as_ref().ok()?.as_str()))
        })
    }
}

fn without_card_number(value: &str) -> String {
    let digits = value.replace([' ', '-'], "");
    let number = CardNumber::parse(digits)
        .filter(|number| number.reveal().len() >= MISPLACED_CARD_DIGITS_MIN)
        .filter(|number| Brand::of(number).is_some());
    match number {
        Some(number) => format!("{}******{}", number.masked().bin, number.masked().last4),
        None => value.to_owned(),
    }
}

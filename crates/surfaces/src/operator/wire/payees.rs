//! Merchants as payments over PSPs see them, and what they have agreed with PSPs.

use std::collections::BTreeMap;

use engine::effects::agreements::{is_known, required};
use estate::settings::setting;
use estate::{Customer, Merchant};
use payments::limits::TEXT_CHARS_MAX;
use payments::payee::{END_OF_DAY_DEFAULT, Term};
use payments::{Payee, Psp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::http::fields::{FromObject, Object, parsed, shown_name, string, text, wipe};
use crate::http::problem::{FieldError, Problem};

/// Longest value of an agreement, in characters: certificates with their chains are PEM texts.
const VALUE_CHARS_MAX: usize = 32_768;

/// Longest number for value added tax, in characters.
const VAT_NUMBER_CHARS_MAX: usize = 20;

/// What to change of a merchant. What is absent stays.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct PayeeChange {
    /// Whether it takes payments.
    pub(in crate::operator) active: Option<bool>,
    /// Its number for value added tax.
    #[schema(min_length = 1, max_length = 20, example = "SE556677889901")]
    pub(in crate::operator) vat_number: Option<String>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 255, example = "Stockholm")]
    pub(in crate::operator) city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$", example = "SE")]
    pub(in crate::operator) country: Option<String>,
    /// When its day ends, in its company's time zone.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "01:00")]
    pub(in crate::operator) end_of_day: Option<String>,
    /// Where its payers may be sent after a payment of payments v3, at most 50 origins. `https://*`
    /// is every one over HTTPS, `loopback` every one on the server's own machine.
    #[schema(max_items = 50, example = json!(["https://shop.example"]))]
    pub(in crate::operator) return_origins: Option<Vec<String>>,
}

/// Values of an agreement with a PSP, by their names. Debugging shows none of them.
pub(in crate::operator) struct NewAgreement {
    values: Vec<(String, Zeroizing<String>)>,
}

/// Values of an agreement with a PSP, as they are written.
#[derive(Debug, ToSchema)]
#[schema(as = NewAgreement)]
#[expect(dead_code, reason = "it is read as `NewAgreement`; this describes it")]
pub(in crate::operator) struct NewAgreementBody {
    /// Names and values, 1 to 32 768 characters each. Values are kept enciphered, and never shown.
    ///
    /// Swish: `SWISH_ID`, and its client certificate as `SWISH_CERTIFICATE` and
    /// `SWISH_PRIVATE_KEY` or as `SWISH_PKCS12` and `SWISH_PKCS12_PASSWORD`. Klarna:
    /// `KLARNA_MERCHANT_ID` and `KLARNA_PASSWORD`. Easy: `EASY_SECRET_KEY` and
    /// `EASY_CHECKOUT_KEY`. Santander: `SANTANDER_MERCHANT_ID` and `SANTANDER_SECRET`.
    #[schema(write_only, example = json!({"SWISH_ID": "1234679304"}))]
    values: BTreeMap<String, String>,
}

/// A merchant as payments over PSPs see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payee)]
pub(in crate::operator) struct PayeeBody {
    /// The customer.
    customer_id: i64,
    /// What alternative payments call it.
    merchant_id: String,
    /// Whether it takes payments.
    active: bool,
    /// Its number for value added tax.
    vat_number: Option<String>,
    /// Where it is.
    city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "SE")]
    country: Option<String>,
    /// When its day ends, in its company's time zone.
    #[schema(example = "01:00")]
    end_of_day: String,
    /// Where its payers may be sent after a payment of payments v3.
    return_origins: Vec<String>,
    /// What it has agreed, by PSP: `swish`, `klarna`, `easy`, `santander`. Never the values.
    agreements: BTreeMap<&'static str, AgreementBody>,
}

/// An agreement with a PSP.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PspAgreement)]
struct AgreementBody {
    /// The values that are in force.
    #[schema(example = json!(["KLARNA_MERCHANT_ID"]))]
    names: Vec<String>,
    /// The values without which nothing can be done at the PSP, and that are not in force.
    #[schema(example = json!(["KLARNA_PASSWORD"]))]
    missing: Vec<&'static str>,
    /// The values that are switched off or marked for deletion.
    off: Vec<String>,
}

impl FromObject for PayeeChange {
    fn from_object(object: &mut Object) -> Option<PayeeChange> {
        let active = object.optional("active", flag);
        let vat_number = object.optional("vat_number", text(VAT_NUMBER_CHARS_MAX));
        let city = object.optional("city", text(TEXT_CHARS_MAX));
        let country = object.optional("country", country);
        let end_of_day = object.optional("end_of_day", parsed("a time, like \"01:00\"", time));
        let return_origins = object.optional("return_origins", origins);
        Some(PayeeChange {
            active: active?,
            vat_number: vat_number?,
            city: city?,
            country: country?,
            end_of_day: end_of_day?,
            return_origins: return_origins?,
        })
    }
}

/// Most origins that a merchant's payers may be sent to.
const ORIGINS_MAX: usize = 50;

/// Longest origin, in characters.
const ORIGIN_CHARS_MAX: usize = 255;

fn origins(value: Value) -> Result<Vec<String>, String> {
    let wrong = || {
        format!(
            "must be at most {ORIGINS_MAX} origins like https://shop.example, https://* or loopback"
        )
    };
    let Value::Array(entries) = value else {
        wipe(value);
        return Err(wrong());
    };
    if entries.len() > ORIGINS_MAX {
        return Err(wrong());
    }
    let origin = |entry: Value| {
        let text = entry.as_str().filter(|text| is_origin(text)).map(str::to_owned);
        text.ok_or_else(wrong)
    };
    entries.into_iter().map(origin).collect()
}

fn is_origin(text: &str) -> bool {
    if text == "loopback" || text == "https://*" {
        return true;
    }
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    let is_host = |host: &str| !host.is_empty() && host.bytes().all(is_host_byte);
    text.len() <= ORIGIN_CHARS_MAX && host.is_some_and(is_host)
}

/// A truth.
pub(in crate::operator) fn flag(value: Value) -> Result<bool, String> {
    let flag = value.as_bool();
    wipe(value);
    flag.ok_or_else(|| "must be true or false".to_owned())
}

fn country(value: Value) -> Result<String, String> {
    let letters = string(value)?;
    // A terminal's address has the same rule.
    let rule = setting("address.country").ok_or("cannot be told")?;
    rule.check(&letters)
}

/// Reads `HH:MM`.
fn time(text: &str) -> Option<String> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|it| it.is_ascii_digit());
    let is_below = |part: &str, end: u32| part.parse().is_ok_and(|number: u32| number < end);
    let is_time = two_digits(hour) && two_digits(minute) && is_below(hour, 24);
    (is_time && is_below(minute, 60)).then(|| text.to_owned())
}

impl FromObject for NewAgreement {
    fn from_object(object: &mut Object) -> Option<NewAgreement> {
        let given = object.required("values", values)?;
        let (mut values, mut is_good) = (Vec::new(), true);
        for (name, value) in given {
            match content(value) {
                Ok(value) => values.push((name, value)),
                Err(detail) => {
                    object.refuse(&format!("values/{}", shown_name(&name)), &detail);
                    is_good = false;
                }
            }
        }
        is_good.then_some(NewAgreement { values })
    }
}

fn values(mut value: Value) -> Result<Vec<(String, Value)>, String> {
    let given = value.as_object_mut().map(std::mem::take).filter(|given| !given.is_empty());
    wipe(value);
    let given = given.ok_or("must be an object with at least one value")?;
    Ok(given.into_iter().collect())
}

fn content(value: Value) -> Result<Zeroizing<String>, String> {
    let text = Zeroizing::new(string(value)?);
    if !(1..=VALUE_CHARS_MAX).contains(&text.chars().count()) {
        return Err(format!("must be 1 to {VALUE_CHARS_MAX} characters"));
    }
    Ok(text)
}

impl NewAgreement {
    /// The values, if an agreement with this PSP may have all of them.
    pub(in crate::operator) fn values(
        self,
        psp: Psp,
    ) -> Result<Vec<(String, Zeroizing<String>)>, Problem> {
        let unknown = self.values.iter().filter(|(name, _)| !is_known(psp, name));
        let error = |(name, _): &(String, Zeroizing<String>)| FieldError {
            pointer: format!("/values/{}", shown_name(name)),
            detail: format!("is no value of an agreement with {}", psp.as_str()),
        };
        let errors: Vec<FieldError> = unknown.map(error).collect();
        if errors.is_empty() { Ok(self.values) } else { Err(Problem::invalid(errors)) }
    }
}

impl std::fmt::Debug for NewAgreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values.iter().map(|(name, _)| name)).finish()
    }
}

impl PayeeBody {
    /// A merchant as operators see it.
    pub(in crate::operator) fn of(
        customer: &Customer,
        merchant: &Merchant,
        payee: &Payee,
    ) -> PayeeBody {
        let agreements = payee.agreements.iter();
        let end_of_day = payee.end_of_day.as_deref().unwrap_or(END_OF_DAY_DEFAULT);
        PayeeBody {
            customer_id: customer.number,
            merchant_id: merchant.merchant_id.clone(),
            active: !payee.is_inactive,
            vat_number: payee.vat_number.clone(),
            city: payee.city.clone(),
            country: payee.country.clone(),
            end_of_day: end_of_day.to_owned(),
            return_origins: payee.return_origins.clone(),
            agreements: agreements
                .map(|(psp, terms)| (psp.as_str(), AgreementBody::of(*psp, terms)))
                .collect(),
        }
    }
}

impl AgreementBody {
    fn of(psp: Psp, terms: &BTreeMap<String, Term>) -> AgreementBody {
        let mut agreement =
            AgreementBody { names: Vec::new(), missing: Vec::new(), off: Vec::new() };
        for (name, term) in terms {
            let is_off = term.is_off || term.is_deleted;
            let list = if is_off { &mut agreement.off } else { &mut agreement.names };
            list.push(name.clone());
        }
        let is_there = |name: &str| agreement.names.iter().any(|it| it == name);
        let missing = required(psp).iter().copied().filter(|name| !is_there(name));
        agreement.missing = missing.collect();
        agreement
    }
}

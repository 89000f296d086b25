//! Companies and sellers.

use ledger::limits::{
    AUTHORIZATION_DAYS_MAX, COMPANY_NUMBER_CHARS_MAX, CURRENCIES_PER_COMPANY_MAX, NAME_CHARS_MAX,
    SELLER_NUMBER_CHARS_MAX,
};
use ledger::{Company, Currency, Zone};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, name, parsed, text, whole};

/// A company to configure.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewCompany {
    /// What the card ledger's paths shall call it; unique. Letters, digits, `-` and `_`.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "100")]
    pub(in crate::operator) company_number: String,
    /// For people.
    #[schema(min_length = 1, max_length = 200, example = "Nordic Cards")]
    pub(in crate::operator) name: String,
    /// What its accounts may be in. While there are none, the card ledger answers 501.
    #[schema(value_type = HashSet<String>, max_items = 50, example = json!(["SEK", "EUR"]))]
    pub(in crate::operator) currencies: Vec<Currency>,
    /// The zone that decides on which day something happens. Europe/Stockholm when absent.
    #[schema(value_type = Option<String>, example = "Europe/Stockholm")]
    pub(in crate::operator) time_zone: Option<Zone>,
    /// Days that an authorization is valid after today when its request does not say; 7 when
    /// absent.
    #[schema(minimum = 0, maximum = 400, example = 7)]
    pub(in crate::operator) authorization_days: Option<i32>,
}

/// What to change of a company. What is absent stays.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct CompanyChange {
    /// For people.
    #[schema(min_length = 1, max_length = 200)]
    pub(in crate::operator) name: Option<String>,
    /// Currencies to add.
    #[schema(value_type = Option<HashSet<String>>, max_items = 50, example = json!(["NOK"]))]
    pub(in crate::operator) currencies: Vec<Currency>,
    /// Days that an authorization is valid when its request does not say.
    #[schema(minimum = 0, maximum = 400)]
    pub(in crate::operator) authorization_days: Option<i32>,
}

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Company)]
pub(in crate::operator) struct CompanyBody {
    /// What the card ledger's paths call it.
    #[schema(example = "100")]
    pub(in crate::operator) company_number: String,
    /// For people.
    pub(in crate::operator) name: String,
    /// What its accounts may be in.
    pub(in crate::operator) currencies: Vec<&'static str>,
    /// The zone that decides on which day something happens.
    pub(in crate::operator) time_zone: String,
    /// Days that an authorization is valid when its request does not say.
    pub(in crate::operator) authorization_days: i32,
}

/// A seller to register.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewSeller {
    /// What the card ledger's requests shall call it; unique in the company. Letters, digits, `-`
    /// and `_`.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "654")]
    pub(in crate::operator) seller_number: String,
    /// For people.
    #[schema(min_length = 1, max_length = 200, example = "Corner shop")]
    pub(in crate::operator) name: String,
}

/// A seller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Seller)]
pub(in crate::operator) struct SellerBody {
    /// Whose seller.
    pub(in crate::operator) company_number: String,
    /// What requests call it.
    pub(in crate::operator) seller_number: String,
    /// For people.
    pub(in crate::operator) name: String,
}

impl FromObject for NewCompany {
    fn from_object(object: &mut Object) -> Option<NewCompany> {
        let company_number = object.required("company_number", name(COMPANY_NUMBER_CHARS_MAX));
        let name = object.required("name", text(NAME_CHARS_MAX));
        let currencies = object.required("currencies", currencies);
        let time_zone = object.optional("time_zone", parsed("an IANA time zone", Zone::parse));
        let authorization_days = days(object);
        Some(NewCompany {
            company_number: company_number?,
            name: name?,
            currencies: currencies?,
            time_zone: time_zone?,
            authorization_days: authorization_days?,
        })
    }
}

impl FromObject for CompanyChange {
    fn from_object(object: &mut Object) -> Option<CompanyChange> {
        let name = object.optional("name", text(NAME_CHARS_MAX));
        let currencies = object.optional("currencies", currencies);
        let authorization_days = days(object);
        Some(CompanyChange {
            name: name?,
            currencies: currencies?.unwrap_or_default(),
            authorization_days: authorization_days?,
        })
    }
}

impl FromObject for NewSeller {
    fn from_object(object: &mut Object) -> Option<NewSeller> {
        let seller_number = object.required("seller_number", name(SELLER_NUMBER_CHARS_MAX));
        let name = object.required("name", text(NAME_CHARS_MAX));
        Some(NewSeller { seller_number: seller_number?, name: name? })
    }
}

impl SellerBody {
    /// A seller as clients see it.
    pub(in crate::operator) fn of(company: &str, number: &str, name: &str) -> SellerBody {
        SellerBody {
            company_number: company.to_owned(),
            seller_number: number.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// A company as clients see it.
pub(in crate::operator) fn company_body(company: &Company) -> CompanyBody {
    CompanyBody {
        company_number: company.number.clone(),
        name: company.name.clone(),
        currencies: company.currencies.iter().map(|currency| currency.code()).collect(),
        time_zone: company.zone.name().to_owned(),
        authorization_days: company.authorization_days,
    }
}

#[expect(clippy::option_option, reason = "wrong and absent are not the same")]
fn days(object: &mut Object) -> Option<Option<i32>> {
    let days = object.optional("authorization_days", whole(0, AUTHORIZATION_DAYS_MAX.into()))?;
    Some(days.and_then(|days| i32::try_from(days).ok()))
}

fn currencies(value: Value) -> Result<Vec<Currency>, String> {
    let expected =
        || format!("must be up to {CURRENCIES_PER_COMPANY_MAX} different ISO 4217 codes");
    let Value::Array(codes) = value else { return Err(expected()) };
    let mut currencies: Vec<Currency> = Vec::new();
    for code in &codes {
        let currency = code.as_str().and_then(Currency::parse);
        let new = currency.filter(|currency| !currencies.contains(currency));
        currencies.push(new.ok_or_else(expected)?);
    }
    if currencies.len() > CURRENCIES_PER_COMPANY_MAX { Err(expected()) } else { Ok(currencies) }
}

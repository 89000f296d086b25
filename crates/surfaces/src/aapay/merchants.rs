//! The administration service: merchants that partners bring themselves.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use estate::add_merchant::AddMerchant;
use estate::command::Outcome;
use estate::limits::{CUSTOMER_NAME_CHARS_MAX, ORGANISATION_NUMBER_CHARS_MAX};
use payments::ChangePayee;
use payments::limits::{MERCHANT_ID_CHARS_MAX, TEXT_CHARS_MAX};
use serde_json::{Map, Value, json};

use super::Answer;
use super::callers::Caller;
use super::problem::Problem;
use super::reading::{Chars, Faults, Reading, object};
use crate::Platform;

/// What a merchant sells that does not say: goods of all kinds (ISO 18245, "miscellaneous and
/// specialty retail").
const CATEGORY_DEFAULT: &str = "5999";

/// Digits of a category (ISO 18245).
const CATEGORY_DIGITS: usize = 4;

/// A merchant that is asked for.
struct NewMerchant {
    merchant_id: String,
    name: String,
    is_inactive: bool,
    created_by: String,
    organisation_number: String,
    mcc: String,
    vat_number: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

/// Adds a merchant below the caller's customer.
pub(super) async fn create(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let new = NewMerchant::read(&object(request).await?)?;
    let add = AddMerchant {
        parent: caller.root,
        merchant_id: new.merchant_id.clone(),
        name: new.name,
        organisation_number: new.organisation_number,
        mcc: new.mcc,
        created_by: new.created_by,
        draw: platform.draw(),
        actor: caller.actor(),
    };
    let added = platform.engine.submit(estate::Command::AddMerchant(add)).await;
    let Outcome::Customer(customer) = added.map_err(Problem::not_added)?.done else {
        return Err(Problem::bug());
    };
    let change = ChangePayee {
        customer: customer.number,
        is_inactive: Some(new.is_inactive),
        vat_number: new.vat_number,
        city: new.city,
        country: new.country,
        actor: caller.actor(),
        ..ChangePayee::default()
    };
    let changed = platform.engine.submit(payments::Command::ChangePayee(change)).await;
    changed.map_err(Problem::not_submitted)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": new.merchant_id }))).into_response())
}

impl NewMerchant {
    fn read(fields: &Map<String, Value>) -> Result<NewMerchant, Problem> {
        let (body, mut faults) = (Reading::of(fields), Faults::default());
        let merchant_id = merchant_id(&body, &mut faults);
        let name = body.required_text("name", Chars(1, CUSTOMER_NAME_CHARS_MAX), &mut faults);
        let active = body.required_whole("active", 1, &mut faults);
        let created_by = body.required_text("createdBy", Chars(1, TEXT_CHARS_MAX), &mut faults);
        let number = Chars(0, ORGANISATION_NUMBER_CHARS_MAX);
        let organisation_number = body.text("orgNumber", number, &mut faults).unwrap_or_default();
        let mcc = category(&body, &mut faults);
        let free = Chars(0, TEXT_CHARS_MAX);
        let mut given = |name| body.text(name, free, &mut faults).filter(|text| !text.is_empty());
        let (vat_number, city) = (given("vatNumber"), given("merchantCity"));
        let country = country(&body, &mut faults);
        let read = match (merchant_id, name, active, created_by) {
            (Some(merchant_id), Some(name), Some(active), Some(created_by)) => Some(NewMerchant {
                merchant_id,
                name,
                is_inactive: active == 1,
                created_by,
                organisation_number,
                mcc,
                vat_number,
                city,
                country,
            }),
            _ => None,
        };
        faults.end(read)
    }
}

/// What the merchant is called from now on: the caller's prefix stands before the caller's id.
fn merchant_id(body: &Reading<'_>, faults: &mut Faults) -> Option<String> {
    let chars = Chars(0, MERCHANT_ID_CHARS_MAX);
    let prefix = body.text("prefix", chars, faults).unwrap_or_default();
    let id = body.required_text("merchantId", Chars(1, MERCHANT_ID_CHARS_MAX), faults);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    for (name, text) in [("prefix", Some(&prefix)), ("merchantId", id.as_ref())] {
        if !text.is_none_or(|text| text.bytes().all(is_plain)) {
            faults.note(name, "must be letters, digits, '-' and '_'");
        }
    }
    let whole = prefix + &id?;
    if whole.len() > MERCHANT_ID_CHARS_MAX {
        let demand = format!("must be at most {MERCHANT_ID_CHARS_MAX} characters with its prefix");
        faults.note("merchantId", &demand);
    }
    Some(whole)
}

fn category(body: &Reading<'_>, faults: &mut Faults) -> String {
    let given = body.text("merchantCategoryCode", Chars(0, TEXT_CHARS_MAX), faults);
    let Some(mcc) = given.filter(|given| !given.is_empty()) else {
        return CATEGORY_DEFAULT.to_owned();
    };
    if mcc.len() != CATEGORY_DIGITS || !mcc.bytes().all(|byte| byte.is_ascii_digit()) {
        faults.note("merchantCategoryCode", "must be four digits");
    }
    mcc
}

fn country(body: &Reading<'_>, faults: &mut Faults) -> Option<String> {
    let given = body.text("countryCode", Chars(0, TEXT_CHARS_MAX), faults);
    let country = given.filter(|given| !given.is_empty())?;
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        faults.note("countryCode", "must be two capital letters");
    }
    Some(country)
}

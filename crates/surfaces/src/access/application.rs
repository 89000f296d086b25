//! Reading an onboarding request (`CreateRequest`): every rule of the contract's table, each by
//! itself, so that all that is wrong is said at once.

use estate::application::{
    Address, Agreement, Application, LanguageChoice, TerminalOrder, TransactionType,
    TransactionTypeChoice,
};
use estate::limits::{
    AGREEMENT_NUMBER_CHARS_MAX, AGREEMENTS_MAX, CITY_CHARS_MAX, COMPANY_NAME_CHARS_MAX,
    CONTACT_EMAIL_CHARS_MAX, CONTACT_NAME_CHARS_MAX, CONTACT_PHONE_CHARS_MAX, COUNTRY_CHARS_MAX,
    LANGUAGES_MAX, ORDER_NOTES_CHARS_MAX, ORDER_QUANTITY_MAX, ORGANISATION_NUMBER_CHARS_MAX,
    PASSWORD_DIGITS, RECEIPT_NAME_CHARS_MAX, RECEIPT_PHONE_CHARS_MAX, REQUEST_NOTES_CHARS_MAX,
    STREET_CHARS_MAX, SUPPORT_PHONE_CHARS_MAX, ZIP_CODE_CHARS_MAX,
};
use estate::reference::{
    ACQUIRERS, CARD_BRANDS, Entry, LANGUAGES, OPERATING_MODES, by_id, country_alpha_2, is_mcc,
    model_by_id,
};
use ledger::Currency;
use zeroize::Zeroizing;

use super::json::{Checks, Json, Noted, Part};
use super::problem::Problem;

/// The languages of Access itself; the first is the default.
const SITE_LANGUAGES: [&str; 2] = ["en-GB", "sv-SE"];

/// When a terminal's day may end; the first is the default.
const ENDS_OF_DAY: [&str; 2] = ["01:00", "06:00"];

/// Says that an id is none of its list's.
const UNKNOWN_ID: &str = "is not an id of the list";

/// What an onboarding request asks.
pub(super) struct Asked {
    /// All but the password.
    pub(super) application: Application,
    /// A customer that was rejected before.
    pub(super) customer: Option<i64>,
    /// Six digits.
    pub(super) password: Option<Zeroizing<String>>,
}

/// Reads a body.
///
/// # Errors
/// 400 with everything that is wrong.
pub(super) fn read(json: &Json) -> Result<Asked, Problem> {
    let mut checks = Checks::default();
    let asked = json.whole().and_then(|body| asked(&mut checks, &body));
    checks.finish()?;
    asked.ok_or(Problem::Internal)
}

/// `None` only where something was noted to be wrong.
fn asked(checks: &mut Checks, body: &Part<'_>) -> Option<Asked> {
    let notes = checks.notes(body, "RequestNotes", REQUEST_NOTES_CHARS_MAX);
    let customer = checks.optional_number(body, "CustomerId");
    let parent = checks.number(body, "ParentId");
    let organisation_number = checks.code(body, "OrganisationNo", ORGANISATION_NUMBER_CHARS_MAX);
    let address = checks.object(body, "Address").and_then(|part| address(checks, &part));
    let transaction_types = transaction_types(checks, body);
    let agreements = agreements(checks, body);
    let languages = languages(checks, body);
    let site_language = checks.word(body, "SiteLanguage", &SITE_LANGUAGES);
    let mcc = padded(checks, body, "MccCode", 4, is_mcc);
    let country = |code: &str| country_alpha_2(code).is_some();
    let country_numeric = padded(checks, body, "CountryCodeNumeric", 3, country);
    let currency = currency(checks, body);
    let end_of_day = checks.word(body, "EndOfDayTime", &ENDS_OF_DAY);
    let wants = |choice: &TransactionTypeChoice| choice.is_active && choice.wants_password;
    let wants_password = transaction_types.iter().flatten().any(wants);
    let password = password(checks, body, wants_password);
    let receipt_name = checks.text(body, "ReceiptMerchantName", RECEIPT_NAME_CHARS_MAX);
    let support_phone =
        checks.optional_code(body, "TerminalSupportPhoneNumber", SUPPORT_PHONE_CHARS_MAX);
    let receipt_phone = checks.optional_code(body, "ReceiptPhoneNumber", RECEIPT_PHONE_CHARS_MAX);
    let tipping = checks.flag(body, "Tipping");
    let signature = checks.flag(body, "Signature");
    let order = order(checks, body);
    let application = Application {
        notes: notes.ok()?,
        parent: parent?,
        organisation_number: organisation_number?,
        address: address?,
        transaction_types: transaction_types?,
        agreements: agreements?,
        languages: languages?,
        site_language: site_language?,
        mcc: mcc?,
        country_numeric: country_numeric?,
        currency: currency?,
        end_of_day: end_of_day?,
        password_hash: None,
        receipt_name: receipt_name?,
        support_phone: support_phone.ok()?,
        receipt_phone: receipt_phone.ok()?,
        tipping: tipping?,
        signature: signature?,
        order: order.ok()?,
    };
    Some(Asked { application, customer: customer.ok()?, password: password.ok()? })
}

fn address(checks: &mut Checks, part: &Part<'_>) -> Option<Address> {
    let company_name = checks.text(part, "CompanyName", COMPANY_NAME_CHARS_MAX);
    let street = checks.text(part, "Street", STREET_CHARS_MAX);
    let zip_code = checks.code(part, "ZipCode", ZIP_CODE_CHARS_MAX);
    let city = checks.text(part, "City", CITY_CHARS_MAX);
    let country = checks.text(part, "Country", COUNTRY_CHARS_MAX);
    let contact_name = checks.text(part, "ContactName", CONTACT_NAME_CHARS_MAX);
    let contact_phone = checks.code(part, "ContactPhone", CONTACT_PHONE_CHARS_MAX);
    let contact_email = checks.text(part, "ContactEmail", CONTACT_EMAIL_CHARS_MAX);
    if contact_email.as_deref().is_some_and(|email| !is_email(email)) {
        checks.refuse(part.path("ContactEmail"), "must be an e-mail address");
    }
    Some(Address {
        company_name: company_name?,
        street: street?,
        zip_code: zip_code?,
        city: city?,
        country: country?,
        contact_name: contact_name?,
        contact_phone: contact_phone?,
        contact_email: contact_email?,
    })
}

/// Something on both sides of one `@`. Whether mail arrives there, only mail can tell.
fn is_email(text: &str) -> bool {
    let mut sides = text.split('@').map(|side| !side.trim().is_empty());
    sides.next() == Some(true) && sides.next() == Some(true) && sides.next().is_none()
}

/// The types that are named, in the contract's order.
fn transaction_types(checks: &mut Checks, body: &Part<'_>) -> Option<Vec<TransactionTypeChoice>> {
    let part = checks.object(body, "TransactionTypes")?;
    let mut choices = Vec::new();
    let mut is_good = true;
    for (name, value) in part.members() {
        let Some(kind) = TransactionType::parse(name) else {
            checks.refuse(part.path(&shortened(name)), "is not a transaction type");
            is_good = false;
            continue;
        };
        // As if it were left out: not active.
        if value.is_null() {
            continue;
        }
        match choice(checks, kind, value, part.path(name)) {
            Some(choice) => choices.push(choice),
            None => is_good = false,
        }
    }
    if !is_good {
        return None;
    }
    if !choices.iter().any(|choice| choice.is_active) {
        checks.refuse("TransactionTypes", "must have at least one active type");
        return None;
    }
    choices.sort_by_key(|choice| choice.kind);
    Some(choices)
}

fn choice(
    checks: &mut Checks,
    kind: TransactionType,
    value: &serde_json::Value,
    field: String,
) -> Option<TransactionTypeChoice> {
    let part = checks.part(value, field)?;
    let is_active = checks.flag(&part, "Active");
    let wants_password = checks.flag(&part, "Password");
    if kind == TransactionType::ReversedAcquiring && is_active == Some(true) {
        checks.refuse(part.path("Active"), "must be false: the type is no longer offered");
        return None;
    }
    Some(TransactionTypeChoice { kind, is_active: is_active?, wants_password: wants_password? })
}

/// A name as errors show it.
fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn agreements(checks: &mut Checks, body: &Part<'_>) -> Option<Vec<Agreement>> {
    let items = checks.list(body, "AcquiringAgreements", AGREEMENTS_MAX)?;
    let mut agreements = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let part = checks.part(item, format!("AcquiringAgreements[{at}]"));
        agreements.push(part.and_then(|part| {
            let card_brand = id(checks, &part, "CardBrandId", is_in(CARD_BRANDS));
            let number = checks.code(&part, "AgreementNumber", AGREEMENT_NUMBER_CHARS_MAX);
            let acquirer = id(checks, &part, "AcquirerId", is_in(ACQUIRERS));
            Some(Agreement { card_brand: card_brand?, number: number?, acquirer: acquirer? })
        }));
    }
    agreements.into_iter().collect()
}

fn languages(checks: &mut Checks, body: &Part<'_>) -> Option<Vec<LanguageChoice>> {
    let items = checks.list(body, "Languages", LANGUAGES_MAX)?;
    let mut choices: Vec<Option<LanguageChoice>> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let part = checks.part(item, format!("Languages[{at}]"));
        let choice = part.and_then(|part| {
            let language = id(checks, &part, "LanguageId", is_in(LANGUAGES));
            let is_default = checks.flag(&part, "IsDefault");
            let before = choices.iter().flatten().map(|choice| choice.language);
            if language.is_some_and(|language| before.into_iter().any(|it| it == language)) {
                checks.refuse(part.path("LanguageId"), "is given twice");
                return None;
            }
            Some(LanguageChoice { language: language?, is_default: is_default? })
        });
        choices.push(choice);
    }
    let choices: Vec<LanguageChoice> = choices.into_iter().collect::<Option<_>>()?;
    if choices.iter().filter(|choice| choice.is_default).count() != 1 {
        checks.refuse("Languages", "must have exactly one default");
        return None;
    }
    Some(choices)
}

fn is_in(list: &'static [Entry]) -> impl Fn(i64) -> bool {
    move |id| by_id(list, id).is_some()
}

/// An id of a list.
fn id(
    checks: &mut Checks,
    part: &Part<'_>,
    name: &str,
    is_known: impl Fn(i64) -> bool,
) -> Option<i64> {
    let id = checks.number(part, name)?;
    if is_known(id) {
        return Some(id);
    }
    checks.refuse(part.path(name), UNKNOWN_ID);
    None
}

/// A code of so many digits, of which a number has lost the zeros in front.
fn padded(
    checks: &mut Checks,
    body: &Part<'_>,
    name: &str,
    digits: usize,
    is_known: impl Fn(&str) -> bool,
) -> Option<String> {
    let code = match body.get(name).and_then(serde_json::Value::as_u64) {
        Some(number) => format!("{number:0digits$}"),
        // The length is part of what is known.
        None => checks.text(body, name, usize::MAX)?,
    };
    if is_known(&code) {
        return Some(code);
    }
    let known = if digits == 4 { "merchant category code" } else { "country's numeric code" };
    checks.refuse(body.path(name), format!("is not a {known} of {digits} digits"));
    None
}

fn currency(checks: &mut Checks, body: &Part<'_>) -> Option<String> {
    let code = checks.text(body, "CurrencyCode", usize::MAX)?;
    let known = Currency::parse(&code).filter(|currency| currency.code() == code);
    if known.is_none() {
        checks.refuse(body.path("CurrencyCode"), "is not a currency code, like SEK");
    }
    known.map(|_| code)
}

/// The password, which must be there when it is wanted.
fn password(
    checks: &mut Checks,
    body: &Part<'_>,
    is_wanted: bool,
) -> Result<Option<Zeroizing<String>>, Noted> {
    const NAME: &str = "Password";
    let given = body.get(NAME).filter(|value| value.as_str() != Some(""));
    let Some(value) = given else {
        if is_wanted {
            checks.refuse(NAME, "is required, since a transaction type wants it");
            return Err(Noted);
        }
        return Ok(None);
    };
    let is_digits = |text: &&str| {
        text.len() == PASSWORD_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let Some(password) = value.as_str().filter(is_digits) else {
        checks.refuse(NAME, format!("must be {PASSWORD_DIGITS} digits in a string"));
        return Err(Noted);
    };
    Ok(Some(Zeroizing::new(password.to_owned())))
}

/// The order of terminal ids, where there is one.
fn order(checks: &mut Checks, body: &Part<'_>) -> Result<Option<TerminalOrder>, Noted> {
    const NAME: &str = "TerminalidOrder";
    let Some(value) = body.get(NAME) else { return Ok(None) };
    let part = checks.part(value, NAME.to_owned());
    part.and_then(|part| ordered(checks, &part)).map(Some).ok_or(Noted)
}

fn ordered(checks: &mut Checks, part: &Part<'_>) -> Option<TerminalOrder> {
    let quantity = checks.number(part, "Quantity");
    let is_fit = |quantity: &i64| (1..=ORDER_QUANTITY_MAX).contains(quantity);
    if quantity.is_some_and(|quantity| !is_fit(&quantity)) {
        checks.refuse(part.path("Quantity"), format!("must be 1 to {ORDER_QUANTITY_MAX}"));
    }
    let is_model = |id| model_by_id(id).is_some();
    let model = id(checks, part, "TerminalModelId", is_model);
    let operating_mode = id(checks, part, "TerminalOperatingModeId", is_in(OPERATING_MODES));
    let notes = checks.notes(part, "CustomerNotes", ORDER_NOTES_CHARS_MAX);
    Some(TerminalOrder {
        quantity: quantity.filter(is_fit)?,
        model: model?,
        operating_mode: operating_mode?,
        notes: notes.ok()?,
    })
}

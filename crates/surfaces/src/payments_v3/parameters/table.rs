//! Every parameter that the contract names: its format, and the result codes that tell what is
//! wrong with it. Where no code names a parameter, 200.300.404 does.

use payments::ResultCode;

use super::format::{Fault, Format, Set};
use super::name::Name;

/// A parameter of the contract.
#[derive(Debug)]
pub(super) struct Rule {
    /// Its name behind the last dot.
    name: &'static str,
    /// What it may be.
    pub(super) format: Format,
    codes: Codes,
}

/// Which code tells which fault.
#[derive(Clone, Copy, Debug)]
struct Codes {
    empty: ResultCode,
    short: ResultCode,
    long: ResultCode,
    wrong: ResultCode,
}

impl Rule {
    /// The rule of a parameter. `None` for one that the contract does not name.
    pub(super) fn of(name: &Name<'_>) -> Option<&'static Rule> {
        let (folder, last) = name.kind.rsplit_once('.').unwrap_or(("", &name.kind));
        let tables = FOLDERS.iter().filter(|(known, _)| *known == folder);
        tables.flat_map(|(_, rules)| *rules).find(|rule| rule.name == last)
    }

    /// The code of a fault.
    pub(super) fn code(&self, fault: Fault) -> ResultCode {
        match fault {
            Fault::Empty => self.codes.empty,
            Fault::Short => self.codes.short,
            Fault::Long => self.codes.long,
            Fault::Wrong => self.codes.wrong,
        }
    }
}

/// What stands before the last dot of names, and what may stand behind it.
const FOLDERS: &[(&str, &[Rule])] = &[
    ("", TOP),
    ("card", CARD),
    ("customer", CUSTOMER),
    ("customer.browser", BROWSER),
    ("billing", ADDRESS),
    ("shipping", ADDRESS),
    ("shipping", SHIPPING),
    ("merchant", MERCHANT),
    ("cart.items[]", CART),
    ("bankAccount", BANK_ACCOUNT),
    ("bankAccount.mandate", MANDATE),
    ("virtualAccount", VIRTUAL_ACCOUNT),
    ("registrations[]", REGISTRATION),
    ("standingInstruction", STANDING_INSTRUCTION),
    ("threeDSecure", THREE_D_SECURE),
];

/// The types of payment that are told by name; which of them are served is said elsewhere.
pub(super) const PAYMENT_TYPES: &[&str] = &[
    "PA", "DB", "CD", "CP", "RF", "RV", "RB", "PA.CP", "RC", "CB", "CR", "RG", "RR", "CF", "DR",
    "3D", "IN", "FI",
];

const TRUTHS: &[&str] = &["true", "false"];

const TOP: &[Rule] = &[
    rule("entityId", Format::Text(1, 255)),
    coded(
        "amount",
        Format::Amount,
        Codes {
            empty: ResultCode::NO_AMOUNT,
            short: ResultCode::BAD_AMOUNT,
            long: ResultCode::AMOUNT_TOO_LARGE,
            wrong: ResultCode::BAD_AMOUNT,
        },
    ),
    coded("currency", Format::Currency, two(ResultCode::NO_CURRENCY, ResultCode::BAD_CURRENCY)),
    coded(
        "paymentBrand",
        Format::Of(Set::Word, 1, 32),
        two(ResultCode::NO_BRAND, ResultCode::BAD_BRAND),
    ),
    coded(
        "paymentType",
        Format::Word(PAYMENT_TYPES),
        two(ResultCode::BAD_PARAMETER, ResultCode::BAD_PAYMENT_TYPE),
    ),
    rule("overridePaymentType[]", Format::Word(&["PA", "DB", "CD"])),
    rule("taxAmount", Format::Decimal),
    rule("discountAmount", Format::Decimal),
    rule("descriptor", Format::Text(1, 127)),
    coded(
        "merchantTransactionId",
        Format::Text(8, 255),
        Codes { long: ResultCode::TRANSACTION_ID_TOO_LONG, ..GENERAL },
    ),
    rule("merchantInvoiceId", Format::Text(8, 255)),
    rule("merchantMemo", Format::Text(8, 255)),
    rule("transactionCategory", Format::Word(&["EC", "MO", "TO", "RC", "IN", "PO", "PM"])),
    coded("testMode", Format::Word(&["INTERNAL", "EXTERNAL"]), one(ResultCode::BAD_TEST_MODE)),
    // Whether these are addresses that the merchant may use is decided with its settings.
    rule("shopperResultUrl", Format::Text(6, 2048)),
    rule("notificationUrl", Format::Text(6, 2048)),
    rule("customParameters[]", Format::Text(0, 2048)),
    rule("createRegistration", Format::Word(TRUTHS)),
    coded("recurringType", Format::Word(&["INITIAL", "REPEATED"]), one(ResultCode::BAD_RECURRENCE)),
];

const CARD: &[Rule] = &[
    coded("number", Format::CardNumber, two(ResultCode::NO_CARD, ResultCode::BAD_CARD)),
    coded("holder", Format::Holder, HOLDER),
    coded("expiryMonth", Format::Month, two(ResultCode::NO_MONTH, ResultCode::BAD_MONTH)),
    coded("expiryYear", Format::Year, two(ResultCode::NO_YEAR, ResultCode::BAD_YEAR)),
    coded("cvv", Format::Of(Set::Digits, 3, 4), two(ResultCode::NO_CVV, ResultCode::BAD_CVV)),
];

const HOLDER: Codes = Codes {
    empty: ResultCode::NO_HOLDER,
    short: ResultCode::HOLDER_LENGTH,
    long: ResultCode::HOLDER_LENGTH,
    wrong: ResultCode::BAD_HOLDER,
};

const GIVEN_NAME: Rule = coded(
    "givenName",
    Format::Text(1, 50),
    two(ResultCode::NO_GIVEN_NAME, ResultCode::GIVEN_NAME_LENGTH),
);

const SURNAME: Rule =
    coded("surname", Format::Text(1, 50), two(ResultCode::NO_SURNAME, ResultCode::SURNAME_LENGTH));

const CUSTOMER: &[Rule] = &[
    rule("merchantCustomerId", Format::Text(1, 255)),
    GIVEN_NAME,
    SURNAME,
    rule("middleName", Format::Text(1, 50)),
    rule("sex", Format::Word(&["M", "F"])),
    coded("birthDate", Format::Day, one(ResultCode::BAD_BIRTH_DATE)),
    coded("phone", Format::Phone(7, 25), one(ResultCode::BAD_PHONE)),
    coded("mobile", Format::Phone(10, 25), one(ResultCode::BAD_MOBILE)),
    coded(
        "email",
        Format::Email,
        Codes {
            empty: ResultCode::NO_EMAIL,
            short: ResultCode::BAD_EMAIL,
            long: ResultCode::EMAIL_TOO_LONG,
            wrong: ResultCode::BAD_EMAIL,
        },
    ),
    coded(
        "companyName",
        Format::Text(1, 40),
        Codes { long: ResultCode::COMPANY_NAME_TOO_LONG, ..GENERAL },
    ),
    coded(
        "identificationDocType",
        Format::Of(Set::Word, 1, 64),
        one(ResultCode::BAD_IDENTITY_PAPER),
    ),
    coded(
        "identificationDocId",
        Format::Text(8, 64),
        Codes { long: ResultCode::IDENTITY_TOO_LONG, ..one(ResultCode::BAD_IDENTITY) },
    ),
    coded("ip", Format::Ip, two(ResultCode::NO_IP, ResultCode::BAD_IP)),
];

const BROWSER: &[Rule] = &[
    rule("acceptHeader", Format::Text(1, 2048)),
    rule("screenColorDepth", Format::Of(Set::Digits, 1, 2)),
    rule("javaEnabled", Format::Word(TRUTHS)),
    rule("javascriptEnabled", Format::Word(TRUTHS)),
    rule("language", Format::Text(1, 35)),
    rule("screenHeight", Format::Of(Set::Digits, 1, 6)),
    rule("screenWidth", Format::Of(Set::Digits, 1, 6)),
    rule("timezone", Format::Of(Set::Signed, 1, 5)),
    rule("challengeWindow", Format::Of(Set::Digits, 1, 2)),
    rule("userAgent", Format::Text(1, 2048)),
];

const ADDRESS: &[Rule] = &[
    coded(
        "street1",
        Format::Text(1, 100),
        Codes { empty: ResultCode::NO_STREET, long: ResultCode::STREET_TOO_LONG, ..GENERAL },
    ),
    coded("street2", Format::Text(1, 100), Codes { long: ResultCode::STREET_TOO_LONG, ..GENERAL }),
    rule("houseNumber1", Format::Text(1, 100)),
    coded(
        "city",
        Format::Text(1, 80),
        Codes {
            empty: ResultCode::NO_CITY,
            short: ResultCode::BAD_CITY,
            long: ResultCode::CITY_TOO_LONG,
            wrong: ResultCode::BAD_CITY,
        },
    ),
    coded(
        "state",
        Format::Of(Set::Dotted, 2, 50),
        Codes { long: ResultCode::STATE_TOO_LONG, ..one(ResultCode::BAD_STATE) },
    ),
    coded(
        "postcode",
        Format::Text(1, 30),
        Codes {
            empty: ResultCode::NO_POSTCODE,
            short: ResultCode::BAD_POSTCODE,
            long: ResultCode::POSTCODE_TOO_LONG,
            wrong: ResultCode::BAD_POSTCODE,
        },
    ),
    coded("country", Format::Country, two(ResultCode::NO_COUNTRY, ResultCode::BAD_COUNTRY)),
];

const SHIPPING: &[Rule] = &[GIVEN_NAME, SURNAME];

const MERCHANT: &[Rule] = &[
    rule("name", Format::Text(1, 100)),
    rule("city", Format::Text(1, 100)),
    rule("country", Format::Country),
    rule("mcc", Format::Of(Set::Digits, 4, 4)),
];

const CART: &[Rule] = &[
    rule("name", Format::Text(1, 255)),
    rule("merchantItemId", Format::Text(1, 255)),
    rule("quantity", Format::Decimal),
    rule("type", Format::Text(1, 255)),
    rule("sku", Format::Text(1, 255)),
    rule("currency", Format::Currency),
    rule("description", Format::Text(1, 2048)),
    rule("price", Format::Decimal),
    rule("totalAmount", Format::Decimal),
    rule("taxAmount", Format::Decimal),
    rule("totalTaxAmount", Format::Decimal),
];

const BANK_ACCOUNT: &[Rule] = &[
    coded("holder", Format::Text(4, 128), HOLDER),
    rule("bankName", Format::Text(1, 255)),
    coded("number", Format::Text(3, 64), one(ResultCode::BAD_BANK_ACCOUNT)),
    coded("iban", Format::Iban, one(ResultCode::BAD_BANK_ACCOUNT)),
    coded("bankCode", Format::Of(Set::Alphanumeric, 1, 12), one(ResultCode::BAD_BANK_CODE)),
    coded("bic", Format::Bic, one(ResultCode::BAD_BANK_CODE)),
    coded("country", Format::Country, one(ResultCode::BAD_BANK_COUNTRY)),
];

const MANDATE: &[Rule] = &[
    coded("id", Format::Text(1, 256), one(ResultCode::BAD_MANDATE_ID)),
    coded("dateOfSignature", Format::Day, one(ResultCode::BAD_MANDATE_DATE)),
];

const VIRTUAL_ACCOUNT: &[Rule] = &[
    coded("accountId", Format::Text(1, 255), one(ResultCode::BAD_VIRTUAL_ACCOUNT)),
    rule("password", Format::Text(1, 255)),
];

const REGISTRATION: &[Rule] =
    &[coded("id", Format::Of(Set::Hex, 32, 32), one(ResultCode::BAD_REGISTRATION_ID))];

const STANDING_INSTRUCTION: &[Rule] = &[
    coded("mode", Format::Word(&["INITIAL", "REPEATED"]), one(ResultCode::BAD_RECURRENCE)),
    rule("type", Format::Word(&["UNSCHEDULED", "RECURRING", "INSTALLMENT"])),
    rule("source", Format::Word(&["CIT", "MIT"])),
    rule("initialTransactionId", Format::Text(1, 255)),
];

const THREE_D_SECURE: &[Rule] = &[
    coded("eci", Format::Word(&["00", "01", "02", "05", "06", "07"]), one(ResultCode::BAD_ECI)),
    coded("verificationId", Format::VerificationId, one(ResultCode::BAD_VERIFICATION_ID)),
    rule("xid", Format::Text(1, 255)),
    rule("version", Format::Text(1, 10)),
    rule("dsTransactionId", Format::Text(1, 255)),
    rule("acsTransactionId", Format::Text(1, 255)),
    rule("authenticationStatus", Format::Of(Set::Alphanumeric, 1, 1)),
    rule("flow", Format::Word(&["challenge", "frictionless"])),
    rule("challengeIndicator", Format::Of(Set::Digits, 1, 2)),
];

/// No code names the parameter.
const GENERAL: Codes = one(ResultCode::BAD_PARAMETER);

const fn rule(name: &'static str, format: Format) -> Rule {
    Rule { name, format, codes: GENERAL }
}

const fn coded(name: &'static str, format: Format, codes: Codes) -> Rule {
    Rule { name, format, codes }
}

/// The same code, whatever is wrong.
const fn one(code: ResultCode) -> Codes {
    Codes { empty: code, short: code, long: code, wrong: code }
}

/// One code for what is empty, another for everything else.
const fn two(empty: ResultCode, wrong: ResultCode) -> Codes {
    Codes { empty, short: wrong, long: wrong, wrong }
}

/// The kinds of all names in the table, with their formats.
pub(super) fn rules() -> impl Iterator<Item = (String, Format)> {
    FOLDERS.iter().flat_map(|(folder, rules)| {
        rules.iter().map(move |rule| match *folder {
            "" => (rule.name.to_owned(), rule.format),
            folder => (format!("{folder}.{}", rule.name), rule.format),
        })
    })
}

/// The kinds of all names in the table.
#[cfg(test)]
pub(super) fn kinds() -> impl Iterator<Item = String> {
    rules().map(|(kind, _)| kind)
}

//! The codes that the platform itself gives, by name.

use super::ResultCode;

impl ResultCode {
    /// A live payment succeeded.
    pub const SUCCESS: ResultCode = ResultCode("000.000.000");
    /// A payment of the demo or of test mode succeeded.
    pub const SUCCESS_TEST: ResultCode = ResultCode("000.100.110");
    /// A request was good, and nothing was done.
    pub const SUCCESS_VALIDATOR: ResultCode = ResultCode("000.100.111");
    /// A payment at an acquirer's test system succeeded.
    pub const SUCCESS_EXTERNAL_TEST: ResultCode = ResultCode("000.100.112");
    /// A payment or a checkout is open.
    pub const PENDING: ResultCode = ResultCode("000.200.000");
    /// A checkout was made.
    pub const CHECKOUT_CREATED: ResultCode = ResultCode("000.200.100");
    /// A checkout was changed.
    pub const CHECKOUT_UPDATED: ResultCode = ResultCode("000.200.101");
    /// A checkout was removed.
    pub const CHECKOUT_DELETED: ResultCode = ResultCode("000.200.102");
    /// A checkout is being paid.
    pub const CHECKOUT_PENDING: ResultCode = ResultCode("000.200.103");
    /// A payment of two steps succeeded.
    pub const SUCCESS_TWO_STEP: ResultCode = ResultCode("000.300.000");
    /// The card is not enrolled for 3-D Secure.
    pub const NOT_ENROLLED: ResultCode = ResultCode("000.400.109");
    /// 3-D Secure succeeded without asking the payer.
    pub const FRICTIONLESS: ResultCode = ResultCode("000.400.110");
    /// No card number.
    pub const NO_CARD: ResultCode = ResultCode("100.100.100");
    /// The card number is malformed or mistyped.
    pub const BAD_CARD: ResultCode = ResultCode("100.100.101");
    /// No month of expiry.
    pub const NO_MONTH: ResultCode = ResultCode("100.100.200");
    /// The month of expiry is none.
    pub const BAD_MONTH: ResultCode = ResultCode("100.100.201");
    /// No year of expiry.
    pub const NO_YEAR: ResultCode = ResultCode("100.100.300");
    /// The year of expiry is none.
    pub const BAD_YEAR: ResultCode = ResultCode("100.100.301");
    /// The card has expired.
    pub const CARD_EXPIRED: ResultCode = ResultCode("100.100.303");
    /// No card holder.
    pub const NO_HOLDER: ResultCode = ResultCode("100.100.400");
    /// The card holder is too short or too long.
    pub const HOLDER_LENGTH: ResultCode = ResultCode("100.100.401");
    /// The card holder is malformed.
    pub const BAD_HOLDER: ResultCode = ResultCode("100.100.402");
    /// No brand.
    pub const NO_BRAND: ResultCode = ResultCode("100.100.500");
    /// There is no such brand of cards.
    pub const BAD_BRAND: ResultCode = ResultCode("100.100.501");
    /// No verification code, and the brand wants one.
    pub const NO_CVV: ResultCode = ResultCode("100.100.600");
    /// The verification code is none of the brand.
    pub const BAD_CVV: ResultCode = ResultCode("100.100.601");
    /// The card number is another brand's.
    pub const BRAND_MISMATCH: ResultCode = ResultCode("100.100.700");
    /// Neither a card nor a registration.
    pub const NO_ACCOUNT: ResultCode = ResultCode("100.150.100");
    /// The id of the registration is malformed.
    pub const BAD_REGISTRATION_ID: ResultCode = ResultCode("100.150.101");
    /// There is no such registration.
    pub const NO_REGISTRATION: ResultCode = ResultCode("100.150.200");
    /// The registration was removed.
    pub const DEREGISTERED: ResultCode = ResultCode("100.150.202");
    /// The country of the bank account is none.
    pub const BAD_BANK_COUNTRY: ResultCode = ResultCode("100.200.100");
    /// The code of the bank is malformed.
    pub const BAD_BANK_CODE: ResultCode = ResultCode("100.200.103");
    /// The number of the bank account is malformed.
    pub const BAD_BANK_ACCOUNT: ResultCode = ResultCode("100.200.104");
    /// The id of the virtual account is missing or malformed.
    pub const BAD_VIRTUAL_ACCOUNT: ResultCode = ResultCode("100.210.101");
    /// There is no such test mode.
    pub const BAD_TEST_MODE: ResultCode = ResultCode("100.300.101");
    /// The merchant's transaction id is too long.
    pub const TRANSACTION_ID_TOO_LONG: ResultCode = ResultCode("100.300.200");
    /// There is nothing to deregister.
    pub const CANNOT_DEREGISTER: ResultCode = ResultCode("100.350.303");
    /// The indicator of 3-D Secure is none.
    pub const BAD_ECI: ResultCode = ResultCode("100.370.121");
    /// The verification id of 3-D Secure is malformed.
    pub const BAD_VERIFICATION_ID: ResultCode = ResultCode("100.370.125");
    /// The payer failed the challenge of 3-D Secure.
    pub const CHALLENGE_FAILED: ResultCode = ResultCode("100.380.401");
    /// The payer cancelled.
    pub const CANCELLED_BY_PAYER: ResultCode = ResultCode("100.396.101");
    /// The payer took too long.
    pub const PAYER_TIMED_OUT: ResultCode = ResultCode("100.396.103");
    /// The payment expired; probably the payer left.
    pub const PAYER_LEFT: ResultCode = ResultCode("100.396.104");
    /// The merchant cancelled.
    pub const CANCELLED_BY_MERCHANT: ResultCode = ResultCode("100.396.201");
    /// The day on which the mandate was signed is none.
    pub const BAD_MANDATE_DATE: ResultCode = ResultCode("100.500.302");
    /// The id of the mandate is malformed.
    pub const BAD_MANDATE_ID: ResultCode = ResultCode("100.500.303");
    /// No amount, or one of zero.
    pub const NO_AMOUNT: ResultCode = ResultCode("100.550.300");
    /// The amount is larger than amounts may be.
    pub const AMOUNT_TOO_LARGE: ResultCode = ResultCode("100.550.301");
    /// The amount is malformed.
    pub const BAD_AMOUNT: ResultCode = ResultCode("100.550.303");
    /// No currency.
    pub const NO_CURRENCY: ResultCode = ResultCode("100.550.400");
    /// There is no such currency.
    pub const BAD_CURRENCY: ResultCode = ResultCode("100.550.401");
    /// The family name is empty.
    pub const NO_SURNAME: ResultCode = ResultCode("100.700.100");
    /// The family name is too long.
    pub const SURNAME_LENGTH: ResultCode = ResultCode("100.700.101");
    /// The given name is empty.
    pub const NO_GIVEN_NAME: ResultCode = ResultCode("100.700.200");
    /// The given name is too long.
    pub const GIVEN_NAME_LENGTH: ResultCode = ResultCode("100.700.201");
    /// The company's name is too long.
    pub const COMPANY_NAME_TOO_LONG: ResultCode = ResultCode("100.700.500");
    /// There is no such kind of identity paper.
    pub const BAD_IDENTITY_PAPER: ResultCode = ResultCode("100.700.800");
    /// The value of the identity paper is missing or too short.
    pub const BAD_IDENTITY: ResultCode = ResultCode("100.700.801");
    /// The value of the identity paper is too long.
    pub const IDENTITY_TOO_LONG: ResultCode = ResultCode("100.700.802");
    /// The street is empty.
    pub const NO_STREET: ResultCode = ResultCode("100.800.100");
    /// The two lines of the street are too long together.
    pub const STREET_TOO_LONG: ResultCode = ResultCode("100.800.101");
    /// The two lines of the street are numbers only.
    pub const STREET_ONLY_DIGITS: ResultCode = ResultCode("100.800.102");
    /// The postcode is empty.
    pub const NO_POSTCODE: ResultCode = ResultCode("100.800.200");
    /// The postcode is too long.
    pub const POSTCODE_TOO_LONG: ResultCode = ResultCode("100.800.201");
    /// The postcode is malformed.
    pub const BAD_POSTCODE: ResultCode = ResultCode("100.800.202");
    /// The city is empty.
    pub const NO_CITY: ResultCode = ResultCode("100.800.300");
    /// The city is too long.
    pub const CITY_TOO_LONG: ResultCode = ResultCode("100.800.301");
    /// The city is malformed.
    pub const BAD_CITY: ResultCode = ResultCode("100.800.302");
    /// The state is malformed.
    pub const BAD_STATE: ResultCode = ResultCode("100.800.400");
    /// The state is too long.
    pub const STATE_TOO_LONG: ResultCode = ResultCode("100.800.401");
    /// The country is empty.
    pub const NO_COUNTRY: ResultCode = ResultCode("100.800.500");
    /// There is no such country.
    pub const BAD_COUNTRY: ResultCode = ResultCode("100.800.501");
    /// The email address is empty.
    pub const NO_EMAIL: ResultCode = ResultCode("100.900.100");
    /// The email address is malformed.
    pub const BAD_EMAIL: ResultCode = ResultCode("100.900.101");
    /// The email address is too long.
    pub const EMAIL_TOO_LONG: ResultCode = ResultCode("100.900.105");
    /// The phone number is malformed.
    pub const BAD_PHONE: ResultCode = ResultCode("100.900.200");
    /// The mobile number is malformed.
    pub const BAD_MOBILE: ResultCode = ResultCode("100.900.300");
    /// No mobile number, and the brand wants one.
    pub const NO_MOBILE: ResultCode = ResultCode("100.900.301");
    /// The payer's IP address is empty.
    pub const NO_IP: ResultCode = ResultCode("100.900.400");
    /// The payer's IP address is malformed.
    pub const BAD_IP: ResultCode = ResultCode("100.900.401");
    /// The day of birth is none, or yet to come.
    pub const BAD_BIRTH_DATE: ResultCode = ResultCode("100.900.450");
    /// There is no such mode of recurrence.
    pub const BAD_RECURRENCE: ResultCode = ResultCode("100.900.500");
    /// The path does not take the method.
    pub const WRONG_HTTP_METHOD: ResultCode = ResultCode("200.300.403");
    /// A parameter is missing or bad, or several are.
    pub const BAD_PARAMETER: ResultCode = ResultCode("200.300.404");
    /// There is such a thing already.
    pub const DUPLICATE_ENTITY: ResultCode = ResultCode("200.300.405");
    /// There is no such path or id.
    pub const NOT_FOUND: ResultCode = ResultCode("200.300.406");
    /// The issuer wants 3-D Secure.
    pub const SOFT_DECLINE: ResultCode = ResultCode("300.100.100");
    /// The entity is switched off.
    pub const CHANNEL_DISABLED: ResultCode = ResultCode("500.100.201");
    /// The entity is not switched on yet.
    pub const CHANNEL_NEW: ResultCode = ResultCode("500.100.202");
    /// The entity is closed.
    pub const CHANNEL_CLOSED: ResultCode = ResultCode("500.100.203");
    /// The request could not be carried out, by our fault.
    pub const PLATFORM_ERROR: ResultCode = ResultCode("600.100.100");
    /// There is no such payment type.
    pub const BAD_PAYMENT_TYPE: ResultCode = ResultCode("600.200.300");
    /// The payment type does not go with the method.
    pub const WRONG_TYPE_FOR_METHOD: ResultCode = ResultCode("600.200.310");
    /// The payment type is not offered.
    pub const UNSUPPORTED_PAYMENT_TYPE: ResultCode = ResultCode("600.200.400");
    /// The currency or the brand is not set up.
    pub const CURRENCY_NOT_SET_UP: ResultCode = ResultCode("600.200.500");
    /// The test mode cannot be used here.
    pub const TEST_MODE_NOT_ALLOWED: ResultCode = ResultCode("600.200.701");
    /// The brand is not set up.
    pub const BRAND_NOT_SET_UP: ResultCode = ResultCode("600.200.800");
    /// A test asked for a code that does not exist.
    pub const UNKNOWN_WANTED_CODE: ResultCode = ResultCode("600.200.810");
    /// The address for notifications is not on the merchant's list.
    pub const NOTIFICATION_URL_NOT_ALLOWED: ResultCode = ResultCode("600.300.210");
    /// The address to return to is not on the merchant's list.
    pub const RESULT_URL_NOT_ALLOWED: ResultCode = ResultCode("600.300.211");
    /// The currency is not the one of the payment referred to.
    pub const REFERENCE_CURRENCY_DIFFERS: ResultCode = ResultCode("700.100.500");
    /// The payment referred to was rejected.
    pub const REFERENCE_REJECTED: ResultCode = ResultCode("700.300.200");
    /// What was held is not held any more.
    pub const CAPTURE_TOO_LATE: ResultCode = ResultCode("700.300.400");
    /// It is too late to take it back.
    pub const REVERSAL_TOO_LATE: ResultCode = ResultCode("700.300.700");
    /// More than is held, or nothing is held.
    pub const CANNOT_CAPTURE: ResultCode = ResultCode("700.400.100");
    /// The payment has too many follow-ups.
    pub const TOO_MANY_TRANSACTIONS: ResultCode = ResultCode("700.500.001");
    /// More than was taken, or nothing was taken.
    pub const CANNOT_REFUND: ResultCode = ResultCode("700.400.200");
    /// It was reversed or refunded already, or the amount does not fit.
    pub const CANNOT_REVERSE: ResultCode = ResultCode("700.400.300");
    /// Only the platform makes chargebacks.
    pub const CHARGEBACK_IS_INTERNAL: ResultCode = ResultCode("700.400.402");
    /// The payment referred to is no preauthorization.
    pub const CAPTURE_NEEDS_PA: ResultCode = ResultCode("700.400.510");
    /// The payment referred to took nothing.
    pub const REFUND_NEEDS_DEBIT: ResultCode = ResultCode("700.400.520");
    /// The payment referred to cannot be reversed.
    pub const REVERSAL_NEEDS_PAYMENT: ResultCode = ResultCode("700.400.530");
    /// The payment referred to is open.
    pub const REFERENCE_PENDING: ResultCode = ResultCode("700.400.570");
    /// There is no payment with the id referred to.
    pub const REFERENCE_NOT_FOUND: ResultCode = ResultCode("700.400.580");
    /// The payment referred to is another entity's.
    pub const REFERENCE_OTHER_CHANNEL: ResultCode = ResultCode("700.400.700");
    /// Declined, and nobody says why.
    pub const DECLINED_UNKNOWN: ResultCode = ResultCode("800.100.100");
    /// Declined: the card is invalid.
    pub const DECLINED_CARD: ResultCode = ResultCode("800.100.151");
    /// Declined by whoever authorizes.
    pub const DECLINED: ResultCode = ResultCode("800.100.152");
    /// Declined: the verification code is wrong.
    pub const DECLINED_CVV: ResultCode = ResultCode("800.100.153");
    /// Declined: the amount exceeds the credit.
    pub const DECLINED_CREDIT: ResultCode = ResultCode("800.100.155");
    /// Declined: the date of expiry is wrong.
    pub const DECLINED_EXPIRY: ResultCode = ResultCode("800.100.157");
    /// Declined: the card was stolen.
    pub const DECLINED_STOLEN: ResultCode = ResultCode("800.100.159");
    /// Declined: a limit is exceeded.
    pub const DECLINED_LIMIT: ResultCode = ResultCode("800.100.162");
    /// Declined: the card was lost.
    pub const DECLINED_LOST: ResultCode = ResultCode("800.100.165");
    /// Declined: the card is blocked or restricted.
    pub const DECLINED_RESTRICTED: ResultCode = ResultCode("800.100.168");
    /// Declined: the card is to be kept.
    pub const DECLINED_PICK_UP: ResultCode = ResultCode("800.100.171");
    /// Declined: the merchant is set up wrongly.
    pub const DECLINED_CONFIGURATION: ResultCode = ResultCode("800.100.190");
    /// Declined: not enough money.
    pub const DECLINED_FUNDS: ResultCode = ResultCode("800.100.203");
    /// The same payment came a short while ago.
    pub const DUPLICATE: ResultCode = ResultCode("800.110.100");
    /// Another payment of the same checkout is under way, or was made.
    pub const ALREADY_PROCESSING: ResultCode = ResultCode("800.120.402");
    /// The caller asks too often.
    pub const THROTTLED: ResultCode = ResultCode("800.120.100");
    /// The platform cannot answer now.
    pub const UNAVAILABLE: ResultCode = ResultCode("800.800.800");
    /// There is no such channel.
    pub const UNKNOWN_CHANNEL: ResultCode = ResultCode("800.900.201");
    /// The caller did not say who it is, or not rightly.
    pub const NOT_AUTHENTICATED: ResultCode = ResultCode("800.900.300");
    /// The caller may not act for the entity.
    pub const NO_RIGHTS: ResultCode = ResultCode("800.900.301");
    /// The acquirer or connector answered with an error.
    pub const ACQUIRER_ERROR: ResultCode = ResultCode("900.100.200");
    /// No answer in time, and what became of it is not known.
    pub const TIMED_OUT_UNKNOWN: ResultCode = ResultCode("900.100.300");
    /// No answer in time, and it was taken back.
    pub const TIMED_OUT_REVERSED: ResultCode = ResultCode("900.100.301");
    /// The acquirer or connector took too long.
    pub const ACQUIRER_TIMED_OUT: ResultCode = ResultCode("900.100.400");
}

#[cfg(test)]
impl ResultCode {
    /// All that have names.
    pub(super) const NAMED: &[ResultCode] = &[
        ResultCode::SUCCESS,
        ResultCode::SUCCESS_TEST,
        ResultCode::SUCCESS_VALIDATOR,
        ResultCode::SUCCESS_EXTERNAL_TEST,
        ResultCode::PENDING,
        ResultCode::CHECKOUT_CREATED,
        ResultCode::CHECKOUT_UPDATED,
        ResultCode::CHECKOUT_DELETED,
        ResultCode::CHECKOUT_PENDING,
        ResultCode::SUCCESS_TWO_STEP,
        ResultCode::NOT_ENROLLED,
        ResultCode::FRICTIONLESS,
        ResultCode::NO_CARD,
        ResultCode::BAD_CARD,
        ResultCode::NO_MONTH,
        ResultCode::BAD_MONTH,
        ResultCode::NO_YEAR,
        ResultCode::BAD_YEAR,
        ResultCode::CARD_EXPIRED,
        ResultCode::NO_HOLDER,
        ResultCode::HOLDER_LENGTH,
        ResultCode::BAD_HOLDER,
        ResultCode::NO_BRAND,
        ResultCode::BAD_BRAND,
        ResultCode::NO_CVV,
        ResultCode::BAD_CVV,
        ResultCode::BRAND_MISMATCH,
        ResultCode::NO_ACCOUNT,
        ResultCode::BAD_REGISTRATION_ID,
        ResultCode::NO_REGISTRATION,
        ResultCode::DEREGISTERED,
        ResultCode::BAD_BANK_COUNTRY,
        ResultCode::BAD_BANK_CODE,
        ResultCode::BAD_BANK_ACCOUNT,
        ResultCode::BAD_VIRTUAL_ACCOUNT,
        ResultCode::BAD_TEST_MODE,
        ResultCode::TRANSACTION_ID_TOO_LONG,
        ResultCode::CANNOT_DEREGISTER,
        ResultCode::BAD_ECI,
        ResultCode::BAD_VERIFICATION_ID,
        ResultCode::CHALLENGE_FAILED,
        ResultCode::CANCELLED_BY_PAYER,
        ResultCode::PAYER_TIMED_OUT,
        ResultCode::PAYER_LEFT,
        ResultCode::CANCELLED_BY_MERCHANT,
        ResultCode::BAD_MANDATE_DATE,
        ResultCode::BAD_MANDATE_ID,
        ResultCode::NO_AMOUNT,
        ResultCode::AMOUNT_TOO_LARGE,
        ResultCode::BAD_AMOUNT,
        ResultCode::NO_CURRENCY,
        ResultCode::BAD_CURRENCY,
        ResultCode::NO_SURNAME,
        ResultCode::SURNAME_LENGTH,
        ResultCode::NO_GIVEN_NAME,
        ResultCode::GIVEN_NAME_LENGTH,
        ResultCode::COMPANY_NAME_TOO_LONG,
        ResultCode::BAD_IDENTITY_PAPER,
        ResultCode::BAD_IDENTITY,
        ResultCode::IDENTITY_TOO_LONG,
        ResultCode::NO_STREET,
        ResultCode::STREET_TOO_LONG,
        ResultCode::STREET_ONLY_DIGITS,
        ResultCode::NO_POSTCODE,
        ResultCode::POSTCODE_TOO_LONG,
        ResultCode::BAD_POSTCODE,
        ResultCode::NO_CITY,
        ResultCode::CITY_TOO_LONG,
        ResultCode::BAD_CITY,
        ResultCode::BAD_STATE,
        ResultCode::STATE_TOO_LONG,
        ResultCode::NO_COUNTRY,
        ResultCode::BAD_COUNTRY,
        ResultCode::NO_EMAIL,
        ResultCode::BAD_EMAIL,
        ResultCode::EMAIL_TOO_LONG,
        ResultCode::BAD_PHONE,
        ResultCode::BAD_MOBILE,
        ResultCode::NO_MOBILE,
        ResultCode::NO_IP,
        ResultCode::BAD_IP,
        ResultCode::BAD_BIRTH_DATE,
        ResultCode::BAD_RECURRENCE,
        ResultCode::WRONG_HTTP_METHOD,
        ResultCode::BAD_PARAMETER,
        ResultCode::DUPLICATE_ENTITY,
        ResultCode::NOT_FOUND,
        ResultCode::SOFT_DECLINE,
        ResultCode::CHANNEL_DISABLED,
        ResultCode::CHANNEL_NEW,
        ResultCode::CHANNEL_CLOSED,
        ResultCode::PLATFORM_ERROR,
        ResultCode::BAD_PAYMENT_TYPE,
        ResultCode::WRONG_TYPE_FOR_METHOD,
        ResultCode::UNSUPPORTED_PAYMENT_TYPE,
        ResultCode::CURRENCY_NOT_SET_UP,
        ResultCode::TEST_MODE_NOT_ALLOWED,
        ResultCode::BRAND_NOT_SET_UP,
        ResultCode::UNKNOWN_WANTED_CODE,
        ResultCode::NOTIFICATION_URL_NOT_ALLOWED,
        ResultCode::RESULT_URL_NOT_ALLOWED,
        ResultCode::REFERENCE_CURRENCY_DIFFERS,
        ResultCode::REFERENCE_REJECTED,
        ResultCode::CAPTURE_TOO_LATE,
        ResultCode::REVERSAL_TOO_LATE,
        ResultCode::TOO_MANY_TRANSACTIONS,
        ResultCode::ALREADY_PROCESSING,
        ResultCode::CANNOT_CAPTURE,
        ResultCode::CANNOT_REFUND,
        ResultCode::CANNOT_REVERSE,
        ResultCode::CHARGEBACK_IS_INTERNAL,
        ResultCode::CAPTURE_NEEDS_PA,
        ResultCode::REFUND_NEEDS_DEBIT,
        ResultCode::REVERSAL_NEEDS_PAYMENT,
        ResultCode::REFERENCE_PENDING,
        ResultCode::REFERENCE_NOT_FOUND,
        ResultCode::REFERENCE_OTHER_CHANNEL,
        ResultCode::DECLINED_UNKNOWN,
        ResultCode::DECLINED_CARD,
        ResultCode::DECLINED,
        ResultCode::DECLINED_CVV,
        ResultCode::DECLINED_CREDIT,
        ResultCode::DECLINED_EXPIRY,
        ResultCode::DECLINED_STOLEN,
        ResultCode::DECLINED_LIMIT,
        ResultCode::DECLINED_LOST,
        ResultCode::DECLINED_RESTRICTED,
        ResultCode::DECLINED_PICK_UP,
        ResultCode::DECLINED_CONFIGURATION,
        ResultCode::DECLINED_FUNDS,
        ResultCode::DUPLICATE,
        ResultCode::THROTTLED,
        ResultCode::UNAVAILABLE,
        ResultCode::UNKNOWN_CHANNEL,
        ResultCode::NOT_AUTHENTICATED,
        ResultCode::NO_RIGHTS,
        ResultCode::ACQUIRER_ERROR,
        ResultCode::TIMED_OUT_UNKNOWN,
        ResultCode::TIMED_OUT_REVERSED,
        ResultCode::ACQUIRER_TIMED_OUT,
    ];
}

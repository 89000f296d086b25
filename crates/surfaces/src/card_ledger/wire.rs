//! The bodies that clients send, field for field, and their translation to commands.

use std::borrow::Cow;

use ledger::limits::{
    POINT_OF_SALE_CHARS_MAX, REFERENCE_CHARS_MAX, SELLER_NUMBER_CHARS_MAX, SOURCE_ID_CHARS_MAX,
};
use ledger::{
    AccountNo, AcquirerReferences, AuthorizationKind, Authorize, Basis, Cancel, Code, Correct,
    Currency, Instrument, Mount, OfflineClaims, OfflineInfo, Post, PostingKind,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::json::{Checks, Named, Raw, object, read, text};
use super::problem::Problem;

/// The longest `accountNo` that is looked at, in characters. Ours have 13.
const ACCOUNT_NO_CHARS_MAX: usize = 50;

/// On whose behalf, and under which name of the contract, a request came.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The company's number.
    pub(super) company: String,
    /// The only seller that the caller may act for.
    pub(super) seller_scope: Option<String>,
    /// The name of the contract.
    pub(super) mount: Mount,
}

/// A posting, and the seller that its body names.
#[derive(Debug)]
pub(super) struct NamedPost {
    pub(super) command: Post,
    pub(super) seller: Option<String>,
}

/// Asks to reserve an amount.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthorizationRequest)]
struct AuthorizationFields<'b> {
    /// The caller's id of the authorization: repeats get the first answer.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50, example = "789")]
    source_authorization_transaction_id: Raw<'b>,
    /// Who sells.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 15, example = "654")]
    seller_number: Raw<'b>,
    /// The card. Either this or `accountNo`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64, example = "5646735165")]
    card_token: Raw<'b>,
    /// The account. Either this or `cardToken`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 50)]
    account_no: Raw<'b>,
    /// `purchase`, `reversal` or `cash-withdrawal`; case and hyphens do not matter.
    #[serde(borrow)]
    #[schema(value_type = String, example = "purchase")]
    r#type: Raw<'b>,
    /// Where it happens, for people.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50, example = "Testshop")]
    point_of_sale: Raw<'b>,
    /// How much, exact in the currency.
    #[serde(borrow)]
    #[schema(value_type = f64, exclusive_minimum = 0, example = 300.0)]
    authorization_amount: Raw<'b>,
    /// ISO 4217.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "SEK")]
    currency: Raw<'b>,
    /// The last day on which it can be used; the company's default when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_to_date: Raw<'b>,
    /// `ChipPin`, `ChipSign`, `PanCvcExpr`, `RecurringToken` or `MagStripePin`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "ChipPin")]
    card_authentication_method: Raw<'b>,
    /// `POS`, `UnattendedPOS` or `Ecom`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "POS")]
    channel: Raw<'b>,
}

/// Asks to book a monetary transaction, on an authorization or offline.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransactionRequest)]
struct TransactionFields<'b> {
    /// The authorization; not needed where the path names it, or with `offlineInfo`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 6, example = "AUTH71")]
    authorization_id: Raw<'b>,
    /// The caller's id of a purchase: repeats get the first answer.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50, example = "534313")]
    source_purchase_transaction_id: Raw<'b>,
    /// The caller's id of a cash withdrawal: repeats get the first answer.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50, example = "534313")]
    source_cash_withdrawal_transaction_id: Raw<'b>,
    /// The caller's id of a reversal: repeats get the first answer.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50, example = "534313")]
    source_reversal_transaction_id: Raw<'b>,
    /// The seller's receipt.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 50)]
    seller_receipt_id: Raw<'b>,
    /// The acquirer's references; together they can be used once.
    #[serde(borrow)]
    #[schema(value_type = Option<ReferencesFields<'static>>)]
    additional_references: Raw<'b>,
    /// How much, exact in the account's currency.
    #[serde(borrow)]
    #[schema(value_type = f64, exclusive_minimum = 0, example = 200.0)]
    amount: Raw<'b>,
    /// The cash part of a purchase, inside `amount`.
    #[serde(borrow)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    withdrawal_amount: Raw<'b>,
    /// Where it happened, for people.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 50)]
    point_of_sale: Raw<'b>,
    /// The value date; today when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = Date)]
    date: Raw<'b>,
    /// What a terminal that was offline knows.
    #[serde(borrow)]
    #[schema(value_type = Option<OfflineFields<'static>>)]
    offline_info: Raw<'b>,
}

/// What a terminal that was offline knows: card, seller and currency, where there is no
/// authorization to tell them.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfflineInfo)]
pub(super) struct OfflineFields<'b> {
    /// Where it happened, for people; the outer `pointOfSale` goes before it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 50, example = "Testshop")]
    point_of_sale: Raw<'b>,
    /// The card.
    #[serde(borrow)]
    #[schema(value_type = String, max_length = 64, example = "5646735165")]
    card_token: Raw<'b>,
    /// Who sold.
    #[serde(borrow)]
    #[schema(value_type = String, max_length = 15, example = "654")]
    seller_number: Raw<'b>,
    /// ISO 4217.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "SEK")]
    currency: Raw<'b>,
    /// As in authorizations.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "ChipPin")]
    card_authentication_method: Raw<'b>,
    /// As in authorizations.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "POS")]
    channel: Raw<'b>,
}

/// The acquirer's references.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdditionalReferences)]
pub(super) struct ReferencesFields<'b> {
    /// For reconciliation.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 50, example = "200206885020")]
    acquirer_batch_id: Raw<'b>,
    /// The acquirer's id of the transaction.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 50, example = "534313")]
    acquirer_transaction_id: Raw<'b>,
}

/// Asks to take back a transaction, or part of it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CorrectionRequest)]
struct CorrectionFields<'b> {
    /// The caller's id of the correction: repeats get the first answer.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50, example = "534314")]
    source_correction_transaction_id: Raw<'b>,
    /// The acquirer's references; together they can be used once.
    #[serde(borrow)]
    #[schema(value_type = Option<ReferencesFields<'static>>)]
    additional_references: Raw<'b>,
    /// How much, exact in the account's currency.
    #[serde(borrow)]
    #[schema(value_type = f64, exclusive_minimum = 0, example = 200.0)]
    amount: Raw<'b>,
    /// The value date; today when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = Date)]
    date: Raw<'b>,
}

/// Asks to end an authorization.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CancellationRequest)]
struct CancellationFields<'b> {
    /// The day for which it counts; today when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = Date)]
    cancellation_date: Raw<'b>,
}

/// The schemas of the bodies, for the documentation.
pub(super) fn schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
    use utoipa::PartialSchema;
    vec![
        ("AuthorizationRequest".to_owned(), AuthorizationFields::schema()),
        ("TransactionRequest".to_owned(), TransactionFields::schema()),
        ("OfflineInfo".to_owned(), OfflineFields::schema()),
        ("AdditionalReferences".to_owned(), ReferencesFields::schema()),
        ("CorrectionRequest".to_owned(), CorrectionFields::schema()),
        ("CancellationRequest".to_owned(), CancellationFields::schema()),
    ]
}

/// Reads the body of POST authorizations.
///
/// # Errors
/// A validation problem.
pub(super) fn authorization(body: &[u8], origin: &Origin) -> Result<Authorize, Problem> {
    read(body, |text| Some(check_authorization(&object(text)?, origin)))
}

fn check_authorization(
    fields: &AuthorizationFields<'_>,
    origin: &Origin,
) -> Result<Authorize, Problem> {
    let mut checks = Checks::default();
    let source = checks.source(
        "sourceAuthorizationTransactionId",
        fields.source_authorization_transaction_id,
        SOURCE_ID_CHARS_MAX,
    );
    let seller = checks.text("sellerNumber", fields.seller_number, SELLER_NUMBER_CHARS_MAX);
    let instrument = instrument(&mut checks, fields);
    let kind = kind(&mut checks, fields.r#type);
    let point_of_sale = checks.text("pointOfSale", fields.point_of_sale, POINT_OF_SALE_CHARS_MAX);
    let code = checks.currency("currency", fields.currency);
    let currency = code.as_deref().and_then(Currency::parse);
    let amount = checks.amount("authorizationAmount", fields.authorization_amount, currency);
    let valid_to = checks.date("validToDate", fields.valid_to_date);
    let method = checks.method("cardAuthenticationMethod", fields.card_authentication_method);
    let channel = checks.channel("channel", fields.channel);
    let (
        Some(source),
        Some(seller),
        Some(instrument),
        Some(kind),
        Some(point_of_sale),
        Some(code),
        Some(amount),
    ) = (source, seller, instrument, kind, point_of_sale, code, amount)
    else {
        return Err(checks.problem());
    };
    checks.finish()?;
    Ok(Authorize {
        company: origin.company.clone(),
        mount: origin.mount,
        source,
        seller: seller.into_owned(),
        instrument,
        kind,
        point_of_sale: point_of_sale.into_owned(),
        amount,
        currency: code.into_owned(),
        valid_to,
        method,
        channel,
    })
}

/// Exactly one of card and account.
fn instrument(checks: &mut Checks, fields: &AuthorizationFields<'_>) -> Option<Instrument> {
    let is_named = |raw: Raw<'_>| raw.is_some_and(|raw| raw.get() != "\"\"");
    match (is_named(fields.card_token), is_named(fields.account_no)) {
        (true, false) => checks.optional_card("cardToken", fields.card_token).map(Instrument::Card),
        (false, true) => {
            let number = checks.text("accountNo", fields.account_no, ACCOUNT_NO_CHARS_MAX)?;
            Some(Instrument::Account(AccountNo::parse(&number)))
        }
        (false, false) => checks.reject("cardToken", "Argument required: this or accountNo"),
        (true, true) => checks.reject("accountNo", "Invalid value: there is a cardToken already"),
    }
}

fn kind(checks: &mut Checks, raw: Raw<'_>) -> Option<AuthorizationKind> {
    let Some(raw) = raw else { return checks.reject("type", "Argument required") };
    let kind = text(raw).and_then(|word| AuthorizationKind::parse(&word));
    if kind.is_none() {
        let words = AuthorizationKind::ALL.map(AuthorizationKind::as_str).join(", ");
        return checks.reject("type", format!("Invalid value: must be one of {words}"));
    }
    kind
}

/// Reads the body of POST purchases, cash-withdrawals or reversals. `path` is the authorization
/// that the path names.
///
/// # Errors
/// A validation problem.
pub(super) fn transaction(
    body: &[u8],
    kind: PostingKind,
    path: Option<&str>,
    origin: &Origin,
) -> Result<NamedPost, Problem> {
    read(body, |text| Some(check_transaction(&object(text)?, kind, path, origin)))
}

fn check_transaction(
    fields: &TransactionFields<'_>,
    kind: PostingKind,
    path: Option<&str>,
    origin: &Origin,
) -> Result<NamedPost, Problem> {
    let mut checks = Checks::default();
    let (source_path, source) = match kind {
        PostingKind::Purchase => {
            ("sourcePurchaseTransactionId", fields.source_purchase_transaction_id)
        }
        PostingKind::CashWithdrawal => {
            ("sourceCashWithdrawalTransactionId", fields.source_cash_withdrawal_transaction_id)
        }
        PostingKind::Reversal => {
            ("sourceReversalTransactionId", fields.source_reversal_transaction_id)
        }
    };
    let source = checks.source(source_path, source, SOURCE_ID_CHARS_MAX);
    let on = on_authorization(&mut checks, fields.authorization_id, path);
    let needs_offline_info = on == On::Nothing;
    let offline = offline(&mut checks, fields.offline_info, needs_offline_info);
    // An authorization has its own currency, which the ledger knows.
    let currency = offline.basis.as_ref().and_then(|info| Currency::parse(&info.currency));
    let amount = checks.amount("amount", fields.amount, currency);
    let cash_part = fields.withdrawal_amount.filter(|_| kind == PostingKind::Purchase);
    let withdrawal = checks.optional_amount("withdrawalAmount", cash_part, currency);
    let references = references(&mut checks, fields.additional_references);
    let receipt =
        checks.optional_text("sellerReceiptId", fields.seller_receipt_id, REFERENCE_CHARS_MAX);
    let receipt = receipt.map(String::from);
    let point_of_sale =
        checks.optional_text("pointOfSale", fields.point_of_sale, POINT_OF_SALE_CHARS_MAX);
    let point_of_sale = point_of_sale.map(String::from).or(offline.point_of_sale);
    let value_date = checks.date("date", fields.date);
    let basis = match on {
        On::Authorization(Named(code)) => Some(Basis::Authorization(code)),
        On::Nothing => offline.basis.map(Basis::Offline),
        On::Unclear => None,
    };
    let (Some(source), Some(amount), Some(basis)) = (source, amount, basis) else {
        return Err(checks.problem());
    };
    checks.finish()?;
    let command = Post {
        company: origin.company.clone(),
        seller_scope: origin.seller_scope.clone(),
        mount: origin.mount,
        kind,
        basis,
        offline_info: fields.offline_info.is_some(),
        claims: offline.claims,
        source,
        amount,
        withdrawal,
        references,
        receipt,
        point_of_sale,
        value_date,
    };
    Ok(NamedPost { command, seller: offline.seller })
}

/// Which authorization path and body name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// This one.
    Authorization(Named),
    /// None, so that it must have happened offline.
    Nothing,
    /// That is wrong, and has been rejected.
    Unclear,
}

fn on_authorization(checks: &mut Checks, raw: Raw<'_>, path: Option<&str>) -> On {
    let mut own = Checks::default();
    let named = own.authorization_id("authorizationId", raw);
    if let Err(Problem::Validation(bad)) = own.finish() {
        for field in bad {
            checks.reject::<On>(field.path, field.message);
        }
        return On::Unclear;
    }
    match (path.map(|path| Named(Code::parse(path))), named) {
        (Some(of_path), Some(code)) if of_path != code => {
            let message = "Invalid value: the path names another authorization";
            checks.reject::<On>("authorizationId", message);
            On::Unclear
        }
        (Some(code), _) | (None, Some(code)) => On::Authorization(code),
        (None, None) => On::Nothing,
    }
}

/// What could be read of `offlineInfo`.
#[derive(Default)]
struct Offline {
    /// What there is to go on where there is no authorization.
    basis: Option<OfflineInfo>,
    /// What it says beside one.
    claims: OfflineClaims,
    point_of_sale: Option<String>,
    seller: Option<String>,
}

/// Reads `offlineInfo`; where it `is_basis`, it must tell card, seller and currency.
fn offline(checks: &mut Checks, raw: Raw<'_>, is_basis: bool) -> Offline {
    let Some(raw) = raw else {
        if is_basis {
            let message = "Argument required: this or offlineInfo";
            checks.reject::<Offline>("authorizationId", message);
        }
        return Offline::default();
    };
    let Some(fields) = object::<OfflineFields<'_>>(raw.get()) else {
        let message = "Invalid value: must be an object, each name once";
        return checks.reject("offlineInfo", message).unwrap_or_default();
    };
    let point_of_sale = checks.optional_text(
        "offlineInfo.pointOfSale",
        fields.point_of_sale,
        POINT_OF_SALE_CHARS_MAX,
    );
    let (card_path, seller_path, currency_path) =
        ("offlineInfo.cardToken", "offlineInfo.sellerNumber", "offlineInfo.currency");
    let (card, seller, currency) = if is_basis {
        (
            checks.card(card_path, fields.card_token),
            checks.text(seller_path, fields.seller_number, SELLER_NUMBER_CHARS_MAX),
            checks.currency(currency_path, fields.currency),
        )
    } else {
        (
            checks.optional_card(card_path, fields.card_token),
            checks.optional_text(seller_path, fields.seller_number, SELLER_NUMBER_CHARS_MAX),
            checks.optional_currency(currency_path, fields.currency),
        )
    };
    let method =
        checks.method("offlineInfo.cardAuthenticationMethod", fields.card_authentication_method);
    let channel = checks.channel("offlineInfo.channel", fields.channel);
    let seller = seller.map(String::from);
    let currency = currency.map(Cow::into_owned);
    let mut offline = Offline {
        point_of_sale: point_of_sale.map(String::from),
        seller: seller.clone(),
        ..Offline::default()
    };
    if is_basis {
        let named = card.zip(seller).zip(currency);
        offline.basis = named.map(|((card, seller), currency)| OfflineInfo {
            card,
            seller,
            currency,
            method,
            channel,
        });
    } else {
        offline.claims = OfflineClaims { card, seller, currency, method, channel };
    }
    offline
}

fn references(checks: &mut Checks, raw: Raw<'_>) -> AcquirerReferences {
    let Some(raw) = raw else { return AcquirerReferences::default() };
    let Some(fields) = object::<ReferencesFields<'_>>(raw.get()) else {
        let message = "Invalid value: must be an object, each name once";
        return checks.reject("additionalReferences", message).unwrap_or_default();
    };
    let batch = checks.optional_text(
        "additionalReferences.acquirerBatchId",
        fields.acquirer_batch_id,
        REFERENCE_CHARS_MAX,
    );
    let transaction = checks.optional_text(
        "additionalReferences.acquirerTransactionId",
        fields.acquirer_transaction_id,
        REFERENCE_CHARS_MAX,
    );
    AcquirerReferences {
        batch: batch.map(String::from),
        transaction: transaction.map(String::from),
    }
}

/// Reads the body of POST corrections of the transaction that the path names.
///
/// # Errors
/// A validation problem.
pub(super) fn correction(
    body: &[u8],
    kind: PostingKind,
    corrected: &str,
    origin: &Origin,
) -> Result<Correct, Problem> {
    read(body, |text| Some(check_correction(&object(text)?, kind, corrected, origin)))
}

fn check_correction(
    fields: &CorrectionFields<'_>,
    kind: PostingKind,
    corrected: &str,
    origin: &Origin,
) -> Result<Correct, Problem> {
    let mut checks = Checks::default();
    let source = checks.source(
        "sourceCorrectionTransactionId",
        fields.source_correction_transaction_id,
        SOURCE_ID_CHARS_MAX,
    );
    let amount = checks.amount("amount", fields.amount, None);
    let references = references(&mut checks, fields.additional_references);
    let value_date = checks.date("date", fields.date);
    let (Some(source), Some(amount)) = (source, amount) else { return Err(checks.problem()) };
    checks.finish()?;
    Ok(Correct {
        company: origin.company.clone(),
        seller_scope: origin.seller_scope.clone(),
        mount: origin.mount,
        kind,
        corrected: corrected.to_owned(),
        source,
        amount,
        references,
        value_date,
    })
}

/// Reads the body of POST cancellations, which may be empty, of the authorization that the path
/// names.
///
/// # Errors
/// A validation problem.
pub(super) fn cancellation(
    body: &[u8],
    authorization: &str,
    origin: &Origin,
) -> Result<Cancel, Problem> {
    let body = if body.trim_ascii().is_empty() { b"{}".as_slice() } else { body };
    let value_date = read(body, |text| {
        let fields: CancellationFields<'_> = object(text)?;
        let mut checks = Checks::default();
        let value_date = checks.date("cancellationDate", fields.cancellation_date);
        Some(checks.finish().map(|()| value_date))
    })?;
    Ok(Cancel {
        company: origin.company.clone(),
        seller_scope: origin.seller_scope.clone(),
        mount: origin.mount,
        code: Code::parse(authorization),
        value_date,
    })
}

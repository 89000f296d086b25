//! The bodies of answers, field for field.

use std::fmt;

use ledger::limits::DESCRIPTION_CHARS_MAX;
use ledger::money::format_minor;
use ledger::{
    AcquirerReferences, Authorization, AuthorizationKind, Card, CardAuthenticationMethod, Channel,
    Code, Currency, PostingKind, RowId, Seller, Timestamp, Transaction,
};
use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::links::Links;

/// The contract's name of the authorization's schema, which clients may compare.
const SCHEMA_URI: &str =
    "/ledger/invoice-purchase/v1/PayEx.AR.InvoicePurchase.Api.Resources.Authorizations.Resource";

/// An amount in minor units. Shown as a JSON number with all decimals of its currency, without
/// passing through a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount(pub(super) i64, pub(super) Currency);

/// An authorization as clients see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Authorization)]
pub(super) struct AuthorizationView<'v> {
    /// The caller's id.
    source_authorization_transaction_id: &'v str,
    /// Our id; six characters.
    #[schema(value_type = String, example = "AUTH71")]
    authorization_id: Code6,
    /// Who sells.
    seller_number: &'v str,
    /// The card, unless it was made by account number.
    card_token: Option<&'v str>,
    /// The account.
    account_no: String,
    /// `purchase`, `reversal` or `cash-withdrawal`.
    r#type: &'static str,
    /// How the holder was authenticated.
    card_authentication_method: Option<&'static str>,
    /// Through what channel.
    channel: Option<&'static str>,
    /// Where it happened.
    point_of_sale: &'v str,
    /// The last day on which it can be used.
    #[schema(format = Date)]
    valid_to_date: String,
    /// How much was authorized.
    #[schema(value_type = f64, example = 300.0)]
    authorization_amount: Amount,
    /// How much can still be taken; 0 after cancellation and expiry.
    #[schema(value_type = f64, example = 150.0)]
    remaining_amount: Amount,
    /// ISO 4217.
    currency: &'static str,
    /// Its own path.
    #[serde(rename = "@id")]
    id: String,
    /// The purchases on it.
    purchases: String,
    /// The cash withdrawals on it, where its type allows them.
    #[serde(rename = "cash-withdrawals", skip_serializing_if = "Option::is_none")]
    cash_withdrawals: Option<String>,
    /// The reversals on it, where its type allows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversals: Option<String>,
    /// Its cancellations.
    cancellations: String,
    /// The name of this schema.
    schema_uri: &'static str,
    /// The path above.
    #[serde(rename = "parentHREF")]
    parent_href: &'static str,
    /// What its state allows.
    operations: Vec<Operation>,
}

/// Something that can be done now.
#[derive(Serialize, ToSchema)]
pub(super) struct Operation {
    /// What it is called.
    rel: &'static str,
    /// By which HTTP method.
    method: &'static str,
    /// On which path.
    href: String,
}

/// A purchase, cash withdrawal or reversal as clients see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transaction)]
pub(super) struct TransactionView<'v> {
    /// For the holder's bill; at most 200 characters.
    #[schema(max_length = 200)]
    description: String,
    /// The authorization it was made on; null for what happened offline.
    #[schema(value_type = Option<String>, example = "AUTH71")]
    authorization_id: Option<Code6>,
    /// The caller's id of a purchase.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_purchase_transaction_id: Option<&'v str>,
    /// The caller's id of a cash withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_cash_withdrawal_transaction_id: Option<&'v str>,
    /// The caller's id of a reversal.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_reversal_transaction_id: Option<&'v str>,
    /// The seller's receipt.
    seller_receipt_id: Option<&'v str>,
    /// The acquirer's references; null where there are none.
    additional_references: Option<ReferencesView<'v>>,
    /// How much.
    #[schema(value_type = f64, example = 200.0)]
    amount: Amount,
    /// The cash part of a purchase, inside `amount`; null where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    withdrawal_amount: Option<Nullable>,
    /// Where it happened.
    point_of_sale: Option<&'v str>,
    /// The value date.
    #[schema(format = Date)]
    date: String,
    /// What the terminal said, where it said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    offline_info: Option<OfflineView<'v>>,
    /// Its corrections.
    corrections: String,
    /// Its own path.
    #[serde(rename = "@id")]
    id: String,
    /// What its state allows.
    operations: Vec<Operation>,
}

/// The acquirer's references.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdditionalReferencesShown)]
pub(super) struct ReferencesView<'v> {
    /// For reconciliation.
    acquirer_batch_id: Option<&'v str>,
    /// The acquirer's id of the transaction.
    acquirer_transaction_id: Option<&'v str>,
}

/// What a terminal said that was offline.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfflineInfoShown)]
pub(super) struct OfflineView<'v> {
    /// Where it happened.
    point_of_sale: Option<&'v str>,
    /// The card.
    card_token: Option<&'v str>,
    /// Who sold.
    seller_number: &'v str,
    /// ISO 4217.
    currency: &'static str,
    /// How the holder was authenticated.
    card_authentication_method: Option<&'static str>,
    /// Through what channel.
    channel: Option<&'static str>,
}

/// A correction as clients see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Correction)]
pub(super) struct CorrectionView<'v> {
    /// The caller's id.
    source_correction_transaction_id: &'v str,
    /// The authorization of what it corrects; null where that happened offline.
    #[schema(value_type = Option<String>, example = "AUTH71")]
    authorization_id: Option<Code6>,
    /// The acquirer's references; null where there are none.
    additional_references: Option<ReferencesView<'v>>,
    /// How much was taken back.
    #[schema(value_type = f64, example = 200.0)]
    amount: Amount,
    /// The value date.
    #[schema(format = Date)]
    date: String,
    /// Its own path.
    #[serde(rename = "@id")]
    id: String,
    /// Nothing can be done with it.
    operations: [Operation; 0],
}

/// A cancellation as clients see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cancellation)]
pub(super) struct CancellationView {
    /// The authorization that it ended.
    #[schema(value_type = String, example = "AUTH71")]
    authorization_id: Code6,
    /// The day for which it counts.
    #[schema(format = Date)]
    cancellation_date: String,
    /// What remained then.
    #[schema(value_type = f64, example = 150.0)]
    cancelled_amount: Amount,
    /// Its own path.
    #[serde(rename = "@id")]
    id: String,
    /// Nothing can be done with it.
    operations: [Operation; 0],
}

/// The answer to every POST. Written by hand, for speed; this documents it.
#[derive(Serialize, ToSchema)]
#[schema(as = Created)]
pub(super) struct CreatedView {
    /// The path of what was created, as in `Location`.
    #[serde(rename = "@id")]
    id: String,
}

/// A page of a list, newest first.
pub(super) struct ListView<V> {
    /// The list's own path.
    pub(super) id: String,
    /// What its items are called.
    pub(super) name: &'static str,
    /// The items.
    pub(super) items: Vec<V>,
    /// The next page.
    pub(super) next: Option<String>,
}

/// An amount that is shown as null where there is none.
#[derive(Serialize)]
pub(super) struct Nullable(Option<Amount>);

/// Shows a [`Code`] as a string.
pub(super) struct Code6(Code);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_minor(self.0, self.1))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(format_minor(self.0, self.1));
        number.map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl Serialize for Code6 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<V: Serialize> Serialize for ListView<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@id", &self.id)?;
        map.serialize_entry(self.name, &self.items)?;
        map.serialize_entry("operations", &[(); 0])?;
        if let Some(next) = &self.next {
            map.serialize_entry("next", next)?;
        }
        map.end()
    }
}

impl Operation {
    fn post(rel: &'static str, href: String) -> Operation {
        Operation { rel, method: "post", href }
    }
}

/// Shows an authorization at `now`.
pub(super) fn authorization<'v>(
    row: &'v Authorization,
    seller: &'v Seller,
    card: Option<&'v Card>,
    links: &Links,
    now: Timestamp,
) -> AuthorizationView<'v> {
    let code = row.code();
    let remaining = row.remaining(now);
    let of_kind = |kind: AuthorizationKind| {
        (row.kind == kind).then(|| links.authorization_transactions(code, kind.allows()))
    };
    AuthorizationView {
        source_authorization_transaction_id: &row.source,
        authorization_id: Code6(code),
        seller_number: &seller.number,
        card_token: card.map(|card| card.token.as_str()),
        account_no: ledger::AccountNo::of(row.account).to_string(),
        r#type: row.kind.as_str(),
        card_authentication_method: row.method.map(CardAuthenticationMethod::as_str),
        channel: row.channel.map(Channel::as_str),
        point_of_sale: &row.point_of_sale,
        valid_to_date: row.valid_to.to_string(),
        authorization_amount: Amount(row.amount, row.currency),
        remaining_amount: Amount(remaining, row.currency),
        currency: row.currency.code(),
        id: links.authorization(code),
        purchases: links.authorization_transactions(code, PostingKind::Purchase),
        cash_withdrawals: of_kind(AuthorizationKind::CashWithdrawal),
        reversals: of_kind(AuthorizationKind::Reversal),
        cancellations: links.cancellations(code),
        schema_uri: SCHEMA_URI,
        parent_href: "/",
        operations: if remaining > 0 { authorization_operations(row, links) } else { Vec::new() },
    }
}

/// What can be done with an authorization of which something remains.
fn authorization_operations(row: &Authorization, links: &Links) -> Vec<Operation> {
    let code = row.code();
    // The first spelling is today's, the second that of older clients.
    let rels: &[&'static str] = match row.kind {
        AuthorizationKind::Purchase => &["create-purchase", "create-Purchase"],
        AuthorizationKind::CashWithdrawal => &["create-cash-withdrawal"],
        AuthorizationKind::Reversal => &["create-reversal"],
    };
    let href = links.authorization_transactions(code, row.kind.allows());
    let mut operations: Vec<Operation> =
        rels.iter().map(|rel| Operation::post(rel, href.clone())).collect();
    operations.push(Operation::post("create-cancellation", links.cancellations(code)));
    operations
}

/// Shows a transaction of `kind`. `authorization` is what it was made on, `card` its card.
pub(super) fn transaction<'v>(
    row: &'v Transaction,
    kind: PostingKind,
    authorization: Option<&'v Authorization>,
    seller: &'v Seller,
    card: Option<&'v Card>,
    links: &Links,
) -> TransactionView<'v> {
    let source = |of: PostingKind| (kind == of).then_some(row.source.as_str());
    let point_of_sale = row.point_of_sale.as_deref();
    let point_of_sale =
        point_of_sale.or(authorization.map(|authorization| authorization.point_of_sale.as_str()));
    let corrections = links.corrections(kind, &row.source);
    let operations = match row.correctable() {
        0 => Vec::new(),
        // The second is the first's older name.
        _ => ["create-correction", "create-reversal"]
            .map(|rel| Operation::post(rel, corrections.clone()))
            .into(),
    };
    TransactionView {
        description: description(point_of_sale, &row.source),
        authorization_id: authorization_code(row),
        source_purchase_transaction_id: source(PostingKind::Purchase),
        source_cash_withdrawal_transaction_id: source(PostingKind::CashWithdrawal),
        source_reversal_transaction_id: source(PostingKind::Reversal),
        seller_receipt_id: row.receipt.as_deref(),
        additional_references: references(&row.references),
        amount: Amount(row.posted, row.currency),
        withdrawal_amount: (kind == PostingKind::Purchase)
            .then(|| Nullable(row.withdrawal.map(|part| Amount(part, row.currency)))),
        point_of_sale,
        date: row.value_date.to_string(),
        offline_info: row.offline_info.then(|| OfflineView {
            point_of_sale,
            card_token: card.map(|card| card.token.as_str()),
            seller_number: &seller.number,
            currency: row.currency.code(),
            card_authentication_method: row.method.map(CardAuthenticationMethod::as_str),
            channel: row.channel.map(Channel::as_str),
        }),
        corrections,
        id: links.transaction(kind, &row.source),
        operations,
    }
}

fn description(point_of_sale: Option<&str>, source: &str) -> String {
    let text = match point_of_sale {
        Some(point_of_sale) => format!("{point_of_sale}, ref. {source}"),
        None => format!("ref. {source}"),
    };
    text.chars().take(DESCRIPTION_CHARS_MAX).collect()
}

fn authorization_code(row: &Transaction) -> Option<Code6> {
    row.authorization.map(|id| Code6(Code::of(RowId(id.0))))
}

fn references(row: &AcquirerReferences) -> Option<ReferencesView<'_>> {
    let (batch, transaction) = (row.batch.as_deref(), row.transaction.as_deref());
    batch.or(transaction)?;
    Some(ReferencesView { acquirer_batch_id: batch, acquirer_transaction_id: transaction })
}

/// Shows a correction of `corrected`, which is of `kind`.
pub(super) fn correction<'v>(
    row: &'v Transaction,
    kind: PostingKind,
    corrected: &Transaction,
    links: &Links,
) -> CorrectionView<'v> {
    CorrectionView {
        source_correction_transaction_id: &row.source,
        authorization_id: authorization_code(row),
        additional_references: references(&row.references),
        amount: Amount(row.posted, row.currency),
        date: row.value_date.to_string(),
        id: links.correction(kind, &corrected.source, &row.source),
        operations: [],
    }
}

/// Shows a cancellation of `authorization`.
pub(super) fn cancellation(
    row: &Transaction,
    authorization: &Authorization,
    links: &Links,
) -> CancellationView {
    let remained = authorization.amount.saturating_sub(authorization.taken);
    CancellationView {
        authorization_id: Code6(authorization.code()),
        cancellation_date: row.value_date.to_string(),
        cancelled_amount: Amount(remained, row.currency),
        id: links.cancellation(authorization.code(), Code::of(RowId(row.id.0))),
        operations: [],
    }
}

/// The schemas of the answers, for the documentation.
pub(super) fn schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
    use utoipa::PartialSchema;
    vec![
        ("Authorization".to_owned(), AuthorizationView::schema()),
        ("Operation".to_owned(), Operation::schema()),
        ("Transaction".to_owned(), TransactionView::schema()),
        ("AdditionalReferencesShown".to_owned(), ReferencesView::schema()),
        ("OfflineInfoShown".to_owned(), OfflineView::schema()),
        ("Correction".to_owned(), CorrectionView::schema()),
        ("Cancellation".to_owned(), CancellationView::schema()),
        ("Created".to_owned(), CreatedView::schema()),
    ]
}

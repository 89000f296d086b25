//! The frame in which this contract says everything: a transaction, what became of a request, or
//! why not. Keys that have nothing to say are there, and null.

use axum::http::StatusCode;
use ledger::Timestamp;
use payments::{Amount, Item, Order, Payment, Register, State, Transition as Step};
use serde::Serialize;
use serde_json::{Value, json};

use super::lookup::View;
use super::problem::ErrorBody;
use super::receipt::Receipt;

/// The version of what cash registers send where they do not say (AAPay, `ecr2Naa.ver`).
const REGISTER_VERSION: &str = "1.0";

/// Response codes (AAPay, `responseCode`).
const OK: i32 = 0;
const RESEND: i32 = 1;
const REJECT: i32 = -1;
const CANCEL: i32 = -2;
const PENDING: i32 = -3;

/// An answer's body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frame<'v> {
    valid: bool,
    error: Option<ErrorBody>,
    response: Option<Answered<'v>>,
    next_link: Option<NextLink>,
    #[serde(flatten)]
    status: Option<Status<'v>>,
}

/// What the answer to a status has more, and each error that could be one.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'v> {
    transaction_id: Option<i64>,
    time_stamp: Option<String>,
    state: Option<&'static str>,
    account_state: Option<&'static str>,
    receipt: Option<Receipt>,
    payer_id: Option<&'v str>,
    qr_trigger: Option<&'static str>,
    naa2_ecr: Option<ToRegister<'v>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'v> {
    response_code: i32,
    extended_response_code: i32,
    request: Requested<'v>,
    naa2_ecr: ToRegister<'v>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Requested<'v> {
    transaction: Transaction<'v>,
    channel: &'static str,
    additional_properties: Vec<Property<'v>>,
    ecr2_naa: Option<FromRegister<'v>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract's own names")]
struct Transaction<'v> {
    transaction_id: i64,
    terminal_reference: Option<&'v str>,
    reference_id: Option<&'v str>,
    agreement_number: Option<&'v str>,
    batch: Option<i64>,
    time_stamp_origin: String,
    time_stamp: String,
    amount: AmountBody,
    method: &'static str,
    account_state: &'static str,
    cancel: bool,
    message: Option<&'v str>,
    state: &'static str,
    origin: &'static str,
    merchant: Merchant<'v>,
    consumer: Consumer<'v>,
    receipt: Option<Receipt>,
    transitions: Vec<Transition>,
    parameters: Vec<Parameter>,
    order: Option<OrderBody<'v>>,
    trigger: &'v str,
    transient_consumer_id: Option<&'v str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AmountBody {
    currency_code: &'static str,
    vat_amount: i64,
    nominal_amount: i64,
    total_amount: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract's own names")]
struct Merchant<'v> {
    merchant_id: &'v str,
    name: Option<&'v str>,
    org_number: Option<&'v str>,
    vat_number: Option<&'v str>,
    /// 0 is active, 1 is not.
    active: i32,
    country_code: Option<&'v str>,
    merchant_cat_code: Option<&'v str>,
    merchant_city: Option<&'v str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Consumer<'v> {
    consumer_id: &'v str,
    name: &'v str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transition {
    time_stamp: String,
    from: Option<&'static str>,
    to: &'static str,
    event: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract's own names")]
struct Parameter {
    parameter_id: i64,
    key: String,
    value: String,
}

#[derive(Serialize)]
struct Property<'v> {
    key: &'v str,
    value: &'v str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FromRegister<'v> {
    ver: &'v str,
    reference: Option<&'v str>,
    lang: Option<&'v str>,
    order: Option<OrderBody<'v>>,
    auto_capture: Option<&'v str>,
}

#[derive(Serialize)]
struct OrderBody<'v> {
    items: Vec<ItemBody<'v>>,
    amount: Option<i64>,
    currency: Option<&'v str>,
    reference: Option<&'v str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody<'v> {
    item_no: Option<&'v str>,
    reference: Option<&'v str>,
    name: Option<&'v str>,
    quantity: Option<i64>,
    unit: Option<&'v str>,
    unit_price: Option<i64>,
    tax_rate: Option<i64>,
    tax_amount: Option<i64>,
    gross_total_amount: Option<i64>,
    net_total_amount: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToRegister<'v> {
    scheme_id: String,
    ppref: String,
    payer_id: Option<&'v str>,
    additional_info: Option<&'v str>,
    loyalty_ids: [&'static str; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NextLink {
    r#type: &'static str,
    rel: &'static str,
    uri: String,
    uri_builder: Option<Value>,
    rels: [&'static str; 1],
    params: Value,
    title: &'static str,
}

impl<'v> Frame<'v> {
    /// An error.
    pub(super) fn refused(error: ErrorBody) -> Frame<'v> {
        let status = Some(Status::default());
        Frame { valid: false, error: Some(error), response: None, next_link: None, status }
    }

    /// What a request for a transaction has come to: 202, or 201 where it is over already.
    pub(super) fn initialized(view: &'v View) -> (StatusCode, Frame<'v>) {
        let payment = &view.payment;
        let code = response_code(payment.state);
        let next_link = Some(next_link(view));
        if has_ended_badly(payment.state) {
            let why = additional_info(payment).unwrap_or_default();
            let error = Some(ErrorBody::ended(payment.state.as_str(), why));
            let response = Some(answered(view, code, code));
            let frame = Frame { valid: false, error, response, next_link, status: None };
            return (StatusCode::CREATED, frame);
        }
        let extended = if payment.state.is_open() { PENDING } else { OK };
        let response = Some(answered(view, OK, extended));
        let frame = Frame { valid: true, error: None, response, next_link, status: None };
        (StatusCode::ACCEPTED, frame)
    }

    /// How a transaction stands.
    pub(super) fn status(view: &'v View) -> Frame<'v> {
        let payment = &view.payment;
        let code = response_code(payment.state);
        let status = Status {
            transaction_id: Some(payment.number),
            time_stamp: Some(payment.created_at.rfc3339()),
            state: Some(payment.state.as_str()),
            account_state: Some(account_state(payment)),
            receipt: Receipt::of(view),
            payer_id: payment.told.payer.as_deref(),
            qr_trigger: Some(if payment.asked.is_qr() { "1" } else { "0" }),
            naa2_ecr: Some(to_register(payment)),
        };
        Frame {
            valid: true,
            error: None,
            response: Some(answered(view, code, code)),
            next_link: Some(next_link(view)),
            status: Some(status),
        }
    }

    /// As JSON.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a state is told as.
fn response_code(state: State) -> i32 {
    match state {
        State::Finalized | State::Reported | State::Authorized | State::Reserved => OK,
        State::Initialized | State::Pending => PENDING,
        State::Stale => RESEND,
        State::Rejected | State::Failed | State::TimedOut => REJECT,
        State::Cancelled => CANCEL,
    }
}

fn has_ended_badly(state: State) -> bool {
    state.is_final() && !state.is_committed()
}

fn account_state(payment: &Payment) -> &'static str {
    let has_moved = payment.state.is_committed() && payment.captured_minor > 0;
    if has_moved { "COMMIT" } else { "ROLLBACK" }
}

/// What the PSP says of a transaction that came to nothing; of one that is undecided, where the
/// payer has to go.
fn additional_info(payment: &Payment) -> Option<&str> {
    let told = &payment.told;
    let info = told.info.as_deref();
    let otherwise = match payment.state {
        State::Rejected => "it was declined",
        State::Cancelled => "it was cancelled",
        State::Failed => "it failed for technical reasons",
        State::TimedOut => "nobody acted in time",
        State::Initialized | State::Pending | State::Stale => {
            return told.redirect_url.as_deref().or(info);
        }
        State::Authorized | State::Finalized | State::Reported | State::Reserved => return None,
    };
    info.or(Some(otherwise))
}

fn to_register(payment: &Payment) -> ToRegister<'_> {
    ToRegister {
        scheme_id: payment.method.scheme_id().to_string(),
        ppref: payment.number.to_string(),
        payer_id: payment.told.payer.as_deref(),
        additional_info: additional_info(payment),
        loyalty_ids: [],
    }
}

fn next_link(view: &View) -> NextLink {
    let (number, method) = (view.payment.number, view.payment.method.as_str());
    let path = format!("/ms/aapay/v2/transaction/{number}/status?method={method}");
    NextLink {
        r#type: "GET",
        rel: "status",
        uri: format!("{}{path}", view.base),
        uri_builder: None,
        rels: ["status"],
        params: json!({ "method": method }),
        title: "Status of the transaction",
    }
}

fn answered(view: &View, response_code: i32, extended_response_code: i32) -> Answered<'_> {
    let payment = &view.payment;
    let cause = payment.transitions.last().map_or("WS_REST", |last| last.cause.as_str());
    let properties = payment.asked.properties.iter();
    let request = Requested {
        transaction: transaction(view),
        channel: cause,
        additional_properties: properties.map(|(key, value)| Property { key, value }).collect(),
        ecr2_naa: payment.asked.register.as_ref().map(from_register),
    };
    let naa2_ecr = to_register(payment);
    Answered { response_code, extended_response_code, request, naa2_ecr }
}

fn transaction(view: &View) -> Transaction<'_> {
    let payment = &view.payment;
    let asked = &payment.asked;
    let created_at = payment.created_at.rfc3339();
    Transaction {
        transaction_id: payment.number,
        terminal_reference: asked.terminal_reference.as_deref(),
        reference_id: payment.told.reference.as_deref(),
        agreement_number: None,
        batch: asked.batch,
        time_stamp_origin: created_at.clone(),
        time_stamp: created_at,
        amount: amount(payment.amount),
        method: payment.method.as_str(),
        account_state: account_state(payment),
        cancel: payment.state == State::Cancelled,
        message: asked.message.as_deref(),
        state: payment.state.as_str(),
        origin: "ECR",
        merchant: merchant(view),
        consumer: Consumer { consumer_id: &asked.consumer_id, name: &asked.consumer_name },
        receipt: Receipt::of(view),
        transitions: payment.transitions.iter().map(transition).collect(),
        parameters: parameters(payment),
        order: asked.order().map(order),
        trigger: asked.trigger.as_deref().unwrap_or("0"),
        transient_consumer_id: None,
    }
}

fn amount(amount: Amount) -> AmountBody {
    AmountBody {
        currency_code: amount.currency.code(),
        vat_amount: amount.vat_minor,
        nominal_amount: amount.nominal_minor,
        total_amount: amount.total_minor,
    }
}

fn merchant(view: &View) -> Merchant<'_> {
    let (customer, payee) = (view.customer.as_ref(), &view.payee);
    let setting = |name| customer.and_then(|customer| customer.settings.chosen(name));
    let number = customer.map(|customer| customer.organisation_number.as_str());
    let mcc = customer.and_then(|customer| customer.merchant.as_ref());
    Merchant {
        merchant_id: &view.payment.merchant.merchant_id,
        name: customer.map(|customer| customer.name.as_str()),
        org_number: number.filter(|number| !number.is_empty()),
        vat_number: payee.vat_number.as_deref(),
        active: i32::from(payee.is_inactive),
        country_code: payee.country.as_deref().or_else(|| setting("address.country")),
        merchant_cat_code: mcc.map(|merchant| merchant.mcc.as_str()),
        merchant_city: payee.city.as_deref().or_else(|| setting("address.city")),
    }
}

fn transition(step: &Step) -> Transition {
    Transition {
        time_stamp: Timestamp::rfc3339(step.at),
        from: step.from.map(State::as_str),
        to: step.event.to().as_str(),
        event: step.event.as_str(),
    }
}

/// What the caller sent along, and after it what we have to add.
fn parameters(payment: &Payment) -> Vec<Parameter> {
    let number = |number: Option<i64>| number.map(|number| number.to_string());
    let told = &payment.told;
    let added = [
        ("redirectUrl", told.redirect_url.clone()),
        ("qrToken", told.token.clone()),
        ("originalTransactionId", number(payment.original)),
        ("reversalTransactionId", number(payment.reversal)),
        ("batchReport", number(payment.report)),
    ];
    let added = added.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let all = payment.asked.properties.iter().cloned().chain(added);
    (1..)
        .zip(all)
        .map(|(parameter_id, (key, value))| Parameter { parameter_id, key, value })
        .collect()
}

fn from_register(register: &Register) -> FromRegister<'_> {
    FromRegister {
        ver: register.version.as_deref().unwrap_or(REGISTER_VERSION),
        reference: register.reference.as_deref(),
        lang: register.language.as_deref(),
        order: register.order.as_ref().map(order),
        auto_capture: register.auto_capture.as_deref(),
    }
}

fn order(order: &Order) -> OrderBody<'_> {
    OrderBody {
        items: order.items.iter().map(item).collect(),
        amount: order.amount_minor,
        currency: order.currency.as_deref(),
        reference: order.reference.as_deref(),
    }
}

fn item(item: &Item) -> ItemBody<'_> {
    ItemBody {
        item_no: item.item_no.as_deref(),
        reference: item.reference.as_deref(),
        name: item.name.as_deref(),
        quantity: item.quantity,
        unit: item.unit.as_deref(),
        unit_price: item.unit_price_minor,
        tax_rate: item.tax_rate,
        tax_amount: item.tax_minor,
        gross_total_amount: item.gross_minor,
        net_total_amount: item.net_minor,
    }
}

//! Payments: made, followed up, and shown.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use ledger::Currency;
use payments::{
    Amount, Authentication, Command, Endpoint, FirstAnswer, FixAnswer, Online, Outcome, Payee,
    Payment, PaymentKind, PaymentType, Refusal, ResultCode,
};

use super::callers::{Caller, Entity};
use super::cashier::{
    Made, Means, Order, demanded, make, payment_by_id, payment_by_number, psp_method, takes,
};
use super::form::Form;
use super::frame::{Redirect, View};
use super::ids::Id;
use super::keys::{Sent, made_before};
use super::parameters::{Operation, Parameters, TestMode};
use super::problem::Problem;
use super::references::FollowUp;
use super::status::status_of;
use super::{Answer, Shop, challenges, sent, urls};
use crate::Platform;

/// How often a follow-up is tried again whose payment was captured further meanwhile.
const TRIES: usize = 4;

/// Makes a payment (`POST payments`).
pub(super) async fn create(State(shop): State<Shop>, request: Request) -> Answer {
    let request = Sent::read(&shop, request).await?;
    let key = request.key_for(&shop, "payments")?;
    let asking = Asking::new(&shop, &request);
    if let Some(number) = made_before(&shop.platform, key).await? {
        return asking.answer(Made::Before(number), true).await;
    }
    let parameters = shop.parameters(&request.form, &request.entity, Operation::Payment)?;
    let order = asking.order(parameters, key)?;
    asking.answer(make(&shop.platform, order).await?, key.is_some()).await
}

/// Pays with a card that was kept (`POST registrations/{id}/payments`).
pub(super) async fn create_by_token(
    State(shop): State<Shop>,
    Id(id): Id,
    request: Request,
) -> Answer {
    let request = Sent::read(&shop, request).await?;
    let key = request.key_for(&shop, &format!("registrations/{id}/payments"))?;
    let asking = Asking::new(&shop, &request);
    if let Some(number) = made_before(&shop.platform, key).await? {
        return asking.answer(Made::Before(number), true).await;
    }
    let registration = super::registrations::active(&shop, &request.entity, &id).await?;
    let parameters = shop.parameters(&request.form, &request.entity, Operation::TokenPayment)?;
    let mut order = asking.plain_order(&parameters, key)?;
    order.means = Means::Kept(Box::new(registration));
    asking.answer(make(&shop.platform, order).await?, key.is_some()).await
}

/// Shows a payment (`Inquiry`).
pub(super) async fn show(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let Sent { entity, headers, .. } = Sent::read_query(&shop, &request)?;
    let payment = find(&shop.platform, &entity, &id).await?;
    let view = view(&shop.platform, &payment, &entity.id, &headers);
    Ok(sent(status_of(payment.result()), view.frame().text()))
}

/// Captures, refunds, reverses or repeats a payment (`POST payments/{id}`).
pub(super) async fn follow_up(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let request = Sent::read(&shop, request).await?;
    let key = request.key_for(&shop, &format!("payments/{id}"))?;
    let asking = Asking::new(&shop, &request);
    if let Some(number) = made_before(&shop.platform, key).await? {
        return asking.answer(Made::Before(number), true).await;
    }
    find(&shop.platform, &request.entity, &id).await?;
    let parameters = shop.parameters(&request.form, &request.entity, Operation::FollowUp)?;
    for left in (0..TRIES).rev() {
        let mut order = asking.following(&parameters, &id).await?;
        order.idempotency = key;
        let command = super::cashier::command(&shop.platform, order).await?;
        let decided = super::cashier::decide(&shop.platform, command).await;
        match decided {
            Err(engine::SubmitError::Refused(Refusal::OriginalChanged)) if left > 0 => {}
            Err(error) => return Err(Problem::not_submitted(error)),
            Ok(made) => return asking.answer(made, key.is_some()).await,
        }
    }
    Err(Problem::refused(Refusal::OriginalChanged))
}

/// Who asks for what.
struct Asking<'a> {
    shop: &'a Shop,
    caller: &'a Caller,
    entity: &'a Entity,
    headers: &'a HeaderMap,
}

impl<'a> Asking<'a> {
    fn new(shop: &'a Shop, request: &'a Sent) -> Asking<'a> {
        let Sent { caller, entity, headers, .. } = request;
        Asking { shop, caller, entity, headers }
    }

    /// A payment as it is asked for, with what it is paid with.
    fn order(
        &self,
        parameters: Parameters,
        key: Option<ledger::Idempotency>,
    ) -> Result<Order, Problem> {
        let mut order = self.plain_order(&parameters, key)?;
        let kind = order.online.kind;
        let brand = parameters.brand.as_deref().unwrap_or_default();
        if let Some(method) = psp_method(brand) {
            if !takes(method, kind) {
                return Err(Problem::of(ResultCode::WRONG_TYPE_FOR_METHOD));
            }
            let reached_by = parameters.virtual_account_id.or(parameters.customer_mobile);
            order.means = Means::Psp(method, reached_by.unwrap_or_default());
            brand.clone_into(&mut order.online.brand);
            return Ok(order);
        }
        let card = parameters.card.ok_or_else(|| Problem::of(ResultCode::BRAND_NOT_SET_UP))?;
        let (is_enrolled, flow) = (parameters.is_enrolled, parameters.flow);
        if order.kind == PaymentKind::Payment {
            let is_test = order.online.is_test;
            order.online.authentication = demanded(is_test, &card.number, is_enrolled, flow);
        }
        let is_asked = order.online.authentication == Some(Authentication::Awaited);
        if is_asked && order.online.shopper_result_url.is_none() {
            let code = ResultCode::BAD_PARAMETER;
            let message = "is required where the payer has to prove who they are";
            return Err(Problem::parameter("shopperResultUrl", message, code));
        }
        let is_kept = parameters.creates_registration;
        order.means = Means::Card { card, is_kept };
        Ok(order)
    }

    /// A payment as it is asked for. What it is paid with comes later.
    fn plain_order(
        &self,
        parameters: &Parameters,
        key: Option<ledger::Idempotency>,
    ) -> Result<Order, Problem> {
        let kind = parameters.payment_type.ok_or_else(Problem::bug)?;
        let currency = parameters.currency.ok_or_else(Problem::bug)?;
        Ok(Order {
            kind: if kind == PaymentType::Credit {
                PaymentKind::Credit
            } else {
                PaymentKind::Payment
            },
            merchant: self.entity.name.clone(),
            amount: amount(parameters, currency)?,
            online: self.shop.online(self.entity, parameters, kind)?,
            means: Means::Psp(payments::Method::Card, String::new()),
            is_code: false,
            original: None,
            checkout: None,
            actor: self.caller.actor(),
            idempotency: key,
        })
    }

    /// A follow-up as it is asked for, as things stand now.
    async fn following(&self, parameters: &Parameters, id: &str) -> Result<Order, Problem> {
        let kind = parameters.payment_type.ok_or_else(Problem::bug)?;
        let referenced = find(&self.shop.platform, self.entity, id).await?;
        let root = match referenced.original.filter(|_| referenced.kind == PaymentKind::Capture) {
            Some(number) => payment_by_number(&self.shop.platform, number).await?,
            None => None,
        };
        let root = root.unwrap_or_else(|| referenced.clone());
        FollowUp { kind, referenced: &referenced, root: &root }.check().map_err(Problem::of)?;
        let currency = root.amount.currency;
        if parameters.currency.is_some_and(|named| named != currency) {
            return Err(Problem::of(ResultCode::REFERENCE_CURRENCY_DIFFERS));
        }
        let mut online = self.shop.online(self.entity, parameters, kind)?;
        online.referenced = Some(referenced.online_id());
        online.brand = root.online.as_ref().map(|it| it.brand.clone()).unwrap_or_default();
        let amount = match kind {
            // All that is left, or all of the capture that is named.
            PaymentType::Reversal => root.amount,
            PaymentType::Preauthorization
            | PaymentType::Debit
            | PaymentType::Credit
            | PaymentType::Capture
            | PaymentType::Refund
            | PaymentType::Rebill => amount(parameters, currency)?,
        };
        let (kind, original) = match kind {
            PaymentType::Capture => (PaymentKind::Capture, Some(Box::new(root.clone()))),
            PaymentType::Refund => (PaymentKind::Refund, Some(Box::new(root.clone()))),
            PaymentType::Reversal => (PaymentKind::Reversal, Some(Box::new(root.clone()))),
            PaymentType::Credit => (PaymentKind::Credit, None),
            PaymentType::Preauthorization | PaymentType::Debit | PaymentType::Rebill => {
                (PaymentKind::Payment, None)
            }
        };
        Ok(Order {
            kind,
            merchant: self.entity.name.clone(),
            amount,
            online,
            means: Means::Again(Box::new(root)),
            is_code: false,
            original,
            checkout: None,
            actor: self.caller.actor(),
            idempotency: None,
        })
    }

    /// The answer to who asked for a payment. Under a key, the first answer is the answer for ever.
    async fn answer(&self, made: Made, has_key: bool) -> Answer {
        let platform = &self.shop.platform;
        let (payment, is_ours) = match made {
            Made::Now(payment) => (*payment, true),
            Made::Before(number) => {
                if let Some(first) = super::keys::first_answer(platform, number).await? {
                    return super::keys::again(first);
                }
                let found = payment_by_number(platform, number).await?;
                (found.ok_or_else(Problem::bug)?, false)
            }
        };
        let status = status_of(payment.result());
        let body = view(platform, &payment, &self.entity.id, self.headers).frame().text();
        if !has_key {
            return Ok(sent(status, body));
        }
        self.fix(payment.number, status, body, is_ours).await
    }

    /// Makes this the first answer, unless there is one.
    async fn fix(&self, payment: i64, status: StatusCode, body: String, is_ours: bool) -> Answer {
        let ours = FirstAnswer { payment, status: status.as_u16(), body };
        let command = Command::FixAnswer(FixAnswer(ours.clone()));
        let fixed = self.shop.platform.engine.submit(command).await;
        let Outcome::FirstAnswer(first) = fixed.map_err(Problem::not_submitted)?.done else {
            return Err(Problem::bug());
        };
        if first == ours && is_ours {
            return Ok(sent(status, first.body));
        }
        super::keys::again(first)
    }
}

impl Shop {
    /// What a request with parameters asks for.
    pub(super) fn parameters(
        &self,
        form: &Form,
        entity: &Entity,
        operation: Operation,
    ) -> Result<Parameters, Problem> {
        let (directory, now) = (self.platform.engine.directory(), self.platform.now());
        let company = directory.company(&entity.name.company).ok_or_else(Problem::bug)?;
        let parameters = Parameters::read(form, operation, company.day_of(now))?;
        // There is one stand-in for an acquirer, ours, and only where no real money can move.
        let is_there = match parameters.test_mode {
            None => true,
            Some(TestMode::Internal) => self.is_test,
            Some(TestMode::External) => false,
        };
        if is_there { Ok(parameters) } else { Err(Problem::of(ResultCode::TEST_MODE_NOT_ALLOWED)) }
    }

    /// What a payment says in this contract beside what every contract says.
    pub(super) fn online(
        &self,
        entity: &Entity,
        parameters: &Parameters,
        kind: PaymentType,
    ) -> Result<Online, Problem> {
        let directory = self.platform.engine.directory();
        let payee = Payee::find(&directory, entity.name.customer);
        let url = parameters.shopper_result_url.as_deref();
        if url.is_some_and(|url| !urls::is_allowed(&payee, url)) {
            return Err(Problem::of(ResultCode::RESULT_URL_NOT_ALLOWED));
        }
        if let Some(url) = &parameters.notification_url {
            let takes_any = Endpoint::takes_addresses(&directory, entity.name.customer);
            if !takes_any || self.platform.courier.check(url).is_err() {
                return Err(Problem::of(ResultCode::NOTIFICATION_URL_NOT_ALLOWED));
            }
        }
        Ok(Online {
            kind,
            merchant_transaction_id: parameters.merchant_transaction_id.clone(),
            is_test: self.is_test,
            shopper_result_url: parameters.shopper_result_url.clone(),
            notification_url: parameters.notification_url.clone(),
            echo: parameters.echo.clone(),
            ..Online::default()
        })
    }
}

/// How much is asked for. This contract tells no tax.
pub(super) fn amount(parameters: &Parameters, currency: Currency) -> Result<Amount, Problem> {
    let minor = parameters.amount_minor(currency).ok_or_else(Problem::bug)?;
    let minor = minor.map_err(|code| Problem::parameter("amount", "is not possible", code))?;
    Ok(Amount { currency, total_minor: minor, vat_minor: 0, nominal_minor: minor })
}

/// A merchant's payment. What is another's is as unknown as what is nobody's.
pub(super) async fn find(
    platform: &Platform,
    entity: &Entity,
    id: &str,
) -> Result<Payment, Problem> {
    let found = payment_by_id(platform, id).await?;
    let found = found.filter(|payment| payment.merchant.customer == entity.name.customer);
    found.ok_or_else(|| Problem::of(ResultCode::NOT_FOUND))
}

/// A payment with all that is shown with it.
pub(super) fn view<'p>(
    platform: &Platform,
    payment: &'p Payment,
    entity_id: &'p str,
    headers: &HeaderMap,
) -> View<'p> {
    let base = platform.public_url.or_host(headers);
    View { payment, entity_id, redirect: redirect(platform, payment, &base) }
}

/// Where the payer has to go, while there is something to do there.
pub(super) fn redirect(platform: &Platform, payment: &Payment, base: &str) -> Option<Redirect> {
    let online = payment.online.as_ref().filter(|_| payment.result() == ResultCode::PENDING)?;
    if online.authentication == Some(Authentication::Awaited) {
        return Some(challenges::redirect(platform, payment, base));
    }
    let url = payment.told.redirect_url.clone()?;
    Some(Redirect { url, method: "GET", parameters: Vec::new() })
}

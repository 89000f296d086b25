//! The hosted page's till: what a payer sees of a checkout, and does with it, is this contract's
//! payments.

use axum::http::HeaderMap;
use engine::limits::PSP_ANSWER_WAIT_MAX;
use ledger::ids::Hasher;
use ledger::{Date, Fingerprint, Idempotency, Key};
use payments::result_code::Standing as Outcome;
use payments::{
    Brand as Scheme, Checkout, Command, Event, Extend, Method, Outcome as Done, Payee, Payment,
    PaymentKind, Psp, Refusal, ResultCode, Wake,
};

use super::cashier::{Made, Means, Order, decide, demanded, payment_by_number, psp_method, takes};
use super::problem::Problem;
use super::{Shop, checkouts, urls};
use crate::checkout::{
    Answer, Attempt, Decline, Ending, Fault, Field, Means as ChosenMeans, Mistake,
    Outcome as Attempted, Redirect, RedirectMethod, Standing, Till, Unanswered, View, Waiting, Way,
    Whose,
};

/// What the journal calls a payer.
const PAYER: &str = "payer";

impl Till for Shop {
    fn view<'t>(&'t self, id: &'t str) -> Answer<'t, Option<View>> {
        Box::pin(async move {
            let Some(checkout) = checkouts::by_id(self, id).await? else {
                return Ok(None);
            };
            let newest = self.newest(&checkout).await?;
            Ok(Some(self.seen(&checkout, newest.as_ref())))
        })
    }

    fn pay<'t>(&'t self, id: &'t str, attempt: Attempt) -> Answer<'t, Attempted> {
        Box::pin(async move {
            let found = checkouts::by_id(self, id).await?;
            let Some(checkout) = found else { return Ok(Attempted::Made) };
            self.attempt(checkout, attempt).await
        })
    }

    fn extend<'t>(&'t self, id: &'t str) -> Answer<'t, ()> {
        Box::pin(async move {
            let found = checkouts::by_id(self, id).await?;
            let Some(checkout) = found else { return Ok(()) };
            let command = Command::Extend(Extend { checkout: checkout.number });
            match self.platform.engine.submit(command).await {
                Ok(_) | Err(engine::SubmitError::Refused(_)) => Ok(()),
                Err(error) => Err(Problem::not_submitted(error).into()),
            }
        })
    }

    fn ask<'t>(&'t self, id: &'t str) -> Answer<'t, ()> {
        Box::pin(async move { self.wake(id, None).await })
    }

    fn cancel<'t>(&'t self, id: &'t str) -> Answer<'t, ()> {
        Box::pin(async move { self.wake(id, Some(Event::Cancel)).await })
    }
}

impl Shop {
    async fn newest(&self, checkout: &Checkout) -> Result<Option<Payment>, Unanswered> {
        let Some(number) = checkout.newest() else { return Ok(None) };
        Ok(payment_by_number(&self.platform, number).await?)
    }

    fn seen(&self, checkout: &Checkout, newest: Option<&Payment>) -> View {
        let (wanted, now) = (&checkout.wanted, self.platform.now());
        let directory = self.platform.engine.directory();
        let customer = estate::Customer::find(&directory, wanted.merchant.customer);
        let payee = Payee::find(&directory, wanted.merchant.customer);
        View {
            id: wanted.id.clone(),
            merchant: customer.map(|customer| customer.name).unwrap_or_default(),
            amount: super::frame::amount(wanted.amount.total_minor, wanted.amount.currency),
            currency: wanted.amount.currency.code().to_owned(),
            reference: wanted.online.merchant_transaction_id.clone(),
            ways: Self::ways(checkout, &payee),
            card_brands: vec![Scheme::Visa, Scheme::Master, Scheme::Amex],
            may_save_card: wanted.may_keep,
            is_test: self.is_test,
            left_ms: checkout.expires_at.0.saturating_sub(now.0),
            may_extend: checkout.extensions < payments::limits::CHECKOUT_EXTENSIONS_MAX,
            standing: self.standing(checkout, newest),
            framers: urls::framers(&payee),
            return_url: wanted.online.shopper_result_url.clone().unwrap_or_default(),
        }
    }

    /// The ways to pay: those that the merchant has, of the type and currency that is asked for.
    fn ways(checkout: &Checkout, payee: &Payee) -> Vec<Way> {
        let online = &checkout.wanted.online;
        let currency = checkout.wanted.amount.currency;
        let is_wanted = |word: &str| online.brand.is_empty() || online.brand == word;
        let has_card = online.brand.is_empty() || Scheme::parse(&online.brand).is_some();
        // Santander wants to know who borrows, which the page does not ask.
        let psps = [
            (Way::Swish, Psp::Swish, "SWISH"),
            (Way::Klarna, Psp::Klarna, "KLARNA"),
            (Way::Easy, Psp::Easy, "EASY"),
        ];
        let psps = psps.into_iter().filter(|(_, psp, word)| {
            let method = psp.method();
            let is_taken = method.takes_currency(currency) && takes(method, online.kind);
            payee.has(*psp) && is_wanted(word) && is_taken
        });
        let cards = has_card.then_some(Way::Card);
        cards.into_iter().chain(psps.map(|(brand, ..)| brand)).collect()
    }

    fn standing(&self, checkout: &Checkout, newest: Option<&Payment>) -> Standing {
        let is_expired = checkout.is_expired(self.platform.now());
        let Some(payment) = newest else {
            return if is_expired { Standing::Expired } else { Standing::Open(None) };
        };
        match payment.result().standing() {
            Outcome::Accepted | Outcome::AcceptedReview => Standing::Paid,
            Outcome::Pending => Standing::Waiting(self.waiting(payment)),
            Outcome::Rejected | Outcome::Chargeback if is_expired => Standing::Expired,
            Outcome::Rejected | Outcome::Chargeback => {
                Standing::Open(Some(ending(payment.result())))
            }
        }
    }

    fn waiting(&self, payment: &Payment) -> Waiting {
        let base = self.platform.public_url.or_host(&HeaderMap::new());
        if let Some(found) = super::payments::redirect(&self.platform, payment, &base) {
            let is_get = found.method == "GET";
            return Waiting::Elsewhere(Redirect {
                url: found.url,
                method: if is_get { RedirectMethod::Get } else { RedirectMethod::Post },
                parameters: found.parameters,
                whose: whose(payment.method),
            });
        }
        match (payment.method, &payment.told.token) {
            (Method::Swish, Some(token)) if payment.asked.is_qr() => {
                Waiting::Code { token: token.clone() }
            }
            (Method::Swish, _) if !payment.asked.is_qr() => Waiting::Phone,
            (
                Method::Swish
                | Method::Klarna
                | Method::Santander
                | Method::Easy
                | Method::CardLedger
                | Method::Card,
                _,
            ) => Waiting::Answer,
        }
    }

    async fn attempt(&self, checkout: Checkout, attempt: Attempt) -> Result<Attempted, Unanswered> {
        let Attempt { nonce, means } = attempt;
        let hasher = Hasher::new("checkout attempt").text(&checkout.wanted.id);
        let key = Key(hasher.text(&nonce).finish());
        let idempotency = Some(Idempotency { key, fingerprint: Fingerprint([0x0c; 16]) });
        let mut online = checkout.wanted.online.clone();
        online.checkout = Some(checkout.number);
        let mut is_code = false;
        let means = match means {
            ChosenMeans::Card { card, is_saved } => {
                if card.expiry.is_past(self.today(&checkout)?) {
                    let past = Mistake { field: Field::Year, fault: Fault::Past };
                    return Ok(Attempted::Refused(vec![past]));
                }
                online.authentication = demanded(self.is_test, &card.number, None, None);
                Means::Card { card, is_kept: is_saved && checkout.wanted.may_keep }
            }
            ChosenMeans::SwishPhone(number) => Means::Psp(Method::Swish, number),
            ChosenMeans::SwishCode => {
                is_code = true;
                Means::Psp(Method::Swish, String::new())
            }
            ChosenMeans::Hosted(brand) => match psp_method(word(brand)) {
                Some(method) => Means::Psp(method, String::new()),
                None => return Ok(Attempted::Made),
            },
        };
        if let Means::Psp(method, _) = &means {
            method.psp().map_or("", Psp::as_str).to_uppercase().clone_into(&mut online.brand);
        }
        let order = Order {
            kind: PaymentKind::Payment,
            merchant: checkout.wanted.merchant.clone(),
            amount: checkout.wanted.amount,
            online,
            means,
            is_code,
            original: None,
            checkout: Some(Box::new(checkout)),
            actor: PAYER.to_owned(),
            idempotency,
        };
        self.made(order).await
    }

    async fn made(&self, order: Order) -> Result<Attempted, Unanswered> {
        let command = super::cashier::command(&self.platform, order).await?;
        match decide(&self.platform, command).await {
            // Where another attempt is under way, has paid, or time is over, the page shows it.
            Ok(Made::Now(_) | Made::Before(_))
            | Err(engine::SubmitError::Refused(
                Refusal::CheckoutBusy | Refusal::CheckoutExpired | Refusal::IdempotencyKeyReused,
            )) => Ok(Attempted::Made),
            Err(engine::SubmitError::Refused(_)) => {
                let mistake = Mistake { field: Field::Number, fault: Fault::Unknown };
                Ok(Attempted::Refused(vec![mistake]))
            }
            Err(
                error @ (engine::SubmitError::Overloaded
                | engine::SubmitError::NotDone
                | engine::SubmitError::Unknown
                | engine::SubmitError::Bug),
            ) => Err(Problem::not_submitted(error).into()),
        }
    }

    fn today(&self, checkout: &Checkout) -> Result<Date, Unanswered> {
        let (directory, now) = (self.platform.engine.directory(), self.platform.now());
        let company = directory.company(&checkout.wanted.merchant.company);
        company.map(|company| company.day_of(now)).ok_or_else(|| Problem::bug().into())
    }

    /// Has the PSP asked about the payment that is under way, and told to end it where that is
    /// wanted.
    async fn wake(&self, id: &str, ends_as: Option<Event>) -> Result<(), Unanswered> {
        let found = checkouts::by_id(self, id).await?;
        let Some(checkout) = found else { return Ok(()) };
        let Some(payment) = self.newest(&checkout).await? else { return Ok(()) };
        if payment.result().standing() != Outcome::Pending {
            return Ok(());
        }
        let command = match (payment.method.psp(), ends_as) {
            (Some(_), ends_as) => {
                Command::Wake(Wake { payment: payment.number, reference: None, ends_as })
            }
            (None, Some(_)) => Command::Authenticate(payments::Authenticate {
                payment: Box::new(payment.clone()),
                proof: payments::Proof::Cancelled,
            }),
            (None, None) => return Ok(()),
        };
        match self.platform.engine.submit(command).await {
            Ok(payments::Answer { done: Done::Payment(woken, _), .. }) => {
                self.platform.desk.hurry(*woken, PSP_ANSWER_WAIT_MAX).await;
                Ok(())
            }
            // Nothing can come of it any more, or something else is being done.
            Ok(_) | Err(engine::SubmitError::Refused(_)) => Ok(()),
            Err(error) => Err(Problem::not_submitted(error).into()),
        }
    }
}

/// The till does not say why it does not answer; the log does.
impl From<Problem> for Unanswered {
    fn from(problem: Problem) -> Unanswered {
        let (code, detail) = problem.told();
        tracing::warn!(code, detail, "a payer's page has no answer");
        Unanswered
    }
}

fn word(way: Way) -> &'static str {
    match way {
        Way::Card => "",
        Way::Swish => "SWISH",
        Way::Klarna => "KLARNA",
        Way::Easy => "EASY",
        Way::Santander => "SANTANDER",
    }
}

fn whose(method: Method) -> Whose {
    match method {
        Method::Swish => Whose::Way(Way::Swish),
        Method::Klarna => Whose::Way(Way::Klarna),
        Method::Easy => Whose::Way(Way::Easy),
        Method::Santander => Whose::Way(Way::Santander),
        Method::CardLedger | Method::Card => Whose::Bank,
    }
}

/// What a payer is told of a payment that came to nothing.
fn ending(code: ResultCode) -> Ending {
    let decline = match code {
        ResultCode::CANCELLED_BY_PAYER => return Ending::Cancelled,
        ResultCode::PAYER_TIMED_OUT | ResultCode::PAYER_LEFT => return Ending::TimedOut,
        ResultCode::DECLINED_FUNDS | ResultCode::DECLINED_CREDIT => Decline::Funds,
        ResultCode::CARD_EXPIRED | ResultCode::DECLINED_EXPIRY => Decline::CardExpired,
        ResultCode::DECLINED_STOLEN
        | ResultCode::DECLINED_LOST
        | ResultCode::DECLINED_RESTRICTED
        | ResultCode::DECLINED_PICK_UP => Decline::CardBlocked,
        ResultCode::CHALLENGE_FAILED | ResultCode::SOFT_DECLINE => Decline::NotAuthenticated,
        ResultCode::DECLINED_CVV | ResultCode::DECLINED_CARD => Decline::Details,
        ResultCode::ACQUIRER_ERROR | ResultCode::ACQUIRER_TIMED_OUT => Decline::Unavailable,
        _ => Decline::Refused,
    };
    Ending::Declined(decline)
}

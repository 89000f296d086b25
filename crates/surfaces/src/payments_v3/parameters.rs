//! The parameters of requests: what each may say, what is wrong with those that say something else,
//! and what is left of them afterwards.
//!
//! Invariant: no verification code (CVV) leaves this module, and a card number leaves it only as a
//! [`CardNumber`](payments::CardNumber). Parameters that the contract does not name are ignored.

mod faults;
mod format;
mod name;
mod required;
mod schema;
mod sent;
mod table;
#[cfg(test)]
mod tests;
mod together;

use ledger::{Currency, Date, Decimal};
use payments::test_cards::ThreeDSecure;
use payments::{PaymentType, ResultCode};

use self::faults::Faults;
use self::sent::Sent;
use super::form::Form;
use crate::checkout::CardEntry;

pub(crate) use self::faults::{BadParameter, BadParameters};
pub(crate) use self::required::Operation;
pub(crate) use self::schema::form as form_schema;

/// What a request asks for, checked.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// `paymentType`.
    pub(crate) payment_type: Option<PaymentType>,
    /// `paymentBrand`; where that was left out and a card was sent, the card's.
    pub(crate) brand: Option<String>,
    /// `amount`, above zero. Its minor units are told by [`Parameters::amount_minor`].
    pub(crate) amount: Option<Decimal>,
    /// `currency`, which follow-ups may leave out.
    pub(crate) currency: Option<Currency>,
    /// `merchantTransactionId`.
    pub(crate) merchant_transaction_id: Option<String>,
    /// The card, where one was sent whole.
    pub(crate) card: Option<CardEntry>,
    /// `virtualAccount.accountId`.
    pub(crate) virtual_account_id: Option<String>,
    /// `customer.mobile`.
    pub(crate) customer_mobile: Option<String>,
    /// `createRegistration`.
    pub(crate) creates_registration: bool,
    /// `testMode`.
    pub(crate) test_mode: Option<TestMode>,
    /// `shopperResultUrl`.
    pub(crate) shopper_result_url: Option<String>,
    /// `notificationUrl`.
    pub(crate) notification_url: Option<String>,
    /// `customParameters[3DS2_enrolled]`: whether a test wants 3-D Secure.
    pub(crate) is_enrolled: Option<bool>,
    /// `customParameters[3DS2_flow]`: how a test wants the issuer to answer.
    pub(crate) flow: Option<ThreeDSecure>,
    /// What is shown again as it was sent, by its dotted name and in its order.
    pub(crate) echo: Vec<(String, String)>,
}

/// Which stand-in for an acquirer a test wants (`testMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestMode {
    /// The platform's own.
    Internal,
    /// The acquirer's test system.
    External,
}

impl Parameters {
    /// Reads the parameters of a request. `today` decides which cards have expired.
    ///
    /// # Errors
    /// All that is wrong with them: those that were sent in their order, then those that are
    /// missing.
    pub(crate) fn read(
        form: &Form,
        operation: Operation,
        today: Date,
    ) -> Result<Parameters, BadParameters> {
        let mut faults = Faults::new(form);
        let sent = Sent::read(form, &mut faults);
        let card = together::check(&sent, operation, today, &mut faults);
        required::check(&sent, operation, &mut faults);
        faults.finish()?;
        Ok(Parameters {
            payment_type: sent.payment_type(),
            brand: sent.brand_with(card.as_ref()),
            amount: sent.amount(),
            currency: sent.currency(),
            merchant_transaction_id: sent.owned("merchantTransactionId"),
            card,
            virtual_account_id: sent.owned("virtualAccount.accountId"),
            customer_mobile: sent.owned("customer.mobile"),
            creates_registration: sent.text("createRegistration") == Some("true"),
            test_mode: sent.text("testMode").and_then(TestMode::parse),
            shopper_result_url: sent.owned("shopperResultUrl"),
            notification_url: sent.owned("notificationUrl"),
            is_enrolled: sent.text("customParameters[3DS2_enrolled]").and_then(truth),
            flow: sent.text("customParameters[3DS2_flow]").and_then(flow),
            echo: sent.echo(),
        })
    }

    /// The amount in minor units of its currency: the one that was sent, or else this one.
    ///
    /// # Errors
    /// 100.550.303 where the currency has fewer decimals than were sent, 100.550.301 where it is
    /// more than a payment may be.
    pub(crate) fn amount_minor(&self, currency: Currency) -> Option<Result<i64, ResultCode>> {
        self.amount.map(|amount| together::minor(amount, self.currency.unwrap_or(currency)))
    }
}

impl TestMode {
    fn parse(word: &str) -> Option<TestMode> {
        match word {
            "INTERNAL" => Some(TestMode::Internal),
            "EXTERNAL" => Some(TestMode::External),
            _ => None,
        }
    }
}

fn truth(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn flow(word: &str) -> Option<ThreeDSecure> {
    match word {
        "challenge" => Some(ThreeDSecure::Challenge),
        "frictionless" => Some(ThreeDSecure::Frictionless),
        _ => None,
    }
}

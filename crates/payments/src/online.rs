//! What payments v3 says of a payment beside what every contract says: its second face.

use ledger::{CardExpiry, Fields, MaskedPan};

use crate::payment::{Payment, number, truth};
use crate::result_code::ResultCode;
use crate::state::{Event, State};

/// A payment as payments v3 knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Online {
    /// What was asked for (`paymentType`).
    pub kind: PaymentType,
    /// With what (`paymentBrand`), as it is shown: `VISA`, `SWISH`.
    pub brand: String,
    /// The merchant's own name for it (`merchantTransactionId`).
    pub merchant_transaction_id: Option<String>,
    /// What a follow-up names (`referencedId`): 32 lower-case hexadecimal digits.
    pub referenced: Option<String>,
    /// The card, as far as it may be shown.
    pub card: Option<CardShown>,
    /// The token that was made of the card, or with which it was paid (`registrationId`).
    pub registration: Option<String>,
    /// Whether no real money can move: told by the result code.
    pub is_test: bool,
    /// Where the payer's browser goes afterwards (`shopperResultUrl`).
    pub shopper_result_url: Option<String>,
    /// Where this payment's changes are told, beside the merchant's endpoints (`notificationUrl`).
    pub notification_url: Option<String>,
    /// The checkout that it belongs to.
    pub checkout: Option<i64>,
    /// How the payer proves who they are, where they have to (3-D Secure).
    pub authentication: Option<Authentication>,
    /// Everything else that was sent and is shown again, by its dotted name, in its order. Never a
    /// card's number or code.
    pub echo: Vec<(String, String)>,
    /// What it came to, where that was decided here; otherwise it follows from the state.
    pub result: Option<ResultCode>,
    /// Whether another payment has taken over the merchant's own name for it.
    pub is_displaced: bool,
}

/// The payment types that are served (`paymentType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentType {
    /// Preauthorization: the money is held.
    Preauthorization,
    /// Debit: the money is taken at once.
    #[default]
    Debit,
    /// Credit: money is given without anything having been taken.
    Credit,
    /// Capture of what is held, or a part of it.
    Capture,
    /// Refund of what was taken, or a part of it.
    Refund,
    /// Reversal of all that is left.
    Reversal,
    /// Rebill: another debit of the payer of an earlier payment.
    Rebill,
}

/// What is kept and shown of a card (`card`): never its number, nor its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardShown {
    /// First six and last four digits.
    pub number: MaskedPan,
    /// Who it is issued to.
    pub holder: Option<String>,
    /// The last month in which it is good.
    pub expiry: CardExpiry,
}

/// How a payer proves who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The issuer asks the payer, and has not told yet.
    Awaited,
    /// The payer has proved it, asked by the issuer.
    Passed,
    /// The issuer vouched for the payer without asking.
    Frictionless,
    /// The payer could not.
    Failed,
}

impl PaymentType {
    /// All of them.
    pub const ALL: [PaymentType; 7] = [
        PaymentType::Preauthorization,
        PaymentType::Debit,
        PaymentType::Credit,
        PaymentType::Capture,
        PaymentType::Refund,
        PaymentType::Reversal,
        PaymentType::Rebill,
    ];

    /// The contract's two letters.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentType::Preauthorization => "PA",
            PaymentType::Debit => "DB",
            PaymentType::Credit => "CD",
            PaymentType::Capture => "CP",
            PaymentType::Refund => "RF",
            PaymentType::Reversal => "RV",
            PaymentType::Rebill => "RB",
        }
    }

    /// Reads those letters.
    pub fn parse(word: &str) -> Option<PaymentType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it takes the payer's money, sooner or later.
    pub fn is_payment(self) -> bool {
        match self {
            PaymentType::Preauthorization | PaymentType::Debit | PaymentType::Rebill => true,
            PaymentType::Credit
            | PaymentType::Capture
            | PaymentType::Refund
            | PaymentType::Reversal => false,
        }
    }
}

impl Authentication {
    /// All of them.
    pub const ALL: [Authentication; 4] = [
        Authentication::Awaited,
        Authentication::Passed,
        Authentication::Frictionless,
        Authentication::Failed,
    ];

    /// The word used in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Authentication::Awaited => "awaited",
            Authentication::Passed => "passed",
            Authentication::Frictionless => "frictionless",
            Authentication::Failed => "failed",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Authentication> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

impl CardShown {
    /// Reads fields.
    pub fn of(fields: &Fields) -> Option<CardShown> {
        Some(CardShown {
            number: MaskedPan { bin: fields.owned("bin")?, last4: fields.owned("last4")? },
            holder: fields.owned("holder"),
            expiry: CardExpiry {
                year: u16::try_from(fields.number("expiry_year")?).ok()?,
                month: u8::try_from(fields.number("expiry_month")?).ok()?,
            },
        })
    }

    /// As fields of a document.
    pub fn fields(&self) -> Fields {
        Fields::default()
            .with("bin", Some(&self.number.bin))
            .with("last4", Some(&self.number.last4))
            .with("holder", self.holder.as_ref())
            .with("expiry_year", number(i64::from(self.expiry.year)))
            .with("expiry_month", number(i64::from(self.expiry.month)))
    }
}

impl Online {
    /// Whether the money is held until it is captured.
    pub fn is_preauthorization(&self) -> bool {
        self.kind == PaymentType::Preauthorization
    }

    /// Reads fields. `None` where there are none.
    pub fn of(fields: &Fields) -> Option<Online> {
        let count = fields.number("echo").and_then(|count| usize::try_from(count).ok());
        let echo = |at: usize| {
            let name = fields.owned(&format!("echo.{at}.name"))?;
            Some((name, fields.owned(&format!("echo.{at}.value"))?))
        };
        Some(Online {
            kind: PaymentType::parse(fields.text("kind")?)?,
            brand: fields.owned("brand")?,
            merchant_transaction_id: fields.owned("merchant_transaction_id"),
            referenced: fields.owned("referenced"),
            card: CardShown::of(&fields.under("card.")),
            registration: fields.owned("registration"),
            is_test: fields.is_true("is_test"),
            shopper_result_url: fields.owned("shopper_result_url"),
            notification_url: fields.owned("notification_url"),
            checkout: fields.number("checkout"),
            authentication: fields.text("authentication").and_then(Authentication::parse),
            echo: (0..count.unwrap_or(0)).filter_map(echo).collect(),
            result: fields.text("result").and_then(ResultCode::parse),
            is_displaced: fields.is_true("is_displaced"),
        })
    }

    /// As fields of a document.
    pub fn fields(&self) -> Fields {
        let count = i64::try_from(self.echo.len()).ok().filter(|count| *count > 0);
        let echo = self.echo.iter().enumerate().flat_map(|(at, (name, value))| {
            [(format!("echo.{at}.name"), name), (format!("echo.{at}.value"), value)]
        });
        let card = self.card.as_ref().map(CardShown::fields).unwrap_or_default();
        Fields::default()
            .with("kind", Some(self.kind.as_str()))
            .with("brand", Some(&self.brand))
            .with("merchant_transaction_id", self.merchant_transaction_id.as_ref())
            .with("referenced", self.referenced.as_ref())
            .with("registration", self.registration.as_ref())
            .with("is_test", truth(self.is_test))
            .with("shopper_result_url", self.shopper_result_url.as_ref())
            .with("notification_url", self.notification_url.as_ref())
            .with("checkout", number(self.checkout))
            .with("authentication", self.authentication.map(Authentication::as_str))
            .with("echo", number(count))
            .with("result", self.result.map(ResultCode::as_str))
            .with("is_displaced", truth(self.is_displaced))
            .with_all("", &echo.collect())
            .with_all("card.", &card)
    }
}

impl Payment {
    /// What payments v3 says that it has come to (`result.code`). What has succeeded once stays so,
    /// whatever is done with it later; what nobody knows is pending.
    pub fn result(&self) -> ResultCode {
        let online = self.online.as_ref();
        if let Some(result) = online.and_then(|online| online.result) {
            return result;
        }
        let is_success =
            |event| matches!(event, Event::Reserve | Event::Authorize | Event::Finalize);
        if self.transitions.iter().any(|transition| is_success(transition.event)) {
            let is_test = online.is_some_and(|online| online.is_test);
            return if is_test { ResultCode::SUCCESS_TEST } else { ResultCode::SUCCESS };
        }
        match self.state {
            State::Initialized
            | State::Pending
            | State::Stale
            // Not reached: a payment comes here only by an event of success.
            | State::Authorized
            | State::Reserved
            | State::Finalized
            | State::Reported => ResultCode::PENDING,
            State::Rejected => ResultCode::DECLINED,
            State::Cancelled => ResultCode::CANCELLED_BY_PAYER,
            State::Failed => ResultCode::ACQUIRER_ERROR,
            State::TimedOut => ResultCode::PAYER_LEFT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let card = CardShown {
            number: MaskedPan { bin: "420000".to_owned(), last4: "0000".to_owned() },
            holder: Some("Ågot Öst".to_owned()),
            expiry: CardExpiry { year: 2034, month: 5 },
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for kind in PaymentType::ALL {
            let online = Online {
                kind,
                brand: "VISA".to_owned(),
                merchant_transaction_id: Some("order 4711".to_owned()),
                card: Some(card.clone()),
                checkout: Some(7),
                authentication: Some(Authentication::Awaited),
                echo: vec![pair("customer.email", "a@b.se"), pair("billing.city", "Luleå")],
                is_test: true,
                ..Online::default()
            };
            assert_eq!(Online::of(&online.fields()), Some(online));
            assert_eq!(PaymentType::parse(kind.as_str()), Some(kind));
        }
        let bare = Online { brand: "SWISH".to_owned(), ..Online::default() };
        assert_eq!(Online::of(&bare.fields()), Some(bare));
        assert_eq!(Online::of(&Fields::default()), None);
        for word in Authentication::ALL {
            assert_eq!(Authentication::parse(word.as_str()), Some(word));
        }
    }
}

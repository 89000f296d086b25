//! The payment: one aggregate for payments, refunds and reversals over every method.

use ledger::document::Kind;
use ledger::{Currency, Document, DocumentId, Timestamp};

use crate::limits::{TOLD_CHARS_MAX, TRANSITIONS_MAX};
use crate::method::Method;
use crate::online::Online;
use crate::order::Order;
use crate::report::{Operation, Told};
use crate::state::{Event, State};

/// A payment, a refund or a reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The row that created it; what callers know it by (AAPay, `transactionId`).
    pub number: i64,
    /// Which of the three.
    pub kind: PaymentKind,
    /// How.
    pub method: Method,
    /// Whose.
    pub merchant: MerchantName,
    /// How much.
    pub amount: Amount,
    /// What the caller said of it.
    pub asked: Asked,
    /// What a refund or reversal is about.
    pub original: Option<i64>,
    /// What it is called at the PSP by us: 32 upper-case hexadecimal digits, drawn once, so that
    /// a repeated request is recognized there.
    pub instruction: String,
    /// Where it is.
    pub state: State,
    /// How it came there, oldest first.
    pub transitions: Vec<Transition>,
    /// What the PSP told of it so far.
    pub told: Told,
    /// What was taken, in minor units.
    pub captured_minor: i64,
    /// What was taken, part by part, where the payment was decided here.
    pub captures: Vec<Captured>,
    /// What refunds and reversals have claimed of it, in minor units, whether or not they are done.
    pub refunded_minor: i64,
    /// The newest reversal of it that was not refused.
    pub reversal: Option<i64>,
    /// What has to be done at the PSP next.
    pub task: Option<Task>,
    /// How it ends if the PSP confirms that no money has moved: what a call of the PSP's, or the
    /// payer's return, has told. It is not believed before.
    pub ends_as: Option<Event>,
    /// Whether the PSP has said that it has it.
    pub is_placed: bool,
    /// How many of the attempts at its task certainly never left. As long as these are all, the PSP
    /// cannot have it.
    pub unsent: i64,
    /// Why people have to look at it.
    pub attention: Option<String>,
    /// The batch report that has it.
    pub report: Option<i64>,
    /// What payments v3 says of it, where it came in there.
    pub online: Option<Online>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
}

/// The kinds: three of AAPay (`{type}`), and two that payments v3 has beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentKind {
    /// Takes money from the payer.
    Payment,
    /// Gives back all or part of what was taken.
    Refund,
    /// Undoes the whole payment before it is reported.
    Reversal,
    /// Takes what is held, or a part of it (payments v3, CP).
    Capture,
    /// Gives money without anything having been taken (payments v3, CD).
    Credit,
}

/// What was taken of a payment at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// What the capture is called: the instruction of the payment, or of what asked for it.
    pub instruction: String,
    /// How much, in minor units.
    pub minor: i64,
    /// How much of it was given back, in minor units.
    pub refunded_minor: i64,
}

/// Names the merchant in every way that is needed to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantName {
    /// The customer's number.
    pub customer: i64,
    /// What alternative payments call it.
    pub merchant_id: String,
    /// Its company on the ledger.
    pub company: String,
    /// Its seller there.
    pub seller: String,
}

/// An amount with its tax, in minor units (AAPay, `purchaseAmount`).
///
/// Invariant: `nominal_minor + vat_minor = total_minor`, none is negative, and the total is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The currency, which has two decimals.
    pub currency: Currency,
    /// With tax.
    pub total_minor: i64,
    /// The tax.
    pub vat_minor: i64,
    /// Without tax.
    pub nominal_minor: i64,
}

/// What the caller said, and gets back as it said it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A phone number, a card token, an organisation number.
    pub consumer_id: String,
    /// The payer's name.
    pub consumer_name: String,
    /// The caller's own name for it.
    pub terminal_reference: Option<String>,
    /// The caller's name for what a refund or reversal is about.
    pub original_reference: Option<String>,
    /// For the payer.
    pub message: Option<String>,
    /// `0` or `2` (AAPay, `trigger`), as it was sent.
    pub trigger: Option<String>,
    /// The caller's batch.
    pub batch: Option<i64>,
    /// What came in `ecr2Naa`, where it came.
    pub register: Option<Register>,
    /// Additional properties, in their order.
    pub properties: Vec<(String, String)>,
}

/// What a cash register sends along (AAPay, `ecr2Naa`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// The version of what it sends.
    pub version: Option<String>,
    /// Its own reference.
    pub reference: Option<String>,
    /// The language of the terminal.
    pub language: Option<String>,
    /// Whether to take the money at once, as it was sent.
    pub auto_capture: Option<String>,
    /// What is bought.
    pub order: Option<Order>,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// From where; `None` for the first.
    pub from: Option<State>,
    /// What happened.
    pub event: Event,
    /// Through what.
    pub cause: Cause,
}

/// Through what a state changed (AAPay, `channel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A call of the merchant's.
    Call,
    /// What the PSP called to tell, and was then asked about.
    Callback,
    /// A timer or our own asking.
    Internal,
}

/// Something to be done at the PSP. A task is there as long as something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// What.
    pub operation: Operation,
    /// When. Until then it is left to who has begun it.
    pub due_at: Timestamp,
    /// How often it was begun.
    pub attempts: i64,
    /// Through what it became due.
    pub cause: Cause,
}

/// Payments with a task, in the order of their numbers.
pub const TASKS: &str = "payments.tasks";

/// Payments that people have to look at.
pub const ATTENTION: &str = "payments.attention";

/// All payments.
pub const PAYMENTS: &str = "payments";

impl PaymentKind {
    /// All of them.
    pub const ALL: [PaymentKind; 5] = [
        PaymentKind::Payment,
        PaymentKind::Refund,
        PaymentKind::Reversal,
        PaymentKind::Capture,
        PaymentKind::Credit,
    ];

    /// Those of the AAPay contract.
    pub const AAPAY: [PaymentKind; 3] =
        [PaymentKind::Payment, PaymentKind::Refund, PaymentKind::Reversal];

    /// The word used in rows; of the first three, the contract's.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentKind::Payment => "payment",
            PaymentKind::Refund => "refund",
            PaymentKind::Reversal => "reversal",
            PaymentKind::Capture => "capture",
            PaymentKind::Credit => "credit",
        }
    }

    /// Whether what is done at the PSP for it may be done to what it is about: a capture takes from
    /// the original, a reversal may end it.
    pub fn is_about_its_original(self) -> bool {
        match self {
            PaymentKind::Reversal | PaymentKind::Capture => true,
            PaymentKind::Payment | PaymentKind::Refund | PaymentKind::Credit => false,
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<PaymentKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Reads the word of AAPay, or its older name `purchase`.
    pub fn parse_aapay(word: &str) -> Option<PaymentKind> {
        if word == "purchase" {
            return Some(PaymentKind::Payment);
        }
        Self::AAPAY.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 3] = [Cause::Call, Cause::Callback, Cause::Internal];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Call => "WS_REST",
            Cause::Callback => "WS_REST_CALLBACK",
            Cause::Internal => "INTERNAL",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Cause> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

impl Asked {
    /// Whether the payer shall read a code (AAPay, `trigger` 2).
    pub fn is_qr(&self) -> bool {
        self.trigger.as_deref() == Some("2")
    }

    /// Whether the money shall be taken at once where the method could wait (`autoCapture`).
    pub fn is_auto_capture(&self) -> bool {
        let chosen = self.register.as_ref().and_then(|register| register.auto_capture.as_deref());
        chosen.is_some_and(|chosen| chosen.eq_ignore_ascii_case("true"))
    }

    /// The order, where there is one.
    pub fn order(&self) -> Option<&Order> {
        self.register.as_ref().and_then(|register| register.order.as_ref())
    }

    /// An additional property.
    pub fn property(&self, key: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    }
}

impl Payment {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Payment.id(number)
    }

    /// The name that leads to a merchant's payment of a kind by the caller's own reference, until
    /// it is final.
    pub fn reference_name(customer: i64, kind: PaymentKind, reference: &str) -> String {
        format!("payment:{customer}/{}/{reference}", kind.as_str())
    }

    /// The name that leads to a payment by what payments v3 calls it: [`Payment::online_id`].
    pub fn online_name(id: &str) -> String {
        format!("payment.id:{id}")
    }

    /// The name by which a merchant's own name for it is found taken (payments v3,
    /// `merchantTransactionId`): with the type and the amount. Not where it has none, or asks for
    /// something that may come twice.
    pub fn transaction_name(customer: i64, online: &Online, amount: Amount) -> Option<String> {
        let id = online.merchant_transaction_id.as_ref().filter(|_| !online.is_displaced)?;
        let (kind, minor) = (online.kind.as_str(), amount.total_minor);
        let currency = amount.currency.code();
        Some(format!("payment.merchant:{customer}/{kind}/{minor}/{currency}/{id}"))
    }

    /// The list of a merchant's payments of payments v3 that it calls so
    /// (`merchantTransactionId`), whatever became of them.
    pub fn transaction_list(customer: i64, id: &str) -> String {
        format!("payments.merchant:{customer}/{id}")
    }

    /// The list of what followed from a payment of payments v3 (`referencedId`).
    pub fn linked_list(customer: i64, id: &str) -> String {
        format!("payments.linked:{customer}/{id}")
    }

    /// Whether it has come to what was asked for.
    pub fn is_successful(&self) -> bool {
        let is_held = matches!(self.state, State::Reserved | State::Authorized);
        is_held || self.state.is_committed()
    }

    /// What payments v3 calls it: 32 lower-case hexadecimal digits.
    pub fn online_id(&self) -> String {
        self.instruction.to_lowercase()
    }

    /// The list of all payments of a merchant.
    pub fn merchant_list(customer: i64) -> String {
        format!("payments.of:{customer}")
    }

    /// The list of a merchant's payments that no batch report has yet and that may come into one.
    pub fn unreported_list(customer: i64) -> String {
        format!("payments.unreported:{customer}")
    }

    /// The list of a merchant's payments with a reference, final ones included.
    pub fn reference_list(customer: i64, reference: &str) -> String {
        format!("payments.reference:{customer}/{reference}")
    }

    /// Whether the money is taken at once where the method could wait. A loan always waits for
    /// delivery.
    pub fn is_taken_at_once(&self) -> bool {
        match self.method {
            Method::Swish => true,
            Method::Klarna | Method::Easy | Method::CardLedger | Method::Card => {
                let online = self.online.as_ref();
                online.map_or_else(|| self.asked.is_auto_capture(), |it| !it.is_preauthorization())
            }
            Method::Santander => false,
        }
    }

    /// Whether it may be taken part by part, for as long as it is held: a preauthorization of
    /// payments v3, on a card.
    pub fn is_taken_in_parts(&self) -> bool {
        let is_held = self.online.as_ref().is_some_and(Online::is_preauthorization);
        is_held && self.kind == PaymentKind::Payment && self.method.psp().is_none()
    }

    /// What is held and can still be taken, in minor units.
    pub fn capturable_minor(&self) -> i64 {
        self.amount.total_minor.saturating_sub(self.captured_minor)
    }

    /// Whether a reversal of it releases what is held, in place of giving back what was taken.
    pub fn is_void_to_come(&self) -> bool {
        !self.state.is_committed() || (self.is_taken_in_parts() && self.capturable_minor() > 0)
    }

    /// How much a reversal of it is about, in minor units: what is held, or what was taken.
    pub fn reversible_minor(&self) -> i64 {
        if self.is_void_to_come() { self.capturable_minor() } else { self.captured_minor }
    }

    /// Whether a batch report takes it in. What is taken part by part is reported by the captures,
    /// and everything else by itself.
    pub fn is_reportable(&self) -> bool {
        match self.kind {
            PaymentKind::Payment => !self.is_taken_in_parts(),
            PaymentKind::Capture => self.method.psp().is_none(),
            PaymentKind::Refund | PaymentKind::Reversal | PaymentKind::Credit => true,
        }
    }

    /// What could still be given back, in minor units.
    pub fn refundable_minor(&self) -> i64 {
        self.captured_minor.saturating_sub(self.refunded_minor)
    }

    /// Changes the state. False, and nothing done, where the table does not allow it.
    pub fn pass(&mut self, event: Event, cause: Cause, now: Timestamp) -> bool {
        let from = self.transitions.last().map(|_| self.state);
        let Some(to) = State::after(from, event) else { return false };
        if self.transitions.len() >= TRANSITIONS_MAX {
            return false;
        }
        self.transitions.push(Transition { at: now, from, event, cause });
        self.state = to;
        self.changed_at = now;
        true
    }

    /// Takes over what the PSP told. What it does not tell stays.
    pub fn hear(&mut self, told: Told) {
        let Told { reference, second_reference, payer, redirect_url, token, info } = told;
        let take = |mine: &mut Option<String>, theirs: Option<String>| {
            if let Some(theirs) = theirs {
                *mine = Some(theirs.chars().take(TOLD_CHARS_MAX).collect());
            }
        };
        take(&mut self.told.reference, reference);
        take(&mut self.told.second_reference, second_reference);
        take(&mut self.told.payer, payer);
        take(&mut self.told.redirect_url, redirect_url);
        take(&mut self.told.token, token);
        take(&mut self.told.info, info);
    }
}

mod document;

impl Payment {
    /// Reads a document.
    pub fn of(document: &Document) -> Option<Payment> {
        document::payment(document)
    }

    /// As a document.
    pub fn document(&self) -> Document {
        document::document(self)
    }
}

/// Says a number as a field does.
pub(crate) fn number(number: impl Into<Option<i64>>) -> Option<String> {
    number.into().map(|number| number.to_string())
}

/// Says a time as a field does.
pub(crate) fn time(at: impl Into<Option<Timestamp>>) -> Option<String> {
    at.into().map(|at| at.0.to_string())
}

/// Says a truth as a field does: what is not so is absent.
pub(crate) fn truth(is_so: bool) -> Option<&'static str> {
    is_so.then_some("true")
}

#[cfg(test)]
mod tests;

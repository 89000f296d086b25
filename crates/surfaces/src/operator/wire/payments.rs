//! Payments, refunds and reversals over PSPs.

use ledger::Decimal;
use ledger::money::format_minor;
use payments::limits::TEXT_CHARS_MAX;
use payments::payment::{ATTENTION, PAYMENTS};
use payments::{Operation, Payment, PaymentKind, Psp, State, Task, Transition};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::customers::customer_id;
use crate::http::fields::{FromObject, Object, Params, decimal, lines};

/// Shortest names of payers of which the last four, and the last two, characters are shown.
const FOUR_SHOWN_FROM_CHARS: usize = 8;
const TWO_SHOWN_FROM_CHARS: usize = 4;

/// How much to take of what is reserved.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewCapture {
    /// In major units; all of it when absent. What is not taken is released.
    #[schema(value_type = Option<String>, pattern = "^[0-9]+(\\.[0-9]+)?$", example = "300.00")]
    pub(in crate::operator) amount: Option<Decimal>,
}

/// What people have found.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct Finding {
    /// For people, and for the journal.
    #[schema(min_length = 1, max_length = 255, example = "Paid out by hand, case 4711")]
    pub(in crate::operator) note: String,
}

/// Which payments are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct PaymentFilter {
    /// Those of this merchant; not those of customers below it.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Those in this state.
    #[param(value_type = Option<String>, example = "RESERVED")]
    state: Option<State>,
    /// `payment`, `refund` or `reversal`.
    #[param(value_type = Option<String>, pattern = "^(payment|refund|reversal)$")]
    kind: Option<PaymentKind>,
    /// Whether people have to look at them.
    needs_attention: Option<bool>,
}

/// A payment, a refund or a reversal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(in crate::operator) struct PaymentBody {
    /// Names it; the transaction id of alternative payments.
    #[schema(example = "4711")]
    id: String,
    /// `payment`, `refund` or `reversal`.
    #[schema(example = "payment")]
    kind: &'static str,
    /// `SWISH_E_COM`, `KLARNA`, `SANTANDER`, `EASY` or `CARD_LEDGER`.
    #[schema(example = "KLARNA")]
    method: &'static str,
    /// The PSP behind the method; `null` where it is our own ledger.
    #[schema(example = "klarna")]
    psp: Option<&'static str>,
    /// Whose it is.
    customer_id: i64,
    /// What alternative payments call that merchant.
    merchant_id: String,
    /// With tax, in major units.
    #[schema(example = "300.00")]
    amount: String,
    /// The tax in it.
    #[schema(example = "60.00")]
    vat_amount: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// What was taken, or given back where it is a refund or reversal.
    captured_amount: String,
    /// What refunds and reversals have claimed of it, whether or not they are done.
    refunded_amount: String,
    /// `INITIALIZED`, `AUTHORIZED`, `FINALIZED`, `REPORTED`, `STALE`, `PENDING`, `REJECTED`,
    /// `CANCELLED`, `FAILED`, `RESERVED` or `TIMEDOUT`.
    #[schema(example = "RESERVED")]
    state: &'static str,
    /// `COMMIT` once funds have changed owner, `ROLLBACK` otherwise.
    #[schema(example = "ROLLBACK")]
    account_state: &'static str,
    /// How it came to its state, oldest first.
    transitions: Vec<TransitionBody>,
    /// What a refund or reversal is about.
    original_id: Option<String>,
    /// The newest reversal of it that was not refused.
    reversal_id: Option<String>,
    /// The merchant's own name for it.
    terminal_reference: Option<String>,
    /// The merchant's own name for what it is about.
    original_reference: Option<String>,
    /// The payer, but for the last characters: a phone number, a card token, an organisation
    /// number.
    #[schema(example = "…4567")]
    consumer_id: String,
    /// What the PSP calls it.
    psp_reference: Option<String>,
    /// What the PSP calls the order, charge or transfer behind it.
    psp_second_reference: Option<String>,
    /// What we call it at the PSP.
    instruction: String,
    /// Where the payer has to be sent.
    redirect_url: Option<String>,
    /// The PSP's words on what went wrong.
    info: Option<String>,
    /// What has to be done at the PSP next.
    task: Option<TaskBody>,
    /// Why people have to look at it.
    attention: Option<String>,
    /// The batch report that has it.
    report_id: Option<String>,
    /// When it was created.
    created_at: String,
    /// When its state changed last.
    changed_at: String,
}

/// A change of state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transition)]
struct TransitionBody {
    /// When.
    at: String,
    /// From where; `null` for the first.
    from: Option<&'static str>,
    /// To where.
    #[schema(example = "RESERVED")]
    to: &'static str,
    /// What happened.
    #[schema(example = "RESERVE")]
    event: &'static str,
    /// Through what: `WS_REST` a call of the merchant's, `WS_REST_CALLBACK` one of the PSP's,
    /// `INTERNAL` a timer or our own asking.
    #[schema(example = "WS_REST_CALLBACK")]
    channel: &'static str,
}

/// Something to be done at the PSP.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
struct TaskBody {
    /// `create`, `read`, `capture`, `cancel` or `give_up`.
    #[schema(example = "read")]
    operation: &'static str,
    /// How much is to be captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    /// When. Until then it is left to who has begun it.
    due_at: String,
    /// How often it was begun.
    attempts: i64,
}

impl FromObject for NewCapture {
    fn from_object(object: &mut Object) -> Option<NewCapture> {
        Some(NewCapture { amount: object.optional("amount", decimal)? })
    }
}

impl FromObject for Finding {
    fn from_object(object: &mut Object) -> Option<Finding> {
        Some(Finding { note: object.required("note", lines(TEXT_CHARS_MAX))? })
    }
}

impl PaymentFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<PaymentFilter> {
        let customer_id = customer_id(params);
        let state = params.optional("state", &a_state(), State::parse);
        let kind = params.optional("kind", "payment, refund or reversal", |word| {
            PaymentKind::ALL.into_iter().find(|kind| kind.as_str() == word)
        });
        let needs = params.optional("needs_attention", "true or false", |word| word.parse().ok());
        Some(PaymentFilter {
            customer_id: customer_id?,
            state: state?,
            kind: kind?,
            needs_attention: needs?,
        })
    }

    /// The shortest list that has all that are meant.
    pub(in crate::operator) fn list(&self) -> String {
        match (self.customer_id, self.needs_attention) {
            (_, Some(true)) => ATTENTION.to_owned(),
            (Some(customer), _) => Payment::merchant_list(customer),
            (None, Some(false) | None) => PAYMENTS.to_owned(),
        }
    }

    /// Whether a payment is meant.
    pub(in crate::operator) fn suits(&self, payment: &Payment) -> bool {
        let needs_attention = payment.attention.is_some();
        self.customer_id.is_none_or(|customer| customer == payment.merchant.customer)
            && self.state.is_none_or(|state| state == payment.state)
            && self.kind.is_none_or(|kind| kind == payment.kind)
            && self.needs_attention.is_none_or(|needs| needs == needs_attention)
    }
}

/// What a state may be called.
fn a_state() -> String {
    format!("one of {}", State::ALL.map(State::as_str).join(", "))
}

impl PaymentBody {
    /// A payment as operators see it.
    pub(in crate::operator) fn of(payment: &Payment) -> PaymentBody {
        let it = payment;
        let major = |minor| format_minor(minor, it.amount.currency);
        let id = |number: Option<i64>| number.map(|number| number.to_string());
        PaymentBody {
            id: it.number.to_string(),
            kind: it.kind.as_str(),
            method: it.method.as_str(),
            psp: it.method.psp().map(Psp::as_str),
            customer_id: it.merchant.customer,
            merchant_id: it.merchant.merchant_id.clone(),
            amount: major(it.amount.total_minor),
            vat_amount: major(it.amount.vat_minor),
            currency: it.amount.currency.code(),
            captured_amount: major(it.captured_minor),
            refunded_amount: major(it.refunded_minor),
            state: it.state.as_str(),
            account_state: account_state(it),
            transitions: it.transitions.iter().map(TransitionBody::of).collect(),
            original_id: id(it.original),
            reversal_id: id(it.reversal),
            terminal_reference: it.asked.terminal_reference.clone(),
            original_reference: it.asked.original_reference.clone(),
            consumer_id: masked(&it.asked.consumer_id),
            psp_reference: it.told.reference.clone(),
            psp_second_reference: it.told.second_reference.clone(),
            instruction: it.instruction.clone(),
            redirect_url: it.told.redirect_url.clone(),
            info: it.told.info.clone(),
            task: it.task.map(|task| TaskBody::of(task, major)),
            attention: it.attention.clone(),
            report_id: id(it.report),
            created_at: it.created_at.rfc3339(),
            changed_at: it.changed_at.rfc3339(),
        }
    }
}

impl TransitionBody {
    fn of(transition: &Transition) -> TransitionBody {
        TransitionBody {
            at: transition.at.rfc3339(),
            from: transition.from.map(State::as_str),
            to: transition.event.to().as_str(),
            event: transition.event.as_str(),
            channel: transition.cause.as_str(),
        }
    }
}

impl TaskBody {
    fn of(task: Task, major: impl Fn(i64) -> String) -> TaskBody {
        let (operation, amount) = match task.operation {
            Operation::Create => ("create", None),
            Operation::Read => ("read", None),
            Operation::Capture { minor } => ("capture", Some(major(minor))),
            Operation::Cancel => ("cancel", None),
            Operation::GiveUp => ("give_up", None),
        };
        TaskBody { operation, amount, due_at: task.due_at.rfc3339(), attempts: task.attempts }
    }
}

/// Whether funds have changed owner. A reversal of what was only held is done without any.
fn account_state(payment: &Payment) -> &'static str {
    let is_moved = payment.state.is_committed() && payment.captured_minor > 0;
    if is_moved { "COMMIT" } else { "ROLLBACK" }
}

/// A payer's name, of which only so much is shown that people can tell whether it is the one that
/// they were told of.
fn masked(consumer_id: &str) -> String {
    let length = consumer_id.chars().count();
    let shown = match length {
        FOUR_SHOWN_FROM_CHARS.. => 4,
        TWO_SHOWN_FROM_CHARS.. => 2,
        _ => 0,
    };
    let end = consumer_id.chars().skip(length.saturating_sub(shown));
    std::iter::once('…').chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payers_are_shown_by_their_end() {
        for (id, shown) in [
            ("", "…"),
            ("abc", "…"),
            ("abcd", "…cd"),
            ("1234567", "…67"),
            ("0701234567", "…4567"),
            ("Åke Ödmån", "…dmån"),
        ] {
            assert_eq!(masked(id), shown, "{id}");
        }
    }
}

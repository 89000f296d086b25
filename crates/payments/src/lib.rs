//! Payments over PSPs: one aggregate, its states, and every rule that moves it.
//!
//! Invariant: nothing here does IO, reads a clock, draws a random number or logs. Time, ids and
//! chance are arguments; what shall be done at a PSP is a task on the payment, and what came of it
//! comes back as a command.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions)]

pub mod authenticate;
pub mod begin;
pub mod capture;
pub mod card;
mod cards;
pub mod checkout;
pub mod close_day;
pub mod command;
pub mod deliver;
pub mod endpoint;
pub mod first_answer;
pub mod initialize;
pub mod limits;
pub mod method;
pub mod notification;
#[cfg(test)]
mod notified;
mod on_ledger;
pub mod online;
pub mod order;
pub mod payee;
pub mod payment;
#[cfg(test)]
mod properties;
pub mod record;
pub mod refusal;
pub mod registration;
pub mod report;
pub mod result_code;
pub mod settle;
pub mod state;
mod test_acquirer;
pub mod test_cards;
#[cfg(test)]
mod world;

pub use authenticate::{Authenticate, Proof};
pub use begin::{Age, Begin, Wake};
pub use capture::Capture;
pub use card::{Brand, CardNumber};
pub use checkout::{Checkout, Extend, Prepare, Rearrange, Wanted};
pub use close_day::{BatchReport, CloseDay};
pub use command::{Answer, Command, Outcome};
pub use deliver::{BeginDelivery, InLine, RecordDelivery, Redeliver};
pub use endpoint::{AddEndpoint, ChangeEndpoint, DeleteEndpoint, Endpoint, RotateSecret};
pub use first_answer::{FirstAnswer, FixAnswer};
pub use initialize::Initialize;
pub use method::{Method, Psp};
pub use notification::{Attempt, Notification};
pub use online::{Authentication, CardShown, Online, PaymentType};
pub use order::{Item, Order};
pub use payee::{ChangePayee, Payee, TermStep};
pub use payment::{
    Amount, Asked, Captured, Cause, MerchantName, Payment, PaymentKind, Register, Task, Transition,
};
pub use record::Record;
pub use refusal::Refusal;
pub use registration::{ForgetCard, KeepCard, Kept, Registration, RegistrationStatus};
pub use report::{Operation, Report, Standing, Told};
pub use result_code::ResultCode;
pub use settle::Settle;
pub use state::{Event, State};

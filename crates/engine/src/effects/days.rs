//! The end of a merchant's day: what is reserved is captured where the method does not wait for
//! delivery, and what is paid comes into a batch report.
//!
//! Nothing is remembered: a payment that no report has is on a list, and the list is looked at when
//! a day has ended. A restart looks at all.

use std::collections::HashMap;

use estate::Customer;
use estate::customer::CUSTOMERS;
use ledger::{Date, Directory, Timestamp};
use payments::limits::REPORTED_AT_ONCE_MAX;
use payments::payee::END_OF_DAY_DEFAULT;
use payments::{Capture, CloseDay, Command, Method, Outcome, Payee, Payment, PaymentKind, State};
use store::Part;

use super::psp::Desk;
use crate::clock::Clock;
use crate::handle::{Handle, SubmitError};
use crate::limits::{CAPTURES_PATIENCE_MS, TASKS_READ_AT_A_TIME};
use crate::queries::Queries;

/// The duty of ending days.
const DUTY: &str = "days";

const MINUTE_MS: i64 = 60_000;

/// Which days of which merchants are known to be done.
#[derive(Debug, Default)]
pub struct Days {
    done: HashMap<i64, Timestamp>,
    /// Which day of a merchant is being ended, and since when.
    begun: HashMap<i64, (Timestamp, Timestamp)>,
}

/// What came of ending days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Payments that were asked to be captured.
    pub captures: usize,
    /// Payments, refunds and reversals that came into a report.
    pub reported: usize,
}

/// A day that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    date: Date,
    ended_at: Timestamp,
    /// Whether its captures may still be waited for.
    is_patient: bool,
}

type Failure = SubmitError<payments::Refusal>;

impl Days {
    /// Ends the days that have ended by now and that are not done yet.
    ///
    /// # Errors
    /// The first failure. What is left is done by a later call.
    pub async fn look(
        &mut self,
        engine: &Handle,
        queries: &Queries,
        clock: &dyn Clock,
        desk: &Desk,
    ) -> Result<Ended, Failure> {
        let turn = queries.take_turn(DUTY).await.map_err(|_| SubmitError::NotDone)?;
        let mut ended = Ended::default();
        if turn.is_none() {
            // Whoever had the turn may have left something undone.
            *self = Days::default();
            return Ok(ended);
        }
        let (directory, now) = (engine.directory(), clock.now());
        let merchants = directory.documents_on(CUSTOMERS).filter_map(|found| Customer::of(found));
        for customer in merchants.filter(|customer| customer.merchant.is_some()) {
            let Some(day) = last_ended(&directory, &customer, now) else { continue };
            if self.done.get(&customer.number).is_some_and(|done| *done >= day.ended_at) {
                continue;
            }
            let day = Day { is_patient: self.is_patient(customer.number, day, now), ..day };
            let is_waiting = close(engine, queries, desk, &customer, day, &mut ended).await?;
            if !is_waiting {
                self.begun.remove(&customer.number);
                self.done.insert(customer.number, day.ended_at);
            }
        }
        Ok(ended)
    }
}

impl Days {
    /// Whether captures of a day may still be waited for: for a while after they were asked for,
    /// which may be long after the day has ended.
    fn is_patient(&mut self, customer: i64, day: Day, now: Timestamp) -> bool {
        let begun = self.begun.entry(customer).or_insert((day.ended_at, now));
        if begun.0 != day.ended_at {
            *begun = (day.ended_at, now);
        }
        now < begun.1.plus_ms(CAPTURES_PATIENCE_MS)
    }
}

/// The last day of a merchant that has ended by now.
fn last_ended(directory: &Directory, customer: &Customer, now: Timestamp) -> Option<Day> {
    let merchant = customer.merchant.as_ref()?;
    let company = directory.company(&merchant.company_number)?;
    let payee = Payee::find(directory, customer.number);
    let chosen = payee.end_of_day.as_deref().unwrap_or(END_OF_DAY_DEFAULT);
    let (hour, minute) = hour_and_minute(chosen).or_else(|| hour_and_minute(END_OF_DAY_DEFAULT))?;
    let end_on = |day: Date| {
        let at_hour = company.zone.at_hour(day, hour);
        at_hour.plus_ms(minute.saturating_mul(MINUTE_MS))
    };
    let today = company.day_of(now);
    let days = [today, today.plus_days(-1)].into_iter();
    let last = days.map(|day| (day, end_on(day))).find(|(_, ended_at)| *ended_at <= now)?;
    // A day that ends before noon is the day before.
    let day = if hour < 12 { last.0.plus_days(-1) } else { last.0 };
    Some(Day { date: day, ended_at: last.1, is_patient: true })
}

/// Reads `HH:MM`.
fn hour_and_minute(text: &str) -> Option<(i64, i64)> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute))
}

/// Ends one day of a merchant. Says whether captures are waited for.
async fn close(
    engine: &Handle,
    queries: &Queries,
    desk: &Desk,
    customer: &Customer,
    day: Day,
    ended: &mut Ended,
) -> Result<bool, Failure> {
    let list = Payment::unreported_list(customer.number);
    let (mut after, mut is_waiting, mut paid) = (0, false, Vec::new());
    loop {
        let (list, part) = (list.clone(), Part::After(after));
        let read = move |reader: &mut dyn store::Reader| {
            reader.documents(&list, part, TASKS_READ_AT_A_TIME)
        };
        let found = queries.read(read).await.map_err(|_| SubmitError::NotDone)?;
        let Some(newest) = found.last().map(|found| found.id.number) else { break };
        after = newest;
        let payments = found.iter().filter_map(Payment::of);
        for payment in payments.filter(|payment| payment.created_at < day.ended_at) {
            if payment.state == State::Finalized {
                paid.push(payment.number);
            } else if is_captured_now(&payment) {
                is_waiting = true;
                ended.captures = ended.captures.saturating_add(ask(engine, desk, payment).await?);
            }
        }
    }
    // Captures of the day belong into its report. Those that take too long come into the next.
    if is_waiting && day.is_patient {
        return Ok(true);
    }
    for some in paid.chunks(REPORTED_AT_ONCE_MAX) {
        let command = CloseDay {
            customer: customer.number,
            day: day.date,
            until: day.ended_at,
            payments: some.to_vec(),
        };
        let answer = engine.submit(Command::CloseDay(command)).await?;
        if let Outcome::Report(_) = answer.done {
            ended.reported = ended.reported.saturating_add(some.len());
        }
    }
    Ok(false)
}

/// Whether a payment is to be captured at the end of its day. Santander's wait for delivery.
fn is_captured_now(payment: &Payment) -> bool {
    let is_method = match payment.method {
        Method::Klarna | Method::Easy | Method::CardLedger => true,
        Method::Swish | Method::Santander | Method::Card => false,
    };
    // Payments v3 captures by itself.
    let is_method = is_method && payment.online.is_none();
    let is_held = matches!(payment.state, State::Reserved | State::Authorized);
    is_method && is_held && payment.kind == PaymentKind::Payment && payment.reversal.is_none()
}

/// Asks for a capture, unless it was asked for.
async fn ask(engine: &Handle, desk: &Desk, payment: Payment) -> Result<usize, Failure> {
    if payment.task.is_some() {
        return Ok(0);
    }
    let command = Capture {
        payment: Box::new(payment),
        minor: None,
        actor: "end of day".to_owned(),
        idempotency: None,
    };
    match engine.submit(Command::Capture(command)).await {
        Ok(payments::Answer { done: Outcome::Payment(payment, original), .. }) => {
            desk.start(*payment, original.map(|original| *original));
            Ok(1)
        }
        // It was cancelled, or captured, in between.
        Ok(_) | Err(SubmitError::Refused(_)) => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read() {
        assert_eq!(hour_and_minute("01:00"), Some((1, 0)));
        assert_eq!(hour_and_minute("23:59"), Some((23, 59)));
        for bad in ["", "1", "24:00", "12:60", "a:b", "-1:00"] {
            assert_eq!(hour_and_minute(bad), None, "{bad}");
        }
    }

    #[test]
    fn captures_are_waited_for_from_when_they_were_asked_for() {
        let day = |at| Day {
            date: Date::parse("2026-11-20").unwrap(),
            ended_at: Timestamp(at),
            is_patient: true,
        };
        let mut days = Days::default();
        // Long after the day has ended: nobody was there to end it.
        let late = Timestamp(100 * CAPTURES_PATIENCE_MS);
        assert!(days.is_patient(1, day(0), late));
        assert!(days.is_patient(1, day(0), late.plus_ms(CAPTURES_PATIENCE_MS - 1)));
        assert!(!days.is_patient(1, day(0), late.plus_ms(CAPTURES_PATIENCE_MS)));
        // Another merchant, and the next day, have patience of their own.
        let later = late.plus_ms(CAPTURES_PATIENCE_MS);
        assert!(days.is_patient(2, day(0), later));
        assert!(days.is_patient(1, day(1), later));
    }
}

//! The schedule, whose turn it is, and what becomes of receivers that take nothing.

use super::*;
use crate::Command;
use crate::notification::{FAILED, PENDING};
use crate::world::World;

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600_000;
const URL: &str = "https://a.se/";

/// A world with an endpoint and as many notifications of a payment as there are states to tell.
fn world(url: Option<&str>) -> (World, i64) {
    let mut world = World::new();
    let endpoint = world.endpoint(url, true);
    world.play("pay method=KLARNA; online p url=https://own.se/; tell p waiting; wait 31m");
    // It is given up, and paid for after all.
    world.play("begin p; tell p missing; wake p reference=r; begin p; tell p reserved");
    assert_eq!(world.notifications().len(), 2);
    (world, endpoint)
}

fn begin_of(it: &Notification) -> Command {
    Command::BeginDelivery(BeginDelivery { what: InLine::of(it), begun: it.begun })
}

fn record_of(it: &Notification, attempt: Attempt) -> RecordDelivery {
    let (what, begun) = (InLine::of(it), it.begun);
    RecordDelivery { what, begun, attempt: Some(attempt), retry_after_ms: None, haste: 1 }
}

fn answered(status: u16) -> Attempt {
    Attempt { at: Timestamp(1), status: Some(status), duration_ms: 20, error: None }
}

impl World {
    /// Begins an attempt. `None` where it is not its turn.
    fn begin(&mut self, number: i64) -> Option<Notification> {
        let it = self.notification(number);
        let done = self.run(begin_of(&it)).unwrap().done;
        if let Outcome::Delivery(begun, _) = done {
            return Some(*begun);
        }
        assert_eq!(done, Outcome::Nothing);
        None
    }

    fn record(&mut self, command: RecordDelivery) -> (Notification, Option<i64>) {
        let answer = self.run(Command::RecordDelivery(command)).unwrap();
        let Outcome::Delivery(notification, next) = answer.done else { panic!("{answer:?}") };
        assert_eq!(*notification, self.notification(notification.number));
        (*notification, next)
    }

    /// Begins an attempt and ends it.
    #[track_caller]
    fn attempt(&mut self, number: i64, status: u16) -> (Notification, Option<i64>) {
        let begun = self.begin(number).expect("its turn");
        self.record(record_of(&begun, answered(status)))
    }

    fn notification(&self, number: i64) -> Notification {
        self.notifications().into_iter().find(|it| it.number == number).unwrap()
    }

    fn numbers(&self, list: &str) -> Vec<i64> {
        self.notified(list).into_iter().map(|it| it.number).collect()
    }

    fn resend(&mut self, numbers: &[i64]) -> Result<Vec<i64>, Refusal> {
        let (notifications, actor) = (numbers.to_vec(), "op".to_owned());
        let command = Redeliver { notifications, actor, idempotency: None };
        let answer = self.run(Command::Redeliver(command))?;
        let Outcome::Redelivered(sent) = answer.done else { panic!("{answer:?}") };
        Ok(sent)
    }

    fn reception(&self, endpoint: i64) -> Reception {
        let mut reads = ReadSet::default();
        reads.documents.push(Reception::id(endpoint));
        let books = store::Store::source(&self.store).open().unwrap().load(&reads).unwrap();
        books.document(Reception::id(endpoint)).map(Reception::of).unwrap_or_default()
    }

    fn endpoint_now(&self, number: i64) -> Option<Endpoint> {
        Endpoint::find(&store::Store::directory(&self.store), number)
    }
}

#[test]
fn ten_attempts_are_made_over_seventy_five_hours_and_a_half() {
    let (mut world, _) = world(Some(URL));
    let number = world.notifications()[0].number;
    let begun_at = world.now;
    let expected_s = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    assert_eq!(expected_s.iter().sum::<i64>(), 75 * 3_600 + 35 * 60 + 5);
    for (at, seconds) in (1..).zip(expected_s) {
        let (after, next) = world.attempt(number, 500);
        assert_eq!((after.status, after.tried, next), (Status::Pending, at, None));
        let pause_ms = after.due_at.0 - world.now.0;
        let most_ms = seconds * SECOND * (100 + DELIVERY_JITTER_PERCENT) / 100;
        assert!((seconds * SECOND..=most_ms).contains(&pause_ms), "{at}: {pause_ms}");
        world.wait_ms(pause_ms - 1);
        assert_eq!(world.begin(number), None, "not before it is due");
        world.wait_ms(1);
    }
    let next = world.notifications()[1].number;
    assert_eq!(world.begin(next), None, "it waits for its turn");
    let (last, released) = world.attempt(number, 503);
    assert_eq!((last.status, last.attempts.len(), released), (Status::Failed, 10, Some(next)));
    let hours = (world.now.0 - begun_at.0) / HOUR;
    assert!((75..=83).contains(&hours), "{hours}");
    assert_eq!((world.numbers(FAILED), world.numbers(PENDING)), (vec![number], vec![next]));
    assert!(world.begin(next).is_some(), "the later one goes on");
    world.verify();
}

#[test]
fn each_answer_comes_to_this() {
    for (status, expected) in [
        (Some(200), Status::Delivered),
        (Some(204), Status::Delivered),
        (Some(299), Status::Delivered),
        (None, Status::Pending),
        (Some(100), Status::Pending),
        (Some(301), Status::Pending),
        (Some(307), Status::Pending),
        (Some(400), Status::Pending),
        (Some(404), Status::Pending),
        (Some(429), Status::Pending),
        (Some(500), Status::Pending),
        (Some(410), Status::Failed),
    ] {
        for url in [Some(URL), None] {
            let (mut world, endpoint) = world(url);
            let number = world.notifications()[0].number;
            let begun = world.begin(number).unwrap();
            let attempt = Attempt { status, ..answered(0) };
            let (after, next) = world.record(record_of(&begun, attempt.clone()));
            assert_eq!((after.status, after.attempts), (expected, vec![attempt]), "{status:?}");
            // The second one was not begun, so that it does not wait for its turn yet.
            assert_eq!(next, None);
            let is_active = world.endpoint_now(endpoint).unwrap().is_active();
            assert_eq!(is_active, status != Some(410) || url.is_none(), "{status:?} {url:?}");
            world.verify();
        }
    }
}

#[test]
fn pauses_are_as_long_as_the_receiver_asks_and_as_short_as_the_demo_wants() {
    for (asked_ms, haste, least_ms, most_ms) in [
        (None, 1, 5_000, 5_500),
        (Some(-5), 1, 5_000, 5_500),
        (Some(2_000), 1, 5_000, 5_500),
        (Some(120_000), 1, 120_000, 120_000),
        (Some(i64::MAX), 1, RETRY_AFTER_MS_MAX, RETRY_AFTER_MS_MAX),
        (None, 60, 83, 92),
        (None, 0, 5_000, 5_500),
        (Some(120_000), 60, 120_000, 120_000),
    ] {
        let (mut world, _) = world(Some(URL));
        let begun = world.begin(world.notifications()[0].number).unwrap();
        let record = record_of(&begun, answered(429));
        let record = RecordDelivery { retry_after_ms: asked_ms, haste, ..record };
        let pause_ms = world.record(record).0.due_at.0 - world.now.0;
        assert!((least_ms..=most_ms).contains(&pause_ms), "{asked_ms:?} {haste}: {pause_ms}");
    }
}

#[test]
fn many_that_failed_at_once_do_not_come_back_at_once() {
    let (world, _) = world(Some(URL));
    let one = &world.notifications()[0];
    let pause = |number| pause_ms(&Notification { number, tried: 9, ..one.clone() }, 1).unwrap();
    let pauses: std::collections::BTreeSet<i64> = (0..1_000).map(pause).collect();
    assert!(pauses.len() > 500, "{}", pauses.len());
    assert_eq!(pause_ms(&Notification { tried: 10, ..one.clone() }, 1), None);
}

#[test]
fn one_at_a_time_and_in_order() {
    let (mut world, _) = world(Some(URL));
    let numbers: Vec<i64> = world.notifications().iter().map(|it| it.number).collect();
    let [first, second] = *numbers else { panic!("{numbers:?}") };
    assert_eq!(world.begin(second), None);
    assert_eq!(world.notification(second).wait, Wait::Turn);
    let begun = world.begin(first).unwrap();
    // Who was slower has nothing to do.
    let stale = Command::BeginDelivery(BeginDelivery { what: InLine::of(&begun), begun: 0 });
    assert_eq!(world.run(stale).unwrap().done, Outcome::Nothing);
    assert_eq!(world.begin(first), None, "it is under way");
    let (_, next) = world.record(record_of(&begun, answered(200)));
    assert_eq!(next, Some(second));
    assert_eq!(world.notification(second).due_at, world.now);
    world.attempt(second, 200);
    assert!(world.numbers(PENDING).is_empty());
    assert_eq!(world.begin(second), None, "it is delivered");
    world.verify();
}

#[test]
fn what_was_begun_and_not_ended_is_begun_again() {
    let (mut world, _) = world(Some(URL));
    let number = world.notifications()[0].number;
    let lost = world.begin(number).unwrap();
    world.wait_ms(DELIVERY_LEASE_MS);
    let again = world.begin(number).unwrap();
    assert_eq!((again.webhook_id.clone(), again.begun), (lost.webhook_id.clone(), 2));
    // A failure that comes late says nothing of the attempt that is under way.
    let (after, _) = world.record(record_of(&lost, answered(500)));
    assert_eq!((after.wait, after.tried, after.attempts.len()), (Wait::Attempt, 0, 1));
    // A success does.
    let (after, _) = world.record(record_of(&lost, answered(200)));
    assert_eq!(after.status, Status::Delivered);
    let (after, next) = world.record(record_of(&again, answered(500)));
    assert_eq!((after.status, after.attempts.len(), next), (Status::Delivered, 3, None));
    world.verify();
}

#[test]
fn what_could_not_be_tried_is_tried_soon() {
    let (mut world, endpoint) = world(Some(URL));
    let begun = world.begin(world.notifications()[0].number).unwrap();
    let put_off = RecordDelivery { attempt: None, ..record_of(&begun, answered(0)) };
    let (after, _) = world.record(put_off.clone());
    assert_eq!((after.wait, after.tried, after.attempts.len()), (Wait::Time, 0, 0));
    assert_eq!(after.due_at, world.now.plus_ms(DELIVERY_PUT_OFF_MS));
    assert_eq!(world.reception(endpoint), Reception::default());
    world.wait_ms(DELIVERY_PUT_OFF_MS);
    world.attempt(after.number, 200);
    assert_eq!(world.record(put_off).0.status, Status::Delivered);
    world.verify();
}

#[test]
fn who_waits_for_a_turn_that_nobody_gives_looks_again() {
    let (mut world, _) = world(Some(URL));
    let [first, second] = [0, 1].map(|at| world.notifications()[at].number);
    world.begin(first).unwrap();
    assert_eq!(world.begin(second), None);
    world.wait_ms(DELIVERY_PARKED_MS);
    assert_eq!(world.begin(second), None, "the first is there still");
    assert!(world.notification(second).due_at > world.now);
    world.verify();
}

#[test]
fn what_nobody_wants_is_given_up_and_can_be_sent_later() {
    let (mut world, endpoint) = world(Some(URL));
    let [first, second] = [0, 1].map(|at| world.notifications()[at].number);
    assert_eq!(world.begin(second), None);
    world.switch(endpoint, false).unwrap();
    let given_up = world.begin(first).unwrap();
    assert_eq!(given_up.status, Status::Failed);
    assert_eq!(given_up.attempts[0].error.as_deref(), Some(DISABLED));
    assert_eq!(world.begin(second).unwrap().status, Status::Failed);
    assert_eq!(world.resend(&[first]), Err(Refusal::EndpointDisabled));
    assert_eq!(world.resend(&[first, second]), Ok(vec![]));
    assert_eq!(world.resend(&[1]), Err(Refusal::NotificationNotFound));
    world.switch(endpoint, true).unwrap();
    // The later one first: each has its turn all the same.
    assert_eq!(world.resend(&[second, 1, first]), Ok(vec![second, first]));
    assert_eq!(world.begin(second), None);
    let before = world.notification(first);
    assert_eq!(world.attempt(first, 200).1, Some(second));
    let after = world.notification(first);
    assert_eq!((after.webhook_id, after.attempts.len()), (before.webhook_id, 2));
    world.attempt(second, 200);
    // What is delivered can be sent once more, and begins with the whole schedule.
    assert_eq!(world.resend(&[first]), Ok(vec![first]));
    assert_eq!(world.attempt(first, 500).0.tried, 1);
    world.verify();
}

#[test]
fn an_earlier_one_that_is_sent_anew_waits_for_what_is_under_way() {
    let (mut world, _) = world(Some(URL));
    let [first, second] = [0, 1].map(|at| world.notifications()[at].number);
    world.attempt(first, 200);
    let begun = world.begin(second).unwrap();
    world.resend(&[first]).unwrap();
    assert_eq!(world.begin(first), None);
    let (_, next) = world.record(record_of(&begun, answered(500)));
    assert_eq!(next, None, "the later one is still to be delivered");
    world.wait_ms(DELIVERY_PARKED_MS);
    world.attempt(first, 200);
    world.attempt(second, 200);
    world.verify();
}

#[test]
fn sending_anew_hastens_what_waits_for_its_time_only() {
    let (mut world, _) = world(Some(URL));
    let number = world.notifications()[0].number;
    let begun = world.begin(number).unwrap();
    world.resend(&[number]).unwrap();
    assert_eq!(world.begin(number), None, "it is under way");
    world.record(record_of(&begun, answered(500)));
    world.resend(&[number]).unwrap();
    let after = world.begin(number).unwrap();
    assert_eq!((after.tried, after.begun), (0, 2));
    world.verify();
}

#[test]
fn an_endpoint_that_fails_for_five_days_is_disabled() {
    let (mut world, endpoint) = world(Some(URL));
    let number = world.notifications()[0].number;
    let fail = |world: &mut World, after_ms: i64, status| {
        world.wait_ms(after_ms);
        world.resend(&[number]).unwrap();
        world.attempt(number, status);
        world.endpoint_now(endpoint).unwrap().is_active()
    };
    for _ in 0..4 {
        assert!(fail(&mut world, 24 * HOUR, 500));
    }
    // One success, and it counts from the beginning.
    assert!(fail(&mut world, 23 * HOUR, 200));
    assert_eq!(world.reception(endpoint), Reception::default());
    for _ in 0..5 {
        assert!(fail(&mut world, 24 * HOUR, 500));
    }
    // After a long silence one failure is no five days of failing.
    assert!(fail(&mut world, 90 * 24 * HOUR, 500));
    for _ in 0..4 {
        assert!(fail(&mut world, 24 * HOUR, 500));
    }
    assert!(!fail(&mut world, 24 * HOUR, 500), "five days");
    let changes = format!("{:?}", journal(&world));
    assert!(changes.contains("EndpointDisabled"), "{changes}");
    world.switch(endpoint, true).unwrap();
    assert!(fail(&mut world, HOUR, 500), "a new beginning");
    world.verify();
}

#[test]
fn where_time_is_short_so_is_patience() {
    assert!(!Reception::default().is_hopeless(Timestamp(i64::MAX), 1));
    let since = Reception::default().fail(Timestamp(0));
    for (haste, expected) in [(1, false), (60, true)] {
        assert_eq!(since.is_hopeless(Timestamp(2 * HOUR), haste), expected);
    }
}

#[test]
fn a_repeat_of_sending_anew_sends_nothing() {
    let (mut world, _) = world(Some(URL));
    let number = world.notifications()[0].number;
    let (key, fingerprint) = (ledger::Key([1; 16]), ledger::Fingerprint([1; 16]));
    let command = Redeliver {
        notifications: vec![number],
        actor: "op".to_owned(),
        idempotency: Some(Idempotency { key, fingerprint }),
    };
    let sent = Outcome::Redelivered(vec![number]);
    let command = Command::Redeliver(command);
    assert_eq!(world.run(command.clone()), Ok(Answer::new(sent.clone())));
    world.attempt(number, 200);
    assert_eq!(world.run(command), Ok(Answer::replayed(sent)));
    assert_eq!(world.notification(number).status, Status::Delivered);
    world.verify();
}

fn journal(world: &World) -> Vec<ledger::Row> {
    let mut reader = store::Store::source(&world.store).open().unwrap();
    reader.rows_after(ledger::RowId(0), 10_000).unwrap()
}

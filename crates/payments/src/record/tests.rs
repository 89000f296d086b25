//! What every report changes, cell by cell, and the stories that no single cell tells.
//!
//! The tables have a row for each thing that a PSP can say and a column for each state in which it
//! can come. A cell tells the state after it, the task that is left, and `!` where people have to
//! look:
//!
//! I initialized, A authorized, F finalized, R reported, S stale, P pending, J rejected,
//! X cancelled, L failed, V reserved, T timed out; c create, r read, t take (capture),
//! e end (cancel), `.` none.

use super::*;
use crate::world::{STANDINGS, World, check};
use crate::{Command, Wake};

mod captures;
mod tables;

/// A letter for each state, and the events by which it is come to.
const STATES: [(char, State, &[Event]); 11] = [
    ('I', State::Initialized, &[]),
    ('S', State::Stale, &[Event::Age]),
    ('P', State::Pending, &[Event::Resend]),
    ('V', State::Reserved, &[Event::Reserve]),
    ('A', State::Authorized, &[Event::Authorize]),
    ('F', State::Finalized, &[Event::Finalize]),
    ('R', State::Reported, &[Event::Finalize, Event::Report]),
    ('T', State::TimedOut, &[Event::TimeOut]),
    ('J', State::Rejected, &[Event::Reject]),
    ('X', State::Cancelled, &[Event::Cancel]),
    ('L', State::Failed, &[Event::Fail]),
];

const CAPTURE: Operation = Operation::Capture { minor: 4_000 };

/// Brings a new payment, refund or reversal to a state, with what goes with it there.
fn bring(payment: &mut Payment, events: &[Event], operation: Operation, is_placed: bool) {
    let now = payment.created_at;
    for event in events {
        assert!(payment.pass(*event, Cause::Internal, now), "{event:?}");
    }
    if payment.state.is_committed() {
        payment.captured_minor = payment.amount.total_minor;
    }
    payment.is_placed = is_placed;
    let due_at = now.plus_ms(TASK_LEASE_MS);
    payment.task = Some(Task { operation, due_at, attempts: 2, cause: Cause::Internal });
}

/// Tells what came of a payment's task.
fn tell(world: &mut World, payment: &Payment, task: Task, standing: Standing) -> Payment {
    let record = Record {
        payment: payment.number,
        original: payment.original,
        task,
        report: Report::new(standing),
    };
    world.run(Command::Record(record)).unwrap();
    world.read(payment.number)
}

fn shown(payment: &Payment) -> String {
    let (letter, _, _) = STATES.into_iter().find(|(_, state, _)| *state == payment.state).unwrap();
    let task = payment.task.map_or('.', |task| match task.operation {
        Operation::Create => 'c',
        Operation::Read => 'r',
        Operation::Capture { .. } => 't',
        Operation::Cancel | Operation::GiveUp => 'e',
    });
    let attention = if payment.attention.is_some() { "!" } else { "" };
    format!("{letter}{task}{attention}")
}

/// A table of what [`cell`] shows for each standing and state.
fn table(mut cell: impl FnMut(Standing, &'static [Event]) -> String) -> String {
    let line = |word: &str, cells: &[String]| {
        let line = format!("{word:<10}{}", cells.join(""));
        line.trim_end().to_owned()
    };
    let head = STATES.map(|(letter, _, _)| format!("{letter:<7}"));
    let mut lines = vec![line("", &head)];
    for (word, standing) in STANDINGS {
        let cells = STATES.map(|(_, _, events)| format!("{:<7}", cell(standing, events)));
        lines.push(line(word, &cells));
    }
    lines.join("\n")
}

#[track_caller]
fn check_table(found: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    let found: Vec<&str> = found.trim().lines().map(str::trim).collect();
    assert!(found == expected, "found:\n{}", found.join("\n"));
}

fn payments(operation: Operation, is_placed: bool) -> String {
    let mut world = World::new();
    table(|standing, events| {
        world.steps("pay method=EASY");
        let mut payment = world.named("p");
        bring(&mut payment, events, operation, is_placed);
        if operation == CAPTURE && payment.state.is_open() {
            // Only what is held is captured, and it is not open again after that.
            return "-".to_owned();
        }
        world.put(&[&payment]);
        if operation == Operation::GiveUp {
            // That is when a payment is given up.
            world.steps("wait 30m");
        }
        shown(&tell(&mut world, &payment, payment.task.unwrap(), standing))
    })
}

/// Each cell tells the refund, and how much of its original it claims, in whole kronor.
fn refunds(operation: Operation, is_placed: bool) -> String {
    let mut world = World::new();
    table(|standing, events| {
        world.steps("pay; tell p paid; refund");
        let (mut refund, mut original) = (world.named("r"), world.named("p"));
        if events.contains(&Event::Reserve) || events.contains(&Event::Authorize) {
            // Nothing is held where money goes back.
            return "-".to_owned();
        }
        bring(&mut refund, events, operation, is_placed);
        original.refunded_minor = claimed_minor(&refund);
        world.put(&[&refund, &original]);
        let refund = tell(&mut world, &refund, refund.task.unwrap(), standing);
        let original = world.named("p");
        assert_eq!(original.refunded_minor, claimed_minor(&refund), "{standing:?} {events:?}");
        shown(&refund) + &(original.refunded_minor / 100).to_string()
    })
}

/// Each cell tells the reversal and then its original.
fn reversals() -> String {
    let mut world = World::new();
    table(|standing, events| {
        world.steps("pay method=EASY; reverse");
        let (mut reversal, mut original) = (world.named("v"), world.named("p"));
        bring(&mut reversal, &[Event::Resend], Operation::Cancel, false);
        bring(&mut original, events, Operation::Read, true);
        original.task = original.task.filter(|_| original.state.is_open());
        world.put(&[&reversal, &original]);
        let reversal = tell(&mut world, &reversal, reversal.task.unwrap(), standing);
        let original = world.named("p");
        assert_eq!(original.refunded_minor, claimed_minor(&reversal), "{standing:?} {events:?}");
        let ended = reversal.state == State::Rejected;
        assert_eq!(original.reversal, (!ended).then_some(reversal.number));
        format!("{} {}", shown(&reversal), shown(&original))
    })
}

/// What a report may do that comes when its task is not the present one any more, or comes again:
/// it is evidence, and nothing more.
#[test]
fn what_comes_too_late_is_evidence_only() {
    let mut world = World::new();
    let operations = [Operation::Create, Operation::Read, CAPTURE, Operation::Cancel];
    for (_, standing) in STANDINGS {
        for (_, state, events) in STATES {
            for late in operations {
                world.steps("pay method=EASY");
                let mut before = world.named("p");
                bring(&mut before, events, Operation::Read, true);
                world.put(&[&before]);
                let task = Task { operation: late, attempts: 2, ..before.task.unwrap() };
                let task = Task { due_at: task.due_at.plus_ms(-1), ..task };
                let after = tell(&mut world, &before, task, standing);
                let case = format!("{late:?} {standing:?} {state:?}: {}", shown(&after));
                let has_ended = !matches!(after.state, State::Pending | State::Reserved);
                let has_moved = after.state != state;
                // Who has the present task finds it as it was, but where nothing is left to do.
                assert_eq!(after.task.is_none(), has_moved && has_ended, "{case}");
                let is_vague = matches!(
                    standing,
                    Standing::Unknown | Standing::NotDone | Standing::Missing | Standing::Waiting
                );
                let is_asked = after.state == State::Pending;
                assert!(!is_vague || !has_moved || is_asked, "{case}");
                check_a_no(standing, &before, &after, &case);
            }
        }
    }
}

/// What holds for every report, late or not.
#[test]
fn what_is_not_known_is_no_no() {
    let mut world = World::new();
    let operations = [Operation::Create, Operation::Read, CAPTURE, Operation::Cancel];
    for (_, standing) in STANDINGS {
        for (_, state, events) in STATES {
            for operation in operations.into_iter().filter(|it| *it != CAPTURE || !state.is_open())
            {
                world.steps("pay method=EASY");
                let mut before = world.named("p");
                bring(&mut before, events, operation, true);
                world.put(&[&before]);
                let after = tell(&mut world, &before, before.task.unwrap(), standing);
                let case = format!("{operation:?} {standing:?} {state:?}: {}", shown(&after));
                assert!(!after.state.is_open() || after.task.is_some(), "{case}");
                check_a_no(standing, &before, &after, &case);
            }
        }
    }
}

#[track_caller]
fn check_a_no(standing: Standing, before: &Payment, after: &Payment, case: &str) {
    let is_known = match standing {
        Standing::Unknown
        | Standing::NotDone
        | Standing::Missing
        | Standing::Waiting
        | Standing::Reserved
        | Standing::Paid => false,
        Standing::Refused
        | Standing::Declined
        | Standing::Cancelled
        | Standing::Expired
        | Standing::Failed => true,
    };
    let is_no = matches!(after.state, State::Rejected | State::Cancelled | State::Failed);
    assert!(is_known || !is_no || before.state == after.state, "{case}");
    let was_hard = before.state.is_final() && before.state != State::TimedOut;
    if was_hard {
        assert_eq!(before.transitions, after.transitions, "{case}");
        assert_eq!(before.captured_minor, after.captured_minor, "{case}");
    }
    let says_money = matches!(standing, Standing::Paid | Standing::Reserved);
    let (is_hard_no, is_paid) = (was_hard && is_no, before.state.is_committed());
    let contradicts = if is_hard_no { says_money } else { is_paid && is_known };
    // A refusal is of a request, and does not say how things stand.
    if standing != Standing::Refused {
        assert_eq!(after.attention.is_some(), contradicts, "{case}");
    }
}

#[test]
fn how_a_payment_goes() {
    check(
        "
        before | request | answer | others
                                                   | tell 99 paid              | PaymentNotFound
        pay; tell p waiting                        | tell p paid               | FINALIZED 10000/0
        pay; keep p; tell p paid                   | tell p paid task=kept     | FINALIZED 10000/0
        pay; keep p; tell p paid                   | tell p unknown task=kept  | FINALIZED 10000/0
        pay; keep p; tell p unknown                | tell p paid task=kept     | FINALIZED 10000/0
        pay; wake p                                | tell p paid               | FINALIZED 10000/0
        pay; keep p; wake p                        | tell p waiting task=kept  | INITIALIZED read+0
        pay; keep p; wake p                        | tell p notdone task=kept  | INITIALIZED read+0
        pay; tell p notdone | tell p notdone | INITIALIZED create+1
        pay; tell p missing | begin p | INITIALIZED create+45
        pay; tell p unknown; wait 1s; begin p      | tell p unknown            | PENDING read+2
        pay; tell p unknown; tell p missing        | tell p refused            | REJECTED
        pay; tell p waiting                        | tell p missing            | PENDING read+1
        pay method=KLARNA auto=true | tell p reserved | RESERVED capture:10000+0
        pay method=KLARNA auto=true                | tell p paid               | FINALIZED 10000/0
        pay method=KLARNA auto=true; reverse       | tell p reserved           | RESERVED
        pay method=KLARNA auto=true; tell p reserved; begin p | tell p unknown | \
            RESERVED capture:10000+2
        pay method=KLARNA auto=true; tell p reserved; begin p | tell p refused | RESERVED !
        pay method=EASY; tell p reserved; capture amount=40.00 | tell p paid | FINALIZED 4000/0
        pay method=EASY; tell p reserved; wake p; keep p; capture amount=40.00 | \
            tell p paid task=kept | FINALIZED 4000/0
        pay method=EASY; keep p; tell p reserved; capture | tell p waiting task=kept | \
            RESERVED capture:10000+45
        pay method=EASY; keep p; tell p reserved; capture | tell p reserved task=kept | \
            RESERVED capture:10000+45
        pay method=EASY; tell p reserved; capture; keep p; wait 45s; begin p | \
            tell p refused task=kept | RESERVED capture:10000+45
        pay method=EASY; keep p; tell p notdone    | tell p reserved task=kept | RESERVED
        pay method=EASY; keep p; wake p            | tell p reserved task=kept | RESERVED read+0
        pay method=EASY; keep p; wait 30m; begin p | tell p reserved task=kept | RESERVED
        pay method=EASY; tell p unknown; reverse; tell p reserved | tell v waiting | \
            INITIALIZED cancel+1 | p=RESERVED
        ",
    );
}

#[test]
fn how_a_payment_is_given_up_and_comes_back() {
    check(
        "
        before | request | answer | others
        pay; tell p waiting; wait 29m           | begin p                   | INITIALIZED read+45
        pay; tell p waiting; wait 30m           | begin p                   | INITIALIZED give-up+45
        pay; tell p notdone; wait 30m           | begin p                   | INITIALIZED give-up+45
        pay; tell p waiting; wait 30m           | tell p waiting            | INITIALIZED read+600
        pay; tell p waiting; wait 30m           | tell p unknown            | PENDING read+600 !
        pay; tell p waiting; wait 30m; begin p  | tell p waiting            | TIMEDOUT
        pay; tell p waiting; wait 30m; begin p  | tell p missing            | TIMEDOUT
        pay; tell p waiting; wait 30m; begin p  | tell p cancelled          | TIMEDOUT
        pay; tell p waiting; wait 30m; begin p  | tell p paid               | FINALIZED 10000/0
        pay; tell p waiting; wait 30m; begin p  | tell p unknown            | PENDING give-up+600 !
        pay; tell p waiting; wait 30m; begin p | tell p notdone | INITIALIZED give-up+600 !
        pay; tell p notdone; wait 30m; begin p | tell p notdone | TIMEDOUT
        pay; tell p notdone; wait 30m; begin p | tell p unknown | PENDING give-up+600 !
        pay; wait 30m; begin p                 | tell p notdone | INITIALIZED give-up+600 !
        pay; tell p unknown; wait 30m; begin p | tell p notdone | PENDING give-up+600 !
        pay; tell p waiting; wait 30m; begin p; keep p; wake p | tell p waiting task=kept | \
            INITIALIZED read+0
        pay; tell p waiting; wait 30m; begin p; keep p; wake p | tell p missing task=kept | \
            INITIALIZED read+0
        pay method=EASY; tell p waiting; wait 30m; begin p; keep p; wake p; begin p; \
            tell p reserved | tell p waiting task=kept | RESERVED
        pay method=EASY; tell p waiting; wait 30m; begin p; keep p; wake p; begin p; \
            tell p reserved | tell p missing task=kept | RESERVED
        pay method=EASY; tell p waiting; wait 30m; begin p | tell p reserved           | RESERVED
        pay; keep p; tell p expired             | tell p paid task=kept     | FINALIZED 10000/0
        pay method=EASY; keep p; tell p expired | tell p reserved task=kept | RESERVED
        pay method=EASY auto=true; keep p; tell p expired | tell p reserved task=kept | \
            RESERVED capture:10000+0
        pay; tell p expired; wake p; begin p    | tell p waiting            | TIMEDOUT
        pay; tell p expired; wake p; begin p    | tell p paid               | FINALIZED 10000/0
        pay; tell p expired; wake p; begin p    | tell p notdone            | TIMEDOUT read+1
        pay; tell p expired; wake p; begin p    | tell p unknown            | TIMEDOUT read+1
        pay method=EASY; tell p reserved; wake p; begin p | tell p unknown | RESERVED read+1
        ",
    );
    let mut world = World::new();
    world.steps("pay; keep p; tell p expired; tell p paid task=kept");
    let events: Vec<Event> = world.named("p").transitions.iter().map(|it| it.event).collect();
    assert_eq!(events, [Event::Create, Event::TimeOut, Event::Resend, Event::Finalize]);
}

/// A PSP that called to tell something and then never answers is not asked for ever.
#[test]
fn late_reading_ends() {
    let mut world = World::new();
    world.steps("pay; tell p expired; wake p");
    let mut count = 0;
    while world.named("p").task.is_some() {
        world.steps("begin p; tell p notdone; wait 10m");
        count += 1;
    }
    assert_eq!(count, LATE_READS_MAX);
}

#[test]
fn what_a_refund_claims_is_given_back_once() {
    check(
        "
        before | request | answer | others
        pay; tell p paid; refund amount=60.00; keep r | tell r refused | REJECTED | \
            p=FINALIZED 10000/0
        pay; tell p paid; refund amount=60.00; keep r; tell r refused | \
            tell r refused task=kept | REJECTED | p=FINALIZED 10000/0
        pay; tell p paid; refund amount=60.00; keep r; tell r refused | \
            tell r failed task=kept | REJECTED | p=FINALIZED 10000/0
        pay; tell p paid; refund amount=60.00; keep r; tell r refused; \
            refund amount=70.00 as=s | tell r refused task=kept | REJECTED | p=FINALIZED 10000/7000
        pay; tell p paid; refund amount=60.00; keep r; tell r failed; \
            refund amount=70.00 as=s | tell r paid task=kept | FAILED ! | p=FINALIZED 10000/7000
        pay; tell p paid; refund amount=60.00; keep r; tell r failed | tell r paid task=kept | \
            FAILED ! | p=FINALIZED 10000/0
        pay; tell p paid; refund amount=60.00 | tell r expired | TIMEDOUT | p=FINALIZED 10000/0
        pay; tell p paid; refund amount=60.00; keep r; tell r expired | tell r paid task=kept | \
            FINALIZED 6000/0 | p=FINALIZED 10000/6000
        pay; tell p paid; refund amount=60.00; keep r; tell r expired; \
            refund amount=40.00 as=s | tell r paid task=kept | FINALIZED 6000/0 | \
            p=FINALIZED 10000/10000
        pay; tell p paid; refund amount=60.00; keep r; tell r expired; \
            refund amount=40.01 as=s | tell r paid task=kept | TIMEDOUT ! | p=FINALIZED 10000/4001
        pay; tell p paid; refund; tell r expired; refund as=s; wake r; begin r | tell r paid | \
            TIMEDOUT ! | p=FINALIZED 10000/10000
        pay; tell p paid; refund amount=60.00 | tell r reserved | INITIALIZED read+1 | \
            p=FINALIZED 10000/6000
        pay; tell p paid; refund amount=60.00; tell r waiting; wait 30m | begin r | \
            INITIALIZED read+45 | p=FINALIZED 10000/6000
        pay; tell p paid; refund amount=60.00; tell r waiting; wait 30m | tell r waiting | \
            INITIALIZED read+600 | p=FINALIZED 10000/6000
        pay; tell p paid; refund amount=60.00; tell r notdone; wait 30m | tell r notdone | \
            INITIALIZED create+600 ! | p=FINALIZED 10000/6000
        pay; tell p paid; refund amount=60.00; tell r waiting; wait 1d | tell r waiting | \
            INITIALIZED read+600 ! | p=FINALIZED 10000/6000
        pay; tell p paid; close p; refund amount=60.00 | tell r declined | REJECTED | \
            p=REPORTED 10000/0
        ",
    );
}

#[test]
fn how_a_reversal_goes() {
    check(
        "
        before | request | answer | others
        pay; reverse; tell v paid | begin v | INITIALIZED create+45 | p=FINALIZED 10000/10000
        pay; reverse; tell v paid; begin v | tell v paid | FINALIZED 10000/0 | \
            p=FINALIZED 10000/10000
        pay; reverse; tell v paid; begin v | tell v refused | REJECTED | p=FINALIZED 10000/0
        pay; reverse; tell p paid | tell v paid | INITIALIZED create+0 | p=FINALIZED 10000/10000
        pay; reverse; tell p paid | tell v refused | REJECTED | p=FINALIZED 10000/0
        pay; reverse; tell p paid; refund amount=60.00 | tell v refused | REJECTED | \
            p=FINALIZED 10000/6000
        pay; reverse; tell p paid; refund amount=0.01 | tell v paid | REJECTED | p=FINALIZED 10000/1
        pay method=EASY; tell p reserved; capture amount=40.00; reverse | tell v paid | \
            REJECTED | p=FINALIZED 4000/0
        pay method=EASY; tell p reserved; capture amount=40.00; reverse | tell v cancelled | \
            FINALIZED | p=CANCELLED
        pay method=EASY; tell p reserved; capture; reverse; tell v cancelled | tell p paid | \
            CANCELLED !
        pay; reverse; keep v; wait 45s; begin v | tell v paid task=kept | \
            INITIALIZED cancel+45 | p=FINALIZED 10000/0
        pay; reverse; keep v; wait 45s; begin v; tell v paid task=kept | tell v paid | \
            INITIALIZED create+0 | p=FINALIZED 10000/10000
        pay; reverse; keep v; wait 45s; begin v; tell v paid | tell v paid task=kept | \
            INITIALIZED create+0 | p=FINALIZED 10000/10000
        pay; reverse; keep v; wait 45s; begin v; tell v paid | tell v refused task=kept | \
            INITIALIZED create+0 | p=FINALIZED 10000/10000
        pay; reverse; keep v; wait 45s; begin v; tell v paid | tell v cancelled task=kept | \
            INITIALIZED create+0 | p=FINALIZED 10000/10000 !
        pay; reverse; keep v; wait 45s; begin v | tell v refused task=kept | INITIALIZED cancel+45
        pay; reverse; keep v; wait 45s; begin v | tell v unknown task=kept | INITIALIZED cancel+45
        pay; reverse; keep v; wait 45s; begin v | tell v cancelled task=kept | FINALIZED | \
            p=CANCELLED
        pay; reverse; keep v; wait 45s; begin v; tell v refused | tell v cancelled task=kept | \
            REJECTED | p=CANCELLED
        pay; reverse; keep v; tell v cancelled | tell v paid task=kept | FINALIZED | p=CANCELLED !
        pay; reverse; tell v missing | begin v | nothing | p=INITIALIZED create+45
        pay; reverse; tell p declined | tell v missing | FINALIZED | p=REJECTED
        pay; tell p paid; reverse | tell v expired | TIMEDOUT | p=FINALIZED 10000/0
        pay; tell p paid; reverse; keep v; tell v expired; reverse as=w | \
            tell v paid task=kept | TIMEDOUT ! | p=FINALIZED 10000/10000
        pay; tell p paid; reverse; keep v; tell v expired | tell v paid task=kept | \
            FINALIZED 10000/0 | p=FINALIZED 10000/10000
        pay; reverse; tell v unknown; wait 30m | tell v unknown | PENDING cancel+600 !
        ",
    );
}

/// Whose reversal it is that the original remembers.
#[test]
fn an_original_remembers_the_reversal_that_may_still_be() {
    let cases = [
        ("pay; reverse", true),
        ("pay; reverse; tell v refused", false),
        ("pay; reverse; tell v cancelled", true),
        ("pay; tell p paid; reverse; tell v declined", false),
        ("pay; tell p paid; reverse; keep v; tell v expired", false),
        ("pay; tell p paid; reverse; keep v; tell v expired; tell v paid task=kept", true),
    ];
    for (steps, expected) in cases {
        let mut world = World::new();
        world.steps(steps);
        let number = world.named("v").number;
        assert_eq!(world.named("p").reversal, expected.then_some(number), "{steps}");
    }
}

#[test]
fn pauses_grow_until_somebody_must_have_gone() {
    let cases = [
        (0, false, 1_000),
        (1, false, 1_000),
        (2, false, 2_000),
        (5, false, 16_000),
        (6, false, 30_000),
        (i64::MAX, false, 30_000),
        (1, true, 600_000),
    ];
    for (attempts, is_late, expected) in cases {
        assert_eq!(pause_ms(attempts, is_late), expected, "{attempts} {is_late}");
    }
}

#[test]
#[should_panic(expected = "read with what it is about")]
fn a_refund_is_never_recorded_alone() {
    let mut world = World::new();
    world.steps("pay; tell p paid; refund");
    let refund = Payment { original: None, ..world.named("r") };
    tell(&mut world, &refund, refund.task.unwrap(), Standing::Declined);
}

/// A payment of which was told how it has ended without money: what the PSP says of it when it is
/// told to end it decides.
#[test]
fn what_was_told_of_an_end_holds_where_the_psp_confirms_it() {
    let cases = [
        (Event::Reject, Standing::Cancelled, State::Rejected),
        (Event::Fail, Standing::Cancelled, State::Failed),
        (Event::Cancel, Standing::Cancelled, State::Cancelled),
        (Event::Cancel, Standing::Expired, State::Cancelled),
        (Event::Reject, Standing::Declined, State::Rejected),
        (Event::Reject, Standing::Reserved, State::Reserved),
        (Event::Reject, Standing::Paid, State::Finalized),
        (Event::Reject, Standing::Unknown, State::Pending),
        (Event::Reject, Standing::Refused, State::Pending),
        // It has not ended, and its time is not over: it is asked on.
        (Event::Cancel, Standing::Waiting, State::Initialized),
        (Event::Cancel, Standing::Missing, State::Initialized),
    ];
    for (ends_as, standing, expected) in cases {
        let mut world = World::new();
        world.steps("pay method=EASY; tell p waiting");
        let number = world.named("p").number;
        let reference = Some("psp-1".to_owned());
        let wake = Wake { payment: number, reference, ends_as: Some(ends_as) };
        world.run(Command::Wake(wake)).unwrap();
        assert_eq!(world.named("p").task.unwrap().operation, Operation::GiveUp);
        world.steps("begin p");
        let payment = world.named("p");
        let told = tell(&mut world, &payment, payment.task.unwrap(), standing);
        assert_eq!(told.state, expected, "{ends_as:?} {standing:?}");
        if expected == State::Initialized {
            assert_eq!(told.task.unwrap().operation, Operation::Read);
            assert_eq!(told.ends_as, None);
        }
    }
}

/// What is not open, is no payment, or has no name at the PSP is not ended for it.
#[test]
fn what_cannot_be_ended_is_read() {
    for before in ["pay method=EASY", "pay method=EASY; tell p reserved"] {
        let mut world = World::new();
        world.steps(before);
        let number = world.named("p").number;
        let reference = before.contains("reserved").then(|| "psp-1".to_owned());
        let wake = Wake { payment: number, reference, ends_as: Some(Event::Reject) };
        world.run(Command::Wake(wake)).unwrap();
        let payment = world.named("p");
        assert_eq!(payment.task.unwrap().operation, Operation::Read, "{before}");
        assert_eq!(payment.ends_as, None);
    }
}

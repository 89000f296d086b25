//! Properties that hold whatever is asked and whatever a PSP says, in any order and any number.
//!
//! Method: `proptest` draws commands for a few payments, refunds and reversals, alone or several in
//! one batch; a failure prints the smallest run that it finds.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::payment::Register;
use crate::record::claimed_minor;
use crate::report::{Report, Standing};
use crate::world::{CUSTOMER, STANDINGS, World};
use crate::{
    Age, Begin, Capture, CloseDay, Command, Event, Method, Operation, Payment, PaymentKind, Record,
    State, Task, Wake,
};

#[derive(Clone, Debug)]
enum Step {
    Pay {
        method: Method,
        is_auto: bool,
        reference: bool,
    },
    GiveBack {
        of: Index,
        kind: PaymentKind,
        minor: Option<i64>,
    },
    Begin {
        payment: Index,
        attempts_ago: i64,
    },
    /// What came of the present task, or of one that was there before.
    Record {
        payment: Index,
        task: Option<Index>,
        standing: Standing,
    },
    Wake(Index),
    Age,
    Capture {
        payment: Index,
        minor: Option<i64>,
    },
    CloseDay(Index),
}

/// How long it takes until a batch, and the batch.
type Moment = (i64, Vec<Step>);

fn step() -> impl Strategy<Value = Step> {
    let methods = vec![Method::Swish, Method::Easy, Method::Easy, Method::CardLedger];
    let kinds = vec![PaymentKind::Refund, PaymentKind::Reversal];
    let minor = || option::of(select(vec![1, 4_000, 5_000, 9_999, 10_000]));
    let index = any::<Index>;
    prop_oneof![
        3 => (select(methods), any::<bool>(), any::<bool>())
            .prop_map(|(method, is_auto, reference)| Step::Pay { method, is_auto, reference }),
        4 => (index(), select(kinds), minor())
            .prop_map(|(of, kind, minor)| Step::GiveBack { of, kind, minor }),
        4 => (index(), 0..2_i64)
            .prop_map(|(payment, attempts_ago)| Step::Begin { payment, attempts_ago }),
        12 => (index(), option::weighted(0.3, index()), select(&STANDINGS[..]))
            .prop_map(|(payment, task, (_, standing))| Step::Record { payment, task, standing }),
        2 => index().prop_map(Step::Wake),
        1 => Just(Step::Age),
        2 => (index(), minor()).prop_map(|(payment, minor)| Step::Capture { payment, minor }),
        1 => index().prop_map(Step::CloseDay),
    ]
}

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let spans = select(vec![0, 0, 0, 1_000, 45_000, 600_000, 1_800_000]);
    vec((spans, vec(step(), 1..4)), 1..40)
}

/// A world that remembers how all payments were, and which tasks there have ever been.
struct Run {
    world: World,
    before: BTreeMap<i64, Payment>,
    tasks: BTreeMap<i64, Vec<Task>>,
}

impl Run {
    fn new() -> Run {
        Run { world: World::new(), before: BTreeMap::new(), tasks: BTreeMap::new() }
    }

    fn at(&self, index: Index) -> Option<&Payment> {
        let payments: Vec<&Payment> = self.before.values().collect();
        (!payments.is_empty()).then(|| *index.get(&payments))
    }

    fn batch(&mut self, steps: &[Step]) {
        let commands: Vec<Command> = steps.iter().filter_map(|step| self.command(step)).collect();
        self.world.batch(commands);
        self.check();
    }

    /// What a step comes to, if there is something that it can be about.
    fn command(&mut self, step: &Step) -> Option<Command> {
        Some(match step {
            Step::Pay { method, is_auto, reference } => {
                let mut command = self.world.initialize(PaymentKind::Payment, *method);
                let auto_capture = Some(is_auto.to_string());
                command.asked.register = Some(Register { auto_capture, ..Register::default() });
                command.asked.terminal_reference = reference.then(|| "t".to_owned());
                Command::Initialize(command)
            }
            Step::GiveBack { of, kind, minor } => {
                let original = self.at(*of)?.clone();
                let mut command = self.world.initialize(*kind, original.method);
                let usual = original.amount.total_minor;
                command.amount.total_minor = minor.unwrap_or(usual);
                command.original = Some(Box::new(original));
                Command::Initialize(command)
            }
            Step::Begin { payment, attempts_ago } => {
                let payment = self.at(*payment)?;
                let begin = Begin::of(payment, payment.task?);
                Command::Begin(Begin { attempts: begin.attempts - attempts_ago, ..begin })
            }
            Step::Record { payment, task, standing } => {
                let payment = self.at(*payment)?;
                let tasks = &self.tasks[&payment.number];
                // Nobody talks to anybody about what the ledger decides.
                let newest = tasks.last()?;
                let present = payment.task.unwrap_or(*newest);
                let task = task.map_or(present, |task| *task.get(tasks));
                record(payment, task, *standing)
            }
            Step::Wake(payment) => {
                let payment = self.at(*payment)?.number;
                Command::Wake(Wake { payment, reference: None, ends_as: None })
            }
            Step::Age => Command::Age(Age { payments: self.before.keys().copied().collect() }),
            Step::Capture { payment, minor } => Command::Capture(Capture {
                payment: Box::new(self.at(*payment)?.clone()),
                minor: *minor,
                actor: "op".to_owned(),
                idempotency: None,
            }),
            Step::CloseDay(payment) => Command::CloseDay(CloseDay {
                customer: CUSTOMER,
                day: ledger::Date::parse("2026-11-20").unwrap(),
                until: self.world.now,
                payments: vec![self.at(*payment)?.number],
            }),
        })
    }

    /// Checks what holds after every batch.
    fn check(&mut self) {
        let payments: BTreeMap<i64, Payment> =
            self.world.all().into_iter().map(|payment| (payment.number, payment)).collect();
        for payment in payments.values() {
            check_history(payment, self.before.get(&payment.number));
            check_alone(payment);
            let about: Vec<&Payment> =
                payments.values().filter(|it| it.original == Some(payment.number)).collect();
            check_given_back(payment, &about);
            let tasks = self.tasks.entry(payment.number).or_default();
            tasks.extend(payment.task.filter(|task| tasks.last() != Some(task)));
        }
        self.before = payments;
    }

    /// Does what is due until nothing is, or so many times.
    fn go_on(&mut self, rounds: usize, says: impl Fn(Operation) -> Standing) {
        for _ in 0..rounds {
            let due: Vec<Payment> =
                self.before.values().filter(|payment| payment.task.is_some()).cloned().collect();
            for payment in due {
                let Some(task) = self.world.read(payment.number).task else { continue };
                self.world.now = self.world.now.max(task.due_at);
                self.world.run(Command::Begin(Begin::of(&payment, task))).unwrap();
                let task = self.world.read(payment.number).task.unwrap();
                self.world.run(record(&payment, task, says(task.operation))).unwrap();
                self.check();
            }
        }
    }
}

fn record(payment: &Payment, task: Task, standing: Standing) -> Command {
    Command::Record(Record {
        payment: payment.number,
        original: payment.original,
        task,
        report: Report::new(standing),
    })
}

/// Nothing of the past is changed, and each step is legal.
fn check_history(payment: &Payment, before: Option<&Payment>) {
    let known = before.map_or(0, |before| before.transitions.len());
    if let Some(before) = before {
        assert_eq!(payment.transitions[..known], before.transitions[..], "the past has changed");
    }
    let mut state = None;
    for it in &payment.transitions {
        assert_eq!(it.from, state, "{payment:?}");
        state = State::after(it.from, it.event);
        assert!(state.is_some(), "{:?} from {:?}", it.event, it.from);
    }
    assert_eq!(state, Some(payment.state));
    assert_eq!(payment.transitions[0].event, Event::Create);
    let new = &payment.transitions[known..];
    let left = new.iter().filter(|it| it.from.is_some_and(State::is_final));
    for it in left {
        assert_eq!((it.from, it.event), (Some(State::TimedOut), Event::Resend));
    }
}

/// What holds for each one by itself.
fn check_alone(payment: &Payment) {
    assert_eq!(Payment::of(&payment.document()).as_ref(), Some(payment));
    let is_ours = payment.method == Method::CardLedger;
    assert!(!payment.state.is_open() || payment.task.is_some(), "waits for ever: {payment:?}");
    assert!(!is_ours || (payment.task.is_none() && !payment.state.is_open()), "{payment:?}");
    let is_held = matches!(payment.state, State::Reserved | State::Authorized);
    let is_apt = payment.task.is_none_or(|task| match task.operation {
        Operation::Create | Operation::Cancel | Operation::GiveUp => payment.state.is_open(),
        Operation::Read => payment.state.is_open() || is_held || payment.state == State::TimedOut,
        Operation::Capture { .. } => is_held && payment.kind == PaymentKind::Payment,
    });
    assert!(is_apt, "nothing can come of its task: {payment:?}");
    let has_money = payment.captured_minor > 0;
    let is_committed = payment.state.is_committed();
    assert!(!has_money || is_committed, "money without an end: {payment:?}");
    let may_lack = payment.kind == PaymentKind::Reversal;
    assert!(!is_committed || has_money || may_lack, "an end without money: {payment:?}");
    assert!((0..=payment.amount.total_minor).contains(&payment.captured_minor), "{payment:?}");
    assert_eq!(payment.report.is_some(), payment.state == State::Reported);
}

/// No more is given back than was taken, and what is claimed is what somebody claims.
fn check_given_back(original: &Payment, about: &[&Payment]) {
    let claimed: i64 = about.iter().map(|it| claimed_minor(it)).sum();
    assert_eq!(original.refunded_minor, claimed, "{original:?} {about:?}");
    assert!(original.refunded_minor <= original.captured_minor, "{original:?}");
    let done = about.iter().filter(|it| it.state.is_committed());
    let back: i64 = done.map(|it| it.captured_minor).sum();
    assert!(back <= original.captured_minor, "{original:?}");
    if let Some(number) = original.reversal {
        let reversal = about.iter().find(|it| it.number == number);
        let reversal = reversal.unwrap_or_else(|| panic!("no reversal {number}"));
        assert_eq!(reversal.kind, PaymentKind::Reversal);
        assert!(!reversal.state.is_final() || reversal.state.is_committed(), "{reversal:?}");
    }
}

proptest! {
    // Each is a whole run.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_is_lost_and_nothing_given_twice(moments in moments()) {
        let mut run = Run::new();
        for (span_ms, steps) in &moments {
            run.world.wait_ms(*span_ms);
            run.batch(steps);
        }
        run.world.verify();
        // Once the PSP speaks, everything comes to an end.
        run.go_on(5, |operation| match operation {
            Operation::Create | Operation::Read | Operation::Capture { .. } => Standing::Paid,
            Operation::Cancel | Operation::GiveUp => Standing::Cancelled,
        });
        for payment in run.before.values() {
            prop_assert!(payment.task.is_none() && !payment.state.is_open(), "{:?}", payment);
        }
        run.world.verify();
    }

    /// Whatever has happened, nobody is asked for money who has not paid in time.
    #[test]
    fn no_payer_is_waited_for_for_ever(moments in moments()) {
        let mut run = Run::new();
        for (span_ms, steps) in &moments {
            run.world.wait_ms(*span_ms);
            run.batch(steps);
        }
        run.world.wait_ms(crate::limits::OPEN_MS_MAX);
        run.go_on(2, |_| Standing::Waiting);
        for payment in run.before.values().filter(|it| it.kind == PaymentKind::Payment) {
            prop_assert!(!payment.state.is_open(), "{:?}", payment);
        }
    }
}

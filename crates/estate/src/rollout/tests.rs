//! Goal: a rollout tells of its package whom it should, when it should, and no more; it halts, goes
//! on and goes back as its figures and its operator say. Method: tables of figures for what is
//! computed from them; a small fleet on the memory store for everything else.

use proptest::prelude::*;

use super::*;
use crate::Refusal;
use crate::fleet::{Fleet, HOUR_MS, MIDNIGHT, plan};
use crate::limits::{REMEMBERED_ROLLOUTS_MAX, ROLLOUTS_MAX};
use crate::steer_rollout::{RolloutStep, StartRollout};
use crate::terminal::{Activation, TerminalStatus};
use crate::update::{Update, UpdateStatus};

/// A fleet of `count` terminals of customer 2, package 1, and a rollout of it to all of them.
fn rolling(count: i64, change: impl Fn(&mut StartRollout)) -> (Fleet, Rollout) {
    let mut fleet = Fleet::new();
    fleet.terminals(2, "C100+", usize::try_from(count).unwrap());
    let package = fleet.package(1, "ALL Carbon");
    let mut plan = plan(1, package, count);
    change(&mut plan);
    let rollout = fleet.start(plan).unwrap();
    (fleet, rollout)
}

fn planned(population: i64, stages: &[i64]) -> Rollout {
    let (_, rollout) = rolling(1, |_| {});
    Rollout { population, stages: stages.to_vec(), ..rollout }
}

#[test]
fn words_and_documents_are_read_again() {
    for state in RolloutState::ALL {
        assert_eq!(RolloutState::parse(state.as_str()), Some(state));
        let before = planned(7, &[1, 100]);
        let rollout =
            Rollout { state, reason: Some("För många".to_owned()), is_over: true, ..before };
        assert_eq!(Rollout::of(&rollout.document()), Some(rollout));
    }
    let mut tally = Tally::default();
    for (figure, number) in tally.figures_mut().into_iter().zip(1..) {
        *figure.1 = number;
    }
    assert_eq!(Tally::of(&tally.document(3)), Some(tally));
    assert_eq!(RolloutState::parse("over"), None);
}

#[test]
fn stages_ascend_to_all() {
    let ten: Vec<i64> = (91..=100).collect();
    let eleven: Vec<i64> = (90..=100).collect();
    for good in [&[100][..], &[1, 100], &[1, 10, 100], &ten] {
        assert!(are_stages(good), "{good:?}");
    }
    for bad in [&[][..], &[0, 100], &[99], &[10, 10, 100], &[50, 10, 100], &[101], &eleven] {
        assert!(!are_stages(bad), "{bad:?}");
    }
}

#[test]
fn stages_are_rounded_up() {
    // Population, stages, what each stage may reach, how many may be under way.
    let cases: [(i64, &[i64], &[i64], i64); 6] = [
        (10_000, &[1, 10, 100], &[100, 1_000, 10_000], 100),
        (10_001, &[1, 10, 100], &[101, 1_001, 10_001], 101),
        (50, &[1, 10, 100], &[1, 5, 50], 5),
        (1, &[1, 10, 100], &[1, 1, 1], 5),
        (3, &[50, 100], &[2, 3], 5),
        (1_000_000, &[100], &[1_000_000], 1_000_000),
    ];
    for (population, stages, reached, under_way) in cases {
        let rollout = planned(population, stages);
        let found: Vec<i64> = (0..stages.len()).map(|at| rollout.reached_max_of(at)).collect();
        assert_eq!((found.as_slice(), rollout.under_way_max()), (reached, under_way));
    }
}

#[test]
fn figures_decide_what_follows() {
    use RolloutState::{Completed, Halted, Paused, Running};
    // State and stage before; reached, installed, failed; forgiven answers and failures; state and
    // stage after. A thousand terminals in stages of 1, 10 and 100 %; at most 10 % may fail.
    let cases = [
        ((Running, 0), (10, 9, 0), (0, 0), (Running, 0)),
        ((Running, 0), (10, 10, 0), (0, 0), (Running, 1)),
        // A whole stage counts as what it is.
        ((Running, 0), (10, 9, 1), (0, 0), (Running, 1)),
        ((Running, 0), (10, 8, 2), (0, 0), (Halted, 0)),
        ((Running, 0), (10, 8, 2), (10, 2), (Running, 1)),
        ((Running, 0), (100, 100, 0), (0, 0), (Running, 2)),
        ((Running, 1), (10, 10, 0), (0, 0), (Running, 1)),
        // As if fifty had answered: five may fail.
        ((Running, 0), (10, 0, 5), (0, 0), (Running, 0)),
        ((Running, 0), (10, 0, 6), (0, 0), (Halted, 0)),
        ((Running, 1), (60, 44, 6), (0, 0), (Halted, 1)),
        ((Running, 1), (70, 54, 6), (0, 0), (Running, 1)),
        ((Running, 1), (70, 53, 7), (0, 0), (Halted, 1)),
        // Failures that were forgiven do not count, and neither do the answers then.
        ((Running, 1), (70, 53, 7), (60, 7), (Running, 1)),
        ((Running, 1), (70, 53, 12), (55, 7), (Running, 1)),
        ((Running, 1), (70, 50, 13), (55, 7), (Halted, 1)),
        // A failure that was corrected after it was forgiven.
        ((Running, 1), (70, 63, 2), (65, 7), (Running, 1)),
        ((Paused, 0), (10, 10, 0), (0, 0), (Paused, 0)),
        ((Paused, 0), (10, 4, 6), (0, 0), (Halted, 0)),
        ((Halted, 0), (10, 10, 0), (0, 0), (Halted, 0)),
        ((Running, 2), (1_000, 999, 0), (0, 0), (Running, 2)),
        ((Running, 2), (1_000, 999, 1), (0, 0), (Completed, 2)),
        ((Running, 2), (999, 999, 0), (0, 0), (Running, 2)),
        ((Completed, 2), (1_000, 0, 1_000), (0, 0), (Completed, 2)),
    ];
    for ((state, stage), (reached, installed, failed), (answers, failures), expected) in cases {
        let before = Rollout { stage, state, ..planned(1_000, &[1, 10, 100]) };
        let tally = Tally {
            reached,
            installed,
            failed,
            forgiven_answers: answers,
            forgiven_failures: failures,
            ..Tally::default()
        };
        let after = before.after(&tally, before.changed_at.plus_ms(1));
        assert_eq!((after.state, after.stage), expected, "{state:?} {stage} {tally:?}");
        assert_eq!(after.reason.is_some(), state != Halted && after.state == Halted);
        assert_eq!(after.is_over, after.state == Completed);
        assert_eq!(after.changed_at > before.changed_at, after != before, "{tally:?}");
        if after.state == Halted {
            assert!(!Rollout { state: Running, ..after }.has_room(&tally) || state == Halted);
        }
    }
}

#[test]
fn small_fleets_halt_too() {
    let tally = |installed, failed| Tally { reached: 4, installed, failed, ..Tally::default() };
    for (population, installed, failed, is_halted) in
        [(5, 3, 0, false), (5, 2, 1, true), (20, 1, 2, false), (20, 1, 3, true)]
    {
        let rollout = Rollout { failures_percent_max: 10, ..planned(population, &[100]) };
        let after = rollout.after(&tally(installed, failed), MIDNIGHT);
        assert_eq!(after.state == RolloutState::Halted, is_halted, "{population} {failed}");
    }
}

#[test]
fn all_or_none_may_fail() {
    let tally = |installed, failed| Tally { reached: 60, installed, failed, ..Tally::default() };
    for (percent, installed, failed, is_halted) in [
        (0, 49, 0, false),
        (0, 49, 1, true),
        (100, 0, 60, false),
        (99, 0, 49, false),
        (99, 0, 50, true),
    ] {
        let rollout = Rollout { failures_percent_max: percent, ..planned(100, &[100]) };
        let after = rollout.after(&tally(installed, failed), MIDNIGHT);
        assert_eq!(after.state == RolloutState::Halted, is_halted, "{percent} {failed}");
    }
}

#[test]
fn a_rollout_is_started_once_for_the_same_terminals() {
    let mut fleet = Fleet::new();
    let carbon = fleet.package(1, "ALL Carbon");
    let classic = fleet.package(1, "T103");
    let all = fleet.package(1, "ALL");
    let lane = fleet.package(1, "ingenico_lane3000");
    let foreign = fleet.package(5, "ALL");
    let below = fleet.package(2, "ALL");
    // Customer, package, population; what comes of it beside a rollout of `carbon` to 2.
    let cases = [
        ((9, 9, 0), Err(Refusal::CustomerNotFound)),
        ((2, 9, 0), Err(Refusal::PackageNotFound)),
        ((2, foreign, 0), Err(Refusal::PackageNotFound)),
        ((1, below, 0), Err(Refusal::PackageNotFound)),
        ((2, carbon, 0), Err(Refusal::NobodyMeant)),
        ((2, carbon, 1), Err(Refusal::RolloutRunning)),
        ((1, carbon, 1), Err(Refusal::RolloutRunning)),
        ((4, carbon, 1), Err(Refusal::RolloutRunning)),
        ((4, all, 1), Err(Refusal::RolloutRunning)),
        ((4, below, 1), Err(Refusal::RolloutRunning)),
        ((3, carbon, 1), Ok(())),
        ((5, foreign, 1), Ok(())),
        ((2, classic, 1), Ok(())),
        ((1, lane, 1), Ok(())),
    ];
    let first = fleet.start(plan(2, carbon, 1)).unwrap();
    for ((customer, package, population), expected) in cases {
        let started = fleet.start(plan(customer, package, population));
        assert_eq!(started.map(|_| ()), expected, "{customer} {package} {population}");
    }
    // Paused and halted ones are in the way, ended ones are not.
    for (step, expected) in
        [(RolloutStep::Pause, Err(Refusal::RolloutRunning)), (RolloutStep::End, Ok(()))]
    {
        fleet.steer(&first, step).unwrap();
        assert_eq!(fleet.start(plan(4, carbon, 1)).map(|_| ()), expected, "{step:?}");
    }
}

#[test]
fn there_are_so_many_rollouts_and_no_more() {
    let mut fleet = Fleet::new();
    let package = fleet.package(1, "C10");
    let mut rollouts: Vec<Rollout> = Vec::new();
    for _ in 0..ROLLOUTS_MAX {
        // Rolled back, one is still on its way, since its terminal has not called again.
        let terminal = fleet.terminal(2, "C10");
        let rollout = fleet.start(plan(1, package, 1)).unwrap();
        fleet.offered(terminal);
        fleet.steer(&rollout, RolloutStep::RollBack).unwrap();
        rollouts.push(rollout);
    }
    assert_eq!(fleet.start(plan(1, package, 1)), Err(Refusal::TooManyRollouts));
    // What is under way is called off, or nobody would know what became of it.
    fleet.steer(&rollouts[0], RolloutStep::End).unwrap();
    assert_eq!(fleet.start(plan(1, package, 1)), Err(Refusal::TooManyRollouts));
    fleet.call(1);
    assert!(fleet.rollout(rollouts[0].number).is_over);
    assert!(fleet.start(plan(1, package, 1)).is_ok());
}

#[test]
fn a_repeated_start_gets_the_first_answer() {
    let mut fleet = Fleet::new();
    let package = fleet.package(1, "ALL");
    let terminal = fleet.terminal(2, "C10");
    let plan = StartRollout { idempotency: Some(fleet.key()), ..plan(1, package, 1) };
    let first = fleet.start(plan.clone()).unwrap();
    fleet.install(terminal);
    assert_eq!(fleet.start(plan.clone()), Ok(first));
    let mut other = plan;
    other.idempotency.as_mut().unwrap().fingerprint = ledger::Fingerprint([1; 16]);
    assert_eq!(fleet.start(other), Err(Refusal::IdempotencyKeyReused));
}

#[test]
fn only_who_is_meant_is_told() {
    type Edit = fn(&mut crate::Terminal);
    let cases: [(&str, i64, &str, Edit, bool); 10] = [
        ("meant", 2, "C100+", |_| {}, true),
        ("below", 4, "C10", |_| {}, true),
        ("beside", 3, "C100+", |_| {}, false),
        ("another family", 2, "T103", |_| {}, false),
        ("no family", 2, "verifone_p400", |_| {}, false),
        ("inactive", 2, "C100+", |it| it.status = TerminalStatus::Inactive, false),
        ("deleted", 2, "C100+", |it| it.status = TerminalStatus::Deleted, false),
        (
            "without a device",
            2,
            "C100+",
            |it| {
                let code_salt = "0".repeat(32);
                it.activation = Activation::Waiting { code_salt, wrong_codes: 0 };
            },
            false,
        ),
        ("runs it", 2, "C100+", |it| it.installed = Some(1), false),
        ("runs another", 2, "C100+", |it| it.installed = Some(7), true),
    ];
    for (name, customer, model, edit, is_told) in cases {
        let mut fleet = Fleet::new();
        let package = fleet.package(1, "ALL Carbon");
        let terminal = fleet.terminal(customer, model);
        fleet.edit(terminal, edit);
        let rollout = fleet.start(plan(2, package, 10)).unwrap();
        let updates = fleet.call(terminal).updates;
        assert_eq!(updates.len(), usize::from(is_told), "{name}");
        assert_eq!(fleet.tally(rollout.number).reached, i64::from(is_told), "{name}");
        for update in updates {
            assert_eq!((update.package, update.status), (package, UpdateStatus::Offered), "{name}");
            assert_eq!(update.previous, fleet.read(terminal).installed, "{name}");
        }
        assert_eq!(fleet.call(terminal).updates, [], "{name}: told once");
    }
}

#[test]
fn a_terminal_gets_one_thing_at_a_time() {
    let (mut fleet, rollout) = rolling(10, |_| {});
    let other = fleet.package(2, "ALL");
    let order = crate::order_updates::OrderUpdates {
        customer: 2,
        package: other,
        serials: vec![("A000000001".to_owned(), vec![1])],
        actor: "partner".to_owned(),
        idempotency: None,
    };
    fleet.run(crate::Command::OrderUpdates(order)).unwrap();
    assert_eq!(fleet.call(1).updates, []);
    assert_eq!(fleet.tally(rollout.number).reached, 0);
}

#[test]
fn there_is_room_for_a_stage_and_for_so_many_under_way() {
    let (mut fleet, rollout) = rolling(20, |_| {});
    let told = |fleet: &mut Fleet, terminals: std::ops::RangeInclusive<i64>| {
        terminals.map(|terminal| fleet.call(terminal).updates.len()).sum::<usize>()
    };
    assert_eq!(told(&mut fleet, 1..=20), 2, "a tenth");
    for update in fleet.updates_of(rollout.number) {
        fleet.say(&update, UpdateStatus::Installed).unwrap();
    }
    assert_eq!(fleet.rollout(rollout.number).stage, 1);
    assert_eq!(told(&mut fleet, 1..=20), 5, "half, but five under way at a time");
    let open = fleet.updates_of(rollout.number);
    fleet.say(&open[2], UpdateStatus::Downloaded).unwrap();
    assert_eq!(told(&mut fleet, 1..=20), 0, "still under way");
    fleet.say(&open[2], UpdateStatus::Failed).unwrap();
    assert_eq!(told(&mut fleet, 1..=20), 1);
}

#[test]
fn all_terminals_get_it_and_it_completes() {
    let (mut fleet, rollout) = rolling(7, |_| {});
    for terminal in 1..=7 {
        assert_eq!(fleet.rollout(rollout.number).state, RolloutState::Running);
        fleet.install(terminal);
        assert_eq!(fleet.read(terminal).installed, Some(rollout.package));
    }
    let done = fleet.rollout(rollout.number);
    assert_eq!((done.state, done.is_over), (RolloutState::Completed, true));
    assert_eq!(Rollout::live(&fleet.directory()).count(), 0);
}

#[test]
fn answers_go_forward_only() {
    use UpdateStatus::{Cancelled, Downloaded, Failed, Installed, Offered, Ordered};
    // What was said before, what is said now, and whether that is taken.
    let cases: [(&[UpdateStatus], UpdateStatus, bool); 14] = [
        (&[], Ordered, false),
        (&[], Offered, true),
        (&[], Cancelled, false),
        (&[], Downloaded, true),
        (&[], Installed, true),
        (&[], Failed, true),
        (&[Downloaded], Downloaded, true),
        (&[Downloaded], Offered, false),
        (&[Downloaded], Installed, true),
        (&[Downloaded], Failed, true),
        (&[Installed], Installed, true),
        (&[Installed], Downloaded, false),
        (&[Installed], Failed, false),
        (&[Failed], Installed, false),
    ];
    for (before, status, is_taken) in cases {
        let (mut fleet, _) = rolling(1, |plan| plan.failures_percent_max = 100);
        let update = fleet.offered(1);
        for status in before {
            fleet.say(&update, *status).unwrap();
        }
        let (then, newest) = (fleet.update(update.number), fleet.newest());
        let said = fleet.say(&update, status);
        match said {
            Ok(now) => assert_eq!((now.status, is_taken), (status, true), "{before:?} {status:?}"),
            Err(refusal) => {
                assert_eq!((refusal, is_taken), (Refusal::UpdateEnded, false), "{status:?}");
            }
        }
        if then.status == status || !is_taken {
            assert_eq!(fleet.newest(), newest, "{before:?} {status:?}: nothing has changed");
            assert_eq!(fleet.update(update.number), then);
        }
    }
}

#[test]
fn only_the_terminal_itself_answers() {
    let (mut fleet, _) = rolling(2, |_| {});
    let update = fleet.offered(1);
    let report = |terminal, token: i64, number| {
        crate::Command::ReportUpdate(crate::report_update::ReportUpdate {
            terminal,
            token_hash: format!("{token:064x}"),
            update: number,
            status: UpdateStatus::Installed,
            message: None,
            rollouts: update.rollout.into_iter().collect(),
        })
    };
    assert_eq!(fleet.run(report(1, 2, update.number)), Err(Refusal::NotThisDevice));
    assert_eq!(fleet.run(report(9, 9, update.number)), Err(Refusal::NotThisDevice));
    assert_eq!(fleet.run(report(2, 2, update.number)), Err(Refusal::UpdateNotFound));
    assert_eq!(fleet.run(report(1, 1, 999)), Err(Refusal::UpdateNotFound));
    assert!(fleet.run(report(1, 1, update.number)).is_ok());
}

#[test]
fn silence_is_a_failure_until_the_device_says_otherwise() {
    let (mut fleet, rollout) = rolling(10, |_| {});
    let update = fleet.offered(1);
    fleet.now = MIDNIGHT.plus_ms(24 * HOUR_MS - 1);
    fleet.say(&update, UpdateStatus::Downloaded).unwrap();
    assert_eq!(fleet.expire(), 0);
    fleet.now = fleet.now.plus_ms(1);
    assert_eq!(fleet.expire(), 1, "the time runs from the offer");
    assert_eq!(fleet.expire(), 0);
    let expired = fleet.update(update.number);
    assert_eq!((expired.status, expired.is_expired), (UpdateStatus::Failed, true));
    assert!(expired.message.is_some());
    let figures = |fleet: &mut Fleet| {
        let tally = fleet.tally(rollout.number);
        (tally.reached, tally.installed, tally.failed, tally.under_way())
    };
    assert_eq!(figures(&mut fleet), (1, 0, 1, 0));
    assert_eq!(fleet.say(&update, UpdateStatus::Downloaded), Err(Refusal::UpdateEnded));
    assert!(fleet.say(&update, UpdateStatus::Failed).unwrap().is_expired);
    let late = fleet.say(&update, UpdateStatus::Installed).unwrap();
    assert_eq!((late.status, late.is_expired), (UpdateStatus::Installed, false));
    assert_eq!(figures(&mut fleet), (1, 1, 0, 0));
    assert_eq!(fleet.read(1).installed, Some(rollout.package));
    let updates = vec![(update.number, rollout.number), (999, rollout.number)];
    let expire = crate::steer_rollout::ExpireUpdates { updates };
    let done = fleet.run(crate::Command::ExpireUpdates(expire)).unwrap().done;
    assert_eq!(done, crate::command::Outcome::Nothing, "what has ended is not due");
}

#[test]
fn pauses_stop_offers_and_nothing_else() {
    let (mut fleet, rollout) = rolling(20, |_| {});
    let update = fleet.offered(1);
    let paused = fleet.steer(&rollout, RolloutStep::Pause).unwrap();
    assert_eq!(paused.state, RolloutState::Paused);
    assert_eq!(fleet.call(2).updates, []);
    fleet.say(&update, UpdateStatus::Installed).unwrap();
    assert_eq!(fleet.tally(rollout.number).installed, 1);
    let resumed = fleet.steer(&rollout, RolloutStep::Resume).unwrap();
    assert_eq!(resumed.state, RolloutState::Running);
    fleet.install(2);
    assert_eq!(fleet.rollout(rollout.number).stage, 1);
}

#[test]
fn halts_forgive_when_they_are_resumed() {
    let (mut fleet, rollout) = rolling(40, |plan| {
        (plan.failures_percent_max, plan.stages) = (3, vec![100]);
    });
    let fail = |fleet: &mut Fleet, terminal| {
        let update = fleet.offered(terminal);
        fleet.say(&update, UpdateStatus::Failed).unwrap();
    };
    fail(&mut fleet, 1);
    assert_eq!(fleet.rollout(rollout.number).state, RolloutState::Running);
    fail(&mut fleet, 2);
    let halted = fleet.rollout(rollout.number);
    assert_eq!(halted.state, RolloutState::Halted);
    let reason = "2 of 2 terminals that answered (counted as if 40 had) failed: more than 3 %";
    assert_eq!(halted.reason.as_deref(), Some(reason));
    assert_eq!(fleet.call(3).updates, []);
    let resumed = fleet.steer(&rollout, RolloutStep::Resume).unwrap();
    assert_eq!((resumed.state, resumed.reason), (RolloutState::Running, None));
    fail(&mut fleet, 3);
    assert_eq!(fleet.rollout(rollout.number).state, RolloutState::Running);
    fail(&mut fleet, 4);
    assert_eq!(fleet.rollout(rollout.number).state, RolloutState::Halted);
}

#[test]
fn steps_are_taken_from_where_they_can_be() {
    use RolloutState::{Completed, Halted, Paused, RolledBack, Running};
    use RolloutStep::{End, Pause, Resume, RollBack};
    let cases = [
        (Running, [Some(Paused), None, Some(RolledBack), Some(Completed)]),
        (Paused, [None, Some(Running), Some(RolledBack), Some(Completed)]),
        (Halted, [None, Some(Running), Some(RolledBack), Some(Completed)]),
        (Completed, [None, None, Some(RolledBack), None]),
        (RolledBack, [None, None, None, Some(RolledBack)]),
    ];
    for (state, expected) in cases {
        for (step, expected) in [Pause, Resume, RollBack, End].into_iter().zip(expected) {
            let (mut fleet, rollout) = rolling(2, |plan| plan.failures_percent_max = 0);
            match state {
                Running => {}
                Paused => drop(fleet.steer(&rollout, Pause).unwrap()),
                Halted => {
                    let update = fleet.offered(1);
                    fleet.say(&update, UpdateStatus::Failed).unwrap();
                }
                Completed => drop((fleet.install(1), fleet.install(2))),
                RolledBack => {
                    fleet.install(1);
                    fleet.steer(&rollout, RollBack).unwrap();
                }
            }
            assert_eq!(fleet.rollout(rollout.number).state, state);
            let after = fleet.steer(&rollout, step).map(|rollout| rollout.state);
            assert_eq!(after, expected.ok_or(Refusal::RolloutState), "{step:?} of {state:?}");
        }
    }
    let (mut fleet, rollout) = rolling(1, |_| {});
    let unknown = Rollout { number: 99_999, ..rollout };
    assert_eq!(fleet.steer(&unknown, Pause), Err(Refusal::RolloutNotFound));
}

#[test]
fn rolling_back_brings_back_what_was_there() {
    let (mut fleet, rollout) = rolling(10, |plan| plan.stages = vec![100]);
    let before = fleet.package(1, "C100+");
    for terminal in [1, 2, 3, 5, 6, 7, 9] {
        fleet.edit(terminal, |it| it.installed = Some(before));
    }
    let restoring = fleet.install(1);
    fleet.install(2);
    let failed = fleet.offered(3);
    fleet.say(&failed, UpdateStatus::Failed).unwrap();
    fleet.install(4); // It had nothing before.
    let under_way = fleet.offered(5);
    fleet.install(6);
    fleet.edit(6, |it| it.installed = Some(99)); // It has moved on.
    fleet.install(7);
    fleet.install(9);
    fleet.edit(9, |it| it.model = "C10".to_owned()); // What it had is not for this model.
    fleet.steer(&rollout, RolloutStep::RollBack).unwrap();

    let back = fleet.offered(1);
    assert_eq!((back.package, back.is_rollback), (before, true));
    assert_eq!((back.previous, back.rollout), (Some(restoring.package), restoring.rollout));
    assert_eq!(fleet.call(1).updates, [], "once");
    assert_eq!(fleet.update(back.number).status, UpdateStatus::Offered);
    fleet.say(&back, UpdateStatus::Installed).unwrap();
    assert_eq!(fleet.read(1).installed, Some(before));
    let broken = fleet.offered(2);
    fleet.say(&broken, UpdateStatus::Failed).unwrap();
    for nothing in [3, 4, 5, 6, 8, 9] {
        assert_eq!(fleet.call(nothing).updates, [], "{nothing}");
    }
    assert_eq!(fleet.update(under_way.number).status, UpdateStatus::Cancelled);
    let tally = fleet.tally(rollout.number);
    let figures = (tally.sent_back, tally.restored, tally.not_restored, tally.kept);
    assert_eq!((figures, tally.unaffected, tally.to_settle()), ((2, 1, 1, 2), 3, 1));
    assert!(!fleet.rollout(rollout.number).is_over, "7 has not called");
    let last = fleet.offered(7);
    assert!(!fleet.rollout(rollout.number).is_over, "7 has not answered");
    fleet.say(&last, UpdateStatus::Installed).unwrap();
    assert!(fleet.rollout(rollout.number).is_over);
    assert_eq!(Rollout::live(&fleet.directory()).count(), 0);

    // A device that installed it after all is sent back like the others.
    let late = fleet.say(&under_way, UpdateStatus::Installed).unwrap();
    assert_eq!(late.status, UpdateStatus::Installed);
    assert!(!fleet.rollout(rollout.number).is_over);
    assert_eq!(fleet.install(5).package, before);
    assert_eq!(fleet.read(5).installed, Some(before));
    assert!(fleet.rollout(rollout.number).is_over);
    let tally = fleet.tally(rollout.number);
    assert_eq!((tally.unaffected, tally.restored, tally.cancelled), (2, 3, 0));
}

#[test]
fn an_ended_rollout_leaves_things_as_they_are() {
    let (mut fleet, rollout) = rolling(10, |plan| plan.stages = vec![100]);
    fleet.install(1);
    let under_way = fleet.offered(2);
    let ended = fleet.steer(&rollout, RolloutStep::End).unwrap();
    assert_eq!((ended.state, ended.is_over), (RolloutState::Completed, false));
    assert_eq!(fleet.call(3).updates, []);
    fleet.say(&under_way, UpdateStatus::Installed).unwrap();
    assert!(fleet.rollout(rollout.number).is_over);
    assert_eq!(fleet.tally(rollout.number).installed, 2);
    // It can be taken back all the same.
    let previous = fleet.package(1, "ALL");
    fleet.edit(2, |it| it.rollouts[0].previous = Some(previous));
    fleet.steer(&rollout, RolloutStep::RollBack).unwrap();
    assert_eq!(fleet.offered(2).package, previous);
}

#[test]
fn nobody_is_sent_back_once_that_is_ended() {
    let (mut fleet, rollout) = rolling(10, |plan| plan.stages = vec![100]);
    let before = fleet.package(1, "ALL");
    for terminal in 1..=3 {
        fleet.edit(terminal, |it| it.installed = Some(before));
    }
    fleet.install(1);
    fleet.install(2);
    let under_way = fleet.offered(3);
    fleet.steer(&rollout, RolloutStep::RollBack).unwrap();
    let back = fleet.offered(1);
    let ended = fleet.steer(&rollout, RolloutStep::End).unwrap();
    assert_eq!((ended.state, ended.is_over), (RolloutState::RolledBack, false));
    assert_eq!(fleet.steer(&rollout, RolloutStep::End), Err(Refusal::RolloutState), "once");
    assert_eq!(fleet.call(2).updates, []);
    assert_eq!(fleet.read(2).installed, Some(rollout.package));
    assert_eq!(fleet.call(3).updates, []);
    assert_eq!(fleet.update(under_way.number).status, UpdateStatus::Cancelled);
    fleet.say(&back, UpdateStatus::Installed).unwrap();
    assert!(fleet.rollout(rollout.number).is_over);
}

#[test]
fn who_failed_is_not_told_again() {
    let (mut fleet, _) = rolling(10, |plan| plan.stages = vec![100]);
    let update = fleet.offered(1);
    fleet.say(&update, UpdateStatus::Failed).unwrap();
    assert_eq!(fleet.call(1).updates, []);
}

#[test]
fn windows_are_kept_on_the_way_there_and_back() {
    let (mut fleet, rollout) = rolling(1, |_| {});
    let before = fleet.package(1, "ALL");
    fleet.edit(1, |it| {
        it.installed = Some(before);
        it.settings.choose("timezone", "Asia/Tokyo");
        it.settings.choose("maintenance_window.start", "3");
        it.settings.choose("maintenance_window.duration", "2");
    });
    // Three in the morning in Tokyo is 18:00 in UTC. On the next day it goes back.
    for day in [0, 24 * HOUR_MS] {
        let opens_at = MIDNIGHT.plus_ms(day + 18 * HOUR_MS);
        for (before_ms, told) in [(18 * HOUR_MS, 0), (1, 0), (0, 1)] {
            fleet.now = opens_at.plus_ms(-before_ms);
            let offers = fleet.call(1);
            assert_eq!(offers.updates.len(), told, "{before_ms} ms before");
            assert_eq!(offers.window_opens_at, (told == 0).then_some(opens_at));
            for update in offers.updates {
                fleet.say(&update, UpdateStatus::Installed).unwrap();
            }
        }
        drop(fleet.steer(&rollout, RolloutStep::RollBack));
    }
    assert_eq!(fleet.read(1).installed, Some(before));
    assert_eq!(fleet.tally(rollout.number).restored, 1);
}

#[test]
fn a_terminal_remembers_the_newest_rollouts() {
    let mut fleet = Fleet::new();
    let terminal = fleet.terminal(2, "C10");
    let mut rollouts = Vec::new();
    for _ in 0..=REMEMBERED_ROLLOUTS_MAX {
        let package = fleet.package(1, "C10");
        rollouts.push(fleet.start(plan(1, package, 1)).unwrap().number);
        fleet.install(terminal);
    }
    let known: Vec<i64> =
        fleet.read(terminal).rollouts.iter().map(|reached| reached.rollout).collect();
    assert_eq!(known, rollouts[1..]);
}

#[derive(Clone, Debug)]
enum Event {
    Call(i64),
    Say(usize, UpdateStatus),
    Steer(RolloutStep),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let status = prop_oneof![
        1 => Just(UpdateStatus::Downloaded),
        4 => Just(UpdateStatus::Installed),
        1 => Just(UpdateStatus::Failed),
    ];
    let step = prop_oneof![
        3 => Just(RolloutStep::Pause),
        6 => Just(RolloutStep::Resume),
        1 => Just(RolloutStep::RollBack),
        1 => Just(RolloutStep::End),
    ];
    prop_oneof![
        12 => (1..=30_i64).prop_map(Event::Call),
        10 => (0..60_usize, status).prop_map(|(at, status)| Event::Say(at, status)),
        1 => step.prop_map(Event::Steer),
        1 => (1..20_i64).prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever devices and operators do: the figures are those of the updates, nobody is told
    /// beyond the stage, and only a running rollout tells anybody of its package.
    #[test]
    fn figures_are_those_of_the_updates(
        events in proptest::collection::vec(event(), 1..200),
        percent in prop_oneof![Just(5_i64), Just(30), Just(100)],
    ) {
        let (mut fleet, rollout) = rolling(30, |plan| plan.failures_percent_max = percent);
        for event in events {
            let before = (fleet.rollout(rollout.number), fleet.tally(rollout.number));
            match &event {
                Event::Call(terminal) => {
                    let forth = fleet.call(*terminal).updates.iter().any(|it| !it.is_rollback);
                    prop_assert!(!forth || before.0.state == RolloutState::Running);
                    prop_assert!(!forth || before.1.reached < before.0.reached_max());
                    prop_assert!(!forth || before.1.under_way() < before.0.under_way_max());
                }
                Event::Say(at, status) => {
                    let updates = fleet.updates_of(rollout.number);
                    if let Some(update) = updates.get(*at) {
                        drop(fleet.say(update, *status));
                    }
                }
                Event::Steer(step) => drop(fleet.steer(&rollout, *step)),
                Event::Wait(hours) => {
                    fleet.now = fleet.now.plus_ms(hours.saturating_mul(HOUR_MS));
                    fleet.expire();
                }
            }
            check_figures(&mut fleet, rollout.number)?;
        }
    }
}

fn check_figures(fleet: &mut Fleet, number: i64) -> Result<(), TestCaseError> {
    let (rollout, tally) = (fleet.rollout(number), fleet.tally(number));
    let updates = fleet.updates_of(number);
    let count = |is_rollback: bool, is_meant: &dyn Fn(&Update) -> bool| {
        let meant = updates.iter().filter(|it| it.is_rollback == is_rollback && is_meant(it));
        i64::try_from(meant.count()).unwrap()
    };
    let status = |status: UpdateStatus| move |update: &Update| update.status == status;
    let open = |update: &Update| !update.status.is_final();
    prop_assert_eq!(tally.reached, count(false, &|_| true));
    prop_assert_eq!(tally.installed, count(false, &status(UpdateStatus::Installed)));
    prop_assert_eq!(tally.failed, count(false, &status(UpdateStatus::Failed)));
    prop_assert_eq!(tally.cancelled, count(false, &status(UpdateStatus::Cancelled)));
    prop_assert_eq!(tally.under_way(), count(false, &open));
    prop_assert_eq!(tally.sent_back, count(true, &|_| true));
    prop_assert_eq!(tally.restored, count(true, &status(UpdateStatus::Installed)));
    prop_assert_eq!(tally.not_restored, count(true, &status(UpdateStatus::Failed)));
    prop_assert_eq!(tally.going_back(), count(true, &open));
    prop_assert!(tally.to_settle() >= 0 && tally.kept >= 0 && tally.unaffected >= 0);
    prop_assert!(tally.reached <= rollout.reached_max());
    prop_assert!(tally.under_way() <= rollout.under_way_max());
    let is_live = Rollout::live(&fleet.directory()).any(|live| live.number == number);
    prop_assert_eq!(is_live, !rollout.is_over);
    prop_assert!(!rollout.is_over || tally.under_way() == 0 && tally.going_back() == 0);
    prop_assert_eq!(rollout.after(&tally, fleet.now), rollout, "nothing is left to follow");
    Ok(())
}

//! `kassa bench payments`: payments over PSPs, and what becomes of them while another PSP hangs.
//!
//! Invariant: the load on the other PSP is the same beside the one that hangs as alone, by the same
//! fixed schedule, and both are measured in each round, one right after the other.
//!
//! The caller starts the server and stand-ins for all its PSPs, in the process that measures.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::BenchError;
use crate::load::{Outcome, Plan, SharedWorkload, closed_loop};
use crate::payment_traffic::{AtStandIn, Others, PaymentTraffic};
use crate::payments_report::StormFigures;
pub use crate::payments_report::{Compared, PaymentComparison, PaymentsReport, PaymentsSettings};
use crate::probe::{forget_peak_memory, peak_memory_bytes};
use crate::rounds::{Load, Pace, Phase, Round, Rounds, Server};
use crate::sales::{Sales, sell};
use crate::storm::{Begun, Storm, StormPlan, settle};

/// The status of a payment that was taken.
const ACCEPTED: u16 = 202;
/// The status of a payment request that a stand-in has taken.
const CREATED: u16 = 201;

/// The most payments at once at the PSP that hangs: fewer than may wait in a server for one PSP.
const IN_FLIGHT_MAX: u64 = 8_000;
/// The most tills that begin them: each holds a connection for as long as the server waits.
const STORM_TILLS_MAX: u64 = 500;
/// The longest time that a PSP may hold an answer: a server waits no longer for one.
const LATENCY_MAX: Duration = Duration::from_secs(9);
/// How long a server waits for what a PSP answers at once (AAPay).
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// The longest that a payer may take: Swish waits for three minutes.
const PAYER_TIME_MAX: Duration = Duration::from_secs(170);
/// What a payer takes longer than the storm is meant to last.
const PAYER_TIME_SPARE: Duration = Duration::from_secs(2);
/// How long the payments of a storm may take after it, beside what payers take.
const SETTLING_TIME_MAX: Duration = Duration::from_mins(3);

/// The server under load, whose PSPs are stand-ins.
pub struct PaymentsTarget {
    /// The server.
    pub server: Server,
    /// A consumer's key and secret, as requests show them.
    pub bearer_token: String,
    /// The merchant that has agreements with Swish and Nets Easy.
    pub merchant_id: String,
    /// Who stands in for its PSPs.
    pub stand_ins: StandIns,
}

/// What stands in for PSPs.
pub struct StandIns {
    /// Where they are.
    pub address: SocketAddr,
    /// The path of Swish's API there, without a slash at the end.
    pub swish_path: String,
    /// The merchant's number at Swish.
    pub swish_merchant: String,
    /// Has Swish hold every answer for so many milliseconds.
    pub hold_swish: Box<dyn Fn(i64)>,
    /// Is told of the payer of each Swish payment, before the payment is asked for.
    pub payers: Arc<Payers>,
}

/// Takes in what the payer of the next Swish payment does.
pub type Payers = dyn Fn(Payer) + Send + Sync;

/// What a payer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Pays so many milliseconds after the PSP was asked, and the PSP calls back.
    PaysAfter(i64),
    /// Pays at once, and the PSP does not call back.
    PaysUnheard,
}

/// What to measure, for how long.
#[derive(Clone, Debug)]
pub struct PaymentsOptions {
    /// How to measure. There is one number of connections: that of the load by schedule.
    pub pace: Pace,
    /// Payments a second at the other PSP: well below what the machine can do.
    pub rate: f64,
    /// Tills, each with one Swish payment at a time, in the plain measurement.
    pub tills: usize,
    /// Payments at once at the PSP that hangs.
    pub in_flight: u64,
    /// How long that one holds each answer.
    pub latency: Duration,
}

impl PaymentsOptions {
    /// The defaults: 200 payments a second over 32 connections for 10 s a phase, 128 tills, and
    /// 2 000 payments at a PSP that takes 5 s; three rounds.
    pub fn new(now: fn() -> Instant) -> PaymentsOptions {
        let pace = Pace {
            connections: vec![32],
            measured: Duration::from_secs(10),
            rounds: 3,
            ..Pace::new(now)
        };
        let latency = Duration::from_secs(5);
        PaymentsOptions { pace, rate: 200.0, tills: 128, in_flight: 2_000, latency }
    }

    fn storm_tills(&self) -> u64 {
        self.in_flight.min(STORM_TILLS_MAX)
    }

    /// How long payers take at the PSP that hangs: until the storm is over. Each till waits for its
    /// answers one after the other.
    fn payer_time(&self) -> Duration {
        let answers = self.in_flight.div_ceil(self.storm_tills().max(1));
        let answers = u32::try_from(answers).unwrap_or(u32::MAX);
        let beginning = self.latency.min(ANSWER_WAIT).saturating_mul(answers);
        let load = self.pace.warmup.saturating_add(self.pace.measured);
        beginning.saturating_add(load).saturating_add(PAYER_TIME_SPARE)
    }

    fn check(&self) -> Result<(), BenchError> {
        BenchError::unless([
            (self.pace.connections.len() == 1, "connections", "one number"),
            ((1..=4_096).contains(&self.tills), "tills", "from 1 to 4096"),
            ((1..=IN_FLIGHT_MAX).contains(&self.in_flight), "payments in flight", "1 to 8000"),
            (self.latency <= LATENCY_MAX, "latency of the PSP that hangs", "9 s at most"),
            (
                self.payer_time() <= PAYER_TIME_MAX,
                "time of a phase",
                "so short that payers can wait for its end: some two minutes at most",
            ),
        ])
    }
}

/// Runs all phases and tells `progress` of each in a line.
///
/// Blocks for the time of all phases; call it on a thread that runs no asynchronous runtime.
///
/// # Errors
/// [`BenchError`], when an option is wrong, a figure cannot be read, or a phase has no expected
/// answer at all. Single unexpected answers do not end the run: the report counts them.
pub fn run_payments(
    target: &PaymentsTarget,
    options: &PaymentsOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<PaymentsReport, BenchError> {
    options.check()?;
    let rounds = Rounds::new(&target.server, &options.pace, progress)?;
    let payers = Arc::clone(&target.stand_ins.payers);
    let unheard = Box::new(move || payers(Payer::PaysUnheard));
    let mut run = Run {
        target,
        options,
        traffic: PaymentTraffic::new(target),
        at_stand_in: Rc::new(RefCell::new(AtStandIn::new(target, unheard))),
        storms: Vec::new(),
    };
    let (figures, samples) = rounds.run(&mut |rounds, round| run.all_phases(rounds, round))?;
    let settings = PaymentsSettings::of(options, options.payer_time());
    Ok(PaymentsReport::new(settings, figures, &samples, run.storms))
}

/// A run under way.
struct Run<'a> {
    target: &'a PaymentsTarget,
    options: &'a PaymentsOptions,
    traffic: PaymentTraffic,
    at_stand_in: Rc<RefCell<AtStandIn>>,
    storms: Vec<StormFigures>,
}

impl Run<'_> {
    fn all_phases(&mut self, rounds: &mut Rounds<'_>, round: Round) -> Result<(), BenchError> {
        let tills = Round { connections: self.options.tills, ..round };
        self.ceiling(rounds, tills)?;
        self.swish_payments(rounds, tills)?;
        self.others_beside_a_storm(rounds, round)?;
        self.ceiling(rounds, tills)
    }

    /// The same payment requests at the stand-in, from the same number of connections.
    fn ceiling(&self, rounds: &mut Rounds<'_>, tills: Round) -> Result<(), BenchError> {
        self.at_stand_in.borrow_mut().allow(self.options.pace.requests_max);
        let workload: SharedWorkload = Rc::<RefCell<AtStandIn>>::clone(&self.at_stand_in);
        let address = self.target.stand_ins.address;
        let plan = Plan { address, ..rounds.plan(tills.connections, CREATED) };
        let run = || closed_loop(&plan, &workload);
        rounds.measure_run(tills, Phase::Ceiling, None, run).map(drop)
    }

    fn swish_payments(&self, rounds: &mut Rounds<'_>, tills: Round) -> Result<(), BenchError> {
        let sales = Sales {
            traffic: self.traffic.clone(),
            payers: Arc::clone(&self.target.stand_ins.payers),
            payments_max: self.options.pace.requests_max,
        };
        let plan = rounds.plan(tills.connections, ACCEPTED);
        let run = || sell(&plan, sales);
        rounds.measure_run(tills, Phase::SwishPayments, None, run).map(drop)
    }

    fn others_beside_a_storm(
        &mut self,
        rounds: &mut Rounds<'_>,
        round: Round,
    ) -> Result<(), BenchError> {
        let pid = self.target.server.pid;
        forget_peak_memory(pid)?;
        self.others(rounds, round, Phase::OthersAlone)?;
        let memory_alone_bytes = peak_memory_bytes(pid)?;
        forget_peak_memory(pid)?;
        let begun = self.storm(rounds, round)?;
        let memory_beside_bytes = peak_memory_bytes(pid)?;
        let figures = StormFigures {
            memory_alone_bytes,
            memory_beside_bytes,
            ..self.settle(rounds, round, &begun)?
        };
        self.storms.push(figures);
        Ok(())
    }

    /// The others' load again, while Swish hangs. Payers wait until it is over.
    fn storm(&self, rounds: &mut Rounds<'_>, round: Round) -> Result<Begun, BenchError> {
        self.hold_swish(self.options.latency);
        let storm = Storm::start(self.storm_plan())?;
        storm.wait_until_full();
        rounds.say(&format!("Swish hangs; {} payments are there", self.options.in_flight));
        let beside = self.others(rounds, round, Phase::OthersBeside);
        let begun = storm.end();
        self.hold_swish(Duration::ZERO);
        beside?;
        begun
    }

    /// Waits until the storm's payments are decided. The memory is not known here.
    fn settle(
        &self,
        rounds: &mut Rounds<'_>,
        round: Round,
        begun: &Begun,
    ) -> Result<StormFigures, BenchError> {
        let payer_time = self.options.payer_time();
        let patience = payer_time.saturating_add(SETTLING_TIME_MAX);
        let numbers = begun.payments.iter().map(|(number, _)| *number);
        let settled = settle(numbers, &self.traffic, self.options.pace.now, patience)?;
        rounds.add_errors(&begun.errors);
        rounds.add_errors(&settled.errors);
        let figures = StormFigures {
            round: round.number,
            undecided: begun.undecided(payer_time),
            payments: u64::try_from(begun.payments.len()).unwrap_or(u64::MAX),
            finalized: settled.finalized,
            settled_seconds: settled.elapsed.as_secs_f64(),
            memory_alone_bytes: 0,
            memory_beside_bytes: 0,
        };
        let StormFigures { payments, finalized, settled_seconds: seconds, .. } = figures;
        rounds.say(&format!("{finalized} of {payments} are FINALIZED {seconds:.1} s after it"));
        Ok(figures)
    }

    /// Payments at the other PSP, by a fixed schedule.
    fn others(
        &self,
        rounds: &mut Rounds<'_>,
        round: Round,
        phase: Phase,
    ) -> Result<Outcome, BenchError> {
        let left = self.options.pace.requests_max;
        let others = Others { traffic: self.traffic.clone(), left };
        let workload: SharedWorkload = Rc::new(RefCell::new(others));
        let rate = Some(self.options.rate);
        rounds.measure(round, phase, &Load { workload: &workload, expected_status: ACCEPTED, rate })
    }

    fn storm_plan(&self) -> StormPlan {
        StormPlan {
            traffic: self.traffic.clone(),
            payers: Arc::clone(&self.target.stand_ins.payers),
            payer_ms: millis(self.options.payer_time()),
            in_flight: self.options.in_flight,
            tills: self.options.storm_tills(),
            now: self.options.pace.now,
        }
    }

    fn hold_swish(&self, latency: Duration) {
        (self.target.stand_ins.hold_swish)(millis(latency));
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::load::Errors;
    use crate::testing::{now, on_canned, small_pace};

    pub(crate) fn target(server: Server) -> PaymentsTarget {
        let stand_ins = StandIns {
            address: server.address,
            swish_path: "/swish".to_owned(),
            swish_merchant: "1234679304".to_owned(),
            hold_swish: Box::new(|_| ()),
            payers: Arc::new(|_| ()),
        };
        let (bearer_token, merchant_id) = ("token".to_owned(), "SHOP".to_owned());
        PaymentsTarget { server, bearer_token, merchant_id, stand_ins }
    }

    fn options() -> PaymentsOptions {
        PaymentsOptions {
            pace: Pace { connections: vec![2], ..small_pace() },
            rate: 1_000.0,
            tills: 3,
            in_flight: 5,
            latency: Duration::from_millis(1),
        }
    }

    fn status(path: &str, _: u64) -> u16 {
        if path.starts_with("/swish") {
            return CREATED;
        }
        if path.ends_with("/initialize") { ACCEPTED } else { 200 }
    }

    #[test]
    fn a_run_measures_others_alone_and_beside_a_storm() {
        let told = Arc::new(Mutex::new(BTreeMap::<String, u64>::new()));
        let tell = |what: String, told: &Mutex<BTreeMap<String, u64>>| {
            *told.lock().unwrap().entry(what).or_default() += 1;
        };
        let (report, _) = on_canned("payments", status, |server| {
            let mut target = target(server);
            let (payers, held) = (Arc::clone(&told), Arc::clone(&told));
            target.stand_ins.payers = Arc::new(move |payer| tell(format!("{payer:?}"), &payers));
            target.stand_ins.hold_swish = Box::new(move |ms| tell(format!("held {ms}"), &held));
            run_payments(&target, &options(), &mut |_| ()).unwrap()
        });
        let figures = &report.figures;
        assert_eq!(figures.errors, Errors::default());
        let rows: Vec<_> =
            figures.rows.iter().map(|row| (row.connections, row.phase, row.requests)).collect();
        let expected = [
            (3, Phase::Ceiling, 40),
            (3, Phase::SwishPayments, 20),
            (2, Phase::OthersAlone, 20),
            (2, Phase::OthersBeside, 20),
        ];
        assert_eq!(rows, expected);
        let storm = &report.storms[0];
        assert!(storm.payments >= 5 && storm.finalized == storm.payments, "{storm:?}");
        assert!(storm.undecided >= 5, "{storm:?}");
        assert!(report.comparisons.iter().all(|comparison| comparison.ratio.is_some()));
        let mut told = told.lock().unwrap().clone();
        // A minute of load, two seconds to spare, and two answers of a millisecond.
        assert!(told.remove("PaysAfter(62001)") >= Some(5));
        let expected = [("PaysAfter(0)", 20), ("PaysUnheard", 40), ("held 0", 1), ("held 1", 1)];
        assert_eq!(told, expected.map(|(what, count)| (what.to_owned(), count)).into());
    }

    #[test]
    fn a_server_that_takes_no_payments_is_found_out() {
        let status = |path: &str, _| if path.starts_with("/swish") { CREATED } else { 401 };
        let (failed, _) = on_canned("no-payments", status, |server| {
            run_payments(&target(server), &options(), &mut |_| ()).unwrap_err()
        });
        let text = failed.to_string();
        assert!(text.contains("Swish payments phase") && text.contains("× status 401"), "{text}");
    }

    #[test]
    fn wrong_options_are_refused_before_any_load() {
        let check = |change: fn(&mut PaymentsOptions), expected: &str| {
            let mut options = PaymentsOptions::new(now);
            change(&mut options);
            let target = target(crate::testing::server("127.0.0.1:1".parse().unwrap()));
            let refused = run_payments(&target, &options, &mut |_| ()).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        };
        check(|options| options.pace.connections.push(1), "connections must be one number");
        check(|options| options.tills = 0, "tills must be from 1 to 4096");
        check(|options| options.in_flight = 8_001, "payments in flight must be 1 to 8000");
        check(
            |options| options.latency = Duration::from_secs(10),
            "latency of the PSP that hangs must be 9 s at most",
        );
        check(
            |options| options.pace.measured = Duration::from_secs(170),
            "time of a phase must be so short that payers can wait for its end: some two minutes \
             at most",
        );
    }
}

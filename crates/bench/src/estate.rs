//! `kassa bench estate`: how many terminals may call home in a second, on a durable store.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use crate::BenchError;
use crate::call_traffic::{CallTraffic, Kind};
pub use crate::estate_report::{EstateReport, EstateSettings};
use crate::load::{Outcome, SharedWorkload};
use crate::rounds::{Load, Pace, Phase, Round, Rounds, Server};

/// The status of an answered call, and of the ceiling's answer.
const OK: u16 = 200;

/// The server under load, and who calls it.
pub struct EstateTarget {
    /// The server.
    pub server: Server,
    /// The tokens of activated devices, one for each terminal.
    pub device_tokens: Vec<String>,
}

/// What to measure, for how long.
#[derive(Clone, Debug)]
pub struct EstateOptions {
    /// How to measure.
    pub pace: Pace,
    /// Merchants in the store, for the report.
    pub merchants: u64,
    /// Terminals with an update that waits for them, for the report.
    pub updates: u64,
}

impl EstateOptions {
    /// The defaults: 100 merchants, and no update.
    pub fn new(now: fn() -> Instant) -> EstateOptions {
        EstateOptions { pace: Pace::new(now), merchants: 100, updates: 0 }
    }
}

/// Runs all phases and tells `progress` of each in a line.
///
/// Blocks for the time of all phases; call it on a thread that runs no asynchronous runtime.
///
/// # Errors
/// [`BenchError`], when an option is wrong, a figure cannot be read, or a phase has no expected
/// answer at all. Single unexpected answers do not end the run: the report counts them.
pub fn run_estate(
    target: &EstateTarget,
    options: &EstateOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<EstateReport, BenchError> {
    let rounds = Rounds::new(&target.server, &options.pace, progress)?;
    BenchError::unless([(!target.device_tokens.is_empty(), "terminals", "one or more")])?;
    let traffic = CallTraffic::new(target, options.pace.seed);
    let run = Run { pace: &options.pace, traffic: Rc::new(RefCell::new(traffic)) };
    let (figures, samples) = rounds.run(&mut |rounds, round| run.all_phases(rounds, round))?;
    let terminals = u64::try_from(target.device_tokens.len()).unwrap_or(u64::MAX);
    Ok(EstateReport::new(EstateSettings::of(options, terminals), figures, &samples))
}

/// A run under way.
struct Run<'a> {
    pace: &'a Pace,
    traffic: Rc<RefCell<CallTraffic>>,
}

impl Run<'_> {
    fn all_phases(&self, rounds: &mut Rounds<'_>, round: Round) -> Result<(), BenchError> {
        self.measure(rounds, round, Phase::Ceiling, None)?;
        let calls = self.measure(rounds, round, Phase::CallsHome, None)?;
        let rate = calls.requests_per_second() * self.pace.open_loop_share;
        self.measure(rounds, round, Phase::OpenLoop, Some(rate))?;
        self.measure(rounds, round, Phase::Ceiling, None)?;
        Ok(())
    }

    fn measure(
        &self,
        rounds: &mut Rounds<'_>,
        round: Round,
        phase: Phase,
        rate: Option<f64>,
    ) -> Result<Outcome, BenchError> {
        let kind = if phase == Phase::Ceiling { Kind::Ceiling } else { Kind::CallsHome };
        self.traffic.borrow_mut().turn_to(kind, self.pace.requests_max);
        let workload: SharedWorkload = Rc::<RefCell<CallTraffic>>::clone(&self.traffic);
        rounds.measure(round, phase, &Load { workload: &workload, expected_status: OK, rate })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::load::Errors;
    use crate::testing::{on_canned, server, small_pace};

    pub(crate) fn target(address: SocketAddr) -> EstateTarget {
        target_on(server(address))
    }

    fn target_on(server: Server) -> EstateTarget {
        let device_tokens = ["kdt_1_a", "kdt_2_b", "kdt_3_c"].map(str::to_owned).to_vec();
        EstateTarget { server, device_tokens }
    }

    fn options() -> EstateOptions {
        EstateOptions { pace: small_pace(), merchants: 2, updates: 1 }
    }

    #[test]
    fn a_run_measures_each_phase_for_each_number_of_connections() {
        let (report, seen) = on_canned(
            "estate",
            |_, _| 200,
            |server| run_estate(&target_on(server), &options(), &mut |_| ()).unwrap(),
        );
        let figures = &report.figures;
        assert_eq!(figures.errors, Errors::default());
        let rows: Vec<_> =
            figures.rows.iter().map(|row| (row.connections, row.phase, row.requests)).collect();
        // The ceiling is measured twice.
        let phases = [(Phase::Ceiling, 40), (Phase::CallsHome, 20), (Phase::OpenLoop, 20)];
        let with = |connections| phases.map(|(phase, requests)| (connections, phase, requests));
        assert_eq!(rows, [with(1), with(3)].concat());
        assert_eq!(report.comparisons.len(), 2);
        let expected = [("/bench/call-home-ceiling", 80), ("/device/v1/call-home", 80)];
        assert_eq!(seen, expected.map(|(path, count)| (path.to_owned(), count)).into());
    }

    #[test]
    fn strangers_are_no_terminals() {
        let status = |path: &str, _| if path == "/device/v1/call-home" { 401 } else { 200 };
        let (failed, _) = on_canned("strangers", status, |server| {
            run_estate(&target_on(server), &options(), &mut |_| ()).unwrap_err()
        });
        let text = failed.to_string();
        assert!(text.contains("calls home phase") && text.contains("20 × status 401"), "{text}");
    }

    #[test]
    fn nobody_to_call_is_refused_before_any_load() {
        let mut target = target("127.0.0.1:1".parse().unwrap());
        target.device_tokens.clear();
        let refused = run_estate(&target, &options(), &mut |_| ()).unwrap_err();
        assert_eq!(refused.to_string(), "terminals must be one or more");
    }
}

//! `kassa bench ledger`: the card ledger's throughput and latency on a durable store.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::BenchError;
use crate::card_traffic::{CardTraffic, Kind};
pub use crate::ledger_report::{Comparison, LedgerReport, Settings};
use crate::load::{Outcome, Plan, SharedWorkload, closed_loop};
use crate::rounds::{Load, Pace, Phase, Round, Rounds, Server};

/// The status of a created authorization or purchase, and of the ceiling's answer.
const CREATED: u16 = 201;
/// The longest time for authorizations that are made for captures only.
const PREPARATION_TIME_MAX: Duration = Duration::from_mins(10);

/// The server under load, and what it was filled with.
pub struct Target {
    /// The server.
    pub server: Server,
    /// A token bound to the company.
    pub bearer_token: String,
    /// The company of all accounts.
    pub company_number: String,
    /// The seller of all authorizations.
    pub seller_number: String,
    /// Appends the token of card `n`, from zero; it must need no escape in JSON.
    ///
    /// Each card's account must bear its share of all authorizations, 1.00 to 19.99 SEK each.
    pub write_card_token: fn(u64, &mut Vec<u8>),
    /// The cards of one account, for the load on a single account, which takes it all: its limit
    /// must be as good as none.
    pub hot_cards: Vec<u64>,
    /// The beginning of each source transaction id, up to 30 characters that need no escape in
    /// JSON; another one for each run on the same store.
    pub source_prefix: String,
}

/// What to measure, for how long.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// How to measure.
    pub pace: Pace,
    /// Accounts in the store, for the report.
    pub accounts: u64,
    /// Cards in the store: the uniform load goes over cards `0..cards`.
    pub cards: u64,
}

impl LedgerOptions {
    /// The defaults: 100 000 accounts with ten cards each.
    pub fn new(now: fn() -> Instant) -> LedgerOptions {
        LedgerOptions { pace: Pace::new(now), accounts: 100_000, cards: 1_000_000 }
    }
}

/// Runs all phases and tells `progress` of each in a line.
///
/// Blocks for the time of all phases; call it on a thread that runs no asynchronous runtime.
///
/// # Errors
/// [`BenchError`], when an option is wrong, a figure cannot be read, or a phase has no expected
/// answer at all. Single unexpected answers do not end the run: the report counts them.
pub fn run_ledger(
    target: &Target,
    options: &LedgerOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<LedgerReport, BenchError> {
    let rounds = Rounds::new(&target.server, &options.pace, progress)?;
    BenchError::unless([
        (options.cards > 0, "cards", "above zero"),
        (!target.hot_cards.is_empty(), "cards of the hot account", "one or more"),
    ])?;
    let traffic = CardTraffic::new(target, options.cards, options.pace.seed);
    let run = Run { pace: &options.pace, traffic: Rc::new(RefCell::new(traffic)) };
    let (figures, samples) = rounds.run(&mut |rounds, round| run.all_phases(rounds, round))?;
    Ok(LedgerReport::new(Settings::of(options), figures, &samples))
}

/// A run under way.
struct Run<'a> {
    pace: &'a Pace,
    traffic: Rc<RefCell<CardTraffic>>,
}

impl Run<'_> {
    fn all_phases(&self, rounds: &mut Rounds<'_>, round: Round) -> Result<(), BenchError> {
        self.measure(rounds, round, (Phase::Ceiling, Kind::Ceiling), None)?;
        let on_all_cards = (Phase::Authorizations, Kind::Authorizations);
        let uniform = self.measure(rounds, round, on_all_cards, None)?;
        // Half as many again: captures may be faster than authorizations.
        let authorized = uniform.answered_in_all;
        self.prepare(rounds, round, authorized.saturating_add(authorized / 2))?;
        self.measure(rounds, round, (Phase::Captures, Kind::Captures), None)?;
        self.prepare(rounds, round, 0)?;
        self.measure(rounds, round, (Phase::Mix, Kind::Mix), None)?;
        self.measure(rounds, round, (Phase::HotAccount, Kind::HotAuthorizations), None)?;
        let rate = uniform.requests_per_second() * self.pace.open_loop_share;
        self.measure(rounds, round, (Phase::OpenLoop, Kind::Authorizations), Some(rate))?;
        self.measure(rounds, round, (Phase::Ceiling, Kind::Ceiling), None)?;
        Ok(())
    }

    fn measure(
        &self,
        rounds: &mut Rounds<'_>,
        round: Round,
        (phase, kind): (Phase, Kind),
        rate: Option<f64>,
    ) -> Result<Outcome, BenchError> {
        self.traffic.borrow_mut().turn_to(kind, self.pace.requests_max);
        let load = Load { workload: &self.workload(), expected_status: CREATED, rate };
        rounds.measure(round, phase, &load)
    }

    /// Makes authorizations to capture, `wanted` and some for each connection. Not measured.
    fn prepare(
        &self,
        rounds: &mut Rounds<'_>,
        round: Round,
        wanted: u64,
    ) -> Result<(), BenchError> {
        let spare = u64::try_from(round.connections).unwrap_or(u64::MAX).saturating_mul(2);
        let requests = wanted.saturating_add(spare);
        rounds.say(&format!("making {requests} authorizations to capture"));
        let mut traffic = self.traffic.borrow_mut();
        traffic.forget_open();
        traffic.turn_to(Kind::Preparation, requests);
        drop(traffic);
        let plan = Plan {
            warmup: Duration::ZERO,
            measured: PREPARATION_TIME_MAX,
            ..rounds.plan(round.connections, CREATED)
        };
        let outcome = closed_loop(&plan, &self.workload())?;
        if self.traffic.borrow().open() == 0 {
            let errors = outcome.errors.to_string();
            return Err(BenchError::NothingAnswered { phase: "preparation", errors });
        }
        rounds.add_errors(&outcome.errors);
        Ok(())
    }

    fn workload(&self) -> SharedWorkload {
        Rc::<RefCell<CardTraffic>>::clone(&self.traffic)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;

    use super::*;
    use crate::load::Errors;
    use crate::testing::{on_canned, server, small_pace};

    /// Those of a round, in their order.
    pub(crate) const PHASES: [Phase; 6] = [
        Phase::Ceiling,
        Phase::Authorizations,
        Phase::Captures,
        Phase::Mix,
        Phase::HotAccount,
        Phase::OpenLoop,
    ];

    pub(crate) fn target(address: SocketAddr) -> Target {
        target_on(server(address))
    }

    fn target_on(server: Server) -> Target {
        Target {
            server,
            bearer_token: "token".to_owned(),
            company_number: "100".to_owned(),
            seller_number: "654".to_owned(),
            write_card_token: |card, out| out.extend_from_slice(format!("{card:010}").as_bytes()),
            hot_cards: vec![5, 15, 25],
            source_prefix: "test".to_owned(),
        }
    }

    fn small_options() -> LedgerOptions {
        LedgerOptions { pace: small_pace(), accounts: 10, cards: 100 }
    }

    fn run(name: &str, status: fn(&str, u64) -> u16) -> (LedgerReport, BTreeMap<String, u64>) {
        let mut lines = 0;
        let (report, seen) = on_canned(name, status, |server| {
            run_ledger(&target_on(server), &small_options(), &mut |_| lines += 1).unwrap()
        });
        // Three disk probes; for each number of connections seven phases and two preparations.
        assert_eq!(lines, 3 + 2 * (7 + 2));
        (report, seen)
    }

    #[test]
    fn a_run_measures_each_phase_for_each_number_of_connections() {
        let (report, seen) = run("whole", |_, _| 201);
        let figures = &report.figures;
        assert_eq!(figures.errors, Errors::default());
        let rows: Vec<_> =
            figures.rows.iter().map(|row| (row.connections, row.phase, row.requests)).collect();
        // The ceiling is measured twice.
        let requests = |phase| if phase == Phase::Ceiling { 40 } else { 20 };
        let phases = |connections| PHASES.map(|phase| (connections, phase, requests(phase)));
        assert_eq!(rows, [phases(1), phases(3)].concat());
        assert_eq!(figures.disk.len(), 3);
        assert_eq!(report.comparisons.len(), 2);
        assert!(figures.peak_memory_bytes > 0);
        for row in &figures.rows {
            assert!(row.ratio_to_ceiling.is_some(), "{row:?}");
            assert_eq!(row.offered_per_second.is_some(), row.phase == Phase::OpenLoop, "{row:?}");
        }
        // Of a phase's 20 requests, the mix has 10 captures; 30 + 2 and 0 + 2 are prepared with
        // one connection, 30 + 6 and 0 + 6 with three.
        let expected = [
            ("/bench/ceiling", 20 * 2 * 2),
            ("/ledger/card-transaction/v1/100/authorizations", 70 * 2 + 34 + 42),
            ("/ledger/card-transaction/v1/100/purchases", 30 * 2),
        ];
        assert_eq!(seen, expected.map(|(path, count)| (path.to_owned(), count)).into());
    }

    #[test]
    fn unexpected_answers_are_counted_and_shouted() {
        let status = |path: &str, _| if path == "/bench/ceiling" { 201 } else { 503 };
        let (failed, _) = on_canned("unavailable", status, |server| {
            run_ledger(&target_on(server), &small_options(), &mut |_| ()).unwrap_err()
        });
        let text = failed.to_string();
        assert!(text.contains("authorizations phase"), "{text}");
        assert!(text.contains("20 × status 503"), "{text}");

        let (report, seen) = run("errors", |_, number| if number % 10 == 0 { 422 } else { 201 });
        let total = seen.values().sum::<u64>();
        assert_eq!(report.figures.errors.unexpected_statuses, BTreeMap::from([(422, total / 10)]));
        assert!(report.to_string().contains("NOT VALID"), "{report}");
    }

    #[test]
    fn a_server_that_hangs_up_is_an_error_of_each_request() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let server = Server { data_dir: std::env::temp_dir(), ..server(address) };
        let failed = run_ledger(&target_on(server), &small_options(), &mut |_| ()).unwrap_err();
        assert!(failed.to_string().contains("1 transport"), "{failed}");
    }

    #[test]
    fn wrong_options_are_refused_before_any_load() {
        let check = |change: fn(&mut Target, &mut LedgerOptions), expected: &str| {
            let mut target = target("127.0.0.1:1".parse().unwrap());
            let mut options = small_options();
            change(&mut target, &mut options);
            let refused = run_ledger(&target, &options, &mut |_| ()).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        };
        check(|_, options| options.pace.rounds = 0, "rounds must be from 1 to 100");
        check(|_, options| options.cards = 0, "cards must be above zero");
        check(|target, _| target.hot_cards.clear(), "cards of the hot account must be one or more");
    }
}

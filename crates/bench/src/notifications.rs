//! `kassa bench notifications`: how many notifications a second reach a merchant.
//!
//! Invariant: each figure stands beside the bare loop's of the same round, taken right before it:
//! the same client, the same bytes, the same receiver, the same machine.
//!
//! What delivers is the caller's: the bare loop, and the ways that are compared with it.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::BenchError;
use crate::probe::{Machine, TICKS_PER_SECOND, machine, process_cpu};
use crate::receiver::{Counts, Receiver};
use crate::report::{Table, cell, float, median, ratio};

/// The most notifications of one phase.
const COUNT_MAX: u64 = 10_000_000;
/// The most rounds.
const ROUNDS_MAX: u32 = 100;

/// One way to deliver.
pub struct Way {
    /// As the table names it.
    pub name: &'static str,
    /// Makes ready that many that nobody has delivered. Not measured. An error is one for people.
    pub prepare: Box<dyn FnMut(u64) -> Result<(), String>>,
    /// Delivers them, and returns when all are delivered.
    pub deliver: Box<dyn FnMut() -> Result<(), String>>,
}

/// What to measure, how often.
#[derive(Clone, Copy, Debug)]
pub struct NotificationsOptions {
    /// Notifications of each phase.
    pub count: u64,
    /// As many before the first phase of each way, not counted.
    pub warmup: u64,
    /// Most of them under way at once, for the report.
    pub in_flight: usize,
    /// Rounds over all ways; the report has their medians.
    pub rounds: u32,
    /// The clock.
    pub now: fn() -> Instant,
}

/// What was found. Serialized, it is the JSON form; displayed, the table.
#[derive(Clone, Debug, Serialize)]
pub struct NotificationsReport {
    /// Where it ran.
    pub machine: Machine,
    /// Notifications of each phase.
    pub count: u64,
    /// Most of them under way at once.
    pub in_flight: usize,
    /// Rounds that the medians are taken of.
    pub rounds: u32,
    /// One for each way, the bare loop first.
    pub rows: Vec<Row>,
    /// Signatures that were verified.
    pub verified: u64,
    /// Notifications that came again, were wrongly signed, or were none.
    pub faults: u64,
}

/// The medians of one way.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The way.
    pub way: &'static str,
    /// Deliveries a second.
    pub per_second: f64,
    /// The same over the bare loop's of the same round.
    pub ratio_to_bare: f64,
    /// CPU seconds of this process for 100 000 deliveries, the receiver's included.
    pub cpu_seconds_per_100k: f64,
}

#[derive(Clone, Copy)]
struct Sample {
    way: usize,
    per_second: f64,
    ratio: f64,
    cpu_per_100k: f64,
}

/// Runs all rounds, the bare loop first in each, and tells `progress` of each phase in a line.
///
/// # Errors
/// [`BenchError`], when an option is wrong, a way fails, or something was not delivered.
pub fn run_notifications(
    receiver: &Receiver,
    bare: Way,
    others: Vec<Way>,
    options: NotificationsOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<NotificationsReport, BenchError> {
    BenchError::unless([
        ((1..=COUNT_MAX).contains(&options.count), "count", "from 1 to 10000000"),
        (options.warmup <= COUNT_MAX, "warm-up", "10000000 at most"),
        ((1..=ROUNDS_MAX).contains(&options.rounds), "rounds", "from 1 to 100"),
    ])?;
    let mut ways = vec![bare];
    ways.extend(others);
    let (mut samples, mut all) = (Vec::new(), Counts::default());
    for round in 1..=options.rounds {
        let mut bare_per_second = None;
        for (at, way) in ways.iter_mut().enumerate() {
            if round == 1 && options.warmup > 0 {
                phase(receiver, way, options.warmup, options.now)?;
            }
            let (counts, took, cpu) = phase(receiver, way, options.count, options.now)?;
            all.verified += counts.verified;
            all.faults += counts.faults + counts.repeated;
            let count = float(options.count);
            let per_second = count / took.as_secs_f64().max(f64::MIN_POSITIVE);
            let bare = *bare_per_second.get_or_insert(per_second);
            let share = ratio(per_second, bare).unwrap_or_default();
            let name = way.name;
            progress(&format!("round {round}, {name}: {per_second:.0} a second, {share:.2}"));
            let cpu_per_100k = cpu.as_secs_f64() * 100_000.0 / count;
            samples.push(Sample { way: at, per_second, ratio: share, cpu_per_100k });
        }
    }
    let names = ways.iter().map(|way| way.name);
    Ok(report(names, &samples, all, options, machine()))
}

/// Delivers so many one way, and waits until all have come.
fn phase(
    receiver: &Receiver,
    way: &mut Way,
    count: u64,
    now: fn() -> Instant,
) -> Result<(Counts, Duration, Duration), BenchError> {
    let failed = |errors| BenchError::NothingAnswered { phase: way.name, errors };
    (way.prepare)(count).map_err(failed)?;
    receiver.take_counts();
    let (began, cpu_before) = (now(), process_cpu(std::process::id())?);
    (way.deliver)().map_err(failed)?;
    let took = now().saturating_duration_since(began);
    let cpu = process_cpu(std::process::id())?.since(cpu_before);
    let counts = receiver.take_counts();
    if counts.delivered != count {
        return Err(failed(format!("{} of {count} were delivered", counts.delivered)));
    }
    Ok((counts, took, cpu))
}

fn report(
    names: impl Iterator<Item = &'static str>,
    samples: &[Sample],
    all: Counts,
    options: NotificationsOptions,
    machine: Machine,
) -> NotificationsReport {
    let rows = names.enumerate().map(|(at, way)| {
        let middle = |figure: fn(&Sample) -> f64| {
            let of_way = samples.iter().filter(|sample| sample.way == at);
            median(of_way.map(figure).collect()).unwrap_or_default()
        };
        Row {
            way,
            per_second: middle(|sample| sample.per_second),
            ratio_to_bare: middle(|sample| sample.ratio),
            cpu_seconds_per_100k: middle(|sample| sample.cpu_per_100k),
        }
    });
    NotificationsReport {
        machine,
        count: options.count,
        in_flight: options.in_flight,
        rounds: options.rounds,
        rows: rows.collect(),
        verified: all.verified,
        faults: all.faults,
    }
}

impl fmt::Display for NotificationsReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cpu_model, cores, memory_bytes, kernel } = &self.machine;
        let (count, in_flight, rounds) = (self.count, self.in_flight, self.rounds);
        let memory = memory_bytes / (1 << 20);
        writeln!(out, "Notifications to a receiver on this machine, over HTTP without TLS")?;
        writeln!(out, "Machine: {cpu_model}, {cores} cores, {memory} MiB, kernel {kernel}")?;
        writeln!(
            out,
            "Each phase: {count} notifications, {in_flight} under way at most, median of {rounds} \
             round(s)\n"
        )?;
        let mut table = Table::new(1, &["way", "a second", "ratio", "CPU-s/100k"]);
        for row in &self.rows {
            table.row(vec![
                row.way.to_owned(),
                cell(Some(row.per_second), 0),
                cell(Some(row.ratio_to_bare), 2),
                cell(Some(row.cpu_seconds_per_100k), 2),
            ]);
        }
        write!(out, "{table}")?;
        writeln!(out, "\nSignatures verified by the receiver: {}", self.verified)?;
        match self.faults {
            0 => writeln!(out, "Faults: none")?,
            faults => writeln!(out, "\n!!! {faults} FAULTS: THESE FIGURES ARE NOT VALID !!!")?,
        }
        write!(
            out,
            "
What the columns are
  way         the first is a bare loop of the same HTTP client, with nothing around it
  a second    notifications that the receiver has answered, a second
  ratio       the same over the bare loop's of the same round: compare this between machines and
              days, not what is before it
  CPU-s/100k  CPU seconds of this process, the receiver's included, for 100 000 of them
              ({TICKS_PER_SECOND} clock ticks a second, so that short phases are coarse)
"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use expect_test::expect;

    use super::*;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn options() -> NotificationsOptions {
        NotificationsOptions { count: 10, warmup: 2, in_flight: 1, rounds: 2, now }
    }

    /// Posts, one after another; `lost` of each phase are not.
    fn way(name: &'static str, receiver: &Receiver, lost: u64) -> Way {
        let address = receiver.url().split('/').nth(2).unwrap().to_owned();
        let (count, id) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
        let wanted = Arc::clone(&count);
        let prepare = move |many: u64| {
            wanted.store(many - lost.min(many), Ordering::SeqCst);
            Ok(())
        };
        let deliver = move || {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            for _ in 0..count.load(Ordering::SeqCst) {
                let id = id.fetch_add(1, Ordering::SeqCst);
                let request =
                    format!("POST / HTTP/1.1\r\nwebhook-id: {id}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(request.as_bytes()).unwrap();
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            }
            Ok(())
        };
        Way { name, prepare: Box::new(prepare), deliver: Box::new(deliver) }
    }

    #[test]
    fn each_way_is_measured_beside_the_bare_loop() {
        let receiver = Receiver::start(5, Arc::new(|_| true)).unwrap();
        let (bare, other) = (way("bare", &receiver, 0), way("other", &receiver, 0));
        let mut lines = Vec::new();
        let progress = &mut |line: &str| lines.push(line.to_owned());
        let report = run_notifications(&receiver, bare, vec![other], options(), progress).unwrap();
        let names: Vec<_> = report.rows.iter().map(|row| row.way).collect();
        assert_eq!((names.as_slice(), lines.len()), (["bare", "other"].as_slice(), 4));
        let [bare, other] = report.rows.try_into().unwrap();
        assert!((bare.ratio_to_bare - 1.0).abs() < f64::EPSILON && other.ratio_to_bare > 0.0);
        assert!(bare.per_second > 0.0 && other.per_second > 0.0);
        assert_eq!((report.verified, report.faults), (8, 0));
    }

    #[test]
    fn what_was_not_delivered_ends_the_run() {
        let receiver = Receiver::start(1, Arc::new(|_| true)).unwrap();
        let run = |bare, options| {
            run_notifications(&receiver, bare, Vec::new(), options, &mut |_| {}).unwrap_err()
        };
        let error = run(way("bare", &receiver, 1), options()).to_string();
        assert!(error.contains("1 of 2 were delivered"), "{error}");
        let failing = Way { prepare: Box::new(|_| Err("no".to_owned())), ..way("x", &receiver, 0) };
        assert!(run(failing, options()).to_string().contains("(no)"));
        for bad in [
            NotificationsOptions { count: 0, ..options() },
            NotificationsOptions { rounds: 101, ..options() },
            NotificationsOptions { warmup: COUNT_MAX + 1, ..options() },
        ] {
            let error = run(way("bare", &receiver, 0), bad);
            assert!(matches!(error, BenchError::Option { .. }), "{error}");
        }
    }

    #[test]
    fn a_report_is_a_table() {
        let sample = |way, per_second, ratio| Sample { way, per_second, ratio, cpu_per_100k: 4.0 };
        let samples = [
            sample(0, 20_000.0, 1.0),
            sample(1, 18_000.0, 0.9),
            sample(0, 22_000.0, 1.0),
            sample(1, 15_400.0, 0.7),
        ];
        let machine = Machine {
            cpu_model: "Example CPU".to_owned(),
            cores: 2,
            memory_bytes: 24 << 30,
            kernel: "6.18.0".to_owned(),
        };
        let counts = Counts { verified: 3, ..Counts::default() };
        let names = ["bare", "guarded"].into_iter();
        let mut report = report(names, &samples, counts, options(), machine);
        expect![[r"
            Notifications to a receiver on this machine, over HTTP without TLS
            Machine: Example CPU, 2 cores, 24576 MiB, kernel 6.18.0
            Each phase: 10 notifications, 1 under way at most, median of 2 round(s)
        "]]
        .assert_eq(report.to_string().split_inclusive('\n').take(3).collect::<String>().as_str());
        let text = report.to_string();
        assert!(
            text.contains("Faults: none") && text.contains("guarded     16700   0.80"),
            "{text}"
        );
        report.faults = 2;
        assert!(report.to_string().contains("!!! 2 FAULTS: THESE FIGURES ARE NOT VALID !!!"));
    }
}

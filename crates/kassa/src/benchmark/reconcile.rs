//! `kassa bench reconcile`: a day of an acquirer with planted faults, taken in, applied and
//! compared, beside reading the file alone. Every fault must be found, as what it is, and nothing
//! else.

mod day;
mod office;
mod report;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bench::probe;
use engine::imports;
use formats::rkha21::Profile;

use self::day::Day;
use self::office::Office;
use self::report::{Memory, Report, Speed};
use super::{on_server, print};
use crate::clock::monotonic;
use crate::command_line::ReconcileBenchOptions;
use crate::terminal::note;

/// How much of a file is read at a time, as the server does.
const PIECE_BYTES: usize = 64 * 1024;

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When the store cannot be filled, the server does not start, or a fault is not found, is taken
/// for another one, or was not planted.
pub(crate) fn reconcile(options: &ReconcileBenchOptions) -> anyhow::Result<()> {
    // The same day at a tenth of its length: memory must not grow with the file.
    let small = Day::new((options.rows / 10).max(day::FAULT_EVERY), 1);
    let large = Day::new(options.rows.max(day::FAULT_EVERY), 2);
    on_server(
        &options.ground,
        &std::collections::BTreeMap::new(),
        |mut installation| day::fill(installation.store.as_mut(), &[&small, &large]),
        |server, codes| {
            let office = Office::new(server.address);
            let ground = Ground { office: &office, pid: server.pid, folder: &server.data_dir };
            let first = ground.measure(&small, &codes)?;
            let second = ground.measure(&large, &codes)?;
            let report = Report { small: first, large: second, machine: probe::machine() };
            print(options.json, &report, || serde_json::to_string(&report))
        },
    )
}

/// Where days are measured.
struct Ground<'g> {
    office: &'g Office,
    pid: u32,
    folder: &'g Path,
}

impl Ground<'_> {
    fn measure(&self, day: &Day, codes: &day::Codes) -> anyhow::Result<report::Measured> {
        note(&format!("a day of {} rows", day.rows));
        let earlier = self.folder.join("earlier.rkha21");
        day.write_earlier(&earlier)?;
        self.office.import(&earlier)?;
        let path = self.folder.join("day.rkha21");
        day.write(&path, codes)?;
        let reading = timed(|| read_alone(&path))?;
        let checking = timed(|| check(&path, self.folder))?;
        probe::forget_peak_memory(self.pid)?;
        let before = probe::peak_memory_bytes(self.pid)?;
        let began = monotonic();
        let id = self.office.send(&path)?;
        let sent = monotonic();
        let counts = self.office.wait_until_applied(&id)?;
        let applied = monotonic();
        let compared = self.office.wait_until_compared(&day.batch())?;
        let peak = probe::peak_memory_bytes(self.pid)?;
        let found = self.office.exceptions(&id, &day.batch())?;
        let classified = day.judge(&counts, &found)?;
        std::fs::remove_file(&path)?;
        Ok(report::Measured {
            rows: day.rows,
            bytes: reading.0,
            reading: Speed::new(day.rows, reading.1),
            checking: Speed::new(day.rows, checking.1),
            taking_in: Speed::new(day.rows, since(began, sent)),
            applying: Speed::new(day.rows, since(began, applied)),
            comparing: Speed::new(day.rows, compared),
            memory: Memory { before, peak },
            classified,
        })
    }
}

fn since(began: Instant, ended: Instant) -> Duration {
    ended.saturating_duration_since(began)
}

fn timed<T>(run: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let began = monotonic();
    let outcome = run()?;
    Ok((outcome, since(began, monotonic())))
}

/// Reads a file line by line, and does nothing with it but count its bytes.
fn read_alone(path: &Path) -> anyhow::Result<u64> {
    let file = File::open(path).context("could not read the day")?;
    let mut file = BufReader::with_capacity(PIECE_BYTES, file);
    let (mut line, mut bytes) = (Vec::new(), 0_u64);
    while file.read_until(b'\n', &mut line)? > 0 {
        bytes = bytes.saturating_add(u64::try_from(line.len())?);
        line.clear();
    }
    Ok(bytes)
}

/// Reads a file as the server does before it keeps anything.
fn check(path: &Path, folder: &Path) -> anyhow::Result<()> {
    let file = File::open(path).context("could not read the day")?;
    imports::check(file, Profile::open_v1(), folder).context("the day is not in order")?;
    Ok(())
}

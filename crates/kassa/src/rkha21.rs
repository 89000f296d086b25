//! `kassa rkha21`: checks acquirers' files on this machine, sends them to a server, and makes them
//! up.

mod day;
mod import;
mod report;
mod table;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use engine::imports::{self, NotChecked};
use formats::rkha21::{Header, Profile, Profiles, Writer};
use ledger::{Currency, Date};

use crate::clock::monotonic;
use crate::command_line::GenerateOptions;
use crate::progress::{Bar, Progress};
use crate::terminal::say;
use day::Day;

pub(crate) use import::import;

/// How many rows are written at a time.
const ROWS_AT_A_TIME: u64 = 512;

/// Reads a file to its end and prints what is wrong with it, or what it comes to. The exit code is
/// 1 when something is wrong.
///
/// # Errors
/// When the file or the profile cannot be read.
pub(crate) fn check(path: &Path, profile: Option<&Path>) -> anyhow::Result<ExitCode> {
    let failed = || format!("could not read {}", path.display());
    let profile = profile_in(profile)?;
    let file = File::open(path).with_context(failed)?;
    let total = file.metadata().with_context(failed)?.len();
    let watched = Watched { file, done: 0, total, word: "checking", bar: bar() };
    match imports::check(watched, &profile, &std::env::temp_dir()) {
        Ok(checked) => {
            for line in report::summary(&checked.summary) {
                say(&line);
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(NotChecked::Faulty(faults)) => {
            for line in report::faults(&faults) {
                say(&line);
            }
            Ok(ExitCode::FAILURE)
        }
        Err(NotChecked::Disk(error)) => Err(error).with_context(failed),
    }
}

/// Makes a file of a day that never was, or of the rows of a table. The exit code is 1 where the
/// table is not in order: then its faults are printed, and there is no file.
///
/// # Errors
/// When a flag has a value that does not fit into the layout, or the file cannot be written. Then
/// it is not there.
pub(crate) fn generate(options: &GenerateOptions) -> anyhow::Result<ExitCode> {
    let profile = profile_in(options.profile.as_deref())?;
    let header = Header {
        date: Date::parse(&options.date).context("--date is a day, as 2026-11-20")?,
        sender: options.sender.clone(),
        cycle: options.cycle.clone(),
        serial: options.serial,
    };
    let currency = Currency::parse(&options.currency).context("--currency is no currency")?;
    let path = &options.file;
    let failed = || format!("could not write {}", path.display());
    let writer = Writer::new(&profile, &header).with_context(failed)?;
    let file = File::create_new(path).with_context(failed)?;
    let made = if let Some(table) = &options.from {
        table::write(writer, &header, table, file)
    } else {
        let day = Day::new(options, &header, currency);
        write(writer, day, options.rows, file).map(|()| Made::Rows(options.rows))
    };
    if !matches!(made, Ok(Made::Rows(_))) {
        // What there is of it is no file of anybody.
        drop(fs::remove_file(path));
    }
    match made.with_context(failed)? {
        Made::Rows(rows) => {
            say(&format!("{}: {}, {rows} rows", path.display(), header.name()));
            Ok(ExitCode::SUCCESS)
        }
        Made::Not(faults) => {
            for line in report::faults_of_table(&faults) {
                say(&line);
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What came of making a file.
enum Made {
    /// It has so many rows.
    Rows(u64),
    /// It cannot be made of this table.
    Not(table::Faults),
}

fn write(mut writer: Writer<'_>, day: Day, rows: u64, file: File) -> anyhow::Result<()> {
    let mut out = BufWriter::new(file);
    let mut bar = bar();
    for (done, row) in (1..=rows).zip(day) {
        writer.row(&row)?;
        if done % ROWS_AT_A_TIME == 0 {
            out.write_all(&writer.take())?;
            let progress = Progress { word: "writing", unit: "rows", done, total: rows };
            if let Some(bar) = &mut bar {
                bar.show(progress, monotonic());
            }
        }
    }
    out.write_all(&writer.finish()?)?;
    out.flush()?;
    Ok(())
}

fn profile_in(path: Option<&Path>) -> anyhow::Result<Cow<'static, Profile>> {
    match path {
        None => Ok(Cow::Borrowed(Profile::open_v1())),
        Some(path) => Ok(Cow::Owned(read_profile(path)?)),
    }
}

/// The layouts that a server knows.
///
/// # Errors
/// When a file is none, or two have the same name.
pub(crate) fn profiles_in(paths: &[PathBuf]) -> anyhow::Result<Profiles> {
    let read: anyhow::Result<Vec<Profile>> = paths.iter().map(|path| read_profile(path)).collect();
    Profiles::new(read?).context("rkha21-profiles")
}

fn read_profile(path: &Path) -> anyhow::Result<Profile> {
    let failed = || format!("could not read the profile {}", path.display());
    let text = fs::read_to_string(path).with_context(failed)?;
    Profile::parse(&text).with_context(failed)
}

/// A bar, where there is somebody to see it.
fn bar() -> Option<Bar> {
    io::stderr().is_terminal().then(|| Bar::new(true))
}

/// A file that shows how far it has been read.
struct Watched {
    file: File,
    done: u64,
    total: u64,
    /// What is done with it: `checking`.
    word: &'static str,
    bar: Option<Bar>,
}

impl Read for Watched {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.done = self.done.saturating_add(u64::try_from(read).unwrap_or(0));
        let (done, total) = (self.done, self.total);
        let progress = Progress { word: self.word, unit: "bytes", done, total };
        if let Some(bar) = &mut self.bar {
            bar.show(progress, monotonic());
        }
        Ok(read)
    }
}

//! Figures of the kernel: a process's CPU time and memory, the disk's patience, the machine.
//!
//! Parsers take the text of a file of `/proc` (man 5 proc), so that they are tested without one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::BenchError;
use crate::load::{Latencies, Latency};

/// Clock ticks a second in `/proc/<pid>/stat`: `USER_HZ`, 100 on each Linux architecture that
/// Kassa runs on, whatever the kernel's own `HZ` is.
pub const TICKS_PER_SECOND: u32 = 100;
/// What one write of the disk probe writes: as much as one page of the store.
const PROBE_PAGE: [u8; 16 * 1024] = [0x5a; 16 * 1024];
/// Bytes of [`PROBE_PAGE`].
const PROBE_PAGE_BYTES: u64 = 16 * 1024;
/// Writes of the disk probe.
const PROBE_ROUNDS: u64 = 500;
/// Pages in the disk probe's file, so that neighbouring rounds write different blocks (4 MiB).
const PROBE_PAGES: u64 = 256;
/// Bytes of one block in `st_blocks` (man 3 stat), whatever the file system's block size is.
const STAT_BLOCK_BYTES: u64 = 512;

/// CPU time used so far, user and system, in clock ticks of [`TICKS_PER_SECOND`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CpuTicks(pub u64);

impl CpuTicks {
    /// Time used since `earlier`.
    pub fn since(self, earlier: CpuTicks) -> Duration {
        let ticks = self.0.saturating_sub(earlier.0);
        Duration::from_millis(ticks.saturating_mul(u64::from(1_000 / TICKS_PER_SECOND)))
    }
}

/// CPU time of process `pid` with all its threads.
///
/// # Errors
/// [`BenchError::Probe`] when there is no such process, or no `/proc`.
pub fn process_cpu(pid: u32) -> Result<CpuTicks, BenchError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let ticks = fs::read_to_string(&path).ok().as_deref().and_then(parse_cpu_ticks);
    ticks.ok_or(BenchError::Probe { what: "CPU time", path })
}

/// Fields 14 (`utime`) and 15 (`stime`) of a `stat` file. Field 2, the program's name in
/// parentheses, may itself have spaces and parentheses.
fn parse_cpu_ticks(stat: &str) -> Option<CpuTicks> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(CpuTicks(user.checked_add(system)?))
}

/// CPU time of process `parent` and its children, those that have ended included: of a
/// `PostgreSQL` server, all of it. `None` when there is no such process, or no `/proc`.
pub fn children_cpu(parent: u32) -> Option<CpuTicks> {
    let mut ticks = parse_tree(&fs::read_to_string(format!("/proc/{parent}/stat")).ok()?)?.in_all;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some(child) = parse_tree(&stat)
            && child.parent == parent
        {
            ticks = ticks.checked_add(child.own)?;
        }
    }
    Some(CpuTicks(ticks))
}

/// The process that started process `pid`, if both are `PostgreSQL`'s. Elsewhere than on this
/// machine, as in a container, numbers of processes mean others.
pub fn parent_of_postgres(pid: u32) -> Option<u32> {
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.contains("(postgres)").then(|| parse_tree(&stat))?
    };
    let server = parent(pid)?.parent;
    parent(server).map(|_| server)
}

/// What a `stat` file says of a process and its children, in clock ticks.
#[derive(Debug, PartialEq, Eq)]
struct Tree {
    parent: u32,
    own: u64,
    /// With the children that it has waited for.
    in_all: u64,
}

/// Fields 4 (`ppid`) and 14 to 17 (`utime`, `stime`, `cutime`, `cstime`) of a `stat` file.
fn parse_tree(stat: &str) -> Option<Tree> {
    let CpuTicks(own) = parse_cpu_ticks(stat)?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let mut ended = fields.skip(11).map(str::parse);
    let (user, system): (u64, u64) = (ended.next()?.ok()?, ended.next()?.ok()?);
    Some(Tree { parent, own, in_all: own.checked_add(user)?.checked_add(system)? })
}

/// Peak resident memory of process `pid`, in bytes: `VmHWM`.
///
/// # Errors
/// [`BenchError::Probe`] when there is no such process, or no `/proc`.
pub fn peak_memory_bytes(pid: u32) -> Result<u64, BenchError> {
    let path = PathBuf::from(format!("/proc/{pid}/status"));
    let status = fs::read_to_string(&path).unwrap_or_default();
    parse_kib(&status, "VmHWM").ok_or(BenchError::Probe { what: "peak memory", path })
}

/// Has process `pid` begin anew with its peak resident memory (man 5 proc, `clear_refs`).
///
/// # Errors
/// [`BenchError::Probe`] when there is no such process, it is another user's, or no `/proc`.
pub fn forget_peak_memory(pid: u32) -> Result<(), BenchError> {
    let path = PathBuf::from(format!("/proc/{pid}/clear_refs"));
    let forgotten = fs::write(&path, "5");
    forgotten.map_err(|_| BenchError::Probe { what: "peak memory anew", path })
}

/// The bytes of a line `name:   123 kB`, as `/proc/<pid>/status` and `/proc/meminfo` have them.
fn parse_kib(text: &str, name: &str) -> Option<u64> {
    let value = named_value(text, name)?;
    let kib: u64 = value.strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

fn named_value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim_end() == name).then_some(value.trim())
    })
}

/// The machine, as figures must be read with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The CPU's model, as the kernel names it.
    pub cpu_model: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Main memory, in bytes.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
}

/// Reads the facts; what cannot be read is `unknown` or zero.
pub fn machine() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let or_unknown = |text: &str| if text.is_empty() { "unknown" } else { text }.to_owned();
    let cpu_info = read("/proc/cpuinfo");
    Machine {
        cpu_model: or_unknown(named_value(&cpu_info, "model name").unwrap_or_default()),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_bytes: parse_kib(&read("/proc/meminfo"), "MemTotal").unwrap_or(0),
        kernel: or_unknown(read("/proc/sys/kernel/osrelease").trim()),
    }
}

/// Times `fdatasync` after a 16 KiB overwrite of a file in `directory` that is allocated before:
/// what one commit of the store has to wait for.
///
/// # Errors
/// [`BenchError::Io`].
pub fn disk(directory: &Path, now: fn() -> Instant) -> Result<Latency, BenchError> {
    let path = directory.join("bench-disk-probe.tmp");
    let timed = time_writes(&path, now);
    let removed = fs::remove_file(&path);
    timed
        .and_then(|latency| removed.map(|()| latency))
        .map_err(|source| BenchError::Io { doing: "probing the data directory's disk", source })
}

fn time_writes(path: &Path, now: fn() -> Instant) -> io::Result<Latency> {
    let file = File::create(path)?;
    for number in 0..PROBE_PAGES {
        file.write_all_at(&PROBE_PAGE, number * PROBE_PAGE_BYTES)?;
    }
    file.sync_all()?;
    let mut latencies = Latencies::new();
    for round in 0..PROBE_ROUNDS {
        let started = now();
        file.write_all_at(&PROBE_PAGE, round % PROBE_PAGES * PROBE_PAGE_BYTES)?;
        file.sync_data()?;
        latencies.record(now().saturating_duration_since(started));
    }
    Ok(latencies.summary())
}

/// Bytes that the files in `directory` take on disk, without the ones that a store overwrites for
/// ever: `*-wal` and `*-shm`. Not recursive.
///
/// A database that reuses free pages, or that has not been checkpointed yet, grows later than it
/// is written to; a caller that can ask the database for its pages in use should.
///
/// # Errors
/// The directory or a file in it cannot be read.
pub fn bytes_on_disk(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with("-wal") || name.ends_with("-shm") {
            continue;
        }
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            bytes = bytes.saturating_add(metadata.blocks().saturating_mul(STAT_BLOCK_BYTES));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_user_and_system() {
        let stat = |name: &str| {
            format!(
                "4242 ({name}) S 1 4242 4242 0 -1 4194560 900 0 3 0 1234 66 7 8 20 0 5 0 99 1 2\n"
            )
        };
        for name in ["kassa", "kassa serve", "a) R 1 (b", "((("] {
            assert_eq!(parse_cpu_ticks(&stat(name)), Some(CpuTicks(1_300)), "{name}");
        }
        for broken in
            ["", "4242 (kassa", "4242 (kassa) S 1 2 3", "1 (k) S 1 1 1 0 -1 1 1 1 1 1 x 1"]
        {
            assert_eq!(parse_cpu_ticks(broken), None, "{broken:?}");
        }
        let tree = Tree { parent: 1, own: 1_300, in_all: 1_315 };
        assert_eq!(parse_tree(&stat("postgres")), Some(tree));
        assert_eq!(parse_tree("4242 (kassa) S 1 2 3"), None);
        let used = CpuTicks(1_300).since(CpuTicks(1_050));
        assert_eq!(used, Duration::from_millis(2_500));
        assert_eq!(CpuTicks(1).since(CpuTicks(2)), Duration::ZERO);
    }

    #[test]
    fn a_process_counts_with_its_children() {
        let pid = std::process::id();
        // Other tests go on between the two readings.
        let own = process_cpu(pid).ok();
        assert!(children_cpu(pid) >= own);
        assert_eq!(children_cpu(u32::MAX), None);
        assert_eq!(parent_of_postgres(pid), None);
    }

    #[test]
    fn sizes_are_read_by_name() {
        let status = "Name:\tkassa\nVmPeak:\t  999 kB\nVmHWM:\t  500 kB\nThreads:\t7\n";
        assert_eq!(parse_kib(status, "VmHWM"), Some(512_000));
        assert_eq!(parse_kib(status, "VmRSS"), None);
        assert_eq!(parse_kib(status, "Threads"), None);
        assert_eq!(parse_kib("VmHWM: lots kB", "VmHWM"), None);
        assert_eq!(parse_kib("MemTotal:       24676664 kB\n", "MemTotal"), Some(25_268_903_936));
    }

    #[test]
    fn a_peak_is_forgotten() {
        // Other tests allocate at the same time, so that how much is forgotten is not known.
        forget_peak_memory(std::process::id()).unwrap();
        assert!(forget_peak_memory(u32::MAX).is_err());
    }

    #[test]
    fn the_first_cpu_names_the_model() {
        let info = "processor\t: 0\nmodel name\t: AMD EPYC 9R14\n\nmodel name\t: other\n";
        assert_eq!(named_value(info, "model name"), Some("AMD EPYC 9R14"));
        assert_eq!(named_value(info, "model"), None);
    }

    #[test]
    fn files_that_are_overwritten_for_ever_do_not_count() {
        let directory =
            std::env::temp_dir().join(format!("kassa-bench-probe-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let empty = bytes_on_disk(&directory).unwrap();
        for name in ["kassa.db", "kassa.db-wal", "kassa.db-shm"] {
            fs::write(directory.join(name), vec![1; 100_000]).unwrap();
        }
        File::open(directory.join("kassa.db")).unwrap().sync_all().unwrap();
        let database = fs::metadata(directory.join("kassa.db")).unwrap().blocks() * 512;
        assert_eq!(bytes_on_disk(&directory).unwrap() - empty, database);
        fs::remove_dir_all(&directory).unwrap();
        assert!(bytes_on_disk(&directory).is_err());
    }
}

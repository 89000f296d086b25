//! The folder of a rehearsal, and the guard that ends every process which works in it.
//!
//! Invariant: each process of a rehearsal has its working directory in the folder, so that all of
//! them can be found again, also those that Patroni and `PostgreSQL` start, and nothing else is
//! hit.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, ensure};

/// Waits until this process closes the pipe, in whatever way it ends, be it Ctrl-C or SIGKILL.
const GUARD: &str = r#"
keep=
while read -r word; do keep=$word; done
for round in 1 2 3 4 5 6 7 8 9 10; do
    found=
    for link in /proc/[0-9]*/cwd; do
        case "$(readlink "$link" 2>/dev/null)" in
            "$0"|"$0"/*)
                process=${link#/proc/}
                kill -s KILL "${process%/cwd}" 2>/dev/null
                found=yes ;;
        esac
    done
    [ -z "$found" ] && break
    sleep 0.2
done
[ -n "$keep" ] || rm -rf "$0"
"#;

/// What is sent to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// It ends, without a word.
    Kill,
    /// It stands still.
    Stop,
    /// It goes on.
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
        }
    }
}

/// A new folder under the system's place for temporary files.
pub(super) struct Folder {
    path: PathBuf,
    guard: Child,
}

impl Folder {
    /// Makes the folder and starts its guard.
    pub(super) fn new() -> anyhow::Result<Folder> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        ensure!(
            Path::new("/proc/self/cwd").exists(),
            "the rehearsal needs Linux: there is no /proc"
        );
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kassa-failover-{}-{count}", std::process::id());
        let path = std::env::temp_dir().canonicalize()?.join(name);
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]).arg(&path).current_dir("/").stdin(Stdio::piped());
        // In a group of its own, so that Ctrl-C does not reach it.
        let guard = guard.process_group(0).spawn().context("cannot start sh")?;
        Ok(Folder { path, guard })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends all processes, and leaves the files where they are.
    pub(super) fn keep(mut self) -> anyhow::Result<PathBuf> {
        if let Some(pipe) = self.guard.stdin.as_mut() {
            pipe.write_all(b"keep\n").context("the guard has gone")?;
        }
        Ok(self.path.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}

/// Sends a signal to every process that works in `folder`, also to those that are started
/// meanwhile.
pub(super) fn signal_all(folder: &Path, what: Signal) -> anyhow::Result<()> {
    let mut told = BTreeSet::new();
    loop {
        let mut processes = processes_in(folder)?;
        processes.retain(|process| told.insert(*process));
        if processes.is_empty() {
            return Ok(());
        }
        signal(&processes, what)?;
    }
}

/// The processes whose working directory is `folder` or below it.
fn processes_in(folder: &Path) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that has just ended, or is somebody else's, shows no directory.
        let Ok(directory) = fs::read_link(entry.path().join("cwd")) else { continue };
        if directory.starts_with(folder) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Sends a signal to each of `processes`. One that has ended meanwhile is no error.
fn signal(processes: &[u32], signal: Signal) -> anyhow::Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", r#"kill -s "$0" "$@" 2>/dev/null; true"#, signal.name()]);
    command.args(processes.iter().map(u32::to_string)).status().context("cannot start sh")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_reaches_those_who_work_there() {
        let folder = Folder::new().unwrap();
        let start = || Command::new("sleep").arg("600").current_dir(folder.path()).spawn().unwrap();
        let mut sleepers = [start(), start()];
        signal_all(&folder.path().join("other"), Signal::Kill).unwrap();
        assert!(sleepers.iter_mut().all(|sleeper| sleeper.try_wait().unwrap().is_none()));
        signal_all(folder.path(), Signal::Kill).unwrap();
        assert!(sleepers.iter_mut().all(|sleeper| !sleeper.wait().unwrap().success()));
    }

    #[test]
    fn a_folder_takes_its_processes_and_files_with_it() {
        let folder = Folder::new().unwrap();
        let path = folder.path().to_owned();
        let inner = path.join("inner");
        fs::create_dir(&inner).unwrap();
        let mut sleeper = Command::new("sleep").arg("600").current_dir(&inner).spawn().unwrap();
        assert_eq!(processes_in(&path).unwrap(), [sleeper.id()]);
        drop(folder);
        assert!(!sleeper.wait().unwrap().success());
        assert!(!path.exists());
    }
}

//! Is there room on the disk for what the tests build?
//!
//! A disk that is full shows itself as an error of the compiler or of whichever test writes next,
//! which tells nobody what is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process;

/// What the builds of all steps take, and what the tests write: see `CONTRIBUTING.md`.
const NEEDED_MIB: u64 = 6 * 1024;

/// What is missing, where something is. A machine that does not tell has room.
pub(crate) fn missing() -> Option<String> {
    let target = target();
    let free = mib_of(&answer("df", &["-Pk"], &near(&target))?, 3, 1)?;
    let built = answer("du", &["-sk"], &target).and_then(|text| mib_of(&text, 0, 0)).unwrap_or(0);
    shortage(free, built, &target)
}

fn shortage(free_mib: u64, built_mib: u64, target: &Path) -> Option<String> {
    let wanted_mib = NEEDED_MIB.saturating_sub(built_mib);
    (free_mib < wanted_mib).then(|| {
        format!(
            "the disk has {free_mib} MiB left for the build in {}, which takes {wanted_mib} MiB \
             more: make room, or set CARGO_TARGET_DIR to a folder on a larger disk",
            target.display(),
        )
    })
}

/// Where cargo builds.
fn target() -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    process::root().join(chosen.unwrap_or_else(|| PathBuf::from("target")))
}

/// `path`, or the nearest folder above it that is there.
fn near(path: &Path) -> PathBuf {
    let there = path.ancestors().find(|path| path.exists());
    there.unwrap_or(process::root()).to_owned()
}

fn answer(program: &str, arguments: &[&str], path: &Path) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).arg(path).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()
}

/// The number in a column of a line of `df -Pk` or `du -sk`, which count in KiB.
fn mib_of(text: &str, column: usize, line: usize) -> Option<u64> {
    let word = text.lines().nth(line)?.split_whitespace().nth(column)?;
    word.parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{NEEDED_MIB, answer, mib_of, near, shortage};
    use crate::process::root;

    #[test]
    fn the_columns_of_df_and_du_are_read() {
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                  /dev/vda 264107760 93000000 2306867 98% /\n";
        assert_eq!(mib_of(df, 3, 1), Some(2252));
        assert_eq!(mib_of("12582912\ttarget\n", 0, 0), Some(12 * 1024));
        assert_eq!(mib_of("Filesystem\n", 3, 1), None);
        assert_eq!(mib_of("a b c none", 3, 0), None);
    }

    #[test]
    fn what_is_built_already_needs_no_more_room() {
        let target = Path::new("elsewhere");
        assert_eq!(shortage(NEEDED_MIB, 0, target), None);
        assert_eq!(shortage(0, NEEDED_MIB, target), None);
        let told = shortage(2252, 1024, target).unwrap();
        assert!(told.contains("2252 MiB left"), "{told}");
        assert!(told.contains("elsewhere, which takes 5120 MiB more"), "{told}");
    }

    #[test]
    fn a_folder_that_is_not_made_yet_is_on_the_disk_of_the_one_above_it() {
        assert_eq!(near(&root().join("no-such/folder")), root());
        let free = answer("df", &["-Pk"], root()).and_then(|text| mib_of(&text, 3, 1));
        assert!(free.is_some());
    }
}

//! What the rules look at: the files of the checkout, and what cargo says about the workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process;

/// The paths of all files that belong to the project, from its root, sorted.
///
/// They are what git tracks and what it would add (neither ignored nor deleted), so that a rule
/// speaks before the commit. Where there is no git, the folders are walked, leaving out `target`
/// and what starts with a dot, but for the few dotted paths that are ours.
pub(super) fn paths() -> Vec<String> {
    let mut paths = listed_by_git().unwrap_or_else(|| {
        let mut walked = Vec::new();
        walk(process::root(), "", &mut walked);
        walked
    });
    paths.retain(|path| process::root().join(path).is_file());
    paths.sort();
    paths.dedup();
    assert!(paths.iter().any(|path| path == "Cargo.toml"), "the checkout has no Cargo.toml");
    paths
}

/// The paths whose name ends with `.extension`, each with its text.
pub(super) fn texts(extension: &str) -> Vec<(String, String)> {
    let suffix = format!(".{extension}");
    let wanted = paths().into_iter().filter(|path| path.ends_with(&suffix));
    wanted.map(|path| (path.clone(), text(&path).unwrap_or_default())).collect()
}

/// The text of one file, or `None` when it does not exist. Bytes that are no UTF-8 are replaced.
pub(super) fn text(path: &str) -> Option<String> {
    let bytes = fs::read(process::root().join(path)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `cargo metadata` with `arguments`, without network.
pub(super) fn metadata(arguments: &[&str]) -> Value {
    let mut command = process::command("cargo", &["metadata", "--format-version=1", "--offline"]);
    let output = command.args(arguments).output().expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{}` failed:\n{errors}", process::describe(&command));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// The strings or objects of an array; empty when there is no array.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn listed_by_git() -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(process::root())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let listing = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths: Vec<String> =
        listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    // A copy of the sources inside somebody else's repository may be ignored there as a whole.
    paths.iter().any(|path| path == "Cargo.toml").then_some(paths)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    const DOTTED_AND_OURS: [&str; 4] = [".cargo", ".ci", ".gitignore", ".config"];
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let foreign = name.starts_with('.') && !DOTTED_AND_OURS.contains(&name.as_str());
        if foreign || name == "target" {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn a_walk_finds_what_git_lists() {
    let mut walked = Vec::new();
    walk(process::root(), "", &mut walked);
    for expected in ["Cargo.toml", "xtask/src/main.rs", ".cargo/config.toml", ".ci/run"] {
        assert!(walked.iter().any(|path| path == expected), "{expected} was not found");
        assert!(paths().iter().any(|path| path == expected), "{expected} is not listed");
    }
    assert!(!walked.iter().any(|path| path.starts_with("target/")));
}

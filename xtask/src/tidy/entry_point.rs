//! There is one command for all tests: `.ci/run` calls it, and README.md tells it.

use super::{Finding, checkout, expect_none};

const SCRIPT: &str = ".ci/run";

#[test]
fn the_readme_names_the_command_that_ci_runs() {
    let script = checkout::text(SCRIPT).expect(".ci/run exists");
    let readme = checkout::text("README.md")
        .expect("README.md is missing: write it, with the command that runs all tests");
    let command = called_command(&script).expect(".ci/run calls a command");
    assert_eq!(command, "cargo xtask test", "{SCRIPT} runs what a developer runs");
    let findings = if readme.contains(command) {
        Vec::new()
    } else {
        let what = format!("does not contain `{command}`, which {SCRIPT} calls");
        vec![Finding { path: "README.md".to_owned(), line: 1, what }]
    };
    expect_none(&findings, "tell the reader of README.md the very command that CI runs");
}

#[cfg(unix)]
#[test]
fn the_script_can_be_executed() {
    use std::os::unix::fs::PermissionsExt;

    let path = crate::process::root().join(SCRIPT);
    let mode = path.metadata().expect(".ci/run exists").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "make it executable: chmod +x {SCRIPT}");
}

/// The last line of a script that is neither empty nor a comment.
fn called_command(script: &str) -> Option<&str> {
    let lines = script.lines().map(str::trim);
    lines.rev().find(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn the_last_line_is_the_command() {
    assert_eq!(called_command("#!/bin/bash\nset -e\n\ncargo test\n# End.\n"), Some("cargo test"));
    assert_eq!(called_command("# Nothing.\n\n"), None);
}

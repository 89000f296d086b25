//! `cargo xtask test`: the steps of CI, in order; the first that fails ends the run.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::options::Options;
use crate::{browser, postgres, process, room};

/// A program that the steps cannot do without.
struct Prerequisite {
    program: &'static str,
    arguments: &'static [&'static str],
    /// What is missing, and how one gets it.
    advice: &'static str,
}

const PREREQUISITES: [Prerequisite; 4] = [
    Prerequisite {
        program: "cargo",
        arguments: &["--version"],
        advice: "cargo does not start: install Rust with rustup and put its `bin` on the PATH",
    },
    Prerequisite {
        program: "cc",
        arguments: &["--version"],
        advice: "there is no C compiler `cc`, and the bundled SQLite is C: install gcc or clang \
                 (Debian and Ubuntu: the package `gcc`)",
    },
    Prerequisite {
        program: "cargo",
        arguments: &["fmt", "--version"],
        advice: "rustfmt is missing: rustup component add rustfmt",
    },
    Prerequisite {
        program: "cargo",
        arguments: &["clippy", "--version"],
        advice: "clippy is missing: rustup component add clippy",
    },
];

/// One step: what it is called, and what it runs. A step without a command is left out, with
/// its name saying why.
struct Step {
    name: &'static str,
    command: Option<Command>,
}

/// Runs everything that CI runs.
pub(crate) fn test(arguments: &[String]) -> anyhow::Result<()> {
    Options::read(arguments, &[])?;
    check_prerequisites()?;
    postgres::provide()?;
    browser::provide()?;
    let started = now();
    let steps = steps();
    let count = steps.len();
    for (index, step) in steps.into_iter().enumerate() {
        let position = format!("[{}/{count}]", index.saturating_add(1));
        let Some(mut command) = step.command else {
            println!("{position} {}", step.name);
            continue;
        };
        println!("{position} {}: {}", step.name, process::describe(&command));
        let step_started = now();
        process::run(&mut command).with_context(|| {
            format!("{position} {} failed after {}", step.name, seconds(step_started.elapsed()))
        })?;
        println!("{position} {}: ok in {}", step.name, seconds(step_started.elapsed()));
    }
    println!("cargo xtask test: all steps passed in {}", seconds(started.elapsed()));
    Ok(())
}

fn check_prerequisites() -> anyhow::Result<()> {
    let missing: Vec<String> = PREREQUISITES
        .iter()
        .filter(|needed| !process::answers(needed.program, needed.arguments))
        .map(|needed| needed.advice.to_owned())
        .chain(room::missing())
        .collect();
    if !missing.is_empty() {
        bail!("this machine cannot run the tests yet:\n- {}", missing.join("\n- "));
    }
    Ok(())
}

fn steps() -> Vec<Step> {
    vec![
        Step { name: "format", command: Some(cargo(&["fmt", "--check"])) },
        Step {
            name: "lints",
            command: Some(cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ])),
        },
        tests(process::answers("cargo", &["nextest", "--version"])),
        Step { name: "checkout page", command: Some(browser::server()) },
        Step { name: "tests in a browser", command: Some(browser::tests()) },
        Step { name: "documentation", command: Some(documentation()) },
        dependencies(process::answers("cargo", &["deny", "--version"])),
    ]
}

fn tests(nextest_installed: bool) -> Step {
    let command = if nextest_installed {
        cargo(&["nextest", "run", "--workspace", "--locked"])
    } else {
        cargo(&["test", "--workspace", "--locked"])
    };
    Step { name: "tests", command: Some(command) }
}

fn documentation() -> Command {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

fn dependencies(deny_installed: bool) -> Step {
    if deny_installed {
        let command = cargo(&["deny", "check", "bans", "licenses", "sources"]);
        return Step { name: "dependencies", command: Some(command) };
    }
    Step {
        name: "dependencies: left to tidy, which knows bans and licences; for the whole check: \
               cargo install --locked cargo-deny",
        command: None,
    }
}

fn cargo(arguments: &[&str]) -> Command {
    process::command("cargo", arguments)
}

#[expect(clippy::disallowed_methods, reason = "shows a developer how long a step took")]
fn now() -> Instant {
    Instant::now()
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{dependencies, documentation, tests};
    use crate::process::describe;

    #[test]
    fn tests_run_with_and_without_nextest() {
        let with = describe(&tests(true).command.unwrap());
        let without = describe(&tests(false).command.unwrap());
        assert_eq!(with, "cargo nextest run --workspace --locked");
        assert_eq!(without, "cargo test --workspace --locked");
    }

    #[test]
    fn a_missing_cargo_deny_is_said_and_not_a_failure() {
        let step = dependencies(false);
        assert!(step.command.is_none());
        assert!(step.name.contains("cargo install --locked cargo-deny"));
        let command = describe(&dependencies(true).command.unwrap());
        assert_eq!(command, "cargo deny check bans licenses sources");
    }

    #[test]
    fn a_warning_of_rustdoc_is_an_error() {
        assert_eq!(
            describe(&documentation()),
            "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked",
        );
    }
}

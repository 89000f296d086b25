//! One part of the tests by itself, longer or with a given seed, and the tools beside the tests.
//!
//! The number of a run travels in an environment variable, because a test takes no arguments.

use std::process::Command;

use anyhow::bail;

use crate::options::Options;
use crate::{browser, process};

/// Runs only the rules of the house, which are tests of this crate.
pub(crate) fn tidy(arguments: &[String]) -> anyhow::Result<()> {
    Options::read(arguments, &[])?;
    process::run(&mut process::command("cargo", &["test", "--package", "xtask"]))
}

/// Runs only the tests of the checkout page in a browser. Their pictures are in `target/browser`.
pub(crate) fn browser(arguments: &[String]) -> anyhow::Result<()> {
    Options::read(arguments, &[])?;
    browser::provide()?;
    announce_and_run(&mut browser::server())?;
    announce_and_run(&mut browser::tests())
}

/// Runs the simulation: `--seed` repeats one run, `--seeds` says how many to try.
pub(crate) fn sim(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments, &["--seed", "--seeds"])?;
    let mut command = test_of("sim", &["--release"], "simulation");
    pass(&mut command, "KASSA_SIM_SEED", options.get("--seed"));
    pass(&mut command, "KASSA_SIM_SEEDS", options.get("--seeds"));
    announce_and_run(&mut command)
}

/// Runs the model-based property test.
pub(crate) fn property(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments, &["--operations"])?;
    let mut command = test_of("sim", &["--release"], "model");
    pass(&mut command, "KASSA_PROPERTY_OPERATIONS", options.get("--operations"));
    announce_and_run(&mut command)
}

/// Runs the tests that kill the real program, or its database, and start it again.
pub(crate) fn crash(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments, &["--cycles"])?;
    let mut command = test_of("kassa", &["--test", "it"], "crash");
    pass(&mut command, "KASSA_CRASH_CYCLES", options.get("--cycles"));
    announce_and_run(&mut command)
}

/// Writes the committed `OpenAPI` documents again, from the code.
pub(crate) fn openapi(arguments: &[String]) -> anyhow::Result<()> {
    Options::read(arguments, &[])?;
    announce_and_run(&mut process::command(
        "cargo",
        &["run", "--package", "kassa", "--", "openapi", "--out", "docs/openapi"],
    ))
}

/// Runs one fuzz target; what follows its name goes to cargo-fuzz unchanged.
pub(crate) fn fuzz(arguments: &[String]) -> anyhow::Result<()> {
    let targets = fuzz_targets();
    let known = if targets.is_empty() { "none".to_owned() } else { targets.join(", ") };
    let Some((target, rest)) = arguments.split_first() else {
        bail!("which target? There are: {known}");
    };
    if !targets.contains(target) {
        bail!("there is no fuzz target `{target}`; there are: {known}");
    }
    if !process::answers("cargo", &["fuzz", "--version"]) {
        bail!(
            "fuzzing wants cargo-fuzz and a nightly toolchain:\n\
             cargo install --locked cargo-fuzz\n\
             rustup toolchain install nightly"
        );
    }
    let mut command = process::command("cargo", &["+nightly", "fuzz", "run", target]);
    announce_and_run(command.args(rest))
}

/// `cargo test` of one package, for the tests whose names contain `filter`, with their output.
fn test_of(package: &str, arguments: &[&str], filter: &str) -> Command {
    let mut command = process::command("cargo", &["test", "--package", package]);
    command.args(arguments).args(["--", "--nocapture", filter]);
    command
}

/// Hands `number` to the test, where it was given; without it the test's own default holds.
fn pass(command: &mut Command, variable: &str, number: Option<u64>) {
    if let Some(number) = number {
        command.env(variable, number.to_string());
    }
}

fn announce_and_run(command: &mut Command) -> anyhow::Result<()> {
    println!("{}", process::describe(command));
    process::run(command)
}

/// The names of the checked-in fuzz targets, sorted; none when there is no such folder.
fn fuzz_targets() -> Vec<String> {
    let folder = process::root().join("fuzz").join("fuzz_targets");
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut targets: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort();
    targets
}

#[cfg(test)]
mod tests {
    use super::{fuzz, pass, test_of};
    use crate::process::describe;

    #[test]
    fn a_number_travels_in_a_variable() {
        let mut command = test_of("sim", &["--release"], "simulation");
        pass(&mut command, "KASSA_SIM_SEED", Some(42));
        pass(&mut command, "KASSA_SIM_SEEDS", None);
        assert_eq!(
            describe(&command),
            "KASSA_SIM_SEED=42 cargo test --package sim --release -- --nocapture simulation",
        );
    }

    #[test]
    fn an_unknown_fuzz_target_is_refused_with_the_known_ones() {
        let error = fuzz(&["no-such-target".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no fuzz target `no-such-target`; there are:"), "{error}");
        let error = fuzz(&[]).unwrap_err().to_string();
        assert!(error.contains("which target?"), "{error}");
    }
}

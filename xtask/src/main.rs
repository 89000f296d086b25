//! The developer tool: `cargo xtask test` is what CI runs, and all of what CI runs.
//!
//! It starts other programs and passes their verdict on; it holds no rule of the product itself.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer tool talks to its terminal"
)]

mod browser;
mod check;
mod failover;
mod options;
mod packages;
mod postgres;
mod process;
mod room;
mod suites;
#[cfg(test)]
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  test                          everything that CI runs, in CI's order
  browser                       only the tests of the checkout page in a browser
  tidy                          only the rules of the house (layout, style, licences)
  sim [--seed N] [--seeds N]    the simulation: one seed again, or this many seeds
  property [--operations N]     the model-based property test, with this many operations
  crash [--cycles N]            kill the real program under load, this many times
  failover [--cycles N] [--keep]  three PostgreSQL nodes, two servers, load, a fault each cycle
  openapi                       write the OpenAPI documents under docs/openapi again
  fuzz TARGET [ARGUMENT...]     run a fuzz target (needs cargo-fuzz and a nightly toolchain)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match command.as_str() {
        "test" => check::test(rest),
        "browser" => suites::browser(rest),
        "tidy" => suites::tidy(rest),
        "sim" => suites::sim(rest),
        "property" => suites::property(rest),
        "crash" => suites::crash(rest),
        "failover" => failover::failover(rest),
        "openapi" => suites::openapi(rest),
        "fuzz" => suites::fuzz(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => anyhow::bail!("there is no command `{unknown}`\n\n{HELP}"),
    }
}

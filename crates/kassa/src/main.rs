//! The program: clock, randomness, environment and sockets, and the commands that people type.
//!
//! Invariant: these four are read here and nowhere else; everything below takes them as arguments.

mod backup;
mod benchmark;
mod client;
mod clock;
mod command_line;
mod demo;
mod environment;
mod installation;
mod installation_key;
mod logs;
mod manage;
mod notices;
mod openapi;
mod post;
mod progress;
mod psp;
mod rkha21;
mod scratch;
mod serve;
mod server;
mod settings;
mod simulate;
mod store_copy;
mod terminal;
mod verify;
mod virtual_terminal;

use std::process::ExitCode;

use clap::Parser as _;

use command_line::{
    BenchCommand, CommandLine, CompanyCommand, CredentialCommand, CustomerCommand, Rkha21Command,
    SellerCommand, SimulateCommand, StoreCommand,
};

fn main() -> ExitCode {
    let outcome = run(CommandLine::parse());
    outcome.unwrap_or_else(|error| {
        terminal::note(&format!("kassa: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Runs the command and says how the process ends.
fn run(command_line: CommandLine) -> anyhow::Result<ExitCode> {
    use command_line::Command;

    match command_line.command {
        Command::Serve { given, tuning } => {
            serve::run(&given.resolve(&environment::variable)?, &tuning)
        }
        Command::Demo(options) => demo::run(&options),
        Command::Verify { given, json } => {
            return verify::run(&given.resolve(&environment::variable)?, json);
        }
        Command::Bench(BenchCommand::Ledger(options)) => benchmark::ledger(&options),
        Command::Bench(BenchCommand::Estate(options)) => benchmark::estate(&options),
        Command::Bench(BenchCommand::Payments(options)) => benchmark::payments(&options),
        Command::Bench(BenchCommand::Notifications(options)) => benchmark::notifications(&options),
        Command::Bench(BenchCommand::Reconcile(options)) => benchmark::reconcile(&options),
        Command::Bench(BenchCommand::Batching(options)) => benchmark::batching(&options),
        Command::OperatorKey { given, label } => {
            manage::issue_operator_key(&given.resolve(&environment::variable)?, &label)
        }
        Command::Credential(CredentialCommand::Issue { given, options }) => {
            manage::issue_credential(&given.resolve(&environment::variable)?, &options)
        }
        Command::Credential(CredentialCommand::List { given }) => {
            manage::list_credentials(&given.resolve(&environment::variable)?)
        }
        Command::Credential(CredentialCommand::Revoke { given, id }) => {
            manage::revoke_credential(&given.resolve(&environment::variable)?, id)
        }
        Command::Company(CompanyCommand::Add { given, options }) => {
            manage::add_company(&given.resolve(&environment::variable)?, &options)
        }
        Command::Seller(SellerCommand::Add { given, options }) => {
            manage::add_seller(&given.resolve(&environment::variable)?, &options)
        }
        Command::Customer(CustomerCommand::Add { given, options }) => {
            manage::add_customer(&given.resolve(&environment::variable)?, &options)
        }
        Command::Backup { given, to } => backup::run(&given.resolve(&environment::variable)?, &to),
        Command::Store(StoreCommand::Copy(options)) => store_copy::run(&options),
        Command::Terminal(options) => virtual_terminal::run(&options),
        Command::Simulate(SimulateCommand::Psp { listen }) => simulate::run(listen),
        Command::Rkha21(Rkha21Command::Check { file, profile }) => {
            return rkha21::check(&file, profile.as_deref());
        }
        Command::Rkha21(Rkha21Command::Import(options)) => {
            return rkha21::import(&options, &environment::variable);
        }
        Command::Rkha21(Rkha21Command::Generate(options)) => {
            return rkha21::generate(&options);
        }
        Command::Openapi { out } => openapi::write(&out),
    }?;
    Ok(ExitCode::SUCCESS)
}

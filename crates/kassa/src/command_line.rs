//! What can be typed: the subcommands and their flags. The settings' flags are in `settings`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};
use ledger::limits::AUTHORIZATION_DAYS_DEFAULT;

use crate::settings::{ForBench, ForServe, ForStore};

/// An open, self-hosted payment acceptance platform.
#[derive(Debug, Parser)]
#[command(name = "kassa", version = version(), propagate_version = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve {
        #[command(flatten)]
        given: ForServe,
        #[command(flatten)]
        tuning: Tuning,
    },
    /// Run the demo installation: fixed credentials, a clock that can be moved, a short tour
    Demo(DemoOptions),
    /// Check the journal's chain and every invariant of the ledger; the server may be running
    Verify {
        #[command(flatten)]
        given: ForStore,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Measure the server on this machine
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Issue a key for the operator API and print it
    OperatorKey {
        #[command(flatten)]
        given: ForStore,
        /// What the key is called in lists
        #[arg(long, default_value = "operator key")]
        label: String,
    },
    /// Issue, list and revoke credentials
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Configure companies
    #[command(subcommand)]
    Company(CompanyCommand),
    /// Register sellers
    #[command(subcommand)]
    Seller(SellerCommand),
    /// Add customers to the tree
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// Copy the store, whole and consistent, to a file; the server may be running
    Backup {
        #[command(flatten)]
        given: ForStore,
        /// The file to write, which must not exist
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Move installations between stores
    #[command(subcommand)]
    Store(StoreCommand),
    /// Be a terminal without a device: activate, call home, install updates, ring up purchases
    Terminal(TerminalOptions),
    /// Stand in for others
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Check and make RKHA21 files: a card acquirer's transactions of a day
    #[command(subcommand)]
    Rkha21(Rkha21Command),
    /// Write the `OpenAPI` documents
    Openapi {
        /// The folder to write them to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// Be Swish, Klarna, Nets Easy and Santander: their public APIs, without any money
    Psp {
        /// Address and port
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rkha21Command {
    /// Read a file to its end and say whether it is in order, as the server would; it is not
    /// imported
    Check {
        /// The file
        file: PathBuf,
        /// The layout of its rows, where it is not the open profile
        #[arg(long, value_name = "FILE")]
        profile: Option<PathBuf>,
    },
    /// Send a file to a server, and wait until it is applied
    Import(ImportOptions),
    /// Make a file: of a day that never was, where the same flags make the same file, or of the
    /// rows of a table
    Generate(GenerateOptions),
}

#[derive(Args, Debug)]
pub(crate) struct ImportOptions {
    /// The file
    pub(crate) file: PathBuf,
    /// The server, as `http://127.0.0.1:8080`; without TLS
    #[arg(long)]
    pub(crate) url: String,
    /// The operator key; without it, that of the environment's `KASSA_OPERATOR_KEY`
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) operator_key: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct GenerateOptions {
    /// The file to write, which must not exist
    pub(crate) file: PathBuf,
    /// The rows, in CSV with a line of names; without it they are made up
    #[arg(long, value_name = "TRANSACTIONS.CSV")]
    #[arg(conflicts_with_all = ["rows", "seed", "seller", "card_token", "currency"])]
    pub(crate) from: Option<PathBuf>,
    /// How many transactions
    #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u64).range(..=100_000_000))]
    pub(crate) rows: u64,
    /// What makes this day another than others
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) seed: u64,
    /// The processing date, as 2026-11-20
    #[arg(long, default_value = "2026-01-01", value_name = "DATE")]
    pub(crate) date: String,
    /// Who sends it
    #[arg(long, default_value = "8850", value_name = "NUMBER")]
    pub(crate) sender: String,
    /// The cycle of the day: 10 or 20
    #[arg(long, default_value = "20", value_name = "NUMBER")]
    pub(crate) cycle: String,
    /// The serial number of the file
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) serial: u32,
    /// Sellers, by number, as 654,655: one is drawn for each transaction
    #[arg(long, default_value = "654", value_delimiter = ',', value_name = "NUMBERS")]
    pub(crate) seller: Vec<String>,
    /// Cards, by token: one is drawn for each transaction
    #[arg(long, required_unless_present = "from", value_delimiter = ',', value_name = "TOKENS")]
    pub(crate) card_token: Vec<String>,
    /// The currency of all amounts
    #[arg(long, default_value = "SEK", value_name = "CODE")]
    pub(crate) currency: String,
    /// The layout of its rows, where it is not the open profile
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
}

/// What benchmarks and tests turn. Not promised to anybody.
#[derive(Args, Debug, Default)]
pub(crate) struct Tuning {
    /// Answer on the benchmark's ceiling routes too
    #[arg(long, hide = true)]
    pub(crate) bench_ceiling: bool,
    /// The bytes of the write-ahead log that are allocated at start
    #[arg(long, hide = true, value_name = "BYTES")]
    pub(crate) wal_bytes: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct DemoOptions {
    /// Address and port; without it 127.0.0.1:8080, or a free port where that one is taken
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Keep the data here; without it they are gone when the demo ends
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print one line of JSON first: the base URL and all credentials
    #[arg(long)]
    pub(crate) print_json: bool,
    /// Let the Terminals contract be called as often as one likes
    #[arg(long)]
    pub(crate) no_throttle: bool,
    /// Do not play the tour
    #[arg(long)]
    pub(crate) no_scenario: bool,
}

#[derive(Args, Debug)]
pub(crate) struct TerminalOptions {
    /// The server, as `http://127.0.0.1:8080`; without TLS
    #[arg(long)]
    pub(crate) url: String,
    /// The terminal to become: its eight characters or its UUID
    #[arg(long, value_name = "ID")]
    pub(crate) terminal_id: Option<String>,
    /// What proves it, eight digits; not needed where --state-dir remembers an earlier run
    #[arg(long, value_name = "CODE")]
    pub(crate) activation_code: Option<String>,
    /// The device's serial number; without it, VT- and the terminal's id
    #[arg(long)]
    pub(crate) serial: Option<String>,
    /// The device's model
    #[arg(long, default_value = "C100+")]
    pub(crate) model: String,
    /// What the device says it runs, until it installs something
    #[arg(long, default_value = "1.0.0", value_name = "VERSION")]
    pub(crate) application_version: String,
    /// Where it remembers who it is; without it, all is forgotten at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Seconds between calls home; without it, as the server says
    #[arg(long, value_name = "SECONDS")]
    pub(crate) interval: Option<u64>,
    /// End after so many calls home
    #[arg(long, value_name = "NUMBER")]
    pub(crate) calls: Option<u64>,
    /// Purchases to ring up on the card ledger after each call home
    #[arg(long, default_value_t = 0, value_name = "NUMBER", requires = "card_token")]
    pub(crate) online: u32,
    /// The card ledger's token that these need. It may begin with a hyphen
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    pub(crate) ledger_token: Option<String>,
    /// Purchases to accept offline and upload after each call home
    #[arg(long, default_value_t = 0, value_name = "NUMBER", requires = "card_token")]
    pub(crate) offline: u32,
    /// The card that buys
    #[arg(long, value_name = "TOKEN")]
    pub(crate) card_token: Option<String>,
    /// What each purchase is about
    #[arg(long, default_value = "10.00")]
    pub(crate) amount: String,
    /// Its currency
    #[arg(long, default_value = "SEK", value_name = "CODE")]
    pub(crate) currency: String,
    /// How many of a hundred updates fail
    #[arg(long, default_value_t = 0, value_name = "PERCENT",
        value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) fail_updates: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Measure the card ledger: a fresh store or an empty database, which is left filled; a server
    /// of its own; load over HTTP
    Ledger(LedgerBenchOptions),
    /// Measure terminals that call home: a fresh store or an empty database, which is left filled;
    /// a server of its own; load over HTTP
    Estate(EstateBenchOptions),
    /// Measure payments over PSPs, alone and while another PSP hangs: a fresh store or an empty
    /// database, which is left filled; a server of its own; stand-ins for PSPs; load over HTTP
    Payments(PaymentsBenchOptions),
    /// Measure how many notifications a second reach a merchant: a receiver on this machine, and
    /// beside what Kassa does a bare loop of the same HTTP client
    Notifications(NotificationsBenchOptions),
    /// Measure how many rows of an acquirer's file are checked, applied and compared in a second,
    /// and whether every planted fault is found
    Reconcile(ReconcileBenchOptions),
    /// Measure what batches bring on an empty database of this machine, which is left filled:
    /// Kassa's engine against one transaction for each request, in turn, without HTTP
    Batching(BatchingBenchOptions),
}

#[derive(Args, Debug)]
pub(crate) struct LedgerBenchOptions {
    /// Accounts in the store
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) accounts: u64,
    /// Cards in the store, spread over the accounts
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) cards: u64,
    #[command(flatten)]
    pub(crate) run: BenchRunOptions,
}

#[derive(Args, Debug)]
pub(crate) struct EstateBenchOptions {
    /// Terminals in the store; all of them call, and every tenth has an update to install
    #[arg(long, default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) terminals: u64,
    /// Merchants that they are spread over
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) merchants: u64,
    #[command(flatten)]
    pub(crate) run: BenchRunOptions,
}

/// How a server is measured.
#[derive(Args, Debug)]
pub(crate) struct BenchRunOptions {
    /// Measured seconds of each phase
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// Seconds of load before them, not counted
    #[arg(long, default_value_t = 1)]
    pub(crate) warmup: u64,
    /// Numbers of connections; each gets all phases
    #[arg(long, value_delimiter = ',', default_value = "64,256")]
    pub(crate) connections: Vec<usize>,
    /// Times that everything is done; the report has the medians
    #[arg(long, default_value_t = 1)]
    pub(crate) rounds: u32,
    #[command(flatten)]
    pub(crate) ground: BenchGroundOptions,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a server is measured.
#[derive(Args, Debug)]
pub(crate) struct BenchGroundOptions {
    /// Where the store is made; without it the system's place for temporary files, which on some
    /// systems is memory and no disk
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: ForBench,
}

#[derive(Args, Debug)]
pub(crate) struct PaymentsBenchOptions {
    /// Payments a second at the other PSP, by a fixed schedule: well below what the machine can do
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
    /// Connections that they are made over
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// Tills, each with one Swish payment at a time, while Swish does not hang
    #[arg(long, default_value_t = 128)]
    pub(crate) tills: usize,
    /// Payments at Swish at once while it hangs
    #[arg(long, default_value_t = 2_000)]
    pub(crate) in_flight: u64,
    /// How long it holds each answer then, in milliseconds
    #[arg(long, default_value_t = 5_000)]
    pub(crate) latency_ms: u64,
    /// Measured seconds of each phase
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Seconds of load before them, not counted
    #[arg(long, default_value_t = 1)]
    pub(crate) warmup: u64,
    /// Times that everything is done; the report has the medians
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    #[command(flatten)]
    pub(crate) ground: BenchGroundOptions,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct NotificationsBenchOptions {
    /// Notifications of each phase
    #[arg(long, default_value_t = 20_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) count: u64,
    /// Most of them under way at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) in_flight: u16,
    /// Times that everything is done; the report has the medians
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReconcileBenchOptions {
    /// Rows of the day; one of a tenth of its length is measured before
    #[arg(long, default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(2_000..=2_000_000))]
    pub(crate) rows: u64,
    #[command(flatten)]
    pub(crate) ground: BenchGroundOptions,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct BatchingBenchOptions {
    /// Accounts in the store
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) accounts: u64,
    /// Cards in the store, spread over the accounts
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) cards: u64,
    /// Measured seconds of each phase
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// Seconds of load before them, not counted
    #[arg(long, default_value_t = 1)]
    pub(crate) warmup: u64,
    /// Callers at once, on both sides
    #[arg(long, default_value_t = 256)]
    pub(crate) callers: usize,
    /// Connections of the naive side, which its callers share
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// Times that everything is done; the report has the medians
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// A directory on the database's disk, for the disk probe; without it the system's place for
    /// temporary files
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: ForBench,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy a store that no server works on into an empty one, of the same kind or another, and
    /// compare the two. A copy that was cut off goes on when it is started again
    Copy(StoreCopyOptions),
}

#[derive(Args, Debug)]
pub(crate) struct StoreCopyOptions {
    /// The store to copy: a data directory, or the URL of a database
    #[arg(long, value_name = "DIR|URL", required_unless_present = "from_url_file")]
    pub(crate) from: Option<String>,
    /// A file with the URL of the database to copy
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) from_url_file: Option<PathBuf>,
    /// Where the copy is made: a data directory, or the URL of a database
    #[arg(long, value_name = "DIR|URL", required_unless_present = "to_url_file")]
    pub(crate) to: Option<String>,
    /// A file with the URL of the database where the copy is made
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub(crate) to_url_file: Option<PathBuf>,
    /// Certificates, in PEM, of who may sign the databases'
    #[arg(long, value_name = "FILE")]
    pub(crate) database_ca_file: Option<PathBuf>,
    /// The records that are written in one transaction
    #[arg(long, hide = true, value_name = "COUNT", default_value_t = store::PARCEL_RECORDS)]
    pub(crate) parcel_records: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Issue a credential and print its secret: a token for the card ledger, an API key for
    /// Access, or the two headers of an application of the Terminals contract
    Issue {
        #[command(flatten)]
        given: ForStore,
        #[command(flatten)]
        options: IssueOptions,
    },
    /// List all credentials; the server may be running
    List {
        #[command(flatten)]
        given: ForStore,
    },
    /// Revoke a credential
    Revoke {
        #[command(flatten)]
        given: ForStore,
        /// Its id, as `credential list` shows it
        id: i64,
    },
}

#[derive(Args, Debug)]
pub(crate) struct IssueOptions {
    /// Where it is good
    #[arg(long, default_value = "card_ledger")]
    #[arg(value_parser = ["card_ledger", "access", "terminals", "aapay", "payments"])]
    pub(crate) contract: String,
    /// The company that a token for the card ledger is bound to
    #[arg(long, value_name = "NUMBER")]
    pub(crate) company: Option<String>,
    /// The only seller that it may act for
    #[arg(long, value_name = "NUMBER", requires = "company")]
    pub(crate) seller: Option<String>,
    /// The customer that it may act for, with all below it; for the card ledger, a merchant, in
    /// place of company and seller
    #[arg(long, value_name = "ID", conflicts_with = "company")]
    pub(crate) customer: Option<i64>,
    /// What it is called in lists; without it, as its contract
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// When it stops being good, as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) expires_at: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CompanyCommand {
    /// Configure a company
    Add {
        #[command(flatten)]
        given: ForStore,
        #[command(flatten)]
        options: CompanyOptions,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CompanyOptions {
    /// What paths call it: at most 15 letters, digits, `-` and `_`
    pub(crate) number: String,
    /// For people
    #[arg(long)]
    pub(crate) name: String,
    /// What its accounts may be in, as SEK,EUR
    #[arg(long, value_delimiter = ',', required = true, value_name = "CODES")]
    pub(crate) currencies: Vec<String>,
    /// Decides on which day something happens
    #[arg(long, default_value = ledger::Zone::DEFAULT_NAME, value_name = "ZONE")]
    pub(crate) time_zone: String,
    /// Days an authorization is valid when its request does not say
    #[arg(long, default_value_t = AUTHORIZATION_DAYS_DEFAULT, value_name = "DAYS")]
    pub(crate) authorization_days: i32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SellerCommand {
    /// Register a seller of a company
    Add {
        #[command(flatten)]
        given: ForStore,
        #[command(flatten)]
        options: SellerOptions,
    },
}

#[derive(Args, Debug)]
pub(crate) struct SellerOptions {
    /// What requests call it: at most 15 letters, digits, `-` and `_`
    pub(crate) number: String,
    /// The company's number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) company: String,
    /// For people
    #[arg(long)]
    pub(crate) name: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CustomerCommand {
    /// Add a customer that is no merchant: a partner, a chain, a region
    Add {
        #[command(flatten)]
        given: ForStore,
        #[command(flatten)]
        options: CustomerOptions,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CustomerOptions {
    /// For people
    pub(crate) name: String,
    /// As its country's register has it
    #[arg(long, value_name = "NUMBER")]
    pub(crate) organisation_number: String,
    /// Below whom; without it the customer is the root of a tree of its own
    #[arg(long, value_name = "ID")]
    pub(crate) parent: Option<i64>,
}

/// The version, with that of what is inside, for reports of faults.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        let (own, sqlite) = (env!("CARGO_PKG_VERSION"), store::sqlite_version());
        format!("{own} (SQLite {sqlite}, {machine}-{system})")
    });
    &VERSION
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_version_names_what_is_inside() {
        let version = version();
        assert!(version.starts_with("0."), "{version}");
        assert!(version.contains("(SQLite 3."), "{version}");
    }
}

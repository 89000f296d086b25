//! `kassa bench estate`.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use bench::{EstateOptions, EstateTarget, run_estate};
use engine::Randomness as _;
use estate::activate::ActivateTerminal;
use estate::application::{Address, Application};
use estate::change_customer::{AddCustomer, ChangeCustomer};
use estate::command::Outcome;
use estate::draw::hex;
use estate::onboard::OnboardTerminal;
use estate::order_updates::OrderUpdates;
use estate::package::AddPackage;
use estate::review::{ApproveRequest, ChosenIdentities, Reviewer};
use estate::steer_rollout::StartRollout;
use estate::submit::SubmitRequest;
use estate::terminal::Activation;
use estate::{Command, Draw, Layer, Terminal};
use ledger::{CredentialId, Currency};
use store::Store;
use surfaces::Secrets;
use surfaces::http::secrets::secret_hash;

use super::seed::company;
use super::{ACTOR, each_batch, on_server, pace, print};
use crate::clock::OsRandomness;
use crate::command_line::EstateBenchOptions;
use crate::demo::seed;
use crate::terminal::note;

const MODEL: &str = "verifone_p400";
const APPLICATION_VERSION: &str = "1.27.310";

/// Each terminal with a number that this divides has an update to install.
const UPDATE_EVERY: usize = 10;

/// Percent of the terminals that the rollout's first stage reaches. It goes no further: nobody
/// says that a package is installed.
const FIRST_STAGE_PERCENT: i64 = 1;

/// How long the rollout waits for answers: longer than any run.
const ANSWER_MS: i64 = 30 * 24 * 3_600_000;

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When the store cannot be filled, the server does not start, or a phase has no answer at all.
pub(crate) fn estate(options: &EstateBenchOptions) -> anyhow::Result<()> {
    let EstateBenchOptions { terminals, merchants, run } = options;
    ensure!(merchants <= terminals, "there must be a terminal for each merchant");
    on_server(
        &run.ground,
        &BTreeMap::new(),
        |mut installation| {
            let secrets = Secrets::new(installation.key);
            let mut filling = Filling { store: installation.store.as_mut(), secrets: &secrets };
            filling.fill(*merchants, *terminals)
        },
        |server, Filled { device_tokens, updates }| {
            let target = EstateTarget { server, device_tokens };
            let options = EstateOptions { pace: pace(run), merchants: *merchants, updates };
            let report = run_estate(&target, &options, &mut note)?;
            print(run.json, &report, || serde_json::to_string(&report))
        },
    )
}

/// A store that is being filled.
struct Filling<'s> {
    store: &'s mut dyn Store,
    secrets: &'s Secrets,
}

/// What a store was filled with.
struct Filled {
    /// One for each terminal.
    device_tokens: Vec<String>,
    /// Terminals with an update to install.
    updates: u64,
}

impl Filling<'_> {
    /// Fills the store the way that requests would: a partner, its merchants, their terminals with
    /// a device each, updates, and a rollout. Settings are chosen on all three levels.
    fn fill(&mut self, merchants: u64, terminals: u64) -> anyhow::Result<Filled> {
        note(&format!("filling the store: {merchants} merchants, {terminals} terminals"));
        each_batch(
            self.store,
            "companies",
            std::iter::once(company(&[Currency::SEK])),
            &mut |_| {},
        )?;
        let partner = self.partner()?;
        let merchants = self.merchants(partner, merchants)?;
        let waiting = self.terminals(&merchants, terminals)?;
        let device_tokens = self.activate(&waiting)?;
        let updates = self.updates(partner, &waiting)?;
        self.rollout(partner, terminals)?;
        Ok(Filled { device_tokens, updates })
    }

    /// Runs commands and gives what of each outcome is wanted; each must have it.
    fn run<T>(
        &mut self,
        what: &str,
        commands: impl Iterator<Item = Command>,
        wanted: fn(Outcome) -> Option<T>,
    ) -> anyhow::Result<Vec<T>> {
        let mut found = Vec::new();
        each_batch(self.store, what, commands.map(Ok), &mut |answer: estate::Answer| {
            found.push(wanted(answer.done));
        })?;
        found.into_iter().collect::<Option<_>>().with_context(|| format!("{what} came to nothing"))
    }

    fn run_one<T>(
        &mut self,
        what: &str,
        command: Command,
        wanted: fn(Outcome) -> Option<T>,
    ) -> anyhow::Result<T> {
        let found = self.run(what, std::iter::once(command), wanted)?;
        found.into_iter().next().with_context(|| format!("{what} came to nothing"))
    }

    /// Adds the partner with settings that all terminals inherit; its number.
    fn partner(&mut self) -> anyhow::Result<i64> {
        let add = AddCustomer {
            parent: 0,
            name: "Benchmark".to_owned(),
            organisation_number: "556000-0003".to_owned(),
            draw: draw(),
            actor: ACTOR.to_owned(),
            idempotency: None,
        };
        let partner = self.run_one("partners", Command::AddCustomer(add), customer)?;
        let settings = [("credit_debit_preference", "debit"), ("quick_chip.enabled", "false")];
        self.run_one("settings", choose(partner, &settings), customer)
    }

    /// Adds merchants with settings of their own; their numbers.
    fn merchants(&mut self, partner: i64, count: u64) -> anyhow::Result<Vec<i64>> {
        let submitted = (0..count).map(|at| Command::SubmitRequest(submit(partner, at)));
        let requests = self.run("requests", submitted, |done| {
            let Outcome::Request(request) = done else { return None };
            Some(request.number)
        })?;
        let approvals = requests.into_iter().map(|request| {
            Command::ApproveRequest(ApproveRequest {
                request,
                identities: ChosenIdentities::default(),
                draw: draw(),
                reviewer: Reviewer { credential: CredentialId(-1), actor: ACTOR.to_owned() },
                idempotency: None,
            })
        });
        let merchants = self.run("merchants", approvals, |done| {
            let Outcome::Approved(approval) = done else { return None };
            Some(approval.customer.number)
        })?;
        let settings = merchants.iter().map(|merchant| {
            let name = format!("Merchant {merchant:08}");
            choose(*merchant, &[("name", &name), ("deferred_authorization.enabled", "true")])
        });
        self.run("settings", settings, customer)
    }

    /// Onboards terminals with settings of their own, spread over the merchants.
    fn terminals(&mut self, merchants: &[i64], count: u64) -> anyhow::Result<Vec<Terminal>> {
        let onboardings = (0..count).zip(merchants.iter().cycle()).map(|(at, merchant)| {
            let mut settings = Layer::default();
            settings.choose("name", format!("Checkout {at:08}"));
            settings.choose("contactless_payments.credit_debit_preference", "credit");
            Command::OnboardTerminal(OnboardTerminal {
                customer: *merchant,
                model: MODEL.to_owned(),
                serial: format!("BENCH-{at:08}"),
                reference_id: None,
                settings,
                draw: draw(),
                actor: ACTOR.to_owned(),
                idempotency: None,
            })
        });
        self.run("terminals", onboardings, |done| {
            let Outcome::Configured { terminal, .. } = done else { return None };
            Some(*terminal)
        })
    }

    /// Makes a device of each terminal; their tokens.
    fn activate(&mut self, waiting: &[Terminal]) -> anyhow::Result<Vec<String>> {
        let secrets = self.secrets;
        let (mut tokens, mut activations) = (Vec::new(), Vec::new());
        for terminal in waiting {
            let token_salt = draw().hex("token", 0);
            let token = secrets.device_token(terminal.number, &token_salt);
            activations.push(Command::ActivateTerminal(ActivateTerminal {
                terminal: terminal.number,
                code_salt: match &terminal.activation {
                    Activation::Waiting { code_salt, .. } => Some(code_salt.clone()),
                    Activation::Done { .. } => None,
                },
                serial: terminal.serial.clone().context("a terminal has no serial number")?,
                model: terminal.model.clone(),
                application_version: APPLICATION_VERSION.to_owned(),
                token_salt,
                token_hash: hex(&secret_hash(&token)),
                idempotency: None,
            }));
            tokens.push(token);
        }
        self.run("activations", activations.into_iter(), |done| {
            let Outcome::Activated { terminal, .. } = done else { return None };
            Some(terminal.number)
        })?;
        Ok(tokens)
    }

    /// Orders a package for every tenth terminal; how many that are.
    fn updates(&mut self, partner: i64, terminals: &[Terminal]) -> anyhow::Result<u64> {
        let package = self.package(partner, "1.27.311")?;
        let orders = terminals.iter().step_by(UPDATE_EVERY).map(|terminal| {
            let serial = terminal.serial.clone().unwrap_or_default();
            Command::OrderUpdates(OrderUpdates {
                customer: partner,
                package,
                serials: vec![(serial, vec![terminal.number])],
                actor: ACTOR.to_owned(),
                idempotency: None,
            })
        });
        let updates = self.run("updates", orders, |done| {
            let Outcome::Updates(updates) = done else { return None };
            Some(updates.len())
        })?;
        Ok(u64::try_from(updates.into_iter().sum::<usize>())?)
    }

    /// Starts the rollout of another package to all terminals.
    fn rollout(&mut self, partner: i64, terminals: u64) -> anyhow::Result<()> {
        let start = StartRollout {
            customer: partner,
            package: self.package(partner, "1.28.0")?,
            stages: vec![FIRST_STAGE_PERCENT, 100],
            failures_percent_max: 10,
            answer_ms: ANSWER_MS,
            population: i64::try_from(terminals)?,
            actor: ACTOR.to_owned(),
            idempotency: None,
        };
        self.run_one("rollouts", Command::StartRollout(start), |done| {
            let Outcome::Rollout(..) = done else { return None };
            Some(())
        })
    }

    /// Adds a package, of which only the name is there; its number.
    fn package(&mut self, partner: i64, name: &str) -> anyhow::Result<i64> {
        let add = AddPackage {
            customer: partner,
            name: name.to_owned(),
            model_name: "ALL".to_owned(),
            notes: None,
            size: 1_048_576,
            sha256: hex(&secret_hash(name)),
            actor: ACTOR.to_owned(),
            idempotency: None,
        };
        self.run_one("packages", Command::AddPackage(add), |done| {
            let Outcome::Package(package) = done else { return None };
            Some(package.number)
        })
    }
}

fn customer(done: Outcome) -> Option<i64> {
    let Outcome::Customer(customer) = done else { return None };
    Some(customer.number)
}

pub(super) fn draw() -> Draw {
    let mut bits = [0; 32];
    OsRandomness.fill(&mut bits);
    Draw(bits)
}

fn choose(customer: i64, chosen: &[(&str, &str)]) -> Command {
    let mut settings = Layer::default();
    for (setting, value) in chosen {
        settings.choose(setting, *value);
    }
    let actor = ACTOR.to_owned();
    Command::ChangeCustomer(ChangeCustomer { customer, name: None, settings, actor })
}

fn submit(partner: i64, at: u64) -> SubmitRequest {
    let shop = seed::application();
    let address = Address { company_name: format!("Merchant {at}"), ..shop.address };
    let application = Application { parent: partner, address, order: None, ..shop };
    SubmitRequest {
        application: Box::new(application),
        customer: None,
        root: partner,
        credential: CredentialId(0),
        actor: ACTOR.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use estate::update::UpdateStatus;
    use ledger::ReadSet;

    use super::*;

    #[test]
    fn a_store_is_filled_as_asked() {
        let mut store = store::MemoryStore::default();
        let secrets = Secrets::new([7; 32]);
        let mut filling = Filling { store: &mut store, secrets: &secrets };
        let Filled { device_tokens, updates } = filling.fill(3, 25).unwrap();
        assert_eq!((device_tokens.len(), updates), (25, 3));
        let directory = store.directory();
        let customers = directory.documents_on(estate::customer::CUSTOMERS).count();
        assert_eq!((customers, estate::Rollout::live(&directory).count()), (4, 1));
        let mut reader = store.source().open().unwrap();
        for token in &device_tokens {
            let number: i64 = token.split('_').nth(1).unwrap().parse().unwrap();
            let open = estate::Update::open_list(number);
            let documents = vec![Terminal::id(number)];
            let reads = ReadSet { documents, lists: vec![open], ..ReadSet::default() };
            let books = reader.load(&reads).unwrap();
            let terminal = Terminal::of(books.document(Terminal::id(number)).unwrap()).unwrap();
            assert!(terminal.is_device(&hex(&secret_hash(token))));
            let effective = estate::settings::effective(&directory, &terminal);
            let of = |setting| effective.text(setting).unwrap().to_owned();
            assert!(of("name").starts_with("Checkout"));
            assert_eq!(of("deferred_authorization.enabled"), "true");
            assert_eq!(of("credit_debit_preference"), "debit");
            for update in estate::Update::open_of(&books, number) {
                assert_eq!(update.status, UpdateStatus::Ordered);
            }
        }
    }
}

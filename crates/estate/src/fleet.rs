//! A small fleet for tests: customers, packages and activated terminals on a memory store, and
//! commands that run one after the other as the engine runs them.
//!
//! The tree: 1 is a root with 2 and 3 below it, 4 is below 2; 5 is another root.

use ledger::document::Kind;
use ledger::{Books, Directory, Fingerprint, Idempotency, Key, ReadSet, RowId, Timestamp};
use std::sync::Arc;
use store::{MemoryStore, Part, Reader as _, Store as _};

use crate::change_customer::AddCustomer;
use crate::command::{Outcome, next_number};
use crate::offer::{Offers, offers};
use crate::package::AddPackage;
use crate::report_update::ReportUpdate;
use crate::rollout::Tally;
use crate::settings::Layer;
use crate::steer_rollout::{ExpireUpdates, RolloutStep, StartRollout, SteerRollout};
use crate::terminal::{Activation, TerminalStatus};
use crate::update::UpdateStatus;
use crate::{Answer, Command, Draw, Refusal, Rollout, Terminal, Update};

pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Midnight in UTC.
pub(crate) const MIDNIGHT: Timestamp = Timestamp(1_795_132_800_000);

pub(crate) struct Fleet {
    pub(crate) store: MemoryStore,
    pub(crate) now: Timestamp,
    keys: i64,
}

impl Fleet {
    pub(crate) fn new() -> Fleet {
        let mut fleet = Fleet { store: MemoryStore::default(), now: MIDNIGHT, keys: 0 };
        for parent in [0, 1, 1, 2, 0] {
            let command = Command::AddCustomer(AddCustomer {
                parent,
                name: "Kiosken på hörnet".to_owned(),
                organisation_number: "556000-0000".to_owned(),
                draw: Draw([u8::try_from(fleet.directory().version()).unwrap(); 32]),
                actor: "test".to_owned(),
                idempotency: None,
            });
            fleet.run(command).unwrap();
        }
        fleet
    }

    /// Adds a package for a customer; its number.
    pub(crate) fn package(&mut self, customer: i64, model_name: &str) -> i64 {
        let command = Command::AddPackage(AddPackage {
            customer,
            name: "Kassa 2.0 🦊".to_owned(),
            model_name: model_name.to_owned(),
            notes: None,
            size: 1,
            sha256: "0".repeat(64),
            actor: "test".to_owned(),
            idempotency: None,
        });
        let done = self.run(command).unwrap().done;
        let Outcome::Package(package) = done else { panic!("{done:?}") };
        package.number
    }

    /// Adds an active terminal with an activated device; its number.
    pub(crate) fn terminal(&mut self, customer: i64, model: &str) -> i64 {
        let mut made = 0;
        self.change(|books| {
            made = next_number(books, Kind::Terminal);
            let terminal = Terminal {
                number: made,
                terminal_id: format!("KT{made:06}"),
                uuid: format!("uuid-{made}"),
                customer,
                status: TerminalStatus::Active,
                is_onboarded: false,
                model: model.to_owned(),
                serial: Some(format!("A{made:09}")),
                reference_id: None,
                operating_mode: None,
                created_at: MIDNIGHT,
                last_call_home: None,
                application_version: None,
                installed: None,
                rollouts: Vec::new(),
                activation: Activation::Done {
                    at: MIDNIGHT,
                    token_salt: "0".repeat(32),
                    token_hash: token_hash(made),
                    wrong_codes: 0,
                },
                settings: Layer::default(),
            };
            books.put_document(terminal.document_in(&books.directory));
        });
        made
    }

    pub(crate) fn terminals(&mut self, customer: i64, model: &str, count: usize) -> Vec<i64> {
        (0..count).map(|_| self.terminal(customer, model)).collect()
    }

    /// Changes a terminal by hand.
    pub(crate) fn edit(&mut self, number: i64, edit: impl Fn(&mut Terminal)) {
        let mut terminal = self.read(number);
        edit(&mut terminal);
        self.change(|books| {
            books.put_document(terminal.document_in(&books.directory));
        });
    }

    /// Writes by hand. Documents that are written must be new, or have the marks they had.
    pub(crate) fn change(&mut self, mut write: impl FnMut(&mut Books)) {
        let now = self.now;
        let mut reads = ReadSet::default();
        reads.lists.push(crate::terminal::TERMINALS.to_owned());
        self.store
            .transact(&reads, &mut |mut books| {
                write(&mut books);
                books.close(now)
            })
            .unwrap();
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests make commands where they run them")]
    pub(crate) fn run(&mut self, command: Command) -> Result<Answer, Refusal> {
        let mut reads = ReadSet::default();
        command.read(&mut reads);
        let (mut reply, now) = (None, self.now);
        self.store
            .transact(&reads, &mut |mut books| {
                reply = Some(command.decide(&mut books, now));
                books.close(now)
            })
            .unwrap();
        reply.unwrap()
    }

    /// What rollouts have for a terminal that calls now.
    pub(crate) fn call(&mut self, number: i64) -> Offers {
        let rollouts: Vec<i64> =
            Rollout::live(&self.directory()).map(|rollout| rollout.number).collect();
        let mut reads = ReadSet::default();
        reads.documents.push(Terminal::id(number));
        reads.documents.extend(rollouts.iter().map(|number| Rollout::tally_id(*number)));
        reads.lists.push(Update::open_list(number));
        let (mut found, now) = (Offers::default(), self.now);
        self.store
            .transact(&reads, &mut |mut books| {
                let mut terminal =
                    Terminal::of(books.document(Terminal::id(number)).unwrap()).unwrap();
                found = offers(&mut books, &mut terminal, &rollouts, now);
                books.put_document(terminal.document_in(&books.directory));
                books.close(now)
            })
            .unwrap();
        found
    }

    /// Calls, and gets exactly one update.
    #[track_caller]
    pub(crate) fn offered(&mut self, number: i64) -> Update {
        let mut updates = self.call(number).updates;
        assert_eq!(updates.len(), 1, "terminal {number}: {updates:?}");
        updates.remove(0)
    }

    /// A device says how far an update is.
    pub(crate) fn say(&mut self, update: &Update, status: UpdateStatus) -> Result<Update, Refusal> {
        let command = Command::ReportUpdate(ReportUpdate {
            terminal: update.terminal,
            token_hash: token_hash(update.terminal),
            update: update.number,
            status,
            message: None,
            rollouts: update.rollout.into_iter().collect(),
        });
        let done = self.run(command)?.done;
        let Outcome::Update(update) = done else { panic!("{done:?}") };
        Ok(update)
    }

    /// Calls, and installs what it gets.
    #[track_caller]
    pub(crate) fn install(&mut self, number: i64) -> Update {
        let update = self.offered(number);
        self.say(&update, UpdateStatus::Installed).unwrap()
    }

    /// Counts as failed what nobody has answered for, as the timer does; how many.
    pub(crate) fn expire(&mut self) -> usize {
        let awaited = self.store.documents(crate::update::AWAITED, Part::After(0), 10_000);
        let awaited = awaited.unwrap().into_iter().filter_map(|found| Update::of(&found));
        let updates = awaited.map(|update| (update.number, update.rollout.unwrap())).collect();
        let command = Command::ExpireUpdates(ExpireUpdates { updates });
        let done = self.run(command).unwrap().done;
        if let Outcome::Updates(updates) = done { updates.len() } else { 0 }
    }

    pub(crate) fn start(&mut self, plan: StartRollout) -> Result<Rollout, Refusal> {
        let done = self.run(Command::StartRollout(plan))?.done;
        let Outcome::Rollout(rollout, _) = done else { panic!("{done:?}") };
        Ok(rollout)
    }

    pub(crate) fn steer(
        &mut self,
        rollout: &Rollout,
        step: RolloutStep,
    ) -> Result<Rollout, Refusal> {
        let idempotency = Some(self.key());
        let command = SteerRollout {
            rollout: rollout.number,
            step,
            actor: "operator".to_owned(),
            idempotency,
        };
        let first = self.run(Command::SteerRollout(command.clone()))?;
        let again = self.run(Command::SteerRollout(command))?;
        assert_eq!((again.replayed, &again.done), (true, &first.done));
        let done = first.done;
        let Outcome::Rollout(rollout, _) = done else { panic!("{done:?}") };
        Ok(rollout)
    }

    /// A key that was not used.
    pub(crate) fn key(&mut self) -> Idempotency {
        self.keys = self.keys.saturating_add(1);
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.keys.to_be_bytes());
        Idempotency { key: Key(key), fingerprint: Fingerprint::default() }
    }

    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.store.directory()
    }

    pub(crate) fn rollout(&self, number: i64) -> Rollout {
        Rollout::find(&self.directory(), number).unwrap()
    }

    pub(crate) fn tally(&mut self, number: i64) -> Tally {
        let books = self.load(|reads| reads.documents.push(Rollout::tally_id(number)));
        Tally::of(books.document(Rollout::tally_id(number)).unwrap()).unwrap()
    }

    pub(crate) fn read(&mut self, number: i64) -> Terminal {
        let books = self.load(|reads| reads.documents.push(Terminal::id(number)));
        Terminal::of(books.document(Terminal::id(number)).unwrap()).unwrap()
    }

    pub(crate) fn update(&mut self, number: i64) -> Update {
        let books = self.load(|reads| reads.documents.push(Update::id(number)));
        Update::of(books.document(Update::id(number)).unwrap()).unwrap()
    }

    /// All updates of a rollout.
    pub(crate) fn updates_of(&mut self, rollout: i64) -> Vec<Update> {
        let list = Update::rollout_list(rollout);
        let found = self.store.documents(&list, Part::After(0), 100_000).unwrap();
        found.iter().map(|found| Update::of(found).unwrap()).collect()
    }

    /// The newest row of the journal.
    pub(crate) fn newest(&mut self) -> RowId {
        self.load(|_| {}).newest()
    }

    fn load(&mut self, name: impl FnOnce(&mut ReadSet)) -> Books {
        let mut reads = ReadSet::default();
        name(&mut reads);
        self.store.load(&reads).unwrap()
    }
}

/// For the terminals of a customer and all below it, in stages of 10, 50 and 100 %.
pub(crate) fn plan(customer: i64, package: i64, population: i64) -> StartRollout {
    StartRollout {
        customer,
        package,
        stages: vec![10, 50, 100],
        failures_percent_max: 10,
        answer_ms: 24 * HOUR_MS,
        population,
        actor: "operator".to_owned(),
        idempotency: None,
    }
}

fn token_hash(terminal: i64) -> String {
    format!("{terminal:064x}")
}

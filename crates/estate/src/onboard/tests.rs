//! Goal: every rule of onboarding and changing terminals, in the order in which it says no.
//! Method: commands run on a store in memory below a small tree of customers.

use ledger::{Fingerprint, Idempotency, Key, ReadSet, Timestamp};
use store::{MemoryStore, Part, Store};

use super::*;
use crate::change_customer::ChangeCustomer;
use crate::command::Command;
use crate::customer::Merchant;

/// A partner 1 with a merchant 2, and another partner 3.
struct Estate {
    store: MemoryStore,
    now: i64,
}

impl Estate {
    fn new() -> Estate {
        let mut estate = Estate { store: MemoryStore::default(), now: 1_000 };
        estate.write(|books| {
            for (number, parent) in [(1, 0), (2, 1), (3, 0)] {
                books.put_document(customer(number, parent).document());
            }
        });
        estate
    }

    fn write(&mut self, mut put: impl FnMut(&mut Books)) {
        let now = Timestamp(self.now);
        let mut decide = |mut books: Books| {
            put(&mut books);
            let note = Change::about(
                RowId(0),
                ledger::ChangeKind::Estate(EstateChange::CustomerAdded),
                "",
                now,
            );
            books.place_change(note, None);
            books.close(now)
        };
        self.store.transact(&ReadSet::default(), &mut decide).unwrap();
    }

    fn run(&mut self, command: impl Into<Command>) -> Result<Answer, Refusal> {
        let command = command.into();
        self.now = self.now.saturating_add(1_000);
        let mut reads = ReadSet::default();
        command.read(&mut reads);
        let now = Timestamp(self.now);
        let mut answer = None;
        let mut decide = |mut books: Books| {
            answer = Some(command.decide(&mut books, now));
            books.close(now)
        };
        self.store.transact(&reads, &mut decide).unwrap();
        answer.unwrap()
    }

    fn terminal(&mut self, command: impl Into<Command>) -> Terminal {
        *configured(self.run(command).unwrap()).0
    }

    /// UUIDs on a list, oldest first.
    fn listed(&self, list: &str) -> Vec<String> {
        let mut reader = self.store.source().open().unwrap();
        let found = reader.documents(list, Part::After(0), 10).unwrap();
        found.iter().map(|found| Terminal::of(found).unwrap().uuid).collect()
    }

    /// The newest row.
    fn rows(&self) -> i64 {
        let mut reader = self.store.source().open().unwrap();
        reader.load(&ReadSet::default()).unwrap().newest().0
    }
}

impl From<OnboardTerminal> for Command {
    fn from(command: OnboardTerminal) -> Command {
        Command::OnboardTerminal(command)
    }
}

impl From<ChangeTerminal> for Command {
    fn from(command: ChangeTerminal) -> Command {
        Command::ChangeTerminal(command)
    }
}

fn configured(answer: Answer) -> (Box<Terminal>, Effective, bool) {
    let Outcome::Configured { terminal, effective } = answer.done else { panic!("{answer:?}") };
    (terminal, effective, answer.replayed)
}

fn customer(number: i64, parent: i64) -> Customer {
    let merchant = (number == 2).then(|| Merchant {
        company_number: "100".to_owned(),
        seller_number: "654".to_owned(),
        merchant_id: "m".to_owned(),
        entity_id: "e".to_owned(),
        mcc: "5411".to_owned(),
        agreements: Vec::new(),
    });
    Customer {
        number,
        parent,
        name: format!("Kund {number} Å🦊"),
        organisation_number: String::new(),
        created_at: Timestamp(0),
        account_id: format!("account-{number}"),
        merchant,
        settings: Layer::default(),
    }
}

fn layer(chosen: &[(&str, &str)]) -> Layer {
    let mut layer = Layer::default();
    for (name, value) in chosen {
        layer.choose(name, *value);
    }
    layer
}

fn onboard(serial: &str) -> OnboardTerminal {
    let seed = serial.bytes().fold(1_u8, u8::wrapping_add);
    OnboardTerminal {
        customer: 2,
        model: "verifone_p400".to_owned(),
        serial: serial.to_owned(),
        reference_id: Some("Å 🦊".to_owned()),
        settings: layer(&[("name", "Kassa Ö 🦊"), ("currency", "USD")]),
        draw: Draw([seed; 32]),
        actor: "app".to_owned(),
        idempotency: None,
    }
}

fn change(uuid: &str, step: TerminalStep) -> ChangeTerminal {
    ChangeTerminal {
        uuid: uuid.to_owned(),
        root: Some(1),
        step,
        actor: "app".to_owned(),
        idempotency: None,
    }
}

fn update(chosen: &[(&str, &str)]) -> TerminalStep {
    TerminalStep::Update { settings: layer(chosen), reference_id: None }
}

fn key(key: u8, fingerprint: u8) -> Idempotency {
    Idempotency { key: Key([key; 16]), fingerprint: Fingerprint([fingerprint; 16]) }
}

#[test]
fn a_terminal_comes_into_the_estate_ready_for_its_device() {
    let mut estate = Estate::new();
    let terminal = estate.terminal(onboard("A-1"));
    assert_eq!((terminal.status, terminal.is_onboarded), (TerminalStatus::Active, true));
    assert_eq!((terminal.customer, terminal.created_at), (2, Timestamp(2_000)));
    assert_eq!(terminal.settings.chosen("name"), Some("Kassa Ö 🦊"));
    assert!(matches!(terminal.activation, Activation::Waiting { wrong_codes: 0, .. }));
    assert_eq!((terminal.terminal_id.len(), terminal.gateway_id().len()), (8, 10));
    for customer in [1, 2] {
        let found = estate.listed(&Terminal::onboarded_list(customer));
        assert_eq!(found, std::slice::from_ref(&terminal.uuid));
    }
    assert!(estate.listed(&Terminal::onboarded_list(3)).is_empty());
}

#[test]
fn onboarding_is_refused_in_this_order() {
    let mut estate = Estate::new();
    estate.terminal(OnboardTerminal { idempotency: Some(key(1, 1)), ..onboard("A-1") });
    let half = layer(&[("maintenance_window.start", "1")]);
    let base = OnboardTerminal { idempotency: Some(key(1, 2)), customer: 9, ..onboard("A-1") };
    let conflict = Refusal::SettingsConflict {
        setting: "maintenance_window.duration",
        reason: "is required with a start",
    };
    let base = OnboardTerminal { settings: half, ..base };
    let rows = estate.rows();
    check(&mut estate, base.clone(), Refusal::IdempotencyKeyReused);
    let base = OnboardTerminal { idempotency: None, ..base };
    check(&mut estate, base.clone(), Refusal::CustomerNotFound);
    for customer in [1, 3] {
        let base = OnboardTerminal { customer, ..base.clone() };
        check(&mut estate, base, Refusal::CannotHaveTerminals);
    }
    let base = OnboardTerminal { customer: 2, ..base };
    check(&mut estate, base.clone(), conflict);
    let base = OnboardTerminal { settings: Layer::default(), ..base };
    check(&mut estate, base.clone(), Refusal::SerialTaken);
    assert_eq!(estate.rows(), rows, "nothing is written");
    // The same serial number on another model is another device.
    let other = OnboardTerminal { model: "verifone_v400m".to_owned(), draw: Draw([9; 32]), ..base };
    estate.terminal(other);
}

#[track_caller]
fn check(estate: &mut Estate, command: impl Into<Command>, refusal: Refusal) {
    assert_eq!(estate.run(command), Err(refusal));
}

#[test]
fn steps_depend_on_the_status() {
    use Refusal::{TerminalActive, TerminalDeleted, TerminalNotActive, TerminalNotFound};
    use TerminalStatus::{Active, Deleted, Inactive};
    use TerminalStep::{Activate, Deactivate, Delete};
    let set = || update(&[("name", "B")]);
    for (before, step, after) in [
        (Active, set(), Ok(Active)),
        (Active, Deactivate, Ok(Inactive)),
        (Active, Activate, Err(TerminalActive)),
        (Active, Delete, Ok(Deleted)),
        (Inactive, set(), Err(TerminalNotActive)),
        (Inactive, Deactivate, Err(TerminalNotActive)),
        (Inactive, Activate, Ok(Active)),
        (Inactive, Delete, Ok(Deleted)),
        (Deleted, set(), Err(TerminalDeleted)),
        (Deleted, Deactivate, Err(TerminalDeleted)),
        (Deleted, Activate, Err(TerminalDeleted)),
        (Deleted, Delete, Err(TerminalNotFound)),
    ] {
        let mut estate = Estate::new();
        let uuid = estate.terminal(onboard("A-1")).uuid;
        match before {
            Inactive => drop(estate.terminal(change(&uuid, Deactivate))),
            Deleted => drop(estate.terminal(change(&uuid, Delete))),
            Active | TerminalStatus::Ordered => {}
        }
        let found = estate.run(change(&uuid, step.clone()));
        let found = found.map(|answer| configured(answer).0.status);
        assert_eq!(found, after, "{before:?} {step:?}");
    }
}

#[test]
fn a_foreign_terminal_is_unknown() {
    let mut estate = Estate::new();
    let uuid = estate.terminal(onboard("A-1")).uuid;
    let foreign = ChangeTerminal { root: Some(3), ..change(&uuid, TerminalStep::Delete) };
    check(&mut estate, foreign, Refusal::TerminalNotFound);
    let unknown = change(&uuid.to_uppercase(), TerminalStep::Delete);
    check(&mut estate, unknown, Refusal::TerminalNotFound);
    let onboarded = estate.terminal(onboard("A-2"));
    let ordered = Terminal {
        number: 1_000,
        terminal_id: "KT000000".to_owned(),
        uuid: "ordered".to_owned(),
        serial: None,
        is_onboarded: false,
        status: TerminalStatus::Ordered,
        ..onboarded
    };
    let uuid = ordered.uuid.clone();
    estate.write(|books| books.put_document(ordered.document(&[2, 1])));
    check(&mut estate, change(&uuid, TerminalStep::Delete), Refusal::TerminalNotFound);
    // An operator sees it, and may prepare it, but only a device makes it active.
    for (step, expected) in [
        (update(&[("name", "B")]), Ok(TerminalStatus::Ordered)),
        (TerminalStep::Activate, Err(Refusal::TerminalNotActive)),
        (TerminalStep::Deactivate, Err(Refusal::TerminalNotActive)),
        (TerminalStep::Delete, Ok(TerminalStatus::Deleted)),
    ] {
        let found = estate.run(ChangeTerminal { root: None, ..change(&uuid, step) });
        assert_eq!(found.map(|answer| configured(answer).0.status), expected);
    }
}

#[test]
fn an_update_merges_and_is_checked_as_a_whole() {
    let mut estate = Estate::new();
    let uuid = estate.terminal(onboard("A-1")).uuid;
    let merged = estate.terminal(change(&uuid, update(&[("tip.mode", "prompt_on_receipt")])));
    assert_eq!(merged.settings.chosen("name"), Some("Kassa Ö 🦊"));
    assert_eq!(merged.settings.chosen("tip.mode"), Some("prompt_on_receipt"));
    assert_eq!(merged.reference_id.as_deref(), Some("Å 🦊"));
    let wrong = update(&[("deferred_authorization.max_total_amount", "1")]);
    let refused = estate.run(change(&uuid, wrong));
    assert!(matches!(refused, Err(Refusal::SettingsConflict { .. })), "{refused:?}");
    let mut settings = Layer::default();
    settings.withdraw("tip.mode");
    let step = TerminalStep::Update { settings, reference_id: Some(None) };
    let cleared = estate.terminal(change(&uuid, step));
    assert_eq!((cleared.settings.chosen("tip.mode"), cleared.reference_id), (None, None));
    let rows = estate.rows();
    estate.terminal(change(&uuid, update(&[("name", "Kassa Ö 🦊")])));
    assert_eq!(estate.rows(), rows, "what changes nothing leaves no row");
}

#[test]
fn what_a_customer_chose_is_no_fault_of_a_change_about_something_else() {
    let mut estate = Estate::new();
    let choose = |estate: &mut Estate, settings: Layer| {
        let actor = "operator".to_owned();
        let change = ChangeCustomer { customer: 1, name: None, settings, actor };
        estate.run(Command::ChangeCustomer(change))
    };
    let window = [("maintenance_window.start", "1"), ("maintenance_window.duration", "2")];
    choose(&mut estate, layer(&window)).unwrap();
    let uuid = estate.terminal(onboard("A-1")).uuid;
    estate.terminal(change(&uuid, update(&window[..1])));
    let mut none = Layer::default();
    for (name, _) in window {
        none.withdraw(name);
    }
    choose(&mut estate, none).unwrap();
    let changed = estate.terminal(change(&uuid, update(&[("name", "B")])));
    assert_eq!(changed.settings.chosen("name"), Some("B"));
    let again = estate.run(change(&uuid, update(&[("maintenance_window.start", "3")])));
    assert!(matches!(again, Err(Refusal::SettingsConflict { .. })), "{again:?}");
}

#[test]
fn a_deleted_terminal_gives_its_device_free() {
    let mut estate = Estate::new();
    let first = estate.terminal(onboard("A-1"));
    check(&mut estate, onboard("A-1"), Refusal::SerialTaken);
    estate.terminal(change(&first.uuid, TerminalStep::Deactivate));
    check(&mut estate, onboard("A-1"), Refusal::SerialTaken);
    estate.terminal(change(&first.uuid, TerminalStep::Delete));
    let second = estate.terminal(OnboardTerminal { draw: Draw([77; 32]), ..onboard("A-1") });
    assert_ne!(first.uuid, second.uuid);
    assert_eq!(estate.listed(&Terminal::serial_list("A-1")), [second.uuid]);
}

#[test]
fn a_repeat_is_answered_as_the_first_whatever_has_happened_since() {
    let mut estate = Estate::new();
    let choose = |estate: &mut Estate, brand: &str| {
        let settings = layer(&[("supported_card_brands", brand)]);
        let actor = "operator".to_owned();
        let change = ChangeCustomer { customer: 1, name: None, settings, actor };
        estate.run(Command::ChangeCustomer(change)).unwrap();
    };
    choose(&mut estate, "visa");
    let onboard = OnboardTerminal { idempotency: Some(key(1, 1)), ..onboard("A-1") };
    let (first, used, replayed) = configured(estate.run(onboard.clone()).unwrap());
    assert_eq!((used.text("supported_card_brands"), replayed), (Some("visa"), false));
    let step = ChangeTerminal {
        idempotency: Some(key(2, 2)),
        ..change(&first.uuid, TerminalStep::Deactivate)
    };
    let (inactive, ..) = configured(estate.run(step.clone()).unwrap());
    choose(&mut estate, "jcb");
    let delete = change(&first.uuid, TerminalStep::Delete);
    estate.terminal(delete);
    let rows = estate.rows();
    let (again, used_again, replayed) = configured(estate.run(onboard.clone()).unwrap());
    assert_eq!((&again, replayed), (&first, true));
    assert!(
        used.iter()
            .map(|found| (found.0, found.1))
            .eq(used_again.iter().map(|found| (found.0, found.1)))
    );
    let (again, ..) = configured(estate.run(step.clone()).unwrap());
    assert_eq!(again, inactive);
    let other = OnboardTerminal { idempotency: Some(key(2, 1)), ..onboard };
    check(&mut estate, other, Refusal::IdempotencyKeyReused);
    assert_eq!(estate.rows(), rows);
}

#[test]
fn an_update_under_a_key_is_kept_even_where_it_changes_nothing() {
    let mut estate = Estate::new();
    let uuid = estate.terminal(onboard("A-1")).uuid;
    let same = ChangeTerminal { idempotency: Some(key(5, 5)), ..change(&uuid, update(&[])) };
    let (_, _, replayed) = configured(estate.run(same.clone()).unwrap());
    let (_, _, again) = configured(estate.run(same).unwrap());
    assert_eq!((replayed, again), (false, true));
}

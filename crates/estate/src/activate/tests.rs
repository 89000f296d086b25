//! Goal: a device becomes a terminal once, with the right code and as the right model, and every
//! refusal comes in its order. Method: commands on a fleet in memory.

use ledger::{Fingerprint, Key, RowId};
use store::Reader as _;

use super::*;
use crate::Command;
use crate::fleet::Fleet;

const CODE: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "aa";

/// A terminal of customer 2 that waits for a device: ordered, or onboarded as `A000000001`.
fn waiting(fleet: &mut Fleet, model: &str, is_ordered: bool) -> i64 {
    let number = fleet.terminal(2, model);
    fleet.edit(number, |terminal| {
        terminal.activation = Activation::Waiting { code_salt: CODE.to_owned(), wrong_codes: 0 };
        if is_ordered {
            terminal.status = TerminalStatus::Ordered;
            terminal.operating_mode = Some(2);
            terminal.serial = None;
        } else {
            terminal.is_onboarded = true;
        }
    });
    number
}

fn activation(terminal: i64, model: &str, serial: &str) -> ActivateTerminal {
    ActivateTerminal {
        terminal,
        code_salt: Some(CODE.to_owned()),
        serial: serial.to_owned(),
        model: model.to_owned(),
        application_version: "1.27.311 å".to_owned(),
        token_salt: "salt".to_owned(),
        token_hash: TOKEN.to_owned(),
        idempotency: None,
    }
}

fn run(fleet: &mut Fleet, command: &ActivateTerminal) -> Result<Terminal, Refusal> {
    Ok(terminal_of(fleet.run(Command::ActivateTerminal(command.clone()))?))
}

#[track_caller]
fn terminal_of(answer: Answer) -> Terminal {
    let (Outcome::Activated { terminal, .. } | Outcome::Terminal(terminal)) = answer.done else {
        panic!("{answer:?}")
    };
    *terminal
}

fn wrong(command: &ActivateTerminal) -> ActivateTerminal {
    ActivateTerminal { code_salt: None, ..command.clone() }
}

/// The journal's words, oldest first, after the fleet was made.
fn journal(fleet: &mut Fleet) -> Vec<&'static str> {
    let rows = fleet.store.rows_after(RowId(5), 100).unwrap();
    let words = rows.into_iter().map(|row| {
        let ledger::Row::Change(change) = row else { panic!("{row:?}") };
        change.kind.as_str()
    });
    words.collect()
}

#[test]
fn an_ordered_terminal_takes_the_device_that_has_its_code() {
    for (model, becomes, is_onboarded) in
        [("C100+", "C100+", false), ("C100+", "verifone_p400", true), ("T103", "T103", false)]
    {
        let mut fleet = Fleet::new();
        let number = waiting(&mut fleet, model, true);
        let command = activation(number, becomes, "SN-1");
        let terminal = run(&mut fleet, &command).unwrap();
        assert_eq!(terminal, fleet.read(number));
        assert_eq!(terminal.status, TerminalStatus::Active);
        assert_eq!((terminal.model.as_str(), terminal.is_onboarded), (becomes, is_onboarded));
        assert_eq!(terminal.serial.as_deref(), Some("SN-1"));
        assert_eq!(terminal.application_version.as_deref(), Some("1.27.311 å"));
        assert_eq!(terminal.last_call_home, None, "an activation is no call home");
        assert!(terminal.is_device(TOKEN) && !terminal.is_device("ab"));
        assert!(!terminal.is_device("a") && !terminal.is_device("aaa"));
        assert_eq!(journal(&mut fleet), ["terminal.activated"]);
    }
}

#[test]
fn an_onboarded_terminal_takes_its_own_device_only() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "verifone_p400", false);
    let serial = fleet.read(number).serial.unwrap();
    let other_model = activation(number, "verifone_v400m", &serial);
    assert_eq!(run(&mut fleet, &other_model), Err(Refusal::ModelDiffers));
    let other_device = activation(number, "verifone_p400", "SN-2");
    assert_eq!(run(&mut fleet, &other_device), Err(Refusal::WrongActivationCode));
    let counted = Activation::Waiting { code_salt: CODE.to_owned(), wrong_codes: 1 };
    assert_eq!(fleet.read(number).activation, counted);
    let terminal = run(&mut fleet, &activation(number, "verifone_p400", &serial)).unwrap();
    assert_eq!(terminal.status, TerminalStatus::Active);
}

#[test]
fn the_first_reason_decides() {
    let mut fleet = Fleet::new();
    let ordered = waiting(&mut fleet, "C100+", true);
    let right = activation(ordered, "C100+", "SN-1");
    let unknown = activation(99, "C100+", "SN-1");
    assert_eq!(run(&mut fleet, &unknown), Err(Refusal::WrongActivationCode));
    let other_model = activation(ordered, "C100", "SN-1");
    assert_eq!(run(&mut fleet, &wrong(&other_model)), Err(Refusal::WrongActivationCode));
    assert_eq!(run(&mut fleet, &other_model), Err(Refusal::ModelDiffers));
    let neighbour = fleet.terminal(2, "C100+");
    let taken = fleet.read(neighbour).serial.unwrap();
    let second = activation(ordered, "C100+", &taken);
    assert_eq!(run(&mut fleet, &second), Err(Refusal::SerialTaken));
    let stale = ActivateTerminal { code_salt: Some("old".to_owned()), ..right.clone() };
    assert_eq!(run(&mut fleet, &stale), Err(Refusal::WrongActivationCode));
    run(&mut fleet, &right).unwrap();
    assert_eq!(run(&mut fleet, &right), Err(Refusal::AlreadyActivated));
    assert_eq!(run(&mut fleet, &wrong(&right)), Err(Refusal::AlreadyActivated));
    fleet.edit(ordered, |terminal| terminal.status = TerminalStatus::Deleted);
    assert_eq!(run(&mut fleet, &right), Err(Refusal::WrongActivationCode));
    assert!(!fleet.read(ordered).is_device(TOKEN), "a deleted terminal has no device");
}

#[test]
fn five_wrong_codes_lock_until_a_reset() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "C100+", true);
    let right = activation(number, "C100+", "SN-1");
    for tries in 1..=5 {
        assert_eq!(journal(&mut fleet).len(), 0, "before try {tries}");
        assert_eq!(run(&mut fleet, &wrong(&right)), Err(Refusal::WrongActivationCode));
        let wrong_codes = Activation::Waiting { code_salt: CODE.to_owned(), wrong_codes: tries };
        assert_eq!(fleet.read(number).activation, wrong_codes);
    }
    assert_eq!(journal(&mut fleet), ["terminal.activation-locked"]);
    for command in [wrong(&right), right.clone()] {
        assert_eq!(run(&mut fleet, &command), Err(Refusal::ActivationLocked));
    }
    assert_eq!(journal(&mut fleet).len(), 1, "it is locked once");
    let terminal = reset(&mut fleet, number, None).unwrap();
    let Activation::Waiting { code_salt, wrong_codes } = terminal.activation else { panic!() };
    assert_eq!((code_salt.len(), wrong_codes), (32, 0));
    assert_ne!(code_salt, CODE);
    let stale = run(&mut fleet, &right);
    assert_eq!(stale, Err(Refusal::WrongActivationCode), "the old code is good no more");
    let fresh = ActivateTerminal { code_salt: Some(code_salt), ..right };
    run(&mut fleet, &fresh).unwrap();
}

#[test]
fn four_wrong_codes_do_not_lock() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "C100+", true);
    let right = activation(number, "C100+", "SN-1");
    for _ in 0..4 {
        run(&mut fleet, &wrong(&right)).unwrap_err();
    }
    run(&mut fleet, &right).unwrap();
}

fn reset(
    fleet: &mut Fleet,
    terminal: i64,
    idempotency: Option<Idempotency>,
) -> Result<Terminal, Refusal> {
    let draw = Draw([u8::try_from(fleet.newest().0).unwrap(); 32]);
    let command = ResetActivation { terminal, draw, actor: "operator".to_owned(), idempotency };
    Ok(terminal_of(fleet.run(Command::ResetActivation(command))?))
}

#[test]
fn a_reset_takes_the_device_away_and_lets_another_one_in() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "C100+", true);
    run(&mut fleet, &activation(number, "C100+", "SN-1")).unwrap();
    let key = fleet.key();
    let terminal = reset(&mut fleet, number, Some(key)).unwrap();
    assert_eq!(terminal.status, TerminalStatus::Active);
    assert!(!fleet.read(number).is_device(TOKEN));
    assert_eq!(reset(&mut fleet, number, Some(key)).unwrap(), terminal, "a repeat draws nothing");
    let other = Idempotency { fingerprint: Fingerprint([1; 16]), ..key };
    assert_eq!(reset(&mut fleet, number, Some(other)), Err(Refusal::IdempotencyKeyReused));
    let Activation::Waiting { code_salt, .. } = terminal.activation else { panic!() };
    let replaced = activation(number, "C100+", "SN-2");
    let replaced = ActivateTerminal { code_salt: Some(code_salt), ..replaced };
    fleet.edit(number, |terminal| terminal.installed = Some(7));
    let terminal = run(&mut fleet, &replaced).unwrap();
    assert_eq!(terminal.serial.as_deref(), Some("SN-2"));
    assert_eq!(terminal.installed, None, "that was the old device's");
    // The old device's number is free again.
    let second = waiting(&mut fleet, "C100+", true);
    run(&mut fleet, &activation(second, "C100+", "SN-1")).unwrap();
    assert_eq!(reset(&mut fleet, 99, None), Err(Refusal::TerminalNotFound));
    fleet.edit(second, |terminal| terminal.status = TerminalStatus::Deleted);
    assert_eq!(reset(&mut fleet, second, None), Err(Refusal::TerminalDeleted));
}

#[test]
fn a_repeated_activation_gets_the_first_token() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "C100+", true);
    let idempotency = Some(Idempotency { key: Key([9; 16]), fingerprint: Fingerprint([1; 16]) });
    let first = ActivateTerminal { idempotency, ..activation(number, "C100+", "SN-1") };
    let terminal = run(&mut fleet, &first).unwrap();
    let again = ActivateTerminal {
        code_salt: None,
        token_salt: "another".to_owned(),
        token_hash: "bb".to_owned(),
        ..first.clone()
    };
    let answer = fleet.run(Command::ActivateTerminal(again)).unwrap();
    assert!(answer.replayed);
    let merchant = "Kiosken på hörnet".to_owned();
    assert_eq!(answer.done, Outcome::Activated { terminal: Box::new(terminal), merchant });
    let idempotency = Some(Idempotency { key: Key([9; 16]), fingerprint: Fingerprint([2; 16]) });
    let other = ActivateTerminal { idempotency, ..first };
    assert_eq!(run(&mut fleet, &other), Err(Refusal::IdempotencyKeyReused));
    assert_eq!(journal(&mut fleet).len(), 1);
}

#[test]
fn whoever_knows_the_key_cannot_guess_the_code() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "C100+", true);
    let key = fleet.key();
    let first = ActivateTerminal { idempotency: Some(key), ..activation(number, "C100+", "SN-1") };
    run(&mut fleet, &first).unwrap();
    let guess = |guess: u8| {
        let idempotency = Some(Idempotency { fingerprint: Fingerprint([guess; 16]), ..key });
        ActivateTerminal { idempotency, code_salt: None, ..first.clone() }
    };
    for at in 1..=4 {
        assert_eq!(run(&mut fleet, &guess(at)), Err(Refusal::IdempotencyKeyReused));
    }
    run(&mut fleet, &first).unwrap();
    assert_eq!(run(&mut fleet, &guess(5)), Err(Refusal::IdempotencyKeyReused));
    for command in [&guess(6), &first] {
        assert_eq!(run(&mut fleet, command), Err(Refusal::ActivationLocked));
    }
    assert!(fleet.read(number).is_device(TOKEN), "the device goes on");
    assert_eq!(journal(&mut fleet), ["terminal.activated", "terminal.activation-locked"]);
    reset(&mut fleet, number, None).unwrap();
    assert_eq!(fleet.read(number).activation.wrong_codes(), 0);
}

#[test]
fn an_inactive_terminal_stays_inactive() {
    let mut fleet = Fleet::new();
    let number = waiting(&mut fleet, "verifone_p400", false);
    fleet.edit(number, |terminal| terminal.status = TerminalStatus::Inactive);
    let serial = fleet.read(number).serial.unwrap();
    let terminal = run(&mut fleet, &activation(number, "verifone_p400", &serial)).unwrap();
    assert_eq!(terminal.status, TerminalStatus::Inactive);
}

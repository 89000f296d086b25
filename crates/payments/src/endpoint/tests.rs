//! Endpoints: each refusal in the order of precedence, and what each change leaves.

use super::*;
use crate::Command;
use crate::world::{CUSTOMER, World};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn add(url: Option<&str>) -> AddEndpoint {
    AddEndpoint {
        customer: CUSTOMER,
        url: url.map(str::to_owned),
        secret: "sealed secret".to_owned(),
        key: None,
        actor: "op".to_owned(),
        idempotency: None,
    }
}

fn change(endpoint: i64) -> ChangeEndpoint {
    ChangeEndpoint { endpoint, actor: "op".to_owned(), ..ChangeEndpoint::default() }
}

fn rotate(endpoint: i64, secret: &str) -> RotateSecret {
    let (secret, actor) = (secret.to_owned(), "op".to_owned());
    RotateSecret { endpoint, secret, overlap_ms: DAY_MS, actor, idempotency: None }
}

fn delete(endpoint: i64) -> Command {
    Command::DeleteEndpoint(DeleteEndpoint { endpoint, actor: "op".to_owned() })
}

#[track_caller]
fn endpoint(world: &mut World, command: Command) -> Endpoint {
    let answer = world.run(command).unwrap();
    let Outcome::Endpoint(endpoint) = answer.done else { panic!("{answer:?}") };
    let kept = directory(world).document(Endpoint::id(endpoint.number)).cloned().unwrap();
    assert_eq!(Endpoint::of(&kept).as_ref(), Some(&endpoint));
    assert_eq!(Endpoint::find(&directory(world), endpoint.number).is_some(), !endpoint.is_deleted);
    endpoint
}

fn directory(world: &World) -> std::sync::Arc<Directory> {
    store::Store::directory(&world.store)
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut world = World::new();
    let first = endpoint(&mut world, Command::AddEndpoint(add(Some("https://a.se/"))));
    let own = endpoint(&mut world, Command::AddEndpoint(add(None)));
    let gone = endpoint(&mut world, Command::AddEndpoint(add(Some("https://gone.se/"))));
    endpoint(&mut world, delete(gone.number));
    let with_url = |number, url: &str| {
        let url = Some(url.to_owned());
        Command::ChangeEndpoint(ChangeEndpoint { url, ..change(number) })
    };
    let nobody = AddEndpoint { customer: 3, ..add(Some("https://a.se/")) };
    let cases = [
        (Command::AddEndpoint(nobody), Refusal::MerchantNotFound),
        (Command::AddEndpoint(add(Some("https://a.se/"))), Refusal::EndpointTwice),
        (Command::AddEndpoint(add(None)), Refusal::EndpointTwice),
        (Command::ChangeEndpoint(change(1)), Refusal::EndpointNotFound),
        (Command::ChangeEndpoint(change(gone.number)), Refusal::EndpointNotFound),
        (with_url(own.number, "https://b.se/"), Refusal::EndpointHasNoUrl),
        (Command::RotateSecret(rotate(gone.number, "x")), Refusal::EndpointNotFound),
        (delete(gone.number), Refusal::EndpointNotFound),
    ];
    let before = directory(&world);
    for (command, expected) in cases {
        assert_eq!(world.run(command.clone()), Err(expected), "{command:?}");
    }
    assert_eq!(directory(&world), before);
    let other = endpoint(&mut world, Command::AddEndpoint(add(Some("https://b.se/"))));
    let twice = world.run(with_url(other.number, "https://a.se/"));
    assert_eq!(twice, Err(Refusal::EndpointTwice));
    endpoint(&mut world, with_url(first.number, "https://a.se/"));
    // What is gone leaves its room.
    for number in 3..ENDPOINTS_MAX {
        endpoint(&mut world, Command::AddEndpoint(add(Some(&format!("https://{number}.se/")))));
    }
    let many = world.run(Command::AddEndpoint(add(Some("https://c.se/"))));
    assert_eq!(many, Err(Refusal::TooManyEndpoints));
    world.verify();
}

#[test]
fn the_secret_before_signs_for_a_while() {
    let mut world = World::new();
    let first = endpoint(&mut world, Command::AddEndpoint(add(Some("https://a.se/"))));
    let number = first.number;
    assert_eq!(first.secrets(world.now).collect::<Vec<_>>(), ["sealed secret"]);
    let second = endpoint(&mut world, Command::RotateSecret(rotate(number, "second")));
    let at = |ms| world.now.plus_ms(ms);
    assert_eq!(second.secrets(at(0)).collect::<Vec<_>>(), ["second", "sealed secret"]);
    assert_eq!(second.secrets(at(DAY_MS - 1)).count(), 2);
    assert_eq!(second.secrets(at(DAY_MS)).collect::<Vec<_>>(), ["second"]);
    let third = endpoint(&mut world, Command::RotateSecret(rotate(number, "third")));
    assert_eq!(third.secrets(world.now).collect::<Vec<_>>(), ["third", "second"], "never three");
    let at_once = RotateSecret { overlap_ms: 0, ..rotate(number, "fourth") };
    let fourth = endpoint(&mut world, Command::RotateSecret(at_once));
    assert_eq!(fourth.sealed().collect::<Vec<_>>(), ["fourth"]);
    let long = RotateSecret { overlap_ms: i64::MAX, ..rotate(number, "fifth") };
    let fifth = endpoint(&mut world, Command::RotateSecret(long));
    assert_eq!(fifth.previous.unwrap().until, world.now.plus_ms(OVERLAP_MS_MAX));
    world.verify();
}

#[test]
fn it_is_switched_off_and_on_and_sealed_anew() {
    let mut world = World::new();
    let first = endpoint(&mut world, Command::AddEndpoint(add(None)));
    let number = first.number;
    assert!(Endpoint::takes_addresses(&directory(&world), CUSTOMER));
    let switch =
        |on| Command::ChangeEndpoint(ChangeEndpoint { is_active: Some(on), ..change(number) });
    let off = endpoint(&mut world, switch(false));
    assert_eq!((off.is_active(), off.disabled.as_deref()), (false, Some(SWITCHED_OFF)));
    assert!(!Endpoint::takes_addresses(&directory(&world), CUSTOMER));
    assert_eq!(endpoint(&mut world, switch(true)).disabled, None);
    let key = |key: Option<&str>| {
        let key = Some(key.map(str::to_owned));
        Command::ChangeEndpoint(ChangeEndpoint { key, ..change(number) })
    };
    assert_eq!(endpoint(&mut world, key(Some("k"))).key.as_deref(), Some("k"));
    endpoint(&mut world, Command::RotateSecret(rotate(number, "second")));
    let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    let sealed = vec![pair("k", "K"), pair("sealed secret", "S"), pair("other", "O")];
    let anew = Command::ChangeEndpoint(ChangeEndpoint { sealed, ..change(number) });
    let anew = endpoint(&mut world, anew);
    assert_eq!(anew.sealed().collect::<Vec<_>>(), ["second", "S", "K"]);
    assert_eq!(endpoint(&mut world, key(None)).key, None);
    let deleted = endpoint(&mut world, delete(number));
    assert_eq!((deleted.sealed().count(), deleted.is_active()), (0, false));
    assert!(Endpoint::all(&directory(&world), CUSTOMER).is_empty());
    world.verify();
}

#[test]
fn a_repeat_is_told_the_same_and_the_journal_tells_no_secret() {
    let mut world = World::new();
    let idempotency = |byte| {
        Some(Idempotency {
            key: ledger::Key([byte; 16]),
            fingerprint: ledger::Fingerprint([byte; 16]),
        })
    };
    let new = AddEndpoint { idempotency: idempotency(1), ..add(Some("https://a.se/?secret=1")) };
    let number = endpoint(&mut world, Command::AddEndpoint(new.clone())).number;
    let again = world.run(Command::AddEndpoint(new.clone())).unwrap();
    assert!(again.replayed);
    let turn = RotateSecret { idempotency: idempotency(2), ..rotate(number, "secret 2") };
    let turned = endpoint(&mut world, Command::RotateSecret(turn.clone()));
    let again = world.run(Command::RotateSecret(turn)).unwrap();
    assert_eq!(again, Answer::replayed(Outcome::Endpoint(turned)));
    let other =
        Idempotency { fingerprint: ledger::Fingerprint([9; 16]), ..new.idempotency.unwrap() };
    let other = Command::AddEndpoint(AddEndpoint { idempotency: Some(other), ..new });
    assert_eq!(world.run(other), Err(Refusal::IdempotencyKeyReused));
    endpoint(&mut world, delete(number));
    let mut reader = store::Store::source(&world.store).open().unwrap();
    let rows = reader.rows_after(RowId(0), 1_000).unwrap();
    assert!(!format!("{rows:?}").contains("secret"));
    assert!(format!("{rows:?}").contains("EndpointRotated"));
}

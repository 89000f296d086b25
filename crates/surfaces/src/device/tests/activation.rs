//! A device becomes a terminal once.

use estate::Draw;
use estate::activate::ResetActivation;
use estate::change_customer::ChangeCustomer;
use estate::onboard::{OnboardTerminal, TerminalStep};

use super::*;

/// A code that is not the terminal's.
fn wrong_code(world: &World, terminal: &Terminal) -> &'static str {
    if code_of(world, terminal) == "00000000" { "00000001" } else { "00000000" }
}

#[test]
fn a_device_with_the_code_becomes_the_terminal() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let reply = post(&world, "/activate", "", &activation(&world, &terminal));
    assert_eq!(reply.status, 201, "{reply:?}");
    let body = reply.json();
    let token = body["device_token"].as_str().unwrap();
    assert!(token.starts_with(&format!("kdt_{}_", terminal.number)), "{token}");
    assert_eq!(
        body["terminal"],
        json!({
            "terminal_id": terminal.terminal_id,
            "id": terminal.uuid,
            "model": "C100+",
            "serial_number": "SN-1",
            "operating_mode": "Standalone",
            "merchant": {
                "company_number": "100",
                "seller_number": "3",
                "name": "Åkes Ägg & Öl 1",
            },
        })
    );
    assert_eq!(terminal.terminal_id.len(), 8);
    let kept = kept(&world, terminal.number);
    assert_eq!(kept.status.as_str(), "active");
    assert_eq!(kept.last_call_home, None);
    let again =
        post(&world, "/activate", "", &with(&body_of(&terminal), "serial_number", "S".into()));
    assert_eq!(problem(&again), (409, "already-activated".to_owned()));
}

/// A body with some code.
fn body_of(terminal: &Terminal) -> Value {
    json!({
        "terminal_id": terminal.terminal_id, "activation_code": "12345678",
        "serial_number": "SN-1", "model": "C100+", "application_version": "1",
    })
}

#[test]
fn the_terminal_is_found_by_either_of_its_ids() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let body = activation(&world, &terminal);
    let by_uuid = with(&body, "terminal_id", terminal.uuid.clone().into());
    assert_eq!(post(&world, "/activate", "", &by_uuid).status, 201);
    let other = terminal_of(&world, 4);
    let body = activation(&world, &other);
    let nobody = with(&body, "terminal_id", "KT000000".into());
    assert_eq!(problem(&post(&world, "/activate", "", &nobody)).0, 401);
    let by_serial = with(&body, "terminal_id", Value::Null);
    let found = post(&world, "/activate", "", &by_serial);
    assert_eq!(problem(&found).0, 409, "the device's serial number leads to the first terminal");
    let unknown = with(&by_serial, "serial_number", "SN-9".into());
    assert_eq!(problem(&post(&world, "/activate", "", &unknown)).0, 401);
}

#[test]
fn an_onboarded_terminal_takes_its_own_device_and_is_found_by_it() {
    let world = world();
    let command = OnboardTerminal {
        customer: 3,
        model: "verifone_p400".to_owned(),
        serial: "P400-1".to_owned(),
        reference_id: None,
        settings: Layer::default(),
        draw: Draw([55; 32]),
        actor: "test".to_owned(),
        idempotency: None,
    };
    let answer = world.submit_estate(Command::OnboardTerminal(command));
    let Outcome::Configured { terminal, .. } = answer.done else { panic!() };
    let mut body = activation(&world, &terminal);
    body["model"] = "verifone_p400".into();
    let other_device = post(&world, "/activate", "", &body);
    assert_eq!(problem(&other_device).0, 401, "it is onboarded with another serial number");
    let other_model = with(&body, "model", "verifone_v400m".into());
    assert_eq!(problem(&post(&world, "/activate", "", &other_model)).0, 409);
    body["serial_number"] = "P400-1".into();
    let by_itself = with(&body, "terminal_id", Value::Null);
    let reply = post(&world, "/activate", "", &by_itself);
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json()["terminal"]["terminal_id"], terminal.terminal_id);
    assert_eq!(reply.json()["terminal"]["operating_mode"], Value::Null);
}

#[test]
fn a_wrong_code_and_an_unknown_terminal_are_told_alike() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let body = activation(&world, &terminal);
    let wrong = with(&body, "activation_code", wrong_code(&world, &terminal).into());
    let unknown = with(&body, "terminal_id", "KT000000".into());
    let [mut wrong, mut unknown] =
        [wrong, unknown].map(|body| post(&world, "/activate", "", &body).json());
    assert_eq!(wrong["status"], 401);
    for body in [&mut wrong, &mut unknown] {
        body.as_object_mut().unwrap().remove("instance");
    }
    assert_eq!(wrong, unknown);
}

#[test]
fn five_wrong_codes_lock_and_a_reset_unlocks() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let right = activation(&world, &terminal);
    let wrong = with(&right, "activation_code", wrong_code(&world, &terminal).into());
    for _ in 0..5 {
        let reply = post(&world, "/activate", "", &wrong);
        assert_eq!(problem(&reply), (401, "unauthenticated".to_owned()));
    }
    for body in [&wrong, &right] {
        let reply = post(&world, "/activate", "", body);
        assert_eq!(problem(&reply), (423, "activation-locked".to_owned()));
    }
    reset(&world, &terminal);
    assert_eq!(problem(&post(&world, "/activate", "", &right)).0, 401, "the old code is no good");
    let fresh = activation(&world, &terminal);
    assert_eq!(post(&world, "/activate", "", &fresh).status, 201);
}

fn reset(world: &World, terminal: &Terminal) {
    let (draw, actor) = (Draw([77; 32]), "operator".to_owned());
    let terminal = terminal.number;
    let command = ResetActivation { terminal, draw, actor, idempotency: None };
    world.submit_estate(Command::ResetActivation(command));
}

#[test]
fn a_reset_takes_the_token_away() {
    let world = world();
    let device = Device::new(&world);
    device.call(&world);
    reset(&world, &device.terminal);
    let reply = device.post(&world, "/call-home", &json!({ "application_version": "1" }));
    assert_eq!(problem(&reply), (401, "unauthenticated".to_owned()));
}

#[test]
fn models_must_agree_unless_the_device_is_one_that_is_onboarded() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let body = activation(&world, &terminal);
    let reply = post(&world, "/activate", "", &with(&body, "model", "C100".into()));
    assert_eq!(problem(&reply), (409, "model-differs".to_owned()));
    let reply = post(&world, "/activate", "", &with(&body, "model", "verifone_p400".into()));
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json()["terminal"]["model"], "verifone_p400");
    assert!(kept(&world, terminal.number).is_onboarded);
}

#[test]
fn one_device_is_one_terminal() {
    let world = world();
    let first = Device::new(&world);
    let other = terminal_of(&world, 4);
    let body = activation(&world, &other);
    let reply = post(&world, "/activate", "", &body);
    assert_eq!(problem(&reply), (409, "serial-number-taken".to_owned()));
    change(&world, &first.terminal, TerminalStep::Delete);
    assert_eq!(post(&world, "/activate", "", &body).status, 201);
    let reply = first.post(&world, "/call-home", &json!({ "application_version": "1" }));
    assert_eq!(problem(&reply).0, 401, "a deleted terminal has no device");
}

#[test]
fn every_field_is_checked_at_its_edge() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let body = activation(&world, &terminal);
    for (field, bad) in [
        ("activation_code", json!("1234567")),
        ("activation_code", json!("123456789")),
        ("activation_code", json!("1234567å")),
        ("activation_code", json!(12_345_678)),
        ("activation_code", Value::Null),
        ("serial_number", json!("")),
        ("serial_number", json!("s".repeat(33))),
        ("serial_number", json!("SN_1")),
        ("serial_number", Value::Null),
        ("model", json!("")),
        ("model", Value::Null),
        ("application_version", json!("v".repeat(65))),
        ("application_version", json!("1\n2")),
        ("application_version", Value::Null),
        ("terminal_id", json!(7)),
        ("pin", json!("1234")),
    ] {
        let reply = post(&world, "/activate", "", &with(&body, field, bad));
        refuses_field(&reply, &format!("/{field}"));
    }
    let mut longest = with(&body, "serial_number", "s".repeat(32).into());
    longest["application_version"] = "v".repeat(64).into();
    assert_eq!(post(&world, "/activate", "", &longest).status, 201);
}

#[test]
fn a_repeat_under_the_same_key_gets_the_same_answer() {
    let world = world();
    let terminal = terminal_of(&world, 3);
    let body = activation(&world, &terminal);
    let first = post_under(&world, "k", "/activate", "", &body);
    world.submit_estate(Command::ChangeCustomer(ChangeCustomer {
        customer: 3,
        name: Some("Nya namnet".to_owned()),
        settings: Layer::default(),
        actor: "test".to_owned(),
    }));
    let again = post_under(&world, "k", "/activate", "", &body);
    assert_eq!((first.status, &first.body), (201, &again.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.header("idempotent-replayed"), "");
    let other = with(&body, "application_version", "2".into());
    let reply = post_under(&world, "k", "/activate", "", &other);
    assert_eq!(problem(&reply), (422, "idempotency-key-reused".to_owned()));
    // Another device may draw the same key.
    let neighbour = with(&activation(&world, &terminal_of(&world, 4)), "serial_number", "N".into());
    assert_eq!(post_under(&world, "k", "/activate", "", &neighbour).status, 201);
}

//! Rollouts as operators start, watch and steer them.

use estate::command::Outcome;
use serde_json::{Value, json};

use super::*;

/// A world with a package of customer 1 and two active terminals of customer 3.
fn world() -> World {
    let world = world_with_estate();
    let package = estate::package::AddPackage {
        customer: 1,
        name: "Appli".to_owned(),
        model_name: "ALL Carbon".to_owned(),
        notes: None,
        size: 3,
        sha256: "0".repeat(64),
        actor: "test".to_owned(),
        idempotency: None,
    };
    world.submit_estate(estate::Command::AddPackage(package));
    activate(&world, "A1");
    world
}

/// A device becomes the merchant's ordered terminal.
fn activate(world: &World, serial: &str) -> String {
    let list = operate(world, "GET /terminals?customer_id=3&status=ordered").json();
    let id = list["items"][0]["terminal_id"].as_str().unwrap().to_owned();
    let found = world.block_on(crate::operator::terminals::terminal(&world.platform, &id)).unwrap();
    let estate::terminal::Activation::Waiting { code_salt, .. } = &found.activation else {
        panic!("{found:?}");
    };
    let activate = estate::activate::ActivateTerminal {
        terminal: found.number,
        code_salt: Some(code_salt.clone()),
        serial: serial.to_owned(),
        model: "C100+".to_owned(),
        application_version: "1.0".to_owned(),
        token_salt: "0".repeat(32),
        token_hash: "0".repeat(64),
        idempotency: None,
    };
    world.submit_estate(estate::Command::ActivateTerminal(activate));
    id
}

/// The device of that terminal calls home.
fn call_home(world: &World, id: &str) -> usize {
    let found = world.block_on(crate::operator::terminals::terminal(&world.platform, id)).unwrap();
    let directory = world.platform.engine.directory();
    let call = estate::call_home::CallHome {
        terminal: found.number,
        token_hash: "0".repeat(64),
        application_version: "1.0".to_owned(),
        packages: Vec::new(),
        rollouts: estate::Rollout::live(&directory).map(|rollout| rollout.number).collect(),
    };
    let answer = world.submit_estate(estate::Command::CallHome(call));
    let Outcome::CalledHome { updates, .. } = answer.done else { panic!("{answer:?}") };
    updates.len()
}

const START: &str = r#"POST /rollouts {"customer_id":1,"package_id":1}"#;

#[test]
fn a_rollout_is_started_watched_and_steered() {
    let world = world();
    let terminal = operate(&world, "GET /terminals?serial_number=A1").json();
    let terminal = terminal["items"][0]["terminal_id"].as_str().unwrap().to_owned();
    let started = operate_under(&world, "k", START);
    assert_eq!(started.status, 201, "{started:?}");
    let rollout = started.json();
    let id = rollout["id"].as_str().unwrap();
    assert_eq!(started.header("location"), format!("/operator/v1/rollouts/{id}"));
    assert_eq!((&rollout["state"], &rollout["stage"]), (&json!("running"), &json!(1)));
    assert_eq!(rollout["stages"], json!([1, 10, 100]));
    assert_eq!((&rollout["population"], &rollout["answer_hours"]), (&json!(1), &json!(24)));
    assert_eq!(call_home(&world, &terminal), 1);
    let again = operate_under(&world, "k", START);
    assert_eq!((again.status, &again.body), (201, &started.body), "as it was");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let shown = operate(&world, &format!("GET /rollouts/{id}")).json();
    assert_eq!((&shown["tally"]["reached"], &shown["tally"]["under_way"]), (&json!(1), &json!(1)));
    assert_eq!(operate(&world, "GET /rollouts").json()["items"], json!([shown]));
    let results = operate(&world, &format!("GET /rollouts/{id}/terminals")).json();
    let result = &results["items"][0];
    assert_eq!((&result["terminal_id"], &result["status"]), (&json!(terminal), &json!("offered")));
    assert_eq!((&result["serial_number"], &result["rollout_id"]), (&json!("A1"), &json!(id)));
    let of = |status: &str| {
        let list = operate(&world, &format!("GET /rollouts/{id}/terminals?status={status}"));
        list.json()["items"].as_array().map(Vec::len)
    };
    assert_eq!((of("offered"), of("failed"), of("late")), (Some(1), Some(0), None));
    let pending = operate(&world, &format!("GET /terminals/{terminal}")).json();
    let pending = &pending["pending_updates"][0];
    assert_eq!(pending["package"], json!({"id": 1, "name": "Appli"}));
    let in_list = operate(&world, "GET /terminals?serial_number=A1").json();
    assert_eq!(in_list["items"][0]["pending_updates"][0], *pending);
    for (step, status, state) in [
        ("resume", 409, "running"),
        ("pause", 200, "paused"),
        ("pause", 409, "paused"),
        ("resume", 200, "running"),
        ("roll-back", 200, "rolled_back"),
        ("resume", 409, "rolled_back"),
    ] {
        let reply = operate(&world, &format!("POST /rollouts/{id}/{step}"));
        assert_eq!(reply.status, status, "{step} {reply:?}");
        assert_eq!(
            operate(&world, &format!("GET /rollouts/{id}")).json()["state"],
            state,
            "{step}"
        );
    }
}

#[test]
fn a_rollout_that_waits_for_ever_is_ended() {
    let world = world();
    let id = operate(&world, START).json()["id"].as_str().unwrap().to_owned();
    let ended = operate_under(&world, "k", &format!("POST /rollouts/{id}/end {{}}"));
    assert_eq!((ended.status, &ended.json()["state"]), (200, &json!("completed")), "{ended:?}");
}

#[test]
fn rollouts_that_are_none_are_refused() {
    let world = world();
    let start = |more: &str| operate(&world, &START.replace('}', &format!("{more}}}")));
    let pointer = |more: &str| {
        let reply = start(more);
        assert_eq!(reply.status, 400, "{more} {reply:?}");
        reply.json()["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    for stages in
        ["[]", "[100,100]", "[10,1,100]", "[0,100]", "[1,99]", "[1.5,100]", "1", "[\"1\"]"]
    {
        assert_eq!(pointer(&format!(r#","stages":{stages}"#)), "/stages", "{stages}");
    }
    let eleven = r#","stages":[1,2,3,4,5,6,7,8,9,10,100]"#;
    assert_eq!(pointer(eleven), "/stages");
    for (field, bad) in [
        ("failures_percent_max", "-1"),
        ("failures_percent_max", "101"),
        ("answer_hours", "0"),
        ("answer_hours", "721"),
        ("colour", "1"),
    ] {
        assert_eq!(pointer(&format!(r#","{field}":{bad}"#)), format!("/{field}"), "{bad}");
    }
    let start = |customer: i64, package: i64| {
        let line = format!(r#"POST /rollouts {{"customer_id":{customer},"package_id":{package}}}"#);
        let reply = operate(&world, &line);
        (reply.status, reply.json()["errors"][0]["pointer"].clone())
    };
    assert_eq!(start(99, 1), (400, json!("/customer_id")));
    assert_eq!(start(1, 99), (400, json!("/package_id")));
    assert_eq!(start(4, 1), (400, json!("/package_id")), "another partner's");
    assert_eq!(start(0, 1), (400, json!("/customer_id")));
    let most = r#"POST /rollouts {"customer_id":3,"package_id":1,"failures_percent_max":100,
        "answer_hours":720,"stages":[1,2,3,4,5,6,7,8,9,100]}"#;
    assert_eq!(operate(&world, &most.replace('\n', " ")).status, 201);
    assert_eq!(start(1, 1), (409, Value::Null), "another is on its way");
    for id in ["1", "x", "0", "-1"] {
        for step in ["", "/terminals"] {
            assert_eq!(operate(&world, &format!("GET /rollouts/{id}{step}")).status, 404);
        }
        for step in ["pause", "resume", "roll-back", "end"] {
            assert_eq!(operate(&world, &format!("POST /rollouts/{id}/{step}")).status, 404);
        }
    }
}

#[test]
fn a_rollout_to_nobody_is_refused() {
    let world = world_with_estate();
    let package = estate::package::AddPackage {
        customer: 1,
        name: "Appli".to_owned(),
        model_name: "ALL".to_owned(),
        notes: None,
        size: 3,
        sha256: "0".repeat(64),
        actor: "test".to_owned(),
        idempotency: None,
    };
    world.submit_estate(estate::Command::AddPackage(package));
    assert_eq!(operate(&world, START).status, 409, "terminals that are only ordered");
}

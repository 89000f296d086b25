//! A device says how far an update is.

use super::*;

/// A device with one update that it was told of: the path to report it at.
fn told(world: &World) -> (Device, String) {
    let device = Device::new(world);
    device.order(world, "bytes");
    let told = device.call(world);
    let id = told["updates"][0]["update_id"].as_str().unwrap().to_owned();
    (device, format!("/updates/{id}/status"))
}

#[test]
fn an_update_goes_on_and_ends() {
    let world = world();
    let (device, path) = told(&world);
    let say = |status: &str| device.post(&world, &path, &json!({ "status": status }));
    let reply = say("downloaded");
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(path, format!("/updates/{}/status", body["update_id"].as_str().unwrap()));
    assert_eq!((&body["status"], &body["message"]), (&json!("downloaded"), &Value::Null));
    assert_eq!(
        (&body["package_id"], &body["changed_at"]),
        (&json!(1), &crate::testing::BEGIN.into())
    );
    assert_eq!(say("downloaded").body, reply.body, "said again, it changes nothing");
    assert_eq!(say("installed").json()["status"], "installed");
    assert_eq!(problem(&say("failed")), (409, "update-ended".to_owned()));
    assert_eq!(say("installed").status, 200);
    assert_eq!(kept(&world, device.terminal.number).installed, Some(1));
}

#[test]
fn a_failure_says_why() {
    let world = world();
    let (device, path) = told(&world);
    let message = "Minnet är fullt 💾";
    let body = json!({ "status": "failed", "message": message });
    assert_eq!(device.post(&world, &path, &body).json()["message"], message);
    assert_eq!(device.call(&world)["updates"], json!([]));
    assert_eq!(kept(&world, device.terminal.number).installed, None);
}

#[test]
fn a_foreign_update_is_no_update() {
    let world = world();
    let (device, path) = told(&world);
    let terminal = terminal_of(&world, 4);
    let body = with(&activation(&world, &terminal), "serial_number", "SN-2".into());
    let token = post(&world, "/activate", "", &body).json()["device_token"].clone();
    let stranger = Device { terminal, token: token.as_str().unwrap().to_owned() };
    let body = json!({ "status": "installed" });
    let mut answers = Vec::new();
    for (who, path) in [
        (&stranger, path.as_str()),
        (&device, "/updates/999999/status"),
        (&device, "/updates/0/status"),
        (&device, "/updates/x/status"),
        (&device, "/updates/99999999999999999999/status"),
        (&device, &path.replace("/updates/", "/updates/0")),
    ] {
        let reply = who.post(&world, path, &body);
        assert_eq!(problem(&reply), (404, "not-found".to_owned()), "{path}");
        answers.push(reply.json()["detail"].clone());
    }
    assert!(answers.iter().all(|detail| *detail == answers[0]), "{answers:?}");
    assert_eq!(kept(&world, device.terminal.number).installed, None);
}

#[test]
fn every_field_is_checked_at_its_edge() {
    let world = world();
    let (device, path) = told(&world);
    let good = json!({ "status": "downloaded" });
    for (field, bad) in [
        ("status", Value::Null),
        ("status", json!("Installed")),
        ("status", json!("offered")),
        ("status", json!("ordered")),
        ("status", json!("cancelled")),
        ("status", json!(1)),
        ("message", json!("")),
        ("message", json!("å".repeat(501))),
        ("percent", json!(50)),
    ] {
        let reply = device.post(&world, &path, &with(&good, field, bad));
        refuses_field(&reply, &format!("/{field}"));
    }
    let longest = with(&good, "message", "å".repeat(500).into());
    assert_eq!(device.post(&world, &path, &longest).status, 200);
}

//! A device calls home.

use super::*;

#[test]
fn a_call_is_answered_with_configuration_time_and_the_next_call() {
    let world = world();
    let device = Device::new(&world);
    configure(&world, 3, &[("name", "Kassan vid dörren 🦊")]);
    let told = device.call(&world);
    assert_eq!(told["configuration"]["name"], "Kassan vid dörren 🦊");
    assert_eq!(told["updates"], json!([]));
    assert_eq!(told["next_call_home_seconds"], 3600);
    assert_eq!(told["server_time"], crate::testing::BEGIN);
    let kept = kept(&world, device.terminal.number);
    assert_eq!(kept.last_call_home, Some(world.platform.now()));
    assert_eq!(kept.application_version.as_deref(), Some("1.28"));
}

#[test]
fn the_version_follows_the_configuration_wherever_it_is_changed() {
    let world = world();
    let device = Device::new(&world);
    let version = || device.call(&world)["configuration_version"].as_str().unwrap().to_owned();
    let first = version();
    assert_eq!(version(), first, "it stays while nothing changes");
    configure(&world, 1, &[("quick_chip.enabled", "false")]);
    let second = version();
    assert_ne!(second, first);
    configure(&world, 3, &[("quick_chip.enabled", "false")]);
    assert_eq!(version(), second, "the same value from nearer is the same value");
    configure(&world, 2, &[("quick_chip.enabled", "true")]);
    assert_eq!(version(), second, "another partner's choice changes nothing");
}

#[test]
fn an_order_is_told_with_where_its_bytes_are() {
    let world = world();
    let device = Device::new(&world);
    let package = device.order(&world, "bytes");
    let told = device.call(&world);
    let update = &told["updates"][0];
    assert!(update["update_id"].as_str().unwrap().parse::<i64>().is_ok());
    assert_eq!(
        update["package"],
        json!({
            "id": package.number, "name": "Kassa 2.0 åäö 🦊", "size": 5,
            "sha256": package.sha256, "url": format!("/device/v1/packages/{}", package.number),
        })
    );
    assert_eq!(told["next_call_home_seconds"], 60);
    assert_eq!(device.call(&world)["updates"], told["updates"], "it is told until it has ended");
}

#[test]
fn what_a_call_says_of_packages_is_believed() {
    let world = world();
    let device = Device::new(&world);
    let package = device.order(&world, "bytes");
    device.call(&world);
    let said = |status: &str| {
        let packages = json!([{ "package_id": package.number, "status": status }]);
        let body = json!({ "application_version": "2", "packages": packages });
        device.post(&world, "/call-home", &body).json()
    };
    assert_eq!(said("downloaded")["updates"].as_array().unwrap().len(), 1);
    assert_eq!(said("installed")["updates"], json!([]));
    assert_eq!(kept(&world, device.terminal.number).installed, Some(package.number));
    assert_eq!(device.call(&world)["updates"], json!([]), "it is not offered again");
}

#[test]
fn an_inactive_terminal_is_told_its_configuration_and_no_updates() {
    let world = world();
    let device = Device::new(&world);
    device.order(&world, "bytes");
    change(&world, &device.terminal, TerminalStep::Deactivate);
    let told = device.call(&world);
    assert_eq!(told["updates"], json!([]));
    assert!(told["configuration"].is_object());
    change(&world, &device.terminal, TerminalStep::Activate);
    assert_eq!(device.call(&world)["updates"].as_array().unwrap().len(), 1);
}

#[test]
fn every_field_is_checked_at_its_edge() {
    let world = world();
    let device = Device::new(&world);
    let call = |body: &Value| device.post(&world, "/call-home", body);
    let good = json!({ "application_version": "1" });
    let report = |id: Value, status: &str| json!([{ "package_id": id, "status": status }]);
    for (field, bad, pointer) in [
        ("application_version", Value::Null, "/application_version"),
        ("application_version", json!("v".repeat(65)), "/application_version"),
        ("packages", json!({}), "/packages"),
        ("packages", json!(vec![json!({}); 101]), "/packages"),
        ("packages", json!(["installed"]), "/packages/0"),
        ("packages", report(json!(0), "installed"), "/packages/0/package_id"),
        ("packages", report(json!("x"), "installed"), "/packages/0/package_id"),
        ("packages", report(json!(1), "offered"), "/packages/0/status"),
        ("packages", report(json!(1), "cancelled"), "/packages/0/status"),
        ("packages", json!([{ "package_id": 1, "status": "failed", "x": 1 }]), "/packages/0/x"),
        ("battery", json!(80), "/battery"),
    ] {
        refuses_field(&call(&with(&good, field, bad)), pointer);
    }
    let all: Vec<Value> =
        (1..=100).map(|id| json!({ "package_id": id, "status": "failed" })).collect();
    assert_eq!(call(&with(&good, "packages", all.into())).status, 200);
    assert_eq!(call(&with(&good, "packages", Value::Null)).status, 200);
    assert_eq!(call(&with(&good, "application_version", "v".repeat(64).into())).status, 200);
}

//! Packages for terminals, and orders to install them.

use estate::activate::ActivateTerminal;
use estate::package::AddPackage;
use estate::terminal::Activation;
use estate::{Command, Terminal, Update};
use store::Part;

use super::*;
use crate::testing::ACCESS_KEY_OTHER;

const ORDERED: &str = "\"Configuration file created and uploaded ok\"";

fn package(world: &World, customer: i64, name: &str, model_name: &str) {
    world.submit_estate(Command::AddPackage(AddPackage {
        customer,
        name: name.to_owned(),
        model_name: model_name.to_owned(),
        notes: name.contains('🦊').then(|| "Anmärkning Å 🦊".to_owned()),
        size: 1,
        sha256: "0".repeat(64),
        actor: "test".to_owned(),
        idempotency: None,
    }));
}

/// Packages 1 and 2 of customer 1, 3 of its merchant 3, 4 of customer 2, 5 for other terminals.
fn world_with_packages() -> World {
    let world = world();
    package(&world, 1, "Allt 🦊", "ALL");
    package(&world, 1, "Carbon", "ALL Carbon");
    package(&world, 3, "Plus", "C100+");
    package(&world, 2, "Främmande", "ALL");
    package(&world, 1, "Classic", "ALL Classic");
    world
}

fn documents(world: &World, list: &str) -> Vec<ledger::Document> {
    let list = list.to_owned();
    let read =
        world.platform.queries.read(move |reader| reader.documents(&list, Part::After(0), 100));
    world.block_on(read).unwrap()
}

/// Lets a device become the terminal of a merchant; the terminal's number.
fn device(world: &World, merchant: i64, serial: &str) -> i64 {
    let list = Terminal::under_list(merchant);
    let terminal = Terminal::of(&documents(world, &list)[0]).unwrap();
    let Activation::Waiting { code_salt, .. } = terminal.activation else { panic!("{terminal:?}") };
    world.submit_estate(Command::ActivateTerminal(ActivateTerminal {
        terminal: terminal.number,
        code_salt: Some(code_salt),
        serial: serial.to_owned(),
        model: terminal.model,
        application_version: "1".to_owned(),
        token_salt: "0".repeat(32),
        token_hash: "0".repeat(64),
        idempotency: None,
    }));
    terminal.number
}

fn ids(reply: &Reply) -> Vec<i64> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    body.as_array().unwrap().iter().map(|package| package["Id"].as_i64().unwrap()).collect()
}

#[test]
fn packages_are_those_of_the_customer_and_of_all_above_it() {
    let world = world_with_packages();
    let first = get(&world, "/terminal/GetPackages?customerId=1").json()[0].clone();
    let expected = json!({
        "Id": 1, "TimeCreated": "2026-11-20T11:00:00", "Name": "Allt 🦊",
        "Notes": "Anmärkning Å 🦊", "ModelName": "ALL"
    });
    assert_eq!(first, expected);
    for (query, expected) in [
        ("customerId=1", &[1, 2, 5][..]),
        ("customerId=3", &[1, 2, 3, 5]),
        ("CUSTOMERID=3&MODEL=", &[1, 2, 3, 5]),
        ("customerId=3&model=C100%2B", &[1, 2, 3]),
        ("customerId=3&modelName=C100%2B", &[1, 2, 3]),
        ("customerId=3&modelname=C100+", &[1, 2, 3]),
        ("customerId=3&model=C100", &[1, 2]),
        ("customerId=3&model=T303", &[1, 5]),
        ("customerId=3&model=verifone_p400", &[1]),
        ("customerId=3&model=T1000", &[]),
        ("customerId=3&model=ALL", &[]),
    ] {
        assert_eq!(
            ids(&get(&world, &format!("/terminal/GetPackages?{query}"))),
            expected,
            "{query}"
        );
    }
    for query in ["", "?customerId", "?customerId=", "?model=C10"] {
        let reply = get(&world, &format!("/terminal/GetPackages{query}"));
        assert_eq!(fields(&reply, 400), ["customerId"], "{query}");
    }
}

#[test]
fn an_order_is_answered_with_one_sentence_and_leaves_an_update() {
    let world = world_with_packages();
    let terminal = device(&world, 3, "A103900002");
    let order = json!({ "customerId": 1, "packageIds": [3], "serialNumbers": ["A103900002"] });
    let refused = post(&world, "/terminal/CreateUpdate", &order);
    assert_eq!(fields(&refused, 400), ["packageIds[0]"], "the package is the merchant's");
    for order in [
        json!({ "customerId": 3, "packageIds": [3], "serialNumbers": ["A103900002"] }),
        json!({ "CustomerId": "1", "PackageIds": ["2"], "SerialNumbers": ["A103900002"] }),
        json!({
            "customerId": 1, "packageIds": [1], "serialNumbers": ["A103900002", "A103900002"]
        }),
    ] {
        let reply = post(&world, "/terminal/CreateUpdate", &order);
        assert_eq!((reply.status, reply.body.as_str()), (200, ORDERED), "{reply:?}");
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    }
    let updates = documents(&world, &Update::open_list(terminal));
    let packages: Vec<i64> =
        updates.iter().map(|found| Update::of(found).unwrap().package).collect();
    assert_eq!(packages, [3, 2, 1]);
}

#[test]
fn everything_that_is_wrong_with_an_order_is_named_at_once() {
    let world = world_with_packages();
    device(&world, 3, "A103900002");
    device(&world, 4, "B1");
    let good = json!({ "customerId": 3, "packageIds": [1], "serialNumbers": ["A103900002"] });
    let check = |pointer: &str, value: Value, expected: &[&str]| {
        let mut order = good.clone();
        change(&mut order, pointer, Some(value));
        let reply = post(&world, "/terminal/CreateUpdate", &order);
        assert_eq!(fields(&reply, 400), expected, "{order:.100}");
    };
    let serials = |count: usize| (0..count).map(|at| format!("S{at}")).collect::<Vec<String>>();
    for bad in [json!(null), json!("x"), json!(-1), json!([3])] {
        check("/customerId", bad, &["customerId"]);
    }
    for bad in [json!(null), json!([]), json!([1, 2]), json!([1, 1]), json!(1), json!("1")] {
        check("/packageIds", bad, &["packageIds"]);
    }
    for bad in [json!(["x"]), json!([null]), json!([99]), json!([4]), json!([0]), json!([5.5])] {
        check("/packageIds", bad, &["packageIds[0]"]);
    }
    for bad in [json!(null), json!([]), json!("A103900002"), json!({}), json!(serials(1001))] {
        check("/serialNumbers", bad, &["serialNumbers"]);
    }
    let bad = json!([1, "", "x".repeat(33), null, "A103900002"]);
    let expected = [0, 1, 2, 3].map(|at| format!("serialNumbers[{at}]"));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("/serialNumbers", bad, &expected);
    // Unknown, another merchant's, and of another case.
    let bad = json!(["Z9", "A103900002", "B1", "a103900002"]);
    check("/serialNumbers", bad, &["serialNumbers[0]", "serialNumbers[2]", "serialNumbers[3]"]);
    check("/packageIds", json!([5]), &["serialNumbers[0]"]);
    let none = post(&world, "/terminal/CreateUpdate", &json!({}));
    assert_eq!(fields(&none, 400), ["customerId", "packageIds", "serialNumbers"]);
    let both = json!({ "customerId": 3, "packageIds": [4], "serialNumbers": ["B1"] });
    let reply = post(&world, "/terminal/CreateUpdate", &both);
    assert_eq!(fields(&reply, 400), ["packageIds[0]", "serialNumbers[0]"]);
    let many = post(
        &world,
        "/terminal/CreateUpdate",
        &json!({ "customerId": 3, "packageIds": [1], "serialNumbers": serials(1000) }),
    );
    assert_eq!(fields(&many, 400).len(), 1000, "each is looked up");
}

#[test]
fn a_foreign_package_or_serial_is_answered_like_an_unknown_one() {
    let world = world_with_packages();
    device(&world, 3, "A1");
    device(&world, 4, "B1");
    let order = |package: i64, serial: &str| {
        let order = json!({ "customerId": 3, "packageIds": [package], "serialNumbers": [serial] });
        post(&world, "/terminal/CreateUpdate", &order)
    };
    assert_eq!(order(4, "A1"), order(99, "A1"));
    assert_eq!(order(1, "B1"), order(1, "Z9"));
    let theirs = json!({ "customerId": 3, "packageIds": [1], "serialNumbers": ["A1"] });
    let path = "/access/v1/terminal/CreateUpdate";
    let reply = world.call_access("POST", path, ACCESS_KEY_OTHER, &theirs.to_string());
    assert_eq!(fields(&reply, 403), [""; 0]);
}

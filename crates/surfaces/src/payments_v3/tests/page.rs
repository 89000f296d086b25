//! Goal: what a payer asks for on the page of a checkout is what this contract's payments do.

use payments::{ChangePayee, Command};

use super::checkouts::FORM;
use super::*;
use crate::testing::Mood;
use crate::testing::log::Log;

/// A form of the page with a nonce.
const CODE: &str = "nonce=22222222222222222222222222222222&by=code";

/// A checkout that is being paid with Swish.
fn waiting(world: &World) -> String {
    let checkout = id(&post(world, "/v3/checkouts", FORM));
    let paid = page(world, "POST", &format!("{checkout}/swish"), CODE);
    assert_eq!(paid.status, 303, "{paid:?}");
    assert_eq!(state(world, &checkout), "waiting");
    checkout
}

fn page(world: &World, method: &str, path: &str, form: &str) -> Reply {
    world.call_shop(method, &format!("/checkout/{path}"), "", form)
}

fn state(world: &World, checkout: &str) -> String {
    let state = page(world, "GET", &format!("{checkout}/state"), "").json();
    state["standing"].as_str().unwrap().to_owned()
}

#[test]
fn who_asks_sees_what_the_psp_says_at_once() {
    for (status, expected) in [("CREATED", "waiting"), ("PAID", "paid"), ("DECLINED", "ended")] {
        let world = world();
        let told = swish(&world);
        let checkout = waiting(&world);
        *told.lock().unwrap() = (status, None);
        // Nobody takes turns here: who asks must not be left to a turn.
        let asked = page(&world, "POST", &format!("{checkout}/ask"), "");
        assert_eq!(asked.status, 303, "{asked:?}");
        assert_eq!(state(&world, &checkout), expected);
    }
}

#[test]
fn who_gives_up_sees_it_at_once() {
    let world = world();
    let told = swish(&world);
    let checkout = waiting(&world);
    *told.lock().unwrap() = ("CANCELLED", None);
    page(&world, "POST", &format!("{checkout}/cancel"), "");
    assert_eq!(state(&world, &checkout), "ended");
}

#[test]
fn pages_of_the_listed_origins_may_frame_it() {
    let world = world();
    let checkout = id(&post(&world, "/v3/checkouts", FORM));
    let loopback = "http://localhost:* http://127.0.0.1:* https://localhost:*";
    for (listed, expected) in [
        (vec!["https://shop.example:8443"], "https://shop.example:8443".to_owned()),
        (vec!["https://*"], "https:".to_owned()),
        (vec!["loopback"], loopback.to_owned()),
        (vec!["https://*", "loopback"], format!("https: {loopback}")),
        (vec![], "'none'".to_owned()),
    ] {
        let change = ChangePayee {
            customer: 3,
            return_origins: Some(listed.into_iter().map(str::to_owned).collect()),
            actor: "op".to_owned(),
            ..ChangePayee::default()
        };
        world.platform.engine.submit_blocking(Command::ChangePayee(change)).unwrap();
        let framed = page(&world, "GET", &format!("{checkout}?widget=1"), "");
        let policy = framed.header("content-security-policy");
        assert!(policy.ends_with(&format!("; frame-ancestors {expected}")), "{policy}");
    }
}

#[test]
fn the_log_tells_why_there_is_no_answer() {
    let world = world();
    swish(&world);
    let checkout = waiting(&world);
    *world.mood.lock().unwrap() = Mood::Refuses;
    let log = Log::default();
    let path = format!("{checkout}/ask");
    let asked = tracing::subscriber::with_default(log.clone(), || page(&world, "POST", &path, ""));
    assert_eq!(asked.status, 503, "{asked:?}");
    let logged = log.text();
    assert!(logged.contains("a payer's page has no answer"), "{logged}");
    assert!(logged.contains("The request was not carried out."), "{logged}");
    assert!(!logged.contains(&checkout), "who knows a checkout's id may pay: {logged}");
}

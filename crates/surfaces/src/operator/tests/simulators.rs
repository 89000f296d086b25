//! The demo's simulated PSPs, as operators script them.

use std::sync::{Arc, Mutex};

use payments::Psp;
use serde_json::{Value, json};

use super::*;
use crate::PspScripts;
use crate::operator::wire::simulators::OUTCOMES;

/// Notes what it is told. Knows all outcomes but one.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<(Psp, String, i64, u32)>>);

impl PspScripts for Notes {
    fn next(&self, psp: Psp, outcome: &str, delay_ms: i64, count: u32) -> bool {
        self.0.lock().unwrap().push((psp, outcome.to_owned(), delay_ms, count));
        outcome != "silence"
    }
}

fn with_simulators() -> (World, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let scripts: Arc<dyn PspScripts> = Arc::<Notes>::clone(&notes);
    let options = crate::Options {
        scripts: Some(scripts),
        is_test: false,
        simulated_psps: vec!["swish", "klarna"],
        notify_networks: vec!["10.1.0.0/16".to_owned(), "::1/128".to_owned()],
        ..crate::Options::default()
    };
    (World::new(|platform| crate::router(platform, options)), notes)
}

#[test]
fn the_next_payments_at_a_psp_are_scripted() {
    let (world, notes) = with_simulators();
    let script = |psp: &str, body: &str| {
        let reply = operate(&world, &format!("POST /simulators/{psp}/next {body}"));
        assert_eq!(reply.status, 200, "{psp} {body} {reply:?}");
        reply.json()
    };
    let decline = json!({"psp": "swish", "outcome": "decline", "delay_ms": 300, "count": 1});
    assert_eq!(script("swish", r#"{"outcome":"decline"}"#), decline);
    let most = r#"{"outcome":"expire","delay_ms":86400000,"count":1000}"#;
    let expire = json!({"psp": "easy", "outcome": "expire", "delay_ms": 86_400_000, "count": 1000});
    assert_eq!(script("easy", most), expire);
    let first = (Psp::Swish, "decline".to_owned(), 300, 1);
    let second = (Psp::Easy, "expire".to_owned(), 86_400_000, 1_000);
    assert_eq!(*notes.0.lock().unwrap(), [first, second]);
    for psp in Psp::ALL {
        for outcome in OUTCOMES.into_iter().filter(|outcome| *outcome != "silence") {
            let body = format!(r#"{{"outcome":"{outcome}","delay_ms":0,"count":1}}"#);
            assert_eq!(script(psp.as_str(), &body)["outcome"], outcome);
        }
    }
}

#[test]
fn scripts_that_are_none_are_refused() {
    let (world, notes) = with_simulators();
    let error = |body: &str| {
        let reply = operate(&world, &format!("POST /simulators/swish/next {body}"));
        assert_eq!(reply.status, 400, "{body} {reply:?}");
        reply.json()["errors"][0].clone()
    };
    let words = format!("must be one of {}", OUTCOMES.join(", "));
    for outcome in ["\"\"", "\"Approve\"", "\"win\""] {
        let found = error(&format!(r#"{{"outcome":{outcome}}}"#));
        assert_eq!((&found["pointer"], &found["detail"]), (&json!("/outcome"), &json!(words)));
    }
    for (body, pointer) in [
        ("{}", "/outcome"),
        (r#"{"outcome":1}"#, "/outcome"),
        (r#"{"outcome":"approve","delay_ms":-1}"#, "/delay_ms"),
        (r#"{"outcome":"approve","delay_ms":86400001}"#, "/delay_ms"),
        (r#"{"outcome":"approve","delay_ms":1.5}"#, "/delay_ms"),
        (r#"{"outcome":"approve","count":0}"#, "/count"),
        (r#"{"outcome":"approve","count":1001}"#, "/count"),
        (r#"{"outcome":"approve","psp":"swish"}"#, "/psp"),
    ] {
        assert_eq!(error(body)["pointer"], pointer, "{body}");
    }
    assert!(notes.0.lock().unwrap().is_empty());
    // One that the simulators do not know, though we do.
    assert_eq!(error(r#"{"outcome":"silence"}"#)["detail"], words);
    for psp in ["vipps", "SWISH", "card_ledger"] {
        let line = format!(r#"POST /simulators/{psp}/next {{"outcome":"approve"}}"#);
        assert_eq!(operate(&world, &line).status, 404, "{psp}");
    }
    assert_eq!(operate(&world, "GET /simulators/swish/next").status, 405);
}

#[test]
fn a_script_is_taken_once_under_a_key() {
    let (world, notes) = with_simulators();
    let line = r#"POST /simulators/swish/next {"outcome":"refuse","count":2}"#;
    let refused = line.replace("refuse", "silence");
    assert_eq!(operate_under(&world, "k", &refused).status, 400, "does not use its key up");
    notes.0.lock().unwrap().clear();
    let first = operate_under(&world, "k", line);
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, ""));
    assert_eq!(first.header("content-type"), "application/json");
    let again = operate_under(&world, "k", line);
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(operate_under(&world, "k", &line.replace('2', "3")).status, 422);
    assert_eq!(notes.0.lock().unwrap().len(), 1);
    let elsewhere = operate_under(&world, "k", &line.replace("swish", "klarna"));
    assert_eq!((elsewhere.status, &elsewhere.json()["psp"]), (200, &json!("klarna")));
}

#[test]
fn an_installation_without_simulators_has_none() {
    let world = world();
    let reply = operate(&world, r#"POST /simulators/swish/next {"outcome":"approve"}"#);
    assert_eq!((reply.status, &reply.json()["errors"]), (404, &Value::Null), "{reply:?}");
    let ready = world.call("GET", "/readyz?verbose", "", "").body;
    assert!(!ready.contains("simulated") && !ready.contains("networks"), "{ready}");
}

#[test]
fn it_is_told_which_psps_are_simulated_and_where_notifications_go() {
    let (world, _) = with_simulators();
    let ready = world.call("GET", "/readyz?verbose", "", "");
    let expected = "\nsimulated_psps: swish, klarna\nnotify_networks: 10.1.0.0/16, ::1/128\nok\n";
    assert!(ready.body.ends_with(expected), "{}", ready.body);
    assert_eq!(world.call("GET", "/readyz", "", "").body, "ok\n");
}

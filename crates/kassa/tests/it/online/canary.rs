//! Card numbers and security codes go in by every door and are found nowhere after.

use std::fs::{self, File};
use std::path::Path;

use super::{ENTITY, TEST_CARD, ask, card, code, id, in_test_mode, show};
use crate::http::Reply;
use crate::secrecy::check_log;
use crate::server::{Folder, OPERATOR_KEY, Server, serve_on};

/// Numbers that nobody has, of two brands, and a security code that nothing else looks like.
const CANARIES: [&str; 2] = ["4716891372458967", "5553946172839403"];
const CODE: &str = "9047";
/// An American Express number, whose code has four digits.
const FOUR_DIGITS: &str = "377777777777770";

/// Method: cards are paid with, kept, declined, challenged and refused, from a server and on the
/// page, with good and with bad requests, at the most talkative log level. Then all answers, the
/// log, the figures, the events and every file of the data directory are searched.
#[test]
fn a_card_is_found_nowhere() {
    let folder = Folder::with_demo("canary");
    let log = Folder::new("canary-log");
    let log_file = log.path().join("log");
    let mut serve = in_test_mode(serve_on(folder.path()));
    serve.args(["--log-level", "trace", "--log-format", "json"]);
    serve.stderr(File::create(&log_file).unwrap());
    let mut server = Server::start(serve);
    let mut said = Vec::new();
    for canary in CANARIES {
        said.extend(from_a_server(&server, canary));
        said.extend(on_the_page(&server, canary));
    }
    said.extend(with_a_long_code(&server));
    for path in ["/metrics", "/readyz?verbose", "/operator/v1/events?limit=200"] {
        said.push(server.get(path, OPERATOR_KEY).body);
    }
    assert!(server.terminate().success());
    let log = fs::read_to_string(&log_file).unwrap();
    check_log(&log);
    for text in said.iter().chain([&log]) {
        for canary in CANARIES {
            assert!(!text.contains(canary), "a number was told: {text}");
        }
        assert!(!is_code_in(text), "a code was told: {text}");
    }
    let kept = said.iter().filter(|text| text.contains("\"registrationId\"")).count();
    assert!(kept >= CANARIES.len(), "cards were kept");
    search(folder.path());
}

/// Every way of this contract, good and bad.
fn from_a_server(server: &Server, number: &str) -> Vec<String> {
    let brand = if number.starts_with('5') { "MASTER" } else { "VISA" };
    let card = |kind: &str, amount: &str| {
        card(number, kind, amount).replace("VISA", brand).replace("cvv=123", "cvv=904")
    };
    let paid = ask(server, "payments", &format!("{}&createRegistration=true", card("PA", "10.00")));
    assert_eq!(code(&paid), super::SUCCESS, "{}", paid.body);
    let mut said = vec![paid.body.clone()];
    let path = format!("payments/{}", id(&paid));
    let declined = card("DB", "10.00").replace("Dag+Demo", "800.100.153");
    let challenged =
        format!("{}&customParameters[3DS2_enrolled]=true&{RESULT_URL}", card("DB", "11.00"));
    let good = [
        ask(server, &path, "paymentType=CP&amount=4.00"),
        ask(server, &path, "paymentType=RF&amount=1.00"),
        ask(server, "payments", &declined),
        ask(server, "payments", &challenged),
        ask(server, "registrations", &card("DB", "10.00")),
        show(server, &path),
        show(server, &format!("query/{}", id(&paid))),
    ];
    let bad = [
        ask(server, "payments", &card("DB", "x")),
        ask(server, "payments", &card("DB", "10.00").replace("2034", "1999")),
        ask(server, "payments", &card("DB", "10.00").replace("cvv=904", "cvv=9047")),
        ask(server, "payments", &card("DB", "10.00").replace("cvv=904", "cvv=%zz904")),
        ask(server, "payments", &format!("{}&card.number={number}", card("DB", "10.00"))),
        ask(server, "payments", &format!("{}&{number}=1", card("XX", "10.00"))),
        ask(server, &path, &card("CP", "1000.00")),
        ask(server, &format!("payments/{number}"), &card("CP", "1.00")),
        show(server, &format!("payments/{number}")),
        show(server, &format!("registrations/{number}")),
        server.post("/v3/payments", super::TOKEN, &format!("{{\"card.number\":\"{number}\"}}")),
    ];
    said.extend(good.into_iter().chain(bad).map(|reply| reply.body));
    said
}

const RESULT_URL: &str = "shopperResultUrl=https%3A%2F%2Fshop.example%2Fdone";

/// The form of the page, filled in well and badly.
fn on_the_page(server: &Server, number: &str) -> Vec<String> {
    let form = format!("paymentType=DB&amount=12.00&currency=SEK&{RESULT_URL}");
    let checkout = id(&ask(server, "checkouts", &form));
    let send = |nonce: u32, fields: &str| -> Reply {
        let body = format!(
            "nonce={nonce:032x}&number={number}&holder=Al+Vi&month=05&year=34&cvv=904{fields}"
        );
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let path = format!("/checkout/{checkout}/card");
        server.connection().send("POST", &path, &headers, &body).unwrap()
    };
    let mut said = vec![
        send(1, "7x").body,
        send(2, "&month=13").body,
        send(3, "&holder=").body,
        send(4, "").body,
    ];
    let paid = show(server, &format!("checkouts/{checkout}/payment"));
    assert_eq!(code(&paid), super::SUCCESS, "{}", paid.body);
    said.push(paid.body);
    said.push(server.get(&format!("/checkout/{checkout}"), "").body);
    said
}

fn with_a_long_code(server: &Server) -> Vec<String> {
    let form = card(FOUR_DIGITS, "DB", "10.00").replace("VISA", "AMEX");
    let form = form.replace("cvv=123", &format!("cvv={CODE}"));
    let paid = ask(server, "payments", &form);
    assert_eq!(code(&paid), super::SUCCESS, "{}", paid.body);
    let wrong = ask(server, "payments", &form.replace("AMEX", "VISA"));
    let refused = ask(server, "payments", &card(TEST_CARD, "DB", "1.00").replace(ENTITY, ""));
    vec![paid.body, wrong.body, refused.body]
}

/// Whether a security code stands there as one: as a value, and not within a longer number.
fn is_code_in(text: &str) -> bool {
    text.match_indices(CODE).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + CODE.len()..].chars().next();
        let is_part = |next: Option<char>| next.is_some_and(|it| it.is_ascii_alphanumeric());
        let is_fraction = before == Some('.') || after == Some('.');
        !is_part(before) && !is_part(after) && !is_fraction
    })
}

/// Searches every file: the store, its write-ahead log, and what is beside them.
#[track_caller]
fn search(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in CANARIES.iter().copied().chain(["cvv", "\"9047\""]) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

//! What each answer looks like, word for word. A fixture has the requests, each on a line that
//! begins with `>`, and under each what comes back; set `UPDATE_EXPECT` to write it anew. `$1` is
//! the id in the first answer of the fixture.

use std::fmt::Write as _;

use expect_test::{ExpectFile, expect_file};

use super::*;
use crate::tenants::replace_words;

/// Sends what the fixture says, and compares what comes back. Ids that are given out are left out.
#[track_caller]
fn check(world: &World, fixture: &ExpectFile) {
    let mut transcript = String::new();
    let mut ids: Vec<String> = Vec::new();
    for line in fixture.data().lines().filter_map(|line| line.strip_prefix("> ")) {
        let mut parts = line.splitn(3, ' ').map(|part| {
            let named = ids.iter().enumerate().rev();
            named.fold(part.to_owned(), |part, (at, id)| part.replace(&format!("${}", at + 1), id))
        });
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let reply = call(world, &method, &path, &parts.next().unwrap_or_default());
        let body = reply.json();
        let new = ["id", "registrationId"].map(|name| body[name].as_str().map(str::to_owned));
        for id in new.into_iter().flatten().filter(|id| !ids.contains(id)).collect::<Vec<_>>() {
            ids.push(id);
        }
        let mut shown = serde_json::to_string_pretty(&body).unwrap();
        for (at, id) in ids.iter().enumerate() {
            shown = shown.replace(id.as_str(), &format!("${}", at + 1));
        }
        let entity = world.entity_id(3);
        shown = shown.replace(&entity, "<entity>");
        let build = body["buildNumber"].as_str().unwrap();
        shown = replace_words(&shown, build, "<build>");
        if body["id"].is_null() {
            shown = shown.replace(body["ndc"].as_str().unwrap(), "<ndc>");
        }
        if let Some(hash) = body["integrity"].as_str() {
            shown = shown.replace(hash, "<hash>");
        }
        let secret = &body["redirect"]["parameters"][0]["value"];
        if let Some(secret) = secret.as_str() {
            shown = shown.replace(secret, "<secret>");
        }
        writeln!(transcript, "> {line}\n{}\n{shown}", reply.status).unwrap();
    }
    fixture.assert_eq(&transcript);
}

#[test]
fn payments_and_what_follows() {
    check(&world(), &expect_file!["fixtures/payments.txt"]);
}

#[test]
fn payments_on_a_ledger_card() {
    check(&live(), &expect_file!["fixtures/ledger.txt"]);
}

#[test]
fn payments_over_swish() {
    let world = world();
    swish(&world);
    check(&world, &expect_file!["fixtures/swish.txt"]);
}

#[test]
fn kept_cards_and_checkouts() {
    check(&world(), &expect_file!["fixtures/registrations.txt"]);
}

#[test]
fn reports() {
    check(&world(), &expect_file!["fixtures/reports.txt"]);
}

#[test]
fn errors() {
    check(&world(), &expect_file!["fixtures/errors.txt"]);
}

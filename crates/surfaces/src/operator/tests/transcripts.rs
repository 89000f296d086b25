//! What each route answers, word for word. A fixture has the requests, each on a line that begins
//! with `>`, and under each what comes back; set `UPDATE_EXPECT` to write it anew.

use expect_test::{ExpectFile, expect_file};

use super::*;

/// Sends what the fixture says as an operator, and compares what comes back. `{A}` stands for the
/// number of the world's first account.
#[track_caller]
fn check(world: &World, fixture: &ExpectFile) {
    let mut transcript = String::new();
    for line in fixture.data().lines().filter_map(|line| line.strip_prefix("> ")) {
        let reply = operate(world, line);
        let (status, body) = (reply.status, without_instance(&reply.body));
        let location = reply.header("location");
        let arrow = if location.is_empty() { "" } else { " → " };
        writeln!(transcript, "> {line}\n{status}{arrow}{location}\n{body}").unwrap();
    }
    fixture.assert_eq(&transcript);
}

/// A body without the request's id.
fn without_instance(body: &str) -> String {
    let Some((before, rest)) = body.split_once("\"instance\":\"") else { return body.to_owned() };
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before}\"instance\":\"…\"{after}")
}

#[test]
fn companies_and_sellers() {
    check(&world(), &expect_file!["fixtures/companies.txt"]);
}

#[test]
fn accounts() {
    check(&world(), &expect_file!["fixtures/accounts.txt"]);
}

#[test]
fn cards() {
    check(&world(), &expect_file!["fixtures/cards.txt"]);
}

#[test]
fn credentials() {
    check(&world(), &expect_file!["fixtures/credentials.txt"]);
}

#[test]
fn statement_and_journal() {
    let world = world();
    let authorization = authorize(&world, "a-1", "300.00");
    purchase(&world, &authorization, "p-1", "100.00");
    correct(&world, "p-1", "c-1", "30");
    check(&world, &expect_file!["fixtures/journal.txt"]);
}

#[test]
fn the_clock_releases_what_is_due() {
    let world = world();
    authorize(&world, "a-1", "300.00");
    check(&world, &expect_file!["fixtures/clock.txt"]);
}

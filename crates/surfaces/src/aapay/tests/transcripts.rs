//! What each status looks like, word for word. A fixture has the requests, each on a line that
//! begins with `>`, and under each what comes back; set `UPDATE_EXPECT` to write it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::{ExpectFile, expect_file};

use super::*;
use crate::tenants::replace_words;

/// Sends what the fixture says, and compares what comes back. Numbers and names that are given out
/// are left out: they depend on what else is in the world.
#[track_caller]
fn check(world: &World, fixture: &ExpectFile) {
    let mut transcript = String::new();
    let mut given = BTreeMap::new();
    for line in fixture.data().lines().filter_map(|line| line.strip_prefix("> ")) {
        let mut parts = line.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let reply = call(world, method, path, parts.next().unwrap_or_default());
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let transaction = &body["response"]["request"]["transaction"];
        let count = given.len() + 1;
        for name in ["transactionId", "referenceId"] {
            if !transaction[name].is_null() {
                let value = transaction[name].to_string().replace('"', "");
                given.entry(value).or_insert_with(|| format!("<{name} {count}>"));
            }
        }
        let mut shown = serde_json::to_string_pretty(&body).unwrap();
        for (value, name) in &given {
            shown = replace_words(&shown, value, name);
        }
        writeln!(transcript, "> {line}\n{}\n{shown}", reply.status).unwrap();
    }
    fixture.assert_eq(&transcript);
}

#[test]
fn transactions_over_swish() {
    let world = world();
    swish(&world);
    check(&world, &expect_file!["fixtures/swish.txt"]);
}

#[test]
fn transactions_on_a_card() {
    check(&world(), &expect_file!["fixtures/card.txt"]);
}

#[test]
fn errors() {
    let world = world();
    swish_refuses(&world);
    check(&world, &expect_file!["fixtures/errors.txt"]);
}

//! Which crate may use which: the table that keeps the architecture one way.

use std::collections::BTreeSet;

use serde_json::Value;

use super::checkout::{items, metadata};
use super::{Finding, expect_none};

/// Each crate of the workspace with the crates of the workspace that it may depend on.
const EDGES: [(&str, &[&str]); 15] = [
    ("ledger", &[]),
    ("estate", &["ledger"]),
    ("payments", &["ledger"]),
    ("formats", &["ledger"]),
    ("clearing", &["estate", "formats", "ledger"]),
    ("connectors", &["ledger", "payments"]),
    ("simulators", &[]),
    ("store", &["ledger"]),
    ("engine", &["clearing", "connectors", "estate", "formats", "ledger", "payments", "store"]),
    ("surfaces", &["clearing", "engine", "estate", "formats", "ledger", "payments"]),
    ("bench", &[]),
    ("cluster", &[]),
    (
        "kassa",
        &[
            "bench",
            "clearing",
            "engine",
            "estate",
            "formats",
            "ledger",
            "payments",
            "simulators",
            "store",
            "surfaces",
        ],
    ),
    ("sim", &["clearing", "engine", "estate", "ledger", "payments", "simulators", "store"]),
    ("xtask", &["cluster"]),
];

/// What every crate's tests may use beside its edges, to stand on the memory store or on a server.
const FOR_TESTS: [&str; 4] = ["store", "engine", "ledger", "cluster"];

/// Crates that decide and do nothing else: no IO, no clock, no random numbers, no logging.
const PURE: [&str; 5] = ["ledger", "estate", "formats", "payments", "clearing"];

/// What a pure crate must not depend on.
const IMPURE: [&str; 8] =
    ["tokio", "serde", "serde_json", "rusqlite", "axum", "tracing", "rand", "getrandom"];

#[test]
fn crates_depend_only_as_the_table_says() {
    expect_none(
        &forbidden_edges(&metadata(&["--no-deps"])),
        "turn the dependency round, or pass what is needed as a value; a new edge is a decision \
         of its own: write it down in docs/decisions and add it to `EDGES` in \
         xtask/src/tidy/edges.rs",
    );
}

#[derive(Debug)]
struct Dependency<'a> {
    name: &'a str,
    only_for_tests: bool,
}

fn forbidden_edges(metadata: &Value) -> Vec<Finding> {
    let packages = items(&metadata["packages"]);
    let workspace: BTreeSet<&str> = packages.iter().map(name).collect();
    let mut findings = Vec::new();
    for package in packages {
        let mut found = |what: String| findings.push(finding(package, metadata, what));
        let dependencies: Vec<Dependency<'_>> =
            items(&package["dependencies"]).iter().map(dependency).collect();
        let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == name(package)) else {
            found(format!("`{}` is an unknown crate: give it a row in `EDGES`", name(package)));
            continue;
        };
        for Dependency { name: used, only_for_tests } in dependencies {
            if PURE.contains(&name(package)) && IMPURE.contains(&used) && !only_for_tests {
                found(format!("`{}` is pure and must not depend on `{used}`", name(package)));
            }
            let for_tests = only_for_tests && FOR_TESTS.contains(&used);
            if workspace.contains(used) && !allowed.contains(&used) && !for_tests {
                found(format!("`{}` must not depend on `{used}`", name(package)));
            }
        }
    }
    findings
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap_or_default()
}

/// A build script's dependency counts like a normal one.
fn dependency(value: &Value) -> Dependency<'_> {
    Dependency { name: name(value), only_for_tests: value["kind"].as_str() == Some("dev") }
}

fn finding(package: &Value, metadata: &Value, what: String) -> Finding {
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let path = manifest.strip_prefix(root).unwrap_or(manifest).trim_start_matches('/');
    Finding { path: path.to_owned(), line: 1, what }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::forbidden_edges;

    /// A workspace of `ledger`, `store`, `engine` and the crate under test, which depends on
    /// `used` as `kind` says; `expected` is the finding, or nothing.
    fn check(name: &str, kind: Option<&str>, used: &str, expected: &str) {
        let package = |name: &str, dependencies: serde_json::Value| {
            json!({
                "name": name,
                "manifest_path": format!("/w/crates/{name}/Cargo.toml"),
                "dependencies": dependencies,
            })
        };
        let others = ["ledger", "store", "engine"].into_iter().filter(|other| *other != name);
        let mut packages: Vec<_> = others.map(|other| package(other, json!([]))).collect();
        packages.push(package(name, json!([{ "name": used, "kind": kind }])));
        let findings = forbidden_edges(&json!({ "packages": packages, "workspace_root": "/w" }));
        let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(found.join("\n"), expected);
    }

    #[test]
    fn the_table_decides() {
        check("engine", None, "store", "");
        check("engine", None, "serde", "");
        let wrong_way = "crates/ledger/Cargo.toml:1: `ledger` must not depend on `store`";
        check("ledger", None, "store", wrong_way);
        check("ledger", Some("build"), "store", wrong_way);
        check("ledger", Some("dev"), "store", "");
        let skips = "crates/surfaces/Cargo.toml:1: `surfaces` must not depend on `store`";
        check("surfaces", None, "store", skips);
    }

    #[test]
    fn a_pure_crate_uses_nothing_that_acts() {
        let impure = "crates/ledger/Cargo.toml:1: `ledger` is pure and must not depend on `tokio`";
        check("ledger", None, "tokio", impure);
        check("ledger", Some("dev"), "tokio", "");
        check("ledger", None, "thiserror", "");
    }

    #[test]
    fn an_unknown_crate_is_told_what_to_do() {
        let unknown = "crates/helpers/Cargo.toml:1: `helpers` is an unknown crate: give it a row \
                       in `EDGES`";
        check("helpers", None, "serde", unknown);
    }
}

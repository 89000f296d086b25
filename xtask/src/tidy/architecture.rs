//! ARCHITECTURE.md is the map: it names each crate, and what it names is there.

use std::collections::BTreeSet;

use super::{Finding, checkout, expect_none};
use crate::process;

const MAP: &str = "ARCHITECTURE.md";

#[test]
fn the_map_and_the_land_agree() {
    let Some(map) = checkout::text(MAP) else {
        panic!("{MAP} is missing: write the page that names each folder under crates/");
    };
    let crates: BTreeSet<String> = checkout::paths()
        .iter()
        .filter_map(|path| path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
        .map(str::to_owned)
        .collect();
    let mut findings = unnamed_crates(&map, &crates);
    findings.extend(missing_paths(&map, |path| process::root().join(path).exists()));
    expect_none(
        &findings,
        "name each crate in ARCHITECTURE.md as `crates/<name>` with one line about what it is \
         for, and correct the paths of what moved",
    );
}

/// A crate is named as a path (`crates/ledger`, `ledger/`) or in backquotes; a word of a sentence
/// is no name.
fn unnamed_crates(map: &str, crates: &BTreeSet<String>) -> Vec<Finding> {
    let words: Vec<&str> =
        map.split(|next: char| next.is_whitespace() || "`()[]|,".contains(next)).collect();
    let named = |name: &str| {
        let folder = format!("crates/{name}");
        map.contains(&format!("`{name}`"))
            || words.iter().any(|word| {
                let path = word.trim_end_matches(['.', ':', ';']);
                path.strip_suffix('/') == Some(name)
                    || path == folder
                    || path.starts_with(&format!("{folder}/"))
            })
    };
    crates
        .iter()
        .filter(|name| !named(name))
        .map(|name| finding(1, format!("`crates/{name}` is not named")))
        .collect()
}

fn missing_paths(map: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in map.lines().enumerate() {
        for path in paths(line) {
            if !exists(path) {
                findings.push(finding(index + 1, format!("`{path}` does not exist")));
            }
        }
    }
    findings
}

/// The paths under `crates/` in `line`, each up to its first placeholder (`<name>`, `{a,b}`).
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crates/")
        .filter(|(at, _)| !line[..*at].ends_with(|next: char| next == '/' || is_part(next)))
        .map(|(at, _)| {
            let rest = &line[at..];
            let end = rest.find(|next: char| !is_part(next) && next != '/').unwrap_or(rest.len());
            rest[..end].trim_end_matches('.')
        })
}

fn is_part(next: char) -> bool {
    next.is_ascii_alphanumeric() || "._-".contains(next)
}

fn finding(line: usize, what: String) -> Finding {
    Finding { path: MAP.to_owned(), line, what }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{missing_paths, unnamed_crates};

    fn check_names(map: &str, expected: &[&str]) {
        let crates = BTreeSet::from(["ledger".to_owned(), "store".to_owned()]);
        let found: Vec<String> =
            unnamed_crates(map, &crates).into_iter().map(|finding| finding.what).collect();
        assert_eq!(found, expected, "{map}");
    }

    fn check_paths(map: &str, expected: &[&str]) {
        let land = ["crates/", "crates/ledger", "crates/ledger/src/", "crates/ledger/src/money.rs"];
        let found: Vec<String> = missing_paths(map, |path| land.contains(&path))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected, "{map}");
    }

    #[test]
    fn each_crate_is_named_as_a_path_or_in_backquotes() {
        check_names("`crates/ledger` and crates/store/src/lib.rs", &[]);
        check_names("crates/ledger, crates/store.", &[]);
        check_names("  ledger/  the rules\n  store/   the tables", &[]);
        check_names("| `ledger` | [rows](crates/store) |", &[]);
        check_names(
            "ledgers/ keep store.",
            &["`crates/ledger` is not named", "`crates/store` is not named"],
        );
    }

    #[test]
    fn each_path_exists_up_to_its_placeholder() {
        check_paths("`crates/ledger/src/money.rs`, crates/ledger.", &[]);
        check_paths("crates/ledger/src/<verb>.rs, crates/<name>, crates/{a,b}", &[]);
        check_paths("x\n`crates/purse`", &["ARCHITECTURE.md:2: `crates/purse` does not exist"]);
        check_paths("vendor/crates/purse and mycrates/purse", &[]);
    }
}

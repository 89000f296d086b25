//! Rules about foreign crates: their licences, and those that must not be there, or not twice.

use serde_json::Value;

use super::checkout::{self, items, metadata};
use super::spdx::satisfied;
use super::{Finding, expect_none};
use crate::process;

/// C libraries that must not come in, with the reason.
const BANNED: [(&str, &str); 2] = [
    ("aws-lc-sys", "a second TLS provider makes rustls panic when it starts; ours is ring"),
    ("openssl-sys", "TLS is rustls; OpenSSL would have to be installed wherever Kassa runs"),
];

/// C libraries of which only one copy may be in the program.
const SINGLE: [&str; 1] = ["libsqlite3-sys"];

#[test]
fn licences_are_on_the_list() {
    let policy = checkout::text("deny.toml").expect("deny.toml exists");
    let allowed = allowed_licences(&policy);
    assert!(allowed.iter().any(|licence| licence == "Apache-2.0"), "deny.toml allows our own");
    expect_none(
        &foreign_licences(&packages_of_this_platform(), &allowed),
        "choose another crate; or, where the licence puts no duty on who runs or changes Kassa, \
         add it to `allow` under `[licenses]` in deny.toml and say so in the commit",
    );
}

#[test]
fn unwanted_crates_are_absent() {
    expect_none(
        &unwanted(&packages_of_this_platform()),
        "find who brings it with `cargo tree --invert <crate>` and switch that feature off",
    );
}

#[test]
fn the_policy_bans_what_tidy_bans() {
    let policy = checkout::text("deny.toml").expect("deny.toml exists");
    let policy: toml::Table = policy.parse().expect("deny.toml is TOML");
    let denied = policy["bans"]["deny"].as_array().expect("deny.toml has a list `bans.deny`");
    let names: Vec<&str> = denied.iter().filter_map(|entry| entry["crate"].as_str()).collect();
    for name in BANNED.iter().map(|(name, _)| *name).chain(SINGLE) {
        assert!(names.contains(&name), "deny.toml: `bans.deny` lacks `{name}`");
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
}

/// All packages that a build for this machine may contain, those of the tests included.
fn packages_of_this_platform() -> Vec<Package> {
    let version = process::command("rustc", &["-vV"]).output().expect("rustc starts").stdout;
    let version = String::from_utf8_lossy(&version).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.expect("rustc names its host");
    packages(&metadata(&["--locked", "--filter-platform", host]))
}

fn packages(metadata: &Value) -> Vec<Package> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    items(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).unwrap_or_default(),
            version: text(&package["version"]).unwrap_or_default(),
            licence: text(&package["license"]),
        })
        .collect()
}

fn allowed_licences(policy: &str) -> Vec<String> {
    let policy: toml::Table = policy.parse().expect("deny.toml is TOML");
    let allowed = policy["licenses"]["allow"].as_array().expect("`licenses.allow` is a list");
    allowed.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

fn foreign_licences(packages: &[Package], allowed: &[String]) -> Vec<Finding> {
    packages
        .iter()
        .filter_map(|package| {
            let what = match &package.licence {
                None => "has no licence expression".to_owned(),
                Some(licence) => match satisfied(licence, allowed) {
                    Ok(true) => return None,
                    Ok(false) => format!("is under `{licence}`, which deny.toml does not allow"),
                    Err(error) => format!("has the licence `{licence}`: {error}"),
                },
            };
            Some(finding(package, &what))
        })
        .collect()
}

fn unwanted(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        if let Some((_, reason)) = BANNED.iter().find(|(name, _)| *name == package.name) {
            findings.push(finding(package, &format!("is banned: {reason}")));
        }
        let copies = packages.iter().filter(|other| other.name == package.name).count();
        if copies > 1 && SINGLE.contains(&package.name.as_str()) {
            findings.push(finding(package, "is there more than once"));
        }
    }
    findings
}

fn finding(package: &Package, what: &str) -> Finding {
    let what = format!("{} {} {what}", package.name, package.version);
    Finding { path: "Cargo.lock".to_owned(), line: line_in_lock(package), what }
}

/// The line of Cargo.lock that names the package and is followed by its version.
fn line_in_lock(package: &Package) -> usize {
    let lock = checkout::text("Cargo.lock").unwrap_or_default();
    let lines: Vec<&str> = lock.lines().collect();
    let name = format!("name = \"{}\"", package.name);
    let version = format!("version = \"{}\"", package.version);
    let position = lines.windows(2).position(|pair| pair == [name.as_str(), version.as_str()]);
    position.map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Package, allowed_licences, foreign_licences, packages, unwanted};

    fn package(name: &str, version: &str, licence: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.map(str::to_owned),
        }
    }

    fn check_licence(licence: Option<&str>, expected: &[&str]) {
        let allowed = allowed_licences("[licenses]\nallow = [\"MIT\"]\n");
        let findings = foreign_licences(&[package("purse", "1.0.0", licence)], &allowed);
        let found: Vec<String> = findings.into_iter().map(|finding| finding.what).collect();
        assert_eq!(found, expected);
    }

    fn check_unwanted(names: &[(&str, &str)], expected: &[&str]) {
        let packages: Vec<Package> =
            names.iter().map(|(name, version)| package(name, version, None)).collect();
        let found: Vec<String> = unwanted(&packages)
            .into_iter()
            .map(|finding| finding.what.split(':').next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn packages_are_read_from_metadata() {
        let metadata = json!({ "packages": [
            { "name": "a", "version": "1.0.0", "license": "MIT" },
            { "name": "b", "version": "2.0.0", "license": null },
        ] });
        let expected = [package("a", "1.0.0", Some("MIT")), package("b", "2.0.0", None)];
        assert_eq!(packages(&metadata), expected);
    }

    #[test]
    fn a_licence_is_there_and_allowed() {
        check_licence(Some("MIT"), &[]);
        check_licence(Some("ISC OR MIT"), &[]);
        check_licence(None, &["purse 1.0.0 has no licence expression"]);
        let foreign = "purse 1.0.0 is under `GPL-3.0-only`, which deny.toml does not allow";
        check_licence(Some("GPL-3.0-only"), &[foreign]);
        check_licence(
            Some("MIT OR"),
            &["purse 1.0.0 has the licence `MIT OR`: a licence is missing"],
        );
    }

    #[test]
    fn banned_and_doubled_libraries_are_found() {
        check_unwanted(&[("ring", "0.17.0"), ("libsqlite3-sys", "0.39.1")], &[]);
        check_unwanted(&[("syn", "2.0.0"), ("syn", "3.0.0")], &[]);
        check_unwanted(&[("aws-lc-sys", "0.30.0")], &["aws-lc-sys 0.30.0 is banned"]);
        check_unwanted(
            &[("libsqlite3-sys", "0.38.0"), ("libsqlite3-sys", "0.39.1")],
            &[
                "libsqlite3-sys 0.38.0 is there more than once",
                "libsqlite3-sys 0.39.1 is there more than once",
            ],
        );
    }
}

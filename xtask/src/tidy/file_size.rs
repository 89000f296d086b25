//! No file of the project is larger than 200 KB.

use super::{Finding, checkout, expect_none};
use crate::process;

const BYTES_MAX: u64 = 200 * 1024;

#[test]
fn no_file_is_large() {
    let sizes: Vec<(String, u64)> = checkout::paths()
        .into_iter()
        .filter_map(|path| {
            let bytes = process::root().join(&path).metadata().ok()?.len();
            Some((path, bytes))
        })
        .collect();
    expect_none(
        &large_files(&sizes),
        "split it, generate it in the build, or keep it out of the repository",
    );
}

/// Cargo writes Cargo.lock, and its length is not ours to choose.
fn large_files(sizes: &[(String, u64)]) -> Vec<Finding> {
    sizes
        .iter()
        .filter(|(path, bytes)| *bytes > BYTES_MAX && !path.ends_with("Cargo.lock"))
        .map(|(path, bytes)| Finding {
            path: path.clone(),
            line: 1,
            what: format!("{bytes} bytes, at most {BYTES_MAX}"),
        })
        .collect()
}

#[test]
fn the_limit_is_inclusive_and_spares_the_lock_file() {
    let sizes = [
        ("a.rs".to_owned(), BYTES_MAX),
        ("Cargo.lock".to_owned(), BYTES_MAX + 1),
        ("b.rs".to_owned(), BYTES_MAX + 1),
    ];
    let found: Vec<String> = large_files(&sizes).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["b.rs:1: 204801 bytes, at most 204800"]);
}

//! The `OpenAPI` documents in the repository are those that the code writes.

use std::fs;
use std::path::Path;

use crate::server::{Folder, kassa};

#[test]
fn the_openapi_documents_are_those_of_the_code() {
    let fresh = Folder::new("openapi");
    let output = kassa(&["openapi", "--out"]).arg(fresh.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi");
    assert!(
        files(&kept) == files(fresh.path()),
        "docs/openapi is stale; write it again with: cargo xtask openapi"
    );
    let names: Vec<String> = files(&kept).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "aapay.json",
        "access.json",
        "card-ledger.json",
        "clearing.json",
        "device.json",
        "operator.json",
        "payments.json",
        "terminals.json",
    ];
    assert_eq!(names, expected);
}

/// The names and texts of a folder's files, sorted.
fn files(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

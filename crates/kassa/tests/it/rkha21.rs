//! Acquirers' files made and checked from the command line.

use std::fs;
use std::path::Path;

use crate::server::{Folder, kassa, printed};

fn generate(file: &Path, more: &[&str]) -> String {
    let flags = ["--rows", "2000", "--card-token", "tok-1,tok-2", "--date", "2026-11-20"];
    printed(kassa(&["rkha21", "generate"]).arg(file).args(flags).args(more))
}

fn check(file: &Path, expected: i32) -> String {
    let output = kassa(&["rkha21", "check"]).arg(file).output().unwrap();
    assert_eq!(output.status.code(), Some(expected));
    assert!(output.stderr.is_empty(), "no bar where there is no terminal");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_made_up_day_is_in_order_and_comes_from_its_seed() {
    let folder = Folder::new("rkha21-made");
    let path = |name: &str| folder.path().join(name);
    let made = generate(&path("one"), &["--seed", "7"]);
    assert!(made.ends_with("one: 261120-8850-20-000001, 2000 rows\n"), "{made}");
    generate(&path("same"), &["--seed", "7"]);
    generate(&path("other"), &["--seed", "8"]);
    let bytes = fs::read(path("one")).unwrap();
    assert_eq!(bytes.len(), 2_002 * 382);
    assert_eq!(bytes, fs::read(path("same")).unwrap());
    assert_ne!(bytes, fs::read(path("other")).unwrap());
    let told = check(&path("one"), 0);
    assert!(told.starts_with("261120-8850-20-000001, acquirer batch 261120885020\n"), "{told}");
    assert!(told.ends_with("The file is in order.\n"), "{told}");

    let text = include_str!("../../../formats/profiles/rkha21-open-v1.txt");
    fs::write(path("profile"), text.replace("one-of 8850", "digits")).unwrap();
    let profile = path("profile");
    let flags = ["--sender", "1234", "--profile", profile.to_str().unwrap()];
    generate(&path("foreign"), &flags);
    let refused = check(&path("foreign"), 1);
    assert!(refused.contains("        1       9  sender is none of 8850\n"), "{refused}");
    let told = printed(kassa(&["rkha21", "check", "--profile"]).args([profile, path("foreign")]));
    assert!(told.starts_with("261120-1234-20-000001"), "{told}");
}

#[test]
fn every_fault_is_told_with_its_place() {
    let folder = Folder::new("rkha21-faults");
    let file = folder.path().join("file");
    generate(&file, &[]);
    let whole = fs::read(&file).unwrap();
    let mut lines: Vec<Vec<u8>> =
        whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines[2][41..44].copy_from_slice(b"???");
    lines[4][379] = b'x';
    let twice = lines[9].clone();
    lines.insert(10, twice);
    fs::write(&file, lines.concat()).unwrap();
    assert_eq!(
        check(&file, 1),
        "      row  column  reason\n\
         \x20       3      42  unknown currency `???`\n\
         \x20       5     380  these positions must be blank\n\
         \x20      11      18  acquirer-reference is the same as in line 10\n\
         \x20      11     118  source is the same as in line 10\n\
         \x20    2003      15  rows says 2000, but the rows come to 2001\n\n\
         5 faults: the file would be refused.\n"
    );
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let folder = Folder::new("rkha21-not-made");
    let file = folder.path().join("file");
    for (flags, expected) in [
        (["--card-token", "a b"], "card-token has a value that it cannot have"),
        (["--card-token", "a"], ""),
    ] {
        let output = kassa(&["rkha21", "generate"]).arg(&file).args(flags).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), expected.is_empty(), "{error}");
        assert!(error.contains(expected), "{error}");
        assert_eq!(file.exists(), expected.is_empty());
    }
    let again = kassa(&["rkha21", "generate", "--card-token", "a"]).arg(&file).output().unwrap();
    assert!(!again.status.success(), "a file that is there is left alone");
    check(&file, 0);
}

#[test]
fn a_table_becomes_a_file() {
    let folder = Folder::new("rkha21-table");
    let path = |name: &str| folder.path().join(name);
    let made = |file: &Path, expected: i32| {
        let flags = ["--date", "2026-11-20", "--serial", "17", "--from"];
        let mut command = kassa(&["rkha21", "generate"]);
        let output = command.arg(file).args(flags).arg(path("table")).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{error}");
        assert_eq!(file.exists(), expected == 0);
        String::from_utf8(output.stdout).unwrap()
    };
    let table = "kind,date,amount,currency,seller,card_token,source,corrects\n\
                 purchase,2026-11-19,300.50,SEK,654,5646735165,s-1,\n\
                 purchase-correction,2026-11-20,0.5,SEK,654,5646735165,s-2,s-1\n";
    fs::write(path("table"), table).unwrap();
    let told = made(&path("file"), 0);
    assert!(told.ends_with("file: 261120-8850-20-000017, 2 rows\n"), "{told}");
    let told = check(&path("file"), 0);
    assert!(
        told.contains("purchase                    SEK               1                300.50\n")
    );
    let bytes = fs::read(path("file")).unwrap();
    let row = String::from_utf8(bytes[382..764].to_vec()).unwrap();
    assert!(row.starts_with("0526111900000065401700000001+000000030050SEK"), "{row}");

    let faulty = format!(
        "{table}sale,2026-11-20,1,SEK,654,5646735165,s-3,\n\
         purchase,2026-11-20,0,SEK,654,5646735165,s-1,\n\
         purchase,2026-11-20,1,SEK,654,5646735165,s-1,\n\
         reversal,2026-11-20,1,SEK,654,5646 735165,s-1,\n"
    );
    fs::write(path("table"), faulty).unwrap();
    assert_eq!(
        made(&path("none"), 1),
        "     line  column                 reason\n\
         \x20       4  kind                   `sale` is no value of this column\n\
         \x20       5  amount                 amount has a value that it cannot have\n\
         \x20       6  source                 the same as in line 2\n\
         \x20       7  card_token             card-token has a value that it cannot have\n\n\
         4 faults: no file was made.\n"
    );
    let mut both = kassa(&["rkha21", "generate", "--from", "a", "--rows", "1", "b"]);
    assert_eq!(both.output().unwrap().status.code(), Some(2), "a table has its own rows");
}

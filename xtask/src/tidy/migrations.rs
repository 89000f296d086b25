//! Migrations are numbered from 1 without a gap, and each dialect has all of them.

use std::collections::BTreeMap;

use super::{Finding, checkout, expect_none};

const FOLDER: &str = "crates/store/migrations/";

#[test]
fn migrations_are_numbered_without_a_gap() {
    let paths = checkout::paths();
    let mut findings = misnumbered(&paths);
    let store_exists = paths.iter().any(|path| path == "crates/store/Cargo.toml");
    if store_exists && !paths.iter().any(|path| path.starts_with(FOLDER)) {
        findings.push(finding(FOLDER, "there is no migration here".to_owned()));
    }
    expect_none(
        &findings,
        "name a migration `crates/store/migrations/<dialect>/NNNN_what_it_does.sql`, with the \
         next free number and the same name in each dialect; never change one that is released",
    );
}

fn misnumbered(paths: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut dialects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths.iter().filter(|path| path.starts_with(FOLDER)) {
        let name = path.strip_prefix(FOLDER).and_then(|rest| rest.split_once('/'));
        match name {
            Some((dialect, file)) if number(file).is_some() => {
                dialects.entry(dialect).or_default().push(file);
            }
            _ => findings.push(finding(path, "this is not the name of a migration".to_owned())),
        }
    }
    for (dialect, files) in &mut dialects {
        files.sort_unstable();
        for (expected, file) in (1..).zip(files.iter()) {
            if number(file) != Some(expected) {
                let path = format!("{FOLDER}{dialect}/{file}");
                findings.push(finding(&path, format!("number {expected:04} belongs here")));
                break;
            }
        }
    }
    findings.extend(uneven(&dialects));
    findings
}

/// The migrations that one dialect has and another has not.
fn uneven(dialects: &BTreeMap<&str, Vec<&str>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (dialect, files) in dialects {
        for (other, other_files) in dialects {
            for file in other_files.iter().filter(|file| !files.contains(file)) {
                let what = format!("`{dialect}` lacks this migration");
                findings.push(finding(&format!("{FOLDER}{other}/{file}"), what));
            }
        }
    }
    findings
}

/// The number in `NNNN_what_it_does.sql`, or `None` when the name is another.
fn number(file: &str) -> Option<u32> {
    let (digits, words) = file.strip_suffix(".sql")?.split_once('_')?;
    let plain = |next: char| next == '_' || next.is_ascii_lowercase() || next.is_ascii_digit();
    if digits.len() != 4 || words.is_empty() || !words.chars().all(plain) {
        return None;
    }
    digits.parse().ok()
}

fn finding(path: &str, what: String) -> Finding {
    Finding { path: path.to_owned(), line: 1, what }
}

#[cfg(test)]
mod tests {
    use super::{FOLDER, misnumbered};

    fn check(files: &[&str], expected: &[&str]) {
        let paths: Vec<String> = files.iter().map(|file| format!("{FOLDER}{file}")).collect();
        let found: Vec<String> = misnumbered(&paths)
            .iter()
            .map(|finding| finding.to_string().replace(FOLDER, ""))
            .collect();
        assert_eq!(found, expected, "{files:?}");
    }

    #[test]
    fn numbers_run_from_one() {
        check(&[], &[]);
        check(&["sqlite/0001_books.sql", "sqlite/0002_journal.sql"], &[]);
        let second = "sqlite/0003_timers.sql:1: number 0002 belongs here";
        check(&["sqlite/0001_books.sql", "sqlite/0003_timers.sql"], &[second]);
        let twice = "sqlite/0001_journal.sql:1: number 0002 belongs here";
        check(&["sqlite/0001_books.sql", "sqlite/0001_journal.sql"], &[twice]);
        check(&["sqlite/0000_books.sql"], &["sqlite/0000_books.sql:1: number 0001 belongs here"]);
    }

    #[test]
    fn names_have_one_form() {
        for file in ["1_books.sql", "0001.sql", "0001_Books.sql", "0001_.sql", "books.sql"] {
            let expected = format!("sqlite/{file}:1: this is not the name of a migration");
            check(&[&format!("sqlite/{file}")], &[&expected]);
        }
        check(&["0001_books.sql"], &["0001_books.sql:1: this is not the name of a migration"]);
    }

    #[test]
    fn dialects_have_the_same_migrations() {
        check(&["postgres/0001_books.sql", "sqlite/0001_books.sql"], &[]);
        check(
            &["postgres/0001_books.sql", "sqlite/0001_books.sql", "sqlite/0002_timers.sql"],
            &["sqlite/0002_timers.sql:1: `postgres` lacks this migration"],
        );
    }
}

//! Rules about single lines: their length, the first line of a module, and words that must go.

use std::path::Path;

use super::rust_text::mask;
use super::{Finding, checkout, expect_none};

const COLUMNS_MAX: usize = 100;

// Written in two parts, so that this file keeps its own rule.
const FIX: &str = concat!("FIX", "ME");
const TO_DO: &str = concat!("TO", "DO");

/// What must not be in source that is finished, in any text file that we write by hand.
const WORD_EXTENSIONS: [&str; 4] = ["rs", "sql", "toml", "yml"];

#[test]
fn no_line_is_long() {
    let findings: Vec<Finding> = checkout::texts("rs")
        .iter()
        .filter(|(path, _)| !path.split('/').any(|part| part == "fixtures"))
        .flat_map(|(path, source)| long_lines(path, source))
        .collect();
    expect_none(
        &findings,
        "break the line; continue a string with `\\` at the end of the line, and put recorded \
         answers into a `fixtures` folder",
    );
}

#[test]
fn each_module_says_what_it_is_for() {
    let findings: Vec<Finding> = checkout::texts("rs")
        .iter()
        .filter_map(|(path, source)| undocumented_module(path, source))
        .collect();
    expect_none(
        &findings,
        "start the file with `//!` and one line about what it is for; say its invariant in a \
         second sentence",
    );
}

#[test]
fn nothing_is_left_unfinished() {
    let findings: Vec<Finding> = WORD_EXTENSIONS
        .iter()
        .flat_map(|extension| checkout::texts(extension))
        .flat_map(|(path, text)| unfinished(&path, &text))
        .collect();
    expect_none(
        &findings,
        &format!(
            "finish it now, or open an issue and leave a note with its number: `{TO_DO}(#12)`"
        ),
    );
}

fn long_lines(path: &str, source: &str) -> Vec<Finding> {
    let long = |(_, line): &(usize, &str)| line.chars().count() > COLUMNS_MAX;
    source
        .lines()
        .enumerate()
        .filter(long)
        .map(|(index, line)| Finding {
            path: path.to_owned(),
            line: index + 1,
            what: format!("{} columns, at most {COLUMNS_MAX}", line.chars().count()),
        })
        .collect()
}

fn undocumented_module(path: &str, source: &str) -> Option<Finding> {
    let first = source.lines().next().unwrap_or_default();
    let says_something = first.strip_prefix("//!").is_some_and(|text| !text.trim().is_empty());
    (!says_something).then(|| Finding {
        path: path.to_owned(),
        line: 1,
        what: "the module does not start with `//!`".to_owned(),
    })
}

fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    let is_rust = Path::new(path).extension().is_some_and(|extension| extension == "rs");
    let masked = if is_rust { mask(text) } else { String::new() };
    let mut findings = Vec::new();
    let mut found = |line: usize, what: String| {
        findings.push(Finding { path: path.to_owned(), line, what });
    };
    for (index, line) in text.lines().enumerate() {
        if has_word(line, FIX) {
            found(index + 1, format!("{FIX} is left"));
        }
        if has_word(line, TO_DO) && !line.contains(&format!("{TO_DO}(#")) {
            found(index + 1, format!("{TO_DO} without the number of an issue"));
        }
    }
    for (index, line) in masked.lines().enumerate() {
        for name in ["dbg!", "todo!", "unimplemented!"] {
            if has_word(line, name) {
                found(index + 1, format!("`{name}` is left"));
            }
        }
    }
    findings
}

/// Whether `word` stands in `line` with no letter, digit or underscore before or behind it.
fn has_word(line: &str, word: &str) -> bool {
    let is_word = |next: char| next == '_' || next.is_alphanumeric();
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let behind = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && (word.ends_with('!') || !behind.is_some_and(is_word))
    })
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS_MAX, FIX, TO_DO, long_lines, undocumented_module, unfinished};

    fn check_unfinished(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<String> =
            unfinished(path, text).iter().map(|finding| finding.what.clone()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn columns_are_characters() {
        let edge = "å".repeat(COLUMNS_MAX);
        assert_eq!(long_lines("a.rs", &edge), []);
        let findings = long_lines("a.rs", &format!("\n{edge}x\n"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].to_string(), "a.rs:2: 101 columns, at most 100");
    }

    #[test]
    fn a_module_starts_with_words() {
        assert_eq!(undocumented_module("a.rs", "//! Ids.\n"), None);
        for source in ["", "//!\n", "use x;\n//! Ids.\n", "/// Ids.\n", "\n//! Ids.\n"] {
            assert!(undocumented_module("a.rs", source).is_some(), "{source:?}");
        }
    }

    #[test]
    fn unfinished_work_is_found_where_it_counts() {
        check_unfinished("a.rs", "fn f() { dbg!(1); }", &["`dbg!` is left"]);
        check_unfinished("a.rs", "fn f() { todo!() }", &["`todo!` is left"]);
        check_unfinished("a.rs", "fn f() { unimplemented!() }", &["`unimplemented!` is left"]);
        check_unfinished("a.rs", "// `todo!` in words, and mytodo!() in code\nmytodo!();", &[]);
        check_unfinished("a.sql", "-- dbg! is no SQL", &[]);
        check_unfinished("a.rs", &format!("// {FIX}: soon"), &[&format!("{FIX} is left")]);
        check_unfinished("a.rs", &format!("// {FIX}S and A{TO_DO}"), &[]);
        check_unfinished("a.rs", &format!("// {TO_DO}(#12): later"), &[]);
        let without_issue = format!("-- {TO_DO}: later");
        check_unfinished(
            "a.sql",
            &without_issue,
            &[&format!("{TO_DO} without the number of an issue")],
        );
    }
}

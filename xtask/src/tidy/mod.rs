//! The rules of the house that the compiler does not check, as tests.
//!
//! Each rule is a function from text to findings, tested on small inputs beside it, and one test
//! that runs it over the checkout and says for each finding where it is and what to do instead.

mod architecture;
mod checkout;
mod dependencies;
mod edges;
mod entry_point;
mod file_size;
mod functions;
mod lines;
mod migrations;
mod rust_text;
mod spdx;

use std::fmt;

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    /// Path from the root of the repository.
    path: String,
    /// Counted from 1.
    line: usize,
    /// What is wrong.
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails the test with every finding and with what to do instead.
fn expect_none(findings: &[Finding], instead: &str) {
    if findings.is_empty() {
        return;
    }
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    panic!("\n{}\n\nInstead: {instead}\n", lines.join("\n"));
}

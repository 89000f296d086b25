//! `kassa verify`: runs the audit over the whole store and prints each invariant with its figure.

use std::process::ExitCode;

use anyhow::Context as _;
use ledger::audit::{Auditor, Invariant, Verification};
use serde_json::json;
use store::Record;

use crate::installation::open_for_reading;
use crate::settings::StoreSettings;
use crate::terminal::say;

/// Checks everything. The exit code is 1 when something is broken.
///
/// # Errors
/// When the store cannot be read at all.
pub(crate) fn run(settings: &StoreSettings, json: bool) -> anyhow::Result<ExitCode> {
    let mut reader = open_for_reading(settings)?.open().context("could not read the store")?;
    let mut auditor = Auditor::new();
    let seen = reader.audit(&mut |record| match record {
        Record::Row(row) => auditor.row(&row),
        Record::Seal(seal) => auditor.seal(&seal),
        Record::Account(account) => auditor.account(&account),
        Record::Key(key, row) => auditor.key(key, row),
        Record::Document(document) => auditor.document(&document),
        Record::Name(name, id) => auditor.name(&name, id),
        Record::Listed(list, id) => auditor.listed(&list, id),
        Record::Unreadable(what) => auditor.unreadable(&what),
    });
    seen.context("could not read the store to its end")?;
    let verification = auditor.finish();
    if json {
        say(&as_json(&verification));
    } else {
        say(as_text(&verification).trim_end());
    }
    Ok(if verification.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(verification: &Verification) -> String {
    let invariants = verification.invariants.iter().map(|invariant| {
        json!({
            "name": invariant.name,
            "ok": invariant.ok,
            "figure": invariant.figure,
            "first_broken": invariant.first_broken,
        })
    });
    let invariants: Vec<_> = invariants.collect();
    json!({ "ok": verification.is_ok(), "invariants": invariants }).to_string()
}

fn as_text(verification: &Verification) -> String {
    let names = verification.invariants.iter().map(|invariant| invariant.name.len());
    let width = names.max().unwrap_or(0);
    let mut lines: Vec<String> =
        verification.invariants.iter().map(|invariant| line(invariant, width)).collect();
    let broken = verification.invariants.iter().filter(|invariant| !invariant.ok).count();
    lines.push(String::new());
    lines.push(match broken {
        0 => format!("All {} invariants hold.", verification.invariants.len()),
        1 => "1 invariant is broken.".to_owned(),
        _ => format!("{broken} invariants are broken."),
    });
    lines.join("\n")
}

fn line(invariant: &Invariant, width: usize) -> String {
    let verdict = if invariant.ok { "ok    " } else { "BROKEN" };
    let Invariant { name, figure, .. } = invariant;
    let first = match &invariant.first_broken {
        Some(first) => format!("\n        first: {first}"),
        None => String::new(),
    };
    format!("{verdict}  {name:width$}  {figure:>14}{first}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invariant(name: &'static str, figure: i64, first_broken: Option<&str>) -> Invariant {
        let first_broken = first_broken.map(str::to_owned);
        Invariant { name, ok: first_broken.is_none(), figure, first_broken }
    }

    #[test]
    fn the_report_is_aligned_and_names_what_is_broken() {
        let chain = invariant("chain-unbroken", 12, None);
        let sound = Verification { invariants: vec![chain.clone()] };
        check(&sound, "ok      chain-unbroken              12\n\nAll 1 invariants hold.");
        let broken = invariant("sums", -5, Some("transaction 7: posts 5"));
        check(
            &Verification { invariants: vec![chain, broken] },
            "ok      chain-unbroken              12\n\
             BROKEN  sums                        -5\n        first: transaction 7: posts 5\n\n\
             1 invariant is broken.",
        );
    }

    #[track_caller]
    fn check(verification: &Verification, expected: &str) {
        assert_eq!(as_text(verification), expected);
    }

    #[test]
    fn the_json_is_one_line() {
        let verification = Verification { invariants: vec![invariant("sums", 0, Some("row 3"))] };
        assert_eq!(
            as_json(&verification),
            concat!(
                r#"{"invariants":[{"figure":0,"first_broken":"row 3","#,
                r#""name":"sums","ok":false}],"ok":false}"#,
            )
        );
    }
}

//! Scopes are read again, findings have their names, and a comparison may be made again.

use std::sync::Arc;

use ledger::journal::Head;
use ledger::{Directory, Fingerprint, Key, RowId};

use super::*;
use crate::command::Command;
use crate::exception::{Exception, Reason};
use crate::matching::compare;

fn books() -> Books {
    Books::new(Arc::new(Directory::default()), RowId(0), Head::default())
}

fn item(reference: &str, amount_minor: i64) -> Item {
    Item {
        reference: reference.to_owned(),
        within: "100".to_owned(),
        kind: "purchase".to_owned(),
        is_settled: false,
        amount_minor,
        currency: Currency::SEK,
        company: Some("100".to_owned()),
        seller: None,
        day: Date::parse("2026-11-20"),
        number: 7,
        place: "transaction 7".to_owned(),
    }
}

fn scopes() -> [Scope; 2] {
    let day = Date::parse("2026-11-30").unwrap();
    [Scope::Batch("261130885020".to_owned()), Scope::Psp { mapping: "a-b".to_owned(), day }]
}

fn begin(books: &mut Books, scope: &Scope, sha256: Option<&str>) -> (Reconciliation, bool) {
    begin_under(books, None, scope, sha256).unwrap()
}

/// As [`begin`], under a key and with what a request asks hashed to a number.
fn begin_under(
    books: &mut Books,
    key: Option<(u8, u8)>,
    scope: &Scope,
    sha256: Option<&str>,
) -> Result<(Reconciliation, bool), Refusal> {
    let idempotency = key.map(|(key, request)| Idempotency {
        key: Key([key; 16]),
        fingerprint: Fingerprint([request; 16]),
    });
    let command = Command::BeginReconciliation(BeginReconciliation {
        scope: scope.clone(),
        sha256: sha256.map(str::to_owned),
        actor: "test".to_owned(),
        idempotency,
    });
    let answer = command.decide(books, Timestamp(1))?;
    let Outcome::Reconciliation(found) = answer.done else { panic!("{answer:?}") };
    Ok((*found, answer.replayed))
}

fn end(books: &mut Books, reconciliation: i64, sums: Sums) -> Result<Answer, Refusal> {
    let command = Command::EndReconciliation(EndReconciliation {
        reconciliation,
        sums,
        fees: Fees::new(),
        files: vec![],
    });
    command.decide(books, Timestamp(2))
}

#[test]
fn what_is_written_is_read_again() {
    for scope in scopes() {
        assert_eq!(Scope::parse(&scope.name()), Some(scope.clone()));
        let mut sums = Sums::new();
        let found = compare(vec![item("a", 1), item("b", 2)], vec![item("a", 1)]);
        for finding in &found {
            count(&mut sums, finding);
        }
        let reconciliation = Reconciliation {
            number: 9,
            scope,
            is_ended: true,
            sha256: Some("0".repeat(64)),
            sums,
            fees: [("SEK", 150), ("JPY", -2)].into(),
            started_at: Timestamp(1),
            ended_at: Some(Timestamp(2)),
            actor: "Åsa".to_owned(),
        };
        assert_eq!(Reconciliation::of(&reconciliation.document()), Some(reconciliation));
    }
    for bad in ["", "batch", "psp:a", "psp:a/b", "other:a"] {
        assert_eq!(Scope::parse(bad), None, "{bad}");
    }
}

#[test]
fn findings_have_names_that_follow_from_them() {
    let [batch, psp] = scopes();
    let ours = vec![item("a", 1), item("b", 2), item("c", 3)];
    let theirs = vec![item("a", 1), item("b", 3), item("d", 4), item("d", 4), item("d", 4)];
    let found = compare(ours, theirs);
    let names = |scope: &Scope| -> Vec<String> {
        let raised = found.iter().filter_map(|finding| scope.exception(finding));
        raised.map(|what| what.origin.name()).collect()
    };
    assert_eq!(
        names(&batch),
        [
            "exception:batch:261130885020/amount-differs/purchase/100/b",
            "exception:batch:261130885020/missing/purchase/100/c",
            "exception:batch:261130885020/extra/purchase/100/d",
            "exception:batch:261130885020/duplicate/purchase/100/d",
            "exception:batch:261130885020/duplicate/purchase/100/d/2",
        ]
    );
    let what = batch.exception(found.get(2).unwrap()).unwrap();
    assert_eq!((what.reason, what.transaction, what.payment), (Reason::Missing, Some(7), None));
    assert_eq!(what.detail, "it is in the ledger, and not in the acquirer's files (transaction 7)");
    let what = psp.exception(found.get(2).unwrap()).unwrap();
    assert_eq!((what.transaction, what.payment, what.batch), (None, Some(7), None));
    let all: std::collections::BTreeSet<String> = names(&batch).into_iter().collect();
    assert_eq!(all.len(), 5, "no two are called alike");
}

#[test]
fn a_comparison_may_be_made_again_and_finds_nothing_twice() {
    let (mut books, [batch, psp]) = (books(), scopes());
    let found = compare(vec![item("a", 1)], Vec::new());
    let findings: Vec<_> = found.iter().filter_map(|it| batch.exception(it)).collect();
    let raise = Command::RaiseFindings(RaiseFindings { findings });
    let (first, _) = begin(&mut books, &batch, None);
    raise.decide(&mut books, Timestamp(1)).unwrap();
    // It is cut off here, and begun again.
    let (second, replayed) = begin(&mut books, &batch, None);
    assert_eq!((second.number, replayed, second.is_ended), (first.number, false, false));
    raise.decide(&mut books, Timestamp(1)).unwrap();
    end(&mut books, first.number, Sums::new()).unwrap();
    let open = books.listed(crate::exception::EXCEPTIONS_OPEN).filter_map(Exception::of);
    assert_eq!(open.count(), 1);
    // The same report is compared once, another one anew.
    let (report, _) = begin(&mut books, &psp, Some("one"));
    assert!(!begin(&mut books, &psp, Some("one")).1, "it has not ended");
    end(&mut books, report.number, Sums::new()).unwrap();
    assert!(begin(&mut books, &psp, Some("one")).1);
    assert!(!begin(&mut books, &psp, Some("two")).1);
    assert_eq!(end(&mut books, 999, Sums::new()), Err(Refusal::ReconciliationNotFound));
}

/// A key stands for one request, whether something was compared for it or not.
#[test]
fn under_a_key_a_comparison_is_begun_once() {
    let (mut books, [batch, psp]) = (books(), scopes());
    let begin = |books: &mut Books, key, scope: &Scope, sha256| {
        let begun = begin_under(books, Some(key), scope, sha256);
        begun.map(|(found, replayed)| (found.number, found.is_ended, replayed))
    };
    let reused = Err(Refusal::IdempotencyKeyReused);
    let (number, ..) = begin(&mut books, (1, 1), &batch, None).unwrap();
    assert_eq!(begin(&mut books, (1, 1), &batch, None), Ok((number, false, true)), "cut off");
    assert_eq!(begin(&mut books, (1, 2), &psp, Some("one")), reused);
    end(&mut books, number, Sums::new()).unwrap();
    assert_eq!(begin(&mut books, (1, 1), &batch, None), Ok((number, true, true)));
    assert_eq!(begin(&mut books, (2, 1), &batch, None), Ok((number, false, false)), "again");
    let (report, ..) = begin(&mut books, (3, 3), &psp, Some("one")).unwrap();
    end(&mut books, report, Sums::new()).unwrap();
    assert_eq!(begin(&mut books, (4, 4), &psp, Some("one")), Ok((report, true, true)));
    assert_eq!(begin(&mut books, (4, 4), &psp, Some("one")), Ok((report, true, true)));
    assert_eq!(begin(&mut books, (4, 5), &psp, Some("two")), reused);
    // Another report has come since: the repeat is not compared in its place.
    let (other, _) = begin_under(&mut books, None, &psp, Some("two")).unwrap();
    assert_eq!(begin(&mut books, (3, 3), &psp, Some("one")), Ok((report, false, true)));
    assert!(other.waits_for(Some("two")) && !other.waits_for(Some("one")));
}

//! What every journal must show, whoever wrote it: the ledger's own audit, and beside it, in other
//! words, that nothing happened twice and nobody was lent more than allowed.

use std::collections::{BTreeMap, BTreeSet};

use ledger::audit::Auditor;
use ledger::change::ChangeKind;
use ledger::{Row, RowId, Seal, Transaction, TransactionKind};
use store::{Reader, Record};

/// Checks everything there is. Returns the newest seal, which stands for all rows.
#[track_caller]
pub(crate) fn check_journal(reader: &mut dyn Reader) -> Option<Seal> {
    let (mut auditor, mut journal, mut newest) = (Auditor::new(), Journal::default(), None);
    let visited = reader.audit(&mut |record| match record {
        Record::Row(row) => {
            auditor.row(&row);
            journal.row(&row);
        }
        Record::Seal(seal) => {
            auditor.seal(&seal);
            newest = Some(seal);
        }
        Record::Account(account) => auditor.account(&account),
        Record::Key(key, row) => auditor.key(key, row),
        Record::Document(document) => auditor.document(&document),
        Record::Name(name, id) => auditor.name(&name, id),
        Record::Listed(list, id) => auditor.listed(&list, id),
        Record::Unreadable(what) => panic!("unreadable: {what}"),
    });
    visited.unwrap();
    let verification = auditor.finish();
    assert!(verification.is_ok(), "{verification:#?}");
    newest
}

#[derive(Default)]
struct Journal {
    newest: RowId,
    /// Effects by the name that clients gave them.
    sources: BTreeSet<(i64, &'static str, String)>,
    ended: BTreeSet<i64>,
    limits: BTreeMap<i64, i64>,
    available: BTreeMap<i64, i64>,
}

impl Journal {
    fn row(&mut self, row: &Row) {
        assert_eq!(row.id().0, self.newest.0 + 1, "no gap");
        self.newest = row.id();
        match row {
            Row::Authorization(row) => {
                self.once(row.company.0, "authorization", &row.source);
                let available = self.available_after(row.account.0, row.balance);
                let before = self.available.insert(row.account.0, available);
                let is_lent = available < before.unwrap_or(i64::MAX);
                assert!(available >= 0 || !is_lent, "reserves what is not there: {row:?}");
            }
            Row::Transaction(row) => self.transaction(row),
            Row::Change(row) => {
                let Some(account) = row.account else { return };
                if matches!(row.kind, ChangeKind::AccountOpened | ChangeKind::AccountChanged) {
                    let limit = row.field("credit_limit").unwrap().parse().unwrap();
                    self.limits.insert(account.0, limit);
                }
                let available = self.available_after(account.0, row.balance);
                self.available.insert(account.0, available);
            }
        }
    }

    fn transaction(&mut self, row: &Transaction) {
        match row.kind {
            TransactionKind::Posting(kind) => self.once(row.company.0, kind.as_str(), &row.source),
            TransactionKind::Correction(_)
            | TransactionKind::Settlement
            | TransactionKind::Fee
            | TransactionKind::SettlementReturn => {
                self.once(row.company.0, row.kind.as_str(), &row.source);
            }
            TransactionKind::Cancellation | TransactionKind::Expiry => {
                let id = row.authorization.unwrap().0;
                assert!(self.ended.insert(id), "ended twice: {row:?}");
            }
        }
        let available = self.available_after(row.account.0, row.balance);
        let before = self.available.insert(row.account.0, available).unwrap();
        let is_overdrawn = available < 0 && available < before;
        assert_eq!(is_overdrawn, row.over_limit, "available {before} then {available}: {row:?}");
    }

    fn once(&mut self, company: i64, kind: &'static str, source: &str) {
        let is_first = self.sources.insert((company, kind, source.to_owned()));
        assert!(is_first, "{kind} {source:?} of company {company} happened twice");
    }

    fn available_after(&self, account: i64, balance: ledger::Balance) -> i64 {
        self.limits.get(&account).copied().unwrap_or(0) - balance.debt - balance.reserved
    }
}

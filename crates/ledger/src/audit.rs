//! The audit: recomputes everything that must hold from the journal alone, and compares it with
//! what is stored.
//!
//! A store shows an [`Auditor`] all that it holds, in one consistent state and in this order: rows
//! ascending, each seal right after its last row, then accounts, then keys, and documents with
//! what leads to them in any order. It needs memory for every account, card, company and seller,
//! for the authorizations and transactions between their row and the newest row that is made on
//! them, and a few bytes for every 256 rows or documents; never for every row.
//!
//! Invariant: an audit never panics, whatever it is shown; what is wrong is a finding.

mod chain;
mod found;
mod keys;
mod parents;
mod standing;

use crate::account::{Account, AccountKind, Balance};
use crate::authorization::{Authorization, AuthorizationState, DeclineReason};
use crate::authorize::authorization_key;
use crate::books::{cleared_by, cleared_key};
use crate::change::{Change, ChangeKind, ClearingChange};
use crate::correct::correction_key;
use crate::document::{Document, DocumentId};
use crate::ids::{AccountId, CardId, CompanyId, Fingerprint, Key, RowId, SellerId};
use crate::journal::{Row, Seal};
use crate::money::Currency;
use crate::pay_out::settlement_key;
use crate::post::{acquirer_key, posting_key};
use crate::time::Timestamp;
use crate::transaction::{Transaction, TransactionKind};
use chain::Chain;
use found::{Found, Lead};
use keys::Keys;
use parents::Parents;
use standing::{AccountNow, Standing};

/// The invariant that documents are found by the names and on the lists that they say, and by
/// nothing else.
pub const DOCUMENTS_FOUND: &str = "documents-found-as-they-say";

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// All invariants, in a fixed order.
    pub invariants: Vec<Invariant>,
}

/// One thing that must always hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// Whether it held everywhere.
    pub ok: bool,
    /// How many times it was checked; for `postings-sum-to-zero`, what is left over in minor units.
    pub figure: i64,
    /// The first record that breaks it, and how.
    pub first_broken: Option<String>,
}

impl Verification {
    /// Whether every invariant held.
    pub fn is_ok(&self) -> bool {
        self.invariants.iter().all(|invariant| invariant.ok)
    }
}

/// Is shown a store's content piece by piece, and says what does not hold.
#[derive(Debug, Default)]
pub struct Auditor {
    checks: Checks,
    chain: Chain,
    standing: Standing,
    parents: Parents,
    keys: Keys,
    found: Found,
}

/// The invariants, in the order in which they are reported.
#[derive(Debug, Default)]
struct Checks {
    rows_readable: Check,
    chain_unbroken: Check,
    accounts_opened: Check,
    postings_sum_to_zero: Check,
    balances_equal_entries: Check,
    reserved_equals_open: Check,
    approved_within_limit: Check,
    declined_for_cause: Check,
    declined_reserve_nothing: Check,
    no_overdraft_but_offline: Check,
    no_capture_over_authorization: Check,
    no_correction_over_transaction: Check,
    keys_used_once: Check,
    documents_found: Check,
}

/// One invariant so far.
#[derive(Debug, Default)]
struct Check {
    figure: i64,
    first_broken: Option<String>,
}

impl Check {
    /// Counts one check; `what` says what is wrong where it does not hold.
    fn that(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.figure = self.figure.saturating_add(1);
        if !holds {
            self.first_broken.get_or_insert_with(what);
        }
    }

    fn result<T>(&mut self, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => {
                self.that(true, String::new);
                Some(value)
            }
            Err(what) => {
                self.that(false, || what);
                None
            }
        }
    }

    fn named(self, name: &'static str) -> Invariant {
        let ok = self.first_broken.is_none();
        Invariant { name, ok, figure: self.figure, first_broken: self.first_broken }
    }
}

impl Auditor {
    /// An auditor that has seen nothing.
    pub fn new() -> Auditor {
        Auditor::default()
    }

    /// Shows it the next row.
    pub fn row(&mut self, row: &Row) {
        self.checks.rows_readable.that(true, String::new);
        self.chain.row(row, &mut self.checks.chain_unbroken);
        match row {
            Row::Authorization(row) => self.authorization(row),
            Row::Transaction(row) => self.transaction(row),
            Row::Change(row) => self.change(row),
        }
    }

    /// Shows it the seal of the rows since the last one.
    pub fn seal(&mut self, seal: &Seal) {
        self.chain.seal(seal, &mut self.checks.chain_unbroken);
    }

    /// Shows it a row that cannot be read: where, and why.
    pub fn unreadable(&mut self, what: &str) {
        self.checks.rows_readable.that(false, || what.to_owned());
    }

    /// Shows it an account as it is stored.
    pub fn account(&mut self, stored: &Account) {
        let checks = &mut self.checks;
        let name = || format!("account {}", stored.id.0);
        let Some(account) = self.standing.show_account(stored.id) else {
            checks.accounts_opened.that(false, || format!("{} has no opening, or two", name()));
            return;
        };
        let as_opened = account.company == stored.company
            && account.currency == stored.currency
            && account.kind == stored.kind;
        let as_changed = account.limit == stored.credit_limit && account.status == stored.status;
        checks.accounts_opened.that(as_opened, || format!("{} is not as opened", name()));
        checks.accounts_opened.that(as_changed, || format!("{} is not as last changed", name()));
        let debt = match account.kind {
            AccountKind::Credit | AccountKind::House(_) => account.debt,
            AccountKind::Payable(_) => 0,
        };
        let is_last = stored.last == account.last && stored.last_at == account.last_at;
        let agrees = i128::from(stored.balance.debt) == debt && is_last;
        checks.balances_equal_entries.that(agrees, || {
            format!("{} has debt {} after row {}", name(), stored.balance.debt, stored.last.0)
        });
        let reserved = i128::from(stored.balance.reserved);
        let agrees = reserved == account.reserved && reserved == account.open;
        checks.reserved_equals_open.that(agrees, || {
            format!("{} reserves {reserved}, its authorizations {}", name(), account.open)
        });
    }

    /// Shows it a key and the row that used it.
    pub fn key(&mut self, key: Key, row: RowId) {
        let newest = self.chain.newest();
        self.keys.key(key, row, newest, &mut self.checks.keys_used_once);
    }

    /// Shows it a document.
    pub fn document(&mut self, document: &Document) {
        self.found.document(document, &mut self.checks.documents_found);
    }

    /// Shows it a name and the document that is found by it.
    pub fn name(&mut self, name: &str, id: DocumentId) {
        self.found.lead(Lead::Name(name), id);
    }

    /// Shows it a list and a document that is on it.
    pub fn listed(&mut self, list: &str, id: DocumentId) {
        self.found.lead(Lead::List(list), id);
    }

    /// Ends the audit.
    pub fn finish(mut self) -> Verification {
        let checks = &mut self.checks;
        self.chain.finish(&mut checks.chain_unbroken);
        self.standing.finish(&mut checks.accounts_opened);
        self.parents.finish(checks);
        self.keys.finish(&mut checks.keys_used_once);
        self.found.finish(&mut checks.documents_found);
        let trial_balance = self.standing.trial_balance();
        let sums = &mut checks.postings_sum_to_zero;
        for ((company, currency), sum) in &trial_balance {
            let what = || format!("company {} has {sum} left over in {currency}", company.0);
            sums.that(*sum == 0, what);
        }
        let left_over = trial_balance.values().fold(0_i128, |all, sum| {
            all.saturating_add(i128::try_from(sum.unsigned_abs()).unwrap_or(i128::MAX))
        });
        sums.figure = i64::try_from(left_over).unwrap_or(i64::MAX);
        self.checks.report()
    }

    fn authorization(&mut self, row: &Authorization) {
        let checks = &mut self.checks;
        let id = RowId(row.id.0);
        let name = || format!("authorization {}", row.id.0);
        let is_consistent = row.declined.is_some() == (row.state == AuthorizationState::Declined);
        let is_inert = row.declined.is_none() || (row.taken == 0 && row.last_child == RowId(0));
        checks
            .declined_reserve_nothing
            .that(is_consistent && is_inert, || format!("{} is declined and in use", name()));
        self.parents.authorization(row, &mut checks.no_capture_over_authorization);
        if let Some(number) = self.standing.company_number(row.company) {
            self.keys.expect(authorization_key(number, &row.source), id);
        }
        let party = Party {
            row: id,
            company: row.company,
            seller: row.seller,
            account: row.account,
            kind: AccountKind::Credit,
            card: row.card,
            currency: row.currency,
        };
        let resolved = self.standing.resolve(&party, row.at);
        let resolved = checks.accounts_opened.result(resolved);
        let Some(account) = self.standing.account_mut(row.account) else { return };
        if let Some(blocked) = resolved {
            check_decision(row, account, blocked, checks);
        }
        if row.declined.is_none() && row.kind.reserves() {
            account.reserved = account.reserved.saturating_add(i128::from(row.amount));
        }
        account.open = account.open.saturating_add(i128::from(row.reserved()));
        link(account, checks, (id, row.at), row.previous, row.balance);
    }

    fn transaction(&mut self, row: &Transaction) {
        let id = RowId(row.id.0);
        self.parents.transaction(row, &mut self.checks);
        self.expect_keys(row);
        let party = Party {
            row: id,
            company: row.company,
            seller: row.seller,
            account: row.account,
            kind: row.kind.account_kind(),
            card: row.card,
            currency: row.currency,
        };
        let checks = &mut self.checks;
        let payable = self.standing.payable(&party, row.payable);
        checks.postings_sum_to_zero.that(payable.is_some() && row.posted >= 0, || {
            format!("transaction {} has no other side", id.0)
        });
        let moved = row.direction().map_or(0, |direction| direction.signed(row.posted));
        let moved = i128::from(moved);
        if let Some(payable) = payable {
            payable.debt = payable.debt.saturating_sub(moved);
        }
        let resolved = self.standing.resolve(&party, row.at);
        let resolved = checks.accounts_opened.result(resolved);
        let Some(account) = self.standing.account_mut(row.account) else { return };
        account.debt = account.debt.saturating_add(moved);
        account.reserved = account.reserved.saturating_sub(i128::from(row.released));
        if let Some(blocked) = resolved {
            check_flags(row, account, blocked, checks);
        }
        link(account, checks, (id, row.at), row.previous, row.balance);
    }

    fn expect_keys(&mut self, row: &Transaction) {
        let id = RowId(row.id.0);
        let Some(number) = self.standing.company_number(row.company) else { return };
        let (source, word) = match row.kind {
            TransactionKind::Posting(kind) => {
                (posting_key(number, kind, &row.source), kind.as_str())
            }
            TransactionKind::Correction(kind) => {
                (correction_key(number, kind, &row.source), row.kind.as_str())
            }
            TransactionKind::Settlement
            | TransactionKind::Fee
            | TransactionKind::SettlementReturn => {
                (settlement_key(number, row.kind, &row.source), row.kind.as_str())
            }
            TransactionKind::Cancellation | TransactionKind::Expiry => return,
        };
        self.keys.expect(source, id);
        if let Some(key) = acquirer_key(number, word, &row.references) {
            self.keys.expect(key, id);
        }
    }

    fn change(&mut self, row: &Change) {
        let opened = self.standing.apply(row);
        self.checks.accounts_opened.result(opened);
        // A card number's key is made from a hash that is not in the journal, and a request's
        // from a header that is not: there is one each, and what it is cannot be known.
        let has_pan = row.kind == ChangeKind::CardAdded && row.field("bin").is_some();
        let has_idempotency_key = row.fingerprint != Fingerprint::default();
        let count = i64::from(has_pan).saturating_add(i64::from(has_idempotency_key));
        self.keys.expect_unknown(row.id, count);
        if row.kind == ChangeKind::Clearing(ClearingChange::RowsPosted) {
            for transaction in cleared_by(row) {
                self.keys.expect(cleared_key(transaction), row.id);
            }
        }
        let Some(id) = row.account else { return };
        let Some(account) = self.standing.account_mut(id) else {
            let what = || format!("change {} is about account {}, which is none", row.id.0, id.0);
            self.checks.accounts_opened.that(false, what);
            return;
        };
        link(account, &mut self.checks, (row.id, row.at), row.previous, row.balance);
    }
}

/// Everyone that a row names.
#[derive(Clone, Copy, Debug)]
struct Party {
    row: RowId,
    company: CompanyId,
    seller: SellerId,
    account: AccountId,
    /// What that account must be.
    kind: AccountKind,
    card: Option<CardId>,
    currency: Currency,
}

/// An authorization is granted where nothing speaks against it, and declined for what does.
fn check_decision(
    row: &Authorization,
    account: &AccountNow,
    blocked: Option<DeclineReason>,
    checks: &mut Checks,
) {
    let available = account.available();
    let is_over = row.kind.reserves() && i128::from(row.amount) > available;
    let cause = blocked.or(is_over.then_some(DeclineReason::InsufficientFunds));
    let (id, amount) = (row.id.0, row.amount);
    match row.declined {
        None => checks.approved_within_limit.that(cause.is_none() && amount > 0, || {
            format!("authorization {id} takes {amount} of {available} in spite of {cause:?}")
        }),
        Some(reason) => checks.declined_for_cause.that(cause == Some(reason), || {
            format!("authorization {id} is declined for {reason:?}, not {cause:?}")
        }),
    }
}

/// Only what happened offline may overdraw an account or charge a blocked one, and it says so.
fn check_flags(
    row: &Transaction,
    account: &AccountNow,
    blocked: Option<DeclineReason>,
    checks: &mut Checks,
) {
    let is_offline = row.authorization.is_none() && row.corrects.is_none();
    let moved = row.direction().map_or(0, |direction| direction.signed(row.posted));
    let overdraws = account.available() < 0 && moved > row.released;
    let is_flagged = row.over_limit == overdraws
        && row.despite_block == (is_offline && blocked.is_some())
        && (is_offline || !overdraws);
    checks.no_overdraft_but_offline.that(is_flagged, || {
        format!("transaction {} leaves {} available", row.id.0, account.available())
    });
}

/// Compares what a row says about its account's chain and balance, and makes it the newest.
fn link(
    account: &mut AccountNow,
    checks: &mut Checks,
    (row, at): (RowId, Timestamp),
    previous: RowId,
    balance: Balance,
) {
    let follows = previous == account.last && at >= account.last_at;
    let agrees = follows && i128::from(balance.debt) == account.debt;
    checks.balances_equal_entries.that(agrees, || {
        format!("row {} has debt {} after row {}", row.0, balance.debt, previous.0)
    });
    let agrees = i128::from(balance.reserved) == account.reserved && account.reserved >= 0;
    checks.reserved_equals_open.that(agrees, || {
        format!("row {} has {} reserved, not {}", row.0, balance.reserved, account.reserved)
    });
    account.last = row;
    account.last_at = at;
}

impl Checks {
    fn report(self) -> Verification {
        let invariants = vec![
            self.rows_readable.named("rows-readable"),
            self.chain_unbroken.named("chain-unbroken"),
            self.accounts_opened.named("accounts-opened"),
            self.postings_sum_to_zero.named("postings-sum-to-zero"),
            self.balances_equal_entries.named("balances-equal-entries"),
            self.reserved_equals_open.named("reserved-equals-open-authorizations"),
            self.approved_within_limit.named("approved-within-limit"),
            self.declined_for_cause.named("declined-for-cause"),
            self.declined_reserve_nothing.named("declined-reserve-nothing"),
            self.no_overdraft_but_offline.named("no-overdraft-but-offline"),
            self.no_capture_over_authorization.named("no-capture-over-authorization"),
            self.no_correction_over_transaction.named("no-correction-over-transaction"),
            self.keys_used_once.named("keys-used-once"),
            self.documents_found.named(DOCUMENTS_FOUND),
        ];
        Verification { invariants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Head, Lane, Sealer};
    use crate::world::World;
    use crate::{AccountStatus, AuthorizationKind, House, PostingKind, TransactionId};

    /// Books in which everything has happened: `full`, `empty`, `held` and so on are source ids.
    const STORY: &str = "
        authorize source=full amount=500 card=new; purchase on=full source=p1 amount=100;
        purchase on=full source=p2 amount=50; correct of=p1 source=c1 amount=40;
        correct of=p1 source=c2 amount=10; authorize source=gone; cancel on=gone;
        authorize source=credit kind=reversal; reverse on=credit source=r1 amount=10;
        authorize source=refused amount=5000; authorize source=held amount=1;
        purchase offline source=o1 amount=2000 card=stolen batch=b ref=r;
        reverse offline source=r2 amount=3000; correct of=r2 kind=reversal source=c3 amount=1;
        authorize source=void kind=reversal; cancel on=void;
        add-card token=t pan=4111111111111111 key=k; change-card token=t;
        open name=N; add-card account=N token=n; authorize source=n card=n;
        change account=N limit=50; issue; add-seller number=656;
        authorize source=late valid-to=2026-11-20; at 2026-11-21T12:00:00Z; expire on=late;
        withdraw offline source=w1 amount=5;
        pay-out source=s1; pay-out source=s2 net=5 fee=0; return of=s2 source=x1;
        authorize source=last amount=2";

    fn story() -> World {
        let mut world = World::new();
        let answers = world.run_all(STORY);
        let refused = answers.iter().filter(|answer| answer.starts_with(char::is_uppercase));
        assert_eq!(refused.count(), 0, "{answers:?}");
        world
    }

    /// Tampers with the story, and demands that exactly these invariants are broken, each with a
    /// finding that starts like this.
    #[track_caller]
    fn check(tamper: impl FnOnce(&mut World), expected: &[(&str, &str)]) {
        let mut world = story();
        tamper(&mut world);
        check_findings(&world.verify(), &world, expected);
    }

    /// As `check`, with seals as if the tampered rows had been written like that.
    #[track_caller]
    fn check_resealed(tamper: impl FnOnce(&mut World), expected: &[(&str, &str)]) {
        let mut world = story();
        tamper(&mut world);
        reseal(&mut world);
        check_findings(&world.verify(), &world, expected);
    }

    #[track_caller]
    fn check_findings(found: &Verification, world: &World, expected: &[(&str, &str)]) {
        let broken = found.invariants.iter().filter(|invariant| !invariant.ok);
        let broken: Vec<(&str, &str)> = broken
            .map(|invariant| (invariant.name, invariant.first_broken.as_deref().unwrap()))
            .collect();
        assert_eq!(broken.len(), expected.len(), "{broken:?}");
        for ((name, what), (expected_name, record)) in broken.iter().zip(expected) {
            assert_eq!(name, expected_name, "{broken:?}");
            let record = record.split(' ').map(|word| named(word, world));
            let record = record.collect::<Vec<_>>().join(" ");
            assert!(what.starts_with(&record), "{what:?} is not about {record:?}");
        }
        assert_eq!(found.is_ok(), expected.is_empty());
    }

    /// `@source` is the row with that source id, `%name` the account of that name.
    fn named(text: &str, world: &World) -> String {
        if let Some(source) = text.strip_prefix('@') {
            return id_of(world, source).0.to_string();
        }
        match text.strip_prefix('%') {
            Some(name) => world.account(name).0.to_string(),
            None => text.to_owned(),
        }
    }

    fn id_of(world: &World, source: &str) -> RowId {
        let found = world.rows.values().find(|row| match row {
            Row::Authorization(row) => row.source == source,
            Row::Transaction(row) => row.source == source,
            Row::Change(_) => false,
        });
        found.expect("a row with this source id").id()
    }

    fn authorization<'w>(world: &'w mut World, source: &str) -> &'w mut Authorization {
        let id = id_of(world, source);
        match world.rows.get_mut(&id) {
            Some(Row::Authorization(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    fn transaction<'w>(world: &'w mut World, source: &str) -> &'w mut Transaction {
        let id = id_of(world, source);
        match world.rows.get_mut(&id) {
            Some(Row::Transaction(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    /// The first transaction of a kind.
    fn first(world: &mut World, kind: TransactionKind) -> &mut Transaction {
        let found = world.rows.values_mut().find_map(|row| match row {
            Row::Transaction(row) if row.kind == kind => Some(row),
            Row::Authorization(_) | Row::Transaction(_) | Row::Change(_) => None,
        });
        found.expect("a transaction of this kind")
    }

    /// The newest change of a kind.
    fn change(world: &mut World, kind: ChangeKind) -> &mut Change {
        let found = world.rows.values_mut().rev().find_map(|row| match row {
            Row::Change(row) if row.kind == kind => Some(row),
            Row::Authorization(_) | Row::Transaction(_) | Row::Change(_) => None,
        });
        found.expect("a change of this kind")
    }

    fn set(change: &mut Change, name: &str, value: &str) {
        let field = change.fields.iter_mut().find(|(named, _)| named == name);
        value.clone_into(&mut field.expect("a field").1);
    }

    fn stored<'w>(world: &'w mut World, name: &str) -> &'w mut Account {
        let id = world.account(name);
        world.accounts.get_mut(&id).expect("an account")
    }

    fn key_of(world: &World, row: RowId) -> Key {
        *world.keys.iter().find(|(_, user)| **user == row).expect("a key").0
    }

    fn reseal(world: &mut World) {
        let mut before = Head::default();
        for seal in world.seals.values_mut() {
            let mut sealer = Sealer::default();
            for (_, row) in world.rows.range(seal.first..=seal.last) {
                sealer.add(row);
            }
            *seal = sealer.finish(before, seal.at).expect("rows");
            before = Head::after(seal);
        }
    }

    #[test]
    fn what_was_written_by_the_verbs_is_in_order() {
        let world = story();
        let verification = world.verify();
        assert!(verification.is_ok(), "{verification:#?}");
        for invariant in &verification.invariants {
            // A sum, and what verbs of other crates write.
            let is_zero = ["postings-sum-to-zero", DOCUMENTS_FOUND];
            let is_zero = is_zero.contains(&invariant.name);
            assert_eq!(invariant.figure == 0, is_zero, "{invariant:?}");
        }
        let rows = i64::try_from(world.rows.len()).unwrap();
        assert_eq!(verification.invariants[0].figure, rows);
        assert!(Auditor::new().finish().is_ok(), "nothing is in order");
    }

    #[test]
    fn nothing_is_kept_of_rows_that_are_complete() {
        let mut auditor = Auditor::new();
        story().rows.values().for_each(|row| auditor.row(row));
        assert!(auditor.parents.is_empty());
    }

    #[test]
    fn rows_must_be_readable() {
        let mut auditor = Auditor::new();
        auditor.unreadable("row 7: bad kind");
        let found = auditor.finish();
        check_findings(&found, &story(), &[("rows-readable", "row 7: bad kind")]);
    }

    #[test]
    fn the_chain_must_be_unbroken() {
        let sealed = |what| [("chain-unbroken", what)];
        check(
            |w| transaction(w, "p1").receipt = Some("7".to_owned()),
            &sealed("the seal of row @p1"),
        );
        check(|w| authorization(w, "held").point_of_sale.clear(), &sealed("the seal of row @held"));
        check(
            |w| {
                w.seals.remove(&id_of(w, "p1"));
            },
            &sealed("the seal of row @p2"),
        );
        check(
            |w| {
                w.seals.pop_last();
            },
            &sealed("row @last is not sealed"),
        );
        check(
            |w| w.seals.get_mut(&id_of(w, "p1")).unwrap().hash = [7; 32],
            &sealed("the seal of row @p1"),
        );
        check_resealed(
            |w| authorization(w, "held").at = Timestamp(0),
            &[
                ("chain-unbroken", "row @held is older"),
                ("balances-equal-entries", "row @held has debt"),
            ],
        );
        check(
            |w| w.seals.get_mut(&id_of(w, "last")).unwrap().at = Timestamp(0),
            &sealed("row @last is older"),
        );
        let mut world = story();
        let id = id_of(&world, "refused");
        world.rows.remove(&id);
        let broken = |world: &World| world.verify().invariants[1].first_broken.clone().unwrap();
        assert_eq!(broken(&world), format!("the seal of row {} is not that of its rows", id.0));
        world.seals.remove(&id);
        let next = world.seals.range(id..).next().expect("a seal").1.last;
        assert_eq!(broken(&world), format!("the seal of row {} is not that of its rows", next.0));
    }

    #[test]
    fn each_lane_is_a_chain_of_its_own() {
        let mut world = story();
        let lanes = [Lane(0), Lane(1), Lane(2)];
        let mut heads = lanes.map(Head::start);
        for (count, seal) in world.seals.values_mut().enumerate() {
            let head = &mut heads[count % lanes.len()];
            let mut sealer = Sealer::default();
            world.rows.range(seal.first..=seal.last).for_each(|(_, row)| sealer.add(row));
            *seal = sealer.finish(*head, seal.at).expect("rows");
            *head = Head::after(seal);
        }
        assert!(world.verify().is_ok());
        let third = *world.seals.keys().nth(2).expect("a seal");
        let moved = Seal { lane: Lane(0), ..world.seals[&third].clone() };
        world.seals.insert(third, moved);
        assert!(!world.verify().is_ok(), "a seal is in the wrong lane");
    }

    #[test]
    fn accounts_must_be_as_opened_and_changed() {
        let is = |what| [("accounts-opened", what)];
        check(|w| stored(w, "A").credit_limit += 1, &is("account %A is not as last changed"));
        check(|w| stored(w, "D").status = AccountStatus::Active, &is("account %D is not as last"));
        check(|w| stored(w, "B").company = CompanyId(7), &is("account %B is not as opened"));
        check(
            |w| stored(w, "B").currency = Currency::parse("EUR").unwrap(),
            &is("account %B is not as opened"),
        );
        check(
            |w| stored(w, "B").kind = AccountKind::Payable(SellerId(2)),
            &is("account %B is not as opened"),
        );
        check(
            |w| drop(w.accounts.remove(&w.account("A"))),
            &is("account %A was opened and is not"),
        );
        check(
            |w| {
                let extra = Account { id: AccountId(7_000), ..stored(w, "B").clone() };
                w.accounts.insert(extra.id, extra);
            },
            &is("account 7000 has no opening, or two"),
        );
        let world = story();
        let mut auditor = Auditor::new();
        world.rows.values().for_each(|row| auditor.row(row));
        world.accounts.values().for_each(|account| auditor.account(account));
        auditor.account(&world.accounts[&world.account("B")]);
        let found = auditor.finish().invariants[2].first_broken.clone().unwrap();
        assert_eq!(found, format!("account {} has no opening, or two", world.account("B").0));
    }

    #[test]
    fn rows_must_name_who_exists() {
        let is = |what| [("accounts-opened", what)];
        let nobody = Some(CardId(1));
        check_resealed(|w| authorization(w, "held").card = nobody, &is("row @held names card 1"));
        check_resealed(|w| transaction(w, "w1").card = nobody, &is("row @w1 names card 1"));
        check_resealed(
            |w| authorization(w, "held").seller = SellerId(1),
            &is("row @held names seller 1"),
        );
        check_resealed(
            |w| authorization(w, "held").currency = Currency::parse("EUR").unwrap(),
            &is("row @held names account %A"),
        );
        check_resealed(
            |w| set(change(w, ChangeKind::CardChanged), "status_before", "blocked"),
            &is("change"),
        );
        check_resealed(
            |w| set(change(w, ChangeKind::AccountChanged), "credit_limit_before", "7"),
            &is("change"),
        );
        check_resealed(
            |w| set(change(w, ChangeKind::CardAdded), "account_no", "0000000000000"),
            &[("accounts-opened", "change")],
        );
        check_resealed(
            |w| set(change(w, ChangeKind::SellerAdded), "seller_number", "655"),
            &is("change"),
        );
        check_resealed(
            |w| change(w, ChangeKind::CredentialIssued).account = Some(AccountId(7_000)),
            &is("change"),
        );
    }

    #[test]
    fn postings_must_have_two_sides() {
        let other_seller = |w: &World| {
            let company = w.directory.company("100").unwrap();
            let seller = w.directory.seller(company.id, "655").unwrap();
            seller.payable(Currency::SEK).unwrap()
        };
        check_resealed(
            |w| transaction(w, "w1").payable = other_seller(w),
            &[("postings-sum-to-zero", "transaction @w1 has no other side")],
        );
        let mut world = story();
        transaction(&mut world, "w1").payable = AccountId(1);
        assert_eq!(world.verify().invariants[3].figure, 500, "is left over");
    }

    #[test]
    fn balances_must_equal_entries() {
        let is = |what| [("balances-equal-entries", what)];
        check(|w| stored(w, "A").balance.debt += 1, &is("account %A has debt"));
        check(|w| stored(w, "A").last = RowId(1), &is("account %A has debt"));
        check(|w| stored(w, "A").last_at.0 += 1, &is("account %A has debt"));
        check_resealed(|w| transaction(w, "p1").balance.debt += 1, &is("row @p1 has debt"));
        check_resealed(|w| authorization(w, "held").balance.debt += 1, &is("row @held has debt"));
        check_resealed(|w| transaction(w, "p1").previous = RowId(1), &is("row @p1 has debt"));
        check_resealed(|w| change(w, ChangeKind::AccountChanged).balance.debt = 1, &is("row"));
        let mut world = story();
        let company = world.directory.company("100").unwrap();
        let payable = world.directory.seller(company.id, "654").unwrap().payable(Currency::SEK);
        world.accounts.get_mut(&payable.unwrap()).unwrap().balance.debt = 1;
        check_findings(&world.verify(), &world, &is("account"));
    }

    #[test]
    fn reserved_must_equal_open_authorizations() {
        let is = |what| [("reserved-equals-open-authorizations", what)];
        check(|w| stored(w, "A").balance.reserved += 1, &is("account %A reserves"));
        check_resealed(|w| transaction(w, "p1").balance.reserved += 1, &is("row @p1 has"));
        check_resealed(|w| authorization(w, "held").balance.reserved += 1, &is("row @held has"));
        check(
            |w| authorization(w, "full").taken += 1,
            &[
                ("reserved-equals-open-authorizations", "account %A reserves"),
                ("no-capture-over-authorization", "transaction @p2 does not take from @full"),
            ],
        );
    }

    #[test]
    fn approved_must_be_within_the_limit_and_in_order() {
        let is = |what| [("approved-within-limit", what)];
        check_resealed(
            |w| {
                set(change(w, ChangeKind::AccountOpened), "credit_limit", "29999");
                set(change(w, ChangeKind::AccountChanged), "credit_limit_before", "29999");
            },
            &is("authorization @n takes 30000 of 29999 in spite of Some(InsufficientFunds)"),
        );
        check_resealed(
            |w| {
                let card = authorization(w, "full").card.unwrap();
                let Some(Row::Change(added)) = w.rows.get_mut(&RowId(card.0)) else { panic!() };
                set(added, "expiry", "2026-10");
            },
            &is("authorization @full takes 50000 of 100000 in spite of Some(CardExpired)"),
        );
    }

    #[test]
    fn declined_must_be_for_a_cause_and_reserve_nothing() {
        check_resealed(
            |w| authorization(w, "refused").declined = Some(DeclineReason::CardBlocked),
            &[("declined-for-cause", "authorization @refused is declined for CardBlocked")],
        );
        let is = [("declined-reserve-nothing", "authorization @refused is declined and in use")];
        check(|w| authorization(w, "refused").taken = 1, &is);
        check(|w| authorization(w, "refused").last_child = RowId(1), &is);
        check(|w| authorization(w, "refused").state = AuthorizationState::Cancelled, &is);
        check(
            |w| authorization(w, "void").state = AuthorizationState::Declined,
            &[
                ("declined-reserve-nothing", "authorization @void is declined and in use"),
                ("no-capture-over-authorization", "transaction"),
            ],
        );
    }

    #[test]
    fn overdrafts_must_be_offline_and_flagged() {
        let is = |what| [("no-overdraft-but-offline", what)];
        check_resealed(|w| transaction(w, "o1").over_limit = false, &is("transaction @o1 leaves"));
        check_resealed(|w| transaction(w, "o1").despite_block = false, &is("transaction @o1"));
        check_resealed(|w| transaction(w, "w1").over_limit = true, &is("transaction @w1 leaves"));
        check_resealed(|w| transaction(w, "p1").despite_block = true, &is("transaction @p1"));
    }

    #[test]
    fn captures_must_be_within_their_authorization() {
        let is = |what| [("no-capture-over-authorization", what)];
        check(
            |w| authorization(w, "full").last_child = RowId(0),
            &is("authorization @full is used"),
        );
        check(
            |w| authorization(w, "full").last_child = id_of(w, "last"),
            &is("row @full has a newest child @last"),
        );
        check(|w| authorization(w, "credit").taken += 1, &is("transaction @r1 does not take"));
        check(|w| authorization(w, "void").state = AuthorizationState::Live, &is("transaction"));
        check(
            |w| authorization(w, "void").last_child = RowId(0),
            &is("authorization @void is used by nothing"),
        );
        check_resealed(
            |w| transaction(w, "p2").sibling = RowId(0),
            &is("transaction @p2 does not take from @full"),
        );
        check_resealed(
            |w| transaction(w, "p2").authorization = None,
            &is("transaction @p2 is offline and takes"),
        );
        check_resealed(
            |w| authorization(w, "full").kind = AuthorizationKind::CashWithdrawal,
            &is("transaction @p1 does not take from @full"),
        );
        check_resealed(
            |w| authorization(w, "full").expires_at = w.now.plus_ms(-86_400_000 * 7),
            &is("transaction @p1 does not take from @full"),
        );
        check_resealed(
            |w| authorization(w, "late").expires_at = w.now.plus_ms(1),
            &is("transaction"),
        );
        check_resealed(
            |w| first(w, TransactionKind::Cancellation).corrects = Some(TransactionId(1)),
            &[
                ("reserved-equals-open-authorizations", "account %A reserves"),
                ("no-capture-over-authorization", "transaction"),
            ][1..],
        );
        check_resealed(
            |w| first(w, TransactionKind::Expiry).kind = TransactionKind::Cancellation,
            &is("transaction"),
        );
    }

    #[test]
    fn corrections_must_be_within_their_transaction() {
        let is = |what| [("no-correction-over-transaction", what)];
        check(|w| transaction(w, "p1").corrected += 1, &is("transaction @c2 does not correct @p1"));
        check(|w| transaction(w, "p2").corrected += 1, &is("transaction @p2 is corrected by"));
        check(
            |w| transaction(w, "p1").last_child = RowId(0),
            &is("transaction @p1 is corrected by"),
        );
        check(
            |w| transaction(w, "p1").last_child = id_of(w, "last"),
            &is("row @p1 has a newest child @last"),
        );
        check(|w| transaction(w, "c1").last_child = RowId(9), &is("transaction @c1 cannot be"));
        check(|w| transaction(w, "x1").last_child = RowId(9), &is("transaction @x1 cannot be"));
        check(|w| first(w, TransactionKind::Fee).last_child = RowId(9), &is("transaction"));
        check_resealed(
            |w| transaction(w, "c2").sibling = RowId(0),
            &is("transaction @c2 does not correct @p1"),
        );
        check_resealed(
            |w| {
                transaction(w, "c1").kind =
                    TransactionKind::Correction(PostingKind::CashWithdrawal);
            },
            &[
                ("no-correction-over-transaction", "transaction @c1 does not correct @p1"),
                // Its source id is unique among corrections of its kind.
                ("keys-used-once", "the keys of rows"),
            ],
        );
        check_resealed(
            |w| transaction(w, "c1").corrects = None,
            &is("transaction @c1 corrects nothing"),
        );
        check_resealed(
            |w| transaction(w, "c1").corrects = Some(TransactionId(id_of(w, "o1").0)),
            &is("transaction @c1 does not correct @o1"),
        );
    }

    #[test]
    fn settlements_must_be_on_the_accounts_of_the_house() {
        check_resealed(
            |w| transaction(w, "s2").posted += 1,
            &[
                ("balances-equal-entries", "row @s2 has debt"),
                ("no-correction-over-transaction", "transaction @x1 does not correct @s2"),
            ],
        );
        let other_seller = |w: &World| {
            let company = w.directory.company("100").unwrap();
            let seller = w.directory.seller(company.id, "655").unwrap();
            seller.payable(Currency::SEK).unwrap()
        };
        check_resealed(
            |w| transaction(w, "s1").payable = other_seller(w),
            &[("postings-sum-to-zero", "transaction @s1 has no other side")],
        );
        let others = |w: &World| w.house("100", House::Fees).unwrap();
        check_resealed(
            |w| transaction(w, "s2").account = others(w),
            &[
                ("accounts-opened", "row @s2 names account %E"),
                ("balances-equal-entries", "row @s2 has debt"),
                ("no-correction-over-transaction", "transaction @x1 does not correct @s2"),
            ],
        );
        check_resealed(
            |w| transaction(w, "s2").kind = TransactionKind::Fee,
            &[
                ("accounts-opened", "row @s2 names account %S"),
                ("no-correction-over-transaction", "transaction @s2 cannot be corrected"),
                ("keys-used-once", "the keys of rows"),
            ],
        );
        check_resealed(
            |w| transaction(w, "w1").kind = TransactionKind::Fee,
            &[
                ("accounts-opened", "row @w1 names account %A"),
                ("balances-equal-entries", "row @w1 has debt"),
                ("no-capture-over-authorization", "transaction @w1 settles, and does more"),
                ("keys-used-once", "the keys of rows"),
            ],
        );
        let is = |what| [("no-capture-over-authorization", what)];
        let settles = "transaction @s1 settles, and does more";
        check_resealed(|w| transaction(w, "s1").sibling = RowId(1), &is(settles));
        check_resealed(|w| transaction(w, "s1").withdrawal = Some(0), &is(settles));
        check_resealed(|w| transaction(w, "s1").offline_info = true, &is(settles));
        check_resealed(
            |w| transaction(w, "s1").authorization = Some(crate::AuthorizationId(1)),
            &is("transaction @s1 is on nothing"),
        );
        check_resealed(
            |w| transaction(w, "s1").corrects = Some(TransactionId(1)),
            &is("transaction @s1 is on nothing"),
        );
        check_resealed(
            |w| transaction(w, "s1").over_limit = true,
            &[("no-overdraft-but-offline", "transaction @s1 leaves")],
        );
        check_resealed(
            |w| transaction(w, "x1").corrects = None,
            &[("no-correction-over-transaction", "transaction @x1 corrects nothing")],
        );
        check(
            |w| stored(w, "S").balance.debt = 0,
            &[("balances-equal-entries", "account %S has debt 0")],
        );
    }

    #[test]
    fn the_house_has_one_account_of_each_kind_and_nobody_uses_it_otherwise() {
        let is = |what| [("accounts-opened", what)];
        check_resealed(
            |w| set(change(w, ChangeKind::HouseOpened), "house", "settlement"),
            &[
                ("accounts-opened", "change"),
                // Fees go to what is no account for them.
            ],
        );
        check(|w| stored(w, "S").kind = AccountKind::Credit, &is("account %S is not as opened"));
        check(|w| stored(w, "S").credit_limit = 1, &is("account %S is not as last changed"));
        check(|w| stored(w, "E").status = AccountStatus::Closed, &is("account %E is not as last"));
        check_resealed(
            |w| {
                let id = w.account("S");
                let number = crate::AccountNo::of(id).to_string();
                set(change(w, ChangeKind::CardAdded), "account_no", &number);
            },
            &is("change"),
        );
        check_resealed(
            |w| {
                let id = w.account("E");
                change(w, ChangeKind::AccountChanged).subject = RowId(id.0);
            },
            &[("accounts-opened", "change")],
        );
    }

    #[test]
    fn keys_must_be_used_once_and_by_who_says_so() {
        let is = |what| [("keys-used-once", what)];
        check(
            |w| {
                w.keys.remove(&key_of(w, id_of(w, "p1")));
            },
            &is("row @p1 lacks a key"),
        );
        check(
            |w| {
                w.keys.remove(&key_of(w, id_of(w, "o1")));
            },
            &is("row @o1 lacks a key"),
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), id_of(w, "c1"));
            },
            &is("row @c1 has a key too many"),
        );
        check(
            |w| {
                let cancellation = RowId(first(w, TransactionKind::Cancellation).id.0);
                w.keys.insert(Key([7; 16]), cancellation);
            },
            &is("row"),
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), RowId(9_999));
            },
            &is("a key names row 9999"),
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), RowId(0));
            },
            &is("a key names row 0"),
        );
        check(
            |w| {
                let key = key_of(w, id_of(w, "p1"));
                w.keys.insert(key, id_of(w, "p2"));
            },
            &is("the keys of rows 0 to 255 are not theirs"),
        );
        check_resealed(
            |w| transaction(w, "w1").source.push('x'),
            &is("the keys of rows 0 to 255 are not theirs"),
        );
        // The card that was added with its number, in a request with an idempotency key.
        let added = |w: &World| {
            let row = w.rows.values().find(|row| match row {
                Row::Change(row) => row.field("bin").is_some(),
                Row::Authorization(_) | Row::Transaction(_) => false,
            });
            row.unwrap().id()
        };
        check(
            |w| {
                w.keys.remove(&key_of(w, added(w)));
            },
            &[("keys-used-once", &format!("row {} lacks 1 of its keys", added(&story()).0))],
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), added(w));
            },
            &[("keys-used-once", &format!("row {} has a key too many", added(&story()).0))],
        );
    }
}

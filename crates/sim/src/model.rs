//! The model-based property test.
//!
//! Goal: the ledger decides every command as the contract says, whatever came before and whatever
//! else is in the batch. Method: random commands in random batches through the engine on the
//! memory store; every reply against the reference, all balances, holds, remaining amounts and
//! chains every now and then, and at the end every granted command once more.

use std::collections::BTreeMap;

use engine::{Command, Reply, run_batch};
use ledger::{
    AccountId, AuthorizationId, Code, Date, Expire, ReadSet, Row, RowId, Timestamp, TransactionId,
};
use store::{MemoryStore, Reader, Store};

use crate::journal_check::check_journal;
use crate::options::{Announce, number, seeds};
use crate::prng::Prng;
use crate::reference::{Ended, Reference};
use crate::traffic::Traffic;

const OPERATIONS: u64 = 200_000;
const OPERATIONS_PER_SEED: u64 = 2_000;

/// 2026-11-20T09:00:00Z, as far as anybody here knows.
const START: Timestamp = Timestamp(1_795_165_200_000);

/// What must come up in a whole run, or the traffic is too tame to prove anything.
const OUTCOMES: [&str; 40] = [
    "AccountBlocked",
    "AccountChanged",
    "AccountClosed",
    "AccountNotFound",
    "AccountOpened",
    "Amount",
    "AuthorizationCancelled",
    "AuthorizationExpired",
    "AuthorizationNotFound",
    "AuthorizationTypeMismatch",
    "AuthorizationUsedUp",
    "Authorized",
    "Cancelled",
    "CardAdded",
    "CardBlocked",
    "CardChanged",
    "CardExpired",
    "CardNotFound",
    "CompanyChanged",
    "CompanyIncomplete",
    "CompanyNotConfigured",
    "Corrected",
    "CurrencyNotSupported",
    "DeclinedAgain",
    "DuplicateAuthorization",
    "DuplicateCorrection",
    "DuplicateTransaction",
    "Expired",
    "IdempotencyKeyReused",
    "InsufficientDebitedAmount",
    "InsufficientFunds",
    "NameTaken",
    "Nothing",
    "Posted",
    "Replayed",
    "SellerNotRegistered",
    "StateConflict",
    "TransactionNotFound",
    "ValidTo",
    "WithdrawalAmount",
];

#[test]
fn model_agrees_with_the_ledger() {
    let operations = number("KASSA_PROPERTY_OPERATIONS").unwrap_or(OPERATIONS);
    let seeds = seeds(operations.div_ceil(OPERATIONS_PER_SEED));
    let (is_whole, mut seen) = (seeds.len() > 1, BTreeMap::new());
    for seed in seeds {
        run_seed(seed, &mut seen);
    }
    println!("{seen:#?}");
    for outcome in OUTCOMES.into_iter().filter(|_| is_whole) {
        assert!(seen.contains_key(outcome), "nothing came to {outcome}: {seen:#?}");
    }
}

/// Goal: a debt too large to count is refused and leaves no trace. Method: post the largest amount
/// to one account until that happens, then credit it.
#[test]
fn model_agrees_at_the_end_of_the_range() {
    let mut run = Run::new(0);
    let largest = run.traffic.offline_posts_of("10000000000000", 2_400);
    for batch in largest.chunks(200) {
        run.batch(batch);
    }
    assert!(run.seen.contains_key("BalanceOutOfRange"), "{:?}", run.seen);
    run.compare_state();
    run.repeat_everything();
}

fn run_seed(seed: u64, outcomes: &mut BTreeMap<String, u64>) {
    let mut announce = Announce { seed, step: 0 };
    let mut run = Run::new(seed);
    while announce.step < OPERATIONS_PER_SEED {
        announce.step += run.turn();
        if run.prng.per_mille(50) {
            run.compare_state();
        }
    }
    run.compare_state();
    run.compare_chains();
    run.repeat_everything();
    check_journal(&mut run.store);
    for (outcome, times) in run.seen {
        *outcomes.entry(outcome).or_default() += times;
    }
}

struct Run {
    prng: Prng,
    traffic: Traffic,
    store: MemoryStore,
    reference: Reference,
    now: Timestamp,
    granted: Vec<(Command, Reply)>,
    /// How large batches get.
    batch_max: u64,
    /// How seldom the clock jumps.
    patience: u64,
    /// How often commands came to what.
    seen: BTreeMap<String, u64>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut prng = Prng::new(seed);
        let mut run = Run {
            traffic: Traffic::new(prng.split()),
            store: MemoryStore::default(),
            reference: Reference::default(),
            now: START,
            granted: Vec::new(),
            seen: BTreeMap::new(),
            batch_max: prng.pick(&[1, 4, 16, 64]),
            patience: prng.pick(&[40, 400, 4_000]),
            prng,
        };
        for prepare in [Traffic::companies, Traffic::accounts, Traffic::cards] {
            let commands = prepare(&mut run.traffic);
            run.batch(&commands);
        }
        run
    }

    fn today(&self) -> Date {
        Date(i32::try_from(self.now.0.div_euclid(86_400_000)).unwrap())
    }

    /// Runs one batch, and lets time pass. Returns how many commands it had.
    fn turn(&mut self) -> u64 {
        let jump = match self.prng.below(self.patience) {
            0 => 86_400_000 * 8,
            1..=4 => 86_400_000,
            5..=20 => 3_600_000,
            _ => 40,
        };
        self.now = self.now.plus_ms(self.prng.between(0, jump));
        let next_end = self.reference.next_end(self.now).filter(|_| self.prng.per_mille(20));
        if let Some(end) = next_end {
            // The very instant at which an authorization ends, or the last one before it.
            self.now = self.now.max(end.plus_ms(-self.prng.between(0, 1)));
        }
        let today = self.today();
        let count = 1 + self.prng.below(self.batch_max);
        let mut commands: Vec<Command> = (0..count).map(|_| self.traffic.command(today)).collect();
        if next_end.is_some() || self.prng.per_mille(150) {
            commands.extend(self.due());
        }
        self.batch(&commands);
        count
    }

    /// The expiries that the timer would submit, the first one twice.
    fn due(&mut self) -> Vec<Command> {
        let limit = 1 + self.prng.index(40);
        let due = self.store.due(self.now, limit).unwrap();
        let twice = due.first().copied();
        let due = due.into_iter().chain(twice);
        due.map(|authorization| Command::Expire(Expire { authorization })).collect()
    }

    fn batch(&mut self, commands: &[Command]) {
        let replies = run_batch(&mut self.store, commands, self.now).unwrap();
        assert_eq!(replies.len(), commands.len(), "one reply per command");
        for (command, reply) in commands.iter().zip(replies) {
            let verdict = self.reference.decide(command, self.now);
            assert!(
                verdict.agrees_with(&reply),
                "{command:#?}\nledger: {reply:#?}\nreference: {verdict:#?}"
            );
            *self.seen.entry(verdict.word()).or_default() += 1;
            self.traffic.learn(command, &reply);
            let can_repeat =
                matches!(command, Command::Authorize(_) | Command::Post(_) | Command::Correct(_));
            if reply.is_ok() && can_repeat {
                self.granted.push((command.clone(), reply));
            }
        }
    }

    /// Balances, reservations, limits, remaining amounts, and what is due.
    fn compare_state(&mut self) {
        let reads = ReadSet {
            accounts: self.reference.accounts.keys().map(|id| AccountId(*id)).collect(),
            authorizations: self
                .reference
                .authorizations
                .keys()
                .map(|id| AuthorizationId(*id))
                .collect(),
            ..ReadSet::default()
        };
        let books = Reader::load(&mut self.store, &reads).unwrap();
        assert_eq!(books.newest(), RowId(self.reference.rows), "the same number of rows");
        for (id, expected) in &self.reference.accounts {
            let account = &books.accounts[&AccountId(*id)];
            assert_eq!(i128::from(account.balance.debt), expected.debt(), "{account:?}");
            let reserved = self.reference.reserved(*id);
            assert_eq!(i128::from(account.balance.reserved), reserved, "{account:?}");
            let available = self.reference.available(*id);
            assert_eq!(i128::from(account.available()), available, "{account:?}");
            assert_eq!(account.status, expected.status, "{account:?}");
        }
        for (id, expected) in &self.reference.authorizations {
            let found = &books.authorizations[&AuthorizationId(*id)];
            assert_eq!(i128::from(found.remaining(self.now)), expected.remaining(self.now));
            assert_eq!(i128::from(found.taken), expected.taken(), "{found:?}");
            assert_eq!(found.state, expected_state(expected), "{found:?}");
        }
        let mut due = self.store.due(self.now, usize::MAX).unwrap();
        due.sort();
        let authorizations = self.reference.authorizations.iter();
        let expected = authorizations.filter(|(_, row)| row.is_due(self.now));
        assert_eq!(due, expected.map(|(id, _)| AuthorizationId(*id)).collect::<Vec<_>>());
    }

    /// Walks every chain back, as statements and lists do.
    fn compare_chains(&mut self) {
        let (store, reference) = (&mut self.store, &self.reference);
        let accounts: Vec<AccountId> = reference.accounts.keys().map(|id| AccountId(*id)).collect();
        let reads = ReadSet { accounts: accounts.clone(), ..ReadSet::default() };
        let books = Reader::load(store, &reads).unwrap();
        for id in accounts {
            let mut at = books.accounts[&id].last;
            for (row, debt, reserved) in reference.accounts[&id.0].history.iter().rev() {
                assert_eq!(at, RowId(*row), "chain of {id:?}");
                let row = store.row(at).unwrap().unwrap();
                let balance = match &row {
                    Row::Authorization(row) => row.balance,
                    Row::Transaction(row) => row.balance,
                    Row::Change(row) => row.balance,
                };
                assert_eq!(i128::from(balance.debt), *debt, "{row:?}");
                assert_eq!(i128::from(balance.reserved), *reserved, "{row:?}");
                at = row.previous().unwrap();
            }
            assert_eq!(at, RowId(0), "chain of {id:?}");
        }
        for (id, expected) in &reference.authorizations {
            let Some(Row::Authorization(row)) = store.row(RowId(*id)).unwrap() else {
                panic!("row {id} is no authorization")
            };
            assert_eq!(Code::of(RowId(*id)), row.code());
            let children = expected.children.iter().map(|(child, _)| *child);
            compare_siblings(store, row.last_child, children.collect());
        }
        for expected in reference.postings.values() {
            let row = transaction(store, RowId(expected.row));
            assert_eq!(i128::from(row.posted), expected.amount, "{row:?}");
            assert_eq!(i128::from(row.corrected), expected.corrected(), "{row:?}");
            assert_eq!(row.over_limit, expected.over_limit, "{row:?}");
            assert_eq!(row.despite_block, expected.despite_block, "{row:?}");
            let children = expected.corrections.iter().map(|(child, _)| *child);
            compare_siblings(store, row.last_child, children.collect());
        }
    }

    /// Every granted command again, under the other name: the first answer, and no new row.
    fn repeat_everything(&mut self) {
        let granted = std::mem::take(&mut self.granted);
        assert!(!granted.is_empty(), "the traffic is sensible enough to be granted something");
        let commands: Vec<Command> = granted.iter().map(|(command, _)| command.clone()).collect();
        let replies = run_batch(&mut self.store, &commands, self.now).unwrap();
        for ((command, first), again) in granted.into_iter().zip(replies) {
            let (first, again) = (first.unwrap(), again.unwrap());
            assert_eq!(first.done, again.done, "{command:?}");
            assert!(again.replayed, "{command:?}");
        }
        let newest = self.store.source().open().unwrap().rows_before(RowId(i64::MAX), 1).unwrap();
        assert_eq!(newest[0].id(), RowId(self.reference.rows), "a repeat writes nothing");
    }
}

fn expected_state(row: &crate::reference::Authorization) -> ledger::AuthorizationState {
    match row.ended {
        _ if row.is_declined() => ledger::AuthorizationState::Declined,
        Some(Ended::Cancelled) => ledger::AuthorizationState::Cancelled,
        Some(Ended::Expired) => ledger::AuthorizationState::Expired,
        None => ledger::AuthorizationState::Live,
    }
}

fn transaction(store: &mut MemoryStore, id: RowId) -> ledger::Transaction {
    match store.row(id).unwrap() {
        Some(Row::Transaction(row)) => row,
        other => panic!("row {id:?} is no transaction: {other:?}"),
    }
}

fn compare_siblings(store: &mut MemoryStore, newest: RowId, expected: Vec<i64>) {
    let mut at = newest;
    for id in expected.into_iter().rev() {
        assert_eq!(at, RowId(id), "a sibling");
        let row = transaction(store, at);
        assert_eq!(row.id, TransactionId(id));
        at = row.sibling;
    }
    assert_eq!(at, RowId(0), "the oldest sibling");
}

//! The same random commands on every store: equal answers, equal content.

use std::collections::{BTreeMap, BTreeSet};

use cluster::Isolation;
use engine::Command;
use ledger::document::Kind;
use ledger::{Code, Document, ReadSet, RowId, Timestamp};
use store::{Part, Reader};

use crate::commands::{
    NOW, account, authorize, block, by_account, by_card, cancel, capture, card, correct, expire,
    full_authorize, full_card, offline, token, world,
};
use crate::subject::Subject;

/// Batches of one run; a few thousand commands.
const BATCHES: u32 = 300;

#[test]
fn sqlite_does_what_memory_does() {
    for seed in [1, 2] {
        compare(Subject::sqlite(), seed);
    }
}

#[test]
fn postgres_does_what_memory_does() {
    compare(Subject::postgres(Isolation::ReadCommitted), 1);
}

#[test]
fn postgres_does_what_memory_does_when_it_serializes() {
    compare(Subject::postgres(Isolation::Serializable), 2);
}

fn compare(mut subject: Subject, seed: u64) {
    let mut memory = Subject::memory();
    let tokens = world(&mut memory, 6).tokens;
    assert_eq!(world(&mut subject, 6).tokens, tokens);
    let mut random = Random(seed);
    let mut now = NOW;
    for batch in 0..BATCHES {
        let newest = memory.load(&ReadSet::default()).newest;
        let count = 1 + random.below(20);
        let commands: Vec<Command> = (0..count).map(|_| command(&mut random, newest)).collect();
        now = Timestamp(now.0 + i64::from(random.below(3_600_000)));
        let expected = memory.run_at(&commands, now);
        let name = subject.name;
        assert_eq!(subject.run_at(&commands, now), expected, "{name}, seed {seed}, batch {batch}");
        if random.below(3) == 0 {
            let documents = documents(&mut memory, &mut random);
            memory.put(&documents);
            subject.put(&documents);
        }
        if random.below(40) == 0 {
            subject.reopen();
        }
        if random.below(20) == 0 {
            check_reads(&mut memory, &mut subject, &mut random, now);
        }
    }
    assert_eq!(subject.dump(), memory.dump(), "{}, seed {seed}", subject.name);
    check_reads(&mut memory, &mut subject, &mut random, now);
}

/// Names are drawn from small pools, so that repeats, conflicts and unknown names are common.
pub(crate) fn command(random: &mut Random, newest: RowId) -> Command {
    let row = RowId(newest.0 - i64::from(random.below(60)) + 1);
    let source = format!("s{}", random.below(1_000));
    let amount = format!("{}.{:02}", random.below(300), random.below(100));
    let card_token = token(&format!("card-{}", random.below(7)));
    let holder = ledger::AccountId(i64::from(random.below(20)));
    match random.below(20) {
        0..=4 => authorize(&source, by_card(&card_token), &amount),
        5 => authorize(&source, by_account(holder), &amount),
        6 => full_authorize(&source, &card_token, &amount),
        7..=10 => capture(row, &source, &amount),
        11 | 12 => correct(&source, &format!("s{}", random.below(1_000)), &amount),
        13 => cancel(row),
        14 | 15 => expire(row),
        16 => offline(&source, &card_token, &format!("{}.00", 1 + random.below(20))),
        17 => account(&amount),
        18 => card(holder, &token(&source)),
        _ if random.below(50) == 0 => block(&card_token),
        _ => full_card(holder, &token(&source), u8::try_from(1 + random.below(40)).unwrap()),
    }
}

/// Documents as some may become: names are given up, passed on and taken, lists are left and
/// joined, and nobody takes a name that another keeps.
fn documents(memory: &mut Subject, random: &mut Random) -> Vec<Document> {
    let mut changed = BTreeMap::new();
    for _ in 0..random.below(6) {
        let kind = Kind::ALL[usize::try_from(random.below(8)).unwrap()];
        let id = kind.id(i64::from(random.below(30)) - 1);
        let lists = (0..random.below(4)).map(|_| list(random)).collect();
        let names = (0..random.below(4)).map(|_| name(random)).collect();
        let says = (0..random.below(3)).map(|at| (format!("f{at}"), name(random))).collect();
        changed.insert(id, Document { id, fields: says, names, lists });
    }
    let kept = memory.dump().names.into_iter().filter(|(_, id)| !changed.contains_key(id));
    let mut taken: BTreeSet<String> = kept.map(|(name, _)| name).collect();
    for document in changed.values_mut() {
        document.names.retain(|name| taken.insert(name.clone()));
    }
    changed.into_values().collect()
}

fn name(random: &mut Random) -> String {
    format!("namn {} \u{e5}", random.below(120))
}

/// A list is of one kind, or else it has no order; here that is not wanted.
fn list(random: &mut Random) -> String {
    format!("lista {}", random.below(12))
}

fn check_reads(memory: &mut Subject, subject: &mut Subject, random: &mut Random, now: Timestamp) {
    let newest = memory.load(&ReadSet::default()).newest;
    let row = RowId(i64::from(random.below(u32::try_from(newest.0).unwrap() + 2)));
    let (before, limit) = (row, usize::try_from(random.below(30)).unwrap());
    let (mut left, mut right) = (memory.reader(), subject.reader());
    for part in [Part::After(3), Part::Before(9)] {
        let list = list(random);
        let page = |reader: &mut dyn Reader| {
            let mut page = reader.documents(&list, part, usize::MAX).unwrap();
            page.sort_by_key(|document| document.id);
            page
        };
        assert_eq!(page(left.as_mut()), page(right.as_mut()));
    }
    assert_eq!(left.row(row), right.row(row));
    assert_eq!(left.rows_after(row, limit), right.rows_after(row, limit));
    assert_eq!(left.rows_before(before, limit), right.rows_before(before, limit));
    let account = ledger::AccountId(row.0 % 20);
    let last = ledger::CardId(i64::MAX);
    assert_eq!(left.cards_of(account, last, limit), right.cards_of(account, last, limit));
    let last = ledger::AccountId(i64::MAX);
    assert_eq!(left.accounts_before(last, limit), right.accounts_before(last, limit));
    for now in [now, Timestamp(i64::MAX)] {
        assert_eq!(left.due(now, limit), right.due(now, limit));
    }
    let reads = ReadSet {
        accounts: vec![account],
        cards: vec![token("card-1"), token(&format!("s{}", random.below(1_000)))],
        codes: vec![Code::of(row), Code::of(RowId(row.0 / 2))],
        authorizations: vec![ledger::AuthorizationId(row.0 / 3)],
        keys: memory.dump().keys.iter().step_by(50).map(|(key, _)| *key).collect(),
        documents: Kind::ALL.map(|kind| kind.id(i64::from(random.below(32)) - 1)).to_vec(),
        names: (0..9).map(|_| name(random)).collect(),
        lists: vec![list(random), list(random)],
        ..ReadSet::default()
    };
    assert_eq!(memory.load(&reads), subject.load(&reads));
}

/// `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(end)).unwrap()
    }
}

//! What every store must do. Each test runs on each store.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use engine::{Command, run_batch};
use ledger::books::{Done, cleared_key};
use ledger::document::Kind;
use ledger::post::posting_key;
use ledger::{
    AccountId, AccountKind, AuthorizationId, AuthorizationKind, Authorize, Books, CardId, Change,
    ChangeKind, ClearingChange, Code, Contract, Credential, CredentialId, Directory, House, Key,
    PostingKind, ReadSet, Refusal, Row, RowId, Scope, Timestamp, Transaction, TransactionId,
    TransactionKind,
};
use store::{Record, StoreError};

use crate::commands::{
    NOW, account, authorize, block, by_account, by_card, cancel, capture, card, company, correct,
    credential, decimal, document, expire, full_authorize, full_card, idempotency, note_use,
    offline, plain_authorize, plain_post, seller, token, world,
};
use crate::settlement::{give_back, payout, settle};
use crate::subject::{Loaded, Subject, subjects};

/// Longer than any authorization of these tests is valid.
const LATER: Timestamp = Timestamp(NOW.0 + 90 * 24 * 3_600_000);

/// Writes each kind of row, with everything optional and with nothing of it. The rows that are
/// named are authorizations: live, used up, cancelled, expired.
pub(crate) fn write_everything(subject: &mut Subject) -> [RowId; 4] {
    let world = world(subject, 2);
    let (first, second) = (world.accounts[0], &world.tokens[1]);
    subject.grant(full_card(first, &token("full"), 7));
    let live = subject.grant(full_authorize("live", &token("full"), "10.00"));
    let used_up = subject.grant(authorize("used up", by_account(first), "20.00"));
    subject.grant(capture(used_up, "part 1", "5.00"));
    subject.grant(capture(used_up, "part 2", "15.00"));
    subject.grant(correct("part 2", "back", "2.50"));
    subject.grant(correct("part 2", "back again", "2.50"));
    let cancelled = subject.grant(authorize("cancelled", by_card(second), "30.00"));
    subject.grant(cancel(cancelled));
    let expired = subject.grant(authorize("expired", by_card(second), "40.00"));
    subject.run_at(&[expire(expired)], LATER).remove(0).unwrap();
    subject.grant(offline("offline", second, "5000.00"));
    subject.grant(block(second));
    let declined = subject.run(&[authorize("declined", by_card(second), "1.00")]).remove(0);
    assert!(matches!(declined, Err(Refusal::Declined { replayed: false, .. })));
    let company_scope = |seller| Scope::Company { number: "100".to_owned(), seller };
    subject.grant(credential(Scope::Installation, 1, None));
    subject.grant(credential(company_scope(None), 2, Some(LATER)));
    subject.grant(credential(Scope::Customer(7), 4, None));
    let id = subject.grant(credential(company_scope(Some("1".to_owned())), 3, None));
    subject.run(&[note_use(id, NOW)]).remove(0).unwrap();
    let revoke = ledger::RevokeCredential { credential: CredentialId(id.0), actor: "t".to_owned() };
    subject.grant(Command::RevokeCredential(revoke));
    for reply in settle(subject.store(), &[payout("s1"), payout("s2")]) {
        reply.unwrap();
    }
    give_back(subject.store(), "s2", "back").unwrap();
    for (number, kind) in (1..).zip(Kind::ALL) {
        let name = format!("{} \u{1f511}", kind.as_str());
        let full = document(kind.id(number), "all", &[&name], &["all", kind.as_str()]);
        subject.put(&[full, document(kind.id(number + 100), "", &[], &[])]);
    }
    [live, used_up, cancelled, expired]
}

fn everything(keys: &[(Key, RowId)]) -> ReadSet {
    let ids = 1..100;
    ReadSet {
        accounts: ids.clone().map(AccountId).collect(),
        cards: ["card-0", "card-1", "full"].map(token).to_vec(),
        codes: Vec::new(),
        authorizations: ids.map(AuthorizationId).collect(),
        keys: keys.iter().map(|(key, _)| *key).collect(),
        documents: (1..200).flat_map(|number| Kind::ALL.map(|kind| kind.id(number))).collect(),
        ..ReadSet::default()
    }
}

#[test]
fn everything_written_is_read_back_equal() {
    // The first is the memory store, which keeps the very values: what it shows is right.
    let mut expected = None;
    for mut subject in subjects() {
        let name = subject.name;
        write_everything(&mut subject);
        let dump = subject.dump();
        let reads = everything(&dump.keys);
        let loaded = subject.load(&reads);
        subject.reopen();
        assert_eq!(subject.load(&reads), loaded, "{name}: the same after a restart");
        assert_eq!(subject.dump(), dump, "{name}: the same after a restart");
        assert_eq!(loaded.directory, subject.store().directory());
        check_has_all_and_nothing_optional(&loaded, &dump.rows());
        let (expected_loaded, expected_dump) = expected.get_or_insert((loaded, dump));
        assert_eq!(subject.load(&reads), *expected_loaded, "{name}: as in memory");
        assert_eq!(subject.dump(), *expected_dump, "{name}: as in memory");
    }
}

/// Proves that [`write_everything`] does what it says.
fn check_has_all_and_nothing_optional(loaded: &Loaded, rows: &[Row]) {
    let authorizations = || loaded.authorizations.iter().map(|(_, row)| row);
    assert!(authorizations().any(|row| {
        row.card.is_some() && row.method.is_some() && row.channel.is_some() && row.taken == 0
    }));
    assert!(authorizations().any(|row| {
        row.card.is_none() && row.method.is_none() && row.channel.is_none() && row.taken > 0
    }));
    assert!(authorizations().any(|row| row.declined.is_some()));
    let states: Vec<_> = authorizations().map(|row| row.state.as_str()).collect();
    for state in ["live", "declined", "cancelled", "expired"] {
        assert!(states.contains(&state), "{state}");
    }
    let transactions = || {
        rows.iter().filter_map(|row| match row {
            Row::Transaction(row) => Some(row),
            Row::Authorization(_) | Row::Change(_) => None,
        })
    };
    let changes = || {
        rows.iter().filter_map(|row| match row {
            Row::Change(row) => Some(row),
            Row::Authorization(_) | Row::Transaction(_) => None,
        })
    };
    let all = |row: &Transaction| {
        row.card.is_some()
            && row.withdrawal.is_some()
            && row.references.both().is_some()
            && row.receipt.is_some()
            && row.point_of_sale.is_some()
            && row.method.is_some()
            && row.channel.is_some()
            && row.offline_info
            && row.over_limit
    };
    let none = |row: &Transaction| {
        row.card.is_none()
            && row.withdrawal.is_none()
            && row.references.both().is_none()
            && row.receipt.is_none()
            && row.point_of_sale.is_none()
            && row.method.is_none()
            && row.channel.is_none()
            && !row.offline_info
            && !row.over_limit
    };
    assert!(transactions().any(|row| all(row) && row.authorization.is_none()));
    assert!(transactions().any(|row| none(row) && row.authorization.is_some()));
    assert!(transactions().any(|row| row.corrects.is_some() && row.sibling != RowId(0)));
    assert!(transactions().any(|row| row.corrected > 0 && row.last_child != RowId(0)));
    assert!(changes().any(|row| row.account.is_some()));
    assert!(changes().any(|row| row.account.is_none() && row.fields.len() > 2));
    let cards = || loaded.cards.iter().map(|(_, card)| card);
    assert!(
        cards().any(|card| {
            card.pan.is_some() && card.fingerprint.is_some() && card.expiry.is_some()
        })
    );
    assert!(cards().any(|card| card.pan.is_none() && card.expiry.is_none()));
    let accounts = || loaded.accounts.iter().map(|(_, account)| account);
    assert!(accounts().any(|account| matches!(account.kind, AccountKind::Payable(_))));
    let is_house = |house| accounts().any(|account| account.kind == AccountKind::House(house));
    assert!(House::ALL.into_iter().all(is_house));
    assert!(accounts().any(|account| account.balance.debt > 0));
    assert!(loaded.directory.credentials().any(|row| row.revoked_at.is_some()));
    assert!(loaded.directory.credentials().any(|row| row.last_used_at.is_some()));
    assert!(loaded.directory.credentials().any(|row| row.contract == Contract::Operator));
    let is_customers = |row: &Arc<Credential>| row.scope == Scope::Customer(7);
    assert!(loaded.directory.credentials().any(|row| is_customers(row) && row.login.is_some()));
    // Of each kind a full one and a bare one; residents are in the directory.
    assert_eq!((loaded.directory.documents_on("all").count(), loaded.documents.len()), (8, 48));
}

#[test]
fn reads_bring_what_they_name_and_the_accounts_behind_it() {
    for mut subject in subjects() {
        let name = subject.name;
        let [live, used_up, ..] = write_everything(&mut subject);
        let (account, other) = (AccountId(5), AccountId(7));

        let by_token = ReadSet { cards: vec![token("full"), token("none")], ..ReadSet::default() };
        let loaded = subject.load(&by_token);
        assert_eq!(loaded.cards.len(), 1, "{name}: an unknown card is none");
        assert_eq!(ids(&loaded), [account], "{name}: with its account");

        let by_code = ReadSet {
            codes: vec![Code::of(live), Code::of(live), Code::of(RowId(9_999))],
            ..ReadSet::default()
        };
        let loaded = subject.load(&by_code);
        assert_eq!(loaded.authorizations.len(), 1, "{name}: a code of no row is none");
        assert_eq!(loaded.authorizations[0].0, AuthorizationId(live.0));
        assert_eq!(ids(&loaded), [account]);

        let keys = vec![idempotency(7).key, Key([255; 16]), idempotency(7).key];
        let by_key = ReadSet { keys, ..ReadSet::default() };
        let loaded = subject.load(&by_key);
        assert_eq!(loaded.keys.len(), 1, "{name}: an unknown key is none");
        assert_eq!(loaded.changes[0].0, loaded.keys[0].1, "{name}: with the row behind it");
        assert_eq!(ids(&loaded), [], "{name}: a change has no account to lock");

        let by_id = ReadSet {
            authorizations: vec![AuthorizationId(used_up.0), AuthorizationId(used_up.0 + 1)],
            accounts: vec![other, AccountId(9_999), AccountId(-1)],
            ..ReadSet::default()
        };
        let loaded = subject.load(&by_id);
        assert_eq!(loaded.authorizations.len(), 1);
        assert_eq!(loaded.transactions.len(), 0, "{name}: and nothing else");
        assert_eq!(ids(&loaded), [account, other]);

        assert_eq!(ids(&subject.load(&ReadSet::default())), []);
    }
}

/// Goal: whoever asks is told which of the rows behind keys an acquirer has told of.
#[test]
fn it_is_found_what_an_acquirer_has_told_of() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        for source in ["told", "untold"] {
            subject.grant(offline(source, &world.tokens[0], "5.00"));
        }
        let keys = ["told", "untold"].map(|it| posting_key("100", PostingKind::Purchase, it));
        let plain = ReadSet { keys: keys.to_vec(), commands: 1, ..ReadSet::default() };
        let asked = ReadSet { is_cleared_asked: true, ..plain.clone() };
        let before = subject.load(&asked);
        assert_eq!(before.keys.len(), 2, "{}: no acquirer has told of any", subject.name);
        let of = |key: &Key| before.keys.iter().find(|(found, _)| found == key).unwrap().1;
        let told = TransactionId(of(&keys[0]).0);
        let tell = |mut books: Books| {
            let kind = ChangeKind::Clearing(ClearingChange::RowsPosted);
            books.place_clearing(Change::about(RowId(told.0), kind, "test", NOW), [told]);
            books.close(NOW)
        };
        subject.store().transact(&asked, &mut { tell }).unwrap();
        for _ in 0..2 {
            let loaded = subject.load(&asked);
            let cleared = loaded.keys.iter().find(|(key, _)| *key == cleared_key(told)).unwrap();
            assert_eq!((loaded.keys.len(), loaded.changes[0].0), (3, cleared.1));
            assert_eq!(subject.load(&plain).keys.len(), 2, "{}: not asked", subject.name);
            subject.reopen();
        }
    }
}

fn ids(loaded: &Loaded) -> Vec<AccountId> {
    loaded.accounts.iter().map(|(id, _)| *id).collect()
}

#[test]
fn readers_find_single_rows_and_cards() {
    for mut subject in subjects() {
        write_everything(&mut subject);
        let rows = subject.dump().rows();
        let mut reader = subject.reader();
        for row in &rows {
            assert_eq!(reader.row(row.id()).unwrap().as_ref(), Some(row), "{}", subject.name);
        }
        let beyond = i64::try_from(rows.len()).unwrap() + 1;
        for id in [0, -1, beyond, i64::MIN, i64::MAX] {
            assert_eq!(reader.row(RowId(id)).unwrap(), None, "{} {id}", subject.name);
        }
        let cards = reader.load(&everything(&[])).unwrap().cards;
        for card in cards.values() {
            assert_eq!(reader.card(card.id).unwrap().as_ref(), Some(card));
        }
        assert_eq!(reader.card(CardId(beyond)).unwrap(), None);
    }
}

#[test]
fn rows_are_paged_across_their_tables() {
    for mut subject in subjects() {
        write_everything(&mut subject);
        let rows = subject.dump().rows();
        assert!(rows.windows(2).all(|two| two[0].id() < two[1].id()), "{}", subject.name);
        let mut reader = subject.reader();
        for limit in [1, 3, 1_000] {
            let mut ascending: Vec<Row> = Vec::new();
            let mut descending: Vec<Row> = Vec::new();
            loop {
                let after = ascending.last().map_or(RowId(0), Row::id);
                let page = reader.rows_after(after, limit).unwrap();
                let before = descending.last().map_or(RowId(i64::MAX), Row::id);
                let page_back = reader.rows_before(before, limit).unwrap();
                assert_eq!(page.len(), page_back.len());
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                ascending.extend(page);
                descending.extend(page_back);
            }
            descending.reverse();
            assert_eq!(ascending, rows, "{}", subject.name);
            assert_eq!(descending, rows, "{}", subject.name);
        }
        assert_eq!(reader.rows_after(RowId(0), 0).unwrap(), []);
        assert_eq!(reader.rows_after(RowId(i64::MAX), 5).unwrap(), []);
        assert_eq!(reader.rows_before(RowId(1), 5).unwrap(), []);
    }
}

#[test]
fn cards_and_accounts_are_listed_newest_first() {
    for mut subject in subjects() {
        let world = world(&mut subject, 3);
        let owner = world.accounts[1];
        for number in 0..5 {
            subject.grant(card(owner, &token(&format!("more-{number}"))));
        }
        let mut reader = subject.reader();
        let mut cards = reader.cards_of(owner, CardId(i64::MAX), 4).unwrap();
        let next = cards.last().unwrap().id;
        cards.extend(reader.cards_of(owner, next, 100).unwrap());
        let tokens: Vec<&str> = cards.iter().map(|card| card.token.as_str()).collect();
        assert_eq!(tokens, ["more-4", "more-3", "more-2", "more-1", "more-0", "card-1"]);
        assert_eq!(reader.cards_of(AccountId(9_999), CardId(i64::MAX), 9).unwrap(), []);
        let mut accounts = reader.accounts_before(AccountId(i64::MAX), 2).unwrap();
        accounts.extend(reader.accounts_before(accounts[1].id, 100).unwrap());
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        let mut expected: Vec<AccountId> =
            subject.dump().accounts.iter().map(|account| account.id).collect();
        expected.reverse();
        assert_eq!(ids, expected, "{}: payable ones included", subject.name);
        assert_eq!(ids.len(), 5);
    }
}

#[test]
fn what_is_due_comes_soonest_first() {
    let day = |text| ledger::Date::parse(text);
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let mut authorized = |source: &str, valid_to, kind| {
            let plain = plain_authorize(source, by_card(&world.tokens[0]), "1.00");
            subject.grant(Command::Authorize(Authorize { valid_to, kind, ..plain }))
        };
        let purchase = AuthorizationKind::Purchase;
        let late = authorized("late", day("2026-12-03"), purchase);
        let soon = authorized("soon", day("2026-12-01"), AuthorizationKind::Reversal);
        let soon_too = authorized("soon too", day("2026-12-01"), AuthorizationKind::CashWithdrawal);
        let used_up = authorized("used up", day("2026-12-01"), purchase);
        let in_part = authorized("in part", day("2026-12-02"), purchase);
        let cancelled = authorized("cancelled", day("2026-12-01"), purchase);
        subject.grant(capture(used_up, "1", "1.00"));
        subject.grant(capture(in_part, "2", "0.40"));
        subject.grant(cancel(cancelled));
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let (first, all) = (at("2026-12-01T23:00:00Z"), at("2027-01-01T00:00:00Z"));
        let check = |subject: &mut Subject, now, limit, expected: &[RowId]| {
            let due = subject.reader().due(now, limit).unwrap();
            let due: Vec<RowId> = due.iter().map(|id| RowId(id.0)).collect();
            assert_eq!(due, expected, "{}", subject.name);
        };
        check(&mut subject, first.plus_ms(-1), 9, &[]);
        check(&mut subject, first, 9, &[soon, soon_too]);
        check(&mut subject, first, 1, &[soon]);
        check(&mut subject, all, 9, &[soon, soon_too, in_part, late]);
        check(&mut subject, all, 0, &[]);
        subject.run_at(&[expire(soon), expire(in_part)], all);
        check(&mut subject, all, 9, &[soon_too, late]);
        subject.reopen();
        check(&mut subject, all, 9, &[soon_too, late]);
    }
}

#[test]
fn repeats_are_known_after_a_restart() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let first = authorize("a", by_card(&world.tokens[0]), "10.00");
        let row = subject.grant(first.clone());
        let second = capture(row, "p", "4.00");
        subject.grant(second.clone());
        let third = full_card(world.accounts[0], &token("full"), 9);
        subject.grant(third.clone());
        let before = subject.dump();
        subject.reopen();
        for command in [first, second, third] {
            let answer = subject.run(std::slice::from_ref(&command)).remove(0).unwrap();
            assert!(answer.replayed, "{}: {command:?}", subject.name);
        }
        assert_eq!(subject.dump(), before, "{}: nothing is written again", subject.name);
        let other = authorize("a", by_card(&world.tokens[0]), "11.00");
        assert_eq!(subject.run(&[other]), [Err(Refusal::DuplicateAuthorization)]);
    }
}

#[test]
fn the_chain_goes_on_after_a_restart() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        for number in 0..3 {
            subject.grant(authorize(&format!("{number}"), by_card(&world.tokens[0]), "1.00"));
            subject.reopen();
        }
        let dump = subject.dump();
        let (rows, seals) = (dump.rows(), dump.seals());
        let mut head = ledger::Head::default();
        let mut next = 0;
        for seal in seals {
            let count = usize::try_from(seal.rows).unwrap();
            let batch = &rows[next..next + count];
            assert_eq!(ledger::journal::seal(head, seal.at, batch), Some(seal.clone()));
            (head, next) = (ledger::Head::after(&seal), next + count);
        }
        assert_eq!(next, rows.len(), "{}: every row is sealed", subject.name);
        let ids: Vec<i64> = rows.iter().map(|row| row.id().0).collect();
        let expected: Vec<i64> = (1..=i64::try_from(rows.len()).unwrap()).collect();
        assert_eq!(ids, expected, "{}: without a gap", subject.name);
    }
}

#[test]
fn a_batch_that_unwinds_leaves_nothing() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let before = subject.dump();
        let command = authorize("a", by_card(&world.tokens[0]), "10.00");
        let mut reads = ReadSet::default();
        command.read(&mut reads);
        let bug = catch_unwind(AssertUnwindSafe(|| {
            subject.store().transact(&reads, &mut |mut books| {
                command.decide(&mut books, NOW).unwrap();
                std::panic::resume_unwind(Box::new("a bug"))
            })
        }));
        assert!(bug.is_err());
        assert_eq!(subject.dump(), before, "{}", subject.name);
        let answer = subject.run(std::slice::from_ref(&command)).remove(0).unwrap();
        assert!(!answer.replayed && matches!(answer.done, Done::Authorized { .. }));
        let reads = ReadSet { accounts: world.accounts.clone(), ..ReadSet::default() };
        let balance = subject.load(&reads).accounts[0].1.balance;
        assert_eq!(balance.reserved, 1_000, "{}: reserved once", subject.name);
    }
}

#[test]
fn a_batch_without_effect_writes_nothing() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let directory = subject.store().directory();
        let before = subject.dump();
        let unknown = authorize("a", by_card(&token("unknown")), "1.00");
        assert_eq!(subject.run(&[unknown]), [Err(Refusal::CardNotFound)]);
        assert_eq!(subject.run(&[]), []);
        assert_eq!(subject.run(&[capture(RowId(1), "p", "1.00")]).len(), 1);
        assert_eq!(subject.dump(), before, "{}", subject.name);
        assert!(Arc::ptr_eq(&directory, &subject.store().directory()), "{}", subject.name);
        subject.grant(authorize("a", by_card(&world.tokens[0]), "1.00"));
    }
}

#[test]
fn commands_of_a_batch_see_each_other() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let card = || by_card(&world.tokens[0]);
        let next = RowId(subject.load(&ReadSet::default()).newest.0 + 1);
        let replies = subject.run(&[
            authorize("a", card(), "600.00"),
            authorize("b", card(), "600.00"),
            capture(next, "p", "100.00"),
            authorize("a", card(), "600.00"),
            account("5.00"),
        ]);
        let granted: Vec<bool> = replies.iter().map(Result::is_ok).collect();
        assert_eq!(granted, [true, false, true, true, true], "{}", subject.name);
        let later = subject.run(&[capture(next, "p", "100.00"), correct("p", "c", "40.00")]);
        assert!(later[0].is_ok());
        let reads = ReadSet { accounts: world.accounts.clone(), ..ReadSet::default() };
        let balance = subject.load(&reads).accounts[0].1.balance;
        assert_eq!(balance.reserved, 50_000, "{}", subject.name);
    }
}

#[test]
fn the_directory_is_kept_and_shared() {
    for mut subject in subjects() {
        assert_eq!(*subject.store().directory(), Directory::default());
        subject.grant(company("100"));
        subject.grant(company("200"));
        subject.grant(seller("200", "1"));
        let mut reader = subject.reader();
        let read = |reader: &mut dyn store::Reader| {
            Arc::clone(&reader.load(&ReadSet::default()).unwrap().directory)
        };
        let directory = read(reader.as_mut());
        assert_eq!(directory, subject.store().directory());
        let currencies = vec![ledger::Currency::parse("EUR").unwrap()];
        subject.grant(Command::ChangeCompany(ledger::ChangeCompany {
            number: "200".to_owned(),
            name: Some("Nytt namn".to_owned()),
            currencies,
            authorization_days: Some(30),
            actor: "test".to_owned(),
        }));
        let changed = read(reader.as_mut());
        assert_ne!(changed, directory, "{}: an open reader sees the change", subject.name);
        assert_eq!(changed, subject.store().directory());
        let company = changed.company("200").unwrap();
        assert_eq!(changed.seller(company.id, "1").unwrap().payables.len(), 3);
        subject.reopen();
        assert_eq!(changed, subject.store().directory(), "{}", subject.name);
    }
}

#[test]
fn a_reader_sees_what_was_acknowledged_before() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let mut reader = subject.reader();
        for number in 0..20 {
            let source = format!("{number}");
            let row = subject.grant(authorize(&source, by_card(&world.tokens[0]), "1.00"));
            let seen = reader.row(row).unwrap();
            assert!(matches!(seen, Some(Row::Authorization(_))), "{}", subject.name);
            let newest = reader.rows_before(RowId(i64::MAX), 1).unwrap();
            assert_eq!(newest[0].id(), row);
        }
    }
}

#[test]
fn an_audit_shows_each_seal_after_its_rows() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let batch: Vec<Command> =
            (0..7).map(|n| authorize(&format!("{n}"), by_card(&world.tokens[0]), "1.00")).collect();
        subject.run(&batch);
        subject.grant(account("0"));
        subject.put(&[document(Kind::Terminal.id(1), "", &["name"], &["list"])]);
        let mut unsealed = BTreeSet::new();
        let mut kinds = Vec::new();
        let mut reader = subject.reader();
        let visit = &mut |record: Record| {
            kinds.push(match &record {
                Record::Row(row) => {
                    assert!(unsealed.insert(row.id()));
                    0
                }
                Record::Seal(seal) => {
                    let rows: Vec<RowId> = std::mem::take(&mut unsealed).into_iter().collect();
                    assert_eq!(rows.first(), Some(&seal.first));
                    assert_eq!(rows.last(), Some(&seal.last));
                    assert_eq!(i64::try_from(rows.len()), Ok(seal.rows));
                    0
                }
                Record::Account(_) => 1,
                Record::Key(..) => 2,
                Record::Document(_) => 3,
                Record::Name(..) => 4,
                Record::Listed(..) => 5,
                Record::Unreadable(what) => panic!("{what}"),
            });
        };
        reader.audit(visit).unwrap();
        assert!(unsealed.is_empty(), "{}", subject.name);
        assert!(kinds.is_sorted(), "{}: rows, accounts, keys, documents", subject.name);
        assert!((0..=5).all(|kind| kinds.contains(&kind)));
    }
}

#[test]
fn every_kind_of_transaction_is_kept() {
    for mut subject in subjects() {
        let world = world(&mut subject, 1);
        let card = || by_card(&world.tokens[0]);
        for (number, kind) in (0..).zip(PostingKind::ALL) {
            let allowed = AuthorizationKind::ALL.into_iter().find(|auth| auth.allows() == kind);
            let (auth, post, corr) =
                (format!("a{number}"), format!("p{number}"), format!("c{number}"));
            let plain = plain_authorize(&auth, card(), "9.00");
            let row =
                subject.grant(Command::Authorize(Authorize { kind: allowed.unwrap(), ..plain }));
            let basis = ledger::Basis::Authorization(Some(Code::of(row)));
            subject.grant(Command::Post(plain_post(kind, basis, &post, "3.00")));
            let Command::Correct(plain) = correct(&post, &corr, "1.00") else { unreachable!() };
            subject.grant(Command::Correct(ledger::Correct {
                kind,
                amount: decimal("1.00"),
                ..plain
            }));
        }
        settle(subject.store(), &[payout("s")]).remove(0).unwrap();
        give_back(subject.store(), "s", "back").unwrap();
        subject.reopen();
        let rows = subject.dump().rows();
        let kinds: Vec<TransactionKind> = rows
            .iter()
            .filter_map(|row| match row {
                Row::Transaction(row) => Some(row.kind),
                Row::Authorization(_) | Row::Change(_) => None,
            })
            .collect();
        for kind in TransactionKind::ALL {
            let ends = matches!(kind, TransactionKind::Cancellation | TransactionKind::Expiry);
            assert!(ends || kinds.contains(&kind), "{}: {kind:?}", subject.name);
        }
    }
}

#[test]
fn an_error_says_whether_it_is_certain() {
    assert_eq!(StoreError::NotCommitted.to_string(), "transaction was not committed");
    assert_eq!(StoreError::Unknown.to_string(), "transaction outcome is unknown");
    let mut subject = Subject::memory();
    assert_eq!(run_batch(subject.store(), &[], NOW), Ok(Vec::new()));
}

//! Goal: offline purchases are booked once, within the limits of the terminal's configuration, and
//! each gets its own answer. Method: uploads of a terminal on a fleet in memory, whose merchant has
//! a ledger.

use ledger::add_card::add_card;
use ledger::configure::{add_company, add_seller};
use ledger::open_account::open_account;
use ledger::{AccountNo, AddCard, AddCompany, AddSeller, MoneyError, OpenAccount, Row};
use store::{Reader as _, Store as _};

use super::*;
use crate::Command;
use crate::customer::Merchant;
use crate::fleet::{Fleet, MIDNIGHT};
use crate::terminal::Activation;

/// A fleet whose customer 2 is a merchant with seller 2 of company 100, and one terminal of it that
/// may accept three purchases of at most 100.00, together at most 200.00, by chip or without
/// contact. Card `c-sek` is on an account in SEK, `c-eur` on one in EUR.
fn fleet() -> (Fleet, i64) {
    let mut fleet = Fleet::new();
    let terminal = fleet.terminal(2, "C100+");
    let now = fleet.now;
    let mut accounts = Vec::new();
    write(&mut fleet, |books| {
        let code = |code: &str| Currency::parse(code).unwrap();
        let company = AddCompany {
            number: "100".to_owned(),
            name: "Åkes".to_owned(),
            zone: Zone::parse("Europe/Stockholm").unwrap(),
            currencies: [code("SEK"), code("EUR")].into_iter().collect(),
            authorization_days: 7,
            actor: "test".to_owned(),
            idempotency: None,
        };
        add_company(&company, books, now).unwrap();
        let seller = AddSeller {
            company: "100".to_owned(),
            number: "2".to_owned(),
            name: "Åkes Ägg".to_owned(),
            actor: "test".to_owned(),
            idempotency: None,
        };
        add_seller(&seller, books, now).unwrap();
        accounts = ["SEK", "EUR"].map(|currency| open(currency, books, now)).into();
        let mut customer = Customer::find(&books.directory, 2).unwrap();
        customer.merchant = Some(Merchant {
            company_number: "100".to_owned(),
            seller_number: "2".to_owned(),
            merchant_id: "M-2".to_owned(),
            entity_id: "e".repeat(32),
            agreements: Vec::new(),
            mcc: "5411".to_owned(),
        });
        let settings = [
            ("currency", "SEK"),
            ("deferred_authorization.enabled", "true"),
            ("deferred_authorization.max_transaction_count", "3"),
            ("deferred_authorization.max_transaction_amount", "10000"),
            ("deferred_authorization.max_total_amount", "20000"),
            ("deferred_authorization.supported_card_entry_modes", "chip,contactless"),
        ];
        for (name, value) in settings {
            customer.settings.choose(name, value);
        }
        books.put_document(customer.document());
    });
    for (account, token) in accounts.into_iter().zip(["c-sek", "c-eur"]) {
        let command = AddCard {
            account,
            token: CardToken::parse(token).unwrap(),
            pan: None,
            expiry: None,
            actor: "test".to_owned(),
            idempotency: None,
        };
        let mut reads = ReadSet::default();
        command.read(&mut reads);
        let mut decide = |mut books: Books| {
            add_card(&command, &mut books, now).unwrap();
            books.close(now)
        };
        fleet.store.transact(&reads, &mut decide).unwrap();
    }
    (fleet, terminal)
}

fn open(currency: &str, books: &mut Books, now: Timestamp) -> AccountNo {
    let command = OpenAccount {
        company: "100".to_owned(),
        currency: currency.to_owned(),
        credit_limit: Decimal::parse("50").unwrap(),
        holder: "Astrid".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    };
    let answer = open_account(&command, books, now).unwrap();
    let ledger::books::Done::Changed(change) = answer.done else { panic!() };
    AccountNo::of(change.account.unwrap())
}

fn write(fleet: &mut Fleet, mut write: impl FnMut(&mut Books)) {
    let now = fleet.now;
    let mut decide = |mut books: Books| {
        write(&mut books);
        books.close(now)
    };
    fleet.store.transact(&ReadSet::default(), &mut decide).unwrap();
}

/// `id amount [currency] [mode] [card] [receipt]`
fn item(text: &str) -> OfflineItem {
    let mut item = OfflineItem {
        id: String::new(),
        card: CardToken::parse("c-sek").unwrap(),
        amount: Decimal::parse("0").unwrap(),
        currency: Currency::parse("SEK").unwrap(),
        entry_mode: EntryMode::Chip,
        accepted_at: MIDNIGHT,
        receipt: None,
    };
    for (at, word) in text.split(' ').enumerate() {
        match (at, Currency::parse(word), EntryMode::parse(word)) {
            (0, ..) => item.id = word.to_owned(),
            (1, ..) => item.amount = Decimal::parse(word).unwrap(),
            (_, Some(currency), _) => item.currency = currency,
            (_, _, Some(mode)) => item.entry_mode = mode,
            _ if word.starts_with("c-") => item.card = CardToken::parse(word).unwrap(),
            _ => item.receipt = Some(word.to_owned()),
        }
    }
    item
}

fn upload(terminal: i64, items: &str) -> PostOffline {
    PostOffline {
        terminal,
        token_hash: format!("{terminal:064x}"),
        company: "100".to_owned(),
        items: items.split(", ").filter(|text| !text.is_empty()).map(item).collect(),
    }
}

fn run(fleet: &mut Fleet, command: PostOffline) -> Result<Vec<OfflineOutcome>, Refusal> {
    let answer = fleet.run(Command::PostOffline(command))?;
    let Outcome::Offline(outcomes) = answer.done else { panic!("{answer:?}") };
    Ok(outcomes)
}

/// What became of each item, in words.
fn words(outcomes: &[OfflineOutcome]) -> String {
    let words = outcomes.iter().map(|outcome| match outcome {
        OfflineOutcome::Posted { replayed: false, .. } => "posted".to_owned(),
        OfflineOutcome::Posted { replayed: true, .. } => "again".to_owned(),
        OfflineOutcome::Refused(OfflineRefusal::Ledger(refusal)) => format!("{refusal:?}"),
        OfflineOutcome::Refused(refusal) => format!("{refusal:?}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Uploads in turn on one fleet, each with what is expected of it.
#[track_caller]
fn check(uploads: &[(&str, &str)]) {
    let (mut fleet, terminal) = fleet();
    for (items, expected) in uploads {
        let outcomes = run(&mut fleet, upload(terminal, items)).unwrap();
        assert_eq!(words(&outcomes), *expected, "{items}");
    }
}

#[test]
fn each_limit_holds_at_its_edge() {
    check(&[("a 100", "posted")]);
    check(&[("a 100.01", "AmountExceeded")]);
    check(&[("a 1, b 1, c 1", "posted posted posted")]);
    check(&[("a 1, b 1, c 1, d 1", "posted posted posted CountExceeded")]);
    check(&[("a 100, b 100", "posted posted")]);
    check(&[("a 1, a 1, b 1, c 1", "posted again posted posted")]);
    check(&[("a 100, b 99.99, c 0.02", "posted posted TotalExceeded")]);
    check(&[("a 100, b 99.99, c 0.02, d 0.01", "posted posted TotalExceeded posted")]);
    check(&[("a 1 chip, b 1 contactless", "posted posted")]);
    check(&[("a 1 manual, b 1 magnetic_stripe", "EntryMode EntryMode")]);
    check(&[("a 1 EUR c-eur", "Currency")]);
}

#[test]
fn the_first_reason_decides() {
    check(&[("a 100.01 EUR manual", "EntryMode")]);
    check(&[("a 100.01 EUR", "Currency")]);
    check(&[("a 1, b 1, c 1, d 100.01", "posted posted posted AmountExceeded")]);
    check(&[("a 100, b 99, c 0.5, d 100", "posted posted posted CountExceeded")]);
    let not_exact = format!("{:?}", ledger::Refusal::Amount(MoneyError::NotExact));
    check(&[("a 0.001", &not_exact)]);
}

#[test]
fn the_ledger_refuses_one_and_books_the_others() {
    check(&[("a 1 c-none, b 1", "CardNotFound posted")]);
    check(&[("a 1 c-eur, b 1", "CurrencyNotSupported posted")]);
    let zero = format!("{:?} posted", ledger::Refusal::Amount(MoneyError::OutOfRange));
    check(&[("a 0, b 1", &zero)]);
    // The money has moved: neither the account's limit nor what is refused counts.
    check(&[(
        "a 100, n 1 c-none, b 50, m 1 c-none, c 50",
        "posted CardNotFound posted CardNotFound posted",
    )]);
}

#[test]
fn a_repeated_upload_gets_the_same_answers() {
    check(&[
        ("a 100, b 100, c 1", "posted posted TotalExceeded"),
        ("a 100, b 100, c 1", "again again TotalExceeded"),
        ("c 1", "posted"),
        ("c 1, c 1", "again again"),
        ("c 2", "DuplicateTransaction(Purchase)"),
        ("c 1 other-receipt", "DuplicateTransaction(Purchase)"),
        ("d 1, d 1, d 2", "posted again DuplicateTransaction(Purchase)"),
    ]);
}

#[test]
fn what_is_booked_stays_booked_when_nothing_more_may_be() {
    let (mut fleet, terminal) = fleet();
    let first = run(&mut fleet, upload(terminal, "a 1")).unwrap();
    fleet.edit(terminal, |terminal| {
        terminal.settings.choose("deferred_authorization.enabled", "false");
    });
    let again = run(&mut fleet, upload(terminal, "a 1, b 1")).unwrap();
    assert_eq!(words(&again), "again NotAllowed");
    let [OfflineOutcome::Posted { transaction: one, .. }] = first[..] else { panic!() };
    let OfflineOutcome::Posted { transaction: other, .. } = again[0] else { panic!() };
    assert_eq!(one, other);
}

#[test]
fn a_booking_says_where_and_when_it_happened() {
    let (mut fleet, terminal) = fleet();
    let mut command = upload(terminal, "a-1 99.50 kvitto-å");
    // Midnight in UTC is one o'clock in Stockholm; an hour and a bit before is yesterday there.
    command.items[0].accepted_at = MIDNIGHT.plus_ms(-3_600_001);
    let before = fleet.newest();
    run(&mut fleet, command).unwrap();
    let rows = fleet.store.rows_after(before, 10).unwrap();
    let [Row::Transaction(booked), Row::Change(change)] = &rows[..] else { panic!("{rows:?}") };
    let id = Terminal::terminal_id_of(RowId(terminal));
    assert_eq!(booked.source, format!("{id}-a-1"));
    assert_eq!(booked.point_of_sale.as_ref(), Some(&id));
    assert_eq!((booked.posted, booked.receipt.as_deref()), (9950, Some("kvitto-å")));
    assert_eq!((booked.offline_info, booked.over_limit), (true, true), "50.00 is the limit");
    let stockholm = Zone::parse("Europe/Stockholm").unwrap();
    assert_eq!(booked.value_date, stockholm.day_of(MIDNIGHT).plus_days(-1));
    assert_eq!(change.kind.as_str(), "terminal.offline-uploaded");
    assert_eq!(change.subject, RowId(terminal));
    let fields = [("posted", "1"), ("replayed", "0"), ("refused", "0"), ("total.SEK", "99.50")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(change.fields, fields);
}

#[test]
fn an_upload_that_books_nothing_leaves_no_row() {
    let (mut fleet, terminal) = fleet();
    run(&mut fleet, upload(terminal, "a 1")).unwrap();
    let before = fleet.newest();
    run(&mut fleet, upload(terminal, "a 1, b 1 manual, c 1 c-none")).unwrap();
    assert_eq!(fleet.newest(), before);
}

#[test]
fn only_an_active_terminal_of_a_merchant_uploads() {
    let (mut fleet, terminal) = fleet();
    let good = upload(terminal, "a 1");
    let stranger = PostOffline { token_hash: "0".repeat(64), ..good.clone() };
    assert_eq!(run(&mut fleet, stranger), Err(Refusal::NotThisDevice));
    let elsewhere = PostOffline { company: "200".to_owned(), ..good.clone() };
    assert_eq!(run(&mut fleet, elsewhere), Err(Refusal::CompanyNotConfigured));
    let no_merchants = fleet.terminal(3, "C100+");
    let foreign = upload(no_merchants, "a 1");
    assert_eq!(run(&mut fleet, foreign), Err(Refusal::CannotHaveTerminals));
    fleet.edit(terminal, |terminal| terminal.status = TerminalStatus::Inactive);
    assert_eq!(run(&mut fleet, good.clone()), Err(Refusal::TerminalNotActive));
    fleet.edit(terminal, |terminal| {
        terminal.status = TerminalStatus::Active;
        let code_salt = "0".repeat(32);
        terminal.activation = Activation::Waiting { code_salt, wrong_codes: 0 };
    });
    assert_eq!(run(&mut fleet, good), Err(Refusal::NotThisDevice));
}

#[test]
fn two_terminals_may_use_one_id() {
    let (mut fleet, terminal) = fleet();
    let other = fleet.terminal(2, "C100+");
    for terminal in [terminal, other] {
        assert_eq!(words(&run(&mut fleet, upload(terminal, "a 1")).unwrap()), "posted");
    }
}

#[test]
fn a_limit_that_nobody_can_reach_is_kept_in_64_bits() {
    check(&[("a 10000000000000.01", "Amount(OutOfRange)")]);
}

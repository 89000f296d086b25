//! A small world for tests: a model store, books with a few companies, accounts and cards, and a
//! language of one line per case in which the verbs' tests are written.
//!
//! A step is a verb and what differs from its usual parameters: `authorize amount=50.00 source=a2`.
//! Steps joined by `;` run one after the other, by `+` in one batch. After every case all
//! invariants must hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::audit::{Auditor, Verification};
use crate::authorize::{authorization_key, authorize};
use crate::books::Done;
use crate::cancel::cancel;
use crate::card::PanFingerprint;
use crate::change_account::change_account;
use crate::configure::{add_company, add_seller, change_company};
use crate::correct::correct;
use crate::credentials::{NoteUses, issue_credential, note_uses, revoke_credential};
use crate::expire::expire;
use crate::ids::Hasher;
use crate::open_account::open_account;
use crate::pay_out::pay_out;
use crate::post::post;
use crate::return_settlement::return_settlement;
use crate::{
    Account, AccountId, AccountNo, AccountStatus, AcquirerReferences, AddCard, AddCompany,
    AddSeller, Answer, AuthorizationId, AuthorizationKind, Authorize, Basis, Books, Cancel, Card,
    CardAuthenticationMethod, CardExpiry, CardStatus, CardToken, ChangeAccount, ChangeCard,
    ChangeCompany, Channel, Code, Contract, Correct, CredentialId, Currency, Date, Decimal,
    Directory, Expire, Fingerprint, Head, House, Idempotency, Instrument, IssueCredential, Key,
    MaskedPan, Mount, OfflineClaims, OfflineInfo, OpenAccount, PayOut, Post, PostingKind, ReadSet,
    Refusal, ReturnSettlement, RevokeCredential, Row, RowId, Scope, Seal, Timestamp, WriteSet,
    Zone, add_card,
};

/// Noon in Stockholm on 2026-11-20.
pub(crate) const NOW: &str = "2026-11-20T11:00:00Z";

/// Any command.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    Authorize(Authorize),
    Post(Post),
    Correct(Correct),
    Cancel(Cancel),
    Expire(Expire),
    OpenAccount(OpenAccount),
    ChangeAccount(ChangeAccount),
    AddCard(AddCard),
    ChangeCard(ChangeCard),
    AddCompany(AddCompany),
    ChangeCompany(ChangeCompany),
    AddSeller(AddSeller),
    Issue(IssueCredential),
    Revoke(RevokeCredential),
    Note(NoteUses),
    PayOut(PayOut),
    Return(ReturnSettlement),
}

/// All that a store holds, and names for some of it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) directory: Arc<Directory>,
    pub(crate) rows: BTreeMap<RowId, Row>,
    pub(crate) seals: BTreeMap<RowId, Seal>,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) cards: HashMap<CardToken, Card>,
    pub(crate) keys: BTreeMap<Key, RowId>,
    names: HashMap<String, AccountNo>,
}

/// Runs a table: what happened before, a request, its answer, and the debt and reserved amount of
/// an account after it (`A 30000 0`), or nothing where the request must leave all as it is.
#[track_caller]
pub(crate) fn check(table: &str) {
    let rows = table.trim().lines().map(str::trim).filter(|row| !row.is_empty());
    for row in rows.skip(1) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let mut world = World::new();
        world.run_all(cells[0]);
        let before = world.clone();
        let answer = world.run_all(cells[1]).pop().expect("a request");
        assert_eq!(answer, cells[2], "{row}");
        match cells.get(3).copied().unwrap_or_default() {
            "" => {
                assert_eq!(world.accounts, before.accounts, "{row}");
                assert_eq!(world.rows, before.rows, "{row}");
                assert_eq!(world.cards, before.cards, "{row}");
                assert_eq!(world.keys, before.keys, "{row}");
                assert_eq!(world.directory, before.directory, "{row}");
            }
            "written" => assert!(world.rows.len() > before.rows.len(), "{row}"),
            balance => assert_eq!(world.balance(&balance[..1]), balance, "{row}"),
        }
        let verification = world.verify();
        assert!(verification.is_ok(), "{row}: {verification:#?}");
    }
}

impl World {
    /// Company 100 with sellers 654 and 655, company 200 with seller 654, company 300 without
    /// currencies; accounts A (limit 1000.00), B (limit 0), C (closed), D (blocked), J (yen) and
    /// K (dinar) of 100, F of 200; cards `card-a` to `card-f` on them; on A also an `old` card, a
    /// `new` one that is good through this month and a `stolen` one.
    pub(crate) fn new() -> World {
        let mut world = World {
            now: Timestamp::parse_rfc3339(NOW).unwrap(),
            directory: Arc::default(),
            rows: BTreeMap::new(),
            seals: BTreeMap::new(),
            accounts: BTreeMap::new(),
            cards: HashMap::new(),
            keys: BTreeMap::new(),
            names: HashMap::new(),
        };
        let answers = world.run_all(
            "add-company number=100 currencies=SEK,JPY,KWD; add-seller; add-seller number=655;
             add-company number=200; add-seller company=200;
             add-company number=300 currencies=; add-seller company=300;
             open name=A; add-card; open name=B limit=0; add-card account=B token=card-b;
             open name=C; add-card account=C token=card-c; change account=C status=closed;
             open name=D; add-card account=D token=card-d; change account=D status=blocked;
             open name=J currency=JPY limit=100000; add-card account=J token=card-j;
             open name=K currency=KWD limit=100; add-card account=K token=card-k;
             open name=F company=200; add-card account=F token=card-f;
             add-card token=old expiry=2026-10; add-card token=new expiry=2026-11;
             add-card token=stolen; change-card token=stolen status=blocked",
        );
        assert!(answers.iter().all(|answer| answer == "changed"), "{answers:?}");
        world
    }

    /// Runs steps, and returns the answer to each.
    #[track_caller]
    pub(crate) fn run_all(&mut self, script: &str) -> Vec<String> {
        let batches = script.split(';').map(str::trim).filter(|batch| !batch.is_empty());
        let mut answers = Vec::new();
        for batch in batches {
            if let Some(at) = batch.strip_prefix("at ") {
                self.now = time(at);
                continue;
            }
            let verbs: Vec<Verb> = batch.split('+').map(|step| self.verb(step)).collect();
            answers.extend(self.run(&verbs).into_iter().map(shown));
            for step in batch.split('+').map(Step::of).filter(|step| step.verb == "open") {
                let opened = self.accounts.keys().next_back().expect("an account");
                self.names.insert(step.get("name", "N").to_owned(), AccountNo::of(*opened));
            }
        }
        answers
    }

    /// Runs commands in one batch.
    pub(crate) fn run(&mut self, verbs: &[Verb]) -> Vec<Result<Answer, Refusal>> {
        let mut reads = ReadSet::default();
        for verb in verbs {
            verb.read(&mut reads);
        }
        let mut books = self.load(&reads);
        let replies = verbs.iter().map(|verb| verb.decide(&mut books, self.now)).collect();
        let writes = books.close(self.now);
        self.write(writes);
        replies
    }

    /// Audits everything.
    pub(crate) fn verify(&self) -> Verification {
        let mut auditor = Auditor::new();
        // A seal is there even when its last row is gone.
        let ids: BTreeSet<RowId> = self.rows.keys().chain(self.seals.keys()).copied().collect();
        for id in ids {
            self.rows.get(&id).into_iter().for_each(|row| auditor.row(row));
            self.seals.get(&id).into_iter().for_each(|seal| auditor.seal(seal));
        }
        self.accounts.values().for_each(|account| auditor.account(account));
        self.keys.iter().for_each(|(key, row)| auditor.key(*key, *row));
        auditor.finish()
    }

    /// The balance of a named account as tables show it.
    pub(crate) fn balance(&self, name: &str) -> String {
        let balance = self.accounts[&self.account(name)].balance;
        format!("{name} {} {}", balance.debt, balance.reserved)
    }

    /// The account of a name.
    pub(crate) fn account(&self, name: &str) -> AccountId {
        self.number(name).expect("an account").id()
    }

    /// The authorization with this source id in company 100, or the row `#n`; `next` is the
    /// authorization that is placed next, and `-` none.
    pub(crate) fn code(&self, source: &str) -> Option<Code> {
        let newest = self.rows.keys().next_back().map_or(0, |id| id.0);
        match source {
            "-" => None,
            "next" => Some(Code::of(RowId(newest.saturating_add(1)))),
            source => Some(Code::of(self.authorization(source))),
        }
    }

    /// The row of the authorization with this source id in company 100, or one that is none.
    pub(crate) fn authorization(&self, source: &str) -> RowId {
        let foreign = source.strip_prefix("200/");
        let company = if foreign.is_some() { "200" } else { "100" };
        let key = authorization_key(company, foreign.unwrap_or(source));
        self.keys.get(&key).copied().unwrap_or(RowId(999_999))
    }

    pub(crate) fn load(&self, reads: &ReadSet) -> Books {
        let newest = self.rows.keys().next_back().copied().unwrap_or_default();
        let head = self.seals.values().next_back().map(Head::after).unwrap_or_default();
        let mut books = Books::new(Arc::clone(&self.directory), newest, head);
        books.keys.extend(reads.keys.iter().filter_map(|k| Some((*k, *self.keys.get(k)?))));
        let mut accounts: Vec<AccountId> = reads.named_accounts(&self.directory).collect();
        let mut rows: Vec<RowId> = books.keys.values().copied().collect();
        rows.extend(reads.codes.iter().flat_map(|code| code.rows(newest)));
        rows.extend(reads.authorizations.iter().map(|id| RowId(id.0)));
        for row in rows.iter().filter_map(|id| self.rows.get(id)) {
            match row.clone() {
                Row::Authorization(row) => {
                    accounts.push(row.account);
                    books.authorizations.insert(row.id, row);
                }
                Row::Transaction(row) => {
                    accounts.push(row.account);
                    books.transactions.insert(row.id, row);
                }
                Row::Change(row) => drop(books.changes.insert(row.id, row)),
            }
        }
        for card in reads.cards.iter().filter_map(|token| self.cards.get(token)) {
            accounts.push(card.account);
            books.cards.insert(card.token.clone(), card.clone());
        }
        let found = accounts.iter().filter_map(|id| self.accounts.get(id));
        books.accounts.extend(found.map(|account| (account.id, account.clone())));
        books
    }

    fn write(&mut self, writes: WriteSet) {
        let authorizations = writes.authorizations.into_iter().map(Row::Authorization);
        let transactions = writes.transactions.into_iter().map(Row::Transaction);
        let rows = authorizations.chain(transactions).chain(writes.rows);
        self.rows.extend(rows.map(|row| (row.id(), row)));
        self.accounts.extend(writes.accounts.into_iter().map(|account| (account.id, account)));
        self.cards.extend(writes.cards.into_iter().map(|card| (card.token.clone(), card)));
        self.keys.extend(writes.keys);
        self.seals.extend(writes.seal.map(|seal| (seal.last, seal)));
        self.directory = writes.directory.unwrap_or_else(|| Arc::clone(&self.directory));
    }

    /// Reads a step.
    #[track_caller]
    pub(crate) fn verb(&self, step: &str) -> Verb {
        let step = &Step::of(step);
        match step.verb {
            "authorize" => Verb::Authorize(self.authorize(step)),
            "purchase" => Verb::Post(self.post(step, PostingKind::Purchase)),
            "withdraw" => Verb::Post(self.post(step, PostingKind::CashWithdrawal)),
            "reverse" => Verb::Post(self.post(step, PostingKind::Reversal)),
            "correct" => Verb::Correct(step.correct()),
            "cancel" => Verb::Cancel(Cancel {
                company: step.text("company", "100"),
                seller_scope: step.optional("scope"),
                mount: step.mount(),
                code: self.code(step.get("on", "a1")),
                value_date: step.date("date"),
            }),
            "expire" => Verb::Expire(Expire {
                authorization: AuthorizationId(self.authorization(step.get("on", "a1")).0),
            }),
            "change" => Verb::ChangeAccount(ChangeAccount {
                account: self.number(step.get("account", "A")).expect("a number"),
                credit_limit: step.amount("limit"),
                status: step.params.get("status").map(|word| AccountStatus::parse(word).unwrap()),
                actor: step.text("actor", "operator"),
            }),
            "add-card" => Verb::AddCard(self.add_card(step)),
            "revoke" => Verb::Revoke(RevokeCredential {
                credential: self.newest_credential(),
                actor: step.text("actor", "operator"),
            }),
            "note" => Verb::Note(NoteUses {
                uses: vec![(self.newest_credential(), time(step.get("used", NOW)))],
            }),
            _ => step.administrative(),
        }
    }

    fn authorize(&self, step: &Step<'_>) -> Authorize {
        Authorize {
            company: step.text("company", "100"),
            mount: step.mount(),
            source: step.text("source", "a1"),
            seller: step.text("seller", "654"),
            instrument: match step.params.get("account") {
                Some(name) => Instrument::Account(self.number(name)),
                None => Instrument::Card(step.card()),
            },
            kind: match step.get("kind", "purchase") {
                "withdrawal" => AuthorizationKind::CashWithdrawal,
                "reversal" => AuthorizationKind::Reversal,
                _ => AuthorizationKind::Purchase,
            },
            point_of_sale: step.text("pos", "Kiosk"),
            amount: step.amount("amount").unwrap_or(Decimal::parse("300.00").unwrap()),
            currency: step.text("currency", "SEK"),
            valid_to: step.date("valid-to"),
            method: step.method(),
            channel: step.channel(),
        }
    }

    fn post(&self, step: &Step<'_>, kind: PostingKind) -> Post {
        let basis = if step.has("offline") {
            Basis::Offline(OfflineInfo {
                card: step.card(),
                seller: step.text("seller", "654"),
                currency: step.text("currency", "SEK"),
                method: step.method(),
                channel: step.channel(),
            })
        } else {
            Basis::Authorization(self.code(step.get("on", "a1")))
        };
        Post {
            company: step.text("company", "100"),
            seller_scope: step.optional("scope"),
            mount: step.mount(),
            kind,
            basis,
            offline_info: step.has("offline") || step.has("offline-info"),
            claims: OfflineClaims::default(),
            source: step.text("source", "p1"),
            amount: step.amount("amount").unwrap_or(Decimal::parse("300.00").unwrap()),
            withdrawal: step.amount("cash"),
            references: step.references(),
            receipt: step.optional("receipt"),
            point_of_sale: step.optional("pos"),
            value_date: step.date("date"),
        }
    }

    fn add_card(&self, step: &Step<'_>) -> AddCard {
        let pan = step.params.get("pan").map(|pan| {
            let mut fingerprint = [7; 32];
            fingerprint[..pan.len()].copy_from_slice(pan.as_bytes());
            (MaskedPan::of(pan).expect("a card number"), PanFingerprint(fingerprint))
        });
        AddCard {
            account: self.number(step.get("account", "A")).expect("a number"),
            token: CardToken::parse(step.get("token", "card-a")).unwrap(),
            pan,
            expiry: step.params.get("expiry").map(|month| CardExpiry::parse(month).unwrap()),
            actor: step.text("actor", "operator"),
            idempotency: step.idempotency(),
        }
    }

    /// A company's own account in kronor.
    pub(crate) fn house(&self, company: &str, house: House) -> Option<AccountId> {
        self.directory.company(company).and_then(|found| found.house(house, Currency::SEK))
    }

    fn newest_credential(&self) -> CredentialId {
        let newest = self.directory.credentials().next_back();
        newest.map_or(CredentialId(999_999), |credential| credential.id)
    }

    /// The number of a named account; `-` is a number that none can have, and `0` nobody's. `S`
    /// and `E` are those on which company 100 settles and earns its fees in kronor.
    fn number(&self, name: &str) -> Option<AccountNo> {
        match name {
            "-" => None,
            "0" => Some(AccountNo::of(AccountId(999_999))),
            "payable" => {
                let company = self.directory.company("100").unwrap();
                let seller = self.directory.seller(company.id, "654").unwrap();
                seller.payable(Currency::SEK).map(AccountNo::of)
            }
            "S" => self.house("100", House::Settlement).map(AccountNo::of),
            "E" => self.house("100", House::Fees).map(AccountNo::of),
            name => Some(self.names[name]),
        }
    }
}

impl Verb {
    pub(crate) fn read(&self, reads: &mut ReadSet) {
        match self {
            Verb::Authorize(command) => command.read(reads),
            Verb::Post(command) => command.read(reads),
            Verb::Correct(command) => command.read(reads),
            Verb::Cancel(command) => command.read(reads),
            Verb::Expire(command) => command.read(reads),
            Verb::OpenAccount(command) => command.read(reads),
            Verb::ChangeAccount(command) => command.read(reads),
            Verb::AddCard(command) => command.read(reads),
            Verb::ChangeCard(command) => command.read(reads),
            Verb::AddCompany(command) => command.read(reads),
            Verb::AddSeller(command) => command.read(reads),
            Verb::Issue(command) => command.read(reads),
            Verb::PayOut(command) => command.read(reads),
            Verb::Return(command) => command.read(reads),
            Verb::ChangeCompany(_) | Verb::Revoke(_) | Verb::Note(_) => {}
        }
    }

    pub(crate) fn decide(&self, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
        match self {
            Verb::Authorize(command) => authorize(command, books, now),
            Verb::Post(command) => post(command, books, now),
            Verb::Correct(command) => correct(command, books, now),
            Verb::Cancel(command) => cancel(command, books, now),
            Verb::Expire(command) => expire(command, books, now),
            Verb::OpenAccount(command) => open_account(command, books, now),
            Verb::ChangeAccount(command) => change_account(command, books, now),
            Verb::AddCard(command) => add_card::add_card(command, books, now),
            Verb::ChangeCard(command) => add_card::change_card(command, books, now),
            Verb::AddCompany(command) => add_company(command, books, now),
            Verb::ChangeCompany(command) => change_company(command, books, now),
            Verb::AddSeller(command) => add_seller(command, books, now),
            Verb::Issue(command) => issue_credential(command, books, now),
            Verb::Revoke(command) => revoke_credential(command, books, now),
            Verb::Note(command) => note_uses(command, books),
            Verb::PayOut(command) => pay_out(command, books, now)
                .map(|paid| Answer { done: Done::Nothing, replayed: paid.replayed }),
            Verb::Return(command) => return_settlement(command, books, now)
                .map(|returned| Answer { done: Done::Nothing, replayed: returned.replayed }),
        }
    }
}

/// A step as it is written.
struct Step<'t> {
    text: &'t str,
    verb: &'t str,
    params: HashMap<&'t str, &'t str>,
}

impl<'t> Step<'t> {
    fn of(text: &'t str) -> Step<'t> {
        let mut words = text.split_whitespace();
        let verb = words.next().expect("a verb");
        let params = words.map(|word| word.split_once('=').unwrap_or((word, ""))).collect();
        Step { text: text.trim(), verb, params }
    }

    fn has(&self, name: &str) -> bool {
        self.params.contains_key(name)
    }

    fn get(&self, name: &str, usual: &'t str) -> &'t str {
        self.params.get(name).copied().unwrap_or(usual)
    }

    fn text(&self, name: &str, usual: &'t str) -> String {
        self.get(name, usual).to_owned()
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.params.get(name).map(|value| (*value).to_owned())
    }

    fn amount(&self, name: &str) -> Option<Decimal> {
        self.params.get(name).map(|amount| Decimal::parse(amount).expect("an amount"))
    }

    fn date(&self, name: &str) -> Option<Date> {
        self.params.get(name).map(|date| Date::parse(date).expect("a date"))
    }

    fn card(&self) -> CardToken {
        CardToken::parse(self.get("card", "card-a")).expect("a token")
    }

    fn method(&self) -> Option<CardAuthenticationMethod> {
        self.params.get("method").map(|word| CardAuthenticationMethod::parse(word).unwrap())
    }

    fn channel(&self) -> Option<Channel> {
        self.params.get("channel").map(|word| Channel::parse(word).unwrap())
    }

    fn mount(&self) -> Mount {
        Mount::parse(self.get("mount", "card-transaction")).expect("a mount")
    }

    fn references(&self) -> AcquirerReferences {
        AcquirerReferences { batch: self.optional("batch"), transaction: self.optional("ref") }
    }

    fn correct(&self) -> Correct {
        Correct {
            company: self.text("company", "100"),
            seller_scope: self.optional("scope"),
            mount: self.mount(),
            kind: match self.get("kind", "purchase") {
                "withdrawal" => PostingKind::CashWithdrawal,
                "reversal" => PostingKind::Reversal,
                _ => PostingKind::Purchase,
            },
            corrected: self.text("of", "p1"),
            source: self.text("source", "c1"),
            amount: self.amount("amount").unwrap_or(Decimal::parse("300.00").unwrap()),
            references: self.references(),
            value_date: self.date("date"),
        }
    }

    /// The key is `key`; what is asked is all the rest.
    fn idempotency(&self) -> Option<Idempotency> {
        self.params.get("key").map(|key| Idempotency {
            key: Key(Hasher::new("test key").text(key).finish()),
            fingerprint: Fingerprint(Hasher::new("test request").text(self.text).finish()),
        })
    }

    fn currencies(&self, usual: &'t str) -> Vec<Currency> {
        let codes = self.get("currencies", usual).split(',').filter(|code| !code.is_empty());
        codes.map(|code| Currency::parse(code).expect("a currency")).collect()
    }

    #[track_caller]
    fn administrative(&self) -> Verb {
        let actor = self.text("actor", "operator");
        let idempotency = self.idempotency();
        match self.verb {
            "open" => Verb::OpenAccount(OpenAccount {
                company: self.text("company", "100"),
                currency: self.text("currency", "SEK"),
                credit_limit: self.amount("limit").unwrap_or(Decimal::parse("1e3").unwrap()),
                holder: self.text("holder", "Astrid"),
                actor,
                idempotency,
            }),
            "change-card" => Verb::ChangeCard(ChangeCard {
                token: CardToken::parse(self.get("token", "card-a")).unwrap(),
                status: CardStatus::parse(self.get("status", "blocked")).unwrap(),
                actor,
            }),
            "add-company" => Verb::AddCompany(AddCompany {
                number: self.text("number", "400"),
                name: self.text("name", "Handel"),
                zone: Zone::parse(self.get("zone", Zone::DEFAULT_NAME)).unwrap(),
                currencies: self.currencies("SEK"),
                authorization_days: self.get("days", "7").parse().unwrap(),
                actor,
                idempotency,
            }),
            "change-company" => Verb::ChangeCompany(ChangeCompany {
                number: self.text("number", "100"),
                name: self.optional("name"),
                currencies: self.currencies(""),
                authorization_days: self.params.get("days").map(|days| days.parse().unwrap()),
                actor,
            }),
            "add-seller" => Verb::AddSeller(AddSeller {
                company: self.text("company", "100"),
                number: self.text("number", "654"),
                name: self.text("name", "Kiosk"),
                actor,
                idempotency,
            }),
            "issue" => Verb::Issue(self.issue()),
            "pay-out" => Verb::PayOut(self.pay_out()),
            "return" => Verb::Return(ReturnSettlement {
                company: self.text("company", "100"),
                settlement: self.text("of", "s1"),
                source: self.text("source", "x1"),
                value_date: self.date("date").unwrap_or_else(|| Date::parse("2026-11-20").unwrap()),
            }),
            verb => panic!("no verb {verb}"),
        }
    }

    fn pay_out(&self) -> PayOut {
        let minor = |name, usual: i64| self.get(name, "").parse().unwrap_or(usual);
        PayOut {
            company: self.text("company", "100"),
            seller: self.text("seller", "654"),
            currency: Currency::parse(self.get("currency", "SEK")).expect("a currency"),
            net_minor: minor("net", 900),
            fee_minor: minor("fee", 100),
            source: self.text("source", "s1"),
            value_date: self.date("date").unwrap_or_else(|| Date::parse("2026-11-20").unwrap()),
        }
    }

    fn issue(&self) -> IssueCredential {
        IssueCredential {
            login: None,
            contract: Contract::parse(self.get("contract", "card_ledger")).unwrap(),
            label: self.text("label", "till"),
            scope: match self.params.get("company") {
                None => Scope::Installation,
                Some(number) => {
                    Scope::Company { number: (*number).to_owned(), seller: self.optional("seller") }
                }
            },
            secret_hash: [self.get("secret", "1").parse().unwrap(); 32],
            salt: [1; 16],
            expires_at: self.params.get("expires").and_then(|at| Timestamp::parse_rfc3339(at)),
            actor: self.text("actor", "operator"),
            idempotency: self.idempotency(),
        }
    }
}

/// A time as tables write it; `due` is when an authorization of [`NOW`] expires unless it says
/// otherwise.
#[track_caller]
fn time(text: &str) -> Timestamp {
    let due = Timestamp::parse_rfc3339("2026-11-27T23:00:00Z").unwrap();
    match text {
        "due" => due,
        "just-before-due" => due.plus_ms(-1),
        "christmas" => Timestamp::parse_rfc3339("2026-12-24T14:00:00Z").unwrap(),
        text => Timestamp::parse_rfc3339(text).expect("a time"),
    }
}

/// An answer as tables show it.
fn shown(reply: Result<Answer, Refusal>) -> String {
    let answer = match reply {
        Ok(answer) => answer,
        Err(Refusal::Declined { reason, authorization, replayed }) => {
            let again = if replayed { " again" } else { "" };
            let forgotten = if authorization.is_none() { ", not remembered" } else { "" };
            return format!("declined {reason:?}{again}{forgotten}");
        }
        Err(Refusal::InsufficientDebitedAmount { available }) => {
            return format!("only {} remains", available.minor());
        }
        Err(refusal) => return format!("{refusal:?}"),
    };
    let done = match answer.done {
        Done::Authorized { mount, .. } => format!("authorized {}", mount.as_str()),
        Done::Posted { kind, source, mount } => {
            format!("{} {source} {}", kind.as_str(), mount.as_str())
        }
        Done::Corrected { kind, corrected, source, mount } => {
            format!("{source} corrects {} {corrected} {}", kind.as_str(), mount.as_str())
        }
        Done::Cancelled { mount, .. } => format!("cancelled {}", mount.as_str()),
        Done::Expired(_) => "expired".to_owned(),
        Done::Changed(_) => "changed".to_owned(),
        Done::Nothing => "nothing".to_owned(),
    };
    let done = done.trim_end_matches(" card-transaction");
    if answer.replayed { format!("{done} again") } else { done.to_owned() }
}

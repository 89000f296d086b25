//! How a merchant comes into the tree: tables of requests, claims, rejections and approvals on the
//! memory store, each refusal in the order of precedence; and what approval leaves behind.

use std::collections::BTreeSet;

use super::settings;
use crate::application::{
    Address, Agreement, Application, LanguageChoice, TerminalOrder, TransactionType,
    TransactionTypeChoice,
};
use crate::change_customer::AddCustomer;
use crate::command::{Approval, Outcome};
use crate::request::RequestStatus;
use crate::review::{ApproveRequest, ChosenIdentities, ClaimRequest, RejectRequest, Reviewer};
use crate::settings::{conflicts, inherited};
use crate::submit::SubmitRequest;
use crate::terminal::{Activation, TerminalStatus};
use crate::{Answer, Command, Customer, Draw, Refusal, Request, Terminal};
use ledger::configure::{add_company, add_seller};
use ledger::document::Kind;
use ledger::{
    AddCompany, AddSeller, Books, ChangeKind, CredentialId, Currency, Document, EstateChange,
    Fingerprint, Idempotency, Key, ReadSet, Row, Timestamp, WriteSet, Zone,
};
use store::{MemoryStore, Part, Reader, Store};

/// Customers 1 and 2 are partners, 3 is below 1; companies 100 and 200 are configured, and 100 has
/// seller 654.
struct World {
    store: MemoryStore,
    steps: u8,
}

impl World {
    fn new() -> World {
        let mut world = World { store: MemoryStore::default(), steps: 0 };
        world.company("100", &["SEK", "EUR"]);
        world.company("200", &["SEK"]);
        world.seller("654");
        for parent in [0, 0, 1] {
            let add = AddCustomer {
                parent,
                name: "Partner".to_owned(),
                organisation_number: "556677-8899".to_owned(),
                draw: world.draw(),
                actor: "test".to_owned(),
                idempotency: None,
            };
            world.decide(&Command::AddCustomer(add)).unwrap();
        }
        world
    }

    fn company(&mut self, number: &str, currencies: &[&str]) {
        let add = AddCompany {
            number: number.to_owned(),
            name: format!("Company {number}"),
            zone: Zone::parse("Europe/Oslo").unwrap(),
            currencies: currencies.iter().map(|code| Currency::parse(code).unwrap()).collect(),
            authorization_days: 7,
            actor: "test".to_owned(),
            idempotency: None,
        };
        let at = Timestamp(0);
        self.batch(&ReadSet::default(), |books| drop(add_company(&add, books, at).unwrap()));
    }

    fn seller(&mut self, number: &str) {
        let add = AddSeller {
            company: "100".to_owned(),
            number: number.to_owned(),
            name: "Seller".to_owned(),
            actor: "test".to_owned(),
            idempotency: None,
        };
        let at = Timestamp(0);
        self.batch(&ReadSet::default(), |books| drop(add_seller(&add, books, at).unwrap()));
    }

    fn batch(&mut self, reads: &ReadSet, mut decide: impl FnMut(&mut Books)) {
        let now = self.now();
        let close = &mut |mut books: Books| -> WriteSet {
            decide(&mut books);
            books.close(now)
        };
        self.store.transact(reads, close).unwrap();
    }

    fn decide(&mut self, command: &Command) -> Result<Answer, Refusal> {
        self.steps = self.steps.saturating_add(1);
        let now = self.now();
        let mut reads = ReadSet { commands: 1, ..ReadSet::default() };
        command.read(&mut reads);
        let mut answer = None;
        self.batch(&reads, |books| answer = Some(command.decide(books, now)));
        answer.unwrap()
    }

    /// A second for each step.
    fn now(&self) -> Timestamp {
        Timestamp(i64::from(self.steps).saturating_mul(1_000))
    }

    /// Another one at each step.
    fn draw(&self) -> Draw {
        Draw([self.steps; 32])
    }

    /// Does one step: a verb, and `name=value` where something is not as usual.
    fn step(&mut self, step: &str) -> Result<Answer, Refusal> {
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let words: Vec<(&str, &str)> =
            rest.split_whitespace().map(|word| word.split_once('=').unwrap()).collect();
        let given = |name: &str| words.iter().find(|word| word.0 == name).map(|word| word.1);
        let number = |name: &str| given(name).map(|number| number.parse::<i64>().unwrap());
        let text = |name: &str| given(name).map(str::to_owned);
        let reviewer = Reviewer {
            credential: CredentialId(number("credential").unwrap_or(51)),
            actor: given("by").unwrap_or("op").to_owned(),
        };
        let idempotency = given("key").map(|key| Idempotency {
            key: Key([key.as_bytes()[0]; 16]),
            fingerprint: Fingerprint([given("asks").map_or(0, |it| it.as_bytes()[0]); 16]),
        });
        let request = number("request").unwrap_or(1);
        let command = match verb {
            "submit" => {
                let parent = number("parent").unwrap_or(1);
                let mut application = application(parent);
                if let Some(order) = &mut application.order {
                    order.quantity = number("terminals").unwrap_or(2);
                }
                application.order = application.order.filter(|order| order.quantity != 0);
                Command::SubmitRequest(SubmitRequest {
                    application: Box::new(application),
                    customer: number("customer"),
                    root: number("root").unwrap_or(1),
                    credential: CredentialId(50),
                    actor: "partner".to_owned(),
                })
            }
            "claim" => Command::ClaimRequest(ClaimRequest { request, reviewer, idempotency }),
            "reject" => {
                let message = text("message").unwrap_or("Saknar avtal 🚫".to_owned());
                Command::RejectRequest(RejectRequest { request, message, reviewer, idempotency })
            }
            "approve" => {
                let identities = ChosenIdentities {
                    company_number: Some(text("company").unwrap_or("100".to_owned()))
                        .filter(|number| number != "any"),
                    seller_number: text("seller"),
                    account_id: text("account"),
                    merchant_id: text("merchant"),
                    entity_id: text("entity"),
                };
                let draw = Draw([self.steps.saturating_add(1); 32]);
                Command::ApproveRequest(ApproveRequest {
                    request,
                    identities,
                    draw,
                    reviewer,
                    idempotency,
                })
            }
            "company" => {
                self.company(given("number").unwrap(), &["SEK"]);
                return Ok(Answer::new(Outcome::Nothing));
            }
            "seller" => {
                self.seller(given("number").unwrap());
                return Ok(Answer::new(Outcome::Nothing));
            }
            other => panic!("{other}"),
        };
        self.decide(&command)
    }

    /// Does some steps; the last one's answer.
    fn steps(&mut self, steps: &str) -> Result<Answer, Refusal> {
        let answers: Vec<Result<Answer, Refusal>> =
            steps.split(';').map(|step| self.step(step.trim())).collect();
        answers.into_iter().last().unwrap()
    }

    fn approve(&mut self, steps: &str) -> Approval {
        let done = self.steps(steps).unwrap().done;
        let Outcome::Approved(approval) = done else { panic!("{done:?}") };
        *approval
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.store.source().open().unwrap()
    }

    fn listed(&self, list: &str) -> Vec<Document> {
        self.reader().documents(list, Part::After(0), 1000).unwrap()
    }

    fn request(&self, number: i64) -> Request {
        let reads = ReadSet { documents: vec![Request::id(number)], ..ReadSet::default() };
        let books = self.reader().load(&reads).unwrap();
        Request::of(books.document(Request::id(number)).unwrap()).unwrap()
    }
}

fn application(parent: i64) -> Application {
    let text = str::to_owned;
    let agreement =
        |card_brand, acquirer| Agreement { card_brand, number: text("A-123 Å"), acquirer };
    Application {
        notes: Some(text("Ring på dörren 🔔")),
        parent,
        organisation_number: text("123456-7890"),
        address: Address {
            company_name: text("Åkes Ägg & Öl 🥚"),
            street: text("Kanalvägen 14"),
            zip_code: text("19461"),
            city: text("UPPLANDS VÄSBY"),
            country: text("Sweden"),
            contact_name: text("Åke Ödman"),
            contact_phone: text("08-123456"),
            contact_email: text("ake@example.com"),
        },
        transaction_types: vec![TransactionTypeChoice {
            kind: TransactionType::Purchase,
            is_active: true,
            wants_password: true,
        }],
        agreements: vec![agreement(3, 6), agreement(1, 2), agreement(6, 5)],
        languages: vec![LanguageChoice { language: 1, is_default: true }],
        site_language: text("sv-SE"),
        mcc: text("5411"),
        country_numeric: text("752"),
        currency: text("SEK"),
        end_of_day: text("01:00"),
        password_hash: Some(text("$argon2id$hash")),
        receipt_name: text("ÅKES ÄGG & ÖL"),
        support_phone: None,
        receipt_phone: None,
        tipping: true,
        signature: false,
        order: Some(TerminalOrder { quantity: 2, model: 9, operating_mode: 2, notes: None }),
    }
}

/// An answer in a few words.
fn shown(answer: &Result<Answer, Refusal>) -> String {
    let Answer { done, replayed } = match answer {
        Ok(answer) => answer,
        Err(refusal) => return format!("{refusal:?}"),
    };
    let shown = if let Outcome::Approved(approval) = done {
        let merchant = approval.customer.merchant.as_ref().unwrap();
        let (company, seller) = (&merchant.company_number, &merchant.seller_number);
        let (id, count) = (&merchant.merchant_id, approval.terminals.len());
        format!("{} is {company}/{seller} {id}, {count} terminals", approval.customer.number)
    } else {
        let Outcome::Request(request) = done else { panic!("{done:?}") };
        format!("{} for {}: {:?}", request.number, request.customer, request.status)
    };
    if *replayed { format!("{shown}, again") } else { shown }
}

/// Runs a table, a world a row: steps, and what the last one comes to. Steps may begin on the line
/// before.
#[track_caller]
fn check(table: &str) {
    let mut steps = String::new();
    for line in table.lines() {
        let (more, expected) = line.split_once('|').unwrap_or((line, ""));
        steps.push_str(more);
        if !expected.is_empty() {
            let answer = World::new().steps(steps.trim());
            assert_eq!(shown(&answer), expected.trim(), "{steps}");
            steps.clear();
        }
    }
    assert_eq!(steps.trim(), "", "every row has its end");
}

#[test]
fn requests_are_taken_in_below_the_callers_root_alone() {
    check(
        "
        submit                                                  | 1 for 4: Submitted
        submit parent=3                                         | 1 for 4: Submitted
        submit; submit                                          | 2 for 5: Submitted
        submit parent=2                                         | CustomerNotFound
        submit parent=99                                        | CustomerNotFound
        submit parent=0 root=0                                  | CustomerNotFound
        submit parent=1 root=3                                  | CustomerNotFound
        submit; submit parent=4                                 | CustomerNotFound
        submit; approve; submit parent=4                        | 2 for 5: Submitted
        submit parent=2 customer=99                             | CustomerNotFound
        ",
    );
}

#[test]
fn a_rejected_customer_may_be_tried_again_with_its_number() {
    check(
        "
        submit; reject; submit customer=4                       | 2 for 4: Submitted
        submit parent=3; reject; submit customer=4              | 2 for 4: Submitted
        submit; reject; submit customer=4; reject request=2; submit customer=4 | 3 for 4: Submitted
        submit; reject; submit customer=4; approve request=2 | 4 is 100/4 M4, 2 terminals
        submit; reject; submit customer=4; submit customer=4    | CustomerNotRejected
        submit; submit customer=4                               | CustomerNotRejected
        submit; claim; submit customer=4                        | CustomerNotRejected
        submit; approve; submit customer=4                      | CustomerNotRejected
        submit customer=3                                       | CustomerNotRejected
        submit customer=1                                       | CustomerNotRejected
        submit customer=2                                       | CustomerNotFound
        submit customer=99                                      | CustomerNotFound
        submit; reject; submit customer=4 root=2 parent=2       | CustomerNotFound
        submit; reject; submit customer=4 root=3 parent=3       | CustomerNotFound
        submit parent=2 root=2; reject; submit customer=4       | CustomerNotFound
        ",
    );
}

#[test]
fn requests_are_claimed_by_one_operator() {
    check(
        "
        claim                                                   | RequestNotFound
        submit; claim                                           | 1 for 4: InProgress
        submit; claim; claim                                    | 1 for 4: InProgress
        submit; claim by=other; claim                           | AlreadyClaimed
        submit; approve; claim                                  | AlreadyClaimed
        submit; reject; claim                                   | AlreadyClaimed
        submit; claim credential=50                             | SubmittedBySame
        submit; claim key=k; claim key=k asks=2                 | IdempotencyKeyReused
        submit; claim key=k; claim key=k                        | 1 for 4: InProgress, again
        submit; claim key=k; reject; claim key=k                | 1 for 4: InProgress, again
        ",
    );
}

#[test]
fn requests_are_rejected_once() {
    check(
        "
        reject                                                  | RequestNotFound
        submit; reject                                          | 1 for 4: Rejected
        submit; claim; reject                                   | 1 for 4: Rejected
        submit; claim by=other; reject                          | 1 for 4: Rejected
        submit; reject; reject                                  | AlreadyDecided
        submit; approve; reject                                 | AlreadyDecided
        submit; reject; reject credential=50                    | AlreadyDecided
        submit; reject credential=50                            | SubmittedBySame
        submit; reject key=k; reject key=k asks=2               | IdempotencyKeyReused
        submit; reject key=k; reject key=k                      | 1 for 4: Rejected, again
        submit; reject key=k; submit customer=4; reject key=k   | 1 for 4: Rejected, again
        ",
    );
}

#[test]
fn requests_are_approved_once_with_identities_of_their_own() {
    let company = "00000000-0000-4000-8000-000000000007";
    let table = "
        approve                                                 | RequestNotFound
        submit; approve key=k; approve key=k asks=2             | IdempotencyKeyReused
        submit; approve; approve                                | AlreadyDecided
        submit; reject; approve                                 | AlreadyDecided
        submit; approve; approve credential=50                  | AlreadyDecided
        submit; approve credential=50 company=9                 | SubmittedBySame
        submit; approve company=9 merchant=x                    | CompanyNotConfigured
        submit; approve company=any                             | CompanyNotConfigured
        submit; approve                                 | 4 is 100/4 M4, 2 terminals
        submit terminals=0; approve                     | 4 is 100/4 M4, 0 terminals
        submit terminals=10; approve                    | 4 is 100/4 M4, 10 terminals
        submit; claim by=other; approve                 | 4 is 100/4 M4, 2 terminals
        submit; approve company=200                     | 4 is 200/4 M4, 2 terminals
        submit; approve seller=654                      | 4 is 100/654 M4, 2 terminals
        submit; approve seller=777 merchant=DEMO        | 4 is 100/777 DEMO, 2 terminals
        seller number=4; submit; approve                | 4 is 100/10000000004 M4, 2 terminals
        submit; approve merchant=M5; submit; approve request=2 | 5 is 100/5 M5-1, 2 terminals
        submit; approve company=200; submit parent=4;
            approve request=2 company=any               | 5 is 200/5 M5, 2 terminals
        submit; approve key=k; approve key=k            | 4 is 100/4 M4, 2 terminals, again
        submit; approve seller=1; submit;
            approve request=2 seller=1                  | IdentityTaken(\"seller_number\")
        submit; approve seller=1; submit;
            approve request=2 seller=1 company=200      | 5 is 200/1 M5, 2 terminals
        submit; approve account=UUID; submit;
            approve request=2 account=UUID              | IdentityTaken(\"account_id\")
        submit; approve merchant=M; submit;
            approve request=2 merchant=M                | IdentityTaken(\"merchant_id\")
        submit; approve entity=e; submit;
            approve request=2 entity=e                  | IdentityTaken(\"entity_id\")
        submit; approve seller=1 account=a; submit;
            approve request=2 account=a seller=1        | IdentityTaken(\"seller_number\")
        submit; approve account=a merchant=m; submit;
            approve request=2 merchant=m account=a      | IdentityTaken(\"account_id\")
        submit; approve merchant=m entity=e; submit;
            approve request=2 entity=e merchant=m       | IdentityTaken(\"merchant_id\")
    ";
    check(&table.replace("UUID", company));
}

#[test]
fn the_only_company_is_the_companys_choice() {
    let mut world = World { store: MemoryStore::default(), steps: 0 };
    let add = AddCustomer {
        parent: 0,
        name: "Partner".to_owned(),
        organisation_number: "1".to_owned(),
        draw: world.draw(),
        actor: "test".to_owned(),
        idempotency: None,
    };
    world.decide(&Command::AddCustomer(add)).unwrap();
    let answer = world.steps("submit; approve company=any");
    assert_eq!(answer, Err(Refusal::CompanyNotConfigured));
    let answer = world.steps("company number=7; approve company=any");
    assert_eq!(shown(&answer), "2 is 7/2 M2, 2 terminals");
}

#[test]
fn approval_puts_the_merchant_into_the_tree() {
    let mut world = World::new();
    let approval = world.approve("submit parent=3; claim; approve");
    let directory = world.store.directory();
    let customer = Customer::find(&directory, 4).unwrap();
    assert_eq!(customer, approval.customer);
    assert_eq!((customer.parent, customer.name.as_str()), (3, "Åkes Ägg & Öl 🥚"));
    assert_eq!(Customer::line(&directory, 4), [4, 3, 1]);
    assert_eq!(Customer::by_account(&directory, &customer.account_id), Some(customer.clone()));
    let merchant = customer.merchant.unwrap();
    assert_eq!(merchant.agreements, application(1).agreements);
    assert_eq!((merchant.mcc.as_str(), merchant.entity_id.len()), ("5411", 32));
    let company = directory.company("100").unwrap();
    let seller = directory.seller(company.id, "4").unwrap();
    assert_eq!((seller.name.as_str(), seller.payables.len()), ("Åkes Ägg & Öl 🥚", 2));
    let settings: Vec<(&str, &str)> = customer.settings.fields().iter().collect();
    let expected = [
        ("address.city", "UPPLANDS VÄSBY"),
        ("address.country", "SE"),
        ("address.line1", "Kanalvägen 14"),
        ("address.postal_code", "19461"),
        ("currency", "SEK"),
        ("name", "Åkes Ägg & Öl 🥚"),
        ("receipt_header_merchant_name", "ÅKES ÄGG & ÖL"),
        ("signature_required", "false"),
        ("supported_card_brands", "visa,discover,mastercard,diners_club"),
        ("timezone", "Europe/Oslo"),
        ("tip.mode", "prompt_on_terminal"),
    ];
    assert_eq!(settings, expected);
    let request = world.request(1);
    assert_eq!(request.status, RequestStatus::Approved);
    assert_eq!((request.reviewer.as_deref(), request.decided_at), (Some("op"), Some(world.now())));
}

#[test]
fn approval_orders_terminals_that_wait_for_their_codes() {
    let mut world = World::new();
    let approval = world.approve("submit parent=3 terminals=10; approve");
    let stored: Vec<Terminal> =
        world.listed("terminals").iter().map(|found| Terminal::of(found).unwrap()).collect();
    assert_eq!(stored, approval.terminals);
    let mut drawn = BTreeSet::new();
    for terminal in &stored {
        assert_eq!(terminal.terminal_id.len(), 8);
        assert_eq!((terminal.model.as_str(), terminal.operating_mode), ("C100+", Some(2)));
        assert_eq!((terminal.status, terminal.customer), (TerminalStatus::Ordered, 4));
        let Activation::Waiting { code_salt, wrong_codes: 0 } = &terminal.activation else {
            panic!("{terminal:?}");
        };
        drawn.extend([terminal.terminal_id.clone(), terminal.uuid.clone(), code_salt.clone()]);
    }
    assert_eq!(drawn.len(), 30, "nothing is drawn twice");
    for (above, count) in [(4, 10), (3, 10), (1, 10), (2, 0)] {
        assert_eq!(world.listed(&Terminal::under_list(above)).len(), count, "{above}");
    }
}

#[test]
fn a_repeated_approval_is_answered_as_the_first_time_although_terminals_changed() {
    let mut world = World::new();
    let first = world.approve("submit; approve key=k");
    let mut changed = first.terminals[0].clone();
    changed.status = TerminalStatus::Deleted;
    changed.activation = Activation::Waiting { code_salt: "f".repeat(32), wrong_codes: 5 };
    let reads = ReadSet { documents: vec![Terminal::id(changed.number)], ..ReadSet::default() };
    world.batch(&reads, |books| books.put_document(changed.document(&[4, 1])));
    assert_eq!(world.approve("approve key=k"), first);
}

#[test]
fn the_journal_tells_of_requests_numbers_and_status_alone() {
    let mut world = World::new();
    world.steps("submit; claim; reject; submit customer=4; approve request=2 key=k").unwrap();
    let mut rows = Vec::new();
    world
        .reader()
        .audit(&mut |record| {
            if let store::Record::Row(Row::Change(change)) = record {
                rows.push(change);
            }
        })
        .unwrap();
    let of_requests: Vec<String> = rows
        .iter()
        .filter(|change| change.kind.as_str().starts_with("request."))
        .map(|change| {
            let fields = change.fields.iter().filter(|(name, _)| !name.starts_with("terminal."));
            let fields: Vec<String> = fields.map(|(name, it)| format!("{name}={it}")).collect();
            format!("{} {} {}", change.kind.as_str(), change.subject.0, fields.join(" "))
        })
        .collect();
    let expected = [
        "request.submitted 1 customer=4 status=Submitted",
        "request.claimed 1 customer=4 status=InProgress",
        "request.rejected 1 customer=4 status=Rejected",
        "request.submitted 2 customer=4 status=Submitted",
        "request.approved 2 customer=4 status=Approved",
    ];
    assert_eq!(of_requests, expected);
    let all = format!("{rows:?}");
    for secret in ["argon2id", "Ödman", "ake@example.com", "Ring på", "Saknar avtal"] {
        assert!(!all.contains(secret), "{secret}");
    }
    let kinds: Vec<ChangeKind> = rows.iter().map(|change| change.kind).collect();
    for kind in [EstateChange::CustomerAdded, EstateChange::TerminalOrdered] {
        assert!(kinds.contains(&ChangeKind::Estate(kind)), "{kind:?}");
    }
}

#[test]
fn requests_are_found_by_customer_by_status_and_from_above() {
    let mut world = World::new();
    world
        .steps("submit parent=3; submit; submit parent=2 root=2; claim; reject request=2")
        .unwrap();
    let numbers = |list: String| -> Vec<i64> {
        world.listed(&list).iter().map(|found| found.id.number).collect()
    };
    assert_eq!(numbers("requests".to_owned()), [1, 2, 3]);
    assert_eq!(numbers(Request::under_list(1)), [1, 2]);
    assert_eq!(numbers(Request::under_list(3)), [1]);
    assert_eq!(numbers(Request::under_list(2)), [3]);
    assert_eq!(numbers(Request::customer_list(5)), [2]);
    assert_eq!(numbers(Request::status_list(RequestStatus::Submitted)), [3]);
    assert_eq!(numbers(Request::status_list(RequestStatus::InProgress)), [1]);
    assert_eq!(numbers(Request::status_list(RequestStatus::Rejected)), [2]);
    let request = world.request(2);
    assert_eq!(request.reject_message.as_deref(), Some("Saknar avtal 🚫"));
    assert_eq!(*request.application, application(1), "what was submitted is kept as it was");
    assert_eq!(Request::id(2).kind, Kind::Request);
}

#[test]
fn settings_are_taken_from_the_application_where_they_can_be() {
    let mut world = World::new();
    world.steps("submit; approve").unwrap();
    let directory = world.store.directory();
    let company = directory.company("100").unwrap();
    let american = Application {
        country_numeric: "840".to_owned(),
        currency: "USD".to_owned(),
        tipping: false,
        signature: true,
        agreements: Vec::new(),
        receipt_name: "R".repeat(300),
        ..application(1)
    };
    let layer = settings(&american, company);
    let chosen: Vec<(&str, &str)> = layer.fields().iter().collect();
    let expected = [
        ("currency", "USD"),
        ("name", "Åkes Ägg & Öl 🥚"),
        ("signature_required", "true"),
        ("timezone", "Europe/Oslo"),
        ("tip.mode", "disabled"),
    ];
    assert_eq!(chosen, expected);
}

#[test]
fn an_approved_merchants_settings_do_not_contradict_each_other() {
    for country in ["752", "840"] {
        let mut world = World::new();
        let mut application = application(1);
        application.country_numeric = country.to_owned();
        world
            .decide(&Command::SubmitRequest(SubmitRequest {
                application: Box::new(application),
                customer: None,
                root: 1,
                credential: CredentialId(50),
                actor: "partner".to_owned(),
            }))
            .unwrap();
        world.steps("approve").unwrap();
        let effective = inherited(&world.store.directory(), 4);
        assert_eq!(conflicts(&effective), [], "{country}");
    }
}

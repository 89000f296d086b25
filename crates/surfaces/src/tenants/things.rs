//! A small world in which everybody has everything, and what requests may name in it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Command as LedgerCommand;
use estate::activate::{ActivateTerminal, ResetActivation};
use estate::change_customer::AddCustomer;
use estate::command::Outcome;
use estate::draw::hex;
use estate::onboard::{ChangeTerminal, OnboardTerminal, TerminalStep};
use estate::order_updates::OrderUpdates;
use estate::package::AddPackage;
use estate::review::{RejectRequest, Reviewer};
use estate::settings::Layer;
use estate::steer_rollout::{RolloutStep, StartRollout, SteerRollout};
use estate::submit::SubmitRequest;
use estate::terminal::Activation;
use estate::{Command, Draw, Request, Terminal};
use ledger::{Contract, CredentialId, IssueCredential, Scope};
use payments::{Method, Payment, Psp};

use super::table::APPLICATION;
use super::{Row, Surface, shops};
use crate::PspScripts;
use crate::http::secrets::secret_hash;
use crate::testing::merchants::{Approving, wanted};
use crate::testing::{
    ACCOUNT_ID, ACCOUNT_ID_OTHER, APP, APP_OTHER, CARD, CARD_200, CONSUMER, CONSUMER_OTHER,
    MERCHANT_ID, MERCHANT_ID_OTHER, OPERATOR_KEY, SHOP_TOKEN, SHOP_TOKEN_OTHER, World, application,
};

/// What things are called, and which ones they are.
pub(super) type Scene = BTreeMap<&'static str, String>;

/// The same things of different owners.
pub(super) struct Scenes {
    /// The caller's own, and those that only the caller can have.
    pub(super) own: Scene,
    /// Those of others, of whom the caller must not learn anything. First come those of whoever
    /// calls as [`super::callers::others`].
    pub(super) others: Vec<Scene>,
    /// Such as nobody has.
    pub(super) nobodys: Scene,
}

/// A terminal that a device has activated itself as.
pub(super) struct Device {
    pub(super) number: i64,
    pub(super) token: String,
    serial: String,
}

/// The world, and who is in it for all rows of the table.
pub(super) struct Fixture {
    pub(super) world: World,
    /// A device of customer 3.
    pub(super) ours: Device,
    /// A device of customer 4.
    pub(super) theirs: Device,
    /// A device whose terminal was given a new code.
    pub(super) reset: Device,
    /// A device whose terminal was deleted.
    pub(super) deleted: Device,
    count: Cell<i64>,
}

/// A partner with a merchant below it.
#[derive(Clone, Copy)]
struct Partner {
    root: i64,
    merchant: i64,
    account_id: &'static str,
    application: (&'static str, &'static str),
    card: &'static str,
    merchant_id: &'static str,
    consumer: (&'static str, &'static str),
}

const US: Partner = Partner {
    root: 1,
    merchant: 3,
    account_id: ACCOUNT_ID,
    application: APP,
    card: CARD,
    merchant_id: MERCHANT_ID,
    consumer: CONSUMER,
};
const THEM: Partner = Partner {
    root: 2,
    merchant: 4,
    account_id: ACCOUNT_ID_OTHER,
    application: APP_OTHER,
    card: CARD_200,
    merchant_id: MERCHANT_ID_OTHER,
    consumer: CONSUMER_OTHER,
};

/// What rows of the operator API name.
const OPERATED: [&str; 17] = [
    "company",
    "seller",
    "account",
    "card",
    "credential",
    "customer",
    "request",
    "terminal",
    "package",
    "rollout",
    "paused",
    "payment",
    "report",
    "endpoint",
    "notification",
    "psp",
    "new",
];

/// Who does what the tests themselves do.
const ACTOR: &str = "test";

/// Names and values as a scene.
pub(super) fn scene(things: &[(&'static str, &str)]) -> Scene {
    things.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

impl Fixture {
    pub(super) fn new() -> Fixture {
        let scripts: Arc<dyn PspScripts> = Arc::new(Approving);
        let options =
            crate::Options { scripts: Some(scripts), is_test: true, ..crate::Options::default() };
        let world = World::with_shops(|platform| crate::router(platform, options));
        let count = Cell::new(0);
        let devices = [US, THEM, US, US].map(|partner| {
            let fresh = count.get() + 1;
            count.set(fresh);
            activated(&world, partner.merchant, fresh)
        });
        let [ours, theirs, reset, deleted] = devices;
        world.submit_estate(Command::ResetActivation(ResetActivation {
            terminal: reset.number,
            draw: Draw([99; 32]),
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
        let fixture = Fixture { world, ours, theirs, reset, deleted, count };
        let uuid = fixture.terminal(fixture.deleted.number).uuid;
        fixture.change(uuid, TerminalStep::Delete);
        fixture
    }

    /// Something that was not there before.
    pub(super) fn fresh(&self, prefix: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{prefix}{}", self.count.get())
    }

    fn draw(&self) -> Draw {
        let mut draw = [0; 32];
        self.count.set(self.count.get() + 1);
        draw[..8].copy_from_slice(&self.count.get().to_be_bytes());
        Draw(draw)
    }

    /// Everything that is stored.
    pub(super) fn state(&self) -> BTreeSet<String> {
        let query = self.world.platform.queries.read(|reader| {
            let mut records = BTreeSet::new();
            reader.audit(&mut |record| {
                records.insert(format!("{record:?}"));
            })?;
            Ok(records)
        });
        self.world.block_on(query).unwrap()
    }

    /// What a row names.
    pub(super) fn scenes(&self, surface: Surface, row: &Row) -> Scenes {
        match surface {
            Surface::Aapay => self.aapay_scenes(),
            Surface::Access => self.access_scenes(),
            Surface::CardLedger => shops::scenes(self, row),
            Surface::Device => self.device_scenes(),
            Surface::Clearing => super::clearing::scenes(self, row),
            Surface::Operator => {
                Scenes { own: self.operator_scene(row), others: Vec::new(), nobodys: Scene::new() }
            }
            Surface::Payments => self.payments_scenes(),
            Surface::Terminals => self.terminals_scenes(),
        }
    }

    fn aapay_scenes(&self) -> Scenes {
        let of = |partner: Partner| {
            let reference = self.fresh("REFERENCE-");
            scene(&[
                ("merchant", partner.merchant_id),
                ("payment", &self.paid_by_card(partner, &reference)),
                ("reference", &reference),
                ("consumer", partner.consumer.0),
            ])
        };
        let nobodys = scene(&[
            ("merchant", "NOBODY"),
            ("payment", "987654321"),
            ("reference", "REFERENCE-OF-NOBODY"),
            ("consumer", "nobody"),
        ]);
        let mut own = of(US);
        own.extend(scene(&[
            ("type", "payment"),
            ("refund", "refund"),
            ("reversal", "reversal"),
            ("card", CARD),
            ("device", "1"),
            ("psp", "SWISH_E_COM"),
            ("key", "SWISH_ID"),
            ("secret", CONSUMER.1),
            ("new", &self.fresh("NEW-")),
        ]));
        Scenes { own, others: vec![of(THEM)], nobodys }
    }

    /// A payment on a card of the ledger, which both partners' merchants sell on.
    fn paid_by_card(&self, partner: Partner, reference: &str) -> String {
        let body = serde_json::json!({
            "merchantId": partner.merchant_id, "method": "CARD_LEDGER",
            "purchaseAmount": {
                "currencyCode": "SEK", "vatAmount": 0, "nominalAmount": 50, "totalAmount": 50
            },
            "consumer": { "consumerId": CARD, "name": "Åke" }, "terminalReference": reference,
            "ecr2Naa": { "autoCapture": "true" }
        });
        let path = "/ms/aapay/v2/transaction/payment/initialize";
        let reply = self.world.call_aapay("POST", path, partner.consumer, &body.to_string());
        let shown = reply.json();
        let number = shown["response"]["request"]["transaction"]["transactionId"].as_i64();
        number.unwrap_or_else(|| panic!("{reply:?}")).to_string()
    }

    fn payments_scenes(&self) -> Scenes {
        let of = |partner: Partner| {
            let entity = self.world.entity_id(partner.merchant);
            let token = if partner.root == US.root { SHOP_TOKEN } else { SHOP_TOKEN_OTHER };
            let call = |path: &str, form: &str| {
                let form = format!("{form}&entityId={entity}");
                let reply = self.world.call_shop("POST", path, token, &form);
                assert_eq!(reply.status, 200, "{reply:?}");
                reply.json()
            };
            let id = |shown: serde_json::Value| shown["id"].as_str().unwrap().to_owned();
            let order = self.fresh("order-name-");
            let card = "card.number=4200000000000000&card.expiryMonth=05&card.expiryYear=2034";
            let payment = "paymentType=DB&amount=50.00&currency=SEK&card.cvv=123";
            let checkout = "paymentType=DB&amount=50.00&currency=SEK\
                &shopperResultUrl=https://shop.example/";
            let named = format!("{payment}&{card}&merchantTransactionId={order}");
            let challenge = format!(
                "{payment}&{}&shopperResultUrl=https://shop.example/",
                card.replace("0000&", "0042&")
            );
            let challenged = call("/v3/payments", &challenge);
            let secret = challenged["redirect"]["parameters"][0]["value"].as_str().unwrap();
            let things = scene(&[
                ("entity", &entity),
                ("order", &order),
                ("payment", &id(call("/v3/payments", &named))),
                ("kept", &id(call("/v3/registrations", card))),
                ("gone", &id(call("/v3/registrations", card))),
                ("checkout", &id(call("/v3/checkouts", checkout))),
                ("challenged", challenged["id"].as_str().unwrap()),
            ]);
            (things, secret.to_owned())
        };
        let ids = ["entity", "payment", "kept", "gone", "checkout", "challenged"];
        let mut nobodys = scene(&ids.map(|name| (name, "98765432987654329876543298765432")));
        nobodys.extend(scene(&[("order", "order-of-nobody")]));
        let ((mut own, secret), (theirs, _)) = (of(US), of(THEM));
        // Who carries it is let in: nobody else has it.
        own.extend(scene(&[("secret", &secret)]));
        Scenes { own, others: vec![theirs], nobodys }
    }

    fn access_scenes(&self) -> Scenes {
        let of = |partner: Partner| {
            let serial = format!("A{:09}", self.fresh("").parse::<i64>().unwrap());
            self.onboard(partner.merchant, &serial);
            let (_, pending) = self.request(partner.root);
            let (rejected, customer) = self.request(partner.root);
            self.world.submit_estate(Command::RejectRequest(RejectRequest {
                request: rejected,
                message: "Not now".to_owned(),
                reviewer: reviewer(),
                idempotency: None,
            }));
            scene(&[
                ("root", &partner.root.to_string()),
                ("customer", &partner.merchant.to_string()),
                ("pending", &pending.to_string()),
                ("rejected", &customer.to_string()),
                ("package", &self.package(partner.root).to_string()),
                ("serial", &serial),
            ])
        };
        let nobodys = ["root", "customer", "pending", "rejected", "package"];
        let mut nobodys = scene(&nobodys.map(|name| (name, "987654321")));
        nobodys.extend(scene(&[("serial", "Z987654321")]));
        let mut own = of(US);
        own.extend(scene(&[("type", "CardBrands"), ("application", APPLICATION)]));
        // One that is in their tree was not rejected, and is not ours either.
        let merchant = THEM.merchant.to_string();
        let merchant = scene(&[("pending", &merchant), ("rejected", &merchant)]);
        Scenes { own, others: vec![of(THEM), merchant], nobodys }
    }

    fn terminals_scenes(&self) -> Scenes {
        let of = |partner: Partner| {
            let serial = self.fresh("SERIAL-");
            let terminal = self.onboard(partner.merchant, &serial);
            let inactive = self.onboard(partner.merchant, &self.fresh("SERIAL-"));
            self.change(inactive.uuid.clone(), TerminalStep::Deactivate);
            scene(&[
                ("account", partner.account_id),
                ("terminal", &terminal.uuid),
                ("inactive", &inactive.uuid),
                ("serial", &serial),
                ("reference", terminal.reference_id.as_deref().unwrap()),
                ("gateway", &terminal.gateway_id()),
                ("cursor", &self.cursor(partner)),
            ])
        };
        let unknown = "98765432-4321-4321-8321-987654321000";
        let nobodys = scene(&[
            ("account", unknown),
            ("terminal", unknown),
            ("inactive", unknown),
            ("serial", "SERIAL-987654321"),
            ("reference", "reference-of-nobody"),
            ("gateway", "GWKT000000"),
            ("cursor", "bm9ib2R5cyBjdXJzb3I"),
        ]);
        let mut own = of(US);
        own.extend(scene(&[("new", &self.fresh("SERIAL-"))]));
        let theirs = of(THEM);
        // The state of their terminals is nobody's business either.
        let other_states =
            scene(&[("terminal", &theirs["inactive"]), ("inactive", &theirs["terminal"])]);
        Scenes { own, others: vec![theirs, other_states], nobodys }
    }

    /// Where a partner's list of terminals goes on.
    fn cursor(&self, partner: Partner) -> String {
        let path = "/terminals?page_size=1";
        let list = self.world.call_terminals("GET", path, partner.application, "").json();
        let next = list["next"].as_str().unwrap_or_else(|| panic!("{list}"));
        next.split_once("page=").unwrap().1.to_owned()
    }

    fn device_scenes(&self) -> Scenes {
        let of = |partner: Partner, device: &Device| {
            let (update, package) = self.order(partner, device);
            let waiting = self.onboard(partner.merchant, &self.fresh("SERIAL-"));
            let (update, package) = (update.to_string(), package.to_string());
            let things = [
                ("update", update.as_str()),
                ("package", &package),
                ("card", partner.card),
                ("waiting", &waiting.terminal_id),
            ];
            (scene(&things), waiting)
        };
        let (mut own, waiting) = of(US, &self.ours);
        let Activation::Waiting { code_salt, .. } = &waiting.activation else { panic!() };
        let code = self.world.platform.secrets.activation_code(code_salt);
        let serial = waiting.serial.unwrap();
        own.extend(scene(&[("code", &code), ("serial", &serial), ("new", &self.fresh("new-"))]));
        let (others, _) = of(THEM, &self.theirs);
        let nobodys = scene(&[
            ("update", "987654321"),
            ("package", "987654321"),
            ("card", "nobodys-card"),
            ("waiting", "KTZZZZZZ"),
        ]);
        Scenes { own, others: vec![others], nobodys }
    }

    /// An operator may do everything: there is nothing foreign.
    fn operator_scene(&self, row: &Row) -> Scene {
        let wanted = super::names(row);
        let things = OPERATED.into_iter().filter(|name| wanted.contains(name));
        things.map(|name| (name, self.operated(name))).collect()
    }

    fn operated(&self, name: &str) -> String {
        match name {
            "company" => "100".to_owned(),
            "seller" => "654".to_owned(),
            "account" => self.account_of(CARD),
            "card" => CARD.to_owned(),
            "credential" => self.credential().0.to_string(),
            "customer" => US.merchant.to_string(),
            "request" => self.request(US.root).0.to_string(),
            "terminal" => self.onboard(US.merchant, &self.fresh("SERIAL-")).terminal_id,
            "package" => self.package(US.root).to_string(),
            "rollout" => self.rollout().to_string(),
            "paused" => self.paused_rollout().to_string(),
            "payment" => self.held_payment().number.to_string(),
            "report" => self.report().to_string(),
            "endpoint" => self.endpoint(),
            "notification" => self.notification(),
            "psp" => Psp::Swish.as_str().to_owned(),
            _ => self.fresh("9"),
        }
    }

    /// The number of a card's account.
    pub(super) fn account_of(&self, card: &str) -> String {
        let path = format!("/operator/v1/accounts?card_token={card}");
        let found = self.world.call("GET", &path, OPERATOR_KEY, "").json();
        found["items"][0]["account_no"].as_str().unwrap().to_owned()
    }

    fn credential(&self) -> CredentialId {
        let secret = self.fresh("secret-");
        self.world.submit(LedgerCommand::IssueCredential(IssueCredential {
            login: None,
            contract: Contract::Operator,
            label: secret.clone(),
            scope: Scope::Installation,
            secret_hash: secret_hash(&secret),
            salt: [0; 16],
            expires_at: None,
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
        let directory = self.world.platform.engine.directory();
        directory.credential_by_hash(&secret_hash(&secret)).unwrap().id
    }

    /// Submits a request below a customer: its number, and its customer's.
    pub(super) fn request(&self, parent: i64) -> (i64, i64) {
        let submit = SubmitRequest {
            application: Box::new(application(parent)),
            customer: None,
            root: parent,
            credential: CredentialId(i64::MAX),
            actor: ACTOR.to_owned(),
        };
        let answer = self.world.submit_estate(Command::SubmitRequest(submit));
        let Outcome::Request(Request { number, customer, .. }) = answer.done else { panic!() };
        (number, customer)
    }

    /// A package of a customer for every model, with its file.
    fn package(&self, customer: i64) -> i64 {
        let bytes = self.fresh("package-");
        let sha256 = hex(&secret_hash(&bytes));
        let path = self.world.platform.packages.path_of(&sha256);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let add = AddPackage {
            customer,
            name: bytes.clone(),
            model_name: "ALL".to_owned(),
            notes: None,
            size: i64::try_from(bytes.len()).unwrap(),
            sha256,
            actor: ACTOR.to_owned(),
            idempotency: None,
        };
        let answer = self.world.submit_estate(Command::AddPackage(add));
        let Outcome::Package(package) = answer.done else { panic!("{answer:?}") };
        package.number
    }

    /// Orders a device to install a package: the numbers of the update and the package.
    fn order(&self, partner: Partner, device: &Device) -> (i64, i64) {
        let package = self.package(partner.root);
        let answer = self.world.submit_estate(Command::OrderUpdates(OrderUpdates {
            customer: partner.merchant,
            package,
            serials: vec![(device.serial.clone(), vec![device.number])],
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
        let Outcome::Updates(updates) = answer.done else { panic!("{answer:?}") };
        (updates[0].number, package)
    }

    /// Starts a rollout among the terminals of a customer of its own.
    fn rollout(&self) -> i64 {
        let answer = self.world.submit_estate(Command::AddCustomer(AddCustomer {
            parent: US.root,
            name: "A chain".to_owned(),
            organisation_number: "556677-8899".to_owned(),
            draw: self.draw(),
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
        let Outcome::Customer(customer) = answer.done else { panic!("{answer:?}") };
        let answer = self.world.submit_estate(Command::StartRollout(StartRollout {
            customer: customer.number,
            package: self.package(US.root),
            stages: vec![1, 10, 100],
            failures_percent_max: 2,
            answer_ms: 3_600_000,
            population: 100,
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
        let Outcome::Rollout(rollout, _) = answer.done else { panic!("{answer:?}") };
        rollout.number
    }

    fn paused_rollout(&self) -> i64 {
        let rollout = self.rollout();
        self.world.submit_estate(Command::SteerRollout(SteerRollout {
            rollout,
            step: RolloutStep::Pause,
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
        rollout
    }

    /// A payment that waits for its capture.
    fn held_payment(&self) -> Payment {
        self.world.initialize(&wanted(US.merchant, Method::CardLedger, US.card, 100))
    }

    /// A batch report of a payment.
    fn report(&self) -> i64 {
        let payment = self.held_payment();
        let path = format!("/operator/v1/payments/{}/capture", payment.number);
        assert_eq!(self.world.call("POST", &path, OPERATOR_KEY, "").status, 200);
        self.world.close_day(US.merchant, &[&payment]).number
    }

    /// A new endpoint of the merchant's; where it may have no more, one that it has.
    fn endpoint(&self) -> String {
        let path = format!("/operator/v1/customers/{}/notification-endpoints", US.merchant);
        let new = format!(r#"{{"url":"https://{}.example/"}}"#, self.fresh("9"));
        let added = self.world.call("POST", &path, OPERATOR_KEY, &new).json();
        let all = self.world.call("GET", &path, OPERATOR_KEY, "").json();
        let id = added["id"].as_str().or(all["items"][0]["id"].as_str());
        id.unwrap().to_owned()
    }

    /// A notification to it.
    fn notification(&self) -> String {
        self.endpoint();
        self.world.agree(US.merchant, Psp::Swish, &[("SWISH_ID", "1234679304")]);
        let payment = self.world.pay_online(US.merchant);
        let path = format!("/operator/v1/notifications?payment_id={payment}");
        let found = self.world.call("GET", &path, OPERATOR_KEY, "").json();
        found["items"][0]["id"].as_str().unwrap().to_owned()
    }

    fn onboard(&self, customer: i64, serial: &str) -> Terminal {
        onboard(&self.world, customer, serial, self.draw())
    }

    fn change(&self, uuid: String, step: TerminalStep) {
        self.world.submit_estate(Command::ChangeTerminal(ChangeTerminal {
            uuid,
            root: None,
            step,
            actor: ACTOR.to_owned(),
            idempotency: None,
        }));
    }

    fn terminal(&self, number: i64) -> Terminal {
        let reads =
            ledger::ReadSet { documents: vec![Terminal::id(number)], ..ledger::ReadSet::default() };
        let query = self.world.platform.queries.read(move |reader| reader.load(&reads));
        let books = self.world.block_on(query).unwrap();
        Terminal::of(books.document(Terminal::id(number)).unwrap()).unwrap()
    }
}

pub(super) fn reviewer() -> Reviewer {
    Reviewer { credential: CredentialId(i64::MAX - 1), actor: ACTOR.to_owned() }
}

/// Onboards a terminal that may accept purchases offline.
pub(super) fn onboard(world: &World, customer: i64, serial: &str, draw: Draw) -> Terminal {
    let mut settings = Layer::default();
    settings.choose("currency", "SEK");
    settings.choose("deferred_authorization.enabled", "true");
    let answer = world.submit_estate(Command::OnboardTerminal(OnboardTerminal {
        customer,
        model: "verifone_p400".to_owned(),
        serial: serial.to_owned(),
        reference_id: Some(format!("reference-of-{serial}")),
        settings,
        draw,
        actor: ACTOR.to_owned(),
        idempotency: None,
    }));
    let Outcome::Configured { terminal, .. } = answer.done else { panic!("{answer:?}") };
    *terminal
}

/// A terminal that a device has activated itself as.
fn activated(world: &World, customer: i64, fresh: i64) -> Device {
    let serial = format!("DEVICE-{fresh}");
    let draw = [u8::try_from(fresh).unwrap() + 100; 32];
    let terminal = onboard(world, customer, &serial, Draw(draw));
    let Activation::Waiting { code_salt, .. } = &terminal.activation else { panic!() };
    let token_salt = format!("{fresh:032x}");
    let token = world.platform.secrets.device_token(terminal.number, &token_salt);
    world.submit_estate(Command::ActivateTerminal(ActivateTerminal {
        terminal: terminal.number,
        code_salt: Some(code_salt.clone()),
        serial: serial.clone(),
        model: terminal.model.clone(),
        application_version: "1.0".to_owned(),
        token_salt,
        token_hash: hex(&secret_hash(&token)),
        idempotency: None,
    }));
    Device { number: terminal.number, token, serial }
}

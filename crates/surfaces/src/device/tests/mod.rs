//! The device API as terminals see it: a device on a seeded world with a still clock.

mod access;
mod activation;
mod calls;
mod ceiling;
mod downloads;
mod totals;
mod transactions;
mod updates;

use axum::body::Body;
use axum::http::Request;
use estate::change_customer::ChangeCustomer;
use estate::command::Outcome;
use estate::draw::hex;
use estate::onboard::{ChangeTerminal, TerminalStep};
use estate::order_updates::OrderUpdates;
use estate::package::AddPackage;
use estate::settings::Layer;
use estate::terminal::Activation;
use estate::{Command, Package, Terminal};
use ledger::ReadSet;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::Part;

use crate::testing::{Reply, World};

fn world() -> World {
    World::with_estate(|platform| crate::router(platform, crate::Options::default()))
}

/// The one terminal of a customer, which was ordered with it.
fn terminal_of(world: &World, customer: i64) -> Terminal {
    let list = Terminal::under_list(customer);
    let found = world.platform.queries.read(move |reader| {
        let found = reader.documents(&list, Part::After(0), 10)?;
        Ok(found.iter().filter_map(Terminal::of).collect::<Vec<_>>())
    });
    let mut found = world.block_on(found).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// A terminal as it is kept.
fn kept(world: &World, number: i64) -> Terminal {
    let reads = ReadSet { documents: vec![Terminal::id(number)], ..ReadSet::default() };
    let books = world.block_on(world.platform.queries.read(move |reader| reader.load(&reads)));
    Terminal::of(books.unwrap().document(Terminal::id(number)).unwrap()).unwrap()
}

/// The code that activates a terminal.
fn code_of(world: &World, terminal: &Terminal) -> String {
    match &kept(world, terminal.number).activation {
        Activation::Waiting { code_salt, .. } => world.platform.secrets.activation_code(code_salt),
        Activation::Done { .. } => panic!("it is activated"),
    }
}

/// What a device sends to become a terminal.
fn activation(world: &World, terminal: &Terminal) -> Value {
    json!({
        "terminal_id": terminal.terminal_id,
        "activation_code": code_of(world, terminal),
        "serial_number": "SN-1",
        "model": "C100+",
        "application_version": "1.27.311",
    })
}

/// A device, activated as the terminal of a merchant.
struct Device {
    terminal: Terminal,
    token: String,
}

impl Device {
    /// Of customer 3.
    fn new(world: &World) -> Device {
        Device::of(world, 3)
    }

    #[track_caller]
    fn of(world: &World, customer: i64) -> Device {
        let terminal = terminal_of(world, customer);
        let reply = post(world, "/activate", "", &activation(world, &terminal));
        assert_eq!(reply.status, 201, "{reply:?}");
        let token = reply.json()["device_token"].as_str().unwrap().to_owned();
        Device { terminal: kept(world, terminal.number), token }
    }

    fn post(&self, world: &World, path: &str, body: &Value) -> Reply {
        post(world, path, &self.token, body)
    }

    /// Calls home; what the device is told.
    #[track_caller]
    fn call(&self, world: &World) -> Value {
        let reply = self.post(world, "/call-home", &json!({ "application_version": "1.28" }));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    fn get(&self, world: &World, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::get(format!("/device/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        world.send(request.body(Body::empty()).unwrap())
    }

    /// Orders a package with this content for the terminal.
    fn order(&self, world: &World, content: &str) -> Package {
        let package = package(world, content);
        let command = OrderUpdates {
            customer: self.terminal.customer,
            package: package.number,
            serials: vec![("SN-1".to_owned(), vec![self.terminal.number])],
            actor: "test".to_owned(),
            idempotency: None,
        };
        world.submit_estate(Command::OrderUpdates(command));
        package
    }
}

/// Adds a package for all models, of customer 1 and all below it, with its file.
fn package(world: &World, content: &str) -> Package {
    let sha256 = hex(&Sha256::digest(content.as_bytes()));
    let path = world.platform.packages.path_of(&sha256);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
    let command = AddPackage {
        customer: 1,
        name: "Kassa 2.0 åäö 🦊".to_owned(),
        model_name: "ALL".to_owned(),
        notes: None,
        size: content.len().try_into().unwrap(),
        sha256,
        actor: "test".to_owned(),
        idempotency: None,
    };
    let answer = world.submit_estate(Command::AddPackage(command));
    let Outcome::Package(package) = answer.done else { panic!("{answer:?}") };
    package
}

/// Chooses settings for the terminals of a customer.
fn configure(world: &World, customer: i64, chosen: &[(&str, &str)]) {
    let mut settings = Layer::default();
    for (name, value) in chosen {
        settings.choose(name, *value);
    }
    let command = ChangeCustomer { customer, name: None, settings, actor: "test".to_owned() };
    world.submit_estate(Command::ChangeCustomer(command));
}

/// Changes a terminal as its platform does.
fn change(world: &World, terminal: &Terminal, step: TerminalStep) {
    let (uuid, actor) = (terminal.uuid.clone(), "test".to_owned());
    let command = ChangeTerminal { uuid, root: None, step, actor, idempotency: None };
    world.submit_estate(Command::ChangeTerminal(command));
}

fn post(world: &World, path: &str, token: &str, body: &Value) -> Reply {
    world.call("POST", &format!("/device/v1{path}"), token, &body.to_string())
}

/// Sends a request under an idempotency key.
fn post_under(world: &World, key: &str, path: &str, token: &str, body: &Value) -> Reply {
    let mut request = Request::post(format!("/device/v1{path}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    world.send(request.body(Body::from(body.to_string())).unwrap())
}

/// The body with a field that is another one, or none where it is null.
fn with(body: &Value, field: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[field] = value;
    body
}

/// The status, and the last part of the problem's type.
#[track_caller]
fn problem(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{reply:?}");
    let body = reply.json();
    assert_eq!(body["status"], reply.status);
    let kind = body["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    (reply.status, kind)
}

/// Expects a refusal of one field.
#[track_caller]
fn refuses_field(reply: &Reply, pointer: &str) {
    assert_eq!(problem(reply), (400, "validation-error".to_owned()), "{reply:?}");
    let body = reply.json();
    let errors = body["errors"].as_array().unwrap();
    let pointers: Vec<&str> = errors.iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, [pointer]);
}

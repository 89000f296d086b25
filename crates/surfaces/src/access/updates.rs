//! Packages for terminals, and orders to install them.

use std::collections::BTreeSet;

use axum::response::Response;
use estate::limits::{SERIAL_CHARS_MAX, SERIALS_PER_ORDER_MAX};
use estate::order_updates::OrderUpdates;
use estate::reference::{ONBOARDED_MODELS, TERMINAL_MODELS};
use estate::terminal::TerminalStatus;
use estate::{Command, Customer, Package, Terminal};
use ledger::{Directory, ReadSet};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::{Checks, Json, number, text};
use super::problem::{FieldError, Problem};
use super::query::Query;
use super::requests::time;
use super::{Caller, shown};
use crate::Platform;

/// What an order is answered with (Access, `CreateUpdate`).
pub(super) const ORDERED: &str = "Configuration file created and uploaded ok";

/// Software for terminals.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Package)]
pub(super) struct PackageView {
    /// Its number.
    #[schema(example = 9992)]
    id: i64,
    /// When it was uploaded, in UTC.
    #[schema(example = "2026-11-20T11:00:00")]
    time_created: String,
    /// For people.
    #[schema(example = "Kassa Terminal 2.1.0")]
    name: String,
    /// For people.
    notes: Option<String>,
    /// A terminal model, `ALL` and a family, or `ALL`.
    #[schema(example = "ALL Carbon")]
    model_name: String,
}

/// What `CreateUpdate` asks.
struct Asked {
    customer: i64,
    package: i64,
    /// Each once, in the order given, with its first place.
    serials: Vec<(usize, String)>,
}

/// GET packages: those of a customer and of all above it.
pub(super) fn packages(
    platform: &Platform,
    caller: &Caller,
    query: &Query,
) -> Result<Response, Problem> {
    let Some(customer) = query.customer()? else {
        return Err(Problem::Invalid(vec![FieldError::new("customerId", "is required")]));
    };
    let directory = platform.engine.directory();
    caller.reach(&directory, customer)?;
    let mut packages = usable(&directory, customer);
    if let Some(asked) = query.text("model").or_else(|| query.text("modelName")) {
        let model = model(asked);
        packages.retain(|package| model.is_some_and(|model| package.suits(model)));
    }
    packages.sort_by_key(|package| package.number);
    let views = packages.into_iter().map(|package| PackageView {
        id: package.number,
        time_created: time(package.created_at),
        name: package.name,
        notes: package.notes,
        model_name: package.model_name,
    });
    shown(&views.collect::<Vec<PackageView>>())
}

/// The packages of a customer and of all above it.
fn usable(directory: &Directory, customer: i64) -> Vec<Package> {
    let line = Customer::line(directory, customer).into_iter();
    line.flat_map(|owner| Package::of_customer(directory, owner)).collect()
}

/// The model of this name. In a query a plus sign stands for a space, which no model's name has.
fn model(asked: &str) -> Option<&'static str> {
    let named = asked.replace(' ', "+");
    let ordered = TERMINAL_MODELS.iter().map(|model| model.name);
    let mut models = ordered.chain(ONBOARDED_MODELS.iter().copied());
    models.find(|model| *model == named)
}

/// POST an order of updates.
pub(super) async fn create(
    platform: &Platform,
    caller: &Caller,
    body: Json,
) -> Result<Response, Problem> {
    let mut checks = Checks::default();
    let asked = asked(&mut checks, &body);
    checks.finish()?;
    let asked = asked.ok_or(Problem::Internal)?;
    caller.reach(&platform.engine.directory(), asked.customer)?;
    let found = terminals(platform, &asked).await?;
    judge(&platform.engine.directory(), &asked, &found)?;
    let numbers = |found: Vec<Terminal>| found.iter().map(|terminal| terminal.number).collect();
    let serials = asked.serials.into_iter().map(|(_, serial)| serial);
    let order = OrderUpdates {
        customer: asked.customer,
        package: asked.package,
        serials: serials.zip(found.into_iter().map(numbers)).collect(),
        actor: caller.credential.label.clone(),
        idempotency: None,
    };
    platform.engine.submit(Command::OrderUpdates(order)).await?;
    shown(&ORDERED)
}

/// `None` only where something was noted to be wrong.
fn asked(checks: &mut Checks, body: &Json) -> Option<Asked> {
    let body = body.whole()?;
    let customer = checks.number(&body, "customerId");
    let packages = checks.list(&body, "packageIds", 1);
    let package = packages.and_then(<[_]>::first).and_then(|id| match number(id) {
        Ok(number) => Some(number),
        Err(message) => {
            checks.refuse("packageIds[0]", message);
            None
        }
    });
    let mut serials = Vec::new();
    let mut seen = BTreeSet::new();
    let given = checks.list(&body, "serialNumbers", SERIALS_PER_ORDER_MAX);
    for (at, serial) in given.into_iter().flatten().enumerate() {
        match text(serial, SERIAL_CHARS_MAX) {
            Ok(serial) if seen.insert(serial.clone()) => serials.push((at, serial)),
            Ok(_) => {}
            Err(message) => checks.refuse(format!("serialNumbers[{at}]"), message),
        }
    }
    given?;
    Some(Asked { customer: customer?, package: package?, serials })
}

/// The customer's terminals with each of the serial numbers.
async fn terminals(platform: &Platform, asked: &Asked) -> Result<Vec<Vec<Terminal>>, Problem> {
    let lists = asked.serials.iter().map(|(_, serial)| Terminal::serial_list(serial));
    let lists: Vec<String> = lists.collect();
    let reads = ReadSet { lists: lists.clone(), ..ReadSet::default() };
    let books = platform.queries.read(move |reader| reader.load(&reads)).await?;
    let is_meant = |terminal: &Terminal| {
        terminal.status != TerminalStatus::Deleted
            && Customer::is_within(&books.directory, asked.customer, terminal.customer)
    };
    let of_list = |list: &String| {
        books.listed(list).filter_map(Terminal::of).filter(is_meant).collect::<Vec<Terminal>>()
    };
    Ok(lists.iter().map(of_list).collect())
}

/// Says everything that is wrong with an order at once. The command will look again.
fn judge(directory: &Directory, asked: &Asked, found: &[Vec<Terminal>]) -> Result<(), Problem> {
    let mut checks = Checks::default();
    let usable = usable(directory, asked.customer);
    let package = usable.iter().find(|package| package.number == asked.package);
    if package.is_none() {
        checks.refuse("packageIds[0]", "is not a package of the customer");
    }
    for ((at, _), terminals) in asked.serials.iter().zip(found) {
        let field = || format!("serialNumbers[{at}]");
        let suits = |terminal: &Terminal| package.is_none_or(|it| it.suits(&terminal.model));
        if terminals.is_empty() {
            checks.refuse(field(), "is not a terminal of the customer");
        } else if !terminals.iter().any(suits) {
            checks.refuse(field(), "the package does not suit this terminal");
        }
    }
    checks.finish()
}

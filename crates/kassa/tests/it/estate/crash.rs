//! The program is killed while merchants are approved, devices activate, call home and upload, and
//! packages come in.
//!
//! Goal: what was acknowledged is there once, what was not is there whole or not at all, and a
//! repeat under the same key gets the first answer. Method: clients with one merchant after the
//! other, SIGKILL at a random moment, a restart on the same directory, and then every request of
//! the cycle twice more.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    ACCESS_KEY, Device, FORM, Ordered, PARTNER, TRANSACTIONS, activate, activated, activation,
    approval_path, approved, ask, call_access, call_home, choose, merchant, offline,
    offline_settings, package_form, post_under, request_of, sha256, upload,
};
use crate::crash::number;
use crate::http::{Connection, Reply, connect};
use crate::replay::Numbers;
use crate::server::{CARD, Folder, OPERATOR_KEY, Server, serve_on, verify, wait_until};

/// Clients that onboard merchants.
const CLIENTS: u64 = 3;

/// Terminals of each merchant, and purchases in each upload.
const TERMINALS: u32 = 2;
const UPLOADED: u32 = 5;

/// Characters of a package, at least.
const PACKAGE_CHARS: usize = 300_000;

/// A request that may be sent again.
#[derive(Clone, Debug)]
struct Request {
    path: String,
    token: String,
    key: String,
    body: String,
}

/// A request, and its answer where one came.
#[derive(Debug)]
struct Sent {
    request: Request,
    answer: Option<Reply>,
}

/// What the clients of a cycle have done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    sent: Vec<Sent>,
    /// Devices whose call home was answered.
    called: Vec<Device>,
}

/// What has come of all cycles so far.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    merchants: BTreeSet<i64>,
    terminals: BTreeSet<String>,
    transactions: BTreeSet<String>,
    packages: BTreeSet<i64>,
    /// Requests that were answered before the end.
    pub(crate) answered: usize,
}

#[test]
fn a_crash_loses_nothing_of_merchants_and_terminals() {
    let cycles = number("KASSA_CRASH_CYCLES", 4);
    let seed = number("KASSA_CRASH_SEED", u64::from(std::process::id()));
    println!("{cycles} cycles; KASSA_CRASH_SEED={seed} gives the same moments");
    let folder = Folder::with_demo("estate-crash");
    let mut numbers = Numbers::new(seed);
    let mut totals = Totals::default();
    let server = Server::start(serve_on(folder.path()));
    server.raise_limit(CARD);
    choose(&mut server.connection(), OPERATOR_KEY, PARTNER, &offline_settings());
    server.kill();
    for cycle in 1..=cycles {
        let server = Server::start(serve_on(folder.path()));
        let load = Duration::from_millis(150 + numbers.below(450));
        let all = under_load(server, folder.path(), cycle, load);
        let server = Server::start(serve_on(folder.path()));
        check_packages_dir(folder.path());
        for done in all {
            settle(&server, done, &mut totals);
        }
        check_totals(&server, &totals);
        if cycle == cycles {
            check_served(&server, &totals, folder.path());
        }
        server.kill();
    }
    verify(folder.path());
    let Totals { merchants, terminals, transactions, packages, answered } = &totals;
    println!(
        "{answered} answers found again; {} merchants, {} terminals, {} purchases, {} packages",
        merchants.len(),
        terminals.len(),
        transactions.len(),
        packages.len()
    );
    assert!(*answered > 20, "there was too little traffic to show anything");
}

/// Runs clients until the server is killed in the middle of what they ask.
pub(crate) fn under_load(server: Server, dir: &Path, cycle: u64, load: Duration) -> Vec<Done> {
    let address = server.address;
    // This one surely is under way when the end comes.
    let half = half_upload(&server, cycle);
    wait_until("half a package is there", || !incoming(dir).is_empty());
    thread::scope(|scope| {
        let mut clients = Vec::new();
        for client in 0..CLIENTS {
            let name = format!("c{cycle}-{client}");
            clients.push(scope.spawn(move || {
                let (mut to, mut done) = (Connection::new(address), Done::default());
                let mut rounds = 0..;
                while onboard(&mut to, &format!("{name}-{}", rounds.next().unwrap()), &mut done)
                    .is_some()
                {}
                done
            }));
        }
        clients.push(scope.spawn(move || upload_packages(&mut Connection::new(address), cycle)));
        thread::sleep(load);
        server.kill();
        assert!(!incoming(dir).is_empty(), "an upload was cut off");
        drop(half);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Onboards one merchant with all that its devices do. `None` when the server is gone.
fn onboard(to: &mut Connection, name: &str, done: &mut Done) -> Option<()> {
    // Without an answer nobody knows its number; it waits for a reviewer or is not there.
    let request = request_of(&ask(to, ACCESS_KEY, PARTNER, name, TERMINALS).ok()?);
    let approval = Request::new(approval_path(request), OPERATOR_KEY, name, "{}");
    let (_, terminals) = approved(&done.send(to, approval)?);
    for (at, terminal) in terminals.iter().enumerate() {
        let key = format!("{name}-{at}");
        let serial = format!("SN-{}", terminal.id);
        let body = activation(terminal, &serial);
        let device =
            activated(&done.send(to, Request::new("/device/v1/activate", "", &key, &body))?);
        let reply = call_home(to, &device).ok()?;
        assert_eq!(reply.status, 200, "{}", reply.body);
        done.called.push(device.clone());
        let ids: Vec<String> = (0..UPLOADED).map(|id| format!("{id:06}")).collect();
        let body = offline(CARD, &ids);
        let reply = done.send(to, Request::new(TRANSACTIONS, &device.token, &key, &body))?;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    Some(())
}

/// Uploads one package after the other until the server is gone.
fn upload_packages(to: &mut Connection, cycle: u64) -> Done {
    let mut done = Done::default();
    for number in 0.. {
        let name = format!("package {cycle}-{number} å");
        let form = package_form(PARTNER, &name, &content(&name));
        let request = Request::new("/operator/v1/packages", OPERATOR_KEY, &key_of(&name), &form);
        let Some(reply) = done.send(to, request) else { break };
        assert_eq!(reply.status, 201, "{}", reply.body);
    }
    done
}

fn key_of(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).collect()
}

/// A package's bytes, which follow from its name.
fn content(name: &str) -> String {
    name.repeat(PACKAGE_CHARS / name.len() + 1)
}

/// Begins an upload and says nothing more.
fn half_upload(server: &Server, cycle: u64) -> TcpStream {
    let form = package_form(PARTNER, "half", &content(&format!("half {cycle} ")));
    let (name, value) = FORM;
    let head = format!(
        "POST /operator/v1/packages HTTP/1.1\r\nHost: kassa\r\n{name}: {value}\r\n\
         Authorization: Bearer {OPERATOR_KEY}\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    let mut stream = connect(server.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&form.as_bytes()[..form.len() / 2]).unwrap();
    stream
}

/// The files of packages that are on their way.
fn incoming(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|path| name_of(path).starts_with("incoming-")).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(dir.join("packages")).into_iter().flatten();
    found.map(|file| file.unwrap().path()).collect()
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Every file is a whole package, or it is not there.
#[track_caller]
pub(crate) fn check_packages_dir(dir: &Path) {
    for path in files(dir) {
        let name = name_of(&path);
        assert_eq!(name, sha256(&fs::read(&path).unwrap()), "{name}");
    }
}

impl Request {
    fn new(path: impl Into<String>, token: &str, key: &str, body: &str) -> Request {
        let (token, key, body) = (token.to_owned(), key.to_owned(), body.to_owned());
        Request { path: path.into(), token, key, body }
    }

    fn send(&self, to: &mut Connection) -> std::io::Result<Reply> {
        if self.path.ends_with("/packages") {
            return upload(to, &self.token, &self.key, &self.body);
        }
        post_under(to, &self.path, &self.token, &self.key, &self.body)
    }

    #[track_caller]
    fn send_again(&self, server: &Server) -> Reply {
        let reply = self.send(&mut server.connection()).unwrap();
        assert!(matches!(reply.status, 200 | 201), "{}: {}", self.path, reply.body);
        reply
    }
}

impl Done {
    /// Sends a request and remembers it. `None` when there is no answer.
    fn send(&mut self, to: &mut Connection, request: Request) -> Option<Reply> {
        let answer = request.send(to).ok();
        self.sent.push(Sent { request, answer: answer.clone() });
        answer
    }
}

/// Sends every request of a client again, twice, and notes what has come of it.
pub(crate) fn settle(server: &Server, done: Done, totals: &mut Totals) {
    for Sent { request, answer } in done.sent {
        totals.answered += usize::from(answer.is_some());
        let first = answer.unwrap_or_else(|| request.send_again(server));
        let again = request.send_again(server);
        if request.path == TRANSACTIONS {
            check_booked_once(&first, &again, totals);
            continue;
        }
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", request.path);
        assert!(again.is_replayed(), "{}", request.path);
        if request.path.ends_with("/approve") {
            let (merchant, terminals) = approved(&again);
            assert!(totals.merchants.insert(merchant), "one merchant for each request");
            for Ordered { id, .. } in terminals {
                assert!(totals.terminals.insert(id), "one id for each terminal");
            }
        } else if request.path.ends_with("/activate") {
            let device = activated(&again);
            assert_eq!(call_home(&mut server.connection(), &device).unwrap().status, 200);
        } else {
            let id = again.json()["id"].as_i64().unwrap();
            assert!(totals.packages.insert(id), "one package for each upload");
        }
    }
    for device in done.called {
        let path = format!("/operator/v1/terminals/{}", device.id);
        let shown = server.get(&path, OPERATOR_KEY).json();
        assert_eq!((&shown["status"], &shown["activation_code"]), (&json!("active"), &Value::Null));
        assert!(shown["last_call_home"].is_string(), "{shown}");
    }
}

/// Every purchase is booked, under the id that was told.
#[track_caller]
fn check_booked_once(first: &Reply, again: &Reply, totals: &mut Totals) {
    let items = |reply: &Reply| reply.json()["transactions"].as_array().unwrap().clone();
    let (first, again) = (items(first), items(again));
    assert_eq!(first.len(), again.len());
    for (first, again) in first.iter().zip(again) {
        assert_eq!((&first["status"], &again["status"]), (&json!("posted"), &json!("posted")));
        assert_eq!(first["transaction_id"], again["transaction_id"]);
        assert_eq!(again["replayed"], true);
        let id = again["transaction_id"].as_str().unwrap().to_owned();
        assert!(totals.transactions.insert(id), "{again}");
    }
}

/// What is there is what clients were told of, and no more.
#[track_caller]
pub(crate) fn check_totals(server: &Server, totals: &Totals) {
    assert_eq!(server.balances(CARD)[0], format!("{}.00", totals.transactions.len()));
    let ids = |path: &str| {
        let items = all_of(server, path).into_iter();
        items.map(|item| item["id"].as_i64().unwrap()).collect::<BTreeSet<i64>>()
    };
    let mut merchants = totals.merchants.clone();
    // The demo's.
    merchants.insert(2);
    assert_eq!(ids("/operator/v1/customers?parent_id=1"), merchants);
    assert_eq!(ids("/operator/v1/packages?"), totals.packages);
    let ordered = all_of(server, "/operator/v1/terminals?customer_id=1");
    // The demo's merchant has two as well.
    assert_eq!(ordered.len(), totals.terminals.len() + 2);
}

/// Everything on a list of the operator's.
pub(crate) fn all_of(server: &Server, path: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}&limit=200{after}"), OPERATOR_KEY);
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

/// A device that is told of a package gets all of it; that of a lost file is not served.
fn check_served(server: &Server, totals: &Totals, dir: &Path) {
    let mut to = server.connection();
    let (customer, terminals) = merchant(&mut to, "Paketet", 1);
    let device = activated(&activate(&mut to, &terminals[0], "served").unwrap());
    let package = totals.packages.last().unwrap();
    let order = json!({
        "customerId": customer, "packageIds": [package],
        "serialNumbers": [format!("SN-{}", device.id)]
    });
    let path = "/access/v1/terminal/CreateUpdate";
    assert_eq!(call_access(&mut to, ACCESS_KEY, path, &order).unwrap().status, 200);
    let told = call_home(&mut to, &device).unwrap().json();
    let told = &told["updates"][0]["package"];
    let (url, hash) = (told["url"].as_str().unwrap(), told["sha256"].as_str().unwrap());
    let whole = to.get(url, &device.token).unwrap();
    assert_eq!((whole.status, sha256(whole.body.as_bytes()).as_str()), (200, hash));
    // A file that the disk has cut short is none.
    let file = dir.join("packages").join(hash);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let refused = to.get(url, &device.token).unwrap();
    assert_eq!(refused.status, 503, "{}", refused.body);
    // The same upload once more makes it whole.
    let name = to.get(&format!("/operator/v1/packages/{package}"), OPERATOR_KEY).unwrap();
    let name = name.json()["name"].as_str().unwrap().to_owned();
    let form = package_form(PARTNER, &name, &content(&name));
    assert!(upload(&mut to, OPERATOR_KEY, &key_of(&name), &form).unwrap().is_replayed());
    assert_eq!(to.get(url, &device.token).unwrap().body, whole.body);
}

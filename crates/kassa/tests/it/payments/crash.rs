//! Servers are killed while merchants ask for payments, captures and refunds and PSPs call back.
//!
//! Goal: whatever was under way ends in what the PSP says is true, soon; what was acknowledged is
//! there, and nothing is there twice. Method: clients with one payment after the other, SIGKILL at
//! a random moment, a restart; at the end every request once more, and then the PSPs' stand-ins are
//! asked what they know.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cluster::{Durability, Isolation};
use serde_json::{Value, json};

use super::{
    LOOK_INTERVAL, PAYMENTS, ask, ask_back, auto_capture, initialize, keep_day_open, minor, number,
    script, stand_ins, with_psps,
};
use crate::crash::number as number_from_environment;
use crate::estate::crash::all_of;
use crate::estate::post_under;
use crate::http::{Connection, Reply};
use crate::nodes::Site;
use crate::replay::Numbers;
use crate::server::{Folder, OPERATOR_KEY, Server, serve_on, verify, wait_at_most};

/// Methods, their PSPs, and whether payments are taken at once: one client each.
const TILLS: [(&str, &str, bool); 5] = [
    ("SWISH_E_COM", "swish", false),
    ("KLARNA", "klarna", false),
    ("KLARNA", "klarna", true),
    ("EASY", "easy", false),
    ("SANTANDER", "santander", false),
];

/// How long a client waits for a payer before it goes on with the next.
const PAYER_WAIT_MAX: Duration = Duration::from_secs(5);

/// How often each PSP is told to approve some and decline one.
const SCRIPTS: usize = 60;

/// How long what a dead server had begun may be left alone: the lease, and a few seconds to begin
/// it again and to hear what became of it.
const SETTLED_WITHIN: Duration = Duration::from_secs(70);

/// How long what is said to a PSP, and what it says, is on its way: so that much is when a server
/// is killed.
const PSP_LATENCY: Duration = Duration::from_millis(40);

#[test]
fn a_crash_leaves_no_payment_undecided() {
    let cycles = number_from_environment("KASSA_CRASH_CYCLES", 4);
    let seed = number_from_environment("KASSA_CRASH_SEED", u64::from(std::process::id()));
    println!("{cycles} cycles; KASSA_CRASH_SEED={seed} gives the same moments");
    let folder = Folder::with_demo("payments-crash");
    let (mut numbers, mut rehearsal) = (Numbers::new(seed), Rehearsal::new());
    let start = |rehearsal: &Rehearsal| Server::start(rehearsal.with_psps(serve_on(folder.path())));
    let mut server = start(&rehearsal);
    keep_day_open(&server);
    for cycle in 1..=cycles {
        let load = Duration::from_millis(400 + numbers.below(900));
        rehearsal.under_load(&[server.address], cycle, || {
            thread::sleep(load);
            server.kill();
        });
        server = start(&rehearsal);
    }
    rehearsal.check(&server);
    assert!(server.terminate().success());
    verify(folder.path());
}

/// One of two nodes is killed for good; the other does what that had begun.
#[test]
fn a_node_finishes_the_payments_of_a_dead_one() {
    let site = Site::with_demo(Durability::Safe, Isolation::ReadCommitted);
    let mut rehearsal = Rehearsal::new();
    let start = || Server::start(rehearsal.with_psps(site.serve()));
    let (dies, lives) = thread::scope(|scope| {
        let second = scope.spawn(start);
        (start(), second.join().unwrap())
    });
    keep_day_open(&lives);
    rehearsal.under_load(&[dies.address, lives.address], 1, || {
        thread::sleep(Duration::from_millis(1_500));
        dies.kill();
        thread::sleep(Duration::from_millis(500));
    });
    rehearsal.check(&lives);
    site.verify();
    site.check_logs();
}

/// The PSPs, the way to the servers, and what clients have asked for.
struct Rehearsal {
    psps: Server,
    /// Through which servers find the PSPs, and through which PSPs find whichever server there is.
    psps_door: Door,
    servers_door: Door,
    sent: Vec<Sent>,
}

/// A request that may be sent again, and its answer where one came.
struct Sent {
    request: Request,
    answer: Option<Reply>,
}

/// What a client asks for, under its key.
#[derive(Clone, Debug)]
enum Request {
    Make { kind: &'static str, key: String, body: Value },
    Capture { key: String, number: i64 },
}

impl Request {
    fn send(&self, to: &mut Connection) -> std::io::Result<Reply> {
        match self {
            Request::Make { kind, key, body } => initialize(to, kind, key, body),
            Request::Capture { key, number } => {
                let path = format!("/operator/v1/payments/{number}/capture");
                post_under(to, &path, OPERATOR_KEY, key, "{}")
            }
        }
    }
}

impl Rehearsal {
    fn new() -> Rehearsal {
        let psps = stand_ins();
        for psp in ["swish", "klarna", "easy", "santander"] {
            for _ in 0..SCRIPTS {
                script(&psps, psp, "approve", 4);
                script(&psps, psp, "decline", 1);
            }
        }
        let psps_door = Door::open(PSP_LATENCY);
        psps_door.lead_to(&[psps.address]);
        Rehearsal { psps, psps_door, servers_door: Door::open(Duration::ZERO), sent: Vec::new() }
    }

    fn with_psps(&self, serve: Command) -> Command {
        let mut serve = with_psps(serve, self.psps_door.address);
        serve.env("KASSA_PUBLIC_URL", format!("http://{}", self.servers_door.address));
        serve
    }

    /// Runs clients, in turn on one of `addresses` each, until `during` has done something to
    /// these.
    fn under_load(&mut self, addresses: &[SocketAddr], cycle: u64, during: impl FnOnce()) {
        self.servers_door.lead_to(addresses);
        let is_over = Mutex::new(false);
        let done = thread::scope(|scope| {
            let mut clients = Vec::new();
            for (at, till) in TILLS.iter().enumerate() {
                // On each of them one client of each method.
                for (node, address) in addresses.iter().enumerate() {
                    let name = format!("c{cycle}-{node}-{at}");
                    let mut client =
                        Client { to: Connection::new(*address), sent: Vec::new(), name };
                    let is_over = &is_over;
                    clients.push(scope.spawn(move || {
                        let mut rounds = 0..;
                        while !*is_over.lock().unwrap()
                            && client.round(*till, rounds.next().unwrap()).is_some()
                        {
                        }
                        client.sent
                    }));
                }
            }
            during();
            *is_over.lock().unwrap() = true;
            let done: Vec<Sent> =
                clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
            done
        });
        self.sent.extend(done);
    }

    /// Checks that everything has ended as it must.
    fn check(&mut self, server: &Server) {
        self.servers_door.lead_to(&[server.address]);
        let begun = Instant::now();
        let made = self.send_again(server);
        wait_at_most(SETTLED_WITHIN, "everything is decided", || undecided(server).is_empty());
        let all = all_of(server, PAYMENTS);
        println!(
            "{} requests, {} of them not answered; {} transactions, decided after {:?}",
            self.sent.len(),
            self.sent.iter().filter(|sent| sent.answer.is_none()).count(),
            all.len(),
            begun.elapsed()
        );
        let ids = all.iter().map(|shown| shown["id"].as_str().unwrap().to_owned());
        assert_eq!(ids.collect::<BTreeSet<String>>(), made, "each is there, once");
        let mut states = BTreeMap::new();
        for shown in &all {
            let truth = self.truth(shown, &all);
            let told = (minor(&shown["captured_amount"]), minor(&shown["refunded_amount"]));
            assert_eq!(told, truth, "{shown:#}");
            assert_eq!(shown["attention"], Value::Null, "{shown:#}");
            let [kind, state] = ["kind", "state"].map(|name| shown[name].as_str().unwrap());
            assert_eq!(state == "FINALIZED", told.0 > 0, "{shown:#}");
            // The PSPs decline a refund at once, or later.
            let otherwise = if kind == "refund" { "FAILED" } else { "RESERVED" };
            assert!(["FINALIZED", "REJECTED", otherwise].contains(&state), "{shown:#}");
            *states.entry((kind, state)).or_insert(0_u32) += 1;
        }
        println!("{states:?}");
        assert!(all.len() > 10, "there was too little traffic to show anything");
    }

    /// Sends every request again: what was answered is answered so again, and what was not is
    /// answered now. The ids of all that was made.
    fn send_again(&self, server: &Server) -> BTreeSet<String> {
        let (mut to, mut made) = (server.connection(), BTreeSet::new());
        for Sent { request, answer } in &self.sent {
            let first = answer.clone().unwrap_or_else(|| request.send(&mut to).unwrap());
            let again = request.send(&mut to).unwrap();
            assert_eq!(again.status, first.status, "{request:?}: {} {}", first.body, again.body);
            if let Request::Make { .. } = request {
                assert_eq!(again.body, first.body, "{request:?}");
                assert!(again.is_replayed(), "{request:?}");
                assert!(made.insert(number(&again).to_string()), "one for each: {request:?}");
            }
        }
        made
    }

    /// What the PSP says that it has taken for a payment, and has given back. Of a refund, what it
    /// has given back, and nothing.
    fn truth(&self, shown: &Value, all: &[Value]) -> (i64, i64) {
        let name = |field: &str| shown[field].as_str().unwrap_or_default();
        let is_refund = shown["kind"] == "refund";
        let amount = |it: &Value| it.as_i64().unwrap_or(0);
        if shown["psp"] == "swish" {
            let kind = if is_refund { "refunds" } else { "paymentrequests" };
            let is_paid = self.ask(&format!("/swish/v1/{kind}/{}", name("instruction")));
            let taken = if is_paid["status"] == "PAID" { minor(&shown["amount"]) } else { 0 };
            return (taken, refunds(shown, all).map(|refund| self.truth(refund, all).0).sum());
        }
        if is_refund {
            // The PSPs tell only sums; those are compared where the payment is.
            let is_made = shown["state"] == "FINALIZED";
            return (if is_made { minor(&shown["amount"]) } else { 0 }, 0);
        }
        match name("psp") {
            "klarna" if name("psp_second_reference").is_empty() => (0, 0),
            "klarna" => {
                let order = name("psp_second_reference");
                let order = self.ask(&format!("/klarna/ordermanagement/v1/orders/{order}"));
                (amount(&order["captured_amount"]), amount(&order["refunded_amount"]))
            }
            "easy" => {
                let payment = self.ask(&format!("/easy/v1/payments/{}", name("psp_reference")));
                let summary = &payment["payment"]["summary"];
                (amount(&summary["chargedAmount"]), amount(&summary["refundedAmount"]))
            }
            _ => {
                let path = format!("/santander/applications/{}", name("psp_reference"));
                let application = self.ask(&path);
                (amount(&application["deliveredAmount"]), amount(&application["refundedAmount"]))
            }
        }
    }

    /// Asks a stand-in, as the demo's merchant.
    fn ask(&self, path: &str) -> Value {
        let authorization = match path {
            path if path.starts_with("/klarna") => "Basic x",
            path if path.starts_with("/santander") => "Bearer demo-santander-secret",
            _ => "demo-easy-secret-key",
        };
        let headers = [("Authorization", authorization)];
        let reply = self.psps.connection().send("GET", path, &headers, "").unwrap();
        if reply.status == 404 {
            // It was refused, or never came there.
            return json!({});
        }
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }
}

/// The refunds of a payment.
fn refunds<'a>(shown: &'a Value, all: &'a [Value]) -> impl Iterator<Item = &'a Value> {
    all.iter().filter(|other| other["original_id"] == shown["id"])
}

/// What is not decided, or has something left to be done.
fn undecided(server: &Server) -> Vec<Value> {
    let mut all = all_of(server, PAYMENTS);
    all.retain(|shown| !shown["task"].is_null());
    all
}

/// A merchant's till, which makes payments until its server is gone.
struct Client {
    to: Connection,
    sent: Vec<Sent>,
    name: String,
}

impl Client {
    /// One payment, its capture where it is reserved, and a refund. `None` when the server is gone.
    fn round(&mut self, till: (&str, &str, bool), round: u32) -> Option<()> {
        let (method, _, is_taken_at_once) = till;
        let key = format!("{}-{round}", self.name);
        let body = ask(method, &key);
        let body = if is_taken_at_once { auto_capture(body) } else { body };
        let reply = self.send(Request::Make { kind: "payment", key: key.clone(), body })?;
        let number = number(&reply);
        if self.decided(number)? == "RESERVED" {
            let reply = self.send(Request::Capture { key: format!("{key}-capture"), number })?;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        if self.decided(number)? == "FINALIZED" {
            let key = format!("{key}-back");
            let body = ask_back(method, &key, &number.to_string(), 4_000);
            self.send(Request::Make { kind: "refund", key, body })?;
        }
        Some(())
    }

    /// Sends a request and remembers it.
    fn send(&mut self, request: Request) -> Option<Reply> {
        let answer = request.send(&mut self.to).ok();
        self.sent.push(Sent { request, answer: answer.clone() });
        answer
    }

    /// What has become of a payment, or how it stands when nobody waits any more.
    fn decided(&mut self, number: i64) -> Option<String> {
        let begun = Instant::now();
        loop {
            let path = format!("/operator/v1/payments/{number}");
            let shown = self.to.get(&path, OPERATOR_KEY).ok()?.json();
            let is_late = begun.elapsed() > PAYER_WAIT_MAX;
            if shown["task"].is_null() || is_late {
                return shown["state"].as_str().map(str::to_owned);
            }
            thread::sleep(LOOK_INTERVAL);
        }
    }
}

/// An address that leads to others.
struct Door {
    address: SocketAddr,
    places: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Door {
    fn open(latency: Duration) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let places = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&places);
        // It is open until the test's process ends.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let places: Vec<SocketAddr> = known.lock().unwrap().clone();
                thread::spawn(move || pass(stream.unwrap(), &places, latency));
            }
        });
        Door { address, places }
    }

    fn lead_to(&self, addresses: &[SocketAddr]) {
        *self.places.lock().unwrap() = addresses.to_vec();
    }
}

/// Passes bytes on to the first place that is there, and back.
fn pass(from: TcpStream, places: &[SocketAddr], latency: Duration) {
    let Some(to) = places.iter().find_map(|place| TcpStream::connect(place).ok()) else { return };
    for stream in [&from, &to] {
        stream.set_nodelay(true).unwrap();
    }
    let (there, back) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let asking = thread::spawn(move || copy(there, to, latency));
    copy(back, from, latency);
    asking.join().unwrap();
}

/// Passes bytes on until one side ends; then the other is told.
fn copy(mut from: TcpStream, mut to: TcpStream, latency: Duration) {
    let mut bytes = [0; 16 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => {
                thread::sleep(latency);
                if to.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    to.shutdown(Shutdown::Write).ok();
    from.shutdown(Shutdown::Read).ok();
}

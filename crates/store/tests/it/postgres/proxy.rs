//! A proxy between a node and its server, which loses, delays and cuts what it is told to.
//!
//! It reads the protocol's messages: a statement is prepared once under a name, and what runs it
//! says the name alone.

use std::collections::HashMap;
use std::io::{BufReader, Read as _, Result, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use store::PostgresOptions;

/// What the proxy does next, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Passes everything on.
    Pass,
    /// Does this to the connection that is about to run the statement with this text.
    At(&'static str, Deed),
    /// Cuts a connection instead of passing a message of the server on, after so many others.
    CutAnswer(u32),
    /// The plan was carried out; everything is passed on.
    Done,
}

/// What may happen to the connection that is about to run a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It is cut; the server does not hear of the statement.
    CutBefore,
    /// It is cut as soon as the server was sent the statement.
    CutAfter,
    /// It is cut when the server has run it; the answer is lost.
    CutDone,
    /// Nothing comes through any more in either direction, the statement included.
    LoseAll,
    /// No answer comes through any more.
    LoseAnswers,
    /// The statement waits until there is another plan.
    Hold,
    /// The client is cut off; the statement waits until there is another plan, and is passed on.
    Delay,
}

pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    plan: Mutex<Plan>,
    changed: Condvar,
    /// Ends the thread that accepts.
    is_ended: AtomicBool,
    open: Mutex<Vec<Arc<Connection>>>,
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    fate: Mutex<Fate>,
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    None,
    /// Cut after the next message that the client ends its part with.
    CutAfterSync,
    /// Cut when the server says that it has completed this.
    CutAtCompletion(&'static str),
    LostUp,
    LostDown,
}

impl Proxy {
    /// A proxy to a server on this machine.
    pub(super) fn to(server: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server,
            plan: Mutex::new(Plan::Pass),
            changed: Condvar::new(),
            is_ended: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Proxy { port, shared }
    }

    /// The same database, by way of this proxy.
    pub(super) fn options(&self, direct: &PostgresOptions) -> PostgresOptions {
        let server = format!(":{}/", self.shared.server);
        let url = direct.url.replace(&server, &format!(":{}/", self.port));
        assert_ne!(url, direct.url);
        PostgresOptions { url, ca_file: None }
    }

    /// What to do from now on.
    pub(super) fn plan(&self, plan: Plan) {
        *self.shared.plan.lock().unwrap() = plan;
        self.shared.changed.notify_all();
    }

    /// Whether the plan was carried out.
    pub(super) fn is_done(&self) -> bool {
        *self.shared.plan.lock().unwrap() == Plan::Done
    }

    /// Waits until the plan is carried out; one that holds, until it holds.
    pub(super) fn wait(&self) {
        let plan = self.shared.plan.lock().unwrap();
        drop(self.shared.changed.wait_while(plan, |plan| *plan != Plan::Done).unwrap());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_ended.store(true, Ordering::Relaxed);
        self.plan(Plan::Pass);
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        for connection in self.shared.open.lock().unwrap().drain(..) {
            connection.cut();
        }
    }
}

impl Shared {
    /// Waits until the plan that was carried out is replaced.
    fn wait_for_another(&self) {
        let plan = self.plan.lock().unwrap();
        drop(self.changed.wait_while(plan, |plan| *plan == Plan::Done).unwrap());
    }
}

impl Connection {
    fn cut(&self) {
        // Either side may have gone already.
        drop(self.client.shutdown(Shutdown::Both));
        drop(self.server.shutdown(Shutdown::Both));
    }

    fn fate(&self) -> Fate {
        *self.fate.lock().unwrap()
    }

    fn meets(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.is_ended.load(Ordering::Relaxed) {
            return;
        }
        let Ok(client) = client else { continue };
        // A server that is not there is met as a connection that ends at once.
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.server)) else { continue };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let fate = Mutex::new(Fate::None);
        let connection = Arc::new(Connection { client, server, fate });
        shared.open.lock().unwrap().push(Arc::clone(&connection));
        for direction in [up, down] {
            let (shared, connection) = (Arc::clone(shared), Arc::clone(&connection));
            thread::spawn(move || {
                let ended = direction(&shared, &connection);
                // The end of one direction is that of the other, unless the connection is to
                // look alive.
                if ended.is_err() && connection.fate() != Fate::LostUp {
                    connection.cut();
                }
            });
        }
    }
}

/// From the client to the server. Ends with an error when either is gone.
fn up(shared: &Shared, connection: &Connection) -> Result<()> {
    let mut client = BufReader::new(&connection.client);
    let mut server = &connection.server;
    let mut texts = HashMap::new();
    // The first message has no type.
    server.write_all(&body(&mut client, Vec::new())?)?;
    loop {
        let message = read(&mut client)?;
        match message[0] {
            b'P' => {
                let mut parts = message[5..].split(|byte| *byte == 0).map(<[u8]>::to_vec);
                texts.insert(parts.next().unwrap(), parts.next().unwrap());
            }
            b'B' => {
                // The portal's name, then the statement's.
                let name = message[5..].split(|byte| *byte == 0).nth(1).unwrap();
                if let Some(text) = texts.get(name)
                    && meet(shared, connection, text) == Some(Deed::Delay)
                {
                    // What belongs together: bind, execute, sync.
                    let rest = [read(&mut client)?, read(&mut client)?].concat();
                    drop(connection.client.shutdown(Shutdown::Both));
                    shared.wait_for_another();
                    server.write_all(&[message, rest].concat())?;
                    continue;
                }
            }
            _ => {}
        }
        if connection.fate() == Fate::LostUp {
            continue;
        }
        server.write_all(&message)?;
        if message[0] == b'S' && connection.fate() == Fate::CutAfterSync {
            connection.cut();
        }
    }
}

/// Carries out the plan where it is about this statement, which is about to be run.
fn meet(shared: &Shared, connection: &Connection, text: &[u8]) -> Option<Deed> {
    let mut plan = shared.plan.lock().unwrap();
    let Plan::At(of, deed) = *plan else { return None };
    if of.as_bytes() != text {
        return None;
    }
    *plan = Plan::Done;
    drop(plan);
    shared.changed.notify_all();
    match deed {
        Deed::CutBefore => connection.cut(),
        Deed::CutAfter => connection.meets(Fate::CutAfterSync),
        Deed::CutDone => connection.meets(Fate::CutAtCompletion(of)),
        Deed::LoseAll => connection.meets(Fate::LostUp),
        // For a client that is cut off, too, what the server still says comes to nobody.
        Deed::LoseAnswers | Deed::Delay => connection.meets(Fate::LostDown),
        Deed::Hold => shared.wait_for_another(),
    }
    Some(deed)
}

/// From the server to the client.
fn down(shared: &Shared, connection: &Connection) -> Result<()> {
    let mut server = BufReader::new(&connection.server);
    let mut client = &connection.client;
    loop {
        let message = read(&mut server)?;
        let fate = connection.fate();
        if let Fate::LostUp | Fate::LostDown = fate {
            continue;
        }
        if let Fate::CutAtCompletion(of) = fate
            && message[0] == b'C'
            && message[5..].starts_with(of.as_bytes())
        {
            connection.cut();
        }
        let mut plan = shared.plan.lock().unwrap();
        if let Plan::CutAnswer(before) = &mut *plan {
            if *before == 0 {
                *plan = Plan::Done;
                connection.cut();
            } else {
                *before -= 1;
            }
        }
        drop(plan);
        client.write_all(&message)?;
    }
}

/// A message with its type.
fn read(stream: &mut BufReader<&TcpStream>) -> Result<Vec<u8>> {
    let mut first = [0];
    stream.read_exact(&mut first)?;
    body(stream, first.to_vec())
}

/// The rest of a message: its length, which counts itself, and what is in it.
fn body(stream: &mut BufReader<&TcpStream>, mut message: Vec<u8>) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    message.extend(length);
    let rest = usize::try_from(u32::from_be_bytes(length)).unwrap() - 4;
    let start = message.len();
    message.resize(start + rest, 0);
    stream.read_exact(&mut message[start..])?;
    Ok(message)
}

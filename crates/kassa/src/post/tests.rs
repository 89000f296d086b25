//! The post against real sockets of this machine: where it never goes, and what each kind of
//! trouble is told as.

mod receivers;
mod urls;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Mutex;

use engine::VirtualClock;
use urls::{Fate, URLS};

use super::names::Addresses;
use super::*;
use crate::clock::SystemClock;

/// What a test shall not wait for.
const LONG: Duration = Duration::from_secs(20);

/// What a test waits for until it is over.
const SHORT: Duration = Duration::from_millis(150);

const PATIENT: Patience = Patience { turn: LONG, connect: LONG, attempt: LONG, body: LONG };

/// Names as a test wants them, each time in turn; the last stays.
#[derive(Default)]
struct Script {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn name(mut self, name: &str, answers: &[&str]) -> Script {
        let answer = |text: &&str| text.split(' ').map(|text| text.parse().unwrap()).collect();
        self.answers.insert(name.to_owned(), answers.iter().map(answer).collect());
        self
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Names for Script {
    fn addresses(&self, name: &str) -> Addresses {
        let name = name.trim_end_matches('.');
        let before = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(name.to_owned());
            asked.iter().filter(|asked| *asked == name).count() - 1
        };
        let found = match name.strip_suffix(".nip.test") {
            Some(address) => Some(vec![address.parse().unwrap()]),
            None => self.answers.get(name).map(|all| all[before.min(all.len() - 1)].clone()),
        };
        Box::pin(async move { found.ok_or_else(|| std::io::ErrorKind::NotFound.into()) })
    }
}

fn post_of(networks: &str, names: &Arc<Script>, patience: Patience) -> NetworkPost {
    let names: Arc<dyn Names> = Arc::<Script>::clone(names);
    let clock = Arc::new(VirtualClock::new(Arc::new(SystemClock)));
    NetworkPost::with(Networks::parse(networks).unwrap(), clock, &names, patience, &[]).unwrap()
}

fn letter(url: &str) -> Letter {
    let headers =
        vec![("content-type", "application/json".to_owned()), ("webhook-id", "msg_1".to_owned())];
    Letter { url: url.to_owned(), headers, body: b"{\"a\":1}".to_vec() }
}

fn answer(status: u16) -> Delivery {
    Delivery::Answer { status, retry_after_seconds: None }
}

/// Listens at a port of all addresses of this machine, answers 204 and tells at which address it
/// was reached.
struct Everywhere {
    port: u16,
    reached: Arc<Mutex<Vec<IpAddr>>>,
}

impl Everywhere {
    fn listen() -> Everywhere {
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0"));
        let listener = listener.unwrap();
        let port = listener.local_addr().unwrap().port();
        let reached = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&reached);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let at = stream.local_addr().unwrap().ip().to_canonical();
                notes.lock().unwrap().push(at);
                receivers::answer(stream, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            }
        });
        Everywhere { port, reached }
    }

    fn reached(&self) -> Vec<IpAddr> {
        self.reached.lock().unwrap().clone()
    }

    fn url(&self, template: &str) -> String {
        template.replace("PORT", &self.port.to_string())
    }
}

fn names() -> Script {
    Script::default()
        .name("good.test", &["127.0.0.2"])
        .name("loopback.test", &["127.0.0.1"])
        .name("loopback6.test", &["::1"])
        .name("mapped.test", &["::ffff:127.0.0.1"])
        .name("unspecified.test", &["0.0.0.0"])
        .name("mixed.test", &["127.0.0.1 127.0.0.2"])
        .name("mixed-last.test", &["127.0.0.2 ::1"])
        .name("mixed-public.test", &["8.8.8.8 10.0.0.1"])
        .name("metadata.google.internal", &["169.254.169.254"])
        .name("kubernetes.default.svc", &["10.96.0.1"])
        .name("db", &["172.18.0.2"])
        .name("nat64.test", &["64:ff9b::7f00:1"])
        .name("six-to-four.test", &["2002:7f00:1::"])
        .name("ula.test", &["fd00::1"])
        .name("public.test", &["8.8.8.8"])
        .name("public6.test", &["2606:4700::1111"])
        .name("good-and-public.test", &["127.0.0.2 8.8.8.8"])
}

#[tokio::test]
async fn no_connection_is_made_to_a_refused_address() {
    assert!(URLS.len() >= 200, "{}", URLS.len());
    let everywhere = Everywhere::listen();
    let post = post_of("127.0.0.2", &Arc::new(names()), PATIENT);
    let (mut wrong, mut sent) = (Vec::new(), 0);
    for (template, fate) in URLS {
        let url = everywhere.url(template);
        let checked = post.check(&url);
        let is_checked = match fate {
            Fate::Never(refused) => checked == Err(*refused),
            Fate::Unsent(_) | Fate::Sent | Fate::Public => checked == Ok(()),
        };
        let delivery = match fate {
            Fate::Public => Delivery::Failed(Trouble::Busy),
            Fate::Never(_) | Fate::Unsent(_) | Fate::Sent => {
                timeout(LONG, post.send(letter(&url))).await.unwrap()
            }
        };
        let is_sent = match fate {
            Fate::Never(refused) | Fate::Unsent(refused) => delivery == Delivery::Refused(*refused),
            Fate::Sent => delivery == answer(204),
            Fate::Public => true,
        };
        sent += usize::from(*fate == Fate::Sent);
        if !is_checked || !is_sent {
            wrong.push(format!("{url:?}: {fate:?}, but {checked:?} and {delivery:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let allowed = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(everywhere.reached(), vec![allowed; sent]);
}

/// The same where nothing is allowed: there is no way to any address of this machine.
#[tokio::test]
async fn an_operator_that_allows_nothing_has_no_way_inside() {
    let everywhere = Everywhere::listen();
    let post = post_of("", &Arc::new(names()), PATIENT);
    for (template, fate) in URLS {
        let url = everywhere.url(template);
        if *fate != Fate::Public {
            let delivery = timeout(LONG, post.send(letter(&url))).await.unwrap();
            assert!(matches!(delivery, Delivery::Refused(_)), "{url}: {delivery:?}");
        }
    }
    assert!(everywhere.reached().is_empty());
}

/// A name that is good when it is looked at, and leads inside a moment later.
#[tokio::test]
async fn a_connection_goes_to_what_was_checked() {
    let everywhere = Everywhere::listen();
    let names = Arc::new(Script::default().name("rebind.test", &["127.0.0.2", "127.0.0.1"]));
    let post = post_of("127.0.0.2", &names, PATIENT);
    let url = everywhere.url("http://rebind.test:PORT/");
    assert_eq!(post.check(&url), Ok(()));
    assert_eq!(names.asked(), 0, "who checks a URL asks for no name");
    assert_eq!(post.send(letter(&url)).await, answer(204));
    assert_eq!(names.asked(), 1, "a name is asked for once");
    for _ in 0..3 {
        assert_eq!(post.send(letter(&url)).await, Delivery::Refused(Refused::Address));
    }
    assert_eq!(everywhere.reached(), [Ipv4Addr::new(127, 0, 0, 2)]);
}

#[tokio::test]
async fn a_name_without_an_address_is_told_so() {
    let post = post_of("127.0.0.0/8", &Arc::default(), PATIENT);
    let delivery = post.send(letter("https://nobody.test/")).await;
    assert_eq!(delivery, Delivery::Failed(Trouble::Name));
    let long = format!("https://good.test/{}", "a".repeat(2_048));
    assert_eq!(post.check(&long), Err(Refused::NoUrl));
}

/// The system's own names: what it calls this machine is refused like any other.
#[tokio::test]
async fn the_systems_names_are_checked_too() {
    let everywhere = Everywhere::listen();
    let post = NetworkPost::new(Networks::default(), Arc::new(SystemClock)).unwrap();
    let url = everywhere.url("https://localhost:PORT/");
    assert_eq!(post.send(letter(&url)).await, Delivery::Refused(Refused::Address));
    let found = SystemNames.addresses("localhost").await.unwrap();
    assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    assert!(everywhere.reached().is_empty());
}

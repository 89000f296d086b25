//! Random trees of customers, deep ones too: whoever has a credential for one of them reaches it
//! and what is below it, and nothing else. Held against a model that walks from child to parent.

use std::collections::BTreeSet;

use estate::change_customer::AddCustomer;
use estate::command::Outcome;
use estate::package::AddPackage;
use estate::review::{ApproveRequest, ChosenIdentities};
use estate::submit::SubmitRequest;
use estate::{Command, Draw};
use ledger::{Contract, CredentialId, IssueCredential, Scope};
use serde_json::Value;

use super::things::{onboard, reviewer};
use crate::http::secrets::secret_hash;
use crate::testing::{Reply, World, application};

/// Deepest that a customer is, its root being 1.
const DEPTH_MAX: usize = 20;
/// How many customers a tree has.
const SIZE: usize = 24;

/// A small generator (splitmix64): the same numbers for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

/// A customer with all that is asked for here.
#[derive(Clone, Debug)]
struct Node {
    number: i64,
    /// Its place in the forest. `None` for roots.
    parent: Option<usize>,
    depth: usize,
    account_id: String,
    /// The customer that was asked for below it, and is not decided about.
    pending: i64,
    terminal: String,
    package: i64,
}

/// Trees in one world.
struct Forest {
    world: World,
    nodes: Vec<Node>,
    chance: Chance,
}

#[test]
fn nobody_reaches_beyond_its_branch() {
    for seed in 0..5 {
        let mut forest = Forest::grow(seed);
        let deepest = forest.nodes.iter().map(|node| node.depth).max().unwrap();
        assert!(deepest >= DEPTH_MAX / 2, "seed {seed}: the trees are flat, {deepest}");
        for number in 0..4 {
            let root = forest.chance.below(forest.nodes.len());
            let key = format!("key-{number}");
            forest.credentials(root, &key);
            forest.check_access(seed, root, &key);
            forest.check_terminals(seed, root, &key);
        }
    }
}

impl Forest {
    fn grow(seed: u64) -> Forest {
        let world =
            World::with_estate(|platform| crate::router(platform, crate::Options::default()));
        let mut forest = Forest { world, nodes: Vec::new(), chance: Chance(seed) };
        for _ in 0..2 {
            let start = forest.nodes.len();
            forest.add(None);
            while forest.nodes.len() < start + SIZE {
                let newest = forest.nodes.len() - 1;
                // Mostly below the newest, or the trees would be bushes.
                let parent = if forest.chance.below(5) == 0 {
                    start + forest.chance.below(newest + 1 - start)
                } else {
                    newest
                };
                if forest.nodes[parent].depth < DEPTH_MAX {
                    forest.add(Some(parent));
                }
            }
        }
        forest
    }

    /// Adds a customer: a root, or a merchant below another one.
    fn add(&mut self, parent: Option<usize>) {
        let place = u8::try_from(self.nodes.len()).unwrap();
        let above = parent.map(|parent| self.nodes[parent].clone());
        let above = above.map_or_else(|| self.root(place), |above| above.number);
        let number = if parent.is_some() { self.merchant(above, place) } else { above };
        let account_id = {
            let directory = self.world.platform.engine.directory();
            estate::Customer::find(&directory, number).unwrap().account_id
        };
        // A root is no merchant: what stands for its terminal is nobody's.
        let terminal = if parent.is_some() {
            let draw = Draw([place + 120; 32]);
            onboard(&self.world, number, &format!("SERIAL-{place}"), draw).uuid
        } else {
            String::new()
        };
        let (_, pending) = self.request(number);
        let package = self.package(number);
        let depth = parent.map_or(1, |parent| self.nodes[parent].depth + 1);
        let node = Node { number, parent, depth, account_id, pending, terminal, package };
        self.nodes.push(node);
    }

    fn root(&self, place: u8) -> i64 {
        let answer = self.world.submit_estate(Command::AddCustomer(AddCustomer {
            parent: 0,
            name: format!("Root {place}"),
            organisation_number: "556677-8899".to_owned(),
            draw: Draw([place; 32]),
            actor: "test".to_owned(),
            idempotency: None,
        }));
        let Outcome::Customer(customer) = answer.done else { panic!("{answer:?}") };
        customer.number
    }

    fn merchant(&self, parent: i64, place: u8) -> i64 {
        let (request, customer) = self.request(parent);
        self.world.submit_estate(Command::ApproveRequest(ApproveRequest {
            request,
            identities: ChosenIdentities {
                company_number: Some("100".to_owned()),
                ..ChosenIdentities::default()
            },
            draw: Draw([place; 32]),
            reviewer: reviewer(),
            idempotency: None,
        }));
        customer
    }

    /// Asks for a customer below another one: the request's number and the customer's.
    fn request(&self, parent: i64) -> (i64, i64) {
        let mut application = application(parent);
        application.order = None;
        let answer = self.world.submit_estate(Command::SubmitRequest(SubmitRequest {
            application: Box::new(application),
            customer: None,
            root: parent,
            credential: CredentialId(i64::MAX),
            actor: "test".to_owned(),
        }));
        let Outcome::Request(request) = answer.done else { panic!("{answer:?}") };
        (request.number, request.customer)
    }

    fn package(&self, customer: i64) -> i64 {
        let answer = self.world.submit_estate(Command::AddPackage(AddPackage {
            customer,
            name: format!("Package of {customer}"),
            model_name: "ALL".to_owned(),
            notes: None,
            size: 1,
            sha256: "0".repeat(64),
            actor: "test".to_owned(),
            idempotency: None,
        }));
        let Outcome::Package(package) = answer.done else { panic!("{answer:?}") };
        package.number
    }

    /// Issues credentials of both contracts for a customer and all below it.
    fn credentials(&self, root: usize, key: &str) {
        for (contract, secret) in
            [(Contract::Access, key.to_owned()), (Contract::Terminals, app(key))]
        {
            let login = (contract == Contract::Terminals).then(|| key.to_owned());
            self.world.submit(engine::Command::IssueCredential(IssueCredential {
                login,
                contract,
                label: secret.clone(),
                scope: Scope::Customer(self.nodes[root].number),
                secret_hash: secret_hash(&secret),
                salt: [0; 16],
                expires_at: None,
                actor: "test".to_owned(),
                idempotency: None,
            }));
        }
    }

    /// The node and all above it.
    fn line(&self, node: usize) -> Vec<usize> {
        std::iter::successors(Some(node), |node| self.nodes[*node].parent).collect()
    }

    fn is_within(&self, root: usize, node: usize) -> bool {
        self.line(node).contains(&root)
    }

    /// The places that a credential for `root` reaches.
    fn reached(&self, root: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.is_within(root, *node)).collect()
    }

    fn check_access(&self, seed: u64, root: usize, key: &str) {
        let get = |path: &str| {
            let reply = self.world.call_access("GET", &format!("/access/v1{path}"), key, "");
            (reply.status, reply)
        };
        let numbers = |path: &str, member: &str| {
            let (status, reply) = get(path);
            assert_eq!(status, 200, "seed {seed}: {path} {reply:?}");
            numbers_of(&reply.json(), member)
        };
        let reached = self.reached(root);
        let whole: BTreeSet<i64> = reached.iter().map(|node| self.nodes[*node].number).collect();
        assert_eq!(numbers("/customer/GetCustomers", "Id"), whole, "seed {seed} {root}");
        let mut asked: BTreeSet<i64> =
            reached.iter().map(|node| self.nodes[*node].pending).collect();
        asked.extend(self.merchants_asked_for(root));
        assert_eq!(numbers("/customer/GetRequests", "CustomerId"), asked, "seed {seed} {root}");
        let (_, unknown) = get("/customer/GetCustomers?customerId=987654321");
        assert_eq!(unknown.status, 403);
        for (place, node) in self.nodes.iter().enumerate() {
            let paths = [
                format!("/customer/GetCustomers?customerId={}", node.number),
                format!("/customer/GetRequests?customerId={}", node.pending),
                format!("/terminal/GetPackages?customerId={}", node.number),
            ];
            if !self.is_within(root, place) {
                for path in paths {
                    let (status, reply) = get(&path);
                    assert_eq!((status, &reply.body), (403, &unknown.body), "seed {seed}: {path}");
                }
                continue;
            }
            let children = self.nodes.iter().filter(|child| child.parent == Some(place));
            let children: BTreeSet<i64> = children.map(|child| child.number).collect();
            assert_eq!(numbers(&paths[0], "Id"), children, "seed {seed}: {}", paths[0]);
            assert_eq!(numbers(&paths[1], "CustomerId"), [node.pending].into(), "seed {seed}");
            let packages = self.line(place).into_iter().map(|above| self.nodes[above].package);
            assert_eq!(numbers(&paths[2], "Id"), packages.collect(), "seed {seed}: {}", paths[2]);
        }
    }

    /// The merchants whose requests a credential for `root` may see: those below one it reaches.
    fn merchants_asked_for(&self, root: usize) -> BTreeSet<i64> {
        let children = self
            .nodes
            .iter()
            .filter(|node| node.parent.is_some_and(|parent| self.is_within(root, parent)));
        children.map(|node| node.number).collect()
    }

    fn check_terminals(&self, seed: u64, root: usize, key: &str) {
        let secret = app(key);
        let get = |path: &str| self.world.call_terminals("GET", path, (key, &secret), "");
        let unknown = get("/terminals/98765432-4321-4321-8321-987654321000");
        assert_eq!(unknown.status, 404, "{unknown:?}");
        let nobody = get("/terminals?account_id=98765432-4321-4321-8321-987654321000");
        assert_eq!(nobody.status, 403, "{nobody:?}");
        let all = ids(&get("/terminals?page_size=50"));
        let reached = self.reached(root).into_iter().map(|node| self.nodes[node].terminal.clone());
        let reached: BTreeSet<String> = reached.filter(|it| !it.is_empty()).collect();
        assert_eq!(all, reached, "seed {seed} {root}");
        for (place, node) in self.nodes.iter().enumerate() {
            let path = format!("/terminals?account_id={}", node.account_id);
            let (list, is_reached) = (get(&path), self.is_within(root, place));
            if is_reached {
                assert_eq!(list.status, 200, "seed {seed}: {path} {list:?}");
                let own = Some(node.terminal.clone()).filter(|it| !it.is_empty());
                assert_eq!(ids(&list), own.into_iter().collect(), "seed {seed}: {path}");
            } else {
                assert_eq!((list.status, &list.body), (403, &nobody.body), "seed {seed}: {path}");
            }
            if node.terminal.is_empty() {
                continue;
            }
            let path = format!("/terminals/{}", node.terminal);
            let one = get(&path);
            if is_reached {
                assert_eq!(one.status, 200, "seed {seed}: {path} {one:?}");
                assert_eq!(one.json()["owner"]["id"], node.account_id.as_str());
            } else {
                let expected = (404, unknown.body.clone());
                assert_eq!((one.status, one.body), expected, "seed {seed}: {path}");
            }
        }
    }
}

/// The token of the application that belongs to a key of Access.
fn app(key: &str) -> String {
    format!("app-token-of-{key}")
}

/// The ids of a list of terminals.
fn ids(list: &Reply) -> BTreeSet<String> {
    assert_eq!(list.status, 200, "{list:?}");
    let list = list.json();
    let found = list["results"].as_array().unwrap().iter();
    found.map(|found| found["id"].as_str().unwrap().to_owned()).collect()
}

fn numbers_of(list: &Value, member: &str) -> BTreeSet<i64> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[member].as_i64().unwrap_or_else(|| panic!("{item}"))).collect()
}

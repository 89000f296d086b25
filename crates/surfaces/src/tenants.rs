//! Every documented operation of every API, called by everybody who must not get in, and asked
//! for what is somebody else's.
//!
//! The operations are taken from the documents that the program serves: a new one fails here until
//! the table has a line that shows how it is called. What must hold for each of them:
//! - whoever has no credential, or none that is good here, gets the contract's refusal, which is
//!   the same wherever it is given;
//! - an id of another tenant is answered as one that nobody has;
//! - neither leaves a trace in the store;
//! - the same call is granted to whoever has all that it names, both to us and to those others, so
//!   that all this is not shown of calls that nobody can make and of ids that nobody has.

mod callers;
mod clearing;
mod junk;
mod shops;
mod table;
mod things;
mod trees;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{HeaderValue, Request};

use self::callers::{Header, Why};
use self::things::{Fixture, Scene, Scenes};
use crate::service::documents;
use crate::testing::Reply;

/// An API, or as much of one as has a document of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surface {
    Aapay,
    Access,
    CardLedger,
    Clearing,
    Device,
    Operator,
    Payments,
    Terminals,
}

/// How an operation is called. `$name` stands for a thing of the row's scenes.
#[derive(Clone, Debug)]
struct Row {
    /// Method, a space, path and query.
    line: String,
    /// Empty where there is none. One that begins with `--` is a form of parts, one that begins
    /// with a name and `=` is a form, everything else JSON.
    body: String,
    /// Which scenes it is called in.
    scene: &'static str,
}

/// A row with what it names.
struct Case {
    row: Row,
    scenes: Scenes,
}

/// Operations that take a foreign id in their body and still do their own part: they pass over it,
/// refuse one item of many, or count the attempt.
const DO_THEIR_PART: [&str; 3] =
    ["POST /device/v1/activate", "POST /device/v1/call-home", "POST /device/v1/transactions"];

/// Operations for which nobody needs a credential.
const PUBLIC: [&str; 6] = [
    "POST /device/v1/activate",
    "POST /oauth2/token",
    "GET /v3/resultcodes",
    "GET /v3/threeDSecure/$challenged/challenge?challenge=$secret",
    "POST /v3/threeDSecure/$challenged/challenge",
    "POST /v3/threeDSecure/$challenged",
];

/// Between the parts of a form.
const BOUNDARY: &str = "frontier";

impl Surface {
    const ALL: [Surface; 8] = [
        Surface::Aapay,
        Surface::Access,
        Surface::CardLedger,
        Surface::Clearing,
        Surface::Device,
        Surface::Operator,
        Surface::Payments,
        Surface::Terminals,
    ];

    fn document(self) -> &'static str {
        match self {
            Surface::Aapay => "aapay.json",
            Surface::Access => "access.json",
            Surface::CardLedger => "card-ledger.json",
            Surface::Clearing => "clearing.json",
            Surface::Device => "device.json",
            Surface::Operator => "operator.json",
            Surface::Payments => "payments.json",
            Surface::Terminals => "terminals.json",
        }
    }
}

#[test]
fn aapay() {
    check(Surface::Aapay);
}

#[test]
fn access() {
    check(Surface::Access);
}

#[test]
fn card_ledger() {
    check(Surface::CardLedger);
}

#[test]
fn clearing() {
    check(Surface::Clearing);
}

#[test]
fn device() {
    check(Surface::Device);
}

#[test]
fn operator() {
    check(Surface::Operator);
}

#[test]
fn payments() {
    check(Surface::Payments);
}

#[test]
fn terminals() {
    check(Surface::Terminals);
}

#[test]
fn every_document_is_looked_at() {
    let known: BTreeSet<&str> = Surface::ALL.map(Surface::document).into();
    let served: BTreeSet<&str> = documents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(served, known);
}

fn check(surface: Surface) {
    let rows = table::rows(surface);
    check_rows_are_the_operations(surface, &rows);
    let fixture = Fixture::new();
    let cases: Vec<Case> =
        rows.into_iter().map(|row| Case { scenes: fixture.scenes(surface, &row), row }).collect();
    let (good, strangers) = (callers::good(&fixture, surface), callers::wrong(&fixture, surface));
    let before = fixture.state();
    for (who, why, headers) in &strangers {
        check_stranger(&fixture, surface, &cases, (who, *why, headers));
    }
    let (speaking, silent): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| is_one_of(&DO_THEIR_PART, &case.row));
    for case in silent {
        check_foreign_ids(&fixture, case, &good);
    }
    let after = fixture.state();
    let left: Vec<&String> = after.symmetric_difference(&before).collect();
    assert!(left.is_empty(), "refused calls left {left:#?}");
    for case in speaking {
        check_foreign_ids(&fixture, case, &good);
    }
    for Case { row, scenes } in &cases {
        let reply = check_granted(&fixture, row, &scenes.own, &good);
        check_tells_nothing_of_others(row, scenes, &reply);
    }
    for (place, theirs) in callers::others(&fixture, surface).iter().enumerate() {
        for case in cases.iter().filter(|case| !is_one_of(&PUBLIC, &case.row)) {
            let mut scene = case.scenes.own.clone();
            // What is used only once, we have used.
            scene.entry("new").and_modify(|new| new.push_str("-2"));
            scene.extend(case.scenes.others[place].clone());
            check_granted(&fixture, &case.row, &scene, theirs);
        }
    }
}

/// Whoever has all that a row names gets what it asks for.
fn check_granted(fixture: &Fixture, row: &Row, scene: &Scene, headers: &[Header]) -> Reply {
    let reply = send(fixture, row, scene, headers);
    // Who comes back from the issuer is sent on.
    let is_granted = (200..300).contains(&reply.status) || reply.status == 303;
    assert!(is_granted, "{} {} by its owner: {reply:?}", row.line, row.body);
    reply
}

/// A granted call names nothing of anybody else, lists of everything included.
fn check_tells_nothing_of_others(row: &Row, scenes: &Scenes, reply: &Reply) {
    let own: BTreeSet<&String> = scenes.own.values().collect();
    // Shorter ones may be a part of anything.
    let theirs = scenes.others.iter().flat_map(Scene::values).filter(|value| value.len() > 4);
    for value in theirs.filter(|value| !own.contains(value)) {
        let told = replace_words(&reply.body, value, "");
        assert_eq!(told, reply.body, "{} tells of {value}", row.line);
    }
}

/// The table has a row for every documented operation, and none for anything else.
fn check_rows_are_the_operations(surface: Surface, rows: &[Row]) {
    let documented = operations(surface);
    let mut shown = BTreeSet::new();
    for row in rows {
        let found = documented.iter().find(|operation| is_call_of(&row.line, operation));
        let found = found.unwrap_or_else(|| panic!("{} is documented nowhere", row.line));
        shown.insert(found.clone());
    }
    let missing: Vec<&String> = documented.difference(&shown).collect();
    assert!(missing.is_empty(), "the table has no row for {missing:#?}");
}

/// Method and path of every documented operation, under every name that its API is served by.
fn operations(surface: Surface) -> BTreeSet<String> {
    let text = documents().into_iter().find(|(name, _)| *name == surface.document());
    let (_, text) = text.unwrap_or_else(|| panic!("{} is not served", surface.document()));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let servers = document["servers"].as_array().cloned().unwrap_or_default();
    let mut bases: Vec<&str> = servers.iter().map(|it| it["url"].as_str().unwrap()).collect();
    if bases.is_empty() || bases == ["/"] {
        bases = vec![""];
    }
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete", "options", "head", "patch", "trace"] {
            if item.get(method).is_some() {
                let method = method.to_uppercase();
                operations.extend(bases.iter().map(|base| format!("{method} {base}{path}")));
            }
        }
    }
    operations
}

/// Whether a line calls an operation: things stand for its parameters, and only for them.
fn is_call_of(line: &str, operation: &str) -> bool {
    let path = line.split('?').next().unwrap();
    let (path, template): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), operation.split('/').collect());
    let matches = |part: &str, expected: &str| {
        if expected.starts_with('{') {
            return part.starts_with('$');
        }
        // The older spelling is served too, and named in the document's text only.
        part == expected || (part, expected) == ("authorization", "authorizations")
    };
    path.len() == template.len() && path.iter().zip(template).all(|(part, it)| matches(part, it))
}

fn is_one_of(lines: &[&str], row: &Row) -> bool {
    lines.contains(&row.line.as_str())
}

/// One wrong caller gets one and the same refusal, whatever it asks for and however it asks.
fn check_stranger(
    fixture: &Fixture,
    surface: Surface,
    cases: &[Case],
    (who, why, headers): (&str, Why, &[Header]),
) {
    let mut first: Option<String> = None;
    for case in cases.iter().filter(|case| !is_one_of(&PUBLIC, &case.row)) {
        let mut broken = Row { body: "{".to_owned(), ..case.row.clone() };
        if case.row.body.is_empty() {
            broken.body.clear();
        }
        for row in [&case.row, &broken] {
            let about = format!("{} {} by {who}", row.line, row.body);
            let reply = send(fixture, row, &case.scenes.own, headers);
            callers::check_refusal(surface, why, &reply, &about);
            let face = face(&reply, row, &Scene::new());
            let first = first.get_or_insert_with(|| face.clone());
            assert_eq!(*first, face, "{about}");
        }
    }
}

/// Whatever of a request is another tenant's: the answer is that for what nobody has.
fn check_foreign_ids(fixture: &Fixture, case: &Case, good: &[Header]) {
    let Case { row, scenes } = case;
    for other in &scenes.others {
        let names: Vec<&str> = names(row).into_iter().filter(|it| other.contains_key(it)).collect();
        let mut choices: Vec<Vec<&str>> = names.iter().map(|name| vec![*name]).collect();
        choices.push(names);
        choices.retain(|names| !names.is_empty());
        for names in choices {
            let with = |theirs: &Scene| {
                let mut scene = scenes.own.clone();
                for (name, value) in scene.iter_mut().filter(|(name, _)| names.contains(name)) {
                    let found = theirs.get(name);
                    value.clone_from(found.unwrap_or_else(|| panic!("nobody has {name}")));
                }
                scene
            };
            let (foreign, unknown) = (with(other), with(&scenes.nobodys));
            let theirs = send(fixture, row, &foreign, good);
            let nobodys = send(fixture, row, &unknown, good);
            let about = format!("{} {} with foreign {names:?}", row.line, row.body);
            assert_eq!(face(&theirs, row, &foreign), face(&nobodys, row, &unknown), "{about}");
            let is_refused = (400..500).contains(&theirs.status);
            let may_pass = row.line.starts_with("GET ") && is_only_asked_for(row, &names);
            let is_fine = is_refused || may_pass || is_one_of(&DO_THEIR_PART, row);
            assert!(is_fine, "{about} is granted: {theirs:?}");
        }
    }
}

/// Whether these things are named in the query and nowhere else.
fn is_only_asked_for(row: &Row, names: &[&str]) -> bool {
    let path = row.line.split('?').next().unwrap();
    let path = Row { line: path.to_owned(), ..row.clone() };
    !self::names(&path).iter().any(|name| names.contains(name))
}

/// The things that a row names.
fn names(row: &Row) -> Vec<&str> {
    let parts = row.line.split('$').skip(1).chain(row.body.split('$').skip(1));
    let mut names: Vec<&str> = parts.map(name_at).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The name that a text begins with.
fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Puts things in the place of their names.
fn fill(text: &str, scene: &Scene) -> String {
    let mut parts = text.split('$');
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let name = name_at(part);
        let value = scene.get(name).unwrap_or_else(|| panic!("no thing is called {name}: {text}"));
        filled.extend([value, &part[name.len()..]]);
    }
    filled
}

fn send(fixture: &Fixture, row: &Row, scene: &Scene, headers: &[Header]) -> Reply {
    let line = fill(&row.line, scene);
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    if row.body.starts_with("--") {
        let form = format!("multipart/form-data; boundary={BOUNDARY}");
        request = request.header("content-type", form);
    } else if is_form(&row.body) {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    } else if !row.body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    fixture.world.send(request.body(Body::from(fill(&row.body, scene))).unwrap())
}

/// Whether a body begins with a name and `=`.
fn is_form(body: &str) -> bool {
    let name = body.split('=').next().unwrap_or_default();
    name.len() < body.len() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// What a caller sees of a reply, without the request's own id, and with the names of things in
/// their place.
fn face(reply: &Reply, row: &Row, scene: &Scene) -> String {
    let mut headers: BTreeMap<&str, &str> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    for own in ["x-request-id", "x-correlation-id", "content-length"] {
        headers.remove(own);
    }
    let mut text = format!("{} {headers:?}\n{}", reply.status, reply.body);
    for member in ["\"instance\":\"", "\"Instance\":\"", "\"ndc\":\""] {
        if let Some((start, rest)) = text.split_once(member) {
            let end = rest.find('"').unwrap();
            text = format!("{start}{member}{}", &rest[end..]);
        }
    }
    for name in names(row) {
        if let Some(value) = scene.get(name) {
            text = replace_words(&text, value, name);
        }
    }
    text
}

/// Puts a name in the place of a value, where the value is not a part of something longer.
pub(crate) fn replace_words(text: &str, value: &str, name: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        replaced.push_str(before);
        let before = replaced.chars().next_back();
        let is_word = !is_part(before) && !is_part(after.chars().next());
        replaced.push_str(if is_word { name } else { value });
        rest = after;
    }
    replaced + rest
}

#[test]
fn things_stand_for_parameters_only() {
    for (line, operation, is_call) in [
        ("GET /a/$thing", "GET /a/{id}", true),
        ("GET /a/$thing?b=$other", "GET /a/{id}", true),
        ("GET /a/b", "GET /a/{id}", false),
        ("GET /a/$thing", "GET /a/b", false),
        ("GET /a/$thing", "POST /a/{id}", false),
        ("GET /a/$thing/c", "GET /a/{id}", false),
    ] {
        assert_eq!(is_call_of(line, operation), is_call, "{line} {operation}");
    }
    assert_eq!(replace_words("4 404 {4} x4", "4", "id"), "id 404 {id} x4");
}

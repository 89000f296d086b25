//! Packages: forms of every kind, and what is left of them on the disk.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Body as HttpBody, Frame};

use super::*;

/// SHA-256 of `abc` (FIPS 180-4, example).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A form of these parts; `file` has a name that is a path.
fn form(parts: &[(&str, &str)]) -> String {
    let part = |(name, content): &(&str, &str)| {
        let file = if *name == "file" { "; filename=\"../../../etc/passwd\"" } else { "" };
        let disposition = format!("Content-Disposition: form-data; name=\"{name}\"{file}");
        format!("--b\r\n{disposition}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--b--\r\n"
}

fn upload(world: &World, key: &str, body: impl Into<Body>) -> Reply {
    upload_as(world, "multipart/form-data; boundary=b", key, body)
}

fn upload_as(world: &World, media_type: &str, key: &str, body: impl Into<Body>) -> Reply {
    let mut request = Request::post("/operator/v1/packages")
        .header("authorization", format!("Bearer {OPERATOR_KEY}"))
        .header("content-type", media_type);
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    world.send(request.body(body.into()).unwrap())
}

/// What is in the directory of packages.
fn files(world: &World) -> Vec<String> {
    let dir: PathBuf = world.platform.packages.path_of("");
    let files = std::fs::read_dir(dir).into_iter().flatten();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

const GOOD: [(&str, &str); 4] = [
    ("name", "Appli 1.4 å 🦊"),
    ("model_name", "ALL Carbon"),
    ("customer_id", "1"),
    ("file", "abc"),
];

#[test]
fn a_package_is_uploaded_shown_and_kept() {
    let world = with_customers();
    let reply = upload(&world, "", form(&GOOD));
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("location"), "/operator/v1/packages/1");
    let expected = format!(
        "{{\"id\":1,\"customer_id\":1,\"name\":\"Appli 1.4 å 🦊\",\"model_name\":\"ALL Carbon\",\
         \"size\":3,\"sha256\":\"{ABC}\",\"time_created\":\"2026-11-20T11:00:00.000Z\",\
         \"notes\":null}}"
    );
    assert_eq!(reply.body, expected);
    assert_eq!(operate(&world, "GET /packages/1").body, expected);
    assert_eq!(files(&world), [ABC]);
    assert_eq!(std::fs::read(world.platform.packages.path_of(ABC)).unwrap(), b"abc");
    // The same bytes for another customer: the file comes first, and its part has a type.
    let typed =
        form(&[("file", "abc"), ("customer_id", "2"), ("model_name", "C10"), ("name", "x")])
            .replacen("\r\n\r\n", "\r\nContent-Type: application/octet-stream\r\n\r\n", 1);
    assert_eq!(upload(&world, "", typed).status, 201);
    assert_eq!(files(&world), [ABC], "the same content is one file");
    let ids = |query: &str| {
        let list = operate(&world, &format!("GET /packages{query}")).json();
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_i64().unwrap()).collect::<Vec<i64>>()
    };
    assert_eq!(ids(""), [2, 1]);
    assert_eq!(ids("?customer_id=1"), [1]);
    assert_eq!(ids("?model_name=C10"), [2]);
    assert_eq!(ids("?customer_id=7"), Vec::<i64>::new());
    for path in ["/packages/3", "/packages/0", "/packages/01", "/packages/x", "/packages/-1"] {
        assert_eq!(operate(&world, &format!("GET {path}")).status, 404, "{path}");
    }
}

/// The pointers of what is wrong with a form that differs from a good one in some parts.
fn wrong(world: &World, parts: &[(&str, &str)]) -> Vec<String> {
    let mut all: Vec<(&str, &str)> = GOOD.to_vec();
    for (name, content) in parts {
        all.retain(|(kept, _)| kept != name);
        if *content != "-" {
            all.push((name, content));
        }
    }
    let reply = upload(world, "", form(&all));
    if reply.status == 201 {
        return Vec::new();
    }
    assert_eq!(reply.status, 400, "{reply:?}");
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everything_that_is_wrong_with_a_form_is_listed() {
    let world = with_customers();
    let no_parts = upload(&world, "", form(&[]));
    let pointers = no_parts.json()["errors"].as_array().unwrap().len();
    assert_eq!((no_parts.status, pointers), (400, 4), "{no_parts:?}");
    let (name, notes) = ("å".repeat(200), "🦊".repeat(2000));
    let none = Vec::<String>::new();
    assert_eq!(wrong(&world, &[("name", &name), ("notes", &notes)]), none);
    assert_eq!(wrong(&world, &[("notes", "two\r\nlines")]), none);
    assert_eq!(wrong(&world, &[("name", &format!("{name}å"))]), ["/name"]);
    assert_eq!(wrong(&world, &[("notes", &format!("{notes}x"))]), ["/notes"]);
    assert_eq!(wrong(&world, &[("name", "a\r\nb")]), ["/name"]);
    assert_eq!(wrong(&world, &[("notes", "\u{0}")]), ["/notes"]);
    assert_eq!(wrong(&world, &[("model_name", "Carbon")]), ["/model_name"]);
    for id in ["", "0", "-1", "one", "99", "9223372036854775808"] {
        assert_eq!(wrong(&world, &[("customer_id", id)]), ["/customer_id"], "{id}");
    }
    assert_eq!(wrong(&world, &[("file", "-")]), ["/file"]);
    assert_eq!(wrong(&world, &[("file", "")]), ["/file"]);
    assert_eq!(wrong(&world, &[("colour", "red"), ("name", "")]), ["/name", "/colour"]);
    let twice = [GOOD.as_slice(), &[("name", "other")]].concat();
    assert_eq!(upload(&world, "", form(&twice)).json()["errors"][0]["detail"], "is given twice");
    let two_files = [GOOD.as_slice(), &[("file", "def")]].concat();
    assert_eq!(upload(&world, "", form(&two_files)).json()["errors"][0]["pointer"], "/file");
    assert_eq!(files(&world), [ABC], "only that of the good ones");
}

#[test]
fn what_is_no_form_is_refused_and_leaves_nothing() {
    let world = with_customers();
    let good = form(&GOOD);
    let boundless = upload_as(&world, "multipart/form-data", "", good.clone());
    assert_eq!((boundless.status, boundless.json()["type"].as_str()), (400, Some(MALFORMED)));
    assert_eq!(upload_as(&world, "application/json", "", good.clone()).status, 415);
    assert_eq!(upload_as(&world, "", "", good.clone()).status, 415);
    for end in [0, 1, 40, good.len() / 2, good.len() - 20, good.len() - 5] {
        let cut = upload(&world, "", good[..end].to_owned());
        assert_eq!((cut.status, cut.json()["type"].as_str()), (400, Some(MALFORMED)), "{end}");
    }
    let heads = format!("--b\r\nX: {}\r\n\r\n", "x".repeat(1024 * 1024));
    assert_eq!(upload(&world, "", heads).status, 400);
    assert_eq!(upload(&world, "", form(&[("file", "abc"); 40])).status, 400);
    let many: Vec<(String, &str)> = (0..40).map(|number| (format!("f{number}"), "x")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    assert_eq!(upload(&world, "", form(&many)).json()["type"].as_str(), Some(MALFORMED));
    let mut not_text = form(&[("name", "X")]).into_bytes();
    let at = not_text.iter().position(|byte| *byte == b'X').unwrap();
    not_text[at] = 0xff;
    assert_eq!(upload(&world, "", not_text).json()["type"].as_str(), Some(MALFORMED));
    assert_eq!(upload(&world, "two words", good).status, 400, "a key that is none");
    assert_eq!(files(&world), Vec::<String>::new());
}

const MALFORMED: &str = "urn:kassa:problem:malformed-body";

#[test]
fn a_package_is_at_most_as_long_as_it_may_be() {
    let world = with_customers();
    let max = usize::try_from(world.platform.packages.bytes_max()).unwrap();
    let of = |bytes: usize| {
        let content = "x".repeat(bytes);
        form(&[("name", "x"), ("model_name", "ALL"), ("customer_id", "1"), ("file", &content)])
    };
    let longest = upload(&world, "", of(max));
    assert_eq!((longest.status, longest.json()["size"].as_u64()), (201, u64::try_from(max).ok()));
    for body in [of(max + 1), of(max + 100_000), form(&[("name", &"x".repeat(70_000))])] {
        let told = Request::post("/operator/v1/packages")
            .header("authorization", format!("Bearer {OPERATOR_KEY}"))
            .header("content-type", "multipart/form-data; boundary=b")
            .header("content-length", body.len());
        let told = world.send(told.body(Body::from(body.clone())).unwrap());
        let reply = upload(&world, "", body);
        assert_eq!((told.status, reply.status), (413, 413), "{reply:?}");
        assert_eq!(reply.json()["type"], "urn:kassa:problem:payload-too-large");
    }
    assert_eq!(files(&world).len(), 1);
}

#[test]
fn an_upload_may_be_repeated() {
    let world = with_customers();
    let first = upload(&world, "k", form(&GOOD));
    world.clock.advance_ms(1_000);
    let mut turned = GOOD.to_vec();
    turned.reverse();
    let again = upload(&world, "k", form(&turned));
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(operate(&world, "GET /packages").json()["items"].as_array().unwrap().len(), 1);
    for (name, content) in [("file", "abd"), ("name", "other"), ("notes", "new")] {
        let mut other: Vec<(&str, &str)> = GOOD.to_vec();
        other.retain(|(kept, _)| *kept != name);
        other.push((name, content));
        assert_eq!(upload(&world, "k", form(&other)).status, 422, "{name}");
    }
}

/// A body that is made as it is read: 40 MB between a head and a tail. It notes how many of its
/// bytes have been taken and are not on the disk yet.
struct Stream {
    pieces: usize,
    ahead_max: std::sync::Arc<std::sync::atomic::AtomicU64>,
    taken: u64,
    dir: PathBuf,
    ends: Vec<Bytes>,
}

const PIECE: usize = 64 * 1024;
const PIECES: usize = 640;

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let is_middle = self.ends.len() == 1 && self.pieces > 0;
        if !is_middle {
            return Poll::Ready(self.ends.pop().map(|end| Ok(Frame::data(end))));
        }
        let written: u64 = std::fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        let ahead = self.taken.saturating_sub(written);
        self.ahead_max.fetch_max(ahead, std::sync::atomic::Ordering::SeqCst);
        self.pieces -= 1;
        self.taken += u64::try_from(PIECE).unwrap();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![7; PIECE])))))
    }
}

/// Goal: a package is never in memory.
/// Method: 40 MB are fed as fast as they are taken; at no time is more than a few pieces of them
/// neither unread nor on the disk.
#[test]
fn a_large_package_goes_to_the_disk_as_it_comes() {
    let mut world = with_customers();
    let dir = world.platform.packages.path_of("");
    let packages = crate::PackageFiles::new(dir.clone(), 64 * 1024 * 1024);
    world.platform.packages = std::sync::Arc::new(packages);
    world.app = crate::router(world.platform.clone(), crate::Options::default());
    let whole = form(&[("name", "x"), ("model_name", "ALL"), ("customer_id", "1"), ("file", "¤")]);
    let (head, tail) = whole.split_once('¤').unwrap();
    let ahead_max = std::sync::Arc::default();
    let stream = Stream {
        pieces: PIECES,
        ahead_max: std::sync::Arc::clone(&ahead_max),
        taken: 0,
        dir,
        ends: vec![Bytes::from(tail.to_owned()), Bytes::from(head.to_owned())],
    };
    let reply = upload(&world, "", Body::new(stream));
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json()["size"].as_u64(), u64::try_from(PIECE * PIECES).ok());
    let ahead = ahead_max.load(std::sync::atomic::Ordering::SeqCst);
    assert!(ahead > 0, "the disk is looked at while it is written");
    assert!(ahead <= 8 * u64::try_from(PIECE).unwrap(), "{ahead} bytes were in memory");
}

#[test]
fn uploads_have_their_turn() {
    let world = with_customers();
    let busy: Vec<_> = (0..engine::limits::UPLOADS_MAX)
        .map(|number| {
            world.block_on(async { world.platform.packages.begin(&number.to_string()) }).unwrap()
        })
        .collect();
    let turned_away = upload(&world, "", form(&GOOD));
    assert_eq!((turned_away.status, turned_away.header("retry-after")), (503, "1"));
    for upload in busy {
        world.block_on(upload.end()).unwrap();
    }
    assert_eq!(upload(&world, "", form(&GOOD)).status, 201);
}

#[test]
fn a_disk_that_does_not_take_it_is_told_as_such() {
    let world = with_customers();
    let dir = world.platform.packages.path_of("");
    std::fs::create_dir_all(dir.parent().unwrap()).unwrap();
    std::fs::write(dir.to_str().unwrap().trim_end_matches('/'), "no directory").unwrap();
    let reply = upload(&world, "", form(&GOOD));
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{reply:?}");
    assert!(!reply.body.contains(dir.to_str().unwrap()));
    assert_eq!(operate(&world, "GET /packages").json()["items"], serde_json::json!([]));
    std::fs::remove_file(dir.to_str().unwrap().trim_end_matches('/')).unwrap();
    assert_eq!(upload(&world, "", form(&GOOD)).status, 201);
}

//! A device fetches the bytes of a package.

use super::*;

const CONTENT: &str = "0123456789";

#[test]
fn a_package_is_sent_whole_or_from_where_it_stopped() {
    let world = world();
    let device = Device::new(&world);
    let package = device.order(&world, CONTENT);
    let path = format!("/packages/{}", package.number);
    let etag = format!("\"{}\"", package.sha256);
    let whole = device.get(&world, &path, &[]);
    assert_eq!((whole.status, whole.body.as_str()), (200, CONTENT));
    assert_eq!(whole.header("content-length"), "10");
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("etag"), etag);
    assert_eq!(whole.header("cache-control"), "private, no-cache");
    for (range, part, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=4-", "456789", "bytes 4-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=9-100", "9", "bytes 9-9/10"),
    ] {
        let reply = device.get(&world, &path, &[("range", range)]);
        assert_eq!((reply.status, reply.body.as_str()), (206, part), "{range}");
        assert_eq!(reply.header("content-range"), content_range);
        assert_eq!(reply.header("content-length"), part.len().to_string());
        assert_eq!(reply.header("etag"), etag);
    }
    let resumed = [("range", "bytes=4-"), ("if-range", etag.as_str())];
    assert_eq!(device.get(&world, &path, &resumed).status, 206);
    let outdated = [("range", "bytes=4-"), ("if-range", "\"old\"")];
    assert_eq!(device.get(&world, &path, &outdated).body, CONTENT);
    let beyond = device.get(&world, &path, &[("range", "bytes=10-")]);
    assert_eq!(problem(&beyond), (416, "range-not-satisfiable".to_owned()));
    assert_eq!(beyond.header("content-range"), "bytes */10");
    let known = device.get(&world, &path, &[("if-none-match", &etag)]);
    assert_eq!((known.status, known.body.as_str(), known.header("etag")), (304, "", &*etag));
}

#[test]
fn head_tells_the_length_and_sends_nothing() {
    let world = world();
    let device = Device::new(&world);
    let package = device.order(&world, CONTENT);
    let request = Request::head(format!("/device/v1/packages/{}", package.number))
        .header("authorization", format!("Bearer {}", device.token));
    let reply = world.send(request.body(Body::empty()).unwrap());
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(reply.header("content-length"), "10");
    assert_eq!(reply.header("etag"), format!("\"{}\"", package.sha256));
}

#[test]
fn a_large_package_arrives_as_it_is() {
    let world = world();
    let device = Device::new(&world);
    // More than one piece, and the last one is not full.
    let content = "0123456789abcdefghijklm".repeat(10_007);
    let package = device.order(&world, &content);
    let path = format!("/packages/{}", package.number);
    assert!(device.get(&world, &path, &[]).body == content);
    let reply = device.get(&world, &path, &[("range", "bytes=65535-200000")]);
    assert!(reply.body == content[65_535..=200_000]);
}

#[test]
fn only_what_is_ordered_for_the_terminal_is_there() {
    let world = world();
    let device = Device::new(&world);
    let ordered = device.order(&world, CONTENT);
    let not_ordered = package(&world, "another");
    let stranger = {
        let terminal = terminal_of(&world, 4);
        let body = with(&activation(&world, &terminal), "serial_number", "SN-2".into());
        let token = post(&world, "/activate", "", &body).json()["device_token"].clone();
        Device { terminal, token: token.as_str().unwrap().to_owned() }
    };
    let mut answers = Vec::new();
    for (who, id) in [
        (&device, not_ordered.number.to_string()),
        (&device, "999".to_owned()),
        (&device, "x".to_owned()),
        (&device, "0".to_owned()),
        (&device, format!("0{}", ordered.number)),
        (&stranger, ordered.number.to_string()),
    ] {
        let reply = who.get(&world, &format!("/packages/{id}"), &[]);
        assert_eq!(problem(&reply), (404, "not-found".to_owned()), "{id}");
        answers.push(reply.json()["detail"].clone());
    }
    assert!(answers.iter().all(|detail| *detail == answers[0]), "{answers:?}");
    let path = format!("/packages/{}", ordered.number);
    let reply = device.get(&world, &format!("{path}?x=1"), &[]);
    refuses_field(&reply, "?x");
    device.call(&world);
    let installed = json!([{ "package_id": ordered.number, "status": "installed" }]);
    let body = json!({ "application_version": "2", "packages": installed });
    device.post(&world, "/call-home", &body);
    assert_eq!(device.get(&world, &path, &[]).status, 404, "what is installed is ordered no more");
}

#[test]
fn bytes_that_are_lost_are_no_package() {
    let world = world();
    let device = Device::new(&world);
    let package = device.order(&world, CONTENT);
    let path = format!("/packages/{}", package.number);
    let file = world.platform.packages.path_of(&package.sha256);
    std::fs::write(&file, "012").unwrap();
    let reply = device.get(&world, &path, &[]);
    assert_eq!(problem(&reply), (503, "package-not-there".to_owned()));
    std::fs::remove_file(&file).unwrap();
    let reply = device.get(&world, &path, &[]);
    assert_eq!(problem(&reply), (503, "package-not-there".to_owned()));
    assert_eq!(reply.header("retry-after"), "60");
}

//! The reference lists: their content, their names, and what clients that kept them are told.

use axum::body::Body;
use axum::http::Request;

use super::*;

const LISTS: [(&str, &str); 6] = [
    ("CardBrands", "Mastercard/Visa"),
    ("Acquirers", "Handelsbanken"),
    ("Languages", "Swedish"),
    ("TerminalModels", "8006"),
    ("TerminalOperatingModes", "Epas"),
    ("MCCCodes", "Veterinary Services"),
];

#[test]
fn lists_begin_as_the_contract_shows() {
    let world = world();
    for (name, first) in LISTS {
        let reply = get(&world, &format!("/onboarding/getinfo/{name}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
        let list = reply.json();
        let expected = match name {
            "MCCCodes" => json!({ "Id": 1, "Code": "0742", "Description": first }),
            _ => json!({ "Id": 1, "Name": first }),
        };
        assert_eq!(list[0], expected);
    }
    let models = get(&world, "/onboarding/getinfo/TerminalModels").json();
    let names = models.as_array().unwrap().iter().map(|model| model["Name"].as_str().unwrap());
    let expected = ["8006", "T103", "T103P", "T303", "C10", "C100", "C100+"];
    assert_eq!(names.collect::<Vec<&str>>(), expected);
    let second = &get(&world, "/onboarding/getinfo/MccCodes").json()[1];
    let expected = json!({ "Id": 2, "Code": "0763", "Description": "Agricultural Co-operatives" });
    assert_eq!(*second, expected);
}

#[test]
fn lists_answer_however_they_are_written() {
    let world = world();
    for (one, other) in [
        ("MCCCodes", "MccCodes"),
        ("MCCCodes", "mcccodes"),
        ("TerminalOperatingMode", "TerminalOperatingModes"),
        ("TerminalOperatingMode", "TERMINALOPERATINGMODE"),
        ("CardBrands", "cardbrands"),
    ] {
        let one = get(&world, &format!("/onboarding/getinfo/{one}"));
        assert_eq!(one.status, 200);
        for path in ["/access/v1/onboarding/getinfo", "/ACCESS/V1/Onboarding/GetInfo"] {
            let reply = world.call_access("GET", &format!("{path}/{other}"), ACCESS_KEY, "");
            assert_eq!((reply.status, &reply.body), (200, &one.body), "{path}/{other}");
        }
    }
    for unknown in ["Countries", "CardBrand", "x", "", "CardBrands/1"] {
        let reply = get(&world, &format!("/onboarding/getinfo/{unknown}"));
        assert_eq!(fields(&reply, 404), [""; 0], "{unknown}");
    }
}

#[test]
fn what_was_kept_is_asked_for_again_by_its_tag() {
    let world = world();
    let mut tags = std::collections::BTreeSet::new();
    for (name, _) in LISTS {
        let path = format!("/access/v1/onboarding/getinfo/{name}");
        let tag = get(&world, &path["/access/v1".len()..]).header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
        for (kept, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"x\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            (tag.trim_matches('"').to_owned(), 200),
        ] {
            let request = Request::get(&path)
                .header("authorization", format!("ApiKey {ACCESS_KEY}"))
                .header("if-none-match", &kept);
            let reply = world.send(request.body(Body::empty()).unwrap());
            assert_eq!(reply.status, status, "{kept}");
            assert_eq!(reply.header("etag"), tag);
            assert_eq!(reply.body.is_empty(), status == 304, "{kept}");
        }
        tags.insert(tag);
    }
    assert_eq!(tags.len(), LISTS.len(), "each list has a tag of its own");
}

#[test]
fn a_get_may_come_with_any_media_type_and_body() {
    let world = world();
    for (media_type, body) in [
        ("multipart/form-data; boundary=x", "--x--\r\n"),
        ("application/json;charset=UTF-8", ""),
        ("text/plain", "x"),
    ] {
        let request = Request::get("/access/v1/customer/GetCustomers?customerId")
            .header("authorization", format!("apikey {ACCESS_KEY}"))
            .header("content-type", media_type);
        let reply = world.send(request.body(Body::from(body)).unwrap());
        assert_eq!(reply.status, 200, "{media_type}: {reply:?}");
    }
}

//! Those who must not get in, and what they are told.

use ledger::{Contract, IssueCredential, RevokeCredential, Scope, Timestamp};

use super::things::Fixture;
use super::{Surface, shops};
use crate::http::secrets::secret_hash;
use crate::testing::{
    ACCESS_KEY, ACCESS_KEY_OTHER, APP, APP_OTHER, BEGIN, CONSUMER, CONSUMER_OTHER, OPERATOR_KEY,
    Reply, SHOP_TOKEN, SHOP_TOKEN_OTHER, TOKEN, TOKEN_654, basic,
};

/// A header of a request. Its value may be any bytes.
pub(super) type Header = (&'static str, Vec<u8>);

/// A wrong caller: who it is, why it must not get in, and what it sends.
pub(super) type Stranger = (&'static str, Why, Vec<Header>);

/// Why a caller must not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is nobody, nobody any more, or somebody elsewhere.
    Unknown,
    /// Its time is over.
    Expired,
}

/// What the right caller sends: for the card ledger, a token for one seller only.
pub(super) fn good(fixture: &Fixture, surface: Surface) -> Vec<Header> {
    match surface {
        Surface::Aapay => bearer(&basic(CONSUMER)),
        Surface::Access => authorization(&format!("apikey {ACCESS_KEY}")),
        Surface::CardLedger => bearer(TOKEN_654),
        Surface::Device => bearer(&fixture.ours.token),
        Surface::Clearing | Surface::Operator => bearer(OPERATOR_KEY),
        Surface::Payments => bearer(SHOP_TOKEN),
        Surface::Terminals => application(APP),
    }
}

/// What the owners of the other scenes send, in their order.
pub(super) fn others(fixture: &Fixture, surface: Surface) -> Vec<Vec<Header>> {
    match surface {
        Surface::Aapay => vec![bearer(&basic(CONSUMER_OTHER))],
        Surface::Access => vec![authorization(&format!("apikey {ACCESS_KEY_OTHER}"))],
        Surface::CardLedger => shops::OTHERS.map(|shop| bearer(shop.token)).into(),
        Surface::Device => vec![bearer(&fixture.theirs.token)],
        Surface::Clearing | Surface::Operator => Vec::new(),
        Surface::Payments => vec![bearer(SHOP_TOKEN_OTHER)],
        Surface::Terminals => vec![application(APP_OTHER)],
    }
}

/// Everybody who must not get in.
pub(super) fn wrong(fixture: &Fixture, surface: Surface) -> Vec<Stranger> {
    let (expired, revoked) = retired(fixture, surface);
    match surface {
        Surface::Terminals => {
            let mut strangers = wrong_applications();
            let (id, token) = &revoked;
            strangers.push(("a revoked one", Why::Unknown, application((id, token))));
            let (id, token) = &expired.unwrap();
            strangers.push(("an expired one", Why::Expired, application((id, token))));
            strangers
        }
        Surface::Aapay => {
            let mut strangers = wrong_authorizations(fixture, surface, "Bearer");
            strangers.extend(wrong_consumers(fixture));
            let with = |(key, secret): &(String, String)| bearer(&basic((key, secret)));
            strangers.push(("a revoked one", Why::Unknown, with(&revoked)));
            strangers.push(("an expired one", Why::Expired, with(&expired.unwrap())));
            strangers
        }
        Surface::Access
        | Surface::CardLedger
        | Surface::Clearing
        | Surface::Device
        | Surface::Operator
        | Surface::Payments => {
            let scheme = if surface == Surface::Access { "apikey" } else { "Bearer" };
            let mut strangers = wrong_authorizations(fixture, surface, scheme);
            let with = |token: &str| authorization(&format!("{scheme} {token}"));
            strangers.push(("a revoked one", Why::Unknown, with(&revoked.1)));
            if let Some((_, token)) = &expired {
                strangers.push(("an expired one", Why::Expired, with(token)));
            }
            strangers
        }
    }
}

/// Logins and secrets that were good once: one that has expired, where such do, and one that was
/// revoked.
fn retired(fixture: &Fixture, surface: Surface) -> (Option<(String, String)>, (String, String)) {
    let (contract, scope) = match surface {
        Surface::Aapay => (Contract::Aapay, Scope::Customer(1)),
        Surface::Access => (Contract::Access, Scope::Customer(1)),
        Surface::CardLedger => {
            let (number, seller) = ("100".to_owned(), None);
            (Contract::CardLedger, Scope::Company { number, seller })
        }
        Surface::Clearing | Surface::Operator => (Contract::Operator, Scope::Installation),
        Surface::Payments => (Contract::Payments, Scope::Customer(1)),
        Surface::Terminals => (Contract::Terminals, Scope::Customer(1)),
        Surface::Device => return (None, (String::new(), fixture.reset.token.clone())),
    };
    let has_login = matches!(contract, Contract::Terminals | Contract::Aapay);
    let issue = |name: &str, login: &str, expires_at| {
        fixture.world.submit(engine::Command::IssueCredential(IssueCredential {
            login: has_login.then(|| login.to_owned()),
            contract,
            label: name.to_owned(),
            scope: scope.clone(),
            secret_hash: secret_hash(name),
            salt: [0; 16],
            expires_at,
            actor: "test".to_owned(),
            idempotency: None,
        }));
        (login.to_owned(), name.to_owned())
    };
    let now = Timestamp::parse_rfc3339(BEGIN).unwrap();
    let expired = issue("expired-secret", "555555", Some(now));
    let revoked = issue("revoked-secret", "666666", None);
    let directory = fixture.world.platform.engine.directory();
    let credential = directory.credential_by_hash(&secret_hash(&revoked.1)).unwrap().id;
    let revoke = RevokeCredential { credential, actor: "test".to_owned() };
    fixture.world.submit(engine::Command::RevokeCredential(revoke));
    (Some(expired), revoked)
}

fn wrong_authorizations(
    fixture: &Fixture,
    surface: Surface,
    scheme: &'static str,
) -> Vec<Stranger> {
    let good = good(fixture, surface);
    let header = String::from_utf8(good[0].1.clone()).unwrap();
    let (_, secret) = header.split_once(' ').unwrap();
    let mut strangers = vec![
        ("nobody", Vec::new()),
        ("an empty header", authorization("")),
        ("a scheme alone", authorization(scheme)),
        ("a scheme and a space", authorization(&format!("{scheme} "))),
        ("a secret without a scheme", authorization(secret)),
        ("another scheme", authorization(&format!("Basic {secret}"))),
        ("an invented scheme", authorization(&format!("{scheme}s {secret}"))),
        ("garbage", vec![("authorization", vec![0xff, 0xfe, 0x80])]),
        ("garbage after the scheme", {
            let garbage = [scheme.as_bytes(), b" \xc3\x28\xff"].concat();
            vec![("authorization", garbage)]
        }),
        ("an unknown secret", authorization(&format!("{scheme} no-such-secret"))),
        ("a secret with more to it", authorization(&format!("{scheme} {secret}x"))),
        ("a secret with less to it", authorization(&format!("{scheme} {}", &secret[1..]))),
        ("an application", application(APP)),
    ];
    let secrets = [
        (Surface::Aapay, "a consumer's secret", CONSUMER.1),
        (Surface::Access, "a key of Access", ACCESS_KEY),
        (Surface::CardLedger, "a token of the card ledger", TOKEN),
        (Surface::Device, "a device", fixture.ours.token.as_str()),
        (Surface::Operator, "an operator", OPERATOR_KEY),
        (Surface::Payments, "a token of payments v3", SHOP_TOKEN),
        (Surface::Terminals, "an application's token", APP.1),
    ];
    // Both are the operator's.
    let own = if surface == Surface::Clearing { Surface::Operator } else { surface };
    for (of, who, secret) in secrets.into_iter().filter(|(of, ..)| *of != own) {
        strangers.push((who, authorization(&format!("{scheme} {secret}"))));
        if of == Surface::Access {
            strangers.push((who, authorization(&format!("apikey {secret}"))));
        }
    }
    if surface == Surface::Device {
        let (ours, theirs) = (&fixture.ours, &fixture.theirs.token);
        let secret = theirs.splitn(3, '_').nth(2).unwrap();
        let mixed = format!("Bearer kdt_{}_{secret}", ours.number);
        strangers.push(("our number with another device's secret", authorization(&mixed)));
        strangers.push(("a deleted terminal's device", bearer(&fixture.deleted.token)));
        strangers.push(("no terminal", authorization(&format!("Bearer kdt_987654321_{secret}"))));
    }
    strangers.into_iter().map(|(who, headers)| (who, Why::Unknown, headers)).collect()
}

/// Keys and secrets that do not belong together, and tokens that are not good.
fn wrong_consumers(fixture: &Fixture) -> Vec<Stranger> {
    let (key, secret) = CONSUMER;
    let secrets = &fixture.world.platform.secrets;
    let directory = fixture.world.platform.engine.directory();
    let id = |secret: &str| directory.credential_by_hash(&secret_hash(secret)).unwrap().id.0;
    let begin = Timestamp::parse_rfc3339(BEGIN).unwrap().0;
    let token = secrets.access_token(id(secret), begin + 60_000);
    let strangers = [
        ("another's secret", basic((key, CONSUMER_OTHER.1))),
        ("another's key", basic((CONSUMER_OTHER.0, secret))),
        ("no secret", basic((key, ""))),
        ("no key", basic(("", secret))),
        ("a key of Access as a secret", basic((key, ACCESS_KEY))),
        ("a token of the card ledger as a secret", basic((key, TOKEN))),
        ("a token whose time is over", secrets.access_token(id(secret), begin)),
        ("a token for another time", token.replace(&(begin + 60_000).to_string(), "9")),
        ("a token with more to it", token + "x"),
        ("a token of the card ledger's", secrets.access_token(id(TOKEN), begin + 60_000)),
        ("a token of nobody's", secrets.access_token(987_654_321, begin + 60_000)),
    ];
    strangers.into_iter().map(|(who, token)| (who, Why::Unknown, bearer(&token))).collect()
}

fn wrong_applications() -> Vec<Stranger> {
    let (id, token) = APP;
    let headers = |all: &[(&'static str, &str)]| {
        let version = [("api-version", "3.0")];
        let all = all.iter().chain(&version);
        all.map(|(name, value)| (*name, value.as_bytes().to_vec())).collect::<Vec<Header>>()
    };
    let mut garbage = application((id, token));
    garbage[1].1 = vec![0xff, 0xfe, 0x80];
    let strangers = [
        ("nobody", headers(&[])),
        ("an id alone", headers(&[("app-id", id)])),
        ("a token alone", headers(&[("app-token", token)])),
        ("empty headers", application(("", ""))),
        ("an empty token", application((id, ""))),
        ("an empty id", application(("", token))),
        ("an id with another's token", application((id, APP_OTHER.1))),
        ("another's id with a token", application((APP_OTHER.0, token))),
        ("an unknown token", application((id, "no-such-token"))),
        ("an unknown id", application(("999999", token))),
        ("an id with more to it", application(("1212120", token))),
        ("garbage", garbage),
        ("a key of Access", application((id, ACCESS_KEY))),
        ("a token of the card ledger", application((id, TOKEN))),
        ("an operator", application((id, OPERATOR_KEY))),
        ("a token as a bearer", bearer(token)),
        ("a key of Access in its own way", authorization(&format!("apikey {ACCESS_KEY_OTHER}"))),
    ];
    strangers.into_iter().map(|(who, headers)| (who, Why::Unknown, headers)).collect()
}

fn bearer(token: &str) -> Vec<Header> {
    authorization(&format!("Bearer {token}"))
}

fn authorization(value: &str) -> Vec<Header> {
    vec![("authorization", value.as_bytes().to_vec())]
}

fn application((id, token): (&str, &str)) -> Vec<Header> {
    vec![
        ("app-id", id.as_bytes().to_vec()),
        ("app-token", token.as_bytes().to_vec()),
        ("api-version", b"3.0".to_vec()),
    ]
}

/// Each contract has its own way of saying no to strangers.
#[track_caller]
pub(super) fn check_refusal(surface: Surface, why: Why, reply: &Reply, about: &str) {
    // RFC 9110 §11.6.1 wants a challenge with every 401.
    let (status, challenge) = match surface {
        Surface::Access => (401, "apikey"),
        Surface::Aapay | Surface::CardLedger => (401, "Bearer"),
        Surface::Clearing | Surface::Device | Surface::Operator => (401, "Bearer realm=\"kassa\""),
        Surface::Terminals => (403, ""),
        // A header that is none is 401, a token that is none 403.
        Surface::Payments => {
            if reply.status == 403 {
                (403, "")
            } else {
                (401, "Bearer")
            }
        }
    };
    let told = (reply.status, reply.header("www-authenticate"));
    assert_eq!(told, (status, challenge), "{about}: {reply:?}");
    let body = reply.json();
    let media_type = match surface {
        Surface::Aapay => {
            assert_eq!(body.as_object().unwrap().len(), 12, "{about}: {reply:?}");
            assert_eq!(body["valid"], false, "{about}");
            assert!(body["error"]["componsiteFault"]["faults"].is_array(), "{about}: {reply:?}");
            "application/json"
        }
        Surface::Access => {
            assert_eq!(body.as_object().unwrap().len(), 2, "{about}: {reply:?}");
            assert!(body["Message"].is_string(), "{about}: {reply:?}");
            assert_eq!(body["Errors"], serde_json::json!([]), "{about}");
            "application/json"
        }
        Surface::CardLedger => {
            let code = if why == Why::Expired { "token-expired" } else { "token-invalid" };
            assert_eq!(body["Type"], format!("ledger.card-transaction.{code}"), "{about}");
            assert_eq!(body["Status"], 401, "{about}");
            "application/problem+json"
        }
        Surface::Clearing | Surface::Device | Surface::Operator => {
            assert_eq!(body["type"], "urn:kassa:problem:unauthenticated", "{about}");
            assert_eq!(body["status"], 401, "{about}");
            "application/problem+json"
        }
        Surface::Payments => {
            assert_eq!(body["result"]["code"], "800.900.300", "{about}");
            "application/json"
        }
        Surface::Terminals => {
            assert_eq!(body["error_code"], "NOT_AUTHORIZED", "{about}");
            assert!(body["error_message"].is_string(), "{about}: {reply:?}");
            assert!(body["details"].is_array(), "{about}: {reply:?}");
            "application/json"
        }
    };
    assert!(reply.header("content-type").starts_with(media_type), "{about}: {reply:?}");
}

//! What is told of which change, and that it is kept as it was written.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use super::*;
use crate::online::{Authentication, Online};
use crate::world::World;

/// Runs what happened before, and what happens then, and tells how many notifications that makes.
#[track_caller]
fn news(before: &str, then: &str) -> usize {
    let mut world = World::new();
    world.endpoint(Some("https://a.se/"), true);
    world.play(&format!("pay; online p; {before}"));
    let count = world.notifications().len();
    world.play(then);
    world.verify();
    world.notifications().len() - count
}

#[test]
fn what_an_inquiry_would_show_is_told() {
    for (before, then, expected) in [
        // The answer to the request that made it tells what comes at once.
        ("", "tell p refused", 0),
        ("wait 1s", "tell p refused", 0),
        ("wait 2s", "tell p refused", 1),
        // Who is told nothing yet is not told that nobody knows.
        ("wait 2s", "tell p waiting", 0),
        ("wait 2s", "tell p unknown", 0),
        ("wait 2s; tell p waiting; wait 1m", "age p", 0),
        ("tell p waiting; wait 5s; begin p", "tell p paid", 1),
        ("tell p waiting; wait 5s; begin p", "tell p declined", 1),
        ("tell p waiting; wait 5s; begin p; tell p paid", "close p day=2026-11-20", 0),
        ("tell p waiting; wait 5s; begin p; tell p paid", "settle p", 0),
    ] {
        assert_eq!(news(before, then), expected, "{before} | {then}");
    }
}

#[test]
fn each_endpoint_is_told_and_nobody_of_what_is_not_online() {
    let mut world = World::new();
    let first = world.endpoint(Some("https://a.se/"), true);
    let own = world.endpoint(None, true);
    let off = world.endpoint(Some("https://off.se/"), false);
    world.play("pay; online p url=https://own.se/n; pay as=q; online q; pay as=r");
    world.play("tell p waiting; tell q waiting; tell r waiting; wait 5s");
    world.play("begin p; begin q; begin r; tell p paid; tell q paid; tell r paid");
    let (p, q) = (world.named("p"), world.named("q"));
    let found = world.notifications();
    let shown: Vec<_> =
        found.iter().map(|it| (it.payment, it.endpoint, it.url.as_str(), it.status)).collect();
    assert_eq!(
        shown,
        [
            (p.number, first, "https://a.se/", Status::Pending),
            (p.number, own, "https://own.se/n", Status::Pending),
            (p.number, off, "https://off.se/", Status::Failed),
            (q.number, first, "https://a.se/", Status::Pending),
            (q.number, off, "https://off.se/", Status::Failed),
        ]
    );
    let ids: BTreeSet<&String> = found.iter().map(|it| &it.webhook_id).collect();
    assert_eq!(ids.len(), found.len());
    assert!(ids.iter().all(|id| !id.contains('.') && id.len() <= 64), "{ids:?}");
    // The row says what the payment was like, whatever becomes of it.
    let told = found[0].payment().unwrap();
    assert_eq!(told, p);
    world.play("close p day=2026-11-20");
    assert_ne!(world.named("p"), told);
    assert_eq!(world.notifications()[0].payment().unwrap(), told);
    world.verify();
}

#[test]
fn who_has_proved_who_they_are_is_news() {
    let mut world = World::new();
    world.play("pay; online p");
    let before = world.named("p");
    let mut payment = before.clone();
    assert!(!is_news(&payment, &before));
    payment.online =
        Some(Online { authentication: Some(Authentication::Failed), ..payment.online.unwrap() });
    assert!(is_news(&payment, &before));
}

#[test]
fn what_is_kept_is_read_again() {
    let notification = Notification {
        number: 9,
        payment: 7,
        customer: 2,
        endpoint: 5,
        url: "https://a.se/å?b=c".to_owned(),
        sequence: 3,
        webhook_id: "0123-9".to_owned(),
        snapshot: Fields::default().with("kind", Some("payment")).with("a.b", Some("ö\n🦊")),
        status: Status::Pending,
        attempts: Vec::new(),
        tried: 0,
        begun: 0,
        wait: Wait::Time,
        due_at: Timestamp(-5),
        created_at: Timestamp(1),
    };
    let mut full = notification.clone();
    for number in 0..i64::try_from(ATTEMPTS_KEPT_MAX).unwrap() + 5 {
        let error = (number % 2 == 0).then(|| format!("line\none {number} {}", "å".repeat(999)));
        let status = (number % 3 == 0).then_some(500);
        full.note(Attempt { at: Timestamp(number), status, duration_ms: 30_000, error });
    }
    assert_eq!((full.attempts.len(), full.attempts[0].at), (ATTEMPTS_KEPT_MAX, Timestamp(5)));
    let error = full.attempts[1].error.as_ref().unwrap();
    assert!(error.starts_with("line one 6 å"), "{error}");
    assert_eq!(error.chars().count(), ATTEMPT_ERROR_CHARS_MAX);
    (full.tried, full.begun) = (4, 6);
    for status in Status::ALL {
        for wait in Wait::ALL {
            for it in [&notification, &full] {
                let it = Notification { status, wait, ..it.clone() };
                assert_eq!(Notification::of(&it.document()), Some(it));
            }
        }
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
    let bare = Document::new(Notification::id(1), Fields::default());
    assert_eq!(Notification::of(&bare), None);
}

//! Signatures as the official library makes and checks them, and the published test vector of the
//! envelope.

use http::{HeaderMap, HeaderValue};
use standardwebhooks::Webhook;

use super::*;

const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;

fn secret(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

fn header<'p>(posted: &'p Posted, wanted: &str) -> &'p str {
    let found: Vec<_> = posted.headers.iter().filter(|(name, _)| *name == wanted).collect();
    assert_eq!(found.len(), 1, "{wanted}");
    found[0].1.as_str()
}

/// The vector of the official libraries' own tests.
#[test]
fn a_signature_is_the_published_one() {
    let message =
        Message { id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", at_seconds: 1_649_367_553, body: BODY };
    let posted = post(message, &[secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]);
    assert_eq!(
        posted.headers,
        [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".to_owned()),
            ("webhook-timestamp", "1649367553".to_owned()),
            ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=".to_owned()),
        ]
    );
    assert_eq!(posted.body, BODY);
}

/// As a merchant checks it, with what it was sent and the text of its secret.
fn verify(posted: &Posted, secret: &Secret) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in &posted.headers {
        headers.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    Webhook::new(&secret.text()).unwrap().verify(&posted.body, &headers).is_ok()
}

#[expect(clippy::disallowed_methods, reason = "the official library looks at the clock")]
fn now_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

#[test]
fn the_official_library_verifies_each_secret_that_is_good() {
    let bodies = ["{}", "", "{\"holder\":\"Åsa Öberg 日本\"}", "a.b.c"];
    let lengths = [SECRET_BYTES_MIN, SECRET_BYTES_DEFAULT, 63, SECRET_BYTES_MAX];
    for (length, body) in lengths.into_iter().zip(bodies) {
        let old = Secret::new(&vec![7; length]).unwrap();
        let new = Secret::new(&vec![0xff; length]).unwrap();
        let other = Secret::new(&vec![1; length]).unwrap();
        let message = Message { id: "msg_1", at_seconds: now_seconds(), body: body.as_bytes() };
        let during = post(message, &[new.clone(), old.clone()]);
        let signature = header(&during, "webhook-signature");
        assert_eq!(signature.split(' ').count(), 2, "{signature}");
        assert!(verify(&during, &old) && verify(&during, &new) && !verify(&during, &other));
        let after = post(message, std::slice::from_ref(&new));
        assert!(!verify(&after, &old) && verify(&after, &new));
        // What was changed on the way is noticed.
        let mut changed = after.clone();
        changed.body.push(b' ');
        assert!(!verify(&changed, &new));
        for late in [-400, 400] {
            let at_seconds = now_seconds() + late;
            assert!(!verify(
                &post(Message { at_seconds, ..message }, std::slice::from_ref(&new)),
                &new
            ));
        }
    }
}

#[test]
fn what_is_enciphered_is_signed_as_it_is_sent() {
    let signing = Secret::new(&[9; 32]).unwrap();
    let sealed = Envelope::new([3; 32]).seal([1; 12], b"{\"a\":1}").unwrap();
    let message = Message { id: "msg_1", at_seconds: now_seconds(), body: b"{\"a\":1}" };
    let posted = post_sealed(message, std::slice::from_ref(&signing), &sealed);
    assert!(verify(&posted, &signing));
    assert_eq!(header(&posted, "content-type"), "text/plain");
    let received = Sealed {
        vector: header(&posted, "x-initialization-vector").to_owned(),
        tag: header(&posted, "x-authentication-tag").to_owned(),
        ciphertext: String::from_utf8(posted.body.clone()).unwrap(),
    };
    assert_eq!(Envelope::new([3; 32]).open(&received).unwrap(), b"{\"a\":1}");
}

#[test]
fn secrets_are_read_as_they_are_written() {
    for length in SECRET_BYTES_MIN..=SECRET_BYTES_MAX {
        let made = Secret::new(&vec![0xa5; length]).unwrap();
        assert_eq!(Secret::parse(&made.text()), Some(made));
    }
    assert_eq!(*secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").text(), {
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    });
    assert!(Secret::new(&[1; SECRET_BYTES_MIN - 1]).is_none());
    assert!(Secret::new(&[1; SECRET_BYTES_MAX + 1]).is_none());
    for bad in [
        "",
        "whsec_",
        "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "WHSEC_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7o",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD ",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDå",
    ] {
        assert_eq!(Secret::parse(bad), None, "{bad}");
    }
    assert_eq!(format!("{:?}", secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")), {
        "Secret(hidden)"
    });
}

/// The vector that the vendor publishes (contract 004, §2.9).
#[test]
fn an_envelope_is_the_published_one_in_both_directions() {
    let key = "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F";
    let published = Sealed {
        vector: "3D575574536D450F71AC76D8".to_owned(),
        tag: "19FDD068C6F383C173D3A906F7BD1D83".to_owned(),
        ciphertext: "F8E2F759E528CB69375E51DB2AF9B53734E393".to_owned(),
    };
    let text = br#"{"type": "PAYMENT"}"#;
    let envelope = Envelope::parse(key).unwrap();
    assert_eq!(*envelope.text(), key);
    assert_eq!(envelope.open(&published).unwrap(), text);
    let vector = [0x3d, 0x57, 0x55, 0x74, 0x53, 0x6d, 0x45, 0x0f, 0x71, 0xac, 0x76, 0xd8];
    assert_eq!(envelope.seal(vector, text).unwrap(), published);
    assert_eq!(Envelope::parse(&key.to_lowercase()).unwrap().open(&published).unwrap(), text);
    assert_eq!(format!("{envelope:?}"), "Envelope(hidden)");
}

#[test]
fn an_envelope_that_was_changed_does_not_open() {
    let envelope = Envelope::new([5; 32]);
    for text in [b"".as_slice(), b"{}", &[b'a'; 10_000]] {
        let sealed = envelope.seal([8; 12], text).unwrap();
        assert_eq!(envelope.open(&sealed).unwrap(), text);
        assert_eq!(Envelope::new([6; 32]).open(&sealed), None);
        let changed = |change: fn(&mut Sealed)| {
            let mut sealed = sealed.clone();
            change(&mut sealed);
            sealed
        };
        for bad in [
            changed(|sealed| sealed.ciphertext.push_str("00")),
            changed(|sealed| sealed.ciphertext.push('0')),
            changed(|sealed| sealed.ciphertext.push_str("0g")),
            changed(|sealed| sealed.tag = "00".repeat(16)),
            changed(|sealed| sealed.tag = String::new()),
            changed(|sealed| sealed.vector = "00".repeat(12)),
            changed(|sealed| sealed.vector = "00".repeat(13)),
            changed(|sealed| sealed.vector = "å".to_owned()),
        ] {
            assert_eq!(envelope.open(&bad), None, "{bad:?}");
        }
    }
    for bad in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64), &"å".repeat(32)] {
        assert_eq!(Envelope::parse(bad), None, "{bad}");
    }
}

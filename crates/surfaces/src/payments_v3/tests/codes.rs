//! Goal: every result code that the platform names in its sources is given by some request here,
//! or is on a short list of those that cannot be brought about from outside, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;
use crate::testing::{
    PAN, PAN_500, PAN_BLOCKED, PAN_EUR, PAN_EXPIRED, SHOP_TOKEN, SHOP_TOKEN_OTHER,
};

/// Codes that are named and that no request of these tests can bring about.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("100.800.202", "a postcode is any text: it can be too long or empty only"),
    ("100.800.302", "so is a city"),
    ("800.100.151", "the ledger's token of a card found by its number is one"),
    ("800.120.100", "nothing of this contract is throttled, but whoever throttles it has a status"),
];

/// The codes that the sources name, by their names, beside the list of all codes itself and tests.
fn named() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let known = std::fs::read_to_string(root.join("payments/src/result_code/known.rs")).unwrap();
    let mut codes = BTreeMap::new();
    for line in known.lines().filter_map(|line| line.trim().strip_prefix("pub const ")) {
        let (name, rest) = line.split_once(':').unwrap();
        let code = rest.split('"').nth(1).unwrap();
        codes.insert(name.to_owned(), code.to_owned());
    }
    let mut files = Vec::new();
    for folder in ["payments/src", "surfaces/src", "engine/src", "kassa/src"] {
        sources(&root.join(folder), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What stands below is the file's own tests.
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for after in text.split("ResultCode::").skip(1) {
            let is_part = |c: char| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit();
            let name: String = after.chars().take_while(|c| is_part(*c)).collect();
            found.extend(codes.get(&name).cloned());
        }
    }
    found
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_test = name == "tests" || name == "tests.rs" || name == "known.rs";
        if is_test {
            continue;
        }
        if path.is_dir() {
            sources(&path, files);
        } else if Path::new(&name).extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

/// Codes for which the page has words, and that only holders' names ask for.
const ASKED_FOR: [&str; 8] = [
    "300.100.100",
    "800.100.153",
    "800.100.155",
    "800.100.157",
    "800.100.159",
    "800.100.165",
    "800.100.171",
    "900.100.400",
];

/// What requests have come to so far.
struct Seen<'w> {
    world: &'w World,
    codes: BTreeSet<String>,
}

impl Seen<'_> {
    fn note(&mut self, reply: &Reply) -> String {
        let code = code(reply);
        self.codes.insert(code.clone());
        code
    }

    #[track_caller]
    fn pay(&mut self, form: &str, expected: &str) -> String {
        let reply = pay(self.world, form);
        assert_eq!(self.note(&reply), expected, "{form}: {reply:?}");
        reply.json()["id"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    fn follow(&mut self, id: &str, form: &str, expected: &str) -> String {
        let reply = follow(self.world, id, form);
        assert_eq!(self.note(&reply), expected, "{form}: {reply:?}");
        reply.json()["id"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn every_code_that_is_named_is_given() {
    let world = world();
    let mut seen = Seen { world: &world, codes: BTreeSet::new() };
    parameters(&mut seen);
    callers(&mut seen);
    cards(&mut seen);
    references(&mut seen);
    kept_cards_and_checkouts(&mut seen);
    over_psps(&mut seen);
    failures(&mut seen);
    seen.codes.insert(code(&pay(&live(), &card("DB", PAN))));
    let named = named();
    assert!(named.len() > 80, "the sources are read: {named:?}");
    let excepted: BTreeSet<String> = EXCEPTIONS.iter().map(|(it, _)| (*it).to_owned()).collect();
    let missing: Vec<&String> =
        named.iter().filter(|it| !seen.codes.contains(*it) && !excepted.contains(*it)).collect();
    assert!(missing.is_empty(), "nothing here gives {missing:#?}");
    let stale: Vec<&String> = excepted.intersection(&seen.codes).collect();
    assert!(stale.is_empty(), "can be given after all: {stale:?}");
}

/// A parameter, what it says (`''`: nothing; `x*9`: so many of them), and the code of that.
const BAD: &str = "
    amount '' 100.550.300
    amount 12345678901 100.550.301
    amount 1.0 100.550.303
    currency '' 100.550.400
    currency sek 100.550.401
    paymentType XX 600.200.300
    paymentType RC 600.200.400
    paymentType CB 700.400.402
    paymentBrand '' 100.100.500
    paymentBrand V-I 100.100.501
    paymentBrand MASTER 100.100.700
    card.number '' 100.100.100
    card.number 4444444444444444 100.100.101
    card.holder '' 100.100.400
    card.holder ab 100.100.401
    card.holder 4200000000000000 100.100.402
    card.expiryMonth '' 100.100.200
    card.expiryMonth 13 100.100.201
    card.expiryYear '' 100.100.300
    card.expiryYear 1999 100.100.301
    card.expiryYear 2020 100.100.303
    card.cvv '' 100.100.600
    card.cvv 1 100.100.601
    merchantTransactionId x*256 100.300.200
    merchantTransactionId short 200.300.404
    testMode x 100.300.101
    testMode EXTERNAL 600.200.701
    shopperResultUrl https://evil.example/ 600.300.211
    notificationUrl https://hooks.example/ 600.300.210
    recurringType x 100.900.500
    standingInstruction.mode x 100.900.500
    customer.givenName '' 100.700.200
    customer.givenName x*51 100.700.201
    customer.surname '' 100.700.100
    customer.surname x*51 100.700.101
    customer.birthDate x 100.900.450
    customer.phone x 100.900.200
    customer.mobile x 100.900.300
    customer.email '' 100.900.100
    customer.email x 100.900.101
    customer.email x*128@b.se 100.900.105
    customer.companyName x*41 100.700.500
    customer.identificationDocType a-b 100.700.800
    customer.identificationDocId x 100.700.801
    customer.identificationDocId x*65 100.700.802
    customer.ip '' 100.900.400
    customer.ip x 100.900.401
    billing.street1 '' 100.800.100
    billing.street1 x*101 100.800.101
    billing.street1 123 100.800.102
    billing.city '' 100.800.300
    billing.city x*81 100.800.301
    billing.state x 100.800.400
    billing.state x*51 100.800.401
    billing.postcode '' 100.800.200
    billing.postcode x*31 100.800.201
    billing.country '' 100.800.500
    billing.country XX 100.800.501
    bankAccount.number x 100.200.104
    bankAccount.bic x 100.200.103
    bankAccount.country XX 100.200.100
    bankAccount.mandate.id '' 100.500.303
    bankAccount.mandate.dateOfSignature x 100.500.302
    virtualAccount.accountId '' 100.210.101
    registrations[0].id x 100.150.101
    threeDSecure.eci x 100.370.121
    threeDSecure.verificationId x 100.370.125
";

/// One bad parameter each.
fn parameters(seen: &mut Seen<'_>) {
    for row in BAD.lines().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let (name, expected) = (cells[0], cells[2]);
        let value = match cells[1].split_once("x*") {
            Some((_, rest)) => {
                let digits = rest.split('@').next().unwrap();
                let long = "x".repeat(digits.parse().unwrap());
                rest.replacen(digits, &long, 1)
            }
            None => cells[1].replace("''", ""),
        };
        let whole = card("DB", VISA);
        let mut pieces: Vec<&str> = whole.split('&').collect();
        pieces.retain(|piece| piece.split_once('=').is_some_and(|(it, _)| it != name));
        let form = format!("{}&{name}={value}", pieces.join("&"));
        seen.pay(&form, expected);
    }
}

fn callers(seen: &mut Seen<'_>) {
    let world = seen.world;
    let form = card("DB", VISA);
    seen.note(&world.call_shop("POST", "/v3/payments", "", &form));
    seen.note(&world.call_shop(
        "POST",
        "/v3/payments",
        SHOP_TOKEN_OTHER,
        &format!("{form}&entityId=x"),
    ));
    seen.note(&world.call_shop("POST", "/v3/payments", SHOP_TOKEN, &form));
    seen.note(&call(world, "PUT", "/v3/payments", ""));
    seen.note(&get(world, "/v3/nowhere"));
    seen.note(&get(world, "/v3/query?merchantTransactionId=nobodys-order"));
    let with_key = |form: &str| {
        call_with(world, "POST", "/v3/payments", &[("idempotency-key", "key-1")], form)
    };
    with_key(&form);
    let other = with_key(&card("PA", VISA));
    seen.note(&other);
}

fn cards(seen: &mut Seen<'_>) {
    seen.pay(&card("DB", VISA), "000.100.110");
    seen.pay(&card("DB", VISA).replace("Jane+Jones", "999.888.777"), "600.200.810");
    for wanted in ASKED_FOR {
        seen.pay(&card("DB", VISA).replace("Jane+Jones", wanted), wanted);
    }
    seen.pay(&card_of("DB", PAN_500, "500.01", "SEK"), "800.100.203");
    seen.pay(&card("DB", PAN_BLOCKED), "800.100.168");
    seen.pay(&card("DB", PAN_EXPIRED), "100.100.303");
    seen.pay(&card("DB", PAN_EUR), "600.200.500");
    seen.pay(&card("DB", crate::testing::PAN_ON_BLOCKED), "800.100.152");
    seen.pay("paymentType=DB&amount=1.00&currency=SEK&paymentBrand=NEWPAY", "600.200.800");
    let form = format!("{}&merchantTransactionId=order-4711", card("DB", VISA));
    seen.pay(&form, "000.100.110");
    seen.pay(&form, "800.110.100");
    let form = format!("{}&shopperResultUrl=https://shop.example/", card("DB", CHALLENGED));
    for outcome in ["reject", "cancel", "never"] {
        let reply = pay(seen.world, &form);
        let payment = id(&reply);
        let secret = reply.json()["redirect"]["parameters"][0]["value"].clone();
        let answer = format!("challenge={}&outcome={outcome}", secret.as_str().unwrap());
        let path = format!("/v3/threeDSecure/{payment}");
        seen.world.call_shop("POST", &path, "", &answer);
        if outcome == "never" {
            seen.world.clock.advance_ms(30 * 60 * 1_000);
            look(seen.world);
        }
        seen.note(&get(seen.world, &format!("/v3/payments/{payment}")));
    }
}

fn references(seen: &mut Seen<'_>) {
    let ok = "000.100.110";
    let pa = seen.pay(&card("PA", VISA), ok);
    let db = seen.pay(&card("DB", VISA), ok);
    seen.follow(&pa, "paymentType=CP&amount=92.01", "700.400.100");
    seen.follow(&pa, "paymentType=RF&amount=1.00", "700.400.520");
    seen.follow(&pa, "paymentType=CP&amount=1.00&currency=EUR", "700.100.500");
    seen.follow(&db, "paymentType=CP&amount=1.00", "700.400.510");
    seen.follow(&db, "paymentType=RF&amount=92.01", "700.400.200");
    let refund = seen.follow(&db, "paymentType=RF&amount=1.00", ok);
    seen.follow(&refund, "paymentType=RV", "700.400.530");
    seen.follow(&refund, "paymentType=RB&amount=1.00", "600.200.310");
    seen.follow(&db, "paymentType=RV", "700.400.300");
    let declined = seen.pay(&card("DB", VISA).replace("Jane+Jones", "800.100.152"), "800.100.152");
    seen.follow(&declined, "paymentType=RF&amount=1.00", "700.300.200");
    let form = format!("{}&shopperResultUrl=https://shop.example/", card("DB", CHALLENGED));
    let waiting = seen.pay(&form, "000.200.000");
    seen.follow(&waiting, "paymentType=RF&amount=1.00", "700.400.570");
    for _ in 0..payments::limits::CAPTURES_MAX {
        seen.follow(&pa, "paymentType=CP&amount=0.01", ok);
    }
    seen.follow(&pa, "paymentType=CP&amount=0.01", "700.500.001");
    let held = seen.pay(&card("PA", PAN), ok);
    seen.world.clock.advance_ms(20 * 24 * 60 * 60 * 1_000);
    seen.world.run_timers();
    seen.follow(&held, "paymentType=CP&amount=1.00", "700.300.400");
    seen.follow(&held, "paymentType=RV", "700.300.700");
}

fn kept_cards_and_checkouts(seen: &mut Seen<'_>) {
    let world = seen.world;
    let kept = id(&post(world, "/v3/registrations", &card("DB", VISA)));
    let path = format!("/v3/registrations/{kept}");
    call(world, "DELETE", &path, "");
    seen.note(&get(world, &path));
    let form = format!("{}&shopperResultUrl=https://shop.example/", card("DB", CHALLENGED));
    let waiting = pay(world, &format!("{form}&createRegistration=true")).json();
    let kept = waiting["registrationId"].as_str().unwrap();
    seen.note(&get(world, &format!("/v3/registrations/{kept}")));
    let checkout = post(world, "/v3/checkouts", checkouts::FORM);
    seen.note(&checkout);
    let path = format!("/v3/checkouts/{}", id(&checkout));
    seen.note(&post(world, &path, "amount=80.00"));
    checkouts::try_payment(world, &id(&checkout), &card("DB", VISA)).unwrap();
    let busy = post(world, &path, "amount=70.00");
    assert_eq!(told(&busy), (400, "800.120.402".to_owned()), "{busy:?}");
    seen.note(&busy);
}

fn over_psps(seen: &mut Seen<'_>) {
    let told = swish(seen.world);
    for (status, error, expected) in [
        ("DECLINED", None, "800.100.152"),
        ("CANCELLED", None, "100.396.101"),
        ("ERROR", Some("TM01"), "100.396.104"),
        ("ERROR", Some("FF08"), "900.100.200"),
    ] {
        *told.lock().unwrap() = ("CREATED", None);
        let payment = seen.pay(&over("SWISH", "DB"), "000.200.000");
        *told.lock().unwrap() = (status, error);
        seen.world.clock.advance_ms(60_000);
        look(seen.world);
        let reply = get(seen.world, &format!("/v3/payments/{payment}"));
        assert_eq!(seen.note(&reply), expected, "{status}");
    }
}

fn failures(seen: &mut Seen<'_>) {
    let change = payments::ChangePayee {
        customer: 3,
        is_inactive: Some(true),
        actor: "test".to_owned(),
        ..payments::ChangePayee::default()
    };
    let world = world();
    world.submit_payments(payments::Command::ChangePayee(change));
    seen.codes.insert(code(&pay(&world, &card("DB", VISA))));
    for mood in [crate::testing::Mood::Refuses, crate::testing::Mood::LosesTheNews] {
        let world = super::world();
        *world.mood.lock().unwrap() = mood;
        let reply = pay(&world, &card("DB", VISA));
        assert_eq!(told(&reply), (503, "800.800.800".to_owned()), "{reply:?}");
        assert_eq!(reply.header("retry-after"), "1");
        seen.note(&reply);
    }
    let world = super::world();
    *world.mood.lock().unwrap() = crate::testing::Mood::Panics;
    let reply = pay(&world, &card("DB", VISA));
    assert_eq!(told(&reply), (500, "600.100.100".to_owned()), "{reply:?}");
    seen.note(&reply);
}

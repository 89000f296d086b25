//! What callbacks and payers' returns come to: only who knows a payment's secret makes it due, and
//! what decides is what the PSP says when it is asked.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use engine::effects::psp::{Exchange, Response};
use hmac::{Hmac, KeyInit, Mac};
use ledger::Currency;
use payments::{
    Amount, Asked, ChangePayee, Initialize, MerchantName, Method, Operation, Outcome, Payment,
    PaymentKind, Psp, Record, Report, Standing, State, TermStep, Told,
};
use sha2::Sha256;

use crate::testing::{Reply, World};

/// A payment that the PSP has and that nobody has decided.
struct Waiting {
    world: World,
    number: i64,
    secret: String,
}

fn waiting(method: Method) -> Waiting {
    waiting_with(method, &[])
}

fn waiting_with(method: Method, properties: &[(&str, &str)]) -> Waiting {
    let build = |platform| Router::new().merge(super::router(platform));
    let world = World::with_estate(build);
    agree(&world);
    let properties = properties.iter().map(|(key, value)| ((*key).into(), (*value).into()));
    let command = payments::Command::Initialize(Initialize {
        online: None,
        kept: None,
        checkout: None,
        kind: PaymentKind::Payment,
        method,
        merchant: MerchantName {
            customer: 3,
            merchant_id: "M".to_owned(),
            company: "100".to_owned(),
            seller: "3".to_owned(),
        },
        amount: Amount {
            currency: Currency::SEK,
            total_minor: 10_000,
            vat_minor: 2_000,
            nominal_minor: 8_000,
        },
        asked: Asked { properties: properties.collect(), ..Asked::default() },
        original: None,
        instruction: "0A".repeat(16),
        actor: "test".to_owned(),
        idempotency: None,
    });
    let answer = world.platform.engine.submit_blocking(command).unwrap();
    let Outcome::Payment(payment, _) = answer.done else { panic!("{answer:?}") };
    let told = Told { reference: Some("psp-1".to_owned()), ..Told::default() };
    let report = Report { standing: Standing::Waiting, told };
    let task = payment.task.unwrap();
    let record = Record { payment: payment.number, original: None, task, report };
    world.platform.engine.submit_blocking(payments::Command::Record(record)).unwrap();
    let secret = world.platform.secrets.callback_secret(payment.number);
    Waiting { world, number: payment.number, secret }
}

impl Waiting {
    fn payment(&self) -> Payment {
        let id = Payment::id(self.number);
        let reads = ledger::ReadSet { documents: vec![id], ..ledger::ReadSet::default() };
        let read = self
            .world
            .platform
            .queries
            .read(move |reader| Ok(reader.load(&reads)?.document(id).and_then(Payment::of)));
        self.world.block_on(read).unwrap().unwrap()
    }

    fn call(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.world.send(request.body(Body::from(body.to_owned())).unwrap())
    }

    fn address(&self, place: &str) -> String {
        format!("/callbacks/{place}/{}/{}", self.number, self.secret)
    }

    /// Does what is due, and waits for it.
    fn turn(&self) {
        self.world.block_on(async {
            self.world.platform.desk.turn().await;
            self.world.platform.desk.idle().await;
        });
    }
}

fn answer(status: u16, body: &str) -> Exchange {
    Exchange::Answer(Response { status, headers: Vec::new(), body: body.to_owned() })
}

#[test]
fn a_callback_has_the_payment_read_and_what_it_says_is_not_believed() {
    let it = waiting(Method::Swish);
    it.world.psps.answer(|_, _| {
        answer(200, r#"{"id":"x","status":"DECLINED","amount":100,"currency":"SEK"}"#)
    });
    let body = r#"{"id":"x","status":"PAID","amount":100}"#;
    let headers = [("callbackidentifier", it.secret.as_str())];
    assert_eq!(it.call(&it.address("swish"), &headers, body).status, 200);
    let task = it.payment().task.unwrap();
    assert_eq!((task.operation, it.payment().state), (Operation::Read, State::Initialized));
    it.turn();
    assert_eq!(it.payment().state, State::Rejected);
    // Again, out of order, and after it has ended: nothing more happens.
    let seen = it.world.psps.seen.lock().unwrap().len();
    assert_eq!(it.call(&it.address("swish"), &headers, body).status, 200);
    it.turn();
    assert_eq!(it.payment().state, State::Rejected);
    assert_eq!(it.world.psps.seen.lock().unwrap().len(), seen);
}

/// Who does not know the secret of this very payment at this very PSP changes nothing, and is not
/// told whether there is such a payment.
#[test]
fn forged_callbacks_do_nothing() {
    let it = waiting(Method::Easy);
    let (number, secret) = (it.number, it.secret.clone());
    let other = it.world.platform.secrets.callback_secret(number + 1);
    let before = it.payment();
    let paths = [
        format!("/callbacks/easy/{number}/{other}"),
        format!("/callbacks/easy/{}/{secret}", number + 1),
        format!("/callbacks/easy/{}/{other}", number + 1),
        format!("/callbacks/easy/0{number}/{secret}"),
        format!("/callbacks/easy/{number}/{}", secret.to_uppercase()),
        format!("/callbacks/easy/{number}/{}", &secret[1..]),
        format!("/callbacks/easy/x/{secret}"),
        format!("/callbacks/easy/99999999999999999999/{secret}"),
        format!("/callbacks/easy/{number}/%FF"),
        format!("/callbacks/swish/{number}/{secret}"),
        format!("/callbacks/paypal/{number}/{secret}"),
        format!("/callbacks/done/{number}/{other}"),
        format!("/callbacks/given-up/{number}/{other}"),
    ];
    let mut answers: Vec<String> = paths
        .iter()
        .map(|path| {
            let reply = it.call(path, &[], "{}");
            assert_eq!(reply.status, 404, "{path}");
            reply.body
        })
        .collect();
    let wrong = [("authorization", other.as_str())];
    let reply = it.call(&it.address("easy"), &wrong, "{}");
    assert_eq!(reply.status, 404);
    answers.push(reply.body);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(it.payment(), before);
}

#[test]
fn whatever_a_body_says_nothing_breaks() {
    let it = waiting(Method::Klarna);
    let bodies =
        ["", "x", "[]", "{", r#"{"session":{"session_id":7}}"#, r#"{"session":[]}"#, "\u{0}"];
    for body in bodies {
        assert_eq!(it.call(&it.address("klarna"), &[], body).status, 200, "{body}");
    }
    assert_eq!(it.payment().told.reference.as_deref(), Some("psp-1"));
}

/// Easy's reading does not tell a decline; its webhook does, and then Easy is told to end the
/// payment.
#[test]
fn a_failed_reservation_ends_the_payment_where_easy_confirms_it() {
    let failed = |source: &str| {
        format!(
            r#"{{"event":"payment.reservation.failed","data":{{"paymentId":"psp-1",
            "error":{{"code":"33","message":"no","source":"{source}"}}}}}}"#
        )
    };
    let ended = |exchanges: &[&str], source: &str, is_authorized: bool| {
        let it = waiting(Method::Easy);
        let mut exchanges: Vec<String> = exchanges.iter().map(|it| (*it).to_owned()).collect();
        it.world.psps.answer(move |_, request| match request.verb.as_str() {
            "PUT" => answer(204, ""),
            _ => answer(200, &exchanges.remove(0)),
        });
        let authorization = [("authorization", it.secret.as_str())];
        let headers: &[(&str, &str)] = if is_authorized { &authorization } else { &[] };
        assert_eq!(it.call(&it.address("easy"), headers, &failed(source)).status, 200);
        it.turn();
        it.payment().state
    };
    let payment = |summary: &str| {
        format!(
            r#"{{"payment":{{"paymentId":"psp-1","summary":{{{summary}}},
            "orderDetails":{{"amount":10000,"currency":"SEK"}}}}}}"#
        )
    };
    let new = payment("");
    let held = payment(r#""reservedAmount":10000"#);
    assert_eq!(ended(&[&new, &new], "Issuer", true), State::Rejected);
    assert_eq!(ended(&[&new, &new], "Internal", true), State::Failed);
    // The payer has tried again with another card, and that was taken.
    assert_eq!(ended(&[&held, &held], "Issuer", true), State::Reserved);
    // Without the value that only Easy knows, it is read and nothing else.
    assert_eq!(ended(&[&new, &new], "Issuer", false), State::Initialized);
}

#[test]
fn santander_signs_its_callbacks() {
    let it = waiting(Method::Santander);
    let body = r#"{"applicationId":"psp-1","orderId":"1","status":"APPROVED"}"#;
    let sign = |secret: &str, body: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        format!("sha256={}", estate::draw::hex(&mac.finalize().into_bytes()))
    };
    let path = it.address("santander");
    let secret = agreed(&it.world, "SANTANDER_SECRET");
    let right = sign(&secret, body);
    for wrong in [sign("other", body), sign(&secret, "{}"), right.to_uppercase(), String::new()] {
        assert_eq!(it.call(&path, &[("x-signature", &wrong)], body).status, 404, "{wrong}");
    }
    assert_eq!(it.call(&path, &[], body).status, 404);
    let before = it.payment().task.unwrap();
    assert_eq!(it.call(&path, &[("x-signature", &right)], body).status, 200);
    assert_ne!(it.payment().task.unwrap(), before);
}

/// Gives the merchant agreements with everybody.
fn agree(world: &World) {
    let values = [
        (Psp::Swish, "SWISH_ID"),
        (Psp::Klarna, "KLARNA_PASSWORD"),
        (Psp::Easy, "EASY_SECRET_KEY"),
        (Psp::Santander, "SANTANDER_MERCHANT_ID"),
        (Psp::Santander, "SANTANDER_SECRET"),
    ];
    let platform = &world.platform;
    let term = |(psp, name): (Psp, &str)| {
        let randomness = platform.randomness.as_ref();
        let sealed = platform.vault.seal(randomness, 3, psp, name, "1231234567").unwrap();
        (psp, name.to_owned(), TermStep::Set(sealed))
    };
    let terms = values.into_iter().map(term).collect();
    let change = ChangePayee { customer: 3, terms, ..ChangePayee::default() };
    platform.engine.submit_blocking(payments::Command::ChangePayee(change)).unwrap();
}

fn agreed(world: &World, name: &str) -> String {
    use engine::Vault as _;

    let payee = payments::Payee::find(&world.platform.engine.directory(), 3);
    let (_, sealed) = payee.terms(Psp::Santander).find(|(known, _)| *known == name).unwrap();
    world.platform.vault.open(3, Psp::Santander, name, sealed).unwrap()
}

/// A payer that comes back is sent on where the merchant wants it, and nowhere else.
#[test]
fn payers_come_back_and_are_sent_on() {
    let back = |properties: &[(&str, &str)], place: &str| {
        let it = waiting_with(Method::Klarna, properties);
        let reply = it.call(&it.address(place), &[], "");
        let operation = it.payment().task.unwrap().operation;
        (reply.status, reply.header("location").to_owned(), operation)
    };
    let properties = [("returnUrl", "https://shop.example/r?a=1"), ("cancelUrl", "http://a/c")];
    let to_shop = (303, "https://shop.example/r?a=1".to_owned(), Operation::Read);
    assert_eq!(back(&properties, "done"), to_shop);
    let to_cancel = (303, "http://a/c".to_owned(), Operation::GiveUp);
    assert_eq!(back(&properties, "given-up"), to_cancel);
    assert_eq!(back(&[], "done"), (200, String::new(), Operation::Read));
    assert_eq!(back(&[], "given-up"), (200, String::new(), Operation::GiveUp));
    for bad in ["javascript:alert(1)", "//evil.example", "/x", "https://a b", "https://a\r\nx: y"] {
        assert_eq!(back(&[("returnUrl", bad)], "done").0, 200, "{bad}");
    }
}

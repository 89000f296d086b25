//! Goal: whatever is sent, the answer is the contract's frame and never a fault of ours, and
//! nothing of a card's number or code comes back.

use proptest::prelude::*;

use super::*;
use crate::testing::PAN;

const PATHS: [&str; 6] = [
    "/v3/payments",
    "/v3/registrations",
    "/v3/checkouts",
    "/v3/payments/0123456789abcdef0123456789abcdef",
    "/v3/registrations/0123456789abcdef0123456789abcdef/payments",
    "/v3/threeDSecure/0123456789abcdef0123456789abcdef",
];

fn send(world: &World, method: &str, path: &str, body: Vec<u8>) -> Option<Reply> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {SHOP_TOKEN_3}"))
        .header("content-type", "application/x-www-form-urlencoded");
    Some(world.send(request.body(Body::from(body)).ok()?))
}

#[track_caller]
fn is_told(reply: &Reply) {
    assert!(reply.status < 500, "{reply:?}");
    check_frame(reply);
}

fn piece() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "amount",
        "currency",
        "paymentType",
        "paymentBrand",
        "card.number",
        "card.expiryMonth",
        "card.expiryYear",
        "card.cvv",
        "card.holder",
        "entityId",
        "merchantTransactionId",
        "customParameters[a]",
        "customParameters[123]",
        "customParameters[[",
        "cart.items[0].name",
        "cart.items[999].price",
        "cart.items[99999999999999999999].name",
        "shopperResultUrl",
        "notificationUrl",
        "createRegistration",
        "testMode",
        "billing.street1",
        "result.code",
        "card",
        "card.number.x",
        "",
        "[",
        "]",
        "a.b.c.d.e.f",
        "__proto__",
        "redirect.url",
        "id",
    ]);
    let values = prop_oneof![
        Just("92.00".to_owned()),
        Just("SEK".to_owned()),
        Just("DB".to_owned()),
        Just(VISA.to_owned()),
        Just("05".to_owned()),
        Just("2034".to_owned()),
        Just("123".to_owned()),
        Just("99999999999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("1e9".to_owned()),
        Just("NaN".to_owned()),
        Just("%00".to_owned()),
        Just("%F0%9F%A5%9A".to_owned()),
        Just("%ED%A0%80".to_owned()),
        Just("%".to_owned()),
        Just("'\"><script>".to_owned()),
        "[ -~]{0,40}",
        "\\PC{0,20}",
    ];
    (names, values).prop_map(|(name, value)| format!("{name}={value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn forms_of_all_kinds(pieces in prop::collection::vec(piece(), 0..24)) {
        let world = world();
        let body = pieces.join("&");
        for path in PATHS {
            is_told(&send(&world, "POST", path, body.clone().into_bytes()).unwrap());
        }
        let whole = format!("{}&{body}", card("DB", VISA));
        is_told(&send(&world, "POST", "/v3/payments", whole.into_bytes()).unwrap());
    }

    #[test]
    fn bytes_of_all_kinds(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let world = world();
        for path in PATHS {
            is_told(&send(&world, "POST", path, bytes.clone()).unwrap());
        }
    }

    #[test]
    fn queries_of_all_kinds(query in "[ -~&&[^ \"<>#`{}^|\\\\]]{0,60}", name in "[a-zA-Z.]{1,12}") {
        let world = world();
        for path in [
            "/v3/query", "/v3/payments/0123456789abcdef0123456789abcdef",
            "/v3/query/0123456789abcdef0123456789abcdef",
            "/v3/checkouts/0123456789abcdef0123456789abcdef/payment",
        ] {
            for query in [query.clone(), format!("merchantTransactionId=abcdefgh&{name}={query}")] {
                if let Some(reply) = send(&world, "GET", &format!("{path}?{query}"), Vec::new()) {
                    is_told(&reply);
                }
            }
        }
    }
}

#[test]
fn every_bad_field_is_told() {
    let world = world();
    let form = "paymentType=DB&amount=1.001&currency=sek&card.number=4444444444444444\
        &card.expiryMonth=13&card.expiryYear=99&card.cvv=12345&customer.email=x\
        &billing.country=XX&shopperResultUrl=a";
    let reply = pay(&world, form);
    assert_eq!(told(&reply), (400, "200.300.404".to_owned()));
    assert_eq!(
        bad(&reply),
        [
            "amount",
            "currency",
            "card.number",
            "card.expiryMonth",
            "card.expiryYear",
            "card.cvv",
            "customer.email",
            "billing.country",
            "shopperResultUrl"
        ]
    );
    assert!(!reply.body.contains("4444444444444444") && !reply.body.contains("12345"));
}

#[test]
fn ids_that_are_none() {
    let world = world();
    let long = "a".repeat(4_000);
    for id in ["%00", "%FF", "..", "%2e%2e%2f", "a%20b", "%F0%9F%A5%9A", &long] {
        for path in
            ["/v3/payments/{}", "/v3/query/{}", "/v3/registrations/{}", "/v3/checkouts/{}/payment"]
        {
            let reply = get(&world, &path.replace("{}", id));
            assert_eq!(reply.status, 404, "{path} {id}: {reply:?}");
        }
    }
}

/// What is sent as something else is not shown as a card's number either.
#[test]
fn nothing_of_a_card_comes_back() {
    let world = world();
    for number in [VISA, PAN] {
        let form = format!(
            "{}&descriptor={number}&customParameters[SHOPPER_note]={number}\
             &merchantInvoiceId={number}&card.cvv2=987&createRegistration=true",
            card("PA", number).replace("cvv=123", "cvv=987")
        );
        let reply = pay(&world, &form);
        assert_eq!(code(&reply), "000.100.110", "{reply:?}");
        let payment = id(&reply);
        let shown = get(&world, &format!("/v3/payments/{payment}"));
        let report = get(&world, &format!("/v3/query/{payment}"));
        for reply in [reply, shown, report] {
            assert!(!reply.body.contains(number), "{reply:?}");
            assert!(!reply.body.contains("\"987\""), "{reply:?}");
        }
    }
    let as_name = pay(&world, &format!("{}&{VISA}=1", card("DB", VISA)));
    assert!(!as_name.body.contains(VISA), "{as_name:?}");
}

/// Parameters that look like what we say do not change what we say.
#[test]
fn what_we_say_cannot_be_sent() {
    let world = world();
    let form = format!(
        "{}&result.code=000.000.000&id=x&redirect.url=https://evil.example&buildNumber=x&ndc=x\
         &timestamp=x&resultDetails.ExtendedDescription=x&threeDSecure.eci=05&registrationId=x",
        card("DB", VISA).replace("Jane+Jones", "800.100.152")
    );
    let reply = pay(&world, &form);
    assert_eq!(code(&reply), "800.100.152");
    assert!(!reply.body.contains("evil.example") && !reply.body.contains("\"x\""), "{reply:?}");
}

#[test]
fn names_that_are_numbers_stay_names() {
    let world = world();
    let form = format!(
        "{}&customParameters[123]=a&customParameters[SHOPPER_x]=b&cart.items[7].name=c\
         &cart.items[3].name=d",
        card("DB", VISA)
    );
    let body = pay(&world, &form).json();
    assert_eq!(body["customParameters"], json!({ "123": "a", "SHOPPER_x": "b" }));
    assert_eq!(body["cart"], json!({ "items": [{ "name": "d" }, { "name": "c" }] }));
}

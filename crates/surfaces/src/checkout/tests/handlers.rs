//! What requests do, and what they are answered with.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::{Got, ID, LIFE_MS, World};
use crate::checkout::{Framer, Standing, Way};

const NONCE: &str = "22222222222222222222222222222222";
const OTHER_NONCE: &str = "33333333333333333333333333333333";

/// A card that pays, but for its holder.
fn card(nonce: &str, holder: &str) -> String {
    format!("nonce={nonce}&number=4200000000000000&holder={holder}&month=05&year=34&cvv=123")
}

fn check_sent_to(got: &Got, address: &str) {
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.body);
    assert_eq!(got.header("location"), address);
}

#[tokio::test]
async fn a_card_pays_once() {
    let world = World::new();
    let form = world.page("/card?lang=en").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.body.contains("value=\"11111111111111111111111111111111\""), "{}", form.body);
    let stands = format!("/checkout/{ID}?lang=en&go=1");
    for _ in 0..2 {
        let paid = world.post("/card?lang=en", &card(NONCE, "Al+Vi")).await;
        check_sent_to(&paid, &stands);
    }
    // Another form of the same page, sent after the first one paid.
    check_sent_to(&world.post("/card?lang=en", &card(OTHER_NONCE, "Al+Vi")).await, &stands);
    assert_eq!(world.payments(), 1);
    assert!(world.page("?lang=en").await.body.contains("You have paid 1,092.00\u{a0}SEK"));
}

#[tokio::test]
async fn who_goes_back_after_paying_sees_the_result() {
    let world = World::new();
    world.post("/card", &card(NONCE, "Al+Vi")).await;
    for place in ["/pay", "/card", "/swish"] {
        let back = world.page(&format!("{place}?lang=sv")).await;
        check_sent_to(&back, &format!("/checkout/{ID}?lang=sv"));
    }
    let leaves = world.page("/leave").await;
    let told = format!("id={ID}&resourcePath=%2Fv3%2Fcheckouts%2F{ID}%2Fpayment");
    check_sent_to(&leaves, &format!("https://shop.example/done?x=1&{told}"));
}

#[tokio::test]
async fn a_declined_card_can_be_followed_by_another() {
    let world = World::new();
    world.post("/card?lang=en", &card(NONCE, "800.100.203")).await;
    let declined = world.page("?lang=en").await;
    assert!(declined.body.contains("There is not enough money"), "{}", declined.body);
    assert!(world.page("/pay?lang=en").await.body.contains("Choose how to pay"));
    // The same form again is the same attempt, whatever is in it now.
    world.post("/card?lang=en", &card(NONCE, "Al+Vi")).await;
    assert_eq!(world.payments(), 1);
    world.post("/card?lang=en", &card(OTHER_NONCE, "Al+Vi")).await;
    assert!(world.page("?lang=en").await.body.contains("You have paid"));
}

#[tokio::test]
async fn mistakes_are_shown_and_secrets_are_not() {
    let world = World::new();
    let typed = format!("nonce={NONCE}&number=4200000000000001&holder=Al+Vi&month=13&year=34");
    let again = world.post("/card?lang=en", &format!("{typed}&cvv=987")).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    for expected in ["value=\"Al Vi\"", "value=\"13\"", "<title>Error: Pay by card", "id=\"month-"]
    {
        assert!(again.body.contains(expected), "{expected}: {}", again.body);
    }
    assert!(!again.body.contains("4200000000000001") && !again.body.contains("987"));
    let past = world.post("/card?lang=en", &card(NONCE, "Al+Vi").replace("34", "24")).await;
    assert!(past.body.contains("The card has expired"), "{}", past.body);
    assert_eq!(world.payments(), 0);
    let phone = world.post("/swish?lang=en", &format!("nonce={NONCE}&phone=12")).await;
    assert_eq!(phone.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(phone.body.contains("value=\"12\""), "{}", phone.body);
}

#[tokio::test]
async fn what_is_no_form_of_ours_does_nothing() {
    let world = World::with(|view| view.ways = vec![Way::Card, Way::Swish]);
    for (place, form) in [
        ("/card", card("", "Al+Vi")),
        ("/card", card("short", "Al+Vi")),
        ("/card", String::new()),
        ("/hosted", format!("nonce={NONCE}&way=card")),
        ("/hosted", format!("nonce={NONCE}&way=bitcoin")),
        ("/hosted", format!("nonce={NONCE}&way=klarna")),
    ] {
        let got = world.post(&format!("{place}?lang=en"), &form).await;
        check_sent_to(&got, &format!("/checkout/{ID}?lang=en"));
    }
    assert_eq!(world.payments(), 0);
}

#[tokio::test]
async fn a_way_without_a_form_says_that_it_does_not_work() {
    let world = World::new();
    let form = format!("nonce={NONCE}&way=santander");
    let refused = world.post("/hosted?lang=en", &form).await;
    assert!(refused.body.contains("does not work right now"), "{}", refused.body);
    assert!(refused.body.contains("Try again"), "{}", refused.body);
    assert_eq!(world.payments(), 0);
    assert!(world.page("?lang=en").await.body.contains("Choose how to pay"));
}

#[tokio::test]
async fn an_amount_in_a_form_is_of_no_effect() {
    let world = World::new();
    let form = world.page("/card").await;
    assert!(!form.body.contains("name=\"amount\""), "{}", form.body);
    world.post("/card", &format!("{}&amount=1.00&currency=XXX", card(NONCE, "Al+Vi"))).await;
    assert!(world.page("?lang=en").await.body.contains("You have paid 1,092.00\u{a0}SEK"));
}

#[tokio::test]
async fn swish_waits_until_it_is_paid_or_given_up() {
    let world = World::new();
    world.post("/swish?lang=en", &format!("nonce={NONCE}&phone=070-123+45+67")).await;
    let waits = world.page("?lang=en").await;
    assert!(waits.body.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\">"));
    assert!(waits.body.contains("approve the payment"), "{}", waits.body);
    assert!(!world.page("?lang=en&auto=off").await.body.contains("http-equiv"));
    let asked = world.post("/ask?lang=en&auto=off", "").await;
    check_sent_to(&asked, &format!("/checkout/{ID}?lang=en&auto=off&asked=1"));
    check_sent_to(&world.post("/cancel?lang=en", "").await, &format!("/checkout/{ID}?lang=en"));
    assert!(world.page("?lang=en").await.body.contains("The payment was cancelled"));
    world.post("/swish?lang=en", &format!("nonce={OTHER_NONCE}&by=code")).await;
    assert!(world.page("?lang=en").await.body.contains("<svg class=\"qr\" role=\"img\""));
    let state = world.page("/state").await;
    assert_eq!(state.body, format!("{{\"standing\":\"waiting\",\"left_ms\":{LIFE_MS}}}"));
}

#[tokio::test]
async fn a_form_may_post_to_the_bank_and_nowhere_else() {
    let world = World::new();
    let challenged = card(NONCE, "Al+Vi").replace("4200000000000000", "4200000000000042");
    world.post("/card?lang=en", &challenged).await;
    let bank = world.page("?lang=en&go=1").await;
    assert!(bank.body.contains("action=\"https://psp.example/fake/acs\""), "{}", bank.body);
    assert!(bank.body.contains("data-sent"), "{}", bank.body);
    let policy = bank.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://psp.example;"), "{policy}");
}

#[tokio::test]
async fn a_checkout_expires_unless_more_time_is_given() {
    let world = World::new();
    world.advance(LIFE_MS - 1_000);
    let more = world.post("/extend?lang=en&at=card", "").await;
    check_sent_to(&more, &format!("/checkout/{ID}/card?lang=en"));
    world.advance(LIFE_MS - 1_000);
    assert_eq!(world.page("?lang=en").await.status, StatusCode::OK);
    world.advance(1_000);
    let over = world.page("?lang=en").await;
    assert_eq!(over.status, StatusCode::GONE);
    assert!(over.body.contains("Time is up"), "{}", over.body);
    check_sent_to(&world.page("/card?lang=en").await, &format!("/checkout/{ID}?lang=en"));
    world.post("/card", &card(NONCE, "Al+Vi")).await;
    assert_eq!(world.payments(), 0);
    assert_eq!(world.page("/state").await.body, "{\"standing\":\"expired\",\"left_ms\":0}");
    let elsewhere = world.post("/extend?at=https://evil", "").await;
    check_sent_to(&elsewhere, &format!("/checkout/{ID}?lang=sv"));
}

#[tokio::test]
async fn nobody_is_sent_where_the_merchant_did_not_say() {
    let world = World::with(|view| view.return_url = "javascript:alert(1)".to_owned());
    let stands = format!("/checkout/{ID}?lang=en");
    check_sent_to(&world.page("/leave?lang=en&shopperResultUrl=https://evil").await, &stands);
}

#[tokio::test]
async fn unknown_checkouts_and_silent_tills_have_pages() {
    let world = World::new();
    for path in ["/checkout/ffff", "/checkout/a%3Cb/card", "/checkout/ffff/leave"] {
        let missing = world.get(path).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
        assert!(missing.body.contains("<h1>Sidan finns inte</h1>"), "{}", missing.body);
    }
    let long = world.get(&format!("/checkout/{}", "f".repeat(49))).await;
    assert_eq!(long.status, StatusCode::NOT_FOUND);
    world.till.with(ID, |kept| kept.is_silent = true).unwrap();
    for got in [world.page("?lang=en").await, world.post("/ask?lang=en", "").await] {
        assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(got.body.contains("We do not know how it went"), "{}", got.body);
    }
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let world = World::new();
    for got in [
        world.page("").await,
        world.page("/leave").await,
        world.page("/state").await,
        world.get("/checkout/ffff").await,
        world.post("/card", "").await,
    ] {
        let policy = got.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; base-uri 'none'"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(got.header("cache-control"), "no-store");
        assert_eq!(got.header("referrer-policy"), "no-referrer");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert_eq!(got.header("x-frame-options"), "DENY");
        assert!(got.header("permissions-policy").contains("camera=()"));
    }
}

#[tokio::test]
async fn only_the_merchants_pages_frame_the_page() {
    let world = World::new();
    let framed = world.page("?widget=1&brands=VISA").await;
    let policy = framed.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://shop.example"), "{policy}");
    assert_eq!(framed.header("x-frame-options"), "");
    assert!(framed.body.contains("data-frames=\"https://shop.example\""), "{}", framed.body);
    // One brand only, so its form is there at once.
    assert!(framed.body.contains("autocomplete=\"cc-number\""), "{}", framed.body);
    let open = World::with(|view| view.framers = Vec::new());
    let policy = open.page("?widget=1").await;
    let policy = policy.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn who_cannot_be_named_may_frame_the_page_too() {
    let world = World::with(|view| view.framers = vec![Framer::AnyHttps]);
    let framed = world.page("?widget=1").await;
    let policy = framed.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https:"), "{policy}");
    assert_eq!(framed.header("x-frame-options"), "");
    assert!(framed.body.contains("data-frames=\"*\""), "{}", framed.body);
    let alone = world.page("").await;
    assert!(alone.header("content-security-policy").ends_with("frame-ancestors 'none'"));
}

#[tokio::test]
async fn the_browsers_language_is_spoken_until_another_is_chosen() {
    let world = World::new();
    let request = Request::get(format!("/checkout/{ID}")).header("accept-language", "en-GB");
    let english = world.send(request.body(Body::empty()).unwrap()).await;
    assert!(english.body.contains("<html lang=\"en\">"), "{}", english.body);
    assert!(world.page("?lang=sv").await.body.contains("<html lang=\"sv\">"));
    assert_eq!(english.header("vary"), "accept-language");
}

#[tokio::test]
async fn scripts_and_styles_are_ours_and_checked() {
    let world = World::new();
    let page = world.page("").await.body;
    for (path, media_type) in [
        ("/checkout/assets/checkout.css", "text/css; charset=utf-8"),
        ("/checkout/assets/checkout.js", "text/javascript; charset=utf-8"),
        ("/v3/paymentWidgets.js?checkoutId=1", "text/javascript; charset=utf-8"),
    ] {
        let file = world.get(path).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, media_type));
        assert!(!file.body.contains("http://"), "{path} names an address of others");
    }
    assert_eq!(page.matches("integrity=\"sha256-").count(), 2, "{page}");
    assert!(!page.contains(" style=") && !page.contains(" onclick="), "{page}");
    let widget = world.get("/v3/paymentWidgets.js").await;
    assert_eq!(widget.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_payment_under_way_outlives_the_checkout() {
    let world = World::new();
    world.post("/swish", &format!("nonce={NONCE}&by=code")).await;
    world.advance(LIFE_MS);
    assert_eq!(world.page("").await.status, StatusCode::OK);
    world.till.with(ID, |kept| kept.view.standing = Standing::Paid).unwrap();
    assert!(world.page("?lang=en").await.body.contains("The payment is complete"));
}

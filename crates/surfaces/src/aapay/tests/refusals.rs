//! Goal: each reason for which payments are refused has its word, and none is a server's error that
//! a request can bring about.

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use payments::{ChangePayee, Command, Refusal};

use super::*;
use crate::aapay::problem;

/// All of them, with the status and the field of their faults.
const WORDS: [(Refusal, u16, &str); 21] = [
    (Refusal::IdempotencyKeyReused, 400, "Idempotency-Key"),
    (Refusal::MerchantNotFound, 401, ""),
    (Refusal::MerchantInactive, 400, "merchantId"),
    (Refusal::NoAgreement, 400, "method"),
    (Refusal::CurrencyNotSupported, 400, "purchaseAmount.currencyCode"),
    (Refusal::ReferenceInUse, 400, "terminalReference"),
    (Refusal::OriginalNotFound, 404, ""),
    (Refusal::OriginalNotPayment, 400, "originalReference"),
    (Refusal::MethodDiffers, 400, "method"),
    (Refusal::CurrencyDiffers, 400, "purchaseAmount.currencyCode"),
    (Refusal::OriginalNotPaid, 400, "originalReference"),
    (Refusal::OriginalReported, 400, "originalReference"),
    (Refusal::OriginalEnded, 400, "originalReference"),
    (Refusal::AlreadyGivenBack, 400, "originalReference"),
    (Refusal::NotWhole, 400, "purchaseAmount.totalAmount"),
    (Refusal::MoreThanRemains { minor: 7 }, 400, "purchaseAmount.totalAmount"),
    (Refusal::PaymentNotFound, 404, ""),
    (Refusal::NotReserved, 500, ""),
    (Refusal::CaptureTooLarge { minor: 7 }, 500, ""),
    (Refusal::AgreementDeleted, 409, ""),
    (Refusal::AgreementNotFound, 404, ""),
];

#[test]
fn each_refusal_has_its_word() {
    let world = world();
    for (refusal, status, field) in WORDS {
        let response = problem::refused(refusal).into_response();
        assert_eq!(response.status(), StatusCode::from_u16(status).unwrap(), "{refusal:?}");
        let (head, body) = response.into_parts();
        let body = world.block_on(body.collect()).unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let reply = Reply { status, headers: head.headers, body };
        let faults = faults(&reply);
        assert!(field.is_empty() || faults == [field], "{refusal:?} {faults:?}");
    }
}

#[test]
fn merchants_must_be_active_and_have_agreed() {
    let world = world();
    swish(&world);
    let swish_id = "/ms/map/identifier/delete/from/SWISH_E_COM/M3/to/SWISH_ID";
    assert_eq!(call(&world, "DELETE", &format!("{swish_id}?hardDelete=true"), "").status, 204);
    refused(&initialize(&world, "payment", &payment()), 400, &["method"]);
    let change = ChangePayee {
        customer: 3,
        is_inactive: Some(true),
        actor: "test".to_owned(),
        ..ChangePayee::default()
    };
    world.submit_payments(Command::ChangePayee(change));
    refused(&initialize(&world, "payment", &payment()), 400, &["merchantId"]);
    refused(&initialize(&world, "payment", &on_card("T-1")), 400, &["merchantId"]);
}

#[test]
fn currencies_are_the_methods() {
    let world = world();
    let body = with(payment(), "/purchaseAmount/currencyCode", json!("EUR"));
    refused(&initialize(&world, "payment", &body), 400, &["purchaseAmount.currencyCode"]);
    assert_eq!(initialize(&world, "payment", &with(body, "/method", json!("EASY"))).status, 202);
}

#[test]
fn a_terminals_reference_is_one_open_payments() {
    let world = world();
    let told = swish(&world);
    let named = with(payment(), "/terminalReference", json!("T-1"));
    let number = created(&world, "payment", &named);
    refused(&initialize(&world, "payment", &named), 400, &["terminalReference"]);
    *told.lock().unwrap() = ("DECLINED", None);
    turn(&world);
    assert_eq!(status(&world, number)["state"], "REJECTED");
    created(&world, "payment", &named);
}

#[test]
fn originals_must_be_paid_alike() {
    let world = world();
    let told = swish(&world);
    let paid = created(&world, "payment", &on_card("T-1")).to_string();
    let refund = |body: Value, original: &str| {
        initialize(&world, "refund", &with(body, "/originalReference", json!(original)))
    };
    let over_swish = with(payment(), "/terminalReference", json!("R-0"));
    refused(&refund(over_swish, &paid), 400, &["method"]);
    let euros = with(on_card("R-1"), "/purchaseAmount/currencyCode", json!("EUR"));
    refused(&refund(euros, &paid), 400, &["purchaseAmount.currencyCode"]);
    let given_back = refund(on_card("R-2"), &paid);
    assert_eq!(given_back.status, 202);
    refused(&refund(on_card("R-3"), &number(&given_back).to_string()), 400, &["originalReference"]);
    let open = created(&world, "payment", &with(payment(), "/terminalReference", json!("T-2")));
    refused(&refund(payment(), &open.to_string()), 400, &["originalReference"]);
    *told.lock().unwrap() = ("DECLINED", None);
    turn(&world);
    let reversal = with(payment(), "/originalReference", json!("T-2"));
    let reversal = with(reversal, "/terminalReference", json!("V-1"));
    refused(&initialize(&world, "reversal", &reversal), 400, &["originalReference"]);
}

//! A look takes a payment off the list and changes nothing else.

use crate::payment::ATTENTION;
use crate::world::{World, check};

#[test]
fn what_was_looked_at_is_settled() {
    check(
        "
        before | request               | answer                | others
               | settle 99             | PaymentNotFound
        pay    | settle p              | INITIALIZED create+45
        pay; keep p; tell p declined; tell p paid task=kept | settle p              | REJECTED
        pay; keep p; tell p declined; tell p paid task=kept; settle p | settle p | REJECTED
        pay; keep p; tell p declined; tell p paid task=kept; settle p | tell p paid task=kept | \
            REJECTED !
        pay; keep p; tell p declined; tell p paid task=kept | tell p paid task=kept | REJECTED !
        ",
    );
}

#[test]
fn who_has_to_look_finds_a_list() {
    let mut world = World::new();
    world.steps("pay; keep p; tell p declined");
    assert!(world.listed(ATTENTION).is_empty());
    world.steps("tell p paid task=kept");
    let reason = world.listed(ATTENTION).pop().unwrap().attention;
    assert_eq!(reason.as_deref(), Some("the PSP says that it is paid, but it is REJECTED"));
    world.steps("tell p paid task=kept; settle p; settle p");
    assert!(world.listed(ATTENTION).is_empty());
    let words = world.changes();
    let expected = ["initialized", "moved", "raised", "settled"];
    assert_eq!(words, expected.map(|word| format!("payment.{word}")));
}

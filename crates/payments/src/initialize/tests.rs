//! Who may begin what, each refusal in the order of precedence, and how everything begins.

use super::*;
use crate::world::{World, check};
use ledger::{Fingerprint, Key};

#[test]
fn the_first_reason_decides() {
    check(
        "
        before                           | request                     | answer
        pay key=k                        | pay key=k asks=b customer=3 | IdempotencyKeyReused
        payee inactive=true              | pay customer=3              | NoAgreement
        payee inactive=true off=swish    | pay currency=EUR            | MerchantInactive
        payee inactive=true              | pay method=CARD_LEDGER      | MerchantInactive
        pay reference=t; payee off=swish | pay reference=t currency=EUR | NoAgreement
        payee off=swish                  | pay                         | NoAgreement
        payee off=klarna                 | pay method=KLARNA           | NoAgreement
        payee off=easy                   | pay method=EASY             | NoAgreement
        payee off=santander              | pay method=SANTANDER        | NoAgreement
        pay reference=t                  | pay reference=t currency=EUR | CurrencyNotSupported
                                         | pay method=KLARNA currency=USD | CurrencyNotSupported
                                         | pay method=EASY currency=GBP | CurrencyNotSupported
                                         | pay method=SANTANDER currency=JPY | CurrencyNotSupported
        pay reference=t                  | pay reference=t             | ReferenceInUse
                                         | pay reference=t + pay reference=t | ReferenceInUse
        pay reference=t; tell p paid     | pay reference=t             | ReferenceInUse
        ",
    );
}

#[test]
fn the_first_reason_decides_about_an_original() {
    check(
        "
        before                                | request                 | answer
        pay; tell p paid; refund reference=t  | refund of=1 reference=t | ReferenceInUse
        pay; tell p paid                      | refund of=-             | OriginalNotFound
        pay                                   | reverse of=-            | OriginalNotFound
        pay                                   | refund of=1 method=EASY | OriginalNotFound
        pay method=CARD_LEDGER                | refund customer=3       | OriginalNotFound
        pay; tell p paid; refund; tell r paid | refund of=r method=EASY | OriginalNotPayment
        pay; reverse                          | reverse of=v            | OriginalNotPayment
        pay method=EASY; tell p paid          | refund method=KLARNA currency=NOK | MethodDiffers
        pay                                   | reverse method=EASY     | MethodDiffers
        pay method=EASY                       | refund currency=NOK     | CurrencyDiffers
        pay method=EASY                       | reverse currency=NOK    | CurrencyDiffers
        pay                                   | refund amount=100.01    | OriginalNotPaid
        pay method=EASY; tell p reserved      | refund                  | OriginalNotPaid
        pay; tell p expired                   | refund                  | OriginalNotPaid
        pay; tell p paid; refund; close p     | reverse amount=1.00     | OriginalReported
        pay; tell p declined                  | reverse amount=1.00     | OriginalEnded
        pay; tell p cancelled                 | reverse                 | OriginalEnded
        pay; tell p failed                    | reverse                 | OriginalEnded
        pay; tell p expired                   | reverse                 | OriginalEnded
        pay; reverse                          | reverse amount=1.00     | AlreadyGivenBack
                                              | pay + pay as=q          | INITIALIZED create+45
        pay; tell p paid; reverse             | reverse                 | AlreadyGivenBack
        pay; tell p paid; refund amount=1.00  | reverse                 | AlreadyGivenBack
        pay; tell p paid                      | reverse + reverse       | AlreadyGivenBack
        pay; tell p paid                      | reverse amount=99.99    | NotWhole
        pay                                   | reverse amount=100.01   | NotWhole
        pay method=EASY; tell p reserved; capture amount=40.00; tell p paid | reverse | NotWhole
        pay; tell p paid | refund amount=100.01 | MoreThanRemains { minor: 10000 }
        pay; tell p paid; refund amount=60.00 | refund amount=40.01 | \
            MoreThanRemains { minor: 4000 }
        pay; tell p paid | refund amount=50.01 + refund amount=50.00 | \
            MoreThanRemains { minor: 4999 }
        pay; tell p paid; reverse | refund amount=0.01 | MoreThanRemains { minor: 0 }
        pay method=EASY; tell p reserved; capture amount=40.00; tell p paid | \
            refund amount=40.01 | MoreThanRemains { minor: 4000 }
        ",
    );
}

#[test]
fn what_may_begin_begins() {
    check(
        "
        before | request | answer | others
                                              | pay                        | INITIALIZED create+45
         | pay method=KLARNA currency=NOK | INITIALIZED create+45
        pay reference=t; tell p declined      | pay reference=t            | INITIALIZED create+45
        pay reference=t; tell p expired       | pay reference=t            | INITIALIZED create+45
        pay reference=t; tell p paid; close p | pay reference=t            | INITIALIZED create+45
        pay reference=t; tell p paid | refund reference=t | INITIALIZED create+45 | \
            p=FINALIZED 10000/10000
        pay; tell p paid | refund amount=0.01 | INITIALIZED create+45 | p=FINALIZED 10000/1
        pay; tell p paid; close p | refund | INITIALIZED create+45 | p=REPORTED 10000/10000
        pay; tell p paid | refund amount=50.00 + refund amount=50.00 | INITIALIZED create+45 | \
            p=FINALIZED 10000/10000
        pay; tell p paid | reverse | INITIALIZED create+45 | p=FINALIZED 10000/10000
        pay | reverse | INITIALIZED cancel+45 | p=INITIALIZED create+45
        pay; tell p unknown | reverse | INITIALIZED cancel+45 | p=PENDING read+1
        pay; wait 30s; age p | reverse | INITIALIZED cancel+45 | p=STALE create+15
        pay method=EASY; tell p reserved | reverse | INITIALIZED cancel+45 | p=RESERVED
        pay method=EASY; tell p reserved; capture amount=40.00; tell p paid | \
            reverse amount=40.00 | INITIALIZED create+45 | p=FINALIZED 4000/4000
        pay; reverse; tell v refused          | reverse                    | INITIALIZED cancel+45
        pay key=k                             | pay key=k                  | again: repeated
        pay key=k; tell p paid | pay key=k | again: repeated | p=FINALIZED 10000/0
                                              | pay key=k + pay key=k as=q | again: repeated
        ",
    );
}

#[test]
fn our_own_ledger_decides_at_once() {
    check(
        "
        before                           | request                | answer            | others
                                         | pay method=CARD_LEDGER | RESERVED          | card=0 10000
         | pay method=CARD_LEDGER auto=True | FINALIZED 10000/0 | card=10000 0
         | pay method=CARD_LEDGER auto=no | RESERVED | card=0 10000
         | pay method=CARD_LEDGER card=nobody | REJECTED | card=0 0
         | pay method=CARD_LEDGER card=å | REJECTED | card=0 0
         | pay method=CARD_LEDGER currency=EUR | REJECTED | card=0 0
         | pay method=CARD_LEDGER amount=500.01 | REJECTED | card=0 0
        card blocked                     | pay method=CARD_LEDGER | REJECTED          | card=0 0
         | pay method=CARD_LEDGER amount=300.00 + pay method=CARD_LEDGER amount=300.00 as=q | \
            REJECTED | card=0 30000
        pay method=CARD_LEDGER auto=true | refund amount=30.00 | FINALIZED 3000/0 | \
            card=7000 0, p=FINALIZED 10000/3000
        pay method=CARD_LEDGER auto=true | refund amount=60.00 + refund amount=60.00 as=q | \
            MoreThanRemains { minor: 4000 }
        pay method=CARD_LEDGER auto=true | reverse | FINALIZED 10000/0 | \
            card=0 0, p=FINALIZED 10000/10000
        pay method=CARD_LEDGER | reverse | FINALIZED | card=0 0, p=CANCELLED
        pay method=CARD_LEDGER; wait 30d | reverse                | REJECTED          | p=RESERVED
         | pay method=CARD_LEDGER auto=true + pay method=CARD_LEDGER as=q | RESERVED | \
            card=10000 10000, p=FINALIZED 10000/0
        pay method=CARD_LEDGER auto=true; wait 1d; close p | refund amount=100.00 | \
            FINALIZED 10000/0 | card=0 0, p=REPORTED 10000/10000
        ",
    );
}

/// The rows that refuse two commands of one batch check that the first one stays; this is the rest.
#[test]
fn of_two_in_a_batch_the_first_has_it() {
    let mut world = World::new();
    world.steps("pay; tell p paid");
    let answers = world.steps("refund amount=60.00 as=r + refund amount=60.00 as=s");
    assert!(answers[0].is_ok(), "{answers:?}");
    assert_eq!(answers[1], Err(Refusal::MoreThanRemains { minor: 4_000 }));
    assert_eq!(world.named("p").refunded_minor, 6_000);
    world.verify();
}

#[test]
fn what_was_given_up_and_comes_back_leaves_its_name_to_others() {
    check(
        "
        before | request | answer | others
        pay reference=t; tell p expired; pay reference=t as=q | tell p paid | \
            FINALIZED 10000/0 | q=INITIALIZED create+45
        pay reference=t; tell p expired; tell p paid | pay reference=t as=q | INITIALIZED create+45
        pay reference=t; keep p; tell p expired | \
            pay reference=t as=q + tell p paid task=kept | FINALIZED 10000/0
        ",
    );
}

#[test]
fn the_journal_tells_each_step_and_no_names() {
    let mut world = World::new();
    let key = |byte| Some(Idempotency { key: Key([byte; 16]), fingerprint: Fingerprint([1; 16]) });
    let mut command = world.initialize(PaymentKind::Payment, Method::CardLedger);
    command.idempotency = key(1);
    world.run(crate::Command::Initialize(command)).unwrap();
    world.steps("pay method=EASY; tell p reserved; capture; tell p refused; settle p");
    let expected = "payment.initialized payment.moved payment.initialized payment.moved \
                    payment.capture-asked payment.raised payment.settled";
    assert_eq!(world.changes().join(" "), expected);
}

#[test]
fn a_refund_names_what_it_is_about() {
    let mut world = World::new();
    world.steps("pay; tell p paid; refund; pay as=q; reverse of=q");
    let (p, q) = (world.named("p"), world.named("q"));
    assert_eq!(world.named("r").original, Some(p.number));
    assert_eq!(world.named("v").original, Some(q.number));
    assert_eq!((p.reversal, q.reversal), (None, Some(world.named("v").number)));
    let first = &world.named("v").transitions[0];
    assert_eq!((first.from, first.event, first.cause), (None, Event::Create, Cause::Call));
}

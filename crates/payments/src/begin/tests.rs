//! Who may do what is due, what wakes a payment, and what makes it stale.

use ledger::ReadSet;

use crate::method::Method;
use crate::payment::{Cause, PaymentKind, TASKS};
use crate::state::Event;
use crate::world::{World, check};
use crate::{Age, Begin, Command, Outcome, Wake};

#[test]
fn who_comes_first_begins() {
    check(
        "
        before                               | request            | answer                | others
                                             | begin 99           | PaymentNotFound
        pay; tell p paid                     | begin p            | nothing
        pay                                  | begin p            | nothing
        pay; wait 45s                        | begin p attempts=0 | nothing
        pay; wait 45s                        | begin p attempts=2 | nothing
        pay; wait 44s                        | begin p            | nothing
        pay; wait 45s                        | begin p            | INITIALIZED create+45
        pay; wait 45s; begin p               | begin p attempts=1 | nothing
        pay; wait 45s; begin p               | begin p            | nothing
        pay; wait 45s | begin p + begin p | nothing | p=INITIALIZED create+45
        pay; wait 45s; begin p; wait 45s     | begin p            | INITIALIZED create+45
        pay; tell p waiting; wait 1s         | begin p            | INITIALIZED read+45
        pay; tell p waiting; wait 30s; age p | begin p            | PENDING read+45
        pay; wait 45s; age p                 | begin p            | PENDING create+45
        pay; tell p unknown; wait 1s         | begin p            | PENDING read+45
        pay; reverse; wait 45s | begin v | INITIALIZED cancel+45 | p=INITIALIZED create+0
        pay; tell p paid; refund; wait 45s | begin r | INITIALIZED create+45 | \
            p=FINALIZED 10000/10000
        pay method=EASY; tell p reserved; capture; wait 45s | begin p | RESERVED capture:10000+45
        ",
    );
}

#[test]
fn only_a_payment_is_given_up_and_only_while_it_is_open() {
    check(
        "
        before                                | request | answer                | others
        pay; wait 29m                         | begin p | INITIALIZED create+45
        pay; wait 30m                         | begin p | INITIALIZED give-up+45
        pay; tell p waiting; wait 30m; age p  | begin p | PENDING give-up+45
        pay; tell p paid; refund; wait 30m    | begin r | INITIALIZED create+45
        pay; tell p paid; refund; tell r waiting; wait 30m | begin r | INITIALIZED read+45
        pay; tell p paid; reverse; wait 30m   | begin v | INITIALIZED create+45
        pay; tell p expired; wait 30m; wake p | begin p | TIMEDOUT read+45
        pay method=EASY; tell p reserved; wait 30m; wake p | begin p | RESERVED read+45
        pay method=EASY; tell p reserved; wait 30m; capture; wait 45s | begin p | \
            RESERVED capture:10000+45
        ",
    );
}

#[test]
fn a_call_of_the_psp_makes_a_reading_due() {
    check(
        "
        before                                    | request | answer             | others
                                                  | wake 99 | PaymentNotFound
        pay                                       | wake p  | INITIALIZED read+0
        pay; tell p waiting                       | wake p  | INITIALIZED read+0
        pay; tell p waiting; wait 30s; age p      | wake p  | STALE read+0
        pay; tell p unknown                       | wake p  | PENDING read+0
        pay; tell p waiting; wait 30m; begin p    | wake p  | INITIALIZED read+0
        pay; tell p expired                       | wake p  | TIMEDOUT read+0
        pay method=EASY; tell p reserved          | wake p  | RESERVED read+0
        pay method=EASY; tell p reserved; capture | wake p | nothing | p=RESERVED capture:10000+45
        pay; tell p paid                          | wake p  | nothing
        pay; tell p paid; close p                 | wake p  | nothing
        pay; tell p declined                      | wake p  | nothing
        pay; tell p cancelled                     | wake p  | nothing
        pay; tell p failed                        | wake p  | nothing
        pay; tell p paid; refund                  | wake r  | INITIALIZED read+0
        pay; tell p paid; reverse                 | wake v  | INITIALIZED read+0
        pay; reverse | wake v | nothing | v=INITIALIZED cancel+45
        pay; reverse                              | wake p  | INITIALIZED read+0
        pay method=CARD_LEDGER                    | wake p  | nothing            | p=RESERVED
        ",
    );
}

#[test]
fn what_the_psp_calls_it_is_taken_over_where_nobody_knew() {
    let mut world = World::new();
    world.steps("pay");
    let number = world.named("p").number;
    for (reference, expected) in [(None, None), (Some("a"), Some("a")), (Some("b"), Some("a"))] {
        let reference = reference.map(str::to_owned);
        let wake = Wake { payment: number, reference, ends_as: None };
        world.run(Command::Wake(wake)).unwrap();
        let payment = world.read(number);
        assert_eq!(payment.told.reference.as_deref(), expected);
        assert_eq!(payment.task.unwrap().cause, Cause::Callback);
    }
    world.steps("begin p; tell p paid");
    let last = world.named("p").transitions.pop().unwrap();
    assert_eq!((last.event, last.cause), (Event::Finalize, Cause::Callback));
}

#[test]
fn silence_makes_stale() {
    check(
        "
        before                               | request | answer  | others
                                             | age     | nothing
                                             | age 99  | nothing
        pay; wait 29s                        | age p   | nothing
        pay; wait 30s                        | age p   | 1 aged  | p=STALE create+15
        pay; wait 30s; age p                 | age p   | nothing
        pay; wait 30s                        | age p p | 1 aged
        pay; tell p unknown; wait 30s        | age p   | nothing
        pay; tell p paid; wait 30s           | age p   | nothing
        pay method=KLARNA; wait 179s         | age p   | nothing
        pay method=KLARNA; wait 180s         | age p   | 1 aged
        pay method=SANTANDER; wait 899s      | age p   | nothing
        pay method=SANTANDER; wait 900s      | age p   | 1 aged
        pay; pay as=q; tell p paid; wait 30s | age p q | 1 aged  | q=STALE create+15
        pay; tell p paid; refund; wait 30s   | age r   | 1 aged  | r=STALE create+15
        ",
    );
}

#[test]
fn who_begins_a_refund_is_told_what_it_is_about() {
    let mut world = World::new();
    world.steps("pay; tell p paid; refund; wait 45s");
    let (refund, original) = (world.named("r"), world.named("p"));
    let begin = Begin::of(&refund, refund.task.unwrap());
    assert_eq!((begin.original, begin.attempts), (refund.original, 1));
    let done = world.run(Command::Begin(begin)).unwrap().done;
    let Outcome::Payment(shown, about) = done else { panic!("{done:?}") };
    assert_eq!((shown.kind, about), (PaymentKind::Refund, Some(Box::new(original))));
}

#[test]
fn a_kept_card_is_loaded_only_where_nobody_is_asked() {
    for (method, expected) in [(Method::Swish, 1), (Method::CardLedger, 2), (Method::Card, 2)] {
        let (mut reads, begin) =
            (ReadSet::default(), Begin { payment: 7, original: None, method, attempts: 0 });
        begin.read(&mut reads);
        assert_eq!(reads.documents.len(), expected, "{method:?}");
    }
}

#[test]
fn what_is_to_be_done_is_listed() {
    let mut world = World::new();
    world.steps("pay; pay as=q; pay method=EASY as=s; tell q paid; tell s reserved; refund of=q");
    let listed: Vec<i64> = world.listed(TASKS).iter().map(|payment| payment.number).collect();
    assert_eq!(listed, [world.named("p").number, world.named("r").number]);
    let payment = world.named("p");
    assert_eq!(payment.method, Method::Swish);
    assert_eq!(payment.stale_at(), payment.created_at.plus_ms(30_000));
    assert_eq!(payment.given_up_at(), payment.created_at.plus_ms(1_800_000));
    let nobody = world.run(Command::Age(Age { payments: Vec::new() })).unwrap().done;
    assert_eq!(nobody, Outcome::Nothing);
}

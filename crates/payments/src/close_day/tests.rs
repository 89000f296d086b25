//! What comes into a batch report, and that it comes into one only.

use super::*;
use crate::method::Method;
use crate::payment::PaymentKind;
use crate::world::{CUSTOMER, World, check};
use crate::{Command, Operation};

#[test]
fn what_is_paid_is_reported() {
    check(
        "
        before                                  | request                | answer  | others
                                                | close                  | nothing
                                                | close 99               | nothing
        pay | close p | nothing | p=INITIALIZED create+45
        pay method=EASY; tell p reserved        | close p                | nothing | p=RESERVED
        pay; tell p declined                    | close p                | nothing
        pay; tell p expired                     | close p                | nothing
        pay; tell p paid | close p customer=3 | nothing | p=FINALIZED 10000/0
        pay; tell p paid | close p | payment SWISH_E_COM SEK 1 10000 | p=REPORTED 10000/0
        pay; tell p paid | close p p | payment SWISH_E_COM SEK 1 10000 | p=REPORTED 10000/0
        pay; tell p paid; close p               | close p                | nothing
        pay; tell p paid | close p + close p | nothing | p=REPORTED 10000/0
        pay; pay as=q; tell p paid; tell q paid | close p q | payment SWISH_E_COM SEK 2 20000
        pay; pay as=q; tell p paid; tell q paid; close p | close q | payment SWISH_E_COM SEK 2 20000
        pay; pay as=q; tell p paid; tell q paid | close p + close q | \
            payment SWISH_E_COM SEK 2 20000
        pay; pay as=q; tell p paid; tell q paid; close p | close q day=2026-11-21 | \
            payment SWISH_E_COM SEK 1 10000
        pay; pay as=q method=KLARNA currency=NOK; tell p paid; tell q paid | close p q | \
            payment KLARNA NOK 1 10000, payment SWISH_E_COM SEK 1 10000
        pay method=EASY; tell p reserved; capture amount=40.00; tell p paid | close p | \
            payment EASY SEK 1 4000
        pay; tell p paid; refund amount=60.00; tell r paid | close p r | \
            payment SWISH_E_COM SEK 1 10000, refund SWISH_E_COM SEK 1 6000
        pay; tell p paid; refund amount=60.00 | close p r | payment SWISH_E_COM SEK 1 10000 | \
            r=INITIALIZED create+45
        pay; tell p paid; reverse; tell v paid | close p v | \
            payment SWISH_E_COM SEK 1 10000, reversal SWISH_E_COM SEK 1 10000
        pay; reverse; tell v cancelled | close p v | reversal SWISH_E_COM SEK 1 0 | \
            p=CANCELLED, v=REPORTED
        pay method=CARD_LEDGER auto=true | close p | payment CARD_LEDGER SEK 1 10000 | \
            p=REPORTED 10000/0
        ",
    );
}

#[test]
fn a_report_is_found_and_says_what_is_in_it() {
    let mut world = World::new();
    world.steps("pay; pay as=q; pay as=s; tell p paid; tell q paid; close p; wait 1m; close q");
    let (p, q) = (world.named("p"), world.named("q"));
    assert_eq!(p.report, q.report);
    let day = Date::parse("2026-11-20").unwrap();
    let mut reads = ReadSet::default();
    reads.names.push(BatchReport::day_name(CUSTOMER, day));
    reads.lists.push(BatchReport::merchant_list(CUSTOMER));
    let mut source = store::Store::source(&world.store).open().unwrap();
    let books = source.load(&reads).unwrap();
    let document = books.named(&BatchReport::day_name(CUSTOMER, day)).unwrap();
    let report = BatchReport::of(document).unwrap();
    assert_eq!(Some(report.number), p.report);
    assert_eq!(report.document(), *document);
    assert_eq!((report.day, report.customer, report.until), (day, CUSTOMER, p.created_at));
    assert_eq!(books.listed(&BatchReport::merchant_list(CUSTOMER)).count(), 1);
    let unreported: Vec<i64> =
        world.listed(&Payment::unreported_list(CUSTOMER)).iter().map(|it| it.number).collect();
    assert_eq!(unreported, [world.named("s").number]);
    let last = p.transitions.last().unwrap();
    assert_eq!((last.event, last.cause), (Event::Report, Cause::Internal));
    assert_eq!(world.changes().iter().filter(|word| *word == "payments.reported").count(), 2);
}

#[test]
fn what_is_no_report_is_none() {
    let mut world = World::new();
    let payment = world.initialize(PaymentKind::Payment, Method::Swish);
    world.run(Command::Initialize(payment)).unwrap();
    let payment = world.all().pop().unwrap();
    assert_eq!(payment.task.unwrap().operation, Operation::Create);
    assert_eq!(BatchReport::of(&payment.document()), None);
}

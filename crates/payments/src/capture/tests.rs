//! What may be taken, each refusal in the order of precedence, and who has it in the end.

use crate::world::check;

#[test]
fn the_first_reason_decides() {
    check(
        "
        before                                    | request                  | answer
        pay key=k                                 | capture 99 key=k asks=b  | IdempotencyKeyReused
        pay                                       | capture 99 amount=100.01 | PaymentNotFound
        pay                                       | capture amount=100.01    | NotReserved
        pay; tell p paid                          | capture                  | NotReserved
        pay; tell p paid; close p                 | capture                  | NotReserved
        pay; tell p declined                      | capture                  | NotReserved
        pay; tell p expired                       | capture                  | NotReserved
        pay; tell p unknown                       | capture                  | NotReserved
        pay; wait 30s; age p                      | capture                  | NotReserved
        pay; tell p paid; refund                  | capture r                | NotReserved
        pay method=EASY; tell p reserved; reverse | capture                  | NotReserved
        pay method=EASY; tell p reserved; reverse | capture v                | NotReserved
        pay method=EASY; tell p reserved | capture amount=100.01 | CaptureTooLarge { minor: 10000 }
        pay method=CARD_LEDGER | capture amount=100.01 | CaptureTooLarge { minor: 10000 }
        pay method=CARD_LEDGER; reverse           | capture                  | NotReserved
        pay method=CARD_LEDGER auto=true          | capture                  | NotReserved
        ",
    );
}

#[test]
fn what_is_held_is_taken() {
    check(
        "
        before                                    | request              | answer | others
        pay method=EASY; tell p reserved          | capture              | RESERVED capture:10000+45
        pay method=EASY; tell p reserved          | capture amount=40.00 | RESERVED capture:4000+45
        pay method=EASY; tell p reserved; capture; wait 9s | capture | RESERVED capture:10000+36
        pay method=EASY; tell p reserved; capture | capture amount=40.00 | RESERVED capture:10000+45
        pay method=EASY; tell p reserved          | capture + capture    | RESERVED capture:10000+45
        pay method=EASY; tell p reserved; capture key=k; tell p paid | capture key=k | \
            again: FINALIZED 10000/0
        pay method=EASY; tell p reserved; capture key=k | capture key=k | \
            again: RESERVED capture:10000+45
        pay method=EASY; tell p reserved; capture; tell p refused | capture | \
            RESERVED capture:10000+45 !
        pay method=EASY; tell p reserved; wake p; begin p | capture | RESERVED capture:10000+45
        pay method=EASY; tell p reserved; reverse; tell v refused | capture | \
            RESERVED capture:10000+45
        ",
    );
}

#[test]
fn our_own_ledger_books_at_once() {
    check(
        "
        before | request | answer | others
        pay method=CARD_LEDGER | capture | FINALIZED 10000/0 | card=10000 0
        pay method=CARD_LEDGER | capture amount=40.00 | FINALIZED 4000/0 | card=4000 0
        pay method=CARD_LEDGER | capture amount=40.00 + capture | NotReserved | \
            card=4000 0, p=FINALIZED 4000/0
        pay method=CARD_LEDGER | capture + reverse | FINALIZED 10000/0 | \
            card=0 0, p=FINALIZED 10000/10000
        pay method=CARD_LEDGER | reverse + capture | NotReserved | card=0 0, p=CANCELLED
        pay method=CARD_LEDGER; capture key=k | capture key=k | again: FINALIZED 10000/0 | \
            card=10000 0
        pay method=CARD_LEDGER; capture amount=40.00 | refund amount=40.00 | FINALIZED 4000/0 | \
            card=0 0, p=FINALIZED 4000/4000
        pay method=CARD_LEDGER; capture amount=40.00 | refund amount=40.01 | \
            MoreThanRemains { minor: 4000 } | card=4000 0
        pay method=CARD_LEDGER; capture amount=40.00 | reverse | NotWhole | card=4000 0
        pay method=CARD_LEDGER; capture amount=40.00 | reverse amount=40.00 | \
            FINALIZED 4000/0 | card=0 0
        pay method=CARD_LEDGER; wait 30d             | capture              | CANCELLED
        pay method=CARD_LEDGER; card blocked | capture | FINALIZED 10000/0 | card=10000 0
        ",
    );
}

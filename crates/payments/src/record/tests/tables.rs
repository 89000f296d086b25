//! The tables.

use super::*;

#[test]
fn of_what_was_begun() {
    check_table(
        &payments(Operation::Create, false),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr     Pr     Pr     Vr     Ar     F.     R.     Tr     J.     X.     L.
        notdone   Ic     Sc     Pc     V.     A.     F.     R.     T.     J.     X.     L.
        missing   Ic     Sc     Pc     V.     A.     F.     R.     T.     J.     X.     L.
        waiting   Ir     Sr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        reserved  V.     V.     V.     V.     A.     F.     R.     V.     J.!    X.!    L.!
        paid      F.     F.     F.     F.     F.     F.     R.     F.     J.!    X.!    L.!
        refused   J.     J.     J.     J.     J.     F.!    R.!    T.     J.     X.     L.
        declined  J.     J.     J.     J.     J.     F.!    R.!    T.     J.     X.     L.
        cancelled X.     X.     X.     X.     X.     F.!    R.!    T.     J.     X.     L.
        expired   T.     T.     T.     X.     X.     F.!    R.!    T.     J.     X.     L.
        failed    L.     L.     L.     L.     L.     F.!    R.!    T.     J.     X.     L.
        ",
    );
}

#[test]
fn of_what_was_begun_though_the_psp_has_it() {
    check_table(
        &payments(Operation::Create, true),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr     Pr     Pr     Vr     Ar     F.     R.     Tr     J.     X.     L.
        notdone   Ic     Sc     Pc     V.     A.     F.     R.     T.     J.     X.     L.
        missing   Pr     Pr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        waiting   Ir     Sr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        reserved  V.     V.     V.     V.     A.     F.     R.     V.     J.!    X.!    L.!
        paid      F.     F.     F.     F.     F.     F.     R.     F.     J.!    X.!    L.!
        refused   Pr     Pr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        declined  J.     J.     J.     J.     J.     F.!    R.!    T.     J.     X.     L.
        cancelled X.     X.     X.     X.     X.     F.!    R.!    T.     J.     X.     L.
        expired   T.     T.     T.     X.     X.     F.!    R.!    T.     J.     X.     L.
        failed    L.     L.     L.     L.     L.     F.!    R.!    T.     J.     X.     L.
        ",
    );
}

#[test]
fn of_what_was_read() {
    check_table(
        &payments(Operation::Read, false),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr     Pr     Pr     Vr     Ar     F.     R.     Tr     J.     X.     L.
        notdone   Ir     Sr     Pr     Vr     Ar     F.     R.     Tr     J.     X.     L.
        missing   Ic     Sc     Pc     V.     A.     F.     R.     T.     J.     X.     L.
        waiting   Ir     Sr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        reserved  V.     V.     V.     V.     A.     F.     R.     V.     J.!    X.!    L.!
        paid      F.     F.     F.     F.     F.     F.     R.     F.     J.!    X.!    L.!
        refused   Pr     Pr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        declined  J.     J.     J.     J.     J.     F.!    R.!    T.     J.     X.     L.
        cancelled X.     X.     X.     X.     X.     F.!    R.!    T.     J.     X.     L.
        expired   T.     T.     T.     X.     X.     F.!    R.!    T.     J.     X.     L.
        failed    L.     L.     L.     L.     L.     F.!    R.!    T.     J.     X.     L.
        ",
    );
}

#[test]
fn of_what_was_read_and_the_psp_has() {
    check_table(
        &payments(Operation::Read, true),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr     Pr     Pr     Vr     Ar     F.     R.     Tr     J.     X.     L.
        notdone   Ir     Sr     Pr     Vr     Ar     F.     R.     Tr     J.     X.     L.
        missing   Pr     Pr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        waiting   Ir     Sr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        reserved  V.     V.     V.     V.     A.     F.     R.     V.     J.!    X.!    L.!
        paid      F.     F.     F.     F.     F.     F.     R.     F.     J.!    X.!    L.!
        refused   Pr     Pr     Pr     V.     A.     F.     R.     T.     J.     X.     L.
        declined  J.     J.     J.     J.     J.     F.!    R.!    T.     J.     X.     L.
        cancelled X.     X.     X.     X.     X.     F.!    R.!    T.     J.     X.     L.
        expired   T.     T.     T.     X.     X.     F.!    R.!    T.     J.     X.     L.
        failed    L.     L.     L.     L.     L.     F.!    R.!    T.     J.     X.     L.
        ",
    );
}

#[test]
fn of_a_capture() {
    assert_eq!(payments(CAPTURE, false), payments(CAPTURE, true));
    check_table(
        &payments(CAPTURE, true),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   -      -      -      Vt     At     F.     R.     T.     J.     X.     L.
        notdone   -      -      -      Vt     At     F.     R.     T.     J.     X.     L.
        missing   -      -      -      Vt     At     F.     R.     T.     J.     X.     L.
        waiting   -      -      -      Vt     At     F.     R.     T.     J.     X.     L.
        reserved  -      -      -      Vt     At     F.     R.     V.     J.!    X.!    L.!
        paid      -      -      -      F.     F.     F.     R.     F.     J.!    X.!    L.!
        refused   -      -      -      V.!    A.!    F.     R.     T.     J.     X.     L.
        declined  -      -      -      J.     J.     F.!    R.!    T.     J.     X.     L.
        cancelled -      -      -      X.     X.     F.!    R.!    T.     J.     X.     L.
        expired   -      -      -      X.     X.     F.!    R.!    T.     J.     X.     L.
        failed    -      -      -      L.     L.     F.!    R.!    T.     J.     X.     L.
        ",
    );
}

#[test]
fn of_giving_up() {
    assert_eq!(payments(Operation::GiveUp, false), payments(Operation::GiveUp, true));
    check_table(
        &payments(Operation::GiveUp, true),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pe!    Pe!    Pe!    V.     A.     F.     R.     T.     J.     X.     L.
        notdone   Ie!    Se!    Pe!    V.     A.     F.     R.     T.     J.     X.     L.
        missing   T.     T.     T.     V.     A.     F.     R.     T.     J.     X.     L.
        waiting   T.     T.     T.     V.     A.     F.     R.     T.     J.     X.     L.
        reserved  V.     V.     V.     V.     A.     F.     R.     V.     J.!    X.!    L.!
        paid      F.     F.     F.     F.     F.     F.     R.     F.     J.!    X.!    L.!
        refused   Pe!    Pe!    Pe!    V.     A.     F.     R.     T.     J.     X.     L.
        declined  J.     J.     J.     J.     J.     F.!    R.!    T.     J.     X.     L.
        cancelled T.     T.     T.     X.     X.     F.!    R.!    T.     J.     X.     L.
        expired   T.     T.     T.     X.     X.     F.!    R.!    T.     J.     X.     L.
        failed    L.     L.     L.     L.     L.     F.!    R.!    T.     J.     X.     L.
        ",
    );
}

#[test]
fn of_a_refund_that_was_begun() {
    check_table(
        &refunds(Operation::Create, false),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr100  Pr100  Pr100  -      -      F.100  R.100  Tr0    J.0    X.0    L.0
        notdone   Ic100  Sc100  Pc100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        missing   Ic100  Sc100  Pc100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        waiting   Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        reserved  Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        paid      F.100  F.100  F.100  -      -      F.100  R.100  F.100  J.!0   X.!0   L.!0
        refused   J.0    J.0    J.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        declined  J.0    J.0    J.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        cancelled X.0    X.0    X.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        expired   T.0    T.0    T.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        failed    L.0    L.0    L.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        ",
    );
}

#[test]
fn of_a_refund_that_was_begun_though_the_psp_has_it() {
    check_table(
        &refunds(Operation::Create, true),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr100  Pr100  Pr100  -      -      F.100  R.100  Tr0    J.0    X.0    L.0
        notdone   Ic100  Sc100  Pc100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        missing   Pr100  Pr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        waiting   Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        reserved  Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        paid      F.100  F.100  F.100  -      -      F.100  R.100  F.100  J.!0   X.!0   L.!0
        refused   Pr100  Pr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        declined  J.0    J.0    J.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        cancelled X.0    X.0    X.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        expired   T.0    T.0    T.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        failed    L.0    L.0    L.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        ",
    );
}

#[test]
fn of_a_refund_that_was_read() {
    check_table(
        &refunds(Operation::Read, false),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr100  Pr100  Pr100  -      -      F.100  R.100  Tr0    J.0    X.0    L.0
        notdone   Ir100  Sr100  Pr100  -      -      F.100  R.100  Tr0    J.0    X.0    L.0
        missing   Ic100  Sc100  Pc100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        waiting   Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        reserved  Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        paid      F.100  F.100  F.100  -      -      F.100  R.100  F.100  J.!0   X.!0   L.!0
        refused   Pr100  Pr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        declined  J.0    J.0    J.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        cancelled X.0    X.0    X.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        expired   T.0    T.0    T.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        failed    L.0    L.0    L.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        ",
    );
}

#[test]
fn of_a_refund_that_was_read_and_the_psp_has() {
    check_table(
        &refunds(Operation::Read, true),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pr100  Pr100  Pr100  -      -      F.100  R.100  Tr0    J.0    X.0    L.0
        notdone   Ir100  Sr100  Pr100  -      -      F.100  R.100  Tr0    J.0    X.0    L.0
        missing   Pr100  Pr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        waiting   Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        reserved  Ir100  Sr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        paid      F.100  F.100  F.100  -      -      F.100  R.100  F.100  J.!0   X.!0   L.!0
        refused   Pr100  Pr100  Pr100  -      -      F.100  R.100  T.0    J.0    X.0    L.0
        declined  J.0    J.0    J.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        cancelled X.0    X.0    X.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        expired   T.0    T.0    T.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        failed    L.0    L.0    L.0    -      -      F.!100 R.!100 T.0    J.0    X.0    L.0
        ",
    );
}

#[test]
fn of_a_reversal_that_ends_its_original() {
    check_table(
        &reversals(),
        "
                  I      S      P      V      A      F      R      T      J      X      L
        unknown   Pe Ir  Pe Sr  Pe Pr  Pe V.  Pe A.  Pe F.  Pe R.  Pe T.  Pe J.  Pe X.  Pe L.
        notdone   Pe Ir  Pe Sr  Pe Pr  Pe V.  Pe A.  Pe F.  Pe R.  Pe T.  Pe J.  Pe X.  Pe L.
        missing   Pe Ir  Pe Sr  Pe Pr  Pe V.  Pe A.  Pe F.  Pe R.  F. T.  F. J.  F. X.  F. L.
        waiting   Pe Ir  Pe Sr  Pe Pr  Pe V.  Pe A.  Pe F.  Pe R.  Pe T.  Pe J.  Pe X.  Pe L.
        reserved  Pe Ir  Pe Sr  Pe Pr  Pe V.  Pe A.  Pe F.  Pe R.  Pe T.  Pe J.  Pe X.  Pe L.
        paid      Pc F.  Pc F.  Pc F.  Pc F.  Pc F.  Pc F.  Pc R.  Pc F.  J. J.! J. X.! J. L.!
        refused   J. Ir  J. Sr  J. Pr  J. V.  J. A.  J. F.  J. R.  J. T.  J. J.  J. X.  J. L.
        declined  F. X.  F. X.  F. X.  F. X.  F. X.  F. F.! F. R.! F. T.  F. J.  F. X.  F. L.
        cancelled F. X.  F. X.  F. X.  F. X.  F. X.  F. F.! F. R.! F. T.  F. J.  F. X.  F. L.
        expired   F. X.  F. X.  F. X.  F. X.  F. X.  F. F.! F. R.! F. T.  F. J.  F. X.  F. L.
        failed    F. X.  F. X.  F. X.  F. X.  F. X.  F. F.! F. R.! F. T.  F. J.  F. X.  F. L.
        ",
    );
}

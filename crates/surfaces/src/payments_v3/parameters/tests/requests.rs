//! Requests as a whole: what is required, what must hold between parameters, what is told of
//! several faults, and what is left in the end.

use payments::test_cards::ThreeDSecure;
use payments::{Brand, PaymentType};
use proptest::prelude::*;

use super::super::required::{Request, required};
use super::super::{Parameters, TestMode};
use super::*;

/// A payment with a card that has all it needs.
const CARD_PAYMENT: &str = "amount=92.00&currency=EUR&paymentBrand=VISA&paymentType=DB\
    &card.number=4200000000000000&card.holder=Jane+Jones&card.expiryMonth=05&card.expiryYear=2034\
    &card.cvv=123";

#[test]
fn what_is_missing_is_told_by_its_code() {
    let payment = Operation::Payment;
    for (leave_out, expected) in [
        ("", "none"),
        ("amount", "amount 100.550.300"),
        ("currency", "currency 100.550.400"),
        ("paymentType", "paymentType 200.300.404"),
        ("paymentBrand", "none"),
        ("card.number", "card.number 100.100.100"),
        ("card.holder", "none"),
        ("card.expiryMonth", "card.expiryMonth 100.100.200"),
        ("card.expiryYear", "card.expiryYear 100.100.300"),
        ("card.cvv", "card.cvv 100.100.600"),
    ] {
        let pieces = CARD_PAYMENT
            .split('&')
            .filter(|piece| piece.split_once('=').is_some_and(|(name, _)| name != leave_out));
        check(payment, &pieces.collect::<Vec<_>>().join("&"), expected);
    }
    let plain = "amount=92.00&currency=EUR&paymentType=DB";
    check(payment, plain, "paymentBrand 100.100.500");
    check(payment, "", "amount, currency, paymentBrand, paymentType 200.300.404");
    check(payment, &format!("{plain}&paymentBrand=VISA"), CARD_MISSING);
    check(payment, &format!("{plain}&card.holder=Jane+Jones"), CARD_MISSING_WITHOUT_BRAND);
    check(payment, &format!("{plain}&paymentBrand=KLARNA"), "shopperResultUrl 200.300.404");
    check(payment, &format!("{plain}&paymentBrand=KLARNA&shopperResultUrl=https://a.se"), "none");
    check(payment, &format!("{plain}&paymentBrand=FOO"), "none");
    let swish = format!("{plain}&paymentBrand=SWISH");
    check(payment, &swish, "virtualAccount.accountId 100.210.101");
    check(payment, &format!("{swish}&virtualAccount.accountId=46701234567"), "none");
    check(payment, &format!("{swish}&customer.mobile=46701234567"), "none");
}

const CARD_MISSING: &str = "card.cvv, card.number, card.expiryMonth, card.expiryYear 200.300.404";
const CARD_MISSING_WITHOUT_BRAND: &str =
    "card.number, card.expiryMonth, card.expiryYear 200.300.404";

#[test]
fn each_operation_asks_for_its_own() {
    let card = "card.number=4200000000000000&card.expiryMonth=05&card.expiryYear=2034";
    let amount = "amount=92.00&currency=EUR";
    check(Operation::TokenPayment, &format!("{amount}&paymentType=DB"), "none");
    check(Operation::TokenPayment, &format!("{amount}&paymentType=DB&card.cvv=123"), "none");
    check(Operation::TokenPayment, "", "amount, currency, paymentType 200.300.404");
    check(Operation::FollowUp, "paymentType=RV", "none");
    check(Operation::FollowUp, "paymentType=RV&amount=1.00", "none");
    check(Operation::FollowUp, "", "paymentType 200.300.404");
    for word in ["CP", "RF", "RB", "CD"] {
        let query = format!("paymentType={word}");
        check(Operation::FollowUp, &query, "amount 100.550.300");
        check(Operation::FollowUp, &format!("{query}&amount=1.00"), "none");
    }
    for word in ["PA", "DB"] {
        let query = format!("paymentType={word}&amount=1.00");
        check(Operation::FollowUp, &query, "paymentType 600.200.300");
    }
    check(Operation::Registration, card, "none");
    check(Operation::Registration, "", CARD_MISSING_WITHOUT_BRAND);
    let checkout = format!("{amount}&paymentType=DB&shopperResultUrl=https://a.se");
    check(Operation::Checkout, &checkout, "none");
    check(Operation::Checkout, "", CHECKOUT_MISSING);
    check(Operation::CheckoutUpdate, "", "none");
    check(Operation::PagePayment, &format!("paymentBrand=VISA&{card}&card.cvv=123"), "none");
    check(Operation::PagePayment, &format!("paymentBrand=VISA&{card}"), "card.cvv 100.100.600");
    check(Operation::PagePayment, "", "paymentBrand 100.100.500");
    check(Operation::PagePayment, "paymentBrand=KLARNA", "none");
    check(Operation::PagePayment, "paymentBrand=SWISH", "virtualAccount.accountId 100.210.101");
}

const CHECKOUT_MISSING: &str = "amount, currency, paymentType, shopperResultUrl 200.300.404";

#[test]
fn a_card_is_of_one_piece() {
    for (change, expected) in [
        ("card.number=5454545454545454", "card.number 100.100.700"),
        ("paymentBrand=MASTER", "card.number 100.100.700"),
        ("paymentBrand=MASTER&card.number=5454545454545454", "none"),
        ("paymentBrand=SWISH", "paymentBrand, virtualAccount.accountId 200.300.404"),
        ("paymentBrand=FOO", "paymentBrand 100.100.501"),
        ("card.number=4444444444444444", "card.number 100.100.101"),
        ("card.number=9000000000000001", "card.number 100.100.700"),
        ("card.cvv=1234", "card.cvv 100.100.601"),
        ("paymentBrand=AMEX&card.number=377777777777770", "card.cvv 100.100.601"),
        ("paymentBrand=AMEX&card.number=377777777777770&card.cvv=1234", "none"),
        ("card.expiryMonth=10&card.expiryYear=2026", "card.expiryYear 100.100.303"),
        ("card.expiryMonth=11&card.expiryYear=2026", "none"),
        ("card.expiryMonth=13&card.expiryYear=2020", "card.expiryMonth 100.100.201"),
        ("amount=x&card.number=4", "amount, card.number 200.300.404"),
    ] {
        check(Operation::Payment, &changed(change), expected);
    }
    let unbranded = changed("card.number=9000000000000001").replace("paymentBrand=VISA&", "");
    check(Operation::Payment, &unbranded, "paymentBrand 100.100.500");
}

#[test]
fn the_code_is_not_asked_for_where_nobody_can_tell_it() {
    let without = |more: &str| CARD_PAYMENT.replace("&card.cvv=123", "") + more;
    for more in [
        "&transactionCategory=MO",
        "&transactionCategory=TO",
        "&transactionCategory=RC",
        "&transactionCategory=IN",
        "&standingInstruction.mode=REPEATED",
        "&recurringType=REPEATED",
    ] {
        check(Operation::Payment, &without(more), "none");
    }
    for more in ["", "&transactionCategory=EC", "&standingInstruction.mode=INITIAL"] {
        check(Operation::Payment, &without(more), "card.cvv 100.100.600");
    }
    let credit = without("").replace("paymentType=DB", "paymentType=CD");
    check(Operation::Payment, &credit, "none");
    let maestro = without("").replace("VISA", "MAESTRO");
    check(Operation::Payment, &maestro.replace("4200000000000000", "6773670009114879"), "none");
}

#[test]
fn amounts_are_exact_in_their_currency() {
    for (amount, currency, expected) in [
        ("92.00", "EUR", Ok(9_200)),
        ("92", "EUR", Ok(9_200)),
        ("0.01", "EUR", Ok(1)),
        ("9999999999.99", "EUR", Ok(999_999_999_999)),
        ("92.00", "JPY", Ok(92)),
        ("92", "JPY", Ok(92)),
        ("92.50", "JPY", Err("100.550.303")),
        ("92.00", "KWD", Ok(92_000)),
        ("9999999999.99", "KWD", Err("100.550.301")),
        ("1000000000.00", "KWD", Ok(1_000_000_000_000)),
        ("1000000000.01", "KWD", Err("100.550.301")),
    ] {
        let code = ledger::Currency::parse(currency).unwrap();
        let both = read(Operation::CheckoutUpdate, &[("amount", amount), ("currency", currency)]);
        let minor = both.map(|read| read.amount_minor(code).unwrap().unwrap());
        let minor = minor.map_err(|bad| bad.code().as_str());
        assert_eq!(minor, expected, "{amount} {currency}");
        let alone = read(Operation::CheckoutUpdate, &[("amount", amount)]).unwrap();
        let minor = alone.amount_minor(code).unwrap().map_err(payments::ResultCode::as_str);
        assert_eq!(minor, expected, "{amount} {currency}");
    }
    assert!(
        read(Operation::CheckoutUpdate, &[]).unwrap().amount_minor(ledger::Currency::SEK).is_none()
    );
}

#[test]
fn a_street_is_no_number() {
    let of = |first: usize, second: usize| {
        format!("billing.street1={}&billing.street2={}", "a".repeat(first), "b".repeat(second))
    };
    check(Operation::CheckoutUpdate, &of(100, 100), "none");
    check(Operation::CheckoutUpdate, "billing.street1=12&billing.street2=34", ONLY_DIGITS);
    check(Operation::CheckoutUpdate, "billing.street1=12&billing.street2=A", "none");
    check(Operation::CheckoutUpdate, "billing.street2=34", "none");
}

const ONLY_DIGITS: &str = "billing.street1 100.800.102";

#[test]
fn faults_are_told_in_the_order_sent_and_missing_ones_last() {
    let query = "card.cvv=x&amount=x&b=%&card.number=4444444444444444&currency=eur&currency=EUR";
    let expected = "card.cvv, amount, b, card.number, currency, paymentType, card.expiryMonth, \
        card.expiryYear 200.300.404";
    check(Operation::Payment, query, expected);
}

#[test]
fn values_of_cards_and_accounts_are_not_told() {
    let query = "card.number=4444444444444444&card.holder=J&card.expiryMonth=13&card.cvv=12x\
        &bankAccount.iban=x&virtualAccount.password=&amount=x&currency=4200000000000000\
        &4200000000000000=%";
    let form = Form::of_query(query).unwrap();
    let bad = Parameters::read(&form, Operation::CheckoutUpdate, today()).unwrap_err();
    let told: Vec<_> =
        bad.all().iter().map(|bad| (bad.name.as_str(), bad.value.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("card.number", None),
            ("card.holder", None),
            ("card.expiryMonth", None),
            ("card.cvv", None),
            ("bankAccount.iban", None),
            ("virtualAccount.password", None),
            ("amount", Some("x")),
            ("currency", None),
            ("…", None),
        ]
    );
    let printed = format!("{bad:?}");
    assert!(!printed.contains("4444444444444444") && !printed.contains("4200000000000000"));
}

#[test]
fn what_is_read_is_typed_and_the_rest_is_shown_again() {
    let query = format!(
        "{CARD_PAYMENT}&entityId={}&merchantTransactionId=order+4711&testMode=EXTERNAL\
        &createRegistration=true&shopperResultUrl=https://a.se/r&notificationUrl=https://a.se/n\
        &customer.mobile=46701234567&customer.email=jane@a.se&customParameters[3DS2_enrolled]=true\
        &customParameters[3DS2_flow]=challenge&registrations[1].id={}&registrations[0].id={}\
        &customParameters[SHOPPER_note]=4200+0000+0000+0000&descriptor=x&virtualAccount.password=p\
        &virtualAccount.accountId=4&cart.items[0].sku=4006381333931&unknown=x",
        "8a".repeat(16),
        "b".repeat(32),
        "a".repeat(32)
    );
    let form = Form::of_query(&query).unwrap();
    let read = Parameters::read(&form, Operation::Payment, today()).unwrap();
    assert_eq!(read.payment_type, Some(PaymentType::Debit));
    assert_eq!(read.brand.as_deref(), Some("VISA"));
    assert_eq!(read.currency.map(ledger::Currency::code), Some("EUR"));
    assert_eq!(read.merchant_transaction_id.as_deref(), Some("order 4711"));
    assert_eq!(read.virtual_account_id.as_deref(), Some("4"));
    assert_eq!(read.customer_mobile.as_deref(), Some("46701234567"));
    assert!(read.creates_registration);
    assert_eq!(read.test_mode, Some(TestMode::External));
    assert_eq!(read.shopper_result_url.as_deref(), Some("https://a.se/r"));
    assert_eq!(read.notification_url.as_deref(), Some("https://a.se/n"));
    assert_eq!((read.is_enrolled, read.flow), (Some(true), Some(ThreeDSecure::Challenge)));
    let card = read.card.as_ref().unwrap();
    assert_eq!((card.brand, card.holder.as_deref()), (Brand::Visa, Some("Jane Jones")));
    assert_eq!(card.expiry.to_string(), "2034-05");
    let echo: Vec<_> =
        read.echo.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        echo,
        [
            ("customer.mobile", "46701234567"),
            ("customer.email", "jane@a.se"),
            ("customParameters[3DS2_enrolled]", "true"),
            ("customParameters[3DS2_flow]", "challenge"),
            ("customParameters[SHOPPER_note]", "420000******0000"),
            ("descriptor", "x"),
            ("virtualAccount.accountId", "4"),
            ("cart.items[0].sku", "4006381333931"),
        ]
    );
    let printed = format!("{read:?}");
    assert!(!printed.contains("4200000000000000") && !printed.contains("123\""), "{printed}");
}

#[test]
fn a_brand_is_told_by_the_number_where_it_is_left_out() {
    let query = changed("card.number=5454545454545454").replace("paymentBrand=VISA&", "");
    let read = Parameters::read(&Form::of_query(&query).unwrap(), Operation::Payment, today());
    assert_eq!(read.unwrap().brand.as_deref(), Some("MASTER"));
}

#[test]
fn what_a_debit_waits_for_is_no_type_of_its_own() {
    let query = changed("paymentType=PA.CP");
    let read = Parameters::read(&Form::of_query(&query).unwrap(), Operation::Payment, today());
    assert_eq!(read.unwrap().payment_type, Some(PaymentType::Debit));
}

#[test]
fn everything_required_is_in_the_table() {
    use super::super::table::kinds;
    for request in [
        Request::CardPayment,
        Request::AsynchronousPayment,
        Request::UnclearPayment,
        Request::PageCardPayment,
        Request::PagePayment,
        Request::TokenPayment,
        Request::FollowUp,
        Request::Reversal,
        Request::Registration,
        Request::Checkout,
        Request::CheckoutUpdate,
    ] {
        for name in required(request) {
            assert!(kinds().any(|kind| kind == *name), "{request:?} {name}");
        }
    }
}

proptest! {
    #[test]
    fn no_request_breaks_it(query in "[a-z.\\[\\]=&%0-9+]{0,200}", at in 0_usize..7) {
        read_any(query.as_bytes(), at);
    }

    #[test]
    fn no_bytes_break_it(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        at in 0_usize..7,
    ) {
        read_any(&bytes, at);
    }

    #[test]
    fn no_value_breaks_it(
        values in proptest::collection::vec("\\PC{0,40}", 1..30),
        at in 0_usize..7,
    ) {
        let names = super::super::table::kinds().map(|kind| kind.replace("[]", "[000]"));
        let pairs: Vec<(String, &str)> =
            names.zip(values.iter().cycle()).map(|(name, value)| (name, value.as_str())).collect();
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        if let Err(bad) = read(OPERATIONS[at], &pairs) {
            prop_assert!(!bad.all().is_empty());
        }
    }
}

const OPERATIONS: [Operation; 7] = [
    Operation::Payment,
    Operation::PagePayment,
    Operation::TokenPayment,
    Operation::FollowUp,
    Operation::Registration,
    Operation::Checkout,
    Operation::CheckoutUpdate,
];

fn read_any(bytes: &[u8], at: usize) {
    let bytes = axum::body::Bytes::copy_from_slice(bytes);
    let form = Form::of_body(&axum::http::HeaderMap::new(), bytes);
    if let Ok(form) = form
        && let Err(bad) = Parameters::read(&form, OPERATIONS[at], today())
    {
        assert!(!bad.all().is_empty());
    }
}

/// The payment with a card, with other values for some of its parameters.
fn changed(change: &str) -> String {
    let changes: Vec<(&str, &str)> =
        change.split('&').filter_map(|piece| piece.split_once('=')).collect();
    let pieces = CARD_PAYMENT.split('&').filter_map(|piece| piece.split_once('='));
    let with_changes = pieces.map(|(name, value)| {
        let other = changes.iter().find(|(changed, _)| *changed == name);
        format!("{name}={}", other.map_or(value, |(_, other)| other))
    });
    with_changes.collect::<Vec<_>>().join("&")
}

/// Reads a request, and compares the names of what is bad, and the answer's code, with these.
#[track_caller]
fn check(operation: Operation, query: &str, expected: &str) {
    let read = Parameters::read(&Form::of_query(query).unwrap(), operation, today());
    let told = match read {
        Ok(_) => "none".to_owned(),
        Err(bad) => {
            let names: Vec<&str> = bad.all().iter().map(|bad| bad.name.as_str()).collect();
            format!("{} {}", names.join(", "), bad.code())
        }
    };
    assert_eq!(told, expected, "{query}");
}

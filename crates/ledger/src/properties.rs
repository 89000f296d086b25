//! Properties that hold for every input: round trips, hashes that tell requests apart, and books
//! that are in order whatever is asked of them.
//!
//! Method: `proptest` draws inputs; a failure prints the smallest one that it finds.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use proptest::prelude::*;
use proptest::sample::select;

use crate::limits::AMOUNT_MINOR_MAX;
use crate::money::format_minor;
use crate::world::World;
use crate::{
    AccountId, AccountNo, AcquirerReferences, AuthorizationKind, Authorize, Basis,
    CardAuthenticationMethod, CardToken, Channel, Code, Correct, Currency, Date, Decimal,
    Instrument, Mount, OfflineClaims, OfflineInfo, Post, PostingKind, RowId, Timestamp, Zone,
};

fn currency() -> impl Strategy<Value = Currency> {
    let codes = select(vec!["SEK", "EUR", "JPY", "KWD", "CLF"]);
    codes.prop_map(|code| Currency::parse(code).unwrap())
}

/// Whether a text is a JSON number (RFC 8259 §6), read letter by letter.
fn is_json_number(text: &str) -> bool {
    let mut rest = text.strip_prefix('-').unwrap_or(text).chars().peekable();
    let digits = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut count = 0_usize;
        while rest.next_if(char::is_ascii_digit).is_some() {
            count += 1;
        }
        count
    };
    let starts_with_zero = rest.peek() == Some(&'0');
    let whole = digits(&mut rest);
    if whole == 0 || (starts_with_zero && whole > 1) {
        return false;
    }
    if rest.next_if_eq(&'.').is_some() && digits(&mut rest) == 0 {
        return false;
    }
    if rest.next_if(|letter| matches!(letter, 'e' | 'E')).is_some() {
        rest.next_if(|letter| matches!(letter, '+' | '-'));
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.next().is_none()
}

/// `digits · 10^power` in minor units, if it is a whole number of them that fits.
fn naive_minor(digits: i64, power: i32, currency: Currency) -> Option<i64> {
    let power = power + i32::try_from(currency.exponent()).unwrap();
    let scale = 10_i128.checked_pow(power.unsigned_abs());
    let minor = match (digits, power) {
        (0, _) => 0,
        (_, 0..) => i128::from(digits).checked_mul(scale?)?,
        (_, _) if i128::from(digits) % scale? == 0 => i128::from(digits) / scale?,
        (_, _) => return None,
    };
    i64::try_from(minor).ok().filter(|minor| *minor <= AMOUNT_MINOR_MAX)
}

proptest! {
    #[test]
    fn decimals_are_as_exact_as_fractions(
        digits in 0_i64..1_000_000_000_000_000_000,
        places in 0_usize..19,
        exponent in -15_i32..16,
        currency in currency(),
    ) {
        let padded = format!("{digits:0width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let point = if places == 0 { "" } else { "." };
        let text = format!("{whole}{point}{fraction}e{exponent}");
        let power = exponent - i32::try_from(places).unwrap();
        let minor = Decimal::parse(&text).and_then(|decimal| decimal.minor(currency));
        prop_assert_eq!(minor.ok(), naive_minor(digits, power, currency), "{}", text);
    }

    #[test]
    fn equal_numbers_are_equal_values(digits in 0_i64..1_000_000_000, zeros in 0_usize..9) {
        let plain = Decimal::parse(&digits.to_string()).unwrap();
        let zeros = "0".repeat(zeros);
        prop_assert_eq!(Decimal::parse(&format!("{digits}{zeros}e-{}", zeros.len())), Ok(plain));
        prop_assert_eq!(Decimal::parse(&format!("{digits}.0{zeros}")), Ok(plain));
    }

    #[test]
    fn shown_amounts_are_read_again(minor in 0..=AMOUNT_MINOR_MAX, currency in currency()) {
        let shown = format_minor(minor, currency);
        prop_assert_eq!(Decimal::parse(&shown).unwrap().minor(currency), Ok(minor), "{}", shown);
    }

    #[test]
    fn what_is_read_as_a_decimal_is_a_json_number(
        text in prop_oneof!["\\PC{0,12}", "[-+0-9.eE]{0,24}", "-?[0-9]{1,30}(\\.[0-9]{1,30})?"],
    ) {
        match Decimal::parse(&text) {
            Ok(_) => prop_assert!(is_json_number(&text)),
            Err(crate::MoneyError::NotANumber) => prop_assert!(!is_json_number(&text)),
            Err(_) => prop_assert!(is_json_number(&text)),
        }
    }

    #[test]
    fn codes_and_rows_name_each_other(id in 1..i64::MAX / 2, other in 1_i64..2_176_782_336) {
        let code = Code::of(RowId(id));
        prop_assert_eq!(code.rows(RowId(id)).next(), Some(RowId(id)));
        prop_assert_eq!(Code::parse(code.as_str()), Some(code));
        prop_assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(code));
        prop_assert_ne!(Code::of(RowId(id + other % 2_176_782_335 + 1)), code);
    }

    #[test]
    fn any_text_is_a_code_of_rows_that_bear_it_or_none(text in "\\PC{0,8}|[0-9a-zA-Z]{1,6}") {
        if let Some(code) = Code::parse(&text) {
            let newest = RowId(10_000_000_000);
            prop_assert!(code.rows(newest).all(|row| Code::of(row) == code && row <= newest));
            prop_assert!((4..=5).contains(&code.rows(newest).count()));
        }
    }

    #[test]
    fn account_numbers_are_read_again_and_typing_errors_are_not(
        id in 0_i64..1_000_000_000_000,
        at in 0_usize..13,
        error in 1_u8..10,
        text in "\\PC{0,14}|[0-9]{13}",
    ) {
        let shown = AccountNo::of(AccountId(id)).to_string();
        let number = AccountNo::parse(&shown);
        prop_assert_eq!(number.map(AccountNo::id), Some(AccountId(id)));
        let mut typed = shown.into_bytes();
        typed[at] = b'0' + (typed[at] - b'0' + error) % 10;
        prop_assert_eq!(AccountNo::parse(str::from_utf8(&typed).unwrap()), None);
        if let Some(number) = AccountNo::parse(&text) {
            prop_assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn dates_are_read_again(
        day in -719_162..=2_932_896,
        text in "\\PC{0,12}|[0-9]{4}-[0-9]{2}-[0-9]{2}",
    ) {
        prop_assert_eq!(Date::parse(&Date(day).to_string()), Some(Date(day)));
        if let Some(date) = Date::parse(&text) {
            prop_assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn a_day_ends_when_the_next_begins(
        day in 10_957..47_482,
        zone in select(vec![
            "Europe/Stockholm", "UTC", "America/New_York", "America/Sao_Paulo", "Africa/Cairo",
            "Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kathmandu", "America/Havana",
        ]),
    ) {
        let zone = Zone::parse(zone).unwrap();
        let ends_at = zone.end_of(Date(day));
        prop_assert_eq!(zone.day_of(ends_at), Date(day + 1));
        prop_assert_eq!(zone.day_of(ends_at.plus_ms(-1)), Date(day));
    }

    #[test]
    fn times_are_read_again(at in -62_135_596_800_000..=253_402_300_799_999_i64) {
        let at = Timestamp(at);
        prop_assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339()), Some(at));
    }

    #[test]
    fn different_lists_of_texts_have_different_hashes(
        one in prop::collection::vec("[ab]{0,2}", 0..5),
        other in prop::collection::vec("[ab]{0,2}", 0..5),
    ) {
        let hash = |parts: &[String]| {
            let hasher = crate::ids::Hasher::new("test");
            parts.iter().fold(hasher, |hasher, part| hasher.text(part)).finish()
        };
        prop_assert_eq!(one == other, hash(&one) == hash(&other));
    }

    #[test]
    fn authorize_requests_that_differ_in_a_field_have_different_fingerprints(
        request in authorize_request(),
        field in 0_usize..10,
    ) {
        let changed = other_authorize(request.clone(), field);
        prop_assert_ne!(request.fingerprint(), changed.fingerprint(), "{:?}", changed);
        let same = Authorize { mount: other_mount(request.mount), ..request.clone() };
        prop_assert_eq!(request.fingerprint(), same.fingerprint());
    }

    #[test]
    fn post_requests_that_differ_in_a_field_have_different_fingerprints(
        request in post_request(),
        field in 0_usize..14,
    ) {
        let changed = other_post(request.clone(), field);
        prop_assert_ne!(request.fingerprint(), changed.fingerprint(), "{:?}", changed);
        let mount = other_mount(request.mount);
        let same = Post { mount, seller_scope: Some("654".to_owned()), ..request.clone() };
        prop_assert_eq!(request.fingerprint(), same.fingerprint());
    }

    #[test]
    fn correct_requests_that_differ_in_a_field_have_different_fingerprints(
        request in correct_request(),
        field in 0_usize..6,
    ) {
        let changed = other_correct(request.clone(), field);
        prop_assert_ne!(request.fingerprint(), changed.fingerprint(), "{:?}", changed);
        let mount = other_mount(request.mount);
        let same = Correct { mount, seller_scope: Some("654".to_owned()), ..request.clone() };
        prop_assert_eq!(request.fingerprint(), same.fingerprint());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn books_are_in_order_whatever_is_asked(
        batches in prop::collection::vec(prop::collection::vec(step(), 1..5), 1..40),
    ) {
        let mut world = World::new();
        for batch in batches {
            world.now = world.now.plus_ms(14_400_000);
            world.run_all(&batch.join(" + "));
        }
        let verification = world.verify();
        prop_assert!(verification.is_ok(), "{:#?}", verification);
    }

    #[test]
    fn an_audit_sees_that_a_row_is_gone_and_never_panics(
        batches in prop::collection::vec(prop::collection::vec(step(), 1..5), 1..20),
        gone in any::<prop::sample::Index>(),
        swapped in any::<prop::sample::Index>(),
    ) {
        let mut world = World::new();
        for batch in batches {
            world.run_all(&batch.join(" + "));
        }
        let ids: Vec<RowId> = world.rows.keys().copied().collect();
        let (gone, other) = (*gone.get(&ids), *swapped.get(&ids));
        let mut swapped = world.clone();
        let row = world.rows.remove(&gone).unwrap();
        prop_assert!(!world.verify().is_ok());
        swapped.rows.insert(other, row);
        prop_assert_eq!(swapped.verify().is_ok(), gone == other);
    }
}

/// One step of the world's language, mostly about the same few things.
fn step() -> impl Strategy<Value = String> {
    let source = || select(vec!["1", "2", "3", "4"]);
    let amount = || select(vec!["0.01", "50", "100", "300", "900", "1500"]);
    let card = || select(vec!["card-a", "card-a", "card-b", "stolen", "new", "card-f"]);
    let kind = || select(vec!["purchase", "withdrawal", "reversal"]);
    let verb = || select(vec!["purchase", "withdraw", "reverse"]);
    let settled = || select(vec!["0", "7", "900"]);
    let seller = || select(vec!["654", "655", "656"]);
    prop_oneof![
        4 => (source(), amount(), card(), kind()).prop_map(|(source, amount, card, kind)| {
            format!("authorize source={source} amount={amount} card={card} kind={kind}")
        }),
        6 => (verb(), source(), source(), amount()).prop_map(|(verb, source, on, amount)| {
            format!("{verb} source={source} on={on} amount={amount}")
        }),
        3 => (verb(), source(), card(), amount()).prop_map(|(verb, source, card, amount)| {
            let references = format!("batch=b ref={source}");
            format!("{verb} offline source={source} card={card} amount={amount} {references}")
        }),
        4 => (kind(), source(), source(), amount()).prop_map(|(kind, of, source, amount)| {
            format!("correct kind={kind} of={of} source={source} amount={amount}")
        }),
        2 => source().prop_map(|on| format!("cancel on={on}")),
        2 => source().prop_map(|on| format!("expire on={on}")),
        2 => (source(), settled(), settled(), seller()).prop_map(|(source, net, fee, seller)| {
            format!("pay-out source={source} net={net} fee={fee} seller={seller}")
        }),
        1 => (source(), source()).prop_map(|(of, x)| format!("return of={of} source={x}")),
        1 => amount().prop_map(|limit| format!("change limit={limit}")),
        1 => select(vec!["active", "blocked"]).prop_map(|status| format!("change status={status}")),
        1 => select(vec!["active", "blocked"]).prop_map(|s| format!("change-card status={s}")),
    ]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (0_i64..1_000_000, 0_u32..4).prop_map(|(digits, places)| {
        Decimal::parse(&format!("{digits}e-{places}")).expect("a decimal")
    })
}

fn text() -> impl Strategy<Value = String> {
    "[ -~åäö]{0,12}"
}

fn date() -> impl Strategy<Value = Option<Date>> {
    prop::option::of((0..40_000).prop_map(Date))
}

fn method() -> impl Strategy<Value = Option<CardAuthenticationMethod>> {
    prop::option::of(select(CardAuthenticationMethod::ALL.to_vec()))
}

fn channel() -> impl Strategy<Value = Option<Channel>> {
    prop::option::of(select(Channel::ALL.to_vec()))
}

fn token() -> impl Strategy<Value = CardToken> {
    "[!-~]{1,12}".prop_map(|text| CardToken::parse(&text).expect("a token"))
}

fn references() -> impl Strategy<Value = AcquirerReferences> {
    (prop::option::of(text()), prop::option::of(text()))
        .prop_map(|(batch, transaction)| AcquirerReferences { batch, transaction })
}

fn instrument() -> impl Strategy<Value = Instrument> {
    prop_oneof![
        token().prop_map(Instrument::Card),
        prop::option::of((1_i64..1_000).prop_map(|id| AccountNo::of(AccountId(id))))
            .prop_map(Instrument::Account),
    ]
}

fn authorize_request() -> impl Strategy<Value = Authorize> {
    let texts = (text(), text(), text(), text(), text());
    let kind = select(AuthorizationKind::ALL.to_vec());
    let rest = (instrument(), kind, decimal(), date(), method(), channel());
    (texts, rest).prop_map(|((company, source, seller, point_of_sale, currency), rest)| {
        let (instrument, kind, amount, valid_to, method, channel) = rest;
        Authorize {
            company,
            mount: Mount::CardTransaction,
            source,
            seller,
            instrument,
            kind,
            point_of_sale,
            amount,
            currency,
            valid_to,
            method,
            channel,
        }
    })
}

fn basis() -> impl Strategy<Value = Basis> {
    let code = prop::option::of((1_i64..1_000).prop_map(|id| Code::of(RowId(id))));
    prop_oneof![
        code.prop_map(Basis::Authorization),
        (token(), text(), text(), method(), channel()).prop_map(
            |(card, seller, currency, method, channel)| {
                Basis::Offline(OfflineInfo { card, seller, currency, method, channel })
            }
        ),
    ]
}

fn post_request() -> impl Strategy<Value = Post> {
    let texts = (text(), text(), prop::option::of(text()), prop::option::of(text()));
    let rest = (basis(), any::<bool>(), decimal(), prop::option::of(decimal()), references());
    let kind = select(PostingKind::ALL.to_vec());
    (texts, rest, kind, date()).prop_map(|(texts, rest, kind, value_date)| {
        let (company, source, receipt, point_of_sale) = texts;
        let (basis, offline_info, amount, withdrawal, references) = rest;
        Post {
            company,
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind,
            basis,
            offline_info,
            claims: OfflineClaims::default(),
            source,
            amount,
            withdrawal,
            references,
            receipt,
            point_of_sale,
            value_date,
        }
    })
}

fn correct_request() -> impl Strategy<Value = Correct> {
    let kind = select(PostingKind::ALL.to_vec());
    (text(), text(), text(), kind, decimal(), references(), date()).prop_map(|parts| {
        let (company, corrected, source, kind, amount, references, value_date) = parts;
        Correct {
            company,
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind,
            corrected,
            source,
            amount,
            references,
            value_date,
        }
    })
}

fn other_mount(mount: Mount) -> Mount {
    match mount {
        Mount::CardTransaction | Mount::AcquirerFile => Mount::CreditAccountAcquiring,
        Mount::CreditAccountAcquiring => Mount::CardTransaction,
    }
}

fn other_decimal(decimal: Decimal) -> Decimal {
    let (digits, decimals) = decimal.parts();
    Decimal::parse(&format!("{}e-{decimals}", digits + 1)).expect("a decimal")
}

fn other_token(token: &CardToken) -> CardToken {
    CardToken::parse(&format!("{}x", token.as_str())).expect("a token")
}

/// Something where there was nothing, and nothing where there was something.
fn flip<T>(value: &mut Option<T>, something: T) {
    *value = match value {
        None => Some(something),
        Some(_) => None,
    };
}

/// The same request but for one field.
fn other_authorize(mut request: Authorize, field: usize) -> Authorize {
    match field {
        0 => request.seller.push('x'),
        1 => request.point_of_sale.push('x'),
        2 => request.currency.push('x'),
        3 => request.amount = other_decimal(request.amount),
        4 => flip(&mut request.valid_to, Date(7)),
        5 => request.valid_to = Some(Date(request.valid_to.map_or(7, |day| day.0 + 1))),
        6 => flip(&mut request.method, CardAuthenticationMethod::ChipPin),
        7 => flip(&mut request.channel, Channel::Pos),
        8 => {
            request.kind = match request.kind {
                AuthorizationKind::Purchase => AuthorizationKind::Reversal,
                AuthorizationKind::Reversal => AuthorizationKind::CashWithdrawal,
                AuthorizationKind::CashWithdrawal => AuthorizationKind::Purchase,
            }
        }
        _ => match &mut request.instrument {
            Instrument::Card(token) => *token = other_token(token),
            Instrument::Account(number) => flip(number, AccountNo::of(AccountId(7))),
        },
    }
    request
}

/// The same request but for one field.
fn other_post(mut request: Post, field: usize) -> Post {
    match (field, &mut request.basis) {
        (0, _) => request.amount = other_decimal(request.amount),
        (1, _) => flip(&mut request.withdrawal, Decimal::parse("0").expect("a decimal")),
        (2, _) => flip(&mut request.receipt, String::new()),
        (3, _) => flip(&mut request.point_of_sale, String::new()),
        (4, _) => flip(&mut request.value_date, Date(0)),
        (5, _) => flip(&mut request.references.batch, String::new()),
        (6, _) => flip(&mut request.references.transaction, String::new()),
        (7, _) => request.offline_info = !request.offline_info,
        (8, Basis::Authorization(_)) => {
            flip(&mut request.claims.card, CardToken::parse("x").expect("a token"));
        }
        (9, Basis::Authorization(_)) => flip(&mut request.claims.seller, String::new()),
        (10, Basis::Authorization(_)) => flip(&mut request.claims.currency, String::new()),
        (11, Basis::Authorization(_)) => {
            flip(&mut request.claims.method, CardAuthenticationMethod::ChipPin);
        }
        (12, Basis::Authorization(_)) => flip(&mut request.claims.channel, Channel::Pos),
        (_, Basis::Authorization(code)) => flip(code, Code::of(RowId(7))),
        (8, Basis::Offline(info)) => info.card = other_token(&info.card),
        (9, Basis::Offline(info)) => info.seller.push('x'),
        (10, Basis::Offline(info)) => info.currency.push('x'),
        (11, Basis::Offline(info)) => flip(&mut info.method, CardAuthenticationMethod::ChipPin),
        (_, Basis::Offline(info)) => flip(&mut info.channel, Channel::Pos),
    }
    request
}

/// The same request but for one field.
fn other_correct(mut request: Correct, field: usize) -> Correct {
    match field {
        0 => request.amount = other_decimal(request.amount),
        1 => request.corrected.push('x'),
        2 => flip(&mut request.value_date, Date(0)),
        3 => flip(&mut request.references.batch, String::new()),
        4 => flip(&mut request.references.transaction, String::new()),
        _ => {
            request.kind = match request.kind {
                PostingKind::Purchase => PostingKind::CashWithdrawal,
                PostingKind::CashWithdrawal => PostingKind::Reversal,
                PostingKind::Reversal => PostingKind::Purchase,
            }
        }
    }
    request
}

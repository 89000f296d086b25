//! What each route answers, word for word.

use expect_test::expect;

use super::*;

#[test]
fn companies_and_sellers() {
    check(
        &world(),
        r#"
        POST /companies {"company_number":"500","name":"Five","currencies":["SEK","EUR"],"time_zone":"Europe/Oslo","authorization_days":3}
        POST /companies {"company_number":"500","name":"Again","currencies":[]}
        POST /companies {"company_number":"501","name":"x","currencies":["SEK","SEK"],"time_zone":"Nowhere/Land"}
        GET /companies/500
        GET /companies/999
        PATCH /companies/500 {"name":"Fifth","currencies":["NOK","SEK"],"authorization_days":5}
        PATCH /companies/500 {}
        PATCH /companies/500 {"time_zone":"Europe/Oslo"}
        PATCH /companies/999 {"name":"x"}
        GET /companies?limit=1
        POST /companies/500/sellers {"seller_number":"1","name":"One"}
        POST /companies/500/sellers {"seller_number":"1","name":"One again"}
        POST /companies/999/sellers {"seller_number":"1","name":"One"}
        GET /companies/500/sellers/1
        GET /companies/500/sellers/2
        GET /companies/999/sellers/1
        GET /companies/500/sellers
        GET /companies/999/sellers
        "#,
        &expect![[r#"
            201 → /operator/v1/companies/500
              {"company_number":"500","name":"Five","currencies":["SEK","EUR"],"time_zone":"Europe/Oslo","authorization_days":3}
            409
              {"type":"urn:kassa:problem:already-exists","title":"It exists already","status":409,"detail":"another one has this number or name","instance":"6f68261b-000001"}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000002","errors":[{"pointer":"/currencies","detail":"must be up to 50 different ISO 4217 codes"},{"pointer":"/time_zone","detail":"must be an IANA time zone"}]}
            200
              {"company_number":"500","name":"Five","currencies":["SEK","EUR"],"time_zone":"Europe/Oslo","authorization_days":3}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no company has this number","instance":"6f68261b-000004"}
            200
              {"company_number":"500","name":"Fifth","currencies":["SEK","EUR","NOK"],"time_zone":"Europe/Oslo","authorization_days":5}
            200
              {"company_number":"500","name":"Fifth","currencies":["SEK","EUR","NOK"],"time_zone":"Europe/Oslo","authorization_days":5}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000007","errors":[{"pointer":"/time_zone","detail":"is not a field of this request"}]}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no company has this number","instance":"6f68261b-000008"}
            200
              {"items":[{"company_number":"500","name":"Fifth","currencies":["SEK","EUR","NOK"],"time_zone":"Europe/Oslo","authorization_days":5}],"next":"djEuNDk"}
            201 → /operator/v1/companies/500/sellers/1
              {"company_number":"500","seller_number":"1","name":"One"}
            409
              {"type":"urn:kassa:problem:already-exists","title":"It exists already","status":409,"detail":"another one has this number or name","instance":"6f68261b-00000b"}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no company has this number","instance":"6f68261b-00000c"}
            200
              {"company_number":"500","seller_number":"1","name":"One"}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no seller has this number","instance":"6f68261b-00000e"}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no company has this number","instance":"6f68261b-00000f"}
            200
              {"items":[{"company_number":"500","seller_number":"1","name":"One"}],"next":null}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no company has this number","instance":"6f68261b-000011"}
        "#]],
    );
}

#[test]
fn accounts_and_cards() {
    check(
        &world(),
        r#"
        POST /accounts {"company_number":"100","currency":"SEK","credit_limit":"1000.5","holder":"Astrid Lind"}
        POST /accounts {"company_number":"999","currency":"SEK","credit_limit":"1","holder":"x"}
        POST /accounts {"company_number":"200","currency":"EUR","credit_limit":"1","holder":"x"}
        GET /accounts/{A}
        GET /accounts/1234567890123
        PATCH /accounts/{A} {"credit_limit":"10.00"}
        PATCH /accounts/{A} {"credit_limit":"10.001"}
        PATCH /accounts/{A} {"status":"closed"}
        PATCH /accounts/{A} {"status":"active"}
        PATCH /accounts/{A} {"status":"frozen"}
        PATCH /accounts/1234567890123 {"status":"active"}
        GET /accounts?card_token=5646735165
        GET /accounts?card_token=5646735165&company_number=200
        GET /accounts?card_token=none
        GET /accounts?company_number=200
        GET /accounts?company_number=999
        POST /accounts/{A}/cards {}
        "#,
        &expect![[r#"
            201 → /operator/v1/accounts/2836654484075
              {"account_no":"2836654484075","company_number":"100","currency":"SEK","holder":"Astrid Lind","status":"active","credit_limit":"1000.50","debt":"0.00","reserved_amount":"0.00","available_amount":"1000.50","opened_at":"2026-11-20T11:00:00.000Z"}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000001","errors":[{"pointer":"/company_number","detail":"no company has this number"}]}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000002","errors":[{"pointer":"/currency","detail":"must be a currency of the company"}]}
            200
              {"account_no":"8885438198885","company_number":"100","currency":"SEK","holder":"Test Holder","status":"active","credit_limit":"50000.00","debt":"0.00","reserved_amount":"0.00","available_amount":"50000.00","opened_at":"2026-11-20T11:00:00.000Z"}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no account has this number","instance":"6f68261b-000004"}
            200
              {"account_no":"8885438198885","company_number":"100","currency":"SEK","holder":"Test Holder","status":"active","credit_limit":"10.00","debt":"0.00","reserved_amount":"0.00","available_amount":"10.00","opened_at":"2026-11-20T11:00:00.000Z"}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000006","errors":[{"pointer":"/credit_limit","detail":"more decimals than the currency has"}]}
            200
              {"account_no":"8885438198885","company_number":"100","currency":"SEK","holder":"Test Holder","status":"closed","credit_limit":"10.00","debt":"0.00","reserved_amount":"0.00","available_amount":"10.00","opened_at":"2026-11-20T11:00:00.000Z"}
            409
              {"type":"urn:kassa:problem:state-conflict","title":"The present state does not allow it","status":409,"detail":"state does not allow the change","instance":"6f68261b-000008"}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000009","errors":[{"pointer":"/status","detail":"must be active, blocked or closed"}]}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no account has this number","instance":"6f68261b-00000a"}
            200
              {"items":[{"account_no":"8885438198885","company_number":"100","currency":"SEK","holder":"Test Holder","status":"closed","credit_limit":"10.00","debt":"0.00","reserved_amount":"0.00","available_amount":"10.00","opened_at":"2026-11-20T11:00:00.000Z"}],"next":null}
            200
              {"items":[],"next":null}
            200
              {"items":[],"next":null}
            200
              {"items":[{"account_no":"0688837073180","company_number":"200","currency":"SEK","holder":"Test Holder","status":"active","credit_limit":"50000.00","debt":"0.00","reserved_amount":"0.00","available_amount":"50000.00","opened_at":"2026-11-20T11:00:00.000Z"}],"next":null}
            200
              {"items":[],"next":null}
            409
              {"type":"urn:kassa:problem:state-conflict","title":"The present state does not allow it","status":409,"detail":"state does not allow the change","instance":"6f68261b-000010"}
        "#]],
    );
}

#[test]
fn cards() {
    check(
        &world(),
        r#"
        POST /accounts/{A}/cards {"pan":"5555555555554444","expiry":"2029-12"}
        POST /accounts/{A}/cards {"pan":"5555555555554445"}
        POST /accounts/{A}/cards {"expiry":"12/29"}
        POST /accounts/1234567890123/cards {}
        GET /accounts/{A}/cards
        GET /accounts/1234567890123/cards
        GET /cards/5646735165
        GET /cards/none
        PATCH /cards/5646735165 {"status":"blocked"}
        PATCH /cards/5646735165 {"status":"lost"}
        PATCH /cards/none {"status":"blocked"}
        "#,
        &expect![[r#"
            201 → /operator/v1/cards/2a94fcbf-ccb4-4499-b1c3-dd6322d82c9e
              {"card_token":"2a94fcbf-ccb4-4499-b1c3-dd6322d82c9e","account_no":"8885438198885","company_number":"100","status":"active","bin":"555555","last4":"4444","expiry":"2029-12","added_at":"2026-11-20T11:00:00.000Z"}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000001","errors":[{"pointer":"/pan","detail":"must be a card number: 12 to 19 digits, Luhn"}]}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000002","errors":[{"pointer":"/expiry","detail":"must be a month, like 2029-12"}]}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no account has this number","instance":"6f68261b-000003"}
            200
              {"items":[{"card_token":"2a94fcbf-ccb4-4499-b1c3-dd6322d82c9e","account_no":"8885438198885","company_number":"100","status":"active","bin":"555555","last4":"4444","expiry":"2029-12","added_at":"2026-11-20T11:00:00.000Z"},{"card_token":"5646735165","account_no":"8885438198885","company_number":"100","status":"active","bin":"411111","last4":"1111","added_at":"2026-11-20T11:00:00.000Z"}],"next":null}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no account has this number","instance":"6f68261b-000005"}
            200
              {"card_token":"5646735165","account_no":"8885438198885","company_number":"100","status":"active","bin":"411111","last4":"1111","added_at":"2026-11-20T11:00:00.000Z"}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no card has this token","instance":"6f68261b-000007"}
            200
              {"card_token":"5646735165","account_no":"8885438198885","company_number":"100","status":"blocked","bin":"411111","last4":"1111","added_at":"2026-11-20T11:00:00.000Z"}
            400
              {"type":"urn:kassa:problem:validation-error","title":"The request is not valid","status":400,"detail":"the request has errors; each is listed","instance":"6f68261b-000009","errors":[{"pointer":"/status","detail":"must be active or blocked"}]}
            404
              {"type":"urn:kassa:problem:not-found","title":"There is no such thing","status":404,"detail":"no card has this token","instance":"6f68261b-00000a"}
        "#]],
    );
}

#[test]
fn credentials() {
    check(
        &world(),
        r#"
        POST /credentials {"contract":"card_ledger","label":"POS","company_number":"100","seller_number":"654","expires_at":"2027-01-01T00:00:00+01:00"}
        POST /credentials {"contract":"operator","label":"second operator"}
        POST /credentials {"contract":"operator","label":"x","company_number":"100"}
        POST /credentials {"contract":"card_ledger","label":"x"}
        POST /credentials {"contract":"access","label":"x"}
        POST /credentials {"contract":"terminals","label":"x"}
        POST /credentials {"contract":"aapay","label":"x"}
        POST /credentials {"contract":"payments","label":"x"}
        POST /credentials {"contract":"card_ledger","label":"x","customer_id":1}
        POST /credentials {"contract":"console","label":""}
        GET /credentials?limit=2
        GET /credentials/1
        GET /credentials/x
        DELETE /credentials/1
        "#,
        &expect![[""]],
    );
}

#[test]
fn statement_and_journal() {
    let world = world();
    let authorization = authorize(&world, "a-1", "300.00");
    purchase(&world, &authorization, "p-1", "100.00");
    correct(&world, "p-1", "c-1", "30");
    check(
        &world,
        r"
        GET /accounts/{A}/entries
        GET /accounts/{A}/reservations
        GET /accounts/1234567890123/entries
        GET /accounts/1234567890123/reservations
        GET /events?limit=2
        GET /clock
        ",
        &expect![[""]],
    );
}

#[test]
fn the_clock_releases_what_is_due() {
    let world = world();
    authorize(&world, "a-1", "300.00");
    check(
        &world,
        r#"
        POST /clock/advance {"seconds":864000}
        GET /accounts/{A}
        GET /accounts/{A}/reservations
        "#,
        &expect![[""]],
    );
}

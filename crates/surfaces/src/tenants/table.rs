//! How each operation is called. The documents say which operations there are.

use super::{Row, Surface, shops};

/// Line and body.
type Call = (&'static str, &'static str);

/// The rows of an API.
pub(super) fn rows(surface: Surface) -> Vec<Row> {
    let (mount, calls): (&str, &[Call]) = match surface {
        Surface::Aapay => ("", &AAPAY),
        Surface::Access => ("/access/v1", &ACCESS),
        Surface::CardLedger => return shops::rows(),
        Surface::Clearing => ("/operator/v1", &CLEARING),
        Surface::Device => ("/device/v1", &DEVICE),
        Surface::Operator => ("/operator/v1", &OPERATOR),
        Surface::Payments => ("/v3", &PAYMENTS),
        Surface::Terminals => ("/terminals", &TERMINALS),
    };
    let row = |(line, body): &Call| {
        let (method, path) = line.split_once(' ').unwrap_or((line, ""));
        Row { line: format!("{method} {mount}{path}"), body: (*body).to_owned(), scene: "" }
    };
    calls.iter().map(row).collect()
}

const AAPAY: [Call; 12] = [
    (
        "POST /ms/aapay/v2/transaction/$type/initialize",
        r#"{"merchantId":"$merchant","method":"SWISH_E_COM","purchaseAmount":{"currencyCode":"SEK",
        "vatAmount":1,"nominalAmount":4,"totalAmount":5},"consumer":{"consumerId":"0701234567",
        "name":"Åke"},"terminalReference":"$new"}"#,
    ),
    (
        "POST /ms/aapay/v2/transaction/$type/initializeWithIdempotency",
        r#"{"merchantId":"$merchant","method":"CARD_LEDGER","purchaseAmount":{"currencyCode":"SEK",
        "vatAmount":0,"nominalAmount":5,"totalAmount":5},"consumer":{"consumerId":"$card",
        "name":"Åke"},"ecr2Naa":{"reference":"$new"}}"#,
    ),
    (
        "POST /ms/aapay/v2/transaction/$refund/initialize",
        r#"{"merchantId":"$merchant","method":"CARD_LEDGER","purchaseAmount":{"currencyCode":"SEK",
        "vatAmount":0,"nominalAmount":5,"totalAmount":5},"consumer":{"consumerId":"$card",
        "name":"Åke"},"originalReference":"$payment"}"#,
    ),
    (
        "POST /ms/aapay/v2/transaction/$reversal/initialize",
        r#"{"merchantId":"$merchant","method":"CARD_LEDGER","purchaseAmount":{"currencyCode":"SEK",
        "vatAmount":0,"nominalAmount":50,"totalAmount":50},"consumer":{"consumerId":"$card",
        "name":"Åke"},"terminalReference":"$new","originalReference":"$reference"}"#,
    ),
    ("GET /ms/aapay/v2/transaction/$payment/status", ""),
    ("GET /ms/aapay/v2/transaction/$payment/status?method=CARD_LEDGER", ""),
    (
        "POST /ms/naa/admin/customer/v1/merchant",
        r#"{"merchantId":"$new","name":"Åkes Ägg 🥚","active":0,"createdBy":"me"}"#,
    ),
    ("GET /ms/naa/terminal/method/list/$merchant/$device", ""),
    (
        "POST /ms/map/identifier/create",
        r#"{"userId":"me","agreementLineDto":[{"lineFromType":"$psp","lineFromId":"$merchant",
        "lineToType":"$key","lineToId":"1231181189"}]}"#,
    ),
    ("DELETE /ms/map/identifier/delete/from/$psp/$merchant/to/$key?enabledDisabled=true", ""),
    (
        "POST /oauth2/token",
        "grant_type=client_credentials&client_id=$consumer&client_secret=$secret",
    ),
    ("GET /ms/naa/terminal/method/list/$merchant/$device?exclude=201&lang=sv", ""),
];

const ACCESS: [Call; 15] = [
    ("GET /onboarding/getinfo/$type", ""),
    ("GET /customer/GetCustomers", ""),
    ("GET /customer/GetCustomers?customerId=$customer", ""),
    ("GET /customer/GetRequests", ""),
    ("GET /customer/GetRequests?customerId=$customer", ""),
    ("GET /customer/GetRequests?customerId=$pending", ""),
    ("GET /onboarding/GetRequests", ""),
    ("GET /onboarding/GetRequests?customerId=$customer", ""),
    ("GET /onboarding/GetRequests?customerId=$pending", ""),
    ("POST /onboarding/CreateRequest", REQUEST),
    ("POST /onboarding/CreateRequest", REQUEST_AGAIN),
    ("GET /terminal/GetPackages?customerId=$customer", ""),
    ("GET /terminal/GetPackages?customerId=$customer&model=C10", ""),
    ("POST /terminal/CreateUpdate", UPDATE_OF_ROOT),
    ("POST /terminal/CreateUpdate", UPDATE),
];

const PAYMENTS: [Call; 17] = [
    (
        "POST /payments",
        "entityId=$entity&paymentType=DB&amount=5.00&currency=SEK&card.number=4200000000000000\
         &card.expiryMonth=05&card.expiryYear=2034&card.cvv=123",
    ),
    ("POST /payments/$payment", "entityId=$entity&paymentType=RF&amount=1.00"),
    ("POST /payments/$payment", "entityId=$entity&paymentType=RB&amount=1.00"),
    ("GET /payments/$payment?entityId=$entity", ""),
    (
        "POST /registrations",
        "entityId=$entity&card.number=4200000000000000&card.expiryMonth=05&card.expiryYear=2034",
    ),
    ("GET /registrations/$kept?entityId=$entity", ""),
    ("DELETE /registrations/$gone?entityId=$entity", ""),
    (
        "POST /registrations/$kept/payments",
        "entityId=$entity&paymentType=DB&amount=5.00&currency=SEK",
    ),
    (
        "POST /checkouts",
        "entityId=$entity&paymentType=DB&amount=5.00&currency=SEK\
         &shopperResultUrl=https://shop.example/",
    ),
    ("POST /checkouts/$checkout", "entityId=$entity&amount=8.00"),
    ("GET /checkouts/$checkout/payment?entityId=$entity", ""),
    ("GET /query?entityId=$entity&merchantTransactionId=$order", ""),
    ("GET /query/$payment?entityId=$entity&includeLinkedTransactions=true", ""),
    ("GET /resultcodes", ""),
    ("GET /threeDSecure/$challenged/challenge?challenge=$secret", ""),
    ("POST /threeDSecure/$challenged/challenge", "challenge=$secret"),
    ("POST /threeDSecure/$challenged", "challenge=$secret&outcome=approve"),
];

const UPDATE: &str =
    r#"{"customerId":$customer,"packageIds":[$package],"serialNumbers":["$serial"]}"#;
const UPDATE_OF_ROOT: &str =
    r#"{"customerId":"$root","packageIds":["$package"],"serialNumbers":["$serial"]}"#;

const REQUEST: &str = r#"{"ParentId":$customer,$application}"#;
const REQUEST_AGAIN: &str = r#"{"ParentId":"$root","CustomerId":"$rejected",$application}"#;

/// What `$application` stands for.
pub(super) const APPLICATION: &str = r#""OrganisationNo":"123456-7890",
    "Address":{"CompanyName":"Åkes Ägg 🥚","Street":"Kanalvägen 14","ZipCode":"19461",
    "City":"Väsby","Country":"Sweden","ContactName":"Åke","ContactPhone":"08-123",
    "ContactEmail":"ake@example.com"},"TransactionTypes":{"Purchase":{"Active":true}},
    "AcquiringAgreements":[{"CardBrandId":"1","AgreementNumber":"1","AcquirerId":"6"}],
    "Languages":[{"LanguageId":"1","IsDefault":true}],"MccCode":"5411",
    "CountryCodeNumeric":"752","CurrencyCode":"SEK","ReceiptMerchantName":"ÅKES",
    "TerminalidOrder":{"Quantity":"1","TerminalModelId":"9","TerminalOperatingModeId":"2"}"#;

const CLEARING: [Call; 37] = [
    ("GET /acquirer-files", ""),
    ("POST /acquirer-files", "$day"),
    ("GET /acquirer-files/$file", ""),
    ("GET /companies/$company/fees", ""),
    (
        "PUT /companies/$company/fees",
        r#"{"currencies":[{"currency":"SEK","rates":[{"kind":"purchase","basis_points":100}]}]}"#,
    ),
    ("GET /companies/$company/house-accounts", ""),
    ("GET /companies/$company/house-accounts/$house_account", ""),
    ("GET /companies/$company/house-accounts/$house_account/entries", ""),
    ("GET /companies/$company/payout-account", ""),
    ("PUT /companies/$company/payout-account", PAYOUT_ACCOUNT),
    ("GET /companies/$company/sellers/$seller/fees", ""),
    ("PUT /companies/$company/sellers/$seller/fees", r#"{"currencies":[]}"#),
    ("GET /companies/$company/sellers/$seller/payout-account", ""),
    ("PUT /companies/$company/sellers/$seller/payout-account", PAYOUT_ACCOUNT),
    ("GET /exceptions", ""),
    ("GET /exceptions/$exception", ""),
    ("POST /exceptions/$exception/notes", r#"{"text":"Frågat"}"#),
    ("POST /exceptions/$exception/take", r#"{"owner":"Åsa"}"#),
    ("POST /exceptions/$exception/resolve", r#"{"means":"accepted","note":"Åtgärdad"}"#),
    ("GET /payment-files", ""),
    (
        "POST /payment-files",
        r#"{"company_number":"$company","day":"$open_day","execution_date":"$later"}"#,
    ),
    ("GET /payment-files/$payment_file", ""),
    ("GET /psp-report-mappings", ""),
    ("GET /psp-report-mappings/$mapping", ""),
    ("PUT /psp-report-mappings/$mapping", MAPPING),
    ("POST /psp-reports?mapping=$mapping&day=2026-11-20", "$report"),
    ("GET /reconciliations", ""),
    ("POST /reconciliations", r#"{"batch":"$batch"}"#),
    ("GET /reconciliations/$reconciliation", ""),
    ("GET /reports/batches/$batch", ""),
    ("GET /reports/days/$date?company_number=$company", ""),
    ("GET /reports/merchants/$company/$seller?from=2026-11-01", ""),
    ("GET /settlements", ""),
    ("POST /settlements", r#"{"company_number":"$company","day":"2026-11-20"}"#),
    ("GET /settlements/$settlement", ""),
    ("POST /settlements/$settlement/return", r#"{"reason":"Kontot är stängt"}"#),
    ("GET /settlements/$settlement/statement", ""),
];

/// How the columns of a PSP's report are to be read.
pub(super) const MAPPING: &str = concat!(
    r#"{"psp":"swish","reference":"psp","columns":"reference = ref\namount = amt\n"#,
    r#"currency = SEK\nkind = kind\npayment-words = pay\n"}"#,
);

/// An IBAN of the standard's own examples.
const PAYOUT_ACCOUNT: &str =
    r#"{"holder":"Kiosken","iban":"SE4550000000058398257466","bic":"ESSESESS"}"#;

const DEVICE: [Call; 6] = [
    (
        "POST /activate",
        r#"{"terminal_id":"$waiting","activation_code":"$code","serial_number":"$serial",
        "model":"verifone_p400","application_version":"1.0"}"#,
    ),
    (
        "POST /call-home",
        r#"{"application_version":"1.0","packages":[{"package_id":$package,
        "status":"downloaded"}]}"#,
    ),
    ("GET /packages/$package", ""),
    ("POST /updates/$update/status", r#"{"status":"downloaded"}"#),
    (
        "POST /transactions",
        r#"{"transactions":[{"id":"$new","card_token":"$card","amount":"1.00","currency":"SEK",
        "entry_mode":"chip","accepted_at":"2026-11-20T10:00:00.000Z"}]}"#,
    ),
    (
        "POST /totals",
        r#"{"day":"2026-11-20","currency":"SEK","purchases":{"count":0,"amount":"0.00"}}"#,
    ),
];

const OPERATOR: [Call; 73] = [
    ("GET /companies", ""),
    ("POST /companies", r#"{"company_number":"$new","name":"C","currencies":["SEK"]}"#),
    ("GET /companies/$company", ""),
    ("PATCH /companies/$company", r#"{"name":"Bolaget"}"#),
    ("GET /companies/$company/sellers", ""),
    ("POST /companies/$company/sellers", r#"{"seller_number":"$new","name":"S"}"#),
    ("GET /companies/$company/sellers/$seller", ""),
    ("GET /accounts", ""),
    (
        "POST /accounts",
        r#"{"company_number":"$company","currency":"SEK","credit_limit":"1","holder":"H"}"#,
    ),
    ("GET /accounts/$account", ""),
    ("PATCH /accounts/$account", r#"{"credit_limit":"60000"}"#),
    ("GET /accounts/$account/entries", ""),
    ("GET /accounts/$account/reservations", ""),
    ("GET /accounts/$account/cards", ""),
    ("POST /accounts/$account/cards", "{}"),
    ("GET /cards/$card", ""),
    ("PATCH /cards/$card", r#"{"status":"active"}"#),
    ("GET /credentials", ""),
    ("POST /credentials", r#"{"contract":"operator","label":"L"}"#),
    ("GET /credentials/$credential", ""),
    ("DELETE /credentials/$credential", ""),
    ("GET /customers", ""),
    ("POST /customers", r#"{"parent_id":$customer,"name":"Åke 🥚","organisation_number":"1"}"#),
    ("GET /customers/$customer", ""),
    ("PATCH /customers/$customer", r#"{"name":"Öst"}"#),
    ("GET /customers/$customer/configuration", ""),
    ("PATCH /customers/$customer/configuration", r#"{"name":"Kassa"}"#),
    ("GET /onboarding-requests", ""),
    ("GET /onboarding-requests/$request", ""),
    ("POST /onboarding-requests/$request/claim", ""),
    ("POST /onboarding-requests/$request/approve", r#"{"company_number":"100"}"#),
    ("POST /onboarding-requests/$request/reject", r#"{"message":"Nej"}"#),
    ("GET /terminals", ""),
    ("GET /terminals/$terminal", ""),
    ("GET /terminals/$terminal/configuration", ""),
    ("PATCH /terminals/$terminal/configuration", r#"{"name":"Kassa"}"#),
    ("POST /terminals/$terminal/reset-activation", ""),
    ("GET /packages", ""),
    ("POST /packages", PACKAGE),
    ("GET /packages/$package", ""),
    ("GET /rollouts", ""),
    ("POST /rollouts", r#"{"customer_id":$customer,"package_id":$package}"#),
    ("GET /rollouts/$rollout", ""),
    ("GET /rollouts/$rollout/terminals", ""),
    ("POST /rollouts/$rollout/pause", ""),
    ("POST /rollouts/$paused/resume", ""),
    ("POST /rollouts/$rollout/roll-back", ""),
    ("POST /rollouts/$rollout/end", ""),
    ("GET /payments", ""),
    ("GET /payments/$payment", ""),
    ("POST /payments/$payment/capture", ""),
    ("POST /payments/$payment/settle", r#"{"note":"Åtgärdad"}"#),
    ("GET /batch-reports?customer_id=$customer", ""),
    ("GET /batch-reports/$report", ""),
    ("GET /customers/$customer/payee", ""),
    ("PATCH /customers/$customer/payee", r#"{"active":true}"#),
    ("PUT /customers/$customer/agreements/$psp", r#"{"values":{"SWISH_ID":"1234679304"}}"#),
    ("DELETE /customers/$customer/agreements/$psp", ""),
    ("GET /customers/$customer/notification-endpoints", ""),
    ("POST /customers/$customer/notification-endpoints", r#"{"url":"https://$new.example/å"}"#),
    ("GET /customers/$customer/notification-endpoints/$endpoint", ""),
    ("PATCH /customers/$customer/notification-endpoints/$endpoint", r#"{"active":true}"#),
    ("DELETE /customers/$customer/notification-endpoints/$endpoint", ""),
    ("POST /customers/$customer/notification-endpoints/$endpoint/rotate-secret", ""),
    (
        "POST /customers/$customer/notification-endpoints/$endpoint/redeliver",
        r#"{"since":"2026-11-20T00:00:00.000Z"}"#,
    ),
    ("GET /notifications", ""),
    ("GET /notifications/$notification", ""),
    ("POST /notifications/$notification/redeliver", ""),
    ("POST /simulators/$psp/next", r#"{"outcome":"approve"}"#),
    ("GET /events", ""),
    ("GET /ledger/verification", ""),
    ("GET /clock", ""),
    ("POST /clock/advance", r#"{"seconds":1}"#),
];

const PACKAGE: &str = "--frontier\r\n\
    Content-Disposition: form-data; name=\"name\"\r\n\r\nPaket Å\r\n--frontier\r\n\
    Content-Disposition: form-data; name=\"model_name\"\r\n\r\nALL\r\n--frontier\r\n\
    Content-Disposition: form-data; name=\"customer_id\"\r\n\r\n$customer\r\n--frontier\r\n\
    Content-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n$new\r\n\
    --frontier--\r\n";

const TERMINALS: [Call; 12] = [
    ("GET", ""),
    ("GET ?account_id=$account", ""),
    ("GET ?reference_id=$reference", ""),
    ("GET ?serial_number=$serial", ""),
    ("GET ?gateway_id=$gateway", ""),
    ("GET ?page=$cursor", ""),
    ("POST", ONBOARDING),
    ("GET /$terminal", ""),
    ("POST /$terminal", r#"{"reference_id":"$new"}"#),
    ("POST /$terminal/deactivate", ""),
    ("POST /$inactive/activate", ""),
    ("DELETE /$terminal", ""),
];

const ONBOARDING: &str = r#"{"account_id":"$account","serial_number":"$new",
    "model":"verifone_p400","terminal_configuration":{"name":"Kassa 1 🧾",
    "address":{"line1":"1 Way","city":"Town","region":"CA","postal_code":"94063","country":"US"},
    "timezone":"US/Pacific","currency":"USD"}}"#;

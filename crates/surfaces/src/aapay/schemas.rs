//! The schemas of this contract's bodies.

use payments::limits::{
    AMOUNT_MINOR_MAX, MERCHANT_ID_CHARS_MAX, ORDER_ITEMS_MAX, PROPERTIES_MAX, PROPERTY_CHARS_MAX,
    REFERENCE_CHARS_MAX, TEXT_CHARS_MAX,
};
use payments::{Cause, Event, Method, State};
use serde_json::{Map, Value, json};

/// All of them by name.
pub(super) fn schemas() -> Value {
    json!({
        "NewTransaction": new_transaction(),
        "Amount": amount(),
        "Consumer": consumer(),
        "Register": register(),
        "Order": order(),
        "Property": property(),
        "Frame": frame(),
        "Status": status(),
        "Error": error(),
        "Response": response(),
        "Transaction": transaction(),
        "Merchant": merchant(),
        "Receipt": receipt(),
        "Transition": transition(),
        "Parameter": parameter(),
        "ToRegister": to_register(),
        "NextLink": next_link(),
        "NewMerchant": new_merchant(),
        "Method": method(),
        "NewAgreement": new_agreement(),
        "Agreement": agreement(),
        "Token": token(),
        "TokenError": token_error()
    })
}

pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

pub(super) fn text(min: usize, max: usize) -> Value {
    json!({ "type": "string", "minLength": min, "maxLength": max })
}

fn any_text() -> Value {
    json!({ "type": "string" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn number() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0 })
}

fn minor() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": AMOUNT_MINOR_MAX })
}

fn words<const N: usize>(words: [&str; N]) -> Value {
    json!({ "type": "string", "enum": words.as_slice() })
}

fn states() -> Value {
    words(State::ALL.map(State::as_str))
}

fn account_states() -> Value {
    words(["COMMIT", "ROLLBACK"])
}

fn methods() -> Value {
    words(Method::AAPAY.map(Method::as_str))
}

fn list(items: &Value, max: usize) -> Value {
    json!({ "type": "array", "items": items, "maxItems": max })
}

/// Something, or null.
fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// An object all of whose fields are there.
fn whole<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let required = fields.each_ref().map(|(name, _)| *name).to_vec();
    let fields = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    let properties: Map<String, Value> = fields.collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn new_transaction() -> Value {
    let trigger = words(["0", "2"]);
    json!({
        "type": "object",
        "required": ["merchantId", "method", "purchaseAmount", "consumer"],
        "properties": {
            "merchantId": text(1, MERCHANT_ID_CHARS_MAX),
            "method": methods(),
            "purchaseAmount": reference("Amount"),
            "consumer": reference("Consumer"),
            "ecr2Naa": or_null(&reference("Register")),
            "batch": or_null(&number()),
            "terminalReference": or_null(&described(
                "The caller's name for it. Needed for a reversal.", text(1, REFERENCE_CHARS_MAX)
            )),
            "originalReference": or_null(&described(
                "What is given back: of a refund the transactionId, of a reversal the \
                    terminalReference of the original.",
                text(1, REFERENCE_CHARS_MAX)
            )),
            "message": or_null(&text(0, TEXT_CHARS_MAX)),
            "trigger": or_null(&described("2: the payer reads a code.", trigger)),
            "additionalProperties": or_null(&list(&reference("Property"), PROPERTIES_MAX))
        }
    })
}

fn described(description: &str, mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".to_owned(), description.into());
    }
    schema
}

fn amount() -> Value {
    let currency = "ISO 4217, with two decimals.";
    let mut amount = whole([
        ("currencyCode", described(currency, any_text())),
        ("vatAmount", minor()),
        ("nominalAmount", minor()),
        ("totalAmount", minor()),
    ]);
    if let Some(fields) = amount.as_object_mut() {
        let sum = "In hundredths. The total is the sum of the two others, and not 0.";
        fields.insert("description".to_owned(), sum.into());
    }
    amount
}

fn consumer() -> Value {
    whole([("consumerId", text(1, TEXT_CHARS_MAX)), ("name", text(1, TEXT_CHARS_MAX))])
}

fn property() -> Value {
    whole([("key", text(1, TEXT_CHARS_MAX)), ("value", text(0, PROPERTY_CHARS_MAX))])
}

fn register() -> Value {
    let free = || or_null(&text(0, TEXT_CHARS_MAX));
    json!({ "type": "object", "properties": {
        "ver": free(),
        "reference": or_null(&text(0, REFERENCE_CHARS_MAX)),
        "lang": free(),
        "autoCapture": free(),
        "order": or_null(&reference("Order"))
    } })
}

fn order() -> Value {
    let named = || or_null(&text(0, REFERENCE_CHARS_MAX));
    let free = || or_null(&text(0, TEXT_CHARS_MAX));
    let minor = || or_null(&minor());
    let item = json!({ "type": "object", "properties": {
        "itemNo": named(), "reference": named(), "name": free(), "unit": free(),
        "quantity": { "type": ["integer", "null"], "format": "int32", "minimum": 0 },
        "unitPrice": minor(), "taxAmount": minor(), "grossTotalAmount": minor(),
        "netTotalAmount": minor(),
        "taxRate": { "type": ["integer", "null"], "format": "int64", "minimum": 0 }
    } });
    json!({ "type": "object", "properties": {
        "items": or_null(&list(&item, ORDER_ITEMS_MAX)),
        "amount": minor(), "currency": free(), "reference": named()
    } })
}

fn frame() -> Value {
    whole([
        ("valid", json!({ "type": "boolean" })),
        ("error", or_null(&reference("Error"))),
        ("response", or_null(&reference("Response"))),
        ("nextLink", or_null(&reference("NextLink"))),
    ])
}

fn status() -> Value {
    whole([
        ("valid", json!({ "type": "boolean" })),
        ("error", or_null(&reference("Error"))),
        ("response", or_null(&reference("Response"))),
        ("nextLink", or_null(&reference("NextLink"))),
        ("transactionId", or_null(&number())),
        ("timeStamp", or_null(&time())),
        ("state", or_null(&states())),
        ("accountState", or_null(&account_states())),
        ("receipt", or_null(&reference("Receipt"))),
        ("payerId", or_null(&any_text())),
        ("qrTrigger", or_null(&words(["0", "1"]))),
        ("naa2Ecr", or_null(&reference("ToRegister"))),
    ])
}

fn error() -> Value {
    let fault = whole([("explanationText", any_text()), ("params", json!({ "type": "object" }))]);
    let faults = whole([("faults", json!({ "type": "array", "items": fault }))]);
    whole([("componsiteFault", faults), ("message", any_text())])
}

fn response() -> Value {
    let code = json!({ "type": "integer", "format": "int32", "enum": [0, 1, -1, -2, -3] });
    let request = whole([
        ("transaction", reference("Transaction")),
        ("channel", words(Cause::ALL.map(Cause::as_str))),
        ("additionalProperties", list(&reference("Property"), PROPERTIES_MAX)),
        ("ecr2Naa", or_null(&reference("Register"))),
    ]);
    whole([
        ("responseCode", code.clone()),
        ("extendedResponseCode", code),
        ("request", request),
        ("naa2Ecr", reference("ToRegister")),
    ])
}

fn transaction() -> Value {
    let all = |schema: &str| json!({ "type": "array", "items": reference(schema) });
    let text = || or_null(&any_text());
    whole([
        ("transactionId", number()),
        ("terminalReference", text()),
        ("referenceId", text()),
        ("agreementNumber", text()),
        ("batch", or_null(&number())),
        ("timeStampOrigin", time()),
        ("timeStamp", time()),
        ("amount", reference("Amount")),
        ("method", methods()),
        ("accountState", account_states()),
        ("cancel", json!({ "type": "boolean" })),
        ("message", text()),
        ("state", states()),
        ("origin", any_text()),
        ("merchant", reference("Merchant")),
        ("consumer", reference("Consumer")),
        ("receipt", or_null(&reference("Receipt"))),
        ("transitions", all("Transition")),
        ("parameters", all("Parameter")),
        ("order", or_null(&reference("Order"))),
        ("trigger", words(["0", "2"])),
        ("transientConsumerId", text()),
    ])
}

fn merchant() -> Value {
    let text = || or_null(&any_text());
    let active = json!({ "type": "integer", "format": "int32", "enum": [0, 1] });
    whole([
        ("merchantId", any_text()),
        ("name", text()),
        ("orgNumber", text()),
        ("vatNumber", text()),
        ("active", described("0 is active, 1 is not.", active)),
        ("countryCode", text()),
        ("merchantCatCode", text()),
        ("merchantCity", text()),
    ])
}

fn receipt() -> Value {
    whole([
        ("receiptId", number()),
        ("timeStamp", time()),
        ("receiptData", json!({ "type": "array", "items": any_text() })),
        ("receiptClass", any_text()),
    ])
}

fn transition() -> Value {
    whole([
        ("timeStamp", time()),
        ("from", or_null(&states())),
        ("to", states()),
        ("event", words(Event::ALL.map(Event::as_str))),
    ])
}

fn parameter() -> Value {
    whole([("parameterId", number()), ("key", any_text()), ("value", any_text())])
}

fn to_register() -> Value {
    let text = || or_null(&any_text());
    whole([
        ("schemeId", any_text()),
        ("ppref", any_text()),
        ("payerId", text()),
        ("additionalInfo", text()),
        ("loyaltyIds", json!({ "type": "array", "items": any_text() })),
    ])
}

fn next_link() -> Value {
    whole([
        ("type", any_text()),
        ("rel", any_text()),
        ("uri", json!({ "type": "string", "format": "uri" })),
        ("uriBuilder", json!({ "type": ["object", "null"] })),
        ("rels", json!({ "type": "array", "items": any_text() })),
        ("params", json!({ "type": "object" })),
        ("title", any_text()),
    ])
}

fn new_merchant() -> Value {
    let active = json!({ "type": "integer", "format": "int32", "enum": [0, 1] });
    json!({
        "type": "object",
        "required": ["merchantId", "name", "active", "createdBy"],
        "properties": {
            "merchantId": described(
                "Letters, digits, '-' and '_'; later calls name it with its prefix in front.",
                text(1, MERCHANT_ID_CHARS_MAX)
            ),
            "prefix": or_null(&text(0, MERCHANT_ID_CHARS_MAX)),
            "name": text(1, 100),
            "active": described("0 is active, 1 is not.", active),
            "createdBy": text(1, TEXT_CHARS_MAX),
            "orgNumber": or_null(&text(0, 11)),
            "vatNumber": or_null(&text(0, TEXT_CHARS_MAX)),
            "merchantCategoryCode": or_null(&described(
                "Four digits (ISO 18245); 5999 where it is not given.", any_text()
            )),
            "merchantCity": or_null(&text(0, TEXT_CHARS_MAX)),
            "countryCode": or_null(&described("Two capital letters (ISO 3166).", any_text()))
        }
    })
}

fn method() -> Value {
    let need = whole([
        ("fiTxnTypes", words(["PAYMENT", "REFUND", "REVERSAL"])),
        ("req", words(["NOT_REQUIRED", "REQUIRED"])),
    ]);
    whole([
        ("priority", number()),
        ("merchRcptReq", json!({ "type": "array", "items": need })),
        ("paymentProviderId", number()),
        ("name", any_text()),
        ("meanDelay", described("Seconds that a payer usually takes.", number())),
        ("schemeId", any_text()),
        ("method", methods()),
    ])
}

/// What is to be kept.
fn new_agreement() -> Value {
    let value = described("The value. It is not shown again.", json!({ "type": "string" }));
    let [psp, merchant, key] = agreement_fields();
    let line = whole([psp, merchant, key, ("lineToId", value)]);
    whole([("userId", any_text()), ("agreementLineDto", list(&line, 50))])
}

/// What is kept, without the values.
fn agreement() -> Value {
    whole([("agreementLineDto", list(&whole(agreement_fields()), 50))])
}

fn agreement_fields() -> [(&'static str, Value); 3] {
    [
        ("lineFromType", described("The name of a PSP.", any_text())),
        ("lineFromId", described("The merchantId.", text(1, MERCHANT_ID_CHARS_MAX))),
        ("lineToType", described("A key of the agreement, such as SWISH_ID.", any_text())),
    ]
}

fn token() -> Value {
    whole([
        ("access_token", any_text()),
        ("token_type", words(["Bearer"])),
        ("expires_in", described("Seconds.", number())),
    ])
}

fn token_error() -> Value {
    whole([("error", any_text()), ("error_description", any_text())])
}

//! The documentation of the contract. It has `webhooks`, which the types of other documents lack,
//! so it is plain JSON.

use payments::PaymentType;
use serde_json::{Map, Value, json};

use super::parameters::{Operation, form_schema};

/// The contract in `OpenAPI` 3.1.
pub fn openapi() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Payments",
            "version": "3",
            "description": "Payments from a merchant's server or over a hosted page, cards that \
                are kept, checkouts and reports. Requests are forms; every answer is a frame whose \
                scalars are all texts, and its result code says what it has come to. A payment \
                that is declined is 400 with the whole frame. More fields and codes may come."
        },
        "paths": paths(),
        "webhooks": webhooks(),
        "components": { "schemas": schemas(), "securitySchemes": {
            "token": {
                "type": "http", "scheme": "bearer",
                "description": "A token for one merchant, or for many: then entityId is required."
            }
        } }
    })
}

fn paths() -> Value {
    json!({
        "/v3/payments": post("createPayment", "Make a payment (PA, DB) or give money (CD)",
            "payments", &[], Some(Operation::Payment), "Payment"),
        "/v3/payments/{id}": both(
            post("followUp", "Capture (CP), refund (RF), reverse (RV), repeat (RB) or credit (CD)",
                "payments", &[id()], Some(Operation::FollowUp), "Payment"),
            get("showPayment", "See how a payment stands", "payments", &[id()], "Payment"),
        ),
        "/v3/registrations": post("keepCard", "Keep a card", "registrations", &[],
            Some(Operation::Registration), "Registration"),
        "/v3/registrations/{id}": both(
            get("showCard", "See a card that is kept", "registrations", &[id()], "Registration"),
            asked("delete", operation("forgetCard", "Forget a card", "registrations",
                &[id(), entity()]), "Registration"),
        ),
        "/v3/registrations/{id}/payments": post("payWithCard", "Pay with a card that is kept",
            "registrations", &[id()], Some(Operation::TokenPayment), "Payment"),
        "/v3/checkouts": post("prepareCheckout", "Prepare a checkout", "checkouts", &[],
            Some(Operation::Checkout), "Checkout"),
        "/v3/checkouts/{id}": post("changeCheckout",
            "Change what a checkout is for, while nothing was tried", "checkouts", &[id()],
            Some(Operation::CheckoutUpdate), "Checkout"),
        "/v3/checkouts/{id}/payment": get("showCheckout", "See what a checkout has come to",
            "checkouts", &[id()], "Payment"),
        "/v3/query": get("reportByName", "Report payments by the merchant's own name",
            "reports", &report(&[name()]), "Report"),
        "/v3/query/{id}": get("reportById", "Report a payment, and what followed from it",
            "reports", &report(&[id()]), "Report"),
        "/v3/resultcodes": result_codes(),
        "/v3/threeDSecure/{id}": three_d_secure(),
        "/v3/threeDSecure/{id}/challenge": both(challenge("get"), challenge("post")),
    })
}

fn both(one: Value, other: Value) -> Value {
    let mut all = Map::new();
    all.extend([one, other].into_iter().filter_map(|it| it.as_object().cloned()).flatten());
    Value::Object(all)
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn content(schema: &str) -> Value {
    json!({ "application/json": { "schema": reference(schema) } })
}

fn operation(name: &str, summary: &str, tag: &str, parameters: &[Value]) -> Map<String, Value> {
    let operation = json!({
        "operationId": name, "summary": summary, "tags": [tag],
        "security": [{ "token": [] }], "parameters": parameters
    });
    operation.as_object().cloned().unwrap_or_default()
}

fn asked(method: &str, mut operation: Map<String, Value>, schema: &str) -> Value {
    operation.insert("responses".to_owned(), responses(schema));
    json!({ method: operation })
}

fn get(name: &str, summary: &str, tag: &str, parameters: &[Value], schema: &str) -> Value {
    let mut parameters = parameters.to_vec();
    parameters.push(entity());
    asked("get", operation(name, summary, tag, &parameters), schema)
}

fn post(
    name: &str,
    summary: &str,
    tag: &str,
    parameters: &[Value],
    form: Option<Operation>,
    schema: &str,
) -> Value {
    let mut parameters = parameters.to_vec();
    parameters.push(json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        "description": "The same key with the same request gets the first answer again, with \
            Idempotent-Replayed: true; with another request, 422."
    }));
    let mut operation = operation(name, summary, tag, &parameters);
    if let Some(form) = form {
        let schema = form_schema(form);
        let media = json!({ "application/x-www-form-urlencoded": { "schema": schema } });
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": media }));
    }
    operation.insert("responses".to_owned(), responses(schema));
    if let Some(all) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        let response = |told: &str| json!({ "description": told, "content": content("Result") });
        for (status, told) in [
            ("409", "Somebody else did something to the same payment; look and ask again"),
            ("413", "The body is too large"),
            ("415", "The body is not a form in UTF-8"),
            ("422", "The Idempotency-Key stands for another request"),
        ] {
            all.insert(status.to_owned(), response(told));
        }
    }
    json!({ "post": operation })
}

fn responses(schema: &str) -> Value {
    let mut all = Map::new();
    let declined = json!({ "anyOf": [reference(schema), reference("Result")] });
    let declined = json!({ "application/json": { "schema": declined } });
    all.insert(
        "400".to_owned(),
        json!({
            "description": "Declined, with the whole frame; or refused, with every bad parameter",
            "content": declined
        }),
    );
    all.insert(
        "200".to_owned(),
        json!({
            "description": "Done, or open: the result code tells", "content": content(schema)
        }),
    );
    for (status, told) in [
        ("401", "The Authorization header is missing or malformed"),
        ("403", "The token is unknown, or the entity is not one of its own"),
        ("404", "Nobody has this id"),
        ("500", "A bug of the server's"),
        ("503", "Not now, with Retry-After"),
    ] {
        let response = json!({ "description": told, "content": content("Result") });
        all.insert(status.to_owned(), response);
    }
    Value::Object(all)
}

fn hex() -> Value {
    json!({ "type": "string", "pattern": "^[a-f0-9]{32}$" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn id() -> Value {
    json!({ "name": "id", "in": "path", "required": true, "schema": hex() })
}

fn in_query(name: &str, schema: &Value, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "schema": schema,
        "description": description
    })
}

fn entity() -> Value {
    in_query("entityId", &hex(), "The merchant; may be left out where the token is for one.")
}

fn name() -> Value {
    json!({
        "name": "merchantTransactionId", "in": "query", "required": true,
        "schema": { "type": "string", "minLength": 8, "maxLength": 255 }
    })
}

/// What is wanted of a report.
fn report(first: &[Value]) -> Vec<Value> {
    let flag = json!({ "type": "string", "enum": ["true", "false"] });
    let time = json!({ "type": "string", "examples": ["2026-11-30 08:00:00"] });
    let linked = "Whether what followed from the payments is reported too.";
    let mut all = first.to_vec();
    all.extend([
        in_query("includeLinkedTransactions", &flag, linked),
        in_query("paymentTypes", &text(), "Only these, with commas between them: PA,CP."),
        in_query("paymentMethods", &text(), "CC: cards; VA: everything else."),
        in_query("date.from", &time, "Not before, in UTC."),
        in_query("date.to", &time, "Not after, in UTC."),
    ]);
    all
}

fn result_codes() -> Value {
    json!({ "get": {
        "operationId": "resultCodes", "summary": "List all result codes", "tags": ["reports"],
        "security": [{}],
        "responses": { "200": {
            "description": "All codes, in the order of their numbers",
            "content": content("ResultCodes")
        } }
    } })
}

/// What the stand-in of an issuer's page submits.
fn three_d_secure() -> Value {
    let outcomes = json!({ "type": "string", "enum": ["approve", "reject", "cancel"] });
    let form = json!({
        "type": "object", "required": ["challenge", "outcome"],
        "properties": { "challenge": text(), "outcome": outcomes }
    });
    let refused = |told: &str| json!({ "description": told, "content": content("Result") });
    json!({ "post": {
        "operationId": "answerChallenge", "tags": ["payments"],
        "summary": "Come back from the stand-in of an issuer's page (test mode only)",
        "description": "The payer's browser submits it. What it carries in place of a token came \
            as redirect.parameters.",
        "security": [{}], "parameters": [id()],
        "requestBody": { "required": true,
            "content": { "application/x-www-form-urlencoded": { "schema": form } } },
        "responses": {
            "303": { "description": "To shopperResultUrl?id=&resourcePath=, or to the checkout" },
            "400": refused("There is no such outcome"),
            "404": refused("There is no such challenge"),
            "413": refused("The body is too large"),
            "415": refused("The body is not a form in UTF-8"),
            "503": refused("Not now, with Retry-After")
        }
    } })
}

/// The stand-in of an issuer's page itself.
fn challenge(method: &str) -> Value {
    let refused = |told: &str| json!({ "description": told, "content": content("Result") });
    let mut operation = json!({
        "operationId": format!("{method}Challenge"), "tags": ["payments"],
        "summary": "See the stand-in of an issuer's page (test mode only)",
        "security": [{}], "parameters": [id()],
        "responses": {
            "200": { "description": "The page", "content": { "text/html": { "schema": text() } } },
            "303": { "description": "There is nothing to prove any more: to shopperResultUrl" },
            "404": refused("There is no such challenge"),
            "413": refused("The body is too large"),
            "415": refused("The body is not a form in UTF-8"),
            "503": refused("Not now, with Retry-After")
        }
    });
    let form = json!({
        "type": "object", "required": ["challenge"], "properties": { "challenge": text() }
    });
    let media = json!({ "application/x-www-form-urlencoded": { "schema": form } });
    let secret = json!({ "name": "challenge", "in": "query", "required": true, "schema": text() });
    if let Some(operation) = operation.as_object_mut() {
        if method == "post" {
            let body = json!({ "required": true, "content": media });
            operation.insert("requestBody".to_owned(), body);
        } else {
            operation.insert("parameters".to_owned(), json!([id(), secret]));
        }
    }
    json!({ method: operation })
}

fn webhooks() -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "schema": text(),
            "description": description
        })
    };
    json!({ "paymentChanged": { "post": {
        "operationId": "paymentChanged", "tags": ["notifications"],
        "summary": "A payment has come to something later than in its first answer",
        "description": "The body is what the inquiry answers at that moment. Any 2xx takes it; \
            everything else is tried again.",
        "parameters": [
            header("webhook-id", "The same whenever this notification is sent again."),
            header("webhook-timestamp", "When it was sent, in seconds of the Unix epoch."),
            header("webhook-signature", "v1 and the HMAC-SHA-256 of id.timestamp.body, in Base64; \
                one for each secret that is good, with spaces between them (Standard Webhooks).")
        ],
        "requestBody": { "required": true, "content": content("Payment") },
        "responses": { "2XX": { "description": "Taken" } }
    } } })
}

/// An object of texts with these names beside the frame's tail.
fn frame(own: &[(&str, Value)]) -> Value {
    let mut fields = Map::new();
    for (name, schema) in own {
        fields.insert((*name).to_owned(), schema.clone());
    }
    fields.insert("result".to_owned(), reference("ResultTold"));
    for name in ["buildNumber", "timestamp", "ndc"] {
        fields.insert(name.to_owned(), text());
    }
    json!({
        "type": "object", "properties": fields,
        "required": ["result", "buildNumber", "timestamp", "ndc"]
    })
}

fn schemas() -> Value {
    json!({
        "Payment": payment(),
        "Registration": frame(&[
            ("id", hex()), ("paymentBrand", text()), ("card", reference("Card")),
        ]),
        "Checkout": frame(&[
            ("id", hex()),
            ("redirect", reference("Redirect")),
            ("integrity", text()),
        ]),
        "Report": frame(&[("payments", json!({ "type": "array", "items": reference("Payment") }))]),
        "Result": frame(&[]),
        "ResultTold": { "type": "object", "required": ["code", "description"], "properties": {
            "code": { "type": "string", "pattern": "^[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}$" },
            "description": text(),
            "parameterErrors": { "type": "array", "items": {
                "type": "object", "required": ["name", "message"],
                "properties": { "name": text(), "value": text(), "message": text() }
            } }
        } },
        "Card": { "type": "object", "properties": {
            "bin": text(), "last4Digits": text(), "holder": text(), "expiryMonth": text(),
            "expiryYear": text()
        } },
        "Redirect": { "type": "object", "required": ["url", "method"], "properties": {
            "url": { "type": "string", "format": "uri" },
            "method": { "type": "string", "enum": ["GET", "POST"] },
            "parameters": { "type": "array", "items": {
                "type": "object", "properties": { "name": text(), "value": text() }
            } }
        } },
        "ResultCodes": { "type": "object", "required": ["resultCodes"], "properties": {
            "resultCodes": { "type": "array", "items": {
                "type": "object", "required": ["code", "description"],
                "properties": { "code": text(), "description": text() }
            } }
        } }
    })
}

fn payment() -> Value {
    let words = PaymentType::ALL.map(PaymentType::as_str);
    let map = json!({ "type": "object", "additionalProperties": text() });
    let shown = json!({ "type": "object", "description": "As it was sent." });
    let mut schema = frame(&[
        ("id", hex()),
        ("referencedId", hex()),
        ("registrationId", hex()),
        ("paymentType", json!({ "type": "string", "enum": words })),
        ("paymentBrand", text()),
        ("amount", text()),
        ("currency", text()),
        ("merchantTransactionId", text()),
        ("descriptor", text()),
        ("resultDetails", map.clone()),
        ("card", reference("Card")),
        ("redirect", reference("Redirect")),
        ("threeDSecure", map.clone()),
        ("customParameters", map),
        ("customer", shown.clone()),
        ("billing", shown.clone()),
        ("shipping", shown.clone()),
        ("cart", shown),
    ]);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("additionalProperties".to_owned(), json!(true));
    }
    schema
}

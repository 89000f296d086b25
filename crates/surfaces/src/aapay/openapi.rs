//! The documentation of the contract and of the services beside it.

use payments::{Method, PaymentKind};
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::schemas::{reference, schemas, text};

/// The contract in `OpenAPI` 3.1.
pub fn openapi() -> OpenApi {
    // What is written below is a document; a test reads it.
    serde_json::from_value(document()).unwrap_or_default()
}

/// The same as JSON.
pub(super) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Alternative payments",
            "version": "2.0",
            "description": "Begin payments, refunds and reversals over alternative payment \
                methods, and see how they stand. Every answer is a frame whose keys are all there; \
                what has nothing to say is null. Unknown fields of requests are passed over. The \
                services beside it add merchants, keep what they have agreed with PSPs, and list \
                their methods. A consumer shows its key and secret as Base64 in a Bearer header, \
                or a token that it got for them."
        },
        "paths": paths(),
        "components": { "schemas": schemas(), "securitySchemes": {
            "consumer": {
                "type": "http", "scheme": "bearer",
                "description": "Base64 of the key, a colon and the secret; or a token."
            },
            "client": { "type": "http", "scheme": "basic" }
        } }
    })
}

fn paths() -> Value {
    let transaction = "/ms/aapay/v2/transaction";
    let mut paths = Map::new();
    for (path, item) in [
        (format!("{transaction}/{{type}}/initialize"), initialize()),
        (format!("{transaction}/{{type}}/initializeWithIdempotency"), keyed()),
        (format!("{transaction}/{{id}}/status"), status()),
        ("/ms/naa/admin/customer/v1/merchant".to_owned(), merchant()),
        ("/ms/naa/terminal/method/list/{merchantId}/{terminalId}".to_owned(), methods()),
        ("/ms/map/identifier/create".to_owned(), create()),
        ("/ms/map/identifier/delete/from/{fromType}/{fromId}/to/{toType}".to_owned(), remove()),
        ("/oauth2/token".to_owned(), token()),
    ] {
        paths.insert(path, item);
    }
    Value::Object(paths)
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn in_path(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

fn in_query(name: &str, schema: &Value, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "schema": schema,
        "description": description
    })
}

fn body(schema: &str) -> Value {
    json!({ "required": true, "content": content(&reference(schema)) })
}

fn frame(description: &str) -> Value {
    json!({ "description": description, "content": content(&reference("Frame")) })
}

/// The answers that are the operation's own, and those that every operation has.
fn responses(own: Vec<(&str, Value)>) -> Value {
    let mut all = Map::new();
    for (status, description) in [
        ("400", "The request is not valid; each fault is listed"),
        ("401", "Not allowed: the credentials, or a merchantId outside what they may act for"),
        ("404", "Not found"),
        ("413", "The body is too large"),
        ("415", "The media type is not application/json"),
        ("500", "A bug of the server's"),
        ("503", "Not now, with Retry-After"),
    ] {
        all.insert(status.to_owned(), frame(description));
    }
    for (status, response) in own {
        all.insert(status.to_owned(), response);
    }
    Value::Object(all)
}

fn operation(name: &str, summary: &str, tag: &str, parameters: &[Value]) -> Map<String, Value> {
    let operation = json!({
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "security": [{ "consumer": [] }],
        "parameters": parameters
    });
    operation.as_object().cloned().unwrap_or_default()
}

fn item(method: &str, mut operation: Map<String, Value>, own: Vec<(&str, Value)>) -> Value {
    operation.insert("responses".to_owned(), responses(own));
    let mut item = Map::new();
    item.insert(method.to_owned(), Value::Object(operation));
    Value::Object(item)
}

fn kind() -> Value {
    let words: Vec<&str> = PaymentKind::AAPAY.into_iter().map(PaymentKind::as_str).collect();
    in_path("type", &json!({ "type": "string", "enum": words }))
}

fn initialized() -> Vec<(&'static str, Value)> {
    vec![
        ("201", frame("Created and over already: valid is false and error says why")),
        ("202", frame("Created")),
    ]
}

fn initialize() -> Value {
    let summary = "Begin a payment, a refund or a reversal";
    let mut operation = operation("initialize", summary, "transactions", &[kind()]);
    operation.insert("requestBody".to_owned(), body("NewTransaction"));
    item("post", operation, initialized())
}

fn keyed() -> Value {
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$" },
        "description": "The same key with the same request gets the first answer again, with \
            Idempotent-Replayed: true; with another request, 400. Without it, terminalReference \
            and ecr2Naa.reference stand for it, of which one must be there."
    });
    let summary = "Begin a payment, a refund or a reversal that may be sent again";
    let parameters = [kind(), key];
    let mut operation =
        operation("initializeWithIdempotency", summary, "transactions", &parameters);
    operation.insert("requestBody".to_owned(), body("NewTransaction"));
    item("post", operation, initialized())
}

fn status() -> Value {
    let words: Vec<&str> = Method::AAPAY.into_iter().map(Method::as_str).collect();
    let id = in_path("id", &json!({ "type": "integer", "format": "int64", "minimum": 1 }));
    let method = json!({ "type": "string", "enum": words });
    let method = in_query("method", &method, "Another method than the transaction's: 404.");
    let operation =
        operation("status", "See how a transaction stands", "transactions", &[id, method]);
    let shown = json!({ "description": "As it is now", "content": content(&reference("Status")) });
    item("get", operation, vec![("200", shown)])
}

fn merchant() -> Value {
    let mut operation = operation("createMerchant", "Add a merchant", "administration", &[]);
    operation.insert("requestBody".to_owned(), body("NewMerchant"));
    let id = json!({
        "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } }
    });
    let added = json!({ "description": "Added", "content": content(&id) });
    item("post", operation, vec![("201", added)])
}

fn methods() -> Value {
    let exclude = "Scheme ids with commas between them, which are left out.";
    let parameters = [
        in_path("merchantId", &text(1, 255)),
        in_path("terminalId", &json!({ "type": "string" })),
        in_query("exclude", &json!({ "type": "string" }), exclude),
        in_query("caller", &json!({ "type": "string" }), "Not used."),
        in_query("lang", &json!({ "type": "string" }), "Not used: names are brands."),
    ];
    let summary = "List the methods of a merchant's terminals";
    let operation = operation("listMethods", summary, "terminals", &parameters);
    let list = json!({ "type": "array", "items": reference("Method") });
    let list = json!({ "description": "The methods", "content": content(&list) });
    item("get", operation, vec![("200", list)])
}

fn create() -> Value {
    let summary = "Keep values of agreements with PSPs";
    let mut operation = operation("createIdentifiers", summary, "lookup", &[]);
    operation.insert("requestBody".to_owned(), body("NewAgreement"));
    let kept = json!({
        "description": "Kept; values are not shown", "content": content(&reference("Agreement"))
    });
    item("post", operation, vec![("201", kept)])
}

fn remove() -> Value {
    let flag = json!({ "type": "boolean" });
    let hard = "true: the value is gone. Otherwise it is marked for deletion.";
    let switch = "true: the value is in force again; false: it is not, until it is switched on.";
    let parameters = [
        in_path("fromType", &json!({ "type": "string" })),
        in_path("fromId", &text(1, 255)),
        in_path("toType", &json!({ "type": "string" })),
        in_query("userId", &json!({ "type": "string" }), "Who asks."),
        in_query("hardDelete", &flag, hard),
        in_query("enabledDisabled", &flag, switch),
    ];
    let summary = "Delete a value of an agreement, or switch it off or on";
    let operation = operation("deleteIdentifier", summary, "lookup", &parameters);
    let own = vec![
        ("204", json!({ "description": "Done" })),
        ("409", frame("It is marked for deletion already")),
    ];
    item("delete", operation, own)
}

fn token() -> Value {
    let form = json!({ "application/x-www-form-urlencoded": { "schema": {
        "type": "object", "required": ["grant_type"], "properties": {
            "grant_type": { "type": "string", "enum": ["client_credentials"] },
            "client_id": { "type": "string" },
            "client_secret": { "type": "string" }
        }
    } } });
    let error = |description: &str| {
        let schema = reference("TokenError");
        json!({ "description": description, "content": content(&schema) })
    };
    json!({ "post": {
        "operationId": "token",
        "summary": "Get a token for a consumer's key and secret",
        "tags": ["tokens"],
        "security": [{ "client": [] }, {}],
        "requestBody": { "required": true, "content": form },
        "responses": {
            "200": { "description": "A token", "content": content(&reference("Token")) },
            "400": error("invalid_request or unsupported_grant_type"),
            "401": error("invalid_client"),
            "413": error("invalid_request")
        }
    } })
}

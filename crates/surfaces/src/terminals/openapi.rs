//! The documentation of the contract. The schema of a configuration is made of the table of
//! settings, and so never says anything else than what is checked.

use estate::limits::{ID_CHARS_MAX, SERIAL_CHARS_MAX};
use estate::reference::ONBOARDED_MODELS;
use estate::settings::{Form, SETTINGS, Setting};
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

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
            "title": "Terminals",
            "version": "3.0",
            "description": "Onboard point-of-sale terminals, configure them, and end them. A \
                terminal's settings are its own, or else those of its account and of the customers \
                above it, or else defaults: answers show what the terminal uses. Every answer has \
                an X-Correlation-Id. POST and DELETE take a Unique-Key, under which a request may \
                be repeated without a second effect."
        },
        "paths": {
            "/terminals": {
                "get": list(),
                "post": operation(
                    "onboardTerminal", "Onboard a terminal", "201", Some("NewTerminal")
                )
            },
            "/terminals/{id}": {
                "parameters": [id()],
                "get": operation("getTerminal", "Show a terminal", "200", None),
                "post": operation(
                    "updateTerminal", "Change a terminal", "200", Some("TerminalChange")
                ),
                "delete": operation("deleteTerminal", "Delete a terminal, for good", "200", None)
            },
            "/terminals/{id}/deactivate": {
                "parameters": [id()],
                "post": operation("deactivateTerminal", "Make a terminal inactive", "200", None)
            },
            "/terminals/{id}/activate": {
                "parameters": [id()],
                "post": operation("activateTerminal", "Make a terminal active again", "200", None)
            }
        },
        "components": { "schemas": schemas(), "securitySchemes": {
            "appId": { "type": "apiKey", "in": "header", "name": "App-Id" },
            "appToken": { "type": "apiKey", "in": "header", "name": "App-Token" }
        } }
    })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn content(schema: &str) -> Value {
    json!({ "application/json": { "schema": reference(schema) } })
}

fn id() -> Value {
    let schema = text(ID_CHARS_MAX);
    json!({ "name": "id", "in": "path", "required": true, "schema": schema })
}

fn header(name: &str, required: bool, schema: &Value) -> Value {
    json!({ "name": name, "in": "header", "required": required, "schema": schema })
}

fn text(chars_max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": chars_max })
}

fn responses(status: &str, schema: &str) -> Value {
    let mut all = Map::new();
    all.insert(
        status.to_owned(),
        json!({ "description": "As it is now", "content": content(schema) }),
    );
    for (status, description) in [
        ("400", "INVALID_PARAMS, ACCOUNT_CANNOT_CREATE_TERMINALS"),
        ("403", "NOT_AUTHORIZED"),
        ("404", "RESOURCE_NOT_FOUND"),
        ("413", "INVALID_PARAMS"),
        ("429", "THROTTLE_EXCEEDED, with Retry-After"),
        ("500", "UNEXPECTED_ERROR"),
        ("503", "UNEXPECTED_ERROR, with Retry-After"),
    ] {
        let error = json!({ "description": description, "content": content("Error") });
        all.insert(status.to_owned(), error);
    }
    Value::Object(all)
}

fn operation(name: &str, summary: &str, status: &str, body: Option<&str>) -> Value {
    let mut parameters =
        vec![header("Api-Version", true, &json!({ "type": "string", "enum": ["3.0"] }))];
    if !name.starts_with("get") {
        parameters.push(header("Unique-Key", false, &text(ID_CHARS_MAX)));
    }
    let mut operation = json!({
        "operationId": name,
        "summary": summary,
        "tags": ["terminals"],
        "security": [{ "appId": [], "appToken": [] }],
        "parameters": parameters,
        "responses": responses(status, "Terminal")
    });
    if let (Some(body), Some(fields)) = (body, operation.as_object_mut()) {
        let body = json!({ "required": true, "content": content(body) });
        fields.insert("requestBody".to_owned(), body);
    }
    operation
}

fn query(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "schema": schema })
}

fn list() -> Value {
    let seconds = || json!({ "type": "integer", "format": "int64", "minimum": 0 });
    let status = json!({
        "type": "array",
        "items": { "type": "string", "enum": ["active", "inactive", "deleted"] },
        "default": ["active", "inactive"]
    });
    let size = json!({ "type": "integer", "minimum": 1, "maximum": 50, "default": 10 });
    let page = json!({
        "name": "page", "in": "query", "required": false, "schema": { "type": "string" },
        "description": "What next or previous of a list has named, and no other parameter."
    });
    json!({
        "operationId": "listTerminals",
        "summary": "List terminals, newest first",
        "tags": ["terminals"],
        "security": [{ "appId": [], "appToken": [] }],
        "parameters": [
            header("Api-Version", true, &json!({ "type": "string", "enum": ["3.0"] })),
            page,
            query("page_size", &size),
            query("create_time_start", &seconds()),
            query("create_time_end", &seconds()),
            query("account_id", &text(ID_CHARS_MAX)),
            query("reference_id", &text(ID_CHARS_MAX)),
            query("model", &json!({ "type": "string", "enum": ONBOARDED_MODELS })),
            query("serial_number", &serial()),
            query("status", &status),
            query("gateway_id", &text(ID_CHARS_MAX))
        ],
        "responses": responses("200", "TerminalList")
    })
}

fn serial() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": SERIAL_CHARS_MAX,
        "pattern": "^[a-zA-Z0-9-]+$"
    })
}

fn schemas() -> Value {
    json!({
        "NewTerminal": {
            "type": "object",
            "required": ["account_id", "serial_number", "model", "terminal_configuration"],
            "properties": {
                "account_id": text(ID_CHARS_MAX),
                "serial_number": serial(),
                "model": { "type": "string", "enum": ONBOARDED_MODELS },
                "reference_id": nullable(text(ID_CHARS_MAX)),
                "terminal_configuration": { "allOf": [
                    reference("TerminalConfiguration"),
                    {
                        "type": "object",
                        "required": ["name", "address", "timezone", "currency"]
                    }
                ] }
            }
        },
        "TerminalChange": {
            "type": "object",
            "description": "Merged into what there is: null takes a setting away, and lists are \
                replaced whole.",
            "properties": {
                "reference_id": nullable(text(ID_CHARS_MAX)),
                "terminal_configuration": reference("TerminalConfiguration")
            }
        },
        "TerminalConfiguration": configuration(),
        "Terminal": terminal(),
        "TerminalList": {
            "type": "object",
            "required": ["next", "previous", "results", "api_version"],
            "properties": {
                "next": { "type": ["string", "null"] },
                "previous": { "type": ["string", "null"] },
                "results": { "type": "array", "items": reference("Terminal") },
                "api_version": { "type": "string", "enum": ["3.0"] }
            }
        },
        "Error": error()
    })
}

fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    schema
}

fn terminal() -> Value {
    let owner = json!({
        "type": ["object", "null"],
        "properties": {
            "id": { "type": "string" }, "path": { "type": "string" },
            "resource": { "type": "string", "enum": ["accounts"] }
        }
    });
    json!({
        "type": "object",
        "required": [
            "id", "resource", "path", "owner", "api_version", "status", "serial_number", "model",
            "reference_id", "last_call_home", "terminal_application_version",
            "terminal_configuration", "gateway_id"
        ],
        "properties": {
            "id": { "type": "string" },
            "resource": { "type": "string", "enum": ["terminals"] },
            "path": { "type": "string" },
            "owner": owner,
            "api_version": { "type": "string", "enum": ["3.0"] },
            "status": { "type": "string", "enum": ["active", "inactive", "deleted"] },
            "serial_number": { "type": "string" },
            "model": { "type": "string" },
            "reference_id": { "type": ["string", "null"] },
            "last_call_home": { "type": ["integer", "null"], "format": "int64", "minimum": 0 },
            "terminal_application_version": { "type": ["string", "null"] },
            "terminal_configuration": reference("TerminalConfiguration"),
            "gateway_id": { "type": "string" }
        }
    })
}

fn error() -> Value {
    let detail = json!({
        "type": "object",
        "required": ["message", "reason_code", "target", "target_type"],
        "properties": {
            "message": { "type": "string" },
            "reason_code": { "type": "string" },
            "target": { "type": "array", "items": { "type": "string" } },
            "target_type": { "type": "string", "enum": [
                "HTTP_REQUEST_BODY", "HTTP_REQUEST_PATH", "HTTP_REQUEST_QUERY_STRING",
                "HTTP_REQUEST_HEADER"
            ] }
        }
    });
    json!({
        "type": "object",
        "required": ["error_code", "error_message", "details"],
        "properties": {
            "error_code": { "type": "string" },
            "error_message": { "type": "string" },
            "details": { "type": "array", "items": detail }
        }
    })
}

/// The schema of a configuration.
fn configuration() -> Value {
    let mut root = json!({ "type": "object", "properties": {
        "sim_card_id": { "type": ["string", "null"], "readOnly": true }
    } });
    for setting in SETTINGS {
        put(&mut root, setting.name, schema(setting));
    }
    root
}

fn put(object: &mut Value, path: &str, schema: Value) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    match rest {
        None => drop(properties.insert(name.to_owned(), schema)),
        Some(rest) => {
            let group = || json!({ "type": ["object", "null"], "properties": {} });
            put(properties.entry(name).or_insert_with(group), rest, schema);
        }
    }
}

fn schema(setting: &Setting) -> Value {
    let mut schema = match setting.form {
        Form::Text { min, max } => {
            json!({ "type": ["string", "null"], "minLength": min, "maxLength": max })
        }
        Form::Number { min, max } => {
            json!({ "type": ["integer", "null"], "minimum": min, "maximum": max })
        }
        Form::Flag => json!({ "type": ["boolean", "null"] }),
        Form::Word(words) => json!({ "type": ["string", "null"], "enum": with_null(words) }),
        Form::Words(words) => json!({
            "type": ["array", "null"], "items": { "type": "string", "enum": words }, "minItems": 1,
            "uniqueItems": true
        }),
        Form::TimeZone => described("A name of the time zone database."),
        Form::Country => described("ISO 3166-1, two letters."),
        Form::Currency => described("ISO 4217, three letters. Only USD can be chosen here."),
    };
    if let (Some(fields), Some(default)) = (schema.as_object_mut(), setting.default) {
        let default = match setting.form {
            Form::Flag => json!(default == "true"),
            Form::Number { .. } => json!(default.parse::<i64>().unwrap_or_default()),
            Form::Words(_) => json!(default.split(',').collect::<Vec<_>>()),
            Form::Text { .. } | Form::Word(_) | Form::TimeZone | Form::Country | Form::Currency => {
                json!(default)
            }
        };
        fields.insert("default".to_owned(), default);
    }
    schema
}

fn described(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": description })
}

fn with_null(words: &[&str]) -> Value {
    words.iter().map(|word| Value::from(*word)).chain([Value::Null]).collect()
}

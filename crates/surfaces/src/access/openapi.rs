//! The documentation of the contract, made of the same table of routes as the router, and of the
//! same limits as the checks.

use estate::application::TransactionType;
use estate::limits::{
    AGREEMENT_NUMBER_CHARS_MAX, AGREEMENTS_MAX, CITY_CHARS_MAX, COMPANY_NAME_CHARS_MAX,
    CONTACT_EMAIL_CHARS_MAX, CONTACT_NAME_CHARS_MAX, CONTACT_PHONE_CHARS_MAX, COUNTRY_CHARS_MAX,
    LANGUAGES_MAX, ORDER_NOTES_CHARS_MAX, ORDER_QUANTITY_MAX, ORGANISATION_NUMBER_CHARS_MAX,
    RECEIPT_NAME_CHARS_MAX, RECEIPT_PHONE_CHARS_MAX, REQUEST_NOTES_CHARS_MAX, SERIAL_CHARS_MAX,
    SERIALS_PER_ORDER_MAX, STREET_CHARS_MAX, SUPPORT_PHONE_CHARS_MAX, ZIP_CODE_CHARS_MAX,
};
use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Array, Object, ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi,
    OpenApiBuilder, PathItem, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    SecurityRequirement, ServerBuilder,
};

use super::routes::{ROUTES, Route, Verb};
use super::{MOUNT, customers, lists, problem, requests, updates};

/// The name of the security scheme.
const API_KEY: &str = "apikey";

/// The names of the reference lists.
const LISTS: [&str; 6] = [
    "CardBrands",
    "Acquirers",
    "Languages",
    "MCCCodes",
    "TerminalModels",
    "TerminalOperatingModes",
];

/// The contract in `OpenAPI` 3.1.
pub fn openapi() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in ROUTES {
        let method = match route.verb {
            Verb::Get => HttpMethod::Get,
            Verb::Post => HttpMethod::Post,
        };
        paths = paths.path(route.path, PathItem::new(method, operation(&route)));
    }
    let info = InfoBuilder::new()
        .title("Access")
        .version("1")
        .description(Some(
            "Onboarding of merchants: the lists that requests refer to, the customer tree, \
             onboarding requests, and updates of terminals. Paths, names of parameters and names \
             of members are read without regard to case; ids may be numbers or strings of digits. \
             A customer that your key does not reach is answered like one that does not exist.",
        ))
        .build();
    let server = ServerBuilder::new().url(MOUNT).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([server]))
        .paths(paths)
        .components(Some(components()))
        .build()
}

fn operation(route: &Route) -> Operation {
    let tag = route.path.split('/').nth(1).unwrap_or_default();
    let mut operation = OperationBuilder::new()
        .tag(tag)
        .summary(Some(route.summary))
        .operation_id(Some(route.operation))
        .security(SecurityRequirement::new(API_KEY, [""; 0]));
    for parameter in parameters(route.operation) {
        operation = operation.parameter(parameter);
    }
    if let Some(schema) = request_schema(route.operation) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        let body = RequestBodyBuilder::new().content("application/json", content);
        operation = operation.request_body(Some(body.required(Some(Required::True)).build()));
    }
    operation = operation.response("200", answer(route.operation));
    if route.operation == "getInfo" {
        let not_modified = ResponseBuilder::new().description("What you have kept is still so.");
        operation = operation.response("304", not_modified.build());
    }
    for status in statuses(route.operation) {
        operation = operation.response(*status, Ref::from_response_name(format!("Error{status}")));
    }
    operation.build()
}

fn parameters(operation: &str) -> Vec<Parameter> {
    let customer = |required, text| {
        let number = ObjectBuilder::new().schema_type(Type::Integer);
        parameter("customerId", ParameterIn::Query, required, text, number)
    };
    let string = || ObjectBuilder::new().schema_type(Type::String);
    match operation {
        "getInfo" => vec![
            parameter(
                "type",
                ParameterIn::Path,
                Required::True,
                "Which list. `MccCodes` and `TerminalOperatingMode` answer too.",
                string().enum_values(Some(LISTS)),
            ),
            parameter(
                "If-None-Match",
                ParameterIn::Header,
                Required::False,
                "The `ETag` of what you have kept.",
                string(),
            ),
        ],
        "getCustomers" => vec![customer(
            Required::False,
            "Lists the children of this customer; left out, all that your key reaches.",
        )],
        "getRequests" | "getOnboardingRequests" => vec![customer(
            Required::False,
            "Lists this customer's requests; left out, all that your key reaches.",
        )],
        "getPackages" => vec![
            customer(Required::True, "Lists the packages of this customer and of all above it."),
            parameter(
                "model",
                ParameterIn::Query,
                Required::False,
                "Lists what suits this terminal model. `modelName` is the same.",
                string(),
            ),
        ],
        _ => Vec::new(),
    }
}

fn parameter(
    name: &str,
    place: ParameterIn,
    required: Required,
    description: &str,
    of: ObjectBuilder,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
        .schema(Some(of))
        .build()
}

fn request_schema(operation: &str) -> Option<&'static str> {
    match operation {
        "createRequest" => Some("CreateRequest"),
        "createUpdate" => Some("CreateUpdate"),
        _ => None,
    }
}

fn answer(operation: &str) -> Response {
    let list = |name| RefOr::T(Schema::from(Array::new(Ref::from_schema_name(name))));
    let (description, schema) = match operation {
        "getInfo" => ("The list. Merchant categories have `Code` and `Description`.", info()),
        "getCustomers" => ("Customers, by number.", list("Customer")),
        "createRequest" => ("The request, which waits for a review now.", list("Request")),
        "getPackages" => ("Packages, by number.", list("Package")),
        "createUpdate" => {
            let text = Schema::from(Object::with_type(Type::String));
            ("The terminals will be offered the update.", RefOr::T(text))
        }
        _ => ("Requests, oldest first.", list("Request")),
    };
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let mut response =
        ResponseBuilder::new().description(description).content("application/json", content);
    if operation == "getInfo" {
        let etag = HeaderBuilder::new().description(Some("Names the list's content.")).build();
        response = response.header("ETag", etag);
    }
    response.build()
}

fn info() -> RefOr<Schema> {
    schema(&json!({ "type": "array", "items": { "oneOf": [
        { "$ref": "#/components/schemas/ListEntry" }, { "$ref": "#/components/schemas/MccCode" }
    ] } }))
}

fn statuses(operation: &str) -> &'static [&'static str] {
    match operation {
        "getInfo" => &["401", "403", "404"],
        "createRequest" | "createUpdate" => &["400", "401", "403", "413", "415", "503", "504"],
        "getCustomers" | "getPackages" => &["400", "401", "403"],
        _ => &["400", "401", "403", "503"],
    }
}

fn components() -> Components {
    let scheme = ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        "`apikey` and your key, parted by a space.",
    ));
    let mut components = ComponentsBuilder::new()
        .security_scheme(API_KEY, SecurityScheme::ApiKey(scheme))
        .schema("Error", problem::Body::schema())
        .schema("FieldError", problem::FieldError::schema())
        .schema("ListEntry", lists::EntryView::schema())
        .schema("MccCode", lists::MccView::schema())
        .schema("Customer", customers::CustomerView::schema())
        .schema("Request", requests::RequestView::schema())
        .schema("Package", updates::PackageView::schema())
        .schema("CreateRequest", schema(&create_request()))
        .schema("CreateUpdate", schema(&create_update()));
    for (status, description) in [
        ("400", "Every field that is missing or wrong is listed."),
        ("401", "There is no API key, or none that is good."),
        ("403", "The customer is unknown, or your key does not reach it."),
        ("404", "There is no list of this type."),
        ("413", "The body is too large."),
        ("415", "The body must be `application/json`."),
        ("503", "Nothing was done; try again in a moment."),
        ("504", "The outcome is not known; look the requests up before you try again."),
    ] {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
        let response =
            ResponseBuilder::new().description(description).content("application/json", content);
        components = components.response(format!("Error{status}"), response.build());
    }
    components.build()
}

/// A schema as the standard writes it. A test sees to it that none is lost.
fn schema(written: &Value) -> RefOr<Schema> {
    let read = serde_json::from_value(written.clone());
    read.unwrap_or_else(|_| RefOr::T(Schema::from(Object::new())))
}

fn text(chars_max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": chars_max })
}

fn id(of: &str) -> Value {
    json!({ "type": ["integer", "string"], "description": of })
}

fn flag(of: &str) -> Value {
    json!({ "type": "boolean", "default": false, "description": of })
}

fn create_request() -> Value {
    json!({
        "type": "object",
        "required": [
            "ParentId", "OrganisationNo", "Address", "TransactionTypes", "AcquiringAgreements",
            "Languages", "MccCode", "CountryCodeNumeric", "CurrencyCode", "ReceiptMerchantName"
        ],
        "properties": {
            "RequestNotes": text(REQUEST_NOTES_CHARS_MAX),
            "ParentId": id("The customer below which the new one shall be."),
            "CustomerId": id("A customer that was rejected, to try again."),
            "OrganisationNo": text(ORGANISATION_NUMBER_CHARS_MAX),
            "Address": address(),
            "TransactionTypes": transaction_types(),
            "AcquiringAgreements": { "type": "array", "minItems": 1, "maxItems": AGREEMENTS_MAX,
                "items": {
                    "type": "object",
                    "required": ["CardBrandId", "AgreementNumber", "AcquirerId"],
                    "properties": {
                        "CardBrandId": id("Of the list `CardBrands`."),
                        "AgreementNumber": text(AGREEMENT_NUMBER_CHARS_MAX),
                        "AcquirerId": id("Of the list `Acquirers`.")
                    }
                } },
            "Languages": { "type": "array", "minItems": 1, "maxItems": LANGUAGES_MAX, "items": {
                "type": "object",
                "required": ["LanguageId"],
                "properties": {
                    "LanguageId": id("Of the list `Languages`; none twice."),
                    "IsDefault": flag("Exactly one is the default.")
                }
            } },
            "SiteLanguage": { "type": "string", "enum": ["en-GB", "sv-SE"], "default": "en-GB" },
            "MccCode": { "type": "string", "description": "A `Code` of the list `MCCCodes`." },
            "CountryCodeNumeric": { "type": "string", "description": "ISO 3166-1, three digits." },
            "CurrencyCode": { "type": "string", "description": "ISO 4217, three letters." },
            "EndOfDayTime": { "type": "string", "enum": ["01:00", "06:00"], "default": "01:00" },
            "Password": { "type": "string", "pattern": "^[0-9]{6}$",
                "description": "Required when an active transaction type wants it." },
            "ReceiptMerchantName": text(RECEIPT_NAME_CHARS_MAX),
            "TerminalSupportPhoneNumber": text(SUPPORT_PHONE_CHARS_MAX),
            "ReceiptPhoneNumber": text(RECEIPT_PHONE_CHARS_MAX),
            "Tipping": flag("Whether terminals ask for tips."),
            "Signature": flag("Whether terminals take signatures."),
            "TerminalidOrder": order()
        }
    })
}

fn address() -> Value {
    json!({
        "type": "object",
        "required": [
            "CompanyName", "Street", "ZipCode", "City", "Country", "ContactName", "ContactPhone",
            "ContactEmail"
        ],
        "properties": {
            "CompanyName": text(COMPANY_NAME_CHARS_MAX),
            "Street": text(STREET_CHARS_MAX),
            "ZipCode": text(ZIP_CODE_CHARS_MAX),
            "City": text(CITY_CHARS_MAX),
            "Country": text(COUNTRY_CHARS_MAX),
            "ContactName": text(CONTACT_NAME_CHARS_MAX),
            "ContactPhone": text(CONTACT_PHONE_CHARS_MAX),
            "ContactEmail": text(CONTACT_EMAIL_CHARS_MAX)
        }
    })
}

fn transaction_types() -> Value {
    let names = TransactionType::ALL.into_iter().map(TransactionType::as_str);
    let kind = json!({ "type": ["object", "null"], "properties": {
        "Active": flag("Whether terminals do this."),
        "Password": flag("Whether it takes the password.")
    } });
    let kinds: serde_json::Map<String, Value> =
        names.map(|name| (name.to_owned(), kind.clone())).collect();
    json!({
        "type": "object",
        "description": "At least one is active; `Reversed Acquiring` never is.",
        "properties": kinds
    })
}

fn order() -> Value {
    json!({
        "type": ["object", "null"],
        "required": ["Quantity", "TerminalModelId", "TerminalOperatingModeId"],
        "properties": {
            "Quantity": { "type": ["integer", "string"], "minimum": 1,
                "maximum": ORDER_QUANTITY_MAX },
            "TerminalModelId": id("Of the list `TerminalModels`."),
            "TerminalOperatingModeId": id("Of the list `TerminalOperatingModes`."),
            "CustomerNotes": text(ORDER_NOTES_CHARS_MAX)
        }
    })
}

fn create_update() -> Value {
    json!({
        "type": "object",
        "required": ["customerId", "packageIds", "serialNumbers"],
        "properties": {
            "customerId": id("The customer whose terminals are meant, with all below it."),
            "packageIds": { "type": "array", "minItems": 1, "maxItems": 1,
                "items": id("A package of the customer or of one above it.") },
            "serialNumbers": { "type": "array", "minItems": 1, "maxItems": SERIALS_PER_ORDER_MAX,
                "items": text(SERIAL_CHARS_MAX) }
        }
    })
}

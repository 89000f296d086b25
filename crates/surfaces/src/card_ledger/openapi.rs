//! The documentation of the contract, made of the same table of routes as the router.

use engine::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use ledger::{Mount, PostingKind};
use utoipa::PartialSchema;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Array, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi,
    OpenApiBuilder, PathItem, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    SecurityRequirement, Server, ServerBuilder,
};

use super::links::collection;
use super::problem::{self, Kind};
use super::routes::{self, Action, Endpoint, Route, Verb, routes};
use super::{views, wire};

/// All statuses of problems that a route documents.
const PROBLEM_STATUSES: [u16; 9] = [400, 401, 404, 409, 413, 415, 422, 501, 503];

/// The name of the security scheme.
const BEARER: &str = "bearer";

/// The properties that name a transaction, one per kind.
const SOURCES: [(PostingKind, &str); 3] = [
    (PostingKind::Purchase, "sourcePurchaseTransactionId"),
    (PostingKind::CashWithdrawal, "sourceCashWithdrawalTransactionId"),
    (PostingKind::Reversal, "sourceReversalTransactionId"),
];

/// The contract in `OpenAPI` 3.1.
pub fn openapi() -> OpenApi {
    let mut paths = PathsBuilder::new();
    // The other name's routes and the alias's are the same again.
    let described = |route: &Route| route.mount == Mount::CardTransaction && !route.is_alias;
    for route in routes().into_iter().filter(described) {
        let method = match route.verb {
            Verb::Get => HttpMethod::Get,
            Verb::Post => HttpMethod::Post,
        };
        paths = paths.path(route.relative_path(), PathItem::new(method, operation(&route)));
    }
    let servers = [Mount::CardTransaction, Mount::CreditAccountAcquiring].map(server);
    let info = InfoBuilder::new()
        .title("Card ledger")
        .version("1")
        .description(Some(
            "Authorizations on card accounts, the purchases, cash withdrawals and reversals on \
             them, their corrections and cancellations. Both names of the contract (the servers) \
             answer the same, and everything under `authorizations` answers under `authorization` \
             too. Amounts are JSON numbers and are read exactly; follow `@id` and `href`.",
        ))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some(servers))
        .paths(paths)
        .components(Some(components()))
        .build()
}

fn server(mount: Mount) -> Server {
    let description = match mount {
        Mount::CardTransaction | Mount::AcquirerFile => "The contract's present name.",
        Mount::CreditAccountAcquiring => "Its older name.",
    };
    ServerBuilder::new().url(routes::base(mount)).description(Some(description)).build()
}

fn operation(route: &Route) -> Operation {
    let (endpoint, action) = (route.endpoint, route.endpoint.action());
    let mut operation = OperationBuilder::new()
        .tag(tag(endpoint))
        .summary(Some(summary(endpoint)))
        .operation_id(Some(operation_id(route)))
        .security(SecurityRequirement::new(BEARER, [""; 0]));
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in names {
        operation = operation.parameter(path_parameter(name));
    }
    if action == Action::List {
        for parameter in query_parameters(endpoint) {
            operation = operation.parameter(parameter);
        }
    }
    if let Some(schema) = request_schema(endpoint) {
        let required = match endpoint {
            Endpoint::Cancellations(_) => Required::False,
            Endpoint::Authorizations(_)
            | Endpoint::Transactions(..)
            | Endpoint::Corrections(..) => Required::True,
        };
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        let body = RequestBodyBuilder::new().content("application/json", content);
        operation = operation.request_body(Some(body.required(Some(required)).build()));
    }
    let (status, answer) = answer(endpoint);
    operation = operation.response(status, answer);
    for status in problem_statuses(endpoint) {
        let shared = Ref::from_response_name(problem_response_name(*status));
        operation = operation.response(status.to_string(), shared);
    }
    operation.build()
}

fn tag(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Authorizations(_) => "authorizations",
        Endpoint::Cancellations(_) => "cancellations",
        Endpoint::Transactions(kind, _) => collection(kind),
        Endpoint::Corrections(..) => "corrections",
    }
}

fn summary(endpoint: Endpoint) -> String {
    let things = match endpoint {
        Endpoint::Authorizations(_) => "authorizations".to_owned(),
        Endpoint::Cancellations(_) => "cancellations of an authorization".to_owned(),
        Endpoint::Transactions(kind, _) => collection(kind).to_owned(),
        Endpoint::Corrections(kind, _) => format!("corrections of {}", collection(kind)),
    };
    match endpoint.action() {
        Action::Create => format!("Create {things}"),
        Action::List => format!("List {things}, newest first"),
        Action::Show => format!("Show one of the {things}"),
    }
}

/// Unique in the document: the verb and the path's words.
fn operation_id(route: &Route) -> String {
    let verb = match route.endpoint.action() {
        Action::Create => "create",
        Action::List => "list",
        Action::Show => "show",
    };
    let words = route.relative_path().split('/');
    let words: Vec<&str> =
        words.filter(|part| !part.is_empty() && !part.starts_with('{')).collect();
    format!("{verb}-{}", words.join("-"))
}

fn path_parameter(name: &str) -> Parameter {
    let description = match name {
        routes::COMPANY => "The ledger's company number; the token must act for it.",
        routes::AUTHORIZATION => "What was answered as `authorizationId`.",
        routes::TRANSACTION => "The caller's id of the transaction, percent-encoded.",
        routes::CORRECTION => "The caller's id of the correction, percent-encoded.",
        _ => "The id of the cancellation.",
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(Object::with_type(Type::String)))
        .build()
}

fn query_parameters(endpoint: Endpoint) -> Vec<Parameter> {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    let day = || string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PAGE_ITEMS_MAX))
        .default(Some(PAGE_ITEMS_DEFAULT.into()));
    let mut parameters = vec![
        query_parameter("fromDate", "The first value date.", day()),
        query_parameter("toDate", "The last value date.", day()),
        query_parameter("after", "Where to go on; part of a `next` link.", string()),
        query_parameter("limit", "Items on a page.", limit),
    ];
    let authorization = || query_parameter("authorizationId", "Only those of it.", string());
    match endpoint {
        Endpoint::Authorizations(_) => {
            let name = "sourceAuthorizationTransactionId";
            parameters.push(authorization());
            parameters.push(query_parameter(name, "Only the one with this id.", string()));
        }
        Endpoint::Transactions(..) => parameters.push(authorization()),
        Endpoint::Cancellations(_) | Endpoint::Corrections(..) => {}
    }
    parameters
}

fn query_parameter(name: &str, description: &str, of: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .description(Some(description))
        .schema(Some(of))
        .build()
}

fn request_schema(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorizations(Action::Create) => Some("AuthorizationRequest"),
        Endpoint::Cancellations(Action::Create) => Some("CancellationRequest"),
        Endpoint::Transactions(kind, Action::Create) => Some(match kind {
            PostingKind::Purchase => "PurchaseRequest",
            PostingKind::CashWithdrawal => "CashWithdrawalRequest",
            PostingKind::Reversal => "ReversalRequest",
        }),
        Endpoint::Corrections(_, Action::Create) => Some("CorrectionRequest"),
        Endpoint::Authorizations(Action::List | Action::Show)
        | Endpoint::Cancellations(Action::List | Action::Show)
        | Endpoint::Transactions(_, Action::List | Action::Show)
        | Endpoint::Corrections(_, Action::List | Action::Show) => None,
    }
}

/// The schema of one item.
fn item_schema(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Authorizations(_) => "Authorization",
        Endpoint::Cancellations(_) => "Cancellation",
        Endpoint::Transactions(PostingKind::Purchase, _) => "Purchase",
        Endpoint::Transactions(PostingKind::CashWithdrawal, _) => "CashWithdrawal",
        Endpoint::Transactions(PostingKind::Reversal, _) => "Reversal",
        Endpoint::Corrections(..) => "Correction",
    }
}

/// The status of success, and what comes with it.
fn answer(endpoint: Endpoint) -> (&'static str, Response) {
    let json = |schema: RefOr<Schema>| ContentBuilder::new().schema(Some(schema)).build();
    let item = || RefOr::from(Ref::from_schema_name(item_schema(endpoint)));
    match endpoint.action() {
        Action::Create => {
            let header = |text: &str| HeaderBuilder::new().description(Some(text)).build();
            let created = Ref::from_schema_name("Created").into();
            let response = ResponseBuilder::new()
                .description("Done, now or before.")
                .content("application/json", json(created))
                .header("Location", header("The path of what was created."))
                .header("Idempotent-Replayed", header("`true` when it had been done before."));
            ("201", response.build())
        }
        Action::List => {
            let string = || Object::with_type(Type::String);
            let list = ObjectBuilder::new()
                .property("@id", string())
                .required("@id")
                .property(tag(endpoint), Array::new(item()))
                .required(tag(endpoint))
                .property("operations", Array::new(Ref::from_schema_name("Operation")))
                .required("operations")
                .property("next", string());
            let list = json(RefOr::T(list.into()));
            let response = ResponseBuilder::new().description("A page of the list.");
            ("200", response.content("application/json", list).build())
        }
        Action::Show => {
            let response = ResponseBuilder::new().description("As it is now.");
            ("200", response.content("application/json", json(item())).build())
        }
    }
}

/// The problems that may come instead, by status.
fn problem_statuses(endpoint: Endpoint) -> &'static [u16] {
    match endpoint {
        Endpoint::Authorizations(Action::Create) | Endpoint::Transactions(_, Action::Create) => {
            &[400, 401, 404, 409, 413, 415, 422, 501, 503]
        }
        Endpoint::Cancellations(Action::Create) | Endpoint::Corrections(_, Action::Create) => {
            &[400, 401, 404, 409, 413, 415, 501, 503]
        }
        Endpoint::Authorizations(Action::List | Action::Show)
        | Endpoint::Cancellations(Action::List | Action::Show)
        | Endpoint::Transactions(_, Action::List | Action::Show)
        | Endpoint::Corrections(_, Action::List | Action::Show) => &[400, 401, 404, 501, 503],
    }
}

fn problem_response_name(status: u16) -> String {
    format!("Problem{status}")
}

fn problem_response(status: u16) -> Response {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.status().as_u16() == status);
    let codes: Vec<String> = kinds.map(|kind| format!("`{}`", kind.code())).collect();
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(format!("`Type` ends in {}.", codes.join(" or ")))
        .content("application/problem+json", content)
        .build()
}

fn components() -> Components {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token bound to one company, or to one seller of it."));
    let mut components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(scheme.build()))
        .schema("Problem", problem::Body::schema());
    for status in PROBLEM_STATUSES {
        components = components.response(problem_response_name(status), problem_response(status));
    }
    for (name, schema) in wire::schemas().into_iter().chain(views::schemas()) {
        match name.as_str() {
            "TransactionRequest" => {
                for (kind, names) in of_each_kind(&schema) {
                    let endpoint = Endpoint::Transactions(kind, Action::Create);
                    let name = request_schema(endpoint).unwrap_or_default();
                    components = components.schema(name, names);
                }
            }
            "Transaction" => {
                for (kind, names) in of_each_kind(&schema) {
                    let endpoint = Endpoint::Transactions(kind, Action::Show);
                    components = components.schema(item_schema(endpoint), names);
                }
            }
            _ => components = components.schema(name, schema),
        }
    }
    components.build()
}

/// The schema for each kind of transaction: with its own source id and without the others'.
fn of_each_kind(schema: &RefOr<Schema>) -> Vec<(PostingKind, Schema)> {
    let RefOr::T(Schema::Object(all)) = schema else { return Vec::new() };
    let of = |kind: PostingKind, own: &str| {
        let mut object = all.clone();
        for (_, name) in SOURCES.iter().filter(|(_, name)| *name != own) {
            object.properties.remove(*name);
            object.required.retain(|required| required != name);
        }
        if !object.required.iter().any(|required| required == own) {
            object.required.push(own.to_owned());
        }
        if kind != PostingKind::Purchase {
            object.properties.remove("withdrawalAmount");
        }
        (kind, Schema::Object(object))
    };
    SOURCES.iter().map(|(kind, own)| of(*kind, own)).collect()
}

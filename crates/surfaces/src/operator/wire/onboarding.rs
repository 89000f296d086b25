//! Onboarding requests and what is said to them.

use estate::application::{
    Address, Agreement, LanguageChoice, TerminalOrder, TransactionTypeChoice,
};
use estate::command::Approval;
use estate::limits::{ID_CHARS_MAX, REJECT_MESSAGE_CHARS_MAX};
use estate::reference::{
    ACQUIRERS, CARD_BRANDS, Entry, LANGUAGES, OPERATING_MODES, by_id, model_by_id,
};
use estate::request::RequestStatus;
use estate::review::ChosenIdentities;
use estate::terminal::Activation;
use estate::{Request, Terminal};
use ledger::Timestamp;
use ledger::limits::{COMPANY_NUMBER_CHARS_MAX, SELLER_NUMBER_CHARS_MAX};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::customers::IdentitiesBody;
use crate::Secrets;
use crate::http::fields::{FromObject, Object, Params, lines, name, parsed, text};

/// Which requests are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct RequestFilter {
    /// Those that are this far: `submitted`, `in_progress`, `approved` or `rejected`.
    #[param(value_type = Option<String>,
        pattern = "^(submitted|in_progress|approved|rejected)$")]
    pub(in crate::operator) status: Option<RequestStatus>,
}

/// Why a request is rejected.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct Rejection {
    /// For the partner.
    #[schema(min_length = 1, max_length = 1000, example = "The agreement number is not known.")]
    pub(in crate::operator) message: String,
}

/// What a merchant shall be known by. What is absent is chosen by itself.
#[derive(Debug)]
pub(in crate::operator) struct Identities(pub(in crate::operator) ChosenIdentities);

/// An onboarding request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingRequest)]
pub(in crate::operator) struct RequestBody {
    /// What Access calls it.
    #[schema(example = 1)]
    request_id: i64,
    /// What the customer is called, or will be when it is approved.
    #[schema(example = 3)]
    customer_id: i64,
    /// `submitted`, `in_progress`, `approved` or `rejected`.
    #[schema(example = "submitted")]
    status: &'static str,
    /// Why it was rejected.
    reject_message: Option<String>,
    /// Who reviews it, or has decided it.
    reviewer: Option<String>,
    /// When it was submitted.
    submitted_at: String,
    /// The credential that submitted it.
    submitted_by: String,
    /// When it was decided.
    decided_at: Option<String>,
    /// What was submitted.
    application: ApplicationBody,
}

/// What was submitted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Application)]
struct ApplicationBody {
    /// Below whom the customer shall be.
    parent_id: i64,
    /// As its country's register has it.
    organisation_number: String,
    /// For the operator.
    request_notes: Option<String>,
    /// Company and contact.
    address: AddressBody,
    /// What terminals shall do.
    transaction_types: Vec<TransactionTypeBody>,
    /// Agreements with acquirers.
    acquiring_agreements: Vec<AgreementBody>,
    /// Languages of the terminals.
    languages: Vec<LanguageBody>,
    /// `en-GB` or `sv-SE`.
    site_language: String,
    /// What it sells (ISO 18245).
    mcc: String,
    /// ISO 3166-1, numeric.
    country: String,
    /// ISO 4217.
    currency: String,
    /// When its day ends, as `01:00`.
    end_of_day_time: String,
    /// Whether a password came with it, which is shown to nobody.
    has_password: bool,
    /// On receipts.
    receipt_merchant_name: String,
    /// On receipts, for help with the terminal.
    terminal_support_phone_number: Option<String>,
    /// On receipts.
    receipt_phone_number: Option<String>,
    /// Whether terminals ask for tips.
    tipping: bool,
    /// Whether terminals take signatures.
    signature: bool,
    /// Terminal ids that are ordered with it.
    terminal_order: Option<OrderBody>,
}

/// Company and contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationAddress)]
struct AddressBody {
    company_name: String,
    street: String,
    zip_code: String,
    city: String,
    country: String,
    contact_name: String,
    contact_phone: String,
    contact_email: String,
}

/// Whether terminals do something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransactionType)]
struct TransactionTypeBody {
    /// What.
    name: &'static str,
    /// Whether they do.
    is_active: bool,
    /// Whether it takes the password.
    requires_password: bool,
}

/// An agreement with an acquirer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcquiringAgreement)]
struct AgreementBody {
    /// The cards that it is about.
    card_brand: ReferenceBody,
    /// As the acquirer has it.
    agreement_number: String,
    /// With whom.
    acquirer: ReferenceBody,
}

/// A language of the terminals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Language)]
struct LanguageBody {
    /// Which.
    #[serde(flatten)]
    language: ReferenceBody,
    /// Whether terminals begin with it.
    is_default: bool,
}

/// An entry of one of the lists that Access gives out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reference)]
struct ReferenceBody {
    /// What Access calls it.
    id: i64,
    /// For people.
    name: &'static str,
}

/// An order of terminal ids.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TerminalOrder)]
struct OrderBody {
    /// How many.
    quantity: i64,
    /// Of which model.
    model: ReferenceBody,
    /// How they are operated.
    operating_mode: ReferenceBody,
    /// For the operator.
    customer_notes: Option<String>,
}

/// What approval brought into being.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(in crate::operator) struct ApprovalBody {
    /// The request.
    request_id: i64,
    /// `approved`.
    #[schema(example = "approved")]
    status: &'static str,
    /// The merchant.
    customer_id: i64,
    /// What each contract knows it by.
    identities: IdentitiesBody,
    /// Its terminals.
    terminals: Vec<OrderedTerminalBody>,
}

/// A terminal that was ordered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderedTerminal)]
struct OrderedTerminalBody {
    /// Eight characters, unique in the installation.
    #[schema(example = "KT4F2A9C")]
    terminal_id: String,
    /// With which a device becomes it, once.
    #[schema(example = "04815162")]
    activation_code: Option<String>,
    /// What device it is for.
    #[schema(example = "C100+")]
    model: String,
    /// How it is operated.
    #[schema(example = "Standalone")]
    operating_mode: Option<&'static str>,
}

/// What a merchant shall be known by, as it is written.
#[derive(Debug, ToSchema)]
#[schema(as = ChosenIdentities)]
#[expect(dead_code, reason = "it is read as `Identities`; this describes it")]
pub(in crate::operator) struct IdentitiesChoice {
    /// The card ledger's company. When absent, that of the nearest customer above that has one, or
    /// the installation's only one.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "100")]
    company_number: Option<String>,
    /// Its seller there. One that exists, and is no other merchant's, is taken over.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "654")]
    seller_number: Option<String>,
    /// The account of the Terminals contract.
    #[schema(pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    account_id: Option<String>,
    /// The merchant of alternative payments.
    #[schema(min_length = 1, max_length = 255)]
    merchant_id: Option<String>,
    /// The entity of payments v3.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    entity_id: Option<String>,
}

impl FromObject for Rejection {
    fn from_object(object: &mut Object) -> Option<Rejection> {
        let message = object.required("message", lines(REJECT_MESSAGE_CHARS_MAX));
        Some(Rejection { message: message? })
    }
}

impl FromObject for Identities {
    fn from_object(object: &mut Object) -> Option<Identities> {
        let company = object.optional("company_number", name(COMPANY_NUMBER_CHARS_MAX));
        let seller = object.optional("seller_number", name(SELLER_NUMBER_CHARS_MAX));
        let account_id = object.optional("account_id", parsed("a UUID in lower case", uuid));
        let merchant_id = object.optional("merchant_id", text(ID_CHARS_MAX));
        let digits = "32 hexadecimal digits in lower case";
        let entity_id = object.optional("entity_id", parsed(digits, entity));
        Some(Identities(ChosenIdentities {
            company_number: company?,
            seller_number: seller?,
            account_id: account_id?,
            merchant_id: merchant_id?,
            entity_id: entity_id?,
        }))
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn entity(text: &str) -> Option<String> {
    (text.len() == 32 && text.bytes().all(is_hex)).then(|| text.to_owned())
}

fn uuid(text: &str) -> Option<String> {
    let parts = text.split('-');
    let lengths: Vec<usize> = parts.clone().map(str::len).collect();
    let fits = lengths == [8, 4, 4, 4, 12] && parts.flat_map(str::bytes).all(is_hex);
    fits.then(|| text.to_owned())
}

impl RequestFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<RequestFilter> {
        let expected = "submitted, in_progress, approved or rejected";
        let parse =
            |word: &str| RequestStatus::ALL.into_iter().find(|status| status_word(*status) == word);
        Some(RequestFilter { status: params.optional("status", expected, parse)? })
    }
}

fn status_word(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Submitted => "submitted",
        RequestStatus::InProgress => "in_progress",
        RequestStatus::Approved => "approved",
        RequestStatus::Rejected => "rejected",
    }
}

impl RequestBody {
    /// A request as operators see it.
    pub(in crate::operator) fn of(request: &Request) -> RequestBody {
        RequestBody {
            request_id: request.number,
            customer_id: request.customer,
            status: status_word(request.status),
            reject_message: request.reject_message.clone(),
            reviewer: request.reviewer.clone(),
            submitted_at: request.submitted_at.rfc3339(),
            submitted_by: request.submitted_by.0.to_string(),
            decided_at: request.decided_at.map(Timestamp::rfc3339),
            application: ApplicationBody::of(request),
        }
    }
}

impl ApplicationBody {
    fn of(request: &Request) -> ApplicationBody {
        let it = &request.application;
        let types = it.transaction_types.iter().copied();
        ApplicationBody {
            parent_id: it.parent,
            organisation_number: it.organisation_number.clone(),
            request_notes: it.notes.clone(),
            address: AddressBody::of(&it.address),
            transaction_types: types.map(TransactionTypeBody::of).collect(),
            acquiring_agreements: it.agreements.iter().map(AgreementBody::of).collect(),
            languages: it.languages.iter().copied().map(LanguageBody::of).collect(),
            site_language: it.site_language.clone(),
            mcc: it.mcc.clone(),
            country: it.country_numeric.clone(),
            currency: it.currency.clone(),
            end_of_day_time: it.end_of_day.clone(),
            has_password: it.password_hash.is_some(),
            receipt_merchant_name: it.receipt_name.clone(),
            terminal_support_phone_number: it.support_phone.clone(),
            receipt_phone_number: it.receipt_phone.clone(),
            tipping: it.tipping,
            signature: it.signature,
            terminal_order: it.order.as_ref().map(OrderBody::of),
        }
    }
}

impl AddressBody {
    fn of(address: &Address) -> AddressBody {
        AddressBody {
            company_name: address.company_name.clone(),
            street: address.street.clone(),
            zip_code: address.zip_code.clone(),
            city: address.city.clone(),
            country: address.country.clone(),
            contact_name: address.contact_name.clone(),
            contact_phone: address.contact_phone.clone(),
            contact_email: address.contact_email.clone(),
        }
    }
}

impl TransactionTypeBody {
    fn of(choice: TransactionTypeChoice) -> TransactionTypeBody {
        TransactionTypeBody {
            name: choice.kind.as_str(),
            is_active: choice.is_active,
            requires_password: choice.wants_password,
        }
    }
}

impl AgreementBody {
    fn of(agreement: &Agreement) -> AgreementBody {
        AgreementBody {
            card_brand: ReferenceBody::of(CARD_BRANDS, agreement.card_brand),
            agreement_number: agreement.number.clone(),
            acquirer: ReferenceBody::of(ACQUIRERS, agreement.acquirer),
        }
    }
}

impl LanguageBody {
    fn of(choice: LanguageChoice) -> LanguageBody {
        let language = ReferenceBody::of(LANGUAGES, choice.language);
        LanguageBody { language, is_default: choice.is_default }
    }
}

impl OrderBody {
    fn of(order: &TerminalOrder) -> OrderBody {
        let model = model_by_id(order.model).map_or("", |model| model.name);
        OrderBody {
            quantity: order.quantity,
            model: ReferenceBody { id: order.model, name: model },
            operating_mode: ReferenceBody::of(OPERATING_MODES, order.operating_mode),
            customer_notes: order.notes.clone(),
        }
    }
}

impl ReferenceBody {
    /// An entry by its id. It was there when the request came, and no list ever loses one.
    fn of(list: &'static [Entry], id: i64) -> ReferenceBody {
        ReferenceBody { id, name: by_id(list, id).map_or("", |entry| entry.name) }
    }
}

impl ApprovalBody {
    /// An approval as operators see it.
    pub(in crate::operator) fn of(approval: &Approval, secrets: &Secrets) -> ApprovalBody {
        let ordered = |terminal: &Terminal| OrderedTerminalBody {
            terminal_id: terminal.terminal_id.clone(),
            activation_code: activation_code(terminal, secrets),
            model: terminal.model.clone(),
            operating_mode: operating_mode(terminal),
        };
        ApprovalBody {
            request_id: approval.request,
            status: status_word(RequestStatus::Approved),
            customer_id: approval.customer.number,
            identities: IdentitiesBody::of(&approval.customer),
            terminals: approval.terminals.iter().map(ordered).collect(),
        }
    }
}

/// With which a device becomes a terminal; `None` where one has.
pub(in crate::operator) fn activation_code(
    terminal: &Terminal,
    secrets: &Secrets,
) -> Option<String> {
    match &terminal.activation {
        Activation::Waiting { code_salt, .. } => Some(secrets.activation_code(code_salt)),
        Activation::Done { .. } => None,
    }
}

/// How a terminal is operated, where it was ordered through Access.
pub(in crate::operator) fn operating_mode(terminal: &Terminal) -> Option<&'static str> {
    terminal.operating_mode.and_then(|id| by_id(OPERATING_MODES, id)).map(|entry| entry.name)
}

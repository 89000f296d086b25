//! Activation.

use estate::limits::{ID_CHARS_MAX, SERIAL_CHARS_MAX, VERSION_CHARS_MAX};
use estate::reference::{OPERATING_MODES, by_id};
use estate::{Customer, Terminal};
use ledger::Directory;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, parsed, text};

/// Digits of an activation code.
const CODE_DIGITS: usize = 8;

/// What a device shows to become a terminal.
#[derive(ToSchema)]
pub(in crate::device) struct ActivationRequest {
    /// Which terminal: its eight characters or its UUID. Without it, the terminal that was
    /// onboarded with the device's model and serial number.
    #[schema(max_length = 255, example = "KT7Q2M4A")]
    pub(in crate::device) terminal_id: Option<String>,
    /// What the operator gave out: eight digits.
    #[schema(pattern = "^[0-9]{8}$", example = "12345678", write_only)]
    pub(in crate::device) activation_code: String,
    /// The device's own.
    #[schema(max_length = 32, pattern = "^[A-Za-z0-9-]+$", example = "SN-1001")]
    pub(in crate::device) serial_number: String,
    /// The device's own.
    #[schema(max_length = 255, example = "C100+")]
    pub(in crate::device) model: String,
    /// What the device runs.
    #[schema(max_length = 64, example = "1.27.311")]
    pub(in crate::device) application_version: String,
}

/// Who the device is from now on.
#[derive(Serialize, ToSchema)]
#[schema(as = Activated)]
pub(in crate::device) struct ActivatedBody {
    /// What the device sends as its bearer token from now on. It is shown once.
    device_token: String,
    /// The terminal.
    terminal: ActivatedTerminal,
}

/// The terminal that a device has become.
#[derive(Serialize, ToSchema)]
struct ActivatedTerminal {
    /// Eight characters: what receipts and authorizations call it.
    #[schema(example = "KT7Q2M4A")]
    terminal_id: String,
    /// What the Terminals contract calls it: a UUID.
    id: String,
    /// Its model.
    model: String,
    /// Its serial number.
    serial_number: Option<String>,
    /// Its operating mode, where it was ordered with one.
    #[schema(example = "Standalone")]
    operating_mode: Option<&'static str>,
    /// Whose it is.
    merchant: ActivatedMerchant,
}

/// The merchant of a terminal.
#[derive(Serialize, ToSchema)]
struct ActivatedMerchant {
    /// In whose ledger it sells.
    company_number: Option<String>,
    /// What it is called there.
    seller_number: Option<String>,
    /// For people.
    name: String,
}

impl FromObject for ActivationRequest {
    fn from_object(object: &mut Object) -> Option<ActivationRequest> {
        let terminal_id = object.optional("terminal_id", text(ID_CHARS_MAX));
        let activation_code = object.required("activation_code", code());
        let serial_number = object.required("serial_number", serial());
        let model = object.required("model", text(ID_CHARS_MAX));
        let application_version = object.required("application_version", text(VERSION_CHARS_MAX));
        Some(ActivationRequest {
            terminal_id: terminal_id?,
            activation_code: activation_code?,
            serial_number: serial_number?,
            model: model?,
            application_version: application_version?,
        })
    }
}

fn code() -> impl FnOnce(serde_json::Value) -> Result<String, String> {
    let is_code =
        |text: &str| text.len() == CODE_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    parsed("eight digits", move |text| is_code(text).then(|| text.to_owned()))
}

/// A serial number (Terminals, `serial_number`).
fn serial() -> impl FnOnce(serde_json::Value) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    parsed("1 to 32 letters, digits or '-'", move |text| {
        let fits = (1..=SERIAL_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then(|| text.to_owned())
    })
}

impl ActivatedBody {
    /// A terminal as its device sees it.
    pub(in crate::device) fn of(
        device_token: String,
        terminal: &Terminal,
        name: String,
        directory: &Directory,
    ) -> ActivatedBody {
        let customer = Customer::find(directory, terminal.customer);
        let merchant = customer.and_then(|customer| customer.merchant);
        let (company_number, seller_number) = match merchant {
            Some(merchant) => (Some(merchant.company_number), Some(merchant.seller_number)),
            None => (None, None),
        };
        let mode = terminal.operating_mode.and_then(|id| by_id(OPERATING_MODES, id));
        ActivatedBody {
            device_token,
            terminal: ActivatedTerminal {
                terminal_id: terminal.terminal_id.clone(),
                id: terminal.uuid.clone(),
                model: terminal.model.clone(),
                serial_number: terminal.serial.clone(),
                operating_mode: mode.map(|mode| mode.name),
                merchant: ActivatedMerchant { company_number, seller_number, name },
            },
        }
    }
}

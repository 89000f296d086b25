//! What a partner says of a merchant that it wants onboarded (Access, `CreateRequest`).
//!
//! Every value here has passed the contract's checks of form; see the Access surface.

use ledger::Fields;

/// The content of an onboarding request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// For the operator (`RequestNotes`).
    pub notes: Option<String>,
    /// The customer below which the new one shall be (`ParentId`).
    pub parent: i64,
    /// As the country's register has it (`OrganisationNo`).
    pub organisation_number: String,
    /// Company and contact.
    pub address: Address,
    /// What terminals shall do, in the contract's order, inactive ones included.
    pub transaction_types: Vec<TransactionTypeChoice>,
    /// At least one.
    pub agreements: Vec<Agreement>,
    /// One to three, one of them the default.
    pub languages: Vec<LanguageChoice>,
    /// `en-GB` or `sv-SE`.
    pub site_language: String,
    /// Four digits (ISO 18245).
    pub mcc: String,
    /// Three digits (ISO 3166-1 numeric).
    pub country_numeric: String,
    /// Three letters (ISO 4217).
    pub currency: String,
    /// `01:00` or `06:00`, by the merchant's zone.
    pub end_of_day: String,
    /// Argon2id, in PHC form. The password itself never gets here.
    pub password_hash: Option<String>,
    /// Merchant's name on receipts.
    pub receipt_name: String,
    /// Number on receipts for help with the terminal.
    pub support_phone: Option<String>,
    /// Number on receipts.
    pub receipt_phone: Option<String>,
    /// Whether terminals ask for tips.
    pub tipping: bool,
    /// Whether terminals take signatures.
    pub signature: bool,
    /// Terminal ids that are ordered with it.
    pub order: Option<TerminalOrder>,
}

/// Company and contact (Access, `Address`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's fields say what they are")]
pub struct Address {
    pub company_name: String,
    pub street: String,
    pub zip_code: String,
    pub city: String,
    pub country: String,
    pub contact_name: String,
    pub contact_phone: String,
    pub contact_email: String,
}

/// The transaction types (Access, names of members of `TransactionTypes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionType {
    /// `Purchase`.
    Purchase,
    /// `Refund`.
    Refund,
    /// `Reversed Acquiring`: obsolete, never active.
    ReversedAcquiring,
    /// `Cash advance`.
    CashAdvance,
}

/// Whether terminals do something, and whether that takes the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionTypeChoice {
    /// What.
    pub kind: TransactionType,
    /// Whether they do.
    pub is_active: bool,
    /// Whether it takes the password.
    pub wants_password: bool,
}

/// An agreement with an acquirer (Access, `AcquiringAgreements`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Id of the card brand, see [`crate::reference::CARD_BRANDS`].
    pub card_brand: i64,
    /// As the acquirer has it.
    pub number: String,
    /// Id of the acquirer, see [`crate::reference::ACQUIRERS`].
    pub acquirer: i64,
}

/// A language of the terminals (Access, `Languages`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanguageChoice {
    /// Id of the language, see [`crate::reference::LANGUAGES`].
    pub language: i64,
    /// Whether terminals begin with it.
    pub is_default: bool,
}

/// An order of terminal ids (Access, `TerminalidOrder`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalOrder {
    /// 1 to 10.
    pub quantity: i64,
    /// Id of the model, see [`crate::reference::TERMINAL_MODELS`].
    pub model: i64,
    /// Id of the operating mode, see [`crate::reference::OPERATING_MODES`].
    pub operating_mode: i64,
    /// For the operator.
    pub notes: Option<String>,
}

impl TransactionType {
    /// All of them, in the contract's order.
    pub const ALL: [TransactionType; 4] = [
        TransactionType::Purchase,
        TransactionType::Refund,
        TransactionType::ReversedAcquiring,
        TransactionType::CashAdvance,
    ];

    /// The contract's name.
    pub fn as_str(self) -> &'static str {
        match self {
            TransactionType::Purchase => "Purchase",
            TransactionType::Refund => "Refund",
            TransactionType::ReversedAcquiring => "Reversed Acquiring",
            TransactionType::CashAdvance => "Cash advance",
        }
    }

    /// Reads that name. Case matters.
    pub fn parse(name: &str) -> Option<TransactionType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Application {
    /// Reads fields.
    pub fn of(fields: &Fields) -> Option<Application> {
        let text = |name: &str| fields.text(name).map(str::to_owned);
        Some(Application {
            notes: text("notes"),
            parent: fields.number("parent")?,
            organisation_number: text("organisation_number")?,
            address: Address::of(&fields.under("address."))?,
            transaction_types: parts(fields, "type", |part| {
                Some(TransactionTypeChoice {
                    kind: TransactionType::parse(part.text("name")?)?,
                    is_active: part.is_true("active"),
                    wants_password: part.is_true("password"),
                })
            })?,
            agreements: agreements_of(fields)?,
            languages: parts(fields, "language", |part| {
                let language = part.number("id")?;
                Some(LanguageChoice { language, is_default: part.is_true("default") })
            })?,
            site_language: text("site_language")?,
            mcc: text("mcc")?,
            country_numeric: text("country_numeric")?,
            currency: text("currency")?,
            end_of_day: text("end_of_day")?,
            password_hash: text("password_hash"),
            receipt_name: text("receipt_name")?,
            support_phone: text("support_phone"),
            receipt_phone: text("receipt_phone"),
            tipping: fields.is_true("tipping"),
            signature: fields.is_true("signature"),
            order: match fields.number("order.quantity") {
                None => None,
                Some(quantity) => Some(TerminalOrder {
                    quantity,
                    model: fields.number("order.model")?,
                    operating_mode: fields.number("order.operating_mode")?,
                    notes: text("order.notes"),
                }),
            },
        })
    }

    /// As fields.
    pub fn fields(&self) -> Fields {
        let flag = |flag: bool| Some(flag.to_string());
        let mut fields = Fields::default()
            .with("notes", self.notes.as_ref())
            .with("parent", Some(self.parent.to_string()))
            .with("organisation_number", Some(&self.organisation_number))
            .with_all("address.", &self.address.fields())
            .with("site_language", Some(&self.site_language))
            .with("mcc", Some(&self.mcc))
            .with("country_numeric", Some(&self.country_numeric))
            .with("currency", Some(&self.currency))
            .with("end_of_day", Some(&self.end_of_day))
            .with("password_hash", self.password_hash.as_ref())
            .with("receipt_name", Some(&self.receipt_name))
            .with("support_phone", self.support_phone.as_ref())
            .with("receipt_phone", self.receipt_phone.as_ref())
            .with("tipping", flag(self.tipping))
            .with("signature", flag(self.signature));
        for (at, choice) in self.transaction_types.iter().enumerate() {
            let part = Fields::default()
                .with("name", Some(choice.kind.as_str()))
                .with("active", flag(choice.is_active))
                .with("password", flag(choice.wants_password));
            fields = fields.with_all(&format!("type.{at}."), &part);
        }
        fields = fields.with_all("", &agreement_fields(&self.agreements));
        for (at, choice) in self.languages.iter().enumerate() {
            let part = Fields::default()
                .with("id", Some(choice.language.to_string()))
                .with("default", flag(choice.is_default));
            fields = fields.with_all(&format!("language.{at}."), &part);
        }
        let Some(order) = &self.order else { return fields };
        fields
            .with("order.quantity", Some(order.quantity.to_string()))
            .with("order.model", Some(order.model.to_string()))
            .with("order.operating_mode", Some(order.operating_mode.to_string()))
            .with("order.notes", order.notes.as_ref())
    }
}

impl Address {
    fn of(fields: &Fields) -> Option<Address> {
        let text = |name: &str| fields.text(name).map(str::to_owned);
        Some(Address {
            company_name: text("company_name")?,
            street: text("street")?,
            zip_code: text("zip_code")?,
            city: text("city")?,
            country: text("country")?,
            contact_name: text("contact_name")?,
            contact_phone: text("contact_phone")?,
            contact_email: text("contact_email")?,
        })
    }

    fn fields(&self) -> Fields {
        [
            ("company_name", &self.company_name),
            ("street", &self.street),
            ("zip_code", &self.zip_code),
            ("city", &self.city),
            ("country", &self.country),
            ("contact_name", &self.contact_name),
            ("contact_phone", &self.contact_phone),
            ("contact_email", &self.contact_email),
        ]
        .into_iter()
        .collect()
    }
}

/// Reads agreements.
pub(crate) fn agreements_of(fields: &Fields) -> Option<Vec<Agreement>> {
    parts(fields, "agreement", |part| {
        Some(Agreement {
            card_brand: part.number("card_brand")?,
            number: part.text("number")?.to_owned(),
            acquirer: part.number("acquirer")?,
        })
    })
}

/// Agreements as fields.
pub(crate) fn agreement_fields(agreements: &[Agreement]) -> Fields {
    let mut fields = Fields::default();
    for (at, agreement) in agreements.iter().enumerate() {
        let part = Fields::default()
            .with("card_brand", Some(agreement.card_brand.to_string()))
            .with("number", Some(&agreement.number))
            .with("acquirer", Some(agreement.acquirer.to_string()));
        fields = fields.with_all(&format!("agreement.{at}."), &part);
    }
    fields
}

/// Reads `name.0.…`, `name.1.…` and so on, as many as there are.
fn parts<T>(fields: &Fields, name: &str, read: impl Fn(&Fields) -> Option<T>) -> Option<Vec<T>> {
    let part = |at: usize| fields.under(&format!("{name}.{at}."));
    let parts = (0..).map(part).take_while(|part| !part.is_empty());
    parts.map(|part| read(&part)).collect()
}

//! The lists that Access gives out, with the ids by which requests refer to them.

/// An entry of a list: the id and the name that Access shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Access, `Id`.
    pub id: i64,
    /// Access, `Name`.
    pub name: &'static str,
}

/// A terminal model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Access, `Id`.
    pub id: i64,
    /// Access, `Name`.
    pub name: &'static str,
    /// What packages are made for (`ALL Carbon`).
    pub family: &'static str,
}

const fn entry(id: i64, name: &'static str) -> Entry {
    Entry { id, name }
}

const fn model(id: i64, name: &'static str, family: &'static str) -> Model {
    Model { id, name, family }
}

/// Card brands (Access, `CardBrands`).
pub const CARD_BRANDS: &[Entry] = &[
    entry(1, "Mastercard/Visa"),
    entry(2, "American Express"),
    entry(3, "Diners/Discover"),
    entry(4, "JCB"),
    entry(5, "UnionPay"),
    entry(6, "Dankort"),
    entry(7, "BankAxept"),
];

/// Acquirers (Access, `Acquirers`).
pub const ACQUIRERS: &[Entry] = &[
    entry(1, "Handelsbanken"),
    entry(2, "Swedbank"),
    entry(3, "Nordea"),
    entry(4, "SEB"),
    entry(5, "Nets"),
    entry(6, "Elavon"),
    entry(7, "Worldline"),
];

/// Languages (Access, `Languages`).
pub const LANGUAGES: &[Entry] = &[
    entry(1, "Swedish"),
    entry(2, "English"),
    entry(3, "Norwegian"),
    entry(4, "Danish"),
    entry(5, "Finnish"),
];

/// Operating modes of terminals (Access, `TerminalOperatingModes`).
pub const OPERATING_MODES: &[Entry] = &[
    entry(1, "Epas"),
    entry(2, "Standalone"),
    entry(3, "Nexo"),
    entry(4, "OPI"),
    entry(5, "PAaS"),
];

/// Terminal models that can be ordered (Access, `TerminalModels`).
pub const TERMINAL_MODELS: &[Model] = &[
    model(1, "8006", "Classic"),
    model(2, "T103", "Classic"),
    model(3, "T103P", "Classic"),
    model(4, "T303", "Classic"),
    model(7, "C10", "Carbon"),
    model(8, "C100", "Carbon"),
    model(9, "C100+", "Carbon"),
];

/// Terminal models that can be onboarded (Terminals, `model`).
pub const ONBOARDED_MODELS: &[&str] =
    &["verifone_p400", "verifone_v400m", "ingenico_lane3000", "xac_at170r"];

/// Finds an entry by its id.
pub fn by_id(list: &'static [Entry], id: i64) -> Option<&'static Entry> {
    list.iter().find(|entry| entry.id == id)
}

/// Finds a model that can be ordered by its id.
pub fn model_by_id(id: i64) -> Option<&'static Model> {
    TERMINAL_MODELS.iter().find(|model| model.id == id)
}

/// The family of a model, where it has one.
pub fn family_of(name: &str) -> Option<&'static str> {
    TERMINAL_MODELS.iter().find(|model| model.name == name).map(|model| model.family)
}

//! Terminals: one estate, whether a terminal was ordered through Access or onboarded on the
//! Terminals contract.

use ledger::document::Kind;
use ledger::{Code, Directory, Document, DocumentId, Fields, RowId, Timestamp};

use crate::customer::Customer;
use crate::settings::Layer;

/// One physical or logical device of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// The row that brought it into the estate.
    pub number: i64,
    /// Eight characters, unique in the installation: the terminal's id on receipts and in
    /// authorizations. See [`Terminal::terminal_id_of`].
    pub terminal_id: String,
    /// What the Terminals contract calls it: a UUID.
    pub uuid: String,
    /// Whose it is.
    pub customer: i64,
    /// What it may do.
    pub status: TerminalStatus,
    /// Whether the Terminals contract shows it: it was onboarded there, or a device of one of that
    /// contract's models has activated itself as it.
    pub is_onboarded: bool,
    /// A name of [`crate::reference::TERMINAL_MODELS`], or a model of the Terminals contract.
    pub model: String,
    /// The device's serial number, once it is known.
    pub serial: Option<String>,
    /// The caller's own reference (Terminals, `reference_id`).
    pub reference_id: Option<String>,
    /// Id of its operating mode, where it was ordered through Access.
    pub operating_mode: Option<i64>,
    /// When it came into the estate.
    pub created_at: Timestamp,
    /// When the device called home last.
    pub last_call_home: Option<Timestamp>,
    /// What the device says it runs.
    pub application_version: Option<String>,
    /// The package that it installed last.
    pub installed: Option<i64>,
    /// The newest rollouts that have reached it, ascending: at most
    /// [`crate::limits::REMEMBERED_ROLLOUTS_MAX`].
    pub rollouts: Vec<Reached>,
    /// How a device becomes it.
    pub activation: Activation,
    /// Its own settings, above those it inherits.
    pub settings: Layer,
}

/// What a terminal remembers of a rollout that has reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The rollout.
    pub rollout: i64,
    /// The package that the terminal ran then: what it goes back to.
    pub previous: Option<i64>,
}

/// How a device proves, once, that it is a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The code that is derived from this salt will do.
    Waiting {
        /// 32 hexadecimal digits.
        code_salt: String,
        /// How often a wrong code was tried.
        wrong_codes: i64,
    },
    /// A device has done so.
    Done {
        /// When.
        at: Timestamp,
        /// What its token is derived from: 32 hexadecimal digits.
        token_salt: String,
        /// SHA-256 of its token: 64 hexadecimal digits.
        token_hash: String,
        /// How often somebody has guessed at the request that was answered with the token.
        wrong_codes: i64,
    },
}

/// What a terminal may do (Terminals, `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TerminalStatus {
    /// Ordered through Access, and no device has activated itself as it. Our own APIs show this;
    /// the Terminals contract never does.
    Ordered,
    /// Able to authorize.
    Active,
    /// Deactivated.
    Inactive,
    /// Deleted for good.
    Deleted,
}

/// All terminals.
pub const TERMINALS: &str = "terminals";

impl TerminalStatus {
    /// All of them.
    pub const ALL: [TerminalStatus; 4] = [
        TerminalStatus::Ordered,
        TerminalStatus::Active,
        TerminalStatus::Inactive,
        TerminalStatus::Deleted,
    ];

    /// The word used in documents and APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            TerminalStatus::Ordered => "ordered",
            TerminalStatus::Active => "active",
            TerminalStatus::Inactive => "inactive",
            TerminalStatus::Deleted => "deleted",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<TerminalStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl Terminal {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Terminal.id(number)
    }

    /// The terminal id of the terminal that a row brings into the estate. Unique, since the code
    /// of a row is, for as many rows as there are codes.
    pub fn terminal_id_of(row: RowId) -> String {
        format!("KT{}", Code::of(row).as_str())
    }

    /// The name by which its terminal id leads to it.
    pub fn terminal_id_name(terminal_id: &str) -> String {
        format!("terminal:{terminal_id}")
    }

    /// The name by which its UUID leads to it. Case matters.
    pub fn uuid_name(uuid: &str) -> String {
        format!("terminal.uuid:{uuid}")
    }

    /// The name that only one terminal has that is not deleted.
    pub fn serial_name(model: &str, serial: &str) -> String {
        format!("terminal.serial:{model}/{serial}")
    }

    /// The list of terminals with this serial number that are not deleted: one for each model.
    pub fn serial_list(serial: &str) -> String {
        format!("terminals.serial:{serial}")
    }

    /// The list of a customer's terminals and of those of all below it.
    pub fn under_list(customer: i64) -> String {
        format!("terminals.under:{customer}")
    }

    /// As [`Terminal::under_list`], of those that the Terminals contract shows.
    pub fn onboarded_list(customer: i64) -> String {
        format!("terminals.onboarded:{customer}")
    }

    /// What the Terminals contract calls `gateway_id`: ten characters.
    pub fn gateway_id(&self) -> String {
        format!("GW{}", self.terminal_id)
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Terminal> {
        let fields = &document.fields;
        let text = |name| fields.text(name).map(str::to_owned);
        let rollouts = fields.text("rollouts").unwrap_or_default().split(',');
        Some(Terminal {
            number: document.id.number,
            terminal_id: text("terminal_id")?,
            uuid: text("uuid")?,
            customer: fields.number("customer")?,
            status: TerminalStatus::parse(fields.text("status")?)?,
            is_onboarded: fields.is_true("is_onboarded"),
            model: text("model")?,
            serial: text("serial"),
            reference_id: text("reference_id"),
            operating_mode: fields.number("operating_mode"),
            created_at: fields.time("created_at")?,
            last_call_home: fields.time("last_call_home"),
            application_version: text("application_version"),
            installed: fields.number("installed"),
            rollouts: rollouts.filter_map(Reached::parse).collect(),
            activation: Activation::of(&fields.under("activation."))?,
            settings: Layer::of(fields.under("settings.")),
        })
    }

    /// As a document, on the lists of its customer and all above it.
    pub fn document_in(&self, directory: &Directory) -> Document {
        self.document(&Customer::line(directory, self.customer))
    }

    /// As [`Terminal::document_in`]; `line` are its customer and all above it.
    pub fn document(&self, line: &[i64]) -> Document {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let rollouts: Vec<String> = self.rollouts.iter().map(Reached::text).collect();
        let fields = Fields::default()
            .with("terminal_id", Some(&self.terminal_id))
            .with("uuid", Some(&self.uuid))
            .with("customer", number(Some(self.customer)))
            .with("status", Some(self.status.as_str()))
            .with("is_onboarded", self.is_onboarded.then_some("true"))
            .with("model", Some(&self.model))
            .with("serial", self.serial.as_ref())
            .with("reference_id", self.reference_id.as_ref())
            .with("operating_mode", number(self.operating_mode))
            .with("created_at", number(Some(self.created_at.0)))
            .with("last_call_home", number(self.last_call_home.map(|at| at.0)))
            .with("application_version", self.application_version.as_ref())
            .with("installed", number(self.installed))
            .with("rollouts", (!rollouts.is_empty()).then(|| rollouts.join(",")))
            .with_all("activation.", &self.activation.fields())
            .with_all("settings.", self.settings.fields());
        let mut document = Document::new(Terminal::id(self.number), fields);
        document.names.insert(Terminal::terminal_id_name(&self.terminal_id));
        document.names.insert(Terminal::uuid_name(&self.uuid));
        document.lists.insert(TERMINALS.to_owned());
        document.lists.extend(line.iter().map(|customer| Terminal::under_list(*customer)));
        if self.is_onboarded {
            document.lists.extend(line.iter().map(|above| Terminal::onboarded_list(*above)));
        }
        if let Some(serial) = &self.serial
            && self.status != TerminalStatus::Deleted
        {
            document.names.insert(Terminal::serial_name(&self.model, serial));
            document.lists.insert(Terminal::serial_list(serial));
        }
        document
    }
}

impl Reached {
    /// Reads `rollout` or `rollout:previous`.
    fn parse(text: &str) -> Option<Reached> {
        let (rollout, previous) = match text.split_once(':') {
            Some((rollout, previous)) => (rollout, Some(previous.parse().ok()?)),
            None => (text, None),
        };
        Some(Reached { rollout: rollout.parse().ok()?, previous })
    }

    fn text(&self) -> String {
        match self.previous {
            Some(previous) => format!("{}:{previous}", self.rollout),
            None => self.rollout.to_string(),
        }
    }
}

impl Activation {
    fn of(fields: &Fields) -> Option<Activation> {
        let text = |name| fields.text(name).map(str::to_owned);
        match fields.time("at") {
            Some(at) => Some(Activation::Done {
                at,
                token_salt: text("token_salt")?,
                token_hash: text("token_hash")?,
                wrong_codes: fields.number("wrong_codes").unwrap_or(0),
            }),
            None => Some(Activation::Waiting {
                code_salt: text("code_salt")?,
                wrong_codes: fields.number("wrong_codes")?,
            }),
        }
    }

    fn fields(&self) -> Fields {
        match self {
            Activation::Waiting { code_salt, wrong_codes } => Fields::default()
                .with("code_salt", Some(code_salt))
                .with("wrong_codes", Some(wrong_codes.to_string())),
            Activation::Done { at, token_salt, token_hash, wrong_codes } => Fields::default()
                .with("at", Some(at.0.to_string()))
                .with("token_salt", Some(token_salt))
                .with("token_hash", Some(token_hash))
                .with("wrong_codes", (*wrong_codes > 0).then(|| wrong_codes.to_string())),
        }
    }

    /// How often a wrong code was tried.
    pub(crate) fn wrong_codes(&self) -> i64 {
        match self {
            Activation::Waiting { wrong_codes, .. } | Activation::Done { wrong_codes, .. } => {
                *wrong_codes
            }
        }
    }

    /// Counts one more.
    pub(crate) fn count_wrong_code(&mut self) {
        let counted = self.wrong_codes().saturating_add(1);
        match self {
            Activation::Waiting { wrong_codes, .. } | Activation::Done { wrong_codes, .. } => {
                *wrong_codes = counted;
            }
        }
    }
}

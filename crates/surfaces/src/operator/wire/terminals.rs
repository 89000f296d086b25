//! Terminals and their updates.

use estate::limits::WRONG_CODES_MAX;
use estate::terminal::{Activation, TERMINALS, TerminalStatus};
use estate::{Customer, Package, Terminal, Update};
use ledger::{Directory, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::customers::customer_id;
use super::onboarding::{activation_code, operating_mode};
use crate::Secrets;
use crate::http::fields::Params;

/// Which terminals are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct TerminalFilter {
    /// Those with this status: `ordered`, `active`, `inactive` or `deleted`.
    #[param(value_type = Option<String>, pattern = "^(ordered|active|inactive|deleted)$")]
    status: Option<TerminalStatus>,
    /// Those of this customer and of all below it.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Those that are not deleted and have this serial number.
    serial_number: Option<String>,
}

/// A terminal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Terminal)]
pub(in crate::operator) struct TerminalBody {
    /// Eight characters, unique in the installation: what receipts and authorizations call it.
    #[schema(example = "KT4F2A9C")]
    terminal_id: String,
    /// What the Terminals contract calls it: a UUID.
    id: String,
    /// Whose it is.
    customer_id: i64,
    /// `ordered` until a device has activated itself as it, then `active`; `inactive`; `deleted`.
    #[schema(example = "active")]
    status: &'static str,
    /// What device it is, or is for.
    #[schema(example = "C100+")]
    model: String,
    /// The device's, once it is known.
    serial_number: Option<String>,
    /// The partner's own reference.
    reference_id: Option<String>,
    /// How it is operated, where it was ordered through Access.
    operating_mode: Option<&'static str>,
    /// When it came into the estate.
    created_at: String,
    /// With which a device becomes it, once. `null` when one has.
    activation_code: Option<String>,
    /// Whether too many wrong codes were tried: the activation has to be reset.
    activation_locked: bool,
    /// When a device became it.
    activated_at: Option<String>,
    /// When the device called home last.
    last_call_home: Option<String>,
    /// What the device says it runs.
    application_version: Option<String>,
    /// The package that it installed last.
    installed_package: Option<PackageName>,
    /// Updates that it has not installed yet, oldest first.
    pending_updates: Vec<UpdateBody>,
}

/// A package by its name.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::operator) struct PackageName {
    /// What Access calls it.
    id: i64,
    /// For people.
    name: String,
}

/// A package that a terminal shall install, and how far that is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Update)]
pub(in crate::operator) struct UpdateBody {
    /// Names it.
    update_id: String,
    /// What it shall install.
    package: PackageName,
    /// The rollout it is part of.
    rollout_id: Option<String>,
    /// Whether it brings back what a rollout had replaced.
    is_rollback: bool,
    /// `ordered`, `offered`, `downloaded`, `installed`, `failed` or `cancelled`.
    #[schema(example = "offered")]
    status: &'static str,
    /// What the device says about it.
    message: Option<String>,
    /// When it was ordered.
    ordered_at: String,
    /// When the device was first told of it.
    offered_at: Option<String>,
    /// When its status changed last.
    changed_at: String,
}

/// How a device becomes a terminal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activation)]
pub(in crate::operator) struct ActivationBody {
    /// Which terminal.
    #[schema(example = "KT4F2A9C")]
    terminal_id: String,
    /// The code, which is good once.
    #[schema(example = "04815162")]
    activation_code: Option<String>,
}

impl TerminalFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<TerminalFilter> {
        let expected = "ordered, active, inactive or deleted";
        let status = params.optional("status", expected, TerminalStatus::parse);
        let customer_id = customer_id(params);
        let serial = params.optional("serial_number", "a text", |text| Some(text.to_owned()));
        Some(TerminalFilter { status: status?, customer_id: customer_id?, serial_number: serial? })
    }

    /// The shortest list that has all of them.
    pub(in crate::operator) fn list(&self) -> String {
        match (&self.serial_number, self.customer_id) {
            (Some(serial), _) => Terminal::serial_list(serial),
            (None, Some(customer)) => Terminal::under_list(customer),
            (None, None) => TERMINALS.to_owned(),
        }
    }

    /// Whether a terminal of that list is listed.
    pub(in crate::operator) fn suits(&self, terminal: &Terminal, directory: &Directory) -> bool {
        let is_within = |root: i64| Customer::is_within(directory, root, terminal.customer);
        self.status.is_none_or(|status| status == terminal.status)
            && (self.serial_number.is_none() || self.customer_id.is_none_or(is_within))
    }
}

impl TerminalBody {
    /// A terminal as operators see it.
    pub(in crate::operator) fn of(
        terminal: &Terminal,
        open: &[Update],
        directory: &Directory,
        secrets: &Secrets,
    ) -> TerminalBody {
        let is_deleted = terminal.status == TerminalStatus::Deleted;
        let (activation_locked, activated_at) = match &terminal.activation {
            Activation::Waiting { wrong_codes, .. } => (*wrong_codes >= WRONG_CODES_MAX, None),
            Activation::Done { at, .. } => (false, Some(at.rfc3339())),
        };
        TerminalBody {
            terminal_id: terminal.terminal_id.clone(),
            id: terminal.uuid.clone(),
            customer_id: terminal.customer,
            status: terminal.status.as_str(),
            model: terminal.model.clone(),
            serial_number: terminal.serial.clone(),
            reference_id: terminal.reference_id.clone(),
            operating_mode: operating_mode(terminal),
            created_at: terminal.created_at.rfc3339(),
            activation_code: activation_code(terminal, secrets).filter(|_| !is_deleted),
            activation_locked,
            activated_at,
            last_call_home: terminal.last_call_home.map(Timestamp::rfc3339),
            application_version: terminal.application_version.clone(),
            installed_package: terminal.installed.map(|id| PackageName::of(id, directory)),
            pending_updates: open.iter().map(|one| UpdateBody::of(one, directory)).collect(),
        }
    }
}

impl PackageName {
    /// A package, which is never taken away.
    fn of(id: i64, directory: &Directory) -> PackageName {
        let name = Package::find(directory, id).map(|package| package.name);
        PackageName { id, name: name.unwrap_or_default() }
    }
}

impl UpdateBody {
    /// An update as operators see it.
    pub(in crate::operator) fn of(update: &Update, directory: &Directory) -> UpdateBody {
        UpdateBody {
            update_id: update.number.to_string(),
            package: PackageName::of(update.package, directory),
            rollout_id: update.rollout.map(|rollout| rollout.to_string()),
            is_rollback: update.is_rollback,
            status: update.status.as_str(),
            message: update.message.clone(),
            ordered_at: update.ordered_at.rfc3339(),
            offered_at: update.offered_at.map(Timestamp::rfc3339),
            changed_at: update.changed_at.rfc3339(),
        }
    }
}

impl ActivationBody {
    /// How a device becomes this terminal.
    pub(in crate::operator) fn of(terminal: &Terminal, secrets: &Secrets) -> ActivationBody {
        ActivationBody {
            terminal_id: terminal.terminal_id.clone(),
            activation_code: activation_code(terminal, secrets),
        }
    }
}

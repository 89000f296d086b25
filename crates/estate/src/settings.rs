//! Settings of terminals (Terminals, `terminal_configuration`): what there is, what each may be,
//! and how they are inherited down the customer tree.
//!
//! A setting is named by its dotted path in the configuration (`tip.mode`). A layer holds the
//! settings that one customer or one terminal has chosen itself; what a terminal uses is, for each
//! setting, what the nearest layer says: its own, its merchant's, and so on up to the root, and
//! then the default.

use std::collections::BTreeMap;

use ledger::{Directory, Fields};

use crate::customer::Customer;
use crate::terminal::Terminal;

/// The settings that one customer or one terminal has chosen. Values are text in the form that
/// [`SETTINGS`] gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    chosen: Fields,
    /// Settings that a merge with another layer takes away there.
    withdrawn: Vec<String>,
}

/// Where an effective value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody has chosen: the default.
    Default,
    /// A customer, by its number.
    Customer(i64),
    /// The terminal itself.
    Terminal,
}

/// What a terminal uses: each setting with its value and where that comes from. A setting without
/// a default that nobody has chosen is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective(BTreeMap<&'static str, (String, Origin)>);

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its dotted path.
    pub name: &'static str,
    /// What it may be.
    pub form: Form,
    /// What it is when nobody has chosen.
    pub default: Option<&'static str>,
}

/// What a setting may be, and so how its text is read.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Any text of so many characters.
    Text {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// A whole number.
    Number {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words, each once, at least one; parted by commas.
    Words(&'static [&'static str]),
    /// A name of the time zone database, link names too.
    TimeZone,
    /// A country's two letters (ISO 3166-1 alpha-2).
    Country,
    /// A currency's three letters (ISO 4217).
    Currency,
}

impl Layer {
    /// Of fields that were kept.
    pub fn of(fields: Fields) -> Layer {
        Layer { chosen: fields, withdrawn: Vec::new() }
    }

    /// Its fields, to be kept.
    pub fn fields(&self) -> &Fields {
        &self.chosen
    }

    /// Chooses a setting, whose value has the form that the setting demands.
    pub fn choose(&mut self, setting: &str, value: impl Into<String>) {
        self.chosen.set(setting, Some(value.into()));
    }

    /// Takes a setting away from what this layer is merged into.
    pub fn withdraw(&mut self, setting: &str) {
        self.chosen.set(setting, None);
        self.withdrawn.push(setting.to_owned());
    }

    /// The value that this layer has chosen.
    pub fn chosen(&self, setting: &str) -> Option<&str> {
        self.chosen.text(setting)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty() && self.withdrawn.is_empty()
    }

    /// Takes over what another layer chooses and withdraws: a deep merge by path, since a path
    /// leads to one value; lists are replaced whole.
    pub fn merge(&mut self, other: &Layer) {
        for setting in &other.withdrawn {
            self.chosen.set(setting.as_str(), None);
        }
        for (setting, value) in other.chosen.iter() {
            self.chosen.set(setting, Some(value.to_owned()));
        }
    }
}

/// What a terminal uses.
pub fn effective(directory: &Directory, terminal: &Terminal) -> Effective {
    let mut effective = inherited(directory, terminal.customer);
    effective.overlay(&terminal.settings, Origin::Terminal);
    effective
}

/// What the terminals of a customer use unless they have chosen themselves.
pub fn inherited(directory: &Directory, customer: i64) -> Effective {
    let defaults = SETTINGS
        .iter()
        .filter_map(|setting| Some((setting.name, (setting.default?.to_owned(), Origin::Default))));
    let mut effective = Effective(defaults.collect());
    for number in Customer::line(directory, customer).into_iter().rev() {
        if let Some(found) = Customer::find(directory, number) {
            effective.overlay(&found.settings, Origin::Customer(number));
        }
    }
    effective
}

impl Effective {
    fn overlay(&mut self, layer: &Layer, origin: Origin) {
        for (name, value) in layer.chosen.iter() {
            if let Some(setting) = setting(name) {
                self.0.insert(setting.name, (value.to_owned(), origin));
            }
        }
    }

    /// The value of a setting.
    pub fn text(&self, setting: &str) -> Option<&str> {
        self.0.get(setting).map(|(value, _)| value.as_str())
    }

    /// The value of a setting that is a number.
    pub fn number(&self, setting: &str) -> Option<i64> {
        self.text(setting)?.parse().ok()
    }

    /// Whether a setting is `true`.
    pub fn is_true(&self, setting: &str) -> bool {
        self.text(setting) == Some("true")
    }

    /// All settings that have a value, with where it comes from.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str, Origin)> {
        self.0.iter().map(|(name, (value, origin))| (*name, value.as_str(), *origin))
    }
}

/// Finds a setting by its dotted path.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// All settings (Terminals, §1.6 of what is known of `terminal_configuration`).
pub const SETTINGS: &[Setting] =
    &[Setting { name: "name", form: Form::Text { min: 1, max: 255 }, default: None }];

//! Settings of terminals (Terminals, `terminal_configuration`): what there is, what each may be,
//! and how they are inherited down the customer tree.
//!
//! A setting is named by its dotted path in the configuration (`tip.mode`). A layer holds the
//! settings that one customer or one terminal has chosen itself; what a terminal uses is, for each
//! setting, what the nearest layer says: its own, its merchant's, and so on up to the root, and
//! then the default.

mod rules;
mod table;
mod window;

use std::borrow::Cow;
use std::collections::BTreeMap;

use ledger::{Directory, Fields};
use sha2::{Digest, Sha256};

pub use rules::{Conflict, conflicts, conflicts_of};
pub use table::{Form, SETTINGS, Setting, setting};
pub use window::{Window, window};

use crate::customer::Customer;
use crate::draw::hex;
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
pub struct Effective(BTreeMap<&'static str, (Cow<'static, str>, Origin)>);

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
    with_own(directory, terminal.customer, &terminal.settings)
}

/// What a terminal of this customer uses if these are its own settings.
pub fn with_own(directory: &Directory, customer: i64, own: &Layer) -> Effective {
    laid_together(directory, customer, Some(own)).settled()
}

/// What the terminals of a customer use unless they have chosen themselves.
pub fn inherited(directory: &Directory, customer: i64) -> Effective {
    laid_together(directory, customer, None).settled()
}

/// What a terminal used when its customers' part was `from_customers`.
pub fn recalled(from_customers: Fields, terminal: &Terminal) -> Effective {
    let mut effective = Effective::defaults();
    effective.overlay(&Layer::of(from_customers), Origin::Customer(terminal.customer));
    effective.overlay(&terminal.settings, Origin::Terminal);
    effective.settled()
}

fn laid_together(directory: &Directory, customer: i64, own: Option<&Layer>) -> Effective {
    let mut effective = Effective::defaults();
    for number in Customer::line(directory, customer).into_iter().rev() {
        effective.overlay(&Customer::settings_of(directory, number), Origin::Customer(number));
    }
    if let Some(own) = own {
        effective.overlay(own, Origin::Terminal);
    }
    effective
}

impl Effective {
    fn defaults() -> Effective {
        let defaults = SETTINGS.iter().filter_map(|setting| {
            Some((setting.name, (Cow::Borrowed(setting.default?), Origin::Default)))
        });
        Effective(defaults.collect())
    }

    /// Lays a layer over what is there. An address is taken over whole: parts of two addresses are
    /// none.
    fn overlay(&mut self, layer: &Layer, origin: Origin) {
        let is_address = |name: &str| name.starts_with("address.");
        if layer.chosen.iter().any(|(name, _)| is_address(name)) {
            self.0.retain(|name, _| !is_address(name));
        }
        for (name, value) in layer.chosen.iter() {
            if let Some(setting) = setting(name) {
                self.0.insert(setting.name, (Cow::Owned(value.to_owned()), origin));
            }
        }
    }

    /// A receipt that asks for a tip always shows amounts, whatever was chosen (Terminals,
    /// `percentage_guide.show_amount`).
    fn settled(mut self) -> Effective {
        let asks_on_receipt = self.text("tip.mode") == Some("prompt_on_receipt");
        let shown = self.0.get_mut("tip.terminal_display.percentage_guide.show_amount");
        if let Some((value, _)) = shown.filter(|_| asks_on_receipt) {
            *value = Cow::Borrowed("true");
        }
        self
    }

    /// The values that come from customers. With a terminal's own they give what it used, at any
    /// later time: see [`recalled`].
    pub fn from_customers(&self) -> Fields {
        let inherited = self.iter().filter(|(_, _, origin)| matches!(origin, Origin::Customer(_)));
        inherited.map(|(name, value, _)| (name, value)).collect()
    }

    /// Tells one set of values from another: 16 hexadecimal digits, the same wherever and whenever
    /// they are made. Where the values come from does not matter.
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value, _) in self.iter() {
            for part in [name, value] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        hex(digest.split_at(8).0)
    }

    /// The value of a setting.
    pub fn text(&self, setting: &str) -> Option<&str> {
        self.0.get(setting).map(|(value, _)| value.as_ref())
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
        self.0.iter().map(|(name, (value, origin))| (*name, value.as_ref(), *origin))
    }
}

#[cfg(test)]
mod tests {
    use ledger::Timestamp;

    use super::*;

    const SHOW_AMOUNT: &str = "tip.terminal_display.percentage_guide.show_amount";

    fn layer(chosen: &[(&str, &str)]) -> Layer {
        let mut layer = Layer::default();
        for (name, value) in chosen {
            layer.choose(name, *value);
        }
        layer
    }

    fn customer(number: i64, parent: i64, settings: Layer) -> Customer {
        Customer {
            number,
            parent,
            name: format!("Kund {number}"),
            organisation_number: String::new(),
            created_at: Timestamp(0),
            account_id: number.to_string(),
            merchant: None,
            settings,
        }
    }

    /// A chain 1 with a shop 2 below it.
    fn tree(chain: &[(&str, &str)], shop: &[(&str, &str)]) -> Directory {
        let mut directory = Directory::default();
        directory.put_document(customer(1, 0, layer(chain)).document());
        directory.put_document(customer(2, 1, layer(shop)).document());
        directory
    }

    #[test]
    fn the_nearest_choice_holds() {
        let directory = tree(&[("name", "Kedja"), ("currency", "SEK")], &[("name", "Butik Å")]);
        let all = with_own(&directory, 2, &layer(&[("currency", "USD")]));
        let of = |name| all.iter().find(|found| found.0 == name).map(|found| (found.1, found.2));
        assert_eq!(of("name"), Some(("Butik Å", Origin::Customer(2))));
        assert_eq!(of("currency"), Some(("USD", Origin::Terminal)));
        assert_eq!(of("timezone"), Some(("Europe/Stockholm", Origin::Default)));
        assert_eq!(of("address.city"), None);
        let chain = inherited(&directory, 1);
        assert_eq!((chain.text("name"), chain.text("currency")), (Some("Kedja"), Some("SEK")));
        assert!(inherited(&directory, 9).is_true("quick_chip.enabled"));
    }

    #[test]
    fn an_address_is_inherited_whole() {
        let chain = [("address.country", "SE"), ("address.city", "Åre"), ("name", "Kedja")];
        let directory = tree(&chain, &[]);
        assert_eq!(inherited(&directory, 2).text("address.city"), Some("Åre"));
        let own = with_own(&directory, 2, &layer(&[("address.country", "US")]));
        assert_eq!((own.text("address.country"), own.text("address.city")), (Some("US"), None));
        assert_eq!(own.text("name"), Some("Kedja"));
    }

    #[test]
    fn layers_merge_by_path_and_what_is_withdrawn_is_inherited_again() {
        let mut own = layer(&[("tip.mode", "prompt_on_terminal"), ("name", "A")]);
        let mut change = layer(&[("name", "B")]);
        change.withdraw("tip.mode");
        own.merge(&change);
        assert_eq!(own, layer(&[("name", "B")]));
        assert!(!change.is_empty() && Layer::default().is_empty());
    }

    #[test]
    fn a_receipt_that_asks_for_a_tip_shows_amounts() {
        let receipt = [("tip.mode", "prompt_on_receipt"), (SHOW_AMOUNT, "false")];
        let directory = tree(&receipt, &[]);
        assert!(inherited(&directory, 2).is_true(SHOW_AMOUNT));
        let own = layer(&[("tip.mode", "prompt_on_terminal")]);
        let terminal = with_own(&directory, 2, &own);
        assert!(!terminal.is_true(SHOW_AMOUNT), "what the chain chose comes through again");
    }

    #[test]
    fn versions_follow_values_and_nothing_else() {
        let above = inherited(&tree(&[("name", "X")], &[]), 2).version();
        let below = inherited(&tree(&[], &[("name", "X")]), 2).version();
        let other = inherited(&tree(&[], &[("name", "Y")]), 2).version();
        assert_eq!((above.len(), &above), (16, &below));
        assert_ne!(above, other);
    }
}

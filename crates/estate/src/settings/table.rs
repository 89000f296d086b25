//! The table of settings: their paths, forms and defaults.
//!
//! Where the contract shows a field but no limit for it, the limit is ours: wide enough for what is
//! printed or shown on a terminal, and never without an end.

use iso3166::Country;
use ledger::{Currency, Zone};

use crate::limits::{
    ADDRESS_PART_CHARS_MAX, DEFERRED_AMOUNT_MINOR_MAX, DEFERRED_COUNT_MAX, ID_CHARS_MAX,
    ZONE_NAME_CHARS_MAX,
};

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
    /// Any text of so many characters, on one line.
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

const CARD_BRANDS: &[&str] =
    &["visa", "american_express", "discover", "mastercard", "diners_club", "jcb"];
const ENTRY_MODES: &[&str] = &["chip", "contactless", "magnetic_stripe", "manual"];
const CREDIT_OR_DEBIT: Form = Form::Word(&["credit", "debit", "prompt"]);
const LABEL: Form = Form::Text { min: 1, max: ID_CHARS_MAX };
const ADDRESS_PART: Form = Form::Text { min: 1, max: ADDRESS_PART_CHARS_MAX };
const PERCENTAGE: Form = Form::Number { min: 0, max: 100 };
const AMOUNT: Form = Form::Number { min: 1, max: DEFERRED_AMOUNT_MINOR_MAX };

/// All settings (Terminals, `terminal_configuration`), in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    unset("name", LABEL),
    unset("receipt_header_merchant_name", LABEL),
    unset("maintenance_window.start", Form::Number { min: 0, max: 23 }),
    unset("maintenance_window.duration", Form::Number { min: 1, max: 24 }),
    set("manual_entry_configuration.avs_prompt_enabled", Form::Flag, "true"),
    set("manual_entry_configuration.cvd_prompt_enabled", Form::Flag, "true"),
    unset("address.line1", ADDRESS_PART),
    unset("address.line2", ADDRESS_PART),
    unset("address.city", ADDRESS_PART),
    unset("address.region", ADDRESS_PART),
    unset("address.postal_code", ADDRESS_PART),
    unset("address.country", Form::Country),
    set("timezone", Form::TimeZone, Zone::DEFAULT_NAME),
    unset("currency", Form::Currency),
    set(
        "supported_card_brands",
        Form::Words(CARD_BRANDS),
        "visa,american_express,discover,mastercard,diners_club,jcb",
    ),
    set("credit_debit_preference", CREDIT_OR_DEBIT, "prompt"),
    set(
        "tip.mode",
        Form::Word(&["disabled", "prompt_on_terminal", "prompt_on_receipt"]),
        "disabled",
    ),
    set(
        "tip.terminal_display.amount_guide_type",
        Form::Word(&["percentage_guide", "no_guide"]),
        "percentage_guide",
    ),
    set("tip.terminal_display.percentage_guide.show_amount", Form::Flag, "false"),
    set("tip.terminal_display.percentage_guide.percentage_low", PERCENTAGE, "15"),
    set("tip.terminal_display.percentage_guide.percentage_medium", PERCENTAGE, "18"),
    set("tip.terminal_display.percentage_guide.percentage_high", PERCENTAGE, "20"),
    set("signature_required", Form::Flag, "false"),
    set("contactless_payments.enabled", Form::Flag, "true"),
    set("contactless_payments.credit_debit_preference", CREDIT_OR_DEBIT, "prompt"),
    set("quick_chip.enabled", Form::Flag, "true"),
    set("deferred_authorization.enabled", Form::Flag, "false"),
    set("deferred_authorization.international_enabled", Form::Flag, "false"),
    set(
        "deferred_authorization.max_transaction_count",
        Form::Number { min: 1, max: DEFERRED_COUNT_MAX },
        "20",
    ),
    set("deferred_authorization.max_total_amount", AMOUNT, "250000"),
    set("deferred_authorization.max_transaction_amount", AMOUNT, "12500"),
    set(
        "deferred_authorization.supported_card_entry_modes",
        Form::Words(ENTRY_MODES),
        "chip,contactless",
    ),
];

const fn set(name: &'static str, form: Form, default: &'static str) -> Setting {
    Setting { name, form, default: Some(default) }
}

const fn unset(name: &'static str, form: Form) -> Setting {
    Setting { name, form, default: None }
}

/// Finds a setting by its dotted path.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

impl Setting {
    /// Reads a value of this setting: the text in its one canonical form.
    ///
    /// # Errors
    /// What it must be, as the end of a sentence that begins with the setting's name.
    pub fn check(&self, text: &str) -> Result<String, String> {
        self.form.canonical(text).ok_or_else(|| self.form.demand())
    }
}

impl Form {
    fn canonical(&self, text: &str) -> Option<String> {
        let same = |is_good: bool| is_good.then(|| text.to_owned());
        match self {
            Form::Text { min, max } => {
                let fits = (*min..=*max).contains(&text.chars().count());
                same(fits && !text.chars().any(char::is_control) && !text.trim().is_empty())
            }
            Form::Number { min, max } => {
                let number: i64 = text.parse().ok()?;
                (*min..=*max).contains(&number).then(|| number.to_string())
            }
            Form::Flag => same(matches!(text, "true" | "false")),
            Form::Word(words) => same(words.contains(&text)),
            Form::Words(words) => {
                let given: Vec<&str> = text.split(',').collect();
                let mut seen = given.clone();
                seen.sort_unstable();
                seen.dedup();
                let is_known = given.iter().all(|word| words.contains(word));
                same(is_known && seen.len() == given.len())
            }
            Form::TimeZone if text.len() > ZONE_NAME_CHARS_MAX => None,
            Form::TimeZone => Zone::parse(text).map(|zone| zone.name().to_owned()),
            Form::Country => same(Country::from_alpha2(text).is_some()),
            Form::Currency => same(Currency::parse(text).is_some()),
        }
    }

    fn demand(&self) -> String {
        match self {
            Form::Text { min, max } => format!("must be {min} to {max} characters on one line"),
            Form::Number { min, max } => format!("must be a whole number from {min} to {max}"),
            Form::Flag => "must be true or false".to_owned(),
            Form::Word(words) => format!("must be one of {}", words.join(", ")),
            Form::Words(words) => {
                format!("must be some of {}, at least one, and each once", words.join(", "))
            }
            Form::TimeZone => "must be a name of the time zone database".to_owned(),
            Form::Country => "must be a country's two letters (ISO 3166-1)".to_owned(),
            Form::Currency => "must be a currency's three letters (ISO 4217)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_have_the_form_of_their_setting() {
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                assert_eq!(setting.check(default).as_deref(), Ok(default), "{}", setting.name);
            }
        }
        let names: std::collections::BTreeSet<&str> = SETTINGS.iter().map(|s| s.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[track_caller]
    fn check(name: &str, good: &[&str], bad: &[&str]) {
        let setting = setting(name).unwrap();
        for text in good {
            assert_eq!(setting.check(text).as_deref(), Ok(*text), "{name}");
        }
        for text in bad {
            let demand = setting.check(text).expect_err(text);
            assert!(demand.starts_with("must be "), "{demand}");
        }
    }

    #[test]
    fn values_are_checked_at_their_edges() {
        let (longest, too_long) = ("å".repeat(255), "å".repeat(256));
        for label in ["name", "receipt_header_merchant_name"] {
            check(label, &["Å", "Åkes 🦊", &longest], &["", " ", "a\nb", "\u{7}", &too_long]);
        }
        for part in ["line1", "line2", "city", "region", "postal_code"] {
            check(&format!("address.{part}"), &["Å", &longest], &["", &too_long]);
        }
        check("maintenance_window.start", &["0", "23"], &["-1", "24", "", "1.0", "x"]);
        check("maintenance_window.duration", &["1", "24"], &["0", "25"]);
        check("signature_required", &["true", "false"], &["", "TRUE", "1"]);
        check("timezone", &["US/Pacific", "Europe/Stockholm", "UTC"], &["", "Mars/Base", "+01:00"]);
        check("address.country", &["SE", "US"], &["", "se", "XX", "SWE"]);
        check("currency", &["USD", "SEK", "JPY"], &["", "usd", "XXX", "ZZZ"]);
        check("credit_debit_preference", &["credit", "debit", "prompt"], &["", "both", "Credit"]);
        check("tip.mode", &["disabled", "prompt_on_terminal", "prompt_on_receipt"], &["", "no"]);
        check("supported_card_brands", &["visa", "jcb,visa"], &["", "visa,visa", "visa,", "amex"]);
        let guide = "tip.terminal_display.percentage_guide.percentage_low";
        check(guide, &["0", "100"], &["-1", "101"]);
        let deferred = |name: &str| format!("deferred_authorization.{name}");
        check(&deferred("max_transaction_count"), &["1", "10000"], &["0", "10001"]);
        check(&deferred("max_total_amount"), &["1", "999999999999"], &["0", "1000000000000"]);
        check(&deferred("supported_card_entry_modes"), &["manual,chip"], &["", "nfc"]);
    }

    #[test]
    fn values_have_one_form() {
        assert_eq!(setting("timezone").unwrap().check("us/pacific").unwrap(), "US/Pacific");
        assert_eq!(setting("maintenance_window.start").unwrap().check("+05").unwrap(), "5");
        assert!(setting("sim_card_id").is_none());
    }
}

//! The lists that Access gives out, with the ids by which requests refer to them, and what is known
//! of countries.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::draw::hex;

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

/// A merchant category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mcc {
    /// Access, `Id`. Stays with the code for ever.
    pub id: i64,
    /// Four digits (ISO 18245).
    pub code: &'static str,
    /// Access, `Description`.
    pub description: &'static str,
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

/// Merchant category codes (Access, `MCCCodes`; ISO 18245), in the order of their ids.
pub fn mcc_codes() -> &'static [Mcc] {
    static CODES: LazyLock<Vec<Mcc>> = LazyLock::new(|| {
        let lines = include_str!("../data/mcc.tsv").lines();
        lines.filter(|line| !line.starts_with('#')).filter_map(mcc).collect()
    });
    &CODES
}

fn mcc(line: &'static str) -> Option<Mcc> {
    let (id, rest) = line.split_once('\t')?;
    let (code, description) = rest.split_once('\t')?;
    Some(Mcc { id: id.parse().ok()?, code, description })
}

/// Whether this is a merchant category code.
pub fn is_mcc(code: &str) -> bool {
    mcc_codes().iter().any(|known| known.code == code)
}

/// The two letters of the country with these three digits (ISO 3166-1).
pub fn country_alpha_2(numeric: &str) -> Option<&'static str> {
    let is_numeric = numeric.len() == 3 && numeric.bytes().all(|byte| byte.is_ascii_digit());
    let id: u16 = numeric.parse().ok().filter(|_| is_numeric)?;
    iso3166::Country::from_id(id).map(|country| country.data().alpha2)
}

/// Names the content of a list, so that who has kept it can ask whether it is still so: the same
/// content has the same version, on every machine.
pub fn version<'a>(entries: impl Iterator<Item = (i64, &'a str, &'a str)>) -> String {
    let mut hash = Sha256::new();
    for (id, code, name) in entries {
        hash.update(id.to_be_bytes());
        for part in [code, name] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    hex(digest.split_at(8).0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn merchant_categories_have_ids_of_their_own_in_order() {
        let codes = mcc_codes();
        assert_eq!(codes.len(), 888);
        let ids: Vec<i64> = codes.iter().map(|mcc| mcc.id).collect();
        assert_eq!(ids, (1..=888).collect::<Vec<i64>>());
        let distinct: BTreeSet<&str> = codes.iter().map(|mcc| mcc.code).collect();
        assert_eq!(distinct.len(), codes.len());
        for mcc in codes {
            assert!(mcc.code.len() == 4 && mcc.code.bytes().all(|b| b.is_ascii_digit()), "{mcc:?}");
            assert!(!mcc.description.trim().is_empty(), "{mcc:?}");
        }
    }

    #[test]
    fn merchant_categories_are_known_by_their_codes() {
        let first: Vec<(i64, &str, &str)> =
            mcc_codes().iter().map(|mcc| (mcc.id, mcc.code, mcc.description)).take(2).collect();
        let expected =
            [(1, "0742", "Veterinary Services"), (2, "0763", "Agricultural Co-operatives")];
        assert_eq!(first, expected);
        for (code, known) in
            [("6300", true), ("0743", true), ("3000", true), ("0741", false), ("742", false)]
        {
            assert_eq!(is_mcc(code), known, "{code}");
        }
    }

    #[test]
    fn countries_are_known_by_three_digits() {
        for (numeric, alpha) in [
            ("752", Some("SE")),
            ("578", Some("NO")),
            ("208", Some("DK")),
            ("040", Some("AT")),
            ("004", Some("AF")),
            ("840", Some("US")),
            ("40", None),
            ("0752", None),
            ("000", None),
            ("999", None),
            ("+52", None),
            ("SE", None),
            ("", None),
        ] {
            assert_eq!(country_alpha_2(numeric), alpha, "{numeric}");
        }
    }

    #[test]
    fn a_version_tells_every_difference() {
        let list = |entries: &[(i64, &'static str, &'static str)]| version(entries.iter().copied());
        let versions = [
            list(&[]),
            list(&[(1, "", "a")]),
            list(&[(1, "a", "")]),
            list(&[(2, "", "a")]),
            list(&[(1, "", "a"), (2, "", "b")]),
            list(&[(1, "", "ab")]),
        ];
        let distinct: BTreeSet<&String> = versions.iter().collect();
        assert_eq!(distinct.len(), versions.len());
        assert_eq!(versions[1], list(&[(1, "", "a")]));
        assert!(versions.iter().all(|version| version.len() == 16));
    }
}

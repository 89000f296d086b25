//! In which manner a page is shown: its language, and whether a merchant's page frames it. It
//! travels in the query of every address of the page, since there are no cookies.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::till::Way;
use crate::payments_v3::form::Form;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Swedish,
    English,
}

impl Language {
    pub(super) const ALL: [Language; 2] = [Language::Swedish, Language::English];

    /// Its tag (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Language::Swedish => "sv",
            Language::English => "en",
        }
    }

    /// What its speakers call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::Swedish => "Svenska",
            Language::English => "English",
        }
    }

    /// The one that a tag such as `sv-FI` asks for.
    fn of_tag(tag: &str) -> Option<Language> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The one of ours that a reader likes best (RFC 9110 §12.5.4). Swedish where it is none.
    fn of_accept_language(header: &str) -> Language {
        let mut best = (0, Language::Swedish);
        for range in header.split(',') {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let (Some(language), Some(weight)) = (Language::of_tag(tag.trim()), millis(weight))
            else {
                continue;
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A weight between `0` and `1.000`, in thousandths.
fn millis(weight: &str) -> Option<u32> {
    let weight = weight.trim();
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let part: u32 = format!("{part:0<3}").parse().ok()?;
    let whole: u32 = whole.parse().ok()?;
    Some(whole.checked_mul(1_000)?.checked_add(part)?.min(1_000))
}

/// In which manner a page is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) language: Language,
    /// Whether the widget frames the page.
    pub(super) is_widget: bool,
    /// Which brands the merchant's page wants offered, in its own words; empty: all.
    brands: String,
}

/// Longest list of brands, in characters.
const BRANDS_CHARS_MAX: usize = 200;

impl Manner {
    /// Reads it from the query; a language that is not asked for there is the browser's.
    pub(super) fn of(query: &str, accept_language: &str) -> Manner {
        let query = Form::of_query(query).ok();
        let get = |name| query.as_ref().and_then(|query| query.text(name)).unwrap_or_default();
        let asked = Language::of_tag(get("lang"));
        let is_word = |next: &char| next.is_ascii_alphanumeric() || matches!(next, '_' | ' ');
        Manner {
            language: asked.unwrap_or_else(|| Language::of_accept_language(accept_language)),
            is_widget: get("widget") == "1",
            brands: get("brands").chars().filter(is_word).take(BRANDS_CHARS_MAX).collect(),
        }
    }

    /// The same in another language.
    pub(super) fn in_language(&self, language: Language) -> Manner {
        Manner { language, ..self.clone() }
    }

    /// The query that says all this, with its question mark.
    pub(super) fn query(&self) -> String {
        let mut query = format!("?lang={}", self.language.tag());
        if self.is_widget {
            query.push_str("&widget=1");
        }
        if !self.brands.is_empty() {
            query.push_str("&brands=");
            query.extend(utf8_percent_encode(&self.brands, NON_ALPHANUMERIC));
        }
        query
    }

    /// The address of a page of a checkout: `place` is empty or a word.
    pub(super) fn address(&self, id: &str, place: &str) -> String {
        let slash = if place.is_empty() { "" } else { "/" };
        format!("/checkout/{id}{slash}{place}{}", self.query())
    }

    /// Those of the merchant's ways that are to be offered: all, where none of them is asked for.
    pub(super) fn offered(&self, ways: &[Way]) -> Vec<Way> {
        let asked: Vec<Way> = self.brands.split(' ').filter_map(way).collect();
        let offered: Vec<Way> = ways.iter().copied().filter(|way| asked.contains(way)).collect();
        if offered.is_empty() { ways.to_vec() } else { offered }
    }
}

/// The way to pay that a word of `data-brands` stands for. Words that are none of the others are
/// cards' brands: `VISA`, `MASTER`.
fn way(word: &str) -> Option<Way> {
    match word {
        "" => None,
        "SWISH" => Some(Way::Swish),
        "KLARNA" => Some(Way::Klarna),
        "EASY" => Some(Way::Easy),
        "SANTANDER" => Some(Way::Santander),
        _ => Some(Way::Card),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_chooses_the_language() {
        for (query, header, expected) in [
            ("", "", "sv"),
            ("", "de, fr;q=0.5", "sv"),
            ("", "en-GB,en;q=0.9,sv;q=0.8", "en"),
            ("", "sv;q=0.8, en;q=0.9", "en"),
            ("", "en;q=0, sv;q=0.1", "sv"),
            ("", "en;q=x, sv", "sv"),
            ("lang=en", "sv", "en"),
            ("lang=EN-us", "sv", "en"),
            ("lang=de", "en", "en"),
        ] {
            let manner = Manner::of(query, header);
            assert_eq!(manner.language.tag(), expected, "{query} {header}");
        }
    }

    #[test]
    fn the_manner_survives_in_addresses() {
        let manner = Manner::of("brands=VISA+SWISH%22%3E&widget=1&lang=sv", "");
        assert_eq!(manner.address("1f", "card"), {
            "/checkout/1f/card?lang=sv&widget=1&brands=VISA%20SWISH"
        });
        assert_eq!(Manner::of(manner.query().trim_start_matches('?'), "en"), manner);
        assert_eq!(Manner::of("", "en").address("1f", ""), "/checkout/1f?lang=en");
    }

    #[test]
    fn a_merchants_page_narrows_the_brands() {
        let all = [Way::Card, Way::Swish, Way::Klarna];
        let offered = |brands| Manner::of(brands, "").offered(&all);
        assert_eq!(offered(""), all);
        assert_eq!(offered("brands=VISA+MASTER"), [Way::Card]);
        assert_eq!(offered("brands=KLARNA+SWISH"), [Way::Swish, Way::Klarna]);
        assert_eq!(offered("brands=EASY"), all);
    }
}

//! Cards: the tokens by which a purchase finds its account.

use crate::account::luhn_digit;
use crate::ids::{AccountId, CardId, CompanyId};
use crate::limits::CARD_TOKEN_CHARS_MAX;
use crate::time::Date;

/// A card on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The row that added it.
    pub id: CardId,
    /// The account it draws on; never changes.
    pub account: AccountId,
    /// The company of that account.
    pub company: CompanyId,
    /// What clients send.
    pub token: CardToken,
    /// Whether it may be used.
    pub status: CardStatus,
    /// First and last digits, where the card was registered with its number.
    pub pan: Option<MaskedPan>,
    /// Keyed hash of the number, where the card was registered with it.
    pub fingerprint: Option<PanFingerprint>,
    /// The month after which it is declined.
    pub expiry: Option<CardExpiry>,
}

/// An opaque name of a card: 1 to 64 visible ASCII characters (card ledger, `cardToken`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardToken(String);

/// Whether a card may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardStatus {
    /// In use.
    Active,
    /// New authorizations are declined.
    Blocked,
}

/// The most of a card number that is ever kept or shown: first six, last four
/// (PCI DSS 4.0.1, 3.4.1 and 3.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedPan {
    /// Issuer identification number, six digits.
    pub bin: String,
    /// Last four digits.
    pub last4: String,
}

/// A card number hashed with the installation's key; equal numbers have equal fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PanFingerprint(pub [u8; 32]);

/// The last month in which a card is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardExpiry {
    /// Full year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
}

impl CardToken {
    /// Takes a token as clients send it.
    pub fn parse(text: &str) -> Option<CardToken> {
        let fits = (1..=CARD_TOKEN_CHARS_MAX).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| CardToken(text.to_owned()))
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CardStatus {
    /// The word used in APIs and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            CardStatus::Active => "active",
            CardStatus::Blocked => "blocked",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<CardStatus> {
        match word {
            "active" => Some(CardStatus::Active),
            "blocked" => Some(CardStatus::Blocked),
            _ => None,
        }
    }
}

impl MaskedPan {
    /// Checks a card number (ISO/IEC 7812-1: 12 to 19 digits, Luhn) and keeps what may be kept.
    pub fn of(pan: &str) -> Option<MaskedPan> {
        if !(12..=19).contains(&pan.len()) || !pan.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (body, check) = pan.split_at(pan.len().saturating_sub(1));
        if check.parse() != Ok(luhn_digit(body)) {
            return None;
        }
        let last4 = pan.get(pan.len().saturating_sub(4)..)?.to_owned();
        Some(MaskedPan { bin: pan.get(..6)?.to_owned(), last4 })
    }
}

impl CardExpiry {
    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<CardExpiry> {
        let date = Date::parse(&format!("{text}-01"))?;
        let shown = date.to_string();
        let year = shown.get(0..4)?.parse().ok()?;
        let month = shown.get(5..7)?.parse().ok()?;
        Some(CardExpiry { year, month })
    }

    /// Whether the card is past its last month on `today`.
    pub fn is_past(self, today: Date) -> bool {
        let (year, month) = match self.month {
            12.. => (self.year.saturating_add(1), 1),
            month => (self.year, month.saturating_add(1)),
        };
        Date::parse(&format!("{year:04}-{month:02}-01")).is_some_and(|first| today >= first)
    }
}

impl std::fmt::Display for CardExpiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked_or_refused() {
        let masked = MaskedPan::of("4111111111111111").unwrap();
        assert_eq!((masked.bin.as_str(), masked.last4.as_str()), ("411111", "1111"));
        for bad in ["4111111111111112", "411111", "41111111111111111111", "4111 1111 1111 1111", ""]
        {
            assert_eq!(MaskedPan::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_card_is_good_through_its_last_month() {
        let day = |text| Date::parse(text).unwrap();
        let december = CardExpiry::parse("2026-12").unwrap();
        assert!(!december.is_past(day("2026-12-31")));
        assert!(december.is_past(day("2027-01-01")));
        assert!(!CardExpiry::parse("2026-02").unwrap().is_past(day("2026-02-28")));
        assert_eq!(december.to_string(), "2026-12");
        for bad in ["2026-13", "12/26", "2026-1", ""] {
            assert_eq!(CardExpiry::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn tokens_are_short_and_visible() {
        assert!(CardToken::parse("5646735165").is_some());
        assert!(CardToken::parse(&"x".repeat(64)).is_some());
        for bad in [String::new(), "x".repeat(65), "a b".to_owned(), "å".to_owned()] {
            assert_eq!(CardToken::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn words_are_read_again() {
        for status in [CardStatus::Active, CardStatus::Blocked] {
            assert_eq!(CardStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(CardStatus::parse("closed"), None);
    }
}

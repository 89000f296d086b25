//! Which PSP.

/// The PSPs that have a stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PspName {
    /// Swish for merchants.
    Swish,
    /// Klarna payments, hosted payment page and order management.
    Klarna,
    /// Nexi Checkout, formerly Nets Easy.
    Easy,
    /// A neutral contract for loans with a redirect, since the bank publishes none.
    Santander,
}

impl PspName {
    /// All of them.
    pub const ALL: [PspName; 4] =
        [PspName::Swish, PspName::Klarna, PspName::Easy, PspName::Santander];

    /// The word for it: in paths, and wherever people name it.
    pub fn as_str(self) -> &'static str {
        match self {
            PspName::Swish => "swish",
            PspName::Klarna => "klarna",
            PspName::Easy => "easy",
            PspName::Santander => "santander",
        }
    }

    /// The PSP with that word.
    pub fn parse(word: &str) -> Option<PspName> {
        PspName::ALL.into_iter().find(|psp| psp.as_str() == word)
    }

    /// Whether a callback counts as received when it was answered with `status`. Nexi Checkout
    /// wants exactly 200, the others any success.
    pub fn is_received(self, status: u16) -> bool {
        match self {
            PspName::Easy => status == 200,
            PspName::Swish | PspName::Klarna | PspName::Santander => (200..300).contains(&status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PspName;

    #[test]
    fn words_are_read_back() {
        for psp in PspName::ALL {
            assert_eq!(PspName::parse(psp.as_str()), Some(psp));
        }
        assert_eq!(PspName::parse("Swish"), None);
    }

    #[test]
    fn only_easy_insists_on_200() {
        for psp in PspName::ALL {
            assert!(psp.is_received(200));
            assert_eq!(psp.is_received(204), psp != PspName::Easy);
            assert!(!psp.is_received(302));
            assert!(!psp.is_received(500));
        }
    }
}

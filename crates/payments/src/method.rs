//! How a payer pays: the methods of the AAPay contract, and the PSP behind each.

use ledger::Currency;

/// A payment method (AAPay, `method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Swish, in a shop or on a page.
    Swish,
    /// Klarna.
    Klarna,
    /// A loan of Santander.
    Santander,
    /// Nets Easy.
    Easy,
    /// A card or account of our own ledger. Ours, not the contract's.
    CardLedger,
    /// A card that is none of the ledger's: what the test acquirer answers for. Ours too.
    Card,
}

/// A payment service provider that is called over its own API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Psp {
    /// Swish for merchants.
    Swish,
    /// Klarna Payments, Hosted Payment Page and Order Management.
    Klarna,
    /// Nexi Checkout, formerly Nets Easy.
    Easy,
    /// The neutral loan contract, which is ours.
    Santander,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 6] = [
        Method::Swish,
        Method::Klarna,
        Method::Santander,
        Method::Easy,
        Method::CardLedger,
        Method::Card,
    ];

    /// Those of the AAPay contract.
    pub const AAPAY: [Method; 5] =
        [Method::Swish, Method::Klarna, Method::Santander, Method::Easy, Method::CardLedger];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Swish => "SWISH_E_COM",
            Method::Klarna => "KLARNA",
            Method::Santander => "SANTANDER",
            Method::Easy => "EASY",
            Method::CardLedger => "CARD_LEDGER",
            Method::Card => "CARD",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Method> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }

    /// The contract's number for it (`schemeId`).
    pub fn scheme_id(self) -> u32 {
        match self {
            Method::Swish => 201,
            Method::Klarna => 202,
            Method::Santander => 203,
            // 204 is reserved for Vipps.
            Method::Easy => 205,
            Method::CardLedger => 206,
            Method::Card => 207,
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Method::Swish => "Swish",
            Method::Klarna => "Klarna",
            Method::Santander => "Santander",
            Method::Easy => "Nets Easy",
            Method::CardLedger => "Card ledger",
            Method::Card => "Card",
        }
    }

    /// How long a payer usually takes, in seconds (AAPay terminal service, `meanDelay`).
    pub fn mean_delay_seconds(self) -> i64 {
        match self {
            Method::Swish => 10,
            Method::Klarna | Method::Easy => 60,
            Method::Santander => 300,
            Method::CardLedger | Method::Card => 1,
        }
    }

    /// Whether payments can be made in a currency. Of cards, whoever decides on them knows.
    pub fn takes_currency(self, currency: Currency) -> bool {
        match self {
            Method::Swish => currency.code() == "SEK",
            Method::Klarna | Method::Santander | Method::Easy => {
                ["SEK", "NOK", "DKK", "EUR"].contains(&currency.code())
            }
            Method::CardLedger | Method::Card => true,
        }
    }

    /// Who is called for it. Neither the ledger nor the test acquirer is called: they decide in
    /// the same commit.
    pub fn psp(self) -> Option<Psp> {
        match self {
            Method::Swish => Some(Psp::Swish),
            Method::Klarna => Some(Psp::Klarna),
            Method::Santander => Some(Psp::Santander),
            Method::Easy => Some(Psp::Easy),
            Method::CardLedger | Method::Card => None,
        }
    }
}

impl Psp {
    /// All of them.
    pub const ALL: [Psp; 4] = [Psp::Swish, Psp::Klarna, Psp::Easy, Psp::Santander];

    /// The word used in addresses, settings and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Psp::Swish => "swish",
            Psp::Klarna => "klarna",
            Psp::Easy => "easy",
            Psp::Santander => "santander",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Psp> {
        Self::ALL.into_iter().find(|psp| psp.as_str() == word)
    }

    /// The method that it stands behind.
    pub fn method(self) -> Method {
        match self {
            Psp::Swish => Method::Swish,
            Psp::Klarna => Method::Klarna,
            Psp::Easy => Method::Easy,
            Psp::Santander => Method::Santander,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_again_and_numbers_differ() {
        let ids: std::collections::BTreeSet<u32> =
            Method::ALL.into_iter().map(Method::scheme_id).collect();
        assert_eq!(ids.len(), Method::ALL.len());
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
        }
        for psp in Psp::ALL {
            assert_eq!(Psp::parse(psp.as_str()), Some(psp));
            assert_eq!(psp.method().psp(), Some(psp));
        }
        assert_eq!((Method::parse("VIPPS"), Psp::parse("vipps")), (None, None));
    }

    #[test]
    fn each_method_has_its_currencies() {
        for (code, expected) in [
            ("SEK", [true; 6]),
            ("NOK", [false, true, true, true, true, true]),
            ("EUR", [false, true, true, true, true, true]),
            ("USD", [false, false, false, false, true, true]),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(Method::ALL.map(|method| method.takes_currency(currency)), expected);
        }
    }
}

//! Payment cards: their numbers and their brands.
//!
//! Invariant: nothing here shows a whole card number, and a verification code (CVV) is not a part
//! of anything: it is checked where it comes in, and forgotten.

use ledger::MaskedPan;
use zeroize::Zeroizing;

/// A card number (ISO/IEC 7812-1: 12 to 19 digits, Luhn) on its way to being forgotten:
/// overwritten when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber {
    digits: Zeroizing<String>,
    masked: MaskedPan,
}

/// Who licenses a card (payments v3, `paymentBrand` of cards).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Brand {
    /// Visa.
    Visa,
    /// Mastercard.
    Master,
    /// American Express.
    Amex,
    /// Diners Club.
    Diners,
    /// Discover.
    Discover,
    /// JCB.
    Jcb,
    /// `UnionPay`.
    UnionPay,
    /// Maestro.
    Maestro,
    /// Mir.
    Mir,
}

/// Numbers that begin like this, and are this long, are of a brand.
struct Range {
    brand: Brand,
    /// The first digits of the first and of the last number; equally many.
    first: &'static str,
    last: &'static str,
    /// The shortest and the longest number, in digits. Lengths between them exist too.
    shortest: usize,
    longest: usize,
}

/// Where the numbers of the brands lie. The first range that fits decides: what begins with 6 and
/// is nobody else's is Maestro's. Visa's lengths are 13, 16 and 19 only, see [`Brand::of`].
const RANGES: &[Range] = &[
    range(Brand::Visa, "4", "4", 13, 19),
    range(Brand::Master, "51", "55", 16, 16),
    range(Brand::Master, "2221", "2720", 16, 16),
    range(Brand::Amex, "34", "34", 15, 15),
    range(Brand::Amex, "37", "37", 15, 15),
    range(Brand::Diners, "300", "305", 14, 19),
    range(Brand::Diners, "36", "36", 14, 19),
    range(Brand::Diners, "38", "39", 14, 19),
    range(Brand::Discover, "6011", "6011", 16, 19),
    range(Brand::Discover, "644", "649", 16, 19),
    range(Brand::Discover, "65", "65", 16, 19),
    range(Brand::Jcb, "3528", "3589", 16, 19),
    range(Brand::UnionPay, "62", "62", 16, 19),
    range(Brand::Mir, "2200", "2204", 16, 19),
    range(Brand::Maestro, "50", "50", 12, 19),
    range(Brand::Maestro, "56", "58", 12, 19),
    range(Brand::Maestro, "6", "6", 12, 19),
];

impl CardNumber {
    /// Takes a number as clients send it: digits only. What is not a card number is overwritten.
    pub fn parse(digits: impl Into<String>) -> Option<CardNumber> {
        let digits = Zeroizing::new(digits.into());
        let masked = MaskedPan::of(&digits)?;
        Some(CardNumber { digits, masked })
    }

    /// The whole number: to be hashed or sent on, never to be kept or shown.
    pub fn reveal(&self) -> &str {
        &self.digits
    }

    /// What may be kept and shown of it.
    pub fn masked(&self) -> &MaskedPan {
        &self.masked
    }
}

impl std::fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardNumber(hidden)")
    }
}

impl Brand {
    /// All of them.
    pub const ALL: [Brand; 9] = [
        Brand::Visa,
        Brand::Master,
        Brand::Amex,
        Brand::Diners,
        Brand::Discover,
        Brand::Jcb,
        Brand::UnionPay,
        Brand::Maestro,
        Brand::Mir,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Brand::Visa => "VISA",
            Brand::Master => "MASTER",
            Brand::Amex => "AMEX",
            Brand::Diners => "DINERS",
            Brand::Discover => "DISCOVER",
            Brand::Jcb => "JCB",
            Brand::UnionPay => "UNIONPAY",
            Brand::Maestro => "MAESTRO",
            Brand::Mir => "MIR",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Brand> {
        Self::ALL.into_iter().find(|brand| brand.as_str() == word)
    }

    /// Whose a card number is. `None` for numbers that no brand has given out.
    pub fn of(number: &CardNumber) -> Option<Brand> {
        let digits = number.reveal();
        let brand = RANGES.iter().find(|range| range.holds(digits)).map(|range| range.brand)?;
        let is_of_a_length = brand != Brand::Visa || matches!(digits.len(), 13 | 16 | 19);
        is_of_a_length.then_some(brand)
    }

    /// How many digits its verification code (CVV) has: four at American Express, else three.
    pub fn cvv_digits(self) -> usize {
        match self {
            Brand::Amex => 4,
            Brand::Visa
            | Brand::Master
            | Brand::Diners
            | Brand::Discover
            | Brand::Jcb
            | Brand::UnionPay
            | Brand::Maestro
            | Brand::Mir => 3,
        }
    }

    /// Whether a payment without its verification code is refused (payments v3, 100.100.600:
    /// "empty CVV for VISA, MASTER, AMEX not allowed").
    pub fn wants_cvv(self) -> bool {
        match self {
            Brand::Visa | Brand::Master | Brand::Amex => true,
            Brand::Diners
            | Brand::Discover
            | Brand::Jcb
            | Brand::UnionPay
            | Brand::Maestro
            | Brand::Mir => false,
        }
    }
}

impl Range {
    fn holds(&self, digits: &str) -> bool {
        let start = digits.get(..self.first.len()).unwrap_or_default();
        (self.shortest..=self.longest).contains(&digits.len())
            && (self.first..=self.last).contains(&start)
    }
}

const fn range(
    brand: Brand,
    first: &'static str,
    last: &'static str,
    shortest: usize,
    longest: usize,
) -> Range {
    Range { brand, first, last, shortest, longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number of this length that begins so and passes the Luhn check.
    fn number(start: &str, length: usize) -> CardNumber {
        let body = format!("{start:0<width$}", width = length.saturating_sub(1));
        let fits = (0..=9).find_map(|check| CardNumber::parse(format!("{body}{check}")));
        fits.unwrap()
    }

    #[test]
    fn a_brand_ends_where_its_table_says() {
        check(
            "
            start   shortest  longest  brand
            4       13        19       VISA
            51      16        16       MASTER
            55      16        16       MASTER
            50      12        19       MAESTRO
            2221    16        16       MASTER
            2720    16        16       MASTER
            34      15        15       AMEX
            37      15        15       AMEX
            300     14        19       DINERS
            305     14        19       DINERS
            36      14        19       DINERS
            38      14        19       DINERS
            39      14        19       DINERS
            6011    16        19       DISCOVER
            644     16        19       DISCOVER
            649     16        19       DISCOVER
            65      16        19       DISCOVER
            3528    16        19       JCB
            3589    16        19       JCB
            62      16        19       UNIONPAY
            2200    16        19       MIR
            2204    16        19       MIR
            56      12        19       MAESTRO
            58      12        19       MAESTRO
            60      12        19       MAESTRO
            63      12        19       MAESTRO
            643     12        19       MAESTRO
            67      12        19       MAESTRO
            ",
        );
    }

    #[track_caller]
    fn check(table: &str) {
        for row in table.trim().lines().skip(1) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let (shortest, longest): (usize, usize) =
                (cells[1].parse().unwrap(), cells[2].parse().unwrap());
            let brand = Brand::parse(cells[3]).unwrap();
            for length in [shortest, longest] {
                assert_eq!(Brand::of(&number(cells[0], length)), Some(brand), "{row} {length}");
            }
            for length in [shortest.saturating_sub(1), longest.saturating_add(1)] {
                if (12..=19).contains(&length) {
                    assert_ne!(Brand::of(&number(cells[0], length)), Some(brand), "{row} {length}");
                }
            }
        }
    }

    #[test]
    fn numbers_between_the_ranges_are_nobodys() {
        for start in
            ["0", "1", "2220", "2721", "2199", "2205", "306", "3527", "3590", "31", "59", "7"]
        {
            assert_eq!(Brand::of(&number(start, 16)), None, "{start}");
        }
        for length in [12, 14, 15, 17, 18] {
            assert_eq!(Brand::of(&number("4", length)), None, "{length}");
        }
    }

    #[test]
    fn words_are_read_again() {
        for brand in Brand::ALL {
            assert_eq!(Brand::parse(brand.as_str()), Some(brand));
            assert_eq!(brand.cvv_digits(), if brand == Brand::Amex { 4 } else { 3 });
        }
        assert_eq!((Brand::parse("visa"), Brand::parse("SWISH")), (None, None));
        let wanting = Brand::ALL.into_iter().filter(|brand| brand.wants_cvv());
        assert_eq!(wanting.collect::<Vec<_>>(), [Brand::Visa, Brand::Master, Brand::Amex]);
    }

    #[test]
    fn a_number_is_checked_and_hidden() {
        let number = CardNumber::parse("4200000000000000").unwrap();
        assert_eq!(number.reveal(), "4200000000000000");
        assert_eq!(
            (number.masked().bin.as_str(), number.masked().last4.as_str()),
            ("420000", "0000")
        );
        assert_eq!(format!("{number:?}"), "CardNumber(hidden)");
        for bad in ["4444444444444444", "42000000000", "4200 0000 0000 0000", "", "٤٢"] {
            assert_eq!(CardNumber::parse(bad), None, "{bad}");
        }
    }
}

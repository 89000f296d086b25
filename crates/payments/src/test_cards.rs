//! The cards that the built-in test acquirer knows (payments v3, test data). None of them is
//! anybody's, so their numbers may stand here.

/// How the issuer of a test card answers 3-D Secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreeDSecure {
    /// The payer is asked on the issuer's page.
    Challenge,
    /// The issuer is content without asking.
    Frictionless,
}

/// Cards that are not enrolled in 3-D Secure: they are paid with at once.
const PLAIN: [&str; 4] =
    ["4200000000000000", "5454545454545454", "377777777777770", "4111111111111111"];

/// Cards that are enrolled. The contract's samples show a challenge for two of them and say nothing
/// of the others, so the others are ours to decide: they are frictionless, so that each way can be
/// tested with a Visa and with a Mastercard.
const ENROLLED: [(&str, ThreeDSecure); 16] = [
    ("4200000000000042", ThreeDSecure::Challenge),
    ("5200000000000015", ThreeDSecure::Challenge),
    ("4200000000000067", ThreeDSecure::Frictionless),
    ("4200000000000091", ThreeDSecure::Frictionless),
    ("4012000000003119", ThreeDSecure::Frictionless),
    ("4012000000003127", ThreeDSecure::Frictionless),
    ("4012000000003085", ThreeDSecure::Frictionless),
    ("4012001036275556", ThreeDSecure::Frictionless),
    ("5200000000000049", ThreeDSecure::Frictionless),
    ("6799998900000060018", ThreeDSecure::Frictionless),
    ("6773670009114879", ThreeDSecure::Frictionless),
    ("343434343434343", ThreeDSecure::Frictionless),
    ("375987000000021", ThreeDSecure::Frictionless),
    ("375987000169735", ThreeDSecure::Frictionless),
    ("375987000169743", ThreeDSecure::Frictionless),
    ("375987000169750", ThreeDSecure::Frictionless),
];

/// Whether the test acquirer knows a card number.
pub fn is_test_card(number: &str) -> bool {
    PLAIN.contains(&number) || three_d_secure(number).is_some()
}

/// How a test card answers 3-D Secure. `None` for one that is not enrolled (000.400.109), and for
/// numbers that are not test cards.
pub fn three_d_secure(number: &str) -> Option<ThreeDSecure> {
    ENROLLED.iter().find(|(enrolled, _)| *enrolled == number).map(|(_, answer)| *answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Brand, CardNumber};

    #[test]
    fn each_is_a_card_of_a_brand_and_listed_once() {
        let numbers = PLAIN.into_iter().chain(ENROLLED.into_iter().map(|(number, _)| number));
        let mut seen = std::collections::BTreeSet::new();
        for text in numbers {
            let number = CardNumber::parse(text).unwrap();
            assert!(Brand::of(&number).is_some(), "{text}");
            assert!(is_test_card(text), "{text}");
            assert!(seen.insert(text), "{text}");
        }
        assert_eq!(seen.len(), 20);
    }

    #[test]
    fn three_d_secure_is_as_the_table_says() {
        for (number, answer) in [
            ("4200000000000042", Some(ThreeDSecure::Challenge)),
            ("5200000000000015", Some(ThreeDSecure::Challenge)),
            ("4200000000000067", Some(ThreeDSecure::Frictionless)),
            ("4200000000000000", None),
            ("4444444444444444", None),
            ("4200000000000018", None),
        ] {
            assert_eq!(three_d_secure(number), answer, "{number}");
        }
        assert!(!is_test_card("4444444444444444") && !is_test_card("4200000000000018"));
    }
}

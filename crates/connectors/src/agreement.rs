//! What a merchant's agreement with each PSP consists of (AAPay lookup service, `lineToType`).

use payments::Psp;

/// The merchant's Swish number, `123` and seven digits.
pub const SWISH_ID: &str = "SWISH_ID";

/// Klarna's name for the merchant, the user of its API. Left out where the password is an API key.
pub const KLARNA_MERCHANT_ID: &str = "KLARNA_MERCHANT_ID";

/// The password of Klarna's API, or an API key (`klarna_live_api_…`).
pub const KLARNA_PASSWORD: &str = "KLARNA_PASSWORD";

/// The secret key of Nexi Checkout.
pub const EASY_SECRET_KEY: &str = "EASY_SECRET_KEY";

/// Santander's name for the merchant.
pub const SANTANDER_MERCHANT_ID: &str = "SANTANDER_MERCHANT_ID";

/// What our requests to Santander are authorized with and its callbacks are signed with.
pub const SANTANDER_SECRET: &str = "SANTANDER_SECRET";

/// The names without which nothing can be done at a PSP. What the connection itself needs, such as
/// the client certificate of Swish, is not among them.
pub fn required(psp: Psp) -> &'static [&'static str] {
    match psp {
        Psp::Swish => &[SWISH_ID],
        Psp::Klarna => &[KLARNA_PASSWORD],
        Psp::Easy => &[EASY_SECRET_KEY],
        Psp::Santander => &[SANTANDER_MERCHANT_ID, SANTANDER_SECRET],
    }
}

/// Whether an agreement with a PSP may have a value of this name.
pub fn is_known(psp: Psp, key: &str) -> bool {
    let others: &[&str] = match psp {
        Psp::Swish => {
            &["SWISH_CERTIFICATE", "SWISH_PRIVATE_KEY", "SWISH_PKCS12", "SWISH_PKCS12_PASSWORD"]
        }
        Psp::Klarna => &[KLARNA_MERCHANT_ID],
        Psp::Easy => &["EASY_CHECKOUT_KEY"],
        Psp::Santander => &[],
    };
    required(psp).contains(&key) || others.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_to_one_psp() {
        for psp in Psp::ALL {
            for key in required(psp) {
                let knowing: Vec<Psp> =
                    Psp::ALL.into_iter().filter(|other| is_known(*other, key)).collect();
                assert_eq!(knowing, [psp], "{key}");
            }
            assert!(!is_known(psp, "") && !is_known(psp, "swish_id"));
        }
        assert!(is_known(Psp::Swish, "SWISH_PKCS12_PASSWORD"));
        assert!(is_known(Psp::Klarna, KLARNA_MERCHANT_ID));
        assert!(is_known(Psp::Easy, "EASY_CHECKOUT_KEY"));
    }
}

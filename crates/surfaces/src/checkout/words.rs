//! All words of the page, in each of its languages. `{}` stands for what a sentence is about.

use payments::Brand as CardBrand;

use super::manner::Language;
use super::till::{Decline, Fault, Field, Way};

/// The sentences and labels of one language.
pub(super) struct Words {
    pub(super) payment_to: &'static str,
    pub(super) purchase: &'static str,
    pub(super) amount: &'static str,
    pub(super) payee: &'static str,
    pub(super) reference: &'static str,
    pub(super) test: &'static str,
    pub(super) languages: &'static str,
    pub(super) back_to: &'static str,
    pub(super) give_up: &'static str,

    pub(super) choose: &'static str,
    pub(super) other_way: &'static str,

    pub(super) by_card: &'static str,
    pub(super) card_brands: &'static str,
    pub(super) all_needed: &'static str,
    pub(super) number: &'static str,
    pub(super) holder: &'static str,
    pub(super) expiry: &'static str,
    pub(super) expiry_hint: &'static str,
    pub(super) month: &'static str,
    pub(super) year: &'static str,
    pub(super) cvv: &'static str,
    pub(super) cvv_hint: &'static str,
    pub(super) save_card: &'static str,
    pub(super) pay: &'static str,

    pub(super) error: &'static str,
    pub(super) mistakes: &'static str,

    pub(super) by_swish: &'static str,
    pub(super) phone: &'static str,
    pub(super) phone_hint: &'static str,
    pub(super) other_device: &'static str,
    pub(super) other_device_hint: &'static str,
    pub(super) show_code: &'static str,

    pub(super) waiting: &'static str,
    pub(super) waiting_phone: &'static str,
    pub(super) waiting_code: &'static str,
    pub(super) waiting_answer: &'static str,
    pub(super) code_name: &'static str,
    pub(super) open_app: &'static str,
    pub(super) checks: &'static str,
    pub(super) checks_not: &'static str,
    pub(super) stop_checking: &'static str,
    pub(super) start_checking: &'static str,
    pub(super) check_now: &'static str,
    pub(super) not_yet: &'static str,
    pub(super) cancel_payment: &'static str,

    pub(super) go_on: &'static str,
    pub(super) go_on_bank: &'static str,
    pub(super) go_on_brand: &'static str,
    pub(super) go_on_hint: &'static str,
    pub(super) go_on_to: &'static str,
    pub(super) your_bank: &'static str,

    pub(super) paid: &'static str,
    pub(super) paid_text: &'static str,
    pub(super) declined: &'static str,
    pub(super) cancelled: &'static str,
    pub(super) timed_out: &'static str,
    pub(super) timed_out_text: &'static str,
    pub(super) no_money: &'static str,
    pub(super) try_again: &'static str,

    pub(super) expired: &'static str,
    pub(super) expired_text: &'static str,
    pub(super) missing: &'static str,
    pub(super) missing_text: &'static str,
    pub(super) unanswered: &'static str,
    pub(super) unanswered_text: &'static str,
    pub(super) look_again: &'static str,

    pub(super) time: &'static str,
    pub(super) minutes_left: &'static str,
    pub(super) seconds_left: &'static str,
    pub(super) extend: &'static str,
    pub(super) extended: &'static str,
}

/// The words of a language.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::Swedish => &SWEDISH,
        Language::English => &ENGLISH,
    }
}

/// A sentence about something.
pub(super) fn about(sentence: &str, what: impl AsRef<str>) -> String {
    sentence.replacen("{}", what.as_ref(), 1)
}

const SWEDISH: Words = Words {
    payment_to: "Betalning till {}",
    purchase: "Ditt köp",
    amount: "Belopp",
    payee: "Betalas till",
    reference: "Referens",
    test: "Test: inga pengar flyttas.",
    languages: "Språk",
    back_to: "Tillbaka till {}",
    give_up: "Avbryt och gå tillbaka till {}",

    choose: "Välj hur du vill betala",
    other_way: "Välj ett annat sätt att betala",

    by_card: "Betala med kort",
    card_brands: "Kort som tas emot: {}",
    all_needed: "Alla fält måste fyllas i.",
    number: "Kortnummer",
    holder: "Namnet på kortet",
    expiry: "Giltigt till",
    expiry_hint: "Till exempel 05 och 34, som det står på kortet",
    month: "Månad",
    year: "År",
    cvv: "Säkerhetskod",
    cvv_hint: "3 siffror på kortets baksida, eller 4 på framsidan",
    save_card: "Spara kortet till nästa köp",
    pay: "Betala {}",

    error: "Fel: {}",
    mistakes: "Något behöver rättas",

    by_swish: "Betala med Swish",
    phone: "Mobilnummer",
    phone_hint: "Numret till telefonen där du har Swish, till exempel 070-123 45 67",
    other_device: "Swish på en annan enhet",
    other_device_hint: "Visa en QR-kod och läs av den med Swish-appen.",
    show_code: "Visa QR-kod",

    waiting: "Vi väntar på betalningen",
    waiting_phone: "Öppna Swish på din telefon och godkänn betalningen.",
    waiting_code: "Läs av QR-koden med Swish-appen och godkänn betalningen där.",
    waiting_answer: "Betalningen behandlas. Det tar oftast några sekunder.",
    code_name: "QR-kod att läsa av med Swish-appen",
    open_app: "Öppna Swish på den här enheten",
    checks: "Sidan ser själv efter var {}:e sekund om betalningen är klar.",
    checks_not: "Sidan ser inte själv efter om betalningen är klar.",
    stop_checking: "Sluta se efter automatiskt",
    start_checking: "Se efter automatiskt",
    check_now: "Se efter nu",
    not_yet: "Betalningen är inte klar än.",
    cancel_payment: "Avbryt betalningen",

    go_on: "Fortsätt för att betala",
    go_on_bank: "Din bank vill bekräfta att det är du som betalar.",
    go_on_brand: "Du betalar på en sida hos {}.",
    go_on_hint: "När du är klar kommer du tillbaka hit.",
    go_on_to: "Fortsätt till {}",
    your_bank: "din bank",

    paid: "Betalningen är klar",
    paid_text: "Tack! Du har betalat {}.",
    declined: "Betalningen nekades",
    cancelled: "Betalningen avbröts",
    timed_out: "Betalningen hann inte bli klar",
    timed_out_text: "Den godkändes inte i tid.",
    no_money: "Inga pengar har dragits.",
    try_again: "Försök igen",

    expired: "Tiden är ute",
    expired_text: "Det går inte längre att betala här. Gå tillbaka och börja om. \
                   Inga pengar har dragits.",
    missing: "Sidan finns inte",
    missing_text: "Det finns ingen betalning med den här adressen. \
                   Gå tillbaka till butiken och börja om.",
    unanswered: "Vi vet inte hur det gick",
    unanswered_text: "Något gick fel hos oss. Se efter hur det står till med betalningen \
                      innan du betalar igen.",
    look_again: "Se efter",

    time: "Tid kvar",
    minutes_left: "Du har {} minuter på dig att betala.",
    seconds_left: "Tiden är snart ute: {} sekunder kvar.",
    extend: "Ge mig mer tid",
    extended: "Du har fått mer tid.",
};

const ENGLISH: Words = Words {
    payment_to: "Payment to {}",
    purchase: "Your purchase",
    amount: "Amount",
    payee: "Paid to",
    reference: "Reference",
    test: "Test: no money moves.",
    languages: "Language",
    back_to: "Back to {}",
    give_up: "Cancel and go back to {}",

    choose: "Choose how to pay",
    other_way: "Choose another way to pay",

    by_card: "Pay by card",
    card_brands: "Cards accepted: {}",
    all_needed: "All fields are needed.",
    number: "Card number",
    holder: "Name on the card",
    expiry: "Expires",
    expiry_hint: "For example 05 and 34, as on the card",
    month: "Month",
    year: "Year",
    cvv: "Security code",
    cvv_hint: "3 digits on the back of the card, or 4 on its front",
    save_card: "Save the card for the next purchase",
    pay: "Pay {}",

    error: "Error: {}",
    mistakes: "Something has to be put right",

    by_swish: "Pay with Swish",
    phone: "Mobile phone number",
    phone_hint: "The number of the phone with Swish, for example 070-123 45 67",
    other_device: "Swish on another device",
    other_device_hint: "Show a QR code and scan it with the Swish app.",
    show_code: "Show QR code",

    waiting: "We are waiting for the payment",
    waiting_phone: "Open Swish on your phone and approve the payment.",
    waiting_code: "Scan the QR code with the Swish app and approve the payment there.",
    waiting_answer: "The payment is being processed. This usually takes a few seconds.",
    code_name: "QR code to be scanned with the Swish app",
    open_app: "Open Swish on this device",
    checks: "This page checks by itself every {} seconds whether the payment is complete.",
    checks_not: "This page does not check by itself whether the payment is complete.",
    stop_checking: "Stop checking by itself",
    start_checking: "Check by itself",
    check_now: "Check now",
    not_yet: "The payment is not complete yet.",
    cancel_payment: "Cancel the payment",

    go_on: "Go on to pay",
    go_on_bank: "Your bank wants to make sure that it is you who pays.",
    go_on_brand: "You pay on a page of {}.",
    go_on_hint: "You will come back here when you are done.",
    go_on_to: "Go on to {}",
    your_bank: "your bank",

    paid: "The payment is complete",
    paid_text: "Thank you! You have paid {}.",
    declined: "The payment was declined",
    cancelled: "The payment was cancelled",
    timed_out: "The payment was not completed in time",
    timed_out_text: "It was not approved in time.",
    no_money: "You have not been charged.",
    try_again: "Try again",

    expired: "Time is up",
    expired_text: "It is no longer possible to pay here. Go back and start again. \
                   You have not been charged.",
    missing: "There is no such page",
    missing_text: "No payment has this address. Go back to the shop and start again.",
    unanswered: "We do not know how it went",
    unanswered_text: "Something went wrong on our side. Look how the payment stands before you \
                      pay again.",
    look_again: "Look again",

    time: "Time left",
    minutes_left: "You have {} minutes left to pay.",
    seconds_left: "Time is nearly up: {} seconds left.",
    extend: "Give me more time",
    extended: "You have been given more time.",
};

/// What a way to pay is called.
pub(super) fn way(language: Language, way: Way) -> &'static str {
    match (way, language) {
        (Way::Card, Language::Swedish) => "Kort",
        (Way::Card, Language::English) => "Card",
        (Way::Swish, _) => "Swish",
        (Way::Klarna, _) => "Klarna",
        (Way::Easy, _) => "Nets Easy",
        (Way::Santander, _) => "Santander",
    }
}

/// What people know a card's brand as.
pub(super) fn card_brand(brand: CardBrand) -> &'static str {
    match brand {
        CardBrand::Visa => "Visa",
        CardBrand::Master => "Mastercard",
        CardBrand::Amex => "American Express",
        CardBrand::Diners => "Diners Club",
        CardBrand::Discover => "Discover",
        CardBrand::Jcb => "JCB",
        CardBrand::UnionPay => "UnionPay",
        CardBrand::Maestro => "Maestro",
        CardBrand::Mir => "Mir",
    }
}

/// Why a payment was declined, and what can be done.
pub(super) fn reason(language: Language, decline: Decline) -> &'static str {
    match (language, decline) {
        (Language::Swedish, Decline::Refused) => {
            "Banken eller betaltjänsten sa nej. Den talar inte om varför för oss."
        }
        (Language::English, Decline::Refused) => {
            "The bank or payment service said no. It does not tell us why."
        }
        (Language::Swedish, Decline::Funds) => "Det finns inte tillräckligt med pengar på kontot.",
        (Language::English, Decline::Funds) => "There is not enough money on the account.",
        (Language::Swedish, Decline::CardExpired) => "Kortet har gått ut.",
        (Language::English, Decline::CardExpired) => "The card has expired.",
        (Language::Swedish, Decline::CardBlocked) => {
            "Kortet går inte att använda. Fråga din bank, eller betala på ett annat sätt."
        }
        (Language::English, Decline::CardBlocked) => {
            "The card cannot be used. Ask your bank, or pay in another way."
        }
        (Language::Swedish, Decline::NotAuthenticated) => {
            "Banken kunde inte bekräfta att det är du som betalar."
        }
        (Language::English, Decline::NotAuthenticated) => {
            "The bank could not make sure that it is you who pays."
        }
        (Language::Swedish, Decline::Details) => {
            "Kortuppgifterna stämmer inte. Se efter nummer, datum och säkerhetskod."
        }
        (Language::English, Decline::Details) => {
            "The card's details are not right. Check its number, date and security code."
        }
        (Language::Swedish, Decline::Unavailable) => {
            "Betaltjänsten fungerar inte just nu. Betala på ett annat sätt, eller försök senare."
        }
        (Language::English, Decline::Unavailable) => {
            "The payment service does not work right now. Pay in another way, or try later."
        }
    }
}

/// What has to be put right in a field.
pub(super) fn mistake(language: Language, field: Field, fault: Fault) -> &'static str {
    match language {
        Language::Swedish => mistake_swedish(field, fault),
        Language::English => mistake_english(field, fault),
    }
}

fn mistake_swedish(field: Field, fault: Fault) -> &'static str {
    match (field, fault) {
        (Field::Number, Fault::Missing) => "Fyll i kortnumret",
        (Field::Number, Fault::Malformed) => "Kortnumret ska ha 12 till 19 siffror",
        (Field::Number, Fault::Unknown | Fault::Past) => {
            "Kortnumret stämmer inte, eller kortet tas inte emot här"
        }
        (Field::Holder, Fault::Missing) => "Fyll i namnet som det står på kortet",
        (Field::Holder, _) => "Namnet ska ha 3 till 128 tecken",
        (Field::Month, Fault::Missing) => "Fyll i månaden som kortet gäller till",
        (Field::Month, _) => "Månaden ska vara 01 till 12",
        (Field::Year, Fault::Missing) => "Fyll i året som kortet gäller till",
        (Field::Year, Fault::Past) => "Kortet har gått ut",
        (Field::Year, Fault::Malformed | Fault::Unknown) => {
            "Året ska ha två eller fyra siffror, till exempel 34"
        }
        (Field::Cvv, Fault::Missing) => "Fyll i säkerhetskoden",
        (Field::Cvv, _) => "Säkerhetskoden har 3 siffror, eller 4",
        (Field::Phone, Fault::Missing) => "Fyll i mobilnumret",
        (Field::Phone, _) => "Skriv mobilnumret som 070-123 45 67",
    }
}

fn mistake_english(field: Field, fault: Fault) -> &'static str {
    match (field, fault) {
        (Field::Number, Fault::Missing) => "Enter the card number",
        (Field::Number, Fault::Malformed) => "The card number has 12 to 19 digits",
        (Field::Number, Fault::Unknown | Fault::Past) => {
            "The card number is not right, or the card is not accepted here"
        }
        (Field::Holder, Fault::Missing) => "Enter the name as it is on the card",
        (Field::Holder, _) => "The name has 3 to 128 characters",
        (Field::Month, Fault::Missing) => "Enter the month in which the card expires",
        (Field::Month, _) => "The month is 01 to 12",
        (Field::Year, Fault::Missing) => "Enter the year in which the card expires",
        (Field::Year, Fault::Past) => "The card has expired",
        (Field::Year, Fault::Malformed | Fault::Unknown) => {
            "The year has two or four digits, for example 34"
        }
        (Field::Cvv, Fault::Missing) => "Enter the security code",
        (Field::Cvv, _) => "The security code has 3 digits, or 4",
        (Field::Phone, Fault::Missing) => "Enter the mobile phone number",
        (Field::Phone, _) => "Write the phone number like 070-123 45 67",
    }
}

/// An amount as people write it: `1 234,50 SEK` or `1,234.50 SEK`. The parts do not come apart at
/// the end of a line.
pub(super) fn amount(language: Language, amount: &str, currency: &str) -> String {
    let (group, point) = match language {
        Language::Swedish => ("\u{a0}", ","),
        Language::English => (",", "."),
    };
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = whole.chars().count();
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && digits.saturating_sub(at) % 3 == 0 {
            text.push_str(group);
        }
        text.push(digit);
    }
    if !part.is_empty() {
        text.push_str(point);
        text.push_str(part);
    }
    format!("{text}\u{a0}{currency}")
}

#[cfg(test)]
mod tests {
    use super::{about, amount, words};
    use crate::checkout::manner::Language;

    #[test]
    fn amounts_are_written_as_people_do() {
        for (given, swedish, english) in [
            ("92.00", "92,00\u{a0}SEK", "92.00\u{a0}SEK"),
            ("1234567.05", "1\u{a0}234\u{a0}567,05\u{a0}SEK", "1,234,567.05\u{a0}SEK"),
            ("100", "100\u{a0}SEK", "100\u{a0}SEK"),
        ] {
            assert_eq!(amount(Language::Swedish, given, "SEK"), swedish);
            assert_eq!(amount(Language::English, given, "SEK"), english);
        }
    }

    #[test]
    fn what_a_sentence_is_about_is_put_in_once() {
        for language in Language::ALL {
            assert!(about(words(language).payment_to, "{}").ends_with("{}"));
        }
    }
}

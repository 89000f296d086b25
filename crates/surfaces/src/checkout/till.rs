//! The seam between the page and the domain: what the page is told of a checkout, and what it asks
//! for.
//!
//! Invariant: the amount is told and never asked. A card's number is overwritten after use and not
//! shown by `Debug`; its security code never comes here.

use std::future::Future;
use std::pin::Pin;

use ledger::CardExpiry;
use payments::CardNumber;

/// An answer that takes its time.
pub type Answer<'t, T> = Pin<Box<dyn Future<Output = Result<T, Unanswered>> + Send + 't>>;

/// The till did not answer, or not in time. Whether what was asked for has happened is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the till did not answer")]
pub struct Unanswered;

/// What the page needs of the domain.
pub trait Till: std::fmt::Debug + Send + Sync {
    /// How a checkout stands now; `None` where no checkout has this id. A read that changes
    /// nothing.
    fn view<'t>(&'t self, id: &'t str) -> Answer<'t, Option<View>>;

    /// Pays. A second attempt with the same nonce gets the first one's outcome and has no effect
    /// of its own; so has one on a checkout that is paid, expired or being paid.
    fn pay<'t>(&'t self, id: &'t str, attempt: Attempt) -> Answer<'t, Outcome>;

    /// Gives the checkout its whole life again, where [`View::may_extend`].
    fn extend<'t>(&'t self, id: &'t str) -> Answer<'t, ()>;

    /// Asks at once how the payment stands that is under way.
    fn ask<'t>(&'t self, id: &'t str) -> Answer<'t, ()>;

    /// Gives up the payment that is under way, unless it is paid.
    fn cancel<'t>(&'t self, id: &'t str) -> Answer<'t, ()>;
}

/// What the page shows of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// As in the address: 32 hexadecimal digits.
    pub id: String,
    /// Who is paid.
    pub merchant: String,
    /// The amount as the API writes it: `92.00`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The merchant's own name for the purchase, where it gave one.
    pub reference: Option<String>,
    /// In which ways the merchant takes money, in the order in which they are offered.
    pub ways: Vec<Way>,
    /// Whose cards it takes. Empty: nothing is said of it.
    pub card_brands: Vec<payments::Brand>,
    /// Whether the payer may have the card kept for the next time.
    pub may_save_card: bool,
    /// Whether no money moves.
    pub is_test: bool,
    /// How long the checkout may still be used, in milliseconds.
    pub left_ms: i64,
    /// Whether its life can be made longer. WCAG 2.2.1 wants ten times at least.
    pub may_extend: bool,
    /// How far it has come.
    pub standing: Standing,
    /// Whose pages may frame the page.
    pub framers: Vec<Framer>,
    /// `shopperResultUrl`, which was held against the merchant's allow-list when the checkout was
    /// made.
    pub return_url: String,
}

/// Pages that may frame the page, for the widget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framer {
    /// Those of one origin: `https://shop.example`.
    Origin(String),
    /// All over HTTPS.
    AnyHttps,
    /// All on the payer's own machine, for tests.
    Loopback,
}

/// How far a checkout has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be paid. What came of the last attempt, where there was one.
    Open(Option<Ending>),
    /// A payment is under way.
    Waiting(Waiting),
    /// It is paid.
    Paid,
    /// It can be paid no longer.
    Expired,
}

/// How an attempt ended that did not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was declined.
    Declined(Decline),
    /// The payer gave up.
    Cancelled,
    /// The payer took too long.
    TimedOut,
}

/// Why a payment was declined, as far as a payer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// The bank or the PSP says no, and not why.
    Refused,
    /// There is not enough money (800.100.203, 800.100.155).
    Funds,
    /// The card is past its last month (100.100.303, 800.100.157).
    CardExpired,
    /// The card does not work: blocked, restricted, lost (800.100.159 and its like).
    CardBlocked,
    /// The bank could not make sure that it is the holder who pays (100.380.401 and its like).
    NotAuthenticated,
    /// The bank does not know the security code, or the number (800.100.153, 800.100.151).
    Details,
    /// Something does not work at us or at the PSP.
    Unavailable,
}

/// What a payment under way waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The payer, in an app on the phone whose number was given.
    Phone,
    /// The payer, who scans a code or opens the app. Swish's token of the payment.
    Code {
        /// Without the `D` that a QR code starts with.
        token: String,
    },
    /// The payer, on another page.
    Elsewhere(Redirect),
    /// Somebody else's answer.
    Answer,
}

/// A page of others on which the payer goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// An absolute URL.
    pub url: String,
    /// How one gets there.
    pub method: RedirectMethod,
    /// What a form posts there. Of no meaning for [`RedirectMethod::Get`].
    pub parameters: Vec<(String, String)>,
    /// Whose page it is.
    pub whose: Whose,
}

/// How a browser gets to another page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectMethod {
    /// It follows a link.
    Get,
    /// It posts a form.
    Post,
}

/// Whose page it is on which a payer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The bank's that issued the card (3-D Secure).
    Bank,
    /// The PSP's.
    Way(Way),
}

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A payment card.
    Card,
    /// Swish.
    Swish,
    /// Klarna.
    Klarna,
    /// Nexi Checkout, formerly Nets Easy.
    Easy,
    /// A loan of Santander.
    Santander,
}

/// An attempt to pay.
#[derive(Debug)]
pub struct Attempt {
    /// Tells a repeat of an attempt from another: 32 hexadecimal digits, unique among the
    /// attempts of a checkout.
    pub nonce: String,
    /// How it is paid.
    pub means: Means,
}

/// How a payer pays, and what that takes.
#[derive(Debug)]
pub enum Means {
    /// With a card.
    Card {
        /// What was typed in.
        card: CardEntry,
        /// Whether the holder wants it kept for the next time.
        is_saved: bool,
    },
    /// With Swish on the phone with this number: 8 to 15 digits with the country's code, without
    /// a sign.
    SwishPhone(String),
    /// With Swish on whichever phone scans a code.
    SwishCode,
    /// On a page of the brand's own.
    Hosted(Way),
}

/// A card as its holder typed it in, or as a merchant's server sent it whole, without its security
/// code: that was checked and forgotten.
#[derive(Debug)]
pub struct CardEntry {
    /// Its number. Overwritten when dropped.
    pub number: CardNumber,
    /// Whose it is: that of the number.
    pub brand: payments::Brand,
    /// 3 to 128 characters. The page always asks for it.
    pub holder: Option<String>,
    /// The last month in which it is good. On the page it may be past: see [`Fault::Past`].
    pub expiry: CardExpiry,
}

/// What came of an attempt, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was made, now or before, or is not to be made: how the checkout stands tells.
    Made,
    /// Nothing was done, since what was typed in cannot be right. Never empty.
    Refused(Vec<Mistake>),
}

/// What is wrong with what was typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub field: Field,
    /// What.
    pub fault: Fault,
}

/// A field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The card's number.
    Number,
    /// The name on the card.
    Holder,
    /// The month in which it expires.
    Month,
    /// The year in which it expires.
    Year,
    /// The security code.
    Cvv,
    /// The number of the phone with Swish.
    Phone,
}

/// What can be wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing in it.
    Missing,
    /// It is not written as it should be.
    Malformed,
    /// Of a card's number: no card has it, or none that the merchant takes.
    Unknown,
    /// Of a card's year: it is past.
    Past,
}

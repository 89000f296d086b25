//! How notifications leave: one letter, one attempt, and what came of it.
//!
//! When a letter is sent, in which order and how often is not the post's business.

use std::future::Future;
use std::pin::Pin;

/// Where something is posted to, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// As the merchant gave it; the post checks it, each time.
    pub url: String,
    /// All but those that HTTP itself needs. A signature is among them.
    pub headers: Vec<(&'static str, String)>,
    /// As it was signed.
    pub body: Vec<u8>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has answered. Redirects are answers like any other: they are not followed.
    Answer {
        /// The HTTP status. From 200 to 299 the letter is delivered, whatever becomes of the body.
        status: u16,
        /// What the receiver asks to wait, in seconds from now (`Retry-After`, as a number or as a
        /// date). 0 where that is over.
        retry_after_seconds: Option<u32>,
    },
    /// Nothing was sent: it must not go there. A name may lead elsewhere another time.
    Refused(Refused),
    /// There was no answer. Whether the receiver has the letter is known only where it says so.
    Failed(Trouble),
}

/// Why a letter must not go where it is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read, is too long, or has no host.
    #[error("not a URL")]
    NoUrl,
    /// It is neither `https` nor `http`.
    #[error("not an https URL")]
    Scheme,
    /// It has a user or a password.
    #[error("a URL with a user or a password")]
    Userinfo,
    /// It is `http`, and its host is not in a network that the operator allows.
    #[error("not encrypted: http is for networks that the operator allows")]
    NotEncrypted,
    /// Its host is, or one of its addresses is, neither public nor in a network that the operator
    /// allows.
    #[error("an address that is not public")]
    Address,
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Too much is on its way to this host. Nothing was sent, and it was not tried.
    #[error("too many letters are on their way to this host")]
    Busy,
    /// The name has no address. Nothing was sent.
    #[error("the name was not found")]
    Name,
    /// Nobody listens there, or there is no way. Nothing was sent.
    #[error("the connection was refused")]
    Connect,
    /// No TLS came about, or the certificate is not good for the name. Nothing was sent.
    #[error("there was no secure connection")]
    Tls,
    /// It took too long, at any stage.
    #[error("there was no answer in time")]
    Time,
    /// The connection ended before the answer's head did.
    #[error("the connection ended without an answer")]
    Reset,
    /// What came is no HTTP.
    #[error("the answer is not HTTP")]
    Nonsense,
}

/// What a post's attempt comes to.
pub type Posting<'p> = Pin<Box<dyn Future<Output = Delivery> + Send + 'p>>;

/// Sends letters, to places that they may go to.
pub trait Post: Send + Sync {
    /// Whether a letter may go to a URL, as far as can be said without asking for its host's
    /// addresses: for who keeps a URL, before it is kept.
    ///
    /// # Errors
    /// Why not.
    fn check(&self, url: &str) -> Result<(), Refused>;

    /// Sends one letter, once. Takes at most [`POSTING_MAX`](crate::limits::POSTING_MAX), of which
    /// an attempt has the half: the other is for its turn among those to the same host.
    fn send(&self, letter: Letter) -> Posting<'_>;
}

//! What goes out to a PSP and what comes back.

use std::collections::BTreeMap;

use payments::{Operation, Payment, Report};

/// Something to be done at a PSP, with all that is needed for it.
#[derive(Clone, Copy, Debug)]
pub struct Work<'w> {
    /// What.
    pub operation: Operation,
    /// For what. A refund or reversal gives back its whole amount; it is only ever created or read.
    pub payment: &'w Payment,
    /// What a refund or reversal is about.
    pub original: Option<&'w Payment>,
    /// What the merchant has agreed with the PSP.
    pub agreement: &'w Agreement,
    /// Where the PSP, and the payer, are sent.
    pub addresses: &'w Addresses,
}

/// What a merchant has from a PSP: names and values, in the clear. Never shown.
#[derive(Clone, Default)]
pub struct Agreement(pub BTreeMap<String, String>);

/// Where the PSP and the payer are sent for one payment. All are absolute URLs.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Where the PSP tells that something has happened. Its path names the payment and carries a
    /// secret of it.
    pub callback: String,
    /// What the PSP shall send along there, where its API lets us choose: 32 hexadecimal digits.
    pub callback_secret: String,
    /// Where the payer goes when it is done.
    pub done: String,
    /// Where the payer goes that gives up.
    pub given_up: String,
    /// The merchant's terms.
    pub terms: String,
    /// The PSP's own base address, for requests whose body names another resource of the PSP
    /// (Klarna). A final slash does not matter.
    pub psp: String,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make this call, and ask again with what comes of it.
    Call(Request),
    /// That is all.
    Done(Report),
}

/// A request to a PSP.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub verb: Verb,
    /// The path and query, below the PSP's base address. Begins with a slash.
    pub path: String,
    /// Headers, `content-type` included where there is a body. They carry secrets.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<String>,
}

/// The methods that PSPs' APIs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// An answer, whole.
    Answer(Response),
    /// It certainly was not sent: no connection came about.
    NotSent,
    /// It may have been sent, and no whole answer came.
    Lost,
}

/// An answer of a PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body. What is no text is empty.
    pub body: String,
}

impl Agreement {
    /// A value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Verb {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }
}

impl Response {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} {})", self.verb.as_str(), self.path)
    }
}

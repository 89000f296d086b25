//! The first answer to a request that carried a key, kept byte by byte: it told how things were at
//! that moment, which cannot be rebuilt later.

use ledger::document::Kind;
use ledger::{Books, Document, DocumentId, Fields, ReadSet};

use crate::command::{Answer, Outcome};
use crate::limits::ANSWER_BYTES_MAX;
use crate::payment::number;
use crate::refusal::Refusal;

/// An answer, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// The payment that it is about.
    pub payment: i64,
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Asks to keep an answer, unless there is one already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixAnswer(pub FirstAnswer);

impl FirstAnswer {
    /// Names its document.
    pub fn id(payment: i64) -> DocumentId {
        Kind::FirstAnswer.id(payment)
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<FirstAnswer> {
        let fields = &document.fields;
        let status = fields.number("status").and_then(|status| u16::try_from(status).ok())?;
        let body = fields.text("body")?.to_owned();
        Some(FirstAnswer { payment: document.id.number, status, body })
    }

    fn document(&self) -> Document {
        let fields = Fields::default()
            .with("status", number(i64::from(self.status)))
            .with("body", Some(&self.body));
        Document::new(FirstAnswer::id(self.payment), fields)
    }
}

impl FixAnswer {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(FirstAnswer::id(self.0.payment));
    }
}

/// Decides which answer is the first: who comes first has given it.
///
/// # Errors
/// None.
pub fn fix_answer(command: &FixAnswer, books: &mut Books) -> Result<Answer, Refusal> {
    let id = FirstAnswer::id(command.0.payment);
    if let Some(first) = books.document(id).and_then(FirstAnswer::of) {
        return Ok(Answer::replayed(Outcome::FirstAnswer(first)));
    }
    debug_assert!(command.0.body.len() <= ANSWER_BYTES_MAX, "requests are bounded, so are answers");
    books.put_document(command.0.document());
    Ok(Answer::new(Outcome::FirstAnswer(command.0.clone())))
}

#[cfg(test)]
mod tests;

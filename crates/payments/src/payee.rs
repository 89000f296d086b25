//! What a merchant has agreed with whom for payments over PSPs. Part of the directory.

use std::collections::BTreeMap;

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, Directory, Document, DocumentId, Fields, PaymentsChange, RowId,
    Timestamp,
};

use crate::command::{Answer, Outcome};
use crate::method::Psp;
use crate::payment::{number, truth};
use crate::refusal::Refusal;

/// A merchant, as payments over PSPs see it. A merchant without such a document is active and has
/// agreed nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payee {
    /// The customer's number.
    pub customer: i64,
    /// Whether it takes no payments for now.
    pub is_inactive: bool,
    /// Its number for value added tax.
    pub vat_number: Option<String>,
    /// Where it is.
    pub city: Option<String>,
    /// Two letters (ISO 3166).
    pub country: Option<String>,
    /// When its day ends: `HH:MM` in its company's zone. Without, [`END_OF_DAY_DEFAULT`].
    pub end_of_day: Option<String>,
    /// Where its payers may be sent afterwards: origins as `https://shop.example`; `https://*` is
    /// every one over HTTPS, and `loopback` this machine (payments v3, `shopperResultUrl`).
    pub return_origins: Vec<String>,
    /// What it has from each PSP.
    pub agreements: BTreeMap<Psp, BTreeMap<String, Term>>,
}

/// One value of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Enciphered; the key's id is part of it.
    pub sealed: String,
    /// Whether it is switched off.
    pub is_off: bool,
    /// Whether it is marked for deletion.
    pub is_deleted: bool,
}

/// When a day ends where the merchant has not chosen (Access, `EndOfDayTime`).
pub const END_OF_DAY_DEFAULT: &str = "01:00";

/// Asks to change what payments over PSPs know of a merchant. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePayee {
    /// The customer's number.
    pub customer: i64,
    /// Whether it takes no payments for now.
    pub is_inactive: Option<bool>,
    /// Its number for value added tax.
    pub vat_number: Option<String>,
    /// Where it is.
    pub city: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// `HH:MM`.
    pub end_of_day: Option<String>,
    /// All origins that its payers may be sent to.
    pub return_origins: Option<Vec<String>>,
    /// What becomes of values of its agreements.
    pub terms: Vec<(Psp, String, TermStep)>,
    /// Who asks.
    pub actor: String,
}

/// What becomes of a value of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermStep {
    /// It is this now, enciphered.
    Set(String),
    /// As [`TermStep::Set`], but only where it is still this: for a change of the cipher alone.
    Replace {
        /// What it was.
        before: String,
        /// What it is now.
        after: String,
    },
    /// It is switched off or on.
    Switch {
        /// Whether it is off.
        off: bool,
    },
    /// It is marked for deletion.
    MarkDeleted,
    /// It is gone.
    Delete,
}

impl Payee {
    /// Names its document.
    pub fn id(customer: i64) -> DocumentId {
        Kind::Payee.id(customer)
    }

    /// A merchant's, or one that has agreed nothing.
    pub fn find(directory: &Directory, customer: i64) -> Payee {
        let found = directory.document(Payee::id(customer)).map(|found| Payee::of(found));
        found.unwrap_or(Payee { customer, ..Payee::default() })
    }

    /// Whether it has an agreement that is in force.
    pub fn has(&self, psp: Psp) -> bool {
        self.terms(psp).next().is_some()
    }

    /// The values in force of an agreement, enciphered.
    pub fn terms(&self, psp: Psp) -> impl Iterator<Item = (&str, &str)> {
        let terms = self.agreements.get(&psp).into_iter().flatten();
        let in_force = terms.filter(|(_, term)| !term.is_off && !term.is_deleted);
        in_force.map(|(name, term)| (name.as_str(), term.sealed.as_str()))
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Payee {
        let fields = &document.fields;
        let mut agreements: BTreeMap<Psp, BTreeMap<String, Term>> = BTreeMap::new();
        for psp in Psp::ALL {
            let terms = fields.under(&format!("terms.{}.", psp.as_str()));
            let names = terms.iter().filter_map(|(name, _)| name.strip_suffix(".sealed"));
            for name in names {
                let term = Term {
                    sealed: terms.owned(&format!("{name}.sealed")).unwrap_or_default(),
                    is_off: terms.is_true(&format!("{name}.is_off")),
                    is_deleted: terms.is_true(&format!("{name}.is_deleted")),
                };
                agreements.entry(psp).or_default().insert(name.to_owned(), term);
            }
        }
        Payee {
            customer: document.id.number,
            is_inactive: fields.is_true("is_inactive"),
            vat_number: fields.owned("vat_number"),
            city: fields.owned("city"),
            country: fields.owned("country"),
            end_of_day: fields.owned("end_of_day"),
            return_origins: fields
                .text("return_origins")
                .map(|origins| origins.split(' ').map(str::to_owned).collect())
                .unwrap_or_default(),
            agreements,
        }
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let mut fields = Fields::default()
            .with("is_inactive", truth(self.is_inactive))
            .with("vat_number", self.vat_number.as_ref())
            .with("city", self.city.as_ref())
            .with("country", self.country.as_ref())
            .with("end_of_day", self.end_of_day.as_ref())
            .with(
                "return_origins",
                Some(self.return_origins.join(" ")).filter(|all| !all.is_empty()),
            );
        for (psp, terms) in &self.agreements {
            for (name, term) in terms {
                let prefix = format!("terms.{}.{name}.", psp.as_str());
                fields.set(format!("{prefix}sealed"), Some(term.sealed.clone()));
                fields.set(format!("{prefix}is_off"), truth(term.is_off).map(str::to_owned));
                let is_deleted = truth(term.is_deleted).map(str::to_owned);
                fields.set(format!("{prefix}is_deleted"), is_deleted);
            }
        }
        Document::new(Payee::id(self.customer), fields)
    }

    fn take(&mut self, psp: Psp, name: &str, step: &TermStep) -> Result<(), Refusal> {
        let terms = self.agreements.entry(psp).or_default();
        let found = terms.get_mut(name);
        match (step, found) {
            (TermStep::Set(sealed), _) => {
                let term = Term { sealed: sealed.clone(), is_off: false, is_deleted: false };
                terms.insert(name.to_owned(), term);
            }
            (_, None) => return Err(Refusal::AgreementNotFound),
            (TermStep::Replace { before, after }, Some(term)) => {
                if term.sealed == *before {
                    term.sealed.clone_from(after);
                }
            }
            (TermStep::Switch { off }, Some(term)) => {
                if term.is_deleted {
                    return Err(Refusal::AgreementDeleted);
                }
                term.is_off = *off;
            }
            (TermStep::MarkDeleted, Some(term)) => {
                if term.is_deleted {
                    return Err(Refusal::AgreementDeleted);
                }
                term.is_deleted = true;
            }
            (TermStep::Delete, Some(_)) => drop(terms.remove(name)),
        }
        if terms.is_empty() {
            self.agreements.remove(&psp);
        }
        Ok(())
    }
}

/// Decides one change of a merchant's agreements and places it in the books. The journal tells
/// which values changed, not what they are.
///
/// # Errors
/// [`Refusal::MerchantNotFound`], [`Refusal::AgreementNotFound`], [`Refusal::AgreementDeleted`].
pub fn change_payee(
    command: &ChangePayee,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let customer = Kind::Customer.id(command.customer);
    if books.directory.document(customer).is_none() {
        return Err(Refusal::MerchantNotFound);
    }
    let mut payee = Payee::find(&books.directory, command.customer);
    let take = |mine: &mut Option<String>, theirs: &Option<String>| {
        if theirs.is_some() {
            mine.clone_from(theirs);
        }
    };
    payee.is_inactive = command.is_inactive.unwrap_or(payee.is_inactive);
    take(&mut payee.vat_number, &command.vat_number);
    take(&mut payee.city, &command.city);
    take(&mut payee.country, &command.country);
    take(&mut payee.end_of_day, &command.end_of_day);
    if let Some(origins) = &command.return_origins {
        payee.return_origins.clone_from(origins);
    }
    for (psp, name, step) in &command.terms {
        payee.take(*psp, name, step)?;
    }
    let kind = ChangeKind::Payments(PaymentsChange::PayeeChanged);
    let mut change = Change::about(RowId(command.customer), kind, &command.actor, now);
    if let Some(is_inactive) = command.is_inactive {
        change = change.with("is_inactive", is_inactive.to_string());
    }
    for (psp, name, step) in &command.terms {
        let word = match step {
            TermStep::Set(_) => "set",
            TermStep::Replace { .. } => "enciphered again",
            TermStep::Switch { off: true } => "switched off",
            TermStep::Switch { off: false } => "switched on",
            TermStep::MarkDeleted => "marked for deletion",
            TermStep::Delete => "deleted",
        };
        change = change.with(&format!("{}.{name}", psp.as_str()), word);
    }
    change = change.with("agreements", number(count(&payee)).unwrap_or_default());
    books.place_change(change, None);
    books.put_document(payee.document());
    Ok(Answer::new(Outcome::Payee(payee)))
}

fn count(payee: &Payee) -> i64 {
    i64::try_from(payee.agreements.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;

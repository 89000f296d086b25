//! Packages: software for terminals. The bytes are kept in files by their hash; here is what is
//! known of them.

use ledger::document::Kind;
use ledger::{
    Books, Directory, Document, DocumentId, EstateChange, Fields, Idempotency, Timestamp,
};

use crate::command::{Answer, Outcome, change_of, document_of, next_number, repeated};
use crate::customer::Customer;
use crate::reference::{ONBOARDED_MODELS, TERMINAL_MODELS, family_of};
use crate::refusal::Refusal;

/// Software for terminals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What Access calls it (`Id`).
    pub number: i64,
    /// The customer it is for: it and all below it may use it.
    pub customer: i64,
    /// For people.
    pub name: String,
    /// A terminal model, `ALL` and a family, or `ALL` (Access, `ModelName`).
    pub model_name: String,
    /// For people.
    pub notes: Option<String>,
    /// Its length in bytes.
    pub size: i64,
    /// SHA-256 of its bytes, as 64 hexadecimal digits.
    pub sha256: String,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// Asks to add a package whose file is in its place (operator API, POST packages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPackage {
    /// Whose it is.
    pub customer: i64,
    /// See [`Package`].
    pub name: String,
    /// See [`Package`].
    pub model_name: String,
    /// See [`Package`].
    pub notes: Option<String>,
    /// See [`Package`].
    pub size: i64,
    /// See [`Package`].
    pub sha256: String,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// All packages.
pub const PACKAGES: &str = "packages";

impl Package {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Package.id(number)
    }

    /// Finds a package.
    pub fn find(directory: &Directory, number: i64) -> Option<Package> {
        directory.document(Package::id(number)).and_then(|found| Package::of(found))
    }

    /// Finds a package that a customer may use: its own, or one of a customer above it.
    ///
    /// # Errors
    /// [`Refusal::CustomerNotFound`], [`Refusal::PackageNotFound`].
    pub fn find_for(directory: &Directory, customer: i64, number: i64) -> Result<Package, Refusal> {
        let line = Customer::line(directory, customer);
        if line.is_empty() {
            return Err(Refusal::CustomerNotFound);
        }
        let found = Package::find(directory, number);
        let found = found.filter(|package| line.contains(&package.customer));
        found.ok_or(Refusal::PackageNotFound)
    }

    /// The packages of one customer, oldest first.
    pub fn of_customer(directory: &Directory, customer: i64) -> Vec<Package> {
        let list = format!("packages.of:{customer}");
        directory.documents_on(&list).filter_map(|found| Package::of(found)).collect()
    }

    /// Whether it runs on terminals of this model.
    pub fn suits(&self, model: &str) -> bool {
        let family = self.model_name.strip_prefix("ALL ");
        self.model_name == "ALL"
            || self.model_name == model
            || family.is_some_and(|family| family_of(model) == Some(family))
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Package> {
        let fields = &document.fields;
        let text = |name| fields.text(name).map(str::to_owned);
        Some(Package {
            number: document.id.number,
            customer: fields.number("customer")?,
            name: text("name")?,
            model_name: text("model_name")?,
            notes: text("notes"),
            size: fields.number("size")?,
            sha256: text("sha256")?,
            created_at: fields.time("created_at")?,
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let fields = Fields::default()
            .with("customer", Some(self.customer.to_string()))
            .with("name", Some(&self.name))
            .with("model_name", Some(&self.model_name))
            .with("notes", self.notes.as_ref())
            .with("size", Some(self.size.to_string()))
            .with("sha256", Some(&self.sha256))
            .with("created_at", Some(self.created_at.0.to_string()));
        let mut document = Document::new(Package::id(self.number), fields);
        document.lists = [PACKAGES.to_owned(), format!("packages.of:{}", self.customer)].into();
        document
    }
}

/// Whether terminals can be meant by this name: that of a model, `ALL` and a family, or `ALL`.
pub fn is_model_name(name: &str) -> bool {
    let family = name.strip_prefix("ALL ");
    name == "ALL"
        || ONBOARDED_MODELS.contains(&name)
        || TERMINAL_MODELS.iter().any(|model| model.name == name || family == Some(model.family))
}

/// Decides one addition and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CustomerNotFound`].
pub fn add_package(
    command: &AddPackage,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(change) = repeated(books, command.idempotency)? {
        let first = Package::of(&document_of(&change, Kind::Package));
        let first = first.ok_or(Refusal::IdempotencyKeyReused)?;
        return Ok(Answer::replayed(Outcome::Package(first)));
    }
    if Customer::find(&books.directory, command.customer).is_none() {
        return Err(Refusal::CustomerNotFound);
    }
    let package = Package {
        number: next_number(books, Kind::Package),
        customer: command.customer,
        name: command.name.clone(),
        model_name: command.model_name.clone(),
        notes: command.notes.clone(),
        size: command.size,
        sha256: command.sha256.clone(),
        created_at: now,
    };
    let document = package.document();
    let change = change_of(&document, EstateChange::PackageAdded, &command.actor, now);
    books.place_change(change, command.idempotency);
    books.put_document(document);
    Ok(Answer::new(Outcome::Package(package)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_families_and_all_can_be_meant() {
        for name in ["8006", "C100+", "ALL Carbon", "ALL Classic", "ALL", "verifone_p400"] {
            assert!(is_model_name(name), "{name}");
        }
        for name in ["", "all", "Carbon", "ALL ", "ALL C100", "c100", "C100 "] {
            assert!(!is_model_name(name), "{name}");
        }
    }
}

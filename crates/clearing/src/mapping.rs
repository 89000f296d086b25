//! Mappings: what the columns of a PSP's reports mean, as who imports them declares.

use formats::report::Mapping;
use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Document, DocumentId, Fields, ReadSet, RowId,
    Timestamp,
};

use crate::command::{Answer, Outcome};
use crate::refusal::Refusal;

/// The list of all mappings.
pub const MAPPINGS: &str = "report_mappings";

/// What the columns of a PSP's reports mean, and whose payments they are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportMapping {
    /// The row that added it.
    pub number: i64,
    /// What it is called: letters, digits, `-` and `_`.
    pub name: String,
    /// What it says.
    pub declared: Declared,
    /// When it was added or changed last.
    pub changed_at: Timestamp,
}

/// What a mapping says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The PSP's word.
    pub psp: String,
    /// Which of a payment's references the reports have.
    pub reference: ReferenceKind,
    /// The only company whose payments the reports have, by number; all where there is none.
    pub company: Option<String>,
    /// The only seller, by number; only with a company.
    pub seller: Option<String>,
    /// The columns.
    pub columns: Mapping,
}

/// Which of a payment's references a report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// What we call it at the PSP: 32 hexadecimal digits, in capitals or not.
    Instruction,
    /// What the PSP calls it.
    Psp,
    /// What else the PSP calls it: the order behind a session, a charge.
    PspSecond,
    /// What the merchant calls it.
    Merchant,
    /// Our number of it.
    Id,
}

/// Adds a mapping, or says anew what one means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMapping {
    /// What it is called.
    pub name: String,
    /// What it says.
    pub declared: Declared,
    /// Who says so.
    pub actor: String,
}

impl ReferenceKind {
    /// All of them.
    pub const ALL: [ReferenceKind; 5] = [
        ReferenceKind::Instruction,
        ReferenceKind::Psp,
        ReferenceKind::PspSecond,
        ReferenceKind::Merchant,
        ReferenceKind::Id,
    ];

    /// The word used in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            ReferenceKind::Instruction => "instruction",
            ReferenceKind::Psp => "psp",
            ReferenceKind::PspSecond => "psp-second",
            ReferenceKind::Merchant => "merchant",
            ReferenceKind::Id => "id",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<ReferenceKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl ReportMapping {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::ReportMapping.id(number)
    }

    /// The name by which a mapping is found.
    pub fn document_name(name: &str) -> String {
        format!("report_mapping:{name}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<ReportMapping> {
        let fields = &document.fields;
        let text = |name: &str| fields.owned(name);
        Some(ReportMapping {
            number: document.id.number,
            name: text("name")?,
            declared: Declared {
                psp: text("psp")?,
                reference: ReferenceKind::parse(fields.text("reference")?)?,
                company: text("company"),
                seller: text("seller"),
                columns: Mapping::parse(fields.text("columns")?).ok()?,
            },
            changed_at: fields.time("changed_at")?,
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let declared = &self.declared;
        let fields = Fields::default()
            .with("name", Some(&self.name))
            .with("psp", Some(&declared.psp))
            .with("reference", Some(declared.reference.as_str()))
            .with("company", declared.company.as_ref())
            .with("seller", declared.seller.as_ref())
            .with("columns", Some(declared.columns.to_text()))
            .with("changed_at", Some(self.changed_at.0.to_string()));
        let mut document = Document::new(Self::id(self.number), fields);
        document.names.insert(Self::document_name(&self.name));
        document.lists.insert(MAPPINGS.to_owned());
        document
    }
}

impl SetMapping {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.names.push(ReportMapping::document_name(&self.name));
    }
}

/// Decides what a mapping says from now on. What it says already changes nothing.
///
/// # Errors
/// None.
pub fn set_mapping(
    command: &SetMapping,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let name = ReportMapping::document_name(&command.name);
    let known = books.named(&name).and_then(ReportMapping::of);
    if let Some(known) = known.as_ref().filter(|known| known.declared == command.declared) {
        return Ok(Answer::replayed(Outcome::Mapping(Box::new(known.clone()))));
    }
    let number = known.map_or(0, |known| known.number);
    let kind = ChangeKind::Clearing(ClearingChange::MappingChanged);
    let change = Change::about(RowId(number), kind, &command.actor, now)
        .with("name", command.name.clone())
        .with("psp", command.declared.psp.clone())
        .with("reference", command.declared.reference.as_str())
        .with("columns", command.declared.columns.to_text());
    let mapping = ReportMapping {
        number: books.place_change(change, None).subject.0,
        name: command.name.clone(),
        declared: command.declared.clone(),
        changed_at: now,
    };
    books.put_document(mapping.document());
    Ok(Answer::new(Outcome::Mapping(Box::new(mapping))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_references_apart() {
        for kind in ReferenceKind::ALL {
            assert_eq!(ReferenceKind::parse(kind.as_str()), Some(kind));
        }
    }
}

//! Documents, and what leads to them.

use std::collections::{BTreeSet, HashMap};

use ledger::document::Kind;
use ledger::{Document, DocumentId, Fields};
use serde_json::Value;

use super::cells::{Cell, Cells};
use super::tables::Table;
use super::tables::Type::{Int, Text};
use crate::codes::Coded;

pub(crate) const DOCUMENTS: Table = Table {
    name: "document",
    columns: &[("kind", Int), ("number", Int), ("fields", Text), ("names", Text), ("lists", Text)],
};

/// Which document alone is found by a name.
pub(crate) const DOCUMENT_NAMES: Table =
    Table { name: "document_name", columns: &[("name", Text), ("kind", Int), ("number", Int)] };

/// Which documents are on a list.
pub(crate) const DOCUMENT_LISTS: Table =
    Table { name: "document_list", columns: &[("list", Text), ("number", Int), ("kind", Int)] };

impl Table {
    /// A query of what leads to documents: of [`DOCUMENT_NAMES`] or [`DOCUMENT_LISTS`], in the
    /// order of [`get_lead`]. `range` follows, and `{text}` in it is what leads there.
    pub(crate) fn select_leads(&self, range: &str) -> String {
        let text = self.columns.first().map_or("", |(name, _)| *name);
        let range = range.replace("{text}", text);
        format!("SELECT {text}, kind, number FROM {} {range}", self.name)
    }
}

pub(crate) fn put_document(row: &Document) -> [Cell<'_>; 5] {
    let fields: serde_json::Map<String, Value> = row
        .fields
        .iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
        .collect();
    let set = |set: &BTreeSet<String>| -> String {
        set.iter().map(String::as_str).collect::<Value>().to_string()
    };
    [
        row.id.kind.code().into(),
        row.id.number.into(),
        Value::Object(fields).to_string().into(),
        set(&row.names).into(),
        set(&row.lists).into(),
    ]
}

pub(crate) fn get_document<C: Cells>(cells: &mut C) -> Result<Document, C::Error> {
    let id = get_document_id(cells)?;
    let fields = |text: &str| -> Option<Fields> {
        let fields: HashMap<String, String> = serde_json::from_str(text).ok()?;
        Some(fields.into_iter().collect())
    };
    let set = |text: &str| serde_json::from_str::<BTreeSet<String>>(text).ok();
    Ok(Document {
        id,
        fields: discreetly(cells, "fields", fields)?,
        names: discreetly(cells, "names", set)?,
        lists: discreetly(cells, "lists", set)?,
    })
}

/// The kind and the number of a document, in this order.
pub(crate) fn get_document_id<C: Cells>(cells: &mut C) -> Result<DocumentId, C::Error> {
    Ok(DocumentId { kind: cells.coded()?, number: cells.int()? })
}

/// What leads to a document, and which one that is.
pub(crate) fn get_lead<C: Cells>(cells: &mut C) -> Result<(String, DocumentId), C::Error> {
    Ok((cells.text()?, get_document_id(cells)?))
}

/// A text that has a meaning, and is not shown where it has none: it may be about people.
fn discreetly<C: Cells, T>(
    cells: &mut C,
    what: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, C::Error> {
    let cell = cells.next_text(parse)?;
    cells.present(cell)?.ok_or_else(|| cells.unreadable(format!("unknown {what}")))
}

/// Which documents are resident, as a condition of SQL.
pub(crate) fn is_resident() -> String {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_resident());
    let codes: Vec<String> = kinds.map(|kind| kind.code().to_string()).collect();
    format!("kind IN ({})", codes.join(", "))
}

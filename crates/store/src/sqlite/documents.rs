//! Documents, and the tables by which names and lists lead to them.

use std::collections::BTreeSet;

use ledger::{Books, Document, DocumentId, ReadSet, WrittenDocument};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::rows::{
    DOCUMENT_LISTS, DOCUMENT_NAMES, DOCUMENTS, UPDATE_DOCUMENT, read_document, read_lead,
    update_document, write_document,
};
use crate::Part;
use crate::codes::Coded as _;

/// Loads the documents that `reads` names, but for those of resident kinds.
pub(super) fn load_documents(
    connection: &Connection,
    reads: &ReadSet,
    books: &mut Books,
) -> Result<()> {
    if reads.documents.is_empty() && reads.names.is_empty() && reads.lists.is_empty() {
        return Ok(());
    }
    let mut ids: BTreeSet<DocumentId> = reads.documents.iter().copied().collect();
    for (table, texts) in [(&DOCUMENT_NAMES, &reads.names), (&DOCUMENT_LISTS, &reads.lists)] {
        let mut find = connection.prepare_cached(&table.select_leads("WHERE {text} = ?"))?;
        for text in texts {
            for lead in find.query_map([text], read_lead)? {
                ids.insert(lead?.1);
            }
        }
    }
    let find = DOCUMENTS.select("WHERE kind = ? AND number = ?");
    let mut find = connection.prepare_cached(&find)?;
    for id in ids.into_iter().filter(|id| !id.kind.is_resident()) {
        let found = find.query_row([id.kind.code(), id.number], read_document).optional()?;
        if let Some(found) = found {
            books.documents.put(found);
        }
    }
    Ok(())
}

/// The documents in a part of a list.
pub(super) fn documents(
    connection: &Connection,
    list: &str,
    part: Part,
    limit: usize,
) -> Result<Vec<Document>> {
    let (number, range) = match part {
        Part::After(number) => (number, "l.number > ? ORDER BY l.number"),
        Part::Before(number) => (number, "l.number < ? ORDER BY l.number DESC"),
    };
    let columns = DOCUMENTS.columns.iter().map(|(name, _)| format!("d.{name}"));
    let sql = format!(
        "SELECT {} FROM document_list AS l JOIN document AS d \
         ON d.kind = l.kind AND d.number = l.number WHERE l.list = ? AND {range} LIMIT ?",
        columns.collect::<Vec<_>>().join(", ")
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut find = connection.prepare_cached(&sql)?;
    find.query_map(params![list, number, limit], read_document)?.collect()
}

/// Writes documents, and what changed in their names and lists. What is given up goes first, so
/// that another document of the batch may take it.
pub(super) fn write_documents(connection: &Connection, written: &[WrittenDocument]) -> Result<()> {
    if written.is_empty() {
        return Ok(());
    }
    let nothing = (BTreeSet::new(), BTreeSet::new());
    let each = || written.iter().map(|w| (&w.document, w.before.as_ref().unwrap_or(&nothing)));
    let mut unname = connection.prepare_cached("DELETE FROM document_name WHERE name = ?")?;
    let mut unlist = connection
        .prepare_cached("DELETE FROM document_list WHERE list = ? AND number = ? AND kind = ?")?;
    for (document, (names, lists)) in each() {
        for name in names.difference(&document.names) {
            unname.execute([name])?;
        }
        for list in lists.difference(&document.lists) {
            unlist.execute(params![list, document.id.number, document.id.kind.code()])?;
        }
    }
    let mut insert = connection.prepare_cached(&DOCUMENTS.insert())?;
    let mut update = connection.prepare_cached(UPDATE_DOCUMENT)?;
    let mut name_it = connection.prepare_cached(&DOCUMENT_NAMES.insert())?;
    let mut list_it = connection.prepare_cached(&DOCUMENT_LISTS.insert())?;
    for (document, (names, lists)) in each() {
        let DocumentId { kind, number } = document.id;
        for name in document.names.difference(names) {
            name_it.execute(params![name, kind.code(), number])?;
        }
        for list in document.lists.difference(lists) {
            list_it.execute(params![list, number, kind.code()])?;
        }
    }
    for WrittenDocument { document, before } in written {
        match before {
            Some(_) => update_document(connection, &mut update, document)?,
            None => write_document(&mut insert, document)?,
        }
    }
    Ok(())
}

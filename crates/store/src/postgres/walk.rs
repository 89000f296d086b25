//! Walks along the journal, whose rows are in three tables and apart by company.
//!
//! Invariant: memory does not grow with what there is to see.

use std::collections::BTreeMap;

use ledger::{Account, Document, DocumentId, Lane, Position, Row, RowId, Seal};

use super::cells;
use super::connect::Error;
use super::load::one;
use super::read::View;
use crate::rows::{
    ACCOUNTS, AUTHORIZATIONS, CHANGES, DOCUMENT_LISTS, DOCUMENT_NAMES, DOCUMENTS, KEYS, SEALS,
    TRANSACTIONS, Table,
};
use crate::{Part, Record};

/// The ids that one step of an audit looks at, and the keys.
pub(super) const STEP: i64 = 20_000;

/// The bytes of documents that are asked for at a time, unless one alone has more.
const STEP_BYTES: i64 = 8 * 1024 * 1024;

/// The tables of the journal, and how their rows are read.
type ReadRow = fn(&tokio_postgres::Row) -> Result<Row, Error>;
const JOURNAL: [(&Table, ReadRow); 3] = [
    (&AUTHORIZATIONS, |row| Ok(Row::Authorization(cells::authorization(row)?))),
    (&TRANSACTIONS, |row| Ok(Row::Transaction(cells::transaction(row)?))),
    (&CHANGES, |row| Ok(Row::Change(cells::change(row)?))),
];

/// A query of the first `$3` rows in an order, among the companies `$1`: the first so many of
/// each company, and of those the first.
pub(super) fn nearest(table: &Table, range: &str) -> String {
    let order = range.split_once("ORDER BY").map_or("id", |(_, order)| order);
    let Table { name, .. } = table;
    let each = format!(
        "(SELECT * FROM {name} AS t WHERE t.company = c.id AND t.{range} LIMIT $3)",
        range = range.replace("ORDER BY ", "ORDER BY t."),
    );
    format!(
        "SELECT {} FROM UNNEST($1::INT8[]) AS c (id) CROSS JOIN LATERAL {each} AS r \
         ORDER BY r.{} LIMIT $3",
        columns(table, "r"),
        order.trim(),
    )
}

fn columns(table: &Table, of: &str) -> String {
    let names: Vec<String> = table.columns.iter().map(|(name, _)| format!("{of}.{name}")).collect();
    names.join(", ")
}

/// One row of the journal.
pub(super) async fn row(view: &View<'_>, id: RowId) -> Result<Option<Row>, Error> {
    for (table, read) in JOURNAL {
        let sql = table.select("WHERE company = ANY($1::INT8[]) AND id = $2");
        let found = view.rows(&sql, &[&view.companies, &id.0]).await?;
        if let Some(found) = found.first() {
            return read(found).map(Some);
        }
    }
    Ok(None)
}

/// The rows after `after`, ascending.
pub(super) async fn rows_after(
    view: &View<'_>,
    after: RowId,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let mut rows = near(view, "id > $2 ORDER BY id", after, limit).await?;
    rows.sort_unstable_by_key(Row::id);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

/// The rows before `before`, descending.
pub(super) async fn rows_before(
    view: &View<'_>,
    before: RowId,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let mut rows = near(view, "id < $2 ORDER BY id DESC", before, limit).await?;
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id()));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

async fn near(view: &View<'_>, range: &str, bound: RowId, limit: i64) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for (table, read) in JOURNAL {
        let sql = nearest(table, range);
        let found = view.rows(&sql, &[&view.companies, &bound.0, &limit]).await?;
        rows.extend(cells::all(&found, read)?);
    }
    Ok(rows)
}

/// What was committed after a position, lane by lane, each in the order of its seals.
pub(super) async fn news(
    view: &View<'_>,
    after: &Position,
    limit: usize,
) -> Result<(Vec<Row>, Position), Error> {
    let mut seals = Vec::new();
    for lane in view.rows("SELECT id FROM lane ORDER BY id", &[]).await? {
        let lane = Lane(lane.try_get(0)?);
        let read_up_to = after.0.get(&lane).copied().unwrap_or_default();
        seals.extend(seals_after(view, lane, read_up_to, limit).await?);
    }
    // The oldest first, and in a lane always in its order.
    seals.sort_by_key(|seal| (seal.at, seal.first));
    let mut enough = 0_usize;
    let needed = seals.iter().take_while(|seal| {
        let is_needed = enough < limit;
        enough = enough.saturating_add(usize::try_from(seal.rows).unwrap_or(usize::MAX));
        is_needed
    });
    // The first may have been read in part.
    let needed = needed.count().saturating_add(1).min(seals.len());
    seals.truncate(needed);
    let mut rows = rows_of(view, &seals).await?;
    let mut found = Vec::new();
    let mut position = after.clone();
    for seal in &seals {
        let read_up_to = position.0.get(&seal.lane).copied().unwrap_or_default();
        let rest = rows.split_off(&seal.first);
        let (mut own, later): (BTreeMap<_, _>, BTreeMap<_, _>) =
            rest.into_iter().partition(|(id, _)| *id <= seal.last);
        rows.extend(later);
        own.retain(|id, _| *id > read_up_to);
        for (id, row) in own {
            if found.len() == limit {
                return Ok((found, position));
            }
            position.0.insert(seal.lane, id);
            found.push(row);
        }
    }
    Ok((found, position))
}

/// The seals of a lane that have rows after `row`, at most `limit` and one.
async fn seals_after(
    view: &View<'_>,
    lane: Lane,
    row: RowId,
    limit: usize,
) -> Result<Vec<Seal>, Error> {
    let mut number = 1_i64;
    if row.0 > 0 {
        // No seal of another lane has rows among those of this one's.
        let sql = "SELECT lane, number FROM seal WHERE last >= $1 ORDER BY last LIMIT 1";
        let Some(seal) = view.rows(sql, &[&row.0]).await?.into_iter().next() else {
            return Ok(Vec::new());
        };
        number = if seal.try_get::<_, i64>(0)? == lane.0 {
            seal.try_get(1)?
        } else {
            let sql = "SELECT COALESCE(MIN(number), 1) FROM seal WHERE lane = $1 AND last >= $2";
            one(&view.rows(sql, &[&lane.0, &row.0]).await?)?.try_get(0)?
        };
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let sql = SEALS.select("WHERE lane = $1 AND number >= $2 ORDER BY number LIMIT $3");
    let seals = cells::all(&view.rows(&sql, &[&lane.0, &number, &limit]).await?, cells::seal)?;
    Ok(seals.into_iter().filter(|seal| seal.last > row).collect())
}

/// The rows under some seals.
async fn rows_of(view: &View<'_>, seals: &[Seal]) -> Result<BTreeMap<RowId, Row>, Error> {
    let mut rows = BTreeMap::new();
    let firsts: Vec<i64> = seals.iter().map(|seal| seal.first.0).collect();
    let lasts: Vec<i64> = seals.iter().map(|seal| seal.last.0).collect();
    for (table, read) in JOURNAL {
        let sql = format!(
            "SELECT {} FROM UNNEST($1::INT8[]) AS c (id) \
             CROSS JOIN UNNEST($2::INT8[], $3::INT8[]) AS s (first, last) \
             JOIN {} AS t ON t.company = c.id AND t.id >= s.first AND t.id <= s.last",
            columns(table, "t"),
            table.name,
        );
        let found = view.rows(&sql, &[&view.companies, &firsts, &lasts]).await?;
        rows.extend(cells::all(&found, read)?.into_iter().map(|row| (row.id(), row)));
    }
    Ok(rows)
}

/// The documents in a part of a list.
pub(super) async fn documents(
    view: &View<'_>,
    list: &str,
    part: Part,
    limit: i64,
) -> Result<Vec<Document>, Error> {
    if list.contains('\0') {
        // No list has such a name, and the database would not understand it.
        return Ok(Vec::new());
    }
    let (number, range) = match part {
        Part::After(number) => (number, "l.number > $2 ORDER BY l.number"),
        Part::Before(number) => (number, "l.number < $2 ORDER BY l.number DESC"),
    };
    let sql = format!(
        "SELECT {} FROM document_list AS l JOIN document AS d \
         ON d.kind = l.kind AND d.number = l.number WHERE l.list = $1 AND {range} LIMIT $3",
        columns(&DOCUMENTS, "d"),
    );
    cells::all(&view.rows(&sql, &[&list, &number, &limit]).await?, cells::document)
}

/// Shows everything: rows ascending with each seal after its last row, accounts, keys, documents,
/// and what leads to them. What cannot be read is shown as that.
pub(super) async fn audit(view: &View<'_>, visit: &mut dyn FnMut(Record)) -> Result<(), Error> {
    let newest = view.rows("SELECT newest FROM journal WHERE id = 1", &[]).await?;
    let newest: i64 = one(&newest)?.try_get(0)?;
    let mut after = 0_i64;
    while after < newest {
        show_rows(view, after, visit).await?;
        after = after.saturating_add(STEP);
    }
    let accounts = ACCOUNTS.select(WITHIN);
    let mut after = 0_i64;
    while after < newest {
        let parameters = (view.companies.clone(), after, after.saturating_add(STEP));
        let (companies, from, to) = &parameters;
        for row in view.rows(&accounts, &[companies, from, to]).await? {
            visit(record(&ACCOUNTS, &row, |row| Ok(account(cells::account(row)?))));
        }
        after = after.saturating_add(STEP);
    }
    for company in &view.companies {
        show_keys(view, *company, visit).await?;
    }
    show_documents(view, visit).await?;
    show_leads(view, &DOCUMENT_NAMES, Record::Name, visit).await?;
    show_leads(view, &DOCUMENT_LISTS, Record::Listed, visit).await
}

fn account(account: Account) -> Record {
    Record::Account(account)
}

/// Rows whose ids are in a step.
const WITHIN: &str = "WHERE company = ANY($1::INT8[]) AND id > $2 AND id <= $3 ORDER BY id";

async fn show_rows(
    view: &View<'_>,
    after: i64,
    visit: &mut dyn FnMut(Record),
) -> Result<(), Error> {
    let up_to = after.saturating_add(STEP);
    let mut records = Vec::new();
    for (table, read) in JOURNAL {
        let sql = table.select(WITHIN);
        for row in view.rows(&sql, &[&view.companies, &after, &up_to]).await? {
            let id: i64 = row.try_get(0)?;
            records.push((id, 0, record(table, &row, |row| Ok(Record::Row(read(row)?)))));
        }
    }
    let seals = SEALS.select("WHERE last > $1 AND last <= $2 ORDER BY last");
    for row in view.rows(&seals, &[&after, &up_to]).await? {
        let id: i64 = row.try_get(0)?;
        records.push((id, 1, record(&SEALS, &row, |row| Ok(Record::Seal(cells::seal(row)?)))));
    }
    records.sort_by_key(|(id, kind, _)| (*id, *kind));
    for (_, _, record) in records {
        visit(record);
    }
    Ok(())
}

async fn show_keys(
    view: &View<'_>,
    company: i64,
    visit: &mut dyn FnMut(Record),
) -> Result<(), Error> {
    let sql = KEYS.select("WHERE company = $1 AND key > $2 ORDER BY company, key LIMIT $3");
    let mut after: Vec<u8> = Vec::new();
    loop {
        let keys = view.rows(&sql, &[&company, &after, &STEP]).await?;
        let Some(last) = keys.last() else { return Ok(()) };
        after = last.try_get(0)?;
        for row in &keys {
            visit(record(&KEYS, row, |row| {
                let (key, row) = cells::key(row)?;
                Ok(Record::Key(key, row))
            }));
        }
    }
}

/// Documents after one, in the order of their ids.
pub(super) const DOCUMENTS_AFTER: &str =
    "WHERE (kind, number) > ($1, $2) ORDER BY kind, number LIMIT $3";

/// How many bytes the documents of [`DOCUMENTS_AFTER`] have. The database need not read them to
/// know.
pub(super) const DOCUMENT_SIZES: &str = "SELECT octet_length(fields)::INT8 \
     + octet_length(names)::INT8 + octet_length(lists)::INT8 FROM document \
     WHERE (kind, number) > ($1, $2) ORDER BY kind, number LIMIT $3";

/// How many of the documents that have so many bytes are asked for at a time: at least one, where
/// there is one.
pub(super) fn fitting(sizes: &[i64]) -> i64 {
    let mut bytes = 0_i64;
    let fit = sizes.iter().take_while(|size| {
        bytes = bytes.saturating_add(**size);
        bytes <= STEP_BYTES
    });
    let at_least = sizes.len().min(1);
    i64::try_from(fit.count().max(at_least)).unwrap_or(i64::MAX)
}

async fn show_documents(view: &View<'_>, visit: &mut dyn FnMut(Record)) -> Result<(), Error> {
    let sql = DOCUMENTS.select(DOCUMENTS_AFTER);
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let sizes = view.rows(DOCUMENT_SIZES, &[&after.0, &after.1, &STEP]).await?;
        let sizes: Result<Vec<i64>, Error> = sizes.iter().map(|row| Ok(row.try_get(0)?)).collect();
        let count = fitting(&sizes?);
        let documents = view.rows(&sql, &[&after.0, &after.1, &count]).await?;
        let Some(last) = documents.last() else { return Ok(()) };
        after = (last.try_get(0)?, last.try_get(1)?);
        for row in &documents {
            visit(record(&DOCUMENTS, row, |row| Ok(Record::Document(cells::document(row)?))));
        }
    }
}

/// What leads to documents, after one of it.
pub(super) const LEADS_AFTER: &str = "WHERE ({text}, number, kind) > ($1, $2, $3) \
                                      ORDER BY {text}, number, kind LIMIT $4";

/// Shows names, or lists.
async fn show_leads(
    view: &View<'_>,
    table: &'static Table,
    show: fn(String, DocumentId) -> Record,
    visit: &mut dyn FnMut(Record),
) -> Result<(), Error> {
    let sql = table.select_leads(LEADS_AFTER);
    let mut after = (String::new(), i64::MIN, i64::MIN);
    loop {
        let leads = view.rows(&sql, &[&after.0, &after.1, &after.2, &STEP]).await?;
        let Some(last) = leads.last() else { return Ok(()) };
        after = (last.try_get(0)?, last.try_get(2)?, last.try_get(1)?);
        for row in &leads {
            visit(record(table, row, |row| {
                let (text, id) = cells::lead(row)?;
                Ok(show(text, id))
            }));
        }
    }
}

/// A record, or that it cannot be read.
fn record(
    table: &Table,
    row: &tokio_postgres::Row,
    read: impl FnOnce(&tokio_postgres::Row) -> Result<Record, Error>,
) -> Record {
    read(row).unwrap_or_else(|error| {
        let number = |at| row.try_get::<_, i64>(at).map(|number| number.to_string());
        let id = number(0).unwrap_or_else(|_| "?".to_owned());
        // A document's number is its second column; its first is a kind.
        let is_document = table.name == DOCUMENTS.name;
        let id =
            if is_document { number(1).map_or(id.clone(), |n| format!("{id}/{n}")) } else { id };
        Record::Unreadable(format!("{} {id}: {error}", table.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::SELLERS;

    #[test]
    fn documents_are_asked_for_as_long_as_they_fit() {
        let (half, whole) = (STEP_BYTES / 2, STEP_BYTES);
        for (sizes, expected) in [
            (&[][..], 0),
            (&[1][..], 1),
            (&[whole + 1, 1], 1),
            (&[half, half, 1], 2),
            (&[half, half + 1], 1),
            (&[i64::MAX, i64::MAX], 1),
        ] {
            assert_eq!(fitting(sizes), expected, "{sizes:?}");
        }
    }

    #[test]
    fn the_nearest_are_looked_for_company_by_company() {
        assert_eq!(
            nearest(&SELLERS, "id < $2 ORDER BY id DESC"),
            "SELECT r.id, r.company, r.number, r.name FROM UNNEST($1::INT8[]) AS c (id) \
             CROSS JOIN LATERAL (SELECT * FROM seller AS t WHERE t.company = c.id AND t.id < $2 \
             ORDER BY t.id DESC LIMIT $3) AS r ORDER BY r.id DESC LIMIT $3"
        );
    }
}

//! Many rows in one statement: a column of cells is an array, and arrays are unnested.

use std::borrow::Cow;

use tokio_postgres::types::ToSql;

use crate::rows::{Cell, Table, Type};

/// The columns of some rows.
#[derive(Clone, Debug)]
pub(super) struct Bulk<'r> {
    columns: Vec<Column<'r>>,
}

#[derive(Clone, Debug)]
enum Column<'r> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<Cow<'r, str>>>),
    Bytes(Vec<Option<&'r [u8]>>),
}

impl<'r> Bulk<'r> {
    /// No rows of these columns.
    pub(super) fn of(types: impl IntoIterator<Item = Type>) -> Bulk<'r> {
        let empty = |column| match column {
            Type::Int => Column::Int(Vec::new()),
            Type::Text => Column::Text(Vec::new()),
            Type::Bytes => Column::Bytes(Vec::new()),
        };
        Bulk { columns: types.into_iter().map(empty).collect() }
    }

    /// No rows of a table whose rows do not say themselves whose they are.
    pub(super) fn owned(table: &Table) -> Bulk<'r> {
        Bulk::of(owned_types(table))
    }

    /// Rows of a table.
    pub(super) fn rows<const N: usize>(
        table: &Table,
        rows: impl IntoIterator<Item = [Cell<'r>; N]>,
    ) -> Bulk<'r> {
        let mut bulk = Bulk::of(table.types());
        rows.into_iter().for_each(|cells| bulk.push(cells));
        bulk
    }

    /// Adds a row.
    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = Cell<'r>>) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match (column, cell) {
                (Column::Int(column), Cell::Int(cell)) => column.push(cell),
                (Column::Text(column), Cell::Text(cell)) => column.push(cell),
                (Column::Bytes(column), Cell::Bytes(cell)) => column.push(cell),
                (Column::Int(_) | Column::Text(_) | Column::Bytes(_), cell) => {
                    unreachable!("{cell:?} is in the wrong column")
                }
            }
        }
    }

    /// Adds a row of [`Bulk::owned`], and whose it is.
    pub(super) fn push_owned(&mut self, company: i64, cells: impl IntoIterator<Item = Cell<'r>>) {
        self.push(std::iter::once(Cell::from(company)).chain(cells));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.first().is_none_or(|column| match column {
            Column::Int(cells) => cells.is_empty(),
            Column::Text(cells) => cells.is_empty(),
            Column::Bytes(cells) => cells.is_empty(),
        })
    }

    /// The parameters of a statement, one per column.
    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.columns.iter().map(Column::parameter).collect()
    }
}

impl Column<'_> {
    fn parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Column::Int(cells) => cells,
            Column::Text(cells) => cells,
            Column::Bytes(cells) => cells,
        }
    }
}

/// The arrays `$1`, `$2`... side by side, as `FROM` takes them.
pub(super) fn unnest(types: impl IntoIterator<Item = Type>) -> String {
    let array = |(at, column)| {
        let element = match column {
            Type::Int => "INT8",
            Type::Text => "TEXT",
            Type::Bytes => "BYTEA",
        };
        format!("${}::{element}[]", at + 1)
    };
    let arrays: Vec<String> = types.into_iter().enumerate().map(array).collect();
    format!("UNNEST({})", arrays.join(", "))
}

/// A statement that inserts rows of a table; `rest` follows.
pub(super) fn insert(table: &Table, rest: &str) -> String {
    let arrays = unnest(table.types());
    format!("INSERT INTO {} ({}) SELECT * FROM {arrays} {rest}", table.name, table.names())
}

/// As [`insert`], for rows that do not say themselves whose they are.
pub(super) fn insert_owned(table: &Table) -> String {
    let arrays = unnest(owned_types(table));
    let Table { name, .. } = table;
    format!("INSERT INTO {name} (company, {}) SELECT * FROM {arrays}", table.names())
}

fn owned_types(table: &Table) -> impl Iterator<Item = Type> {
    std::iter::once(Type::Int).chain(table.types())
}

/// As [`insert`], which replaces all of older rows with the same id.
pub(super) fn upsert(table: &Table) -> String {
    let columns = table.columns.iter().filter(|(name, _)| *name != "id");
    let new: Vec<String> = columns.map(|(name, _)| format!("{name} = excluded.{name}")).collect();
    insert(table, &format!("ON CONFLICT (id) DO UPDATE SET {}", new.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{KEYS, SELLERS};

    #[test]
    fn statements_name_every_column() {
        assert_eq!(
            insert(&KEYS, "ON CONFLICT DO NOTHING"),
            "INSERT INTO used_key (key, row) SELECT * FROM UNNEST($1::BYTEA[], $2::INT8[]) \
             ON CONFLICT DO NOTHING"
        );
        assert!(insert_owned(&KEYS).starts_with("INSERT INTO used_key (company, key, row) "));
        assert!(upsert(&SELLERS).ends_with(
            "ON CONFLICT (id) DO UPDATE SET company = excluded.company, \
             number = excluded.number, name = excluded.name"
        ));
    }

    #[test]
    fn rows_become_columns() {
        let key = [7; 16];
        let mut bulk = Bulk::rows(&KEYS, [[Cell::from(key.as_slice()), Cell::from(1)]]);
        assert!(!bulk.is_empty());
        bulk.push([Cell::Bytes(None), Cell::Int(None)]);
        assert_eq!(bulk.parameters().len(), 2);
        assert!(Bulk::of([Type::Int]).is_empty());
    }
}

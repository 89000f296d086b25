//! Tables and their columns.

/// A table and its columns, in the order in which they are written and read here.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Type)],
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Text,
    Bytes,
}

impl Table {
    /// The names of the columns, parted by commas.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// What the columns hold.
    pub(crate) fn types(&self) -> impl Iterator<Item = Type> {
        self.columns.iter().map(|(_, column)| *column)
    }

    /// A query of all columns; `rest` follows the name of the table.
    pub(crate) fn select(&self, rest: &str) -> String {
        format!("SELECT {} FROM {} {rest}", self.names(), self.name)
    }
}

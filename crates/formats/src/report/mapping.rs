//! What the columns of a report mean, as who imports it declares.

/// What the columns of a report mean. Read from a text of `key = value` lines, and shown as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {}

/// Why a text is no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the mapping: {what}")]
pub struct MappingError {
    /// The line of the text, from 1; 0 for the text as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// With the first line that is wrong, or with what the whole lacks.
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        let _ = text;
        Ok(Mapping {})
    }

    /// The mapping as a text, which reads back the same.
    pub fn to_text(&self) -> String {
        String::new()
    }
}

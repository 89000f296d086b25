//! What a virtual terminal remembers: one file, which a crash leaves whole.

use std::fs::{DirBuilder, File, OpenOptions, rename};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value};

/// What a virtual terminal remembers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    dir: PathBuf,
    fields: Map<String, Value>,
}

impl State {
    /// Reads what is remembered in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made, or its file not be read.
    pub(super) fn open(dir: &Path) -> anyhow::Result<State> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir).with_context(|| format!("could not make {}", dir.display()))?;
        let path = dir.join(FILE);
        let fields = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is no terminal's state", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Map::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        Ok(State { dir: dir.to_owned(), fields })
    }

    /// Where the terminal keeps its files.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A text that is remembered; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number that is remembered; 0 where there is none.
    pub(super) fn number(&self, name: &str) -> i64 {
        self.fields.get(name).and_then(Value::as_i64).unwrap_or(0)
    }

    /// A list that is remembered; empty where there is none.
    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.fields.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Remembers something.
    ///
    /// # Errors
    /// When it cannot be written down; then nothing is remembered.
    pub(super) fn keep(&mut self, name: &str, value: impl Into<Value>) -> anyhow::Result<()> {
        let mut fields = self.fields.clone();
        fields.insert(name.to_owned(), value.into());
        let path = self.dir.join(FILE);
        self.write(&fields, &path)
            .with_context(|| format!("could not write {}", path.display()))?;
        self.fields = fields;
        Ok(())
    }

    /// Writes beside and renames, so that a crash leaves one state or the other. The file has the
    /// device's token in it.
    fn write(&self, fields: &Map<String, Value>, path: &Path) -> std::io::Result<()> {
        let beside = self.dir.join(format!("{FILE}.new"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(serde_json::to_string_pretty(fields)?.as_bytes())?;
        file.sync_all()?;
        rename(&beside, path)?;
        #[cfg(unix)]
        File::open(&self.dir)?.sync_all()?;
        Ok(())
    }
}

/// The file's name.
const FILE: &str = "terminal.json";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_is_kept_is_there_again() {
        let scratch = Scratch::new("state").unwrap();
        let dir = scratch.path().join("a/b");
        let mut state = State::open(&dir).unwrap();
        assert_eq!((state.text("name"), state.number("n"), state.list("l").len()), ("", 0, 0));
        state.keep("name", "Åkes 🦊").unwrap();
        state.keep("n", 7).unwrap();
        state.keep("l", vec![1, 2]).unwrap();
        let again = State::open(&dir).unwrap();
        assert_eq!(again, state);
        assert_eq!((again.text("name"), again.number("n")), ("Åkes 🦊", 7));
        assert_eq!(again.list("l").len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(dir.join(FILE), "{").unwrap();
        assert!(State::open(&dir).is_err());
    }
}

//! Checks everything that must hold, over the whole store in one consistent state.

use ledger::audit::{Auditor, Verification};
use store::{Reader, Record, StoreError};

/// Shows an auditor all there is. Takes time in proportion to the journal.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn verification(reader: &mut dyn Reader) -> Result<Verification, StoreError> {
    let mut auditor = Auditor::new();
    reader.audit(&mut |record| match record {
        Record::Row(row) => auditor.row(&row),
        Record::Seal(seal) => auditor.seal(&seal),
        Record::Account(account) => auditor.account(&account),
        Record::Key(key, row) => auditor.key(key, row),
        Record::Document(document) => auditor.document(&document),
        Record::Name(name, id) => auditor.name(&name, id),
        Record::Listed(list, id) => auditor.listed(&list, id),
        Record::Unreadable(what) => auditor.unreadable(&what),
    })?;
    Ok(auditor.finish())
}

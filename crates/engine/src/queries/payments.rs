//! Payments by their numbers.

use ledger::ReadSet;
use payments::Payment;

use super::documents::document;
use crate::{Reader, StoreError};

/// One payment, as it is now.
///
/// # Errors
/// When the store cannot be read.
pub fn payment(reader: &mut dyn Reader, number: i64) -> Result<Option<Payment>, StoreError> {
    Ok(document(reader, Payment::id(number))?.as_ref().and_then(Payment::of))
}

/// Those of the payments that are there, in the order in which they are named.
///
/// # Errors
/// When the store cannot be read.
pub fn payments(reader: &mut dyn Reader, numbers: &[i64]) -> Result<Vec<Payment>, StoreError> {
    let ids = numbers.iter().map(|number| Payment::id(*number));
    let reads = ReadSet { documents: ids.collect(), ..ReadSet::default() };
    let books = reader.load(&reads)?;
    let found = reads.documents.iter().filter_map(|id| books.document(*id));
    Ok(found.filter_map(Payment::of).collect())
}

//! Single documents, and lists of them, read backwards and looked through.

use store::{Part, Reader, StoreError};

use super::Slice;
use crate::limits::PAGE_ROWS_SCANNED_MAX;
use ledger::{Document, DocumentId, ReadSet};

/// How many documents are read at a time once a page does not fill from the first ones.
const READ_AT_A_TIME: usize = 1_000;

/// One document, as it is now.
///
/// # Errors
/// When the store cannot be read.
pub fn document(reader: &mut dyn Reader, id: DocumentId) -> Result<Option<Document>, StoreError> {
    let reads = ReadSet { documents: vec![id], ..ReadSet::default() };
    Ok(reader.load(&reads)?.document(id).cloned())
}

/// The document that has a name.
///
/// # Errors
/// When the store cannot be read.
pub fn named(reader: &mut dyn Reader, name: &str) -> Result<Option<Document>, StoreError> {
    let reads = ReadSet { names: vec![name.to_owned()], ..ReadSet::default() };
    Ok(reader.load(&reads)?.named(name).cloned())
}

/// The documents on a list that `pick` makes something of, newest first, from before a number on.
/// Looks at no more than [`PAGE_ROWS_SCANNED_MAX`]: a slice may be short for it, or empty, and its
/// `next` is where to go on.
///
/// # Errors
/// When the store cannot be read.
pub fn documents<T>(
    reader: &mut dyn Reader,
    list: &str,
    before: Option<i64>,
    limit: usize,
    mut pick: impl FnMut(Document) -> Option<T>,
) -> Result<Slice<T>, StoreError> {
    let mut at = before.unwrap_or(i64::MAX);
    let (mut items, mut looked_at) = (Vec::new(), 0_usize);
    let mut wanted = limit.saturating_add(1).min(READ_AT_A_TIME);
    loop {
        let found = reader.documents(list, Part::Before(at), wanted)?;
        let is_end = found.len() < wanted;
        for document in found {
            if items.len() >= limit || looked_at >= PAGE_ROWS_SCANNED_MAX {
                return Ok(Slice { items, next: Some(at) });
            }
            at = document.id.number;
            looked_at = looked_at.saturating_add(1);
            items.extend(pick(document));
        }
        if is_end {
            return Ok(Slice { items, next: None });
        }
        wanted = READ_AT_A_TIME;
    }
}

#[cfg(test)]
mod tests {
    use ledger::document::Kind;
    use ledger::{Books, Fields, ReadSet};
    use store::{MemoryStore, Store as _};

    use super::*;

    /// A list of `count` documents.
    fn store(count: i64) -> MemoryStore {
        let mut store = MemoryStore::default();
        let mut write = |mut books: Books| {
            for number in 1..=count {
                let mut document = Document::new(Kind::Terminal.id(number), Fields::default());
                document.lists.insert("all".to_owned());
                books.put_document(document);
            }
            books.close(ledger::Timestamp(1))
        };
        store.transact(&ReadSet { commands: 1, ..ReadSet::default() }, &mut write).unwrap();
        store
    }

    /// Everything that is picked, and the pages it took.
    fn walk(store: &MemoryStore, limit: usize, picks: impl Fn(i64) -> bool) -> (Vec<i64>, usize) {
        let mut reader = store.source().open().unwrap();
        let (mut all, mut before, mut pages) = (Vec::new(), None, 0);
        loop {
            let pick = |document: Document| Some(document.id.number).filter(|it| picks(*it));
            let slice = documents(reader.as_mut(), "all", before, limit, pick).unwrap();
            assert!(slice.items.len() <= limit);
            all.extend(slice.items);
            pages += 1;
            before = slice.next;
            if before.is_none() {
                return (all, pages);
            }
        }
    }

    #[test]
    fn one_is_found_by_its_id_and_by_its_name() {
        let mut store = store(2);
        let mut write = |mut books: Books| {
            let mut named = Document::new(Kind::Terminal.id(3), Fields::default());
            named.names.insert("third".to_owned());
            books.put_document(named);
            books.close(ledger::Timestamp(2))
        };
        store.transact(&ReadSet { commands: 1, ..ReadSet::default() }, &mut write).unwrap();
        let mut reader = store.source().open().unwrap();
        let number = |found: Option<Document>| found.map(|found| found.id.number);
        let by_id = |reader: &mut dyn Reader, id| document(reader, Kind::Terminal.id(id)).unwrap();
        assert_eq!(number(by_id(reader.as_mut(), 2)), Some(2));
        assert_eq!(number(by_id(reader.as_mut(), 4)), None);
        assert_eq!(number(named(reader.as_mut(), "third").unwrap()), Some(3));
        assert_eq!(number(named(reader.as_mut(), "fourth").unwrap()), None);
    }

    #[test]
    fn pages_meet_whatever_is_picked() {
        let store = store(25);
        let all: Vec<i64> = (1..=25).rev().collect();
        assert_eq!(walk(&store, 5, |_| true), (all.clone(), 5));
        assert_eq!(walk(&store, 24, |_| true), (all.clone(), 2));
        assert_eq!(walk(&store, 25, |_| true), (all, 1));
        assert_eq!(walk(&store, 5, |number| number % 10 == 3).0, [23, 13, 3]);
        assert_eq!(walk(&store, 1, |number| number == 1), (vec![1], 1));
        assert_eq!(walk(&store, 5, |_| false), (vec![], 1));
    }

    #[test]
    fn a_page_looks_at_so_many_and_no_more() {
        let most = i64::try_from(PAGE_ROWS_SCANNED_MAX).unwrap();
        let (found, pages) = walk(&store(most + 1), 5, |number| number == 1);
        assert_eq!((found, pages), (vec![1], 2));
        assert_eq!(walk(&store(most), 5, |number| number == 1), (vec![1], 1));
    }
}

//! Two sides of a comparison, of more items than memory holds.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use clearing::{Finding, Item, compare};
use ledger::ids::Hasher;
use ledger::{Currency, Date};

use super::spill::{Records, Spill, hash_of};
use crate::limits::SPILL_PARTITIONS;

/// Both sides' items, until they are compared.
#[derive(Debug)]
pub(super) struct Sides {
    ours: Spill,
    theirs: Spill,
}

/// Items of one side, until there is the other.
#[derive(Debug)]
pub(super) struct Side(Spill);

impl Side {
    /// No items yet. What does not fit in memory goes to an unnamed file in `directory`.
    pub(super) fn new(directory: &Path) -> Side {
        Side(Spill::new(directory))
    }

    /// Adds an item.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn add(&mut self, item: &Item) -> io::Result<()> {
        self.0.add(partition_hash(item), &written(item))
    }
}

impl Sides {
    /// Two sides that are complete.
    pub(super) fn of(ours: Side, theirs: Side) -> Sides {
        Sides { ours: ours.0, theirs: theirs.0 }
    }

    /// Compares them, one partition after the other, and shows `take` what is found in each.
    ///
    /// # Errors
    /// The first that `take` says, or that the disk does.
    pub(super) fn compare<E: From<io::Error>>(
        mut self,
        mut take: impl FnMut(Vec<Finding>) -> Result<(), E>,
    ) -> Result<(), E> {
        for partition in 0..SPILL_PARTITIONS {
            let mut ours = items(self.ours.take(partition))?;
            // Ours may have been read twice, in two ways. Its number is that of a row.
            let mut seen = HashSet::new();
            ours.retain(|item| seen.insert(item.number));
            let theirs = items(self.theirs.take(partition))?;
            if !ours.is_empty() || !theirs.is_empty() {
                take(compare(ours, theirs))?;
            }
        }
        Ok(())
    }
}

/// What brings both sides' items of one thing together.
fn partition_hash(item: &Item) -> u64 {
    let hasher = Hasher::new("item").text(&item.kind).text(&item.within).text(&item.reference);
    hash_of(hasher.finish())
}

fn items(mut records: Records<'_>) -> io::Result<Vec<Item>> {
    let mut items = Vec::new();
    while let Some(record) = records.next()? {
        items.push(read(record).ok_or(io::ErrorKind::InvalidData)?);
    }
    Ok(items)
}

/// An item as bytes: numbers first, then texts with their lengths.
fn written(item: &Item) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend(item.amount_minor.to_be_bytes());
    bytes.extend(item.number.to_be_bytes());
    bytes.extend(item.day.map_or(i32::MIN, |day| day.0).to_be_bytes());
    bytes.push(u8::from(item.is_settled));
    let texts = [
        Some(item.currency.code()),
        Some(&item.reference),
        Some(&item.within),
        Some(&item.kind),
        Some(&item.place),
        item.company.as_deref(),
        item.seller.as_deref(),
    ];
    for text in texts {
        let length = text.map_or(u32::MAX, |text| u32::try_from(text.len()).unwrap_or(0));
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.unwrap_or_default().as_bytes());
    }
    bytes
}

fn read(record: &[u8]) -> Option<Item> {
    let (amount, record) = record.split_first_chunk::<8>()?;
    let (number, record) = record.split_first_chunk::<8>()?;
    let (day, record) = record.split_first_chunk::<4>()?;
    let (is_settled, mut record) = record.split_first()?;
    let mut text = || {
        let (length, rest) = record.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length);
        if length == u32::MAX {
            record = rest;
            return Some(None);
        }
        let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        record = rest;
        Some(Some(str::from_utf8(text).ok()?.to_owned()))
    };
    let day = i32::from_be_bytes(*day);
    Some(Item {
        amount_minor: i64::from_be_bytes(*amount),
        number: i64::from_be_bytes(*number),
        day: (day != i32::MIN).then_some(Date(day)),
        is_settled: *is_settled != 0,
        currency: Currency::parse(&text()??)?,
        reference: text()??,
        within: text()??,
        kind: text()??,
        place: text()??,
        company: text()?,
        seller: text()?,
    })
}

#[cfg(test)]
mod tests {
    use clearing::matching::Outcome;

    use super::*;

    fn item(reference: usize) -> Item {
        Item {
            reference: format!("r{reference}"),
            within: "100".to_owned(),
            kind: "purchase".to_owned(),
            is_settled: reference.is_multiple_of(2),
            amount_minor: i64::try_from(reference).unwrap(),
            currency: Currency::SEK,
            company: Some("100".to_owned()),
            seller: (!reference.is_multiple_of(3)).then(|| "Åsa".to_owned()),
            day: (!reference.is_multiple_of(5)).then_some(Date(7)),
            number: i64::try_from(reference).unwrap(),
            place: String::new(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for number in 0..30 {
            assert_eq!(read(&written(&item(number))), Some(item(number)));
        }
        for cut in 0..written(&item(1)).len() {
            assert_eq!(read(written(&item(1)).split_at(cut).0), None, "{cut}");
        }
    }

    /// Goal: planted faults are found, exactly, when the sides are far larger than what is held of
    /// them in memory.
    #[test]
    fn planted_faults_are_found_on_disk() {
        let directory = std::env::temp_dir();
        let (mut ours, mut theirs) = (Side::new(&directory), Side::new(&directory));
        let plain = |number| Item { is_settled: false, ..item(number) };
        let (mut expected, count) = (Vec::new(), 60_000);
        for number in 0..count {
            let fault = match number % 500 {
                1 => Some(Outcome::Missing),
                2 => Some(Outcome::Extra),
                3 => Some(Outcome::AmountDiffers),
                4 => Some(Outcome::Duplicate),
                _ => None,
            };
            if fault != Some(Outcome::Extra) {
                ours.add(&plain(number)).unwrap();
            }
            let minor = i64::from(fault == Some(Outcome::AmountDiffers));
            let their = Item { amount_minor: plain(number).amount_minor + minor, ..plain(number) };
            if fault != Some(Outcome::Missing) {
                theirs.add(&their).unwrap();
            }
            if fault == Some(Outcome::Duplicate) {
                theirs.add(&their).unwrap();
            }
            expected.extend(fault.map(|fault| (fault, format!("r{number}"))));
        }
        assert!(ours.0.bytes() > 0, "on disk");
        let mut found = Vec::new();
        let compared: io::Result<()> = Sides::of(ours, theirs).compare(|findings| {
            let faults = findings.into_iter().filter(|it| it.outcome != Outcome::Matched);
            found.extend(faults.map(|it| (it.outcome, it.item().unwrap().reference.clone())));
            Ok(())
        });
        compared.unwrap();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
}

//! Things by id and by the merchant's reference, up to a limit.
//!
//! Invariant: each name and each reference leads to a thing that is there.

use std::collections::{BTreeMap, HashMap};

use crate::limits::THINGS_MAX;

/// How many of the oldest are looked through for one that waits for nothing.
const SEARCH_MAX: usize = 1000;

/// A thing that may be forgotten.
pub(crate) trait Forgettable {
    /// Whether it waits for nothing that would happen by itself.
    fn is_at_rest(&self) -> bool;
}

/// Things by id and by the merchant's reference.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    places: BTreeMap<u64, Place<T>>,
    by_name: HashMap<String, u64>,
    by_reference: HashMap<String, Vec<u64>>,
    next: u64,
    things_max: usize,
}

#[derive(Debug)]
struct Place<T> {
    names: Vec<String>,
    reference: String,
    thing: T,
}

impl<T: Forgettable> Shelf<T> {
    pub(crate) fn new() -> Shelf<T> {
        Shelf::with_limit(THINGS_MAX)
    }

    fn with_limit(things_max: usize) -> Shelf<T> {
        Shelf {
            places: BTreeMap::new(),
            by_name: HashMap::new(),
            by_reference: HashMap::new(),
            next: 0,
            things_max,
        }
    }

    /// Puts a thing there under a new id. An empty reference is none. Gives the id of what was
    /// forgotten for it.
    pub(crate) fn put(
        &mut self,
        id: &str,
        reference: impl Into<String>,
        thing: T,
    ) -> Option<String> {
        debug_assert!(!self.by_name.contains_key(id), "ids are new");
        let reference = reference.into();
        let forgotten = if self.places.len() < self.things_max { None } else { self.forget() };
        let at = self.next;
        self.next = self.next.saturating_add(1);
        self.by_name.insert(id.to_owned(), at);
        if !reference.is_empty() {
            self.by_reference.entry(reference.clone()).or_default().push(at);
        }
        self.places.insert(at, Place { names: vec![id.to_owned()], reference, thing });
        forgotten
    }

    /// Gives a thing one more name.
    pub(crate) fn name(&mut self, id: &str, name: &str) {
        let Some(at) = self.by_name.get(id).copied() else { return };
        if let Some(place) = self.places.get_mut(&at) {
            place.names.push(name.to_owned());
            self.by_name.insert(name.to_owned(), at);
        }
    }

    /// The thing with a name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let at = self.by_name.get(name)?;
        self.places.get(at).map(|place| &place.thing)
    }

    /// The thing with a name, to change it.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let at = self.by_name.get(name)?;
        self.places.get_mut(at).map(|place| &mut place.thing)
    }

    /// The things with a reference, each with its id, oldest first.
    pub(crate) fn about(&self, reference: &str) -> impl Iterator<Item = (&str, &T)> {
        let places = self.by_reference.get(reference).map_or(&[][..], Vec::as_slice);
        let places = places.iter().filter_map(|at| self.places.get(at));
        places.map(|place| (place.names.first().map_or("", String::as_str), &place.thing))
    }

    /// Forgets the oldest thing that is at rest, or the oldest of all where none is.
    fn forget(&mut self) -> Option<String> {
        let mut oldest = self.places.iter().take(SEARCH_MAX);
        let at_rest = oldest.find(|(_, place)| place.thing.is_at_rest()).map(|(at, _)| *at);
        let at = at_rest.or_else(|| self.places.keys().next().copied())?;
        let place = self.places.remove(&at)?;
        for name in &place.names {
            self.by_name.remove(name);
        }
        if let Some(places) = self.by_reference.get_mut(&place.reference) {
            places.retain(|other| *other != at);
            if places.is_empty() {
                self.by_reference.remove(&place.reference);
            }
        }
        place.names.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(bool);

    impl Forgettable for Thing {
        fn is_at_rest(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn the_oldest_at_rest_is_forgotten_with_all_its_names() {
        let mut shelf = Shelf::with_limit(2);
        assert_eq!(shelf.put("a", "order", Thing(false)), None);
        assert_eq!(shelf.put("b", "order", Thing(true)), None);
        shelf.name("b", "alias");
        assert!(shelf.get("alias").is_some());
        assert_eq!(shelf.put("c", "order", Thing(false)).as_deref(), Some("b"));
        assert!(shelf.get("b").is_none() && shelf.get("alias").is_none());
        let left: Vec<&str> = shelf.about("order").map(|(id, _)| id).collect();
        assert_eq!(left, ["a", "c"]);
        assert_eq!(shelf.put("d", "other", Thing(false)).as_deref(), Some("a"));
        assert_eq!(shelf.about("none").count(), 0);
    }
}

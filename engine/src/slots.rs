//! A table of things addressed by small numbers that are used again: four bytes refer to an entity, an activity or a
//! group, and a look-up is an index. Numbers are private to one run of the engine; what leaves it carries ids.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// The number of a `T` in its [`Slots`].
pub(crate) struct No<T>(u32, PhantomData<fn() -> T>);

/// Things by number; freed numbers are given again, last freed first.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    items: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> No<T> {
    /// The bare number.
    pub(crate) fn get(self) -> u32 {
        self.0
    }

    /// The thing with this bare number.
    pub(crate) fn from_bare(number: u32) -> Self {
        Self(number, PhantomData)
    }
}

impl<T> Slots<T> {
    /// Puts `item` into a free slot.
    ///
    /// # Panics
    /// At 2^29 items: numbers are packed with a role into 32 bits. Memory ends far earlier.
    pub(crate) fn insert(&mut self, item: T) -> No<T> {
        if let Some(number) = self.free.pop() {
            self.items[number as usize] = Some(item);
            return No::from_bare(number);
        }
        let number = u32::try_from(self.items.len()).expect("fewer than 2^29 items");
        assert!(number < 1 << 29, "fewer than 2^29 items");
        self.items.push(Some(item));
        No::from_bare(number)
    }

    /// Takes the item out and frees its number.
    pub(crate) fn remove(&mut self, no: No<T>) -> T {
        let item = self.items[no.0 as usize]
            .take()
            .expect("a number refers to an item until it is removed");
        self.free.push(no.0);
        item
    }

    /// The item, unless its number is free now.
    pub(crate) fn get_mut(&mut self, no: No<T>) -> Option<&mut T> {
        self.items.get_mut(no.0 as usize).and_then(Option::as_mut)
    }

    /// Two different items at once.
    pub(crate) fn pair_mut(&mut self, a: No<T>, b: No<T>) -> (&mut T, &mut T) {
        let [a, b] = self
            .items
            .get_disjoint_mut([a.0 as usize, b.0 as usize])
            .expect("two different numbers, both in the table");
        (
            a.as_mut().expect("item present"),
            b.as_mut().expect("item present"),
        )
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// All items, in the order of their numbers: not a stable order across runs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().flatten()
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Index<No<T>> for Slots<T> {
    type Output = T;

    fn index(&self, no: No<T>) -> &T {
        self.items[no.0 as usize]
            .as_ref()
            .expect("a number refers to an item until it is removed")
    }
}

impl<T> IndexMut<No<T>> for Slots<T> {
    fn index_mut(&mut self, no: No<T>) -> &mut T {
        self.items[no.0 as usize]
            .as_mut()
            .expect("a number refers to an item until it is removed")
    }
}

// Written out because a derive would ask the same of `T`.
impl<T> Clone for No<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for No<T> {}

impl<T> PartialEq for No<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for No<T> {}

impl<T> PartialOrd for No<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for No<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for No<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Debug for No<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_again() {
        let mut slots = Slots::default();
        let a = slots.insert('a');
        let b = slots.insert('b');
        assert_eq!(slots.remove(a), 'a');
        assert_eq!(slots.insert('c'), a);
        assert_eq!((slots[a], slots[b], slots.len()), ('c', 'b', 2));
    }
}

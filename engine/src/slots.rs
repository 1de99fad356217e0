//! A table of things addressed by small numbers that are used again: four bytes refer to an entity, an activity or a
//! group, and a look-up is an index. Numbers are private to one run of the engine; what leaves it carries ids.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

/// The number of a `T` in its [`Slots`], plus 1, so that an `Option` of it needs no more than four bytes.
pub(crate) struct No<T>(NonZeroU32, PhantomData<fn() -> T>);

/// Things by number; freed numbers are given again, last freed first. They lie in pages that never move: a table that
/// grows copies nothing, and has no more slack than a page.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    pages: Vec<Vec<Option<T>>>,
    /// How many numbers were ever given.
    given: u32,
    free: Vec<u32>,
}

/// Items of a page: large enough that the list of pages stays in the cache, small enough not to matter.
const PAGE: usize = 1 << 10;

impl<T> No<T> {
    /// Refers to nothing.
    pub(crate) const NONE: Self = Self(NonZeroU32::MAX, PhantomData);

    /// The bare number.
    pub(crate) fn get(self) -> u32 {
        self.0.get() - 1
    }

    /// The thing with this bare number.
    pub(crate) fn from_bare(number: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(number), PhantomData)
    }

    fn place(self) -> (usize, usize) {
        let number = self.get() as usize;
        (number / PAGE, number % PAGE)
    }
}

impl<T> Slots<T> {
    /// Puts `item` into a free slot.
    ///
    /// # Panics
    /// At 2^29 items: numbers are packed with a role into 32 bits. Memory ends far earlier.
    pub(crate) fn insert(&mut self, item: T) -> No<T> {
        if let Some(number) = self.free.pop() {
            let no = No::from_bare(number);
            let (page, at) = no.place();
            self.pages[page][at] = Some(item);
            return no;
        }
        let number = self.given;
        assert!(number < 1 << 29, "fewer than 2^29 items");
        if (number as usize).is_multiple_of(PAGE) {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        self.given += 1;
        let no = No::from_bare(number);
        self.pages[no.place().0].push(Some(item));
        no
    }

    /// Takes the item out and frees its number.
    pub(crate) fn remove(&mut self, no: No<T>) -> T {
        let (page, at) = no.place();
        let item = self.pages[page][at]
            .take()
            .expect("a number refers to an item until it is removed");
        self.free.push(no.get());
        item
    }

    /// The item, unless its number is free now.
    pub(crate) fn get(&self, no: No<T>) -> Option<&T> {
        let (page, at) = no.place();
        self.pages.get(page)?.get(at)?.as_ref()
    }

    /// The item, to change it, unless its number is free now.
    pub(crate) fn get_mut(&mut self, no: No<T>) -> Option<&mut T> {
        let (page, at) = no.place();
        self.pages.get_mut(page)?.get_mut(at)?.as_mut()
    }

    /// Two different items at once.
    pub(crate) fn pair_mut(&mut self, a: No<T>, b: No<T>) -> (&mut T, &mut T) {
        let ((page_a, at_a), (page_b, at_b)) = (a.place(), b.place());
        let (a, b) = if page_a == page_b {
            let [a, b] = self.pages[page_a]
                .get_disjoint_mut([at_a, at_b])
                .expect("two different numbers, both in the table");
            (a, b)
        } else {
            let [a, b] = self
                .pages
                .get_disjoint_mut([page_a, page_b])
                .expect("both pages are in the table");
            (&mut a[at_a], &mut b[at_b])
        };
        (
            a.as_mut().expect("item present"),
            b.as_mut().expect("item present"),
        )
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.given as usize - self.free.len()
    }

    /// All items with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (No<T>, &T)> {
        let all = (0..).zip(self.pages.iter().flatten());
        all.filter_map(|(number, item)| Some((No::from_bare(number), item.as_ref()?)))
    }

    /// All items, to change them, in the order of their numbers: not a stable order across runs.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pages.iter_mut().flatten().flatten()
    }

    /// All items, in the order of their numbers: not a stable order across runs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten().flatten()
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            given: 0,
            free: Vec::new(),
        }
    }
}

impl<T> Index<No<T>> for Slots<T> {
    type Output = T;

    fn index(&self, no: No<T>) -> &T {
        let (page, at) = no.place();
        self.pages[page][at]
            .as_ref()
            .expect("a number refers to an item until it is removed")
    }
}

impl<T> IndexMut<No<T>> for Slots<T> {
    fn index_mut(&mut self, no: No<T>) -> &mut T {
        let (page, at) = no.place();
        self.pages[page][at]
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
        write!(f, "#{}", self.get())
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

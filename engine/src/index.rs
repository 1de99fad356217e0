//! An index from hashes to numbers in a [`Slots`](crate::slots::Slots): eight bytes an entry, so that a look-up costs
//! one line of the cache, and that line can be asked for before it is needed.
//!
//! Open addressing with linear probing (Knuth, TAOCP vol. 3, 6.4, algorithms L and R): an entry lies at or behind the
//! cell that its hash names, with no empty cell between. Entries keep 32 bits of their hash: growing and removing
//! touch no item, and of those that a look-up compares one in a thousand is in vain.

use crate::slots::No;

/// The numbers of `T`s by their hashes.
#[derive(Debug)]
pub(crate) struct Index<T> {
    cells: Vec<Cell<T>>,
    len: usize,
}

#[derive(Debug)]
struct Cell<T> {
    tag: u32,
    no: Option<No<T>>,
}

/// Cells of the smallest index that has any.
const CELLS_MIN: usize = 64;

impl<T> Index<T> {
    /// The first number under this hash that `is_it` takes.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(No<T>) -> bool) -> Option<No<T>> {
        let (tag, mask) = (tag_of(hash), self.mask()?);
        let mut at = tag as usize & mask;
        loop {
            let cell = &self.cells[at];
            let no = cell.no?;
            if cell.tag == tag && is_it(no) {
                return Some(no);
            }
            at = (at + 1) & mask;
        }
    }

    /// The first number that is likely to be under this hash: for a guess that costs no look at the item.
    pub(crate) fn guess(&self, hash: u64) -> Option<No<T>> {
        self.find(hash, |_| true)
    }

    /// Where a look-up of this hash begins to read.
    pub(crate) fn begin(&self, hash: u64) -> Option<&impl Sized> {
        self.cells.get(tag_of(hash) as usize & self.mask()?)
    }

    /// Adds a number that is not there yet.
    ///
    /// # Panics
    /// At 2^31 entries: tags could not tell them apart. Numbers end far earlier.
    pub(crate) fn insert(&mut self, hash: u64, no: No<T>) {
        if (self.len + 1) * 4 > self.cells.len() * 3 {
            self.double();
        }
        self.len += 1;
        self.put(tag_of(hash), no);
    }

    /// Lets an entry lead to another number of the same hash.
    pub(crate) fn replace(&mut self, hash: u64, former: No<T>, by: No<T>) {
        if let Some(at) = self.place(hash, former) {
            self.cells[at].no = Some(by);
        }
    }

    /// Takes a number out, if it is there.
    pub(crate) fn remove(&mut self, hash: u64, no: No<T>) {
        let (Some(mut hole), Some(mask)) = (self.place(hash, no), self.mask()) else {
            return;
        };
        self.len -= 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let cell = &self.cells[at];
            if cell.no.is_none() {
                break;
            }
            // It may move to the hole unless its own cell lies behind that.
            let way = at.wrapping_sub(cell.tag as usize) & mask;
            if way >= at.wrapping_sub(hole) & mask {
                self.cells.swap(hole, at);
                hole = at;
            }
        }
        self.cells[hole].no = None;
    }

    fn place(&self, hash: u64, no: No<T>) -> Option<usize> {
        let (tag, mask) = (tag_of(hash), self.mask()?);
        let mut at = tag as usize & mask;
        loop {
            let cell = &self.cells[at];
            if cell.no? == no {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    fn put(&mut self, tag: u32, no: No<T>) {
        let mask = self.cells.len() - 1;
        let mut at = tag as usize & mask;
        while self.cells[at].no.is_some() {
            at = (at + 1) & mask;
        }
        self.cells[at] = Cell { tag, no: Some(no) };
    }

    fn double(&mut self) {
        let cells = CELLS_MIN.max(self.cells.len() * 2);
        assert!(cells <= 1 << 32, "fewer than 2^31 entries");
        let empty = || Cell { tag: 0, no: None };
        let old = std::mem::replace(
            &mut self.cells,
            std::iter::repeat_with(empty).take(cells).collect(),
        );
        for cell in old {
            if let Some(no) = cell.no {
                self.put(cell.tag, no);
            }
        }
    }

    /// What a tag is cut to; `None`: there are no cells.
    fn mask(&self) -> Option<usize> {
        self.cells.len().checked_sub(1)
    }
}

/// The low half is as good as any: hashes are keyed and mixed.
fn tag_of(hash: u64) -> u32 {
    hash as u32
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self {
            cells: Vec::new(),
            len: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Numbers = Index<()>;

    fn no(number: u32) -> No<()> {
        No::from_bare(number)
    }

    #[test]
    fn it_agrees_with_a_map_whatever_is_put_in_and_taken_out() {
        // Few hashes and hashes next to each other: long ways, and holes in the middle of them.
        let hashes = |number: u32| u64::from(number % 7 * 3 + number % 2) + 56;
        let (mut index, mut model) = (Numbers::default(), BTreeMap::new());
        let mut state = 1_u32;
        for step in 0..4_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = state >> 16 & 63;
            match model.remove(&number) {
                Some(hash) => index.remove(hash, no(number)),
                None => {
                    index.insert(hashes(number), no(number));
                    model.insert(number, hashes(number));
                }
            }
            for number in 0..64 {
                let found = index.find(hashes(number), |other| other == no(number));
                assert_eq!(found.is_some(), model.contains_key(&number), "step {step}");
            }
        }
    }

    #[test]
    fn it_grows_and_forgets_none() {
        let mut index = Numbers::default();
        let hash = |number: u32| u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
        (0..10_000).for_each(|number| index.insert(hash(number), no(number)));
        for number in 0..10_000 {
            assert_eq!(
                index.find(hash(number), |other| other == no(number)),
                Some(no(number))
            );
        }
        index.replace(hash(5), no(5), no(20_000));
        assert_eq!(
            index.find(hash(5), |other| other == no(20_000)),
            Some(no(20_000))
        );
        assert_eq!(index.find(hash(5), |other| other == no(5)), None);
    }
}

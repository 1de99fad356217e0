//! The signature of a case: which runs of three bytes stand in its texts. A text that is looked for can't be in a case
//! whose signature misses one of its runs, and most cases are passed over so, without a look at texts that lie elsewhere
//! in memory: reading those of 100,000 cases takes longer than anybody wants to wait.
//!
//! A run is one of 2,048 bits. A case of a few activities sets a third of them, so that a text of eight bytes meets all
//! of its own by chance in one of a thousand; a case with all bits set is read, which is right too.

use memchr::memmem::Finder;

use super::text::Lines;

const WORDS: usize = 32;

/// Most runs of a text that are looked at.
const RUNS_MAX: usize = 16;

/// The bits of a case.
#[derive(Clone, Debug)]
pub(super) struct Signature([u64; WORDS]);

/// A text to be found, with its bits.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    finder: Finder<'static>,
    bits: Vec<u16>,
}

impl Default for Signature {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Signature {
    /// Takes the runs of a text.
    pub(super) fn note(&mut self, text: &[u8]) {
        for bit in bits(text) {
            self.0[usize::from(bit / 64)] |= 1 << (bit % 64);
        }
    }

    fn may_hold(&self, pattern: &Pattern) -> bool {
        let has = |bit: &u16| self.0[usize::from(bit / 64)] & 1 << (bit % 64) != 0;
        pattern.bits.iter().all(has)
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let mut bits: Vec<u16> = bits(text.as_bytes()).collect();
        bits.sort_unstable();
        bits.dedup();
        bits.truncate(RUNS_MAX);
        Self {
            finder: Finder::new(text.as_bytes()).into_owned(),
            bits,
        }
    }

    /// Whether it stands in one of the texts, of which all runs are in the signature.
    pub(super) fn stands_in<'a>(
        &self,
        signature: &Signature,
        mut texts: impl Iterator<Item = &'a Lines>,
    ) -> bool {
        signature.may_hold(self) && texts.any(|lines| lines.holds(&self.finder))
    }
}

fn bits(text: &[u8]) -> impl Iterator<Item = u16> {
    text.windows(3).map(|run| {
        let number = u32::from_le_bytes([run[0], run[1], run[2], 0]);
        // The upper 11 bits of a multiplication by an odd number mix all of its bits.
        (number.wrapping_mul(0x9e37_79b1) >> 21) as u16
    })
}

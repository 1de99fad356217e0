//! Detect: which format a record has, by keys that only this format has together.
//!
//! Signatures are tried in a fixed order and look at nothing but the record, so the same record always gets the
//! same answer. One pass over the record's keys sets a bit for each key that any signature needs; most
//! signatures fall away by their bits alone.

use compact_str::CompactString;
use smallvec::SmallVec;

use super::json::{Value, key_hash};
use super::mapping::Mapping;
use super::reject::{Reject, excerpt};

/// What a message's records are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Told for each record by its keys.
    #[default]
    Auto,
    /// caseloom's own simple JSON.
    Native,
    /// Suricata EVE.
    Suricata,
    /// The mapping of this number in the parser's list.
    Mapping(u16),
}

impl Format {
    /// Every built-in format, `auto` first.
    pub const BUILT_IN: [Self; 3] = [Self::Auto, Self::Native, Self::Suricata];

    /// The format's name in configuration and metrics; `mapping` for every mapping, see
    /// [`Parser::format_name`](super::Parser::format_name).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Suricata => "suricata",
            Self::Mapping(_) => "mapping",
        }
    }

    /// The built-in format called `name`.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        Self::BUILT_IN
            .into_iter()
            .find(|format| format.as_str() == name)
    }
}

/// A format and what a record must have to be of it.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) format: Format,
    pub(super) needs: Vec<Need>,
}

/// A path that must be there, with this text where one is given.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) path: Box<str>,
    pub(super) text: Option<CompactString>,
}

impl Need {
    fn present(path: &str) -> Self {
        Self {
            path: path.into(),
            text: None,
        }
    }

    fn equal(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: Some(text.into()),
        }
    }

    /// Whether it is a plain top-level key. Dotted paths may be nested or literal keys, so they have no bit.
    fn is_key(&self) -> bool {
        !self.path.contains('.')
    }

    fn is_met(&self, record: Value<'_>) -> bool {
        let Some(value) = record.at(&self.path) else {
            return false;
        };
        match &self.text {
            None => !value.is_null(),
            Some(wanted) => value
                .scalar()
                .and_then(|scalar| scalar.text())
                .is_some_and(|text| *text == **wanted),
        }
    }
}

/// The signatures of the built-in formats; the most general last.
fn built_in() -> Vec<Signature> {
    let (present, equal) = (Need::present, Need::equal);
    let signature = |format, needs: &[Need]| Signature {
        format,
        needs: needs.to_vec(),
    };
    vec![
        signature(
            Format::Suricata,
            &[equal("event_type", "alert"), present("alert")],
        ),
        signature(
            Format::Suricata,
            &[
                present("event_type"),
                present("timestamp"),
                present("flow_id"),
            ],
        ),
        signature(
            Format::Suricata,
            &[equal("event_type", "stats"), present("stats")],
        ),
        signature(Format::Native, &[present("rule"), present("entities")]),
        signature(
            Format::Native,
            &[present("time"), present("rule"), present("title")],
        ),
    ]
}

/// Bits of the keys that a record has, and not as null; the number of words is fixed per detector.
type Bits = SmallVec<[u64; 2]>;

/// Tells formats. Built once.
pub(super) struct Detector {
    known: Vec<Known>,
    /// The top-level keys that signatures need, sorted by `key_hash`.
    keys: Vec<Box<str>>,
    /// Where the keys of each `key_hash` begin in `keys`.
    starts: [u16; 257],
}

/// A signature, parted into what bits say and what has to be looked up.
struct Known {
    format: Format,
    bits: Bits,
    rest: Vec<Need>,
}

impl Detector {
    /// Knows the built-in formats and `mappings`, which go first.
    pub(super) fn new(mappings: &[Mapping]) -> Self {
        let mapped = mappings
            .iter()
            .zip(0..)
            .filter_map(|(mapping, at)| mapping.signature(at));
        let signatures: Vec<Signature> = mapped.chain(built_in()).collect();
        let keys = signatures
            .iter()
            .flat_map(|signature| &signature.needs)
            .filter(|need| need.is_key());
        let mut keys: Vec<Box<str>> = keys.map(|need| need.path.clone()).collect();
        keys.sort_by_key(|key| (key_hash(key.as_bytes()), key.clone()));
        keys.dedup();
        let mut starts = [0_u16; 257];
        for key in &keys {
            starts[usize::from(key_hash(key.as_bytes())) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut detector = Self {
            known: Vec::new(),
            keys,
            starts,
        };
        detector.known = signatures
            .into_iter()
            .map(|signature| detector.known(signature))
            .collect();
        detector
    }

    fn known(&self, signature: Signature) -> Known {
        let mut bits = self.no_bits();
        signature
            .needs
            .iter()
            .filter(|need| need.is_key())
            .for_each(|need| self.set(&need.path, &mut bits));
        let rest = signature
            .needs
            .into_iter()
            .filter(|need| need.text.is_some() || !need.is_key());
        Known {
            format: signature.format,
            bits,
            rest: rest.collect(),
        }
    }

    /// The record's format, when `format` doesn't say.
    ///
    /// # Errors
    /// [`Reject::UnknownFormat`].
    pub(super) fn detect(&self, format: Format, record: Value<'_>) -> Result<Format, Reject> {
        if format != Format::Auto {
            return Ok(format);
        }
        let mut bits = self.no_bits();
        for (key, value) in record.keys_and_values() {
            if !value.is_null() {
                self.set(key, &mut bits);
            }
        }
        let fits = |known: &&Known| {
            let has_keys = known
                .bits
                .iter()
                .zip(&bits)
                .all(|(needed, has)| needed & !has == 0);
            has_keys && known.rest.iter().all(|need| need.is_met(record))
        };
        match self.known.iter().find(fits) {
            Some(known) => Ok(known.format),
            None => Err(unknown(record)),
        }
    }

    fn no_bits(&self) -> Bits {
        SmallVec::from_elem(0, self.keys.len().div_ceil(64))
    }

    /// Sets the bit of `key`, if any signature needs it.
    #[inline]
    fn set(&self, key: &str, bits: &mut Bits) {
        let bucket = usize::from(key_hash(key.as_bytes()));
        for at in self.starts[bucket]..self.starts[bucket + 1] {
            let at = usize::from(at);
            if *self.keys[at] == *key {
                bits[at / 64] |= 1 << (at % 64);
            }
        }
    }
}

/// The reject of a record that no format knows.
#[cold]
pub(super) fn unknown(record: Value<'_>) -> Reject {
    const KEYS_MAX: usize = 8;
    let mut keys = CompactString::default();
    for key in record.keys().take(KEYS_MAX) {
        if !keys.is_empty() {
            keys.push_str(", ");
        }
        keys.push_str(&excerpt(key));
    }
    Reject::UnknownFormat { keys }
}

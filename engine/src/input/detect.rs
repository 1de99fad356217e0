//! Detect: which format a record has, or which envelope it is, by keys that only this one has together.
//!
//! Signatures are tried in a fixed order and look at nothing but the record, so the same record always gets the
//! same answer. One pass over the record's keys sets a bit for each key that any signature needs; most
//! signatures fall away by their bits alone.

use compact_str::CompactString;
use smallvec::SmallVec;

use super::facts::Facts;
use super::formats::{self, Room};
use super::json::{Value, key_hash};
use super::mapping::Mapping;
use super::reject::{Reject, excerpt};
use super::unwrap::envelope::{self, Envelope, Inside};
use super::unwrap::telling;

/// What a message's records are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Told for each record by its keys.
    #[default]
    Auto,
    /// A built-in format.
    BuiltIn(BuiltIn),
    /// The mapping of this number in the parser's list.
    Mapping(u16),
}

/// A built-in format: its number in the table of rooms. Numbers change between versions; names don't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BuiltIn(u8);

impl BuiltIn {
    /// Every built-in format, in the order in which they are tried.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(formats::ROOMS).map(|(at, _)| Self(at))
    }

    /// The format's name in configuration and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.room().name
    }

    pub(super) fn room(self) -> &'static Room {
        &formats::ROOMS[usize::from(self.0)]
    }
}

impl Format {
    /// The format's name in configuration and metrics; `mapping` for every mapping, see
    /// [`Parser::format_name`](super::Parser::format_name).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::BuiltIn(built_in) => built_in.as_str(),
            Self::Mapping(_) => "mapping",
        }
    }

    /// `auto`, or the built-in format called `name`.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        if name == "auto" {
            return Some(Self::Auto);
        }
        BuiltIn::all()
            .find(|format| format.as_str() == name)
            .map(Self::BuiltIn)
    }
}

/// Something and what a record must have to be that.
struct Signature {
    what: What,
    needs: Vec<Need<Box<str>>>,
}

/// What a signature tells.
#[derive(Clone, Copy)]
enum What {
    Format(Format),
    Envelope(&'static Envelope),
}

/// What a record turned out to be.
pub(super) enum Told<'a> {
    Format(Format),
    /// An envelope of that name, what is inside, and what it says of that.
    Envelope(&'static str, Inside<'a>, Facts<'a>),
    /// Only an envelope, of that name, around a text that some format may know.
    Prose(&'static str, &'a str, Facts<'a>),
}

/// One thing that a record must have. Paths may be dotted: each dot parts two objects or belongs to a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need<S = &'static str> {
    /// There is something other than null.
    Present(S),
    /// There is a scalar of this text.
    Equal(S, S),
    /// Whatever else tells it; asked last.
    Test(fn(Value<'_>) -> bool),
}

impl Need {
    /// Something other than null at `path`.
    pub(super) const fn present(path: &'static str) -> Self {
        Self::Present(path)
    }

    /// A scalar of this text at `path`.
    pub(super) const fn equal(path: &'static str, text: &'static str) -> Self {
        Self::Equal(path, text)
    }

    fn owned(self) -> Need<Box<str>> {
        match self {
            Self::Present(path) => Need::Present(path.into()),
            Self::Equal(path, text) => Need::Equal(path.into(), text.into()),
            Self::Test(test) => Need::Test(test),
        }
    }
}

impl Need<Box<str>> {
    /// The path, if it is a plain top-level key. Dotted paths may be nested or literal keys, so they have no bit.
    fn key(&self) -> Option<&str> {
        match self {
            Self::Present(path) | Self::Equal(path, _) if !path.contains('.') => Some(path),
            _ => None,
        }
    }

    /// Whether the bits of a record's keys say all of it.
    fn is_said_by_bits(&self) -> bool {
        matches!(self, Self::Present(path) if !path.contains('.'))
    }

    fn is_met(&self, record: Value<'_>) -> bool {
        match self {
            Self::Present(path) => record.at(path).is_some_and(|value| !value.is_null()),
            Self::Equal(path, wanted) => record
                .at(path)
                .and_then(|value| value.scalar()?.text())
                .is_some_and(|text| *text == **wanted),
            Self::Test(test) => test(record),
        }
    }
}

/// The signatures of the rooms for which `wanted` holds, in the order of the table.
fn rooms(wanted: fn(&Room) -> bool) -> impl Iterator<Item = Signature> {
    let rooms = BuiltIn::all().filter(move |format| wanted(format.room()));
    rooms.flat_map(|format| {
        let json = format.room().json.as_ref();
        let needs = json.map_or(&[][..], |json| json.signatures);
        signatures(What::Format(Format::BuiltIn(format)), needs)
    })
}

fn envelopes(table: &'static [Envelope]) -> impl Iterator<Item = Signature> {
    table
        .iter()
        .flat_map(|envelope| signatures(What::Envelope(envelope), envelope.signatures))
}

fn signatures(
    what: What,
    signatures: &'static [&'static [Need]],
) -> impl Iterator<Item = Signature> {
    signatures.iter().map(move |needs| Signature {
        what,
        needs: needs.iter().copied().map(Need::owned).collect(),
    })
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
    what: What,
    bits: Bits,
    rest: Vec<Need<Box<str>>>,
}

impl Detector {
    /// Knows the built-in formats and `mappings`, which go first.
    pub(super) fn new(mappings: &[Mapping]) -> Self {
        let mapped = mappings.iter().zip(0..).filter_map(|(mapping, at)| {
            Some(Signature {
                what: What::Format(Format::Mapping(at)),
                needs: mapping.needs()?,
            })
        });
        let signatures: Vec<Signature> = mapped
            .chain(envelopes(envelope::BEFORE_PRODUCTS))
            .chain(rooms(|room| !room.is_general))
            .chain(envelopes(envelope::AFTER_PRODUCTS))
            .chain(rooms(|room| room.is_general))
            .collect();
        let keys = signatures
            .iter()
            .flat_map(|signature| signature.needs.iter())
            .filter_map(Need::key);
        let mut keys: Vec<Box<str>> = keys.map(Box::from).collect();
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
        let keys = signature.needs.iter().filter_map(Need::key);
        keys.for_each(|key| self.set(key, &mut bits));
        let rest = signature
            .needs
            .iter()
            .filter(|need| !need.is_said_by_bits());
        Known {
            what: signature.what,
            bits,
            rest: rest.cloned().collect(),
        }
    }

    /// What the record is: of `format`, or told by its keys where that is [`Format::Auto`], or an envelope.
    ///
    /// # Errors
    /// [`Reject::UnknownFormat`].
    pub(super) fn tell<'a>(
        &self,
        format: Format,
        record: Value<'a>,
        facts: Facts<'a>,
    ) -> Result<Told<'a>, Reject> {
        let bits = self.bits(record);
        let mut closed = None;
        for known in &self.known {
            if !known.fits(&bits, record) {
                continue;
            }
            match known.what {
                What::Format(told) if format == told || format == Format::Auto => {
                    return Ok(Told::Format(told));
                }
                What::Format(_) => {}
                What::Envelope(envelope) => {
                    let mut facts = facts;
                    if let Some(inside) = self.open(envelope, record, &mut facts) {
                        return Ok(Told::Envelope(envelope.name, inside, facts));
                    }
                    closed.get_or_insert((envelope.name, facts));
                }
            }
        }
        if format != Format::Auto {
            return Ok(Told::Format(format));
        }
        match (closed, telling::prose(record)) {
            (Some((name, facts)), Some(text)) => Ok(Told::Prose(name, text, facts)),
            _ => Err(unknown(record)),
        }
    }

    fn open<'a>(
        &self,
        envelope: &Envelope,
        record: Value<'a>,
        facts: &mut Facts<'a>,
    ) -> Option<Inside<'a>> {
        match (envelope.open)(record, facts)? {
            Inside::Perhaps(value) => self.knows(value).then_some(Inside::Value(value)),
            inside => Some(inside),
        }
    }

    /// Whether a product, a mapping or another envelope knows `record`; not further down.
    fn knows(&self, record: Value<'_>) -> bool {
        let bits = self.bits(record);
        self.known.iter().any(|known| {
            let is_certain = match known.what {
                What::Format(Format::BuiltIn(built_in)) => !built_in.room().is_general,
                What::Format(_) => true,
                What::Envelope(_) => false,
            };
            is_certain && known.fits(&bits, record)
        })
    }

    fn bits(&self, record: Value<'_>) -> Bits {
        let mut bits = self.no_bits();
        for (key, value) in record.keys_and_values() {
            if !value.is_null() {
                self.set(key, &mut bits);
            }
        }
        bits
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

impl Known {
    #[inline]
    fn fits(&self, bits: &Bits, record: Value<'_>) -> bool {
        let mut words = self.bits.iter().zip(bits);
        words.all(|(needed, has)| needed & !has == 0)
            && self.rest.iter().all(|need| need.is_met(record))
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

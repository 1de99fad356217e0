//! How large an event may be, and what gives way. An event that could not be sent would block the outbox for ever,
//! so the bound holds by construction: the tightest limits fit even when every byte of every text is escaped.
//!
//! Not chosen: dropping single activities until the event fits. Four steps are easier to foresee, and only a
//! case made of hostile or absurdly long text leaves the first.

use std::borrow::Cow;

use super::{text, work};

/// The longest value of an event: well below the 1 MiB that brokers take by default.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// Bytes of an ATT&CK id; the longest real one has 9.
const ATTACK_BYTES_MAX: usize = 24;

/// How much of a case an event says. Lists are ordered by strength, so the weakest goes first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Activities.
    pub activities: usize,
    /// Links of one activity.
    pub links: usize,
    /// Entities of one link.
    pub link_entities: usize,
    /// Entities, as observables.
    pub entities: usize,
    /// Facts, as enrichments.
    pub facts: usize,
    /// Fields of one fact.
    pub fact_fields: usize,
    /// ATT&CK ids.
    pub attacks: usize,
    /// Related cases.
    pub related: usize,
    /// Bytes of a title, a name or an id.
    pub text_bytes: usize,
    /// Bytes of an entity's value.
    pub value_bytes: usize,
}

/// Tried in this order. The first holds everything a snapshot brings but the weaker links; the texts are those of
/// `input` (1,024) and `entity` (2,048), so that real values are never cut.
pub(super) const STEPS: [Limits; 4] = [
    Limits::new(50, (3, 8), 100, (32, 16), (1024, 2048)),
    Limits::new(50, (1, 2), 50, (16, 8), (256, 512)),
    Limits::new(35, (1, 1), 35, (8, 4), (128, 256)),
    Limits::new(20, (1, 1), 16, (2, 3), (96, 192)),
];

const _: () = assert!(STEPS[3].bytes_worst() < EVENT_BYTES_MAX);

impl Limits {
    const fn new(
        activities: usize,
        (links, link_entities): (usize, usize),
        entities: usize,
        (facts, fact_fields): (usize, usize),
        (text_bytes, value_bytes): (usize, usize),
    ) -> Self {
        Self {
            activities,
            links,
            link_entities,
            entities,
            facts,
            fact_fields,
            attacks: 50,
            related: 50,
            text_bytes,
            value_bytes,
        }
    }

    /// More than the longest event within these limits: six bytes (`\u001b`) for each byte of text, and
    /// generous sums for names, numbers and punctuation.
    const fn bytes_worst(&self) -> usize {
        let (text, value) = (6 * self.text_bytes, 6 * self.value_bytes);
        let finding = 500 + 4 * text;
        let link = 300 + text + self.link_entities * (80 + value);
        let activity = finding + (300 + value) + self.links * link;
        let entity = 500 + 2 * value;
        let fact = 500 + value + (1 + 2 * self.fact_fields) * text;
        let attack = 100 + 2 * 6 * ATTACK_BYTES_MAX;
        let head = 8_000 + (10 + work::TEXTS_MAX) * text;
        head + self.activities * activity
            + self.entities * entity
            + self.facts * fact
            + self.attacks * attack
            + self.related * 100
    }
}

/// Cuts texts to the limits and remembers whether any was too long.
#[derive(Debug)]
pub(super) struct Trim {
    pub limits: Limits,
    pub cut: bool,
}

impl Trim {
    /// A text that people read: cut and harmless.
    pub(super) fn line<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        self.note(text, self.limits.text_bytes);
        text::one_line(text, self.limits.text_bytes)
    }

    /// An id: cut, else as it is.
    pub(super) fn id<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        self.note(id, self.limits.text_bytes);
        text::exact(id, self.limits.text_bytes)
    }

    /// An entity's value: cut, else as it is.
    pub(super) fn value<'a>(&mut self, value: &'a str) -> Cow<'a, str> {
        self.note(value, self.limits.value_bytes);
        text::exact(value, self.limits.value_bytes)
    }

    /// An ATT&CK id: cut, else as it is.
    pub(super) fn attack<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        self.note(id, ATTACK_BYTES_MAX);
        text::exact(id, ATTACK_BYTES_MAX)
    }

    /// The first `max` of `items`.
    pub(super) fn first<'a, T>(&mut self, items: &'a [T], max: usize) -> &'a [T] {
        self.cut |= items.len() > max;
        &items[..items.len().min(max)]
    }

    fn note(&mut self, text: &str, bytes_max: usize) {
        self.cut |= text.len() > bytes_max;
    }
}

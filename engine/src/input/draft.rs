//! Draft: an alert in the making. Formats say what they found; the draft brings it into canonical form, keeps
//! it within the limits, counts what it had to leave out, and checks the whole in [`Draft::finish`].

mod alias;
mod desk;
mod nested;
mod settle;
mod values;

pub(crate) use desk::{Desk, Reading};
pub(crate) use nested::Nested;
pub(crate) use settle::{Paths, is_scope};
pub(crate) use values::{Account, each_text, first, first_text, thing};

use compact_str::{CompactString, ToCompactString};
use smallvec::SmallVec;

use crate::alert::{Alert, Lifecycle, Severity};
use crate::entity::{Entity, EntityKind, Role, may_have_controls};
use crate::time::Timestamp;

use super::facts::Facts;
use super::json::{Readers, Scalar, Text};
use super::limits::Limits;
use super::reject::{Reject, excerpt};
use super::timestamp::{self, Unit};
use super::{Message, Notes, attack, severity};

/// An alert in the making. It is made in its final place, since it is too large to be handed about.
pub(crate) struct Draft<'m> {
    message: &'m Message<'m>,
    limits: &'m Limits,
    facts: Facts<'m>,
    notes: &'m mut Notes,
    readers: &'m mut Readers,
    alert: &'m mut Alert,
    time: Option<Timestamp>,
    has_severity: bool,
}

impl Nested for Draft<'_> {
    fn reading(&mut self) -> (&mut Readers, &Limits) {
        (self.readers, self.limits)
    }
}

impl Draft<'_> {
    /// The alert as it stands, for what a room asks of itself.
    pub(crate) fn alert(&self) -> &Alert {
        self.alert
    }

    /// A moment not long after the event, for dates without a year.
    pub(crate) fn near(&self) -> Option<Timestamp> {
        self.message.broker_time
    }

    /// Whether an envelope told a time.
    pub(crate) fn has_outer_time(&self) -> bool {
        self.facts.time.is_some()
    }

    /// Whether a time was told.
    pub(crate) fn has_time(&self) -> bool {
        self.time.is_some()
    }

    /// The event time, which a format has read.
    pub(crate) fn time_read(&mut self, time: Option<Timestamp>) {
        self.time = time.or(self.time);
    }

    /// When the product last changed it, which a format has read.
    pub(crate) fn updated_read(&mut self, updated: Option<Timestamp>) {
        self.alert.updated = updated.or(self.alert.updated);
    }

    /// Whether it is work to do, which a format has read.
    pub(crate) fn lifecycle_read(&mut self, lifecycle: Lifecycle) {
        self.alert.lifecycle = lifecycle;
    }

    /// The event time. What can't be read is left out where the broker's time will do.
    ///
    /// # Errors
    /// [`Reject::BadTime`] when `value` tells none, and neither did the broker.
    pub(crate) fn time(&mut self, value: Scalar<'_>, unit: Unit, path: &str) -> Result<(), Reject> {
        if value.is_nothing() {
            return Ok(());
        }
        match timestamp::read(value, unit, self.message.broker_time) {
            Some(time) => self.time = Some(time),
            None if self.message.broker_time.is_some() => self.notes.values_ignored += 1,
            None => {
                return Err(Reject::BadTime {
                    path: path.to_compact_string(),
                    value: value.text().map(|text| excerpt(&text)).unwrap_or_default(),
                });
            }
        }
        Ok(())
    }

    /// The event time: the first of `candidates` that tells one.
    ///
    /// # Errors
    /// [`Reject::BadTime`] when some stand there and none can be read, nor did an envelope say when.
    pub(crate) fn first_time(
        &mut self,
        candidates: &[Option<Scalar<'_>>],
        path: &str,
    ) -> Result<(), Reject> {
        let mut bad = None;
        for value in candidates.iter().flatten() {
            match self.time(*value, Unit::Auto, path) {
                Ok(()) if self.has_time() => return Ok(()),
                Ok(()) => {}
                Err(reject) => bad = bad.or(Some(reject)),
            }
        }
        match bad {
            Some(reject) if self.facts.time.is_none() => Err(reject),
            _ => Ok(()),
        }
    }

    /// When the product last changed it; what can't be read is left out.
    pub(crate) fn updated(&mut self, value: Scalar<'_>, unit: Unit) {
        if !value.is_nothing() {
            self.alert.updated = timestamp::read(value, unit, self.message.broker_time);
            self.notes.values_ignored += u32::from(self.alert.updated.is_none());
        }
    }

    /// The product's own id.
    ///
    /// # Errors
    /// [`Reject::StringTooLong`].
    pub(crate) fn id(&mut self, value: Scalar<'_>, path: &str) -> Result<(), Reject> {
        let id = self.identity(value, path)?;
        self.alert.id = (!id.is_empty()).then_some(id);
        Ok(())
    }

    /// The scope that the message claims.
    pub(crate) fn scope(&mut self, value: Scalar<'_>) {
        self.alert.scope = match value {
            Scalar::Text(text) => CompactString::new(text.trim_ascii()),
            other => other
                .text()
                .map_or_else(CompactString::default, Text::into_owned),
        };
    }

    /// The product or sensor; nothing leaves the format's own name.
    ///
    /// # Errors
    /// [`Reject::StringTooLong`].
    pub(crate) fn source(&mut self, value: Scalar<'_>, path: &str) -> Result<(), Reject> {
        let source = self.identity(value, path)?;
        if !source.is_empty() {
            self.alert.source = source;
        }
        Ok(())
    }

    /// The rule's stable id.
    ///
    /// # Errors
    /// [`Reject::StringTooLong`].
    pub(crate) fn rule_id(&mut self, value: Scalar<'_>, path: &str) -> Result<(), Reject> {
        self.alert.rule_id = self.identity(value, path)?;
        Ok(())
    }

    /// The rule's stable id, which a format has put together.
    ///
    /// # Errors
    /// [`Reject::StringTooLong`].
    pub(crate) fn rule_id_made(&mut self, text: CompactString, path: &str) -> Result<(), Reject> {
        let is_clean = !may_have_controls(&text) && text.trim_ascii().len() == text.len();
        self.alert.rule_id = if is_clean && text.len() <= self.limits.id_bytes_max {
            text
        } else {
            self.identity(Scalar::Text(&text), path)?
        };
        Ok(())
    }

    /// The rule's name for people.
    pub(crate) fn rule_name(&mut self, value: Scalar<'_>) {
        self.alert.rule_name = self.prose(value);
    }

    /// One line for people.
    pub(crate) fn title(&mut self, value: Scalar<'_>) {
        self.alert.title = self.prose(value);
    }

    /// A severity on the common scale, as a number or a word.
    pub(crate) fn severity(&mut self, value: Scalar<'_>) {
        if !value.is_nothing() {
            self.severity_read(severity::read(value));
        }
    }

    /// A severity that the format has read; `None`: it stood there, but means nothing.
    pub(crate) fn severity_read(&mut self, severity: Option<Severity>) {
        match severity {
            Some(severity) => {
                self.alert.severity = severity;
                self.has_severity = true;
            }
            None => self.notes.severity_unknown += 1,
        }
    }

    /// How many occurrences the message stands for; what can't be read counts as one.
    pub(crate) fn count(&mut self, value: Scalar<'_>) {
        let count = match value {
            Scalar::Integer(number) => u32::try_from(number).ok(),
            Scalar::Text(text) => text.trim_ascii().parse().ok(),
            _ => None,
        };
        self.notes.values_ignored += u32::from(count.is_none() && !value.is_nothing());
        self.alert.count = count.unwrap_or(1).max(1);
    }

    /// The word for work to do, or for the record; an unknown one is work to do.
    pub(crate) fn lifecycle(&mut self, value: Scalar<'_>) {
        if value.is_nothing() {
            return;
        }
        let known = value.text().and_then(|word| Lifecycle::from_word(&word));
        self.notes.values_ignored += u32::from(known.is_none());
        self.alert.lifecycle = known.unwrap_or_default();
    }

    /// ATT&CK techniques and tactics, as ids in any writing or as names of tactics; also several with commas between.
    pub(crate) fn attack(&mut self, raw: &str) {
        if raw.trim_ascii().is_empty() {
            return;
        }
        let mut over = 0;
        let (ids, max) = (&mut self.alert.attack, self.limits.attack_max);
        let unknown = attack::each(raw, |id| over += u32::from(!add(ids, id, max)));
        self.notes.attack_dropped += unknown + over;
    }

    /// As [`Draft::attack`], out of a field that also holds words of the product's own.
    pub(crate) fn attack_if_known(&mut self, raw: &str) {
        let (ids, max) = (&mut self.alert.attack, self.limits.attack_max);
        let mut over = 0;
        attack::each(raw, |id| over += u32::from(!add(ids, id, max)));
        self.notes.attack_dropped += over;
    }

    /// A technique by its name, for products that write no id; vendors' own names are left out.
    pub(crate) fn attack_technique_named(&mut self, name: &str) {
        match attack::technique(name) {
            Some(id) => self.attack(id),
            None => self.attack(name),
        }
    }

    /// An entity as the product wrote it. `thing` is as in [`Entity::thing`].
    pub(crate) fn entity(&mut self, kind: EntityKind, role: Role, raw: &str, thing: u8) {
        self.push(Entity::new(kind, role, raw), thing);
    }

    /// An entity, or none where the value means nothing.
    pub(crate) fn push(&mut self, entity: Option<Entity>, thing: u8) {
        let Some(entity) = entity else {
            self.notes.entities_dropped += 1;
            return;
        };
        let is_repeat = self.alert.entities.iter().any(|other| {
            other.kind == entity.kind && other.role == entity.role && other.value == entity.value
        });
        if is_repeat {
            return;
        }
        if self.alert.entities.len() >= self.limits.entities_max {
            self.notes.entities_over += 1;
            return;
        }
        self.alert.entities.push(entity.naming(thing));
    }

    /// Gives the number `thing` to what stood for itself under this name so far.
    pub(crate) fn number(&mut self, kind: EntityKind, value: &str, thing: u8) {
        for entity in &mut self.alert.entities {
            if entity.thing == 0 && entity.kind == kind && entity.value == value {
                entity.thing = thing;
            }
        }
    }

    /// A string that is compared: never cut. Empty when there is none.
    fn identity(&self, value: Scalar<'_>, path: &str) -> Result<CompactString, Reject> {
        let Scalar::Text(text) = value else {
            return Ok(value
                .text()
                .map_or_else(CompactString::default, Text::into_owned));
        };
        let text = text.trim_ascii();
        let max = self.limits.id_bytes_max;
        if text.len() > max {
            return Err(Reject::StringTooLong {
                path: path.into(),
                bytes: text.len(),
                max,
            });
        }
        Ok(printable(text))
    }

    /// A string for people: cut where it is too long. Empty when there is none.
    fn prose(&mut self, value: Scalar<'_>) -> CompactString {
        let Scalar::Text(text) = value else {
            return value
                .text()
                .map_or_else(CompactString::default, Text::into_owned);
        };
        let text = text.trim_ascii();
        let max = self.limits.text_bytes_max;
        if text.len() <= max {
            return printable(text);
        }
        self.notes.texts_cut += 1;
        let mut cut = printable(&text[..text.floor_char_boundary(max)]);
        cut.push('…');
        cut
    }
}

/// Adds `id` if it is not there; whether there was room for it.
fn add(ids: &mut SmallVec<[CompactString; 2]>, id: CompactString, max: usize) -> bool {
    if ids.contains(&id) {
        return true;
    }
    let has_room = ids.len() < max;
    if has_room {
        ids.push(id);
    }
    has_room
}

/// `text` with each control character replaced by `U+FFFD`, because it ends up in CSV, logs and terminals; ends of lines
/// and tabs, which QRadar and others write between sentences, become one blank.
fn printable(text: &str) -> CompactString {
    if !may_have_controls(text) {
        return CompactString::new(text);
    }
    let mut clean = CompactString::with_capacity(text.len());
    let mut is_gap = false;
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => is_gap = true,
            ' ' if is_gap => {}
            _ => {
                if is_gap && !clean.ends_with(' ') {
                    clean.push(' ');
                }
                is_gap = false;
                clean.push(if c.is_control() {
                    char::REPLACEMENT_CHARACTER
                } else {
                    c
                });
            }
        }
    }
    clean
}

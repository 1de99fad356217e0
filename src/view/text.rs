//! What a search looks through: the texts of a case, in lower case, a line each, made once per change. Looking through
//! 100,000 of them takes milliseconds; lower-casing them for each search took six times as long.
//!
//! ```text
//! line := LF  mark  text        mark: what kind of thing it is; free words look through all, fields through their own
//! ```
//!
//! Marks are control characters, which no text keeps, so no alert can pass one of its values off as another field.

use std::fmt::Write;

use caseloom_engine::command::Work;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::record::{ActivityRecord, GroupRecord};

/// Most text of a case's activities that is kept. A case at its caps has about 60 KiB.
pub(super) const ACTIVITY_BYTES_MAX: usize = 256 << 10;

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Text that no field asks for: a title, a resolution.
    Free,
    /// A rule's id or name.
    Rule,
    /// A product.
    Source,
    /// A tag.
    Tag,
    /// A team.
    Team,
    /// A verdict.
    Verdict,
    /// An ATT&CK id.
    Attack,
    /// An entity.
    Entity(EntityKind),
}

impl Mark {
    pub(super) fn char(self) -> char {
        match self {
            Self::Free => '\u{1}',
            Self::Rule => '\u{2}',
            Self::Source => '\u{3}',
            Self::Tag => '\u{4}',
            Self::Team => '\u{5}',
            Self::Verdict => '\u{6}',
            Self::Attack => '\u{7}',
            // Kinds are numbered from 0; there is room for sixteen.
            Self::Entity(kind) => char::from(0x10 + kind as u8),
        }
    }
}

/// Lines of text. Ends with a line's end, so that every line stands between two.
#[derive(Clone, Debug)]
pub(super) struct Lines(String);

impl Default for Lines {
    fn default() -> Self {
        Self("\n".to_owned())
    }
}

impl Lines {
    /// Of a header.
    pub(super) fn of_group(group: &GroupRecord) -> Self {
        let mut lines = Self::default();
        lines.add(Mark::Free, &group.title);
        lines.add(Mark::Free, &group.case.to_string());
        lines.add(Mark::Free, &group.scope_name);
        if let Some(owner) = &group.owner {
            lines.add(Mark::Free, owner);
        }
        for id in &group.attack {
            lines.add(Mark::Attack, id);
        }
        lines
    }

    /// Of what people did.
    pub(super) fn of_work(work: &Work) -> Self {
        let mut lines = Self::default();
        for tag in &work.tags {
            lines.add(Mark::Tag, tag);
        }
        if !work.team.is_empty() {
            lines.add(Mark::Team, &work.team);
        }
        if let Some(verdict) = work.verdict {
            lines.add(Mark::Verdict, verdict.as_str());
        }
        if !work.resolution.is_empty() {
            lines.add(Mark::Free, &work.resolution);
        }
        for (name, value) in &work.fields {
            lines.add(Mark::Free, &format!("{name}={value}"));
        }
        lines
    }

    /// Adds what an activity says. False: there was no room for all of it.
    pub(super) fn add_activity(&mut self, activity: &ActivityRecord) -> bool {
        self.add(Mark::Source, &activity.source);
        self.add(Mark::Rule, &activity.rule_id);
        self.add(Mark::Rule, &activity.rule_name);
        for entity in activity
            .entities
            .iter()
            .filter(|entity| entity.is_linkable())
        {
            self.add(Mark::Entity(entity.kind), &entity.value);
            if let Some(short) = short(entity.kind, &entity.value) {
                self.add(Mark::Entity(entity.kind), short);
            }
        }
        if activity.title != activity.rule_name {
            self.add(Mark::Free, &activity.title);
        }
        self.0.len() < ACTIVITY_BYTES_MAX
    }

    /// Adds what others have, as in a merge.
    pub(super) fn absorb(&mut self, other: &Self) {
        for line in other.0.lines().filter(|line| !line.is_empty()) {
            self.add_line(line);
        }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    pub(super) fn holds(&self, finder: &memchr::memmem::Finder<'_>) -> bool {
        finder.find(self.0.as_bytes()).is_some()
    }

    fn add(&mut self, mark: Mark, text: &str) {
        if !text.is_empty() {
            self.add_line(&line(mark, text));
        }
    }

    /// Each line once: a case of a thousand activities names few things often.
    fn add_line(&mut self, line: &str) {
        let known = format!("\n{line}\n");
        let is_there = memchr::memmem::find(self.0.as_bytes(), known.as_bytes()).is_some();
        if !is_there && self.0.len() + known.len() <= ACTIVITY_BYTES_MAX {
            self.0.push_str(&known[1..]);
        }
    }
}

/// A line without its ends.
pub(super) fn line(mark: Mark, text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    line.push(mark.char());
    line.write_str(&folded(text))
        .expect("writing to memory can't fail");
    line
}

/// In lower case, and with a blank for what could be a mark or end a line.
pub(super) fn folded(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect::<String>().to_lowercase()
}

/// What a machine or person is called for short: without the domain.
fn short(kind: EntityKind, value: &str) -> Option<&str> {
    match kind {
        EntityKind::Host => value.split_once('.').map(|(name, _)| name),
        EntityKind::User => value
            .rsplit_once('\\')
            .map(|(_, name)| name)
            .or_else(|| value.split_once('@').map(|(name, _)| name)),
        _ => None,
    }
}

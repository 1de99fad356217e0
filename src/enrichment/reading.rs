//! What is read from one list: its entries, and an account of everything that became none.

use std::collections::BTreeMap;

use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::knowledge::{Entry, Fact, Mark};
use caseloom_engine::time::Timestamp;
use compact_str::CompactString;

/// Most lines that are named; the others are only counted.
const COMPLAINTS_MAX: usize = 5;

/// Where something in a list is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// `line 7`, `object 3`.
    pub at: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Entries of one source, and what became none.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) entries: Vec<Entry>,
    /// Lines or objects that are wrong.
    pub(super) bad: u64,
    /// The first of them.
    pub(super) complaints: Vec<Complaint>,
    /// What was understood and left out, by reason.
    pub(super) skipped: BTreeMap<&'static str, u64>,
    /// The earliest time after which it would read differently.
    pub(super) changes_at: Option<Timestamp>,
}

/// What is common to all entries of a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// The source's place.
    pub(super) source: u16,
    /// How sure an intelligence list is where it doesn't say.
    pub(super) confidence: u8,
    /// The time at which it is read.
    pub(super) now: Timestamp,
}

/// Fields of one entry, bounded.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(CompactString, CompactString)>);

/// Within which time something holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Validity {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Reading {
    /// Something is wrong there.
    pub(super) fn complain(&mut self, at: impl FnOnce() -> String, message: impl Into<String>) {
        self.bad += 1;
        if self.complaints.len() < COMPLAINTS_MAX {
            let (at, message) = (at(), message.into());
            self.complaints.push(Complaint { at, message });
        }
    }

    /// Something is left out on purpose.
    pub(super) fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Whether something holds now; else it is left out, and read again when it will.
    pub(super) fn holds(&mut self, validity: Validity, now: Timestamp) -> bool {
        let next = match validity {
            Validity {
                until: Some(until), ..
            } if until <= now => {
                self.skip("expired");
                return false;
            }
            Validity {
                from: Some(from), ..
            } if from > now => Some(from),
            Validity { until, .. } => until,
        };
        if let Some(next) = next {
            self.changes_at = Some(self.changes_at.map_or(next, |known| known.min(next)));
        }
        let is_early = validity.from.is_some_and(|from| from > now);
        if is_early {
            self.skip("not_yet_valid");
        }
        !is_early
    }

    /// Adds what is said of a value. `false`: it means nothing as this kind.
    pub(super) fn add(
        &mut self,
        frame: Frame,
        (kind, value): (EntityKind, &str),
        (mark, as_of): (Mark, Option<Timestamp>),
        fields: &Fields,
    ) -> bool {
        let Some(entity) = Entity::new(kind, Role::Affected, value) else {
            return false;
        };
        self.entries.push(Entry {
            kind,
            value: entity.value,
            source: frame.source,
            mark,
            as_of,
            fields: fields.0.clone().into_boxed_slice(),
        });
        true
    }
}

impl Fields {
    /// Adds a field, unless it is blank or there are too many.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if value.is_empty() || name.is_empty() || self.0.len() >= Fact::FIELDS_MAX {
            return;
        }
        let cut = |text: &str| {
            let end = text.floor_char_boundary(Fact::FIELD_BYTES_MAX);
            CompactString::new(&text[..end])
        };
        self.0.push((cut(name), cut(value)));
    }
}

/// A moment as lists write it: RFC 3339, a date with or without time (UTC), or seconds since 1970.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1_000).map(Timestamp);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

/// What a bare value looks like; a name without a dot looks like nothing.
pub(super) fn guess(value: &str) -> Option<EntityKind> {
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if value.contains("://") {
        return Some(EntityKind::Url);
    }
    if is_hex && [32, 40, 64, 128].contains(&value.len()) {
        return Some(EntityKind::Hash);
    }
    if value.parse::<std::net::IpAddr>().is_ok() {
        return Some(EntityKind::Ip);
    }
    if value.contains(['/', '\\', ' ']) {
        return None;
    }
    if value.contains('@') {
        return Some(EntityKind::Email);
    }
    value.contains('.').then_some(EntityKind::Domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_lists_write_them() {
        let at = Some(Timestamp(1_767_571_200_000));
        for text in [
            "2026-01-05T00:00:00Z",
            "2026-01-05 00:00:00",
            "2026-01-05",
            "1767571200",
            " 2026-01-05T01:00:00+01:00 ",
        ] {
            assert_eq!(moment(text), at, "{text}");
        }
        for text in ["", "soon", "99999999999999999999", "9223372036854775807"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn kinds_are_told_by_their_looks() {
        assert_eq!(guess("198.51.100.7"), Some(EntityKind::Ip));
        assert_eq!(guess("2001:db8::1"), Some(EntityKind::Ip));
        assert_eq!(guess("http://a.example/x@y"), Some(EntityKind::Url));
        assert_eq!(
            guess("d41d8cd98f00b204e9800998ecf8427e"),
            Some(EntityKind::Hash)
        );
        assert_eq!(guess("a.example"), Some(EntityKind::Domain));
        assert_eq!(guess("a@b.example"), Some(EntityKind::Email));
        assert_eq!(guess("198.51.100.0/24"), None);
        assert_eq!(guess("word"), None);
    }

    #[test]
    fn what_holds_only_later_is_read_again_then() {
        let mut reading = Reading::default();
        let of = |from, until| Validity {
            from: Some(Timestamp(from)),
            until: Some(Timestamp(until)),
        };
        let now = Timestamp(50);
        assert!(reading.holds(of(10, 90), now));
        assert!(!reading.holds(of(70, 80), now));
        assert!(!reading.holds(of(10, 50), now));
        assert_eq!(reading.changes_at, Some(Timestamp(70)));
        assert_eq!(reading.skipped.values().sum::<u64>(), 2);
    }
}

//! Why an activity stands in its case, as a sentence: `shares host web-01 with activity 12, 3 min apart`.
//!
//! One sentence for each kind of link, by its word: a kind that is not known here is told by its word, not left out.

use std::borrow::Cow;
use std::fmt::Write;

use caseloom_engine::record::{ActivityRecord, GroupRecord, Link};
use caseloom_engine::time::Span;

/// Most entities that a sentence names; it says how many more there are.
const NAMED_MAX: usize = 3;

/// Why an activity stands in the case: its strongest link, or that it came first.
pub(crate) fn standing(group: &GroupRecord, activity: &ActivityRecord) -> String {
    match activity.links.first() {
        Some(link) => of_link(link),
        None if activity.group == group.id => "opened the case".to_owned(),
        None => "opened a group that was merged into this case".to_owned(),
    }
}

/// What a link says.
pub(crate) fn of_link(link: &Link) -> String {
    of_link_with(link, &format!("activity {}", link.other.0))
}

/// The same, with a name for the other activity.
pub(crate) fn of_link_with(link: &Link, other: &str) -> String {
    let (before, named, after) = beginning(link);
    let named = named.unwrap_or_default();
    format!("{before}{named}{after}{other}, {}", apart(link.gap))
}

/// The sentence up to the name of the other activity: words, the entities where it names them, words.
pub(crate) fn beginning(link: &Link) -> (Cow<'static, str>, Option<String>, &'static str) {
    let (before, has_entities, after) = words(link.kind.as_str());
    (before, has_entities.then(|| named(link)), after)
}

/// What is said of a kind of link, and whether its entities stand in between.
fn words(kind: &str) -> (Cow<'static, str>, bool, &'static str) {
    match kind {
        "shared_entity" => ("shares ".into(), true, " with "),
        "same_run" => (
            "goes on with the same rule on the same subject after ".into(),
            false,
            "",
        ),
        "hot_subject" => ("is new on ".into(), true, " like "),
        "attached" => ("is usual on ".into(), true, " and stands here because of "),
        "same_rule" => (
            "is the same rare rule within a minute as ".into(),
            false,
            "",
        ),
        "same_happening" => ("is the same happening as ".into(), false, ""),
        other => (
            format!("{} through ", other.replace('_', " ")).into(),
            true,
            ": ",
        ),
    }
}

/// The entities of a link: `host web-01, user ana and 2 more`.
pub(crate) fn named(link: &Link) -> String {
    if link.entities.is_empty() {
        return "something".to_owned();
    }
    let mut text = String::new();
    let shown = link.entities.len().min(NAMED_MAX);
    let more = link.entities.len() - shown;
    for (place, (kind, value)) in link.entities[..shown].iter().enumerate() {
        let is_last = place + 1 == shown && more == 0;
        text.push_str(match (place, is_last) {
            (0, _) => "",
            (_, true) => " and ",
            (_, false) => ", ",
        });
        text.push_str(&kind.as_str().replace('_', " "));
        text.push(' ');
        text.push_str(value);
    }
    if more > 0 {
        write!(text, " and {more} more").expect("writing to memory can't fail");
    }
    text
}

/// A distance in time: `at the same time`, `40 s apart`, `2 h 5 min apart`.
pub(crate) fn apart(gap: Span) -> String {
    let seconds = gap.0.unsigned_abs() / 1_000;
    if seconds == 0 {
        return "at the same time".to_owned();
    }
    format!("{} apart", length(seconds))
}

/// A length of time in at most two units.
pub(crate) fn length(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let place = units.iter().position(|(unit, _)| seconds >= *unit);
    let Some(place) = place else {
        return "0 s".to_owned();
    };
    let (unit, word) = units[place];
    let first = format!("{} {word}", seconds / unit);
    match units.get(place + 1) {
        Some((smaller, word)) if seconds % unit >= *smaller => {
            format!("{first} {} {word}", seconds % unit / smaller)
        }
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use caseloom_engine::entity::EntityKind;
    use caseloom_engine::ids::ActivityId;

    use super::*;
    use caseloom_engine::record::LinkKind;

    fn link(entities: &[(EntityKind, &str)], gap: Span) -> Link {
        Link {
            kind: LinkKind::SharedEntity,
            entities: entities
                .iter()
                .map(|&(kind, value)| (kind, value.into()))
                .collect(),
            other: ActivityId(12),
            gap,
            policy: "default".into(),
        }
    }

    #[test]
    fn a_link_reads_as_a_sentence() {
        let host = (EntityKind::Host, "web-01");
        let account = (EntityKind::CloudResource, "arn:x");
        let minutes = Span::MINUTE.times(3);
        assert_eq!(
            of_link(&link(&[host], minutes)),
            "shares host web-01 with activity 12, 3 min apart"
        );
        assert_eq!(
            of_link(&link(&[host, account], Span::ZERO)),
            "shares host web-01 and cloud resource arn:x with activity 12, at the same time"
        );
        assert_eq!(
            named(&link(&[host; 5], minutes)),
            "host web-01, host web-01, host web-01 and 2 more"
        );
    }

    /// Not only the kinds that there are: what is added to the engine must not be passed over here.
    #[test]
    fn every_kind_has_a_sentence() {
        for (kind, sentence) in [
            ("shared_entity", "shares ENTITIES with "),
            (
                "same_run",
                "goes on with the same rule on the same subject after ",
            ),
            ("same_rule", "is the same rare rule within a minute as "),
            ("same_happening", "is the same happening as "),
            ("hot_subject", "is new on ENTITIES like "),
            (
                "attached",
                "is usual on ENTITIES and stands here because of ",
            ),
            ("something_new", "something new through ENTITIES: "),
        ] {
            let (before, has_entities, after) = words(kind);
            let named = if has_entities { "ENTITIES" } else { "" };
            assert_eq!(format!("{before}{named}{after}"), sentence);
        }
    }

    #[test]
    fn lengths_have_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min 59 s"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (86_459, "1 d"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(length(seconds), text);
        }
    }
}

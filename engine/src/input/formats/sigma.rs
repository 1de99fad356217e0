//! What Hayabusa, Chainsaw and Zircolite share: they run Sigma rules over Windows event logs, so all three bring a rule
//! with Sigma's level and tags, and the event that matched.

use compact_str::CompactString;

use super::super::draft::{Draft, each_text};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;

/// Sigma's level, also as Hayabusa shortens it; `undefined` and whatever else tells nothing.
pub(super) fn tell_level(level: Value<'_>, draft: &mut Draft<'_>) {
    if let Some(word) = level.as_str() {
        draft.severity_read(severity::word(word));
    }
}

/// The tags that are ATT&CK's: others name a CVE, a campaign or Sigma's own groups.
pub(super) fn tell_tags(tags: Value<'_>, draft: &mut Draft<'_>) {
    each_text(tags, |tag| {
        let is_attack = tag
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("attack."));
        // Groups and software of ATT&CK are no techniques.
        let is_other = tag.len() > 8
            && matches!(tag.as_bytes()[7], b'g' | b's' | b'G' | b'S')
            && tag.as_bytes()[8].is_ascii_digit();
        if is_attack && !is_other {
            draft.attack(tag);
        }
    });
}

/// An id of the parts that make a match unique, if all of them are there: the event's record on its machine, and the
/// rule.
pub(super) fn tell_id(parts: &[Option<Value<'_>>], draft: &mut Draft<'_>) -> Result<(), Reject> {
    let mut id = CompactString::default();
    for part in parts {
        let Some(text) = part.and_then(|part| part.scalar()?.text()) else {
            return Ok(());
        };
        if text.trim_ascii() == "-" {
            return Ok(());
        }
        if !id.is_empty() {
            id.push('/');
        }
        id.push_str(&text);
    }
    draft.id(Scalar::Text(&id), "rule and record id")
}

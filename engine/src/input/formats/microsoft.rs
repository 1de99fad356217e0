//! What Microsoft's feeds share: Sentinel, Graph security, Defender XDR's streaming and its older APIs tell of the same
//! alerts, each in its own shape.
//!
//! **Identity.** Whichever feeds bring an alert, it is one: their source is [`SOURCE`], and its id is the one that the
//! originating product gave it, without the two letters that Defender XDR puts before it (`da` for Defender for
//! Endpoint, `sn` for Sentinel ...). Sentinel's `VendorOriginalId`, Graph's `id` and streaming's `AlertId` then agree;
//! for Sentinel's own alerts that is their `SystemAlertId`. So the source can't be the single product: feeds name
//! it in different words, and one odd word would double every alert.
//! <https://learn.microsoft.com/en-us/defender-xdr/investigate-alerts#alert-sources>
//!
//! **Entities** of Sentinel, of streaming's `AdditionalFields` and of incidents are one schema, written in several letter
//! cases: <https://learn.microsoft.com/en-us/azure/sentinel/entities-reference>. Evidence rows of streaming, of the alerts
//! of Defender for Endpoint and of incidents of Defender XDR are flat, with the same columns:
//! <https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-alertevidence-table>.

pub(super) mod entities;
pub(super) mod evidence;

use crate::alert::{Lifecycle, Severity};
use crate::entity::Role;

use super::super::json::{Scalar, Value};
use super::super::severity;

/// The source of every alert of Microsoft's security products.
pub(super) const SOURCE: &str = "microsoft";

/// An alert's id as the originating product gave it.
pub(super) fn alert_id(id: &str) -> &str {
    let id = id.trim_ascii();
    match id.as_bytes() {
        [b'a'..=b'z', b'a'..=b'z', rest @ ..] if is_guid_like(rest) || is_ticks(rest) => &id[2..],
        _ => id,
    }
}

/// A GUID, perhaps with `_1` behind it.
fn is_guid_like(text: &[u8]) -> bool {
    let Some((guid, rest)) = text.split_at_checked(36) else {
        return false;
    };
    let is_right = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    guid.iter().enumerate().all(is_right) && matches!(rest, [] | [b'_', ..])
}

/// `638412345678901234_-123456789`, as Defender for Endpoint once numbered its alerts.
fn is_ticks(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits >= 15 && text.get(digits) == Some(&b'_')
}

/// The role for the words by which Microsoft's products say what something did; `None` where they say nothing.
/// <https://learn.microsoft.com/en-us/graph/api/resources/security-alertevidence#evidencerole-values>
pub(super) fn role(word: &str) -> Option<Role> {
    const WORDS: [(&str, Role); 13] = [
        ("attacker", Role::Actor),
        ("source", Role::Source),
        ("commandAndControl", Role::Target),
        ("command and control", Role::Target),
        ("destination", Role::Target),
        ("compromised", Role::Affected),
        ("attacked", Role::Affected),
        ("impacted", Role::Affected),
        ("victim", Role::Affected),
        ("loaded", Role::Target),
        ("created", Role::Target),
        ("added", Role::Target),
        ("edited", Role::Target),
    ];
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    WORDS
        .into_iter()
        .find_map(|(known, role)| is(known).then_some(role))
}

/// The first role that a list of such words tells.
pub(super) fn first_role(words: Value<'_>) -> Option<Role> {
    let mut found = None;
    words.each(|word| found = found.or_else(|| word.as_str().and_then(role)));
    found
}

/// A severity, unless the product says that it knows none.
pub(super) fn severity(value: Scalar<'_>) -> Option<Option<Severity>> {
    let says_nothing = |text: &str| {
        text.eq_ignore_ascii_case("unknown")
            || text.eq_ignore_ascii_case("unknownFutureValue")
            || text.eq_ignore_ascii_case("unspecified")
    };
    match value {
        Scalar::Null | Scalar::Text("") => None,
        Scalar::Text(text) if says_nothing(text) => None,
        value => Some(severity::read(value)),
    }
}

/// What an alert's state means: what was dismissed as nothing is for the record; what was resolved happened all the same.
pub(super) fn lifecycle(state: &str) -> Lifecycle {
    if state.eq_ignore_ascii_case("dismissed") {
        Lifecycle::Archived
    } else {
        Lifecycle::Active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_agree_between_feeds() {
        for (id, wanted) in [
            (
                "da5f6a7b8c-1111-4222-8333-00c0ffee0001_1",
                "5f6a7b8c-1111-4222-8333-00c0ffee0001_1",
            ),
            (
                "5f6a7b8c-1111-4222-8333-00c0ffee0001_1",
                "5f6a7b8c-1111-4222-8333-00c0ffee0001_1",
            ),
            (
                "sn5f6a7b8c-1111-4222-8333-00c0ffee0002",
                "5f6a7b8c-1111-4222-8333-00c0ffee0002",
            ),
            (
                "da6a7b8c-1111-4222-8333-00c0ffee0003",
                "da6a7b8c-1111-4222-8333-00c0ffee0003",
            ),
            (
                "da638412345678901234_-123456789",
                "638412345678901234_-123456789",
            ),
            ("ab-not-a-known-shape", "ab-not-a-known-shape"),
            ("", ""),
        ] {
            assert_eq!(alert_id(id), wanted, "{id}");
        }
    }
}

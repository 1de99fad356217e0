//! Unwrap: from a message's root to the records in it. A record is what a format reads: one object.
//!
//! A list holds one record per element. This is where envelopes of shippers and cloud buses are opened, before
//! any format looks at the record.

use super::json::Value;
use super::limits::Limits;
use super::reject::Reject;

/// Shows each record under `root` to `visit`, in order; elements that are no objects as well.
///
/// # Errors
/// [`Reject::TooManyAlerts`], before any record is shown.
pub(super) fn each_record<'a>(
    root: Value<'a>,
    limits: &Limits,
    mut visit: impl FnMut(Value<'a>),
) -> Result<(), Reject> {
    let Some(elements) = root.elements() else {
        if root.is_null() {
            return Ok(());
        }
        visit(root);
        return Ok(());
    };
    if root.len() > limits.alerts_max {
        return Err(Reject::TooManyAlerts {
            alerts: root.len(),
            max: limits.alerts_max,
        });
    }
    elements.for_each(visit);
    Ok(())
}

/// Whether `bytes` can be a JSON document: whatever doesn't begin like one is text.
pub(super) fn may_be_json(bytes: &[u8]) -> bool {
    matches!(
        bytes.first(),
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9') | None
    ) || matches!(bytes, b"null" | b"true" | b"false")
}

/// A value that looks like one JSON object per line.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// It can't be one JSON document.
    pub(super) is_certain: bool,
}

impl<'a> Lines<'a> {
    /// At least two lines that are not blank, and each of those begins with `{`. Pretty-printed JSON never does; an
    /// object that ends where the next begins is no JSON.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        memchr::memchr(b'\n', bytes)?;
        let lines = Self {
            bytes,
            is_certain: false,
        };
        let first = lines.iter().next()?;
        let looks_right = lines.iter().nth(1).is_some() && lines.iter().all(|line| line[0] == b'{');
        looks_right.then_some(Self {
            bytes,
            is_certain: first.ends_with(b"}"),
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let lines = self
            .bytes
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Option<(usize, bool)> {
        Lines::of(text.as_bytes()).map(|lines| (lines.iter().count(), lines.is_certain))
    }

    #[test]
    fn lines_are_told_from_pretty_printed_json() {
        assert_eq!(lines("{\"a\":1}\r\n\n{\"a\":2}\n"), Some((2, true)));
        assert_eq!(lines("{\"a\":\n{\"a\":2}}"), Some((2, false)));
        assert_eq!(lines("{\n  \"a\": 1\n}"), None);
        assert_eq!(lines("{\"a\":1}\n"), None);
        assert_eq!(lines("[\n{}\n]"), None);
        assert_eq!(lines(""), None);
    }
}

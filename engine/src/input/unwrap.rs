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

/// The lines of a value that holds one JSON object per line, if it looks like that: at least two lines that are
/// not blank, and each of those begins with `{`. Pretty-printed JSON never does.
pub(super) fn lines(bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let lines = || {
        bytes
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
    };
    let looks_right = lines().nth(1).is_some() && lines().all(|line| line[0] == b'{');
    looks_right.then(lines)
}

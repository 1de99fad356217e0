//! The built-in formats, one room per product. Each reads one record into a draft.

mod native;
mod suricata;

use crate::alert::Alert;

use super::Notes;
use super::detect::Format;
use super::draft::Context;
use super::json::Value;
use super::reject::Reject;

/// The alert in `record`, `None` when the record is no alert.
///
/// # Errors
/// A [`Reject`] when the record is not understood.
pub(super) fn read(
    format: Format,
    record: Value<'_>,
    context: Context<'_>,
    notes: &mut Notes,
) -> Result<Option<Alert>, Reject> {
    match format {
        Format::Suricata => suricata::read(record, context, notes),
        Format::Auto | Format::Native | Format::Mapping(_) => {
            native::read(record, context, notes).map(Some)
        }
    }
}

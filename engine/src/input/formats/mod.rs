//! The built-in formats, one room per product. Each reads one record into a draft.

mod native;
mod suricata;

use super::detect::Format;
use super::draft::{Desk, Reading};
use super::json::Value;
use super::reject::Reject;

/// Reads `record`, which is of a built-in format.
///
/// # Errors
/// A [`Reject`] when the record is not understood.
pub(super) fn read(format: Format, record: Value<'_>, desk: Desk<'_>) -> Result<Reading, Reject> {
    match format {
        Format::Suricata => suricata::read(record, desk),
        Format::Auto | Format::Native | Format::Mapping(_) => native::read(record, desk),
    }
}

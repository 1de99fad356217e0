//! Suricata EVE.

use crate::alert::Alert;

use super::super::Notes;
use super::super::draft::Context;
use super::super::json::Value;
use super::super::reject::Reject;

pub(super) fn read(
    record: Value<'_>,
    context: Context<'_>,
    notes: &mut Notes,
) -> Result<Option<Alert>, Reject> {
    let _ = (record, context, notes);
    Ok(None)
}

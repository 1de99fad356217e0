//! Filing: the rows and raw messages that the store keeps of a decided batch.

use caseloom_engine::alert::Alert;
use caseloom_engine::decision::{Decided, Grouping, Outcome};
use caseloom_engine::ids::ActivityId;

use super::intake::Intake;
use super::topics::Topics;
use crate::config::StoreRaw;
use crate::ports::RecordBatch;
use crate::store::{AlertRow, RawMessage};

/// One row for each alert of the batch.
pub(super) fn rows(intake: &Intake) -> Vec<AlertRow<'_>> {
    let decided = intake.alerts.iter().zip(&intake.decision.outcomes);
    decided
        .map(|(alert, decided)| row(alert, decided))
        .collect()
}

/// The messages to keep as they came: of each new activity the first, or all where the topic says so.
pub(super) fn raw<'a>(
    intake: &Intake,
    batch: &'a RecordBatch,
    topics: &Topics,
) -> Vec<RawMessage<'a>> {
    let mut kept = Vec::new();
    let decided = intake.alerts.iter().zip(&intake.decision.outcomes);
    for ((alert, decided), origin) in decided.zip(&intake.origins) {
        let record = &batch.records[*origin as usize];
        let all = topics.get(record.topic).store_raw == StoreRaw::All;
        // Background is told by its Kafka position: most of it is never looked at.
        let opened = match decided.outcome {
            Outcome::Opened { grouping, .. } => grouping != Grouping::Background,
            // So that what was kept out can be judged as what was not.
            Outcome::Suppressed { is_first, .. } => is_first,
            _ => false,
        };
        let (Some(activity), Some(_)) = (decided.outcome.activity(), record.length) else {
            continue;
        };
        if opened || all {
            kept.push(RawMessage {
                scope: decided.scope,
                day: decided.day,
                activity,
                position: alert.position,
                bytes: batch.value(record),
            });
        }
    }
    kept
}

fn row<'a>(alert: &'a Alert, decided: &Decided) -> AlertRow<'a> {
    AlertRow {
        scope: decided.scope,
        day: decided.day,
        activity: decided.outcome.activity().unwrap_or(ActivityId(0)),
        id: alert.id.as_deref(),
        position: alert.position,
        time: alert.time,
        disposition: decided.outcome.fixed_disposition(),
    }
}

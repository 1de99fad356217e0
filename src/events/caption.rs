//! OCSF's numbers with their captions, as the 1.8.0 dictionary spells them. Numbers are for programs, captions for
//! people; an event always carries both.

use caseloom_engine::alert::Severity;
use caseloom_engine::command::Verdict;
use caseloom_engine::decision::EventType;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::record::{Stage, Status};

use super::Statement;

/// A number and its caption.
pub(super) type Caption = (u8, &'static str);

/// `activity_id` and its name. The loser of a merge is closed; everything but opening and closing is an update.
pub(super) fn activity(statement: &Statement<'_>) -> Caption {
    match statement.event {
        EventType::Opened => (1, "Create"),
        EventType::Closed => (3, "Close"),
        EventType::Merged if statement.is_loser() => (3, "Close"),
        _ => (2, "Update"),
    }
}

/// `status_id`. A contained case is in progress to OCSF, so the word alone tells it. What has ended is closed,
/// whatever its workflow status was.
pub(super) fn status(stage: Stage, status: Status) -> Caption {
    if stage.is_closed() || matches!(stage, Stage::Merged { .. }) {
        return (5, "Closed");
    }
    match status {
        Status::New => (1, "New"),
        Status::Investigating => (2, "In Progress"),
        Status::Contained => (2, "Contained"),
        Status::OnHold => (3, "On Hold"),
        Status::Closed => (5, "Closed"),
    }
}

/// `severity_id`; never Fatal.
pub(super) fn severity(severity: Severity) -> Caption {
    let captions = [
        "Unknown",
        "Informational",
        "Low",
        "Medium",
        "High",
        "Critical",
    ];
    let id = severity.ocsf_id();
    (id, captions[usize::from(id)])
}

/// `risk_level_id` for a risk of 0 to 1000. A case begins at the promotion threshold (default 100), so Medium is
/// the level of a case that has just passed it.
pub(super) fn risk_level(risk: u16) -> Caption {
    match risk {
        0..50 => (0, "Info"),
        50..100 => (1, "Low"),
        100..250 => (2, "Medium"),
        250..500 => (3, "High"),
        _ => (4, "Critical"),
    }
}

/// `verdict_id`: what people said. Of an ended case without their word: Duplicate for the loser of a merge, else
/// Unknown.
pub(super) fn verdict(stage: Stage, verdict: Option<Verdict>) -> Option<Caption> {
    if let Some(verdict) = verdict {
        return Some(match verdict {
            Verdict::FalsePositive => (1, "False Positive"),
            Verdict::TruePositive => (2, "True Positive"),
            Verdict::Benign => (5, "Benign"),
            Verdict::Test => (6, "Test"),
            Verdict::InsufficientData => (7, "Insufficient Data"),
            Verdict::Duplicate => (10, "Duplicate"),
        });
    }
    match stage {
        Stage::Merged { .. } => Some((10, "Duplicate")),
        Stage::Closed | Stage::Dormant => Some((0, "Unknown")),
        Stage::Candidate | Stage::Open | Stage::Resting | Stage::Expired => None,
    }
}

/// `type_id` of an observable. OCSF has no type for domains, which are host names to it.
pub(super) fn observable(kind: EntityKind, value: &str) -> Caption {
    match kind {
        EntityKind::Host | EntityKind::Domain => (1, "Hostname"),
        EntityKind::Ip => (2, "IP Address"),
        EntityKind::User => (4, "User Name"),
        EntityKind::Email => (5, "Email Address"),
        EntityKind::Url => (6, "URL String"),
        EntityKind::File if value.contains(['/', '\\']) => (45, "File Path"),
        EntityKind::File => (7, "File Name"),
        EntityKind::Hash => (8, "Hash"),
        EntityKind::Process => (9, "Process Name"),
        EntityKind::CloudResource => (10, "Resource UID"),
        EntityKind::Account => (35, "Account Object: uid"),
    }
}

/// caseloom's own word for where a case is in its life.
pub(super) fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Candidate => "candidate",
        Stage::Open => "open",
        Stage::Closed | Stage::Dormant => "closed",
        Stage::Expired => "expired",
        Stage::Merged { .. } => "merged",
        Stage::Resting => "resting",
    }
}

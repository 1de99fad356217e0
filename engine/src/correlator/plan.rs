//! What a wish to reshape comes to: whether it is legal, what is to be done, and how it is told.

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::Correlator;
use crate::command::{Action, Bounds, Changed, Effect, Illegal, Recall, Verb, within};
use crate::decision::EventType;
use crate::ids::{ActivityId, CaseId};
use crate::record::{ActivityRecord, GroupRecord, Kept, MergeRecord, Relation, Stage, TallyRecord};
use crate::recurrence::Standing;

/// The reason of what people do, in events.
pub(super) const PERSON: &str = "person";

/// What is to be done, once it is known to be legal.
pub(super) enum Plan {
    Merge(Recall),
    Unmerge(Box<(Recall, MergeRecord)>),
    /// Into a new case.
    Split(BTreeSet<ActivityId>),
    Move(BTreeSet<ActivityId>, Recall),
    Pin(Recall, bool),
    /// It is so already.
    Nothing,
}

impl Correlator {
    /// What an action comes to, and how it is told.
    pub(super) fn plan(
        &mut self,
        file: &Recall,
        action: &Action,
    ) -> Result<(Plan, Effect), Illegal> {
        let told = |verb, event: EventType, note: &str, changed| {
            Ok::<_, Illegal>(Effect {
                text: within("note", note, Bounds::PARAGRAPH)?,
                changes: vec![changed],
                ..Effect::new(verb, (event, PERSON))
            })
        };
        let own = file.group.case.to_string();
        match action {
            Action::Pin { other, apart, note } => {
                can_change(&file.group)?;
                let other = self.other(file, *other)?;
                let pin = (Relation::Apart, other.group.case);
                let name = other.group.case.to_string();
                let (from, to) = if *apart { ("", &*name) } else { (&*name, "") };
                let effect = told(
                    Verb::Pinned,
                    EventType::Related,
                    note,
                    Changed::new("apart", from, to),
                )?;
                let back = (Relation::Apart, file.group.case);
                let is_so =
                    file.group.related.contains(&pin) || other.group.related.contains(&back);
                let plan = match is_so == *apart {
                    true => Plan::Nothing,
                    false => Plan::Pin(other, *apart),
                };
                Ok((plan, effect))
            }
            Action::Merge { other, note } => {
                can_change(&file.group)?;
                let other = self.other(file, *other)?;
                let name = other.group.case.to_string();
                self.fits(file, &other.activities)?;
                let effect = told(
                    Verb::Merged,
                    EventType::Merged,
                    note,
                    Changed::new("merged", "", &name),
                )?;
                Ok((Plan::Merge(other), effect))
            }
            Action::Unmerge { other, note } => {
                can_change(&file.group)?;
                let lost = self.lost(file, *other)?;
                let name = lost.0.group.case.to_string();
                let effect = told(
                    Verb::Unmerged,
                    EventType::Unmerged,
                    note,
                    Changed::new("merged", &name, ""),
                )?;
                Ok((Plan::Unmerge(Box::new(lost)), effect))
            }
            Action::Split { activities, note } => {
                can_change(&file.group)?;
                let chosen = chosen(file, activities)?;
                let change = Changed::new("activities", &own, &list(&chosen));
                Ok((
                    Plan::Split(chosen),
                    told(Verb::Split, EventType::Split, note, change)?,
                ))
            }
            Action::Move {
                activities,
                other,
                note,
            } => {
                can_change(&file.group)?;
                let chosen = chosen(file, activities)?;
                let other = self.other(file, *other)?;
                let moved: Vec<_> = file
                    .activities
                    .iter()
                    .filter(|(a, _)| chosen.contains(&a.id))
                    .cloned()
                    .collect();
                self.fits(&other, &moved)?;
                let to = format!("{} to {}", list(&chosen), other.group.case);
                let change = Changed::new("activities", &own, &to);
                Ok((
                    Plan::Move(chosen, other),
                    told(Verb::Moved, EventType::Moved, note, change)?,
                ))
            }
            _ => unreachable!("other actions are tried on the folder"),
        }
    }

    /// The other case, if it may be changed.
    fn other(&mut self, file: &Recall, case: CaseId) -> Result<Recall, Illegal> {
        if case == file.group.case {
            return Err(Illegal::SameCase);
        }
        let other = self
            .desk
            .file(case)
            .filter(|other| other.group.scope == file.group.scope);
        let other = other.ok_or(Illegal::NoCase(case))?;
        match other.group.stage {
            Stage::Merged { case: into, .. } => Err(Illegal::PartOf(case, into)),
            Stage::Closed | Stage::Dormant => Err(Illegal::OtherClosed(case)),
            Stage::Candidate | Stage::Expired => Err(Illegal::OtherNoCase(case)),
            Stage::Open | Stage::Resting => Ok(other),
        }
    }

    /// A case that was merged into this one, and how. What an older version merged has no record of how people had the two
    /// stand: the survivor keeps all then.
    fn lost(&mut self, file: &Recall, case: CaseId) -> Result<(Recall, MergeRecord), Illegal> {
        let lost = self
            .desk
            .file(case)
            .filter(|lost| lost.group.scope == file.group.scope);
        let mut lost = lost.ok_or(Illegal::NoCase(case))?;
        let is_here =
            matches!(lost.group.stage, Stage::Merged { into, .. } if into == file.group.id);
        let parts = &lost.group.parts;
        if !is_here || !parts.iter().all(|part| file.group.parts.contains(part)) {
            return Err(Illegal::NotMergedHere(case));
        }
        let merge = lost
            .merge
            .take()
            .filter(|merge| merge.into == file.group.id);
        let merge = merge.map_or_else(
            || MergeRecord {
                loser: lost.group.id,
                into: file.group.id,
                time: lost.group.updated,
                reason: CompactString::const_new(""),
                last: ActivityId(u64::MAX),
                lost: Kept::default(),
                was: kept(file),
            },
            |merge| *merge,
        );
        Ok((lost, merge))
    }

    /// Whether a case may grow by these activities.
    fn fits(&self, file: &Recall, more: &[(ActivityRecord, TallyRecord)]) -> Result<(), Illegal> {
        let caps = &self.policy.caps;
        let all = || file.activities.iter().chain(more);
        let mut entities: Vec<_> = all()
            .flat_map(|(activity, _)| &activity.entities)
            .filter(|entity| entity.is_linkable())
            .map(|entity| (entity.kind, &entity.value))
            .collect();
        entities.sort_unstable();
        entities.dedup();
        let first = all().map(|(_, tally)| tally.first).min();
        let last = all().map(|(_, tally)| tally.last).max();
        let age = last
            .zip(first)
            .map_or(crate::time::Span::ZERO, |(last, first)| last.since(first));
        match all().count() > caps.activities || entities.len() > caps.entities || age > caps.age {
            true => Err(Illegal::TooLarge),
            false => Ok(()),
        }
    }
}

/// Refuses what can't be reshaped.
fn can_change(group: &GroupRecord) -> Result<(), Illegal> {
    match group.stage {
        Stage::Open | Stage::Resting => Ok(()),
        Stage::Closed | Stage::Dormant => Err(Illegal::Closed),
        _ => Err(Illegal::NotACase),
    }
}

/// The activities that were asked for, all of the case, so that news goes and news stays.
fn chosen(file: &Recall, asked: &[ActivityId]) -> Result<BTreeSet<ActivityId>, Illegal> {
    let chosen: BTreeSet<ActivityId> = asked.iter().copied().collect();
    let known = |id: &&ActivityId| {
        file.activities
            .iter()
            .any(|(activity, _)| activity.id == **id)
    };
    if let Some(unknown) = chosen.iter().find(|id| !known(id)) {
        return Err(Illegal::NoActivity(*unknown));
    }
    let is_news = |tally: &TallyRecord| tally.standing != Standing::Background;
    let news = |goes: bool| {
        let mut all = file.activities.iter();
        all.any(|(activity, tally)| chosen.contains(&activity.id) == goes && is_news(tally))
    };
    match news(true) && news(false) {
        true => Ok(chosen),
        false => Err(Illegal::NothingLeft),
    }
}

/// Numbers with commas, cut where there are many: the action says them all.
fn list(ids: &BTreeSet<ActivityId>) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = ids.iter().take(SHOWN).map(|id| id.0.to_string()).collect();
    let more = ids.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

fn kept(file: &Recall) -> Kept {
    Kept {
        status: file.group.status,
        owner: file.group.owner.clone(),
        work: file.work.clone(),
    }
}

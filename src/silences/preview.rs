//! What a silence would have kept out of the last hours, from what the store has: activities of cases and candidates by
//! the read view, background by the latest that opened. Bounded; what was cut says so.
//!
//! It tells what was matched, and which cases consist of nothing else; not what else would have come of it: a case that
//! lost half of its alerts may have stayed a candidate, or become two.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{ActivityId, CaseId, ScopeId};
use caseloom_engine::record::{ActivityRecord, GroupRecord, Stage, TallyRecord};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::silence::{InvalidMatcher, Matcher, Witness};
use caseloom_engine::time::Timestamp;

use crate::store::{StoreError, StoreReader};
use crate::view::{CaseQuery, CaseView, Shelf, Sort, SortKey};

/// Most activities that are looked at; about a third of a second.
const LOOKS_MAX: usize = 100_000;
/// Most cases, and candidates, that are looked at.
const GROUPS_MAX: usize = 2_000;
/// So many in a row that are too old end the look at background: numbers ascend roughly with time.
const OLD_MAX: usize = 5_000;
/// Most rules and subjects that are told.
const TOP_MAX: usize = 10;
/// Most samples.
pub const SAMPLES_MAX: usize = 10;
/// Most cases that are named.
pub const CASES_MAX: usize = 20;

/// What would have been kept out.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Looked at from then, in event time.
    pub since: Timestamp,
    /// Alerts.
    pub alerts: u64,
    /// Of these: in cases.
    pub in_cases: u64,
    /// Of these: background.
    pub background: u64,
    /// Activities.
    pub activities: u64,
    /// Alerts that are kept out by a silence already.
    pub suppressed: u64,
    /// Cases with at least one of them.
    pub cases: u64,
    /// Cases that opened in this time and consist of nothing else.
    pub not_opened: u64,
    /// Some of the cases, and whether they consist of nothing else.
    pub some_cases: Vec<(Arc<GroupRecord>, bool)>,
    /// Alerts by source, rule and its name, the most first.
    pub by_rule: Vec<((String, String, String), u64)>,
    /// Alerts by subject, the most first.
    pub by_subject: Vec<((EntityKind, String), u64)>,
    /// Some activities, the latest first.
    pub samples: Vec<Sample>,
    /// There was more than is looked at.
    pub is_cut: bool,
}

/// A matched activity.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What happened.
    pub activity: ActivityRecord,
    /// How often.
    pub tally: TallyRecord,
    /// In which case it is.
    pub case: Option<CaseId>,
}

/// What is counted while it is looked at.
struct Counting<T> {
    matches: T,
    looks: usize,
    /// Background that counts with a group.
    attached: BTreeSet<ActivityId>,
    by_rule: BTreeMap<(String, String, String), u64>,
    by_subject: BTreeMap<(EntityKind, String), u64>,
    preview: Preview,
}

/// What `matcher` would have kept out in a scope from `since` on.
///
/// # Errors
/// The matcher is not valid, or the store can't be read.
pub fn preview(
    (store, view): (&StoreReader, &CaseView),
    (scope, name): (ScopeId, &str),
    matcher: &Matcher,
    since: Timestamp,
) -> Result<Result<Preview, InvalidMatcher>, StoreError> {
    let matches = match matcher.tester() {
        Ok(matches) => matches,
        Err(invalid) => return Ok(Err(invalid)),
    };
    let mut counting = Counting {
        matches,
        looks: 0,
        attached: BTreeSet::new(),
        by_rule: BTreeMap::new(),
        by_subject: BTreeMap::new(),
        preview: Preview {
            since,
            ..Preview::default()
        },
    };
    for shelf in [Shelf::Cases, Shelf::Candidates] {
        let query = CaseQuery {
            scope: Some(name.to_owned()),
            sort: Sort {
                key: SortKey::Last,
                descending: true,
            },
            limit: GROUPS_MAX,
            ..CaseQuery::default()
        };
        let page = view.list(shelf, &query);
        let recent = page.items.iter().take_while(|group| group.last >= since);
        let recent: Vec<_> = recent.cloned().collect();
        counting.preview.is_cut |= page.next.is_some() && recent.len() == page.items.len();
        for group in recent {
            counting.group(store, group)?;
        }
    }
    counting.background(store, scope)?;
    counting.suppressed(store, scope)?;
    Ok(Ok(counting.done()))
}

impl<T: Fn(&Witness<'_>) -> bool> Counting<T> {
    fn group(&mut self, store: &StoreReader, group: Arc<GroupRecord>) -> Result<(), StoreError> {
        if self.looks >= LOOKS_MAX {
            self.preview.is_cut = true;
            return Ok(());
        }
        let (since, is_case) = (self.preview.since, is_case(&group));
        let (mut matched, mut others) = (0, 0);
        store.for_each_activity(&group, |activity, tally| {
            self.looks += 1;
            let is_background = tally.standing == Standing::Background;
            let holds = self.holds(&activity, &tally);
            others += u64::from(!holds && !is_background);
            if holds && tally.last >= since {
                matched += 1;
                let case = is_case.then_some(group.case);
                if is_background {
                    self.attached.insert(activity.id);
                }
                self.count(activity, tally, case);
            }
        })?;
        if is_case && matched > 0 {
            let is_all = others == 0 && group.opened.is_some() && group.first >= since;
            self.preview.cases += 1;
            self.preview.not_opened += u64::from(is_all);
            if self.preview.some_cases.len() < CASES_MAX {
                self.preview.some_cases.push((group, is_all));
            }
        }
        Ok(())
    }

    /// Background in no group: the latest that opened.
    fn background(&mut self, store: &StoreReader, scope: ScopeId) -> Result<(), StoreError> {
        let (since, mut old) = (self.preview.since, 0);
        store.activities_back(|activity, tally| {
            self.looks += 1;
            old = if tally.last < since { old + 1 } else { 0 };
            // What is attached was counted with its group.
            let is_loose =
                tally.standing == Standing::Background && !self.attached.contains(&activity.id);
            if activity.scope == scope
                && is_loose
                && tally.last >= since
                && self.holds(&activity, &tally)
            {
                self.count(activity, tally, None);
            }
            self.preview.is_cut |= self.looks >= LOOKS_MAX;
            match old >= OLD_MAX || self.looks >= LOOKS_MAX {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }

    /// What is kept out already.
    fn suppressed(&mut self, store: &StoreReader, scope: ScopeId) -> Result<(), StoreError> {
        let (since, mut old, mut looks) = (self.preview.since, 0, 0);
        store.suppressed_back(ActivityId(u64::MAX), |kept| {
            looks += 1;
            old = if kept.last < since { old + 1 } else { 0 };
            let of = Witness {
                source: &kept.source,
                rule_id: &kept.rule_id,
                rule_name: &kept.rule_name,
                entities: &kept.entities,
                severity: kept.severity.score,
            };
            if kept.scope == scope && kept.last >= since && (self.matches)(&of) {
                self.preview.suppressed += kept.count;
            }
            self.preview.is_cut |= looks >= LOOKS_MAX;
            match old >= OLD_MAX || looks >= LOOKS_MAX {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }

    fn holds(&self, activity: &ActivityRecord, tally: &TallyRecord) -> bool {
        (self.matches)(&Witness {
            source: &activity.source,
            rule_id: &activity.rule_id,
            rule_name: &activity.rule_name,
            entities: &activity.entities,
            severity: tally.severity.score,
        })
    }

    fn count(&mut self, activity: ActivityRecord, tally: TallyRecord, case: Option<CaseId>) {
        let preview = &mut self.preview;
        preview.alerts += tally.count;
        preview.activities += 1;
        if case.is_some() {
            preview.in_cases += tally.count;
        } else if tally.standing == Standing::Background {
            preview.background += tally.count;
        }
        let rule = (
            activity.source.to_string(),
            activity.rule_id.to_string(),
            activity.rule_name.to_string(),
        );
        *self.by_rule.entry(rule).or_default() += tally.count;
        if let Some(subject) = activity.subject_entity() {
            let subject = (subject.kind, subject.value.to_string());
            *self.by_subject.entry(subject).or_default() += tally.count;
        }
        let samples = &mut preview.samples;
        samples.push(Sample {
            activity,
            tally,
            case,
        });
        samples.sort_by_key(|sample| Reverse((sample.tally.last, sample.activity.id)));
        samples.truncate(SAMPLES_MAX);
    }

    fn done(self) -> Preview {
        Preview {
            by_rule: top(self.by_rule),
            by_subject: top(self.by_subject),
            ..self.preview
        }
    }
}

fn is_case(group: &GroupRecord) -> bool {
    matches!(group.stage, Stage::Open | Stage::Resting | Stage::Closed)
}

fn top<K: Ord + Clone>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, alerts)| Reverse(*alerts));
    counts.truncate(TOP_MAX);
    counts
}

//! Reshaping: people merge, unmerge, split and move what stands in cases, and keep cases apart.
//!
//! Memory is changed in the way of a restart: the cases leave it as if it ended, and what the store has of them, changed as
//! asked, comes back. So what is law for a restart holds here too, and a case that left memory long ago is reshaped
//! like one that did not; it leaves again when its time is up. All cases must have been brought ([`Correlator::bring`]),
//! and all that was decided before must be in the store.

use std::collections::BTreeSet;

use super::Correlator;
use super::command::{away_standing, sign};
use super::exchange::describe;
use super::plan::{PERSON, Plan};
use crate::command::{Answer, Command, Done, Effect, Recall, Work};
use crate::decision::{Decision, EventType};
use crate::groups::Group;
use crate::ids::{ActivityId, CaseId, GroupId};
use crate::record::{
    ActivityRecord, GroupRecord, MergeRecord, Record, Relation, Stage, Status, TallyRecord,
};
use crate::slots::No;
use crate::time::Timestamp;

impl Correlator {
    /// Takes over what the store has of a case that a command is about to reshape, its activities included, until the
    /// next [`Self::seal`].
    pub fn bring(&mut self, recall: Recall) {
        self.desk.bring(recall);
    }

    /// Merges, unmerges, splits, moves or pins.
    pub(super) fn reshape(
        &mut self,
        now: Timestamp,
        command: &Command,
        decision: &mut Decision,
    ) -> Answer {
        let Some(file) = self.desk.file(command.case) else {
            return Answer::Unknown;
        };
        if file.group.scope_name != command.scope {
            return Answer::Unknown;
        }
        if let Stage::Merged { case, .. } = file.group.stage {
            return Answer::Merged { into: case };
        }
        let revision = file.group.revision;
        if command
            .expected
            .is_some_and(|expected| expected != revision)
        {
            return Answer::Stale { revision };
        }
        match self.plan(&file, &command.action) {
            Err(illegal) => Answer::Illegal(illegal),
            Ok((Plan::Nothing, _)) => Answer::Same { revision },
            Ok((plan, effect)) => self.carry_out(now, command, (file, plan, effect), decision),
        }
    }

    fn carry_out(
        &mut self,
        now: Timestamp,
        command: &Command,
        (mut file, plan, effect): (Recall, Plan, Effect),
        decision: &mut Decision,
    ) -> Answer {
        let head = self.desk.head(file.group.scope);
        let standing = away_standing(&file);
        let entry = self.enter(now, command, &standing, &effect, head, decision);
        let done = Done {
            revision: entry.revision,
            seq: entry.seq,
            made: None,
        };
        self.desk.remember(now, command, done, decision);
        let events = decision.events.len();
        let mark = |file: &mut Recall| touch(file, now, command.actor.is_person());
        mark(&mut file);
        match plan {
            Plan::Merge(mut other) => {
                mark(&mut other);
                self.merge_by_hand(now, (file, other), decision);
            }
            Plan::Unmerge(lost) => {
                let (mut lost, merge) = *lost;
                give_back(&mut file, &mut lost, &merge);
                mark(&mut lost);
                self.unmerge(now, (file, lost), merge.last, decision);
            }
            Plan::Split(chosen) => {
                let mut new = self.new_case(now, &file.group, done.seq);
                mark(&mut new);
                self.carve(now, (file, new), &chosen, EventType::Split, decision);
            }
            Plan::Move(chosen, mut other) => {
                mark(&mut other);
                self.carve(now, (file, other), &chosen, EventType::Moved, decision);
            }
            Plan::Pin(other, apart) => self.pin_by_hand(now, (file, other), apart, decision),
            Plan::Nothing => {}
        }
        sign(&mut decision.events[events..], entry);
        Answer::Done(done)
    }

    fn merge_by_hand(
        &mut self,
        now: Timestamp,
        (mut file, mut other): (Recall, Recall),
        decision: &mut Decision,
    ) {
        let cases = (file.group.case, other.group.case);
        unpin(&mut file.group, cases.1);
        unpin(&mut other.group, cases.0);
        let live = self.exchange([file, other], decision);
        let (mut a, mut b) = (live[0], live[1]);
        if self.groups.get(b).head.seniority() < self.groups.get(a).head.seniority() {
            (a, b) = (b, a);
        }
        let into = self.join(now, (a, b), PERSON, decision);
        self.warm_all(now, into, decision);
    }

    fn unmerge(
        &mut self,
        now: Timestamp,
        (mut file, mut lost): (Recall, Recall),
        last: ActivityId,
        decision: &mut Decision,
    ) {
        let parts = lost.group.parts.clone();
        file.group.parts.retain(|part| !parts.contains(part));
        file.activities.sort_by_key(|(activity, _)| activity.id);
        lost.activities.clear();
        let mut theirs: BTreeSet<ActivityId> = BTreeSet::new();
        for (mut activity, mut tally) in std::mem::take(&mut file.activities) {
            let is_old = parts.contains(&activity.group);
            // What came since goes with what it is connected with most.
            let strongest = activity.links.first();
            let follows =
                activity.id > last && strongest.is_some_and(|link| theirs.contains(&link.other));
            if !is_old && !follows {
                file.activities.push((activity, tally));
                continue;
            }
            theirs.insert(activity.id);
            if !is_old {
                rehome((&mut activity, &mut tally), lost.group.id, decision);
            }
            lost.activities.push((activity, tally));
        }
        self.set_apart(now, (file, lost), EventType::Unmerged, decision);
    }

    /// Moves the chosen activities of the first case into the second.
    fn carve(
        &mut self,
        now: Timestamp,
        (mut file, mut other): (Recall, Recall),
        chosen: &BTreeSet<ActivityId>,
        event: EventType,
        decision: &mut Decision,
    ) {
        let home = other.group.id;
        let (gone, kept) = std::mem::take(&mut file.activities)
            .into_iter()
            .partition(|(activity, _)| chosen.contains(&activity.id));
        file.activities = kept;
        let mut gone: Vec<(ActivityRecord, TallyRecord)> = gone;
        for (activity, tally) in &mut gone {
            rehome((activity, tally), home, decision);
        }
        other.activities.extend(gone);
        other.activities.sort_by_key(|(activity, _)| activity.id);
        self.set_apart(now, (file, other), event, decision);
    }

    /// Puts two cases into memory that alerts must not make one again, and announces them.
    fn set_apart(
        &mut self,
        now: Timestamp,
        (mut file, mut other): (Recall, Recall),
        event: EventType,
        decision: &mut Decision,
    ) {
        let cases = [file.group.case, other.group.case];
        let is_new = other.group.opened.is_none();
        for (one, case) in [(&mut file, cases[1]), (&mut other, cases[0])] {
            describe(&mut one.group, &one.activities);
            let pin = (Relation::Apart, case);
            if !one.group.related.contains(&pin) {
                one.group.related.push(pin);
            }
            one.group.updated = now;
            one.group.revision += 1;
        }
        other.group.opened.get_or_insert(now);
        let live = self.exchange([file, other], decision);
        self.announce(now, live[0], (event, PERSON, Some(cases[1])), decision);
        let (event, reason) = match is_new {
            true => (EventType::Opened, event.as_str()),
            false => (event, PERSON),
        };
        decision.tally.cases_opened += u64::from(is_new);
        self.announce(now, live[1], (event, reason, Some(cases[0])), decision);
        if is_new {
            self.put_on_duty(now, live[1], decision);
        }
        for no in live {
            self.rearm(no);
        }
    }

    fn pin_by_hand(
        &mut self,
        now: Timestamp,
        (file, other): (Recall, Recall),
        apart: bool,
        decision: &mut Decision,
    ) {
        let cases = [file.group.case, other.group.case];
        let (mut file, mut other) = (file, other);
        for (one, case) in [(&mut file, cases[1]), (&mut other, cases[0])] {
            unpin(&mut one.group, case);
            if apart {
                one.group.related.push((Relation::Apart, case));
            }
            one.group.updated = now;
        }
        file.group.revision += 1;
        let reason = if apart { "pinned_apart" } else { "unpinned" };
        let live = self.exchange([file, other], decision);
        for (no, case) in live.into_iter().zip([cases[1], cases[0]]) {
            self.announce(now, no, (EventType::Related, reason, Some(case)), decision);
        }
    }

    /// A case without activities, of which some of another one are made.
    fn new_case(&mut self, now: Timestamp, of: &GroupRecord, seq: u64) -> Recall {
        self.accounting.groups += 1;
        let id = GroupId(self.accounting.groups);
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"split");
        hasher.update(&of.case.0.to_le_bytes());
        hasher.update(&seq.to_le_bytes());
        hasher.update(&id.0.to_le_bytes());
        let hash = hasher.finalize();
        let case = CaseId(u64::from_le_bytes(std::array::from_fn(|i| {
            hash.as_bytes()[i]
        })));
        Recall {
            group: GroupRecord {
                id,
                case,
                stage: Stage::Open,
                status: Status::New,
                owner: None,
                opened: None,
                updated: now,
                closed: None,
                parts: vec![id],
                related: Vec::new(),
                capped: None,
                event_seq: 0,
                unannounced: false,
                revision: 0,
                ..of.clone()
            },
            work: None,
            activities: Vec::new(),
            facts: None,
            merge: None,
        }
    }

    /// Merges what a group's hot subjects connect, now that it holds more.
    fn warm_all(&mut self, now: Timestamp, no: No<Group>, decision: &mut Decision) {
        if let Some(activity) = self.groups.get(no).body.activities.first().copied() {
            self.warm(now, activity, decision);
        }
    }
}

/// Lets an activity belong to another group.
fn rehome(
    (activity, tally): (&mut ActivityRecord, &mut TallyRecord),
    home: GroupId,
    decision: &mut Decision,
) {
    let from = std::mem::replace(&mut activity.group, home);
    tally.group = home;
    let id = activity.id;
    decision.record(|| Record::Rehomed(id, from, home));
    decision.record(|| Record::Activity(Box::new(activity.clone())));
    decision.record(|| Record::Tally(*tally));
}

fn unpin(group: &mut GroupRecord, case: CaseId) {
    group
        .related
        .retain(|related| *related != (Relation::Apart, case));
}

/// Notes that a person acted on a case.
fn touch(file: &mut Recall, now: Timestamp, is_person: bool) {
    if is_person {
        let work = file.work.get_or_insert_with(|| Work::of(file.group.id));
        work.is_touched = true;
        work.respond(now);
    }
}

/// Lets both cases stand as people had them before the merge; what the survivor got since stays with it.
fn give_back(file: &mut Recall, lost: &mut Recall, merge: &MergeRecord) {
    let MergeRecord {
        lost: theirs, was, ..
    } = merge;
    if file.group.owner == theirs.owner {
        file.group.owner.clone_from(&was.owner);
    }
    if file.group.status == theirs.status && was.status == Status::New {
        file.group.status = was.status;
    }
    (lost.group.status, lost.group.owner) = (theirs.status, theirs.owner.clone());
    if lost.group.status == Status::Closed {
        lost.group.status = Status::New;
    }
    lost.group.closed = None;
    let before = theirs.work.as_ref();
    lost.work = before.map(|before| match &mut file.work {
        Some(work) => {
            let own = Work::of(file.group.id);
            work.give_back(before, was.work.as_ref().unwrap_or(&own))
        }
        None => before.clone(),
    });
}

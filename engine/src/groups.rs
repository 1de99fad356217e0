//! The table of live groups: candidates below the promotion threshold, and open cases.

use compact_str::CompactString;
use hashbrown::HashMap;

use crate::activities::Activity;
use crate::alert::Severity;
use crate::entities::{Known, Mention};
use crate::facts::Facts;
use crate::ids::{CaseId, GroupId, ScopeId};
use crate::keys::Key;
use crate::prefetch::prefetch;
use crate::record::{CapReason, GroupRecord, Relation, Stage, Status};
use crate::risk::Risk;
use crate::slots::{No, Slots};
use crate::time::{Span, Timestamp};

/// Most ATT&CK ids of a group. A real case has a dozen; an attacker who may name what he likes has no end of them, and
/// each record and event of the group would carry them all.
const ATTACK_MAX: usize = 128;

/// A live group: what is said of it, and what it holds.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) head: Head,
    pub(crate) body: Body,
}

/// Who the group is. On a merge the survivor keeps its head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) id: GroupId,
    pub(crate) case: CaseId,
    pub(crate) scope: ScopeId,
    pub(crate) stage: Stage,
    pub(crate) status: Status,
    pub(crate) owner: Option<CompactString>,
    pub(crate) opened: Option<Timestamp>,
    pub(crate) updated: Timestamp,
    /// Wall time when it was closed last.
    pub(crate) closed: Option<Timestamp>,
    /// The groups whose activities it holds, itself first.
    pub(crate) parts: Vec<GroupId>,
    pub(crate) related: Vec<(Relation, CaseId)>,
    pub(crate) capped: Option<CapReason>,
    /// The live group that continues this one, once it is full.
    pub(crate) continued_by: Option<GroupId>,
    /// It continues a case, so it is one from its first alert.
    pub(crate) inherits: bool,
    pub(crate) event_seq: u64,
    pub(crate) revision: u64,
    /// When its end falls due, as entered into the scope's deadlines.
    pub(crate) armed: Timestamp,
    /// When its gathered changes are announced, if there are any.
    pub(crate) announce_at: Option<Timestamp>,
    /// Changed since the last seal.
    pub(crate) dirty: bool,
}

/// What the group holds. On a merge the smaller body moves into the larger.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) activities: Vec<No<Activity>>,
    /// Distinct linkable entities, sorted by number.
    pub(crate) entities: Vec<No<Known>>,
    /// What else its activities link by, sorted.
    pub(crate) keys: Vec<Key>,
    pub(crate) attack: Vec<CompactString>,
    pub(crate) risk: Risk,
    /// What is known of its entities.
    pub(crate) facts: Facts,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// Without attached background.
    pub(crate) alerts: u64,
    /// Alerts of attached background.
    pub(crate) attached: u64,
    pub(crate) severity: Severity,
    /// "RULE on SUBJECT" of the first of its most severe activities.
    pub(crate) title: CompactString,
    /// The longest gap over which something of it links.
    pub(crate) reach: Span,
    /// Some of its activities reach further than their spans know.
    pub(crate) is_stale: bool,
}

/// All live groups.
#[derive(Debug, Default)]
pub(crate) struct GroupTable {
    slots: Slots<Group>,
    /// From the id of a live group, and of each group merged into it, to its number.
    by_id: HashMap<GroupId, No<Group>, foldhash::fast::FixedState>,
}

impl Body {
    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        Self {
            activities: Vec::new(),
            entities: Vec::new(),
            keys: Vec::new(),
            attack: Vec::new(),
            risk: Risk::default(),
            facts: Facts::default(),
            first: Timestamp::MAX,
            last: Timestamp::MIN,
            alerts: 0,
            attached: 0,
            severity: Severity {
                score: 0,
                assumed: true,
            },
            title: CompactString::const_new(""),
            reach: Span::ZERO,
            is_stale: false,
        }
    }

    /// Whether one of its activities names the entity.
    pub(crate) fn holds(&self, entity: No<Known>) -> bool {
        self.entities.binary_search(&entity).is_ok()
    }

    /// Adds an entity, once. Whether it is new.
    pub(crate) fn add_entity(&mut self, entity: No<Known>) -> bool {
        let place = self.entities.binary_search(&entity);
        if let Err(place) = place {
            self.entities.insert(place, entity);
        }
        place.is_err()
    }

    /// The risk, 0 to 1000.
    pub(crate) fn risk(&self) -> f64 {
        self.risk.value(&self.attack, self.facts.raise())
    }

    /// Adds a key, once.
    pub(crate) fn add_key(&mut self, key: Key) {
        if let Err(place) = self.keys.binary_search(&key) {
            self.keys.insert(place, key);
        }
    }

    /// Takes over the entities of `other`.
    pub(crate) fn absorb_entities(&mut self, other: &Self) {
        self.entities.extend_from_slice(&other.entities);
        self.entities.sort_unstable();
        self.entities.dedup();
        self.keys.extend_from_slice(&other.keys);
        self.keys.sort_unstable();
        self.keys.dedup();
    }

    /// Takes over the sums of `other`; its activities and entities are moved by the caller.
    pub(crate) fn absorb_sums(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.alerts += other.alerts;
        self.attached += other.attached;
        self.is_stale |= other.is_stale;
        self.reach = self.reach.max(other.reach);
        self.risk.absorb(&other.risk);
        self.add_attack(&other.attack);
    }

    /// Counts alerts that were background and are news now.
    pub(crate) fn add_news(&mut self, (first, last): (Timestamp, Timestamp), alerts: u64) {
        self.alerts += alerts;
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }

    /// Adds ATT&CK ids, each once; beyond [`ATTACK_MAX`] none. Whether any was new.
    pub(crate) fn add_attack(&mut self, ids: &[CompactString]) -> bool {
        let before = self.attack.len();
        for id in ids {
            if let Err(place) = self.attack.binary_search(id)
                && self.attack.len() < ATTACK_MAX
            {
                self.attack.insert(place, id.clone());
            }
        }
        self.attack.len() > before
    }
}

/// How many distinct entities among `mentions`, which are sorted, none of `bodies` holds.
pub(crate) fn newcomers(bodies: &[&Body], mentions: &[Mention]) -> usize {
    let is_new = |same: &&[Mention]| !bodies.iter().any(|body| body.holds(same[0].entity()));
    mentions
        .chunk_by(|a, b| a.entity() == b.entity())
        .filter(is_new)
        .count()
}

impl Head {
    /// A new candidate.
    pub(crate) fn new(id: GroupId, case: CaseId, scope: ScopeId, now: Timestamp) -> Self {
        Self {
            id,
            case,
            scope,
            stage: Stage::Candidate,
            status: Status::New,
            owner: None,
            opened: None,
            updated: now,
            closed: None,
            parts: vec![id],
            related: Vec::new(),
            capped: None,
            continued_by: None,
            inherits: false,
            event_seq: 0,
            revision: 1,
            armed: Timestamp::MAX,
            announce_at: None,
            dirty: true,
        }
    }

    /// Cases stand before candidates, then the older before the younger: the order in which groups survive a merge.
    pub(crate) fn seniority(&self) -> (bool, GroupId) {
        (!self.stage.is_live_case(), self.id)
    }
}

impl Group {
    /// The group as the store keeps it.
    pub(crate) fn record(&self, scope_name: &CompactString) -> GroupRecord {
        let (head, body) = (&self.head, &self.body);
        GroupRecord {
            id: head.id,
            case: head.case,
            scope: head.scope,
            scope_name: scope_name.clone(),
            stage: head.stage,
            status: head.status,
            owner: head.owner.clone(),
            title: body.title.clone(),
            severity: body.severity,
            risk: body.risk(),
            first: body.first,
            last: body.last,
            opened: head.opened,
            updated: head.updated,
            closed: head.closed.filter(|_| head.stage.is_closed()),
            alerts: body.alerts + body.attached,
            attached: body.attached,
            activities: body.activities.len() as u64,
            entities: body.entities.len() as u64,
            attack: body.attack.clone(),
            parts: head.parts.clone(),
            related: head.related.clone(),
            capped: head.capped,
            event_seq: head.event_seq,
            unannounced: head.announce_at.is_some(),
            revision: head.revision,
        }
    }
}

impl GroupTable {
    /// Adds a group under the ids of all its parts.
    pub(crate) fn insert(&mut self, group: Group) -> No<Group> {
        let parts = group.head.parts.clone();
        let no = self.slots.insert(group);
        for part in parts {
            self.by_id.insert(part, no);
        }
        no
    }

    /// Lets one more id lead to a group, whose activities it holds now.
    pub(crate) fn add_part(&mut self, no: No<Group>, part: GroupId) {
        self.slots[no].head.parts.push(part);
        self.by_id.insert(part, no);
    }

    /// Takes a group out, with all ids that lead to it.
    pub(crate) fn remove(&mut self, no: No<Group>) -> Group {
        let group = self.slots.remove(no);
        for part in &group.head.parts {
            self.by_id.remove(part);
        }
        group
    }

    /// Makes two groups one: the survivor keeps its head and gets the loser's parts, the larger body stays where it
    /// is. Returns the number of the group, and the freed number with what is left: the loser's head, the smaller body.
    pub(crate) fn unite(
        &mut self,
        survivor: No<Group>,
        loser: No<Group>,
    ) -> (No<Group>, (No<Group>, Group)) {
        let (a, b) = self.slots.pair_mut(survivor, loser);
        let swap = b.body.activities.len() > a.body.activities.len();
        let (into, from) = if swap {
            (loser, survivor)
        } else {
            (survivor, loser)
        };
        if swap {
            std::mem::swap(&mut a.head, &mut b.head);
        }
        let left = self.slots.remove(from);
        let head = &mut self.slots[into].head;
        // The ids that led to the number that is free now; the others lead to the right one already.
        for part in if swap { &head.parts } else { &left.head.parts } {
            self.by_id.insert(*part, into);
        }
        head.parts.extend_from_slice(&left.head.parts);
        if swap {
            // The survivor's head came to another number: it must be listed under it to be sealed.
            head.dirty = false;
        }
        (into, (from, left))
    }

    /// The live group with this id, or the one into which it was merged.
    pub(crate) fn find(&self, id: GroupId) -> Option<No<Group>> {
        self.by_id.get(&id).copied()
    }

    /// Fetches a group.
    pub(crate) fn fetch(&self, no: No<Group>) {
        self.slots.get(no).into_iter().for_each(prefetch);
    }

    /// The group.
    pub(crate) fn get(&self, no: No<Group>) -> &Group {
        &self.slots[no]
    }

    /// The group, to change it.
    pub(crate) fn get_mut(&mut self, no: No<Group>) -> &mut Group {
        &mut self.slots[no]
    }

    /// The group, unless its number is free now.
    pub(crate) fn if_live(&mut self, no: No<Group>) -> Option<&mut Group> {
        self.slots.get_mut(no)
    }

    /// Two different groups, to change both.
    pub(crate) fn pair_mut(&mut self, a: No<Group>, b: No<Group>) -> (&mut Group, &mut Group) {
        self.slots.pair_mut(a, b)
    }

    /// All, in no stable order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.slots.iter()
    }
}

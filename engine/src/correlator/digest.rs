//! The state hash: one value that two runs share exactly when they decided the same.

use super::Correlator;
use crate::record::GroupRecord;

impl Correlator {
    /// BLAKE3 over everything decided: the groups that ended, in order, then scopes, live groups and live activities
    /// by id, and the sums. Independent of the seed and of the order inside hash tables.
    #[must_use]
    pub fn state_hash(&self) -> blake3::Hash {
        let mut hasher = self.ended.clone();
        for (id, scope) in self.scopes.iter() {
            hasher.update(&id.0.to_le_bytes());
            hasher.update(scope.name.as_bytes());
            hasher.update(&scope.time.0.to_le_bytes());
        }
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_unstable_by_key(|group| group.head.id);
        for group in groups {
            digest(
                &mut hasher,
                &group.record(&self.scopes.get(group.head.scope).name),
            );
        }
        let mut activities: Vec<_> = self.activities.iter().collect();
        activities.sort_unstable_by_key(|activity| activity.id);
        for activity in activities {
            let tally = activity.tally();
            for number in [tally.id.0, tally.group.0, tally.count] {
                hasher.update(&number.to_le_bytes());
            }
            for time in [tally.first, tally.last] {
                hasher.update(&time.0.to_le_bytes());
            }
            hasher.update(&[tally.severity.score, u8::from(tally.severity.assumed)]);
        }
        self.digest_work(&mut hasher);
        self.digest_silences(&mut hasher);
        let sums = &self.accounting;
        for number in [
            sums.messages,
            sums.with_alerts,
            sums.empty,
            sums.rejected,
            sums.alerts,
        ] {
            hasher.update(&number.to_le_bytes());
        }
        for term in sums.terms {
            hasher.update(&term.to_le_bytes());
        }
        hasher.finalize()
    }

    /// What people did: the ends of the audit chains hold all of it, the work what is left of it in memory.
    fn digest_work(&self, hasher: &mut blake3::Hasher) {
        for head in self.desk.heads() {
            hasher.update(&head.scope.0.to_le_bytes());
            hasher.update(&head.seq.to_le_bytes());
            hasher.update(&head.hash);
        }
        for work in self.desk.works() {
            let text = serde_json::to_vec(work).expect("text, numbers and lists are JSON");
            hasher.update(&text);
        }
    }

    /// What was suppressed. The silences themselves stand in the audit.
    fn digest_silences(&self, hasher: &mut blake3::Hasher) {
        for record in self.suppressed.iter() {
            for number in [record.id.0, record.silence.0, record.count] {
                hasher.update(&number.to_le_bytes());
            }
            for time in [record.first, record.last] {
                hasher.update(&time.0.to_le_bytes());
            }
        }
    }

    /// Folds a group that leaves memory into the hash.
    pub(super) fn digest_ended(&mut self, record: &GroupRecord) {
        digest(&mut self.ended, record);
    }
}

fn digest(hasher: &mut blake3::Hasher, record: &GroupRecord) {
    let stage: u64 = record
        .stage
        .disposition()
        .map_or(u64::MAX, |disposition| disposition as u64);
    let numbers = [
        record.id.0,
        record.case.0,
        stage,
        record.alerts,
        record.activities,
        record.entities,
    ];
    for number in
        numbers
            .into_iter()
            .chain([record.event_seq, record.revision, record.risk.to_bits()])
    {
        hasher.update(&number.to_le_bytes());
    }
    for time in [record.first, record.last] {
        hasher.update(&time.0.to_le_bytes());
    }
    for part in &record.parts {
        hasher.update(&part.0.to_le_bytes());
    }
    hasher.update(record.title.as_bytes());
}

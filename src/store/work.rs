//! Reads of what people did: the work of a group, its entries, the audit.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use caseloom_engine::command::{AuditHead, AuditRecord, EntryRecord, Work};
use caseloom_engine::ids::{GroupId, ScopeId};
use caseloom_engine::record::{FactsRecord, GroupRecord, ScopeRecord};

use super::codec;
use super::error::StoreError;
use super::key;
use super::query::StoreReader;
use super::schema::{self, Family};

impl StoreReader {
    /// What was done to a group, if anything was.
    ///
    /// # Errors
    /// When something can't be read; so with every method here.
    pub fn work(&self, group: GroupId) -> Result<Option<Work>, StoreError> {
        self.db.record(Family::State, &schema::work(group))
    }

    /// What is known of a group's entities, if anything ever was.
    pub fn facts(&self, group: GroupId) -> Result<Option<FactsRecord>, StoreError> {
        self.db.record(Family::State, &schema::facts(group))
    }

    /// What was done to each group that was touched.
    pub fn works(&self) -> Result<BTreeMap<GroupId, Work>, StoreError> {
        let mut works = BTreeMap::new();
        self.db
            .scan(Family::State, schema::works().range(), |_, value| {
                let work: Work = codec::decode(Family::State, value)?;
                works.insert(work.group, work);
                Ok(())
            })?;
        Ok(works)
    }

    /// The first `limit` entries behind number `after`, of a group and of those that were merged into it, by number.
    pub fn entries(
        &self,
        group: &GroupRecord,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EntryRecord>, StoreError> {
        let mut entries = BTreeMap::new();
        for part in &group.parts {
            let mut mine = 0;
            self.scan_entries(*part, after, |entry| {
                if mine >= limit {
                    return ControlFlow::Break(());
                }
                mine += 1;
                entries.insert(entry.seq, entry);
                // What has too many before it is on no page that begins here.
                if entries.len() > limit {
                    entries.pop_last();
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(entries.into_values().collect())
    }

    /// Hands out every entry behind number `after`, of a group and of those that were merged into it: by part, then by
    /// number.
    pub fn for_each_entry(
        &self,
        group: &GroupRecord,
        after: u64,
        mut each: impl FnMut(EntryRecord),
    ) -> Result<(), StoreError> {
        for part in &group.parts {
            self.scan_entries(*part, after, |entry| {
                each(entry);
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    fn scan_entries(
        &self,
        part: GroupId,
        after: u64,
        mut each: impl FnMut(EntryRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let first = schema::entry(part, after.saturating_add(1)).bytes();
        let range = first..schema::entries(part).successor();
        self.db.scan_until(Family::State, range, |_, value| {
            Ok(each(codec::decode(Family::State, value)?))
        })
    }

    /// The first `limit` records of a scope's audit behind number `after`.
    pub fn audit(
        &self,
        scope: ScopeId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let first = schema::audit_record(scope, after.saturating_add(1)).bytes();
        let range = first..schema::audit(scope).successor();
        let mut records = Vec::new();
        self.db.scan_until(Family::Audit, range, |_, value| {
            if records.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            records.push(codec::decode(Family::Audit, value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(records)
    }

    /// Hands out each record of a scope's audit with the number under which it lies, in order.
    pub fn for_each_audit(
        &self,
        scope: ScopeId,
        mut each: impl FnMut(u64, AuditRecord),
    ) -> Result<(), StoreError> {
        self.db
            .scan(Family::Audit, schema::audit(scope).range(), |key, value| {
                let seq = key::last_number(Family::Audit, key)?;
                each(seq, codec::decode(Family::Audit, value)?);
                Ok(())
            })
    }

    /// One record of a scope's audit.
    pub fn audit_record(
        &self,
        scope: ScopeId,
        seq: u64,
    ) -> Result<Option<AuditRecord>, StoreError> {
        self.db
            .record(Family::Audit, &schema::audit_record(scope, seq))
    }

    /// The end of a scope's audit chain; `None`: nobody acted there.
    pub fn audit_head(&self, scope: ScopeId) -> Result<Option<AuditHead>, StoreError> {
        self.db.record(Family::State, &schema::audit_head(scope))
    }

    /// All scopes, by number.
    pub fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        super::recover::scopes(&self.db)
    }
}

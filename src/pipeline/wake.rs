//! Waking: the engine's memory from the store, at a start.

use caseloom_engine::correlator::Correlator;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{ActivityRecord, Record};
use caseloom_engine::time::Timestamp;

use super::topics::Topics;
use crate::store::{Memory, Recovered, StoreError};

/// A correlator that goes on where the store's last batch ended.
///
/// # Errors
/// When the store can't be read.
pub fn wake(
    store: &dyn Memory,
    recovered: &Recovered,
    topics: &Topics,
    policy: Policy,
    now: Timestamp,
) -> Result<Correlator, StoreError> {
    let ids_kept = policy.dedup.ids_kept;
    let mut correlator = Correlator::new(policy, recovered.seed);
    for (id, settings) in topics.iter() {
        correlator.name_topic(id, &settings.name);
    }
    correlator.restore_accounting(recovered.accounting.clone());
    let mut opened: Option<Box<ActivityRecord>> = None;
    store.live_state(ids_kept, &mut |record| match record {
        Record::Scope(scope) => correlator.restore_scope(&scope),
        Record::Group(group) => correlator.restore_group(&group),
        Record::Activity(activity) => opened = Some(activity),
        Record::Tally(tally) => {
            if let Some(activity) = opened.take() {
                correlator.restore_activity(&activity, tally);
            }
        }
        Record::Identity(identity) => correlator.restore_identity(identity),
        Record::Pair(pair) => correlator.restore_pair(&pair),
        Record::Busy(busy) => correlator.restore_busy(&busy),
        Record::Past(past) => correlator.restore_past(*past),
        Record::Work(work) => correlator.restore_work(*work),
        Record::AuditHead(head) => correlator.restore_audit(head),
        Record::Turns(turns) => correlator.restore_turns(*turns),
        Record::Facts(facts) => correlator.restore_facts(&facts),
        Record::Key(key) => correlator.restore_key(key),
        Record::Policy(policy) => correlator.restore_policy(&policy),
        Record::Silence(silence) => correlator.restore_silence(*silence),
        Record::Suppressed(kept) => correlator.restore_suppressed(*kept),
        Record::Accounting(_)
        | Record::PairNames(_)
        | Record::PairGone(_)
        | Record::BusyGone(..)
        | Record::Links(..)
        | Record::PastGone(_)
        | Record::Merge(_)
        | Record::Rehomed(..)
        | Record::Entry(_)
        | Record::Audit(_)
        | Record::KeyGone(_)
        | Record::Loose(..) => {}
    })?;
    correlator.restored(now);
    Ok(correlator)
}

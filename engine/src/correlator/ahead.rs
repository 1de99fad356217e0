//! Looking ahead: what a run of alerts will ask the tables for is fetched while those before are decided, because most
//! of the time of a decision is waiting for memory once the tables are larger than the caches. Changes no decision.

use smallvec::SmallVec;

use super::Correlator;
use crate::activities::Print;
use crate::alert::Alert;
use crate::decision::Decision;
use crate::ids::ScopeId;
use crate::prefetch::prefetch;
use crate::printer::Mark;
use crate::time::Timestamp;

/// Alerts that are looked at together: enough that their reads overlap, few enough that what was fetched is still in
/// the first cache when it is needed.
const RUN: usize = 12;

/// What the names in an alert hash to.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    /// In which scope.
    scope: Option<ScopeId>,
    /// What it repeats, see [`Print`].
    pub(super) print: Print,
    /// Its entities' hashes in the scope, in their order.
    pub(super) entities: SmallVec<[u64; 4]>,
    /// Which of the entities is the subject.
    pub(super) subject: Option<usize>,
    /// The key of its rule, and of its rule with its subject; told when they are needed.
    pub(super) pairs: Option<(u64, Option<u64>)>,
}

impl Correlator {
    /// Alerts arrived: [`Self::on_alert`] for one after the other, only faster. `now` tells when, in wall time.
    pub fn on_alerts(
        &mut self,
        alerts: &[Alert],
        mut now: impl FnMut(&Alert) -> Timestamp,
        decision: &mut Decision,
    ) {
        let mut ahead = std::mem::take(&mut self.scratch.ahead);
        for run in alerts.chunks(RUN) {
            self.look_ahead(run, &mut ahead);
            for (alert, signs) in run.iter().zip(&mut ahead) {
                std::mem::swap(&mut self.scratch.signs, signs);
                self.on_alert(now(alert), alert, decision);
                // One that was not counted (a redelivery) has not used its signs: nobody else may.
                self.scratch.signs.scope = None;
            }
        }
        self.scratch.ahead = ahead;
    }

    /// Reads the signs of an alert of a scope, unless they were read ahead.
    pub(super) fn read_signs(&mut self, scope: ScopeId, alert: &Alert) {
        let mut signs = std::mem::take(&mut self.scratch.signs);
        if signs.scope != Some(scope) {
            self.sign(scope, alert, &mut signs);
        }
        // Good for this alert only.
        signs.scope = None;
        self.scratch.signs = signs;
    }

    /// The key of an alert's rule, and that of its pair.
    pub(super) fn pair_keys(&mut self, scope: ScopeId, alert: &Alert) -> (u64, Option<u64>) {
        if let Some(keys) = self.scratch.signs.pairs {
            return keys;
        }
        let subject = self.scratch.signs.subject;
        let keys = self
            .pairs
            .keys(scope, alert, subject.map(|at| &alert.entities[at]));
        self.scratch.signs.pairs = Some(keys);
        keys
    }

    fn sign(&self, scope: ScopeId, alert: &Alert, signs: &mut Signs) {
        signs.entities.clear();
        signs.pairs = None;
        signs.subject = alert.subject_index();
        signs.print = self.print_of(
            scope,
            (&alert.source, &alert.rule_id),
            (&alert.entities, signs.subject),
            |mark: Mark| signs.entities.push(mark.in_scope(scope)),
            |_, entity| self.links(entity),
        );
        signs.scope = Some(scope);
    }

    /// Reads the signs of a run of alerts, and fetches what they lead to, a step for all before the next step for any:
    /// so each waits for all reads of a step at once.
    fn look_ahead(&self, run: &[Alert], ahead: &mut Vec<Signs>) {
        ahead.resize_with(run.len(), Signs::default);
        for (alert, signs) in run.iter().zip(&mut *ahead) {
            signs.scope = None;
            if let Some(scope) = self.scopes.find(&alert.scope) {
                self.sign(scope, alert, signs);
                self.activities.fetch_index(signs.print);
            }
        }
        for (alert, signs) in run.iter().zip(&mut *ahead) {
            self.fetch_activity(alert, signs);
        }
        for signs in &*ahead {
            self.fetch_group(signs);
        }
        for signs in ahead.iter().filter(|signs| signs.pairs.is_some()) {
            self.fetch_spans(signs);
        }
    }

    /// The activity, or for an alert that repeats none the way to its entities and its pair.
    fn fetch_activity(&self, alert: &Alert, signs: &mut Signs) {
        let Some(scope) = signs.scope else { return };
        if self.activities.fetch(signs.print) {
            return;
        }
        for hash in &signs.entities {
            self.entities.fetch_index(*hash);
        }
        let subject = signs.subject.map(|at| &alert.entities[at]);
        let (rule, pair) = self.pairs.keys(scope, alert, subject);
        self.pairs.fetch_index(rule);
        if let Some(pair) = pair {
            self.pairs.fetch_index(pair);
        }
        signs.pairs = Some((rule, pair));
    }

    /// What an activity or its absence leads to.
    fn fetch_group(&self, signs: &Signs) {
        if signs.scope.is_none() {
            return;
        }
        let Some((rule, pair)) = signs.pairs else {
            if let Some(activity) = self
                .activities
                .youngest(signs.print)
                .map(|no| self.activities.get(no))
            {
                self.groups.fetch(activity.group);
                if let Some(pair) = activity.pair.filter(|_| activity.is_counted) {
                    self.pairs.fetch(pair);
                }
            }
            return;
        };
        for hash in &signs.entities {
            self.entities.fetch(*hash);
        }
        for key in [Some(rule), pair].into_iter().flatten() {
            self.pairs.fetch_guess(key);
        }
    }

    /// The groups that were active on the entities of an alert that repeats nothing.
    fn fetch_spans(&self, signs: &Signs) {
        for hash in &signs.entities {
            let spans = self.entities.guess(*hash).map(|known| &known.spans);
            if let Some(span) = spans.and_then(|spans| spans.first()) {
                self.groups.fetch(span.group);
                prefetch(self.activities.get(span.latest));
            }
        }
    }
}

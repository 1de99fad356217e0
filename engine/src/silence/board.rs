//! The board: the silences that are not over, and which of them holds for an alert.
//!
//! Those that name an entity are looked up by it; of the others it is known for each (product, rule) that came by which
//! of them fit, so an alert is compared with hundreds of patterns once per rule and not each time.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::matcher::Terms;
use super::{SILENCES_MAX, Silence};
use crate::activities::Print;
use crate::alert::Alert;
use crate::decision::Decision;
use crate::entity::EntityKind;
use crate::ids::{ScopeId, SilenceId};
use crate::printer::Printer;
use crate::record::Record;
use crate::time::Timestamp;

/// Most rules whose fitting silences are known; then all are forgotten and learned anew.
const FITS_MAX: usize = 8_192;

/// The silences.
#[derive(Debug)]
pub(crate) struct Board {
    printer: Printer,
    all: BTreeMap<SilenceId, (Silence, Terms)>,
    scopes: BTreeMap<ScopeId, Watch>,
    /// The first time at which one of them is over.
    due: Timestamp,
    last: SilenceId,
    dirty: BTreeSet<SilenceId>,
    /// Over, and not yet handed out.
    leaving: Vec<Silence>,
}

/// Those of a scope.
#[derive(Debug, Default)]
struct Watch {
    by_entity: BTreeMap<EntityKind, BTreeMap<CompactString, Vec<SilenceId>>>,
    others: Vec<SilenceId>,
    /// Of a rule, by its print: which of the others fit.
    fits: BTreeMap<(Print, Print), Vec<SilenceId>>,
}

impl Board {
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            printer,
            all: BTreeMap::new(),
            scopes: BTreeMap::new(),
            due: Timestamp::MAX,
            last: SilenceId(0),
            dirty: BTreeSet::new(),
            leaving: Vec::new(),
        }
    }

    /// Whether there is none: all that an alert is asked where nobody is silenced.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that are not over, as far as was noticed, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Silence> {
        self.all.values().map(|(silence, _)| silence)
    }

    /// Takes over a silence from the store.
    pub(crate) fn restore(&mut self, silence: Silence) {
        self.last = self.last.max(silence.id);
        // What was valid when it was made is so now; if it is not, nothing is kept quiet by it.
        if let (None, Ok(terms)) = (silence.ended, silence.matcher.terms()) {
            self.enter(silence, terms);
        }
    }

    /// The number of the next one.
    pub(crate) fn next(&self) -> SilenceId {
        SilenceId(self.last.0 + 1)
    }

    /// Whether a scope has as many as it may.
    pub(crate) fn is_full(&self, scope: ScopeId) -> bool {
        let mine = self.iter().filter(|silence| silence.scope == scope);
        mine.count() >= SILENCES_MAX
    }

    /// A silence that is not over at `now`; call [`Self::tidy`] before.
    pub(crate) fn get(&self, id: SilenceId) -> Option<&Silence> {
        self.all.get(&id).map(|(silence, _)| silence)
    }

    /// Puts a silence in the place of the one of its number.
    pub(crate) fn put(&mut self, silence: Silence) {
        let Ok(terms) = silence.matcher.terms() else {
            return;
        };
        self.last = self.last.max(silence.id);
        self.dirty.insert(silence.id);
        if silence.ended.is_some() {
            self.all.insert(silence.id, (silence.clone(), terms));
            self.leave(silence.id);
        } else if self.all.contains_key(&silence.id) {
            self.due = self.due.min(silence.expires);
            self.all.insert(silence.id, (silence, terms));
        } else {
            self.enter(silence, terms);
        }
    }

    fn enter(&mut self, silence: Silence, terms: Terms) {
        self.due = self.due.min(silence.expires);
        let watch = self.scopes.entry(silence.scope).or_default();
        watch.fits.clear();
        match terms.value() {
            Some((kind, value)) => {
                let of_kind = watch.by_entity.entry(kind).or_default();
                of_kind.entry(value.clone()).or_default().push(silence.id);
            }
            None => watch.others.push(silence.id),
        }
        self.all.insert(silence.id, (silence, terms));
    }

    fn leave(&mut self, id: SilenceId) {
        let Some((silence, _)) = self.all.remove(&id) else {
            return;
        };
        if let Some(watch) = self.scopes.get_mut(&silence.scope) {
            watch.fits.clear();
            watch.others.retain(|other| *other != id);
            for of_kind in watch.by_entity.values_mut() {
                of_kind.retain(|_, ids| {
                    ids.retain(|other| *other != id);
                    !ids.is_empty()
                });
            }
        }
        if self.dirty.remove(&id) {
            self.leaving.push(silence);
        }
    }

    /// Lets go of those that are over at `now`. When that happens changes nothing: they hold no more.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        if now < self.due {
            return;
        }
        let over = self.iter().filter(|silence| silence.is_over(now));
        let over: Vec<_> = over.map(|silence| silence.id).collect();
        over.into_iter().for_each(|id| self.leave(id));
        let next = self.iter().map(|silence| silence.expires).min();
        self.due = next.unwrap_or(Timestamp::MAX);
    }

    /// The silence that holds for an alert at wall time `now`: of several, the one that was made first.
    pub(crate) fn find(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        alert: &Alert,
    ) -> Option<SilenceId> {
        self.tidy(now);
        let watch = self.scopes.get_mut(&scope)?;
        let all = &self.all;
        let holds = |id: &&SilenceId| {
            let (silence, terms) = &all[*id];
            silence.state(now) == super::SilenceState::Active
                && terms.holds_on(&alert.entities, alert.severity.score)
        };
        let mut found: Option<SilenceId> = None;
        if !watch.by_entity.is_empty() {
            for entity in &alert.entities {
                let of_kind = watch.by_entity.get(&entity.kind);
                let ids = of_kind.and_then(|of_kind| of_kind.get(&entity.value));
                let fits = |id: &&SilenceId| {
                    let (_, terms) = &all[*id];
                    terms.fits(&alert.source, &alert.rule_id, &alert.rule_name)
                };
                let here = ids.into_iter().flatten().filter(fits).filter(holds).min();
                found = [found, here.copied()].into_iter().flatten().min();
            }
        }
        let here = watch.fitting(scope, alert, self.printer, all);
        let here = here.iter().filter(holds).min().copied();
        [found, here].into_iter().flatten().min()
    }

    /// Counts an alert that a silence kept out.
    pub(crate) fn count(&mut self, now: Timestamp, id: SilenceId) {
        if let Some((silence, _)) = self.all.get_mut(&id) {
            silence.alerts += 1;
            silence.last = Some(now);
            self.dirty.insert(id);
        }
    }

    /// Hands out what changed.
    pub(crate) fn seal(&mut self, decision: &mut Decision) {
        for silence in std::mem::take(&mut self.leaving) {
            decision.record(|| Record::Silence(Box::new(silence)));
        }
        for id in std::mem::take(&mut self.dirty) {
            if let Some((silence, _)) = self.all.get(&id) {
                decision.record(|| Record::Silence(Box::new(silence.clone())));
            }
        }
    }
}

impl Watch {
    /// Those that name no entity to look up, and fit the alert's product and rule.
    fn fitting(
        &mut self,
        scope: ScopeId,
        alert: &Alert,
        printer: Printer,
        all: &BTreeMap<SilenceId, (Silence, Terms)>,
    ) -> &[SilenceId] {
        if self.others.is_empty() {
            return &[];
        }
        let key = (
            printer.rule(scope, &alert.source, &alert.rule_id),
            printer.rule(scope, &alert.rule_name, ""),
        );
        if self.fits.len() >= FITS_MAX {
            self.fits.clear();
        }
        let others = &self.others;
        self.fits.entry(key).or_insert_with(|| {
            let (source, id, name) = (&alert.source, &alert.rule_id, &alert.rule_name);
            let fits = |silence: &&SilenceId| all[*silence].1.fits(source, id, name);
            others.iter().filter(fits).copied().collect()
        })
    }
}

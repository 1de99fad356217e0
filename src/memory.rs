//! What is remembered of rules and entities, as the store has it: which pairs are background and why, which entities are
//! hubs and until when. Reads only; the API and the command line show it.

use std::collections::BTreeMap;

use caseloom_engine::busy::Commonness;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::ScopeId;
use caseloom_engine::policy::{Pin, Policy};
use caseloom_engine::record::{PairNames, PolicyRecord, ScopeRecord};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::Timestamp;
use caseloom_engine::view::{HubStanding, PairStanding};

use crate::config::Config;
use crate::store::{StoreError, StoreReader};

/// Most records looked at for one page; a page may be shorter than its limit, and goes on with its cursor.
const LOOKS_MAX: usize = 50_000;

/// Which pairs are asked for; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct BackgroundFilter {
    /// Who asks may see these scopes only; `None`: all.
    pub seen: Option<Vec<String>>,
    /// The scope's name.
    pub scope: Option<String>,
    /// The product.
    pub source: Option<String>,
    /// The rule's id or its name.
    pub rule: Option<String>,
    /// The subject's kind.
    pub kind: Option<EntityKind>,
    /// The subject's value.
    pub subject: Option<String>,
    /// Also pairs that were background and are not now.
    pub any_standing: bool,
}

/// A (rule, subject) pair.
#[derive(Clone, Debug)]
pub struct BackgroundPair {
    /// `None`: in every scope.
    pub scope: Option<String>,
    /// The product.
    pub source: String,
    /// The rule's id.
    pub rule_id: String,
    /// The rule's name.
    pub rule_name: String,
    /// `None`: whatever the subject.
    pub subject: Option<(EntityKind, String)>,
    /// How an alert would stand now.
    pub standing: Standing,
    /// `pinned`, `recurs`, or `not_now`.
    pub why: &'static str,
    /// What people decided: background for good, or never.
    pub pin: Option<bool>,
    /// Event time of its first background.
    pub since: Option<Timestamp>,
    /// What was measured; `None`: a pin that met no alert yet, or the pair was forgotten.
    pub measured: Option<PairStanding>,
    /// How many hours make background.
    pub hours_needed: u32,
    /// So many alerts in five minutes are news.
    pub bursts_above: Option<f64>,
}

/// Which entities are asked for; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct HubFilter {
    /// Who asks may see these scopes only; `None`: all.
    pub seen: Option<Vec<String>>,
    /// The scope's name.
    pub scope: Option<String>,
    /// The kind.
    pub kind: Option<EntityKind>,
    /// The value.
    pub value: Option<String>,
}

/// What an entity is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// The policy says that it connects nothing.
    Ignored,
    /// Half of its kind.
    Common,
    /// Nothing.
    Hub,
}

/// An entity that is worth less than its kind.
#[derive(Clone, Debug)]
pub struct Hub {
    /// `None`: in every scope.
    pub scope: Option<String>,
    /// What it is.
    pub kind: EntityKind,
    /// Its value.
    pub value: String,
    /// What it is worth.
    pub worth: Worth,
    /// What was measured.
    pub measured: Option<HubStanding>,
}

/// A page and where the next one begins.
pub type Page<T> = (Vec<T>, Option<Vec<u8>>);

/// What stands still while a page is made.
struct Scene {
    policy: Policy,
    scopes: BTreeMap<ScopeId, ScopeRecord>,
}

impl Scene {
    fn read(store: &StoreReader) -> Result<Self, StoreError> {
        let policy = store.policy()?.unwrap_or_else(built_in).policy;
        let scopes = store.scopes()?;
        let scopes = scopes.into_iter().map(|scope| (scope.id, scope));
        Ok(Self {
            policy,
            scopes: scopes.collect(),
        })
    }
}

/// What is in force in a store that was never told.
#[must_use]
pub fn built_in() -> PolicyRecord {
    PolicyRecord {
        since: Timestamp(0),
        policy: Config::default()
            .load_policy(None)
            .expect("the built-in policy needs no file"),
    }
}

fn may_see(seen: Option<&[String]>, scope: &str) -> bool {
    seen.is_none_or(|seen| seen.iter().any(|own| own == scope))
}

/// Pairs that are background: those pinned by the policy on the first page, then those that were measured.
///
/// # Errors
/// When the store can't be read.
pub fn background(
    store: &StoreReader,
    filter: &BackgroundFilter,
    limit: usize,
    cursor: Option<&[u8]>,
) -> Result<Page<BackgroundPair>, StoreError> {
    let scene = Scene::read(store)?;
    let mut pairs = match cursor {
        None => pinned(&scene.policy, filter),
        Some(_) => Vec::new(),
    };
    let mut failed = None;
    let mut looks = 0;
    let next = store.pair_names(cursor, |names| {
        looks += 1;
        let is_wanted = filter.matches(&names, &scene);
        if is_wanted {
            match measured(store, &names, &scene) {
                Ok(pair) if filter.any_standing || pair.standing == Standing::Background => {
                    pairs.push(pair);
                }
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.is_none() && pairs.len() < limit && looks < LOOKS_MAX
    })?;
    match failed {
        Some(error) => Err(error),
        None => Ok((pairs, next)),
    }
}

fn pinned(policy: &Policy, filter: &BackgroundFilter) -> Vec<BackgroundPair> {
    let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
    let pins = policy.recurrence.pins.iter().filter(|pin| {
        let subject = pin.subject.as_ref();
        let on = match subject {
            None => filter.subject.is_none() && filter.kind.is_none(),
            Some((kind, value)) => {
                is(&filter.subject, value) && filter.kind.is_none_or(|wanted| wanted == *kind)
            }
        };
        pin.is_background && is(&filter.source, &pin.source) && is(&filter.rule, &pin.rule_id) && on
    });
    pins.map(|pin| BackgroundPair {
        scope: None,
        source: pin.source.to_string(),
        rule_id: pin.rule_id.to_string(),
        rule_name: String::new(),
        subject: pin
            .subject
            .as_ref()
            .map(|(kind, value)| (*kind, value.to_string())),
        standing: Standing::Background,
        why: "pinned",
        pin: Some(true),
        since: None,
        measured: None,
        hours_needed: policy.recurrence.hours,
        bursts_above: None,
    })
    .collect()
}

fn measured(
    store: &StoreReader,
    names: &PairNames,
    scene: &Scene,
) -> Result<BackgroundPair, StoreError> {
    let policy = &scene.policy;
    let scope = scene.scopes.get(&names.scope);
    let known = scope.map_or((names.since, names.since), |scope| {
        (scope.since, scope.time)
    });
    let measured = store.pair(names.key)?;
    let measured = measured.map(|pair| pair.standing(known, policy));
    let pin = pin_of(&policy.recurrence.pins, names);
    let by_itself = measured.map_or(Standing::News, |measured| measured.standing);
    let (standing, why) = match (pin, by_itself) {
        (Some(true), _) => (Standing::Background, "pinned"),
        (Some(false), Standing::Background) => (Standing::News, "pinned"),
        (_, Standing::Background) => (Standing::Background, "recurs"),
        (_, other) => (other, "not_now"),
    };
    // As in the engine: what has three in five minutes or fewer has no less than three as its usual most.
    let usual = |measured: PairStanding| f64::from(measured.usual_peak.max(3));
    Ok(BackgroundPair {
        scope: scope.map(|scope| scope.name.to_string()),
        source: names.source.to_string(),
        rule_id: names.rule_id.to_string(),
        rule_name: names.rule_name.to_string(),
        subject: Some((names.subject.0, names.subject.1.to_string())),
        standing,
        why,
        pin,
        since: Some(names.since),
        measured,
        hours_needed: policy.recurrence.hours,
        bursts_above: measured.map(|measured| policy.recurrence.burst * usual(measured)),
    })
}

/// What people decided of a pair; what is said of one subject holds before what is said of all.
fn pin_of(pins: &[Pin], names: &PairNames) -> Option<bool> {
    let of = |pin: &&Pin| {
        pin.source == names.source
            && pin.rule_id == names.rule_id
            && pin
                .subject
                .as_ref()
                .is_none_or(|subject| *subject == names.subject)
    };
    let pin = pins
        .iter()
        .filter(of)
        .max_by_key(|pin| pin.subject.is_some());
    pin.map(|pin| pin.is_background)
}

impl BackgroundFilter {
    fn matches(&self, names: &PairNames, scene: &Scene) -> bool {
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        let scope = scene.scopes.get(&names.scope);
        let name = scope.map_or("", |scope| scope.name.as_str());
        is(&self.scope, name)
            && may_see(self.seen.as_deref(), name)
            && is(&self.source, &names.source)
            && (is(&self.rule, &names.rule_id) || is(&self.rule, &names.rule_name))
            && self.kind.is_none_or(|kind| kind == names.subject.0)
            && is(&self.subject, &names.subject.1)
    }
}

/// Entities that are worth less than their kind: those that the policy ignores on the first page, then the measured ones.
///
/// # Errors
/// When the store can't be read.
pub fn hubs(
    store: &StoreReader,
    filter: &HubFilter,
    limit: usize,
    cursor: Option<&[u8]>,
) -> Result<Page<Hub>, StoreError> {
    let scene = Scene::read(store)?;
    let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
    let is_it = |kind: EntityKind, value: &str| {
        is(&filter.value, value) && filter.kind.is_none_or(|wanted| wanted == kind)
    };
    let mut hubs = Vec::new();
    if cursor.is_none() {
        let ignored = scene.policy.ignored_entities.iter();
        let ignored = ignored.filter(|(kind, value)| is_it(*kind, value));
        hubs.extend(ignored.map(|(kind, value)| Hub {
            scope: None,
            kind: *kind,
            value: value.to_string(),
            worth: Worth::Ignored,
            measured: None,
        }));
    }
    let mut looks = 0;
    let next = store.busy(cursor, |record| {
        looks += 1;
        let scope = scene.scopes.get(&record.scope);
        let name = scope.map_or("", |scope| scope.name.as_str());
        let time = scope.map_or(Timestamp(0), |scope| scope.time);
        if is(&filter.scope, name)
            && may_see(filter.seen.as_deref(), name)
            && is_it(record.kind, &record.value)
            && let Some(standing) = record.busy.standing(time, &scene.policy)
        {
            hubs.push(Hub {
                scope: Some(name.to_owned()),
                kind: record.kind,
                value: record.value.to_string(),
                worth: Worth::of(standing.commonness),
                measured: Some(standing),
            });
        }
        hubs.len() < limit && looks < LOOKS_MAX
    })?;
    Ok((hubs, next))
}

impl Worth {
    fn of(commonness: Commonness) -> Self {
        match commonness {
            Commonness::Hub => Self::Hub,
            Commonness::Common | Commonness::Normal => Self::Common,
        }
    }

    /// The word used in the API, metrics and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Common => "common",
            Self::Hub => "hub",
        }
    }
}

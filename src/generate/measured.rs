//! Does the output look like the real thing? The bands measured on real networks, and whether the stories hold together.
//!
//! Counted on alerts before they are rendered, because that is fast enough for 200,000 of them in a debug build.

use std::collections::{BTreeMap, BTreeSet};

use super::alert::{Alert, Role, StoryRef, Thing};
use super::arrival::Delivery;
use super::civil::{DAY_MS, HOUR_MS};
use super::world::{Class, World};
use super::{Generator, Profile};

const RUN: usize = 200_000;
const REPEAT_MS: i64 = 60_000;

/// The seeds that the bands are held to.
const SEEDS: [u64; 3] = [1, 2, 3];

type Asset = (u16, Option<Thing>);

/// Counts over the benign alerts of one output, redeliveries left out.
#[derive(Default)]
struct Measures {
    benign: u64,
    repeats: u64,
    by_asset: BTreeMap<Asset, u64>,
    by_rule: BTreeMap<&'static str, u64>,
    last: BTreeMap<(Asset, &'static str), i64>,
    new_by_day: BTreeMap<i64, u64>,
    /// Attack alerts by story and rule.
    by_step: BTreeMap<(u16, StoryRef, &'static str), u64>,
    last_ms: i64,
}

fn deliveries(profile: &Profile, seed: u64, count: usize) -> Vec<Delivery> {
    let mut generator = Generator::new(profile, seed, profile.start_ms);
    (0..count).map(|_| generator.delivery()).collect()
}

/// Where an analyst would say that it happened.
fn asset(alert: &Alert) -> Asset {
    let inside = |thing| {
        matches!(
            thing,
            Thing::Host(_) | Thing::HostIp(_) | Thing::Nat | Thing::User(_)
        )
    };
    let roles = [Role::Affected, Role::Target, Role::Source, Role::Actor];
    let thing = roles
        .into_iter()
        .find_map(|role| alert.entities.find(role, inside));
    (alert.scope, thing)
}

fn measure(profile: &Profile, seed: u64) -> Measures {
    let originals = deliveries(profile, seed, RUN)
        .into_iter()
        .filter(|delivery| !delivery.is_redelivery);
    let mut alerts: Vec<Alert> = originals.map(|delivery| delivery.alert).collect();
    alerts.sort_by_key(|alert| alert.event_ms);
    let mut m = Measures::default();
    for alert in &alerts {
        match alert.story {
            Some(story) => {
                *m.by_step
                    .entry((alert.scope, story, alert.rule.id))
                    .or_default() += 1
            }
            None => m.count(alert, profile.start_ms),
        }
    }
    m
}

impl Measures {
    fn count(&mut self, alert: &Alert, start_ms: i64) {
        let (asset, rule) = (asset(alert), alert.rule.id);
        self.benign += 1;
        self.last_ms = alert.event_ms - start_ms;
        *self.by_asset.entry(asset).or_default() += 1;
        *self.by_rule.entry(rule).or_default() += 1;
        match self.last.insert((asset, rule), alert.event_ms) {
            Some(before) if alert.event_ms - before <= REPEAT_MS => self.repeats += 1,
            Some(_) => {}
            None => *self.new_by_day.entry(self.last_ms / DAY_MS).or_default() += 1,
        }
    }

    fn repeat_share(&self) -> f64 {
        self.repeats as f64 / self.benign as f64
    }

    fn top_asset_share(&self) -> f64 {
        self.by_asset.values().max().copied().unwrap_or(0) as f64 / self.benign as f64
    }

    /// Least squares on log count over log rank.
    fn zipf_slope(&self) -> f64 {
        let mut counts: Vec<u64> = self.by_rule.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let points: Vec<(f64, f64)> = counts
            .iter()
            .enumerate()
            .map(|(i, &n)| ((i as f64 + 1.0).ln(), (n as f64).ln()))
            .collect();
        let mean =
            |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
        let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
        let covariance: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
        let variance: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
        -covariance / variance
    }

    fn report(&self) -> String {
        let mut steps: Vec<u64> = self.by_step.values().copied().collect();
        steps.sort_unstable();
        let stories: BTreeSet<(u16, StoryRef)> = self
            .by_step
            .keys()
            .map(|&(scope, story, _)| (scope, story))
            .collect();
        format!(
            "days {:.2} benign {} repeats {:.3} top asset {:.3} slope {:.2} rules {} pairs {} new a day {:?} \
             attack {} stories {} steps {:?}..{:?}",
            self.last_ms as f64 / DAY_MS as f64,
            self.benign,
            self.repeat_share(),
            self.top_asset_share(),
            self.zipf_slope(),
            self.by_rule.len(),
            self.last.len(),
            self.new_by_day,
            steps.iter().sum::<u64>(),
            stories.len(),
            steps.first(),
            steps.last(),
        )
    }
}

#[test]
fn default_profile_is_within_the_measured_bands() {
    let profile = Profile::default().bounded_by(RUN as u64);
    for seed in SEEDS {
        let m = measure(&profile, seed);
        let report = m.report();
        println!("{report}");
        assert!((0.87..=0.93).contains(&m.repeat_share()), "{report}");
        assert!((0.28..=0.42).contains(&m.top_asset_share()), "{report}");
        assert!((2.1..=2.5).contains(&m.zipf_slope()), "{report}");
        let whole_days = 1..m.last_ms / DAY_MS;
        for day in whole_days {
            let new = m.new_by_day.get(&day).copied().unwrap_or(0);
            assert!((3..=29).contains(&new), "day {day}: {report}");
        }
        let largest = m.by_step.values().max().copied().unwrap_or(0);
        assert!(
            m.by_step.values().any(|&n| n == 1) && largest >= 500,
            "{report}"
        );
    }
}

#[test]
fn the_other_profiles_are_what_they_say() {
    let run = |name: &str| {
        let m = measure(&Profile::by_name(name).unwrap().bounded_by(RUN as u64), 1);
        println!("{name}: {}", m.report());
        m
    };
    let small = run("small");
    assert!(small.last.len() < 500 && small.by_step.len() > 1_000);
    let flood = run("flood");
    assert!(flood.repeat_share() > 0.95 && flood.zipf_slope() > 2.5);
    let tenants = run("multi-tenant");
    for (_, thing) in tenants
        .by_asset
        .keys()
        .filter(|(scope, _)| *scope == 0)
        .take(20)
    {
        let scopes = (0..5)
            .filter(|&scope| tenants.by_asset.contains_key(&(scope, *thing)))
            .count();
        assert!(scopes >= 3, "{thing:?} is in {scopes} scopes");
    }
    let wide = run("wide");
    assert!(wide.by_asset.len() > 40_000, "{}", wide.by_asset.len());
}

#[test]
fn a_demo_has_its_first_story_and_its_rate_at_once() {
    let profile = Profile::by_name("small").unwrap().at_rate(10.0);
    let minutes = deliveries(&profile, 3, 6_000);
    let took_s = (minutes[minutes.len() - 1].arrival_ms - profile.start_ms) as f64 / 1000.0;
    assert!((450.0..=750.0).contains(&took_s), "{took_s}");
    let first = minutes
        .iter()
        .position(|delivery| delivery.alert.story.is_some())
        .unwrap();
    assert!(minutes[first].arrival_ms - profile.start_ms < 5_000);
}

/// Whether so much touches this thing that sharing it means nothing.
fn is_hub(thing: Thing, world: &World) -> bool {
    match thing {
        Thing::System | Thing::Root | Thing::Nat | Thing::Observer(_) => true,
        Thing::Popular(_) | Thing::PopularDomain(_) | Thing::CommonHash(_) | Thing::Process(_) => {
            true
        }
        Thing::Host(host) | Thing::HostIp(host) => {
            matches!(
                world.place(host).0,
                Class::Dns | Class::Scanner | Class::Proxy
            )
        }
        _ => false,
    }
}

/// The kinds of entities for which design and policy allow a day between two alerts; for all others it is four hours.
fn gap_max_ms(thing: Thing) -> i64 {
    let hours = if matches!(thing, Thing::Hash(_)) {
        24
    } else {
        4
    };
    hours * HOUR_MS
}

/// Panics at the first alert of a story that shares nothing, hubs apart, with an earlier one of the same story within the
/// gap. Gives the number of stories.
fn check_links(profile: &Profile, count: usize) -> usize {
    let world = World::new("default", profile.hosts);
    let mut alerts: Vec<Alert> = deliveries(profile, 4, count)
        .iter()
        .map(|delivery| delivery.alert)
        .collect();
    alerts.sort_by_key(|alert| alert.event_ms);
    let mut seen: BTreeMap<(u16, StoryRef), BTreeMap<Thing, i64>> = BTreeMap::new();
    for alert in alerts {
        let Some(story) = alert.story else { continue };
        let before = seen.entry((alert.scope, story)).or_default();
        let telling = || {
            alert
                .entities
                .iter()
                .map(|(thing, _)| thing)
                .filter(|&thing| !is_hub(thing, &world))
        };
        let is_near = |thing| {
            before
                .get(&thing)
                .is_some_and(|at| alert.event_ms - at <= gap_max_ms(thing))
        };
        assert!(
            before.is_empty() || telling().any(is_near),
            "{story:?} {:?} {:?}",
            alert.rule,
            alert.entities
        );
        before.extend(telling().map(|thing| (thing, alert.event_ms)));
    }
    seen.len()
}

#[test]
fn each_alert_of_a_story_shares_something_with_an_earlier_one() {
    for (name, count) in [
        ("default", 100_000),
        ("small", 30_000),
        ("multi-tenant", 90_000),
    ] {
        let profile = Profile::by_name(name).unwrap().bounded_by(5_000);
        assert!(check_links(&profile, count) >= 10, "{name}");
    }
}

#[test]
fn attacks_of_one_kind_fall_on_different_machines() {
    let profile = Profile::default().bounded_by(5_000);
    let mut web_servers: BTreeMap<StoryRef, BTreeSet<Thing>> = BTreeMap::new();
    for delivery in deliveries(&profile, 6, 200_000) {
        let Some(story) = delivery
            .alert
            .story
            .filter(|story| story.template == "webshell")
        else {
            continue;
        };
        if delivery.alert.rule.id == "9100401" {
            let target = delivery.alert.entities.find(Role::Target, |_| true);
            web_servers.entry(story).or_default().extend(target);
        }
    }
    let distinct: BTreeSet<_> = web_servers.values().flatten().collect();
    assert!(web_servers.len() >= 4, "{web_servers:?}");
    assert!(
        web_servers.values().all(|targets| targets.len() == 1),
        "{web_servers:?}"
    );
    assert_eq!(distinct.len(), web_servers.len().min(8), "{web_servers:?}");
}

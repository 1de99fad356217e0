//! Labelled, realistic alerts from a seed: for `caseloom generate`, for `caseloom demo`, for tests and benches.
//!
//! [`Generator`] is an endless iterator. It plays one enterprise per scope: noise at fixed places, floods, false alarms, and
//! attacks told over hours across hosts and users. Each alert is put into the words of a product and arrives as alerts do:
//! some late, some twice. The same profile, seed and start give the same bytes for ever, on every platform. No I/O, no clock.
//!
//! `world` and `names` know who is there; `noise` and `story` decide what happens; `arrival` when it is heard of; `render`
//! how it is said; `labels` what was true.

mod alert;
mod arrival;
mod catalog;
mod civil;
mod emitter;
mod hostile;
pub mod labels;
#[cfg(test)]
mod measured;
mod names;
mod noise;
mod office;
mod profile;
mod render;
mod rng;
mod shape;
mod story;
mod world;

pub use profile::{Lateness, Lively, Products, Profile, START_MS, UnknownProfile};
pub use render::Product;

use self::alert::{Alert, StoryRef};
use self::arrival::{Arrivals, Delivery};
use self::noise::Noise;
use self::render::Renderer;
use self::rng::Mix;
use self::story::Stories;
use self::world::World;

/// One line, and what only its maker knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// When it reaches Kafka; never before `event_ms`, and never before the line before it.
    pub arrival_ms: i64,
    pub event_ms: i64,
    pub format: Product,
    pub scope: &'static str,
    /// What the product itself calls the alert; Suricata has no such thing.
    pub native_id: Option<String>,
    /// The same bytes came before.
    pub is_redelivery: bool,
    /// The attack it belongs to, such as `default-phishing-0003`; nothing for noise.
    pub story: Option<String>,
    /// The message: one JSON object, without a newline.
    pub line: String,
}

/// Gives alerts in the order of their arrival, without end.
#[derive(Debug)]
pub struct Generator {
    worlds: Vec<World>,
    noise: Noise,
    stories: Stories,
    arrivals: Arrivals,
    renderer: Renderer,
    scratch: Vec<Alert>,
}

impl Generator {
    /// Event times begin at `start_ms` (milliseconds since 1970; `profile.start_ms` unless there is a reason).
    pub fn new(profile: &Profile, seed: u64, start_ms: i64) -> Self {
        let worlds: Vec<World> = profile
            .scopes
            .iter()
            .map(|scope| World::new(scope, profile.hosts))
            .collect();
        let tag = Mix(seed ^ Mix(start_ms as u64).next()).next() as u32;
        Self {
            noise: Noise::new(profile, &worlds, seed, start_ms),
            stories: Stories::new(profile, &worlds, seed, start_ms),
            arrivals: Arrivals::new(profile.lateness, seed),
            renderer: Renderer::new(profile.products, tag),
            scratch: Vec::new(),
            worlds,
        }
    }

    fn delivery(&mut self) -> Delivery {
        loop {
            let noise_ms = self.noise.next_ms();
            let story_ms = self.stories.next_ms();
            if let Some(delivery) = self.arrivals.pop(noise_ms.min(story_ms)) {
                return delivery;
            }
            if noise_ms <= story_ms {
                self.noise.emit(&self.worlds, &mut self.scratch);
            } else {
                self.stories.emit(&self.worlds, &mut self.scratch);
            }
            for alert in self.scratch.drain(..) {
                self.arrivals.push(alert);
            }
        }
    }

    fn render(&self, delivery: &Delivery) -> Generated {
        let alert = &delivery.alert;
        let world = &self.worlds[usize::from(alert.scope)];
        let mut line = String::with_capacity(1024);
        let native_id = self
            .renderer
            .write(alert, delivery.number, world, &mut line);
        Generated {
            arrival_ms: delivery.arrival_ms,
            event_ms: alert.event_ms,
            format: self.renderer.product(alert.rule.sensor),
            scope: world.scope,
            native_id,
            is_redelivery: delivery.is_redelivery,
            story: alert.story.map(|story| incident(world.scope, story)),
            line,
        }
    }
}

impl Iterator for Generator {
    type Item = Generated;

    /// Always something.
    fn next(&mut self) -> Option<Generated> {
        let delivery = self.delivery();
        Some(self.render(&delivery))
    }
}

fn incident(scope: &str, story: StoryRef) -> String {
    format!("{scope}-{}-{:04}", story.template, story.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn some(name: &str, seed: u64, count: usize) -> Vec<Generated> {
        let profile = Profile::by_name(name).unwrap().bounded_by(count as u64);
        Generator::new(&profile, seed, profile.start_ms)
            .take(count)
            .collect()
    }

    /// FNV-1a, 64 bits.
    fn digest(alerts: &[Generated]) -> u64 {
        let bytes = alerts
            .iter()
            .flat_map(|alert| alert.line.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    #[test]
    fn same_seed_same_bytes() {
        for name in Profile::names() {
            assert_eq!(some(name, 9, 5_000), some(name, 9, 5_000), "{name}");
            assert_ne!(
                digest(&some(name, 9, 500)),
                digest(&some(name, 10, 500)),
                "{name}"
            );
        }
    }

    /// Other people's expected results hang on these bytes: a change here is a change of the seed's meaning, and is said so
    /// in the changelog.
    #[test]
    fn bytes_are_those_of_the_first_release() {
        let digests = Profile::names().map(|name| digest(&some(name, 1, 3_000)));
        let first = [
            10_461_660_454_996_377_860,
            13_498_806_377_373_217_996,
            13_370_400_099_947_702_231,
            14_213_461_937_014_731_571,
            11_838_462_976_035_278_769,
            7_695_111_658_400_260_982,
        ];
        assert_eq!(digests, first);
    }

    #[test]
    fn another_start_moves_the_times_only() {
        let profile = Profile::by_name("small").unwrap();
        let shift = 1_000_000_007;
        let here: Vec<i64> = Generator::new(&profile, 1, profile.start_ms)
            .take(500)
            .map(|a| a.event_ms)
            .collect();
        let there = Generator::new(&profile, 1, profile.start_ms + shift)
            .take(500)
            .map(|a| a.event_ms - shift);
        assert_eq!(here, there.collect::<Vec<i64>>());
    }

    #[test]
    fn arrivals_are_in_order_and_some_are_late() {
        let alerts = some("default", 2, 100_000);
        assert!(alerts.is_sorted_by_key(|alert| alert.arrival_ms));
        let delays: Vec<i64> = alerts
            .iter()
            .filter(|alert| !alert.is_redelivery)
            .map(|alert| alert.arrival_ms - alert.event_ms)
            .collect();
        assert!(delays.iter().all(|&delay| delay > 0));
        let share = |from_ms: i64, to_ms: i64| {
            let within = delays
                .iter()
                .filter(|&&delay| (from_ms..=to_ms).contains(&delay))
                .count();
            within as f64 / delays.len() as f64
        };
        assert!((0.008..0.012).contains(&share(60_000, 3_000_000)));
        assert!((0.0006..0.0014).contains(&share(6_900_000, 7_500_000)));
    }

    #[test]
    fn redeliveries_repeat_the_bytes() {
        let alerts = some("default", 3, 50_000);
        let mut before = BTreeMap::new();
        let mut redelivered = 0;
        for alert in &alerts {
            if alert.is_redelivery {
                redelivered += 1;
                assert_eq!(
                    before.get(&alert.line),
                    Some(&(&alert.native_id, &alert.story))
                );
            } else {
                before.insert(&alert.line, (&alert.native_id, &alert.story));
            }
        }
        let share = redelivered as f64 / alerts.len() as f64;
        assert!((0.043..0.052).contains(&share), "{share}");
    }
}

//! What is no attack: recurring rules at fixed places, floods, and false alarms anywhere.
//!
//! Every pair of a rule and an asset is an emitter. The rule of rank r gets a share of (r + 1)^-2.125 of the alerts: Zipf's
//! law with a flattened head, as in real networks, where one rule has a third and most have a few a day.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::alert::Alert;
use super::catalog::noise::{FLOODS, NOISE, NOVEL, Rhythm, Row};
use super::emitter::Emitter;
use super::profile::Profile;
use super::rng::Rng;
use super::world::World;

#[derive(Debug)]
pub(super) struct Noise {
    emitters: Vec<Emitter>,
    /// (when, in microseconds since 1970; emitter)
    due: BinaryHeap<Reverse<(i64, u32)>>,
    rng: Rng,
}

impl Noise {
    pub(super) fn new(profile: &Profile, worlds: &[World], seed: u64, start_ms: i64) -> Self {
        let mut noise = Self {
            emitters: Vec::new(),
            due: BinaryHeap::new(),
            rng: Rng::new(seed, 1),
        };
        for (scope, world) in worlds.iter().enumerate() {
            noise.add_scope(profile, world, scope as u16);
        }
        for (i, emitter) in noise.emitters.iter().enumerate() {
            let at = emitter.first_us(start_ms * 1000, &mut noise.rng);
            noise.due.push(Reverse((at, i as u32)));
        }
        noise
    }

    pub(super) fn next_ms(&self) -> i64 {
        self.due
            .peek()
            .map_or(i64::MAX, |Reverse((at, _))| at.div_euclid(1000))
    }

    /// What is due next: an alert, with its twin if a second sensor sees the same; or nothing, in a quiet hour.
    pub(super) fn emit(&mut self, worlds: &[World], out: &mut Vec<Alert>) {
        if let Some(Reverse((now, i))) = self.due.pop() {
            let emitter = &mut self.emitters[i as usize];
            let world = &worlds[usize::from(emitter.scope)];
            let again = emitter.emit(world, now, &mut self.rng, out);
            self.due.push(Reverse((again, i)));
        }
    }

    fn add_scope(&mut self, profile: &Profile, world: &World, scope: u16) {
        let total: f64 = (0..NOISE.len()).map(weight).sum();
        for (rank, row) in NOISE.iter().enumerate() {
            let of_rank = f64::from(profile.noise_per_day) * weight(rank) / total;
            let per_day = if row.twin.is_some() {
                of_rank / 2.0
            } else {
                of_rank
            };
            self.add_row(row, world, scope, per_day, profile.diurnal);
        }
        if profile.floods_per_day > 0 {
            let floods =
                Emitter::floods(FLOODS, scope, profile.floods_per_day, profile.flood_alerts);
            self.emitters.push(floods);
        }
        if profile.novel_per_day > 0 {
            let novel = Emitter::roaming(NOVEL, scope, profile.novel_per_day);
            self.emitters.push(novel);
        }
    }

    /// Spreads a row's alerts over its assets: evenly, or, if they are few, a third for each of what the one before gets.
    fn add_row(
        &mut self,
        row: &'static Row,
        world: &World,
        scope: u16,
        per_day: f64,
        diurnal: bool,
    ) {
        if row.rhythm == Rhythm::Sweep {
            let sweep = Emitter::sweep(row, scope, world, per_day, diurnal);
            self.emitters.push(sweep);
            return;
        }
        let machines = world.count(row.class);
        let assets = u32::from(row.assets).min(machines);
        let is_few = (2..=4).contains(&assets);
        let first = if is_few { 0 } else { self.rng.below(machines) };
        let share = |i: u32| {
            if is_few {
                1.0 / f64::from(3_u32.pow(i))
            } else {
                1.0
            }
        };
        let shares: f64 = (0..assets).map(share).sum();
        for i in 0..assets {
            let asset = world.host(row.class, first + i);
            let of_asset = per_day * share(i) / shares;
            self.emitters
                .push(Emitter::steady(row, scope, asset, of_asset, diurnal));
        }
    }
}

fn weight(rank: usize) -> f64 {
    let x = rank as f64 + 2.0;
    let eighth_root = x.sqrt().sqrt().sqrt();
    1.0 / (x * x * eighth_root)
}

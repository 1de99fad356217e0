//! A step of a story under way.

use std::cmp::Ordering;

use super::cast::Cast;
use super::template::{Step, Template};
use crate::generate::alert::{Alert, Entities, Role, StoryRef, Thing};
use crate::generate::catalog::Sensor;
use crate::generate::rng::Rng;
use crate::generate::world::World;

/// The border sensor sees the NAT address in place of the host's so often.
const NAT_PPM: u32 = 250_000;

/// Ordered so that the heap gives the earliest, then the first planned.
#[derive(Debug)]
pub(super) struct Running {
    pub at: i64,
    pub order: u64,
    pub scope: u16,
    pub template: &'static Template,
    pub step: &'static Step,
    pub cast: Cast,
    pub sent: u32,
    pub left: u32,
    pub gap_ms: u64,
}

impl Ord for Running {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Running {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Running {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Running {}

impl Running {
    pub(super) fn alert(&self, world: &World, rng: &mut Rng) -> Alert {
        let rule = self.step.rule;
        let mut entities = self.entities(rule.sensor, world);
        // Never the first alert of a step: that one shows what ties the step to the one before.
        let is_at_border = rule.sensor == Sensor::Ids && self.step.at_border && self.sent > 0;
        if is_at_border && rng.chance(NAT_PPM) {
            let is_inside = |thing| matches!(thing, Thing::HostIp(_));
            entities.replace(Role::Source, is_inside, Thing::Nat);
        }
        Alert {
            event_ms: self.at,
            scope: self.scope,
            rule,
            entities,
            seed: rng.next(),
            story: Some(StoryRef {
                template: self.template.name,
                number: self.cast.number,
            }),
        }
    }

    pub(super) fn entities(&self, sensor: Sensor, world: &World) -> Entities {
        let mut all = Entities::new();
        for &who in self.step.who {
            self.cast.add(who, sensor, self.sent, world, &mut all);
        }
        all
    }

    /// To the next alert, after three to five quarters of the gap; false if that was the last one.
    pub(super) fn step_on(&mut self, rng: &mut Rng) -> bool {
        let half_gap = (self.gap_ms / 2).min(u64::from(u32::MAX)) as u32;
        let wait = self.gap_ms * 3 / 4 + u64::from(rng.below(half_gap));
        self.at += wait.max(1) as i64;
        self.sent += 1;
        self.left -= 1;
        self.left > 0
    }
}

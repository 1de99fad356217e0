//! Attacks: when they begin, and their alerts step by step, mixed in time with whatever else is going on.
//!
//! A story is planned when it begins: each step gets its time and its number of alerts. From then on its steps stand in one
//! queue with those of all other stories. Everything a step is about comes from the cast, so steps share what they share
//! by construction.

mod cast;
mod running;
mod template;
mod templates;

use std::collections::BinaryHeap;

use self::cast::Cast;
use self::running::Running;
use self::template::{Count, Step, Template};
use super::alert::Alert;
use super::civil::DAY_MS;
use super::profile::{Lively, Profile};
use super::rng::Rng;
use super::world::World;

/// However many alerts a step has, all but a beacon are over within this time.
const STEP_MS_MAX: u64 = 30 * 60 * 1000;
/// A second sensor sees the same event so often.
const TWIN_PPM: u32 = 700_000;
/// Between the time from which stories are lively and the first of them.
const LIVELY_WAIT_MS: i64 = 2_000;

#[derive(Debug)]
pub(super) struct Stories {
    rng: Rng,
    /// By scope: when the next story begins, and its number.
    next_start: Vec<(i64, u32)>,
    /// Where this seed begins to count the attackers' things and their victims.
    shift: u32,
    pause_ms: u64,
    pace_permille: u32,
    step_alerts_max: u32,
    /// From when on they are told otherwise, and how.
    lively: Option<(i64, Lively)>,
    running: BinaryHeap<Running>,
    order: u64,
}

impl Stories {
    pub(super) fn new(profile: &Profile, worlds: &[World], seed: u64, start_ms: i64) -> Self {
        let mut rng = Rng::new(seed, 2);
        let pause_ms = match profile.stories_per_day {
            0 => u64::MAX,
            per_day => DAY_MS as u64 / u64::from(per_day),
        };
        let lively_ms = profile
            .lively
            .map_or(i64::MAX, |lively| lively.from_ms + LIVELY_WAIT_MS);
        let first_ms = start_ms + profile.first_story_ms.min(lively_ms);
        let first = |scope: usize| match (scope, profile.stories_per_day) {
            (_, 0) => i64::MAX,
            (0, _) => first_ms,
            _ => first_ms + rng.exponential(pause_ms) as i64,
        };
        Self {
            next_start: (0..worlds.len()).map(first).map(|at| (at, 0)).collect(),
            shift: rng.below(1 << 30),
            rng,
            pause_ms,
            pace_permille: profile.pace_permille,
            step_alerts_max: profile.step_alerts_max.max(1),
            lively: profile
                .lively
                .map(|lively| (start_ms + lively.from_ms, lively)),
            running: BinaryHeap::new(),
            order: 0,
        }
    }

    pub(super) fn next_ms(&self) -> i64 {
        let step = self.running.peek().map_or(i64::MAX, |running| running.at);
        step.min(self.next_story().0)
    }

    /// What is due next: a story begins, or a step adds its next alert and perhaps the twin of a second sensor.
    pub(super) fn emit(&mut self, worlds: &[World], out: &mut Vec<Alert>) {
        let (starts_at, scope) = self.next_story();
        match self.running.pop() {
            Some(running) if running.at < starts_at => self.advance(running, worlds, out),
            other => {
                self.running.extend(other);
                self.begin(scope, &worlds[scope]);
            }
        }
    }

    fn next_story(&self) -> (i64, usize) {
        let starts = self.next_start.iter().enumerate();
        starts
            .map(|(scope, &(at, _))| (at, scope))
            .min()
            .unwrap_or((i64::MAX, 0))
    }

    fn begin(&mut self, scope: usize, world: &World) {
        let Some(&(now, number)) = self.next_start.get(scope) else {
            return;
        };
        self.come_to_life(now);
        let pause = 1 + self.rng.exponential(self.pause_ms);
        let next = now.saturating_add_unsigned(pause);
        let at = match self.lively {
            Some((from, _)) => next.min(from + LIVELY_WAIT_MS),
            None => next,
        };
        self.next_start[scope] = (at, number + 1);
        let templates = templates::ALL;
        let template = templates[(number as usize + scope) % templates.len()];
        let cast = Cast::new(world, number, self.shift, &mut self.rng);
        let mut at = now;
        for step in template.steps {
            at = self.plan(scope as u16, template, step, cast, at);
        }
    }

    /// From now on the pace of whoever watches, if it is time.
    fn come_to_life(&mut self, now: i64) {
        if let Some((_, lively)) = self.lively.take_if(|(from, _)| *from <= now) {
            self.pause_ms = DAY_MS as u64 / u64::from(lively.stories_per_day.max(1));
            self.pace_permille = lively.pace_permille;
            self.step_alerts_max = lively.step_alerts_max.max(1);
        }
    }

    /// Puts a step into the queue; gives the time from which the next step's gap counts.
    fn plan(
        &mut self,
        scope: u16,
        template: &'static Template,
        step: &'static Step,
        cast: Cast,
        after: i64,
    ) -> i64 {
        let at = after + self.wait_ms(step) as i64;
        let left = self.alerts(step);
        let gap_ms = self.gap_ms(step, left);
        self.order += 1;
        let order = self.order;
        self.running.push(Running {
            at,
            order,
            scope,
            template,
            step,
            cast,
            sent: 0,
            left,
            gap_ms,
        });
        let took_ms = if step.is_beacon {
            0
        } else {
            gap_ms * u64::from(left)
        };
        at + took_ms as i64
    }

    fn wait_ms(&mut self, step: &Step) -> u64 {
        let (min_s, max_s) = step.after_s;
        let seconds = u64::from(self.rng.between(min_s, max_s));
        let fraction = u64::from(self.rng.below(1000));
        self.paced(1000 * seconds + fraction)
    }

    fn alerts(&mut self, step: &Step) -> u32 {
        let count = match step.count {
            Count::Between(low, high) => self.rng.between(low, high),
            Count::Heavy(min) => self.rng.heavy(min, u32::MAX),
        };
        count.clamp(1, self.step_alerts_max)
    }

    /// Only beacons keep the pace of the story: the others are as fast as their tools.
    fn gap_ms(&self, step: &Step, alerts: u32) -> u64 {
        let usual_ms = u64::from(step.every_ms);
        let gap_ms = if step.is_beacon {
            self.paced(usual_ms)
        } else {
            usual_ms.min(STEP_MS_MAX / u64::from(alerts))
        };
        gap_ms.max(1)
    }

    fn paced(&self, ms: u64) -> u64 {
        ms * u64::from(self.pace_permille) / 1000
    }

    fn advance(&mut self, mut running: Running, worlds: &[World], out: &mut Vec<Alert>) {
        let world = &worlds[usize::from(running.scope)];
        let alert = running.alert(world, &mut self.rng);
        out.push(alert);
        if let Some(twin) = running.step.twin
            && self.rng.chance(TWIN_PPM)
        {
            let event_ms = alert.event_ms + i64::from(self.rng.between(20, 900));
            let entities = running.entities(twin.sensor, world);
            out.push(Alert {
                event_ms,
                rule: twin,
                entities,
                seed: self.rng.next(),
                ..alert
            });
        }
        if running.step_on(&mut self.rng) {
            self.running.push(running);
        }
    }
}

/// How many alerts a story has on average, if no step may have more than `step_alerts_max`.
pub(super) fn alerts_mean(step_alerts_max: u32) -> f64 {
    let steps = templates::ALL.iter().flat_map(|template| template.steps);
    let total: f64 = steps.map(|step| step.alerts_mean(step_alerts_max)).sum();
    total / templates::ALL.len() as f64
}

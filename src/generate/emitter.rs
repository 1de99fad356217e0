//! One source of noise: a rule at a place, its runs of alerts and the pauses between them.
//!
//! A run begins, repeats itself every few seconds and ends; that is how nine of ten benign alerts come within a minute of
//! the same rule on the same asset in real networks. Times here are in microseconds, since at high rates several alerts
//! fall into one millisecond.

use super::alert::Alert;
use super::catalog::noise::{Rhythm, Row};
use super::civil::{DAY_MS, HOUR_MS, MINUTE_MS};
use super::office;
use super::rng::Rng;
use super::shape;
use super::world::World;

const DAY_US: u64 = DAY_MS as u64 * 1000;
const HOUR_US: u64 = HOUR_MS as u64 * 1000;
const MINUTE_US: u64 = MINUTE_MS as u64 * 1000;

/// Between two alerts of a run.
const GAP_US: u64 = 4_000_000;
const FLOOD_GAP_US: u64 = 150_000;
/// However many alerts a flood has, it is over within this time.
const FLOOD_US: u64 = 20 * MINUTE_US;
/// A nightly sweep is over within this time.
const SWEEP_US: u64 = 4 * HOUR_US;

#[derive(Debug)]
pub(super) struct Emitter {
    rows: &'static [Row],
    pub scope: u16,
    place: Place,
    length: Length,
    /// Between two runs, on average.
    pause_us: u64,
    gap_us: u64,
    by_office_hours: bool,
    run: Run,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    At(u32),
    /// Somewhere else in each run.
    Anywhere,
    /// At one machine after the other.
    Round {
        machines: u32,
        nightly: bool,
    },
}

/// Alerts in a run.
#[derive(Clone, Copy, Debug)]
enum Length {
    Around(u32),
    Heavy(u32, u32),
    Exactly(u32),
}

/// What the alerts of the present run have in common.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    left: u32,
    sent: u32,
    row: usize,
    asset: u32,
    seed: u64,
}

impl Emitter {
    /// `row` on `asset`, so many alerts a day. Runs are shortened where the rate is low, so that a rare pair still shows up
    /// a few times a day rather than once a week.
    pub(super) fn steady(
        row: &'static Row,
        scope: u16,
        asset: u32,
        per_day: f64,
        diurnal: bool,
    ) -> Self {
        let by_office_hours = diurnal && row.rhythm == Rhythm::Office;
        let busy_share = if by_office_hours {
            office::mean_share()
        } else {
            1.0
        };
        let length = f64::from(row.run).min(per_day / 4.0).max(1.0) as u32;
        let runs_per_day = (per_day / f64::from(length)).max(0.01);
        let cycle_us = (DAY_US as f64 / runs_per_day * busy_share) as u64;
        // Runs are short against the cycle: only the pause is longer in quiet hours.
        let gap_us = GAP_US.min(cycle_us / u64::from(8 * length)).max(1);
        Self {
            rows: std::slice::from_ref(row),
            scope,
            place: Place::At(asset),
            length: Length::Around(length),
            pause_us: cycle_us.saturating_sub(gap_us * u64::from(length)).max(1),
            gap_us,
            by_office_hours,
            run: Run::default(),
        }
    }

    /// False alarms: short runs of any of `rows`, each at a new place.
    pub(super) fn roaming(rows: &'static [Row], scope: u16, runs_per_day: u32) -> Self {
        let cycle_us = DAY_US / u64::from(runs_per_day.max(1));
        let gap_us = GAP_US.min(cycle_us / 8).max(1);
        Self {
            rows,
            scope,
            place: Place::Anywhere,
            length: Length::Around(2),
            pause_us: cycle_us.saturating_sub(gap_us).max(1),
            gap_us,
            by_office_hours: false,
            run: Run::default(),
        }
    }

    /// Floods of any of `rows`, of `alerts` from smallest to largest, each at a new place.
    pub(super) fn floods(
        rows: &'static [Row],
        scope: u16,
        per_day: u32,
        alerts: (u32, u32),
    ) -> Self {
        let calm = Self::roaming(rows, scope, per_day);
        let flood_us = FLOOD_US.min(calm.pause_us / 2);
        Self {
            length: Length::Heavy(alerts.0, alerts.1),
            pause_us: calm.pause_us - flood_us,
            ..calm
        }
    }

    /// All machines of the row's class one after the other, once a night; every ten minutes in a world without nights.
    pub(super) fn sweep(
        row: &'static Row,
        scope: u16,
        world: &World,
        per_day: f64,
        nightly: bool,
    ) -> Self {
        let period_us = if nightly { DAY_US } else { 10 * MINUTE_US };
        let machines = u32::from(row.assets).min(world.count(row.class));
        let wanted = per_day * period_us as f64 / DAY_US as f64;
        let probes_each = (wanted / f64::from(machines)).max(1.0) as u32;
        let probes = probes_each * machines;
        let longest_us = SWEEP_US.min(period_us / 2);
        let gap_us = GAP_US.min(longest_us / u64::from(probes)).max(1);
        let took_us = gap_us * u64::from(probes);
        Self {
            rows: std::slice::from_ref(row),
            scope,
            place: Place::Round { machines, nightly },
            length: Length::Exactly(probes),
            pause_us: period_us.saturating_sub(took_us).max(1),
            gap_us,
            by_office_hours: false,
            run: Run::default(),
        }
    }

    /// When the first run begins: anywhere in its cycle; a nightly sweep at one o'clock, another in a few seconds.
    pub(super) fn first_us(&self, start_us: i64, rng: &mut Rng) -> i64 {
        let wait = match self.place {
            Place::Round { nightly: true, .. } => {
                let one_o_clock = HOUR_US as i64;
                (one_o_clock - start_us).rem_euclid(DAY_US as i64)
            }
            Place::Round { nightly: false, .. } => 5_000_000,
            _ => rng.exponential(self.pause_us) as i64,
        };
        start_us + wait
    }

    /// Adds what is due at `now`, and says when to come again: nothing is due if a run would begin in a quiet hour.
    pub(super) fn emit(
        &mut self,
        world: &World,
        now: i64,
        rng: &mut Rng,
        out: &mut Vec<Alert>,
    ) -> i64 {
        if self.run.left == 0 {
            if self.by_office_hours && rng.below(100) >= office::percent(now.div_euclid(1000)) {
                return now + 1 + rng.exponential(self.pause_us) as i64;
            }
            self.begin(world, rng);
        }
        self.push_alerts(world, now, rng, out);
        self.run.left -= 1;
        self.run.sent += 1;
        let wait = if self.run.left > 0 {
            self.gap(rng)
        } else {
            self.pause(rng)
        };
        now + wait.max(1) as i64
    }

    fn begin(&mut self, world: &World, rng: &mut Rng) {
        let row = rng.below(self.rows.len() as u32) as usize;
        let left = match self.length {
            Length::Around(mean) => 1 + rng.exponential(u64::from(mean - 1)) as u32,
            Length::Heavy(min, max) => rng.heavy(min, max).max(1),
            Length::Exactly(n) => n,
        };
        if let Length::Heavy(..) = self.length {
            let flood_us = FLOOD_US.min(self.pause_us);
            self.gap_us = FLOOD_GAP_US.min(flood_us / u64::from(left)).max(1);
        }
        let asset = match self.place {
            Place::At(asset) => asset,
            _ => world.host(self.rows[row].class, rng.below(u32::MAX)),
        };
        let seed = rng.next();
        self.run = Run {
            left,
            sent: 0,
            row,
            asset,
            seed,
        };
    }

    fn push_alerts(&self, world: &World, now: i64, rng: &mut Rng, out: &mut Vec<Alert>) {
        let row = &self.rows[self.run.row];
        let asset = match self.place {
            Place::Round { machines, .. } => {
                let probes_each = (self.run.left + self.run.sent) / machines;
                world.host(row.class, self.run.sent / probes_each)
            }
            _ => self.run.asset,
        };
        let alert = Alert {
            event_ms: now.div_euclid(1000),
            scope: self.scope,
            rule: row.rule,
            entities: shape::entities(row, world, asset, self.run.seed),
            seed: rng.next(),
            story: None,
        };
        out.push(alert);
        if let Some(twin) = row.twin {
            let event_ms = alert.event_ms + i64::from(rng.between(20, 900));
            let seed = rng.next();
            out.push(Alert {
                event_ms,
                rule: twin,
                seed,
                ..alert
            });
        }
    }

    /// From a quarter of the mean gap to seven quarters.
    fn gap(&self, rng: &mut Rng) -> u64 {
        self.gap_us / 4 + u64::from(rng.below((self.gap_us * 3 / 2) as u32))
    }

    /// A sweep keeps its hour, a timer wavers a little, all others come at random.
    fn pause(&self, rng: &mut Rng) -> u64 {
        if let Place::Round { .. } = self.place {
            return self.pause_us;
        }
        if self.rows[self.run.row].rhythm == Rhythm::Timer {
            let percent = 95 + u64::from(rng.below(11));
            return self.pause_us / 100 * percent;
        }
        rng.exponential(self.pause_us)
    }
}

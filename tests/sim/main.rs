//! Owner and publisher lane in a simulated world: every process ends at every place between two calls to the outside, by
//! every seed, and what was promised must hold (ARCHITECTURE.md, "The publisher lane").
//!
//! `make sim SCHEDULES=n SEED=s` runs more of it than the tests do; a schedule that fails is printed and runs again in
//! the same way. Not simulated, because others do: memory bounds (`tests/pipeline.rs`) and RocksDB (`src/store/tests`).

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

mod broker;
mod chaos;
mod checks;
mod disk;
mod input;
mod process;
mod rng;
mod run;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chaos::Point;
use input::Input;
use run::{Kind, Report, Schedule, run};

/// Messages of a run: enough for cases that open, merge and close, few enough for thousands of runs.
const MESSAGES: usize = 24;
const SCHEDULES_DEFAULT: usize = 1_000;

/// What many runs came to.
#[derive(Debug, Default)]
struct Total {
    schedules: usize,
    places: BTreeSet<(Kind, usize)>,
    points: BTreeSet<Point>,
    ends: usize,
    refusals: usize,
    violations: Vec<(Schedule, Vec<String>)>,
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn what_is_promised_holds_wherever_the_process_ends() {
    let schedules = variable("CASELOOM_SIM_SCHEDULES", SCHEDULES_DEFAULT as u64) as usize;
    let seed = variable("CASELOOM_SIM_SEED", 1);
    let total = play(seed, schedules);
    println!(
        "seed {seed}: {} schedules, {} ends of processes, {} refusals to go on; crash points covered: {} places of {} kinds; violations: {}",
        total.schedules,
        total.ends,
        total.refusals,
        total.places.len(),
        total.points.len(),
        total.violations.len()
    );
    for (schedule, violations) in total.violations.iter().take(5) {
        println!("{schedule:?}: {violations:#?}");
    }
    assert!(total.violations.is_empty());
    assert_eq!(total.schedules, schedules);
}

/// Seed after seed, on two threads; of each seed all kinds, each with an end at every place.
fn play(first_seed: u64, schedules: usize) -> Total {
    let total = Mutex::new(Total::default());
    let seed = AtomicU64::new(first_seed);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while total.lock().unwrap().schedules < schedules {
                    play_seed(seed.fetch_add(1, Ordering::Relaxed), schedules, &total);
                }
            });
        }
    });
    total.into_inner().unwrap()
}

fn play_seed(seed: u64, schedules: usize, total: &Mutex<Total>) {
    let input = Input::new(seed, MESSAGES);
    for kind in Kind::ALL {
        let whole = Schedule {
            seed,
            kind,
            crash_at: None,
        };
        let places = run(whole, &input, false).places;
        // Not every seed at every place: the next seed takes those between.
        for place in (seed as usize % 4..places).step_by(4) {
            let schedule = Schedule {
                crash_at: Some(place),
                ..whole
            };
            let report = run(schedule, &input, false);
            if !total.lock().unwrap().add(schedule, report, schedules) {
                return;
            }
        }
    }
}

impl Total {
    /// Whether more are wanted.
    fn add(&mut self, schedule: Schedule, report: Report, schedules: usize) -> bool {
        if self.schedules == schedules {
            return false;
        }
        self.schedules += 1;
        self.ends += report.ends;
        self.refusals += report.refusals;
        self.points.extend(report.passed);
        self.places
            .extend(schedule.crash_at.map(|place| (schedule.kind, place)));
        if !report.violations.is_empty() {
            self.violations.push((schedule, report.violations));
        }
        true
    }
}

#[test]
fn a_schedule_runs_again_in_the_same_way() {
    let input = Input::new(5, MESSAGES);
    for kind in Kind::ALL {
        for place in [3, 60, 141] {
            let schedule = Schedule {
                seed: 5,
                kind,
                crash_at: Some(place),
            };
            let (first, second) = (run(schedule, &input, false), run(schedule, &input, false));
            assert_eq!((first.trace, first.ends), (second.trace, second.ends));
            assert_eq!(first.violations, second.violations);
        }
    }
}

#[test]
fn output_that_is_sent_without_looking_at_the_progress_is_noticed() {
    let input = Input::new(9, MESSAGES);
    let noticed = (0..200).filter(|place| {
        let schedule = Schedule {
            seed: 9,
            kind: Kind::Calm,
            crash_at: Some(*place),
        };
        !run(schedule, &input, true).violations.is_empty()
    });
    let places = noticed.count();
    assert!(
        places > 5,
        "doubled events are seen at {places} places only"
    );
}

//! One run: a schedule of who moves when, with an end of the process at a chosen place, until all input is decided and
//! all output visible.

use std::collections::BTreeSet;

use caseloom::clock::ManualClock;
use caseloom::pipeline::{Acceptance, RelayError};
use caseloom_engine::time::Timestamp;

use crate::broker::Broker;
use crate::chaos::{Chaos, Point};
use crate::checks;
use crate::disk::{Disk, Loss};
use crate::input::{Input, NOW};
use crate::process::{Process, Turn};
use crate::rng::Rng;

/// Turns after which a run hangs.
const TURNS_MAX: usize = 20_000;

/// What else happens in a run, besides the chosen end of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nothing.
    Calm,
    /// Requests and writes fail, transactions time out, ends arrive late; more ends of the process.
    Rough,
    /// Rough, and a second process on a copy of the disk takes over from one that wakes up later.
    Takeover,
    /// Rough, and the disk forgets what it had synced.
    LyingDisk,
    /// Rough, and the disk rots: what is read is an error from then on, and the operator restores a copy.
    Rot,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Calm,
        Self::Rough,
        Self::Takeover,
        Self::LyingDisk,
        Self::Rot,
    ];
}

/// What is to be run; equal schedules run equally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) kind: Kind,
    /// The place at which the process ends first; `None`: it doesn't.
    pub(crate) crash_at: Option<usize>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) violations: Vec<String>,
    /// Places of the run at which a process could end.
    pub(crate) places: usize,
    /// Those at which one did.
    pub(crate) passed: BTreeSet<Point>,
    pub(crate) trace: u64,
    /// Ends of processes, and refusals to start.
    pub(crate) ends: usize,
    pub(crate) refusals: usize,
}

/// A broker that tells no progress shows that the checks see what they should.
pub(crate) fn run(schedule: Schedule, input: &Input, forgetful: bool) -> Report {
    let mut world = World::new(schedule, input);
    if forgetful {
        world.broker.forget_progress();
    }
    world.play();
    world.report()
}

struct World<'a> {
    schedule: Schedule,
    input: &'a Input,
    chaos: Chaos,
    rng: Rng,
    clock: ManualClock,
    broker: Broker,
    disk: Disk,
    process: Option<Process>,
    /// Suspended, to wake up when another has taken over.
    zombie: Option<Process>,
    /// The disk of one that was suspended and ended.
    zombies_disk: Option<Disk>,
    /// A copy of the disk, from some time ago.
    backup: Option<Disk>,
    instances: u64,
    accept: Acceptance,
    replayed: bool,
    ends: usize,
    refusals: usize,
    stuck: Option<String>,
}

impl<'a> World<'a> {
    fn new(schedule: Schedule, input: &'a Input) -> Self {
        let part = schedule.crash_at.map_or(0, |place| place as u64 + 1);
        let kinds = Kind::ALL.len() as u64;
        let mut rng = Rng::of(schedule.seed, part * kinds + schedule.kind as u64 + 1);
        let faults = schedule.kind != Kind::Calm;
        let chaos = Chaos::new(Rng::new(rng.next()), schedule.crash_at, faults);
        Self {
            schedule,
            input,
            rng,
            clock: ManualClock::at(Timestamp(NOW)),
            broker: Broker::new(&chaos),
            disk: Disk::new(&chaos),
            chaos,
            process: None,
            zombie: None,
            zombies_disk: None,
            backup: None,
            instances: 0,
            accept: Acceptance::default(),
            replayed: false,
            ends: 0,
            refusals: 0,
            stuck: None,
        }
    }

    fn play(&mut self) {
        for turn in 0.. {
            if self.stuck.is_some() {
                return;
            }
            if turn > TURNS_MAX {
                self.stuck = Some(format!("no end after {TURNS_MAX} turns"));
                return;
            }
            if turn == TURNS_MAX / 4 {
                self.chaos.calm();
            }
            if self.turn() {
                return;
            }
        }
    }

    /// One move of one of them. `true`: all is done.
    fn turn(&mut self) -> bool {
        let later = self.now_later();
        self.clock.set(later);
        self.move_zombie();
        self.rot();
        let Some(mut process) = self.process.take() else {
            self.start();
            return false;
        };
        let owner_moves = self.rng.once_in(3);
        let turn = match owner_moves {
            true => process.own(self.input, self.rng.below(4)),
            false => process.relay(&self.chaos),
        };
        match turn {
            Turn::Ended(error) => self.end(&process, error.as_ref()),
            Turn::Idle if !owner_moves && process.has_read(self.input) => {
                return self.finish(process);
            }
            Turn::Idle | Turn::Going => self.go_on(process),
        }
        false
    }

    fn now_later(&mut self) -> Timestamp {
        let now = caseloom::clock::Clock::now(&self.clock);
        Timestamp(now.0 + self.rng.below(2_000) as i64)
    }

    /// Now and then a copy is made, and later the disk rots under the process.
    fn rot(&mut self) {
        if self.schedule.kind != Kind::Rot || self.disk.is_rotten() {
            return;
        }
        let Some(process) = &self.process else {
            return;
        };
        if self.backup.is_none() {
            let is_time = self.rng.once_in(25);
            self.backup = is_time.then(|| process.disk.copy());
        } else if self.chaos.fault(30) {
            process.disk.rot();
        }
    }

    /// What is rotten starts no process; the operator goes on with the copy.
    fn restore(&mut self) {
        self.refusals += 1;
        match self.backup.take() {
            Some(backup) => self.disk = backup,
            None => self.stuck = Some("rotten without a copy".into()),
        }
    }

    fn start(&mut self) {
        if self.disk.is_rotten() {
            return self.restore();
        }
        self.instances += 1;
        let accept = std::mem::take(&mut self.accept);
        let process = Process::start(
            &self.disk,
            &self.broker,
            &self.clock,
            self.instances,
            accept,
        );
        self.process = Some(process);
    }

    /// Keeps the process, or suspends it and lets another begin on a copy of its disk.
    fn go_on(&mut self, process: Process) {
        let may = self.schedule.kind == Kind::Takeover && self.zombie.is_none();
        if may && process.relay.is_open() && self.rng.once_in(40) {
            self.disk = process.disk.copy();
            self.zombie = Some(process);
        } else {
            self.process = Some(process);
        }
    }

    /// The suspended process moves now and then, as if nothing had been.
    fn move_zombie(&mut self) {
        if self.zombie.is_none() || !self.rng.once_in(8) {
            return;
        }
        let Some(mut zombie) = self.zombie.take() else {
            return;
        };
        let turn = match self.rng.once_in(3) {
            true => zombie.own(self.input, self.rng.below(4)),
            false => zombie.relay(&self.chaos),
        };
        match turn {
            Turn::Ended(_) => {
                // An end meant for the other may hit this one.
                self.chaos.take_crash();
                self.zombies_disk = Some(zombie.disk.clone());
            }
            Turn::Idle | Turn::Going => self.zombie = Some(zombie),
        }
    }

    fn end(&mut self, process: &Process, error: Option<&RelayError>) {
        self.ends += 1;
        self.chaos.take_crash();
        self.chaos.note(self.ends as u64);
        match error {
            Some(RelayError::WentBack { .. }) => return self.refused(process),
            Some(RelayError::TakenOver) => return self.taken_over(),
            // The disk forgot even the name under which the store had gone on.
            Some(RelayError::Foreign { .. }) if self.replayed => return self.adopt(process),
            Some(RelayError::Store(_)) if process.disk.is_rotten() => {}
            Some(error) => self.stuck = Some(error.to_string()),
            None => {}
        }
        let loss = match self.rng.below(3) {
            0 => Loss::Nothing,
            _ if self.schedule.kind == Kind::LyingDisk => Loss::Anything,
            _ => Loss::Unsynced,
        };
        // A copy of the disk is as good as the disk.
        process.disk.lose(loss);
        self.disk = process.disk.clone();
        if self.schedule.kind != Kind::Calm && self.ends < 4 && self.rng.once_in(2) {
            self.chaos.crash_within(120);
        }
    }

    /// The store is behind its output. With a lying disk, or an old copy, the operator accepts it; where another process was ahead, that
    /// one goes on.
    fn refused(&mut self, process: &Process) {
        self.refusals += 1;
        if self.zombie.is_some() || self.zombies_disk.is_some() {
            self.taken_over();
        } else if matches!(self.schedule.kind, Kind::LyingDisk | Kind::Rot) {
            self.disk = process.disk.clone();
            self.accept.replay = true;
            self.replayed = true;
        } else {
            self.stuck = Some("a store that forgot nothing was refused".into());
        }
    }

    fn adopt(&mut self, process: &Process) {
        self.refusals += 1;
        self.disk = process.disk.clone();
        self.accept.adopt = true;
    }

    /// The suspended one woke up before the other was open, and won; it goes on, or what comes after it.
    fn taken_over(&mut self) {
        self.process = self.zombie.take();
        let living = self.process.as_ref().map(|zombie| zombie.disk.clone());
        match living.or_else(|| self.zombies_disk.take()) {
            Some(disk) => self.disk = disk,
            None => self.stuck = Some("taken over by nobody".into()),
        }
    }

    /// Announces what is still gathered, publishes it, and lets everything arrive.
    fn finish(&mut self, mut process: Process) -> bool {
        self.chaos.calm();
        self.broker.deliver_all();
        if process.disk.is_rotten() {
            // Nobody happened to read it; the next look does.
            self.end(&process, None);
            return false;
        }
        let now = caseloom::clock::Clock::now(&self.clock);
        self.clock.set(Timestamp(now.0 + 10_000));
        if matches!(process.own(self.input, 0), Turn::Going) {
            self.process = Some(process);
            return false;
        }
        self.disk = process.disk.clone();
        true
    }

    fn report(self) -> Report {
        let mut violations = Vec::from_iter(self.stuck);
        if violations.is_empty() {
            violations = checks::violations(
                &self.input.expected,
                &self.disk.image(),
                &self.broker.committed(),
                self.replayed,
            );
        }
        Report {
            violations,
            places: self.chaos.places(),
            passed: self.chaos.passed(),
            trace: self.chaos.trace(),
            ends: self.ends,
            refusals: self.refusals,
        }
    }
}

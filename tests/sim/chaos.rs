//! What the outside does to a run: counts every call, ends the process at a chosen one, and draws what else goes wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rng::Rng;

/// A call to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Call {
    Commit,
    Page,
    Mark,
    Renew,
    Progress,
    Make,
    Open,
    Begin,
    Send,
    EndTxn,
}

/// A place where the process may end: the n-th call, before or after it took effect.
pub(crate) type Point = (Call, bool);

/// Shared by all simulated parts of one run.
#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    shared: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    /// Calls so far, two places each.
    places: usize,
    /// The place at which the process ends next.
    crash_at: Option<usize>,
    crashed: Option<Point>,
    /// Whether calls may fail by chance.
    faults: bool,
    passed: BTreeSet<Point>,
    /// All that happened, mixed; equal runs have equal ones.
    trace: u64,
}

impl Chaos {
    pub(crate) fn new(rng: Rng, crash_at: Option<usize>, faults: bool) -> Self {
        let state = State {
            rng,
            places: 0,
            crash_at,
            crashed: None,
            faults,
            passed: BTreeSet::new(),
            trace: 0,
        };
        Self {
            shared: Arc::new(Mutex::new(state)),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does a call, unless the process ends before; `Err`: it ended, before or after the call took effect.
    pub(crate) fn call<T>(&self, call: Call, act: impl FnOnce() -> T) -> Result<T, Crashed> {
        self.pass((call, false))?;
        let done = act();
        self.pass((call, true))?;
        Ok(done)
    }

    fn pass(&self, point: Point) -> Result<(), Crashed> {
        self.with(|state| {
            state.note(point.0 as u64 * 2 + u64::from(point.1));
            let place = state.places;
            state.places += 1;
            if state.crashed.is_none() && state.crash_at == Some(place) {
                state.crashed = Some(point);
                state.passed.insert(point);
            }
            match state.crashed {
                Some(_) => Err(Crashed),
                None => Ok(()),
            }
        })
    }

    /// Whether the process ended; the next one begins unharmed.
    pub(crate) fn take_crash(&self) -> bool {
        self.with(|state| state.crashed.take().is_some())
    }

    /// Ends the process again within so many places.
    pub(crate) fn crash_within(&self, places: usize) {
        self.with(|state| state.crash_at = Some(state.places + state.rng.below(places)));
    }

    pub(crate) fn is_crashed(&self) -> bool {
        self.with(|state| state.crashed.is_some())
    }

    pub(crate) fn places(&self) -> usize {
        self.with(|state| state.places)
    }

    pub(crate) fn passed(&self) -> BTreeSet<Point> {
        self.with(|state| state.passed.clone())
    }

    pub(crate) fn trace(&self) -> u64 {
        self.with(|state| state.trace)
    }

    pub(crate) fn note(&self, what: u64) {
        self.with(|state| state.note(what));
    }

    /// Whether something goes wrong now, once in `times`.
    pub(crate) fn fault(&self, times: usize) -> bool {
        self.with(|state| state.faults && state.rng.once_in(times))
    }

    pub(crate) fn below(&self, end: usize) -> usize {
        self.with(|state| state.rng.below(end))
    }

    /// No more faults and crashes: the run is brought to its end.
    pub(crate) fn calm(&self) {
        self.with(|state| {
            state.faults = false;
            state.crash_at = None;
        });
    }
}

impl State {
    fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

/// The process is gone; whatever is returned is seen by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crashed;

//! Live: case events as they became durable, for whoever listens at `/api/v1/stream`.
//!
//! The owner thread tells each event once, after its commit ([`Live::tell`]), into a ring that all listeners share. A
//! listener is a place in the ring and holds nothing else, so none can make the owner wait or memory grow; one that the
//! ring has overtaken is told so and ended. The ring begins anew with the process: an id of an earlier one is answered
//! by `gap`, and the lists tell the rest.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use caseloom_engine::decision::CaseEvent;
use caseloom_engine::ids::CaseId;
use compact_str::CompactString;
use tokio::sync::{Semaphore, watch};

use super::shape::EventShape;

/// Most events kept: some minutes of a busy system, for those who come back.
const EVENTS_MAX: usize = 8_192;

/// Most bytes of them.
const BYTES_MAX: usize = 16 << 20;

/// Most listeners at once; each has a connection.
pub(super) const LISTENERS_MAX: usize = 64;

/// The ring. Clones share it.
#[derive(Clone)]
pub struct Live {
    ring: Arc<Mutex<Ring>>,
    head: watch::Sender<Head>,
    /// Names this process in ids.
    instance: CompactString,
    pub(super) places: Arc<Semaphore>,
}

/// Where the ring ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Number of the next event, from 1.
    pub(super) next: u64,
    /// The process ends.
    pub(super) is_closing: bool,
}

/// One event, written down.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) number: u64,
    pub(super) scope: CompactString,
    pub(super) case: CaseId,
    pub(super) kind: &'static str,
    pub(super) data: String,
}

#[derive(Default)]
struct Ring {
    events: VecDeque<Arc<Told>>,
    bytes: usize,
}

/// What stands behind a place.
pub(super) enum Behind {
    /// These, and perhaps more.
    Events(Vec<Arc<Told>>),
    /// Nothing yet.
    Nothing,
    /// The ring went over it.
    Overtaken,
}

/// Where a listener who comes back goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// Behind what it has seen.
    At(u64),
    /// At the end, because what it has seen is not known any more.
    Gap(&'static str),
}

impl Default for Live {
    fn default() -> Self {
        let mut random = [0_u8; 6];
        // Without chance an id of an earlier process may be taken for one of this: its number decides then.
        getrandom::fill(&mut random).ok();
        let hex = random.map(|byte| format!("{byte:02x}")).concat();
        Self {
            ring: Arc::default(),
            head: watch::Sender::new(Head {
                next: 1,
                is_closing: false,
            }),
            instance: hex.into(),
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
        }
    }
}

impl Live {
    /// Tells an event that is durable. For the owner thread alone; it waits for nobody.
    pub fn tell(&self, event: &CaseEvent) {
        let data = match serde_json::to_string(&EventShape::new(event)) {
            Ok(data) => data,
            Err(error) => {
                tracing::error!(%error, "an event could not be written for listeners");
                return;
            }
        };
        let group = &event.case.group;
        // Not in the literal: the borrow would last until the event is told, which waits for it.
        let number = self.next();
        self.push(Told {
            number,
            scope: group.scope_name.clone(),
            case: group.case,
            kind: event.event.as_str(),
            data,
        });
    }

    fn next(&self) -> u64 {
        self.head.borrow().next
    }

    fn push(&self, told: Told) {
        let next = told.number + 1;
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.bytes += told.data.len();
        ring.events.push_back(Arc::new(told));
        while ring.events.len() > EVENTS_MAX || ring.bytes > BYTES_MAX {
            let Some(gone) = ring.events.pop_front() else {
                break;
            };
            ring.bytes -= gone.data.len();
        }
        drop(ring);
        self.head.send_modify(|head| head.next = next);
    }

    /// Ends all listeners, so that the process can.
    pub(super) fn close(&self) {
        self.head.send_modify(|head| head.is_closing = true);
    }

    pub(super) fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// The id of an event.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.instance)
    }

    /// Where somebody goes on who has seen the event called `id`.
    pub(super) fn resume(&self, id: &str) -> Resume {
        let Some((instance, number)) = id.rsplit_once('-') else {
            return Resume::Gap("unknown");
        };
        let Ok(seen) = number.parse::<u64>() else {
            return Resume::Gap("unknown");
        };
        if instance != self.instance {
            return Resume::Gap("restarted");
        }
        let next = self.head.borrow().next;
        if seen >= next {
            return Resume::Gap("unknown");
        }
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = ring.events.front().map_or(next, |told| told.number);
        match seen + 1 >= oldest {
            true => Resume::At(seen + 1),
            false => Resume::Gap("too_old"),
        }
    }

    /// Whether there is an event with this number.
    pub(super) fn is_behind(&self, number: u64) -> bool {
        self.head.borrow().next > number
    }

    /// At most `limit` events from number `next` on.
    pub(super) fn behind(&self, next: u64, limit: usize) -> Behind {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(oldest) = ring.events.front().map(|told| told.number) else {
            return Behind::Nothing;
        };
        if next < oldest {
            return Behind::Overtaken;
        }
        let skipped = usize::try_from(next - oldest).unwrap_or(usize::MAX);
        let events: Vec<_> = ring
            .events
            .iter()
            .skip(skipped)
            .take(limit)
            .cloned()
            .collect();
        match events.is_empty() {
            true => Behind::Nothing,
            false => Behind::Events(events),
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("head", &*self.head.borrow())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(live: &Live, count: usize) {
        for _ in 0..count {
            let number = live.next();
            live.push(Told {
                number,
                scope: "default".into(),
                case: CaseId(1),
                kind: "updated",
                data: "{}".to_owned(),
            });
        }
    }

    #[test]
    fn who_comes_back_goes_on_where_they_were() {
        let live = Live::default();
        assert_eq!(live.resume(&live.id(0)), Resume::At(1));
        push(&live, 3);
        assert_eq!(live.resume(&live.id(1)), Resume::At(2));
        assert_eq!(live.resume(&live.id(3)), Resume::At(4));
        let Behind::Events(events) = live.behind(2, 10) else {
            panic!("there are two");
        };
        assert_eq!(
            events.iter().map(|told| told.number).collect::<Vec<_>>(),
            [2, 3]
        );
        assert!(matches!(live.behind(4, 10), Behind::Nothing));
        for (id, reason) in [
            ("x", "unknown"),
            ("x-1", "restarted"),
            (&*live.id(4), "unknown"),
        ] {
            assert_eq!(live.resume(id), Resume::Gap(reason), "{id}");
        }
    }

    #[test]
    fn the_ring_goes_over_who_is_too_slow() {
        let live = Live::default();
        push(&live, EVENTS_MAX + 1);
        assert!(matches!(live.behind(1, 10), Behind::Overtaken));
        assert!(matches!(live.behind(2, 10), Behind::Events(events) if events.len() == 10));
        assert_eq!(live.resume(&live.id(0)), Resume::Gap("too_old"));
        assert_eq!(live.resume(&live.id(1)), Resume::At(2));
    }
}

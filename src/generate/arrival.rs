//! The way from the sensor to Kafka: most alerts take seconds, some most of an hour, some come twice.
//!
//! Alerts enter in any order, as long as none is older than the frontier that `pop` is asked for; they leave in the order
//! of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::alert::Alert;
use super::profile::Lateness;
use super::rng::Rng;

#[derive(Debug)]
pub(super) struct Arrivals {
    lateness: Lateness,
    rng: Rng,
    /// (when, n-th delivery, slot)
    due: BinaryHeap<Reverse<(i64, u64, u32)>>,
    slots: Vec<Delivery>,
    free: Vec<u32>,
    deliveries: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub arrival_ms: i64,
    pub alert: Alert,
    /// Tells this alert from all others; a redelivery has the number of its original.
    pub number: u64,
    pub is_redelivery: bool,
}

impl Arrivals {
    pub(super) fn new(lateness: Lateness, seed: u64) -> Self {
        Self {
            lateness,
            rng: Rng::new(seed, 3),
            due: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            deliveries: 0,
        }
    }

    /// Sends an alert on its way, and with some luck a second time.
    pub(super) fn push(&mut self, alert: Alert) {
        let arrival_ms = alert.event_ms + i64::from(self.delay_ms());
        let original = Delivery {
            arrival_ms,
            alert,
            number: self.deliveries,
            is_redelivery: false,
        };
        self.insert(original);
        if self.rng.chance(self.lateness.redelivered_ppm) {
            let again_after = 1 + self
                .rng
                .exponential(u64::from(self.lateness.redelivered_ms_mean));
            self.insert(Delivery {
                arrival_ms: arrival_ms + again_after as i64,
                is_redelivery: true,
                ..original
            });
        }
    }

    /// The next delivery, if it arrives by `frontier_ms`: everything still to be pushed arrives after that.
    pub(super) fn pop(&mut self, frontier_ms: i64) -> Option<Delivery> {
        let Reverse((arrival_ms, _, slot)) = *self.due.peek()?;
        if arrival_ms > frontier_ms {
            return None;
        }
        self.due.pop();
        self.free.push(slot);
        Some(self.slots[slot as usize])
    }

    /// At least one millisecond, so that what arrives at the frontier cannot be overtaken by what happens there.
    fn delay_ms(&mut self) -> u32 {
        let lateness = self.lateness;
        let luck = self.rng.below(1_000_000);
        let (low, high) = if luck < lateness.very_late_ppm {
            lateness.very_late_ms
        } else if luck < lateness.very_late_ppm + lateness.late_ppm {
            lateness.late_ms
        } else {
            (1, lateness.usual_ms_max)
        };
        self.rng.between(low.max(1), high.max(1))
    }

    /// The heap holds small keys and the alerts stay in their slots, because an alert is large to move about.
    fn insert(&mut self, delivery: Delivery) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = delivery;
                slot
            }
            None => {
                self.slots.push(delivery);
                (self.slots.len() - 1) as u32
            }
        };
        self.due
            .push(Reverse((delivery.arrival_ms, self.deliveries, slot)));
        self.deliveries += 1;
    }
}

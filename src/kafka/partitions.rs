//! What the reader knows of each assigned partition: how far it read, how far the partition goes, and so whether it is
//! caught up, and which partitions must wait for the others. Pure: it is told of records and of statistics.
//!
//! **The end of a partition.** librdkafka's end-of-partition events name no topic, and never come on a partition that
//! is written to all the time. So a partition is caught up when it was read to the end it had one statistics interval
//! before. The end may lie beyond the last record (markers of transactions, aborted records). librdkafka's
//! `app_offset` counts markers as passed, so the statistics say how far we are; but they may be old, so they never
//! decide which record is next: only records move `position`.
//!
//! **Skew.** In a backlog, partitions would be read in the order in which brokers answer, and event time would jump.
//! A partition that is more than `skew_max_ms` of record time ahead of the slowest one with unread records is paused
//! until it is half of that ahead. The slowest is never paused, so something always moves; should it yield nothing
//! (its leader is away), [`Partitions::stall`] leaves it out until it yields again.

use caseloom_engine::alert::TopicId;

/// The assigned partitions, by index. An index stays valid: partitions are never taken out.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    entries: Vec<Partition>,
    skew_max_ms: i64,
    /// Records beyond this time may be too far ahead: look again. `i64::MAX` where nobody has to wait.
    bound_ms: i64,
    /// The first record time seen, which stands for partitions of the start that have yielded none yet.
    first_ms: Option<i64>,
}

/// One assigned partition.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub topic: TopicId,
    pub partition: i32,
    /// One past the last record handed on.
    pub position: i64,
    /// The same, or further where the statistics say that only markers stood there.
    passed: i64,
    /// The end (last stable offset) by the latest statistics or the watermarks at the assignment.
    end: i64,
    /// The end by the statistics before.
    end_before: Option<i64>,
    /// By the latest statistics it is being fetched from a broker that is up.
    healthy: bool,
    last_ms: Option<i64>,
    /// Where the others were when it was added: until it yields a record, it counts as standing there.
    added_ms: Option<i64>,
    paused: bool,
    stalled: bool,
}

/// What statistics say about one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last stable offset; negative: not known yet.
    pub end: i64,
    /// One past the last record or marker that we took; negative: not known yet.
    pub passed: i64,
    /// It is being fetched from a broker that is up.
    pub healthy: bool,
}

/// Which partitions to pause and which to resume, by index.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub pause: Vec<usize>,
    pub resume: Vec<usize>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.pause.is_empty() && self.resume.is_empty()
    }
}

/// What to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It was handed on before: the client went back after a pause.
    Repeated,
    /// Hand it on.
    Next,
    /// Hand it on, then ask [`Partitions::plan`]: it may be too far ahead.
    NextThenPlan,
}

impl Partitions {
    pub(super) fn new(skew_max_ms: i64) -> Self {
        Self {
            entries: Vec::new(),
            skew_max_ms,
            bound_ms: i64::MIN,
            first_ms: None,
        }
    }

    /// Adds a partition to be read from `position`, which ends at `end` now. Returns its index.
    pub(super) fn add(&mut self, topic: TopicId, partition: i32, position: i64, end: i64) -> usize {
        let added_ms = self.entries.iter().filter_map(|entry| entry.last_ms).max();
        self.entries.push(Partition {
            topic,
            partition,
            position,
            passed: position,
            end,
            end_before: None,
            healthy: false,
            last_ms: None,
            added_ms,
            paused: false,
            stalled: false,
        });
        self.bound_ms = i64::MIN;
        self.entries.len() - 1
    }

    /// Begins a partition anew at `position`, after a gap.
    pub(super) fn restart(&mut self, index: usize, position: i64, end: i64) {
        let old = &self.entries[index];
        let (topic, partition) = (old.topic, old.partition);
        self.add(topic, partition, position, end);
        self.entries.swap_remove(index);
    }

    /// Forgets every pause, after all partitions were assigned anew.
    pub(super) fn unpause(&mut self) {
        for entry in &mut self.entries {
            entry.paused = false;
        }
        self.bound_ms = i64::MIN;
    }

    pub(super) fn get(&self, index: usize) -> &Partition {
        &self.entries[index]
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Partition> {
        self.entries.iter()
    }

    /// Notes a record that came from the client.
    pub(super) fn record(&mut self, index: usize, offset: i64, timestamp_ms: Option<i64>) -> Step {
        let entry = &mut self.entries[index];
        if offset < entry.position {
            return Step::Repeated;
        }
        entry.position = offset + 1;
        entry.passed = entry.position;
        if std::mem::take(&mut entry.stalled) {
            self.bound_ms = i64::MIN;
        }
        let Some(time_ms) = timestamp_ms else {
            return Step::Next;
        };
        entry.last_ms = Some(time_ms);
        self.first_ms.get_or_insert(time_ms);
        if time_ms > self.bound_ms {
            Step::NextThenPlan
        } else {
            Step::Next
        }
    }

    /// Notes what the statistics say of one partition.
    pub(super) fn progress(&mut self, index: usize, progress: Progress) {
        let entry = &mut self.entries[index];
        entry.healthy = progress.healthy;
        if progress.end >= 0 {
            entry.end_before = Some(entry.end);
            entry.end = progress.end;
        }
        entry.passed = entry.position.max(progress.passed);
        self.bound_ms = i64::MIN;
    }

    /// Whether every partition was read to its end.
    pub(super) fn caught_up(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(Partition::caught_up)
    }

    /// Whether every partition is being fetched from a broker that is up.
    pub(super) fn healthy(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(|entry| entry.healthy)
    }

    /// The partitions that don't wait for slower ones.
    pub(super) fn moving(&self) -> Vec<usize> {
        let indexes = 0..self.entries.len();
        indexes
            .filter(|index| !self.entries[*index].paused)
            .collect()
    }

    /// How many partitions wait for slower ones.
    pub(super) fn paused(&self) -> usize {
        self.entries.iter().filter(|entry| entry.paused).count()
    }

    /// Leaves the partitions that should move but don't out of the reckoning, until they yield a record.
    pub(super) fn stall(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| !entry.paused) {
            entry.stalled = entry.behind();
        }
        self.bound_ms = i64::MIN;
    }

    /// Decides who waits. The caller carries it out.
    pub(super) fn plan(&mut self) -> Plan {
        let slowest_ms = self.slowest_ms();
        let pause_ms =
            slowest_ms.map_or(i64::MAX, |slowest| slowest.saturating_add(self.skew_max_ms));
        let resume_ms = slowest_ms.map_or(i64::MAX, |slowest| {
            slowest.saturating_add(self.skew_max_ms / 2)
        });
        self.bound_ms = pause_ms;
        let mut plan = Plan::default();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let Some(last_ms) = entry.last_ms else {
                continue;
            };
            if !entry.paused && last_ms > pause_ms {
                entry.paused = true;
                plan.pause.push(index);
            } else if entry.paused && last_ms <= resume_ms {
                entry.paused = false;
                plan.resume.push(index);
            }
        }
        plan
    }

    fn slowest_ms(&self) -> Option<i64> {
        let moving = self
            .entries
            .iter()
            .filter(|entry| entry.behind() && !entry.stalled);
        moving
            .filter_map(|entry| entry.last_ms.or(entry.added_ms).or(self.first_ms))
            .min()
    }
}

impl Partition {
    /// How many offsets are unread.
    pub(super) fn lag(&self) -> i64 {
        (self.end - self.passed).max(0)
    }

    fn behind(&self) -> bool {
        self.passed < self.end
    }

    fn caught_up(&self) -> bool {
        self.healthy && !self.paused && self.passed >= self.end_before.unwrap_or(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn two(end: i64) -> Partitions {
        let mut partitions = Partitions::new(10 * MINUTE);
        partitions.add(TopicId(1), 0, 0, end);
        partitions.add(TopicId(1), 1, 0, end);
        partitions
    }

    fn read(partitions: &mut Partitions, index: usize, offset: i64, minute: i64) -> Plan {
        match partitions.record(index, offset, Some(minute * MINUTE)) {
            Step::NextThenPlan => partitions.plan(),
            _ => Plan::default(),
        }
    }

    fn at(end: i64, passed: i64) -> Progress {
        Progress {
            end,
            passed,
            healthy: true,
        }
    }

    #[test]
    fn a_record_counts_once() {
        let mut partitions = two(10);
        assert_ne!(partitions.record(0, 4, None), Step::Repeated);
        assert_eq!(partitions.record(0, 4, None), Step::Repeated);
        assert_eq!(partitions.record(0, 3, None), Step::Repeated);
        assert_ne!(
            partitions.record(0, 7, None),
            Step::Repeated,
            "compaction leaves holes"
        );
        assert_eq!(partitions.get(0).position, 8);
    }

    #[test]
    fn caught_up_is_to_the_end_of_an_interval_ago() {
        let mut partitions = Partitions::new(10 * MINUTE);
        partitions.add(TopicId(1), 0, 0, 2);
        assert!(!partitions.caught_up());
        partitions.record(0, 1, None);
        assert!(!partitions.caught_up(), "no broker was heard of yet");
        partitions.progress(0, at(5, 2));
        assert!(partitions.caught_up(), "what came since is being read");
        partitions.progress(0, at(9, 2));
        assert!(
            !partitions.caught_up(),
            "but an interval later it should have been"
        );
        partitions.record(0, 4, None);
        assert!(partitions.caught_up());
        partitions.progress(
            0,
            Progress {
                healthy: false,
                ..at(5, 2)
            },
        );
        assert!(!partitions.caught_up(), "its broker is away");
    }

    #[test]
    fn markers_at_the_end_are_no_lag() {
        let mut partitions = two(10);
        partitions.record(0, 7, None);
        partitions.progress(0, at(10, 8));
        assert_eq!(partitions.get(0).lag(), 2);
        partitions.progress(0, at(10, 10));
        assert_eq!(partitions.get(0).lag(), 0);
        partitions.progress(0, at(12, 5));
        assert_eq!(
            partitions.get(0).lag(),
            4,
            "old statistics don't take records back"
        );
        assert_ne!(
            partitions.record(0, 8, None),
            Step::Repeated,
            "nor skip any"
        );
    }

    #[test]
    fn the_faster_waits_for_the_slower() {
        let mut partitions = two(1000);
        assert!(read(&mut partitions, 0, 0, 0).is_empty());
        assert!(read(&mut partitions, 1, 0, 1).is_empty());
        assert!(read(&mut partitions, 0, 1, 10).is_empty());
        assert_eq!(read(&mut partitions, 0, 2, 12).pause, [0]);
        assert!(read(&mut partitions, 1, 1, 6).is_empty());
        read(&mut partitions, 1, 2, 8);
        assert_eq!(partitions.plan().resume, [0], "half the allowance ahead");
    }

    #[test]
    fn a_partition_that_yielded_nothing_yet_is_waited_for() {
        let mut partitions = two(1000);
        read(&mut partitions, 0, 0, 0);
        assert_eq!(read(&mut partitions, 0, 1, 11).pause, [0]);
        assert_eq!(read(&mut partitions, 1, 0, 30).pause, [1]);
        assert_eq!(
            partitions.paused(),
            1,
            "the first goes on, the second waits"
        );
    }

    #[test]
    fn a_partition_added_later_counts_from_where_the_others_are() {
        let mut partitions = two(1000);
        read(&mut partitions, 0, 0, 0);
        read(&mut partitions, 1, 0, 0);
        read(&mut partitions, 0, 998, 9);
        read(&mut partitions, 1, 999, 9);
        let third = partitions.add(TopicId(1), 2, 0, 50);
        assert!(read(&mut partitions, 0, 999, 19).is_empty());
        assert_eq!(read(&mut partitions, 0, 1000, 20).pause, [0]);
        read(&mut partitions, third, 49, 3);
        assert_eq!(partitions.plan().resume, [0], "it was read to its end");
    }

    #[test]
    fn nobody_waits_for_what_is_read_to_its_end() {
        let mut partitions = two(1000);
        read(&mut partitions, 0, 0, 0);
        assert_eq!(read(&mut partitions, 0, 1, 11).pause, [0]);
        read(&mut partitions, 1, 999, 0);
        assert_eq!(partitions.plan().resume, [0]);
    }

    #[test]
    fn nobody_waits_for_what_does_not_move() {
        let mut partitions = two(1000);
        read(&mut partitions, 0, 0, 0);
        assert_eq!(read(&mut partitions, 0, 1, 11).pause, [0]);
        partitions.stall();
        assert_eq!(partitions.plan().resume, [0]);
        assert!(read(&mut partitions, 0, 2, 60).is_empty());
        let plan = read(&mut partitions, 1, 0, 1);
        assert_eq!(plan.pause, [0], "it moves again, so it counts again");
    }

    #[test]
    fn something_always_moves() {
        let mut partitions = Partitions::new(10 * MINUTE);
        (0..7).for_each(|n| _ = partitions.add(TopicId(1), n, 0, 50));
        let mut order = 1_u64;
        for _ in 0..5000 {
            order = order
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (index, minute) = ((order >> 33) as usize % 7, (order >> 40) as i64 % 600);
            let paused = partitions.get(index).paused;
            if !paused {
                let offset = partitions.get(index).position;
                read(&mut partitions, index, offset, minute);
            }
            let can_move = partitions
                .iter()
                .any(|entry| !entry.paused && entry.behind());
            let work_left = partitions.iter().any(Partition::behind);
            partitions.plan();
            assert!(can_move || !work_left || partitions.paused() < 7);
        }
    }
}

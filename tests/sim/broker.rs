//! A simulated broker with a transaction coordinator, as far as the publisher lane can tell it from Apache Kafka: one
//! transactional id, epochs, fencing, open, committed and aborted transactions, time-outs, answers that are lost, and
//! ends of transactions that arrive late and end whatever is open then (Jepsen's analysis of Bufstream 0.1.0).

use std::sync::{Arc, Mutex, PoisonError};

use caseloom::ports::{Outlet, OutputRecord, Progress, PublishError, Publisher};

use crate::chaos::{Call, Chaos, Crashed};

/// A broker that outlives all processes. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    chaos: Chaos,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    /// All records ever written, with their transaction.
    log: Vec<(usize, Entry)>,
    transactions: Vec<Fate>,
    /// Ends of transactions on their way: the epoch they were sent in, and whether it is a commit.
    delayed: Vec<(u64, bool)>,
    /// Tells nobody what was committed: to see that the checks notice.
    forgetful: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Record(OutputRecord),
    Progress(Progress),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

impl Broker {
    pub(crate) fn new(chaos: &Chaos) -> Self {
        Self {
            chaos: chaos.clone(),
            state: Arc::default(),
        }
    }

    pub(crate) fn forget_progress(&self) {
        self.with(|state| state.forgetful = true);
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What readers of committed records see.
    pub(crate) fn committed(&self) -> Vec<Entry> {
        self.with(|state| state.visible().cloned().collect())
    }

    /// Time passes: the open transaction may time out, and what is on its way may arrive.
    pub(crate) fn tick(&self) {
        if self.chaos.fault(40) {
            self.with(State::time_out);
        }
        if self.chaos.fault(6) {
            self.with(State::deliver);
        }
    }

    /// Whatever is still on its way arrives.
    pub(crate) fn deliver_all(&self) {
        self.with(|state| {
            while !state.delayed.is_empty() {
                state.deliver();
            }
        });
    }
}

impl State {
    /// Records before the first open transaction, without those of aborted ones.
    fn visible(&self) -> impl Iterator<Item = &Entry> {
        let stable = self
            .log
            .iter()
            .take_while(|(transaction, _)| self.transactions[*transaction] != Fate::Open);
        let committed =
            stable.filter(|(transaction, _)| self.transactions[*transaction] == Fate::Committed);
        committed.map(|(_, entry)| entry)
    }

    fn open(&mut self) -> Option<&mut Fate> {
        self.transactions
            .last_mut()
            .filter(|fate| **fate == Fate::Open)
    }

    fn end(&mut self, commit: bool) {
        if let Some(fate) = self.open() {
            *fate = if commit {
                Fate::Committed
            } else {
                Fate::Aborted
            };
        }
    }

    fn time_out(&mut self) {
        if self.open().is_some() {
            self.end(false);
            self.epoch += 1;
        }
    }

    fn deliver(&mut self) {
        if let Some((epoch, commit)) = self.delayed.pop()
            && epoch == self.epoch
        {
            self.end(commit);
        }
    }

    fn progress(&self) -> Option<Progress> {
        let progress = self.visible().filter_map(|entry| match entry {
            Entry::Progress(progress) => Some(*progress),
            Entry::Record(_) => None,
        });
        progress.last().filter(|_| !self.forgetful)
    }
}

impl Outlet for Broker {
    fn progress(&mut self, settled: bool) -> Result<Option<Progress>, PublishError> {
        self.tick();
        let fails = self.chaos.fault(20);
        let progress = self.chaos.call(Call::Progress, || {
            self.with(|state| {
                let is_open = state.open().is_some();
                (state.progress(), is_open)
            })
        });
        match progress.map_err(gone)? {
            _ if fails => Err(PublishError::Temporary("no answer".into())),
            (_, true) if settled => Err(PublishError::Unfinished("a transaction is open".into())),
            (progress, _) => Ok(progress),
        }
    }

    fn publisher(&mut self) -> Result<Box<dyn Publisher>, PublishError> {
        let made = self.chaos.call(Call::Make, || SimPublisher {
            broker: self.clone(),
            epoch: None,
            is_over: false,
        });
        made.map(|publisher| Box::new(publisher) as _).map_err(gone)
    }
}

fn gone(_: Crashed) -> PublishError {
    PublishError::Temporary("the process is gone".into())
}

/// One producer's life.
struct SimPublisher {
    broker: Broker,
    epoch: Option<u64>,
    /// An error was returned after which it must not be used.
    is_over: bool,
}

impl SimPublisher {
    /// A request to the broker: refused when the epoch is old; its effect and its answer may be lost.
    fn request(&mut self, call: Call, effect: impl FnOnce(&mut State)) -> Result<(), PublishError> {
        assert!(!self.is_over, "a publisher was used after an error");
        self.broker.tick();
        let chaos = self.broker.chaos.clone();
        if chaos.fault(25) {
            return Err(PublishError::Unfinished("not yet".into()));
        }
        let (is_lost, is_unheard) = (chaos.fault(25), chaos.fault(25));
        let epoch = self.epoch;
        let done = chaos.call(call, || {
            self.broker.with(|state| {
                let is_fenced = epoch.is_some_and(|epoch| epoch != state.epoch);
                if !is_fenced && !is_lost {
                    effect(state);
                }
                is_fenced
            })
        });
        let result = match done {
            Err(crashed) => Err(gone(crashed)),
            Ok(true) => Err(PublishError::Fenced("an old epoch".into())),
            Ok(false) if is_lost || is_unheard => Err(PublishError::Temporary("no answer".into())),
            Ok(false) => Ok(()),
        };
        self.is_over = result.is_err();
        result
    }
}

impl Publisher for SimPublisher {
    fn open(&mut self) -> Result<(), PublishError> {
        let broker = self.broker.clone();
        self.request(Call::Open, |state| {
            state.end(false);
            state.epoch += 1;
        })?;
        self.epoch = Some(broker.with(|state| state.epoch));
        Ok(())
    }

    /// Nothing is asked of the broker yet.
    fn begin(&mut self) -> Result<(), PublishError> {
        let begun = self.broker.chaos.call(Call::Begin, || ());
        begun.map_err(gone)
    }

    fn send(&mut self, records: &[OutputRecord], progress: &Progress) -> Result<(), PublishError> {
        let entries = records.iter().cloned().map(Entry::Record);
        let mut entries: Vec<Entry> = entries.collect();
        entries.push(Entry::Progress(*progress));
        let chaos = self.broker.chaos.clone();
        let arrive = match chaos.fault(15) {
            true => chaos.below(entries.len()),
            false => entries.len(),
        };
        let is_partial = arrive < entries.len();
        entries.truncate(arrive);
        self.request(Call::Send, |state| {
            state.transactions.push(Fate::Open);
            let transaction = state.transactions.len() - 1;
            state
                .log
                .extend(entries.into_iter().map(|entry| (transaction, entry)));
        })?;
        self.is_over = is_partial;
        match is_partial {
            true => Err(PublishError::Temporary("some were not acknowledged".into())),
            false => Ok(()),
        }
    }

    fn commit(&mut self) -> Result<(), PublishError> {
        let epoch = self.epoch.expect("open comes first");
        if self.broker.chaos.fault(12) {
            // On its way for who knows how long; the client gives up.
            self.broker.with(|state| state.delayed.push((epoch, true)));
            self.is_over = true;
            return Err(PublishError::Temporary("no answer".into()));
        }
        self.request(Call::EndTxn, |state| state.end(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn progress(sequence: u64) -> Progress {
        Progress {
            lineage: [0; 16],
            instance: [0; 16],
            sequence,
        }
    }

    fn open(broker: &mut Broker) -> Box<dyn Publisher> {
        let mut publisher = broker.publisher().unwrap();
        publisher.open().unwrap();
        publisher
    }

    fn broker() -> Broker {
        Broker::new(&Chaos::new(Rng::new(1), None, false))
    }

    #[test]
    fn a_late_end_commits_what_is_open_unless_the_epoch_moved() {
        for reopen in [false, true] {
            let mut broker = broker();
            let mut publisher = open(&mut broker);
            let epoch = broker.with(|state| state.epoch);
            broker.with(|state| state.delayed.push((epoch, true)));
            if reopen {
                publisher = open(&mut broker);
            }
            publisher.begin().unwrap();
            publisher.send(&[], &progress(1)).unwrap();
            broker.deliver_all();
            assert_eq!(broker.committed().len(), usize::from(!reopen));
        }
    }

    #[test]
    fn the_first_of_two_is_shut_out_and_its_transaction_is_void() {
        let mut broker = broker();
        let mut first = open(&mut broker);
        first.send(&[], &progress(1)).unwrap();
        let mut second = open(&mut broker);
        let refused = first.commit();
        assert!(matches!(refused, Err(PublishError::Fenced(_))));
        second.send(&[], &progress(2)).unwrap();
        second.commit().unwrap();
        assert_eq!(broker.progress(true).unwrap(), Some(progress(2)));
    }

    #[test]
    fn an_open_transaction_hides_what_comes_after_it() {
        let mut broker = broker();
        let mut publisher = open(&mut broker);
        publisher.send(&[], &progress(1)).unwrap();
        publisher.commit().unwrap();
        publisher.send(&[], &progress(2)).unwrap();
        assert_eq!(broker.progress(false).unwrap(), Some(progress(1)));
        let refused = broker.progress(true);
        assert!(matches!(refused, Err(PublishError::Unfinished(_))));
    }
}

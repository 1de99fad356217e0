//! Replay: alerts from files through the same engine as the daemon's, without Kafka and without a store.
//!
//! `input` reads lines, `ledger` remembers one compact row per alert, `output` writes the four files. Wall time is told
//! as the highest event time so far, so the same files give the same result at any time of day.

mod input;
pub(crate) mod ledger;
mod output;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use caseloom_engine::accounting::MessageOutcome;
use caseloom_engine::alert::{Alert, Position, TopicId};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{CaseSnapshot, Decision, EventType};
use caseloom_engine::input::{Format, Message, Parser, Scope};
use caseloom_engine::policy::Policy;
use caseloom_engine::time::{Span, Timestamp};

pub use input::Input;
use ledger::Ledger;
use output::Rejected;
pub use output::Summary;

/// Alerts per seal: large enough to forget it, small enough for the records in between to stay in the cache.
const SEAL_EVERY: usize = 4_096;

/// How many alerts are decided together.
const DECIDE_EVERY: usize = 256;

/// What to replay, and where the results go.
#[derive(Debug)]
pub struct Replay<'a> {
    /// The files, in the order in which they are read.
    pub inputs: &'a [Input],
    /// What their lines are.
    pub format: Format,
    /// The scope of alerts that bring none, where the input names none.
    pub scope: &'a str,
    /// The directory for the results; made when it is not there.
    pub out: &'a Path,
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An input can't be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A result can't be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// More inputs than positions can name.
    #[error("more than 65,536 inputs")]
    TooManyInputs,
}

/// A replay under way.
struct Run {
    parser: Parser,
    correlator: Correlator,
    decision: Decision,
    ledger: Ledger,
    /// Cases that left the engine's memory.
    closed: Vec<CaseSnapshot>,
    alerts: Vec<Alert>,
    now: Timestamp,
    started: std::time::Instant,
}

impl Replay<'_> {
    /// Reads all inputs, decides, and writes `assignments.csv`, `cases.jsonl`, `rejects.jsonl` and `summary.json`.
    /// `progress` is told how many bytes of the input files were read since the last call.
    ///
    /// # Errors
    /// The first file that can't be read or written. What alerts say is never an error.
    pub fn run(
        &self,
        policy: Policy,
        parser: Parser,
        progress: &dyn Fn(u64),
    ) -> Result<Summary, ReplayError> {
        let mut rejects = output::Rejects::create(self.out)?;
        let mut run = Run::new(policy, parser);
        for (topic, input) in self.inputs.iter().enumerate() {
            let topic = TopicId(u16::try_from(topic).map_err(|_| ReplayError::TooManyInputs)?);
            run.correlator.name_topic(topic, &input.name());
            self.read(topic, input, &mut run, &mut rejects, progress)?;
        }
        run.finish();
        rejects.finish()?;
        output::write(self.out, self.inputs, run)
    }

    fn read(
        &self,
        topic: TopicId,
        input: &Input,
        run: &mut Run,
        rejects: &mut output::Rejects,
        progress: &dyn Fn(u64),
    ) -> Result<(), ReplayError> {
        let failed = |source| ReplayError::Read {
            path: input.path.clone(),
            source,
        };
        let mut reader = input.open(progress).map_err(failed)?;
        let scope = input.scope.as_deref().unwrap_or(self.scope);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                break;
            }
            let position = Position {
                topic,
                partition: 0,
                offset: number,
                index: 0,
            };
            let message = Message {
                bytes: &line,
                format: self.format,
                scope: Scope::Default(scope),
                position,
                broker_time: None,
                headers: &[],
            };
            run.message(&message, &mut |rejected| {
                rejects.add((&input.name(), number), rejected, &line)
            })?;
        }
        Ok(())
    }
}

impl Run {
    fn new(mut policy: Policy, parser: Parser) -> Self {
        // Gathered updates go nowhere here: only openings, merges and closings are worth a picture of the case.
        policy.gather = Span(i64::MAX);
        Self {
            parser,
            correlator: Correlator::new(policy, *b"caseloom replay!"),
            decision: Decision::default(),
            ledger: Ledger::default(),
            closed: Vec::new(),
            alerts: Vec::new(),
            now: Timestamp::MIN,
            started: std::time::Instant::now(),
        }
    }

    /// One message: parse, decide, note.
    fn message(
        &mut self,
        message: &Message<'_>,
        rejected: &mut dyn FnMut(&Rejected<'_>) -> Result<(), ReplayError>,
    ) -> Result<(), ReplayError> {
        match self.parser.parse(message, &mut self.alerts) {
            Ok(parsed) => {
                self.correlator.on_message(parsed.outcome());
                // Rows are in the order of the input.
                if !parsed.rejects.is_empty() || self.alerts.len() >= DECIDE_EVERY {
                    self.decide();
                }
                let format = parsed.format.unwrap_or(message.format);
                for (index, reject) in &parsed.rejects {
                    rejected(&Rejected {
                        index: Some(*index),
                        reject,
                        format: self.parser.format_name(format),
                    })?;
                    self.ledger.reject(message.position, *index);
                }
            }
            Err(reject) => {
                self.correlator.on_message(MessageOutcome::Rejected);
                self.decide();
                let format = self.parser.guess().format.unwrap_or(message.format);
                rejected(&Rejected {
                    index: None,
                    reject: &reject,
                    format: self.parser.format_name(format),
                })?;
                self.ledger.reject(message.position, 0);
            }
        }
        Ok(())
    }

    /// Decides what was parsed.
    fn decide(&mut self) {
        let decided = self.decision.outcomes.len();
        let time = &mut self.now;
        let now = |alert: &Alert| {
            *time = alert.time.max(*time);
            *time
        };
        self.correlator
            .on_alerts(&self.alerts, now, &mut self.decision);
        let outcomes = &self.decision.outcomes[decided..];
        for (alert, decided) in self.alerts.iter().zip(outcomes) {
            self.ledger.add(alert, decided.outcome);
        }
        self.alerts.clear();
        if self.decision.outcomes.len() >= SEAL_EVERY {
            self.seal();
        }
    }

    fn finish(&mut self) {
        self.decide();
        self.correlator.finish(self.now, &mut self.decision);
        self.seal();
    }

    /// Takes over what was decided since the last time.
    fn seal(&mut self) {
        self.correlator.seal(&mut self.decision);
        self.decision
            .records
            .iter()
            .for_each(|record| self.ledger.learn(record));
        let closings = self.decision.events.drain(..);
        self.closed.extend(
            closings
                .filter(|event| event.event == EventType::Closed)
                .map(|event| event.case),
        );
        self.decision.clear();
    }
}

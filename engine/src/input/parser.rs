//! Parser: the whole way from a message's bytes to its alerts, with memory that is reused between messages.

mod records;
mod run;

use smallvec::SmallVec;

use crate::alert::Alert;

use super::detect::{Detector, Format};
use super::json::Readers;
use super::limits::Limits;
use super::mapping::Mapping;
use super::reject::Reject;
use super::{Message, Parsed};

use records::Records;
use run::Run;

/// Reads messages. Owns its scratch memory, so each thread has its own.
pub struct Parser {
    readers: Readers,
    records: Records,
    guess: Guess,
}

/// What a message that was rejected seemed to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guess {
    /// The format of the first record whose format was told.
    pub format: Option<Format>,
    /// The envelopes that were opened.
    pub envelopes: SmallVec<[&'static str; 4]>,
}

impl std::fmt::Debug for Parser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mappings: Vec<&str> = self.records.mappings.iter().map(Mapping::name).collect();
        formatter
            .debug_struct("Parser")
            .field("mappings", &mappings)
            .field("limits", &self.records.limits)
            .finish_non_exhaustive()
    }
}

impl Parser {
    /// A parser that knows the built-in formats and `mappings`. With [`Format::Auto`] mappings are tried first, in
    /// the order given, so that a mapping can take over what a built-in format would read.
    #[must_use]
    pub fn new(mappings: Vec<Mapping>, limits: Limits) -> Self {
        let detector = Detector::new(&mappings);
        Self {
            readers: Readers::new(&limits),
            records: Records {
                mappings,
                detector,
                limits,
            },
            guess: Guess::default(),
        }
    }

    /// What the last message that [`Self::parse`] rejected seemed to be.
    #[must_use]
    pub fn guess(&self) -> &Guess {
        &self.guess
    }

    /// The format of that name: `auto`, a built-in format, or a mapping.
    #[must_use]
    pub fn format(&self, name: &str) -> Option<Format> {
        Format::built_in(name).or_else(|| {
            let at = self
                .records
                .mappings
                .iter()
                .position(|mapping| mapping.name() == name)?;
            u16::try_from(at).ok().map(Format::Mapping)
        })
    }

    /// The name of `format`, for a metric's label. The set is bounded by the configuration.
    #[must_use]
    pub fn format_name(&self, format: Format) -> &str {
        match format {
            Format::Mapping(at) => self
                .records
                .mappings
                .get(usize::from(at))
                .map_or("unknown", Mapping::name),
            built_in => built_in.as_str(),
        }
    }

    /// Reads `message` and appends its alerts to `alerts`.
    ///
    /// # Errors
    /// A [`Reject`] when the message as a whole, or its only record, was not understood; nothing is appended then.
    /// Of a message with several records each bad one is in [`Parsed::rejects`].
    pub fn parse(
        &mut self,
        message: &Message<'_>,
        alerts: &mut Vec<Alert>,
    ) -> Result<Parsed, Reject> {
        let bytes = message.bytes.trim_ascii();
        let limits = &self.records.limits;
        if bytes.len() > limits.message_bytes_max {
            return Err(Reject::TooLarge {
                bytes: bytes.len(),
                max: limits.message_bytes_max,
            });
        }
        let before = alerts.len();
        let mut run = Run {
            records: &self.records,
            message,
            first: before,
            alerts,
            readers: &mut self.readers,
            parsed: Parsed::default(),
            next: 0,
        };
        let place = run.headers();
        let result = run.value(message.bytes, place);
        let mut parsed = run.parsed;
        let only = if run.next == 1 {
            parsed.rejects.pop()
        } else {
            None
        };
        match (result, only) {
            (Ok(()), None) => Ok(parsed),
            // The reject of an only record is the message's.
            (Ok(()), Some((_, reject))) | (Err(reject), _) => {
                alerts.truncate(before);
                let reject = run::explained(reject, message);
                self.guess = Guess {
                    format: parsed.format,
                    envelopes: parsed.envelopes,
                };
                Err(reject)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_can_move_to_its_thread() {
        fn is_send<T: Send>() {}
        is_send::<Parser>();
    }
}

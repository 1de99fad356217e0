//! Parser: the whole way from a message's bytes to its alerts, with memory that is reused between messages.

use crate::alert::Alert;

use super::detect::{Detector, Format};
use super::draft::{Desk, Reading};
use super::formats;
use super::json::{self, Reader, Value};
use super::limits::Limits;
use super::mapping::Mapping;
use super::reject::Reject;
use super::unwrap::{self, Lines};
use super::{Message, Parsed, detect};

/// Reads messages. Owns its scratch memory, so each thread has its own.
pub struct Parser {
    reader: Reader,
    records: Records,
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

/// What reads one record.
struct Records {
    mappings: Vec<Mapping>,
    detector: Detector,
    limits: Limits,
}

impl Parser {
    /// A parser that knows the built-in formats and `mappings`. With [`Format::Auto`] mappings are tried first, in
    /// the order given, so that a mapping can take over what a built-in format would read.
    #[must_use]
    pub fn new(mappings: Vec<Mapping>, limits: Limits) -> Self {
        let detector = Detector::new(&mappings);
        Self {
            reader: Reader::new(&limits),
            records: Records {
                mappings,
                detector,
                limits,
            },
        }
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
        let bytes = message
            .bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(message.bytes)
            .trim_ascii();
        let limits = &self.records.limits;
        if bytes.is_empty() {
            return Ok(Parsed::default());
        }
        if bytes.len() > limits.message_bytes_max {
            return Err(Reject::TooLarge {
                bytes: bytes.len(),
                max: limits.message_bytes_max,
            });
        }
        let mut run = Run {
            records: &self.records,
            message,
            alerts,
            parsed: Parsed::default(),
            next: 0,
        };
        let lines = Lines::of(bytes);
        if let Some(lines) = lines.as_ref().filter(|lines| lines.is_certain) {
            return run.lines(&mut self.reader, lines);
        }
        match (self.reader.read(bytes, |root| run.document(root)), lines) {
            (Ok(()), _) => run.finish(),
            // A list that is too long is JSON all right.
            (Err(reject @ Reject::TooManyAlerts { .. }), _) | (Err(reject), None) => Err(reject),
            (Err(_), Some(lines)) => run.lines(&mut self.reader, &lines),
        }
    }
}

/// One message on its way.
struct Run<'r> {
    records: &'r Records,
    message: &'r Message<'r>,
    alerts: &'r mut Vec<Alert>,
    parsed: Parsed,
    /// Index of the next record; counts all, so that an alert's index doesn't depend on its neighbours' fate.
    next: u32,
}

impl Run<'_> {
    fn document(&mut self, root: Value<'_>) -> Result<(), Reject> {
        unwrap::each_record(root, &self.records.limits, |record| self.record(record))
    }

    fn lines(mut self, reader: &mut Reader, lines: &Lines<'_>) -> Result<Parsed, Reject> {
        let max = self.records.limits.alerts_max;
        let first = self.alerts.len();
        for line in lines.iter() {
            if self.next as usize >= max {
                self.alerts.truncate(first);
                return Err(Reject::TooManyAlerts {
                    alerts: max + 1,
                    max,
                });
            }
            if let Err(reject) = reader.read(line, |root| self.document(root)) {
                self.parsed.rejects.push((self.next, reject));
                self.next += 1;
            }
        }
        self.finish()
    }

    fn record(&mut self, record: Value<'_>) {
        let index = self.next;
        self.next += 1;
        let before = self.alerts.len();
        match self.read(record, index) {
            Ok(Reading::Alert) => self.parsed.alerts += 1,
            Ok(Reading::NotAnAlert) => self.parsed.not_alerts += 1,
            Err(reject) => {
                self.alerts.truncate(before);
                self.parsed.rejects.push((index, reject));
            }
        }
    }

    fn read(&mut self, record: Value<'_>, index: u32) -> Result<Reading, Reject> {
        if record.fields().is_none() {
            return Err(Reject::NotAnObject {
                found: record.kind(),
            });
        }
        let limits = &self.records.limits;
        json::check(record, limits)?;
        let format = self.records.detector.detect(self.message.format, record)?;
        self.parsed.format.get_or_insert(format);
        let desk = Desk {
            message: self.message,
            limits,
            index,
            notes: &mut self.parsed.notes,
            alerts: self.alerts,
        };
        match format {
            Format::Mapping(at) => match self.records.mappings.get(usize::from(at)) {
                Some(mapping) => mapping.read(record, desk),
                None => Err(detect::unknown(record)),
            },
            built_in => formats::read(built_in, record, desk),
        }
    }

    /// The reject of an only record is the message's.
    fn finish(mut self) -> Result<Parsed, Reject> {
        if self.next == 1
            && let Some((_, reject)) = self.parsed.rejects.pop()
        {
            return Err(reject);
        }
        Ok(self.parsed)
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

//! Parser: the whole way from a message's bytes to its alerts, with memory that is reused between messages.

use crate::alert::Alert;

use super::detect::{BuiltIn, Detector, Format};
use super::draft::{Desk, Reading};
use super::facts::Facts;
use super::json::{self, Readers, Value};
use super::limits::Limits;
use super::line::Line;
use super::mapping::Mapping;
use super::reject::{Reject, excerpt};
use super::unwrap::{self, Lines};
use super::{Message, Parsed, detect};

/// Reads messages. Owns its scratch memory, so each thread has its own.
pub struct Parser {
    readers: Readers,
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
            readers: Readers::new(&limits),
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
            alerts,
            readers: &mut self.readers,
            parsed: Parsed::default(),
            next: 0,
        };
        match run.bytes(bytes, Facts::default()) {
            Ok(()) => run.finish(),
            Err(reject) => {
                alerts.truncate(before);
                Err(reject)
            }
        }
    }
}

/// One message on its way.
struct Run<'r> {
    records: &'r Records,
    message: &'r Message<'r>,
    alerts: &'r mut Vec<Alert>,
    readers: &'r mut Readers,
    parsed: Parsed,
    /// Index of the next record; counts all, so that an alert's index doesn't depend on its neighbours' fate.
    next: u32,
}

impl Run<'_> {
    /// Reads what holds any number of records: JSON, JSON lines, or lines of text.
    fn bytes(&mut self, bytes: &[u8], facts: Facts<'_>) -> Result<(), Reject> {
        let bytes = bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(bytes)
            .trim_ascii();
        if bytes.is_empty() {
            return Ok(());
        }
        if !unwrap::may_be_json(bytes) {
            return self.text(bytes, facts);
        }
        let lines = Lines::of(bytes);
        if let Some(lines) = lines.as_ref().filter(|lines| lines.is_certain) {
            return self.lines(lines, facts);
        }
        match (self.json(bytes, facts), lines) {
            // A list that is too long is JSON all right.
            (Err(Reject::InvalidJson { .. }), Some(lines)) => self.lines(&lines, facts),
            (result, _) => result,
        }
    }

    /// Reads one JSON document.
    fn json(&mut self, document: &[u8], facts: Facts<'_>) -> Result<(), Reject> {
        let Some(mut reader) = self.readers.take() else {
            return Err(Reject::TooManyEnvelopes {
                max: self.records.limits.envelopes_max,
            });
        };
        let result = reader.read(document, |root| self.document(root, facts));
        self.readers.put_back(reader);
        result
    }

    fn document(&mut self, root: Value<'_>, facts: Facts<'_>) -> Result<(), Reject> {
        let limits = &self.records.limits;
        unwrap::each_record(root, limits, |record| self.record(record, facts))
    }

    fn lines(&mut self, lines: &Lines<'_>, facts: Facts<'_>) -> Result<(), Reject> {
        let max = self.records.limits.alerts_max;
        for line in lines.iter() {
            if self.next as usize >= max {
                return Err(Reject::TooManyAlerts {
                    alerts: max + 1,
                    max,
                });
            }
            if let Err(reject) = self.json(line, facts) {
                self.reject(reject);
            }
        }
        Ok(())
    }

    /// Reads text that is no JSON: one record per line.
    fn text(&mut self, bytes: &[u8], facts: Facts<'_>) -> Result<(), Reject> {
        let text = std::str::from_utf8(bytes).map_err(|bad| Reject::InvalidUtf8 {
            offset: bad.valid_up_to(),
        })?;
        let line = Line::of(text, self.message.broker_time);
        let facts = line.facts(facts);
        self.one(facts, |records, desk| records.read_text(&line, desk));
        Ok(())
    }

    fn record(&mut self, record: Value<'_>, facts: Facts<'_>) {
        self.one(facts, |records, desk| records.read(record, desk));
    }

    /// Reads one record with `read` and keeps what came of it.
    fn one(&mut self, facts: Facts<'_>, read: impl FnOnce(&Records, &mut Desk<'_>) -> Told) {
        let before = self.alerts.len();
        let index = self.next;
        let mut desk = Desk {
            message: self.message,
            limits: &self.records.limits,
            facts,
            next: index,
            notes: &mut self.parsed.notes,
            alerts: self.alerts,
            rejects: &mut self.parsed.rejects,
            readers: self.readers,
        };
        let result = read(self.records, &mut desk);
        self.next = desk.next.max(index + 1);
        let format = match result {
            Ok((format, reading)) => {
                self.parsed.not_alerts += u32::from(reading == Reading::NotAnAlert);
                Some(format)
            }
            Err((format, reject)) => {
                self.alerts.truncate(before);
                self.parsed.rejects.push((index, reject));
                format
            }
        };
        self.parsed.alerts += (self.alerts.len() - before) as u32;
        self.parsed.format = self.parsed.format.or(format);
    }

    fn reject(&mut self, reject: Reject) {
        self.parsed.rejects.push((self.next, reject));
        self.next += 1;
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

/// What a record's format is, once it is told, and what came of reading it.
type Told = Result<(Format, Reading), (Option<Format>, Reject)>;

impl Records {
    fn read(&self, record: Value<'_>, desk: &mut Desk<'_>) -> Told {
        if record.fields().is_none() {
            let found = record.kind();
            return Err((None, Reject::NotAnObject { found }));
        }
        json::check(record, &self.limits).map_err(|reject| (None, reject))?;
        let format = self
            .detector
            .detect(desk.message.format, record)
            .map_err(|reject| (None, reject))?;
        let reading = match format {
            Format::BuiltIn(built_in) => match &built_in.room().json {
                Some(json) => (json.read)(record, desk),
                None => Err(detect::unknown(record)),
            },
            Format::Mapping(at) => match self.mappings.get(usize::from(at)) {
                Some(mapping) => mapping.read(record, desk),
                None => Err(detect::unknown(record)),
            },
            Format::Auto => Err(detect::unknown(record)),
        };
        match reading {
            Ok(reading) => Ok((format, reading)),
            Err(reject) => Err((Some(format), reject)),
        }
    }

    fn read_text(&self, line: &Line<'_>, desk: &mut Desk<'_>) -> Told {
        let told = match desk.message.format {
            Format::BuiltIn(built_in) => Some(built_in).zip(built_in.room().text),
            Format::Auto => BuiltIn::all()
                .filter_map(|built_in| Some(built_in).zip(built_in.room().text))
                .find(|(_, texts)| (texts.tells)(line)),
            Format::Mapping(_) => None,
        };
        let Some((built_in, texts)) = told else {
            let start = excerpt(line.text);
            return Err((None, Reject::UnknownText { start }));
        };
        let format = Format::BuiltIn(built_in);
        match (texts.read)(line, desk) {
            Ok(reading) => Ok((format, reading)),
            Err(reject) => Err((Some(format), reject)),
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

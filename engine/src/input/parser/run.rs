//! Run: one message on its way through its envelopes to its records.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::alert::Alert;

use super::super::detect::{self, Format, Told};
use super::super::draft::{Desk, Reading};
use super::super::facts::Facts;
use super::super::json::{self, Readers, Value};
use super::super::line::Line;
use super::super::reject::{self, Reject, excerpt};
use super::super::unwrap::envelope::{self, Inside};
use super::super::unwrap::inflate::Compression;
use super::super::unwrap::telling;
use super::super::unwrap::{self, Documents, Lines};
use super::super::{Message, Parsed};
use super::records::Records;

/// Where something stands: what the envelopes around it said, and how many they are.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    facts: Facts<'a>,
    level: usize,
}

/// One message on its way.
pub(super) struct Run<'r> {
    pub(super) records: &'r Records,
    pub(super) message: &'r Message<'r>,
    /// How many alerts there were before.
    pub(super) first: usize,
    pub(super) alerts: &'r mut Vec<Alert>,
    pub(super) readers: &'r mut Readers,
    pub(super) parsed: Parsed,
    /// Index of the next record; counts all, so that an alert's index doesn't depend on its neighbours' fate.
    pub(super) next: u32,
}

impl<'r> Run<'r> {
    /// The headers of CloudEvents' binary mode are an envelope too.
    pub(super) fn headers(&mut self) -> Place<'r> {
        let mut place = Place::default();
        for (name, value) in self.message.headers {
            match *name {
                "ce_specversion" => self.parsed.note_envelope("cloudevents"),
                "ce_time" => place.facts.time = envelope::header_time(value),
                "ce_type" => place.facts.feed = std::str::from_utf8(value).ok(),
                _ => {}
            }
        }
        place
    }

    /// Reads a value as it came, or as it was in base64: compressed, with a registry's header, or text.
    pub(super) fn value(&mut self, bytes: &[u8], place: Place<'_>) -> Result<(), Reject> {
        if let Some(compression) = Compression::of(bytes) {
            let place = self.enter(compression.as_str(), place)?;
            let inflated = compression.inflate(bytes, &self.records.limits)?;
            return self.value(&inflated, place);
        }
        if let Some(value) = unwrap::registered(bytes) {
            let place = self.enter("confluent", place)?;
            return self.bytes(value?, place);
        }
        self.bytes(bytes, place)
    }

    /// Reads what holds any number of records: JSON, JSON lines, or lines of text.
    fn bytes(&mut self, bytes: &[u8], place: Place<'_>) -> Result<(), Reject> {
        let bytes = bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(bytes)
            .trim_ascii();
        if bytes.is_empty() {
            return Ok(());
        }
        if !unwrap::may_be_json(bytes) {
            return self.text(bytes, place);
        }
        let lines = Lines::of(bytes);
        if let Some(lines) = lines.as_ref().filter(|lines| lines.is_certain) {
            return self.documents("ndjson", lines.iter(), place);
        }
        match self.json(bytes, place) {
            Err(reject @ Reject::InvalidJson { .. }) => {
                if let Some(lines) = lines {
                    self.documents("ndjson", lines.iter(), place)
                } else if let Some(documents) = Documents::of(bytes) {
                    self.documents("concatenated", documents, place)
                } else if unwrap::may_be_text(bytes) || self.is_text(bytes) {
                    self.text(bytes, place)
                } else {
                    Err(reject)
                }
            }
            // A list that is too long is JSON all right.
            result => result,
        }
    }

    /// Whether what turned out to be no JSON is a text that some format knows: a date or a bracket may begin both.
    fn is_text(&self, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return false;
        };
        let is_known = |text: &str| {
            let line = Line::of(text, self.message.broker_time);
            let told = |is_general| Records::tell_text(self.message.format, &line, is_general);
            told(false).or_else(|| told(true)).is_some()
        };
        !text.starts_with('{') && unwrap::text_records(text).next().is_some_and(is_known)
    }

    /// Reads one JSON document.
    fn json(&mut self, document: &[u8], place: Place<'_>) -> Result<(), Reject> {
        let Some(mut reader) = self.readers.take() else {
            return Err(self.too_many_envelopes());
        };
        let result = reader.read(document, |root| self.document(root, place));
        self.readers.put_back(reader);
        result
    }

    fn document(&mut self, root: Value<'_>, place: Place<'_>) -> Result<(), Reject> {
        if root.elements().is_some() {
            self.parsed.note_envelope("array");
            return self.each(root, place);
        }
        if !root.is_null() {
            self.record(root, place);
        }
        Ok(())
    }

    /// Reads the elements of a list.
    fn each(&mut self, list: Value<'_>, mut place: Place<'_>) -> Result<(), Reject> {
        let max = self.records.limits.alerts_max;
        let alerts = self.next as usize + list.len();
        if alerts > max {
            return Err(Reject::TooManyAlerts { alerts, max });
        }
        // It names all of them, so it is none's.
        place.facts.id = None;
        list.elements()
            .into_iter()
            .flatten()
            .for_each(|element| self.record(element, place));
        Ok(())
    }

    fn documents<'b>(
        &mut self,
        name: &'static str,
        documents: impl Iterator<Item = &'b [u8]>,
        mut place: Place<'_>,
    ) -> Result<(), Reject> {
        let max = self.records.limits.alerts_max;
        self.parsed.note_envelope(name);
        place.facts.id = None;
        for document in documents {
            if self.next as usize >= max {
                return Err(Reject::TooManyAlerts {
                    alerts: max + 1,
                    max,
                });
            }
            if let Err(reject) = self.json(document, place) {
                self.reject(reject);
            }
        }
        Ok(())
    }

    /// Reads text that is no JSON document.
    fn text(&mut self, bytes: &[u8], place: Place<'_>) -> Result<(), Reject> {
        let text = std::str::from_utf8(bytes).map_err(|bad| Reject::InvalidUtf8 {
            offset: bad.valid_up_to(),
        })?;
        let max = self.records.limits.alerts_max;
        for record in unwrap::text_records(text) {
            if self.next as usize >= max {
                return Err(Reject::TooManyAlerts {
                    alerts: max + 1,
                    max,
                });
            }
            self.line(record, place);
        }
        Ok(())
    }

    /// Reads one text record: of a product, or JSON behind a header, or of a general format.
    fn line(&mut self, text: &str, place: Place<'_>) {
        let line = Line::of(text, self.message.broker_time);
        let place = Place {
            facts: line.facts(place.facts),
            ..place
        };
        if line.has_header() {
            self.parsed.note_envelope("syslog");
        }
        let format = self.message.format;
        let told = Records::tell_text(format, &line, false);
        if told.is_none()
            && let Some(document) = line.document()
        {
            let result = self
                .enter("syslog", place)
                .and_then(|place| self.json(document.as_bytes(), place));
            match result {
                Ok(()) => return,
                Err(Reject::InvalidJson { .. }) => {}
                Err(reject) => return self.reject(reject),
            }
        }
        let told = told.or_else(|| Records::tell_text(format, &line, true));
        match told {
            Some((built_in, texts)) => {
                let format = Format::BuiltIn(built_in);
                self.one(format, place.facts, |_, desk| (texts.read)(&line, desk));
            }
            None => self.reject(Reject::UnknownText {
                start: excerpt(line.text),
            }),
        }
    }

    /// Reads one element or document: an envelope is opened, anything else is a record.
    fn record(&mut self, record: Value<'_>, place: Place<'_>) {
        if let Err(reject) = self.try_record(record, place) {
            self.reject(reject);
        }
    }

    fn try_record(&mut self, record: Value<'_>, place: Place<'_>) -> Result<(), Reject> {
        if record.fields().is_none() {
            return self.scalar(record, place);
        }
        let records = self.records;
        match records.tell(self.message.format, record, place.facts) {
            Ok(Told::Format(format)) => {
                json::check(record, &records.limits)?;
                self.one(format, place.facts, |records, desk| {
                    records.read(format, record, desk)
                });
                Ok(())
            }
            Ok(Told::Envelope(name, inside, facts)) => {
                json::check_envelope(record, &records.limits)?;
                let place = self.enter(name, Place { facts, ..place })?;
                self.open(name, inside, place)
            }
            Ok(Told::Prose(name, text, facts)) if self.is_text(text.as_bytes()) => {
                let place = self.enter(name, Place { facts, ..place })?;
                self.text(text.as_bytes(), place)
            }
            Ok(Told::Prose(..)) => {
                json::check(record, &records.limits)?;
                Err(detect::unknown(record))
            }
            Err(reject) => {
                // A broken record is broken, whoever may know it.
                json::check(record, &records.limits)?;
                Err(reject)
            }
        }
    }

    /// A string may be a record in a string.
    fn scalar(&mut self, value: Value<'_>, place: Place<'_>) -> Result<(), Reject> {
        match value.as_str().filter(|text| telling::tells(text)) {
            Some(text) => {
                let place = self.enter("string", place)?;
                self.bytes(text.as_bytes(), place)
            }
            None => Err(Reject::NotAnObject {
                found: value.kind(),
            }),
        }
    }

    fn open(
        &mut self,
        name: &'static str,
        inside: Inside<'_>,
        place: Place<'_>,
    ) -> Result<(), Reject> {
        match inside {
            Inside::Value(value) | Inside::Perhaps(value) => self.try_record(value, place),
            Inside::Each(list) => self.each(list, place),
            Inside::Text(text) => self.bytes(text.as_bytes(), place),
            Inside::Base64(text) => self.value(&decoded(text, name)?, place),
            Inside::DeadLetter(text, None) => self.value(&decoded(text, name)?, place),
            Inside::DeadLetter(text, Some(index)) => {
                self.dead_letter(&decoded(text, name)?, index, place)
            }
        }
    }

    /// Reads again what was rejected at `index` of a message; its neighbours were alerts then.
    fn dead_letter(&mut self, bytes: &[u8], index: u32, place: Place<'_>) -> Result<(), Reject> {
        let (alerts, rejects) = (self.alerts.len(), self.parsed.rejects.len());
        let wanted = self.next + index;
        self.value(bytes, place)?;
        let mut at = 0;
        self.alerts.retain(|alert| {
            at += 1;
            at <= alerts || alert.position.index == wanted
        });
        let mut at = 0;
        self.parsed.rejects.retain(|(index, _)| {
            at += 1;
            at <= rejects || *index == wanted
        });
        self.parsed.alerts = u32::try_from(self.alerts.len() - self.first).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Counts one more envelope.
    fn enter<'a>(&mut self, name: &'static str, place: Place<'a>) -> Result<Place<'a>, Reject> {
        if place.level >= self.records.limits.envelopes_max {
            return Err(self.too_many_envelopes());
        }
        self.parsed.note_envelope(name);
        Ok(Place {
            level: place.level + 1,
            ..place
        })
    }

    fn too_many_envelopes(&self) -> Reject {
        Reject::TooManyEnvelopes {
            max: self.records.limits.envelopes_max,
        }
    }

    /// Reads one record of `format` with `read` and keeps what came of it.
    fn one(
        &mut self,
        format: Format,
        facts: Facts<'_>,
        read: impl FnOnce(&Records, &mut Desk<'_>) -> Result<Reading, Reject>,
    ) {
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
        match result {
            Ok(reading) => {
                self.parsed.not_alerts += u32::from(reading == Reading::NotAnAlert);
            }
            Err(reject) => {
                self.alerts.truncate(before);
                reject::keep(&mut self.parsed.rejects, index, reject);
            }
        }
        let alerts = self.alerts.len() - before;
        self.parsed.alerts += u32::try_from(alerts).unwrap_or(u32::MAX);
        self.parsed.format.get_or_insert(format);
    }

    fn reject(&mut self, reject: Reject) {
        reject::keep(&mut self.parsed.rejects, self.next, reject);
        self.next += 1;
    }
}

/// What could not be read is named by its content type, where that says that it is no text.
pub(super) fn explained(reject: Reject, message: &Message<'_>) -> Reject {
    const BINARY: [&str; 6] = [
        "avro",
        "protobuf",
        "msgpack",
        "cbor",
        "thrift",
        "octet-stream",
    ];
    let unread = matches!(
        reject,
        Reject::InvalidUtf8 { .. } | Reject::InvalidJson { .. } | Reject::UnknownText { .. }
    );
    let mut headers = message.headers.iter().filter(|_| unread);
    let stated = headers.find(|(name, _)| *name == "content-type");
    let stated = stated.and_then(|(_, value)| std::str::from_utf8(value).ok());
    let is_binary = |stated: &&str| BINARY.iter().any(|word| stated.contains(word));
    match stated.filter(is_binary) {
        Some(stated) => Reject::BinaryContent {
            content_type: excerpt(stated),
        },
        None => reject,
    }
}

fn decoded(text: &str, envelope: &'static str) -> Result<Vec<u8>, Reject> {
    BASE64
        .decode(text.trim_ascii())
        .map_err(|_| Reject::BadBase64 { envelope })
}

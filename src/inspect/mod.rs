//! Inspect: what messages are understood to be, for people who write mappings and for programs that compare.
//!
//! `input` cuts a file into messages, `json` and `text` write what came of one. The parser is the daemon's; nothing is
//! decided here.

mod input;
mod json;
mod text;

use caseloom_engine::alert::{Alert, Position};
use caseloom_engine::input::{
    Format, Guess, Message, Notes, Parsed, Parser, Reject, Rejects, Scope,
};
use caseloom_engine::time::Timestamp;

use crate::clock::{Clock, SystemClock};

pub use input::messages;
pub use json::to_json;
pub use text::to_text;

/// Reads messages and remembers what came of the last.
#[derive(Debug)]
pub struct Inspector {
    parser: Parser,
}

/// What came of one message.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Its number in the file, from 1.
    pub message: u64,
    /// The envelopes that were opened, the outermost first.
    pub envelopes: Vec<&'static str>,
    /// The name of the format of its first record; `None`: it was not told.
    pub format: Option<String>,
    /// Its alerts.
    pub alerts: Vec<Alert>,
    /// Records that were understood and are no alerts.
    pub not_alerts: u32,
    /// Why the message was rejected.
    pub reject: Option<Reject>,
    /// Why records of it were, where others were not.
    pub rejects: Rejects,
    /// What was left out of its alerts.
    pub notes: Notes,
}

impl Inspector {
    /// An inspector that reads with `parser`.
    #[must_use]
    pub fn new(parser: Parser) -> Self {
        Self { parser }
    }

    /// The format of that name.
    #[must_use]
    pub fn format(&self, name: &str) -> Option<Format> {
        self.parser.format(name)
    }

    /// Reads the message with this number.
    pub fn inspect(&mut self, number: u64, bytes: &[u8], format: Format) -> Inspected {
        let mut alerts = Vec::new();
        let offset = i64::try_from(number).unwrap_or(i64::MAX);
        let mut parse = |broker_time: Option<Timestamp>, alerts: &mut Vec<Alert>| {
            let message = Message {
                bytes,
                format,
                scope: Scope::Default("default"),
                position: Position {
                    offset,
                    ..Position::default()
                },
                broker_time,
                headers: &[],
            };
            self.parser.parse(&message, alerts)
        };
        // A broker would say which year a date without one means, and when what tells no time arrived; without it the clock
        // does.
        let result = match parse(None, &mut alerts) {
            Err(Reject::MissingTime { .. } | Reject::BadTime { .. }) => {
                parse(Some(SystemClock.now()), &mut alerts)
            }
            result => result,
        };
        match result {
            Ok(parsed) => self.understood(number, parsed, alerts),
            Err(reject) => self.rejected(number, reject),
        }
    }

    fn understood(&self, message: u64, parsed: Parsed, alerts: Vec<Alert>) -> Inspected {
        Inspected {
            message,
            envelopes: parsed.envelopes.to_vec(),
            format: self.name(parsed.format),
            alerts,
            not_alerts: parsed.not_alerts,
            reject: None,
            rejects: parsed.rejects,
            notes: parsed.notes,
        }
    }

    fn rejected(&self, message: u64, reject: Reject) -> Inspected {
        let Guess { format, envelopes } = match reject {
            Reject::TooLarge { .. } => Guess::default(),
            _ => self.parser.guess().clone(),
        };
        Inspected {
            message,
            envelopes: envelopes.to_vec(),
            format: self.name(format),
            alerts: Vec::new(),
            not_alerts: 0,
            reject: Some(reject),
            rejects: Rejects::new(),
            notes: Notes::default(),
        }
    }

    fn name(&self, format: Option<Format>) -> Option<String> {
        format.map(|format| self.parser.format_name(format).to_owned())
    }
}

impl Inspected {
    /// The reject of the message, or else the first of its records'; with its place in the message where it has one.
    #[must_use]
    pub fn first_reject(&self) -> Option<(Option<u32>, &Reject)> {
        let of_record = self.rejects.first();
        let of_record = of_record.map(|(index, reject)| (Some(*index), reject));
        self.reject
            .as_ref()
            .map(|reject| (None, reject))
            .or(of_record)
    }
}

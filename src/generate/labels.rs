//! The truth beside the alerts: which of them belong to which attack, as `alert_id,incident`.
//!
//! One row per line of the output, in its order; the incident of noise is empty. The alert id is the one that
//! `caseloom replay` writes into its assignments: the native id, or `FILE:LINE#0` where there is none or it came before.

use std::io::{self, Write};

use super::Generated;
use crate::csv;

pub const HEADER: &str = "alert_id,incident";

impl Generated {
    /// `line_no` counts from 1, as editors do, within `file_name`.
    pub fn label_id(&self, file_name: &str, line_no: u64) -> String {
        match &self.native_id {
            Some(id) if !self.is_redelivery => id.clone(),
            _ => format!("{file_name}:{line_no}#0"),
        }
    }
}

/// Writes the labels of one file of alerts.
#[derive(Debug)]
pub struct LabelWriter<W> {
    out: W,
    file_name: String,
    lines: u64,
}

impl<W: Write> LabelWriter<W> {
    /// `file_name` is what `replay` will be given.
    pub fn new(mut out: W, file_name: &str) -> io::Result<Self> {
        writeln!(out, "{HEADER}")?;
        Ok(Self {
            out,
            file_name: file_name.to_owned(),
            lines: 0,
        })
    }

    /// To be called for every line, in order.
    pub fn write(&mut self, generated: &Generated) -> io::Result<()> {
        self.lines += 1;
        let id = generated.label_id(&self.file_name, self.lines);
        let incident = generated.story.as_deref().unwrap_or_default();
        // As `replay` writes it, so that the two can be joined.
        let mut row = String::new();
        csv::push_field(&mut row, &id);
        writeln!(self.out, "{row},{incident}")
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Generator, Product, Profile};
    use std::collections::BTreeSet;

    #[test]
    fn every_line_has_one_label_and_no_label_is_given_twice() {
        let profile = Profile::by_name("small").unwrap();
        let alerts: Vec<Generated> = Generator::new(&profile, 5, profile.start_ms)
            .take(3_000)
            .collect();
        let mut labels = LabelWriter::new(Vec::new(), "a,b.jsonl").unwrap();
        for alert in &alerts {
            labels.write(alert).unwrap();
        }
        let text = String::from_utf8(labels.finish().unwrap()).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!((rows[0], rows.len()), (HEADER, alerts.len() + 1));
        let ids: BTreeSet<&str> = rows[1..]
            .iter()
            .map(|row| row.rsplit_once(',').unwrap().0)
            .collect();
        assert_eq!(ids.len(), alerts.len());
        for (row, alert) in rows[1..].iter().zip(&alerts) {
            assert_eq!(
                row.rsplit_once(',').unwrap().1,
                alert.story.clone().unwrap_or_default()
            );
        }
    }

    #[test]
    fn ids_are_those_of_replay() {
        let mut alert = Generated {
            arrival_ms: 0,
            event_ms: 0,
            format: Product::Native,
            scope: "default",
            native_id: Some("edr-1".into()),
            is_redelivery: false,
            story: None,
            line: String::new(),
        };
        assert_eq!(alert.label_id("f.jsonl", 7), "edr-1");
        alert.is_redelivery = true;
        assert_eq!(alert.label_id("f.jsonl", 7), "f.jsonl:7#0");
        alert.native_id = None;
        alert.is_redelivery = false;
        assert_eq!(alert.label_id("f.jsonl", 8), "f.jsonl:8#0");
        let mut labels = LabelWriter::new(Vec::new(), "-").unwrap();
        labels.write(&alert).unwrap();
        let text = String::from_utf8(labels.finish().unwrap()).unwrap();
        assert_eq!(text, format!("{HEADER}\n'-:1#0,\n"));
    }
}

//! Enrichment: lists of users, assets and indicators from files, as the engine's [`Knowledge`].
//!
//! `files` reads one source by its format (`table` for CSV, JSON lines and plain lists, `stix`, `misp`) into a `Reading`.
//! [`Lists`] holds all sources: what each said last, so that one that can't be read keeps what it said before. A bad line
//! is data: counted, named in the log, and never a reason to stop.
//!
//! ```text
//! files --[at the start, at SIGHUP, when one changed]--> Lists --> Knowledge --> owner --> Correlator::on_context
//! ```

mod csv;
mod files;
mod misp;
mod pattern;
mod reading;
mod stix;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use caseloom_engine::knowledge::{Entry, FactKind, Knowledge, Source};
use caseloom_engine::time::{Span, Timestamp};
use compact_str::CompactString;

pub use files::{ListFormat, Unreadable};
pub use reading::Complaint;
use reading::{Frame, Reading};

/// All sources as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnrichmentConfig {
    /// The sources, in the order of the file.
    pub lists: Vec<ListConfig>,
    /// Most entries of all.
    pub entries_max: usize,
    /// Longest file that is read.
    pub file_bytes_max: usize,
}

/// One source as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListConfig {
    /// Its name, unique.
    pub name: String,
    /// What it is about.
    pub kind: FactKind,
    /// The file, or the folder of a MISP feed.
    pub file: PathBuf,
    /// How it is written.
    pub format: ListFormat,
    /// It holds in this scope only.
    pub scope: Option<String>,
    /// How sure an intelligence list is where it doesn't say, 0 to 100.
    pub confidence: u8,
    /// So long after its last change it is stale.
    pub stale_after: Option<Duration>,
}

/// What became of a source that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListReport {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub kind: FactKind,
    /// Entries that hold now.
    pub entries: usize,
    /// Lines or objects that are wrong.
    pub bad: u64,
    /// The first of them.
    pub complaints: Vec<Complaint>,
    /// What was understood and left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Wall time of its last change.
    pub as_of: Timestamp,
    /// Wall time from which it is stale, if ever.
    pub stale_from: Timestamp,
    /// Why what it said before stays, if it can't be read.
    pub unreadable: Option<String>,
}

/// All sources with what they said last.
#[derive(Debug)]
pub struct Lists {
    config: EnrichmentConfig,
    /// By the place of the source.
    read: Vec<Option<Read>>,
    marks: Vec<Option<files::Mark>>,
    reports: Vec<Option<ListReport>>,
}

/// What a source said last.
#[derive(Debug)]
struct Read {
    entries: Vec<Entry>,
    as_of: Timestamp,
    changes_at: Option<Timestamp>,
}

impl Lists {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(config: EnrichmentConfig) -> Self {
        let count = config.lists.len();
        Self {
            config,
            read: (0..count).map(|_| None).collect(),
            marks: vec![None; count],
            reports: vec![None; count],
        }
    }

    /// Whether there is any source.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.config.lists.is_empty()
    }

    /// Takes over other sources, all to be read anew; those that are as they were keep what they said until then.
    pub fn configure(&mut self, config: EnrichmentConfig) {
        let former = std::mem::replace(self, Self::new(config));
        for (list, read) in former.config.lists.into_iter().zip(former.read) {
            let same = self.config.lists.iter().position(|other| *other == list);
            if let Some(at) = same {
                self.read[at] = read;
            }
        }
    }

    /// Reads the sources whose files changed since, or of which something began or ceased to hold. Nothing: none did.
    pub fn refresh(&mut self, now: Timestamp) -> Vec<ListReport> {
        let mut reports = Vec::new();
        for at in 0..self.config.lists.len() {
            let mark = files::mark(&self.config.lists[at].file);
            let is_due = |read: &Read| read.changes_at.is_some_and(|due| due <= now);
            if self.marks[at] == Some(mark) && !self.read[at].as_ref().is_some_and(is_due) {
                continue;
            }
            self.marks[at] = Some(mark);
            let report = self.read_again(at, mark, now);
            self.reports[at] = Some(report.clone());
            reports.push(report);
        }
        reports
    }

    fn read_again(&mut self, at: usize, mark: files::Mark, now: Timestamp) -> ListReport {
        let list = &self.config.lists[at];
        let as_of = mark.changed(now);
        let frame = Frame {
            source: u16::try_from(at).unwrap_or(u16::MAX),
            confidence: list.confidence,
            now,
        };
        let (form, bytes_max) = ((list.format, list.kind), self.config.file_bytes_max);
        let read = files::read(&list.file, form, bytes_max, frame)
            .and_then(|reading| self.fitting(at, reading));
        let list = &self.config.lists[at];
        let mut report = ListReport {
            name: list.name.clone(),
            kind: list.kind,
            entries: self.read[at].as_ref().map_or(0, |read| read.entries.len()),
            bad: 0,
            complaints: Vec::new(),
            skipped: BTreeMap::new(),
            as_of,
            stale_from: stale_from(list, as_of),
            unreadable: None,
        };
        match read {
            Err(error) => {
                let kept = self.read[at].as_ref().map(|read| read.as_of);
                report.as_of = kept.unwrap_or(as_of);
                report.stale_from = stale_from(list, report.as_of);
                report.unreadable = Some(error.to_string());
            }
            Ok(reading) => {
                (report.entries, report.bad) = (reading.entries.len(), reading.bad);
                (report.complaints, report.skipped) = (reading.complaints, reading.skipped);
                self.read[at] = Some(Read {
                    entries: reading.entries,
                    as_of,
                    changes_at: reading.changes_at,
                });
            }
        }
        report
    }

    /// A reading, unless there would be too many entries of all sources with it.
    fn fitting(&self, at: usize, reading: Reading) -> Result<Reading, Unreadable> {
        let others = self
            .read
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        let others: usize = others
            .filter_map(|(_, read)| read.as_ref())
            .map(|read| read.entries.len())
            .sum();
        let count = others + reading.entries.len();
        match count > self.config.entries_max {
            true => Err(Unreadable::TooMany {
                path: self.config.lists[at].file.clone(),
                count,
            }),
            false => Ok(reading),
        }
    }

    /// What became of each source when it was last read.
    #[must_use]
    pub fn reports(&self) -> Vec<ListReport> {
        self.reports.iter().flatten().cloned().collect()
    }

    /// All that the sources said last. Those that never could be read are absent: what they said in an earlier life stays.
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        let mut absent: Vec<CompactString> = Vec::new();
        let (mut sources, mut entries) = (Vec::new(), Vec::new());
        for (at, (list, read)) in (0..).zip(self.config.lists.iter().zip(&self.read)) {
            if read.is_none() {
                absent.push((&*list.name).into());
            }
            let as_of = read.as_ref().map_or(Timestamp(0), |read| read.as_of);
            sources.push(Source {
                name: (&*list.name).into(),
                kind: list.kind,
                scope: list.scope.as_deref().map(CompactString::from),
                as_of,
                stale_from: stale_from(list, as_of),
            });
            // Its place may be another one since it was read.
            let here = |entry: &Entry| Entry {
                source: at,
                ..entry.clone()
            };
            entries.extend(read.iter().flat_map(|read| read.entries.iter().map(here)));
        }
        Knowledge::new(sources, entries, absent)
    }
}

fn stale_from(list: &ListConfig, as_of: Timestamp) -> Timestamp {
    list.stale_after.map_or(Timestamp::MAX, |after| {
        as_of.plus(Span(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)))
    })
}

impl ListReport {
    /// Tells the log.
    pub fn log(&self) {
        let (list, entries, bad) = (&self.name, self.entries, self.bad);
        if let Some(error) = &self.unreadable {
            return tracing::error!(list, entries, %error, "the list can't be read: what it said before stays");
        }
        for Complaint { at, message } in &self.complaints {
            tracing::warn!(list, at, message, "left out of the list");
        }
        let left_out = self
            .skipped
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"));
        let left_out = left_out.collect::<Vec<_>>().join(", ");
        tracing::info!(
            list,
            kind = self.kind.as_str(),
            entries,
            bad,
            left_out,
            "list read"
        );
    }
}

#[cfg(test)]
mod tests;

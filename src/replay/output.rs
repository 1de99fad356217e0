//! The four files that a replay leaves: `assignments.csv`, `cases.jsonl`, `rejects.jsonl`, `summary.json`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caseloom_engine::accounting::Disposition;
use caseloom_engine::decision::CaseSnapshot;
use caseloom_engine::input::Reject;
use serde_json::{Map, Value, json};

use super::ledger::Assignment;
use super::{Input, ReplayError, Run};
use crate::csv;
use crate::events::{RenderOptions, Renderer};

/// What `summary.json` holds: messages, alerts, each term of the accounting, cases, times, memory, state hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary(pub Map<String, Value>);

/// `rejects.jsonl` while it is written.
pub(super) struct Rejects {
    file: Output,
}

/// A file under way, with its name for errors.
struct Output {
    path: PathBuf,
    writer: BufWriter<File>,
}

/// A record that was not understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rejected<'a> {
    /// Its place in its message; `None`: the message as a whole.
    pub(super) index: Option<u32>,
    pub(super) reject: &'a Reject,
    /// The format it was taken for.
    pub(super) format: &'a str,
}

/// Writes the results other than the rejects.
pub(super) fn write(out: &Path, inputs: &[Input], run: Run) -> Result<Summary, ReplayError> {
    let elapsed = run.started.elapsed();
    write_assignments(out, inputs, &run)?;
    let open = run.correlator.open_cases();
    let cases = run.closed.len() + open.len();
    write_cases(out, run.closed.iter().chain(&open))?;
    let summary = summarise(&run, cases, elapsed);
    let mut file = Output::create(out, "summary.json")?;
    file.write(|to| serde_json::to_writer_pretty(&mut *to, &summary.0).map_err(io::Error::from))?;
    file.write(|to| to.write_all(b"\n"))?;
    file.finish()?;
    Ok(summary)
}

impl Rejects {
    /// An empty file in `out`, which is made if it is not there.
    pub(super) fn create(out: &Path) -> Result<Self, ReplayError> {
        std::fs::create_dir_all(out).map_err(|source| ReplayError::Write {
            path: out.into(),
            source,
        })?;
        let file = Output::create(out, "rejects.jsonl")?;
        Ok(Self { file })
    }

    /// One record that was not understood, with the bytes of its message.
    pub(super) fn add(
        &mut self,
        (name, line): (&str, i64),
        rejected: &Rejected<'_>,
        bytes: &[u8],
    ) -> Result<(), ReplayError> {
        let Rejected {
            index,
            reject,
            format,
        } = *rejected;
        let row = json!({
            "position": format!("{name}:{line}#{}", index.unwrap_or_default()),
            "index": index,
            "reason": reject.reason(),
            "detail": reject.to_string(),
            "format": format,
            "bytes_base64": STANDARD.encode(bytes.strip_suffix(b"\n").unwrap_or(bytes)),
        });
        self.file.write(|to| writeln!(to, "{row}"))
    }

    /// Brings everything to the file.
    pub(super) fn finish(self) -> Result<(), ReplayError> {
        self.file.finish()
    }
}

fn write_assignments(out: &Path, inputs: &[Input], run: &Run) -> Result<(), ReplayError> {
    let names: Vec<String> = inputs.iter().map(Input::name).collect();
    let mut file = Output::create(out, "assignments.csv")?;
    file.write(|to| to.write_all(b"alert_id,case_id,disposition\n"))?;
    let mut row = String::new();
    for assignment in run.ledger.assignments() {
        row.clear();
        write_row(&mut row, &assignment, &names);
        file.write(|to| to.write_all(row.as_bytes()))?;
    }
    file.finish()
}

fn write_row(row: &mut String, assignment: &Assignment<'_>, names: &[String]) {
    use std::fmt::Write as _;
    match assignment.id {
        Some(id) => csv::push_field(row, id),
        None => {
            let at = assignment.position;
            let name = &names[usize::from(at.topic.0)];
            csv::push_field(row, &format!("{name}:{}#{}", at.offset, at.index));
        }
    }
    row.push(',');
    if let Some(case) = assignment.case {
        write!(row, "{case}").expect("writing to memory can't fail");
    }
    row.push(',');
    row.push_str(assignment.disposition);
    row.push('\n');
}

fn write_cases<'a>(
    out: &Path,
    cases: impl Iterator<Item = &'a CaseSnapshot>,
) -> Result<(), ReplayError> {
    let renderer = Renderer::new(RenderOptions::default());
    let mut file = Output::create(out, "cases.jsonl")?;
    for case in cases {
        let json = renderer.snapshot_json(case);
        file.write(|to| to.write_all(&json).and_then(|()| to.write_all(b"\n")))?;
    }
    file.finish()
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn summarise(run: &Run, cases: usize, elapsed: std::time::Duration) -> Summary {
    let sums = run.correlator.accounting();
    let mut summary = Map::new();
    let mut put = |key: &str, value: Value| {
        summary.insert(key.into(), value);
    };
    put("messages", sums.messages.into());
    put("with_alerts", sums.with_alerts.into());
    put("empty", sums.empty.into());
    put("rejected", sums.rejected.into());
    put("alerts", sums.alerts.into());
    for term in Disposition::ALL {
        put(term.as_str(), sums.term(term).into());
    }
    put("cases", cases.into());
    put("activities", sums.activities.into());
    put("groups", sums.groups.into());
    let seconds = elapsed.as_secs_f64();
    put("elapsed_seconds", seconds.into());
    put(
        "alerts_per_second",
        (sums.alerts as f64 / seconds.max(1e-9)).round().into(),
    );
    put("peak_rss_bytes", crate::process::peak_rss_bytes().into());
    put("policy", run.correlator.policy().version.as_str().into());
    put(
        "state_hash",
        run.correlator.state_hash().to_hex().as_str().into(),
    );
    Summary(summary)
}

impl Output {
    fn create(out: &Path, name: &str) -> Result<Self, ReplayError> {
        let path = out.join(name);
        let file = File::create(&path).map_err(|source| ReplayError::Write {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            writer: BufWriter::with_capacity(1 << 17, file),
        })
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ReplayError> {
        write(&mut self.writer).map_err(|source| self.failed(source))
    }

    fn finish(mut self) -> Result<(), ReplayError> {
        let flushed = self.writer.flush();
        flushed.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ReplayError {
        ReplayError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

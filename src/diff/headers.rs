//! What `cases.jsonl` and `summary.json` say: titles, scopes and days of cases, and of what the output was made.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use caseloom_engine::time::Timestamp;
use foldhash::fast::RandomState;
use serde::Deserialize;

use super::DiffError;

/// One output directory besides its rows.
#[derive(Debug)]
pub(super) struct Headers {
    pub(super) path: PathBuf,
    pub(super) summary: Summary,
    pub(super) cases: HashMap<String, Header, RandomState>,
    /// Cases by scope and the day of their opening (days since 1970).
    pub(super) workload: BTreeMap<(String, i32), u64>,
}

/// What `summary.json` says and is worth comparing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Summary {
    pub(super) messages: u64,
    pub(super) alerts: u64,
    pub(super) policy: String,
    pub(super) state_hash: String,
}

/// A case in one line.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) scope: String,
    pub(super) title: String,
}

/// The part of an OCSF Incident Finding that is read; see `events::incident`.
#[derive(Deserialize)]
struct Finding {
    #[serde(default)]
    message: String,
    #[serde(default)]
    start_time: i64,
    unmapped: Unmapped,
}

#[derive(Deserialize)]
struct Unmapped {
    caseloom: Own,
}

#[derive(Deserialize)]
struct Own {
    case_id: String,
    scope: String,
    opened_time: Option<i64>,
}

impl Headers {
    pub(super) fn read(directory: &Path) -> Result<Self, DiffError> {
        let mut headers = Self {
            path: directory.to_owned(),
            summary: read_summary(&directory.join("summary.json"))?,
            cases: HashMap::default(),
            workload: BTreeMap::new(),
        };
        let path = directory.join("cases.jsonl");
        let file = File::open(&path).map_err(DiffError::read(&path))?;
        let mut reader = BufReader::with_capacity(1 << 17, file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if reader
                .read_until(b'\n', &mut line)
                .map_err(DiffError::read(&path))?
                == 0
            {
                break;
            }
            let finding =
                serde_json::from_slice(&line).map_err(|error| malformed(&path, number, &error))?;
            headers.add(finding);
        }
        Ok(headers)
    }

    fn add(&mut self, finding: Finding) {
        let own = finding.unmapped.caseloom;
        // In a replay wall time is the event time so far, so the opening is when an analyst would have got it.
        let opened = Timestamp(own.opened_time.unwrap_or(finding.start_time));
        *self
            .workload
            .entry((own.scope.clone(), opened.day()))
            .or_default() += 1;
        let header = Header {
            scope: own.scope,
            title: finding.message,
        };
        self.cases.insert(own.case_id, header);
    }
}

fn read_summary(path: &Path) -> Result<Summary, DiffError> {
    let bytes = std::fs::read(path).map_err(DiffError::read(path))?;
    serde_json::from_slice(&bytes).map_err(|error| malformed(path, error.line() as u64, &error))
}

fn malformed(path: &Path, line: u64, error: &serde_json::Error) -> DiffError {
    DiffError::Malformed {
        path: path.to_owned(),
        line,
        problem: error.to_string(),
    }
}

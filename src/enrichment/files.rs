//! The files of one source: which there are, whether they changed, and what they say by their format.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use caseloom_engine::knowledge::FactKind;
use caseloom_engine::time::Timestamp;

use super::reading::{Frame, Reading};
use super::{misp, stix, table};

/// Most events of a MISP feed.
const EVENTS_MAX: usize = 20_000;

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListFormat {
    /// By the name's end, and for `.json` by what stands in it.
    #[default]
    Auto,
    /// RFC 4180, the first row names the columns.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// A STIX 2.1 bundle.
    Stix,
    /// A MISP event, or a folder that is a MISP feed.
    Misp,
    /// One value a line.
    Plain,
}

/// Why a source can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file or folder can't be opened or read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is longer than is read.
    #[error("{path} has more than {max} bytes: raise enrichment.file_bytes_max, or split it")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How much is read.
        max: usize,
    },
    /// It is not text in UTF-8.
    #[error("{path} is not UTF-8: {remedy}")]
    NotText {
        /// Which.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// It is not what its format says.
    #[error("{path} is no {format}: {source}")]
    NotJson {
        /// Which.
        path: PathBuf,
        /// What it should be.
        format: &'static str,
        /// Why it is none.
        source: serde_json::Error,
    },
    /// Its format can't be told.
    #[error("it can't be told what {path} is: name a format (csv, jsonl, stix, misp or plain)")]
    UnknownFormat {
        /// Which.
        path: PathBuf,
    },
    /// More entries than may be remembered.
    #[error("{path} would make it {count} entries, more than enrichment.entries_max")]
    TooMany {
        /// Which.
        path: PathBuf,
        /// How many there would be.
        count: usize,
    },
}

/// By what it is seen that a file changed: seconds and nanoseconds of the change, and the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(Option<(u64, u32, u64)>);

/// How a source's file stands; of a feed its manifest. A file that is not there has a mark too.
pub(super) fn mark(path: &Path) -> Mark {
    Mark(metadata(path).ok().map(|metadata| {
        let changed = metadata.modified().ok();
        let since = changed
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
            .unwrap_or_default();
        (since.as_secs(), since.subsec_nanos(), metadata.len())
    }))
}

fn metadata(path: &Path) -> std::io::Result<Metadata> {
    let metadata = std::fs::metadata(path)?;
    match metadata.is_dir() {
        true => std::fs::metadata(path.join("manifest.json")),
        false => Ok(metadata),
    }
}

impl Mark {
    /// Wall time of the last change, or `now` where the system doesn't say.
    pub(super) fn changed(self, now: Timestamp) -> Timestamp {
        self.0.map_or(now, |(seconds, nanos, _)| {
            let ms = i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
            Timestamp(ms + i64::from(nanos / 1_000_000))
        })
    }
}

/// Reads a source from its file or folder.
pub(super) fn read(
    path: &Path,
    (format, kind): (ListFormat, FactKind),
    bytes_max: usize,
    frame: Frame,
) -> Result<Reading, Unreadable> {
    let mut reading = Reading::default();
    if path.is_dir() {
        feed(path, bytes_max, frame, &mut reading)?;
        return Ok(reading);
    }
    let text = text(path, bytes_max)?;
    match known(format, path, &text)? {
        ListFormat::Csv => table::csv(&text, kind, frame, &mut reading),
        ListFormat::Jsonl => table::json_lines(&text, kind, frame, &mut reading),
        ListFormat::Stix => {
            stix::read(&text, frame, &mut reading).map_err(no_json(path, "STIX bundle"))?
        }
        ListFormat::Misp => {
            misp::read(&text, frame, &mut reading).map_err(no_json(path, "MISP event"))?
        }
        ListFormat::Auto | ListFormat::Plain => table::plain(&text, frame, &mut reading),
    }
    Ok(reading)
}

/// The events of a MISP feed. One that is not there is counted, for feeds change while they are copied.
fn feed(
    path: &Path,
    bytes_max: usize,
    frame: Frame,
    reading: &mut Reading,
) -> Result<(), Unreadable> {
    let manifest = path.join("manifest.json");
    let named = misp::manifest(&text(&manifest, bytes_max)?)
        .map_err(no_json(&manifest, "MISP manifest"))?;
    if named.len() > EVENTS_MAX {
        reading.complain(
            || "manifest.json".into(),
            format!("names more than {EVENTS_MAX} events: the first are read"),
        );
    }
    for name in named.into_iter().take(EVENTS_MAX) {
        let file = path.join(format!("{name}.json"));
        let read = text(&file, bytes_max).and_then(|text| {
            misp::read(&text, frame, reading).map_err(no_json(&file, "MISP event"))
        });
        if let Err(error) = read {
            reading.complain(|| format!("event {name}"), error.to_string());
        }
    }
    Ok(())
}

fn no_json(path: &Path, format: &'static str) -> impl FnOnce(serde_json::Error) -> Unreadable {
    let path = path.to_owned();
    move |source| Unreadable::NotJson {
        path,
        format,
        source,
    }
}

/// The format of a file, where it is to be told.
fn known(format: ListFormat, path: &Path, text: &str) -> Result<ListFormat, Unreadable> {
    if format != ListFormat::Auto {
        return Ok(format);
    }
    let end = path
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or("")
        .to_lowercase();
    let begin: String = text.chars().take(4_096).collect();
    match &*end {
        "csv" => Ok(ListFormat::Csv),
        "jsonl" | "ndjson" => Ok(ListFormat::Jsonl),
        "txt" | "list" | "ioc" => Ok(ListFormat::Plain),
        "stix" => Ok(ListFormat::Stix),
        "json"
            if ["\"Event\"", "\"Attribute\""]
                .iter()
                .any(|key| begin.contains(key)) =>
        {
            Ok(ListFormat::Misp)
        }
        "json"
            if ["\"bundle\"", "\"objects\""]
                .iter()
                .any(|key| begin.contains(key)) =>
        {
            Ok(ListFormat::Stix)
        }
        _ => Err(Unreadable::UnknownFormat {
            path: path.to_owned(),
        }),
    }
}

fn text(path: &Path, bytes_max: usize) -> Result<String, Unreadable> {
    let failed = |source| Unreadable::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > bytes_max {
        return Err(Unreadable::TooLarge {
            path: path.to_owned(),
            max: bytes_max,
        });
    }
    String::from_utf8(bytes).map_err(|_| Unreadable::NotText {
        path: path.to_owned(),
        remedy: "save it as UTF-8",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_name_and_content() {
        let of = |name: &str, text: &str| known(ListFormat::Auto, Path::new(name), text).ok();
        assert_eq!(of("a.CSV", ""), Some(ListFormat::Csv));
        assert_eq!(of("a.ndjson", ""), Some(ListFormat::Jsonl));
        assert_eq!(of("a.txt", ""), Some(ListFormat::Plain));
        assert_eq!(
            of("a.json", "{\"type\": \"bundle\""),
            Some(ListFormat::Stix)
        );
        assert_eq!(of("a.json", "{\"Event\": {"), Some(ListFormat::Misp));
        assert_eq!(of("a.json", "{}"), None);
        assert_eq!(of("a", ""), None);
        assert_eq!(
            known(ListFormat::Plain, Path::new("a"), "").ok(),
            Some(ListFormat::Plain)
        );
    }

    #[test]
    fn a_feed_is_read_by_its_manifest() {
        let dir = tempfile::tempdir().unwrap();
        let event = r#"{"Event": {"uuid": "aa-1", "Attribute": [{"type": "ip-dst", "value": "203.0.113.9", "to_ids": true}]}}"#;
        std::fs::write(
            dir.path().join("manifest.json"),
            r#"{"aa-1": {}, "bb-2": {}, "cc-3": {}}"#,
        )
        .unwrap();
        std::fs::write(dir.path().join("aa-1.json"), event).unwrap();
        std::fs::write(dir.path().join("cc-3.json"), "{").unwrap();
        let frame = Frame {
            source: 0,
            confidence: 50,
            now: Timestamp(0),
        };
        let reading = read(
            dir.path(),
            (ListFormat::Auto, FactKind::Intel),
            1 << 20,
            frame,
        )
        .unwrap();
        assert_eq!(reading.entries.len(), 1);
        assert_eq!(reading.bad, 2);
        let before = mark(dir.path());
        std::fs::write(dir.path().join("manifest.json"), "{}").unwrap();
        assert_ne!(mark(dir.path()), before);
        let long = read(
            &dir.path().join("aa-1.json"),
            (ListFormat::Misp, FactKind::Intel),
            10,
            frame,
        );
        assert!(matches!(long, Err(Unreadable::TooLarge { max: 10, .. })));
    }
}

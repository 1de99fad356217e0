//! `[enrichment]`: lists of users, assets and indicators. Here it is said which; what they hold is read by
//! [`crate::enrichment`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use caseloom_engine::knowledge::FactKind;
use serde::{Deserialize, Deserializer};

use super::checker::Checker;
use super::tree::{KeyPath, Step};
use super::{duration, size, word};
use crate::enrichment::{EnrichmentConfig, ListConfig, ListFormat};

/// Most lists; each is looked at every half minute.
const LISTS_MAX: usize = 64;

/// `[enrichment]` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EnrichmentFile {
    #[serde(deserialize_with = "size::count")]
    entries_max: usize,
    #[serde(deserialize_with = "size::deserialize")]
    file_bytes_max: usize,
    users: Vec<ListFile>,
    assets: Vec<ListFile>,
    intel: Vec<IntelFile>,
}

/// `[[enrichment.users]]` and `[[enrichment.assets]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    file: PathBuf,
    name: Option<String>,
    #[serde(default)]
    format: ListFormat,
    #[serde(default, deserialize_with = "word::scope")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "length")]
    stale_after: Option<Duration>,
}

/// `[[enrichment.intel]]`: the same and one more, written out because serde can't refuse unknown keys around a part that
/// is shared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntelFile {
    file: PathBuf,
    name: Option<String>,
    #[serde(default)]
    format: ListFormat,
    #[serde(default, deserialize_with = "word::scope")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "length")]
    stale_after: Option<Duration>,
    #[serde(default = "half_sure")]
    confidence: u8,
}

fn half_sure() -> u8 {
    50
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

impl Default for EnrichmentFile {
    fn default() -> Self {
        Self {
            entries_max: 500_000,
            file_bytes_max: 64 << 20,
            users: Vec::new(),
            assets: Vec::new(),
            intel: Vec::new(),
        }
    }
}

impl Checker<'_> {
    /// The lists to read, users first.
    pub(super) fn lists(&mut self, file: EnrichmentFile, base: &Path) -> EnrichmentConfig {
        let mut config = EnrichmentConfig {
            lists: Vec::new(),
            entries_max: file.entries_max,
            file_bytes_max: file.file_bytes_max,
        };
        for (kind, key, lists) in [
            (FactKind::User, "users", file.users),
            (FactKind::Asset, "assets", file.assets),
        ] {
            for (index, list) in lists.into_iter().enumerate() {
                if matches!(
                    list.format,
                    ListFormat::Stix | ListFormat::Misp | ListFormat::Plain
                ) {
                    self.report(of_list(key, index, "format"), "must be auto, csv or jsonl");
                }
                let confidence = half_sure();
                let ListFile {
                    file,
                    name,
                    format,
                    scope,
                    stale_after,
                } = list;
                let list = ListConfig {
                    name: named(name, &file),
                    kind,
                    file: base.join(file),
                    format,
                    scope,
                    confidence,
                    stale_after,
                };
                self.list((key, index), list, &mut config);
            }
        }
        for (index, list) in file.intel.into_iter().enumerate() {
            if list.confidence > 100 {
                self.report(
                    of_list("intel", index, "confidence"),
                    "must be from 0 to 100",
                );
            }
            let IntelFile {
                file,
                name,
                format,
                scope,
                stale_after,
                confidence,
            } = list;
            let kind = FactKind::Intel;
            let list = ListConfig {
                name: named(name, &file),
                kind,
                file: base.join(file),
                format,
                scope,
                confidence,
                stale_after,
            };
            self.list(("intel", index), list, &mut config);
        }
        config
    }

    fn list(
        &mut self,
        (key, index): (&str, usize),
        list: ListConfig,
        config: &mut EnrichmentConfig,
    ) {
        if config.lists.len() == LISTS_MAX {
            self.report(
                KeyPath::of("enrichment"),
                format!("at most {LISTS_MAX} lists"),
            );
        }
        if config.lists.iter().any(|other| other.name == list.name) {
            let message = format!(
                "{} is the name of another list already: give this one a name",
                list.name
            );
            self.report(of_list(key, index, "name"), message);
        }
        let is_name = !list.name.is_empty()
            && list.name.len() <= 128
            && !list.name.contains(char::is_control);
        if !is_name {
            self.report(
                of_list(key, index, "name"),
                "must be 1 to 128 bytes of text",
            );
        }
        config.lists.push(list);
    }
}

/// The name of a list, else that of its file without its end.
fn named(name: Option<String>, file: &Path) -> String {
    name.unwrap_or_else(|| {
        let stem = file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    })
}

fn of_list(key: &str, index: usize, name: &str) -> KeyPath {
    let mut path = KeyPath::of("enrichment");
    path.0.extend([
        Step::Key(key.into()),
        Step::Index(index),
        Step::Key(name.into()),
    ]);
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Result<EnrichmentConfig, String> {
        let config = Config::parse(text, "c.toml", Path::new("/etc/loom"), std::iter::empty());
        config
            .map(|config| config.enrichment)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn lists_have_names_and_places() {
        let text = "[[enrichment.users]]\nfile = \"people.csv\"\nstale_after = \"7d\"\n\
            [[enrichment.intel]]\nfile = \"/srv/feed\"\nname = \"cert\"\nformat = \"misp\"\nconfidence = 80\nscope = \"north\"";
        let config = parse(text).unwrap();
        assert_eq!(config.lists[0].file, Path::new("/etc/loom/people.csv"));
        assert_eq!(
            (&*config.lists[0].name, config.lists[0].stale_after),
            ("people", Some(Duration::from_secs(7 * 86_400)))
        );
        assert_eq!(
            (&*config.lists[1].name, config.lists[1].confidence),
            ("cert", 80)
        );
        assert_eq!(parse("").unwrap().entries_max, 500_000);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let twice =
            "[[enrichment.assets]]\nfile = \"a.csv\"\n[[enrichment.users]]\nfile = \"a.csv\"";
        assert!(parse(twice).unwrap_err().contains("another list"));
        let sure = "[[enrichment.intel]]\nfile = \"a.csv\"\nconfidence = 101";
        let error = parse(sure).unwrap_err();
        assert!(
            error.contains("enrichment.intel[0].confidence") && error.contains("c.toml:3"),
            "{error}"
        );
        let format = "[[enrichment.users]]\nfile = \"a\"\nformat = \"stix\"";
        assert!(parse(format).unwrap_err().contains("auto, csv or jsonl"));
        assert!(parse("[[enrichment.users]]\nname = \"x\"").is_err());
    }
}

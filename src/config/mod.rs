//! The configuration as used: read once, checked as a whole, and never changed.
//!
//! `file` is the configuration as written, `env` the variables over it, `tree` and `de` how both become values,
//! `section` the values. Whoever holds a [`Config`] need not check it again.

mod checker;
mod de;
mod duration;
mod enrichment;
mod env;
mod error;
mod file;
mod kafka;
mod limits;
mod mappings;
mod outputs;
mod policy;
mod secret;
mod section;
mod size;
mod tree;
mod word;

use std::io::Read;
use std::path::{Path, PathBuf};

pub use duration::parse as parse_duration;
pub use error::{ConfigError, Place, Problem};
pub use kafka::{KafkaConfig, Property};
pub(crate) use mappings::read as read_mapping;
pub(crate) use outputs::certificates;
pub use outputs::{Login, SeverityWord, ToolConfig, ToolKind, Wanted};
pub use policy::{Change, changes, written};
pub use secret::Secret;
pub use section::{
    Delivery, HttpConfig, InputConfig, LogConfig, LogFormat, OutputConfig, PipelineConfig,
    StoreConfig, StoreRaw,
};
pub use word::{Start, is_scope};

use crate::enrichment::EnrichmentConfig;
use caseloom_engine::input::{Limits, Mapping, Parser};
use caseloom_engine::policy::Policy;

use checker::Checker;
use env::Environment;
use file::FileConfig;
use tree::{KeyPath, Node};

/// The longest file that is read. A bound against a wrong path, such as a data file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Everything that can be set, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// How to reach the brokers.
    pub kafka: KafkaConfig,
    /// The topics to read, at least one; unset: the topic `alerts`.
    pub inputs: Vec<InputConfig>,
    /// Where results go.
    pub output: OutputConfig,
    /// Tools that cases are told to.
    pub outputs: Vec<ToolConfig>,
    /// The data directory.
    pub store: StoreConfig,
    /// The API and the console.
    pub http: HttpConfig,
    /// How alerts are grouped.
    pub policy: PolicyConfig,
    /// Formats of one's own, in the order in which `auto` tries them.
    pub mappings: Vec<Mapping>,
    /// What is known of users, assets and indicators.
    pub enrichment: EnrichmentConfig,
    /// What one batch may hold.
    pub pipeline: PipelineConfig,
    /// What the parser accepts of one message.
    pub limits: Limits,
    /// What goes to standard error.
    pub log: LogConfig,
}

/// `[policy]`: how alerts are grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyConfig {
    /// The policy's file; unset: the built-in policy.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads the file at `path`, if one is given, under the variables of `env`, with the secrets and mappings that it
    /// names, and checks the whole.
    ///
    /// Relative paths in it, also those from the environment, start at the file's directory.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = path else {
            return Self::parse("", "(no file)", Path::new(""), env);
        };
        let text = read_file(path)?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        Self::parse(&text, &path.display().to_string(), base, env)
    }

    /// The same from a text that is called `name` and stands in the directory `base`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(
        text: &str,
        name: &str,
        base: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let environment: Environment = env.collect();
        let mut problems = Vec::new();
        let mut tree = Node::parse(text, name, &mut problems);
        // After a syntax error the rest of the file may mean something else: don't report what follows from it.
        ConfigError::of(std::mem::take(&mut problems))?;
        env::apply(&mut tree, &environment, &mut problems);
        if let Some(properties) = tree.find_mut(&KeyPath::of("kafka.properties").0) {
            properties.flatten();
        }
        let file: FileConfig = de::read(&mut tree, &mut problems);
        let mut checker = Checker {
            tree: &tree,
            environment: &environment,
            problems: &mut problems,
        };
        let config = file.into_config(base, &mut checker);
        ConfigError::of(problems).map(|()| config)
    }

    /// A parser that knows the built-in formats and the mappings.
    #[must_use]
    pub fn parser(&self) -> Parser {
        Parser::new(self.mappings.clone(), self.limits)
    }

    /// The policy at `file`, else the configured one, else the built-in one.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load_policy(&self, file: Option<&Path>) -> Result<Policy, ConfigError> {
        match file.or(self.policy.file.as_deref()) {
            Some(path) => policy::load(path),
            None => Ok(policy::built_in()),
        }
    }
}

impl Default for Config {
    /// What an empty file in the working directory says.
    fn default() -> Self {
        Self::parse("", "(no file)", Path::new(""), std::iter::empty())
            .expect("the defaults pass their own checks")
    }
}

/// The policy that `text`, called `name`, says.
pub(crate) fn parse_policy(text: &str, name: &str) -> Result<Policy, ConfigError> {
    policy::parse(text, name)
}

/// The text of a configuration file.
pub(crate) fn read_file(path: &Path) -> Result<String, ConfigError> {
    let name = path.display().to_string();
    let refuse = |message: String| ConfigError {
        problems: vec![Problem::in_file(&name, message)],
    };
    let file = std::fs::File::open(path)
        .map_err(|error| refuse(format!("cannot read the file: {error}")))?;
    let mut text = String::new();
    let length = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    match length {
        Err(error) => Err(refuse(format!("cannot read the file: {error}"))),
        Ok(length) if length as u64 > FILE_BYTES_MAX => {
            Err(refuse("the file is longer than 1 MiB".into()))
        }
        Ok(_) => Ok(text),
    }
}

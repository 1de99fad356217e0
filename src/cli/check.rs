//! `caseloom check`: reads everything that `run` would read, and says all that is wrong with it.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{CliError, ConfigArgs};
use crate::config::{Config, ConfigError, Problem, check_syntax};

/// Check the configuration with its policy and mappings; exit code 78 when something is wrong
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Checks, and says in one line what was found to be right.
pub(crate) fn check(args: &CheckArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let mut problems = Vec::new();
    let policy = keep(config.load_policy(None), &mut problems);
    let mappings = keep(mapping_files(&config), &mut problems).unwrap_or_default();
    for path in &mappings {
        keep(check_syntax(path), &mut problems);
    }
    if let (Some(policy), true) = (policy, problems.is_empty()) {
        let (inputs, mappings, version) = (config.inputs.len(), mappings.len(), policy.version);
        let found = format!("ok: inputs {inputs}, mappings {mappings}, policy {version}");
        return writeln!(std::io::stdout(), "{found}").map_err(CliError::failed);
    }
    Err(ConfigError { problems }.into())
}

/// The mapping files in the order of their names.
///
/// # Errors
/// The configured directory can't be read.
pub(crate) fn mapping_files(config: &Config) -> Result<Vec<PathBuf>, ConfigError> {
    let Some(dir) = &config.mappings.dir else {
        return Ok(Vec::new());
    };
    list(dir).map_err(|error| {
        let message = format!("cannot read the directory: {error}; mappings.dir names it");
        ConfigError {
            problems: vec![Problem::in_file(&dir.display().to_string(), message)],
        }
    })
}

fn list(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn keep<T>(result: Result<T, ConfigError>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|error| problems.extend(error.problems)).ok()
}

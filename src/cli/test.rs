//! `caseloom test`: scenarios as text files, with what should come of them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{CliError, ConfigArgs};
use crate::config::read_file;
use crate::scenario::{Setting, Verdict, run};

/// Arguments of `caseloom test`.
#[derive(Clone, Debug, clap::Args)]
pub struct TestArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Policy file for scenarios that name none, instead of the configured one
    #[arg(long, value_name = "FILE", env = "CASELOOM_POLICY")]
    pub(crate) policy: Option<PathBuf>,
    /// Write what came of each scenario into its file: read the difference before you keep it
    #[arg(long, env = "CASELOOM_UPDATE", value_parser = super::truth())]
    pub(crate) update: bool,
    /// Files, or directories whose *.txt are scenarios
    #[arg(value_name = "DIR", default_value = "scenarios")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Plays all scenarios and says how each ended.
///
/// # Errors
/// When one failed, none is there, or the configuration is wrong.
pub(super) fn test(args: &TestArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let policy = match args.policy.as_ref().or(config.policy.file.as_ref()) {
        Some(file) => read_file(file)?,
        None => String::new(),
    };
    let mut files = Vec::new();
    for path in &args.paths {
        collect(path, &mut files).map_err(|error| {
            CliError::failed(format!("cannot read {}: {error}", path.display()))
        })?;
    }
    if files.is_empty() {
        return Err(CliError::failed(
            "there is no scenario: no file ends in .txt",
        ));
    }
    let setting = Setting {
        policy: &policy,
        update: args.update,
    };
    let mut parser = config.parser();
    let verdicts = files.into_iter().map(|file| {
        let verdict = run(&file, &setting, &mut parser);
        (file, verdict)
    });
    let failed = tell(verdicts).map_err(CliError::failed)?;
    match failed {
        0 => Ok(()),
        1 => Err(CliError::failed("a scenario failed")),
        more => Err(CliError::failed(format!("{more} scenarios failed"))),
    }
}

/// The scenarios at `path`, in the order of their names.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    let entries: Result<Vec<_>, _> = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut entries = entries?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|end| end == "txt") {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

/// One line for each, the differences below it; gives how many failed.
fn tell(verdicts: impl Iterator<Item = (PathBuf, Verdict)>) -> io::Result<usize> {
    let mut out = io::stdout().lock();
    let (mut passed, mut failed) = (0, 0);
    for (file, verdict) in verdicts {
        let file = file.display();
        let is_right = match verdict {
            Verdict::Passed => writeln!(out, "ok       {file}").map(|()| true),
            Verdict::Updated => writeln!(out, "updated  {file}").map(|()| true),
            Verdict::Failed(difference) => {
                write!(out, "FAILED   {file}\n{}", indented(&difference)).map(|()| false)
            }
            Verdict::Broken(problem) => writeln!(out, "BROKEN   {file}: {problem}").map(|()| false),
        }?;
        passed += usize::from(is_right);
        failed += usize::from(!is_right);
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(failed)
}

fn indented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("    {}\n", crate::plain::plain(line)));
    lines.collect()
}

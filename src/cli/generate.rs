//! `caseloom generate`: labelled, realistic alerts for trials and tests.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::CliError;
use crate::generate::labels::LabelWriter;
use crate::generate::{Generated, Generator, Profile};

/// Arguments of `caseloom generate`.
#[derive(Clone, Debug, clap::Args)]
pub struct GenerateArgs {
    /// The same seed makes the same alerts
    #[arg(long, value_name = "N", env = "CASELOOM_SEED")]
    seed: u64,
    /// How many alerts
    #[arg(long, value_name = "N", env = "CASELOOM_COUNT")]
    count: u64,
    /// Which kind of enterprise
    #[arg(
        long,
        value_name = "NAME",
        env = "CASELOOM_PROFILE",
        default_value = "default"
    )]
    profile: String,
    /// Write which alert belongs to which attack to this file
    #[arg(long, value_name = "FILE", env = "CASELOOM_LABELS")]
    labels: Option<PathBuf>,
    /// Write the alerts to this file; to standard output when left out
    #[arg(long, value_name = "FILE", env = "CASELOOM_OUT")]
    out: Option<PathBuf>,
}

type Labels = Option<LabelWriter<BufWriter<File>>>;

/// Writes the alerts, and their labels where asked for.
pub(crate) fn generate(args: &GenerateArgs) -> Result<(), CliError> {
    let profile =
        Profile::by_name(&args.profile).map_err(|error| CliError::Usage(error.to_string()))?;
    let profile = profile.bounded_by(args.count);
    let alerts = Generator::new(&profile, args.seed, profile.start_ms);
    let count = usize::try_from(args.count).unwrap_or(usize::MAX);
    let mut labels = labels(args)?;
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(create(path)?),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    match write(alerts.take(count), &mut out, &mut labels) {
        // Whoever reads has seen enough, such as `head`.
        Err(error) if args.out.is_none() && error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => {
            written.map_err(|error| CliError::failed(format!("cannot write the alerts: {error}")))
        }
    }
}

fn write(
    alerts: impl Iterator<Item = Generated>,
    out: &mut dyn Write,
    labels: &mut Labels,
) -> io::Result<()> {
    for alert in alerts {
        writeln!(out, "{}", alert.line)?;
        if let Some(labels) = labels {
            labels.write(&alert)?;
        }
    }
    out.flush()?;
    labels
        .take()
        .map_or(Ok(()), |labels| labels.finish().map(drop))
}

fn labels(args: &GenerateArgs) -> Result<Labels, CliError> {
    let Some(path) = &args.labels else {
        return Ok(None);
    };
    // Replay calls standard input "-", so that is where the lines of standard output will stand.
    let file_name = args.out.as_deref().and_then(Path::file_name);
    let file_name = file_name.map_or_else(|| "-".into(), |name| name.to_string_lossy());
    LabelWriter::new(create(path)?, &file_name)
        .map(Some)
        .map_err(|error| failed(path, &error))
}

fn create(path: &Path) -> Result<BufWriter<File>, CliError> {
    File::create(path)
        .map(BufWriter::new)
        .map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::failed(format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_writes_the_same_files_with_a_label_for_every_alert() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let args = GenerateArgs {
                seed: 3,
                count: 50,
                profile: "small".into(),
                labels: Some(dir.path().join("labels.csv")),
                out: Some(dir.path().join(name)),
            };
            generate(&args).unwrap();
            std::fs::read_to_string(dir.path().join(name)).unwrap()
        };
        let alerts = write("a.jsonl");
        assert_eq!(alerts, write("b.jsonl"));
        assert_eq!(alerts.lines().count(), 50);
        let labels = std::fs::read_to_string(dir.path().join("labels.csv")).unwrap();
        assert_eq!(labels.lines().count(), 51);
    }
}

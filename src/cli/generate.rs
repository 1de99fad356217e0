//! `caseloom generate`: labelled, realistic alerts for trials and tests.

use std::path::PathBuf;

/// Write realistic alerts in several products' formats, one JSON message per line
#[derive(Clone, Debug, clap::Args)]
pub struct GenerateArgs {
    /// The same seed makes the same alerts
    #[arg(long, value_name = "N", env = "CASELOOM_SEED")]
    pub(crate) seed: u64,
    /// How many alerts
    #[arg(long, value_name = "N", env = "CASELOOM_COUNT")]
    pub(crate) count: u64,
    /// Which kind of organisation; the default one when left out
    #[arg(long, value_name = "NAME", env = "CASELOOM_PROFILE")]
    pub(crate) profile: Option<String>,
    /// Write which alert belongs to which incident to this file
    #[arg(long, value_name = "FILE", env = "CASELOOM_LABELS")]
    pub(crate) labels: Option<PathBuf>,
    /// Write the alerts to this file; to standard output when left out
    #[arg(long, value_name = "FILE", env = "CASELOOM_OUT")]
    pub(crate) out: Option<PathBuf>,
}

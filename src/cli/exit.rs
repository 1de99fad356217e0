//! How a command ends: its exit code, and the errors that lead to it.

use std::error::Error;

use crate::config::ConfigError;

/// The process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done.
    Success = 0,
    /// It failed, and would fail again.
    Failed = 1,
    /// The command line can't be understood.
    Usage = 2,
    /// The store or a broker failed: start again (sysexits' EX_TEMPFAIL).
    Temporary = 75,
    /// The configuration is wrong (sysexits' EX_CONFIG).
    Config = 78,
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Arguments that clap can't judge alone.
    #[error("{0}")]
    Usage(String),
    /// The configuration, policy or a mapping is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store or a broker failed: starting again may help.
    #[error(transparent)]
    Temporary(Box<dyn Error + Send + Sync>),
    /// Anything else.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

impl CliError {
    /// Starting again may help.
    pub fn temporary(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Temporary(error.into())
    }

    /// Starting again won't help.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// The exit code for it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Config(_) => Exit::Config,
            Self::Temporary(_) => Exit::Temporary,
            Self::Failed(_) => Exit::Failed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_code() {
        let config = ConfigError {
            problems: Vec::new(),
        };
        assert_eq!(CliError::Usage("x".into()).exit() as u8, 2);
        assert_eq!(CliError::from(config).exit() as u8, 78);
        assert_eq!(CliError::temporary("x").exit() as u8, 75);
        assert_eq!(CliError::failed("x").exit() as u8, 1);
    }
}

//! Secrets: named in the configuration, never written in it.
//!
//! A secret is a reference, `file:PATH` or `env:NAME`, which the loader follows once. Neither `Debug` nor any error
//! shows the value.

use std::fmt;
use std::path::Path;

use super::env::Environment;

/// The longest secret there is; a PEM chain fits. A bound, so that a reference to a device can't fill the memory.
const BYTES_MAX: u64 = 64 * 1024;

/// A secret and the reference it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    reference: String,
    value: String,
}

/// Why a reference leads to no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("write a reference, file:PATH or env:NAME, not the secret itself")]
    Literal,
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    #[error("cannot read {path}: {error}")]
    Unreadable { path: String, error: std::io::Error },
    #[error("{0} leads to an empty value")]
    Empty(String),
    #[error("{0} leads to more than 64 KiB")]
    TooLong(String),
}

impl Secret {
    /// Whether `text` is a reference to a secret.
    pub(super) fn is_reference(text: &str) -> bool {
        text.starts_with("file:") || text.starts_with("env:")
    }

    /// Follows `reference`; a relative path starts at `base`. Line ends at the end of a file don't belong to the secret.
    pub(super) fn resolve(
        reference: &str,
        base: &Path,
        environment: &Environment,
    ) -> Result<Self, SecretError> {
        let value = if let Some(name) = reference.strip_prefix("env:") {
            environment
                .get(name)
                .cloned()
                .ok_or_else(|| SecretError::NotSet(name.to_owned()))?
        } else if let Some(path) = reference.strip_prefix("file:") {
            read(reference, &base.join(path))?
        } else {
            return Err(SecretError::Literal);
        };
        match value.is_empty() {
            true => Err(SecretError::Empty(reference.to_owned())),
            false => Ok(Self {
                reference: reference.to_owned(),
                value,
            }),
        }
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.reference)
    }
}

fn read(reference: &str, path: &Path) -> Result<String, SecretError> {
    use std::io::Read;

    let unreadable = |error| SecretError::Unreadable {
        path: path.display().to_string(),
        error,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(SecretError::TooLong(reference.to_owned()));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_references_and_hides_what_it_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("password"), "hunter2\r\n").unwrap();
        let environment = Environment::from([("PASSWORD".into(), "hunter3".into())]);

        let from_file = Secret::resolve("file:password", dir.path(), &environment).unwrap();
        let from_env = Secret::resolve("env:PASSWORD", dir.path(), &environment).unwrap();

        assert_eq!(from_file.expose(), "hunter2");
        assert_eq!(from_env.expose(), "hunter3");
        assert_eq!(
            format!("{from_file:?} {from_env:?}"),
            "Secret(file:password) Secret(env:PASSWORD)"
        );
    }

    #[test]
    fn names_the_reference_that_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("empty"), "\n").unwrap();
        let message = |reference| {
            Secret::resolve(reference, dir.path(), &Environment::new())
                .unwrap_err()
                .to_string()
        };
        assert!(message("file:absent").contains("absent: No such file"));
        assert_eq!(message("file:empty"), "file:empty leads to an empty value");
        assert_eq!(
            message("env:ABSENT"),
            "the environment variable ABSENT is not set"
        );
        assert_eq!(
            message("hunter2"),
            "write a reference, file:PATH or env:NAME, not the secret itself"
        );
    }
}

//! What is wrong with a configuration, where it stands, and what was probably meant.
//!
//! Checks don't stop at the first finding: a [`ConfigError`] carries all of them, so that one run of
//! `caseloom check` is enough. Exit code 78 for all of it.

use std::fmt;
use std::sync::Arc;

/// Everything wrong with one configuration, in reading order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The findings.
    pub problems: Vec<Problem>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub place: Place,
    /// The key with its tables, such as `input[0].topic`; empty when the whole file is meant.
    pub key: String,
    /// What is wrong with it.
    pub message: String,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file as a whole.
    File(Arc<str>),
    /// In a file, at a line and a column, both from 1.
    Line(Arc<str>, usize, usize),
    /// In an environment variable.
    Variable(String),
}

impl ConfigError {
    /// The error for `problems`, or nothing when there are none.
    pub(crate) fn of(mut problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        Err(Self { problems })
    }
}

impl Problem {
    /// A finding about the whole of `file`.
    pub(crate) fn in_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            place: Place::File(file.into()),
            key: String::new(),
            message: message.into(),
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            key,
            message,
        } = self;
        match key.is_empty() {
            true => write!(f, "{place}: {message}"),
            false => write!(f, "{place}: {key}: {message}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::Line(file, line, column) => write!(f, "{file}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// `; did you mean {nearest}?`, or the list of what is known when nothing is near.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(word, candidate),
                *candidate,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, candidate)) if likeness >= 0.5 => format!("; did you mean {candidate}?"),
        _ => format!("; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_lists_what_is_not() {
        let known = ["brokers", "client_id"];
        assert_eq!(suggestion("broker", &known), "; did you mean brokers?");
        assert_eq!(suggestion("zzz", &known), "; known are brokers, client_id");
    }

    #[test]
    fn problems_stand_one_a_line_in_reading_order() {
        let at = |line| Place::Line("a.toml".into(), line, 1);
        let problem = |line, key: &str| Problem {
            place: at(line),
            key: key.into(),
            message: "is wrong".into(),
        };
        let error = ConfigError::of(vec![problem(10, "b"), problem(2, "a")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.toml:2:1: a: is wrong\na.toml:10:1: b: is wrong"
        );
    }
}

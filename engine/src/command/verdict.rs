//! What a case turned out to be.

use serde::{Deserialize, Serialize};

/// What a case turned out to be. Closing one needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An attack, or what the rules were made for.
    TruePositive,
    /// It happened, and it is allowed.
    Benign,
    /// It did not happen.
    FalsePositive,
    /// Nobody can say.
    InsufficientData,
    /// Another case is about the same.
    Duplicate,
    /// Somebody tried out the detection.
    Test,
}

impl Verdict {
    /// Every verdict, in stored order.
    pub const ALL: [Self; 6] = [
        Self::TruePositive,
        Self::Benign,
        Self::FalsePositive,
        Self::InsufficientData,
        Self::Duplicate,
        Self::Test,
    ];

    /// The word used in the API, events, metrics and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::Benign => "benign",
            Self::FalsePositive => "false_positive",
            Self::InsufficientData => "insufficient_data",
            Self::Duplicate => "duplicate",
            Self::Test => "test",
        }
    }

    /// The verdict called so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
    }
}

//! Who acts, and how sure that is.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// The name of a token, of a person as they call themselves, or of a rule.
    pub name: CompactString,
    /// How sure that is.
    pub proof: Proof,
}

/// How sure it is who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// They showed the token of that name.
    Token,
    /// They say so.
    Unproven,
    /// A rule of the policy; no person was there.
    Rule,
}

impl Actor {
    /// A rule of the policy.
    #[must_use]
    pub fn rule(name: &str) -> Self {
        Self {
            name: name.into(),
            proof: Proof::Rule,
        }
    }

    /// Whether a person, or a program of theirs, acts.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.proof != Proof::Rule
    }
}

impl Proof {
    /// The word used in the API, events and audit.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Unproven => "unproven",
            Self::Rule => "rule",
        }
    }
}

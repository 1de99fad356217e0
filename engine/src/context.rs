//! Context: what the engine is told besides alerts and commands: a new policy, with its content hash as version, and
//! what is known of entities.
//!
//! A context change is an input like any other. It is told by a verb, and it decides only what comes after it: what
//! stands in a group stays there. What the engine remembers from then on is what a restart under that context would
//! give, which is a law of the tests.

use std::sync::Arc;

use crate::knowledge::Knowledge;
use crate::policy::{InvalidPolicy, Policy};

/// What changed around the alerts.
#[derive(Clone, Debug, PartialEq)]
pub enum Context {
    /// Another policy.
    Policy(Box<Policy>),
    /// What lists say of entities, all of it: what stood there before is forgotten.
    Knowledge(Arc<Knowledge>),
}

/// Why a context was not taken over. Everything stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextRefused {
    /// The policy contradicts itself.
    #[error(transparent)]
    Invalid(#[from] InvalidPolicy),
    /// What is remembered is cut to this key's value; it changes with a restart only.
    #[error("{key} can't change while it runs: restart to change it")]
    Fixed {
        /// The key as written in policy.toml.
        key: &'static str,
    },
}

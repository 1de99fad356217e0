//! Probes. `/livez`: the process answers. `/readyz`: it does its work, or which part does not, with a reason.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::App;

/// A part that must work before caseloom is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Check {
    /// The engine's memory is rebuilt from the store.
    StateRestored,
    /// Every input topic is there and every partition is read.
    TopicsAssigned,
    /// The output topics take records.
    Publisher,
    /// The store takes writes.
    Store,
}

/// Which parts work. Starts with none; clones share it.
///
/// A part either tells ([`Self::pass`], [`Self::fail`]) or is asked at each look ([`Self::probe`]); asking is better
/// where the answer can change without anybody noticing.
#[derive(Clone)]
pub struct Readiness {
    /// A std Mutex, because nothing awaits under it. In the order of [`Check`].
    slots: Arc<Mutex<[Slot; 4]>>,
}

/// Why a part does not work, in one line for the operator; without secrets, since everyone on the port may read it.
pub type Reason = String;

enum Slot {
    Told(Result<(), Reason>),
    Asked(Box<dyn Fn() -> Result<(), Reason> + Send>),
}

/// What `/readyz` says.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Readiness)]
pub(in crate::http) struct Report {
    #[schema(value_type = String)]
    status: &'static str,
    checks: Vec<CheckReport>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct CheckReport {
    name: Check,
    #[schema(value_type = String)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 4] = [
        Self::StateRestored,
        Self::TopicsAssigned,
        Self::Publisher,
        Self::Store,
    ];
}

impl Readiness {
    /// Nothing works yet.
    #[must_use]
    pub fn new() -> Self {
        let starting = || Slot::Told(Err("starting".to_owned()));
        let slots = Check::ALL.map(|_| starting());
        Self {
            slots: Arc::new(Mutex::new(slots)),
        }
    }

    /// The part works.
    pub fn pass(&self, check: Check) {
        self.set(check, Slot::Told(Ok(())));
    }

    /// The part does not work.
    pub fn fail(&self, check: Check, reason: impl Into<Reason>) {
        self.set(check, Slot::Told(Err(reason.into())));
    }

    /// The part is asked at each look. `ask` must be quick and must not use this handle.
    pub fn probe(&self, check: Check, ask: impl Fn() -> Result<(), Reason> + Send + 'static) {
        self.set(check, Slot::Asked(Box::new(ask)));
    }

    /// Whether all parts work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.look().iter().all(|(_, state)| state.is_ok())
    }

    /// How each part is.
    #[must_use]
    pub fn look(&self) -> Vec<(Check, Result<(), Reason>)> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let states = slots.iter().map(|slot| match slot {
            Slot::Told(state) => state.clone(),
            Slot::Asked(ask) => ask(),
        });
        Check::ALL.into_iter().zip(states).collect()
    }

    fn set(&self, check: Check, slot: Slot) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)[check as usize] = slot;
    }

    fn report(&self) -> Report {
        let checks: Vec<_> = self.look().into_iter().map(CheckReport::new).collect();
        let is_ready = checks.iter().all(|check| check.reason.is_none());
        Report {
            status: if is_ready { "ready" } else { "not_ready" },
            checks,
        }
    }
}

impl CheckReport {
    fn new((name, state): (Check, Result<(), Reason>)) -> Self {
        Self {
            name,
            status: if state.is_ok() { "pass" } else { "fail" },
            reason: state.err(),
        }
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.look()).finish()
    }
}

#[utoipa::path(get, path = "/livez", tag = "process", operation_id = "livez", responses((status = 200, description = "It answers", body = Object)))]
pub(super) async fn livez() -> Json<serde_json::Value> {
    Json(serde_json::json!({"status": "live"}))
}

#[utoipa::path(get, path = "/readyz", tag = "process", operation_id = "readyz", responses((status = 200, description = "Ready", body = Report), (status = 503, description = "Not ready", body = Report)))]
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let report = app.readiness.report();
    let status = match report.status {
        "ready" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_when_all_parts_say_so() {
        let readiness = Readiness::new();
        assert!(!readiness.is_ready());
        for check in Check::ALL {
            readiness.pass(check);
        }
        assert!(readiness.is_ready());
        readiness.probe(Check::Publisher, || Err("no broker".into()));
        assert!(!readiness.clone().is_ready());
        let told = readiness.look();
        assert_eq!(told[2], (Check::Publisher, Err("no broker".into())));
    }
}

//! Silences as people say them: when they hold (`repeat`), and what one would have kept out (`preview`). What they do is
//! the engine's.

mod preview;
mod repeat;

pub use preview::{CASES_MAX, Preview, SAMPLES_MAX, Sample, preview};
pub use repeat::{InvalidRepeat, Repeat};

//! The events as a whole.

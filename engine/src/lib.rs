//! caseloom's engine: alerts in, decisions out. Pure: no I/O, no clock, no threads, no async, no logging.
//!
//! Modules stand in reading order.

pub mod time;
pub mod entity;
pub mod alert;
pub mod input;

//! caseloom's engine: alerts in, decisions out. Pure: no I/O, no clock, no threads, no async, no logging.
//!
//! Modules stand in reading order.

pub mod time;
pub mod entity;
pub mod alert;
pub mod input;
pub mod ids;
pub mod policy;
pub mod accounting;
pub mod record;
pub mod decision;
mod slots;
mod spans;
mod entities;
mod rules;
mod activities;
mod identities;
mod risk;
mod groups;
mod deadlines;
mod scopes;
pub mod correlator;

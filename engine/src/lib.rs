//! caseloom's engine: alerts in, decisions out. Pure: no I/O, no clock, no threads, no async, no logging.
//!
//! Modules stand in reading order.

pub mod accounting;
mod activities;
pub mod alert;
pub mod correlator;
mod deadlines;
pub mod decision;
mod entities;
pub mod entity;
mod groups;
mod identities;
pub mod ids;
pub mod input;
pub mod policy;
pub mod record;
mod risk;
mod rules;
mod scopes;
mod slots;
mod spans;
pub mod time;

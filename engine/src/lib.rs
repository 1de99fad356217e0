//! caseloom's engine: alerts in, decisions out. Pure: no I/O, no clock, no threads, no async, no logging.
//!
//! Modules stand in reading order.

pub mod accounting;
mod activities;
pub mod alert;
pub mod command;
pub mod context;
pub mod correlator;
mod deadlines;
pub mod decision;
pub mod busy;
mod entities;
pub mod entity;
mod facts;
mod groups;
pub mod hours;
mod identities;
pub mod ids;
mod index;
pub mod input;
mod keys;
pub mod past;
pub mod knowledge;
pub mod policy;
mod prefetch;
mod printer;
pub mod record;
pub mod recurrence;
mod risk;
mod rules;
mod scopes;
pub mod silence;
mod slots;
mod spans;
pub mod time;
mod versions;
pub mod view;

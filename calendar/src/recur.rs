//! Recurrence: rules as values, bounded lazy expansion, the recurrence set of an object (RFC 5545 §3.8.5).

mod day;
pub mod expand;
pub mod instances;
pub mod rule;

pub use instances::{ExpansionError, Instance, instances, overridden, reach};

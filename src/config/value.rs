//! The small languages of values: lengths of time, times of day, secrets, addresses, identifiers.

pub mod address;
pub mod duration;
pub mod hours;
pub mod secret;

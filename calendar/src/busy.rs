//! Busy time: what an object makes busy, busy time as a set, and VFREEBUSY out (RFC 5545 §3.6.4, RFC 4791 §7.10).

pub mod availability;
pub mod of_object;
pub mod reply;
pub mod set;

pub use availability::{Hours, hours, hours_of};
pub use of_object::{BusyReading, of_object};
pub use set::{BusyPeriod, BusySet, BusyType};

//! Calendars as values: text, components, time, recurrence, busy time, iTIP, and why a calendar says no.
//!
//! Pure: nothing here does I/O, reads a clock, draws chance or awaits.

pub mod address;
pub mod busy;
pub mod by_reference;
pub mod collection;
pub mod component;
pub mod detail;
pub mod feed;
pub mod itip;
pub mod jcal;
pub mod limits;
pub mod object;
pub mod recur;
pub mod refusal;
pub mod text;
pub mod time;
pub mod warning;
pub mod write;
pub mod zone;

pub use jiff::civil;

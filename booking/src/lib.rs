//! What may be booked: event types, candidate slots, rules, and the booking itself.
#![doc = include_str!("../README.md")]

pub mod booking;
pub mod desk;
pub mod event_type;
mod grid;
mod letter;
pub mod rule;
pub mod slot;
pub mod words;
mod working_time;

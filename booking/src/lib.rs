//! What may be booked: event types, candidate slots, rules, and the booking itself.

pub mod booking;
pub mod desk;
pub mod event_type;
pub mod rule;
pub mod slot;

//! Scheduling inside the server (RFC 6638): a thin shell over [`calendar::itip`].
//!
//! What a client writes into one of its own calendars is thought through (`rules`, `write`), stored with what scheduling
//! adds to it, and what others must hear goes out as letters of the same commit (`post`): to owners of this server by
//! the channel [`CHANNEL`], delivered at once and by the worker if that fails (`courier`, `arrival`), to others by mail.
//! What becomes of a letter is written back as SCHEDULE-STATUS (`settled`).
//!
//! Objects of other collections (mirrors, bookings) are scheduled for by whoever keeps them.

mod arrival;
pub mod courier;
mod letter;
pub(crate) mod people;
pub(crate) mod permission;
pub mod place;
mod post;
pub mod resource;
pub(crate) mod rows;
pub(crate) mod rules;
pub(crate) mod settled;
mod vouch;
pub(crate) mod write;

pub use courier::ToOwners;
pub use post::CHANNEL;

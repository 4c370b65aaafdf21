//! What the standards say, played against the whole server in process: scenarios as text, and lists of what there is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this is a test; one that fails may panic"
)]

pub mod calendar_text;
pub mod catalogue;
pub mod compare;
pub mod house;
pub mod pattern;
pub mod play;
pub mod scenario;
pub mod standards;

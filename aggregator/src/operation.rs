//! The verbs: one file each.

pub mod availability;
pub mod collection;
pub mod free_busy;
pub mod sign_in;

//! The verbs: one file each.

pub mod free_busy;

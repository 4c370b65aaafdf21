//! The program's side of backups: where they go, what goes with them, when, and how they come back.

pub mod drill;
pub mod keeper;
pub mod place;
pub mod s3;
pub mod schedule;
pub mod settings_copy;
pub mod swap;

pub use keeper::Backups;

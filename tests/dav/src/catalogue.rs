//! What the standards define, name by name, so that what is missing here is known and has a reason.

pub mod conditions;
pub mod extent;

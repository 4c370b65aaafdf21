//! The unified calendar: one gate for every change, sources to pull from, channels to deliver to.

pub mod delivery;
pub mod gate;
pub mod operation;
pub mod owner;
pub mod ports;
pub mod source;
pub mod sync;
pub mod world;

//! The unified calendar: one gate for every change, sources to pull from, channels to deliver to.

pub mod access;
pub mod attachments;
pub mod dav_backend;
pub mod delivery;
pub mod directory;
pub mod files;
pub mod gate;
pub mod home;
pub mod hot;
pub mod imip;
pub mod index;
pub mod locks;
pub mod operation;
pub mod own;
pub mod owner;
pub mod ports;
pub mod published;
pub mod push;
pub mod reading;
pub mod scheduling;
pub mod source;
pub mod sync;
pub mod turn;
pub mod unified;
pub mod usage;
pub mod world;
mod zones;

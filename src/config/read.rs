//! From sections to values: one file a section.

pub mod backup;
pub mod event_type;
pub mod listen;
pub mod mail;
pub mod owner;
pub mod push;
pub mod server;
pub mod source;
pub mod times;

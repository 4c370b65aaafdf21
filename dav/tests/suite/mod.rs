//! The tests, by what they are about.

mod calendar_data;
mod clients;
mod discovery;
mod filters;
mod locks;
mod objects;
mod outbox;
mod properties;
mod push;
mod queries;
mod relocation;
mod standard;
mod sync;
mod sync_home;
mod timezones;
mod xml;

//! Scheduling end to end: clients over CalDAV, the real store, owners who invite each other and others by mail.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod collections;
mod conversations;
mod histories;
mod honesty;
mod house;
mod outsiders;
mod races;
mod refusals;
mod tags;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../world/mod.rs"]
mod world;

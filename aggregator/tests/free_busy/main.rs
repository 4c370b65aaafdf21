//! Who is busy when, over DAV on a real store: by REPORT, through the outbox, with everything that counts.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod availability;
mod counting;
mod house;
mod outbox;
mod rooms;
mod url;
#[path = "../world/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod world;

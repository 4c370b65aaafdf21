//! Who is busy when, over DAV on a real store: by REPORT, through the outbox, with everything that counts.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod house;
mod outbox;
#[path = "../world/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod world;

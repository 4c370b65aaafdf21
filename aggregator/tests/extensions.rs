//! Extensions of CalDAV over the real backend, as requests and answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

#[path = "extensions/attachments.rs"]
mod attachments;
#[path = "extensions/client.rs"]
mod client;
#[path = "extensions/feeds.rs"]
mod feeds;
#[path = "extensions/json.rs"]
mod json;
#[path = "extensions/posting.rs"]
mod posting;
#[path = "extensions/preferences.rs"]
mod preferences;
#[path = "extensions/storage.rs"]
mod storage;
mod world;

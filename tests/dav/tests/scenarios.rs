//! All scenarios, each on a server of its own.

#![allow(clippy::disallowed_methods, reason = "which scenarios are played is the caller's choice")]

use dav_suites::play::play;
use dav_suites::scenario;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_goes_as_it_is_written() {
    let only = std::env::var("KALENDS_SCENARIO").unwrap_or_default();
    let mut under_way = JoinSet::new();
    for scenario in scenario::all() {
        if scenario.name.starts_with("given/") || !scenario.name.contains(&only) {
            continue;
        }
        assert!(!scenario.title.is_empty(), "{} does not say what it shows", scenario.name);
        under_way.spawn(async move { play(&scenario).await.err() });
    }
    let played = under_way.len();
    assert!(played > 0, "no scenario is called like {only}");
    let mut failed: Vec<String> = under_way.join_all().await.into_iter().flatten().collect();
    failed.sort();
    assert!(failed.is_empty(), "{} of {played} fail:\n\n{}\n", failed.len(), failed.join("\n\n"));
}

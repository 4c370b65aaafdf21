//! All scenarios, each on a server of its own.

#![allow(clippy::disallowed_methods, reason = "which scenarios are played is the caller's choice")]

use dav_suites::play::play;
use dav_suites::scenario;

#[tokio::test]
async fn every_conversation_goes_as_it_is_written() {
    let only = std::env::var("KALENDS_SCENARIO").unwrap_or_default();
    let (mut played, mut failed) = (0, Vec::new());
    for scenario in scenario::all() {
        if scenario.name.starts_with("given/") || !scenario.name.contains(&only) {
            continue;
        }
        assert!(!scenario.title.is_empty(), "{} does not say what it shows", scenario.name);
        played += 1;
        failed.extend(play(&scenario).await.err());
    }
    assert!(played > 0, "no scenario is called like {only}");
    assert!(failed.is_empty(), "{} of {played} fail:\n\n{}\n", failed.len(), failed.join("\n\n"));
}

//! Since when the state of a calendar has been as it is: what `Last-Modified` of a feed says.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use calendar::time::Instant;

/// Feeds of which the state is known; the oldest is forgotten first.
const FEEDS_MAX: usize = 4096;

/// The state in which each feed was last seen, and since when.
///
/// A state was there no later than it was first seen, so that nobody who was told of one is told "not modified" for
/// another. After a restart each feed is new once.
#[derive(Debug, Default)]
pub struct Seen {
    feeds: Mutex<BTreeMap<String, (String, Instant)>>,
}

impl Seen {
    /// Since when `feed` has been in `state`, if that can be told in whole seconds at `now`.
    pub fn since(&self, feed: &str, state: &str, now: Instant) -> Option<Instant> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match feeds.get(feed) {
            Some((known, since)) if known == state => *since,
            // Two states within one second must not be told as one.
            Some((_, since)) => now.max(since.plus(1)),
            None => now,
        };
        if feeds.len() >= FEEDS_MAX && !feeds.contains_key(feed) {
            let oldest = feeds.iter().min_by_key(|(_, (_, since))| *since).map(|(feed, _)| feed.clone());
            oldest.and_then(|feed| feeds.remove(&feed));
        }
        feeds.insert(feed.to_owned(), (state.to_owned(), since));
        // RFC 9110 §8.8.2.1: no time that is still to come.
        (since <= now).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_one_time_and_another_state_another() {
        let seen = Seen::default();
        let at = Instant::from_unix;
        assert_eq!(seen.since("a", "1", at(10)), Some(at(10)));
        assert_eq!(seen.since("a", "1", at(20)), Some(at(10)));
        assert_eq!(seen.since("a", "2", at(20)), Some(at(20)));
        // In the same second a third one: its time is still to come.
        assert_eq!(seen.since("a", "3", at(20)), None);
        assert_eq!(seen.since("a", "3", at(30)), Some(at(21)));
        // Should the clock go back, time does not.
        assert_eq!(seen.since("a", "4", at(5)), None);
    }

    #[test]
    fn there_is_a_bound() {
        let seen = Seen::default();
        for nth in 0..=FEEDS_MAX {
            seen.since(&nth.to_string(), "1", Instant::from_unix(i64::try_from(nth).unwrap()));
        }
        assert_eq!(seen.feeds.lock().unwrap().len(), FEEDS_MAX);
        assert!(!seen.feeds.lock().unwrap().contains_key("0"));
    }
}

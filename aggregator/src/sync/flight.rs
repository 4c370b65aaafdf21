//! One fetch of a source at a time: whoever asks while it is under way gets its answer.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A source: owner, id.
pub(super) type Key = (String, String);

/// The fetches under way, by source.
#[derive(Debug)]
pub(super) struct Flights<T> {
    by_source: Mutex<HashMap<Key, Arc<Flight<T>>>>,
}

#[derive(Debug)]
struct Flight<T> {
    /// How many have landed.
    landed: AtomicU64,
    /// Held while one is under way; what the last one brought.
    last: tokio::sync::Mutex<Option<T>>,
}

impl<T: Clone> Flights<T> {
    /// None under way.
    pub(super) fn new() -> Self {
        Self { by_source: Mutex::default() }
    }

    /// What `fetch` brings, or what another that was under way at this moment brings. If that one is given up, this
    /// one takes over.
    pub(super) async fn share<F: Future<Output = T>>(&self, key: Key, fetch: impl FnOnce() -> F) -> T {
        let flight = {
            let mut flights = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(flights.entry(key).or_insert_with(|| {
                Arc::new(Flight { landed: AtomicU64::new(0), last: tokio::sync::Mutex::new(None) })
            }))
        };
        let landed = flight.landed.load(Ordering::Acquire);
        let mut last = flight.last.lock().await;
        if flight.landed.load(Ordering::Acquire) > landed
            && let Some(brought) = &*last
        {
            return brought.clone();
        }
        let brought = fetch().await;
        *last = Some(brought.clone());
        flight.landed.fetch_add(1, Ordering::Release);
        brought
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn those_who_come_meanwhile_share() {
        let flights = Arc::new(Flights::<u64>::new());
        let fetched = Arc::new(AtomicU64::new(0));
        let mut all = JoinSet::new();
        for _ in 0..10 {
            let (flights, fetched) = (Arc::clone(&flights), Arc::clone(&fetched));
            all.spawn(async move {
                flights
                    .share(("o".into(), "s".into()), || async {
                        let number = fetched.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        number
                    })
                    .await
            });
        }
        assert!(all.join_all().await.iter().all(|number| *number == 0));
        let again = flights
            .share(("o".into(), "s".into()), || async { fetched.fetch_add(1, Ordering::SeqCst) })
            .await;
        assert_eq!(again, 1);
    }

    #[tokio::test]
    async fn one_that_is_given_up_is_taken_over() {
        let flights = Arc::new(Flights::<u64>::new());
        let key = || ("o".to_owned(), "s".to_owned());
        let first = flights.share(key(), || async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            1
        });
        let gone = tokio::time::timeout(Duration::from_millis(10), first).await;
        assert!(gone.is_err());
        assert_eq!(flights.share(key(), || async { 2 }).await, 2);
    }
}

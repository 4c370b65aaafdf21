//! Mirrors made fresh because somebody asks when the owner is free.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::flight::Key;
use super::pull::{Asked, Puller};
use super::{Freshen, LinkState, apply, schedule};

/// A source that failed less than so many seconds ago is not asked again because somebody looks.
const FAILED_SECONDS: i64 = 15;

#[async_trait]
impl Freshen for Puller {
    async fn freshen(&self, owner: &str, max_age_seconds: i64, deadline: Duration) {
        // What is not there in time goes on by itself; the next one who asks finds it.
        let _ = tokio::time::timeout(deadline, self.freshen_all(owner, max_age_seconds)).await;
    }
}

impl Puller {
    async fn freshen_all(&self, owner: &str, max_age_seconds: i64) {
        let Some(owner) = self.world.owner(owner) else { return };
        let mut under_way = Vec::new();
        for source in &owner.sources {
            let key = (owner.id.clone(), source.id.clone());
            if self.is_stale(&key, max_age_seconds).await {
                under_way.push(self.begin(key));
            }
        }
        for ended in under_way {
            // Dropped unanswered only if the pull panicked; its mirror is as it was.
            let _ = ended.await;
        }
    }

    /// Begins a pull that goes on when the waiting ends, and tells when it has ended.
    fn begin(&self, key: Key) -> oneshot::Receiver<()> {
        let (tell, ended) = oneshot::channel();
        let (puller, places) = (self.clone(), Arc::clone(&self.shared.on_demand_places));
        let mut pulls = self.shared.on_demand.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that have ended make room.
        while pulls.try_join_next().is_some() {}
        pulls.spawn(async move {
            let _place = places.acquire_owned().await;
            // Its failure stands in the link's state.
            let _ = puller.pull_as(key, Asked::OnDemand).await;
            let _ = tell.send(());
        });
        ended
    }

    async fn is_stale(&self, key: &Key, max_age_seconds: i64) -> bool {
        let now = self.world.now().as_unix();
        apply::link(&self.world, key).await.is_ok_and(|(state, _)| asks(&state, now, max_age_seconds))
    }
}

/// Whether a link is asked again at `now` for somebody who wants it no older than `max_age_seconds`.
fn asks(state: &LinkState, now: i64, max_age_seconds: i64) -> bool {
    let fresh = state.last_good.is_some_and(|last| (0..=max_age_seconds).contains(&(now - last)));
    let left_alone =
        state.not_before.is_some_and(|until| (1..=schedule::POLL_SECONDS_MAX).contains(&(until - now)));
    let just_failed =
        state.failures > 0 && state.last_try.is_some_and(|last| (0..FAILED_SECONDS).contains(&(now - last)));
    !fresh && !left_alone && !just_failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_old_and_may_be_asked_is_asked() {
        let state = |last_good, failures, last_try, not_before| LinkState {
            last_good,
            last_try,
            failures,
            not_before,
            ..LinkState::default()
        };
        assert!(asks(&state(None, 0, None, None), 1000, 60));
        assert!(!asks(&state(Some(950), 0, Some(950), None), 1000, 60));
        assert!(asks(&state(Some(900), 0, Some(900), None), 1000, 60));
        // A clock that was ahead makes nothing fresh for ever.
        assert!(asks(&state(Some(5000), 0, None, None), 1000, 60));
        assert!(!asks(&state(Some(500), 2, Some(990), None), 1000, 60));
        assert!(asks(&state(Some(500), 2, Some(900), None), 1000, 60));
        assert!(!asks(&state(Some(500), 2, Some(900), Some(1001)), 1000, 60));
        assert!(asks(&state(Some(500), 2, Some(900), Some(31_536_000)), 1000, 60));
    }
}

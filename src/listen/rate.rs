//! How often one peer may do what costs others: bookings, by the minute.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use super::peers::Peer;

/// A limit for each peer.
pub struct Rate {
    limiter: DefaultKeyedRateLimiter<Peer>,
    clock: DefaultClock,
}

impl Rate {
    /// At most `count` a minute from one peer, all of them at once if it likes.
    pub fn per_minute(count: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts one more of `peer`.
    ///
    /// # Errors
    /// Seconds until it may come again.
    pub fn check(&self, peer: Peer) -> Result<(), u64> {
        self.limiter
            .check_key(&peer)
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()).as_secs().saturating_add(1))
    }

    /// Forgets peers that have not come for a while, so that memory does not grow with attackers.
    pub fn forget_old(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Peers that have to wait because of what they did.
pub struct Penalties {
    rate: Rate,
    until: Mutex<HashMap<Peer, Instant>>,
}

impl Penalties {
    /// At most `count` failures a minute from one peer.
    pub fn new(count: u32) -> Self {
        Self { rate: Rate::per_minute(count), until: Mutex::default() }
    }

    /// Counts a failure of `peer`.
    pub fn count(&self, peer: Peer) {
        if let Err(seconds) = self.rate.check(peer) {
            let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
            until.insert(peer, Instant::now() + Duration::from_secs(seconds));
        }
    }

    /// Seconds that `peer` has to wait, if it has to.
    pub fn seconds_left(&self, peer: Peer) -> Option<u64> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner).get(&peer)?;
        let left = until.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then(|| left.as_secs() + 1)
    }

    /// Forgets what is over.
    pub fn forget_old(&self) {
        self.rate.forget_old();
        let now = Instant::now();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, until| *until > now);
        until.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_has_to_wait_and_others_do_not() {
        let rate = Rate::per_minute(3);
        let peer = Peer::of("192.0.2.1".parse().unwrap());
        assert!((0..3).all(|_| rate.check(peer).is_ok()));
        let wait = rate.check(peer).unwrap_err();
        assert!((1..=21).contains(&wait), "{wait}");
        assert!(rate.check(Peer::of("192.0.2.2".parse().unwrap())).is_ok());
    }

    #[test]
    fn failures_are_free_until_they_are_too_many() {
        let penalties = Penalties::new(2);
        let peer = Peer::of("192.0.2.1".parse().unwrap());
        for _ in 0..2 {
            penalties.count(peer);
            assert_eq!(penalties.seconds_left(peer), None);
        }
        penalties.count(peer);
        assert!(penalties.seconds_left(peer).is_some_and(|seconds| (1..=31).contains(&seconds)));
        penalties.forget_old();
        assert!(penalties.seconds_left(peer).is_some());
    }
}

//! How often one peer may do what costs others: bookings, by the minute.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

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
}

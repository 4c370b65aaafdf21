//! When the next copy is due, whatever the clock does. Pure.
//!
//! The clock on the wall says how old the newest copy is, also over a restart or a night asleep. A clock that cannot be
//! right (the newest copy lies ahead of it) is not asked; then the time since the last copy, or since the start, counts,
//! which no setting of the clock can change.

use std::time::Duration;

/// The first wait after a failure; the next are twice as long each.
const BACK_OFF_MIN: Duration = Duration::from_secs(30);
/// The longest.
const BACK_OFF_MAX: Duration = Duration::from_secs(3600);
/// Clocks that agree to so much, and a tenth, agree.
const SLACK: Duration = Duration::from_secs(60);
/// The longest for which the clocks must have agreed before anything is removed because of its age.
const CALM: Duration = Duration::from_secs(3600);

/// What is known when the next copy is planned.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// When the newest copy was taken, UTC seconds.
    pub newest: Option<i64>,
    /// How long this program has been running.
    pub up: Duration,
    /// How long ago it took a copy.
    pub since_success: Option<Duration>,
    /// How long ago it tried to.
    pub since_try: Option<Duration>,
    /// How often that failed since.
    pub failures: u32,
}

/// How long to wait at `now` (UTC seconds) until the next copy, one every `every`.
pub fn wait(known: &Known, now: i64, every: Duration) -> Duration {
    if let (1.., Some(since)) = (known.failures, known.since_try) {
        let doubled = BACK_OFF_MIN.saturating_mul(1 << (known.failures - 1).min(16));
        return doubled.min(BACK_OFF_MAX).min(every.max(BACK_OFF_MIN)).saturating_sub(since);
    }
    let Some(newest) = known.newest else { return Duration::ZERO };
    let steady = every.saturating_sub(known.since_success.unwrap_or(known.up));
    match u64::try_from(now.saturating_sub(newest)) {
        Ok(age) => steady.min(every.saturating_sub(Duration::from_secs(age))),
        Err(_) => steady,
    }
}

/// Two clocks side by side: that on the wall, UTC seconds, and one that cannot be set.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The one on the wall.
    pub wall: i64,
    /// The other, since the start.
    pub steady: Duration,
}

impl Reading {
    /// Whether the clock on the wall was not set between the two readings.
    pub fn agrees_with(self, before: Self) -> bool {
        let steady = self.steady.saturating_sub(before.steady);
        let Ok(wall) = u64::try_from(self.wall.saturating_sub(before.wall)) else { return false };
        Duration::from_secs(wall).abs_diff(steady) <= SLACK + steady / 10
    }
}

/// For how long the clocks must have agreed before old copies are removed, and how often that is done: to see what they
/// need, all that are kept are looked at.
pub fn between_removals(every: Duration) -> Duration {
    CALM.min(every.saturating_mul(4))
}

/// For how long the clocks have agreed, from copy to copy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm {
    first: Option<Reading>,
    last: Option<Reading>,
}

impl Calm {
    /// Notes a reading; whether what is old may be removed: a clock that was set a year ahead must not cost the copies
    /// of that year before somebody sets it right.
    pub fn note(&mut self, reading: Reading, every: Duration) -> bool {
        if !self.last.is_some_and(|last| reading.agrees_with(last)) {
            self.first = Some(reading);
        }
        self.last = Some(reading);
        let calm = self.first.map_or(Duration::ZERO, |first| reading.steady.saturating_sub(first.steady));
        calm >= between_removals(every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const EVERY: Duration = Duration::from_secs(900);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn started(newest: Option<i64>, up: u64) -> Known {
        Known { newest, up: secs(up), ..Known::default() }
    }

    #[test]
    fn the_first_comes_at_once_and_the_next_when_it_is_due() {
        assert_eq!(wait(&started(None, 0), NOW, EVERY), Duration::ZERO);
        assert_eq!(wait(&started(Some(NOW - 600), 0), NOW, EVERY), secs(300));
        assert_eq!(wait(&started(Some(NOW - 9000), 0), NOW, EVERY), Duration::ZERO);
        let known = Known { since_success: Some(secs(100)), ..started(Some(NOW - 100), 5000) };
        assert_eq!(wait(&known, NOW, EVERY), secs(800));
    }

    #[test]
    fn a_clock_that_was_never_set_waits_once_and_goes_on_without_it() {
        // 1970, and the newest copy is of last night.
        assert_eq!(wait(&started(Some(NOW), 10), 20, EVERY), secs(890));
        assert_eq!(wait(&started(Some(NOW), 900), 910, EVERY), Duration::ZERO);
        // Set right meanwhile: the copy is old, one is due, and only one.
        assert_eq!(wait(&started(Some(NOW - 40_000), 30), NOW, EVERY), Duration::ZERO);
    }

    #[test]
    fn an_hour_back_neither_stalls_nor_storms() {
        let known = |since| Known { since_success: Some(secs(since)), ..started(Some(NOW), 5000) };
        assert_eq!(wait(&known(0), NOW - 3600, EVERY), EVERY);
        assert_eq!(wait(&known(899), NOW - 3600, EVERY), secs(1));
        assert_eq!(wait(&known(900), NOW - 3600, EVERY), Duration::ZERO);
    }

    #[test]
    fn failures_wait_longer_and_longer_by_the_clock_that_cannot_be_set() {
        let known = |failures, since| Known {
            failures,
            since_try: Some(secs(since)),
            ..started(Some(NOW - 90_000), 5000)
        };
        assert_eq!(wait(&known(1, 0), NOW, EVERY), secs(30));
        assert_eq!(wait(&known(3, 20), NOW + 31_536_000, EVERY), secs(100));
        assert_eq!(wait(&known(60, 0), NOW, EVERY), EVERY);
        assert_eq!(wait(&known(60, 0), NOW, secs(86_400)), BACK_OFF_MAX);
    }

    #[test]
    fn nothing_is_removed_by_a_clock_that_has_just_jumped() {
        let mut calm = Calm::default();
        let at = |wall, steady| Reading { wall, steady: secs(steady) };
        assert!(!calm.note(at(NOW, 0), EVERY));
        assert!(!calm.note(at(NOW + 900, 900), EVERY));
        assert!(calm.note(at(NOW + 3600, 3600), EVERY));
        // A year ahead: an hour to notice.
        assert!(!calm.note(at(NOW + 31_536_000, 4500), EVERY));
        assert!(!calm.note(at(NOW + 31_536_900, 5400), EVERY));
        // Back again.
        assert!(!calm.note(at(NOW + 6300, 6300), EVERY));
        assert!(calm.note(at(NOW + 9900, 9900), EVERY));
    }
}

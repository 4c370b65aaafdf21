//! When a source is asked next. Pure; chance is an argument.

use calendar::time::Instant;

use super::LinkState;
use crate::source::SourceError;

/// The shortest time between two polls, in seconds.
pub const POLL_SECONDS_MIN: i64 = 15;
/// The longest time between two polls, whatever a provider asks for, in seconds.
pub const POLL_SECONDS_MAX: i64 = 86_400;
/// The longest back-off where a person has to act, in seconds.
const BACK_OFF_SECONDS_MAX: i64 = 6 * 3600;
/// A throttled source that names no time is left alone so many seconds at first.
const THROTTLED_SECONDS: i64 = 60;
/// A clock that is set back by so much has only been put right.
const STEP_SECONDS: i64 = 60;
/// A complete answer is asked for after so many seconds, validators or not.
const FULL_SECONDS: i64 = 86_400;

/// Seconds between polls: what the settings say, or what the provider asks for if that is longer.
pub fn interval(poll_seconds: i64, refresh_seconds: Option<i64>) -> i64 {
    poll_seconds.max(refresh_seconds.unwrap_or(0)).clamp(POLL_SECONDS_MIN, POLL_SECONDS_MAX)
}

/// When to ask after a good answer: an eighth earlier or later, so that many sources do not come at once; never earlier
/// than the provider asks.
pub fn after_success(now: Instant, poll_seconds: i64, refresh_seconds: Option<i64>, chance: u64) -> i64 {
    let interval = interval(poll_seconds, refresh_seconds);
    let earliest = (interval - interval / 8).max(refresh_seconds.unwrap_or(0).min(POLL_SECONDS_MAX));
    now.as_unix() + earliest + within(interval / 4, chance)
}

/// When to ask after the `failures`-th failure in a row.
///
/// What may pass is tried soon and then as often as ever; what a person has to mend is tried less and less often; a
/// provider that names a time is left alone at least that long.
pub fn after_failure(
    now: Instant,
    error: &SourceError,
    (poll_seconds, failures): (i64, u32),
    chance: u64,
) -> i64 {
    let interval = interval(poll_seconds, None);
    let doubled = |first: i64, most: i64| {
        first.saturating_mul(1_i64 << failures.saturating_sub(1).min(20)).clamp(1, most.max(1))
    };
    let seconds = match error {
        SourceError::Throttled(asked) => {
            let asked = i64::try_from(*asked).unwrap_or(POLL_SECONDS_MAX).min(POLL_SECONDS_MAX);
            asked.max(doubled(THROTTLED_SECONDS, POLL_SECONDS_MAX))
        }
        passing if passing.may_pass() => doubled(2, interval),
        _ => doubled(interval, BACK_OFF_SECONDS_MAX.max(interval)),
    };
    now.as_unix() + seconds + within((seconds / 4).max(1), chance)
}

/// Whether a link is due at `now`. One whose time lies further ahead than any plan, or that was tried in what is now the
/// future, was written by a clock that ran ahead; it must not wait for that day. Once it is tried, it was tried now.
pub fn is_due(state: &LinkState, now: Instant) -> bool {
    state.due <= now.as_unix()
        || state.due > now.as_unix() + 2 * POLL_SECONDS_MAX
        || was_tried_ahead(state, now)
}

/// Whether the clock has gone back since a link was tried.
pub fn was_tried_ahead(state: &LinkState, now: Instant) -> bool {
    state.last_try.is_some_and(|last| last > now.as_unix() + STEP_SECONDS)
}

/// Whether the next answer must be complete, whatever the cursor says (once a day).
pub fn is_full_due(state: &LinkState, now: Instant) -> bool {
    state.last_full.is_none_or(|last| !(0..FULL_SECONDS).contains(&(now.as_unix() - last)))
}

/// A number in `[0, span]`.
fn within(span: i64, chance: u64) -> i64 {
    let count = u64::try_from(span).unwrap_or(0).saturating_add(1);
    i64::try_from(chance % count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_unix(1_800_000_000);

    fn wait(due: i64) -> i64 {
        due - NOW.as_unix()
    }

    #[test]
    fn the_longer_of_settings_and_provider_counts_up_to_a_day() {
        assert_eq!(interval(300, None), 300);
        assert_eq!(interval(300, Some(3600)), 3600);
        assert_eq!(interval(7200, Some(3600)), 7200);
        assert_eq!(interval(300, Some(999_999)), 86_400);
        assert_eq!(interval(0, None), POLL_SECONDS_MIN);
    }

    #[test]
    fn polls_are_spread_over_a_quarter_of_the_interval() {
        let waits: Vec<i64> =
            (0..1000).map(|chance| wait(after_success(NOW, 300, None, chance * 7919))).collect();
        assert!(waits.iter().all(|wait| (263..=338).contains(wait)), "{waits:?}");
        assert!(waits.iter().max().unwrap() - waits.iter().min().unwrap() > 60);
        assert!((0..100).all(|chance| wait(after_success(NOW, 300, Some(3600), chance * 31)) >= 3600));
    }

    #[test]
    fn failures_back_off_by_remedy() {
        let passing = SourceError::Unreachable(String::new());
        let after = |error: &SourceError, failures| wait(after_failure(NOW, error, (300, failures), 0));
        assert_eq!([1, 2, 3, 4, 8, 40].map(|failures| after(&passing, failures)), [2, 4, 8, 16, 256, 300]);
        let mend = SourceError::Unauthorized(String::new());
        assert_eq!([1, 2, 3, 40].map(|failures| after(&mend, failures)), [300, 600, 1200, 21_600]);
        let throttled = |seconds| SourceError::Throttled(seconds);
        assert_eq!(after(&throttled(0), 1), 60);
        assert_eq!(after(&throttled(0), 3), 240);
        assert_eq!(after(&throttled(900), 1), 900);
        assert_eq!(after(&throttled(u64::MAX), 1), 86_400);
        assert!((0..50).all(|chance| wait(after_failure(NOW, &throttled(900), (300, 1), chance)) >= 900));
    }

    #[test]
    fn a_clock_that_jumps_neither_storms_nor_stalls() {
        let state = |due| LinkState { due, ..LinkState::default() };
        assert!(is_due(&state(NOW.as_unix()), NOW));
        assert!(!is_due(&state(NOW.as_unix() + 1), NOW));
        assert!(!is_due(&state(NOW.as_unix() + 86_400), NOW));
        assert!(is_due(&state(NOW.as_unix() + 10 * 86_400), NOW));
        // An hour back, and a second.
        let tried = |last| LinkState { last_try: Some(last), ..state(NOW.as_unix() + 4000) };
        assert!(is_due(&tried(NOW.as_unix() + 3600), NOW));
        assert!(!is_due(&tried(NOW.as_unix() + 1), NOW));
        let full = |last| LinkState { last_full: last, ..LinkState::default() };
        assert!(is_full_due(&full(None), NOW));
        assert!(!is_full_due(&full(Some(NOW.as_unix() - 1000)), NOW));
        assert!(is_full_due(&full(Some(NOW.as_unix() - 86_400)), NOW));
        assert!(is_full_due(&full(Some(NOW.as_unix() + 1000)), NOW));
    }
}

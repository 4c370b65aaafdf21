//! Working hours as UTC time: an owner-local date's intervals through the zone's offsets (specification 6.2, S1–S3).
//!
//! A minute of UTC time is open when the owner's clock, read at that minute, shows a working time. The zone is walked
//! as stretches of one offset; inside a stretch, readings and seconds run alike, so an interval of readings is an
//! interval of seconds, and a skipped or repeated hour falls out of the arithmetic: a reading that no stretch shows
//! is not there, one that two stretches show is there twice.
//!
//! Inside this module time is whole UTC seconds and dates are days since 1970-01-01, for arithmetic without bounds.

use std::collections::VecDeque;

use calendar::civil;
use calendar::time::Instant;
use calendar::zone::Zone;

use crate::event_type::{Hours, Interval};

/// Seconds of a day without a change of the clock.
pub(crate) const DAY: i64 = 86_400;

/// No clock is further from UTC than this, in seconds.
const OFFSET_SECONDS_MAX: i64 = 26 * 3600;

/// A half-open pair of UTC seconds.
pub(crate) type Stretch = (i64, i64);

/// The days from 1970-01-01 to `date`.
pub(crate) fn day_number(date: civil::Date) -> i64 {
    Instant::from_utc(date.to_datetime(civil::Time::midnight())).as_unix().div_euclid(DAY)
}

/// The date that lies `day` days after 1970-01-01.
pub(crate) fn date_of(day: i64) -> civil::Date {
    Instant::from_unix(day.saturating_mul(DAY)).to_utc().date()
}

/// The owner-local date of `instant`.
pub(crate) fn local_day(zone: &Zone, instant: Instant) -> i64 {
    day_number(zone.local_of(instant).date())
}

/// The earliest second at which any clock may show `day`.
pub(crate) const fn earliest_of(day: i64) -> i64 {
    day.saturating_mul(DAY).saturating_sub(OFFSET_SECONDS_MAX)
}

/// The second after the last at which any clock may show `day`.
pub(crate) const fn latest_of(day: i64) -> i64 {
    day.saturating_add(1).saturating_mul(DAY).saturating_add(OFFSET_SECONDS_MAX)
}

/// The hours of every date, as unions of intervals in seconds after midnight.
#[derive(Debug)]
struct Plan {
    weekly: [Vec<Stretch>; 7],
    /// By day.
    overrides: Vec<(i64, Vec<Stretch>)>,
}

impl Plan {
    fn new(hours: &Hours) -> Self {
        let mut overrides: Vec<(i64, Vec<Interval>)> = Vec::with_capacity(hours.overrides.len());
        for (date, intervals) in &hours.overrides {
            overrides.push((day_number(*date), intervals.clone()));
        }
        overrides.sort_by_key(|(day, _)| *day);
        // A date that is named twice has the hours of both (S2: only the union counts).
        overrides.dedup_by(|later, kept| {
            later.0 == kept.0 && {
                kept.1.append(&mut later.1);
                true
            }
        });
        Self {
            weekly: std::array::from_fn(|weekday| union_of(&hours.weekly[weekday])),
            overrides: overrides.iter().map(|(day, intervals)| (*day, union_of(intervals))).collect(),
        }
    }

    fn of_day(&self, day: i64) -> &[Stretch] {
        if let Ok(at) = self.overrides.binary_search_by_key(&day, |(day, _)| *day) {
            return &self.overrides[at].1;
        }
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        &self.weekly[weekday]
    }
}

/// The union of working intervals in seconds after midnight; an interval that ends where or before it begins is empty.
fn union_of(intervals: &[Interval]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = intervals
        .iter()
        .map(|interval| (i64::from(interval.start) * 60, i64::from(interval.end.min(2880)) * 60))
        .filter(|(start, end)| start < end)
        .collect();
    merge(&mut stretches);
    stretches
}

/// Sorts, and joins what touches or overlaps.
fn merge(stretches: &mut Vec<Stretch>) {
    stretches.sort_unstable();
    stretches.dedup_by(|later, kept| {
        later.0 <= kept.1 && {
            kept.1 = kept.1.max(later.1);
            true
        }
    });
}

/// The second of the first whole UTC minute at or after `second`.
const fn minute_from(second: i64) -> i64 {
    second.saturating_add(59).div_euclid(60).saturating_mul(60)
}

/// The zone's offsets, walked forward.
#[derive(Debug)]
struct Offsets<'a> {
    zone: &'a Zone,
    /// Stretch and seconds east of UTC; adjoining, by time.
    known: VecDeque<(Stretch, i64)>,
}

impl<'a> Offsets<'a> {
    fn new(zone: &'a Zone, from: i64) -> Self {
        let mut offsets = Self { zone, known: VecDeque::new() };
        offsets.push_from(from);
        offsets
    }

    fn push_from(&mut self, from: i64) {
        let at = Instant::from_unix(from);
        let end = self.zone.next_transition(at).map_or(i64::MAX, Instant::as_unix);
        // A transition that does not lie ahead would be walked for ever.
        let end = if end > from { end } else { i64::MAX };
        self.known.push_back(((from, end), i64::from(self.zone.offset_at(at))));
    }

    /// Makes the stretches known up to `until`.
    fn reach(&mut self, until: i64) {
        while let Some(&((_, end), _)) = self.known.back() {
            if end >= until {
                break;
            }
            self.push_from(end);
        }
    }

    fn forget_before(&mut self, second: i64) {
        while self.known.len() > 1 && self.known.front().is_some_and(|((_, end), _)| *end <= second) {
            self.known.pop_front();
        }
    }

    fn offset_at(&self, second: i64) -> i64 {
        let inside = self.known.iter().find(|((_, end), _)| second < *end).or_else(|| self.known.back());
        inside.map_or(0, |(_, offset)| *offset)
    }
}

/// The dates of an owner, one after another, each with its runs.
#[derive(Debug)]
pub(crate) struct Dates<'a> {
    plan: Plan,
    offsets: Offsets<'a>,
    next: i64,
}

impl<'a> Dates<'a> {
    /// The dates from the first that may hold a minute at or after `from`.
    pub(crate) fn new(hours: &Hours, zone: &'a Zone, from: Instant) -> Self {
        // An interval over midnight reaches one day on; the offset, little more than another.
        let next = (from.as_unix() - OFFSET_SECONDS_MAX).div_euclid(DAY) - 1;
        Self { plan: Plan::new(hours), offsets: Offsets::new(zone, earliest_of(next)), next }
    }

    /// No run of a date that is still to come begins before this second.
    pub(crate) fn frontier(&self) -> i64 {
        earliest_of(self.next)
    }

    /// The runs of the next date (S3): longest stretches of its open minutes, by start.
    pub(crate) fn next_runs(&mut self) -> Vec<Stretch> {
        let day = self.next;
        self.next += 1;
        let intervals = self.plan.of_day(day);
        if intervals.is_empty() {
            return Vec::new();
        }
        // Readings as seconds on the owner's clock since its 1970-01-01T00:00.
        let midnight = day.saturating_mul(DAY);
        self.offsets.reach(latest_of(day + 1));
        let mut runs = Vec::with_capacity(intervals.len());
        for &((from, until), offset) in &self.offsets.known {
            for &(start, end) in intervals {
                let start = minute_from((midnight + start - offset).max(from));
                let end = minute_from((midnight + end - offset).min(until));
                if start < end {
                    runs.push((start, end));
                }
            }
        }
        merge(&mut runs);
        runs
    }

    /// The owner-local date that clocks show at `second`, which must not lie before what was forgotten.
    pub(crate) fn day_at(&mut self, second: i64) -> i64 {
        self.offsets.reach(second.saturating_add(1));
        (second + self.offsets.offset_at(second)).div_euclid(DAY)
    }

    /// Nothing before `second` will be asked for again.
    pub(crate) fn forget_before(&mut self, second: i64) {
        self.offsets.forget_before(second.min(self.frontier()));
    }
}

/// Open time of all dates together (S4), from a moving beginning on.
#[derive(Debug, Default)]
pub(crate) struct OpenTime {
    stretches: VecDeque<Stretch>,
}

impl OpenTime {
    /// Adds the runs of a date, which are sorted and disjoint.
    pub(crate) fn add(&mut self, runs: &[Stretch]) {
        let Some(&(first, _)) = runs.first() else { return };
        let kept = self.stretches.partition_point(|(_, end)| *end < first);
        let mut both: Vec<Stretch> = self.stretches.drain(kept..).collect();
        both.extend_from_slice(runs);
        merge(&mut both);
        self.stretches.extend(both);
    }

    /// Whether every second of `[start, end)` is open.
    pub(crate) fn holds(&self, start: i64, end: i64) -> bool {
        let at = self.stretches.partition_point(|(_, until)| *until <= start);
        self.stretches.get(at).is_some_and(|(from, until)| *from <= start && end <= *until)
    }

    /// Nothing before `second` will be asked for again.
    pub(crate) fn forget_before(&mut self, second: i64) {
        while self.stretches.front().is_some_and(|(_, end)| *end <= second) {
            self.stretches.pop_front();
        }
    }
}

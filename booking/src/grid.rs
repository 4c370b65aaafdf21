//! The grid: starts at the beginning of every run and each interval of elapsed time after it (specification 6.2, S3),
//! kept where the whole slot is open (S4). Lazy and sorted, each start once (S12).

use calendar::time::{Instant, Span};

use crate::event_type::{Buffer, EventType, Grid};
use crate::working_time::{Dates, OpenTime, Stretch};

/// The finest grid, in seconds: hours are minutes, and so are the steps between slots.
pub(crate) const GRID_SECONDS_MIN: i64 = 60;

/// The longest slot, in seconds; longer durations are never offered.
pub(crate) const DURATION_SECONDS_MAX: i64 = 366 * 86_400;

/// A step as long as this leaves the run's first start alone, since no run lasts so long.
const GRID_SECONDS_MAX: i64 = 4 * 366 * 86_400;

/// The longest buffer that counts, in seconds.
const BUFFER_SECONDS_MAX: i64 = 366 * 86_400;

/// A start on the grid, with the owner-local date that the clock shows there (days since 1970-01-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) start: Instant,
    pub(crate) day: i64,
}

/// Buffers as they count: not negative, not beyond the bound.
pub(crate) fn buffers(buffer: &Buffer) -> (i64, i64) {
    (buffer.before.clamp(0, BUFFER_SECONDS_MAX), buffer.after.clamp(0, BUFFER_SECONDS_MAX))
}

/// The duration as it counts in arithmetic.
pub(crate) fn length(duration: i64) -> i64 {
    duration.clamp(1, DURATION_SECONDS_MAX)
}

/// Seconds between two starts of one run.
pub(crate) fn interval(event_type: &EventType, duration: i64) -> i64 {
    let (before, after) = buffers(&event_type.buffer);
    match event_type.grid {
        Grid::Every(seconds) => seconds,
        Grid::Duration => length(duration),
        Grid::Auto => length(duration) + before + after,
    }
    .clamp(GRID_SECONDS_MIN, GRID_SECONDS_MAX)
}

/// The starts of one date that are still to come.
#[derive(Debug)]
struct DateStarts {
    runs: std::vec::IntoIter<Stretch>,
    end: i64,
    next: i64,
}

impl DateStarts {
    fn new(runs: Vec<Stretch>, from: i64, interval: i64) -> Option<Self> {
        let mut starts = Self { runs: runs.into_iter(), end: i64::MIN, next: i64::MAX };
        loop {
            starts.enter_next_run()?;
            if starts.next < from {
                // The first step at or after `from`; the grid still counts from the run's beginning.
                let steps = (from - starts.next + interval - 1).div_euclid(interval);
                starts.next = starts.next.saturating_add(steps.saturating_mul(interval));
            }
            if starts.next < starts.end {
                return Some(starts);
            }
        }
    }

    fn enter_next_run(&mut self) -> Option<()> {
        (self.next, self.end) = self.runs.next()?;
        Some(())
    }

    /// Goes past the start at hand; `None` after the last.
    fn advance(&mut self, interval: i64) -> Option<()> {
        self.next = self.next.saturating_add(interval);
        if self.next < self.end { Some(()) } else { self.enter_next_run() }
    }
}

/// The starts whose slot lies in working hours.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    dates: Dates<'a>,
    open: OpenTime,
    /// One entry for each date at hand: yesterday's hours over midnight, today's, and those looked ahead to.
    starts: Vec<DateStarts>,
    interval: i64,
    duration: i64,
    from: i64,
    until: i64,
}

impl<'a> Candidates<'a> {
    /// The candidates that start within `range`.
    pub(crate) fn new(event_type: &'a EventType, duration: i64, range: Span) -> Self {
        Self {
            dates: Dates::new(&event_type.hours, &event_type.zone, range.start),
            open: OpenTime::default(),
            starts: Vec::with_capacity(8),
            interval: interval(event_type, duration),
            duration: length(duration),
            from: range.start.as_unix(),
            until: range.end.as_unix(),
        }
    }

    /// Takes dates in until no later date begins at or before `second`.
    fn look_ahead(&mut self, second: i64) {
        while self.dates.frontier() <= second {
            let runs = self.dates.next_runs();
            self.open.add(&runs);
            self.starts.extend(DateStarts::new(runs, self.from, self.interval));
        }
    }

    /// The next start on the grid.
    fn next_start(&mut self) -> Option<i64> {
        loop {
            let next = self.starts.iter().map(|starts| starts.next).min();
            match next {
                Some(start) if start < self.dates.frontier() => return Some(start),
                Some(start) => self.look_ahead(start),
                None if self.dates.frontier() < self.until => self.look_ahead(self.dates.frontier()),
                None => return None,
            }
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = Candidate;

    fn next(&mut self) -> Option<Candidate> {
        loop {
            let start = self.next_start().filter(|start| *start < self.until)?;
            let interval = self.interval;
            // Two dates may name one start where hours over midnight meet the next day's: it is one slot.
            self.starts.retain_mut(|date| date.next != start || date.advance(interval).is_some());
            let end = start.saturating_add(self.duration);
            self.look_ahead(end);
            self.open.forget_before(start);
            self.dates.forget_before(start);
            if self.open.holds(start, end) {
                let day = self.dates.day_at(start);
                return Some(Candidate { start: Instant::from_unix(start), day });
            }
        }
    }
}

/// Whether every second from `start` on is open for `duration` seconds.
pub(crate) fn is_open(event_type: &EventType, start: Instant, duration: i64) -> bool {
    let mut dates = Dates::new(&event_type.hours, &event_type.zone, start);
    let mut open = OpenTime::default();
    let end = start.as_unix().saturating_add(length(duration));
    while dates.frontier() < end {
        open.add(&dates.next_runs());
    }
    open.holds(start.as_unix(), end)
}

/// Whether a run offers `start`.
pub(crate) fn is_on_grid(event_type: &EventType, start: Instant, duration: i64) -> bool {
    let mut dates = Dates::new(&event_type.hours, &event_type.zone, start);
    let interval = interval(event_type, duration);
    let start = start.as_unix();
    while dates.frontier() <= start {
        let runs = dates.next_runs();
        let offered = runs
            .iter()
            .any(|&(from, until)| from <= start && start < until && (start - from).rem_euclid(interval) == 0);
        if offered {
            return true;
        }
    }
    false
}

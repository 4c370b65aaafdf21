//! Event types: what may be booked (specification 6.1).

use calendar::busy::BusyType;
use calendar::civil;
use calendar::zone::Zone;

/// An interval of working time on the clock, `[start, end)` in minutes after midnight; `end` may pass 1440 for an
/// interval over midnight (22:00–02:00 is 1320–1560).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// Minutes after midnight, 0–1439.
    pub start: u16,
    /// Minutes after midnight, 1–2880.
    pub end: u16,
}

/// Working hours by weekday, with dates that are different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Monday first.
    pub weekly: [Vec<Interval>; 7],
    /// A date's hours instead of its weekday's; empty: closed.
    pub overrides: Vec<(civil::Date, Vec<Interval>)>,
}

/// The distance between slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// The duration: meetings stand back to back.
    Duration,
    /// So many seconds of elapsed time.
    Every(i64),
    /// Duration plus both buffers.
    Auto,
}

/// How the buffers of two neighbours combine (S5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combine {
    /// The larger counts.
    #[default]
    Max,
    /// Both count.
    Sum,
}

/// Time kept free around a booking, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffer {
    /// Before.
    pub before: i64,
    /// After.
    pub after: i64,
    /// How it combines with a neighbour's.
    pub combine: Combine,
}

/// How many bookings may start on an owner-local date, in an ISO week, in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// A day.
    pub day: Option<u32>,
    /// An ISO week.
    pub week: Option<u32>,
    /// A month.
    pub month: Option<u32>,
}

/// What may be booked.
#[derive(Clone, Debug, PartialEq)]
pub struct EventType {
    /// Path segment.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Description (plain text; blank lines part paragraphs).
    pub description: String,
    /// Seconds of each duration offered; the first is the default.
    pub durations: Vec<i64>,
    /// The grid.
    pub grid: Grid,
    /// Working hours.
    pub hours: Hours,
    /// The zone of the hours: the owner's.
    pub zone: Zone,
    /// Buffers.
    pub buffer: Buffer,
    /// Seconds of notice.
    pub notice: i64,
    /// Days that may be booked ahead.
    pub horizon_days: i32,
    /// Limits on the number of bookings of this type.
    pub limit: Limit,
    /// The weakest busy type that blocks.
    pub blocks_from: BusyType,
    /// LOCATION.
    pub location: Option<String>,
    /// Whether it may be booked at all.
    pub active: bool,
    /// Whether it is listed on the owner's page.
    pub listed: bool,
}

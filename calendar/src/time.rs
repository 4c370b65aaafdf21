//! Instants and spans: the only time that the inside of the house knows.
//!
//! An instant is a whole UTC second. A span is half-open, `[start, end)`. Local readings live in
//! [`DateOrTime`] and become instants in one function that asks for a zone (RFC 5545 §3.3.5).

mod duration;
mod parse;

use std::fmt;

use crate::civil;
use crate::zone::Zone;

pub use duration::Duration;

/// A moment, in whole UTC seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// 0001-01-02T00:00:00Z: earlier than anything a calendar holds.
    pub const MIN: Self = Self(-62_135_510_400);
    /// 9999-12-30T00:00:00Z: later than anything a calendar holds.
    pub const MAX: Self = Self(253_402_128_000);

    /// The instant `seconds` after the epoch, kept within [`Self::MIN`] and [`Self::MAX`].
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds < Self::MIN.0 {
            Self::MIN
        } else if seconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(seconds)
        }
    }

    /// UTC seconds since the epoch.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// This instant moved by `seconds` (negative: earlier), kept within the bounds.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this instant; negative if it lies later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The UTC reading of this instant.
    pub fn to_utc(self) -> civil::DateTime {
        // The bounds of `Instant` lie within those of the time library, so the fallback is never taken.
        jiff::Timestamp::from_second(self.0)
            .map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).datetime())
            .unwrap_or_default()
    }

    /// The instant at which UTC clocks show `reading`.
    pub fn from_utc(reading: civil::DateTime) -> Self {
        let days = i64::from(reading.date().since(civil::date(1970, 1, 1)).map_or(0, |span| span.get_days()));
        let time = reading.time();
        let seconds =
            i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        Self::from_unix(days * 86_400 + seconds)
    }

    /// `20261121T093000Z` (RFC 5545 §3.3.5, form 2).
    pub fn to_ical(self) -> String {
        let reading = self.to_utc();
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            reading.year(),
            reading.month(),
            reading.day(),
            reading.hour(),
            reading.minute(),
            reading.second()
        )
    }
}

impl fmt::Display for Instant {
    /// `2026-11-21T09:30:00Z` (RFC 3339).
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}Z", self.to_utc())
    }
}

/// A half-open stretch of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first instant inside.
    pub start: Instant,
    /// The first instant after it.
    pub end: Instant,
}

impl Span {
    /// All of time.
    pub const ALWAYS: Self = Self { start: Instant::MIN, end: Instant::MAX };

    /// The span `[start, end)`; of no length where `end` lies before `start`.
    pub fn new(start: Instant, end: Instant) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Length in seconds.
    pub const fn seconds(self) -> i64 {
        self.end.0 - self.start.0
    }

    /// Whether it holds no instant.
    pub const fn is_empty(self) -> bool {
        self.end.0 <= self.start.0
    }

    /// Whether `instant` lies inside.
    pub fn contains(self, instant: Instant) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether the two share at least one instant; touching is not sharing.
    pub fn overlaps(self, other: Self) -> bool {
        !self.is_empty() && !other.is_empty() && self.start < other.end && other.start < self.end
    }

    /// What both hold, if anything.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let both = Self { start: self.start.max(other.start), end: self.end.min(other.end) };
        (both.start < both.end).then_some(both)
    }
}

/// A DATE or DATE-TIME value in one of its four kinds (RFC 5545 §3.3.4, §3.3.5).
#[derive(Clone, Debug, PartialEq)]
pub enum DateOrTime {
    /// A day, in whatever zone the calendar has.
    Date(civil::Date),
    /// A reading of the clock in whatever zone the calendar has.
    Floating(civil::DateTime),
    /// A reading of the clock in a named zone.
    Zoned {
        /// What the clocks there show.
        local: civil::DateTime,
        /// The zone, as the object defines it or as its name is known.
        zone: Zone,
    },
    /// An instant.
    Utc(Instant),
}

impl DateOrTime {
    /// Reads a DATE or DATE-TIME value by its looks, without its TZID: never [`Self::Zoned`].
    ///
    /// Besides the forms of RFC 5545 §3.3.4 and §3.3.5: a date with `Z` (the date), without seconds, with the hyphens and colons of ISO 8601, with
    /// an offset from UTC, hour 24, second 60 (read as 59), blanks where a clock has leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date_text, time_text) = match text.find(['T', 't', ' ']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let date = parse::date(date_text.trim_end_matches(['Z', 'z']))?;
        let Some(time_text) = time_text else { return Some(Self::Date(date)) };
        let time_text = parse::with_zeros(time_text);
        let end = time_text.find(|character: char| !character.is_ascii_digit() && character != ':');
        let (clock, zone) = time_text.split_at(end.unwrap_or(time_text.len()));
        let local = parse::clock(date, clock)?;
        match zone.trim() {
            "" => Some(Self::Floating(local)),
            "Z" | "z" => Some(Self::Utc(Instant::from_utc(local))),
            offset => Some(Self::Utc(Instant::from_utc(local).plus(-parse::offset(offset)?))),
        }
    }

    /// The instant meant, a date being its first moment, with `calendar_zone` for what has no zone.
    pub fn to_instant(&self, calendar_zone: &Zone) -> Instant {
        match self {
            Self::Date(date) => calendar_zone.instant_of(date.to_datetime(civil::Time::midnight())),
            Self::Floating(local) => calendar_zone.instant_of(*local),
            Self::Zoned { local, zone } => zone.instant_of(*local),
            Self::Utc(instant) => *instant,
        }
    }

    /// The value as text, without its TZID: `20260701`, `20260701T090000` or `20260701T070000Z`.
    pub fn to_ical(&self) -> String {
        let mut text = Instant::from_utc(self.local()).to_ical();
        match self {
            Self::Date(_) => text.truncate(8),
            Self::Floating(_) | Self::Zoned { .. } => text.truncate(15),
            Self::Utc(_) => {}
        }
        text
    }

    /// What the clock shows in the value's own zone: UTC's for an instant, midnight for a date.
    pub fn local(&self) -> civil::DateTime {
        match self {
            Self::Date(date) => date.to_datetime(civil::Time::midnight()),
            Self::Floating(local) | Self::Zoned { local, .. } => *local,
            Self::Utc(instant) => instant.to_utc(),
        }
    }

    /// Whether it is a DATE.
    pub const fn is_date(&self) -> bool {
        matches!(self, Self::Date(_))
    }

    /// The zone in which its reading is meant; the calendar's where it has none.
    pub fn zone<'a>(&'a self, calendar_zone: &'a Zone) -> &'a Zone {
        match self {
            Self::Date(_) | Self::Floating(_) => calendar_zone,
            Self::Zoned { zone, .. } => zone,
            Self::Utc(_) => Zone::utc(),
        }
    }

    /// The same kind of value with another reading.
    #[must_use]
    pub fn with_local(&self, local: civil::DateTime) -> Self {
        match self {
            Self::Date(_) => Self::Date(local.date()),
            Self::Floating(_) => Self::Floating(local),
            Self::Zoned { zone, .. } => Self::Zoned { local, zone: zone.clone() },
            Self::Utc(_) => Self::Utc(Instant::from_utc(local)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_their_looks() {
        for (text, read) in [
            ("20260701", "20260701"),
            (" 2026-07-01 ", "20260701"),
            ("20260701Z", "20260701"),
            ("20260701T090000", "20260701T090000"),
            ("20260701t0900", "20260701T090000"),
            ("2026-07-01T09:00:05", "20260701T090005"),
            ("20260701T090000Z", "20260701T090000Z"),
            ("20260701T090000z", "20260701T090000Z"),
            ("20260701T090000+0200", "20260701T070000Z"),
            ("2026-07-01T09:00:00-05:30", "20260701T143000Z"),
            ("20260701T235960Z", "20260701T235959Z"),
            ("20261231T240000", "20270101T000000"),
            ("20260701T 9 5 0Z", "20260701T090500Z"),
        ] {
            assert_eq!(DateOrTime::parse(text).map(|value| value.to_ical()).as_deref(), Some(read), "{text}");
        }
        for text in [
            "",
            "2026",
            "20260230",
            "20261301",
            "20260701T",
            "20260701T09",
            "20260701T9 0500",
            "20260701T250000",
            "Next Year",
            "2026é701",
        ] {
            assert_eq!(DateOrTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn instants_and_readings() {
        for unix in [0, -1, 1_782_864_000, Instant::MIN.as_unix(), Instant::MAX.as_unix(), -5_000_000_000] {
            let instant = Instant::from_unix(unix);
            assert_eq!(Instant::from_utc(instant.to_utc()), instant);
        }
        assert_eq!(Instant::from_unix(i64::MIN), Instant::MIN);
    }
}

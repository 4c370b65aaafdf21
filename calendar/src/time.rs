//! Instants and spans: the only time that the inside of the house knows.
//!
//! An instant is a whole UTC second. A span is half-open, `[start, end)`. Local readings live in
//! [`DateOrTime`] and become instants in one function that asks for a zone (RFC 5545 §3.3.5).

use std::fmt;

use crate::civil;
use crate::zone::Zone;

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
    /// an offset from UTC, hour 24, second 60 (read as 59).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date_text, time_text) = match text.find(['T', 't', ' ']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let date = parse_date(date_text.trim_end_matches(['Z', 'z']))?;
        let Some(time_text) = time_text else { return Some(Self::Date(date)) };
        let end = time_text.find(|character: char| !character.is_ascii_digit() && character != ':');
        let (clock, zone) = time_text.split_at(end.unwrap_or(time_text.len()));
        let local = parse_clock(date, clock)?;
        match zone.trim() {
            "" => Some(Self::Floating(local)),
            "Z" | "z" => Some(Self::Utc(Instant::from_utc(local))),
            offset => Some(Self::Utc(Instant::from_utc(local).plus(-parse_offset(offset)?))),
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

/// `20260701` or `2026-07-01`.
fn parse_date(text: &str) -> Option<civil::Date> {
    let octets = text.as_bytes();
    let (month, day) = match octets.len() {
        8 => (4, 6),
        10 if octets[4] == b'-' && octets[7] == b'-' => (5, 8),
        _ => return None,
    };
    let number = |from: usize, length: usize| {
        let digits = text.get(from..from + length)?;
        digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse::<i16>().ok()).flatten()
    };
    civil::Date::new(
        number(0, 4)?,
        i8::try_from(number(month, 2)?).ok()?,
        i8::try_from(number(day, 2)?).ok()?,
    )
    .ok()
}

/// `090000`, `0900`, `09:00:00` on `date`.
fn parse_clock(date: civil::Date, text: &str) -> Option<civil::DateTime> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    if !matches!(digits.len(), 4 | 6) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i8>().ok());
    let (hour, minute, second) = (part(0)?, part(2)?, part(4)?.min(59));
    if (hour, minute, second) == (24, 0, 0) {
        return Some(date.tomorrow().ok()?.to_datetime(civil::Time::midnight()));
    }
    civil::DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()
}

/// `+0200` or `-05:30`, in seconds.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) =
        if let Some(digits) = text.strip_prefix('+') { (1, digits) } else { (-1, text.strip_prefix('-')?) };
    let digits: String = digits.chars().filter(|character| *character != ':').collect();
    let number: i64 = if digits.len() == 4 { digits.parse().ok()? } else { return None };
    (number <= 2400 && number % 100 < 60).then_some(sign * (number / 100 * 3600 + number % 100 * 60))
}

/// A DURATION value (RFC 5545 §3.3.6): days by the clock, the rest exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Weeks and days, in days of the clock; negative for a negative duration.
    pub days: i64,
    /// Hours, minutes and seconds, in seconds; negative likewise.
    pub seconds: i64,
}

impl Duration {
    /// Reads `P1W`, `P1DT2H`, `-PT15M`; leniently also weeks and days together, lower case and a missing `T`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(&text)),
        };
        let mut duration = Self::default();
        let mut number: Option<i64> = None;
        for character in rest.strip_prefix('P')?.chars() {
            if let Some(digit) = character.to_digit(10) {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
                continue;
            }
            if character == 'T' && number.is_none() {
                continue;
            }
            let amount = number.take()?.checked_mul(sign)?;
            let (total, unit) = match character {
                'W' => (&mut duration.days, 7),
                'D' => (&mut duration.days, 1),
                'H' => (&mut duration.seconds, 3600),
                'M' => (&mut duration.seconds, 60),
                'S' => (&mut duration.seconds, 1),
                _ => return None,
            };
            *total = total.checked_add(amount.checked_mul(unit)?)?;
        }
        (number.is_none() && rest.len() > 1).then_some(duration)
    }

    /// Its length in seconds where every day has 24 hours.
    pub const fn nominal_seconds(self) -> i64 {
        self.days.saturating_mul(86_400).saturating_add(self.seconds)
    }

    /// Whether it points back in time.
    pub const fn is_negative(self) -> bool {
        self.nominal_seconds() < 0
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
            "20260701T250000",
            "Next Year",
            "2026é701",
        ] {
            assert_eq!(DateOrTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations() {
        let parsed = |text: &str| Duration::parse(text).map(|duration| (duration.days, duration.seconds));
        assert_eq!(parsed("P1W"), Some((7, 0)));
        assert_eq!(parsed("P1DT2H3M4S"), Some((1, 7384)));
        assert_eq!(parsed("-PT15M"), Some((0, -900)));
        assert_eq!(parsed("+p1w1d"), Some((8, 0)));
        assert_eq!(parsed("PT0S"), Some((0, 0)));
        for text in
            ["", "P", "-P", "1H", "PT5", "P1X", "PTH", "P99999999999999999999D", "P9223372036854775807W"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
        assert!(Duration::parse("-P1D").is_some_and(Duration::is_negative));
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

//! What a visitor has chosen so far, as it travels in the address: month, day, instant, duration, zone, clock.
//!
//! `?m=2026-11&d=2026-11-24&s=20261124T090000Z&dur=30&tz=Europe/Paris&h12=1`. Instants travel, never wall times.

use calendar::civil::{self, Date};
use calendar::time::Instant;
use calendar::zone::Zone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::english::Clock;
use crate::month::{Month, parse_date};
use crate::zones;

/// Octets of a query or a value beyond which nothing is read.
const VALUE_OCTETS_MAX: usize = 100;

/// What needs no escape in a value of a query.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What needs no escape in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What has been chosen; what is absent is left to the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    /// The month shown.
    pub(crate) month: Option<Month>,
    /// The day whose times are shown.
    pub(crate) day: Option<Date>,
    /// The time taken.
    pub(crate) start: Option<Instant>,
    /// Seconds.
    pub(crate) duration: Option<i64>,
    /// The zone in which times are read.
    pub(crate) zone: Option<Zone>,
    /// How hours are written.
    pub(crate) clock: Option<Clock>,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// There is no such zone.
    Zone(String),
    /// No month, day, duration or time can be read from it.
    Value(&'static str),
}

impl Choice {
    /// Reads a query or the body of a form; names it does not know are passed over, of repeated ones the last counts.
    /// `to` stands above `s`: it is the button by which another time is taken instead of the one in the form.
    ///
    /// # Errors
    /// [`Unclear`] names the first value that means nothing.
    pub(crate) fn parse(query: &[u8]) -> Result<Self, Unclear> {
        let mut choice = Self::default();
        let mut instead = Self::default();
        for (name, value) in form_urlencoded::parse(query) {
            match &*name {
                "to" => instead.take("s", &value)?,
                name => choice.take(name, &value)?,
            }
        }
        choice.start = instead.start.or(choice.start);
        Ok(choice)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Unclear> {
        let known = match name {
            "m" => "month",
            "d" => "day",
            "s" => "time",
            "dur" => "duration",
            "tz" => "time zone",
            "h12" => "clock",
            _ => return Ok(()),
        };
        // An empty value is a field that was left alone.
        if value.is_empty() {
            return Ok(());
        }
        let unclear = || Unclear::Value(known);
        if value.len() > VALUE_OCTETS_MAX {
            return Err(unclear());
        }
        match name {
            "m" => self.month = Some(Month::parse(value).ok_or_else(unclear)?),
            "d" => self.day = Some(parse_date(value).ok_or_else(unclear)?),
            "dur" => self.duration = Some(parse_length(value).ok_or_else(unclear)?),
            "tz" => {
                self.zone = Some(zones::zone(value).ok_or_else(|| Unclear::Zone(value.to_owned()))?);
            }
            "h12" => self.clock = Some(parse_clock(value).ok_or_else(unclear)?),
            _ => self.start = Some(parse_instant(value).ok_or_else(unclear)?),
        }
        Ok(())
    }

    /// The names and values of all that is chosen, in one order.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if let Some(month) = self.month {
            pairs.push(("m", month.key()));
        }
        if let Some(day) = self.day {
            pairs.push(("d", day.to_string()));
        }
        if let Some(start) = self.start {
            pairs.push(("s", start.to_ical()));
        }
        if let Some(duration) = self.duration {
            pairs.push(("dur", length_value(duration)));
        }
        if let Some(zone) = &self.zone {
            pairs.push(("tz", zone.name().to_owned()));
        }
        if let Some(clock) = self.clock {
            pairs.push(("h12", clock_value(clock).to_owned()));
        }
        pairs
    }

    /// `path` with the choice as its query.
    pub(crate) fn href(&self, path: &str) -> String {
        let mut href = path.to_owned();
        for (at, (name, value)) in self.pairs().into_iter().enumerate() {
            href.push(if at == 0 { '?' } else { '&' });
            href.push_str(name);
            href.push('=');
            href.extend(utf8_percent_encode(&value, VALUE));
        }
        href
    }

    /// The same with another month and no day or time.
    #[must_use]
    pub(crate) fn in_month(&self, month: Month) -> Self {
        Self { month: Some(month), day: None, start: None, ..self.clone() }
    }

    /// The same on a day, which names its month too.
    #[must_use]
    pub(crate) fn on_day(&self, day: Date) -> Self {
        Self { month: None, day: Some(day), start: None, ..self.clone() }
    }

    /// The same at a time, which names its day too.
    #[must_use]
    pub(crate) fn at(&self, start: Instant) -> Self {
        Self { month: None, day: None, start: Some(start), ..self.clone() }
    }

    /// Only what outlives a step: zone and clock.
    #[must_use]
    pub(crate) fn lasting(&self) -> Self {
        Self { zone: self.zone.clone(), clock: self.clock, ..Self::default() }
    }
}

/// A path of escaped segments, with a slash before each.
pub(crate) fn path(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    path
}

/// A value as it stands in a query.
pub(crate) fn value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// `30` for half an hour; `90s` for what is no whole number of minutes.
pub(crate) fn length_value(seconds: i64) -> String {
    if seconds % 60 == 0 { (seconds / 60).to_string() } else { format!("{seconds}s") }
}

/// `1` for twelve hours twice, `0` for twenty-four.
pub(crate) fn clock_value(clock: Clock) -> &'static str {
    match clock {
        Clock::Hours12 => "1",
        Clock::Hours24 => "0",
    }
}

fn parse_length(text: &str) -> Option<i64> {
    let (digits, unit) = text.strip_suffix('s').map_or((text, 60), |digits| (digits, 1));
    let number: u32 = digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())??;
    (number > 0).then(|| i64::from(number) * unit)
}

fn parse_clock(text: &str) -> Option<Clock> {
    match text {
        "1" => Some(Clock::Hours12),
        "0" => Some(Clock::Hours24),
        _ => None,
    }
}

/// Reads `20261124T090000Z` (RFC 5545 §3.3.5, form 2) and nothing else.
fn parse_instant(text: &str) -> Option<Instant> {
    let octets = text.as_bytes();
    let shaped = octets.len() == 16
        && octets.iter().enumerate().all(|(at, octet)| match at {
            8 => *octet == b'T',
            15 => *octet == b'Z',
            _ => octet.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let small = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let reading =
        civil::DateTime::new(year, small(4)?, small(6)?, small(9)?, small(11)?, small(13)?, 0).ok()?;
    (1970..=9998).contains(&year).then(|| Instant::from_utc(reading))
}

#[cfg(test)]
mod tests {
    use calendar::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> Choice {
        Choice::parse(query.as_bytes()).unwrap()
    }

    #[test]
    fn a_choice_travels_and_comes_back() {
        let query = "m=2026-11&d=2026-11-24&s=20261124T090000Z&dur=30&tz=Asia/Kathmandu&h12=1";
        let choice = read(query);
        assert_eq!(choice.day, Some(date(2026, 11, 24)));
        assert_eq!(choice.duration, Some(1800));
        assert_eq!(choice.clock, Some(Clock::Hours12));
        assert_eq!(choice.start.unwrap().to_string(), "2026-11-24T09:00:00Z");
        assert_eq!(choice.href("/ada/intro"), format!("/ada/intro?{query}"));
    }

    #[test]
    fn each_step_keeps_what_lasts() {
        let choice = read("m=2026-11&d=2026-11-24&dur=45&tz=UTC&h12=0");
        assert_eq!(
            choice.in_month(Month::parse("2027-01").unwrap()).href("/x"),
            "/x?m=2027-01&dur=45&tz=UTC&h12=0"
        );
        assert_eq!(choice.on_day(date(2027, 1, 5)).href("/x"), "/x?d=2027-01-05&dur=45&tz=UTC&h12=0");
        assert_eq!(choice.at(Instant::from_unix(0)).href("/x"), "/x?s=19700101T000000Z&dur=45&tz=UTC&h12=0");
        assert_eq!(choice.lasting().href("/x"), "/x?tz=UTC&h12=0");
        assert_eq!(Choice::default().href("/x"), "/x");
    }

    #[test]
    fn what_means_nothing_is_named() {
        assert_eq!(Choice::parse(b"tz=Mars/Phobos"), Err(Unclear::Zone("Mars/Phobos".to_owned())));
        for (query, what) in [
            ("m=2026-13", "month"),
            ("d=tomorrow", "day"),
            ("s=2026-11-24T09:00", "time"),
            ("s=20261124T240000Z", "time"),
            ("s=20261124T090060Z", "time"),
            ("s=20261324T090000Z", "time"),
            ("dur=0", "duration"),
            ("dur=-5", "duration"),
            ("dur=+5", "duration"),
            ("dur=s", "duration"),
            ("h12=yes", "clock"),
        ] {
            assert_eq!(Choice::parse(query.as_bytes()), Err(Unclear::Value(what)), "{query}");
        }
        let long = format!("tz={}", "x".repeat(5000));
        assert_eq!(Choice::parse(long.as_bytes()), Err(Unclear::Value("time zone")));
    }

    #[test]
    fn unknown_names_and_empty_values_are_passed_over() {
        assert_eq!(read("utm_source=x&lang=fr&tz=&m="), Choice::default());
        assert_eq!(
            read("s=20261124T090000Z&to=20261124T093000Z").start.unwrap().to_ical(),
            "20261124T093000Z"
        );
    }

    #[test]
    fn segments_cannot_leave_their_place() {
        assert_eq!(path(&["ada", "intro"]), "/ada/intro");
        assert_eq!(path(&["a/b", "\"><x>", "..é"]), "/a%2Fb/%22%3E%3Cx%3E/..%C3%A9");
    }

    proptest! {
        #[test]
        fn nothing_panics(query in ".{0,200}") {
            let _ = Choice::parse(query.as_bytes());
        }

        #[test]
        fn instants_round_trip(seconds in 0_i64..200_000_000_000) {
            let instant = Instant::from_unix(seconds);
            prop_assert_eq!(parse_instant(&instant.to_ical()), Some(instant));
        }
    }
}

//! Values of iCalendar as filters need them: UTC times, durations, periods (RFC 5545 §3.3.5, §3.3.6, §3.3.9).

use calendar::civil;
use calendar::time::{Duration, Instant, Span};

/// The instant of a DATE-TIME in UTC, `20260504T090000Z`.
pub fn utc(text: &str) -> Option<Instant> {
    let digits = text.strip_suffix('Z')?;
    let (date, time) = digits.split_once('T')?;
    if date.len() != 8 || time.len() != 6 || !(date.bytes().chain(time.bytes())).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |text: &str| text.parse::<i8>().ok();
    let reading = civil::DateTime::new(
        date[..4].parse().ok()?,
        number(&date[4..6])?,
        number(&date[6..8])?,
        number(&time[..2])?,
        number(&time[2..4])?,
        // A leap second is the last one of its minute.
        number(&time[4..6])?.min(59),
        0,
    );
    let reading = reading.ok()?;
    (time <= "235960").then(|| Instant::from_utc(reading))
}

/// The seconds of a DURATION, `-PT15M`; days are of 24 hours.
pub fn duration(text: &str) -> Option<i64> {
    Duration::parse(text).map(Duration::nominal_seconds)
}

/// The span of a PERIOD in UTC, with an end or a duration.
pub fn period(text: &str) -> Option<Span> {
    let (start, end) = text.trim().split_once('/')?;
    let start = utc(start)?;
    let end = match utc(end) {
        Some(end) => end,
        None => start.plus(duration(end)?),
    };
    Some(Span::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_utc() {
        assert_eq!(utc("20060104T000000Z").map(Instant::to_ical).as_deref(), Some("20060104T000000Z"));
        for wrong in [
            "20060104",
            "20060104T000000",
            "2006-01-04T00:00:00Z",
            "20060230T000000Z",
            "20060104T250000Z",
            "Z",
            "日日日T日日Z",
        ] {
            assert_eq!(utc(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn periods() {
        let both = period("20060104T150000Z/PT1H");
        assert_eq!(both, period("20060104T150000Z/20060104T160000Z"));
        assert_eq!(both.map(Span::seconds), Some(3600));
        assert_eq!(period("20060104T150000Z"), None);
    }
}

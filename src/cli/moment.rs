//! Times as people type and read them at a terminal.

use calendar::civil;
use calendar::time::Instant;
use calendar::zone::Zone;

use crate::config::value::duration;

/// The instant that `text` means: `2026-11-24`, `2026-11-24T09:30`, with `Z` or an offset, `now`, `today`,
/// `tomorrow`, or a distance from now.
///
/// # Errors
/// What is wrong with it and how it is right.
pub fn parse(text: &str, zone: &Zone, now: Instant) -> Result<Instant, String> {
    let text = text.trim();
    let today = zone.local_of(now).date();
    let midnight = |date: civil::Date| zone.instant_of(date.to_datetime(civil::Time::midnight()));
    match text {
        "now" => return Ok(now),
        "today" => return Ok(midnight(today)),
        "tomorrow" => return Ok(midnight(today.tomorrow().unwrap_or(today))),
        _ => {}
    }
    if let Some(distance) = text.strip_prefix('+') {
        return duration::parse(distance).map(|seconds| now.plus(seconds));
    }
    if let Some(distance) = text.strip_prefix('-') {
        return duration::parse(distance).map(|seconds| now.plus(-seconds));
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(Instant::from_unix(moment.as_second()));
    }
    let plain = text.replacen(' ', "T", 1);
    if plain.len() == 10
        && let Ok(date) = plain.parse::<civil::Date>()
    {
        return Ok(midnight(date));
    }
    if plain.len() >= 16
        && let Ok(reading) = plain.parse::<civil::DateTime>()
    {
        return in_zone(reading, zone, text);
    }
    Err(format!(
        "`{text}` is not a time: write 2026-11-24, 2026-11-24T09:30, 2026-11-24T09:30:00Z, now, today, tomorrow or +7d"
    ))
}

/// A reading that is skipped or shown twice is no way to name one instant.
fn in_zone(reading: civil::DateTime, zone: &Zone, text: &str) -> Result<Instant, String> {
    match zone.instants_of(reading).as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("`{text}` is skipped by the clocks of {}; add an offset", zone.name())),
        several => {
            let offsets: Vec<String> = several.iter().map(|instant| rfc3339(*instant, zone)).collect();
            Err(format!("`{text}` comes twice in {}; write {}", zone.name(), offsets.join(" or ")))
        }
    }
}

/// `2026-11-24T09:30:00+01:00`.
pub fn rfc3339(instant: Instant, zone: &Zone) -> String {
    let offset = zone.offset_at(instant);
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    format!("{}{sign}{:02}:{:02}", zone.local_of(instant), minutes / 60, minutes % 60)
}

/// `Tue 24 Nov 2026`.
pub fn day(date: civil::Date) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
    let month = usize::try_from(date.month() - 1).unwrap_or(0);
    format!("{} {} {} {}", DAYS[weekday], date.day(), MONTHS[month], date.year())
}

/// `09:30`.
pub fn clock(reading: civil::DateTime) -> String {
    format!("{:02}:{:02}", reading.hour(), reading.minute())
}

/// `Tue 24 Nov 2026 09:30`.
pub fn at(instant: Instant, zone: &Zone) -> String {
    let reading = zone.local_of(instant);
    format!("{} {}", day(reading.date()), clock(reading))
}

/// `UTC+1`, `UTC-3:30`, `UTC`.
pub fn offset(instant: Instant, zone: &Zone) -> String {
    let seconds = zone.offset_at(instant);
    let minutes = seconds.unsigned_abs() / 60;
    match (seconds, minutes % 60) {
        (0, _) => "UTC".to_owned(),
        (_, 0) => format!("UTC{}{}", if seconds < 0 { '-' } else { '+' }, minutes / 60),
        (_, rest) => format!("UTC{}{}:{rest:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60),
    }
}

/// `3 min ago`, `in 2 h`.
pub fn distance(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    let text = match size {
        0..=89 => format!("{size} s"),
        90..=5399 => format!("{} min", (size + 30) / 60),
        5400..=129_599 => format!("{} h", (size + 1800) / 3600),
        _ => format!("{} days", (size + 43_200) / 86_400),
    };
    if seconds < 0 { format!("{text} ago") } else { format!("in {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Zone {
        Zone::iana("Europe/Berlin").unwrap()
    }

    fn read(text: &str) -> Result<Instant, String> {
        // 2026-11-21T09:30:00Z
        parse(text, &berlin(), Instant::from_unix(1_795_253_400))
    }

    #[test]
    fn times_are_read_in_the_zone_asked_for() {
        for (text, utc) in [
            ("now", "2026-11-21T09:30:00Z"),
            ("today", "2026-11-20T23:00:00Z"),
            ("tomorrow", "2026-11-21T23:00:00Z"),
            ("+1h", "2026-11-21T10:30:00Z"),
            ("-1d", "2026-11-20T09:30:00Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-07-01T09:00", "2026-07-01T07:00:00Z"),
            ("2026-07-01 09:00", "2026-07-01T07:00:00Z"),
            ("2026-07-01T09:00:30Z", "2026-07-01T09:00:30Z"),
            ("2026-07-01T09:00:00-04:00", "2026-07-01T13:00:00Z"),
        ] {
            assert_eq!(read(text).map(|instant| instant.to_string()), Ok(utc.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_names_no_one_instant_is_refused() {
        assert!(read("2026-03-29T02:30").unwrap_err().contains("skipped"));
        let twice = read("2026-10-25T02:30").unwrap_err();
        assert!(twice.contains("2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"), "{twice}");
        for text in ["", "soon", "24.11.2026", "2026-13-01", "+soon", "09:30"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_told_as_people_read_them() {
        let instant = Instant::from_unix(1_795_253_400);
        assert_eq!(at(instant, &berlin()), "Sat 21 Nov 2026 10:30");
        assert_eq!(rfc3339(instant, &berlin()), "2026-11-21T10:30:00+01:00");
        assert_eq!(offset(instant, &Zone::iana("Asia/Kolkata").unwrap()), "UTC+5:30");
        assert_eq!((distance(-120), distance(7200)), ("2 min ago".to_owned(), "in 2 h".to_owned()));
    }
}

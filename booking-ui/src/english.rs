//! Dates, times and lengths in English words. Pure; readings are civil, offsets are seconds east of UTC.

pub(crate) use booking::words::{month_name, weekday_name};
use calendar::civil::{Date, DateTime};

/// How hours are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// 14:30.
    Hours24,
    /// 2:30 pm.
    Hours12,
}

/// The first three letters: how English shortens the names of months and weekdays.
fn short(name: &'static str) -> &'static str {
    name.get(..3).unwrap_or(name)
}

/// `Tue`.
pub(crate) fn weekday_short(date: Date) -> &'static str {
    short(weekday_name(date.weekday()))
}

/// `Tuesday 24 November 2026`.
pub(crate) fn long_date(date: Date) -> String {
    format!("{} {} {} {}", weekday_name(date.weekday()), date.day(), month_name(date.month()), date.year())
}

/// `Tue 24 November`.
pub(crate) fn day_heading(date: Date) -> String {
    format!("{} {} {}", weekday_short(date), date.day(), month_name(date.month()))
}

/// `Tue 24 Nov`.
pub(crate) fn short_date(date: Date) -> String {
    format!("{} {} {}", weekday_short(date), date.day(), short(month_name(date.month())))
}

/// `09:00`, or `9:00 am` (`12:00 am` is midnight, `12:00 pm` is noon).
pub(crate) fn clock_time(reading: DateTime, clock: Clock) -> String {
    let (hour, minute) = (reading.hour(), reading.minute());
    match clock {
        Clock::Hours24 => format!("{hour:02}:{minute:02}"),
        Clock::Hours12 => {
            let half = if hour < 12 { "am" } else { "pm" };
            let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
            // A space that does not break keeps the two together on a button.
            format!("{hour}:{minute:02}\u{a0}{half}")
        }
    }
}

/// `UTC+1`, `UTC+5:45`, `UTC−3:30` (with a true minus), `UTC+0`.
pub(crate) fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '\u{2212}' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// `30 min`, `1 h`, `1 h 30 min`, `90 s`.
pub(crate) fn length(seconds: i64) -> String {
    if seconds % 60 != 0 {
        return format!("{seconds}\u{a0}s");
    }
    match (seconds / 3600, seconds % 3600 / 60) {
        (0, minutes) => format!("{minutes}\u{a0}min"),
        (hours, 0) => format!("{hours}\u{a0}h"),
        (hours, minutes) => format!("{hours}\u{a0}h {minutes}\u{a0}min"),
    }
}

/// `no times`, `1 time`, `6 times`.
pub(crate) fn times(count: usize) -> String {
    match count {
        0 => "no times".to_owned(),
        1 => "1 time".to_owned(),
        count => format!("{count} times"),
    }
}

/// What `count` days with free times are called.
pub(crate) fn days_with_times(count: usize) -> String {
    match count {
        0 => "no days with free times".to_owned(),
        1 => "1 day with free times".to_owned(),
        count => format!("{count} days with free times"),
    }
}

/// Up to two initials of a name, for its avatar; a mark where there is no letter.
pub(crate) fn initials(name: &str) -> String {
    let mut words =
        name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    let letters: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "·".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use calendar::civil::date;

    use super::*;

    #[test]
    fn dates_read_as_english_people_write_them() {
        let day = date(2026, 11, 24);
        assert_eq!(long_date(day), "Tuesday 24 November 2026");
        assert_eq!(day_heading(day), "Tue 24 November");
        assert_eq!(short_date(day), "Tue 24 Nov");
        assert_eq!(short_date(date(2027, 5, 1)), "Sat 1 May");
        assert_eq!(month_name(0), "");
        assert_eq!(month_name(13), "");
        assert_eq!(month_name(-1), "");
    }

    #[test]
    fn hours_are_written_both_ways() {
        let at = |hour, minute| date(2026, 11, 24).at(hour, minute, 0, 0);
        assert_eq!(clock_time(at(9, 5), Clock::Hours24), "09:05");
        assert_eq!(clock_time(at(9, 5), Clock::Hours12), "9:05\u{a0}am");
        assert_eq!(clock_time(at(0, 0), Clock::Hours24), "00:00");
        assert_eq!(clock_time(at(0, 0), Clock::Hours12), "12:00\u{a0}am");
        assert_eq!(clock_time(at(12, 30), Clock::Hours12), "12:30\u{a0}pm");
        assert_eq!(clock_time(at(23, 59), Clock::Hours12), "11:59\u{a0}pm");
    }

    #[test]
    fn offsets_show_minutes_only_where_there_are_any() {
        assert_eq!(offset(0), "UTC+0");
        assert_eq!(offset(3600), "UTC+1");
        assert_eq!(offset(20_700), "UTC+5:45");
        assert_eq!(offset(-12_600), "UTC\u{2212}3:30");
        assert_eq!(offset(-18_000), "UTC\u{2212}5");
        assert_eq!(offset(37_800), "UTC+10:30");
        assert_eq!(offset(i32::MIN), "UTC\u{2212}596523:14");
    }

    #[test]
    fn lengths_and_counts() {
        assert_eq!(length(1800), "30\u{a0}min");
        assert_eq!(length(3600), "1\u{a0}h");
        assert_eq!(length(5400), "1\u{a0}h 30\u{a0}min");
        assert_eq!(length(90), "90\u{a0}s");
        assert_eq!(times(0), "no times");
        assert_eq!(times(1), "1 time");
        assert_eq!(times(6), "6 times");
        assert_eq!(days_with_times(1), "1 day with free times");
    }

    #[test]
    fn initials_are_the_first_and_the_last() {
        assert_eq!(initials("Ada Lovelace"), "AL");
        assert_eq!(initials("  ada   king of lovelace "), "AL");
        assert_eq!(initials("Prince"), "P");
        assert_eq!(initials("Émile Zola"), "ÉZ");
        assert_eq!(initials("<script> \"x\""), "SX");
        assert_eq!(initials("— !"), "·");
    }
}

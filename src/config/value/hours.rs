//! Times of day, weekdays and dates: `{ mon-fri = ["09:00-12:00", "13:00-17:30"] }`.

use booking::event_type::Interval;
use calendar::civil;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The weekdays (Monday is 0) that `mon`, `mon-fri` or `sat-mon` names.
///
/// # Errors
/// What is wrong with it, for a message.
pub fn weekdays(text: &str) -> Result<Vec<usize>, String> {
    let day = |name: &str| {
        let name = name.trim().to_lowercase();
        DAYS.iter().position(|day| *day == name).ok_or_else(|| format!("`{text}` is not a weekday"))
    };
    let Some((first, last)) = text.split_once('-') else { return Ok(vec![day(text)?]) };
    let (first, last) = (day(first)?, day(last)?);
    let count = (last + 7 - first) % 7 + 1;
    Ok((0..count).map(|step| (first + step) % 7).collect())
}

/// The dates that `2026-12-24` or `2026-12-24..2027-01-01` (both ends included) names.
///
/// # Errors
/// What is wrong with it, for a message.
pub fn dates(text: &str) -> Result<Vec<civil::Date>, String> {
    const DAYS_MAX: usize = 366;
    let date = |part: &str| {
        let part = part.trim();
        let whole = part.len() == 10;
        part.parse::<civil::Date>().ok().filter(|_| whole).ok_or_else(|| format!("`{part}` is not a date"))
    };
    let Some((first, last)) = text.split_once("..") else { return Ok(vec![date(text)?]) };
    let (first, last) = (date(first)?, date(last)?);
    if last < first {
        return Err(format!("`{text}` ends before it begins"));
    }
    let all: Vec<_> = first
        .series(civil::date(1970, 1, 2).since(civil::date(1970, 1, 1)).unwrap_or_default())
        .take_while(|day| *day <= last)
        .take(DAYS_MAX + 1)
        .collect();
    if all.len() > DAYS_MAX {
        return Err(format!("`{text}` is longer than {DAYS_MAX} days"));
    }
    Ok(all)
}

/// The working interval that `09:00-12:00` names; `22:00-02:00` ends on the next day, `24:00` ends this one.
///
/// # Errors
/// What is wrong with it, for a message.
pub fn interval(text: &str) -> Result<Interval, String> {
    let (start, end) =
        text.split_once(['-', '–']).ok_or_else(|| format!("`{text}` is not an interval of the day"))?;
    let (start, mut end) = (minutes(start)?, minutes(end)?);
    if start == 1440 {
        return Err(format!("`{text}` begins at the end of the day"));
    }
    if end == start {
        return Err(format!("`{text}` ends when it begins"));
    }
    if end < start {
        end += 1440;
    }
    Ok(Interval { start, end })
}

fn minutes(text: &str) -> Result<u16, String> {
    let wrong = || format!("`{}` is not a time of day", text.trim());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    let number = |digits: &str| {
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| plain).ok_or_else(wrong)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    if minute > 59 || hour > 24 || (hour == 24 && minute > 0) {
        return Err(wrong());
    }
    Ok(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_end_today_or_tomorrow() {
        assert_eq!(interval("09:00-12:00"), Ok(Interval { start: 540, end: 720 }));
        assert_eq!(interval("22:00 - 02:00"), Ok(Interval { start: 1320, end: 1560 }));
        assert_eq!(interval("9:00-24:00"), Ok(Interval { start: 540, end: 1440 }));
        assert_eq!(interval("12:00-00:00"), Ok(Interval { start: 720, end: 1440 }));
        for text in
            ["", "9-17", "09:00", "24:00-02:00", "09:00-09:00", "25:00-26:00", "09:60-10:00", "+9:00-10:00"]
        {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn weekdays_may_be_ranges_that_wrap() {
        assert_eq!(weekdays("mon-fri"), Ok(vec![0, 1, 2, 3, 4]));
        assert_eq!(weekdays("sat-mon"), Ok(vec![5, 6, 0]));
        assert_eq!(weekdays("Sun"), Ok(vec![6]));
        assert!(weekdays("monday").is_err());
    }

    #[test]
    fn dates_may_be_ranges() {
        assert_eq!(dates("2026-12-24").unwrap().len(), 1);
        assert_eq!(dates("2026-12-30..2027-01-02").unwrap().len(), 4);
        for text in
            ["24.12.2026", "2026-13-01", "2027-01-02..2026-12-30", "2026-01-01..2028-01-01", "2026-02-30"]
        {
            assert!(dates(text).is_err(), "{text}");
        }
    }
}

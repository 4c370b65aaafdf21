//! Arithmetic on days and seconds of a local clock, without zones: the proleptic Gregorian calendar.
//!
//! A *reading* is the number of seconds since 1970-01-01T00:00:00 on that clock, a *day* the number of days; both
//! may be negative. Nothing here knows of UTC.

use crate::civil;
use crate::civil::Weekday;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// The first reading there is: 0001-01-01T00:00:00.
pub(super) const FIRST: i64 = -62_135_596_800;

/// The last reading there is: 9999-12-31T23:59:59.
pub(super) const LAST: i64 = 253_402_300_799;

/// The reading as a number of seconds.
pub(super) fn seconds_of(reading: civil::DateTime) -> i64 {
    let day = number(i64::from(reading.year()), reading.month(), reading.day());
    let time = reading.time();
    day * DAY + i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

/// The reading of so many seconds; `None` outside the years that a calendar can write.
pub(super) fn reading_of(seconds: i64) -> Option<civil::DateTime> {
    let day = Day::of(seconds.div_euclid(DAY));
    let second = i32::try_from(seconds.rem_euclid(DAY)).ok()?;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let date = civil::Date::new(i16::try_from(day.year).ok()?, day.month, day.of_month).ok()?;
    let part = |value: i32| i8::try_from(value).ok();
    Some(date.to_datetime(civil::Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?))
}

/// Days from Monday, 0 to 6.
pub(super) fn index_of(weekday: Weekday) -> i64 {
    i64::from(weekday.to_monday_zero_offset())
}

/// The number of the first day of `year`.
pub(super) fn year_start(year: i64) -> i64 {
    // 477 leap days lie before 1970.
    let past = year - 1;
    365 * (year - 1970) + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 477
}

/// The number of a day; `day` may lie outside the month and counts on from there.
pub(super) fn number(year: i64, month: i8, day: i8) -> i64 {
    year_start(year) + month_start(year, month) + i64::from(day) - 1
}

fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// Days of `year` before `month`; of the whole year for month 13.
fn month_start(year: i64, month: i8) -> i64 {
    const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let leap_day = i64::from(month > 2 && is_leap(year));
    BEFORE[usize::from(month.clamp(1, 13).unsigned_abs()) - 1] + leap_day
}

/// The first day of the week 1 of `year`: the first week with four of its days (§3.3.10, BYWEEKNO).
fn first_week(year: i64, week_start: i64) -> i64 {
    // The week that holds 4 January.
    let fourth = year_start(year) + 3;
    fourth - (weekday_of(fourth) - week_start).rem_euclid(7)
}

/// Days from Monday of a day number; day 0 was a Thursday.
pub(super) fn weekday_of(number: i64) -> i64 {
    (number + 3).rem_euclid(7)
}

/// A day with its place in month and year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// Days since 1970-01-01.
    pub(super) number: i64,
    /// The year.
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i8,
    /// 1 to 31.
    pub(super) of_month: i8,
}

impl Day {
    pub(super) fn of(number: i64) -> Self {
        // The estimate by the mean length of a year is off by one year at most.
        let mut year = 1970 + (number * 400).div_euclid(146_097);
        while number < year_start(year) {
            year -= 1;
        }
        while number >= year_start(year + 1) {
            year += 1;
        }
        let in_year = number - year_start(year);
        let mut month = i8::try_from(in_year / 32).unwrap_or(0) + 1;
        while in_year >= month_start(year, month + 1) {
            month += 1;
        }
        let of_month = i8::try_from(in_year - month_start(year, month)).unwrap_or(0) + 1;
        Self { number, year, month, of_month }
    }

    pub(super) fn month_length(self) -> i64 {
        month_start(self.year, self.month + 1) - month_start(self.year, self.month)
    }

    pub(super) fn year_length(self) -> i64 {
        365 + i64::from(is_leap(self.year))
    }

    /// 1 to 366.
    pub(super) fn day_of_year(self) -> i64 {
        self.number - year_start(self.year) + 1
    }

    /// Days from Monday, 0 to 6.
    pub(super) fn weekday(self) -> i64 {
        weekday_of(self.number)
    }

    /// The number of its week, and how many weeks the year of that week has.
    pub(super) fn week(self, week_start: i64) -> (i64, i64) {
        let year = if self.number >= first_week(self.year + 1, week_start) {
            self.year + 1
        } else if self.number < first_week(self.year, week_start) {
            self.year - 1
        } else {
            self.year
        };
        let first = first_week(year, week_start);
        ((self.number - first) / 7 + 1, (first_week(year + 1, week_start) - first) / 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_their_numbers_are_one_to_one_and_agree_with_the_time_library() {
        let mut date = civil::date(1599, 12, 1);
        for day in (number(1599, 12, 1)..).take(160_000) {
            let read = Day::of(day);
            assert_eq!(
                (read.year, read.month, read.of_month),
                (i64::from(date.year()), date.month(), date.day())
            );
            assert_eq!(number(read.year, read.month, read.of_month), day);
            assert_eq!(read.weekday(), index_of(date.weekday()));
            assert_eq!(read.day_of_year(), i64::from(date.day_of_year()));
            assert_eq!(read.month_length(), i64::from(date.days_in_month()));
            assert_eq!(read.week(0).0, i64::from(date.iso_week_date().week()));
            date = date.tomorrow().expect("within the range");
        }
    }

    #[test]
    fn readings_return() {
        for seconds in [-62_135_596_800, -1, 0, 86_399, 951_782_400, LAST] {
            let reading = reading_of(seconds).expect("within the range");
            assert_eq!(seconds_of(reading), seconds);
        }
        assert_eq!(reading_of(LAST + 1), None);
        assert_eq!(reading_of(0).expect("the epoch"), civil::date(1970, 1, 1).at(0, 0, 0, 0));
    }
}

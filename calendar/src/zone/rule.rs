//! The yearly rules that VTIMEZONEs hold: when, in a year, clocks change (RFC 5545 §3.6.5, §3.3.10).
//!
//! FREQ=YEARLY with BYMONTH, BYDAY with an ordinal, BYMONTHDAY, both, INTERVAL, COUNT, UNTIL, and one hour, minute and
//! second. Any other form is left to the general expansion (`onsets`).

use std::str::FromStr;

use crate::civil::{Date, DateTime, Time, Weekday};
use crate::recur::rule::Until;
use crate::time::{DateOrTime, Instant};

/// Onsets that a COUNT may ask for.
const COUNT_MAX: u32 = 2000;
/// Steps of a rule of which one at least has an onset; beyond, it has none (29 February needs eight at most).
const YEARS_WITHOUT_MAX: i16 = 8;

/// A yearly rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct YearRule {
    first: DateTime,
    interval: i16,
    months: Vec<i8>,
    days: Days,
    time: Time,
    end: End,
}

#[derive(Clone, Debug, PartialEq)]
enum Days {
    /// The first (second, …, last: -1) such day of the month.
    Ordinal(Vec<(i8, Weekday)>),
    /// Such a day among these of the month.
    WeekdayAmong(Vec<Weekday>, Vec<i8>),
    /// These days of the month; from its end where negative.
    OfMonth(Vec<i8>),
}

/// Where a rule ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// It does not.
    Never,
    /// The last local reading.
    Local(DateTime),
    /// The last instant; readings become instants with the offset before the onset, in seconds.
    Utc(Instant, i32),
}

impl YearRule {
    /// Reads an RRULE value for an observance that begins at `first` and whose onsets are read with `offset_before`.
    pub(super) fn read(value: &str, first: DateTime, offset_before: i32) -> Option<Self> {
        let mut rule = Self {
            first,
            interval: 1,
            months: vec![first.month()],
            days: Days::OfMonth(vec![first.day()]),
            time: first.time(),
            end: End::Never,
        };
        let (mut yearly, mut months, mut weekdays, mut month_days, mut count) =
            (false, None, None, None, None);
        let (mut hour, mut minute, mut second) = (first.hour(), first.minute(), first.second());
        for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=')?;
            match key.trim().to_ascii_uppercase().as_str() {
                "FREQ" => yearly = value.trim().eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" => rule.interval = number(value, 1, 1000)?,
                "COUNT" => count = Some(value.trim().parse::<u32>().ok()?.clamp(1, COUNT_MAX)),
                "UNTIL" => rule.end = end(value, offset_before)?,
                "BYMONTH" => months = Some(list(value, |item| number(item, 1, 12))?),
                "BYMONTHDAY" => month_days = Some(list(value, |item| number(item, -31, 31))?),
                "BYDAY" => weekdays = Some(list(value, weekday)?),
                "BYHOUR" => hour = number(value, 0, 23)?,
                "BYMINUTE" => minute = number(value, 0, 59)?,
                "BYSECOND" => second = number(value, 0, 59)?,
                "WKST" => {}
                _ => return None,
            }
        }
        // A weekday without a month would be one of the year.
        if !yearly || (weekdays.is_some() && months.is_none()) {
            return None;
        }
        rule.months = months.unwrap_or(rule.months);
        rule.days = days(weekdays, month_days, first.day())?;
        rule.time = Time::new(hour, minute, second, 0).ok()?;
        if let Some(count) = count {
            rule.end_after(count)?;
        }
        Some(rule)
    }

    /// The onsets in the years `from` to `to`, and the last one before them.
    pub(super) fn onsets(&self, from: i16, to: i16) -> Vec<DateTime> {
        let mut onsets = Vec::new();
        let last_year = self.last_year();
        let mut year = self.step_back(from.saturating_sub(1).min(last_year));
        for _ in 0..=YEARS_WITHOUT_MAX {
            if year < self.first.year() || !onsets.is_empty() {
                break;
            }
            onsets.extend(self.onsets_of(year).pop());
            year = year.saturating_sub(self.interval);
        }
        for year in from.max(self.first.year())..=to.min(last_year) {
            onsets.extend(self.onsets_of(year));
        }
        onsets
    }

    /// How many onsets it may have in `years` years at most.
    pub(super) fn onsets_in(&self, years: i16) -> usize {
        let years = self.last_year().saturating_sub(self.first.year()).saturating_add(1).clamp(0, years);
        let steps = usize::try_from(years / self.interval).unwrap_or_default() + 1;
        steps * self.months.len() * self.days.len()
    }

    /// The last year of the rule's steps that is not after `year`.
    fn step_back(&self, year: i16) -> i16 {
        year.saturating_sub(year.saturating_sub(self.first.year()).rem_euclid(self.interval))
    }

    /// The last year in which there may be an onset.
    pub(super) fn last_year(&self) -> i16 {
        self.end.last_year()
    }

    /// The onsets of one year, in order; DTSTART itself is not among them.
    fn onsets_of(&self, year: i16) -> Vec<DateTime> {
        if year < self.first.year() || (year - self.first.year()) % self.interval != 0 {
            return Vec::new();
        }
        let months = self.months.iter().filter_map(|month| Date::new(year, *month, 1).ok());
        let mut onsets: Vec<DateTime> = months
            .flat_map(|month| self.days.of(month))
            .map(|date| date.to_datetime(self.time))
            .filter(|onset| *onset > self.first && self.end.allows(*onset))
            .collect();
        onsets.sort_unstable();
        onsets.dedup();
        onsets
    }

    /// Turns COUNT (DTSTART counts as the first) into the reading of the last onset.
    fn end_after(&mut self, count: u32) -> Option<()> {
        let mut left = count - 1;
        let mut last = self.first;
        let (mut year, mut without) = (self.first.year(), 0);
        while left > 0 && year < 9999 && without <= YEARS_WITHOUT_MAX {
            let onsets = self.onsets_of(year);
            without = if onsets.is_empty() { without + 1 } else { 0 };
            for onset in onsets {
                if left > 0 {
                    last = onset;
                    left -= 1;
                }
            }
            year = year.checked_add(self.interval)?;
        }
        self.end = End::Local(last);
        Some(())
    }
}

impl Days {
    /// How many days a month has at most.
    fn len(&self) -> usize {
        match self {
            Self::Ordinal(ordinals) => ordinals.len(),
            // Each weekday comes once in seven days.
            Self::WeekdayAmong(weekdays, days) => (days.len() * weekdays.len()).div_ceil(7),
            Self::OfMonth(days) => days.len(),
        }
    }

    /// The days in the month that begins at `month`.
    fn of(&self, month: Date) -> Vec<Date> {
        let length = month.days_in_month();
        let day = |day: i8| {
            let day = if day < 0 { length + 1 + day } else { day };
            (1..=length).contains(&day).then(|| Date::new(month.year(), month.month(), day).ok()).flatten()
        };
        match self {
            Self::Ordinal(ordinals) => ordinals
                .iter()
                .filter_map(|(ordinal, weekday)| month.nth_weekday_of_month(*ordinal, *weekday).ok())
                .collect(),
            Self::WeekdayAmong(weekdays, days) => days
                .iter()
                .filter_map(|each| day(*each))
                .filter(|date| weekdays.contains(&date.weekday()))
                .collect(),
            Self::OfMonth(days) => days.iter().filter_map(|each| day(*each)).collect(),
        }
    }
}

impl End {
    /// Whether an onset with this reading still comes.
    pub(super) fn allows(&self, onset: DateTime) -> bool {
        self.local().is_none_or(|last| onset <= last)
    }

    /// The last reading that an onset may have.
    pub(super) fn local(&self) -> Option<DateTime> {
        match self {
            Self::Never => None,
            Self::Local(last) => Some(*last),
            Self::Utc(last, offset) => Some(last.plus(i64::from(*offset)).to_utc()),
        }
    }

    /// The last year in which there may be an onset.
    pub(super) fn last_year(&self) -> i16 {
        self.local().map_or(i16::MAX, DateTime::year)
    }
}

/// The end that UNTIL sets to onsets read with `offset`, in seconds.
pub(super) fn end_of(until: Until, offset: i32) -> End {
    match until {
        Until::Date(date) => End::Local(date.to_datetime(Time::constant(23, 59, 59, 0))),
        Until::Local(local) => End::Local(local),
        Until::Utc(instant) => End::Utc(instant, offset),
    }
}

fn days(weekdays: Option<Vec<(i8, Weekday)>>, month_days: Option<Vec<i8>>, first: i8) -> Option<Days> {
    match (weekdays, month_days) {
        (None, None) => Some(Days::OfMonth(vec![first])),
        (None, Some(days)) => Some(Days::OfMonth(days)),
        (Some(weekdays), None) if weekdays.iter().all(|(ordinal, _)| *ordinal != 0) => {
            Some(Days::Ordinal(weekdays))
        }
        (Some(weekdays), Some(days)) if weekdays.iter().all(|(ordinal, _)| *ordinal == 0) => {
            Some(Days::WeekdayAmong(weekdays.into_iter().map(|(_, weekday)| weekday).collect(), days))
        }
        _ => None,
    }
}

fn end(value: &str, offset: i32) -> Option<End> {
    let until = match DateOrTime::parse(value)? {
        DateOrTime::Date(date) => Until::Date(date),
        DateOrTime::Utc(instant) => Until::Utc(instant),
        DateOrTime::Floating(local) | DateOrTime::Zoned { local, .. } => Until::Local(local),
    };
    Some(end_of(until, offset))
}

fn list<T>(value: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    // No month has more days, counted from both ends.
    let items: Vec<T> = value.split(',').take(63).map(|each| item(each.trim())).collect::<Option<_>>()?;
    (items.len() < 63).then_some(items)
}

fn number<T: FromStr + PartialOrd + Copy>(value: &str, least: T, most: T) -> Option<T> {
    value.trim().parse::<T>().ok().filter(|number| (least..=most).contains(number))
}

/// `-1SU`, `2MO`, `TH` (ordinal 0).
fn weekday(item: &str) -> Option<(i8, Weekday)> {
    let (ordinal, name) = item.split_at_checked(item.len().checked_sub(2)?)?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let ordinal =
        if ordinal.is_empty() { 0 } else { number(ordinal, -5, 5).filter(|ordinal| *ordinal != 0)? };
    Some((ordinal, weekday))
}

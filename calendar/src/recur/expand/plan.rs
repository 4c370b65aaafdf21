//! A rule with everything written out that DTSTART implies (RFC 5545 §3.3.10; spelt out in RFC 8984 §4.3.3.1).

use crate::recur::day::{DAY, Day, index_of};
use crate::recur::rule::{Frequency, Rule, Skip};

/// What an ordinal of BYDAY counts within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Month,
    Year,
    /// Nothing: FREQ=WEEKLY and shorter, or BYWEEKNO, where an ordinal must not stand. It is left out.
    Nothing,
}

/// The rule in the form that expansion reads: numbers, sorted and unique; an empty list lets everything pass.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) frequency: Frequency,
    pub(super) interval: i64,
    /// Days from Monday.
    pub(super) week_start: i64,
    pub(super) months: Vec<i64>,
    pub(super) week_numbers: Vec<i64>,
    pub(super) year_days: Vec<i64>,
    pub(super) month_days: Vec<i64>,
    /// Days of the week without ordinal, from Monday.
    pub(super) weekdays: Vec<i64>,
    /// Ordinal and day of the week.
    pub(super) ordinal_days: Vec<(i64, i64)>,
    pub(super) scope: Scope,
    /// Where FREQ is shorter than the part, a filter; else what is made of each day, never empty.
    pub(super) hours: Vec<i64>,
    pub(super) minutes: Vec<i64>,
    pub(super) seconds: Vec<i64>,
    pub(super) positions: Vec<i64>,
    /// What becomes of a day that a month does not have; of periods of months alone.
    pub(super) skip: Skip,
}

fn sorted<T: Copy + Into<i64>>(values: &[T]) -> Vec<i64> {
    let mut values: Vec<i64> = values.iter().map(|value| (*value).into()).collect();
    values.sort_unstable();
    values.dedup();
    values
}

impl Plan {
    /// The plan of `rule` for a series that starts at the reading `start`.
    pub(super) fn new(rule: &Rule, start: i64) -> Self {
        let frequency = rule.frequency;
        let scope = match frequency {
            Frequency::Monthly => Scope::Month,
            Frequency::Yearly if !rule.by_week_no.is_empty() => Scope::Nothing,
            Frequency::Yearly if !rule.by_month.is_empty() => Scope::Month,
            Frequency::Yearly => Scope::Year,
            _ => Scope::Nothing,
        };
        let ordinal_of = |ordinal: Option<i8>| ordinal.filter(|_| scope != Scope::Nothing).map(i64::from);
        let mut weekdays: Vec<i64> = Vec::new();
        let mut ordinal_days: Vec<(i64, i64)> = Vec::new();
        for day in &rule.by_day {
            match ordinal_of(day.ordinal) {
                None => weekdays.push(index_of(day.weekday)),
                Some(ordinal) => ordinal_days.push((ordinal, index_of(day.weekday))),
            }
        }
        ordinal_days.sort_unstable();
        ordinal_days.dedup();
        let mut plan = Self {
            frequency,
            interval: i64::from(rule.interval.max(1)),
            week_start: index_of(rule.week_start),
            months: sorted(&rule.by_month),
            week_numbers: sorted(&rule.by_week_no),
            year_days: sorted(&rule.by_year_day),
            month_days: sorted(&rule.by_month_day),
            weekdays: sorted(&weekdays),
            ordinal_days,
            scope,
            hours: sorted(&rule.by_hour),
            minutes: sorted(&rule.by_minute),
            // The second 60 is read as 59 where leap seconds are not told apart (§3.3.12).
            seconds: sorted(&rule.by_second.iter().map(|second| (*second).min(59)).collect::<Vec<_>>()),
            positions: sorted(&rule.by_set_pos),
            skip: if frequency <= Frequency::Monthly { rule.skip } else { Skip::Omit },
        };
        plan.imply(start);
        plan
    }

    /// Fills in what DTSTART implies.
    fn imply(&mut self, start: i64) {
        let day = Day::of(start.div_euclid(DAY));
        let second_of_day = start.rem_euclid(DAY);
        if self.seconds.is_empty() && self.frequency < Frequency::Secondly {
            self.seconds = vec![second_of_day % 60];
        }
        if self.minutes.is_empty() && self.frequency < Frequency::Minutely {
            self.minutes = vec![second_of_day / 60 % 60];
        }
        if self.hours.is_empty() && self.frequency < Frequency::Hourly {
            self.hours = vec![second_of_day / 3600];
        }
        let names_weekdays = self.names_weekdays();
        let names_month_days = !self.month_days.is_empty();
        let names_year_days = !self.year_days.is_empty();
        let names_weeks = !self.week_numbers.is_empty();
        match self.frequency {
            Frequency::Yearly if !names_year_days => {
                if self.months.is_empty() && !names_weeks && (names_month_days || !names_weekdays) {
                    self.months = vec![i64::from(day.month)];
                }
                if !names_month_days && !names_weeks && !names_weekdays {
                    self.month_days = vec![i64::from(day.of_month)];
                }
                if names_weeks && !names_month_days && !names_weekdays {
                    self.weekdays = vec![day.weekday()];
                }
            }
            Frequency::Monthly
                if !names_weekdays && !names_month_days && !names_year_days && !names_weeks =>
            {
                self.month_days = vec![i64::from(day.of_month)];
            }
            Frequency::Weekly if !names_weekdays && !names_month_days && !names_year_days => {
                self.weekdays = vec![day.weekday()];
            }
            _ => {}
        }
    }

    /// Whether BYDAY stands there.
    pub(super) fn names_weekdays(&self) -> bool {
        !self.weekdays.is_empty() || !self.ordinal_days.is_empty()
    }

    /// Whether any part keeps days out.
    pub(super) fn filters_days(&self) -> bool {
        self.names_weekdays()
            || !self.months.is_empty()
            || !self.week_numbers.is_empty()
            || !self.year_days.is_empty()
            || !self.month_days.is_empty()
    }

    /// Whether an instance may fall on `day`: every part that stands there lets it pass.
    pub(super) fn allows(&self, day: Day) -> bool {
        let either = |list: &[i64], forward: i64, length: i64| {
            list.is_empty() || list.contains(&forward) || list.contains(&(forward - length - 1))
        };
        (self.months.is_empty() || self.months.contains(&i64::from(day.month)))
            && self.allows_weekday(day)
            && either(&self.month_days, i64::from(day.of_month), day.month_length())
            && either(&self.year_days, day.day_of_year(), day.year_length())
            && (self.week_numbers.is_empty() || {
                let (week, weeks) = day.week(self.week_start);
                either(&self.week_numbers, week, weeks)
            })
    }

    /// The day that stands for those of BYMONTHDAY that the month of `last`, its last day, does not have (RFC 7529
    /// §4.1). BYDAY and what comes after it are asked about that day.
    pub(super) fn instead(&self, last: Day) -> Option<Day> {
        let in_month = self.months.is_empty() || self.months.contains(&i64::from(last.month));
        if !in_month || !self.month_days.iter().any(|day| *day > last.month_length()) {
            return None;
        }
        let day = match self.skip {
            Skip::Omit => return None,
            Skip::Backward => last,
            Skip::Forward => Day::of(last.number + 1),
        };
        (self.allows_weekday(day) && self.week_numbers.is_empty() && self.year_days.is_empty()).then_some(day)
    }

    fn allows_weekday(&self, day: Day) -> bool {
        if !self.names_weekdays() {
            return true;
        }
        let weekday = day.weekday();
        if self.weekdays.contains(&weekday) {
            return true;
        }
        let (place, length) = match self.scope {
            Scope::Month => (i64::from(day.of_month), day.month_length()),
            Scope::Year => (day.day_of_year(), day.year_length()),
            Scope::Nothing => return false,
        };
        self.ordinal_days.iter().any(|&(ordinal, wanted)| {
            wanted == weekday
                && if ordinal > 0 {
                    ordinal == (place - 1) / 7 + 1
                } else {
                    -ordinal == (length - place) / 7 + 1
                }
        })
    }

    /// Whether no day of any year passes, as far as BYMONTH and BYMONTHDAY tell: 30 February.
    pub(super) fn is_impossible(&self) -> bool {
        const LONGEST: [i64; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        self.skip == Skip::Omit
            && !self.months.is_empty()
            && !self.month_days.is_empty()
            && self.months.iter().all(|month| {
                let longest = usize::try_from(*month - 1).ok().and_then(|index| LONGEST.get(index)).copied();
                self.month_days.iter().all(|day| day.abs() > longest.unwrap_or(31))
            })
    }

    /// Whether every period after the first holds the same number of instances.
    pub(super) fn is_even(&self) -> bool {
        let weeks = self.frequency == Frequency::Weekly
            && self.months.is_empty()
            && self.week_numbers.is_empty()
            && self.year_days.is_empty()
            && self.month_days.is_empty();
        self.positions.is_empty()
            && (weeks || self.frequency >= Frequency::Daily && !self.filters_days())
            && (self.frequency < Frequency::Hourly || self.hours.is_empty())
            && (self.frequency < Frequency::Minutely || self.minutes.is_empty())
            && (self.frequency < Frequency::Secondly || self.seconds.is_empty())
    }
}

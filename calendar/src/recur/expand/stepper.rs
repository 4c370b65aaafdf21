//! Our own expansion of a rule, period by period: any frequency, any part, memory of one period's days.
//!
//! Instances of a period are never laid out: they are numbered, and a number is turned into a reading when it is
//! asked for. So a rule that makes millions of instances a year costs what is taken from it.

mod counting;

use std::ops::Range;

use super::plan::Plan;
use crate::recur::day::{DAY, Day, number, weekday_of, year_start};
use crate::recur::rule::{Frequency, Skip};

/// What may still be spent: periods looked at and readings produced.
pub(super) type Budget = usize;

#[derive(Clone, Debug)]
pub(super) struct Stepper {
    plan: Plan,
    /// The period that holds DTSTART: year, month since year 0, first day of the week, day, hour, minute or second.
    origin: i64,
    /// How many intervals the period at hand lies after it.
    step: i64,
    /// No period that begins later is looked at.
    to: i64,
    /// The days of the period at hand that pass.
    days: Vec<i64>,
    /// Hour, minute and second of the period at hand, where FREQ fixes them.
    now: [i64; 3],
    pending: Pending,
}

/// Numbers of the instances of the period at hand that are still to come.
#[derive(Clone, Debug)]
enum Pending {
    NotLoaded,
    Range(Range<i64>),
    Chosen(std::vec::IntoIter<i64>),
}

impl Stepper {
    /// The instances of `plan` from the period of `start` on.
    pub(super) fn new(plan: Plan, start: i64, to: i64) -> Self {
        let mut stepper =
            Self { plan, origin: 0, step: 0, to, days: Vec::new(), now: [0; 3], pending: Pending::NotLoaded };
        stepper.origin = stepper.period_of(start);
        stepper
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether the rule can make nothing, as far as that shows at once: 30 February, or BYSECOND=30 in steps of whole
    /// minutes from a whole minute.
    pub(super) fn is_impossible(&self) -> bool {
        if self.plan.frequency < Frequency::Hourly {
            return self.plan.is_impossible();
        }
        // The times of day that the steps come to are those that differ from the first by a multiple of this.
        let common = greatest_common_divisor(self.plan.interval * self.unit(), DAY);
        let mut time = 0;
        while let Some(next) = self.time_not_before(time) {
            let missed = (self.origin * self.unit() - next).rem_euclid(common);
            if missed == 0 {
                return self.plan.is_impossible();
            }
            // As long as the filters look at no part below, what follows in this unit passes too.
            time = next + missed.min(self.unit() - next % self.unit());
        }
        true
    }

    /// Goes to the period that holds `from`, if that lies ahead; for rules without COUNT.
    pub(super) fn seek(&mut self, from: i64) {
        let step = self.step_at(from);
        if step > self.step {
            self.step = step;
            self.pending = Pending::NotLoaded;
        }
        if self.step_at(from) == self.step && self.plan.frequency < Frequency::Hourly {
            self.load();
            if let Pending::Range(all) = &self.pending {
                let all = all.clone();
                self.pending = Pending::Range(self.first_not_before(from, all.start, all.end)..all.end);
            }
        }
    }

    /// Goes to the period that holds `from` and says how many instances from `start` on it passed over. `None`,
    /// staying where it is, where that cannot be known without counting.
    pub(super) fn seek_counting(&mut self, start: i64, from: i64) -> Option<i64> {
        let step = self.step_at(from);
        if step < 2 || self.step != 0 || !self.plan.is_even() {
            return None;
        }
        self.load();
        let Pending::Range(Range { end: count, .. }) = self.pending else { return None };
        let in_first = count - self.first_not_before(start, 0, count);
        self.step = step;
        self.pending = Pending::NotLoaded;
        Some(in_first + count * (step - 1))
    }

    /// The first reading of the period at hand.
    pub(super) fn period_start(&self) -> i64 {
        let ahead = self.step * self.plan.interval;
        match self.plan.frequency {
            Frequency::Yearly => year_start(self.origin + ahead) * DAY,
            Frequency::Monthly => {
                let (year, month) = month_of(self.origin + ahead);
                number(year, month, 1) * DAY
            }
            Frequency::Weekly => (self.origin + ahead * 7) * DAY,
            Frequency::Daily => (self.origin + ahead) * DAY,
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => {
                (self.origin + ahead) * self.unit()
            }
        }
    }

    /// The next reading. `None` behind the last period that may be looked at, or when the budget is spent.
    pub(super) fn next(&mut self, budget: &mut Budget) -> Option<i64> {
        loop {
            let index = match &mut self.pending {
                Pending::Range(rest) => rest.next(),
                Pending::Chosen(rest) => rest.next(),
                Pending::NotLoaded => None,
            };
            *budget = budget.checked_sub(1)?;
            if let Some(index) = index {
                return Some(self.reading(index));
            }
            if !matches!(self.pending, Pending::NotLoaded) {
                self.step += 1;
            }
            if self.plan.frequency >= Frequency::Hourly {
                self.jump(budget)?;
            }
            if self.period_start() > self.to {
                return None;
            }
            self.load();
        }
    }

    /// Seconds of a period, for frequencies shorter than a day.
    fn unit(&self) -> i64 {
        match self.plan.frequency {
            Frequency::Hourly => 3600,
            Frequency::Minutely => 60,
            _ => 1,
        }
    }

    /// The period that holds a reading.
    fn period_of(&self, reading: i64) -> i64 {
        let day = reading.div_euclid(DAY);
        match self.plan.frequency {
            Frequency::Yearly => Day::of(day).year,
            Frequency::Monthly => {
                let day = Day::of(day);
                day.year * 12 + i64::from(day.month) - 1
            }
            Frequency::Weekly => day - (weekday_of(day) - self.plan.week_start).rem_euclid(7),
            Frequency::Daily => day,
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => reading.div_euclid(self.unit()),
        }
    }

    /// The last step whose period does not begin after that of `reading`.
    fn step_at(&self, reading: i64) -> i64 {
        let weeks = if self.plan.frequency == Frequency::Weekly { 7 } else { 1 };
        // The first of a month may be an instance of the month before.
        let behind = if self.plan.skip == Skip::Forward { DAY } else { 0 };
        (self.period_of(reading - behind) - self.origin).div_euclid(weeks * self.plan.interval).max(0)
    }

    /// Goes to the first period, from that at hand on, whose day, hour, minute and second pass.
    fn jump(&mut self, budget: &mut Budget) -> Option<()> {
        let stride = self.plan.interval * self.unit();
        let origin = self.origin * self.unit();
        loop {
            let reading = self.period_start();
            if reading > self.to {
                return Some(());
            }
            let mut day = reading.div_euclid(DAY);
            let mut target = if self.plan.allows(Day::of(day)) {
                self.time_not_before(reading.rem_euclid(DAY)).map(|time| day * DAY + time)
            } else {
                None
            };
            while target.is_none() {
                *budget = budget.checked_sub(1)?;
                day += 1;
                if day * DAY > self.to || !self.plan.filters_days() || self.plan.allows(Day::of(day)) {
                    target = Some(day * DAY);
                }
            }
            let target = target?;
            if target == reading {
                return Some(());
            }
            *budget = budget.checked_sub(1)?;
            // The first multiple of the interval that is not before the target.
            self.step = (target - origin + stride - 1).div_euclid(stride).max(self.step + 1);
        }
    }

    /// The first second of the day, from `time` on, whose hour, minute and second pass as far as FREQ looks at them.
    fn time_not_before(&self, time: i64) -> Option<i64> {
        let mut time = time;
        let filters: [(&[i64], i64, i64); 3] =
            [(&self.plan.hours, 3600, DAY), (&self.plan.minutes, 60, 3600), (&self.plan.seconds, 1, 60)];
        let levels = match self.plan.frequency {
            Frequency::Hourly => 1,
            Frequency::Minutely => 2,
            _ => 3,
        };
        let mut level = 0;
        while level < levels {
            let (list, unit, above) = filters[level];
            let value = time % above / unit;
            if list.is_empty() || list.contains(&value) {
                level += 1;
                continue;
            }
            // The next value of this part, else the next period of the part above it, which may not pass either.
            time = match list.iter().find(|wanted| **wanted > value) {
                Some(wanted) => time - time % above + wanted * unit,
                None => time - time % above + above,
            };
            if time >= DAY {
                return None;
            }
            level = 0;
        }
        Some(time)
    }

    /// Finds the days of the period at hand and chooses among its instances.
    fn load(&mut self) {
        self.days.clear();
        let ahead = self.step * self.plan.interval;
        match self.plan.frequency {
            Frequency::Yearly => {
                let year = self.origin + ahead;
                for month in 1..=12 {
                    if self.plan.months.is_empty() || self.plan.months.contains(&i64::from(month)) {
                        self.load_month(year, month);
                    }
                }
            }
            Frequency::Monthly => {
                let (year, month) = month_of(self.origin + ahead);
                self.load_month(year, month);
            }
            Frequency::Weekly => {
                let first = self.origin + ahead * 7;
                for day in first..first + 7 {
                    self.load_day(Day::of(day));
                }
            }
            Frequency::Daily => self.load_day(Day::of(self.origin + ahead)),
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => {
                let reading = self.period_start();
                let time = reading.rem_euclid(DAY);
                self.now = [time / 3600, time / 60 % 60, time % 60];
                self.days.push(reading.div_euclid(DAY));
            }
        }
        let count = count(&self.days) * self.times();
        self.pending = if self.plan.positions.is_empty() {
            Pending::Range(0..count)
        } else {
            let mut chosen: Vec<i64> = self
                .plan
                .positions
                .iter()
                .map(|position| if *position > 0 { position - 1 } else { count + position })
                .filter(|index| (0..count).contains(index))
                .collect();
            chosen.sort_unstable();
            chosen.dedup();
            Pending::Chosen(chosen.into_iter())
        };
    }

    fn load_month(&mut self, year: i64, month: i8) {
        let first = number(year, month, 1);
        let mut day = Day { number: first, year, month, of_month: 1 };
        for _ in 0..day.month_length() {
            self.load_day(day);
            day.number += 1;
            day.of_month += 1;
        }
        let instead = self.plan.instead(Day::of(day.number - 1)).map(|day| day.number);
        // It lies behind all others of the month, or is the last of them.
        self.days.extend(instead.filter(|number| self.days.last() != Some(number)));
    }

    fn load_day(&mut self, day: Day) {
        if self.plan.allows(day) {
            self.days.push(day.number);
        }
    }

    /// The values of hour, minute and second in the period at hand.
    fn clocks(&self) -> [&[i64]; 3] {
        let given = [&self.plan.hours, &self.plan.minutes, &self.plan.seconds];
        let fixed = match self.plan.frequency {
            Frequency::Hourly => 1,
            Frequency::Minutely => 2,
            Frequency::Secondly => 3,
            _ => 0,
        };
        std::array::from_fn(
            |level| {
                if level < fixed { &self.now[level..=level] } else { given[level].as_slice() }
            },
        )
    }

    /// Instances of one day of the period at hand.
    fn times(&self) -> i64 {
        self.clocks().into_iter().map(count).product()
    }

    /// The instance with this number in the period at hand.
    fn reading(&self, index: i64) -> i64 {
        let [hours, minutes, seconds] = self.clocks();
        let at = |list: &[i64], index: i64| {
            usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or(0)
        };
        let (minute_count, second_count) = (count(minutes), count(seconds));
        let times = count(hours) * minute_count * second_count;
        let (day, time) = (index / times, index % times);
        at(&self.days, day) * DAY
            + at(hours, time / (minute_count * second_count)) * 3600
            + at(minutes, time / second_count % minute_count) * 60
            + at(seconds, time % second_count)
    }

    /// The first number from `low` on, below `high`, whose reading is not before `from`; they rise with the numbers.
    fn first_not_before(&self, from: i64, low: i64, high: i64) -> i64 {
        let (mut low, mut high) = (low, high);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.reading(middle) < from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn count(list: &[i64]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

/// Year and month of a month counted from January of year 0.
fn month_of(months: i64) -> (i64, i8) {
    (months.div_euclid(12), i8::try_from(months.rem_euclid(12)).unwrap_or(0) + 1)
}

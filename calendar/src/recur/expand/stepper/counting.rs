//! Passing over the periods before a window of a rule with COUNT, counting their instances without making them.
//!
//! Years, months, weeks and days are counted period by period; hours, minutes and seconds day by day, as the number
//! on a day depends on nothing but whether the day passes and on the time of day that the steps come to first.

use std::collections::HashMap;

use super::{Budget, Pending, Stepper, count};
use crate::recur::day::{DAY, Day};
use crate::recur::rule::Frequency;

/// Days or shorter periods that are counted for one step of the budget: as many days as a year is looked through for.
const COUNTED_PER_STEP: usize = 366;

impl Stepper {
    /// Passes over the periods before that of `from`, at most `most` instances from `start` on, and says how many
    /// instances these were.
    ///
    /// Call it where the period at hand is that of `start`. Stops early, with instances still to be counted one by
    /// one, where the next whole period (or day) holds more than are left of `most`.
    pub(in crate::recur::expand) fn pass_counting(
        &mut self,
        start: i64,
        from: i64,
        most: i64,
        budget: &mut Budget,
    ) -> i64 {
        if self.plan.frequency >= Frequency::Hourly {
            return self.pass_days(start, from, most, budget);
        }
        let last = self.step_at(from);
        let mut passed = 0;
        let mut looked_at = 0_usize;
        while self.step < last {
            looked_at += if self.plan.frequency == Frequency::Daily { 1 } else { COUNTED_PER_STEP / 12 };
            if !spend(budget, &mut looked_at) {
                break;
            }
            self.load();
            let held = if self.step == 0 { self.held_from(start) } else { self.held() };
            if passed + held > most {
                break;
            }
            passed += held;
            self.step += 1;
        }
        self.pending = Pending::NotLoaded;
        passed
    }

    /// Instances of the period at hand.
    fn held(&self) -> i64 {
        match &self.pending {
            Pending::Range(range) => range.end - range.start,
            Pending::Chosen(chosen) => count(chosen.as_slice()),
            Pending::NotLoaded => 0,
        }
    }

    /// Instances of the period at hand from `start` on.
    fn held_from(&self, start: i64) -> i64 {
        match &self.pending {
            Pending::Range(range) => range.end - self.first_not_before(start, range.start, range.end),
            Pending::Chosen(chosen) => {
                let from_start = chosen.as_slice().iter().filter(|index| self.reading(**index) >= start);
                i64::try_from(from_start.count()).unwrap_or(i64::MAX)
            }
            Pending::NotLoaded => 0,
        }
    }

    /// The same for hours, minutes and seconds, day by day.
    fn pass_days(&mut self, start: i64, from: i64, most: i64, budget: &mut Budget) -> i64 {
        let stride = self.plan.interval * self.unit();
        let origin = self.origin * self.unit();
        let last = from.div_euclid(DAY);
        let mut day = start.div_euclid(DAY);
        if day >= last {
            return 0;
        }
        let each = {
            self.load();
            self.held()
        };
        // What lies before DTSTART in its own period.
        let lacking = if self.plan.allows(Day::of(day)) && self.passes(origin.rem_euclid(DAY)) {
            each - self.held_from(start)
        } else {
            0
        };
        let mut by_first_time: HashMap<i64, i64> = HashMap::new();
        let (mut passed, mut looked_at) = (0, 0_usize);
        while day < last {
            looked_at += 1;
            if !spend(budget, &mut looked_at) {
                break;
            }
            let first = (origin - day * DAY).rem_euclid(stride);
            let is_start = passed == 0 && day == origin.div_euclid(DAY);
            let periods = if first >= DAY || !self.plan.allows(Day::of(day)) {
                0
            } else if is_start {
                self.periods_of_day(origin.rem_euclid(DAY), stride, &mut looked_at)
            } else if let Some(known) = by_first_time.get(&first) {
                *known
            } else {
                let periods = self.periods_of_day(first, stride, &mut looked_at);
                by_first_time.insert(first, periods);
                periods
            };
            let held = (periods * each - if is_start { lacking } else { 0 }).max(0);
            if passed + held > most {
                break;
            }
            passed += held;
            day += 1;
        }
        // The first step on the day reached or behind it.
        self.step = (day * DAY - origin + stride - 1).div_euclid(stride).max(0);
        self.pending = Pending::NotLoaded;
        passed
    }

    /// How many steps of a day, from the time `first` on, come to a time that passes.
    fn periods_of_day(&self, first: i64, stride: i64, looked_at: &mut usize) -> i64 {
        let (mut time, mut periods) = (first, 0);
        while let Some(next) = self.time_not_before(time) {
            *looked_at += 1;
            if next > time {
                time += (next - time + stride - 1) / stride * stride;
                if time >= DAY {
                    break;
                }
                continue;
            }
            periods += 1;
            time += stride;
            if time >= DAY {
                break;
            }
        }
        periods
    }

    fn passes(&self, time: i64) -> bool {
        self.time_not_before(time) == Some(time)
    }
}

/// Takes what was looked at from the budget, in whole steps; whether any is left.
fn spend(budget: &mut Budget, looked_at: &mut usize) -> bool {
    let steps = *looked_at / COUNTED_PER_STEP;
    *looked_at %= COUNTED_PER_STEP;
    *budget = budget.saturating_sub(steps);
    *budget > 0
}

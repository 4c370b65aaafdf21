//! Expansion by the crate `rrule`, for the rules that it expands rightly and at once.
//!
//! It is fed the local clock as if that were UTC, values that we built, and a DTSTART at the beginning of the period
//! wanted, so it never walks there and never counts; COUNT, UNTIL and everything of zones are ours. What it gets
//! wrong or searches for without bound is kept from it by [`suits`] and left to the stepper, which says the same of
//! all these rules too (a property test compares them).

use std::panic::{AssertUnwindSafe, catch_unwind};

use rrule::{NWeekday, RRule, RRuleSet, RRuleSetIter, Tz, Unvalidated};

use super::plan::{Plan, Scope};
use crate::recur::rule::Frequency;

/// The crate lays out a whole period at a time; more instances than this in one are the stepper's.
const PERIOD_INSTANCES_MAX: usize = 10_000;

pub(super) struct ByCrate {
    iterator: RRuleSetIter,
}

/// The crate failed where it must not; the stepper goes on.
pub(super) struct Failed;

/// Whether the crate expands such a rule rightly, and finds an instance in every period.
///
/// Kept out, and why:
/// * HOURLY and shorter: wrong with BYHOUR, BYMINUTE, BYSECOND, and it ends early without a word.
/// * BYWEEKNO: the last week of the year before is reckoned with the wrong year's length.
/// * BYDAY with and without ordinals together: it takes what is in both instead of what is in either.
/// * BYDAY=5MO, -5MO, BYMONTHDAY=29 and the like, BYMONTH in a rule that is not YEARLY, BYDAY beside BYMONTHDAY,
///   BYSETPOS without 1 or -1: periods may be empty, and its search for the next cannot be stopped at the window's
///   end (`-5MO` it refuses besides).
/// * Intervals over 1,000: it overflows its count of months.
/// * Periods of very many instances: it lays them all out.
pub(super) fn suits(plan: &Plan) -> bool {
    let within = |list: &[i64], max: i64| list.iter().all(|value| value.abs() <= max);
    let ordinals_within = |max: i64| plan.ordinal_days.iter().all(|(ordinal, _)| ordinal.abs() <= max);
    let day_parts = [plan.names_weekdays(), !plan.month_days.is_empty(), !plan.year_days.is_empty()];
    let one_day_part = day_parts.into_iter().filter(|stands| *stands).count() == 1;
    let weekdays_of_one_sort = plan.weekdays.is_empty() || plan.ordinal_days.is_empty();
    let (days_fit, days) = match plan.frequency {
        Frequency::Yearly => {
            let ordinals_max = if plan.scope == Scope::Year { 52 } else { 4 };
            (one_day_part && ordinals_within(ordinals_max) && within(&plan.year_days, 365), 366)
        }
        Frequency::Monthly => {
            (one_day_part && plan.months.is_empty() && plan.year_days.is_empty() && ordinals_within(4), 31)
        }
        Frequency::Weekly => (plan.names_weekdays() && one_day_part && plan.months.is_empty(), 7),
        Frequency::Daily => (!plan.filters_days(), 1),
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => (false, 0),
    };
    days_fit
        && weekdays_of_one_sort
        && plan.week_numbers.is_empty()
        && within(&plan.month_days, 28)
        && plan.interval <= 1000
        && plan.hours.len() * plan.minutes.len() * plan.seconds.len() * days <= PERIOD_INSTANCES_MAX
        && (plan.positions.is_empty()
            || plan.positions.iter().any(|position| position.abs() == 1) && within(&plan.positions, 31))
}

impl ByCrate {
    /// The readings of `plan` from the period that begins at `start` on. `None` where the crate refuses.
    pub(super) fn new(plan: &Plan, start: i64) -> Option<Self> {
        let start = chrono::DateTime::from_timestamp(start, 0)?.with_timezone(&Tz::UTC);
        let rule = rule(plan)?.validate(start).ok()?;
        Some(Self { iterator: RRuleSet::new(start).rrule(rule).limit().into_iter() })
    }

    /// The next reading.
    pub(super) fn next(&mut self) -> Result<Option<i64>, Failed> {
        catch_unwind(AssertUnwindSafe(|| self.iterator.next()))
            .map(|reading| reading.map(|reading| reading.timestamp()))
            .map_err(|_| Failed)
    }
}

fn rule(plan: &Plan) -> Option<RRule<Unvalidated>> {
    fn all<T: TryFrom<i64>>(values: &[i64]) -> Option<Vec<T>> {
        values.iter().map(|value| T::try_from(*value).ok()).collect()
    }
    let frequency = match plan.frequency {
        Frequency::Yearly => rrule::Frequency::Yearly,
        Frequency::Monthly => rrule::Frequency::Monthly,
        Frequency::Weekly => rrule::Frequency::Weekly,
        Frequency::Daily => rrule::Frequency::Daily,
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => return None,
    };
    let months: Vec<chrono::Month> =
        all::<u8>(&plan.months)?.into_iter().map(chrono::Month::try_from).collect::<Result<_, _>>().ok()?;
    let every = plan.weekdays.iter().map(|day| Some(NWeekday::Every(weekday(*day)?)));
    let counted = plan
        .ordinal_days
        .iter()
        .map(|(ordinal, day)| Some(NWeekday::Nth(i16::try_from(*ordinal).ok()?, weekday(*day)?)));
    Some(
        RRule::new(frequency)
            .interval(u16::try_from(plan.interval).ok()?)
            .week_start(weekday(plan.week_start)?)
            .by_month(&months)
            .by_month_day(all(&plan.month_days)?)
            .by_year_day(all(&plan.year_days)?)
            .by_weekday(every.chain(counted).collect::<Option<_>>()?)
            .by_hour(all(&plan.hours)?)
            .by_minute(all(&plan.minutes)?)
            .by_second(all(&plan.seconds)?)
            .by_set_pos(all(&plan.positions)?),
    )
}

fn weekday(from_monday: i64) -> Option<chrono::Weekday> {
    chrono::Weekday::try_from(u8::try_from(from_monday).ok()?).ok()
}

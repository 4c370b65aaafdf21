//! Limits: a date, ISO week or month that has its number of bookings offers nothing more (specification 6.2, S8).
//!
//! What counts are the bookings of the type that start there on the owner's clock, inside or outside working hours;
//! busy periods and slots that are merely offered do not count.

use calendar::time::Instant;

use crate::event_type::Limit;
use crate::rule::{Rejection, Rule, unbounded};
use crate::slot::Question;
use crate::working_time::{date_of, day_number, local_day};

/// The first and last day of the ISO week (Monday first) of `day`.
fn week_of(day: i64) -> (i64, i64) {
    let monday = day - (day + 3).rem_euclid(7);
    (monday, monday + 6)
}

/// The first and last day of the month of `day`.
fn month_of(day: i64) -> (i64, i64) {
    let date = date_of(day);
    (day_number(date.first_of_month()), day_number(date.last_of_month()))
}

/// The owner-local dates on which bookings of the type start, sorted.
fn days_taken(question: &Question<'_>) -> Vec<i64> {
    let zone = &question.event_type.zone;
    let same_type = question.bookings.iter().filter(|taken| taken.same_type);
    let mut days: Vec<i64> = same_type.map(|taken| local_day(zone, taken.span.start)).collect();
    days.sort_unstable();
    days
}

/// The limit that `day` has reached.
fn reached(limit: Limit, taken: &[i64], day: i64) -> Option<&'static str> {
    let is_full = |limit: Option<u32>, days: fn(i64) -> (i64, i64)| {
        limit.is_some_and(|limit| {
            let (first, last) = days(day);
            let from = taken.partition_point(|taken| *taken < first);
            let to = taken.partition_point(|taken| *taken <= last);
            to - from >= usize::try_from(limit).unwrap_or(usize::MAX)
        })
    };
    if is_full(limit.day, |day| (day, day)) {
        Some("day")
    } else if is_full(limit.week, week_of) {
        Some("week")
    } else if is_full(limit.month, month_of) {
        Some("month")
    } else {
        None
    }
}

fn check(question: &Question<'_>, start: Instant) -> Result<(), Rejection> {
    let limit = question.event_type.limit;
    if limit == Limit::default() {
        return Ok(());
    }
    let day = local_day(&question.event_type.zone, start);
    match reached(limit, &days_taken(question), day) {
        None => Ok(()),
        Some(stretch) => Err(Rejection::new(
            "limit_reached",
            format!("No more bookings of this kind are taken in that {stretch}."),
        )),
    }
}

/// `limit_reached`.
pub(crate) const RULE: Rule = Rule {
    name: "limit",
    check,
    bounds: unbounded,
    sieve: Some(|question, _| {
        let limit = question.event_type.limit;
        if limit == Limit::default() {
            return Box::new(|_| true);
        }
        let taken = days_taken(question);
        // The slots of one date share one answer.
        let mut known: Option<(i64, bool)> = None;
        Box::new(move |candidate| match known {
            Some((day, passes)) if day == candidate.day => passes,
            _ => {
                let passes = reached(limit, &taken, candidate.day).is_none();
                known = Some((candidate.day, passes));
                passes
            }
        })
    }),
};

//! Horizon: a slot's owner-local date is at most that of now plus `horizon_days` (specification 6.2, S7).

use calendar::time::{Instant, Span};

use crate::rule::{Rejection, Rule};
use crate::slot::Question;
use crate::working_time::{latest_of, local_day};

/// The last owner-local date that may be booked, in days since 1970-01-01.
fn last_day(question: &Question<'_>) -> i64 {
    local_day(&question.event_type.zone, question.now) + i64::from(question.event_type.horizon_days)
}

/// `too_far`.
pub(crate) const RULE: Rule = Rule {
    name: "horizon",
    check: |question, start| {
        if local_day(&question.event_type.zone, start) <= last_day(question) {
            return Ok(());
        }
        let days = question.event_type.horizon_days;
        Err(Rejection::new("too_far", format!("This can be booked at most {days} days ahead.")))
    },
    // Somewhat more than the last date, because a clock that is set back over midnight shows a date in two pieces.
    bounds: |question| Span::new(Instant::MIN, Instant::from_unix(latest_of(last_day(question)))),
    sieve: Some(|question, _| {
        let last = last_day(question);
        Box::new(move |candidate| candidate.day <= last)
    }),
};

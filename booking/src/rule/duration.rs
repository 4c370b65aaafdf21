//! Only the event type's own durations may be booked.

use crate::grid::DURATION_SECONDS_MAX;
use crate::rule::{Rejection, Rule, always_or_never, in_words};
use crate::slot::Question;

fn is_offered(question: &Question<'_>) -> bool {
    (1..=DURATION_SECONDS_MAX).contains(&question.duration)
        && question.event_type.durations.contains(&question.duration)
}

/// `wrong_duration`.
pub(crate) const RULE: Rule = Rule {
    name: "duration",
    check: |question, _| {
        if is_offered(question) {
            return Ok(());
        }
        let offered: Vec<String> =
            question.event_type.durations.iter().map(|seconds| in_words(*seconds)).collect();
        Err(Rejection::new(
            "wrong_duration",
            format!("This length is not offered; there is {}.", offered.join(", ")),
        ))
    },
    bounds: |question| always_or_never(is_offered(question)),
    sieve: None,
};

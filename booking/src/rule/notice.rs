//! Notice: a slot starts at the earliest `notice` seconds from now, to the second (specification 6.2, S6).

use calendar::time::{Instant, Span};

use crate::rule::{Rejection, Rule, in_words};
use crate::slot::Question;

fn earliest(question: &Question<'_>) -> Instant {
    question.now.plus(question.event_type.notice)
}

/// `too_soon`.
pub(crate) const RULE: Rule = Rule {
    name: "notice",
    check: |question, start| {
        if start >= earliest(question) {
            return Ok(());
        }
        let notice = in_words(question.event_type.notice);
        Err(Rejection::new("too_soon", format!("This must be booked at least {notice} ahead.")))
    },
    bounds: |question| Span::new(earliest(question), Instant::MAX),
    sieve: None,
};

//! What has begun cannot be booked.

use calendar::time::{Instant, Span};

use crate::rule::{Rejection, Rule};

/// `in_the_past`.
pub(crate) const RULE: Rule = Rule {
    name: "past",
    check: |question, start| {
        if start >= question.now {
            Ok(())
        } else {
            Err(Rejection::new("in_the_past", "This time has passed."))
        }
    },
    bounds: |question| Span::new(question.now, Instant::MAX),
    sieve: None,
};

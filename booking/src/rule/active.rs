//! Only an active event type may be booked.

use crate::rule::{Rejection, Rule, always_or_never};

/// `inactive`.
pub(crate) const RULE: Rule = Rule {
    name: "active",
    check: |question, _| {
        if question.event_type.active {
            Ok(())
        } else {
            Err(Rejection::new("inactive", "This cannot be booked at the moment."))
        }
    },
    bounds: |question| always_or_never(question.event_type.active),
    sieve: None,
};

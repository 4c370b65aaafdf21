//! Hours: every minute of the slot is a working time on the owner's clock (specification 6.2, S1, S2, S4).
//!
//! The slot finder starts from the working hours, so that there is nothing left to sift.

use crate::grid::is_open;
use crate::rule::{Rejection, Rule, unbounded};

/// `outside_hours`.
pub(crate) const RULE: Rule = Rule {
    name: "hours",
    check: |question, start| {
        if is_open(question.event_type, start, question.duration) {
            Ok(())
        } else {
            Err(Rejection::new("outside_hours", "This is outside the hours that can be booked."))
        }
    },
    bounds: unbounded,
    sieve: None,
};

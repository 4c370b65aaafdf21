//! Grid: slots start with a run of open minutes and every interval after (specification 6.2, S3).
//!
//! The slot finder walks the grid, so that there is nothing left to sift.

use crate::grid::is_on_grid;
use crate::rule::{Rejection, Rule, unbounded};

/// `off_grid`.
pub(crate) const RULE: Rule = Rule {
    name: "grid",
    check: |question, start| {
        if is_on_grid(question.event_type, start, question.duration) {
            Ok(())
        } else {
            Err(Rejection::new("off_grid", "Bookings do not start at this minute."))
        }
    },
    bounds: unbounded,
    sieve: None,
};

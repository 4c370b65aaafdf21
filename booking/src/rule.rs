//! A rule keeps or drops a candidate and says why; one file each, registered in the table.

use calendar::time::Instant;

use crate::slot::Question;

/// Why a time is not bookable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason's name: `slot_taken`, `outside_hours`, `off_grid`, `too_soon`, `too_far`, `limit_reached`,
    /// `not_fresh`, `inactive`, `wrong_duration`, `in_the_past`.
    pub name: &'static str,
    /// For a person (no detail of any event).
    pub reason: String,
}

/// Whether a slot at `start` may be booked: the same rules as the slots, one by one.
///
/// # Errors
/// The first rule that drops it.
pub fn check(question: &Question<'_>, start: Instant) -> Result<(), Rejection> {
    let _ = (question, start);
    todo!()
}

/// The verdict of every rule, for `why`.
pub fn explain(question: &Question<'_>, start: Instant) -> Vec<(&'static str, Result<(), Rejection>)> {
    let _ = (question, start);
    todo!()
}

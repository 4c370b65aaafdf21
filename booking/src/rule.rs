//! A rule keeps or drops a candidate and says why; one file each, registered in the table.

pub mod table;

mod active;
pub(crate) mod conflict;
mod duration;
mod grid;
mod horizon;
mod hours;
mod limit;
mod notice;
mod past;

use calendar::time::{Instant, Span};

use crate::grid::Candidate;
use crate::slot::Question;

/// Why a time is not bookable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason's name: `slot_taken`, `outside_hours`, `off_grid`, `too_soon`, `too_far`, `limit_reached`,
    /// `not_fresh`, `inactive`, `wrong_duration`, `in_the_past`; of a booking that is to be changed also `cancelled`.
    pub name: &'static str,
    /// For a person (no detail of any event).
    pub reason: String,
}

impl Rejection {
    /// The reason called `name`, in words.
    pub fn new(name: &'static str, reason: impl Into<String>) -> Self {
        Self { name, reason: reason.into() }
    }
}

/// Keeps or drops candidates, which come by start.
pub(crate) type Sieve<'a> = Box<dyn FnMut(Candidate) -> bool + 'a>;

/// One rule.
pub struct Rule {
    /// Its name, as `why` shows it.
    pub name: &'static str,
    /// Whether a slot at this start passes. The definition: the other two only follow it, faster.
    pub(crate) check: fn(&Question<'_>, Instant) -> Result<(), Rejection>,
    /// No start outside this span passes.
    pub(crate) bounds: fn(&Question<'_>) -> Span,
    /// What must be asked of every start within the span given that the grid and the hours offer; `None` where bounds,
    /// grid and hours say it all.
    pub(crate) sieve: Option<for<'a> fn(&'a Question<'a>, Span) -> Sieve<'a>>,
}

/// The bounds of a rule that has none.
pub(crate) fn unbounded(_: &Question<'_>) -> Span {
    Span::ALWAYS
}

/// All of time or none of it.
pub(crate) fn always_or_never(passes: bool) -> Span {
    if passes { Span::ALWAYS } else { Span::new(Instant::MIN, Instant::MIN) }
}

/// Whether a slot at `start` may be booked: the same rules as the slots, one by one.
///
/// # Errors
/// The first rule that drops it.
pub fn check(question: &Question<'_>, start: Instant) -> Result<(), Rejection> {
    table::RULES.iter().try_for_each(|rule| (rule.check)(question, start))
}

/// The verdict of every rule, for `why`.
pub fn explain(question: &Question<'_>, start: Instant) -> Vec<(&'static str, Result<(), Rejection>)> {
    table::RULES.iter().map(|rule| (rule.name, (rule.check)(question, start))).collect()
}

/// Seconds in words, in the largest unit that divides them: `90 minutes`, `4 hours`, `1 day`.
pub(crate) fn in_words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3600 == 0 => (s / 3600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

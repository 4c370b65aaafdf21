//! Candidate slots as a lazy sequence: specification 6.2, S1–S12. Pure.

use calendar::busy::BusySet;
use calendar::time::{Instant, Span};

use crate::event_type::{Buffer, EventType};
use crate::grid::Candidates;
use crate::rule::table::RULES;

/// A span that may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// When.
    pub span: Span,
}

/// A booking as the rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// When.
    pub span: Span,
    /// Its own buffers.
    pub buffer: Buffer,
    /// Whether it is of the event type that is asked for (for its limits).
    pub same_type: bool,
}

/// Everything a decision about slots looks at.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What is to be booked.
    pub event_type: &'a EventType,
    /// Seconds; one of the type's durations.
    pub duration: i64,
    /// Now.
    pub now: Instant,
    /// Busy time, at least over every slot asked for with its buffers.
    pub busy: &'a BusySet,
    /// Live bookings of the host, by start, at least those that could matter to a slot or a limit.
    pub bookings: &'a [Taken],
}

/// The open slots that start within `range`, by start, each once. Lazy: costs what is taken from it.
///
/// Every candidate that the grid offers and that fits the working hours passes through the sieves of the rules, in
/// the order of their table; bounds that are known beforehand (notice, horizon …) narrow the range first.
pub fn open_slots<'a>(question: &'a Question<'a>, range: Span) -> Box<dyn Iterator<Item = Slot> + 'a> {
    let Some(reach) = reach(question, range) else {
        return Box::new(std::iter::empty());
    };
    let mut sieves: Vec<_> =
        RULES.iter().filter_map(|rule| rule.sieve.map(|sieve| sieve(question, reach))).collect();
    let duration = question.duration;
    let candidates = Candidates::new(question.event_type, duration, reach);
    Box::new(
        candidates
            .filter(move |candidate| sieves.iter_mut().all(|passes| passes(*candidate)))
            .map(move |candidate| Slot { span: Span::new(candidate.start, candidate.start.plus(duration)) }),
    )
}

/// The part of `range` that the bounds of all rules leave; `None` if nothing is left.
pub(crate) fn reach(question: &Question<'_>, range: Span) -> Option<Span> {
    RULES.iter().try_fold(range, |reach, rule| reach.intersection((rule.bounds)(question)))
}

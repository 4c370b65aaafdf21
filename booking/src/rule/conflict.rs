//! Conflicts: the slot with its buffers meets no busy time and no booking with its buffers (specification 6.2, S5).
//!
//! Turned round for speed: a busy period or booking forbids an open interval of *starts*. Busy periods are disjoint
//! and sorted, so those intervals are sorted by both ends and one pass over them serves all candidates.

use calendar::busy::{BusyPeriod, BusyType};
use calendar::time::{Instant, Span};

use crate::event_type::Combine;
use crate::grid::{buffers, length};
use crate::rule::{Rejection, Rule, Sieve, unbounded};
use crate::slot::{Question, Taken};

/// The weakest type that blocks: only BUSY-TENTATIVE is the event type's choice.
pub(crate) fn weakest(question: &Question<'_>) -> BusyType {
    question.event_type.blocks_from.min(BusyType::Unavailable)
}

/// The slot with its buffers.
pub(crate) fn widened(question: &Question<'_>, start: Instant) -> Span {
    let (before, after) = buffers(&question.event_type.buffer);
    Span::new(start.plus(-before), start.plus(length(question.duration)).plus(after))
}

/// The starts between which (both excluded) a slot would be too near to the booking.
///
/// With `max` the slot's buffers must be free of the booking and the booking's of the slot, so the larger of two
/// facing buffers counts; with `sum`, if either side asks for it, both do.
fn forbidden(question: &Question<'_>, taken: &Taken) -> (i64, i64) {
    let (before, after) = buffers(&question.event_type.buffer);
    let (its_before, its_after) = buffers(&taken.buffer);
    let sum = question.event_type.buffer.combine == Combine::Sum || taken.buffer.combine == Combine::Sum;
    let (ahead, behind) = if sum {
        (after + its_before, before + its_after)
    } else {
        (after.max(its_before), before.max(its_after))
    };
    (taken.span.start.as_unix() - length(question.duration) - ahead, taken.span.end.as_unix() + behind)
}

/// Whether the booking keeps a slot at `start` from being booked.
pub(crate) fn blocks(question: &Question<'_>, taken: &Taken, start: Instant) -> bool {
    let (after, before) = forbidden(question, taken);
    !taken.span.is_empty() && after < start.as_unix() && start.as_unix() < before
}

fn check(question: &Question<'_>, start: Instant) -> Result<(), Rejection> {
    let free = question.busy.is_free(widened(question, start), weakest(question))
        && !question.bookings.iter().any(|taken| blocks(question, taken, start));
    if free { Ok(()) } else { Err(Rejection::new("slot_taken", "This time is taken.")) }
}

/// The intervals of starts that bookings forbid, merged, as far as they matter to starts in `range`.
fn forbidden_by_bookings(question: &Question<'_>, range: Span) -> Vec<(i64, i64)> {
    let (from, until) = (range.start.as_unix(), range.end.as_unix());
    let mut intervals: Vec<(i64, i64)> = question
        .bookings
        .iter()
        .filter(|taken| !taken.span.is_empty())
        .map(|taken| forbidden(question, taken))
        .filter(|(after, before)| *after < until && from < *before)
        .collect();
    intervals.sort_unstable();
    // Open intervals that only touch leave the start between them allowed.
    intervals.dedup_by(|later, kept| {
        later.0 < kept.1 && {
            kept.1 = kept.1.max(later.1);
            true
        }
    });
    intervals
}

fn sieve<'a>(question: &'a Question<'a>, range: Span) -> Sieve<'a> {
    let weakest = weakest(question);
    let (before, after) = buffers(&question.event_type.buffer);
    let ahead = length(question.duration) + after;
    let reach = Span::new(range.start.plus(-before), range.end.plus(ahead));
    let mut busy: &[BusyPeriod] = question.busy.overlapping(reach);
    let bookings = forbidden_by_bookings(question, range);
    let mut next_booking = 0;
    Box::new(move |candidate| {
        let start = candidate.start.as_unix();
        // What ends before this slot's buffer, or never blocks, will not matter to later ones either.
        while let [first, rest @ ..] = busy {
            if first.kind >= weakest && first.span.end.as_unix() > start - before {
                break;
            }
            busy = rest;
        }
        if busy.first().is_some_and(|period| period.span.start.as_unix() < start + ahead) {
            return false;
        }
        while bookings.get(next_booking).is_some_and(|(_, until)| *until <= start) {
            next_booking += 1;
        }
        bookings.get(next_booking).is_none_or(|(after, _)| start <= *after)
    })
}

/// `slot_taken`.
pub(crate) const RULE: Rule = Rule { name: "conflict", check, bounds: unbounded, sieve: Some(sieve) };

//! Candidate slots as a lazy sequence: specification 6.2, S1–S12. Pure.

use calendar::busy::BusySet;
use calendar::time::{Instant, Span};

use crate::event_type::{Buffer, EventType};

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
pub fn open_slots<'a>(question: &'a Question<'a>, range: Span) -> Box<dyn Iterator<Item = Slot> + 'a> {
    let _ = (question, range);
    todo!()
}

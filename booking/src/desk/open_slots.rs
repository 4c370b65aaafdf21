//! The open slots of an event type, with what is busy and booked now.

use calendar::busy::BusySet;
use calendar::time::{Instant, Span};

use crate::desk::seen::Seen;
use crate::desk::{Desk, Host, NotBooked};
use crate::event_type::EventType;
use crate::slot::{Question, Slot, open_slots, reach};

/// The part of `range` in which slots of this length may start at all, before anything is read.
pub(crate) fn offered(event_type: &EventType, duration: i64, now: Instant, range: Span) -> Option<Span> {
    let busy = BusySet::empty();
    reach(&Question { event_type, duration, now, busy: &busy, bookings: &[] }, range)
}

/// The open slots of this length that start within `range`; the booking `except_uid` does not block.
pub(crate) async fn within(
    desk: &Desk,
    host: &Host,
    event_type: &EventType,
    (duration, range): (i64, Span),
    except_uid: Option<&str>,
) -> Result<Vec<Slot>, NotBooked> {
    if !event_type.durations.contains(&duration) {
        return Err(NotBooked::Invalid(vec![("duration", "Choose one of the lengths offered.".to_owned())]));
    }
    let Some(range) = offered(event_type, duration, desk.world.clock.now(), range) else {
        return Ok(Vec::new());
    };
    let span = Span::new(range.start, range.end.plus(duration));
    let seen = Seen::of(desk, host, event_type, span, except_uid).await?;
    let question = seen.question(event_type, duration);
    Ok(open_slots(&question, range).collect())
}

//! Moving a booking: its own time does not block it, and everybody who knows of it hears of the move.

use aggregator::world::refusal_of;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use store::{Change, Committed};

use crate::booking::{Booking, State, Transition};
use crate::desk::alternatives::nearest;
use crate::desk::book::{ATTEMPTS_MAX, freshen};
use crate::desk::rows::{self, TimesRow};
use crate::desk::seen::Seen;
use crate::desk::step::{self, Step};
use crate::desk::{Desk, Host, NotBooked, capability, open_slots};
use crate::event_type::{Combine, EventType};
use crate::grid::buffers;
use crate::letter::News;
use crate::rule::Rejection;
use crate::slot::Slot;

/// Who changes a booking, and by which way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By<'a> {
    pub(crate) actor: &'a str,
    pub(crate) channel: &'a str,
}

impl By<'_> {
    /// An entry of the booking's history.
    pub(crate) fn transition(self, at: Instant, what: &str, reason: Option<String>) -> Transition {
        Transition {
            at: at.as_unix(),
            actor: self.actor.to_owned(),
            channel: self.channel.to_owned(),
            what: what.to_owned(),
            reason,
        }
    }
}

/// A rejection without alternatives.
fn rejected(name: &'static str, reason: &str) -> NotBooked {
    NotBooked::Rejected { why: Rejection::new(name, reason), alternatives: Vec::new() }
}

/// Whether a booking may still be changed.
pub(crate) fn changeable(booking: &Booking, now: Instant) -> Result<(), NotBooked> {
    if booking.state == State::Cancelled {
        Err(rejected("cancelled", "This booking was cancelled."))
    } else if booking.start <= now.as_unix() {
        Err(rejected("in_the_past", "This booking has begun or is over; it cannot be changed any more."))
    } else {
        Ok(())
    }
}

/// The host and what was booked, with the booking's own length among those offered: what was promised stays so.
fn type_of(desk: &Desk, booking: &Booking) -> Result<(Host, EventType), NotBooked> {
    let (host, mut event_type) =
        desk.event_type(&booking.owner, &booking.event_type).ok_or(NotBooked::NotFound)?;
    let duration = booking.end - booking.start;
    if !event_type.durations.contains(&duration) {
        event_type.durations.push(duration);
    }
    Ok((host, event_type))
}

/// The open slots to which the booking may be moved.
pub(crate) async fn slots(desk: &Desk, booking: &Booking, range: Span) -> Result<Vec<Slot>, NotBooked> {
    changeable(booking, desk.world.clock.now())?;
    let (host, event_type) = type_of(desk, booking)?;
    let asked = (booking.end - booking.start, range);
    open_slots::within(desk, &host, &event_type, asked, Some(&booking.uid)).await
}

/// Moves the booking to `start`.
pub(crate) async fn to(
    desk: &Desk,
    (owner, uid): (&str, &str),
    start: Instant,
    by: By<'_>,
) -> Result<Booking, NotBooked> {
    freshen(desk, owner).await;
    let secret = capability::secret(&desk.world).await?;
    let _turn = desk.world.turns.of(owner).await;
    for _ in 0..ATTEMPTS_MAX {
        let (before, version) = rows::booking(&desk.world, owner, uid).await?.ok_or(NotBooked::NotFound)?;
        if before.state == State::Confirmed && before.start == start.as_unix() {
            return Ok(before);
        }
        changeable(&before, desk.world.clock.now())?;
        let (host, event_type) = type_of(desk, &before)?;
        let duration = before.end - before.start;
        let span = Span::new(start, start.plus(duration));
        let seen = Seen::of(desk, &host, &event_type, span, Some(uid)).await?;
        if let Err(why) = seen.check(&event_type, duration, start) {
            let alternatives = nearest(desk, &host, &event_type, (duration, start), Some(uid)).await?;
            return Err(NotBooked::Rejected { why, alternatives });
        }
        let after = moved(&before, &event_type, span, by.transition(seen.now, "rescheduled", None));
        let mut change = Change::new();
        seen.expect(&mut change, owner, TimesRow::of(&after).seconds());
        let step = Step {
            owner: &host.owner,
            before: Some((&before, version)),
            after: &after,
            location: event_type.location.as_deref(),
            news: &News::Moved { from: Instant::from_unix(before.start) },
            token: &secret.token(uid),
            now: seen.now,
        };
        step::stage(desk, &mut change, &step).await?;
        if let Committed::At(_) = desk.world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(after);
        }
    }
    Err(NotBooked::Refused(Refusal::Contended))
}

/// The booking at its new time, with the buffers that count now.
fn moved(before: &Booking, event_type: &EventType, span: Span, transition: Transition) -> Booking {
    let (buffer_before, buffer_after) = buffers(&event_type.buffer);
    let mut after = Booking {
        start: span.start.as_unix(),
        end: span.end.as_unix(),
        buffer_before,
        buffer_after,
        buffer_sum: event_type.buffer.combine == Combine::Sum,
        sequence: before.sequence.saturating_add(1),
        ..before.clone()
    };
    after.history.push(transition);
    after
}

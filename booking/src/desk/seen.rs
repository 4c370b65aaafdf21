//! What a decision about one host's time looks at. Read before it is thought about, expected by the commit after.

use aggregator::operation::availability::{Where, with_availability};
use aggregator::operation::free_busy::{SeenBusy, owner_busy};
use aggregator::owner::Bookings;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use store::Change;
use store::engine::Version;

use crate::desk::rows::{self, HEADS, HeadRow};
use crate::desk::{Desk, Host};
use crate::event_type::{EventType, Limit};
use crate::grid::buffers;
use crate::rule::{Rejection, check};
use crate::slot::{Question, Taken};

/// Seconds by which a month or an ISO week may reach beyond a slot that lies in it.
const LIMIT_REACH_SECONDS: i64 = 33 * 86_400;

/// Busy time and bookings of a host around some span.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) now: Instant,
    pub(crate) busy: SeenBusy,
    pub(crate) taken: Vec<Taken>,
    /// The UIDs of `taken`, in its order.
    pub(crate) uids: Vec<String>,
    head: HeadRow,
    head_version: Version,
}

impl Seen {
    /// What matters to slots of `event_type` that lie within `span`; the booking `except_uid` left out.
    pub(crate) async fn of(
        desk: &Desk,
        host: &Host,
        event_type: &EventType,
        span: Span,
        except_uid: Option<&str>,
    ) -> Result<Self, Refusal> {
        let world = &desk.world;
        let owner = &host.owner;
        // The head first: a booking made after this moment makes the commit think again.
        let (head, head_version) =
            rows::record::<HeadRow>(world, HEADS, &[&owner.id]).await?.unwrap_or_default();
        let (before, after) = buffers(&event_type.buffer);
        let window = Span::new(span.start.plus(-before), span.end.plus(after));
        let mut busy = owner_busy(world, owner, window, except_uid).await?;
        let place = match owner.manner.bookings {
            Bookings::ByAvailability => Where::Everywhere,
            Bookings::ByHours => Where::Calendars,
        };
        busy.busy = with_availability(world, owner, (window, place), &busy).await?;
        let more = if event_type.limit == Limit::default() { 0 } else { LIMIT_REACH_SECONDS };
        let reach = head.longest.saturating_add(more);
        let starts = Span::new(window.start.plus(-reach), window.end.plus(reach));
        let mut times = rows::times_within(world, &owner.id, starts).await?;
        times.retain(|(uid, _)| Some(uid.as_str()) != except_uid);
        let taken = times.iter().map(|(_, row)| row.taken(&event_type.slug)).collect();
        let uids = times.into_iter().map(|(uid, _)| uid).collect();
        Ok(Self { now: world.clock.now(), busy, taken, uids, head, head_version })
    }

    /// The question about slots of this length.
    pub(crate) fn question<'a>(&'a self, event_type: &'a EventType, duration: i64) -> Question<'a> {
        Question { event_type, duration, now: self.now, busy: &self.busy.busy, bookings: &self.taken }
    }

    /// Whether a slot at `start` may be booked; a calendar that cannot be believed is named as the reason.
    pub(crate) fn check(
        &self,
        event_type: &EventType,
        duration: i64,
        start: Instant,
    ) -> Result<(), Rejection> {
        check(&self.question(event_type, duration), start).map_err(|rejection| {
            if rejection.name == "slot_taken" && !self.busy.not_fresh.is_empty() {
                Rejection::new(
                    "not_fresh",
                    "The calendar cannot be reached just now; please try again later.",
                )
            } else {
                rejection
            }
        })
    }

    /// Makes `change` apply only if nothing of this has moved, and tells other decisions that the bookings have.
    pub(crate) fn expect(&self, change: &mut Change, owner: &str, seconds: i64) {
        self.busy.expect(change);
        let head = HeadRow { changes: self.head.changes + 1, longest: self.head.longest.max(seconds) };
        change.put_record(HEADS, &[owner], &head, self.head_version);
    }
}

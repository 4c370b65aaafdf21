//! The operations: open slots, book, reschedule, cancel. Read, think, write.

use std::sync::Arc;

use aggregator::owner::Owner;
use aggregator::world::World;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};

use crate::booking::Booking;
use crate::event_type::EventType;
use crate::rule::Rejection;
use crate::slot::Slot;

/// A host with what may be booked of their time.
#[derive(Clone, Debug)]
pub struct Host {
    /// Who.
    pub owner: Arc<Owner>,
    /// What may be booked.
    pub event_types: Vec<EventType>,
}

/// Who writes invitations, and where the pages are.
#[derive(Clone, Debug)]
pub struct Correspondence {
    /// The mail address that invitations come from; also ORGANIZER.
    pub from: String,
    /// The public address of the pages, without a slash at the end.
    pub public_url: String,
}

/// The desk: everything the operations need. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// Store, clock, entropy.
    pub world: World,
    /// The hosts; replaced whole when the settings are read again.
    pub hosts: Arc<std::sync::RwLock<Arc<Vec<Host>>>>,
    /// Makes the mirrors fresh before a booking is confirmed.
    pub sources: Arc<dyn aggregator::sync::Freshen>,
    /// How to write to people.
    pub correspondence: Arc<Correspondence>,
}

/// What an invitee asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The host's id.
    pub owner: String,
    /// The event type's slug.
    pub event_type: String,
    /// When.
    pub start: Instant,
    /// Seconds.
    pub duration: i64,
    /// The invitee's name.
    pub name: String,
    /// The invitee's mail address.
    pub email: String,
    /// What they wrote.
    pub notes: String,
    /// Their zone.
    pub time_zone: String,
    /// The same key is the same booking.
    pub idempotency_key: Option<String>,
    /// `web`, `cli` …
    pub channel: String,
}

/// Why a booking was not made.
#[derive(Clone, Debug)]
pub enum NotBooked {
    /// A rule says no; the nearest open slots instead.
    Rejected {
        /// Why.
        why: Rejection,
        /// Up to three.
        alternatives: Vec<Slot>,
    },
    /// A field is wrong: its name and what to do.
    Invalid(Vec<(&'static str, String)>),
    /// There is no such owner, event type or booking.
    NotFound,
    /// Anything else.
    Refused(Refusal),
}

/// A booking with the token that manages it; the token is known only now.
#[derive(Clone, Debug)]
pub struct Booked {
    /// The booking.
    pub booking: Booking,
    /// The capability (at least 128 bits, path-safe).
    pub token: String,
}

impl Desk {
    /// The host and event type.
    pub fn event_type(&self, owner: &str, slug: &str) -> Option<(Host, EventType)> {
        let _ = (owner, slug);
        todo!()
    }

    /// The open slots that start within `range`.
    pub async fn open_slots(
        &self,
        owner: &str,
        slug: &str,
        duration: i64,
        range: Span,
    ) -> Result<Vec<Slot>, NotBooked> {
        let _ = (owner, slug, duration, range);
        todo!()
    }

    /// Books, or says why not. The same idempotency key gives the same booking.
    pub async fn book(&self, request: &Request) -> Result<Booked, NotBooked> {
        let _ = request;
        todo!()
    }

    /// The booking that `token` manages.
    pub async fn find(&self, token: &str) -> Result<Booking, NotBooked> {
        let _ = token;
        todo!()
    }

    /// The open slots for rescheduling the booking that `token` manages: it does not block itself.
    pub async fn slots_for_reschedule(&self, token: &str, range: Span) -> Result<Vec<Slot>, NotBooked> {
        let _ = (token, range);
        todo!()
    }

    /// Moves the booking that `token` manages to `start`; moving it where it is changes nothing.
    pub async fn reschedule(&self, token: &str, start: Instant, channel: &str) -> Result<Booking, NotBooked> {
        let _ = (token, start, channel);
        todo!()
    }

    /// Cancels the booking that `token` manages; cancelling it twice changes nothing.
    pub async fn cancel(
        &self,
        token: &str,
        reason: Option<&str>,
        channel: &str,
    ) -> Result<Booking, NotBooked> {
        let _ = (token, reason, channel);
        todo!()
    }

    /// The booking's event as iCalendar (METHOD:PUBLISH), for download.
    pub async fn event_text(&self, token: &str) -> Result<String, NotBooked> {
        let _ = token;
        todo!()
    }

    /// What every rule and every blocking calendar says about `start` (owner only).
    pub async fn why(
        &self,
        owner: &str,
        slug: &str,
        duration: i64,
        start: Instant,
    ) -> Result<Vec<Verdict>, NotBooked> {
        let _ = (owner, slug, duration, start);
        todo!()
    }
}

/// What one rule says, with the events that decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The rule's name.
    pub rule: String,
    /// Whether it lets the time pass.
    pub passes: bool,
    /// Why; for conflicts: calendar, title, when.
    pub detail: String,
}

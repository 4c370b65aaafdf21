//! The operations: open slots, book, reschedule, cancel. Read, think, write.
//!
//! One file each; this one holds what callers see. A decision reads what it needs (`seen`), asks the rules, and
//! writes one commit that expects all it has read (`step`); if anything has moved it thinks again.

mod alternatives;
mod book;
mod cancel;
pub(crate) mod capability;
mod fields;
mod open_slots;
mod reschedule;
mod rows;
mod seen;
mod step;
mod why;

use std::sync::{Arc, PoisonError};

use aggregator::owner::Owner;
use aggregator::world::World;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use calendar::write::{self, EventDraft};

use crate::booking::{Booking, State};
use crate::desk::reschedule::By;
use crate::event_type::EventType;
use crate::letter::{News, Occasion, Reader, event};
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

impl From<Refusal> for NotBooked {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Desk {
    /// The hosts in force.
    pub fn hosts_now(&self) -> Arc<Vec<Host>> {
        Arc::clone(&self.hosts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The host and event type.
    pub fn event_type(&self, owner: &str, slug: &str) -> Option<(Host, EventType)> {
        let hosts = self.hosts_now();
        let host = hosts.iter().find(|host| host.owner.id == owner)?;
        let event_type = host.event_types.iter().find(|event_type| event_type.slug == slug)?;
        Some((host.clone(), event_type.clone()))
    }

    /// The open slots that start within `range`.
    pub async fn open_slots(
        &self,
        owner: &str,
        slug: &str,
        duration: i64,
        range: Span,
    ) -> Result<Vec<Slot>, NotBooked> {
        let (host, event_type) = self.event_type(owner, slug).ok_or(NotBooked::NotFound)?;
        open_slots::within(self, &host, &event_type, (duration, range), None).await
    }

    /// Books, or says why not. The same idempotency key gives the same booking.
    pub async fn book(&self, request: &Request) -> Result<Booked, NotBooked> {
        book::book(self, request).await
    }

    /// The booking that `token` manages.
    pub async fn find(&self, token: &str) -> Result<Booking, NotBooked> {
        capability::booking_of(&self.world, token).await?.ok_or(NotBooked::NotFound)
    }

    /// The open slots for rescheduling the booking that `token` manages: it does not block itself.
    pub async fn slots_for_reschedule(&self, token: &str, range: Span) -> Result<Vec<Slot>, NotBooked> {
        let booking = self.find(token).await?;
        reschedule::slots(self, &booking, range).await
    }

    /// Moves the booking that `token` manages to `start`; moving it where it is changes nothing.
    pub async fn reschedule(&self, token: &str, start: Instant, channel: &str) -> Result<Booking, NotBooked> {
        let booking = self.find(token).await?;
        let by = By { actor: "invitee", channel };
        reschedule::to(self, (&booking.owner, &booking.uid), start, by).await
    }

    /// Cancels the booking that `token` manages; cancelling it twice changes nothing.
    pub async fn cancel(
        &self,
        token: &str,
        reason: Option<&str>,
        channel: &str,
    ) -> Result<Booking, NotBooked> {
        let booking = self.find(token).await?;
        let by = By { actor: "invitee", channel };
        cancel::cancel(self, (&booking.owner, &booking.uid), reason, by).await
    }

    /// The booking's event as iCalendar (METHOD:PUBLISH), for download.
    pub async fn event_text(&self, token: &str) -> Result<String, NotBooked> {
        let booking = self.find(token).await?;
        let owner = cancel::host_of(self, &booking.owner)?;
        let location = self
            .event_type(&booking.owner, &booking.event_type)
            .and_then(|(_, event_type)| event_type.location);
        let news = match booking.state {
            State::Confirmed => News::Booked,
            State::Cancelled => {
                News::Cancelled(booking.history.last().and_then(|transition| transition.reason.clone()))
            }
        };
        let occasion = Occasion {
            news: &news,
            booking: &booking,
            owner: &owner,
            location: location.as_deref(),
            accounts: &[],
            correspondence: &self.correspondence,
            token,
            now: self.world.clock.now(),
        };
        // What is published invites nobody (RFC 5546 §3.2.1).
        let draft = EventDraft { attendees: Vec::new(), ..event::draft_for(&occasion, Reader::Invitee) };
        Ok(write::event(&draft, Some("PUBLISH")))
    }

    /// What every rule and every blocking calendar says about `start` (owner only).
    pub async fn why(
        &self,
        owner: &str,
        slug: &str,
        duration: i64,
        start: Instant,
    ) -> Result<Vec<Verdict>, NotBooked> {
        why::why(self, (owner, slug), duration, start).await
    }

    /// The booking `uid` of `owner`, live or cancelled.
    pub async fn booking(&self, owner: &str, uid: &str) -> Result<Booking, NotBooked> {
        let found = rows::booking(&self.world, owner, uid).await?;
        found.map(|(booking, _)| booking).ok_or(NotBooked::NotFound)
    }

    /// Up to `limit` live bookings of `owner` that start at or after `from`, by start.
    pub async fn bookings(
        &self,
        owner: &str,
        from: Instant,
        limit: usize,
    ) -> Result<Vec<Booking>, NotBooked> {
        Ok(rows::bookings_from(&self.world, owner, from, limit).await?)
    }

    /// Moves the booking `uid` of `owner` on the operator's behalf; the rules hold as for the invitee.
    pub async fn reschedule_uid(
        &self,
        owner: &str,
        uid: &str,
        start: Instant,
        channel: &str,
    ) -> Result<Booking, NotBooked> {
        reschedule::to(self, (owner, uid), start, By { actor: "operator", channel }).await
    }

    /// Cancels the booking `uid` of `owner` on the operator's behalf.
    pub async fn cancel_uid(
        &self,
        owner: &str,
        uid: &str,
        reason: Option<&str>,
        channel: &str,
    ) -> Result<Booking, NotBooked> {
        cancel::cancel(self, (owner, uid), reason, By { actor: "operator", channel }).await
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

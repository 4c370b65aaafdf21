//! Scheduling messages as values (RFC 5546, RFC 6638 §3): what we hold and a message in, what we hold then and what goes out.
//!
//! Two pure functions. [`receive`] says what a message of somebody else changes; [`changes`] says what an edit of ours
//! makes others hear. [`attendee_may`] says which edits an attendee may make at all. What must be remembered between
//! messages is a [`Ledger`] that the caller keeps beside the object.
//!
//! Order: the organizer's word about a component counts by SEQUENCE, then DTSTAMP; that about one instance goes before
//! that about the whole if it is the later one; a message about the whole is complete. An attendee's answers count by
//! SEQUENCE and DTSTAMP for each attendee and instance; an answer about one instance goes before one about the whole.
//! Messages in another order, or twice, lead to the same state, with two exceptions. ADD before its request is not kept:
//! it is answered with REFRESH. A cancellation of the whole, or of this and future ones, also ends instances of a higher
//! SEQUENCE that were described before it, as many organizers count SEQUENCE for each component; should such an organizer
//! describe the whole anew with a lower SEQUENCE than that instance had, it counts which of the two came first.
//!
//! SEQUENCE is raised for what RFC 5546 §2.1.4 names (times, recurrence, STATUS, cancellations). Where that reschedules
//! nothing (an instance was taken out, a person uninvited), answers to the revision before still count: the parameter
//! X-KALENDS-SINCE of the organizer's SEQUENCE says from which on. It is never sent.

mod allowed;
mod answers;
pub mod attachment;
mod compare;
mod compose;
mod instance;
mod ledger;
mod outbound;
mod parts;
mod property;
mod range;
mod receive;
mod send;

use std::sync::Arc;

use crate::address::Address;
use crate::component::Component;
use crate::limits::Limits;
use crate::object::{CalendarObject, Kind, revision};
use crate::text::{self, TextError, serialise};
use crate::time::Instant;

pub use allowed::{NotAllowed, attendee_may};
pub use answers::{
    differ_in_answers_alone, with_addresses, with_answers, with_answers_apart, with_schedule_status,
    with_sequences_of,
};
pub use ledger::{About, Ledger, Revision};
pub use outbound::{addition_of, message_of, reply_of};
pub use receive::{
    Change, Delivery, Held, Question, Received, Then, accept_counter, admit, apply_reply, decline_counter,
    receive,
};
pub use send::{Scheduled, changes, latest_for, octets_told};

/// The parameter of an organizer's SEQUENCE from which on answers count, where that is a lower one.
const ANSWERS_SINCE: &str = "X-KALENDS-SINCE";

/// METHOD (RFC 5546 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// A copy for whoever is interested.
    Publish,
    /// An invitation or its update.
    Request,
    /// An attendee's answer.
    Reply,
    /// Further instances.
    Add,
    /// A cancellation.
    Cancel,
    /// An attendee asks for the latest revision.
    Refresh,
    /// An attendee proposes something else.
    Counter,
    /// The organizer declines a proposal.
    DeclineCounter,
}

impl Method {
    /// All that there are.
    pub const ALL: [Self; 8] = [
        Self::Publish,
        Self::Request,
        Self::Reply,
        Self::Add,
        Self::Cancel,
        Self::Refresh,
        Self::Counter,
        Self::DeclineCounter,
    ];

    /// `REQUEST` and so on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Reply => "REPLY",
            Self::Add => "ADD",
            Self::Cancel => "CANCEL",
            Self::Refresh => "REFRESH",
            Self::Counter => "COUNTER",
            Self::DeclineCounter => "DECLINECOUNTER",
        }
    }

    /// Whether there is such a message about components of `kind` (the table of RFC 5546 §3).
    pub const fn is_for(self, kind: Kind) -> bool {
        match kind {
            Kind::Event | Kind::Todo => true,
            Kind::Journal => matches!(self, Self::Publish | Self::Add | Self::Cancel),
            Kind::FreeBusy => matches!(self, Self::Publish | Self::Request | Self::Reply),
            Kind::Availability => false,
        }
    }

    /// Whether it is the organizer who sends it; otherwise an attendee does.
    pub const fn is_of_organizer(self) -> bool {
        !matches!(self, Self::Reply | Self::Refresh | Self::Counter)
    }
}

/// A scheduling message.
#[derive(Clone, Debug)]
pub struct Message {
    /// What is asked.
    pub method: Method,
    /// The calendar object it carries, METHOD included.
    pub object: CalendarObject,
    /// ORGANIZER.
    pub organizer: Option<Address>,
    /// ATTENDEEs.
    pub attendees: Vec<Address>,
    /// SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP.
    pub stamp: Option<Instant>,
}

impl Message {
    /// Reads a message from the octets of a text/calendar part.
    ///
    /// # Errors
    /// If it is not one calendar object with a METHOD that is known here, or if its UID cannot be kept as it is.
    pub fn read(octets: Arc<[u8]>, limits: &Limits) -> Result<Self, TextError> {
        Self::of(CalendarObject::read(octets, limits)?).map_err(|reason| match reason {
            NotApplied::Unreadable(error) => error,
            NotApplied::Lacks(name) => TextError::new(1, name, reason.to_string()),
            other => TextError::new(1, "METHOD", other.to_string()),
        })
    }

    /// Reads all messages of a text/calendar part: usually one; several for a part with many VCALENDARs or UIDs.
    ///
    /// # Errors
    /// [`NotApplied::Unreadable`], [`NotApplied::NoMethod`], [`NotApplied::UnknownMethod`], [`NotApplied::Lacks`] a UID
    /// that can be kept as it is.
    pub fn read_all(octets: &Arc<[u8]>, limits: &Limits) -> Result<Vec<Self>, NotApplied> {
        let error = match CalendarObject::read(Arc::clone(octets), limits) {
            Ok(object) => return Ok(vec![Self::of(object)?]),
            Err(error) => error,
        };
        let parsed = text::parse(octets, limits).map_err(NotApplied::Unreadable)?;
        let mut messages = Vec::new();
        for calendar in parsed.calendars.iter().filter(|_| parsed.complete) {
            for single in each_uid(calendar) {
                let text = serialise(&single).into_bytes();
                let object = CalendarObject::read(Arc::from(text), limits).map_err(NotApplied::Unreadable)?;
                messages.push(Self::of(object)?);
            }
        }
        if messages.is_empty() { Err(NotApplied::Unreadable(error)) } else { Ok(messages) }
    }

    fn of(object: CalendarObject) -> Result<Self, NotApplied> {
        let property = object.calendar().property("METHOD").ok_or(NotApplied::NoMethod)?;
        let name = property.value.trim();
        let method = Method::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(name));
        let method = method.ok_or_else(|| NotApplied::UnknownMethod(name.to_owned()))?;
        if !keeps_uid(&object) {
            return Err(NotApplied::Lacks("UID"));
        }
        let mut attendees: Vec<Address> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for property in object.components().flat_map(|component| component.properties_named("ATTENDEE")) {
            let address = Address::parse(&property.value);
            if seen.insert(address.clone()) {
                attendees.push(address);
            }
        }
        let organizer = object.components().find_map(property::organizer_of);
        let first = object.master().or_else(|| object.components().next());
        let (sequence, stamp) = first.map(revision).unwrap_or_default();
        Ok(Self { method, object, organizer, attendees, sequence, stamp })
    }
}

/// Whether the UID is the same when it is written: control characters (RFC 5545 §3.1) are not.
fn keeps_uid(object: &CalendarObject) -> bool {
    let is_kept = |letter: char| letter == '\t' || !letter.is_control();
    let mut uids = object.components().filter_map(|component| component.property("UID"));
    uids.all(|uid| uid.value.chars().all(is_kept))
}

/// The calendar once for each UID and kind of component in it.
fn each_uid(calendar: &Component) -> Vec<Component> {
    let frame = Component {
        components: calendar.components_named("VTIMEZONE").cloned().collect(),
        ..calendar.clone()
    };
    let mut singles: Vec<(Option<String>, &str, Component)> = Vec::new();
    for component in calendar.components.iter().filter(|each| Kind::of_component(&each.name).is_some()) {
        let uid = component.text("UID");

        let same =
            |known: &&mut (Option<String>, &str, Component)| known.0 == uid && known.1 == component.name;
        if let Some((_, _, single)) = singles.iter_mut().find(same) {
            single.components.push(component.clone());
        } else {
            let mut single = frame.clone();
            single.components.push(component.clone());
            singles.push((uid, &component.name, single));
        }
    }
    singles.into_iter().map(|(_, _, single)| single).collect()
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// METHOD.
    pub method: Method,
    /// Who gets it, each one copy.
    pub to: Vec<Address>,
    /// The text/calendar part: CRLF, folded, with a VTIMEZONE for every TZID.
    pub octets: Arc<[u8]>,
}

/// Why a message changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplied {
    /// It is no calendar object.
    #[error("it cannot be read: {0}")]
    Unreadable(TextError),
    /// It has no METHOD.
    #[error("METHOD is missing")]
    NoMethod,
    /// Its METHOD is none of RFC 5546.
    #[error("METHOD:{0} is not known here")]
    UnknownMethod(String),
    /// There is no such message about such a component (RFC 5546 §3).
    #[error("there is no {method} of a {component}")]
    NotInTable {
        /// METHOD.
        method: &'static str,
        /// The component's name.
        component: &'static str,
    },
    /// It lacks a property without which it means nothing.
    #[error("{0} is missing or cannot be read")]
    Lacks(&'static str),
    /// It is about another UID.
    #[error("it is about another event")]
    OtherUid,
    /// The event it is about is not known.
    #[error("the event is not known")]
    NotHeld,
    /// The series has no such instance.
    #[error("the series has no such instance")]
    NoInstance,
    /// It answers a superseded revision or is older than what is held.
    #[error("it is about an older revision of the event")]
    Outdated,
    /// It is from somebody who was not invited.
    #[error("{0} was not invited")]
    NotInvited(Address),
    /// It claims an organizer who is not the event's.
    #[error("{0} is not the organizer")]
    NotTheOrganizer(Address),
    /// It came from somebody else than it claims.
    #[error("it claims to be from {claimed}, but {sender} sent it")]
    NotTheSender {
        /// Who it says it is from.
        claimed: Address,
        /// Who sent it.
        sender: Address,
    },
    /// It would tell an organizer about their own event.
    #[error("it speaks for the recipient's own event")]
    OwnEvent,
    /// A published copy does not replace an invitation.
    #[error("the event was sent as an invitation before")]
    AlreadyInvited,
    /// The delegation leads back to where it came from.
    #[error("the delegation to {0} goes round in a circle")]
    DelegationLoop(Address),
}

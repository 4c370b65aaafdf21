//! iTIP messages as values: REQUEST, CANCEL, REPLY (RFC 5546 §3.2). Pure: what we hold and a message in, what we hold then out.

use std::sync::Arc;

use crate::address::Address;
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::text::TextError;
use crate::time::Instant;

/// METHOD (RFC 5546 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// An invitation or its update.
    Request,
    /// A cancellation.
    Cancel,
    /// An attendee's answer.
    Reply,
}

impl Method {
    /// `REQUEST` and so on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
            Self::Reply => "REPLY",
        }
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
    /// If it is not one calendar object with a METHOD that is known here.
    pub fn read(octets: Arc<[u8]>, limits: &Limits) -> Result<Self, TextError> {
        let _ = (octets, limits);
        todo!()
    }
}

/// Why a message changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplied {
    /// It is about another UID.
    #[error("it is about another event")]
    OtherUid,
    /// It answers a superseded revision or is older than what is held.
    #[error("it is about an older revision of the event")]
    Outdated,
    /// It is from somebody who was not invited.
    #[error("{0} was not invited")]
    NotInvited(Address),
    /// It claims an organizer who is not the event's.
    #[error("{0} is not the organizer")]
    NotTheOrganizer(Address),
}

/// What `held` becomes when `reply` is applied: only the ATTENDEE's PARTSTAT changes, the rest stays octet for octet.
///
/// # Errors
/// [`NotApplied`] with the reason.
pub fn apply_reply(held: &CalendarObject, reply: &Message) -> Result<Arc<[u8]>, NotApplied> {
    let _ = (held, reply);
    todo!()
}

/// A message with `method` made of an event that is held, to all its attendees: the object with METHOD, DTSTAMP `now`,
/// for CANCEL with STATUS:CANCELLED and SEQUENCE + 1; without VALARM.
pub fn message_of(held: &CalendarObject, method: Method, now: Instant) -> String {
    let _ = (held, method, now);
    todo!()
}

/// A REPLY in which `attendee` answers `partstat` to the request that `held` came by.
pub fn reply_of(held: &CalendarObject, attendee: &Address, partstat: &str, now: Instant) -> Option<String> {
    let _ = (held, attendee, partstat, now);
    todo!()
}

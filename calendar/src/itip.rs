//! iTIP messages as values: REQUEST, CANCEL, REPLY (RFC 5546 §3.2). Pure: what we hold and a message in, what we hold then out.

mod inbound;
mod outbound;

use std::sync::Arc;

use crate::address::Address;
use crate::limits::Limits;
use crate::object::{CalendarObject, revision};
use crate::text::TextError;
use crate::time::Instant;

pub use inbound::apply_reply;
pub use outbound::{message_of, reply_of};

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
    /// All that are known here.
    pub const ALL: [Self; 3] = [Self::Request, Self::Cancel, Self::Reply];

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
        let object = CalendarObject::read(octets, limits)?;
        let Some(property) = object.calendar().property("METHOD") else {
            return Err(TextError::new(1, "METHOD", "METHOD is missing"));
        };
        let name = property.value.trim();
        let method = Method::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(name));
        let Some(method) = method else {
            return Err(TextError::new(property.line, "METHOD", format!("METHOD:{name} is not known here")));
        };
        let mut attendees: Vec<Address> = Vec::new();
        for property in object.components().flat_map(|component| component.properties_named("ATTENDEE")) {
            let address = Address::parse(&property.value);
            if !attendees.contains(&address) {
                attendees.push(address);
            }
        }
        let organizer = object.components().find_map(|component| component.property("ORGANIZER"));
        let organizer = organizer.map(|property| Address::parse(&property.value));
        let first = object.master().or_else(|| object.components().next());
        let (sequence, stamp) = first.map(revision).unwrap_or_default();
        Ok(Self { method, object, organizer, attendees, sequence, stamp })
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

/// `accepted` as `ACCEPTED`, with nothing in it that a parameter value cannot hold.
fn partstat_token(partstat: &str) -> String {
    let token: String =
        partstat.chars().filter(|each| each.is_ascii_alphanumeric() || *each == '-').collect();
    if token.is_empty() { "NEEDS-ACTION".to_owned() } else { token.to_ascii_uppercase() }
}

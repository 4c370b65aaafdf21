//! Building what we emit: strict text from values, over the `icalendar` crate where it fits (RFC 5545 §3.6.1).

use crate::address::Address;
use crate::time::Instant;
use crate::zone::Zone;

/// PRODID of everything that is written here.
pub const PRODID: &str = "-//Kalends//Kalends 0.1//EN";

/// A person in an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Calendar user address.
    pub address: Address,
    /// CN.
    pub name: Option<String>,
    /// PARTSTAT value (`NEEDS-ACTION`, `ACCEPTED` …).
    pub partstat: &'static str,
    /// RSVP=TRUE.
    pub rsvp: bool,
}

/// An event to write.
#[derive(Clone, Debug)]
pub struct EventDraft {
    /// UID, stable for the event's life.
    pub uid: String,
    /// SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP (UTC).
    pub stamp: Instant,
    /// DTSTART.
    pub start: Instant,
    /// DTEND.
    pub end: Instant,
    /// The zone whose clock DTSTART and DTEND are written on, with its VTIMEZONE; UTC: written in Z form.
    pub zone: Zone,
    /// SUMMARY.
    pub summary: String,
    /// DESCRIPTION.
    pub description: Option<String>,
    /// LOCATION.
    pub location: Option<String>,
    /// URL.
    pub url: Option<String>,
    /// STATUS value (`CONFIRMED`, `TENTATIVE`, `CANCELLED`).
    pub status: &'static str,
    /// ORGANIZER.
    pub organizer: Option<Participant>,
    /// ATTENDEEs.
    pub attendees: Vec<Participant>,
    /// COMMENT (the reason of a cancellation).
    pub comment: Option<String>,
    /// Further properties, name and raw value.
    pub extra: Vec<(String, String)>,
}

/// A VCALENDAR with one VEVENT; `method` as METHOD if given. CRLF, folded, VTIMEZONE where a zone is used.
pub fn event(draft: &EventDraft, method: Option<&str>) -> String {
    let _ = (draft, method);
    todo!()
}

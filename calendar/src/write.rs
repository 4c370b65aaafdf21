//! Building what we emit: strict text from values (RFC 5545 §3.6.1).
//!
//! Written by [`serialise`], not by the `icalendar` crate, which quotes parameters without RFC 6868, sorts properties
//! and puts in UIDs; that crate reads what is written here in the tests.

use crate::address::Address;
use crate::component::{Component, Parameter, Property};
use crate::text::{content_line, escape, fold, serialise};
use crate::time::{DateOrTime, Instant};
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
///
/// A reading that its zone's clocks show twice would be taken for the first: such an event is written in UTC.
pub fn event(draft: &EventDraft, method: Option<&str>) -> String {
    let mut text = fold("BEGIN:VCALENDAR");
    text.push_str(&fold("VERSION:2.0"));
    text.push_str(&fold(&format!("PRODID:{PRODID}")));
    text.push_str(&fold("CALSCALE:GREGORIAN"));
    if let Some(method) = method {
        text.push_str(&content_line(&property("METHOD", method.trim())));
    }
    let says_so = |instant: Instant| draft.zone.instant_of(draft.zone.local_of(instant)) == instant;
    let local = !draft.zone.is_utc() && says_so(draft.start) && says_so(draft.end);
    if local {
        text.push_str(&draft.zone.to_vtimezone(draft.start, draft.end));
    }
    let properties = properties(draft, local);
    text.push_str(&serialise(&Component { name: "VEVENT".to_owned(), properties, ..Component::default() }));
    text.push_str(&fold("END:VCALENDAR"));
    text
}

fn properties(draft: &EventDraft, local: bool) -> Vec<Property> {
    let time = |name: &str, instant: Instant| {
        if !local {
            return property(name, &instant.to_ical());
        }
        let reading = DateOrTime::Floating(draft.zone.local_of(instant));
        let tzid = Parameter { name: "TZID".to_owned(), values: vec![draft.zone.name().to_owned()] };
        Property { parameters: vec![tzid], ..property(name, &reading.to_ical()) }
    };
    let mut properties = vec![
        property("UID", &escape(&draft.uid)),
        property("DTSTAMP", &draft.stamp.to_ical()),
        property("SEQUENCE", &draft.sequence.to_string()),
        time("DTSTART", draft.start),
        time("DTEND", draft.end),
        property("SUMMARY", &escape(&draft.summary)),
    ];
    if !draft.status.is_empty() {
        properties.push(property("STATUS", draft.status));
    }
    let texts =
        [("DESCRIPTION", &draft.description), ("LOCATION", &draft.location), ("COMMENT", &draft.comment)];
    properties
        .extend(texts.into_iter().filter_map(|(name, text)| Some(property(name, &escape(text.as_ref()?)))));
    properties.extend(draft.url.iter().map(|url| property("URL", &without_controls(url))));
    properties.extend(draft.organizer.iter().map(organizer));
    properties.extend(draft.attendees.iter().map(attendee));
    properties.extend(draft.extra.iter().map(|(name, value)| property(name, value)));
    properties
}

fn property(name: &str, value: &str) -> Property {
    Property { name: name.to_owned(), value: value.to_owned(), ..Property::default() }
}

fn parameter(name: &str, value: &str) -> Parameter {
    Parameter { name: name.to_owned(), values: vec![value.to_owned()] }
}

fn common_name(person: &Participant) -> Option<Parameter> {
    // In a name a line end is a space, not a caret-n that few readers know.
    let name = person.name.as_ref()?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then(|| parameter("CN", &name))
}

fn organizer(person: &Participant) -> Property {
    let parameters = common_name(person).into_iter().collect();
    Property { parameters, ..property("ORGANIZER", &without_controls(person.address.as_str())) }
}

fn attendee(person: &Participant) -> Property {
    let mut parameters: Vec<Parameter> = common_name(person).into_iter().collect();
    parameters.push(parameter("ROLE", "REQ-PARTICIPANT"));
    parameters.push(parameter("PARTSTAT", person.partstat));
    if person.rsvp {
        parameters.push(parameter("RSVP", "TRUE"));
    }
    Property { parameters, ..property("ATTENDEE", &without_controls(person.address.as_str())) }
}

/// A URI holds no control characters and no spaces at its ends.
fn without_controls(uri: &str) -> String {
    uri.trim().chars().filter(|character| !character.is_control()).collect()
}

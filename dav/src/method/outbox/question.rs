//! A VFREEBUSY request as a value: read, and held against who asks (RFC 5546 §3.3.2, RFC 6638 §5).

use std::collections::HashSet;

use calendar::address::Address;
use calendar::collection::PrincipalId;
use calendar::component::{Component, Property};
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::refusal::Refusal;
use calendar::text;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::backend::Principal;
use crate::condition::{
    Failure, MAX_ATTENDEES_PER_INSTANCE, ORIGINATOR_ALLOWED, ORIGINATOR_SPECIFIED, RECIPIENT_SPECIFIED,
    VALID_CALENDAR_DATA, VALID_ORGANIZER, VALID_SCHEDULING_MESSAGE,
};
use crate::exchange::Exchange;
use crate::path::Resource;
use crate::report::free_busy_query::check_width;

/// The property by which clients say which event they are about to move.
const MASK_UID: &str = "X-CALENDARSERVER-MASK-UID";

/// Somebody who is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attendee {
    /// The address as it was written, which is how the client knows its answer.
    pub written: String,
    /// The address as it is compared.
    pub address: Address,
}

/// What a VFREEBUSY request asks.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// In whose name.
    pub asker: PrincipalId,
    /// Its UID, which the answers have too.
    pub uid: String,
    /// ORGANIZER as it was written.
    pub organizer: String,
    /// About whom, each once.
    pub attendees: Vec<Attendee>,
    /// From when to when.
    pub window: Span,
    /// UIDs of events that are about to be moved.
    pub except_uids: Vec<String>,
    /// When it was asked.
    pub now: Instant,
}

impl Question {
    /// Reads the body of a POST to the outbox of `owner`.
    ///
    /// # Errors
    /// CALDAV:valid-calendar-data, CALDAV:valid-scheduling-message, CALDAV:valid-organizer, CALDAV:max-resource-size,
    /// CALDAV:max-attendees-per-instance; CALDAV:originator-specified, CALDAV:originator-allowed and
    /// CALDAV:recipient-specified for headers that make no sense.
    pub(super) fn read(exchange: &Exchange, owner: &Principal) -> Result<Self, Failure> {
        check_headers(&exchange.headers, owner)?;
        let object = object(exchange)?;
        let component = free_busy(&object)?;
        let organizer = component.property("ORGANIZER").map(written).unwrap_or_default();
        if organizer.is_empty() {
            return Err(no_message("ORGANIZER is missing"));
        }
        if !is_of(&Address::parse(&organizer), owner) {
            return Err(Failure::of(VALID_ORGANIZER, "the organizer is not the owner of the outbox"));
        }
        let attendees = attendees(component);
        if attendees.is_empty() {
            return Err(no_message("ATTENDEE is missing: nobody is asked about"));
        }
        let window = window(&object, component)?;
        check_width(window)?;
        let masked = component.properties_named(MASK_UID).chain(object.calendar().properties_named(MASK_UID));
        let masked = masked.map(|property| property.text().trim().to_owned());
        // A client that asks with the UID of the event itself means that too.
        let uids = masked.chain([object.uid().to_owned()]).filter(|uid| !uid.is_empty());
        Ok(Self {
            asker: owner.id.clone(),
            uid: object.uid().to_owned(),
            organizer,
            attendees,
            window,
            except_uids: uids.take(EXCEPT_UIDS_MAX).collect(),
            now: exchange.backend.now(),
        })
    }
}

/// UIDs of events to be moved that are looked at; there is one as a rule.
const EXCEPT_UIDS_MAX: usize = 4;

/// Whether an address is that of a principal: one of their addresses, where the principal is, or `mailto:` before the
/// name by which they sign in, as Evolution writes it for accounts without a mail address.
fn is_of(address: &Address, principal: &Principal) -> bool {
    let signs_in = || address.mail().is_some_and(|mail| mail.eq_ignore_ascii_case(principal.id.as_str()));
    let at = || Resource::of_href(address.as_str(), &Resource::Root);
    principal.addresses.contains(address)
        || signs_in()
        || at() == Some(Resource::Principal(principal.id.clone()))
}

fn no_message(reason: impl Into<String>) -> Failure {
    Failure::of(VALID_SCHEDULING_MESSAGE, reason)
}

fn object(exchange: &Exchange) -> Result<CalendarObject, Failure> {
    let bounds = exchange.setting.limits;
    if exchange.body.len() > bounds.object_octets_max {
        return Err(Refusal::TooLarge { limit: bounds.object_octets_max }.into());
    }
    let limits = Limits { attendees_max: bounds.attendees_max, ..Limits::default() };
    CalendarObject::read(exchange.body.as_ref().into(), &limits).map_err(|error| {
        if error.property == "ATTENDEE" {
            return Failure::of(MAX_ATTENDEES_PER_INSTANCE, error.to_string());
        }
        match text::parse(&exchange.body, &limits) {
            Ok(parsed) if parsed.complete && !parsed.calendars.is_empty() => no_message(error.to_string()),
            _ => Failure::of(VALID_CALENDAR_DATA, error.to_string()),
        }
    })
}

/// The one VFREEBUSY of a request.
fn free_busy(object: &CalendarObject) -> Result<&Component, Failure> {
    let method = object.calendar().property("METHOD").map(|method| method.value.trim()).unwrap_or_default();
    if !method.eq_ignore_ascii_case("REQUEST") {
        return Err(no_message("METHOD is not REQUEST"));
    }
    if object.kind() != Kind::FreeBusy {
        return Err(no_message("only busy time is asked for here; events are put into a calendar"));
    }
    let mut components = object.components();
    match (components.next(), components.next()) {
        (Some(component), None) if component.property("UID").is_some() => Ok(component),
        (Some(_), None) => Err(no_message("UID is missing")),
        _ => Err(no_message("there is more than one VFREEBUSY")),
    }
}

/// DTSTART and DTEND; of what names no zone that is known here, UTC is meant (RFC 5546 §3.3.2).
fn window(object: &CalendarObject, component: &Component) -> Result<Span, Failure> {
    let at = |name: &'static str| {
        let value = component.property(name).and_then(|property| object.date_or_time(property));
        value
            .map(|value| value.to_instant(Zone::utc()))
            .ok_or_else(|| no_message(format!("{name} is missing or cannot be read")))
    };
    let (start, end) = (at("DTSTART")?, at("DTEND")?);
    if start < end { Ok(Span::new(start, end)) } else { Err(no_message("DTEND is not after DTSTART")) }
}

fn attendees(component: &Component) -> Vec<Attendee> {
    let mut seen = HashSet::new();
    let attendees = component.properties_named("ATTENDEE").map(|property| {
        let written = written(property);
        Attendee { address: Address::parse(&written), written }
    });
    attendees
        .filter(|attendee| !attendee.written.is_empty() && seen.insert(attendee.address.clone()))
        .collect()
}

/// An address without what would end the line.
fn written(property: &Property) -> String {
    property.value.replace(char::is_control, "").trim().to_owned()
}

/// `Originator` and `Recipient`, where they are sent: an address of the outbox's owner, and anybody at all.
fn check_headers(headers: &HeaderMap, owner: &Principal) -> Result<(), Failure> {
    let values = |name: &'static str| {
        let all = headers.get_all(name).iter();
        all.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).collect::<Vec<_>>()
    };
    for originator in values("originator") {
        if originator.is_empty() {
            return Err(Failure::of(ORIGINATOR_SPECIFIED, "the originator is empty"));
        }
        let decoded = percent_decode_str(&originator).decode_utf8_lossy();
        if !is_of(&Address::parse(&originator), owner) && !is_of(&Address::parse(&decoded), owner) {
            return Err(Failure::of(ORIGINATOR_ALLOWED, "the originator is not the owner of the outbox"));
        }
    }
    let recipients = values("recipient");
    if !recipients.is_empty() && recipients.iter().all(String::is_empty) {
        return Err(Failure::of(RECIPIENT_SPECIFIED, "the recipients are empty"));
    }
    Ok(())
}

//! Messages of what we hold: to the attendees as organizer, to the organizer as attendee (RFC 5546 §3.2).

use super::Method;
use crate::address::Address;
use crate::component::{Component, Parameter, Property};
use crate::object::{CalendarObject, Definitions, revision};
use crate::text::serialise;
use crate::time::Instant;
use crate::write::PRODID;

/// Parameters that are between a client and its server (RFC 6638 §7).
const OWN_PARAMETERS: [&str; 3] = ["SCHEDULE-AGENT", "SCHEDULE-FORCE-SEND", "SCHEDULE-STATUS"];

/// Properties by which we remember things for ourselves.
const OWN_PROPERTIES: &str = "X-KALENDS-";

/// A message with `method` made of an event that is held, to all its attendees: the object with METHOD, DTSTAMP `now`,
/// for CANCEL with STATUS:CANCELLED and SEQUENCE + 1; without VALARM and without what is of no concern to others.
pub fn message_of(held: &CalendarObject, method: Method, now: Instant) -> String {
    let mut calendar = held.calendar().clone();
    set(&mut calendar, "METHOD", method.name());
    set(&mut calendar, "VERSION", "2.0");
    if calendar.property("PRODID").is_none() {
        set(&mut calendar, "PRODID", PRODID);
    }
    let name = held.kind().component_name();
    for component in calendar.components.iter_mut().filter(|component| component.name == name) {
        set(component, "DTSTAMP", &now.to_ical());
        if method == Method::Cancel {
            let (sequence, _) = revision(component);
            set(component, "SEQUENCE", &sequence.saturating_add(1).to_string());
            set(component, "STATUS", "CANCELLED");
        }
        component.components.retain(|inner| inner.name != "VALARM");
        component.properties.retain(|property| !property.name.starts_with(OWN_PROPERTIES));
        for property in &mut component.properties {
            property.parameters.retain(|parameter| !OWN_PARAMETERS.contains(&parameter.name.as_str()));
        }
    }
    serialise(&calendar)
}

/// A REPLY in which `attendee` answers `partstat` to the request that `held` came by: for the series and for each
/// override to which they are invited. `None` if they are not invited, or if there is no ORGANIZER to tell.
pub fn reply_of(held: &CalendarObject, attendee: &Address, partstat: &str, now: Instant) -> Option<String> {
    let answers: Vec<Component> =
        held.components().filter_map(|component| answer(component, attendee, partstat, now)).collect();
    if answers.is_empty() {
        return None;
    }
    let mut calendar = Component { name: "VCALENDAR".to_owned(), ..Component::default() };
    set(&mut calendar, "VERSION", "2.0");
    set(&mut calendar, "PRODID", PRODID);
    set(&mut calendar, "METHOD", Method::Reply.name());
    let definitions = Definitions::of(held.calendar());
    let mut zones: Vec<&Component> = Vec::new();
    for tzid in
        answers.iter().flat_map(|answer| &answer.properties).filter_map(|property| property.parameter("TZID"))
    {
        let found = definitions.find(tzid);
        zones.extend(found.filter(|zone| !zones.iter().any(|other| std::ptr::eq(*other, *zone))));
    }
    calendar.components.extend(zones.into_iter().cloned());
    calendar.components.extend(answers);
    Some(serialise(&calendar))
}

/// What a reply repeats, so that its reader finds the event and people recognise it.
const REPEATED: [&str; 9] =
    ["UID", "RECURRENCE-ID", "SEQUENCE", "DTSTART", "DTEND", "DUE", "DURATION", "SUMMARY", "ORGANIZER"];

fn answer(component: &Component, attendee: &Address, partstat: &str, now: Instant) -> Option<Component> {
    component.property("ORGANIZER")?;
    let invited =
        component.properties_named("ATTENDEE").find(|each| Address::parse(&each.value) == *attendee)?;
    let mut answer = Component { name: component.name.clone(), ..Component::default() };
    let repeated = component.properties.iter().filter(|property| REPEATED.contains(&property.name.as_str()));
    answer.properties.extend(repeated.cloned());
    for property in &mut answer.properties {
        property.parameters.retain(|parameter| !OWN_PARAMETERS.contains(&parameter.name.as_str()));
    }
    set(&mut answer, "DTSTAMP", &now.to_ical());
    let mut parameters: Vec<Parameter> =
        invited.parameters.iter().filter(|parameter| parameter.name == "CN").cloned().collect();
    parameters.push(Parameter { name: "PARTSTAT".to_owned(), values: vec![super::partstat_token(partstat)] });
    answer.properties.push(Property { parameters, ..new("ATTENDEE", invited.value.trim()) });
    answer.properties.push(new("REQUEST-STATUS", "2.0;Success"));
    Some(answer)
}

/// Puts `value` in place of the first property `name`, or at the end; others of that name go.
pub(super) fn set(component: &mut Component, name: &str, value: &str) {
    let mut first = true;
    component.properties.retain(|property| property.name != name || std::mem::take(&mut first));
    match component.properties.iter_mut().find(|property| property.name == name) {
        Some(property) => *property = new(name, value),
        None => component.properties.push(new(name, value)),
    }
}

fn new(name: &str, value: &str) -> Property {
    Property { name: name.to_owned(), value: value.to_owned(), ..Property::default() }
}

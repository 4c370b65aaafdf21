//! Messages of what we hold as a whole: to the attendees as organizer, to the organizer as attendee (RFC 5546 §3.2).

use super::parts::Parts;
use super::property::{
    address_of, attendee_among, new, organizer_of, parameter, partstat_token, server_schedules, set,
    with_parameters,
};
use super::{Method, Outgoing, compose};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, revision};
use crate::text::serialise;
use crate::time::Instant;

/// A message with `method` made of an event that is held, to all its attendees: the object with METHOD, DTSTAMP `now`,
/// for CANCEL with STATUS:CANCELLED and SEQUENCE + 1; without VALARM and without what is of no concern to others.
pub fn message_of(held: &CalendarObject, method: Method, now: Instant) -> String {
    let components = held.components().map(|component| {
        let mut component = compose::outward(component, now);
        if method == Method::Cancel {
            let (sequence, _) = revision(&component);
            set(&mut component, "SEQUENCE", &sequence.saturating_add(1).to_string());
            set(&mut component, "STATUS", "CANCELLED");
        }
        component
    });
    serialise(&compose::calendar(held, Some(method), components.collect()))
}

/// A REPLY in which `attendee` answers `partstat` to the request that `held` came by: for the series and for each
/// override to which they are invited. `None` if they are not invited, or if there is no ORGANIZER to tell.
pub fn reply_of(held: &CalendarObject, attendee: &Address, partstat: &str, now: Instant) -> Option<String> {
    let people = std::slice::from_ref(attendee);
    let answers: Vec<Component> = held
        .components()
        .filter_map(|component| {
            let invited = attendee_among(component, people)?;
            answer(component, vec![answering(invited, partstat)], now)
        })
        .collect();
    if answers.is_empty() {
        return None;
    }
    Some(serialise(&compose::calendar(held, Some(Method::Reply), answers)))
}

/// An ADD that tells of the instance of `held` that begins at `at`, which the organizer has put into the series (RFC
/// 5546 §3.2.4), to everybody the server tells. `None` where there is no such instance.
///
/// [`super::changes`] sends a REQUEST instead: few calendars take an ADD. This is for who wants it.
pub fn addition_of(held: &CalendarObject, at: Instant, now: Instant) -> Option<Outgoing> {
    let parts = Parts::of(Some(held));
    let mut component = compose::outward(&parts.described(Some(at), &Limits::default())?, now);
    component.properties.retain(|property| property.name != "RECURRENCE-ID");
    let highest = held.components().map(|component| revision(component).0).max().unwrap_or_default();
    set(&mut component, "SEQUENCE", &highest.to_string());
    let organizer = organizer_of(&component);
    let people = component.properties_named("ATTENDEE").filter(|each| server_schedules(each)).map(address_of);
    let mut to: Vec<Address> = Vec::new();
    for who in people.filter(|who| organizer.as_ref() != Some(who)) {
        if !to.contains(&who) {
            to.push(who);
        }
    }
    Some(compose::message(held, Method::Add, to, vec![component]))
}

/// What a reply repeats, so that its reader finds the event and people recognise it; of a task, how far it is (RFC 5546
/// §3.4.3).
const REPEATED: [&str; 11] = [
    "UID",
    "RECURRENCE-ID",
    "SEQUENCE",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "SUMMARY",
    "PERCENT-COMPLETE",
    "COMPLETED",
    "ORGANIZER",
];

/// The ATTENDEE line of a reply: who, and what they answer.
pub(super) fn answering(invited: &Property, partstat: &str) -> Property {
    let kept = ["CN", "DELEGATED-FROM", "SENT-BY"];
    let parameters = invited.parameters.iter().filter(|each| kept.contains(&each.name.as_str())).cloned();
    let answer = with_parameters(new("ATTENDEE", invited.value.trim()), parameters);
    with_parameters(answer, [parameter("PARTSTAT", &partstat_token(partstat))])
}

/// A component of a reply about `component`; `None` if there is no ORGANIZER to tell.
pub(super) fn answer(component: &Component, attendees: Vec<Property>, now: Instant) -> Option<Component> {
    component.property("ORGANIZER")?;
    let mut answer = Component { name: component.name.clone(), ..Component::default() };
    let is_task = component.name == "VTODO";
    let repeated = component.properties.iter().filter(|property| {
        REPEATED.contains(&property.name.as_str()) || (is_task && property.name == "STATUS")
    });
    answer.properties.extend(repeated.cloned());
    answer.properties.iter_mut().for_each(compose::without_own_parameters);
    set(&mut answer, "DTSTAMP", &now.to_ical());
    answer.properties.extend(attendees);
    answer.properties.push(new("REQUEST-STATUS", "2.0;Success"));
    Some(answer)
}

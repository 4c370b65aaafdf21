//! What a received REPLY changes in what we hold (RFC 5546 §2.1.5, §3.2.3).

use std::sync::Arc;

use super::outbound::set;
use super::{Message, Method, NotApplied, partstat_token};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, Edit, edited, revision};
use crate::recur;
use crate::text::{ContentLine, fold, serialise, unfold};
use crate::time::{DateOrTime, Instant, Span};
use crate::zone::Zone;

/// What `held` becomes when `reply` is applied: only the ATTENDEE's PARTSTAT changes, the rest stays octet for octet.
///
/// An answer about one instance of a series becomes an override of that instance, if there is such an instance. A reply
/// is outdated by a lower SEQUENCE, or, with the same, by a DTSTAMP before that of what is held; an equal one is not
/// (some products copy both from the request). Which of two replies of one attendee is the later one is the caller's to
/// know: what is held does not say when it was answered.
///
/// # Errors
/// [`NotApplied`] with the reason.
pub fn apply_reply(held: &CalendarObject, reply: &Message) -> Result<Arc<[u8]>, NotApplied> {
    if reply.object.uid() != held.uid() {
        return Err(NotApplied::OtherUid);
    }
    check_organizer(held, reply)?;
    let mut edits = Vec::new();
    let mut refused = None;
    for answer in reply.object.components() {
        match edits_of(held, &reply.object, answer) {
            Ok(of_answer) => edits.extend(of_answer),
            Err(reason) => refused = refused.or(Some(reason)),
        }
    }
    match refused {
        // What could be applied of a reply about several instances is.
        Some(reason) if edits.is_empty() => Err(reason),
        _ => Ok(if edits.is_empty() { Arc::clone(held.octets()) } else { edited(held.source(), edits) }),
    }
}

/// A reply names the event's own organizer; only an organizer sends anything else.
fn check_organizer(held: &CalendarObject, reply: &Message) -> Result<(), NotApplied> {
    let own = held.components().find_map(|component| component.property("ORGANIZER"));
    let own = own.map(|organizer| Address::parse(&organizer.value));
    match (&reply.organizer, own) {
        (Some(claimed), Some(own)) if *claimed != own => Err(NotApplied::NotTheOrganizer(claimed.clone())),
        (claimed, _) if reply.method != Method::Reply => {
            Err(NotApplied::NotTheOrganizer(claimed.clone().unwrap_or_else(|| Address::parse(""))))
        }
        _ => Ok(()),
    }
}

fn edits_of(
    held: &CalendarObject,
    reply: &CalendarObject,
    answer: &Component,
) -> Result<Vec<Edit>, NotApplied> {
    let answers: Vec<(Address, String)> =
        answer.properties_named("ATTENDEE").map(address_and_partstat).collect();
    let nobody =
        || NotApplied::NotInvited(answers.first().map_or_else(|| Address::parse(""), |(who, _)| who.clone()));
    let target = target(held, reply, answer).ok_or(NotApplied::Outdated)?;
    let described = match &target {
        Target::Held(component) | Target::Instance(component, _) => *component,
    };
    if is_outdated(described, answer) {
        return Err(NotApplied::Outdated);
    }
    let invited: Vec<(&Property, &str)> = described
        .properties_named("ATTENDEE")
        .filter_map(|property| {
            let address = Address::parse(&property.value);
            let (_, partstat) = answers.iter().find(|(who, _)| *who == address)?;
            Some((property, partstat.as_str()))
        })
        .collect();
    if invited.is_empty() {
        return Err(nobody());
    }
    match target {
        Target::Held(_) => Ok(invited
            .iter()
            .filter_map(|(property, partstat)| line_edit(held, property, partstat))
            .collect()),
        Target::Instance(master, instance) => {
            let text = new_override(held, master, &instance, &invited);
            let end = held.components().map(|component| component.octets.end).max().unwrap_or_default();
            Ok(vec![Edit { octets: end..end, text }])
        }
    }
}

fn is_outdated(held: &Component, answer: &Component) -> bool {
    let (held_sequence, held_stamp) = revision(held);
    let (sequence, stamp) = revision(answer);
    sequence < held_sequence
        || (sequence == held_sequence
            && matches!((stamp, held_stamp), (Some(stamp), Some(held)) if stamp < held))
}

fn address_and_partstat(property: &Property) -> (Address, String) {
    (
        Address::parse(&property.value),
        partstat_token(property.parameter("PARTSTAT").unwrap_or("NEEDS-ACTION")),
    )
}

/// What an answer is about.
enum Target<'a> {
    /// A component that is held.
    Held(&'a Component),
    /// An instance that only the rule of this master makes.
    Instance(&'a Component, recur::Instance),
}

fn target<'a>(held: &'a CalendarObject, reply: &CalendarObject, answer: &Component) -> Option<Target<'a>> {
    let instant = |object: &CalendarObject, property: &Property| {
        object.date_or_time(property).map(|value| value.to_instant(Zone::utc()))
    };
    let Some(id) = answer.property("RECURRENCE-ID") else {
        return held.master().or_else(|| held.components().next()).map(Target::Held);
    };
    let id = instant(reply, id)?;
    let own = |component: &&Component| {
        component.property("RECURRENCE-ID").and_then(|property| instant(held, property)) == Some(id)
    };
    if let Some(component) = held.overrides().find(own) {
        return Some(Target::Held(component));
    }
    let master = held.master()?;
    let window = Span::new(id, id.plus(1));
    let instances = recur::instances(held, Zone::utc(), window, &Limits::default()).ok()?;
    let instance = instances.into_iter().find(|instance| instance.recurrence_id == Some(id))?;
    Some(Target::Instance(master, instance))
}

/// The line of `property` with another PARTSTAT; `None` if it has that one.
fn line_edit(held: &CalendarObject, property: &Property, partstat: &str) -> Option<Edit> {
    if property.parameter("PARTSTAT").is_some_and(|held| held.eq_ignore_ascii_case(partstat)) {
        return None;
    }
    let raw = std::str::from_utf8(held.source().get(property.octets.clone())?).ok()?;
    let line = unfold(raw);
    let parts = ContentLine::split(&line)?;
    let changed = match parts.parameter_value(&line, "PARTSTAT") {
        Some(value) => format!("{}{partstat}{}", &line[..value.start], &line[value.end..]),
        None => format!("{};PARTSTAT={partstat}{}", &line[..parts.name.end], &line[parts.name.end..]),
    };
    Some(Edit { octets: property.octets.clone(), text: fold(&changed) })
}

/// The master's description of `instance` alone, with the answers of `invited`.
fn new_override(
    held: &CalendarObject,
    master: &Component,
    instance: &recur::Instance,
    invited: &[(&Property, &str)],
) -> String {
    let mut component = master.clone();
    let rules = ["RRULE", "RDATE", "EXDATE", "EXRULE"];
    component.properties.retain(|property| !rules.contains(&property.name.as_str()));
    let start = component.property("DTSTART").cloned().unwrap_or_default();
    let moved = |property: &Property, value: &DateOrTime, instant: Instant| {
        let local = value.zone(Zone::utc()).local_of(instant);
        Property { value: value.with_local(local).to_ical(), ..property.clone() }
    };
    for property in &mut component.properties {
        let instant = match property.name.as_str() {
            "DTSTART" => instance.span.start,
            "DTEND" => instance.span.end,
            _ => continue,
        };
        if let Some(value) = held.date_or_time(property) {
            *property = moved(property, &value, instant);
        }
    }
    let at = component.properties.iter().position(|property| property.name == "DTSTART").unwrap_or_default();
    let id = instance.recurrence_id.unwrap_or(instance.span.start);
    let value = held.date_or_time(&start).map(|value| moved(&start, &value, id).value).unwrap_or_default();
    let mut recurrence_id = Property { name: "RECURRENCE-ID".to_owned(), value, ..start };
    recurrence_id.parameters.retain(|parameter| matches!(parameter.name.as_str(), "TZID" | "VALUE"));
    component.properties.insert(at, recurrence_id);
    for property in component.properties.iter_mut().filter(|property| property.name == "ATTENDEE") {
        let answer = invited.iter().find(|(invited, _)| invited.octets == property.octets);
        if let Some((_, partstat)) = answer {
            property.parameters.retain(|parameter| parameter.name != "PARTSTAT");
            let values = vec![(*partstat).to_owned()];
            property.parameters.push(crate::component::Parameter { name: "PARTSTAT".to_owned(), values });
        }
    }
    if component.property("SEQUENCE").is_none() {
        set(&mut component, "SEQUENCE", "0");
    }
    serialise(&component)
}

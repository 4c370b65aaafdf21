//! COUNTER and DECLINECOUNTER: an attendee proposes, a person decides, the organizer answers (RFC 5546 §3.2.7, §3.2.8).

use std::sync::Arc;

use super::super::compose;
use super::super::ledger::{About, Revision};
use super::super::parts::{Parts, detached};
use super::super::property::{answers_since, attendee_among, new, organizer_of, set};
use super::super::send::changes;
use super::super::{Message, Method, NotApplied, Outgoing};
use super::{Case, Change, Delivery, Held, Question, Received, Then};
use crate::address::Address;
use crate::component::Component;
use crate::object::{CalendarObject, revision};

/// A proposal is a question, if it is from who is invited and about what is held now.
pub(super) fn counter(case: &Case<'_>) -> Result<Received, NotApplied> {
    let held = case.held.object.ok_or(NotApplied::NotHeld)?;
    let from = proposer(case.message, case.delivery).ok_or(NotApplied::Lacks("ATTENDEE"))?;
    let parts = Parts::of(Some(held));
    let mut about = Vec::new();
    for component in case.message.object.components() {
        let at = parts.name_of(&case.message.object, component)?;
        let described = parts.find(at).or_else(|| parts.master()).ok_or(NotApplied::NoInstance)?;
        if attendee_among(&described.component, std::slice::from_ref(&from)).is_none() {
            return Err(NotApplied::NotInvited(from));
        }
        if revision(component).0 < answers_since(&described.component) {
            return Err(NotApplied::Outdated);
        }
        about.push(at.map_or(About::Whole, About::Instance));
    }
    let question = Question::Counter { from, about, comment: case.comment() };
    Ok(Received { ask: vec![question], ..case.unchanged() })
}

/// Whose message it is: the sender where it is known, for it may list everybody.
pub(super) fn proposer(message: &Message, delivery: &Delivery<'_>) -> Option<Address> {
    let sender = delivery.sender.filter(|sender| message.attendees.contains(sender));
    sender.or(message.attendees.first()).cloned()
}

/// The organizer keeps to what is: so does the attendee's copy.
pub(super) fn declined(case: &Case<'_>) -> Result<Received, NotApplied> {
    case.held.object.ok_or(NotApplied::NotHeld)?;
    Ok(Received { changed: vec![Change::CounterDeclined { comment: case.comment() }], ..case.unchanged() })
}

/// What a proposal may change.
const PROPOSED: [&str; 11] = [
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "LOCATION",
    "SUMMARY",
    "DESCRIPTION",
    "GEO",
];
/// Of these the proposal has all or none: its own replace those that are held.
const TIMES: [&str; 4] = ["DTSTART", "DTEND", "DUE", "DURATION"];

/// Takes a proposal: times, recurrence, place and texts become the proposed ones, answers are reset, everybody hears.
///
/// # Errors
/// As for the proposal itself, if the event has changed since.
pub fn accept_counter(
    held: Held<'_>,
    proposal: &Message,
    delivery: &Delivery<'_>,
) -> Result<Received, NotApplied> {
    super::receive(held, proposal, delivery)?;
    let object = held.object.ok_or(NotApplied::NotHeld)?;
    if proposal.method != Method::Counter {
        let (method, component) = (proposal.method.name(), proposal.object.kind().component_name());
        return Err(NotApplied::NotInTable { method, component });
    }
    let mut parts = Parts::of(Some(object));
    let mut changed = Vec::new();
    for component in proposal.object.components() {
        let at = parts.name_of(&proposal.object, component)?;
        let before = parts.described(at, delivery.limits).ok_or(NotApplied::NoInstance)?;
        parts.put(at, proposed(&before, component), &proposal.object);
        let about = at.map_or(About::Whole, About::Instance);
        changed.push(Change::Updated { about, rescheduled: true });
    }
    let octets = parts.render(object).ok_or(NotApplied::NoInstance)?;
    let after = CalendarObject::read(octets, delivery.limits).map_err(NotApplied::Unreadable)?;
    let scheduled = changes(Some(object), Some(&after), delivery.recipient, delivery.now);
    let then = scheduled.object.map_or_else(|| Then::Object(Arc::clone(after.octets())), Then::Object);
    Ok(Received { then, ledger: held.ledger.clone(), send: scheduled.send, ask: Vec::new(), changed })
}

fn proposed(before: &Component, proposal: &Component) -> Component {
    let mut component = detached(before.clone());
    let has = |name: &str| proposal.property(name).is_some();
    let brings_times = has("DTSTART");
    component.properties.retain(|property| {
        let name = property.name.as_str();
        let is_time = TIMES.contains(&name);
        !(if is_time { brings_times } else { PROPOSED.contains(&name) && has(name) })
    });
    let taken = proposal.properties.iter().filter(|property| {
        let name = property.name.as_str();
        let is_time = TIMES.contains(&name);
        PROPOSED.contains(&name) && (!is_time || brings_times)
    });
    component.properties.extend(
        detached(Component { properties: taken.cloned().collect(), ..Component::default() }).properties,
    );
    component
}

/// The DECLINECOUNTER that answers a proposal; `comment` says why. `None` where nobody is named to send it to.
pub fn decline_counter(
    held: &CalendarObject,
    proposal: &Message,
    comment: Option<&str>,
    delivery: &Delivery<'_>,
) -> Option<Outgoing> {
    let to = proposer(proposal, delivery)?;
    let parts = Parts::of(Some(held));
    let components = proposal.object.components().filter_map(|proposed| {
        let at = parts.name_of(&proposal.object, proposed).ok()?;
        let known = parts.find(at).or_else(|| parts.master())?;
        let mut component = Component { name: proposed.name.clone(), ..Component::default() };
        let kept = |name: &&str| proposed.property(name).cloned();
        component.properties.extend(["UID", "RECURRENCE-ID"].iter().filter_map(kept));
        set(&mut component, "DTSTAMP", &delivery.now.to_ical());
        set(&mut component, "SEQUENCE", &Revision::of(&known.component).sequence.to_string());
        let organizer = organizer_of(&known.component)?;
        component.properties.push(new("ORGANIZER", organizer.as_str()));
        component.properties.push(new("ATTENDEE", to.as_str()));
        component.properties.extend(known.component.property("SUMMARY").cloned());
        let comment = comment.map(|comment| new("COMMENT", &crate::text::escape(comment)));
        component.properties.extend(comment);
        Some(component)
    });
    let components: Vec<Component> = components.collect();
    if components.is_empty() {
        return None;
    }
    Some(compose::message(&proposal.object, Method::DeclineCounter, vec![to], components))
}

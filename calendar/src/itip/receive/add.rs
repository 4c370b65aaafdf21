//! ADD: further instances of a series that is held (RFC 5546 §3.2.4).

use super::super::instance::{instance_name, timed_property};
use super::super::ledger::Revision;
use super::super::property::{address_of, attendee_among, new, set};
use super::super::{Method, NotApplied, Outgoing, compose};
use super::word::{Taken, Word};
use super::{Case, Change, Received};
use crate::address::Address;
use crate::component::Component;
use crate::object::Kind;
use crate::time::Instant;

/// Takes further instances. Where the series is not held, or more was missed than this brings, the organizer is asked
/// for the whole.
pub(super) fn add(case: &Case<'_>) -> Result<Received, NotApplied> {
    let message = &case.message.object;
    let mut word = Word::of(case);
    let recurs = |component: &Component| component.properties.iter().any(|each| is_rule(&each.name));
    if word.parts.master().is_none() || message.components().any(recurs) {
        let send = vec![refresh(case).ok_or(NotApplied::NotHeld)?];
        return Ok(Received { send, ..case.unchanged() });
    }
    let latest = latest_sequence(&word);
    let mut taken = Vec::new();
    for component in message.components() {
        let start = component.property("DTSTART");
        let value = start.and_then(|start| message.date_or_time(start));
        let (Some(start), Some(value)) = (start, value) else { return Err(NotApplied::Lacks("DTSTART")) };
        let at = instance_name(&value, word.parts.form.as_ref());
        let mut component = component.clone();
        component.properties.retain(|property| property.name != "RECURRENCE-ID");
        component.properties.insert(0, timed_property("RECURRENCE-ID", &value, start));
        let how = word.offer_instance(at, &component, Taken::Duplicate);
        if how == Taken::Applied {
            added(&mut word, at);
        }
        taken.push(how);
    }
    let missed = case.message.sequence > latest.saturating_add(1);
    let mut received = word.finish(&taken)?;
    if missed && taken.contains(&Taken::Applied) {
        received.send.extend(refresh(case));
    }
    Ok(received)
}

fn added(word: &mut Word<'_>, at: Instant) {
    word.ledger.added.insert(at);
    word.changed.pop();
    word.changed.push(Change::Added(at));
}

fn is_rule(name: &str) -> bool {
    matches!(name, "RRULE" | "RDATE" | "EXRULE" | "EXDATE")
}

/// The highest SEQUENCE that was heard of.
fn latest_sequence(word: &Word<'_>) -> u32 {
    let held = word.parts.list.values().map(|part| Revision::of(&part.component).sequence);
    let cancelled = word.ledger.cancelled.values().map(|entry| entry.revision.sequence);
    held.chain(cancelled).max().unwrap_or_default()
}

/// A REFRESH from the recipient to the organizer; `None` where there is no such message, or nobody to send it.
fn refresh(case: &Case<'_>) -> Option<Outgoing> {
    let (message, recipient) = (case.message, case.delivery.recipient);
    if message.object.kind() == Kind::Journal {
        return None;
    }
    let organizer = message.organizer.clone()?;
    let listed = message.object.components().find_map(|component| attendee_among(component, recipient));
    let own: Address = listed.map(address_of).or_else(|| recipient.first().cloned())?;
    let name = message.object.kind().component_name().to_owned();
    let mut component = Component { name, ..Component::default() };
    let uid = message.object.components().find_map(|component| component.property("UID"))?;
    set(&mut component, "UID", &uid.value);
    set(&mut component, "DTSTAMP", &case.delivery.now.to_ical());
    component.properties.push(new("ORGANIZER", organizer.as_str()));
    component.properties.push(new("ATTENDEE", own.as_str()));
    Some(compose::message(&message.object, Method::Refresh, vec![organizer], vec![component]))
}

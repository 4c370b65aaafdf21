//! What an organizer's edit must say besides what it says: SEQUENCE, and answers that are void (RFC 5546 §2.1.4, RFC
//! 6638 §3.2.8).

use std::collections::HashMap;

use super::super::ANSWERS_SINCE;
use super::super::compare::{Difference, Of, difference};
use super::super::parts::{Part, Parts};
use super::super::property::{
    address_of, answers_since, new, organizer_of, parameter, partstat_of, server_schedules, set_parameter,
};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, revision};

/// Revises every component of `after` against what it was `before`.
pub(super) fn revise(before: (&Parts<'_>, &CalendarObject), after: &mut Parts<'_>, owner: &[Address]) {
    let limits = Limits::default();
    let sequence = |part: &Part<'_>| revision(&part.component).0;
    let highest = before.0.list.values().map(sequence).max().unwrap_or_default();
    let dropped = before.0.list.values().filter(|part| after.find(part.at).is_none());
    let dropped = dropped.map(sequence).max();
    for part in after.list.values_mut() {
        let Some(old) = before.0.described(part.at, &limits) else {
            // An instance that was not: later than whatever was said of its place before, and nobody has answered.
            raise_to(&mut part.component, highest);
            reset_answers(&mut part.component, owner);
            continue;
        };
        let new: Of<'_> = (&part.component, part.origin);
        let difference = difference((&old, before.1), new);
        if let (None, Some(dropped)) = (part.at, dropped) {
            // What the series says of instances that lost their components counts from now on.
            raise_to(&mut part.component, dropped.saturating_add(1));
        }
        if part.at.is_none() && has_removed(&old, &part.component, owner) {
            // Off the series is off all its instances, whatever SEQUENCE these have.
            raise_to(&mut part.component, highest.saturating_add(1));
        }
        revise_component(&mut part.component, &old, difference, owner);
    }
}

fn revise_component(component: &mut Component, old: &Component, difference: Difference, owner: &[Address]) {
    let sequence = revision(old).0;
    let must_rise = difference.revised || has_removed(old, component, owner);
    let least = if must_rise { sequence.saturating_add(1) } else { sequence };
    raise_to(component, least);
    let raised = revision(component).0;
    let since = if difference.rescheduled { raised } else { answers_since(old).min(raised) };
    if let Some(property) = component.properties.iter_mut().find(|property| property.name == "SEQUENCE") {
        let since = (since < raised).then(|| since.to_string());
        set_parameter(property, ANSWERS_SINCE, since.as_deref());
    }
    if difference.rescheduled {
        reset_answers(component, owner);
    }
}

/// SEQUENCE at least `least`; never lowered.
fn raise_to(component: &mut Component, least: u32) {
    if revision(component).0 >= least {
        return;
    }
    match component.properties.iter_mut().find(|property| property.name == "SEQUENCE") {
        Some(property) => {
            property.value = least.to_string();
            property.octets = 0..0;
        }
        None => component.properties.push(new("SEQUENCE", &least.to_string())),
    }
}

/// Whether somebody was taken off the list, or is told by the server no more: their CANCEL must be later than what they
/// have.
fn has_removed(old: &Component, new: &Component, owner: &[Address]) -> bool {
    // Who is listed, and whether by the server's leave.
    let mut listed: HashMap<Address, bool> = HashMap::new();
    for line in new.properties_named("ATTENDEE") {
        *listed.entry(address_of(line)).or_default() |= server_schedules(line);
    }
    let goes = |line: &Property| {
        let who = address_of(line);
        !owner.contains(&who) && !listed.get(&who).is_some_and(|told| *told || !server_schedules(line))
    };
    old.properties_named("ATTENDEE").any(goes)
}

/// PARTSTAT of all but the organizer becomes NEEDS-ACTION. A delegation stays one: it is the delegate who is asked.
fn reset_answers(component: &mut Component, owner: &[Address]) {
    let organizer = organizer_of(component);
    for property in component.properties.iter_mut().filter(|property| property.name == "ATTENDEE") {
        let who = address_of(property);
        let is_own = owner.contains(&who) || organizer.as_ref() == Some(&who);
        if is_own || !server_schedules(property) {
            continue;
        }
        if !matches!(partstat_of(property).as_str(), "NEEDS-ACTION" | "DELEGATED") {
            set_parameter(property, "PARTSTAT", Some("NEEDS-ACTION"));
            if property.parameter("RSVP").is_none() {
                property.parameters.push(parameter("RSVP", "TRUE"));
            }
        }
    }
}

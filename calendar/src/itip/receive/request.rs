//! REQUEST and PUBLISH: the organizer describes the whole, or some instances (RFC 5546 §3.2.1, §3.2.2, §3.4, §3.5).

use std::collections::BTreeSet;

use super::super::compare::{OF_EACH, Of, difference};
use super::super::compose::{is_own_property, without_alarms, without_own_parameters};
use super::super::instance::{about_of, dates_named};
use super::super::ledger::About;
use super::super::parts::{detached, form_of};
use super::super::property::{
    address_of, addresses_in, attendee_among, attendee_mut, partstat_of, set_parameter,
};
use super::super::{Method, NotApplied};
use super::word::{Taken, Word};
use super::{Case, Question, Received};
use crate::address::Address;
use crate::component::Component;
use crate::time::Instant;

/// Takes an invitation, its update, or a published copy.
pub(super) fn request(case: &Case<'_>) -> Result<Received, NotApplied> {
    let message = &case.message.object;
    let recipient = case.delivery.recipient;
    let is_listed = || message.components().any(|component| attendee_among(component, recipient).is_some());
    if case.message.method == Method::Publish {
        let invited = |component: &Component| attendee_among(component, recipient).is_some();
        if case.held.object.is_some_and(|held| held.components().any(invited)) {
            return Err(NotApplied::AlreadyInvited);
        }
    } else {
        message.components().try_for_each(|component| check_delegation(component, recipient))?;
    }
    let mut word = Word::of(case);
    let mut taken = Vec::new();
    let mut whole = Taken::Duplicate;
    let hidden = hidden(&word);
    if let Some(master) = message.master() {
        whole = word.offer_whole(master);
        taken.push(whole);
    }
    // In a message that brings the series its own form names the instances.
    let own_form = form_of(message);
    for component in message.overrides() {
        let form = own_form.as_ref().or(word.parts.form.as_ref());
        let (About::Instance(at) | About::From(at)) =
            about_of(message, component, form).ok_or(NotApplied::Lacks("RECURRENCE-ID"))?
        else {
            continue;
        };
        if whole == Taken::Applied && hidden.contains(&at) && declined(component, recipient) {
            word.hide(at);
            continue;
        }
        taken.push(word.offer_instance(at, component, whole));
    }
    let mut received = word.finish(&taken)?;
    if case.message.method == Method::Request && taken.contains(&Taken::Applied) && !is_listed() {
        received.ask.push(Question::Forwarded { sender: case.delivery.sender.cloned() });
    }
    Ok(received)
}

/// The instances that the recipient has taken out of their copy: no word of the organizer did.
fn hidden(word: &Word<'_>) -> BTreeSet<Instant> {
    let Some(master) = word.parts.master() else { return BTreeSet::new() };
    let dates = dates_named(&master.component, master.origin, "EXDATE").into_iter();
    let said = |at: &Instant| word.ledger.cancelled.keys().any(|(about, _)| *about == About::Instance(*at));
    dates.filter(|at| !said(at)).collect()
}

/// Whether the organizer knows that the recipient does not come.
fn declined(component: &Component, recipient: &[Address]) -> bool {
    attendee_among(component, recipient).is_some_and(|own| partstat_of(own) == "DECLINED")
}

/// A delegation that comes back to who passed it on is nobody's invitation (RFC 5546 §3.2.2.3).
fn check_delegation(component: &Component, recipient: &[Address]) -> Result<(), NotApplied> {
    for own in component.properties_named("ATTENDEE").map(address_of).filter(|who| recipient.contains(who)) {
        if leads_back(component, &own, &own) {
            return Err(NotApplied::DelegationLoop(own));
        }
    }
    Ok(())
}

/// Whether the delegations from `from` lead to `to`.
pub(super) fn leads_back(component: &Component, from: &Address, to: &Address) -> bool {
    let mut seen: Vec<Address> = Vec::new();
    let mut open = vec![from.clone()];
    while let Some(who) = open.pop() {
        let lines = component.properties_named("ATTENDEE").filter(|each| address_of(each) == who);
        for delegate in lines.flat_map(|line| addresses_in(line, "DELEGATED-TO")) {
            if delegate == *to {
                return true;
            }
            if !seen.contains(&delegate) {
                seen.push(delegate.clone());
                open.push(delegate);
            }
        }
    }
    false
}

/// What an attendee keeps for themselves when the organizer describes the component anew (RFC 6638 §3.2.2.1).
const KEPT: [&str; 3] = ["TRANSP", "COMPLETED", "PERCENT-COMPLETE"];

/// The organizer's new description with what is the attendee's own in the `held` one: alarms, TRANSP, progress, what
/// their software remembers, categories and colour where the organizer names none; and their answer, if nothing was rescheduled and the organizer has none. Says too whether
/// it was rescheduled.
pub(super) fn carried(new: Of<'_>, held: Option<Of<'_>>, case: &Case<'_>) -> (Component, bool) {
    let mut component = detached(new.0.clone());
    without_alarms(&mut component);
    component.properties.retain(|property| !is_own_property(&property.name));
    component.properties.iter_mut().for_each(without_own_parameters);
    let Some((held, origin)) = held else { return (component, false) };
    keep_of_organizer(&mut component, held, "SCHEDULE-AGENT");
    let own = detached(held.clone());
    let is_told = |name: &str| component.properties.iter().any(|property| property.name == name);
    let filed: Vec<&str> = OF_EACH.into_iter().filter(|name| !is_told(name)).collect();
    let alarms = own.components.into_iter().filter(|inner| inner.name == "VALARM");
    component.components.extend(alarms);
    for property in own.properties {
        if KEPT.contains(&property.name.as_str()) {
            component.properties.retain(|other| other.name != property.name);
            component.properties.push(property);
        } else if is_own_property(&property.name) || filed.contains(&property.name.as_str()) {
            component.properties.push(property);
        }
    }
    let rescheduled = difference((held, origin), new).rescheduled;
    if !rescheduled {
        keep_answer(&mut component, held, case.delivery.recipient);
        keep_of_organizer(&mut component, held, "SCHEDULE-STATUS");
    }
    (component, rescheduled)
}

/// Keeps a parameter of ORGANIZER that is between the attendee and their server: who answers for them, their client or
/// the server, and how the last answer went (RFC 6638 §7.1, §7.3).
fn keep_of_organizer(component: &mut Component, held: &Component, name: &str) {
    let Some(known) = held.property("ORGANIZER") else { return };
    let line = component.properties.iter_mut().find(|each| each.name == "ORGANIZER");
    if let (Some(line), Some(said)) = (line, known.parameter(name))
        && address_of(line) == address_of(known)
    {
        set_parameter(line, name, Some(said));
    }
}

fn keep_answer(component: &mut Component, held: &Component, recipient: &[Address]) {
    let Some(own) = attendee_among(held, recipient) else { return };
    let Some(line) = attendee_mut(component, &address_of(own)) else { return };
    let (answered, known) = (partstat_of(own), partstat_of(line));
    // One's own answer is one's own to say; the organizer may not have heard of it yet.
    if answered != "NEEDS-ACTION" && answered != known {
        set_parameter(line, "PARTSTAT", Some(&answered));
    }
}

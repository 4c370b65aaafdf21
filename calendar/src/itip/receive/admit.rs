//! Replies beyond taking them: inviting who answered uninvited, and taking one without a ledger.

use std::sync::Arc;

use super::super::ledger::{About, Answer, Ledger};
use super::super::parts::Parts;
use super::super::property::{new, organizer_of, parameter, with_parameters};
use super::super::send::changes;
use super::super::{Message, Method, NotApplied};
use super::{Change, Delivery, Held, Question, Received, Then, receive};
use crate::address::Address;
use crate::limits::Limits;
use crate::object::{CalendarObject, revision};

/// Invites who answered uninvited, with their answer, and tells everybody.
///
/// # Errors
/// [`NotApplied::NotHeld`] without an object, [`NotApplied::NotInvited`] if they never answered.
pub fn admit(held: Held<'_>, who: &Address, delivery: &Delivery<'_>) -> Result<Received, NotApplied> {
    let object = held.object.ok_or(NotApplied::NotHeld)?;
    let mut parts = Parts::of(Some(object));
    let mut ledger = held.ledger.clone();
    let waiting: Vec<(About, Answer)> = ledger
        .uninvited
        .iter()
        .filter(|((address, _), _)| address == who)
        .map(|((_, about), answer)| (*about, answer.clone()))
        .collect();
    let mut changed = Vec::new();
    for (about, answer) in waiting {
        let at = match about {
            About::Whole => None,
            About::Instance(at) | About::From(at) => Some(at),
        };
        if parts.find(at).is_none() {
            let Some(component) = parts.described(at, delivery.limits) else { continue };
            parts.put(at, component, object);
        }
        let Some(part) = parts.find_mut(at) else { continue };
        let properties = [parameter("ROLE", "REQ-PARTICIPANT"), parameter("PARTSTAT", &answer.partstat)];
        part.component.properties.push(with_parameters(new("ATTENDEE", who.as_str()), properties));
        ledger.uninvited.remove(&(who.clone(), about));
        let partstat = answer.partstat.clone();
        ledger.answers.insert((who.clone(), about), answer);
        changed.push(Change::Answered { who: who.clone(), about, partstat, comment: None });
    }
    let octets = parts.render(object).filter(|_| !changed.is_empty());
    let octets = octets.ok_or_else(|| NotApplied::NotInvited(who.clone()))?;
    let after = CalendarObject::read(octets, delivery.limits).map_err(NotApplied::Unreadable)?;
    let scheduled = changes(Some(object), Some(&after), delivery.recipient, delivery.now);
    let then = scheduled.object.map_or_else(|| Then::Object(Arc::clone(after.octets())), Then::Object);
    Ok(Received { then, ledger, send: scheduled.send, ask: Vec::new(), changed })
}

/// What `held` becomes when `reply` is applied: only the ATTENDEE's PARTSTAT and SCHEDULE-STATUS change, the rest stays
/// octet for octet.
///
/// [`receive`] for who keeps no ledger: a reply is outdated by a lower SEQUENCE, or, with the same, by a DTSTAMP before
/// that of what is held; an equal one is not (some products copy both from the request).
///
/// # Errors
/// [`NotApplied`] with the reason.
pub fn apply_reply(held: &CalendarObject, reply: &Message) -> Result<Arc<[u8]>, NotApplied> {
    let own = held.components().find_map(organizer_of).or_else(|| reply.organizer.clone());
    let not_organizer = || {
        let claimed = reply.organizer.clone().unwrap_or_else(|| Address::parse(""));
        NotApplied::NotTheOrganizer(claimed)
    };
    if reply.object.uid() != held.uid() {
        return Err(NotApplied::OtherUid);
    }
    if reply.method != Method::Reply {
        return Err(not_organizer());
    }
    let stamp = reply.object.components().map(|component| revision(component).1).max().flatten();
    let known = held.master().or_else(|| held.components().next()).map(revision).unwrap_or_default();
    if reply.sequence == known.0 && stamp.is_some() && stamp < known.1 {
        return Err(NotApplied::Outdated);
    }
    let (recipient, limits): (Vec<Address>, _) = (own.into_iter().collect(), Limits::default());
    let (ledger, now) = (Ledger::default(), stamp.unwrap_or_default());
    let delivery = Delivery { recipient: &recipient, sender: None, now, limits: &limits };
    let received = receive(Held { object: Some(held), ledger: &ledger }, reply, &delivery);
    let received = received.map_err(|reason| match reason {
        NotApplied::NoInstance => NotApplied::Outdated,
        other => other,
    })?;
    match (received.then, received.ask.into_iter().next()) {
        (Then::Object(octets), _) => Ok(octets),
        (_, Some(Question::Uninvited { who, .. })) => Err(NotApplied::NotInvited(who)),
        _ => Ok(Arc::clone(held.octets())),
    }
}

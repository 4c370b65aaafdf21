//! An edit of a scheduling object: what it must say besides, and who hears what (RFC 5546 §2.1.4, §3.2; RFC 6638 §3.2).
//!
//! Each person hears what changes in their own view: the components they are invited to, and nothing of the others. A
//! removed instance is a CANCEL of that instance; the rest of the series is not sent again for it.

mod attendee;
mod organizer;
mod revise;
mod view;

use std::sync::Arc;

use super::parts::Parts;
use super::property::{organizer_of, set_parameter};
use super::{Method, Outgoing, compose};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::object::CalendarObject;
use crate::time::Instant;

pub(super) use attendee::TAKEN_OUT_MAX;
pub use organizer::octets_told;
pub use view::latest_for;

/// What an edit makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scheduled {
    /// What is to be stored in place of the edited object, where it is not that itself: SEQUENCE raised, answers reset,
    /// SCHEDULE-FORCE-SEND obeyed and taken out. Only these lines differ.
    pub object: Option<Arc<[u8]>>,
    /// What goes out, cancellations first.
    pub send: Vec<Outgoing>,
}

/// What the edit from `before` to `after` in the calendar of `owner` makes others hear. `None` is no object: created,
/// deleted.
///
/// As organizer: REQUEST, CANCEL to the attendees; as attendee: REPLY to the organizer. An object that is neither
/// schedules nothing, nor do people whose SCHEDULE-AGENT is CLIENT or NONE. `now` is the DTSTAMP of what is sent. An
/// attendee's edit is thought to be allowed: see [`super::attendee_may`].
pub fn changes(
    before: Option<&CalendarObject>,
    after: Option<&CalendarObject>,
    owner: &[Address],
    now: Instant,
) -> Scheduled {
    let edit = Edited { before, after, owner, now };
    match (edit.organizes(before), edit.organizes(after)) {
        (Some(true), Some(false)) => {
            // Given away: over for those whom the owner invited; then the owner is an attendee.
            let mut over = organizer::changes(&Edited { after: None, ..edit });
            let then = attendee::changes(&Edited { before: None, ..edit });
            over.send.extend(then.send);
            Scheduled { object: then.object, send: over.send }
        }
        (_, Some(true)) => organizer::changes(&edit),
        (_, Some(false)) => attendee::changes(&edit),
        // What nobody organizes any more is over as a scheduling object (RFC 6638 §3.2.3.1).
        (Some(true), None) => organizer::changes(&Edited { after: None, ..edit }),
        (Some(false), None) => attendee::changes(&Edited { after: None, ..edit }),
        (None, None) => Scheduled::default(),
    }
}

/// An edit, whose it is, and when.
#[derive(Clone, Copy)]
struct Edited<'a> {
    before: Option<&'a CalendarObject>,
    after: Option<&'a CalendarObject>,
    owner: &'a [Address],
    now: Instant,
}

impl Edited<'_> {
    fn is_owner(&self, who: &Address) -> bool {
        self.owner.contains(who)
    }

    /// Whether the owner organizes the object; `None` where nobody does, or there is no such message about it.
    fn organizes(&self, object: Option<&CalendarObject>) -> Option<bool> {
        let object = object.filter(|object| Method::Request.is_for(object.kind()))?;
        if object.kind() == crate::object::Kind::FreeBusy {
            return None;
        }
        object.components().find_map(organizer_of).map(|organizer| self.is_owner(&organizer))
    }
}

/// Messages in the making: those that say the same are one, to several people.
#[derive(Default)]
struct Letters {
    list: Vec<(Method, Vec<Component>, Vec<Address>)>,
}

impl Letters {
    fn add(&mut self, method: Method, components: Vec<Component>, to: &[Address]) {
        if components.is_empty() {
            return;
        }
        let same = |(known, says, _): &&mut (Method, Vec<Component>, Vec<Address>)| {
            *known == method && *says == components
        };
        if let Some((_, _, people)) = self.list.iter_mut().find(same) {
            people.extend_from_slice(to);
        } else {
            self.list.push((method, components, to.to_vec()));
        }
    }

    fn send(mut self, origin: &CalendarObject) -> Vec<Outgoing> {
        self.list.sort_by_key(|(method, _, _)| *method != Method::Cancel);
        self.list
            .into_iter()
            .map(|(method, components, to)| compose::message(origin, method, to, components))
            .collect()
    }
}

/// What SCHEDULE-FORCE-SEND asks for (RFC 6638 §7.2).
fn force_send(property: &Property) -> Option<&str> {
    property.parameter("SCHEDULE-FORCE-SEND")
}

/// Takes SCHEDULE-FORCE-SEND out: it is obeyed once.
fn obey_force_send(parts: &mut Parts<'_>) {
    for property in parts.list.values_mut().flat_map(|part| &mut part.component.properties) {
        if force_send(property).is_some() {
            set_parameter(property, "SCHEDULE-FORCE-SEND", None);
        }
    }
}

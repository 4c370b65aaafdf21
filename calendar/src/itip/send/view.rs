//! What one attendee may see of an object: the components they are invited to (RFC 6638 §3.2.6).

use std::collections::{BTreeMap, BTreeSet};

use super::super::compose::{self, outward};
use super::super::instance::{cut_before, dates_named, except};
use super::super::parts::Parts;
use super::super::property::{attendee_among, is_cancelled};
use super::super::range::ranges;
use super::super::{Method, Outgoing};
use crate::address::Address;
use crate::component::Component;
use crate::object::CalendarObject;
use crate::time::Instant;

/// An attendee's part of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The series, if they are invited to it, without the instances they are not invited to.
    pub(super) master: Option<Component>,
    /// Instances with a description of their own to which they are invited.
    pub(super) instances: BTreeMap<Instant, Component>,
    /// Instances that the series has not, or not for them.
    pub(super) excluded: BTreeSet<Instant>,
}

impl View {
    /// What `who` sees of `parts`; `None` where they are not invited.
    pub(super) fn of(parts: &Parts<'_>, who: &Address) -> Option<Self> {
        let people = std::slice::from_ref(who);
        let mut view = Self::default();
        for part in parts.list.values() {
            let invited = attendee_among(&part.component, people).is_some();
            match (part.at, invited) {
                (None, true) => {
                    view.excluded.extend(dates_named(&part.component, part.origin, "EXDATE"));
                    view.master = Some(part.component.clone());
                }
                (Some(at), true) => {
                    view.instances.insert(at, part.component.clone());
                }
                (_, false) => {}
            }
        }
        if view.master.is_none() && view.instances.is_empty() {
            return None;
        }
        let others = parts.list.values().filter_map(|part| part.at);
        let others: Vec<Instant> = others.filter(|at| !view.instances.contains_key(at)).collect();
        if let (Some(master), Some(part)) = (&mut view.master, parts.master()) {
            for at in others {
                if parts.find(Some(at)).is_some_and(|other| ranges(&other.component)) {
                    cut_before(master, part.origin, at);
                }
                except(master, part.origin, at);
                view.excluded.insert(at);
            }
        }
        for at in view.instances.keys() {
            view.excluded.remove(at);
        }
        Some(view)
    }

    /// All components, the series first, as others may see them.
    pub(super) fn components(&self, now: Instant) -> Vec<Component> {
        self.master.iter().chain(self.instances.values()).map(|each| outward(each, now)).collect()
    }

    /// Whether all of it is cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        match &self.master {
            Some(master) => is_cancelled(master),
            None => self.instances.values().all(is_cancelled),
        }
    }
}

/// The latest revision of what `who` is invited to; `None` where they are not.
pub fn latest_for(held: &CalendarObject, who: &Address, now: Instant) -> Option<Outgoing> {
    let view = View::of(&Parts::of(Some(held)), who)?;
    let method = if view.is_cancelled() { Method::Cancel } else { Method::Request };
    Some(compose::message(held, method, vec![who.clone()], view.components(now)))
}

//! What attendees hear of an organizer's edit (RFC 6638 §3.2.1).

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::Method;
use super::super::compare::difference;
use super::super::compose::outward;
use super::super::parts::Parts;
use super::super::property::{address_of, is_cancelled, server_schedules, set};
use super::revise::revise;
use super::view::View;
use super::{Edited, Letters, Scheduled, force_send, obey_force_send};
use crate::address::Address;
use crate::component::Component;
use crate::limits::Limits;
use crate::object::{CalendarObject, revision};
use crate::time::Instant;

/// Instances that are cancelled each by itself; where more are taken out of a series at once, it is told as a whole.
const APART_MAX: usize = 100;

pub(super) fn changes(edit: &Edited<'_>) -> Scheduled {
    let before = Parts::of(edit.before);
    let Some(after) = edit.after else {
        let origin = edit.before;
        let letters = letters(edit, &before, &Parts::of(None), &[]);
        return Scheduled {
            object: None,
            send: origin.map(|origin| letters.send(origin)).unwrap_or_default(),
        };
    };
    let mut parts = Parts::of(Some(after));
    let forced: Vec<Address> = parts
        .list
        .values()
        .flat_map(|part| part.component.properties_named("ATTENDEE"))
        .filter(|property| force_send(property).is_some_and(|what| what.eq_ignore_ascii_case("REQUEST")))
        .map(address_of)
        .collect();
    obey_force_send(&mut parts);
    if let Some(object) = edit.before {
        revise((&before, object), &mut parts, edit.owner);
    }
    let octets = parts.render(after).filter(|octets| **octets != *after.source());
    let send = letters(edit, &before, &parts, &forced).send(after);
    Scheduled { object: octets, send }
}

fn letters(edit: &Edited<'_>, before: &Parts<'_>, after: &Parts<'_>, forced: &[Address]) -> Letters {
    let mut letters = Letters::default();
    for (standing, people) in groups(edit, before, after, forced) {
        let Some(who) = people.first() else { continue };
        // Who was not told by the server before is as new to it.
        let old = if standing.before.told { View::of(before, who) } else { None };
        let new = if standing.after.told { View::of(after, who) } else { None };
        let reader = Reader { edit, before, after, people: &people };
        match (old, new) {
            (None, None) => {}
            (None, Some(new)) if new.is_cancelled() => {}
            (None, Some(new)) => letters.add(Method::Request, new.components(edit.now), &people),
            (Some(old), None) if old.is_cancelled() => {}
            (Some(old), None) => letters.add(Method::Cancel, reader.uninvited(&old), &people),
            (Some(old), Some(new)) => reader.update(&old, &new, standing.forced, &mut letters),
        }
    }
    letters
}

/// About how many octets the messages have that tell everybody of `object`; those who are invited to the same have one.
pub fn octets_told(object: &CalendarObject) -> usize {
    let parts = Parts::of(Some(object));
    let told = listed(&parts).into_values().filter(|each| each.told).map(|each| each.listed);
    let views: HashSet<Vec<Option<Instant>>> = told.collect();
    let octets = |at: &Option<Instant>| parts.find(*at).map_or(0, |part| part.component.octets.len());
    views.iter().flatten().map(octets).fold(0, usize::saturating_add)
}

/// In which components somebody is listed, and whether the server tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Listed {
    listed: Vec<Option<Instant>>,
    told: bool,
}

/// How somebody stands to an edit. Those who stand alike hear the same.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    before: Listed,
    after: Listed,
    forced: bool,
}

fn listed(parts: &Parts<'_>) -> HashMap<Address, Listed> {
    let mut found: HashMap<Address, Listed> = HashMap::new();
    for part in parts.list.values() {
        for property in part.component.properties_named("ATTENDEE") {
            let entry = found.entry(address_of(property));
            let entry = entry.or_insert_with(|| Listed { listed: Vec::new(), told: true });
            entry.told &= server_schedules(property);
            if entry.listed.last() != Some(&part.at) {
                entry.listed.push(part.at);
            }
        }
    }
    found
}

fn groups(
    edit: &Edited<'_>,
    before: &Parts<'_>,
    after: &Parts<'_>,
    forced: &[Address],
) -> Vec<(Standing, Vec<Address>)> {
    let (mut old, mut new) = (listed(before), listed(after));
    let forced: HashSet<&Address> = forced.iter().collect();
    let mut groups: Vec<(Standing, Vec<Address>)> = Vec::new();
    let everybody = [before, after].into_iter().flat_map(|parts| parts.list.values());
    for who in everybody.flat_map(|part| part.component.properties_named("ATTENDEE")).map(address_of) {
        let (old, new) = (old.remove(&who), new.remove(&who));
        if edit.is_owner(&who) || (old.is_none() && new.is_none()) {
            continue;
        }
        let forced = forced.contains(&who);
        let standing = Standing { before: old.unwrap_or_default(), after: new.unwrap_or_default(), forced };
        match groups.iter_mut().find(|(known, _)| *known == standing) {
            Some((_, people)) => people.push(who),
            None => groups.push((standing, vec![who])),
        }
    }
    groups
}

/// Attendees who stand alike, before whose eyes the object changes.
struct Reader<'a> {
    edit: &'a Edited<'a>,
    before: &'a Parts<'a>,
    after: &'a Parts<'a>,
    people: &'a [Address],
}

impl Reader<'_> {
    /// The CANCEL of everything they had: for all if it is gone, else for them alone.
    fn uninvited(&self, old: &View) -> Vec<Component> {
        let whole = old.master.iter().map(|master| (None, master));
        let instances = old.instances.iter().map(|(at, component)| (Some(*at), component));
        // The CANCEL of a series is that of its instances.
        let components: Vec<_> = if old.master.is_some() { whole.collect() } else { instances.collect() };
        let highest = old.instances.values().map(|component| revision(component).0).max().unwrap_or_default();
        let mut cancels: Vec<Component> =
            components.into_iter().map(|(at, component)| self.cancel(at, component)).collect();
        if let (Some(_), Some(cancel)) = (&old.master, cancels.first_mut()) {
            let sequence = revision(cancel).0.max(highest.saturating_add(1));
            set(cancel, "SEQUENCE", &sequence.to_string());
        }
        cancels
    }

    /// A component that cancels what `old` described.
    fn cancel(&self, at: Option<Instant>, old: &Component) -> Component {
        let mut component = outward(old, self.edit.now);
        let stands = self.after.find(at);
        let known = stands.or_else(|| self.after.master()).map(|part| revision(&part.component).0);
        let least = revision(old).0.saturating_add(1);
        set(&mut component, "SEQUENCE", &known.unwrap_or_default().max(least).to_string());
        match stands {
            Some(part) if !is_cancelled(&part.component) => {
                let people: HashSet<&Address> = self.people.iter().collect();
                component.properties.retain(|each| {
                    each.name != "STATUS" && (each.name != "ATTENDEE" || people.contains(&address_of(each)))
                });
            }
            _ => set(&mut component, "STATUS", "CANCELLED"),
        }
        component
    }

    fn update(&self, old: &View, new: &View, forced: bool, letters: &mut Letters) {
        let now = self.edit.now;
        if old.master.is_some() && new.master.is_none() {
            self.reduced(old, new, letters);
            return;
        }
        if forced || self.whole_differs(old, new) {
            if new.is_cancelled() {
                // The CANCEL of a series is that of its instances.
                let whole = new.components(now).into_iter().filter(is_cancelled).collect();
                letters.add(Method::Cancel, whole, self.people);
            } else {
                letters.add(Method::Request, new.components(now), self.people);
            }
            return;
        }
        let mut cancels = Vec::new();
        let gone = new.excluded.difference(&old.excluded).copied();
        let dropped = old
            .instances
            .keys()
            .copied()
            .filter(|at| old.master.is_none() && !new.instances.contains_key(at));
        let gone: BTreeSet<Instant> = gone.chain(dropped).collect();
        if gone.len() > APART_MAX && new.master.is_some() {
            letters.add(Method::Request, new.components(now), self.people);
            return;
        }
        for at in gone {
            cancels.extend(self.described_before(Some(at)).map(|old| self.cancel(Some(at), &old)));
        }
        let mut requests = Vec::new();
        for (at, component) in &new.instances {
            if self.instance_differs(*at, old) {
                let list = if is_cancelled(component) { &mut cancels } else { &mut requests };
                list.push(outward(component, now));
            }
        }
        letters.add(Method::Cancel, cancels, self.people);
        letters.add(Method::Request, requests, self.people);
    }

    /// Off the series, but still invited to some instances: these are told again, later than the CANCEL.
    fn reduced(&self, old: &View, new: &View, letters: &mut Letters) {
        let Some(master) = &old.master else { return };
        let cancel = self.cancel(None, master);
        let least = revision(&cancel).0.saturating_add(1);
        letters.add(Method::Cancel, vec![cancel], self.people);
        let mut kept = new.components(self.edit.now);
        for component in &mut kept {
            let sequence = revision(component).0.max(least);
            set(component, "SEQUENCE", &sequence.to_string());
        }
        letters.add(Method::Request, kept, self.people);
    }

    fn described_before(&self, at: Option<Instant>) -> Option<Component> {
        self.before.described(at, &Limits::default())
    }

    /// Whether the series differs in a way that its readers must hear of as a whole.
    fn whole_differs(&self, old: &View, new: &View) -> bool {
        let (Some(object), Some(after)) = (self.edit.before, self.edit.after) else { return true };
        let master = match (&old.master, &new.master) {
            (None, None) => false,
            // Only the whole list of exceptions counts, not those of this reader.
            (Some(_), Some(_)) => match (self.before.master(), self.after.master()) {
                (Some(old), Some(new)) => {
                    difference((&old.component, object), (&new.component, after)).noticed
                }
                _ => true,
            },
            _ => true,
        };
        // An instance that is like the others again.
        let reverted = new.master.is_some()
            && old.instances.keys().any(|at| {
                !new.instances.contains_key(at)
                    && !new.excluded.contains(at)
                    && self.after.derived(*at, &Limits::default()).is_some()
            });
        master || reverted
    }

    fn instance_differs(&self, at: Instant, old: &View) -> bool {
        let (Some(object), Some(after)) = (self.edit.before, self.edit.after) else { return true };
        let Some(new) = self.after.find(Some(at)) else { return false };
        let was_invited =
            old.instances.contains_key(&at) || (old.master.is_some() && !old.excluded.contains(&at));
        match self.described_before(Some(at)) {
            Some(old) if was_invited => difference((&old, object), (&new.component, after)).noticed,
            _ => true,
        }
    }
}
